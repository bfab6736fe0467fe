//! The whole of it, with real processes: three machines with PostgreSQL under Patroni and etcd, reached through HAProxy, as the files in
//! `deploy/cluster` set them up, and three brokers under the load of sixteen councils and sixteen officers. A broker stands still with its
//! officers' leases, a broker is killed, the primary is killed, its machine loses its power, the next primary is cut off from the others, and the brokers
//! are restarted in turn. What anybody was told is so at the end, once, and the ledger is one.
//!
//! `HOMEWARD_CLUSTER_ROUNDS=5` does all of it five times. Without, once, and no machine loses its power here: the primary's does in
//! `runbook.rs`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops at the first surprise and says so"
)]

mod by_hand;
#[path = "../support/daemon.rs"]
#[allow(dead_code, reason = "shared with the tests of the daemon")]
mod daemon;
#[path = "../support/house.rs"]
#[allow(dead_code, reason = "shared with the tests of the flow")]
mod house;
mod net;
mod nodes;
mod people;
#[path = "../support/person.rs"]
#[allow(dead_code, reason = "shared with the tests of the flow")]
mod person;
mod runbook;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use daemon::Daemon;
use homeward::platform::clock::Stopwatch;
use house::GRANTS;
use nodes::Cluster;
use people::{Caller, Doors, Told, at_work, identities, judged, submitting};

