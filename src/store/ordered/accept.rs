//! Accepting a submission: record, deliveries, kept answer, ledger entries and list entry, in one batch.

use std::collections::BTreeSet;

use super::{keys, prompts, read::accepted, retracted, shelf::still, transaction::Transaction, view::Look};
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId, Header, State},
        prompt::TrackedPrompt,
    },
    store::{
        Acceptance, Accepted, Kept, NewRecord, StoreError,
        stored::{Answer, Legs, Listed, encode_record},
    },
};

/// Accepts, or answers as the first time.
pub(in crate::store) fn accept(tx: &mut Transaction<'_>, acceptance: &Acceptance) -> Result<Accepted, StoreError> {
    match tx.answered(&acceptance.once)? {
        None => {}
        Some(Answer::Accepted(record)) => return accepted(&tx.view, record),
        Some(_) => return Err(StoreError::Damaged("a kept answer is of another kind".into())),
    }
    still(&tx.view, acceptance.seen.as_ref())?;
    let Some((subject, _)) = acceptance.records.split_first() else { return Err(StoreError::WrongState) };
    // The subject's prompts go on there; another child's may be another's.
    let again: BTreeSet<_> = TrackedPrompt::raised(&subject.deliveries).into_iter().map(|prompt| prompt.kind).collect();
    let none = BTreeSet::new();
    for retract in &acceptance.retracts {
        let goes_on = subject.record.corrects == Some(retract.record);
        retracted::retract(tx, retract, if goes_on { &again } else { &none })?;
    }
    let Some((first, more)) = acceptance.entries.split_first() else { return Err(StoreError::WrongState) };
    let ledger_index = tx.append(first)?;
    let root = tx.books.meta.frontier.root();
    for entry in more {
        tx.append(entry)?;
    }
    let kept = Kept { ledger_index, answer: acceptance.answer.clone(), root };
    let accuses = acceptance.retracts.iter().any(|one| !one.kept_from.references.is_empty());
    for (number, new) in acceptance.records.iter().enumerate() {
        store(tx, (new, accuses), (number == 0).then(|| kept.clone()))?;
    }
    let listed = Listed { record: subject.record.id, at: subject.record.received };
    for follower in subject.record.followers() {
        tx.view.put(keys::listed(&follower, Some(ledger_index)), listed.encode());
        tx.books.meta.listed += 1;
    }
    tx.keep_answer(&acceptance.once, &Answer::Accepted(subject.record.id))?;
    Ok(Accepted { ledger_index, answer: acceptance.answer.clone(), root, replayed: false })
}

/// Writes one record with its sealed value and its deliveries; `accuses`: it corrects another, and accuses somebody.
fn store(tx: &mut Transaction<'_>, (new, accuses): (&NewRecord, bool), kept: Option<Kept>) -> Result<(), StoreError> {
    let key = keys::record(new.record.id);
    if tx.view.get(&key)?.is_some() {
        // Never over an older one: its id came up twice.
        return Err(StoreError::WrongState);
    }
    let mut value = encode_record(&new.record, kept);
    value.extend(&new.sealed);
    tx.view.put_large(key, &value)?;
    tx.books.meta.records += 1;
    let deliveries: Vec<Delivery> = (1..)
        .zip(&new.deliveries)
        .map(|(leg, header)| waiting(DeliveryId { record: new.record.id, leg }, header.clone()))
        .collect();
    let (followers, wraps) = (new.record.followers(), new.wraps.clone());
    let wrapped_under = new.wrapped_under.clone();
    tx.wrapped(None, &wrapped_under);
    let (retractions, readings) = (Vec::new(), Vec::new());
    let (confirmed, erased, excluded) = (Vec::new(), None, new.record.excluded.clone());
    let prompts = prompts::raised(tx, (new.record.corrects, accuses), &deliveries)?;
    let mut legs = Legs {
        followers,
        deliveries,
        confirmed,
        wraps,
        wrapped_under,
        retractions,
        readings,
        erased,
        prompts,
        excluded,
    };
    legs.show();
    tx.create(new.record.id, &legs)
}

/// A delivery as it is when it is made.
pub(in crate::store) fn waiting(id: DeliveryId, header: Header) -> Delivery {
    Delivery {
        id,
        header,
        state: State::Waiting,
        lease: None,
        acquired: 0,
        failed: 0,
        not_before: None,
        escalate_from: None,
        delivered: None,
        opened: None,
        settled: None,
        confirmed: Vec::new(),
        prompts: Vec::new(),
        history: Vec::new(),
        transfer: None,
        offered: None,
        from_hold: None,
    }
}

