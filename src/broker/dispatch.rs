//! Dispatch: queues, leases, settling. Everything an officer does but reading content, which is `opening`.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Broker, Error};
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId, Settled},
        grants::{Action, QueuePermit, Refusal},
        identity::{Identity, Peer},
        queue::QueueId,
        text::Text,
        unit::UnitLabel,
    },
    ledger::{Entry, Verb},
    platform::entropy::random,
    sealing::{Note, SealError, SealedRecordAt, seal_note},
    store::{Held, Keep, Once, Page, Pull, QueueCounts, Record, Settle, Side, Stored},
};

/// Answers to Pull, Extend and Release are replayed for 24 hours (contract 2).
const SHORT_REPLAY: SignedDuration = SignedDuration::from_hours(24);

/// A request to lease deliveries.
#[derive(Debug, Clone)]
pub struct PullRequest {
    /// The caller's request id.
    pub request: Uuid,
    /// SHA-256 of the request bytes.
    pub digest: [u8; 32],
    /// The caller's session: leases belong to principal and session, not to a connection.
    pub session: String,
    /// At most this many.
    pub most: usize,
    /// For how long.
    pub lease: SignedDuration,
}

/// A held delivery, as a caller names it.
#[derive(Debug, Clone)]
pub struct Handle {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The lease's token.
    pub token: String,
}

/// How an officer completes a delivery.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Code of the closed list of this kind of queue.
    pub code: String,
    /// Code of the reason, where the outcome asks for one.
    pub reason: Option<String>,
    /// A note for the unit's own use; kept sealed.
    pub note: Text,
    /// The sender may see the outcome itself.
    pub release_detail: bool,
}

/// What a mutating call is bound to.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    /// The caller's request id.
    pub id: Uuid,
    /// SHA-256 of the request bytes.
    pub digest: [u8; 32],
}

impl Broker {
    /// Counts of the queues the peer serves whose names come after `after`, in name order, at most `limit`.
    pub async fn queues(&self, peer: &Peer, after: &str, limit: usize) -> Result<Vec<QueueCounts>, Error> {
        let now = self.clock.now();
        let served = self.grants().queues(peer, now)?;
        let queues: Vec<QueueId> = served.into_iter().filter(|queue| queue.as_str() > after).take(limit).collect();
        Ok(self.store.counts(&queues, now).await?)
    }

