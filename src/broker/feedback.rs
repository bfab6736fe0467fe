//! Feedback: what a sender sees of its referrals. Received, delivered, opened, outcome, per destination, in the wording
//! meant for senders.

use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use super::{Broker, Erasure, Error, Question, Receipt, SeenPrompt, SeenReading};
use crate::{
    domain::{
        clocks::{Clock, Clocks},
        delivery::{Delivery, DeliveryId, State},
        erasure::ErasureState,
        grants::{QueuePermit, ReadPermit},
        identity::Organisation,
        outcome::reason_words,
        retraction::Retraction,
        text::Text,
        unit::{Audience, Part, UnitLabel},
    },
    sealing::{SealError, open},
    store::{EventKind, Record, Stored},
};

/// Looks for one page of a list: whoever may follow next to nothing of what their organisation sends gets a shorter one.
pub(super) const MOST_LOOKS: usize = 40;

/// A referral as its sender sees it.
#[derive(Debug, Clone)]
pub struct Referral {
    /// The receipt as first given.
    pub receipt: Receipt,
    /// The authority it was submitted for.
    pub on_behalf_of: String,
    /// The sender's own reference.
    pub sender_reference: Text,
    /// Destinations, linked records' included.
    pub destinations: Vec<Destination>,
    /// That its content was erased, and how far it is gone.
    pub erasure: Option<(Erasure, ErasureState)>,
    /// That it was corrected or recalled.
    pub retraction: Option<Retraction>,
    /// The referral in whose place it stands, unless that is hidden from the caller.
    pub corrects: Option<Uuid>,
    /// Its prompts that are followed, linked records' included.
    pub prompts: Vec<SeenPrompt>,
    /// The two 72-hour clocks as they stood at receipt; `None` while the child had not returned, or its content was erased.
    pub clocks: Option<Clocks>,
}

/// What is sealed for the sender alone.
#[derive(Default)]
pub(super) struct SendersOwn {
    /// Their own reference.
    reference: Text,
    /// The name of whoever reported it.
    pub(super) reporter: Text,
    /// The two clocks.
    clocks: Option<Clocks>,
}

/// One destination as the sender sees it.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The delivery.
    pub delivery: Delivery,
    /// Outcome in the wording meant for senders; `None` until settled.
    pub wording: Option<String>,
    /// Late to acknowledge or decide (R25).
    pub overdue: bool,
    /// What the sender was asked, oldest first.
    pub questions: Vec<Question>,
    /// Who opened what, as far as the sender is shown it.
    pub readings: Vec<SeenReading>,
    /// Others may have opened something since, who are in the ledger alone.
    pub more_readings: bool,
}

/// Something that happened to one of the sender's referrals.
#[derive(Debug, Clone)]
pub struct Happening {
    /// Watch again from here on and miss nothing: the next index only after the last event of this one, since one pull
    /// may be several events.
    pub resume: u64,
    /// When.
    pub at: Timestamp,
    /// The sender's referral, also where the event is a linked record's.
    pub referral: Uuid,
    /// The authority it was submitted for.
    pub on_behalf_of: String,
    /// The sender's own reference.
    pub sender_reference: Text,
    /// What happened.
    pub kind: EventKind,
    /// The destination concerned, as it is now; `None` for a referral just received.
    pub destination: Option<Destination>,
    /// What was opened, of an opening that the sender is shown.
    pub reading: Option<SeenReading>,
    /// The prompt concerned, as it is now.
    pub prompt: Option<SeenPrompt>,
}

impl Broker {
    /// One referral. Another sender's and an unknown one are both not found.
    pub async fn referral(&self, permit: &ReadPermit, id: Uuid) -> Result<Referral, Error> {
        let stored = self.store.find(id).await?.ok_or(Error::NotFound)?;
        if stored.record.linked_from.is_some() || !self.shows(permit, &stored.record) {
            return Err(Error::NotFound);
        }
        self.as_seen(permit, stored).await?.ok_or(Error::NotFound)
    }

    /// The sender's referrals, newest first, those with a ledger index below `before`, at most `limit`; and the index to go on from, if
    /// there are more. What is hidden from the caller leaves no gap: a page is full of what is shown, and goes on from the last of it.
    pub async fn referrals(
        &self,
        permit: &ReadPermit,
        before: u64,
        limit: usize,
    ) -> Result<(Vec<Referral>, Option<u64>), Error> {
        let organisation = permit.identity().organisation().to_string();
        let (mut seen, mut from, mut last) = (Vec::new(), before, None);
        for _ in 0..MOST_LOOKS {
            let found = self.store.records(&organisation, from, limit.saturating_add(1)).await?;
            let is_all = found.len() <= limit;
            for (index, stored) in found {
                from = index;
                if !self.shows(permit, &stored.record) {
                    continue;
                }
                if seen.len() == limit {
                    return Ok((seen, last));
                }
                if let Some(referral) = self.as_seen(permit, stored).await? {
                    seen.push(referral);
                    last = Some(index);
                }
            }
            if is_all {
                return Ok((seen, None));
            }
        }
        Ok((seen, Some(from)))
    }

