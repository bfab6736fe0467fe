//! Kept answers, documents, and the further pieces of large values.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Deep, Whole};
use crate::{
    domain::{
        delivery::{Delivery, State},
        grading::ConfirmedGrade,
        history::{Step, StepKind},
    },
    store::{
        Relation, Shelf, StoreError,
        ordered::{keys, read, transaction::legs, view::Look},
        stored::{Answer, decode_document},
    },
};

/// Walks them.
pub(super) fn walk(deep: &mut Deep<'_>, whole: &Whole<'_>) -> Result<(), StoreError> {
    for key in whole.keys(b"i") {
        let key = key?;
        deep.step(b'i');
        deep.examined.answers += 1;
        answer(deep, whole, &key)?;
    }
    for record in std::mem::take(&mut deep.subjects) {
        let says = "the first answer of its request is missing: sent again, it would be accepted a second time";
        deep.lost(Relation::Answer, format!("record {record}"), says);
    }
    let short = deep.short(b"i", whole.meta.answers);
    for key in whole.keys(keys::KEPT_UNTIL) {
        let key = key?;
        if Look::get(&whole.tree, keys::kept_of(&key))?.is_some() {
            continue;
        }
        let about = format!("answer {}", hex::encode(keys::kept_of(&key)));
        if short {
            deep.lost(Relation::Answer, about, "it is missing: its request, sent again, would be carried out again");
        } else {
            deep.found(Relation::Stray, format!("the end of {about}"), "there is no such answer");
        }
    }
    if short {
        unanswered(deep, whole)?;
    }
    documents(deep, whole)?;
    pieces(deep, whole)
}

fn answer(deep: &mut Deep<'_>, whole: &Whole<'_>, key: &[u8]) -> Result<(), StoreError> {
    let tree = &whole.tree;
    let about = format!("answer {}", hex::encode(key));
    let read = |bytes: Option<Vec<u8>>| {
        let bytes = bytes.ok_or_else(|| StoreError::Damaged("it cannot be read".into()))?;
        Answer::of_any(&bytes).map(|(_, answer)| answer)
    };
    let Some(answer) = deep.checked(tree.large(key).and_then(read), Relation::Answer, &about)? else { return Ok(()) };
    let about_deliveries = match answer {
        Answer::Accepted(record) => {
            if !deep.subjects.remove(&record) {
                let says = format!("it is that of record {record}, which is missing or has no receipt, or has two");
                deep.found(Relation::Answer, about, says);
            }
            return Ok(());
        }
        Answer::Amended(kept) => {
            if kept.ledger_index > whole.meta.frontier.size() {
                deep.found(Relation::Answer, about, format!("it names entry {} of the ledger", kept.ledger_index));
            }
            return Ok(());
        }
        Answer::Delivery(one) => vec![*one],
        Answer::Deliveries(several) => several,
    };
    for delivery in about_deliveries {
        if matches!(read::delivery(tree, delivery.id), Ok(None)) {
            deep.found(Relation::Answer, &about, format!("it is about delivery {}, which is not there", delivery.id));
        }
    }
    Ok(())
}

/// Some answers are missing: which of those that whoever decided about a delivery was given.
fn unanswered(deep: &mut Deep<'_>, whole: &Whole<'_>) -> Result<(), StoreError> {
    let mut given = HashSet::new();
    for key in whole.keys(b"i") {
        // What cannot be read was told already.
        let Ok(Some(bytes)) = whole.tree.large(&key?) else { continue };
        if let Ok((_, Answer::Delivery(delivery))) = Answer::of_any(&bytes) {
            let newest = [steps(&delivery, &[]).last(), grades(&delivery).last(), end(&delivery)];
            given.extend(newest.into_iter().flatten().map(|what| (delivery.id, what)));
        }
    }
    for key in whole.keys(b"d") {
        let Some(id) = keys::record_of_legs(&key?) else { continue };
        let Ok(Some(found)) = legs(&whole.tree, id) else { continue };
        for delivery in &found.deliveries {
            let decided = steps(delivery, &found.deliveries).chain(grades(delivery)).chain(end(delivery));
            for what in decided.filter(|what| !given.contains(&(delivery.id, *what))) {
                let says = format!("the first answer of {} is missing", what.1);
                deep.lost(Relation::Answer, format!("delivery {}", delivery.id), says);
            }
        }
    }
    Ok(())
}

