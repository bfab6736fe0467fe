//! The whole of it, with real processes on loopback addresses: three PostgreSQL under Patroni and etcd, reached through HAProxy, as the
//! files in `deploy/cluster` set them up, and two brokers under load. The primary is killed, then a broker; what was acknowledged is there
//! once, and the ledger is one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops at the first surprise and says so"
)]

#[path = "../support/daemon.rs"]
#[allow(dead_code, reason = "shared with the tests of the daemon")]
mod daemon;
#[path = "../support/house.rs"]
#[allow(dead_code, reason = "shared with the tests of the flow")]
mod house;
mod nodes;
#[path = "../support/person.rs"]
#[allow(dead_code, reason = "shared with the tests of the flow")]
mod person;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use daemon::{Daemon, recent};
use homeward::platform::clock::Stopwatch;
use house::{LEWISHAM, MPU};
use nodes::Cluster;
use person::{bytes, referral, request, submission};

/// Callers of each broker.
const CALLERS: usize = 4;

/// What was acknowledged: the request and its receipt.
type Receipts = Arc<Mutex<BTreeMap<Vec<u8>, Vec<u8>>>>;

/// A broker over the cluster, with the papers and the key of `like`.
fn broker(cluster: &Cluster, like: Option<&Daemon>) -> Daemon {
    let daemon = Daemon::prepared(&cluster.store());
    match like {
        None => {
            fs::create_dir(daemon.folder("data")).unwrap();
            fs::set_permissions(daemon.folder("data"), fs::Permissions::from_mode(0o700)).unwrap();
            ours(&daemon, &["admin", "keys", "init-file", "data/keyring", "--clear"]);
        }
        Some(like) => {
            fs::remove_dir_all(daemon.folder("certs")).unwrap();
            for name in ["certs", "data"] {
                let copied = Command::new("cp").arg("-a").arg(like.folder(name)).arg(daemon.folder(name)).status();
                assert!(copied.unwrap().success());
            }
        }
    }
    daemon
}

/// One of our commands in the folder of a broker; what it said.
fn ours(daemon: &Daemon, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeward"));
    let done = command.args(args).current_dir(daemon.folder(".")).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// Submits until it is told to stop, or its broker is gone; what has no answer is sent again, under the same request id.
async fn submits(
    person: person::Person,
    receipts: Receipts,
    stop: Arc<AtomicBool>,
    gone: Arc<AtomicBool>,
) -> Option<Vec<u8>> {
    while !stop.load(Ordering::Relaxed) {
        let body = bytes(&request(submission(&recent(1, "2026-11-20T16:30:00Z"))));
        loop {
            match person.call(&referral("SubmitReferral"), body.clone()).await {
                Ok(receipt) => {
                    receipts.lock().unwrap().insert(body, receipt);
                    break;
                }
                Err(_) if gone.load(Ordering::Relaxed) => return Some(body),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
    None
}

/// Waits until more than `before` were acknowledged; how long that took.
async fn goes_on(receipts: &Receipts, before: usize, cluster: &Cluster) -> Duration {
    let since = Stopwatch::start();
    while receipts.lock().unwrap().len() <= before {
        assert!(since.spent() < Duration::from_secs(150), "nothing is acknowledged any longer: {}", cluster.said());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    since.spent()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_and_a_broker_are_killed_under_load_and_nothing_acknowledged_is_missing_or_twice_there() {
    if nodes::missing() {
        return;
    }
    let mut cluster = Cluster::start();
    let mut one = broker(&cluster, None);
    one.restart().await;
    let mut other = broker(&cluster, Some(&one));
    other.restart().await;
    let (receipts, stop) = (Receipts::default(), Arc::new(AtomicBool::new(false)));
    let (gone, never) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let mut callers = Vec::new();
    for (daemon, gone) in [(&one, &gone), (&other, &never)] {
        for _ in 0..CALLERS {
            let caller = submits(daemon.person(LEWISHAM).await, receipts.clone(), stop.clone(), gone.clone());
            callers.push(tokio::spawn(caller));
        }
    }
    goes_on(&receipts, 20, &cluster).await;
    let lost = cluster.kill_primary();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = receipts.lock().unwrap().len();
    let away = goes_on(&receipts, before, &cluster).await;
    eprintln!("the primary {lost} was killed: acknowledged again {} ms later", away.as_millis() + 2_000);
    goes_on(&receipts, before + 40, &cluster).await;
    gone.store(true, Ordering::Relaxed);
    one.kill();
    let before = receipts.lock().unwrap().len();
    eprintln!(
        "a broker was killed: the other acknowledges {} ms later",
        goes_on(&receipts, before, &cluster).await.as_millis()
    );
    stop.store(true, Ordering::Relaxed);
    let mut unanswered = Vec::new();
    for caller in callers {
        unanswered.extend(caller.await.unwrap());
    }
    // What had no answer is sent to the other, and what had one has the same again.
    let council = other.person(LEWISHAM).await;
    for body in unanswered {
        let receipt = council.call(&referral("SubmitReferral"), body.clone()).await.unwrap();
        receipts.lock().unwrap().insert(body, receipt);
    }
    let receipts = receipts.lock().unwrap().clone();
    for (body, receipt) in &receipts {
        assert_eq!(&council.call(&referral("SubmitReferral"), body.clone()).await.unwrap(), receipt);
    }
    let mut officer = other.person(MPU).await;
    let mut taken = Vec::new();
    loop {
        let more = officer.pull("MPU.SE").await.unwrap();
        if more.is_empty() {
            break;
        }
        taken.extend(more.into_iter().map(|one| one.id));
    }
    assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), taken.len(), "nothing has two holders");
    assert_eq!(taken.len(), receipts.len(), "everything is there once");
    let whole = ours(&other, &["audit", "verify", "--deep", "--config", "homeward.toml"]);
    assert!(whole.contains("everything agrees"), "{whole}");
    eprintln!("{} submissions; {whole}", receipts.len());
}
