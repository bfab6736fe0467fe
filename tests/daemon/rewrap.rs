//! A rewrapping of many records in the real binary: killed in its middle again and again, paused, resumed, while people read and
//! write; then the old key is destroyed by two. `HOMEWARD_REWRAP_RECORDS` says how many records, 2 000 where it says nothing.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use homeward::{
    ledger,
    sealing::wrapped_under,
    store::{Store, sled::SledStore},
    wire::pb::{self, Part, approve_proposal_response::Effect, rewrap::State},
};
use tokio::{sync::watch, task::JoinSet, time::Instant};

use crate::{
    daemon::{Daemon, recent},
    house::{LEWISHAM, MPU, PROVIDER},
    person::{Person, fresh, request, submission, why},
};

const FIRST: &str = "operator/key_custodian/k1";
const SECOND: &str = "operator/key_custodian/k2";
/// Connections that fill the house, and calls at once on each.
const FILLING: [&str; 2] = [LEWISHAM, PROVIDER];
const AT_ONCE: usize = 16;
/// So many reads at least say how long one takes.
const ENOUGH: usize = 21;
/// How far a rewrapping is when the daemon is killed.
const KILLS: [f64; 4] = [0.1, 0.35, 0.6, 0.85];

/// Who reads and who writes, connected; `None` while the daemon is down.
type Door = watch::Receiver<Option<(Person, Person)>>;

/// What readers and writers have seen.
#[derive(Default)]
struct Seen {
    over: AtomicBool,
    written: AtomicU64,
    reads: Mutex<Vec<Duration>>,
    failures: Mutex<Vec<tonic::Status>>,
}

impl Seen {
    /// A call that failed though nobody had killed the daemon.
    fn failed(&self, door: &Door, status: tonic::Status) {
        if !door.has_changed().unwrap() && door.borrow().is_some() {
            self.failures.lock().unwrap().push(status);
        }
    }

