//! What goes on to somebody else: nothing that its sender has taken back, and nothing old where what is right can go. Where it cannot,
//! and under the statutory duty, a person may send on what was corrected: its mark goes along, and a notice.

use jiff::{SignedDuration, Timestamp};

use super::{Broker, Error, clarifying::LENSES, dispatch::later};
use crate::{
    domain::{
        delivery::Delivery,
        history::Step,
        queue::QueueId,
        retraction::{Retraction, RetractionKind},
        text::Text,
    },
    sealing::{Note, SealError, SealedRecordAt, open_note, seal_note},
    store::{Notice, Record, Stored},
};

/// How long a notice may wait where its class has no deadline to acknowledge.
pub(super) const WITHOUT_DEADLINE: SignedDuration = SignedDuration::from_hours(72);

impl Broker {
    /// Whether this delivery may go on to somebody else, to a queue or to a carer.
    pub(super) async fn may_go_on(
        &self,
        (record, retractions): (&Record, &[Retraction]),
        from: &Delivery,
        to: Option<&QueueId>,
    ) -> Result<(), Error> {
        let Some(last) = retractions.last() else { return Ok(()) };
        let Some(successor) = last.successor.filter(|_| last.kind == RetractionKind::Corrected) else {
            return Err(Error::Precondition {
                reason: "RECALLED",
                advice: "the sender has taken the referral back: it goes to nobody else; settle it with an outcome of your queue",
            });
        };
        let subject = self.store.find(record.linked_from.unwrap_or(record.id)).await?.ok_or(Error::NotFound)?;
        let instead = self.in_place_of(record, successor).await?;
        let here = |one: &&Delivery| one.settled.is_none() && one.header.queue == from.header.queue;
        let there = |one: &&Delivery| to == Some(&one.header.queue);
        if self.is_statutory(&subject)? || !instead.iter().any(|one| here(&one) || there(&one)) {
            return Ok(());
        }
        Err(Error::Precondition {
            reason: "CORRECTED",
            advice: "the sender has corrected the referral, and what stands in its place is in your queue, or in that one already: \
                     send that on (corrects_referral_id names this one), and settle this one with an outcome of your queue",
        })
    }

    /// The deliveries of what stands in the place of a record: of the referral, or of what is linked from it.
    async fn in_place_of(&self, record: &Record, successor: uuid::Uuid) -> Result<Vec<Delivery>, Error> {
        let Some(Stored { record: other, deliveries, .. }) = self.store.find(successor).await? else {
            return Ok(Vec::new());
        };
        let mut all = deliveries;
        if record.linked_from.is_some() {
            all.clear();
            for linked in other.linked {
                all.extend(self.store.find(linked).await?.map(|found| found.deliveries).unwrap_or_default());
            }
        }
        all.retain(|one| !one.is_notice() && !one.is_nobodys() && !one.is_closed_unread());
        Ok(all)
    }

    /// The notices that go along with what was corrected, one for each queue: why, as it was said to others who read through the same
    /// lenses, or through more.
    pub(super) async fn along(
        &self,
        (record, all, retractions): (&Record, &[Delivery], &[Retraction]),
        (of, to): (&Delivery, &[QueueId]),
        now: Timestamp,
    ) -> Result<Vec<Notice>, Error> {
        let Some(last) = retractions.last() else { return Ok(Vec::new()) };
        let (place, sealed) = self.sealed_of(record).await?;
        let (at, rulebook) = (SealedRecordAt { sealed: &sealed, place: &place }, self.rulebook());
        let mut notices = Vec::new();
        for queue in to {
            let said = self.said((at, last), all, queue)?;
            let purpose = last.purpose(queue);
            let note = Note { number: 0, purpose: &purpose };
            let note =
                said.map(|text| seal_note(at, note, text.reveal(), &self.keyring, &*self.entropy)).transpose()?;
            let (due, _) = rulebook.policy.due(queue, of.class(), now);
            let due = due.unwrap_or(later(now, WITHOUT_DEADLINE));
            notices.push(Notice { queue: queue.clone(), due, note: note.unwrap_or_default() });
        }
        Ok(notices)
    }

    /// Why it was corrected, as the readers of a queue may read it: by a notice, or by the mark on what nobody had read.
    fn said(
        &self,
        (at, why): (SealedRecordAt<'_>, &Retraction),
        all: &[Delivery],
        queue: &QueueId,
    ) -> Result<Option<Text>, Error> {
        let [.., both] = LENSES;
        for told in all {
            let lenses = self.lenses(&told.header.queue);
            let fits = lenses == self.lenses(queue) || lenses == both;
            let says = |step: &&Step| fits && step.kind.is_mark() && step.id == why.id && !step.note.is_empty();
            let Some(step) = told.history.iter().find(says) else { continue };
            let purpose = why.purpose(&told.header.queue);
            match open_note(at, Note { number: 0, purpose: &purpose }, &step.note, &self.keyring) {
                Err(SealError::Erased) => return Ok(None),
                opened => return Ok(Some(opened?)),
            }
        }
        Ok(None)
    }
}
