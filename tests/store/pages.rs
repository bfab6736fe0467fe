//! The outbox of pages: a row with whatever is to be paged, until somebody was reached or nobody need be any longer.

use homeward::{
    domain::{
        code::Class,
        delivery::{Delivery, DeliveryId, Header},
        history::{Escalation, Step, StepKind},
        paging::PageId,
    },
    ledger::Verb,
    store::{Along, DuePage, Noted, Outbox, Raise, Round, Settle, Store},
};
use uuid::Uuid;

use super::{Engine, fixtures::*};

async fn due(store: &dyn Store, now: i64) -> Vec<DuePage> {
    store.pages(at(now), round(100)).await.unwrap()
}

/// Whatever is due, at most so many.
fn round(limit: usize) -> Round {
    Round { on_its_way: Vec::new(), of_a_queue: 100, limit }
}

fn held(store: &dyn Store) -> Outbox {
    *store.outbox().borrow()
}

fn page(delivery: DeliveryId, number: u16) -> PageId {
    PageId { delivery, number }
}

fn noted(page: &DuePage, again: Option<i64>, action: &str) -> Noted {
    let entry = Some(entry(Verb::Administration, action));
    Noted { page: page.id, before: page.attempts, again: again.map(at), entry }
}

async fn escalate(store: &dyn Store, delivery: DeliveryId, now: i64) -> u64 {
    let code = Escalation::QueueSupervisor.code().to_owned();
    let (id, kind, by, note) = (Uuid::nil(), StepKind::Escalated, String::new(), Vec::new());
    let step = Step { id, kind, at: at(now), by, code, note, given: Vec::new(), failed: 0 };
    let entry = entry(Verb::Administration, "ESCALATE");
    store.escalate(vec![Raise { delivery, before: 0, step, again_from: None, entry }]).await.unwrap()
}

pub async fn what_is_to_be_paged_waits_in_the_outbox_also_after_a_crash(engine: &impl Engine) {
    let store = engine.open();
    let quiet = Header { page: false, ..header("MPU.SE") };
    let (urgent, on_hold) =
        (Header { rules: vec!["R07".into(), "R00".into()], ..header("MASH.E09000003") }, held_header("HOLD.human"));
    let acceptance = submission(vec![quiet, urgent, on_hold, header("MPU.NE")]);
    let record = acceptance.records[0].record.id;
    store.accept(acceptance.clone()).await.unwrap();
    store.accept(acceptance).await.unwrap();
    let found = due(&*store, 0).await;
    let told: Vec<_> = found.iter().map(|page| (page.id.delivery.leg, page.id.number, page.why.as_str())).collect();
    assert_eq!(told, [(2, 0, "R00"), (3, 0, "R24"), (4, 0, "P1")], "once each, and not the quiet one");
    let first = &found[0];
    assert_eq!(
        (first.queue.as_str(), first.class.code(), first.since, first.attempts),
        ("MASH.E09000003", "P1", at(0), 0)
    );
    assert!(first.id.delivery.record == record && first.escalated_to.is_none());
    assert!(due(&*store, -1).await.is_empty(), "not before its time");
    assert_eq!(store.pages(at(0), round(2)).await.unwrap(), found[..2], "no more than asked for");
    let waiting = held(&*store);
    assert_eq!((waiting.waiting, waiting.failing, waiting.oldest, waiting.next), (3, 0, Some(at(0)), Some(at(0))));

    drop(store);
    let store = engine.open();
    assert_eq!((due(&*store, 0).await, held(&*store)), (found, waiting));
}

pub async fn an_attempt_is_noted_once_whoever_made_it(engine: &impl Engine) {
    let store = engine.open();
    accept_one(&*store, "MPU.SE").await;
    let page = due(&*store, 0).await.remove(0);
    let before = size(&*store).await;
    let both = join_all((0..2).map(|_| store.note_page(noted(&page, Some(5), "PAGE_FAILED")))).await;
    assert_eq!(both.into_iter().filter(|noted| *noted == Ok(true)).count(), 1);
    assert_eq!(size(&*store).await, before + 1, "one entry");
    assert!(due(&*store, 4).await.is_empty(), "not again at once");
    let again = due(&*store, 5).await.remove(0);
    assert_eq!((again.id, again.attempts, again.since), (page.id, 1, page.since));
    assert_eq!(held(&*store).oldest_failing, Some(at(0)));
    assert_eq!(store.note_page(noted(&page, None, "PAGED")).await, Ok(false), "of an attempt that is over");
    // One that nothing is said of in the ledger is noted all the same.
    let quietly = Noted { entry: None, ..noted(&again, Some(15), "") };
    assert_eq!(store.note_page(quietly).await, Ok(true));
    assert_eq!(size(&*store).await, before + 1);
    let last = due(&*store, 15).await.remove(0);
    assert_eq!(last.attempts, 2);
    let both = join_all((0..2).map(|_| store.note_page(noted(&last, None, "PAGED")))).await;
    assert_eq!(both.into_iter().filter(|noted| *noted == Ok(true)).count(), 1);
    assert_eq!((size(&*store).await, held(&*store)), (before + 2, Outbox::default()));
    drop(store);
    assert!(due(&*engine.open(), 1_000_000).await.is_empty(), "it is gone for good");
}