    /// What happened to the sender's referrals from ledger index `from` on, at most `limit` events; and where to go on.
    pub async fn happenings(
        &self,
        permit: &ReadPermit,
        from: u64,
        limit: usize,
    ) -> Result<(Vec<Happening>, u64), Error> {
        let organisation = permit.identity().organisation().to_string();
        let events = self.store.events(&organisation, from, limit).await?;
        let next = events.last().map_or(from, |event| event.index + 1);
        let mut happenings = Vec::new();
        let mut events = events.into_iter().peekable();
        while let Some(event) = events.next() {
            let more = events.peek().is_some_and(|next| next.index == event.index);
            let Some(stored) = self.store.find(event.record).await? else { continue };
            if !self.shows(permit, &stored.record) {
                continue;
            }
            let found = stored.deliveries.iter().find(|delivery| Some(delivery.id.leg) == event.leg);
            if found.is_some_and(Delivery::is_nobodys) {
                continue;
            }
            let mut destinations: Vec<_> =
                found.cloned().map(|delivery| self.destination(&stored, delivery)).into_iter().collect();
            self.add_questions((&stored.record, &stored.deliveries), &mut destinations).await?;
            let mut readings = destinations.iter().flat_map(|destination| &destination.readings);
            let reading = readings.rfind(|reading| reading.index == event.index).cloned();
            // An opening that is not theirs to see; the end of a linked record, of which they have no content.
            let unseen = match event.kind {
                EventKind::Read => reading.is_none(),
                EventKind::Erased => stored.record.linked_from.is_some(),
                _ => false,
            };
            if unseen {
                continue;
            }
            let prompt = stored.prompts.iter().find(|prompt| Some(prompt.kind) == event.prompt);
            let prompt = prompt.map(|prompt| self.seen_prompt(stored.record.id, prompt));
            let referral = stored.record.linked_from.unwrap_or(stored.record.id);
            happenings.push(Happening {
                resume: if more { event.index } else { event.index + 1 },
                at: event.at,
                referral,
                on_behalf_of: stored.record.on_behalf_of.clone(),
                sender_reference: self.senders_own(referral).await?.reference,
                kind: event.kind,
                destination: destinations.pop(),
                reading,
                prompt,
            });
        }
        Ok((happenings, next))
    }

    /// Where a watch begins that wants only what is new.
    pub async fn watch_from_now(&self) -> Result<u64, Error> {
        Ok(self.store.head().await?.size)
    }

    /// Is this record the caller's to follow? It is their organisation's, and accuses neither them nor people of a queue that they work
    /// on, nor does a correction of it (D08): to those it does not exist, and nothing that happens to it is told.
    pub(super) fn shows(&self, permit: &ReadPermit, record: &Record) -> bool {
        let sender = Organisation::parse(&record.organisation);
        sender.is_ok_and(|sender| permit.covers(&sender, &record.on_behalf_of)) && !self.hides(permit, record)
    }

