//! Twenty times what the broker can do, from eight peers at once, against the real binary: its memory stays bounded, who is refused is
//! told when to try again, a quiet peer is served all the same, and afterwards all is as before. What it can do is measured first, in the
//! same run: what eight peers with a few calls each get through. Then each has its share of twenty times that to ask, whatever the
//! answers; what it cannot send, for it has as many calls on their way as it may, waits with it. `HOMEWARD_OVERLOAD_SECONDS` makes it as
//! long as one likes, for figures from a release build, and then floods another daemon on the same machine as well, which takes the
//! processors and the disk alike and nothing else; see tests/README.md.

use std::{
    collections::BTreeMap,
    fmt, fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use homeward::{platform::clock::Stopwatch, wire::pb};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Semaphore,
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
/// So many times what it can do is asked of it.
const TIMES: f64 = 20.0;
/// What it can do: so many calls of each peer at the same time, for so long.
const STEADY: usize = 8;
const STEADY_FOR: Duration = Duration::from_secs(2);
/// Calls of the quiet peer during the flood, one after another, for at least so long.
const QUIET: usize = 24;
const FLOODED_FOR: Duration = Duration::from_secs(5);
/// How often the peers have more to ask.
const TICK: Duration = Duration::from_millis(10);
/// Refusals that must have come before it is a flood.
const REFUSED: usize = 200;
/// A debug build of the daemon with all of this, at its worst.
const MEGABYTES: f64 = 400.0;
/// How soon all is as before, on a machine that does other things besides.
const RECOVERED: Duration = Duration::from_secs(60);

/// What the flood was told: how often, by reason, and whether each said when to try again.
#[derive(Default)]
struct Told {
    accepted: usize,
    refused: BTreeMap<String, usize>,
    without_a_time: usize,
    /// Accepted to wait, and not done within half a minute: on a machine that does other things besides.
    out_of_time: usize,
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

/// Submits whatever there is to ask, and heeds no advice.
async fn shout(mut person: Person, base: pb::Submission, (told, asks): (Arc<Mutex<Told>>, Arc<Semaphore>)) {
    while let Ok(one) = asks.acquire().await {
        one.forget();
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
            Err(status) if status.code() == Code::DeadlineExceeded => told.out_of_time += 1,
            Err(status) => told.other.push(status),
        }
    }
}

/// A flood: its tasks, and how much was to ask until now.
struct Flood {
    tasks: Vec<JoinHandle<()>>,
    asked: Arc<AtomicUsize>,
}

impl Flood {
    /// So many calls of each at the same time; so many to ask in a second, of all of them, or as many as are answered.
    async fn begin(
        daemon: &Daemon,
        base: &pb::Submission,
        told: &Arc<Mutex<Told>>,
        (at_once, rate): (usize, Option<f64>),
    ) -> Self {
        let (mut tasks, asked) = (Vec::new(), Arc::new(AtomicUsize::new(0)));
        let asks: Vec<_> = (0..FLOODERS)
            .map(|_| Arc::new(Semaphore::new(if rate.is_some() { 0 } else { Semaphore::MAX_PERMITS })))
            .collect();
        for (number, asks) in asks.iter().enumerate() {
            let person = daemon.person(&loud(number)).await;
            let shouting = || shout(person.clone(), base.clone(), (Arc::clone(told), Arc::clone(asks)));
            tasks.extend((0..at_once).map(|_| tokio::spawn(shouting())));
        }
        if let Some(rate) = rate {
            tasks.push(tokio::spawn(more_to_ask(asks, rate, Arc::clone(&asked))));
        }
        Self { tasks, asked }
    }

    fn end(&self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Gives each of them its share of so many calls in a second, whether it can send them or not.
async fn more_to_ask(asks: Vec<Arc<Semaphore>>, rate: f64, asked: Arc<AtomicUsize>) {
    let begun = Stopwatch::start();
    for next in (0..FLOODERS).cycle() {
        while asked.load(Relaxed) as f64 >= begun.spent().as_secs_f64() * rate {
            tokio::time::sleep(TICK).await;
        }
        asks[next].add_permits(1);
        asked.fetch_add(1, Relaxed);
    }
}

/// What it can do: submissions in a second, of eight peers with a few calls each.
fn sustainable(elsewhere: &Runtime, daemon: &Daemon, base: &pb::Submission) -> f64 {
    let told = Arc::new(Mutex::new(Told::default()));
    let steady = elsewhere.block_on(Flood::begin(daemon, base, &told, (STEADY, None)));
    let begun = Stopwatch::start();
    let accepted = || told.lock().unwrap().accepted;
    // At least one, on a machine that does other things besides.
    while begun.spent() < STEADY_FOR || accepted() == 0 {
        assert!(begun.spent() < Duration::from_secs(180), "nothing is accepted");
        std::thread::sleep(TICK);
    }
    let rate = accepted() as f64 / begun.spent().as_secs_f64();
    steady.end();
    rate
}

/// How long a quiet peer waits for each of its calls, the shortest first.
struct Waits(Vec<Duration>);

impl Waits {
    async fn measured(quiet: &mut Person, base: &pb::Submission, calls: usize, at_least: Duration) -> Self {
        let (all, mut waits) = (Stopwatch::start(), Vec::new());
        while waits.len() < calls || all.spent() < at_least {
            let one = Stopwatch::start();
            let failed = quiet.submit(base.clone()).await.err();
            // Out of time on a slow machine counts as so long a wait; to be refused is what must not be.
            let refused = failed.filter(|status| status.code() != Code::DeadlineExceeded);
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
    let time = long.map_or(FLOODED_FOR, Duration::from_secs);
    let mut wait = |calls, time| here.block_on(Waits::measured(&mut quiet, &base, calls, time));
    let alone = wait(10, long.map_or(Duration::ZERO, |_| time / 4));
    let can = sustainable(&elsewhere, &daemon, &base);
    let asks = (AT_ONCE, Some(can * TIMES));
    if long.is_some() {
        let other = here.block_on(started());
        let flood = elsewhere.block_on(Flood::begin(&other, &base, &Arc::default(), asks));
        let beside = wait(QUIET, time / 4);
        flood.end();
        eprintln!("a quiet peer while another daemon on the machine is flooded: {beside}");
    }
    let told = Arc::new(Mutex::new(Told::default()));
    let flood = elsewhere.block_on(Flood::begin(&daemon, &base, &told, asks));
    let refused = || told.lock().unwrap().refused.values().sum::<usize>();
    let started = Stopwatch::start();
    while refused() < REFUSED {
        assert!(started.spent() < Duration::from_secs(60), "{:?}", told.lock().unwrap().refused);
        std::thread::sleep(Duration::from_millis(20));
    }
    let during = wait(QUIET, time);
    let flooded = started.spent().as_secs_f64();
    let asked = flood.asked.load(Relaxed) as f64 / flooded;
    flood.end();
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
        "{flooded:.0} s: it can do {can:.0}/s, and was to do {asked:.0}/s, {:.1} times that; {:.0}/s accepted, refused {:?}, {} out of time; {peak:.0} MB \
         at most; a quiet peer alone: {alone}; during it: {during}; afterwards {again:?}",
        asked / can,
        told.accepted as f64 / flooded,
        told.refused,
        told.out_of_time,
    );
    assert!(again < RECOVERED, "{again:?}");
    assert!(told.accepted > 0 && told.refused.contains_key("OVERLOADED"), "{:?}", told.refused);
    assert_eq!(told.without_a_time, 0, "each refusal says when to try again");
    assert!(told.other.is_empty(), "{:?}", told.other.first());
    assert!(peak < MEGABYTES, "{peak} MB");
}
