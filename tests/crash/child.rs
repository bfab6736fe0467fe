//! The process that is traced, killed or starved: this test binary, started again by the tests beside it.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use homeward::store::{Settle, Store, sled::SledStore};

use crate::{fixtures, numbered};

const DIR: &str = "HOMEWARD_TEST_STORE";
const FIRST: &str = "HOMEWARD_TEST_FIRST";
const MODE: &str = "HOMEWARD_TEST_MODE";

/// What the child does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Six submissions one after the other, then a pull and a completion.
    Traced,
    /// Sixty-four submissions by eight callers at once.
    Burst,
    /// Submissions, pulls and completions until it is killed.
    Endless,
    /// Submissions until the disk refuses, then tries everything else.
    Starved,
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::Traced => "traced",
            Self::Burst => "burst",
            Self::Endless => "endless",
            Self::Starved => "starved",
        }
    }
}

/// The program and arguments that start a child, to be put behind a tracer or a shell.
pub fn arguments() -> Vec<String> {
    let program = std::env::current_exe().unwrap();
    let program = program.to_str().unwrap().to_owned();
    [program.as_str(), "--exact", "child::the_child", "--nocapture", "--test-threads=1"].map(str::to_owned).to_vec()
}

/// Tells a command what its child is to do.
pub fn instruct(command: &mut Command, mode: Mode, dir: &Path, first: u64) {
    command.env(MODE, mode.name()).env(DIR, dir).env(FIRST, first.to_string());
}

/// Says something to the parent, in one write.
fn say(words: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n{words}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// Not a test of its own: does nothing unless a test beside it started it.
#[test]
fn the_child() {
    let Ok(mode) = std::env::var(MODE) else { return };
    let dir = PathBuf::from(std::env::var(DIR).unwrap());
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Arc::new(SledStore::open(&dir).unwrap());
        say("open");
        match mode.as_str() {
            "traced" => traced(&*store, first).await,
            "burst" => burst(store, first).await,
            "endless" => endless(store, first).await,
            "starved" => starved(&*store, first).await,
            other => panic!("no mode {other}"),
        }
    });
}

async fn traced(store: &dyn Store, first: u64) {
    for number in first..first + 6 {
        store.accept(numbered(number)).await.unwrap();
        say(&format!("ack {number}"));
    }
    let delivery = fixtures::pull(store, "MPU.SE", 1, 0).await.remove(0);
    say("ack pull");
    fixtures::settle(store, fixtures::holding(&delivery, 1), Settle::Complete(fixtures::settled())).await.unwrap();
    say("ack complete");
}

async fn burst(store: Arc<SledStore>, first: u64) {
    let mut workers = Vec::new();
    for worker in 0..8 {
        let store = Arc::clone(&store);
        workers.push(tokio::spawn(async move {
            for number in (first + worker..first + 64).step_by(8) {
                store.accept(numbered(number)).await.unwrap();
                say(&format!("ack {number}"));
            }
        }));
    }
    for worker in workers {
        worker.await.unwrap();
    }
}

async fn endless(store: Arc<SledStore>, first: u64) {
    let mut workers = Vec::new();
    for worker in 0..8 {
        let store = Arc::clone(&store);
        workers.push(tokio::spawn(async move {
            for number in (first + worker..).step_by(8) {
                store.accept(numbered(number)).await.unwrap();
                say(&format!("ack {number}"));
            }
        }));
    }
    loop {
        for delivery in fixtures::pull(&*store, "MPU.SE", 3, 0).await {
            let held = fixtures::holding(&delivery, 1);
            fixtures::settle(&*store, held, Settle::Complete(fixtures::settled())).await.unwrap();
            say(&format!("done {}", delivery.id));
        }
    }
}

async fn starved(store: &dyn Store, first: u64) {
    for number in first.. {
        match store.accept(numbered(number)).await {
            Ok(_) => say(&format!("ack {number}")),
            Err(error) => {
                say(&format!("refused {error}"));
                break;
            }
        }
    }
    // It stays stopped: nothing is tried again.
    for _ in 0..3 {
        let accepted = store.accept(numbered(first + 1_000_000)).await;
        let read = store.head().await;
        assert!(accepted.is_err() && read.is_err(), "it went on after the disk had refused");
    }
    store.close().await;
    say("stayed stopped");
}