/// A decision about a delivery: the request, where the delivery keeps it, and what was decided.
type Decision = (Uuid, &'static str);

/// Not what came along with a transfer: whoever decided that was answered about the delivery from which it came.
fn steps(delivery: &Delivery, all: &[Delivery]) -> impl Iterator<Item = Decision> {
    let decided = |step: &Step| decision(step.kind).map(|what| (step.id, what));
    let own = |step: &&Step| !step.id.is_nil() && delivery.written_on(step, all) == delivery.id.leg;
    delivery.history.iter().filter(own).filter_map(decided)
}

fn grades(delivery: &Delivery) -> impl Iterator<Item = Decision> {
    let own = |grade: &&ConfirmedGrade| grade.leg == Some(delivery.id.leg);
    delivery.confirmed.iter().filter(own).map(|grade| (grade.id, "a confirmed grade"))
}

fn end(delivery: &Delivery) -> Option<Decision> {
    match delivery.state {
        State::Completed => Some((Uuid::nil(), "its completion")),
        State::Resolved => Some((Uuid::nil(), "its resolution")),
        // Whoever decided that was answered about another delivery, or nobody was.
        State::Transferred | State::Declined | State::Superseded | State::Recalled => None,
        State::Waiting | State::Leased | State::DeadLetter => None,
    }
}

/// What somebody decided about this very delivery; none where the answer was about another.
fn decision(kind: StepKind) -> Option<&'static str> {
    match kind {
        StepKind::Rejected => Some("its rejection"),
        StepKind::Replayed => Some("its return from the dead-letter side"),
        StepKind::Escalated => Some("its escalation"),
        StepKind::HandedOver => Some("a hand-over"),
        StepKind::TakenBack => Some("what was taken back"),
        StepKind::TransferOffered => Some("an offer to another unit"),
        StepKind::TransferAccepted => Some("an accepted offer"),
        StepKind::Offered | StepKind::TransferRefused | StepKind::TransferLapsed => None,
        StepKind::Corrected | StepKind::Recalled => None,
        StepKind::Asked => Some("a question about it"),
        StepKind::Answered => Some("the sender's answer about it"),
    }
}

fn documents(deep: &mut Deep<'_>, whole: &Whole<'_>) -> Result<(), StoreError> {
    for key in whole.keys(b"s") {
        let key = key?;
        deep.step(b's');
        let Some((shelf, name)) = keys::shelf_of(&key) else {
            let about = format!("key {}", hex::encode(&key));
            deep.found(Relation::Document, about, "it is on no shelf that this program knows");
            continue;
        };
        let read = |bytes: Option<Vec<u8>>| bytes.map(|bytes| decode_document(name, &bytes)).transpose();
        let about = format!("document {name} of shelf {shelf}");
        deep.checked(whole.tree.large(&key).and_then(read), Relation::Document, about)?;
        if let (Shelf::Erasure, Ok(record)) = (shelf, Uuid::try_parse(name)) {
            erased(deep, whole, record)?;
        }
    }
    Ok(())
}

/// What was erased has no keys.
fn erased(deep: &mut Deep<'_>, whole: &Whole<'_>, record: Uuid) -> Result<(), StoreError> {
    let found = match legs(&whole.tree, record) {
        Ok(found) => found,
        Err(StoreError::Damaged(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    if found.is_none_or(|legs| !legs.wraps.is_empty()) {
        deep.found(Relation::Record, format!("record {record}"), "it was erased, and is missing or its keys are there");
    }
    Ok(())
}

/// A piece belongs to a value that counts it.
fn pieces(deep: &mut Deep<'_>, whole: &Whole<'_>) -> Result<(), StoreError> {
    for key in whole.keys(b"k") {
        let key = key?;
        let of = keys::piece_of(&key);
        let counted = match of.map(|(whole_key, _)| whole.tree.first_piece(whole_key)) {
            Some(Ok(Some((more, _)))) => of.is_some_and(|(_, number)| (1..=more).contains(&number)),
            Some(Err(StoreError::Unavailable(why))) => return Err(StoreError::Unavailable(why)),
            _ => false,
        };
        if !counted {
            deep.found(Relation::Stray, format!("piece {}", hex::encode(&key)), "no value counts it");
        }
    }
    Ok(())
}
