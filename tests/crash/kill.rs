//! kill -9 under load, and a disk that refuses: what was acknowledged is there, once, in its queues.
//!
//! Fifty rounds instead of ten: `HOMEWARD_KILL_ROUNDS=50 cargo test --test crash kill`.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use homeward::{
    domain::delivery::{DeliveryId, State},
    store::{Store, StoreError, sled::SledStore},
};

use crate::{
    all_there,
    child::{Mode, arguments, instruct},
};

/// What a child said until it ended.
#[derive(Default)]
struct Said {
    acknowledged: Vec<u64>,
    done: Vec<DeliveryId>,
    other: Vec<String>,
}

/// Hears what a child says; `heard` counts its acknowledgements as they come.
fn listen(child: &mut Child, heard: &Arc<AtomicUsize>) -> thread::JoinHandle<Said> {
    let heard = Arc::clone(heard);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    thread::spawn(move || {
        let mut said = Said::default();
        for line in lines.map_while(Result::ok) {
            match line.split_once(' ') {
                Some(("ack", number)) => {
                    said.acknowledged.extend(number.parse::<u64>());
                    heard.fetch_add(1, Ordering::Relaxed);
                }
                Some(("done", id)) => said.done.extend(DeliveryId::parse(id)),
                _ => said.other.push(line),
            }
        }
        said
    })
}

#[tokio::test]
async fn every_acknowledged_submission_survives_every_kill() {
    let dir = tempfile::tempdir().unwrap();
    let (mut acknowledged, mut done) = (Vec::new(), Vec::new());
    let rounds: u64 = std::env::var("HOMEWARD_KILL_ROUNDS").map_or(10, |rounds| rounds.parse().unwrap());
    for round in 0..rounds {
        let arguments = arguments();
        let mut command = Command::new(&arguments[0]);
        command.args(&arguments[1..]).stdout(Stdio::piped());
        instruct(&mut command, Mode::Endless, dir.path(), round << 32);
        let mut child = command.spawn().unwrap();
        let heard = Arc::default();
        let said = listen(&mut child, &heard);
        // At another moment of its life each time: the first ones while it may still be opening, the others at work.
        while round > 2 && heard.load(Ordering::Relaxed) < 20 && child.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_millis(20 + round % 10 * 41));
        child.kill().unwrap();
        child.wait().unwrap();
        let said = said.join().unwrap();
        done.extend(said.done);
        let store = SledStore::open(dir.path()).unwrap();
        all_there(&store, &said.acknowledged).await.unwrap();
        acknowledged.extend(said.acknowledged);
    }
    assert!(acknowledged.len() > 100, "only {} submissions: the test proves nothing", acknowledged.len());
    assert!(!done.is_empty(), "no completion: the test proves nothing");
    let store = SledStore::open(dir.path()).unwrap();
    all_there(&store, &acknowledged).await.unwrap();
    for id in done {
        assert_eq!(store.delivery(id).await.unwrap().unwrap().state, State::Completed, "{id}");
    }
}

#[tokio::test]
async fn a_disk_that_refuses_stops_the_engine_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    // Files may not grow beyond 1.5 MB; the signal that says so is ignored, so that the write fails as on a full disk.
    command.args(["-c", "trap '' XFSZ; ulimit -f 3000; exec \"$@\"", "sh"]).args(arguments()).stdout(Stdio::piped());
    instruct(&mut command, Mode::Starved, dir.path(), 0);
    let mut child = command.spawn().unwrap();
    let said = listen(&mut child, &Arc::default());
    let status = child.wait().unwrap();
    let said = said.join().unwrap();
    assert!(status.success());
    assert!(said.other.iter().any(|line| line.starts_with("refused the store is not available")), "{:?}", said.other);
    assert!(said.other.iter().any(|line| line == "stayed stopped"));
    assert!(said.acknowledged.len() > 10);
    let store = SledStore::open(dir.path()).unwrap();
    all_there(&store, &said.acknowledged).await.unwrap();
}

#[tokio::test]
async fn only_one_process_has_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = SledStore::open(dir.path()).unwrap();
    let second = SledStore::open(dir.path()).map(|_| ());
    assert!(matches!(second, Err(StoreError::Unavailable(_))), "{second:?}");
    store.accept(crate::numbered(1)).await.unwrap();
    store.close().await;
    assert_eq!(SledStore::open(dir.path()).unwrap().head().await.unwrap().size, 1);
}
