//! Contract 10: documents are changed from the version their changer saw, together or not at all.

use homeward::{
    ledger::Verb,
    store::{Amendment, Change, Document, Expect, Keep, Rewrap, Seen, Settle, Shelf, Store, StoreError},
};

use super::{Engine, fixtures::*};

fn change(name: &str, expect: Expect, bytes: Option<&[u8]>) -> Change {
    Change { shelf: Shelf::Certificate, name: name.into(), expect, bytes: bytes.map(<[u8]>::to_vec) }
}

fn amendment(changes: Vec<Change>) -> Amendment {
    let entries = vec![entry(Verb::Administration, "SIGN_CERTIFICATE")];
    Amendment { once: Some(once("SignCertificate")), changes, entries, answer: b"answer".to_vec() }
}

async fn put(store: &dyn Store, name: &str, expect: Expect, bytes: &[u8]) -> Result<(), StoreError> {
    store.amend(amendment(vec![change(name, expect, Some(bytes))])).await.map(|_| ())
}

async fn get(store: &dyn Store, name: &str) -> Option<(u64, Vec<u8>)> {
    let document = store.document(Shelf::Certificate, name).await.unwrap();
    document.map(|Document { version, bytes, .. }| (version, bytes))
}

pub async fn a_document_comes_back_with_its_version_also_after_opening_again(engine: &impl Engine) {
    let mut store = engine.open();
    assert_eq!(get(&*store, "a").await, None);
    let sizes = [0, 5, 6_144, 70_000, 6_145, 1];
    for (version, size) in (1..).zip(sizes) {
        let expect = if version == 1 { Expect::New } else { Expect::Version(version - 1) };
        put(&*store, "a", expect, &vec![7; size]).await.unwrap();
        if version % 2 == 0 {
            store.close().await;
        }
        drop(store);
        store = engine.open();
        assert_eq!(get(&*store, "a").await, Some((version, vec![7; size])));
    }
    assert_eq!(size(&*store).await, sizes.len() as u64, "each with its ledger entry");
    let gone = change("a", Expect::Version(6), None);
    store.amend(amendment(vec![gone])).await.unwrap();
    drop(store);
    let store = engine.open();
    assert_eq!(get(&*store, "a").await, None);
    put(&*store, "a", Expect::New, b"anew").await.unwrap();
}

pub async fn another_version_is_a_conflict_and_nothing_changes(engine: &impl Engine) {
    let store = engine.open();
    put(&*store, "a", Expect::New, b"one").await.unwrap();
    put(&*store, "b", Expect::New, b"one").await.unwrap();
    put(&*store, "b", Expect::Version(1), b"two").await.unwrap();
    let head = store.head().await.unwrap();
    let foolish = [
        ("a", Expect::New, Some(&b"x"[..])),
        ("a", Expect::Version(2), Some(b"x")),
        ("a", Expect::Version(0), None),
        ("b", Expect::Version(1), Some(b"x")),
        ("b", Expect::New, None),
        ("c", Expect::Version(1), Some(b"x")),
        ("c", Expect::Version(1), None),
    ];
    for (name, expect, bytes) in foolish {
        // The others of the same call would do.
        let changes = vec![
            change("d", Expect::New, Some(b"x")),
            change(name, expect, bytes),
            change("e", Expect::New, Some(b"x")),
        ];
        let refused = amendment(changes);
        assert_eq!(store.amend(refused.clone()).await, Err(StoreError::Conflict), "{name} {expect:?}");
        assert_eq!(store.answered(&refused.once.unwrap()).await, Ok(None), "a refusal is not kept");
    }
    for name in ["", &"n".repeat(513)] {
        assert_eq!(put(&*store, name, Expect::New, b"x").await, Err(StoreError::WrongState));
    }
    assert_eq!(store.head().await.unwrap(), head);
    let all = store.documents(Shelf::Certificate, "", 10).await.unwrap();
    let all: Vec<_> = all.into_iter().map(|each| (each.name, each.version, each.bytes)).collect();
    assert_eq!(all, [("a".into(), 1, b"one".to_vec()), ("b".into(), 2, b"two".to_vec())]);
}

pub async fn of_many_who_saw_the_same_version_one_succeeds(engine: &impl Engine) {
    let store = engine.open();
    put(&*store, "a", Expect::New, b"0").await.unwrap();
    let tries = join_all((0..32).map(|number: u8| {
        let amendment = amendment(vec![change("a", Expect::Version(1), Some(&[number]))]);
        store.amend(amendment)
    }))
    .await;
    assert_eq!(tries.iter().filter(|each| each.is_ok()).count(), 1);
    assert!(tries.iter().all(|each| each.is_ok() || each == &Err(StoreError::Conflict)));
    assert_eq!(get(&*store, "a").await.unwrap().0, 2);
    assert_eq!(size(&*store).await, 2);
}

