//! Contract 6: one ledger, no gap, the root that of its entries.

use homeward::{
    ledger::{self, Verb},
    store::{Claim, Proven, Settle, Store, StoreError},
};
use ring::digest::{SHA256, digest};

use super::{Engine, fixtures::*};

/// The recursive definition of RFC 9162 2.1.1, written out again.
fn root(entries: &[Vec<u8>]) -> Vec<u8> {
    let hash = |bytes: &[u8]| digest(&SHA256, bytes).as_ref().to_vec();
    match entries {
        [] => hash(&[]),
        [entry] => hash(&[&[0], entry.as_slice()].concat()),
        _ => {
            let half = entries.len().next_power_of_two() / 2;
            hash(&[vec![1], root(&entries[..half]), root(&entries[half..])].concat())
        }
    }
}

/// Reads the whole ledger in steps and compares it with its head.
async fn verified(store: &dyn Store) -> Vec<ledger::Entry> {
    let head = store.head().await.unwrap();
    let mut bytes = Vec::new();
    loop {
        let step = store.entries(bytes.len() as u64, 7).await.unwrap();
        if step.is_empty() {
            break;
        }
        for (index, entry) in step {
            assert_eq!(index, bytes.len() as u64, "no gap");
            bytes.push(entry);
        }
    }
    assert_eq!(bytes.len() as u64, head.size);
    assert_eq!(root(&bytes), head.root);
    bytes.iter().map(|entry| ledger::decode(entry).unwrap()).collect()
}

pub async fn indices_have_no_gap_and_the_root_is_that_of_the_entries(engine: &impl Engine) {
    let store = engine.open();
    assert!(verified(&*store).await.is_empty());
    let accepted = join_all((0..30).map(|number| {
        let mut acceptance = to(&["MPU.SE"]);
        // Some write several entries: the first one's index is the answer's.
        acceptance.entries.extend((0..number % 3).map(|_| entry(Verb::Combination, "LINK")));
        store.accept(acceptance)
    }))
    .await;
    let entries = verified(&*store).await;
    assert_eq!(entries.len(), 60);
    for accepted in accepted {
        let accepted = accepted.unwrap();
        let first = &entries[usize::try_from(accepted.ledger_index).unwrap()];
        assert_eq!(first.record.unwrap().as_bytes().as_slice(), accepted.answer);
    }
    let pulled = pull(&*store, "MPU.SE", 9, 0).await;
    settle(&*store, holding(&pulled[0], 1), Settle::Complete(settled())).await.unwrap();
    let entries = verified(&*store).await;
    assert_eq!(entries.len(), 62);
    assert_eq!(entries[60].deliveries, ids(&pulled), "what was disclosed");
    assert_eq!(entries[61].action, "SETTLE");
}

pub async fn every_claim_is_proven_whatever_the_size_and_no_false_one(engine: &impl Engine) {
    let store = engine.open();
    // Past a thousand: full subtrees of several sizes are kept, and some were finished in one batch.
    for _ in 0..11 {
        join_all((0..100).map(|_| store.record_entry(entry(Verb::Refusal, "SUBMIT")))).await;
    }
    let entries: Vec<Vec<u8>> = store.entries(0, 2000).await.unwrap().into_iter().map(|(_, entry)| entry).collect();
    let size_of = |size: u64| usize::try_from(size).unwrap();
    for size in [1, 2, 255, 256, 257, 511, 512, 700, 1024, 1100] {
        let expected = root(&entries[..size_of(size)]);
        for index in [0, 1, 254, 255, 256, 300, 511, 512, 1023, 1099] {
            let found = store.prove(Claim::Inclusion(index), Some(size)).await.unwrap();
            assert_eq!(found.is_some(), index < size, "{index} of {size}");
            let Some(Proven { head, path }) = found else { continue };
            assert_eq!((head.size, head.root.as_slice()), (size, expected.as_slice()));
            let leaf = ledger::leaf_hash(&entries[size_of(index)]);
            assert!(ledger::is_included(leaf, index, size, &path, &head.root), "{index} of {size}");
            assert!(path.len() <= 11);
        }
        for first in [1, 2, 3, 255, 256, 300, 512, 1000, 1024, 1100] {
            let found = store.prove(Claim::Consistency(first), Some(size)).await.unwrap();
            assert_eq!(found.is_some(), first <= size, "{first} in {size}");
            let Some(Proven { head, path }) = found else { continue };
            let older = root(&entries[..size_of(first)]).try_into().unwrap();
            assert!(ledger::is_consistent((first, &older), (size, &head.root), &path), "{first} in {size}");
        }
    }
    let now = store.prove(Claim::Inclusion(5), None).await.unwrap().unwrap();
    assert_eq!(now.head, store.head().await.unwrap());
    for claim in [Claim::Consistency(0), Claim::Consistency(1101), Claim::Inclusion(1100)] {
        assert_eq!(store.prove(claim, None).await, Ok(None));
    }
    assert_eq!(store.prove(Claim::Inclusion(0), Some(1101)).await, Ok(None), "of a ledger that is longer than it is");
    assert_eq!(store.prove(Claim::Inclusion(0), Some(0)).await, Ok(None));
}

pub async fn entries_come_back_as_hashed(engine: &impl Engine) {
    let store = engine.open();
    let mut refusal = entry(Verb::Refusal, "SUBMIT");
    refusal.details = (0..3000).map(|number| format!("items[{number}].text")).collect();
    for number in 0..3 {
        assert_eq!(store.record_entry(refusal.clone()).await, Ok(number));
    }
    let entries = store.entries(1, 10).await.unwrap();
    assert_eq!(entries.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(entries[0].1, ledger::encode(&refusal));
    assert_eq!(verified(&*store).await, vec![refusal; 3]);
    assert!(store.entries(3, 10).await.unwrap().is_empty());
}

pub async fn what_is_refused_writes_nothing(engine: &impl Engine) {
    let store = engine.open();
    let acceptance = to(&["MPU.SE"]);
    store.accept(acceptance.clone()).await.unwrap();
    let before = verified(&*store).await;
    let mut twin = to(&["MPU.SE"]);
    twin.records[0].record.id = acceptance.records[0].record.id;
    assert_eq!(store.accept(twin.clone()).await, Err(StoreError::WrongState));
    assert_eq!(store.answered(&twin.once).await, Ok(None));
    assert_eq!(verified(&*store).await, before);
    assert_eq!(store.records(BARNET, u64::MAX, 10).await.unwrap().len(), 1);
}

pub async fn an_expiry_is_in_the_ledger(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    store.expire_leases(at(700), 5).await.unwrap();
    let entries = verified(&*store).await;
    let last = entries.last().unwrap();
    assert_eq!((last.verb, last.action.as_str(), last.who.as_str()), (Verb::Administration, "LEASE_EXPIRED", ""));
    assert_eq!((last.at, last.record, &last.deliveries), (at(700), Some(delivery.id.record), &vec![delivery.id]));
}

pub async fn the_ledger_goes_on_after_opening_again(engine: &impl Engine) {
    let mut expected = 0;
    for closed in [true, false, true, false] {
        let store = engine.open();
        assert_eq!(verified(&*store).await.len(), expected);
        for _ in 0..5 {
            assert_eq!(store.accept(to(&["MPU.SE"])).await.unwrap().ledger_index, expected as u64);
            expected += 1;
        }
        if closed {
            store.close().await;
        }
    }
    let store = engine.open();
    assert_eq!(verified(&*store).await.len(), expected);
}
