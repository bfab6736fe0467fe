//! The power is cut: of all that the daemon wrote, what was synced is on the disk, and of the rest any sectors. The real daemon opens
//! each such disk and is held to what its clients had been told by then; then it goes on working on one of them, and is cut off again.
//!
//! A long run: `HOMEWARD_POWER_ROUNDS=20 HOMEWARD_POWER_CUTS=50 cargo test --release --locked --test disk power -- --nocapture`

use homeward::store::{Store, sled::SledStore};

use crate::{
    Chance, asked,
    daemon::Daemon,
    image::{Image, Leaves},
    load::{Oracle, judge, load},
    preloaded::{Did, Disk, Event},
};

/// What the cuts leave, in turn.
const LEAVES: [Leaves; 5] = [Leaves::All, Leaves::Nothing, Leaves::Some(512), Leaves::Some(4096), Leaves::Some(512)];
/// Submissions answered in each round before the daemon is ended.
const SUBMISSIONS: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_or_doubled_whatever_a_power_cut_leaves_on_the_disk() {
    let (rounds, cuts) = (asked("HOMEWARD_POWER_ROUNDS", 2), asked("HOMEWARD_POWER_CUTS", 8));
    let seed = asked("HOMEWARD_POWER_SEED", 1) as u64;
    let mut chance = Chance(seed);
    let mut daemon = Daemon::prepared("");
    let disk = Disk::below(&mut daemon);
    let data = daemon.folder("").canonicalize().unwrap().join("data");
    let mut oracle = Oracle::default();
    let (mut refused, mut lost) = (0, 0);
    for round in 0..rounds {
        let base = Image::read(&data);
        disk.forget();
        daemon.restart().await;
        let log = disk.log();
        let position = move || Disk::length(&log);
        load(&daemon, &mut oracle, SUBMISSIONS, position).await;
        daemon.kill();
        let events = disk.events();
        assert!(base.after(&events).same(&Image::read(&data)), "something was written that the log does not say");
        assert!(events.iter().any(|event| matches!(event.did, Did::Synced { .. })));
        let mut left = None;
        for cut in 0..cuts {
            let until = place(&events, cut, cuts, &mut chance);
            let leaves = LEAVES[cut % LEAVES.len()];
            let happened = &events[..until];
            let image = base.after_cut(happened, leaves, &mut chance);
            lost += usize::from(!image.same(&base.after(happened)));
            let words =
                format!("seed {seed}, round {round}, cut {cut} after {until} of {} events, {leaves:?}", events.len());
            let known = oracle.until(happened.last().map_or(0, |event| event.end));
            image.write(&data);
            match opened(&mut daemon, &words).await {
                Ok(()) => {
                    let mut known = known;
                    assert_eq!(judge(&daemon, &mut known).await, Ok(()), "{words}");
                    daemon.kill();
                    known.hold();
                    left = Some((Image::read(&data), known));
                }
                // Before anybody was told anything it may say that it has no store to go on with, in words that help.
                Err(said) => {
                    assert_eq!((known.acknowledged(), known.settled()), (0, 0), "{words}: {said}");
                    refused += 1;
                }
            }
        }
        let (image, known) = left.expect("one cut after which it serves");
        image.write(&data);
        oracle = known;
    }
    let (sent, settled) = (oracle.acknowledged(), oracle.settled());
    eprintln!(
        "{} cuts in {rounds} rounds, {lost} with something lost that was written, {refused} before the first answer and \
         refused; {sent} submissions and {settled} settlements in the last, none lost, none doubled",
        rounds * cuts
    );
    assert!(lost > 0, "no cut lost anything that was written: it proves nothing");
    assert!(sent > 0 && settled > 0, "{sent} submissions and {settled} settlements: it proves nothing");
}

/// After how many events it is cut: half of the time right behind a write that is not synced yet.
fn place(events: &[Event], cut: usize, cuts: usize, chance: &mut Chance) -> usize {
    let about = (events.len() - 1) * cut / cuts + chance.below(events.len().div_ceil(cuts));
    let about = about.min(events.len() - 1);
    let wrote = |event: &Event| matches!(event.did, Did::Wrote { .. });
    match events[about..].iter().position(wrote) {
        Some(further) if cut.is_multiple_of(2) => about + further + 1,
        _ => about + 1,
    }
}

/// Starts it; what it says where it ends by itself.
async fn opened(daemon: &mut Daemon, words: &str) -> Result<(), String> {
    daemon.forget_log();
    let started = daemon.try_restart().await;
    assert!(!daemon.log().contains("a fault of ours"), "{words}: it panicked: {}", daemon.log());
    started
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_at_any_moment_of_the_opening_after_a_kill_leaves_a_store_that_opens() {
    let mut chance = Chance(asked("HOMEWARD_POWER_SEED", 1) as u64);
    let mut daemon = Daemon::prepared("");
    let disk = Disk::below(&mut daemon);
    let data = daemon.folder("").canonicalize().unwrap().join("data");
    let mut oracle = Oracle::default();
    let mut cuts = 0;
    for round in 0..asked("HOMEWARD_POWER_ROUNDS", 2) {
        daemon.restart().await;
        let log = disk.log();
        load(&daemon, &mut oracle, 6, move || Disk::length(&log)).await;
        daemon.kill();
        let base = Image::read(&data);
        disk.forget();
        daemon.restart().await;
        daemon.kill();
        let events = disk.events();
        for until in 0..=events.len() {
            for leaves in [Leaves::All, Leaves::Nothing, Leaves::Some(512)] {
                cuts += 1;
                base.after_cut(&events[..until], leaves, &mut chance).write(&data);
                let words = || {
                    let last: Vec<_> = events[..until].iter().map(|event| event.did.words()).collect();
                    format!("round {round}, {until} of {} events, {leaves:?}: {}", events.len(), last.join(", "))
                };
                let store = SledStore::open(&data.join("store"));
                store.unwrap_or_else(|error| panic!("{error}: {}", words())).close().await;
            }
        }
        base.write(&data);
        oracle.hold();
    }
    eprintln!("{cuts} cuts while it opened");
    assert!(cuts > 100, "only {cuts} cuts: it proves nothing");
}
