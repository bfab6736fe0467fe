//! Handing over at the end of a shift: what somebody has begun goes to a named colleague with a note, what nobody has opened
//! goes back to the queue. Deadlines run on.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Broker, Error, Handle, Request, dispatch::later, error::DECIDED};
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId, Lease},
        grants::QueuePermit,
        history::StepKind,
        identity::{Identity, Role},
        text::Text,
    },
    ledger::Verb,
    store::{Held, Record, Settle, StoreError, TakeBack},
};

/// What is handed over is kept at least this long, however near its deadline is.
const KEPT_AT_LEAST: SignedDuration = SignedDuration::from_mins(5);
/// While the store is away it is tried again after so long.
const AGAIN: SignedDuration = SignedDuration::from_secs(1);

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

/// What is to be taken back, and why.
#[derive(Debug, Clone)]
pub struct TakingBack {
    /// The delivery.
    pub delivery: DeliveryId,
    /// Why; kept sealed.
    pub reason: Text,
}

impl Broker {
    /// Hands a delivery over: it waits for the colleague, and for nobody else, until they take it with a pull. Whoever supervises the
    /// queue hands over what anybody has in hand; what its holder asks for after that finds the lease lost. Whoever drops this in its
    /// middle may leave it with somebody who was revoked meanwhile.
    pub async fn hand_over(
        self: &Arc<Self>,
        permit: &QueuePermit,
        request: Request,
        handle: Handle,
        over: HandOver,
    ) -> Result<Delivery, Error> {
        for _ in 1..DECIDED {
            match self.hand_over_as_known(permit, request, handle.clone(), &over).await {
                Err(error) if error.is_conflict() => {}
                done => return done,
            }
        }
        self.hand_over_as_known(permit, request, handle, &over).await
    }

    /// The same, unless a correction accuses somebody meanwhile.
    async fn hand_over_as_known(
        self: &Arc<Self>,
        permit: &QueuePermit,
        request: Request,
        handle: Handle,
        over: &HandOver,
    ) -> Result<Delivery, Error> {
        let now = self.now();
        let (record, delivery) = self.found(handle.delivery).await?;
        let supervises = permit.identity().role() == Role::UnitSupervisor;
        let (holder, handle) = if supervises {
            // Of what is kept from them they supervise nothing.
            let lease = delivery.lease.clone().filter(|lease| !lease.handed_over && now < lease.expires);
            let lease = lease.filter(|_| !self.is_kept_from(&record, permit));
            let (holder, token) = lease.map(|lease| (lease.holder, lease.token)).unwrap_or_default();
            (holder, Handle { token, ..handle })
        } else {
            self.may_decide(permit, &record, &delivery, now)?;
            (permit.identity().as_str().to_owned(), handle)
        };
        // Whoever holds nothing here learns nothing about colleagues, and an answer that was given comes again: the store says.
        let holds = delivery.live_lease(&handle.token, now);
        let holds = holds.is_some_and(|lease| lease.holder == holder);
        let until = match holds && delivery.is_begun() {
            true => Some(self.colleague(permit, (&record, &delivery), &over.to).await?),
            false => None,
        };
        let to = until.map(|until| self.kept_for(over, now, (until, delivery.running_deadline()))).transpose()?;
        let code = if to.is_some() { over.to.as_str() } else { "" };
        let step = self.step_of(permit, (StepKind::HandedOver, code), request, (handle.delivery, &over.note)).await?;
        let mut entry = self.entry_about(permit, (Verb::Administration, "HAND_OVER"), handle.delivery, now);
        entry.details.push(if to.is_some() { format!("to={code}") } else { "to=queue".to_owned() });
        if supervises {
            entry.details.push(format!("from={holder}"));
        }
        let once = self.once_with_record(permit, request);
        let held = Held { holder, ..self.held_to_give(permit, handle, now, &record) };
        let given = to.is_some();
        let done = self.store.settle(once, held, Settle::HandOver(step, to), entry).await;
        // Of a step that failed nobody knows whether it is kept all the same.
        if given && matches!(done, Ok(_) | Err(StoreError::Unavailable(_))) {
            self.return_from_who_is_out(permit, &over.to).await;
        }
        done.map_err(|error| match error {
            StoreError::LeaseLost if supervises => Error::Precondition {
                reason: "NOTHING_IN_HAND",
                advice: "nobody has it in hand any longer, or it is handed over already: ListHeld says who holds what",
            },
            other => other.into(),
        })
    }