    /// Waits until there were enough reads since the last call of `latency`.
    async fn enough(&self) {
        let reads = async {
            while self.reads.lock().unwrap().len() < ENOUGH {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(300), reads).await.expect("hardly anything is read");
    }

    /// How long the reads took since the last call of this: the median and the 99th percentile.
    fn latency(&self) -> (usize, Duration, Duration) {
        let mut reads = std::mem::take(&mut *self.reads.lock().unwrap());
        reads.sort_unstable();
        assert!(reads.len() >= ENOUGH, "{} reads prove nothing", reads.len());
        (reads.len(), reads[reads.len() / 2], reads[reads.len() * 99 / 100])
    }
}

/// Reads, a few times a second, what an officer has pulled, and pulls again.
async fn read(mut door: Door, seen: Arc<Seen>) {
    while !seen.over.load(Relaxed) {
        let Ok(open) = door.wait_for(Option::is_some).await.map(|open| open.clone()) else { return };
        let (mut officer, _) = open.unwrap();
        let taken = match officer.pull("MPU.SE").await {
            Ok(taken) => taken,
            Err(status) => {
                seen.failed(&door, status);
                continue;
            }
        };
        for one in taken {
            let began = Instant::now();
            match officer.read(&one, (Part::E, 0), "").await {
                Ok(card) => {
                    assert!(card.contains("clock.carried_out"), "{card}");
                    seen.reads.lock().unwrap().push(began.elapsed());
                }
                Err(status) => {
                    seen.failed(&door, status);
                    break;
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// Submits, and sends again what the daemon did not answer because it was killed.
async fn write(mut door: Door, seen: Arc<Seen>, base: pb::Submission) {
    let mut next = request(base.clone());
    while !seen.over.load(Relaxed) {
        let Ok(open) = door.wait_for(Option::is_some).await.map(|open| open.clone()) else { return };
        let (_, mut council) = open.unwrap();
        match council.referrals.submit_referral(next.clone()).await {
            Ok(_) => {
                seen.written.fetch_add(1, Relaxed);
                next = request(base.clone());
            }
            Err(status) => seen.failed(&door, status),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Submits `number` times on several connections; says how long it took.
async fn fill(daemon: &Daemon, base: &pb::Submission, number: u64) -> Duration {
    let (began, next) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let mut tasks = JoinSet::new();
    for who in FILLING {
        let person = daemon.person(who).await;
        for _ in 0..AT_ONCE {
            let (mut person, base, next) = (person.clone(), base.clone(), next.clone());
            tasks.spawn(async move {
                while next.fetch_add(1, Relaxed) < number {
                    person.submit(base.clone()).await.unwrap();
                }
            });
        }
    }
    tasks.join_all().await;
    began.elapsed()
}

async fn status(who: &mut Person) -> (pb::Rewrap, Vec<pb::EpochKey>) {
    let told = who.admin.rewrap_status(pb::RewrapStatusRequest {}).await.unwrap().into_inner();
    (told.rewrap.unwrap_or_default(), told.keys)
}

/// Kills the daemon and starts it again; the door is shut in the meantime.
async fn kill(daemon: &mut Daemon, open: &watch::Sender<Option<(Person, Person)>>) -> Person {
    open.send_replace(None);
    daemon.kill();
    again(daemon, open).await
}

/// Starts the daemon that was killed, and opens the door.
#[expect(clippy::print_stdout, reason = "how long it took is for whoever reads the test's output")]
async fn again(daemon: &mut Daemon, open: &watch::Sender<Option<(Person, Person)>>) -> Person {
    let began = Instant::now();
    daemon.restart().await;
    println!("serving {:.1?} after a kill", began.elapsed());
    open.send_replace(Some((daemon.person(MPU).await, daemon.person(LEWISHAM).await)));
    daemon.person(FIRST).await
}

/// The records under a key as the store has counted them, which no daemon has open.
async fn under(daemon: &Daemon, key: &str) -> u64 {
    // In a copy: the daemon is to start from what the kill has left.
    let copy = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-a").arg(daemon.folder("data/store")).arg(copy.path()).status();
    assert!(copied.unwrap().success());
    let store = SledStore::open(&copy.path().join("store")).unwrap();
    let counts = store.wrapped().await.unwrap();
    store.close().await;
    counts.into_iter().find(|(id, _)| id == key).map_or(0, |(_, records)| records)
}

/// The records under each key, by a scan of a store that no daemon has open, and the actions in its ledger.
async fn scanned(daemon: &Daemon) -> (BTreeMap<String, u64>, Vec<String>) {
    let store = SledStore::open(Path::new(&daemon.folder("data/store"))).unwrap();
    let (mut counts, mut after) = (BTreeMap::new(), None);
    loop {
        let page = store.wraps(after, 512).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.record);
        for one in &page {
            let [under] = &wrapped_under(&one.bytes).unwrap()[..] else { panic!("a record under two keys") };
            *counts.entry(under.clone()).or_default() += 1;
        }
    }
    assert_eq!(store.wrapped().await.unwrap(), counts.clone().into_iter().collect::<Vec<_>>(), "the kept counts");
    let (mut actions, mut from) = (Vec::new(), 0);
    loop {
        let page = store.entries(from, 512).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        from = last + 1;
        actions.extend(page.iter().map(|(_, bytes)| ledger::decode(bytes).unwrap().action));
    }
    store.close().await;
    (counts, actions)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rewrapping_survives_kills_and_pauses_while_people_read_and_write_and_the_old_key_goes() {
    let number: u64 = std::env::var("HOMEWARD_REWRAP_RECORDS").map_or(2_000, |number| number.parse().unwrap());
    let mut daemon = Daemon::start_with("[limits]\ncalls_per_second = 100000\n", |daemon| {
        // A line for each call of so many is a log of gigabytes.
        let file = daemon.folder("homeward.toml");
        fs::write(&file, fs::read_to_string(&file).unwrap().replace("\"trace\"", "\"info\"")).unwrap();
    })
    .await;
    let base = submission(&recent(1, "2026-11-20T16:30:00Z"));
    let mut custodian = daemon.person(FIRST).await;
    fill(&daemon, &base, 1).await;
    let each = status(&mut custodian).await.1[0].records;
    let filled = fill(&daemon, &base, number.div_ceil(each)).await;
    let old = status(&mut custodian).await.1.remove(0);
    assert!(old.current && old.records >= number, "{}", old.records);
    println!("{} records in {filled:.1?}, {:.0}/s", old.records, old.records as f64 / filled.as_secs_f64());

    let open = watch::Sender::new(Some((daemon.person(MPU).await, daemon.person(LEWISHAM).await)));
    let seen = Arc::new(Seen::default());
    let mut people = JoinSet::new();
    for _ in 0..2 {
        people.spawn(read(open.subscribe(), seen.clone()));
    }
    people.spawn(write(open.subscribe(), seen.clone(), base));
    tokio::time::sleep(Duration::from_secs(3)).await;
    seen.enough().await;
    let before = seen.latency();
    let asked = pb::RotateKeyRequest { request_id: fresh() };
    custodian.admin.rotate_key(asked).await.unwrap();
    let began = Instant::now();
    let in_the_middle = interrupted(&mut daemon, &open, &old, &seen).await;
    assert!(in_the_middle >= 2, "only {in_the_middle} kills came while it went on: it proves nothing");
    custodian = daemon.person(FIRST).await;
    let (done, keys) = until(&mut custodian, |rewrap| rewrap.state() == State::Finished).await;
    let took = began.elapsed();
    let during = seen.latency();
    seen.over.store(true, Relaxed);
    people.join_all().await;
    let failures = std::mem::take(&mut *seen.failures.lock().unwrap());
    assert!(failures.is_empty(), "{} calls failed, such as {:?}", failures.len(), failures[0]);
    let under_old = keys.iter().find(|key| key.key_id == old.key_id).unwrap();
    assert_eq!((done.left, under_old.records, under_old.scanned_records), (0, 0, Some(0)));
    println!("{in_the_middle} kills and a pause; wrapped anew and proven in {took:.1?} with them");
    let ratio =
        |of: fn(&(usize, Duration, Duration)) -> Duration| of(&during).as_secs_f64() / of(&before).as_secs_f64();
    println!("reads before: {before:?}, during: {during:?}, as a ratio: {:.2}, {:.2}", ratio(|l| l.1), ratio(|l| l.2));

    // By people of our own: a scan of the store itself.
    daemon.stop();
    let (counts, _) = scanned(&daemon).await;
    assert!(!counts.contains_key(&old.key_id), "the old key ends at zero");
    let written = seen.written.load(Relaxed);
    let all: u64 = counts.values().sum();
    assert!(written > 0 && all >= old.records + each * written, "{all} records");
    daemon.restart().await;
    destroyed_by_two(&daemon, &old.key_id).await;
    daemon.stop();
    let (after, actions) = scanned(&daemon).await;
    assert_eq!(after, counts);
    let steps = ["ROTATE_KEY", "PAUSE_REWRAP", "RESUME_REWRAP", "REWRAP_DONE", "PROPOSE", "DESTROY_KEY"];
    let found: Vec<_> = actions.iter().filter(|action| steps.contains(&action.as_str())).collect();
    assert_eq!(found, steps.iter().collect::<Vec<_>>(), "each once, in this order");
}

/// Kills the daemon whenever the rewrapping has come so far, and once while it is paused. Answers how often it was not over by then.
async fn interrupted(
    daemon: &mut Daemon,
    open: &watch::Sender<Option<(Person, Person)>>,
    old: &pb::EpochKey,
    seen: &Seen,
) -> usize {
    let mut custodian = daemon.person(FIRST).await;
    let mut in_the_middle = 0;
    for (number, target) in KILLS.into_iter().enumerate() {
        let reached = |rewrap: &pb::Rewrap| rewrap.rewrapped as f64 >= target * old.records as f64;
        let (at, _) = until(&mut custodian, reached).await;
        if number == 0 {
            let asked = pb::PauseRewrapRequest { request_id: fresh() };
            let paused = custodian.admin.pause_rewrap(asked).await.unwrap().into_inner().rewrap.unwrap();
            custodian = kill(daemon, open).await;
            let (still, _) = status(&mut custodian).await;
            assert!(still == paused && still.state() == State::Paused, "a kill resumes nothing");
            seen.enough().await;
            let asked = pb::ResumeRewrapRequest { request_id: fresh() };
            custodian.admin.resume_rewrap(asked).await.unwrap();
            continue;
        }
        open.send_replace(None);
        daemon.kill();
        in_the_middle += usize::from(under(daemon, &old.key_id).await > 0);
        custodian = again(daemon, open).await;
        let (after, _) = status(&mut custodian).await;
        assert!(after.rewrapped >= at.rewrapped, "what was done is done");
    }
    in_the_middle
}

/// Asks until it is so.
async fn until(who: &mut Person, so: impl Fn(&pb::Rewrap) -> bool) -> (pb::Rewrap, Vec<pb::EpochKey>) {
    loop {
        let told = status(who).await;
        if so(&told.0) {
            return told;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// One proposes, the other approves; what is sealed still opens.
async fn destroyed_by_two(daemon: &Daemon, key: &str) {
    let (mut first, mut second) = (daemon.person(FIRST).await, daemon.person(SECOND).await);
    let asked = pb::DestroyKeyRequest { request_id: fresh(), key_id: key.to_owned() };
    let proposal = first.admin.destroy_key(asked).await.unwrap().into_inner().proposal.unwrap();
    let approval = || pb::ApproveProposalRequest {
        request_id: fresh(),
        proposal_id: proposal.proposal_id.clone(),
        fingerprint: proposal.fingerprint.clone(),
    };
    assert_eq!(why(first.admin.approve_proposal(approval()).await).1, "SECOND_PERSON_NEEDED");
    let done = second.admin.approve_proposal(approval()).await.unwrap().into_inner().effect;
    assert!(done == Some(Effect::DestroyedKeyId(key.to_owned())));
    assert!(status(&mut first).await.1.iter().all(|each| each.key_id != key));
    let mut officer = daemon.person(MPU).await;
    let taken = officer.pull("MPU.SE").await.unwrap();
    assert!(!taken.is_empty());
    for one in taken {
        officer.read(&one, (Part::E, 0), "").await.unwrap();
    }
}
