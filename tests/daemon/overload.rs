//! More than the broker can do, from eight peers at once, against the real binary: its memory stays bounded, who is refused is told
//! when to try again, a quiet peer is served all the same, and afterwards all is as before. `HOMEWARD_OVERLOAD_SECONDS` makes it as long
//! as one likes, for figures from a release build, and then floods another daemon on the same machine as well, which takes the
//! processors and the disk alike and nothing else; see tests/README.md.

use std::{
    collections::BTreeMap,
    fmt, fs,
    sync::{Arc, Mutex},
    time::Duration,
};

use homeward::{platform::clock::Stopwatch, wire::pb};
use tokio::{
    runtime::{Builder, Runtime},
    task::JoinHandle,
};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::{
    daemon::{Daemon, recent},
    house::GRANTS,
    person::{Person, submission},
};

const FLOODERS: usize = 8;
/// Calls of each at the same time: together more than may wait.
const AT_ONCE: usize = 220;
/// Calls of the quiet peer during the flood, one after another.
const QUIET: usize = 2;
/// Refusals that must have come before it is a flood.
const REFUSED: usize = 200;
/// A debug build of the daemon with all of this, at its worst.
const MEGABYTES: f64 = 400.0;
/// How soon all is as before, on a machine that does other things besides.
const RECOVERED: Duration = Duration::from_secs(10);

/// What the flood was told: how often, by reason, and whether each said when to try again.
#[derive(Default)]
struct Told {
    accepted: usize,
    refused: BTreeMap<String, usize>,
    without_a_time: usize,
    other: Vec<Status>,
}

/// The quiet peer.
const QUIET_PEER: &str = "gss/E09000023/council_submitter/quiet";

/// One of the eight, all of one organisation, which is another than the quiet peer's.
fn loud(number: usize) -> String {
    format!("provider/loud/provider_submitter/loud-{number}")
}

fn grants() -> String {
    let grant = |who: &str| {
        format!(
            "[[grant]]\nidentity = \"homeward://pilot.example/{who}\"\nsubmit_for = [\"E09000023\"]\n\
             not_before = \"2020-01-01T00:00:00Z\"\nnot_after = \"2096-01-01T00:00:00Z\"\n"
        )
    };
    let flooders = (0..FLOODERS).map(|number| grant(&loud(number)));
    [GRANTS.to_owned(), grant(QUIET_PEER)].into_iter().chain(flooders).collect()
}

/// Submits again and again, whatever the answer, and heeds no advice.
async fn shout(mut person: Person, base: pb::Submission, told: Arc<Mutex<Told>>) {
    loop {
        let answer = person.submit(base.clone()).await;
        let mut told = told.lock().unwrap();
        match answer {
            Ok(_) => told.accepted += 1,
            Err(status) if status.code() == Code::ResourceExhausted => {
                let details = status.get_error_details();
                let reason = details.error_info().map(|info| info.reason.clone()).unwrap_or_default();
                *told.refused.entry(reason).or_default() += 1;
                let again = details.retry_info().and_then(|retry| retry.retry_delay);
                told.without_a_time += usize::from(again.is_none_or(|again| again.is_zero()));
            }
            Err(status) => told.other.push(status),
        }
    }
}

async fn flood(daemon: &Daemon, base: &pb::Submission, told: &Arc<Mutex<Told>>) -> Vec<JoinHandle<()>> {
    let mut all = Vec::new();
    for number in 0..FLOODERS {
        let person = daemon.person(&loud(number)).await;
        all.extend((0..AT_ONCE).map(|_| tokio::spawn(shout(person.clone(), base.clone(), Arc::clone(told)))));
    }
    all
}

/// How long a quiet peer waits for each of its calls, the shortest first.
struct Waits(Vec<Duration>);

