//! Every call of the store, as a command over ordered keys or a question to them: the same whatever engine keeps them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::{
    accept, asked, dead,
    engine::{Engine, OVERHEAD},
    handed, holders, late, lease, offers, pages, prompts, prove, read, retracted, shelf, unsettled,
};
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId, Header, Lease},
        queue::QueueId,
        unit::UnitLabel,
    },
    ledger::Entry,
    store::{
        Acceptance, Accepted, Amendment, Claim, Clarification, ClassCounts, Copied, CopyPart, Document, DuePage, Event,
        Head, Held, Lapse, Leases, Marking, Noted, Once, Outbox, Page, PromptPage, PromptSide, Prompted, Proven, Pull,
        QueueCounts, Raise, Reference, Replay, Retract, Rewrap, Room, Round, Seen, Settle, Shelf, Side, Store,
        StoreError, Stored, TakeBack, Unsettled, Whose, Wraps,
    },
};

/// A store over an engine that keeps ordered keys.
pub struct OrderedStore<E>(pub(in crate::store) E);

#[async_trait]
impl<E: Engine> Store for OrderedStore<E> {
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, StoreError> {
        let sizes = acceptance.records.iter().map(|new| new.sealed.len() + new.wraps.len());
        let bytes = acceptance.answer.len() + sizes.sum::<usize>();
        self.0.command("accept", bytes, move |tx| accept::accept(tx, &acceptance)).await
    }

    async fn answered(&self, once: &Once) -> Result<Option<Accepted>, StoreError> {
        let once = once.clone();
        self.0.look("answered", move |tree| read::answered(&tree, &once)).await
    }

    async fn amend(&self, amendment: Amendment) -> Result<Accepted, StoreError> {
        let texts = amendment.changes.iter().filter_map(|change| change.bytes.as_ref());
        let bytes = amendment.answer.len() + texts.map(Vec::len).sum::<usize>();
        self.0.command("amend", bytes, move |tx| shelf::amend(tx, amendment.clone())).await
    }

    async fn document(&self, shelf: Shelf, name: &str) -> Result<Option<Document>, StoreError> {
        let name = name.to_owned();
        self.0.look("document", move |tree| shelf::document(&tree, shelf, &name)).await
    }

    async fn documents(&self, shelf: Shelf, after: &str, limit: usize) -> Result<Vec<Document>, StoreError> {
        let after = after.to_owned();
        self.0.read("documents", move |tree| shelf::documents(&tree, shelf, &after, limit)).await
    }

    async fn record_entry(&self, entry: Entry) -> Result<u64, StoreError> {
        self.0.command("record_entry", 0, move |tx| tx.append(&entry)).await
    }

    async fn pull(&self, pull: Pull) -> Result<Vec<Delivery>, StoreError> {
        self.0.command("pull", pull.tokens.len() * OVERHEAD, move |tx| lease::pull(tx, &pull)).await
    }

    async fn settle(&self, once: Once, held: Held, settle: Settle, entry: Entry) -> Result<Delivery, StoreError> {
        let (bytes, command) = (lease::bytes(&settle), lease::Use { once, held, settle, entry });
        self.0.command("settle", bytes, move |tx| lease::settle(tx, &command)).await
    }

    async fn opened(&self, held: Held, unit: UnitLabel, entry: Entry) -> Result<Delivery, StoreError> {
        self.0.command("opened", OVERHEAD, move |tx| lease::opened(tx, &held, unit, &entry)).await
    }

    async fn expire_leases(&self, now: Timestamp, most: u32) -> Result<u64, StoreError> {
        self.0.sweep("expire_leases", move |tx, limit| lease::expire(tx, now, most, limit)).await
    }

    async fn replay(&self, once: Once, replay: Replay, entry: Entry) -> Result<Delivery, StoreError> {
        self.0.command("replay", replay.step.note.len(), move |tx| dead::replay(tx, &once, &replay, &entry)).await
    }

    async fn lapse(&self, lapses: Vec<Lapse>) -> Result<u64, StoreError> {
        self.0.command("lapse", lapses.len() * OVERHEAD, move |tx| offers::lapse(tx, lapses.clone())).await
    }

