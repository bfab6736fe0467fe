//! The dead-letter side: an officer rejects what cannot be worked on, a supervisor sends it back to the same queue, and an alarm says
//! that something lies there until none does.

use jiff::Timestamp;

use super::{Broker, Error, Handle, Request, silent::SILENT};
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId},
        grants::{Action, QueuePermit},
        history::{Step, StepKind},
        identity::Peer,
        outcome::DeadReason,
        queue::QueueId,
        text::Text,
    },
    ledger::Verb,
    store::{Replay, Settle},
};

/// The alarm while a queue has dead letters, before the queue's name.
const DEAD_LETTERS: &str = "DEAD_LETTERS ";

impl Broker {
    /// Sets the alarm of each queue that has dead letters, and clears that of each that has none any more: nobody is sent to look
    /// there otherwise.
    pub(super) async fn look_at_dead_letters(&self, now: Timestamp) -> Result<(), Error> {
        let dead = self.store.dead_letters().await?;
        let named = |queue: &QueueId| format!("{DEAD_LETTERS}{queue}");
        let on: Vec<String> = dead.keys().map(named).collect();
        let was_on = self.alarms.names().into_iter().filter(|name| name.starts_with(DEAD_LETTERS));
        was_on.filter(|name| !on.contains(name)).for_each(|name| self.alarms.clear(&name));
        for (queue, count) in dead {
            let words = format!(
                "{count} on the dead-letter side: its unit supervisor reads why (homeward queue dead-letters {queue}) and sends \
                 back what can be worked on (homeward admin replay)"
            );
            self.alarms.raise(&named(&queue), &words, now);
        }
        Ok(())
    }

    /// The alarms that concern a peer who is no operator: of dead letters and of silence in queues whose supervisor they are.
    pub fn alarms_of(&self, peer: &Peer) -> Vec<String> {
        let (grants, now) = (self.grants(), self.now());
        let concerns = |name: &String| {
            let queue = name.strip_prefix(DEAD_LETTERS).or_else(|| name.strip_prefix(SILENT)).and_then(QueueId::parse);
            queue.is_some_and(|queue| grants.may_serve(peer, Action::ReplayDeadLetter, &queue, now).is_ok())
        };
        self.alarms.names().into_iter().filter(concerns).collect()
    }

    /// Puts a delivery on the dead-letter side of its queue. Content need not have been opened: perhaps it cannot be.
    pub async fn reject(
        &self,
        permit: &QueuePermit,
        request: Request,
        handle: Handle,
        (reason, note): (DeadReason, Text),
    ) -> Result<Delivery, Error> {
        let now = self.now();
        let (record, delivery) = self.found(handle.delivery).await?;
        self.may_decide(permit, &record, &delivery, now)?;
        let step = self.step_of(permit, (StepKind::Rejected, reason.code()), request, (handle.delivery, &note)).await?;
        let mut entry = self.entry_about(permit, (Verb::Alteration, "REJECT"), handle.delivery, now);
        entry.details.push(format!("reason={reason}"));
        let once = self.once_with_record(permit, request);
        Ok(self.store.settle(once, self.held(permit, handle, now), Settle::Reject(step), entry).await?)
    }

    /// Sends a dead letter back to the queue in which it died, and to no other.
    pub async fn replay_dead_letter(
        &self,
        permit: &QueuePermit,
        request: Request,
        (id, reason): (DeliveryId, Text),
    ) -> Result<Delivery, Error> {
        let step = self.step_of(permit, (StepKind::Replayed, ""), request, (id, &reason)).await?;
        let mut entry = self.officer_entry(permit, Verb::Administration, "REPLAY_DEAD_LETTER", step.at);
        entry.record = Some(id.record);
        entry.deliveries.push(id);
        // Whom it accuses hears what anybody does where somebody else has sent it back (D08).
        let (queue, reader) = (permit.queue().clone(), self.reader(permit.identity()));
        let replay = Replay { delivery: id, queue, reader, step };
        Ok(self.store.replay(self.once_with_record(permit, request), replay, entry).await?)
    }

    /// A step of a delivery's history, its note sealed under the record's key and bound to this step alone.
    pub(super) async fn step_of(
        &self,
        permit: &QueuePermit,
        (kind, code): (StepKind, &str),
        request: Request,
        (delivery, note): (DeliveryId, &Text),
    ) -> Result<Step, Error> {
        let note = match note.is_blank() {
            true => Vec::new(),
            false => self.note(delivery, &note_of(request.id), note).await?,
        };
        let (at, by) = (self.now(), permit.identity().as_str().to_owned());
        Ok(Step { id: request.id, kind, at, by, code: code.to_owned(), note, given: Vec::new(), failed: 0 })
    }
}

/// What the note of a step is sealed for.
pub(super) fn note_of(step: uuid::Uuid) -> String {
    format!("step/{}", step.hyphenated())
}