    /// Changes whenever something was committed: a hint to look again.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.store.changes()
    }

    /// An end of a correction, unless it is hidden from the caller: then nothing leads to it.
    async fn other_end(&self, permit: &ReadPermit, id: Option<Uuid>) -> Result<Option<Uuid>, Error> {
        let Some(id) = id else { return Ok(None) };
        let other = self.store.find(id).await?.ok_or(Error::NotFound)?;
        Ok(Some(id).filter(|_| !self.hides(permit, &other.record)))
    }

    async fn as_seen(&self, permit: &ReadPermit, stored: Stored) -> Result<Option<Referral>, Error> {
        let Some(kept) = &stored.kept else { return Ok(None) };
        let Some(receipt) = Receipt::decode(&kept.answer, kept.ledger_index, &kept.root, &self.log)? else {
            return Ok(None);
        };
        let mut destinations = self.destinations_of(&stored);
        self.add_questions((&stored.record, &stored.deliveries), &mut destinations).await?;
        // What went along with a transfer, or out of HOLD, is shown where it is now.
        let gone = |found: &&mut Destination| matches!(found.delivery.state, State::Transferred | State::Resolved);
        let gone = destinations.iter_mut().filter(gone);
        gone.for_each(|found| found.questions.clear());
        let mut prompts = self.seen_prompts(&stored);
        for linked in &receipt.linked {
            if let Some(linked) = self.store.find(*linked).await? {
                prompts.extend(self.seen_prompts(&linked));
                destinations.extend(self.destinations_of(&linked));
            }
        }
        let mut retraction = stored.retractions.last().cloned();
        if let Some(told) = &mut retraction {
            told.successor = self.other_end(permit, told.successor).await?;
        }
        let SendersOwn { reference: sender_reference, clocks, .. } = self.senders_own(receipt.record).await?;
        Ok(Some(Referral {
            sender_reference,
            clocks,
            erasure: self.erasure(receipt.record).await?,
            retraction,
            corrects: self.other_end(permit, stored.record.corrects).await?,
            on_behalf_of: stored.record.on_behalf_of,
            receipt,
            destinations,
            prompts,
        }))
    }

    /// What is sealed for the sender alone; empty where there is nothing, or it was erased.
    pub(super) async fn senders_own(&self, record: Uuid) -> Result<SendersOwn, Error> {
        let label = UnitLabel { item: None, part: Part::Sender, audience: Audience::Nobody };
        let (place, sealed) = self.sealed(record).await?;
        match open(&sealed, label, &place, &self.keyring) {
            Ok(view) => {
                let clock = |name: &str| Clock::read(view.get(name)?);
                let clocks = clock("clock.offered").zip(clock("clock.carried_out"));
                let clocks = clocks.map(|(offered, carried_out)| Clocks { offered, carried_out });
                let word = |name: &str| Text::from(view.get(name).unwrap_or_default());
                Ok(SendersOwn { reference: word("sender_reference"), reporter: word("reporter"), clocks })
            }
            Err(SealError::NoSuchUnit | SealError::Erased) => Ok(SendersOwn::default()),
            Err(error) => Err(error.into()),
        }
    }

    /// What the sender sees of one delivery, for whoever has it in hand; and where in the ledger the acceptance of its referral stands, which
    /// what was linked to it has not of its own. Nothing for whoever has it no longer, or the record is kept from: on HOLD they see no more than that it is there.
    pub async fn receipt_chain(
        &self,
        permit: &QueuePermit,
        id: DeliveryId,
    ) -> Result<Option<(Option<u64>, Destination)>, Error> {
        let stored = self.store.find(id.record).await?.ok_or(Error::NotFound)?;
        let (who, now) = (permit.identity(), self.now());
        let holds = |found: &&Delivery| {
            let theirs = found.lease.as_ref().is_some_and(|lease| lease.holder == who.as_str() && now < lease.expires);
            found.id == id && found.header.queue == *permit.queue() && found.state == State::Leased && theirs
        };
        let Some(found) = stored.deliveries.iter().find(holds).cloned() else { return Ok(None) };
        if self.is_kept_from(&stored.record, permit) {
            return Ok(None);
        }
        Ok(Some((stored.kept.as_ref().map(|kept| kept.ledger_index), self.destination(&stored, found))))
    }

    /// What is only offered to a unit, or was, is shown with the delivery that is offered.
    fn destinations_of(&self, stored: &Stored) -> Vec<Destination> {
        let shown = stored.deliveries.iter().filter(|delivery| !delivery.is_nobodys());
        shown.map(|delivery| self.destination(stored, delivery.clone())).collect()
    }

    fn destination(&self, stored: &Stored, delivery: Delivery) -> Destination {
        let overdue = delivery.overdue(self.clock.now());
        let readings = self.readings(&stored.record, &delivery, &stored.readings);
        let more_readings = self.may_have_more(&stored.record, &delivery, &stored.readings);
        let (wording, questions) = (self.wording(&delivery), Vec::new());
        Destination { wording, overdue, delivery, questions, readings, more_readings }
    }

    /// The outcome as the sender reads it: acted on, recorded, no further action with its reason; the outcome itself
    /// only where the unit released it (tipping off).
    pub fn wording(&self, delivery: &Delivery) -> Option<String> {
        if let Some(reason) = delivery.dead() {
            return Some(format!("not taken up: {}; it lies with the unit's supervisor", reason.words()));
        }
        let settled = delivery.settled.as_ref()?;
        match delivery.state {
            _ if delivery.is_notice() => return Some("acknowledged".to_owned()),
            State::Superseded if delivery.was_read() => return Some("your correction stands in its place".to_owned()),
            State::Superseded => return Some("your correction stands in its place; nobody had read it".to_owned()),
            State::Recalled => return Some("recalled; nobody had read it".to_owned()),
            _ => {}
        }
        if matches!(delivery.state, State::Resolved | State::Transferred) {
            return Some(format!("sent to {}", settled.outcome));
        }
        let rulebook = self.rulebook();
        let kind = rulebook.policy.queues.kind_of(&delivery.header.queue)?;
        let outcome = kind.outcome(&settled.outcome)?;
        let reason = settled.reason.as_deref().map_or("", reason_words);
        let words = outcome.wording.words(reason);
        Some(if settled.release_detail { format!("{words} ({})", outcome.label) } else { words })
    }
}
