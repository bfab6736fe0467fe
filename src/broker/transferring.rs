//! Transfer to another unit (Rec 12, 13): never sent and hoped. It is offered with a reason, stays where it is with its deadlines
//! running, and is the other's once they accept; what they refuse, or do not answer in time, comes back and is escalated.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{Broker, Error, Handle, Request, dispatch::later, error::DECIDED, escalating::raise, filing::carried_by};
use crate::{
    domain::{
        delivery::{Delivery, Header, Settled},
        grants::QueuePermit,
        history::{Step, StepKind},
        queue::QueueId,
        text::Text,
        transfer::Offer,
        unit::{Part, UnitLabel},
        violation::{Violation, Violations},
    },
    ledger::{Entry, Verb},
    sealing::labels,
    store::{Lapse, Record, Returned, Settle, Stored},
};

/// How long an offer stands where its class has no deadline to acknowledge.
const WITHOUT_DEADLINE: SignedDuration = SignedDuration::from_hours(72);

/// Where a delivery is to go, and why.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// The queue.
    pub to: QueueId,
    /// Reason in words; kept sealed.
    pub reason: Text,
}

/// What a unit says to what is offered to it.
#[derive(Debug, Clone)]
pub struct TransferAnswer {
    /// It is theirs from now on.
    pub accepts: bool,
    /// In words; kept sealed.
    pub reason: Text,
}

impl Broker {
    /// Offers a delivery to another unit. Answers with it as it now is, still in its own queue.
    pub async fn transfer(
        &self,
        permit: &QueuePermit,
        request: Request,
        handle: Handle,
        transfer: Transfer,
    ) -> Result<Delivery, Error> {
        for _ in 1..DECIDED {
            match self.transfer_as_known(permit, request, handle.clone(), &transfer).await {
                Err(error) if error.is_conflict() => {}
                done => return done,
            }
        }
        self.transfer_as_known(permit, request, handle, &transfer).await
    }

    /// The same, unless a correction accuses somebody meanwhile.
    async fn transfer_as_known(
        &self,
        permit: &QueuePermit,
        request: Request,
        handle: Handle,
        transfer: &Transfer,
    ) -> Result<Delivery, Error> {
        let now = self.now();
        let Stored { record, deliveries, retractions, .. } =
            self.store.find(handle.delivery.record).await?.ok_or(Error::NotFound)?;
        let delivery = deliveries.iter().find(|found| found.id == handle.delivery).ok_or(Error::NotFound)?;
        self.may_decide(permit, &record, delivery, now)?;
        let lease = delivery.live_lease(&handle.token, now);
        let holds = lease.is_some_and(|lease| lease.holder == permit.identity().as_str());
        let (_, sealed) = self.sealed_of(&record).await?;
        let header = self.offered_there(delivery, &labels(&sealed)?, &transfer.to, now);
        // An answer that was given comes again, and whoever lost the lease hears that: the store says.
        let again = delivery.history.iter().any(|step| step.id == request.id);
        if holds && !again {
            may_offer(delivery)?;
            self.may_go_on((&record, &retractions), delivery, Some(&transfer.to)).await?;
            self.may_go_there(&record, delivery, &transfer.to)?;
            is_not_there(delivery, &deliveries, &transfer.to)?;
            has_views(delivery, &header)?;
        }
        let answer_by = header.ack_due.unwrap_or_else(|| later(now, WITHOUT_DEADLINE));
        let deadline = delivery.header.decide_due.filter(|due| now < *due);
        let offer = Offer {
            queue: transfer.to.clone(),
            leg: 0,
            at: now,
            by: permit.identity().as_str().to_owned(),
            answer_by: deadline.map_or(answer_by, |due| due.min(answer_by)),
            accepted: None,
        };
        let kind = (StepKind::TransferOffered, transfer.to.as_str());
        let step = self.step_of(permit, kind, request, (handle.delivery, &transfer.reason)).await?;
        let mut entry = self.officer_entry(permit, Verb::Disclosure, "TRANSFER_OFFERED", now);
        entry.record = Some(record.id);
        entry.deliveries.push(handle.delivery);
        entry.recipients = vec![transfer.to.clone()];
        let once = self.once_with_record(permit, request);
        let settle = Settle::Offer(step, Box::new(header), offer);
        let held = self.held_to_give(permit, handle, now, &record);
        Ok(self.store.settle(once, held, settle, entry).await?)
    }