pub async fn an_amendment_again_answers_as_the_first_time(engine: &impl Engine) {
    let store = engine.open();
    put(&*store, "before", Expect::New, b"x").await.unwrap();
    let mut given = amendment(vec![change("a", Expect::New, Some(b"one"))]);
    if let Some(once) = &mut given.once {
        once.keep = Keep::Until(at(100));
    }
    let first = store.amend(given.clone()).await.unwrap();
    assert_eq!((first.ledger_index, first.answer.as_slice(), first.replayed), (1, &b"answer"[..], false));
    drop(store);
    let store = engine.open();
    let mut again = given.clone();
    again.answer = b"another".to_vec();
    again.changes[0].bytes = Some(b"two".to_vec());
    let second = store.amend(again).await.unwrap();
    assert_eq!((second.ledger_index, &second.answer, second.replayed), (1, &first.answer, true));
    assert_eq!(store.answered(given.once.as_ref().unwrap()).await, Ok(Some(second)));
    assert_eq!(get(&*store, "a").await, Some((1, b"one".to_vec())));
    assert_eq!(size(&*store).await, 2);
    let mut other = given.clone();
    if let Some(once) = &mut other.once {
        once.digest = [9; 32];
    }
    assert_eq!(store.amend(other).await, Err(StoreError::RequestIdReused));
    assert_eq!(store.forget_answers(at(101)).await, Ok(1));
    assert_eq!(store.amend(given).await, Err(StoreError::Conflict), "forgotten, and there already");
}

pub async fn bookkeeping_needs_no_entry_and_no_request(engine: &impl Engine) {
    let store = engine.open();
    put(&*store, "a", Expect::New, b"one").await.unwrap();
    let changes = vec![change("a", Expect::Version(1), Some(b"two")), change("b", Expect::New, Some(b"one"))];
    let quiet = Amendment { once: None, changes, entries: Vec::new(), answer: Vec::new() };
    let mut seen = store.changes();
    seen.mark_unchanged();
    assert_eq!(store.amend(quiet).await.unwrap().ledger_index, 1);
    assert!(seen.has_changed().unwrap());
    assert_eq!(size(&*store).await, 1);
    assert_eq!(get(&*store, "a").await, Some((2, b"two".to_vec())));
}

pub async fn shelves_are_paged_in_order_and_apart(engine: &impl Engine) {
    let store = engine.open();
    let names: Vec<_> = (0..25).map(|number| format!("n{number:02}")).collect();
    for name in names.iter().rev() {
        // Large ones, in pieces, are one document each.
        put(&*store, name, Expect::New, &vec![1; 20_000]).await.unwrap();
    }
    for shelf in Shelf::ALL.iter().copied().filter(|shelf| *shelf != Shelf::Certificate) {
        let change = Change { shelf, name: "n05".into(), expect: Expect::New, bytes: Some(vec![2]) };
        store.amend(amendment(vec![change])).await.unwrap();
        assert_eq!(store.documents(shelf, "", 10).await.unwrap().len(), 1);
    }
    for limit in [1, 7, 25, 100] {
        let (mut seen, mut after) = (Vec::new(), String::new());
        loop {
            let page = store.documents(Shelf::Certificate, &after, limit).await.unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after.clone_from(&last.name);
            seen.extend(page.into_iter().map(|document| document.name));
        }
        assert_eq!(seen, names, "by {limit}");
    }
}

/// An acceptance or a replacement of wraps that relies on version `version` of the document `a`.
fn relying(version: u64) -> Option<Seen> {
    Some(Seen { shelf: Shelf::Certificate, name: "a".into(), version })
}

pub async fn what_relies_on_a_version_that_is_gone_is_a_conflict(engine: &impl Engine) {
    let store = engine.open();
    let mut given = to(&["MPU.NW"]);
    given.records[0].wraps = b"wraps".to_vec();
    given.records[0].wrapped_under = "old".into();
    given.seen = relying(1);
    assert_eq!(store.accept(given.clone()).await.unwrap_err(), StoreError::Conflict, "there is none yet");
    put(&*store, "a", Expect::New, b"one").await.unwrap();
    put(&*store, "a", Expect::Version(1), b"two").await.unwrap();
    assert_eq!(store.accept(given.clone()).await.unwrap_err(), StoreError::Conflict);
    assert!(store.wraps(None, 9).await.unwrap().is_empty());
    given.seen = relying(2);
    store.accept(given.clone()).await.unwrap();
    let record = given.records[0].record.id;
    let [found] = &store.wraps(None, 9).await.unwrap()[..] else { panic!("one record") };
    assert!((found.record, found.organisation.as_str(), &found.bytes[..]) == (record, BARNET, b"wraps"));
    assert!(store.wraps(Some(record), 9).await.unwrap().is_empty());
    assert_eq!(store.wrapped().await.unwrap(), [("old".into(), 1)]);
    assert_eq!(store.sealed(record).await.unwrap().unwrap(), b"wrapssealed");
    let rewrap = |before: &[u8], after: &[u8]| {
        let (before, after) = (before.to_vec(), after.to_vec());
        Rewrap { record, before, after, under: "new".into() }
    };
    let quiet = |changes| Amendment { once: None, changes, entries: Vec::new(), answer: Vec::new() };
    let foolish = [
        (rewrap(b"wraps", b"x"), relying(1), Expect::Version(2)),
        (rewrap(b"other", b"x"), relying(2), Expect::Version(2)),
        (rewrap(b"wraps", b"x"), relying(2), Expect::Version(1)),
    ];
    for (one, seen, expect) in foolish {
        let refused = store.rewrap(vec![one], seen, quiet(vec![change("a", expect, Some(b"x"))])).await;
        assert_eq!(refused.unwrap_err(), StoreError::Conflict);
    }
    assert_eq!(store.wrapped().await.unwrap(), [("old".into(), 1)], "what is refused is not counted");
    let known = change("b", Expect::New, Some(b"cursor"));
    store.rewrap(vec![rewrap(b"wraps", b"again")], relying(2), quiet(vec![known])).await.unwrap();
    store.close().await;
    drop(store);
    let store = engine.open();
    assert_eq!(store.sealed(record).await.unwrap().unwrap(), b"againsealed");
    assert_eq!((get(&*store, "a").await.unwrap().0, get(&*store, "b").await.unwrap().0), (2, 1));
    assert_eq!(store.wrapped().await.unwrap(), [("new".into(), 1)]);
}

