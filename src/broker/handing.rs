//! Handing over at the end of a shift: what somebody has begun goes to a named colleague with a note, what nobody has opened
//! goes back to the queue. Deadlines run on.

use jiff::{SignedDuration, Timestamp};

use super::{Broker, Error, Handle, Request, dispatch::later};
use crate::{
    domain::{
        delivery::{Delivery, Lease},
        grants::QueuePermit,
        history::StepKind,
        identity::Identity,
        text::Text,
    },
    ledger::Verb,
    store::{Record, Settle},
};

/// To whom, and what they should know.
#[derive(Debug, Clone)]
pub struct HandOver {
    /// The colleague.
    pub to: Identity,
    /// What they should know; kept sealed.
    pub note: Text,
    /// For how long it is kept for them.
    pub keep: SignedDuration,
}

impl Broker {
    /// Hands a delivery over: it waits for the colleague, and for nobody else, until they take it with a pull.
    pub async fn hand_over(
        &self,
        permit: &QueuePermit,
        request: Request,
        handle: Handle,
        over: HandOver,
    ) -> Result<Delivery, Error> {
        let now = self.now();
        let (record, delivery) = self.found(handle.delivery).await?;
        self.may_decide(permit, &record, &delivery)?;
        // Whoever holds nothing here learns nothing about colleagues, and an answer that was given comes again: the store says.
        let holds = delivery.live_lease(&handle.token, now);
        let holds = holds.is_some_and(|lease| lease.holder == permit.identity().as_str());
        let until = match holds && delivery.is_begun() {
            true => Some(self.colleague(permit, (&record, &delivery), &over.to)?),
            false => None,
        };
        let to = until.map(|until| self.kept_for(&over, now, until)).transpose()?;
        let code = if to.is_some() { over.to.as_str() } else { "" };
        let step = self.step_of(permit, (StepKind::HandedOver, code), request, (handle.delivery, &over.note)).await?;
        let mut entry = self.officer_entry(permit, Verb::Administration, "HAND_OVER", now);
        entry.record = Some(record.id);
        entry.deliveries.push(handle.delivery);
        entry.details.push(if to.is_some() { format!("to={code}") } else { "to=queue".to_owned() });
        let once = self.once_with_record(permit, request);
        Ok(self.store.settle(once, self.held(permit, handle, now), Settle::HandOver(step, to), entry).await?)
    }

    /// Until when the colleague may work on this delivery. Somebody whom the record accuses is refused as a stranger is (D08).
    fn colleague(
        &self,
        permit: &QueuePermit,
        (record, delivery): (&Record, &Delivery),
        to: &Identity,
    ) -> Result<Timestamp, Error> {
        let held = delivery.header.held.as_ref();
        let accused = self.accuses(record, to) || (held.is_some() && self.accuses_colleague_on_hold(record, to));
        let never_by =
            [held.map(|held| held.never_by.clone()).unwrap_or_default(), self.excluded_queues(record)].concat();
        let until = self.grants().colleague(permit, to, &never_by, self.now()).filter(|_| !accused);
        until.ok_or(Error::Precondition {
            reason: "NOT_A_COLLEAGUE",
            advice: "name somebody else, by their whole identity, who works on this queue and may work on this delivery",
        })
    }

    /// The lease that waits for the colleague. Nobody is told its token: they get one of their own when they take it.
    fn kept_for(&self, over: &HandOver, now: Timestamp, until: Timestamp) -> Result<Lease, Error> {
        Ok(Lease {
            token: self.token()?,
            holder: over.to.as_str().to_owned(),
            session: String::new(),
            expires: later(now, over.keep).min(until),
            since: now,
            handed_over: true,
        })
    }
}