    /// Accepts or refuses what another unit offers. Answers with the delivery on this side as it now is.
    pub async fn answer_transfer(
        &self,
        permit: &QueuePermit,
        request: Request,
        handle: Handle,
        answer: TransferAnswer,
    ) -> Result<Delivery, Error> {
        let now = self.now();
        let Stored { record, deliveries, retractions, .. } =
            self.store.find(handle.delivery.record).await?.ok_or(Error::NotFound)?;
        let delivery = deliveries.iter().find(|found| found.id == handle.delivery).ok_or(Error::NotFound)?;
        if self.accuses(&record, permit.identity()) || self.excludes_queue(&record, permit.queue()) {
            self.is_lost_to(permit.identity(), delivery, now)?;
        }
        let offer = delivery.offered.as_ref().ok_or(Error::Precondition {
            reason: "NOTHING_OFFERED",
            advice: "nobody offers this delivery to your unit: it is yours already",
        })?;
        let from = deliveries.iter().find(|found| found.id == delivery.other_side(offer)).ok_or(Error::NotFound)?;
        let action = if answer.accepts { "TRANSFER_ACCEPTED" } else { "TRANSFER_REFUSED" };
        let mut entry = self.officer_entry(permit, Verb::Disclosure, action, now);
        entry.record = Some(record.id);
        entry.deliveries.extend([from.id, handle.delivery]);
        let settled = |outcome: &str, note| Settled {
            at: now,
            by: permit.identity().as_str().to_owned(),
            outcome: outcome.to_owned(),
            reason: None,
            release_detail: false,
            note,
        };
        let queue = permit.queue().as_str();
        let settle = if answer.accepts {
            let kind = (StepKind::TransferAccepted, offer.queue.as_str());
            let step = self.step_of(permit, kind, request, (handle.delivery, &answer.reason)).await?;
            let to = [permit.queue().clone()];
            let notices = self.along((&record, &deliveries, &retractions), (delivery, &to), now).await?;
            Settle::Accept(step, settled(queue, Vec::new()), notices)
        } else {
            entry.verb = Verb::Administration;
            let kind = (StepKind::TransferRefused, queue);
            let step = self.step_of(permit, kind, request, (from.id, &answer.reason)).await?;
            let returned = Returned { step, raise: raise(from, now, &self.rulebook()) };
            Settle::Refuse(settled(StepKind::TransferRefused.code(), Vec::new()), Box::new(returned))
        };
        let once = self.once_with_record(permit, request);
        Ok(self.store.settle(once, self.held(permit, handle, now), settle, entry).await?)
    }

    /// What comes of offers that nobody answered in time.
    pub(super) async fn lapses(&self, offered: &[&Delivery], now: Timestamp) -> Result<Vec<Lapse>, Error> {
        let mut lapses = Vec::new();
        for delivery in offered {
            let Some(offer) = &delivery.offered else { continue };
            let Some(from) = self.store.delivery(delivery.other_side(offer)).await? else { continue };
            tracing::warn!(delivery = %from.id, to = %delivery.header.queue, "nobody answered the offer: it comes back");
            let step = Step {
                id: Uuid::nil(),
                kind: StepKind::TransferLapsed,
                at: now,
                by: String::new(),
                code: delivery.header.queue.as_str().to_owned(),
                note: Vec::new(),
                given: Vec::new(),
                failed: 0,
            };
            let entry = Entry {
                at: now,
                verb: Verb::Administration,
                action: "TRANSFER_LAPSED".to_owned(),
                who: String::new(),
                actor: None,
                record: Some(delivery.id.record),
                deliveries: vec![from.id, delivery.id],
                recipients: vec![delivery.header.queue.clone()],
                details: Vec::new(),
                commitment: None,
            };
            let returned = Returned { step, raise: raise(&from, now, &self.rulebook()) };
            lapses.push(Lapse { offered: delivery.id, at: now, returned, entry });
        }
        Ok(lapses)
    }