#[cfg(test)]
pub(in crate::store) mod tests {
    use jiff::SignedDuration;
    use uuid::Uuid;

    use super::*;
    use crate::{
        domain::{
            code::Class,
            decision::{Content, PromptKind},
            delivery::{ItemHeader, Lease, PromptDue, Settled},
            history::{Step, StepKind},
            queue::QueueId,
            unit::{Audience, Part, UnitLabel},
        },
        ledger::{Entry, Verb},
        store::{
            Amendment, Change, Expect, Held, Keep, Once, Pull, Record, Settle, Shelf,
            ordered::{lease, shelf, transaction::Books, view::tests::Memory},
        },
    };

    fn header(queue: &str) -> Header {
        let at = "2026-03-02T23:30:00.123456Z".parse().unwrap();
        Header {
            queue: QueueId::parse(queue).unwrap(),
            class: Class::P1,
            rules: vec!["R02".into(), "R07".into()],
            rule_set: "2026-11-3".into(),
            contents: vec![Content::EpisodeCard, Content::Items, Content::Safeguarding],
            items: vec![ItemHeader {
                number: 1,
                proposed: "2A".into(),
                handling: "C A1 S2".into(),
                instruction: String::new(),
            }],
            prompts: Vec::new(),
            units: vec![UnitLabel { item: Some(1), part: Part::Item, audience: Audience::Mash }; 3],
            received: at,
            ack_due: Some(at),
            decide_due: Some(at),
            page: false,
            provisional: false,
            held: None,
            linked_from: None,
            corrects: None,
            notice: None,
        }
    }

    /// One item, three legs, 3 KB sealed.
    fn plain() -> Acceptance {
        let id = Uuid::from_u128(1);
        let who = "homeward://pilot.example/gss/E09000003/council_submitter/case-system".to_owned();
        let received = "2026-03-02T23:30:00.123456Z".parse().unwrap();
        let record = Record {
            id,
            organisation: "gss/E09000003".into(),
            on_behalf_of: "E09000003".into(),
            received,
            class: Class::P1,
            linked_from: None,
            corrects: None,
            linked: Vec::new(),
            excluded: Vec::new(),
            carer_copy: crate::domain::carer_copy::CarerCopy::Proposed,
        };
        let deliveries = ["MPU.NW", "MASH.E09000003", "REFDESK.NW"].map(header).to_vec();
        let entry = Entry {
            at: received,
            verb: Verb::Collection,
            action: "SUBMIT".into(),
            who: who.clone(),
            actor: Some([1; 32]),
            record: Some(id),
            deliveries: Vec::new(),
            recipients: Vec::new(),
            details: vec!["2026-11-3".into()],
            commitment: Some([2; 32]),
        };
        Acceptance {
            once: Once { caller: who, method: "SubmitReferral", request: id, digest: [3; 32], keep: Keep::WithRecord },
            records: vec![NewRecord {
                record,
                wraps: vec![7; 200],
                wrapped_under: "0123456789abcdef".into(),
                sealed: vec![4; 3_000],
                deliveries,
            }],
            entries: vec![entry],
            answer: vec![5; 200],
            seen: None,
            retracts: Vec::new(),
        }
    }

    /// A record about which nothing is open any longer.
    fn finished(tx: &mut Transaction<'_>) {
        let mut other = plain();
        let once = |number| Once { request: Uuid::from_u128(number), ..plain().once };
        let (entry, now) = (other.entries[0].clone(), other.records[0].record.received);
        other.once = once(6);
        let id = Uuid::from_u128(2);
        (other.records[0].record.id, other.records[0].deliveries) = (id, vec![header("MPU.SE")]);
        tx.run(|tx| accept(tx, &other)).unwrap();
        let pull = Pull {
            once: once(7),
            queue: QueueId::parse("MPU.SE").unwrap(),
            holder: "officer".into(),
            reader: [0; 32],
            session: "session".into(),
            tokens: vec!["token".into()],
            now,
            expires: now + SignedDuration::from_mins(10),
            entry: entry.clone(),
        };
        tx.run(|tx| lease::pull(tx, &pull)).unwrap();
        let settled = Settled {
            at: now,
            by: "officer".into(),
            outcome: "recorded".into(),
            reason: None,
            release_detail: false,
            note: Vec::new(),
        };
        let held = Held {
            delivery: DeliveryId { record: id, leg: 1 },
            queue: QueueId::parse("MPU.SE").unwrap(),
            holder: "officer".into(),
            token: "token".into(),
            now,
            kept_from: None,
            retractions: None,
        };
        let settling = lease::Use { once: once(8), held, settle: Settle::Complete(settled), entry: entry.clone() };
        tx.run(|tx| lease::settle(tx, &settling)).unwrap();
    }