    async fn recall(&self, once: Once, retracts: Vec<Retract>, answer: Vec<u8>) -> Result<Accepted, StoreError> {
        let bytes = retracts.iter().flat_map(|one| &one.notices).map(|notice| notice.note.len() + OVERHEAD).sum();
        self.0.command("recall", bytes, move |tx| retracted::recall(tx, &once, &retracts, answer.clone())).await
    }

    async fn take_back(&self, once: Once, taking: TakeBack, entry: Entry) -> Result<Delivery, StoreError> {
        self.0
            .command("take_back", taking.step.note.len(), move |tx| handed::take_back(tx, &once, &taking, &entry))
            .await
    }

    async fn clarify(&self, once: Once, clarification: Clarification, entry: Entry) -> Result<Delivery, StoreError> {
        let bytes = clarification.step.note.len() + clarification.step.given.len();
        self.0.command("clarify", bytes, move |tx| asked::clarify(tx, &once, &clarification, &entry)).await
    }

    async fn prompts(
        &self,
        queue: &QueueId,
        side: PromptSide,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<PromptPage, StoreError> {
        let queue = queue.clone();
        self.0.read("prompts", move |tree| prompts::page(&tree, (&queue, side), after, limit)).await
    }

    async fn mark_prompt(&self, once: Once, marking: Marking, entry: Entry) -> Result<Prompted, StoreError> {
        self.0.command("mark_prompt", 0, move |tx| prompts::mark(tx, &once, &marking, &entry)).await
    }

    async fn tell_late_prompts(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.0.sweep("tell_late_prompts", move |tx, limit| prompts::tell_late(tx, now, limit)).await
    }

    async fn end_leases(&self, holder: &str, which: Leases<'_>, now: Timestamp) -> Result<u64, StoreError> {
        let (queue, by) = match which {
            Leases::All => (None, None),
            Leases::In(queue) => (Some(queue.clone()), None),
            Leases::By(moment) => (None, Some(moment)),
        };
        let holder = holder.to_owned();
        let ends = move |header: &Header, lease: &Lease| {
            lease.holder == holder
                && queue.as_ref().is_none_or(|queue| header.queue == *queue)
                && by.is_none_or(|moment| lease.since <= moment)
        };
        self.0.command("end_leases", 0, move |tx| holders::end_those(tx, &ends, now)).await
    }

    async fn holders(&self) -> Result<Vec<(String, QueueId)>, StoreError> {
        self.0.read("holders", move |tree| holders::holders(&tree)).await
    }

    async fn leases_of(&self, holder: &str) -> Result<u64, StoreError> {
        let holder = holder.to_owned();
        self.0.read("leases_of", move |tree| holders::held_by(&tree, &holder).map(|held| held.len() as u64)).await
    }

    async fn forget_answers(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.0.sweep("forget_answers", move |tx, limit| lease::forget(tx, now, limit)).await
    }

    async fn find(&self, record: Uuid) -> Result<Option<Stored>, StoreError> {
        self.0.look("find", move |tree| read::find(&tree, record)).await
    }

    async fn late(&self, now: Timestamp, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        self.0.command("late", 0, move |tx| late::late(tx, now, limit)).await
    }

    async fn escalate(&self, raises: Vec<Raise>) -> Result<u64, StoreError> {
        self.0.command("escalate", raises.len() * OVERHEAD, move |tx| late::escalate(tx, raises.clone())).await
    }

    async fn pages(&self, now: Timestamp, round: Round) -> Result<Vec<DuePage>, StoreError> {
        self.0.command("pages", 0, move |tx| pages::due(tx, now, &round)).await
    }

    async fn note_page(&self, noted: Noted) -> Result<bool, StoreError> {
        self.0.command("note_page", 0, move |tx| pages::note(tx, &noted)).await
    }

    fn outbox(&self) -> watch::Receiver<Outbox> {
        self.0.outbox()
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.0.look("delivery", move |tree| read::delivery(&tree, id)).await
    }

    async fn wraps(&self, after: Option<Uuid>, limit: usize) -> Result<Vec<Wraps>, StoreError> {
        self.0.read("wraps", move |tree| shelf::wraps(&tree, after, limit)).await
    }

    async fn unsettled(&self, after: Option<Vec<u8>>, limit: usize) -> Result<Unsettled, StoreError> {
        self.0.read("unsettled", move |tree| unsettled::unsettled(&tree, after, limit)).await
    }

    async fn wrapped(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.0.read("wrapped", |tree| read::wrapped(&tree)).await
    }

    async fn rewrap(
        &self,
        rewraps: Vec<Rewrap>,
        seen: Option<Seen>,
        amendment: Amendment,
    ) -> Result<Accepted, StoreError> {
        let bytes = rewraps.len() * OVERHEAD;
        self.0
            .command("rewrap", bytes, move |tx| shelf::rewrap(tx, rewraps.clone(), seen.as_ref(), amendment.clone()))
            .await
    }

    async fn finished(
        &self,
        before: Timestamp,
        after: Option<(Timestamp, Uuid)>,
        limit: usize,
    ) -> Result<Vec<(Timestamp, Uuid)>, StoreError> {
        self.0.read("finished", move |tree| read::finished(&tree, before, after, limit)).await
    }

    async fn sealed(&self, record: Uuid) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.look("sealed", move |tree| read::sealed(&tree, record)).await
    }

