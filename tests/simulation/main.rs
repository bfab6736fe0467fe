//! The simulation: many councils and officers at work on one broker over the real store, with crashes and restarts, and beside it a
//! model simple enough to be believed. Whatever the broker answers is what the model says, and so is all that it holds after each
//! restart. Time is turned by hand and chance comes from a seed; what fails prints its seed and the fewest steps that still fail,
//! and stays in `cases/` for good.
//!
//! A million steps: `HOMEWARD_SIMULATION_SEEDS=100 HOMEWARD_SIMULATION_STEPS=10000 cargo test --profile simulation --locked --test
//! simulation -- --nocapture`
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops at the first surprise and says so"
)]

mod becoming;
mod calls;
mod check;
mod desk;
mod ends;
mod memory;
mod model;
mod offers;
mod pages;
#[path = "../support/place.rs"]
mod place;
mod prompts;
mod retracting;
mod script;
mod settling;
mod steps;
mod town;
mod world;

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use script::{Kind, Script};
use steps::Done;
use town::Town;

/// What is run where nobody says otherwise.
const SEEDS: u64 = 12;
const STEPS: usize = 500;

fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn whatever_happens_the_broker_is_as_the_model_says() {
    let seeds = asked("HOMEWARD_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let first = asked("HOMEWARD_SIMULATION_FIRST").unwrap_or(1);
    let steps = asked("HOMEWARD_SIMULATION_STEPS").map_or(STEPS, |steps| usize::try_from(steps).unwrap());
    let (next, town) = (AtomicU64::new(first), Town::new());
    let (done, failed) = (Mutex::new(Done::default()), Mutex::new(None));
    let workers = thread::available_parallelism().map_or(2, Into::into);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while failed.lock().unwrap().is_none() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds {
                        return;
                    }
                    let script = Script::of(seed, steps);
                    match steps::run(&town, &script) {
                        Ok(ran) => done.lock().unwrap().add(ran),
                        Err(words) => *failed.lock().unwrap() = Some((script, words)),
                    }
                }
            });
        }
    });
    if let Some((script, words)) = failed.into_inner().unwrap() {
        eprintln!("{words}\nLooking for the fewest steps that fail with such words.");
        let least = script::least(script, |script| same(&words, steps::run(&town, script)));
        panic!("{words}\nThe fewest steps that fail, to be kept in tests/simulation/cases:\n{least}");
    }
    let done = done.into_inner().unwrap();
    eprintln!("{seeds} seeds: {done}");
    assert_eq!(done.steps, seeds * steps as u64);
    // Each kind of step must have done something, or what it should prove is not proven.
    for kind in Kind::ALL {
        assert!(seeds * (steps as u64) < 4_000 || done.of(*kind) > 0, "no step of the kind {kind:?} did anything");
    }
}

/// Whether a run failed as another did: with words that begin in the same way, whatever the step and the values.
fn same(words: &str, ran: Result<Done, String>) -> bool {
    let what = |words: &str| -> String {
        let (_, words) = words.split_once("): ").unwrap_or_default();
        words.chars().filter(|letter| !letter.is_ascii_digit()).take(60).collect()
    };
    ran.is_err_and(|other| what(&other) == what(words))
}

#[test]
fn what_failed_once_or_is_known_to_be_hard_holds_for_good() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulation/cases");
    let town = Town::new();
    let mut ran = 0;
    for case in fs::read_dir(cases).unwrap() {
        let path = case.unwrap().path();
        let script = Script::parse(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|| panic!("{}", path.display()));
        if let Err(words) = steps::run(&town, &script) {
            panic!("{}: {words}", path.display());
        }
        ran += 1;
    }
    assert!(ran > 0, "no case");
}

/// A short form of the whole of it: `HOMEWARD_TEST_STORE=postgres` is that.
#[test]
fn over_postgres_the_broker_is_as_the_model_says() {
    let town = Town::new();
    for seed in [3, 8] {
        if let Err(words) = steps::run_over(&town, &Script::of(seed, 250), Some(place::Place::database())) {
            panic!("{words}");
        }
    }
}

#[test]
fn what_the_model_does_not_know_of_is_found_and_told_in_few_steps() {
    let town = Town::new();
    let mut script = Script::of(7, 120);
    // Somebody takes a delivery, and nobody tells the model.
    script.steps.insert(80, script::Step { kind: Kind::Unseen, pick: 1 });
    let words = steps::run(&town, &script).unwrap_err();
    assert!(words.contains("seed 7"), "{words}");
    let least = script::least(script, |script| same(&words, steps::run(&town, script)));
    assert!(least.steps.len() <= 3, "a submission and what nobody saw: {least}");
    assert_eq!(Script::parse(&least.to_string()).as_ref(), Some(&least), "it is read as it was written");
}

/// So that each test has one town, which takes a while to read.
type SharedTown = Arc<Town>;