    /// A record that is followed for a prompt.
    fn prompted(tx: &mut Transaction<'_>) {
        let mut other = plain();
        other.once.request = Uuid::from_u128(9);
        let new = &mut other.records[0];
        (new.record.id, new.deliveries) = (Uuid::from_u128(3), vec![header("MPU.NE")]);
        let (kind, due) = (PromptKind::Strategy, Some(new.record.received));
        new.deliveries[0].prompts = vec![PromptDue { kind, rule: "R12".into(), due, overdue_on_arrival: false }];
        tx.run(|tx| accept(tx, &other)).unwrap();
    }

    /// Writes a key of every kind: one leg ready, one handed over under a lease, one handed back for later.
    pub fn everything(tx: &mut Transaction<'_>) {
        let mut acceptance = plain();
        acceptance.records[0].deliveries[1].page = true;
        let entry = acceptance.entries[0].clone();
        let once = |number| Once { request: Uuid::from_u128(number), ..acceptance.once.clone() };
        tx.run(|tx| accept(tx, &acceptance)).unwrap();
        let now = acceptance.records[0].record.received;
        for (number, name) in [(2, "MPU.NW"), (3, "REFDESK.NW")] {
            let pull = Pull {
                once: once(number),
                queue: QueueId::parse(name).unwrap(),
                holder: "officer".into(),
                reader: [0; 32],
                session: "session".into(),
                tokens: vec!["token".into()],
                now,
                expires: now + SignedDuration::from_mins(10),
                entry: entry.clone(),
            };
            tx.run(|tx| lease::pull(tx, &pull)).unwrap();
        }
        let held = |leg, name| Held {
            delivery: DeliveryId { record: acceptance.records[0].record.id, leg },
            queue: QueueId::parse(name).unwrap(),
            holder: "officer".into(),
            token: "token".into(),
            now,
            kept_from: None,
            retractions: None,
        };
        let colleague = Lease {
            token: "other".into(),
            holder: "colleague".into(),
            session: String::new(),
            expires: now + SignedDuration::from_mins(60),
            since: now,
            handed_over: true,
        };
        let step = Step {
            id: Uuid::from_u128(5),
            kind: StepKind::HandedOver,
            at: now,
            by: "officer".into(),
            code: "colleague".into(),
            note: vec![8; 40],
            given: Vec::new(),
            failed: 0,
        };
        for (number, held, settle) in [
            (4, held(1, "MPU.NW"), Settle::Release(Some(now + SignedDuration::from_mins(20)))),
            (5, held(3, "REFDESK.NW"), Settle::HandOver(step, Some(colleague))),
        ] {
            let entry = entry.clone();
            tx.run(|tx| lease::settle(tx, &lease::Use { once: once(number), held, settle, entry })).unwrap();
        }
        finished(tx);
        prompted(tx);
        let change =
            Change { shelf: Shelf::Proposal, name: "p1".into(), expect: Expect::New, bytes: Some(vec![6; 40]) };
        let amendment = Amendment { once: None, changes: vec![change], entries: Vec::new(), answer: Vec::new() };
        tx.run(|tx| shelf::amend(tx, amendment)).unwrap();
    }

    #[test]
    fn a_plain_submission_takes_eight_keys_and_less_than_six_kilobytes() {
        let (kept, mut books) = (Memory::default(), Books::default());
        let mut tx = Transaction::new(&kept, &mut books);
        tx.run(|tx| accept(tx, &plain())).unwrap();
        let (keys, bytes) = tx.view.size();
        assert_eq!(keys, 8);
        assert!(bytes < 6 * 1024, "{bytes} bytes");
        assert!(bytes < 3_200 + 2_048, "{bytes} bytes: more than two kilobytes around what is sealed");
    }
}