pub async fn records_are_counted_by_what_they_are_wrapped_under_and_a_scan_agrees(engine: &impl Engine) {
    let mut store = engine.open();
    let under = |number: usize| ["a", "b", "c"][number % 3].to_owned();
    let given: Vec<_> = (0..50)
        .map(|number| {
            let mut given = to(&["MPU.NW"]);
            (given.records[0].wraps, given.records[0].wrapped_under) = (under(number).into_bytes(), under(number));
            given
        })
        .collect();
    join_all(given.iter().map(|each| store.accept(each.clone()))).await;
    // Again, which counts nothing again.
    join_all(given.iter().map(|each| store.accept(each.clone()))).await;
    let all = store.wraps(None, 99).await.unwrap();
    let (mut of_b, half) = (0, 8);
    let anew = all.iter().filter(|each| {
        of_b += usize::from(each.bytes == b"b");
        each.bytes == b"a" || (each.bytes == b"b" && of_b <= half)
    });
    let anew = anew.map(|each| Rewrap {
        record: each.record,
        before: each.bytes.clone(),
        after: b"c".to_vec(),
        under: "c".into(),
    });
    let quiet = Amendment { once: None, changes: Vec::new(), entries: Vec::new(), answer: Vec::new() };
    store.rewrap(anew.collect(), None, quiet).await.unwrap();
    for _ in 0..2 {
        let scanned = store.wraps(None, 99).await.unwrap();
        let mut counts = std::collections::BTreeMap::new();
        for each in scanned {
            *counts.entry(String::from_utf8(each.bytes).unwrap()).or_insert(0) += 1;
        }
        assert!(!counts.contains_key("a") && counts.len() == 2 && counts.values().sum::<u64>() == 50);
        assert_eq!(store.wrapped().await.unwrap(), counts.into_iter().collect::<Vec<_>>());
        // Dropped without being closed: the next one counts everything.
        drop(store);
        store = engine.open();
    }
}

pub async fn what_is_not_settled_is_found_wherever_it_waits_a_page_at_a_time(engine: &impl Engine) {
    let mut store = engine.open();
    // Ready at two destinations, leased, handed back, a dead letter, and one that is settled at one of two.
    let two = to(&["MPU.NW", "MASH.E09000023"]);
    let mut wanted = std::collections::BTreeSet::from([two.records[0].record.id]);
    store.accept(two).await.unwrap();
    let leased_one = leased(&*store, "EDT.E09000023").await;
    let back = leased(&*store, "MPU.SE").await;
    settle(&*store, holding(&back, 1), Settle::Release(Some(at(900)))).await.unwrap();
    let dead = leased(&*store, "REFDESK.SE").await;
    settle(&*store, holding(&dead, 1), Settle::Reject(rejected())).await.unwrap();
    let half = to(&["MPU.SW", "ALLOC.E09000023"]);
    wanted.extend([leased_one.id, back.id, dead.id].map(|id| id.record));
    wanted.insert(half.records[0].record.id);
    store.accept(half).await.unwrap();
    let done = leased(&*store, "FORCE.X").await;
    for delivery in [pull(&*store, "MPU.SW", 1, 0).await.remove(0), done] {
        settle(&*store, holding(&delivery, 1), Settle::Complete(settled())).await.unwrap();
    }
    for page in [1, 2, 3, 100] {
        let (mut found, mut after) = (std::collections::BTreeSet::new(), None);
        loop {
            let (wraps, next) = store.unsettled(after, page).await.unwrap();
            assert!(wraps.len() <= page && wraps.iter().all(|one| one.organisation == BARNET));
            found.extend(wraps.iter().map(|one| one.record));
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found, wanted, "pages of {page}");
        drop(store);
        store = engine.open();
    }
}