    async fn records(&self, organisation: &str, before: u64, limit: usize) -> Result<Vec<(u64, Stored)>, StoreError> {
        let organisation = organisation.to_owned();
        self.0.read("records", move |tree| read::records(&tree, &organisation, before, limit)).await
    }

    async fn events(&self, organisation: &str, from: u64, limit: usize) -> Result<Vec<Event>, StoreError> {
        let organisation = organisation.to_owned();
        self.0.read("events", move |tree| read::events(&tree, &organisation, from, limit)).await
    }

    async fn counts(&self, queues: &[QueueId], now: Timestamp) -> Result<Vec<QueueCounts>, StoreError> {
        let queues = queues.to_vec();
        self.0.command("counts", 0, move |tx| read::counts(tx, &queues, now)).await
    }

    async fn class_counts(&self, queues: &[QueueId]) -> Result<Vec<ClassCounts>, StoreError> {
        let queues = queues.to_vec();
        self.0.command("class_counts", 0, move |tx| read::class_counts(tx, &queues)).await
    }

    async fn deliveries(
        &self,
        queue: &QueueId,
        (side, reader): (Side, Reference),
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let queue = queue.clone();
        self.0.read("deliveries", move |tree| read::deliveries(&tree, (&queue, side, &reader), after, limit)).await
    }

    async fn dead_letters(&self) -> Result<BTreeMap<QueueId, u64>, StoreError> {
        self.0.read("dead_letters", |tree| dead::count(&tree)).await
    }

    async fn leased(&self, queue: &QueueId, whose: Whose, now: Timestamp) -> Result<Vec<Delivery>, StoreError> {
        let queue = queue.clone();
        self.0.read("leased", move |tree| read::leased(&tree, &queue, &whose, now)).await
    }

    async fn ready_from(
        &self,
        queue: &QueueId,
        (holder, reader): (&str, Reference),
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let (queue, holder) = (queue.clone(), holder.to_owned());
        self.0.read("ready_from", move |tree| read::ready_from(&tree, (&queue, &holder, &reader), now)).await
    }

    async fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.0.read("entries", move |tree| read::entries(&tree, from, limit)).await
    }

    async fn head(&self) -> Result<Head, StoreError> {
        self.0.writable()?;
        self.0.read("head", |tree| read::head(&tree)).await
    }

    async fn prove(&self, claim: Claim, size: Option<u64>) -> Result<Option<Proven>, StoreError> {
        self.0.read("prove", move |tree| prove::prove(&tree, claim, size)).await
    }

    async fn measure(&self, now: Timestamp) -> Result<Option<Room>, StoreError> {
        self.0.measure(now).await
    }

    async fn copy(&self, parts: mpsc::Sender<CopyPart>) -> Result<Copied, StoreError> {
        self.0.copy(parts).await
    }

    fn recovers(&self) -> bool {
        self.0.recovers()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes()
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