    /// Whoever was revoked, or lost their grant, while something was handed over to them had their leases returned before this one was
    /// kept: it returns, too. Nobody waits for a store that is away: it is looked again behind the answer. Where the store never comes
    /// back, the next start looks.
    async fn return_from_who_is_out(self: &Arc<Self>, permit: &QueuePermit, to: &Identity) {
        let is_away = |looked: Result<u64, Error>| matches!(looked, Err(Error::Unavailable(_)));
        if !is_away(self.look_after(permit, to).await) {
            return;
        }
        let (broker, permit, to) = (Arc::clone(self), permit.clone(), to.clone());
        tokio::spawn(async move {
            while broker.recovers() && is_away(broker.look_after(&permit, &to).await) {
                broker.clock.sleep_until(later(broker.now(), AGAIN)).await;
            }
        });
    }

    /// Returns what somebody has who is out. Answers with how many.
    async fn look_after(&self, permit: &QueuePermit, to: &Identity) -> Result<u64, Error> {
        if self.grants().colleague(permit, to, &[], self.now()).is_none() {
            return self.return_ungranted().await;
        }
        if self.is_somebody(to, permit.queue()).await? { Ok(0) } else { self.return_leases(to.as_str()).await }
    }

    /// Until when the colleague may work on this delivery. Somebody whom the record accuses, and a name that nobody bears, are refused
    /// as a stranger is (D08).
    async fn colleague(
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
        let is_somebody = self.is_somebody(to, permit.queue()).await?;
        until.filter(|_| is_somebody).ok_or(Error::Precondition {
            reason: "NOT_A_COLLEAGUE",
            advice: "name somebody else, by their whole identity, who works on this queue, may work on this delivery and has a good \
                     certificate; where another authority signs certificates, they call once first (homeward whoami)",
        })
    }

    /// The lease that waits for the colleague, not past the deadline that runs. Nobody is told its token: they get one of their own
    /// when they take it.
    fn kept_for(
        &self,
        over: &HandOver,
        now: Timestamp,
        (until, deadline): (Timestamp, Option<Timestamp>),
    ) -> Result<Lease, Error> {
        let by_the_deadline = deadline.unwrap_or(Timestamp::MAX).max(later(now, KEPT_AT_LEAST));
        Ok(Lease {
            token: self.token()?,
            holder: over.to.as_str().to_owned(),
            session: String::new(),
            expires: later(now, over.keep).min(by_the_deadline).min(until),
            since: now,
            handed_over: true,
        })
    }

    /// Takes back what was handed over and is not taken yet: it is in its queue again. Whoever handed it over may, and whoever
    /// supervises the queue.
    pub async fn take_back(
        &self,
        permit: &QueuePermit,
        request: Request,
        taking: TakingBack,
    ) -> Result<Delivery, Error> {
        let now = self.now();
        let (record, delivery) = self.found(taking.delivery).await?;
        let supervises = permit.identity().role() == Role::UnitSupervisor;
        let is_theirs = match supervises {
            true => !self.is_kept_from(&record, permit),
            false => self.may_decide(permit, &record, &delivery, now)?,
        };
        let step = self.step_of(permit, (StepKind::TakenBack, ""), request, (taking.delivery, &taking.reason)).await?;
        let mut entry = self.officer_entry(permit, Verb::Administration, "TAKE_BACK", step.at);
        entry.record = Some(record.id);
        entry.deliveries.push(taking.delivery);
        // Of what is kept from them they have given nothing away, and supervise nothing: the first answer comes again, and no other.
        let giver = match (is_theirs, supervises) {
            (false, _) => Some(String::new()),
            (true, true) => None,
            (true, false) => Some(permit.identity().as_str().to_owned()),
        };
        let taking = TakeBack { delivery: taking.delivery, queue: permit.queue().clone(), giver, step };
        let taken = self.store.take_back(self.once_with_record(permit, request), taking, entry).await;
        taken.map_err(|error| match error {
            StoreError::WrongState => Error::Precondition {
                reason: "NOTHING_TO_TAKE_BACK",
                advice: "only what you have handed over yourself, or, as its supervisor, what is handed over in your queue, and \
                         only until it is taken",
            },
            other => other.into(),
        })
    }
}