    /// Headers of one side of a queue, in pull order, but those of records that accuse the caller.
    pub async fn deliveries(
        &self,
        permit: &QueuePermit,
        side: Side,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<Page, Error> {
        Ok(self.store.deliveries(permit.queue(), (side, self.reader(permit.identity())), after, limit).await?)
    }

    /// Leases waiting deliveries; headers only, and none of a record that accuses the caller. A lease ends with the permit at the latest.
    pub async fn pull(&self, permit: &QueuePermit, request: PullRequest) -> Result<Vec<Delivery>, Error> {
        self.take(permit, request, SHORT_REPLAY).await
    }

    /// Leases waiting deliveries; the answer is kept for a replay for so long.
    pub(super) async fn take(
        &self,
        permit: &QueuePermit,
        request: PullRequest,
        kept: SignedDuration,
    ) -> Result<Vec<Delivery>, Error> {
        let now = self.clock.now();
        let tokens = (0..request.most).map(|_| self.token()).collect::<Result<Vec<_>, _>>()?;
        let pull = Pull {
            once: self.once(permit, Request { id: request.request, digest: request.digest }, later(now, kept)),
            queue: permit.queue().clone(),
            holder: permit.identity().as_str().to_owned(),
            reader: self.reader(permit.identity()),
            session: request.session,
            tokens,
            now,
            expires: later(now, request.lease).min(permit.until()),
            entry: self.officer_entry(permit, Verb::Consultation, "PULL", now),
        };
        Ok(self.store.pull(pull).await?)
    }

    /// Lengthens a lease to `lease` from now.
    pub async fn extend(
        &self,
        permit: &QueuePermit,
        request: Request,
        handle: Handle,
        lease: SignedDuration,
    ) -> Result<Delivery, Error> {
        let now = self.clock.now();
        let until = later(now, lease).min(permit.until());
        let keep = later(now, SHORT_REPLAY);
        let entry = self.entry_about(permit, (Verb::Administration, "EXTEND_LEASE"), handle.delivery, now);
        let held = self.held(permit, handle, now);
        Ok(self.store.settle(self.once(permit, request, keep), held, Settle::Extend(until), entry).await?)
    }

    /// Hands a delivery back, not offered again before `delay` has passed. Not a failure.
    pub async fn release(
        &self,
        permit: &QueuePermit,
        request: Request,
        handle: Handle,
        release: Release,
    ) -> Result<Delivery, Error> {
        let now = self.clock.now();
        let mut entry = self.entry_about(permit, (Verb::Administration, "RELEASE"), handle.delivery, now);
        let note = self.note(handle.delivery, "release", &release.reason).await?;
        entry.details.push(format!("sealed_reason={}", hex::encode(note)));
        let not_before = (release.delay > SignedDuration::ZERO).then(|| later(now, release.delay));
        let keep = later(now, SHORT_REPLAY);
        let held = self.held(permit, handle, now);
        Ok(self.store.settle(self.once(permit, request, keep), held, Settle::Release(not_before), entry).await?)
    }

    /// Completes a delivery with an outcome of its queue's closed list.
    pub async fn complete(
        &self,
        permit: &QueuePermit,
        request: Request,
        handle: Handle,
        outcome: Outcome,
    ) -> Result<Delivery, Error> {
        let now = self.clock.now();
        let once = self.once_with_record(permit, request);
        let (record, delivery) = self.found(handle.delivery).await?;
        self.may_decide(permit, &record, &delivery, now)?;
        // A replay is answered by the store, and whoever lost the lease hears that; who holds it must have opened its content.
        let lease = delivery.live_lease(&handle.token, now);
        let holds = lease.is_some_and(|lease| lease.holder == permit.identity().as_str());
        if holds && delivery.opened.is_none() && !delivery.header.units.is_empty() {
            return Err(Error::Precondition {
                reason: "OPEN_FIRST",
                advice: "open at least one part of the delivery before you complete it",
            });
        }
        let note = match outcome.note.reveal() {
            "" => Vec::new(),
            _ => self.note(handle.delivery, "complete", &outcome.note).await?,
        };
        let mut entry = self.entry_about(permit, (Verb::Alteration, "COMPLETE"), handle.delivery, now);
        entry.details.push(format!("outcome={}", outcome.code));
        let settled = Settled {
            at: now,
            by: permit.identity().as_str().to_owned(),
            outcome: outcome.code,
            reason: outcome.reason,
            release_detail: outcome.release_detail,
            note,
        };
        Ok(self.store.settle(once, self.held(permit, handle, now), Settle::Complete(settled), entry).await?)
    }

    /// Whoever may not resolve a matter may not end or bury it either (D08): never the accused or their queue, and on HOLD never their
    /// unit. False where they are that and hold nothing of it: the store gives them the first answer again, or says that their lease is
    /// lost, as it does to anybody. Nobody learns from a repeat that it accuses them since. `now` is the moment by which the store judges
    /// their lease: by a later one it could have ended in between.
    pub(super) fn may_decide(
        &self,
        permit: &QueuePermit,
        record: &Record,
        delivery: &Delivery,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let own = permit.identity();
        is_theirs(delivery)?;
        if self.accuses(record, own) || self.excludes_queue(record, permit.queue()) {
            return self.is_lost_to(own, delivery, now);
        }
        if let Some(held) = &delivery.header.held {
            if self.accuses_colleague_on_hold(record, own) {
                return self.is_lost_to(own, delivery, now);
            }
            let never_by = [held.never_by.as_slice(), &self.excluded_queues(record)].concat();
            match self.grants().may_complete_hold(permit, &never_by, self.now()) {
                Err(Refusal::Excluded) => return self.is_lost_to(own, delivery, now),
                settles => settles?,
            }
        }
        Ok(true)
    }

    /// False where whom it is kept from holds nothing of it, so that the store refuses them.
    pub(super) fn is_lost_to(&self, own: &Identity, delivery: &Delivery, now: Timestamp) -> Result<bool, Error> {
        match Self::excluded(own, delivery, now) {
            Error::LeaseLost => Ok(false),
            refused => Err(refused),
        }
    }

    /// The units of a delivery that this permit's holder may open, given a reason.
    pub fn openable(&self, permit: &QueuePermit, delivery: &Delivery) -> Vec<UnitLabel> {
        let units = &delivery.header.units;
        let carried: Vec<_> = units.iter().map(|unit| (unit.part, unit.audience)).collect();
        units.iter().copied().filter(|unit| self.grants().could_open(permit, *unit, &carried)).collect()
    }

    /// The delivery's queue permit for `action`, or not found: unknown deliveries and foreign queues look alike.
    pub async fn permit_for(&self, peer: &Peer, action: Action, delivery: DeliveryId) -> Result<QueuePermit, Error> {
        let now = self.clock.now();
        self.grants().may_call(peer, action, now)?;
        let found = self.store.delivery(delivery).await?.ok_or(Error::NotFound)?;
        self.grants().may_serve(peer, action, &found.header.queue, now).map_err(|_| Error::NotFound)
    }

    pub(super) fn held(&self, permit: &QueuePermit, handle: Handle, now: Timestamp) -> Held {
        Held {
            delivery: handle.delivery,
            queue: permit.queue().clone(),
            holder: permit.identity().as_str().to_owned(),
            token: handle.token,
            now,
            kept_from: None,
            retractions: None,
        }
    }

    /// The same where somebody is to have it next, who was chosen by this record: refused where it is kept from more people by then.
    pub(super) fn held_to_give(&self, permit: &QueuePermit, handle: Handle, now: Timestamp, record: &Record) -> Held {
        Held { kept_from: Some(record.excluded.len()), ..self.held(permit, handle, now) }
    }

    fn once(&self, permit: &QueuePermit, request: Request, until: Timestamp) -> Once {
        Once { keep: Keep::Until(until), ..self.once_with_record(permit, request) }
    }

    pub(super) fn once_with_record(&self, permit: &QueuePermit, request: Request) -> Once {
        Once {
            caller: permit.identity().as_str().to_owned(),
            method: permit.action().code(),
            request: request.id,
            digest: request.digest,
            keep: Keep::WithRecord,
        }
    }

    /// A delivery with its record.
    pub(super) async fn found(&self, id: DeliveryId) -> Result<(Record, Delivery), Error> {
        let Stored { record, deliveries, .. } = self.store.find(id.record).await?.ok_or(Error::NotFound)?;
        let delivery = deliveries.into_iter().find(|delivery| delivery.id == id).ok_or(Error::NotFound)?;
        Ok((record, delivery))
    }

    /// Seals what an officer wrote about a delivery, under its record's key. Once that is erased it is nothing: everything of the record
    /// is settled then, and the store gives the first answer again, or says that the lease is lost.
    pub(super) async fn note(&self, id: DeliveryId, purpose: &str, text: &Text) -> Result<Vec<u8>, Error> {
        let (place, sealed) = self.sealed(id.record).await?;
        let at = SealedRecordAt { sealed: &sealed, place: &place };
        match seal_note(at, Note { number: id.leg, purpose }, text.reveal(), &self.keyring, &*self.entropy) {
            Err(SealError::Erased) => Ok(Vec::new()),
            sealed => Ok(sealed?),
        }
    }

    pub(super) fn officer_entry(&self, permit: &QueuePermit, verb: Verb, action: &str, now: Timestamp) -> Entry {
        Entry {
            at: now,
            verb,
            action: action.to_owned(),
            who: permit.identity().as_str().to_owned(),
            actor: None,
            record: None,
            deliveries: Vec::new(),
            recipients: vec![permit.queue().clone()],
            details: Vec::new(),
            commitment: None,
        }
    }

    /// The entry of an officer's step that is about one delivery.
    pub(super) fn entry_about(
        &self,
        permit: &QueuePermit,
        (verb, action): (Verb, &str),
        id: DeliveryId,
        now: Timestamp,
    ) -> Entry {
        let entry = self.officer_entry(permit, verb, action, now);
        Entry { record: Some(id.record), deliveries: vec![id], ..entry }
    }

    /// A lease token: 128 random bits.
    pub(super) fn token(&self) -> Result<String, Error> {
        Ok(hex::encode(random::<16>(&*self.entropy)?))
    }
}

/// Why a delivery is handed back, and for how long it is not offered.
#[derive(Debug, Clone)]
pub struct Release {
    /// Reason in words; kept sealed.
    pub reason: Text,
    /// Not offered before this has passed.
    pub delay: SignedDuration,
}

/// What is only offered to the unit is not its own, and a notice is nothing to work on.
pub(super) fn is_theirs(delivery: &Delivery) -> Result<(), Error> {
    if delivery.is_notice() {
        return Err(Error::Precondition {
            reason: "ACKNOWLEDGE_IT",
            advice: "it tells that the sender has corrected or recalled the referral: acknowledge it with AcknowledgeNotice",
        });
    }
    if !delivery.is_offered() {
        return Ok(());
    }
    Err(Error::Precondition {
        reason: "ANSWER_FIRST",
        advice: "another unit offers it to yours: open what you need, then accept or refuse it",
    })
}

/// `span` after `now`, or the end of time.
pub(super) fn later(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.checked_add(span).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::Resolution;

    #[test]
    fn what_an_officer_writes_is_in_no_debug() {
        let words = || Text::from("MARKER");
        let outcome = Outcome { code: "arrest".into(), reason: None, note: words(), release_detail: false };
        let release = Release { reason: words(), delay: SignedDuration::ZERO };
        let resolution = Resolution { to: QueueId::hold(), reason: words() };
        assert!(!format!("{outcome:?} {release:?} {resolution:?}").contains("MARKER"));
    }
}