impl Waits {
    async fn measured(quiet: &mut Person, base: &pb::Submission, calls: usize, at_least: Duration) -> Self {
        let (all, mut waits) = (Stopwatch::start(), Vec::new());
        while waits.len() < calls || all.spent() < at_least {
            let one = Stopwatch::start();
            let refused = quiet.submit(base.clone()).await.err();
            assert!(refused.is_none(), "call {} of the quiet peer: {refused:?}", waits.len());
            waits.push(one.spent());
        }
        waits.sort();
        Self(waits)
    }

    fn of_hundred(&self, slowest: usize) -> Duration {
        self.0[(self.0.len() - 1) * slowest / 100]
    }
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, p99, longest] = [50, 99, 100].map(|of| self.of_hundred(of).as_secs_f64() * 1000.0);
        write!(f, "{} calls, median {median:.1} ms, p99 {p99:.1}, longest {longest:.1}", self.0.len())
    }
}

/// The most memory that the daemon has had.
fn peak_megabytes(daemon: &Daemon) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap() / 1024.0
}

async fn started() -> Daemon {
    Daemon::start_with("", |daemon| fs::write(daemon.folder("grants.toml"), grants()).unwrap()).await
}

/// Two of them: the flood comes as from another machine, and the quiet peer never waits for it on its own side.
fn runtimes() -> [Runtime; 2] {
    std::array::from_fn(|_| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap())
}

#[test]
fn a_flood_from_eight_peers_is_refused_with_a_time_and_a_quiet_peer_is_served_as_before() {
    let [here, elsewhere] = runtimes();
    let base = submission(&recent(1, "2026-11-20T16:30:00Z"));
    let daemon = here.block_on(started());
    let mut quiet = here.block_on(daemon.person(QUIET_PEER));
    let long = std::env::var("HOMEWARD_OVERLOAD_SECONDS").ok().map(|seconds| seconds.parse().unwrap());
    let time = Duration::from_secs(long.unwrap_or(0));
    let mut wait = |calls, time| here.block_on(Waits::measured(&mut quiet, &base, calls, time));
    let alone = wait(10, time / 4);
    if long.is_some() {
        let other = here.block_on(started());
        let flood = elsewhere.block_on(flood(&other, &base, &Arc::default()));
        let beside = wait(QUIET, time / 4);
        flood.iter().for_each(JoinHandle::abort);
        eprintln!("a quiet peer while another daemon on the machine is flooded: {beside}");
    }
    let told = Arc::new(Mutex::new(Told::default()));
    let flood = elsewhere.block_on(flood(&daemon, &base, &told));
    let refused = || told.lock().unwrap().refused.values().sum::<usize>();
    let started = Stopwatch::start();
    while refused() < REFUSED {
        assert!(started.spent() < Duration::from_secs(60), "{:?}", told.lock().unwrap().refused);
        std::thread::sleep(Duration::from_millis(20));
    }
    let during = wait(QUIET, time);
    let flooded = started.spent().as_secs_f64();
    flood.iter().for_each(JoinHandle::abort);
    let stopped = Stopwatch::start();
    wait(1, Duration::ZERO);
    let again = stopped.spent();
    here.block_on(async {
        let mut loud = daemon.person(&loud(0)).await;
        let mut first = loud.submit(base.clone()).await;
        while first.is_err() && stopped.spent() < RECOVERED {
            tokio::time::sleep(Duration::from_millis(100)).await;
            first = loud.submit(base.clone()).await;
        }
        first.unwrap();
    });
    let peak = peak_megabytes(&daemon);
    let told = told.lock().unwrap();
    eprintln!(
        "{flooded:.0} s: {:.0}/s accepted, refused {:?}; {peak:.0} MB at most; a quiet peer alone: {alone}; during it: {during}; \
         afterwards {again:?}",
        told.accepted as f64 / flooded,
        told.refused,
    );
    assert!(again < RECOVERED, "{again:?}");
    assert!(told.accepted > 0 && told.refused.contains_key("OVERLOADED"), "{:?}", told.refused);
    assert_eq!(told.without_a_time, 0, "each refusal says when to try again");
    assert!(told.other.is_empty(), "{:?}", told.other.first());
    assert!(peak < MEGABYTES, "{peak} MB");
}
