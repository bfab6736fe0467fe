//! A copy that is taken while others write is the store of one moment, whole; taken again, it is the same but for what changed.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use homeward::store::{Copied, CopyPart, Store, StoreError, sled::SledStore};
use tokio::sync::mpsc;

use crate::{
    all_there,
    deep::{Told, everything, examined},
    fixtures, numbered,
};

/// Every part of a copy, and what it says was copied.
async fn copied(store: &SledStore) -> (Vec<Vec<u8>>, Copied) {
    let (parts, mut given) = mpsc::channel::<CopyPart>(1);
    let taking = async {
        let mut all = Vec::new();
        while let Some(part) = given.recv().await {
            assert!(part.done <= part.of);
            all.push(part.bytes);
        }
        all
    };
    let (copied, all) = tokio::join!(store.copy(parts), taking);
    (all, copied.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_taken_while_others_write_is_of_one_moment_and_whole() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    everything(&dir).await;
    let store = Arc::new(SledStore::open(&dir).unwrap());
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let (writing, ends, counted) = (store.clone(), stop.clone(), acknowledged.clone());
    let writer = tokio::spawn(async move {
        let mut number = 10_000;
        while !ends.load(Ordering::Relaxed) {
            let many = (number..number + 16).map(|number| writing.accept(numbered(number)));
            fixtures::join_all(many).await.into_iter().for_each(|accepted| assert!(accepted.is_ok()));
            number += 16;
            counted.store(number, Ordering::Release);
            // Deliveries move between the places in their queues while they are copied.
            for held in fixtures::pull(&*writing, "REFDESK.NA", 4, 0).await {
                let release = homeward::store::Settle::Release(None);
                fixtures::settle(&*writing, fixtures::holding(&held, 1), release).await.unwrap();
            }
        }
    });
    for round in 0..5 {
        let begun = acknowledged.load(Ordering::Acquire);
        let (parts, copied) = copied(&store).await;
        let to = place.path().join(format!("restored-{round}"));
        let mut restoring = SledStore::restoring(&to).unwrap();
        parts.iter().for_each(|part| restoring.take(part).unwrap());
        let entry = fixtures::entry(homeward::ledger::Verb::Administration, "RESTORE");
        let mut told = Told::default();
        let finished = restoring.finish(&copied, None, &entry, &mut told);
        assert_eq!(told.findings, []);
        assert_eq!(finished.unwrap().put().unwrap().head, copied.head);
        let restored = SledStore::open(&to).unwrap();
        assert_eq!(restored.head().await.unwrap().size, copied.head.size + 1);
        all_there(&restored, &(3..200).chain(10_000..begun.max(10_000)).collect::<Vec<_>>()).await.unwrap();
        let (theirs, ours) = (restored.entries(0, 50_000).await.unwrap(), store.entries(0, 50_000).await.unwrap());
        let size = usize::try_from(copied.head.size).unwrap();
        assert!(theirs[..size] == ours[..size], "the same ledger");
    }
    stop.store(true, Ordering::Relaxed);
    writer.await.unwrap();
    assert!(acknowledged.load(Ordering::Acquire) > 10_050, "nobody wrote meanwhile: the test proves nothing");
    store.close().await;
    assert_eq!(examined(&dir, None).1.findings, []);
}

#[tokio::test]
async fn what_did_not_change_makes_the_same_parts_and_only_one_copy_is_taken_at_a_time() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    everything(&dir).await;
    let store = SledStore::open(&dir).unwrap();
    let large = (0..60).map(|number| store.accept(numbered(30_000 + 20 * number)));
    fixtures::join_all(large).await.into_iter().for_each(|accepted| assert!(accepted.is_ok()));
    let (first, _) = copied(&store).await;
    assert!(first.len() > 4, "{} parts: the test proves nothing", first.len());
    assert_eq!(copied(&store).await.0, first);
    store.accept(numbered(20_001)).await.unwrap();
    let there: HashSet<_> = first.iter().collect();
    let (second, _) = copied(&store).await;
    let fresh = second.iter().filter(|part| !there.contains(part)).count();
    assert!(fresh > 0 && fresh < second.len(), "{fresh} of {}", second.len());

    let (parts, mut given) = mpsc::channel(1);
    let slow = store.copy(parts);
    let (other, _nobody) = mpsc::channel(1);
    let both = async {
        given.recv().await.unwrap();
        let refused = store.copy(other).await;
        drop(given);
        refused
    };
    let (slow, refused) = tokio::join!(slow, both);
    assert_eq!(refused.unwrap_err(), StoreError::WrongState);
    assert!(slow.is_err(), "nobody took the rest");
    // One that was left does not keep the next from being taken.
    copied(&store).await;

    // What does not fit what was copied is not put in its place.
    let (parts, whole) = copied(&store).await;
    for missing in 0..parts.len() {
        let to = place.path().join(format!("without-{missing}"));
        let mut restoring = SledStore::restoring(&to).unwrap();
        let rest = parts.iter().enumerate().filter(|(number, _)| *number != missing);
        rest.for_each(|(_, part)| restoring.take(part).unwrap());
        let entry = fixtures::entry(homeward::ledger::Verb::Administration, "RESTORE");
        let refused = restoring.finish(&whole, None, &entry, &mut Told::default()).err();
        assert!(matches!(refused, Some(StoreError::Damaged(_))), "{missing}: {refused:?}");
        assert_eq!(std::fs::read_dir(&to).unwrap().count(), 0, "nothing stands in its place");
    }
}