    /// A queue of the directory on the same side, and never one whose people the record accuses: that one is refused as one is that
    /// does not exist (D08).
    fn may_go_there(&self, record: &Record, delivery: &Delivery, to: &QueueId) -> Result<(), Error> {
        let rulebook = self.rulebook();
        let policy = &rulebook.policy;
        let known = policy.directory.queues(self.london_day(self.now())).contains(to);
        let own = &delivery.header.queue;
        let side = |queue: &QueueId| policy.queues.kind_of(queue).map(|kind| kind.side);
        if known && to != own && side(to) == side(own) && !self.excludes_queue(record, to) {
            return Ok(());
        }
        Err(Error::Invalid(Violations(vec![Violation::new(
            "to_queue",
            "name another queue of the directory that may receive this, of police where yours is of police, of a council where \
             yours is of a council, and not HOLD",
        )])))
    }

    /// The header of the delivery that waits for an answer: what this one carries, as far as the record has it for that queue.
    /// Acknowledged from now on, decided by when it was to be; its class stays as far up as it has risen (R25).
    fn offered_there(&self, delivery: &Delivery, sealed: &[UnitLabel], to: &QueueId, now: Timestamp) -> Header {
        let rulebook = self.rulebook();
        let class = delivery.class();
        let (ack_due, _) = rulebook.policy.due(to, class, now);
        let (kind, header) = (rulebook.policy.queues.kind_of(to), &delivery.header);
        let items: Vec<u16> = header.items.iter().map(|item| item.number).collect();
        let carried = |label: &UnitLabel| match label.part {
            Part::Card => header.units.contains(label),
            _ => carried_by(&header.contents, &items, *label),
        };
        let opens = |label: &UnitLabel| {
            label.part.opens_by_role() || kind.is_some_and(|kind| kind.may_open(label.part, label.audience))
        };
        Header {
            queue: to.clone(),
            class,
            units: sealed.iter().copied().filter(|label| carried(label) && opens(label)).collect(),
            ack_due,
            page: delivery.page(),
            provisional: false,
            ..delivery.header.clone()
        }
    }
}

/// Whoever sends something on has read it, and offers it once at a time.
fn may_offer(delivery: &Delivery) -> Result<(), Error> {
    if delivery.header.held.is_some() {
        return Err(Error::Precondition {
            reason: "RESOLVE_IT",
            advice: "it is on HOLD: give it to a queue by ResolveHeld, which needs nobody's answer",
        });
    }
    if delivery.is_offering() {
        return Err(Error::Precondition {
            reason: "OFFERED_ALREADY",
            advice: "it waits for the answer of another unit: take it back first",
        });
    }
    if !delivery.is_begun() {
        return Err(Error::Precondition {
            reason: "OPEN_FIRST",
            advice: "open at least one part of the delivery before you offer it to another unit",
        });
    }
    Ok(())
}

/// Two deliveries of the same in one queue would be worked on twice.
fn is_not_there(delivery: &Delivery, all: &[Delivery], to: &QueueId) -> Result<(), Error> {
    let header = &delivery.header;
    let has_all = |there: &Delivery| {
        header.contents.iter().all(|content| there.header.contents.contains(content))
            && header.items.iter().all(|item| there.item(item.number).is_some())
    };
    let there = |other: &&Delivery| other.header.queue == *to && other.id != delivery.id && !other.is_nobodys();
    if !all.iter().filter(there).any(has_all) {
        return Ok(());
    }
    Err(Error::Precondition {
        reason: "THERE_ALREADY",
        advice: "that queue has all of this by a delivery of its own: settle this one with an outcome of your queue",
    })
}

/// Nothing gets lost on the way: whatever can be opened here, the record has for the readers there too. Otherwise a person decides.
fn has_views(delivery: &Delivery, there: &Header) -> Result<(), Error> {
    let shown = |unit: &&UnitLabel| !unit.part.opens_by_role();
    let has = |unit: &UnitLabel| there.units.iter().any(|other| (other.part, other.item) == (unit.part, unit.item));
    if delivery.header.units.iter().filter(shown).all(has) {
        return Ok(());
    }
    Err(Error::Precondition {
        reason: "NO_VIEW_FOR_QUEUE",
        advice: "the record has no view for the readers of that queue of all that this delivery carries, and none is made: offer \
                 it to a kind of queue that reads as much, or reject it as WRONG_UNIT, and your supervisor decides",
    })
}