pub async fn who_answers_ends_the_page_and_who_only_takes_it_does_not(engine: &impl Engine) {
    let store = engine.open();
    let mut taken: Vec<Delivery> = Vec::new();
    for _ in 0..6 {
        taken.push(leased(&*store, "MPU.SE").await);
    }
    let left = |expected: &[usize]| {
        let expected: Vec<_> = expected.iter().map(|place| page(taken[*place].id, 0)).collect();
        let store = &store;
        async move {
            let mut found: Vec<_> = due(&**store, 0).await.into_iter().map(|page| page.id).collect();
            found.sort();
            let mut expected = expected;
            expected.sort();
            assert_eq!(found, expected);
            assert_eq!(held(&**store).waiting, expected.len() as u64);
        }
    };
    left(&[0, 1, 2, 3, 4, 5]).await;
    store.opened(holding(&taken[0], 1), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    settle(&*store, holding(&taken[1], 1), Settle::Complete(settled())).await.unwrap();
    settle(&*store, holding(&taken[2], 1), Settle::Reject(rejected())).await.unwrap();
    settle(&*store, holding(&taken[3], 1), Settle::Disclose(CARD)).await.unwrap();
    settle(&*store, holding(&taken[4], 1), Settle::Release(None)).await.unwrap();
    left(&[4, 5]).await;
    // A lease that ran out answers nothing, nor does the limit of attempts.
    store.expire_leases(at(601), 1).await.unwrap();
    left(&[4, 5]).await;
}

pub async fn an_escalation_pages_anew_and_so_does_what_is_sent_on(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    store.opened(holding(&delivery, 1), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    assert!(due(&*store, 1).await.is_empty());
    assert_eq!((escalate(&*store, delivery.id, 86_401).await, escalate(&*store, delivery.id, 86_401).await), (1, 0));
    let late = due(&*store, 86_401).await;
    assert_eq!(late.len(), 1, "opened, and not decided in time: once");
    assert_eq!((late[0].id, late[0].why.as_str(), late[0].since), (page(delivery.id, 1), "R25", at(86_401)));
    assert_eq!((late[0].escalated_to, late[0].class.code()), (Some(Escalation::QueueSupervisor), "P0"));
    store.note_page(noted(&late[0], None, "PAGED")).await.unwrap();

    accept_with(&*store, held_header("HOLD.human")).await;
    let on_hold = pull(&*store, "HOLD.human", 1, 100).await.remove(0);
    let on = vec![header("MPU.NE"), Header { page: false, ..header("MPU.NW") }];
    settle(&*store, holding(&on_hold, 160), Settle::Resolve(settled(), on, Along::default())).await.unwrap();
    let sent_on = due(&*store, 160).await;
    assert_eq!(sent_on.len(), 1, "the one that is to be, and HOLD's own no longer");
    assert_eq!((sent_on[0].id.delivery.leg, sent_on[0].since), (2, at(160)), "from when it was sent on");
}

pub async fn every_queue_has_its_turn_and_the_most_urgent_of_each_is_first(engine: &impl Engine) {
    let store = engine.open();
    for _ in 0..20 {
        accept_with(&*store, header("MPU.SE")).await;
    }
    for (queue, class) in [("MPU.SE", Class::P0), ("MPU.NW", Class::P3), ("MPU.NE", Class::P2)] {
        accept_with(&*store, Header { class, ..header(queue) }).await;
    }
    let asked = |on_its_way: &[DuePage], limit| {
        let on_its_way = on_its_way.iter().map(|page| page.id).collect();
        let (store, round) = (&store, Round { on_its_way, of_a_queue: 3, limit });
        async move { store.pages(at(0), round).await.unwrap() }
    };
    let told =
        |pages: &[DuePage]| pages.iter().map(|page| format!("{} {}", page.queue, page.class)).collect::<Vec<_>>();
    let all = asked(&[], 100).await;
    assert_eq!(told(&all), ["MPU.SE P0", "MPU.NE P2", "MPU.NW P3", "MPU.SE P1", "MPU.SE P1"]);
    assert_eq!(asked(&[], 2).await, all[..2]);
    let more = asked(&all[..1], 100).await;
    assert_eq!(told(&more), ["MPU.NE P2", "MPU.NW P3", "MPU.SE P1", "MPU.SE P1"], "what is on its way counts");
    assert_eq!(told(&asked(&all, 100).await), [""; 0], "each queue has as many as it may, or no more");
    // One that failed is due later: what else waits has its place.
    store.note_page(noted(&all[0], Some(5), "PAGE_FAILED")).await.unwrap();
    assert_eq!(told(&asked(&[], 100).await), ["MPU.SE P1", "MPU.NE P2", "MPU.NW P3", "MPU.SE P1", "MPU.SE P1"]);
}