/// A broker over the cluster, with the papers and the key of `like`.
fn broker(cluster: &Cluster, like: Option<&Daemon>) -> Daemon {
    let daemon = Daemon::prepared(&cluster.store());
    fs::write(daemon.folder("grants.toml"), format!("{GRANTS}{}", people::grants())).unwrap();
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

/// Three brokers and who calls them.
struct Town {
    cluster: Cluster,
    brokers: Vec<Daemon>,
    doors: Doors,
    told: Arc<Told>,
    since: Stopwatch,
}

impl Town {
    async fn begun() -> Self {
        let since = Stopwatch::start();
        let cluster = Cluster::start();
        let mut brokers = vec![broker(&cluster, None)];
        brokers[0].restart().await;
        for _ in 1..3 {
            let mut more = broker(&cluster, brokers.first());
            more.restart().await;
            brokers.push(more);
        }
        let doors = Arc::new(Mutex::new(brokers.iter().map(Daemon::url).collect()));
        let town = Self { cluster, brokers, doors, told: Arc::default(), since };
        town.says("three machines and three brokers are there");
        town
    }

    fn says(&self, words: &str) {
        eprintln!("{:6.1} s: {words}", self.since.spent().as_secs_f64());
    }

    /// Starts a broker as systemd does, again and again until it serves; callers find it then.
    async fn again(&mut self, number: usize) {
        let since = Stopwatch::start();
        while let Err(ended) = self.brokers[number].try_restart().await {
            assert!(ended.contains("69") && since.spent() < Duration::from_secs(60), "{ended}");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.doors.lock().unwrap()[number] = self.brokers[number].url();
    }

    fn acknowledged(&self) -> usize {
        self.told.receipts.lock().unwrap().len() + self.told.completed.lock().unwrap().len()
    }

    /// Waits until so many more are acknowledged, and says how long the longest time was in which nothing was.
    async fn goes_on(&self, what: &str, more: usize) {
        let (mut last, mut longest, before) = (Stopwatch::start(), Duration::ZERO, self.acknowledged());
        let mut seen = before;
        while seen < before + more {
            assert!(last.spent() < Duration::from_secs(150), "nothing is acknowledged: {}", self.cluster.said());
            tokio::time::sleep(Duration::from_millis(10)).await;
            let now = self.acknowledged();
            if now > seen {
                longest = longest.max(last.spent());
                (last, seen) = (Stopwatch::start(), now);
            }
        }
        self.says(&format!("{what}: {} ms without an acknowledgement", longest.as_millis()));
    }

    /// The primary's machine loses its power, and comes back.
    async fn loses_the_primary(&mut self) {
        let primary = self.cluster.primary();
        self.cluster.loses_power(primary);
        self.goes_on("the primary's machine lost its power", 50).await;
        self.cluster.boots(primary);
        self.cluster.whole();
        self.says("the machine is back");
    }

    /// The primary is killed, and another takes over while its machine makes a standby of it.
    async fn loses_the_server(&self) {
        let primary = self.cluster.primary();
        self.cluster.kills_the_server(primary);
        self.goes_on("the primary was killed", 30).await;
        assert_ne!(self.cluster.primary(), primary, "another took over");
    }

    /// What else may befall it.
    async fn is_tried(&mut self) {
        self.loses_the_server().await;
        self.brokers[2].signal("STOP");
        self.goes_on("a broker stands still with its officers' leases", 30).await;
        self.brokers[0].kill();
        self.goes_on("another broker was killed, so that one is left", 30).await;
        self.brokers[2].signal("CONT");
        self.again(0).await;

        self.cluster.whole();
        let primary = self.cluster.primary();
        let how = self.cluster.cuts_off(primary);
        self.goes_on(&format!("the primary's machine was cut off ({how})"), 50).await;
        self.cluster.lets_in(primary);
        for number in 0..self.brokers.len() {
            self.brokers[number].stop();
            self.again(number).await;
        }
        self.goes_on("the brokers were restarted in turn, while the machine came back", 30).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_befalls_machines_and_brokers_under_load_what_anybody_was_told_is_so_once() {
    if nodes::missing() {
        return;
    }
    let mut town = Town::begun().await;
    let profiles: Vec<_> =
        (0..people::COUNCILS.len()).map(|number| identities(number).map(|one| town.brokers[0].profile(&one))).collect();
    let (enough, over) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let callers = at_work(&profiles, &town.doors, &town.told, [&enough, &over]);
    town.goes_on("sixteen councils and sixteen officers are at work", 30).await;
    let kept = |name: &str, more: &[&str]| {
        let profile = profiles[0][0].display().to_string();
        let asked = [&["audit", "checkpoint", "--profile", &profile], more].concat();
        fs::write(town.brokers[1].folder(name), ours(&town.brokers[0], &asked)).unwrap();
    };
    kept("key", &["--key"]);
    kept("earlier", &[]);
    let rounds = std::env::var("HOMEWARD_CLUSTER_ROUNDS").ok().map(|rounds| rounds.parse().unwrap());
    for _ in 0..rounds.unwrap_or(1) {
        if rounds.is_some() {
            town.cluster.whole();
            town.loses_the_primary().await;
        }
        town.is_tried().await;
    }
    for (callers, told) in callers.into_iter().zip([enough, over]) {
        told.store(true, Ordering::Relaxed);
        for caller in callers {
            caller.await.unwrap();
        }
    }
    town.says("everything is settled");
    judged(&town.told);
    // What was acknowledged has the same answer again, of whichever broker.
    let receipts = town.told.receipts.lock().unwrap().clone();
    let mut asking = Vec::new();
    for (number, [council, _]) in profiles.iter().enumerate() {
        let gss = people::COUNCILS[number].0.as_bytes();
        let own = receipts.clone().into_iter().filter(move |(body, _)| body.windows(gss.len()).any(|part| part == gss));
        let mut council = Caller::new(council.clone(), &town.doors, number);
        asking.push(tokio::spawn(async move {
            for (body, receipt) in own {
                let again = council.asks(|person| submitting(person, body.clone())).await;
                assert_eq!(again.unwrap(), receipt);
            }
        }));
    }
    for asked in asking {
        asked.await.unwrap();
    }
    let since = ["--key", "key", "--since", "earlier"];
    let walks = [&["audit", "verify", "--deep", "--config", "homeward.toml"], &since[..]].concat();
    let whole = ours(&town.brokers[1], &walks);
    assert!(whole.contains("everything agrees, and continues"), "{whole}");
    let (settled, lost) = (town.told.completed.lock().unwrap().len(), *town.told.lost.lock().unwrap());
    town.says(&format!("{} submissions, {settled} settled, {lost} leases ran out; {whole}", receipts.len()));
}
