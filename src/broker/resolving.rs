//! Resolving: a person has found out where a matter on HOLD belongs, and it goes there at once.

use jiff::Timestamp;

use super::{Broker, Error, Handle, Reader, Request, clarifying::LENSES, filing::carried_by};
use crate::{
    domain::{
        code::Class,
        delivery::{Delivery, DeliveryId, Header, HeldHeader, Settled},
        grants::{QueuePermit, Refusal},
        identity::Peer,
        queue::QueueId,
        text::Text,
        unit::{Audience, Part, UnitLabel},
        violation::{Violation, Violations},
    },
    ledger::Verb,
    sealing::labels,
    store::{Along, Record, Settle, Stored},
};

/// Where a matter on HOLD goes, and why.
#[derive(Debug, Clone)]
pub struct Resolution {
    /// The queue.
    pub to: QueueId,
    /// Reason in words; kept sealed.
    pub reason: Text,
}

impl Broker {
    /// Sends what is on HOLD to a named queue, with a reason, and to the queues that follow from that place. Answers with
    /// the delivery on HOLD and those that were made. What its sender was asked goes along to the named queue, redacted for whoever reads
    /// it there, and is answered there. The accused's own unit never can (D08).
    pub async fn resolve(
        &self,
        peer: &Peer,
        request: Request,
        handle: Handle,
        (resolution, read): (Resolution, Reader),
    ) -> Result<(Delivery, Vec<DeliveryId>), Error> {
        let Resolution { to, reason } = resolution;
        let now = self.now();
        let Stored { record, deliveries, retractions, .. } =
            self.store.find(handle.delivery.record).await?.ok_or(Error::NotFound)?;
        let found = deliveries.iter().find(|found| found.id == handle.delivery).ok_or(Error::NotFound)?;
        let held = found.header.held.clone().ok_or(Error::NotFound)?;
        let holds = found.live_lease(&handle.token, now).is_some_and(|one| one.holder == peer.identity.as_str());
        let never_by = self.never_by(&record, held.never_by.clone(), peer, holds)?;
        let hold = self.grants().may_resolve_hold(peer, &never_by, now)?;
        let permit = hold.queue_permit();
        // An answer that was given comes again, and whoever lost the lease hears that: the store says.
        let (mut queues, mut headers, mut questions) = (Vec::new(), Vec::new(), Vec::new());
        if holds {
            queues = self.destinations(found, &HeldHeader { never_by, ..held }, to, now)?;
            self.may_go_on((&record, &retractions), found, queues.first()).await?;
            let lenses = queues.first().map_or(LENSES[2], |queue| self.lenses(queue));
            questions = self.as_asked(permit, (&record, found, lenses), read).await?;
            let units = labels(&self.sealed_of(&record).await?.1)?;
            headers = queues.iter().map(|queue| self.sent_on(found, &units, queue)).collect();
        }
        let mut entry = self.entry_about(permit, (Verb::Disclosure, "RESOLVE_HELD"), handle.delivery, now);
        let note = self.note(handle.delivery, "resolve", &reason).await?;
        entry.details.push(format!("sealed_reason={}", hex::encode(&note)));
        entry.recipients.extend(queues.iter().cloned());
        let settled = Settled {
            at: now,
            by: permit.identity().as_str().to_owned(),
            outcome: queues.iter().map(QueueId::as_str).collect::<Vec<_>>().join(" "),
            reason: None,
            release_detail: false,
            note,
        };
        let once = self.once_with_record(permit, request);
        let notices = self.along((&record, &deliveries, &retractions), (found, &queues), now).await?;
        let settle = Settle::Resolve(settled, headers, Along { notices, questions });
        let resolved = self.store.settle(once, self.held(permit, handle, now), settle, entry).await?;
        let made = self.made(&resolved).await?;
        Ok((resolved, made))
    }

    /// Whose people may not resolve it, and where it may not go, whatever it is held for: where somebody works whom the record accuses.
    /// Whoever holds nothing of it learns of nobody whom it accuses.
    fn never_by(
        &self,
        record: &Record,
        mut named: Vec<QueueId>,
        peer: &Peer,
        holds: bool,
    ) -> Result<Vec<QueueId>, Error> {
        if !holds {
            return Ok(Vec::new());
        }
        if self.accuses(record, &peer.identity) || self.accuses_colleague_on_hold(record, &peer.identity) {
            return Err(Refusal::Excluded.into());
        }
        named.extend(self.excluded_queues(record));
        Ok(named)
    }

    /// The named queue, and what follows from the place: where the matter was meant for a Referral Desk too, the police
    /// of that council (D11); where the council's office is closed and it is urgent, its Emergency Duty Team (D01).
    fn destinations(
        &self,
        found: &Delivery,
        held: &HeldHeader,
        to: QueueId,
        now: Timestamp,
    ) -> Result<Vec<QueueId>, Error> {
        let rulebook = self.rulebook();
        let policy = &rulebook.policy;
        let day = self.london_day(now);
        let known = policy.directory.queues(day);
        if to == QueueId::hold() || !known.contains(&to) || held.never_by.contains(&to) {
            return Err(Error::Invalid(Violations(vec![Violation::new(
                "to_queue",
                "name a queue of the directory that may receive this, and not HOLD itself",
            )])));
        }
        let mut queues = vec![to.clone()];
        let council = matches!(to.kind(), "MASH" | "ALLOC");
        let desk = held.meant_for.iter().any(|kind| kind == "REFDESK");
        if council
            && desk
            && let Some(police) = policy.directory.police_of(to.suffix(), day)
        {
            queues.push(police.refdesk());
        }
        if council && found.class() <= Class::P1 && !policy.calendar.office_open(to.suffix(), now) {
            queues.push(QueueId::of("EDT", to.suffix()));
        }
        queues.retain(|queue| known.contains(queue) && !held.never_by.contains(queue));
        Ok(queues)
    }

    /// Where the record of a held matter went all the same. For whoever holds it and may open and settle it, and nobody else.
    pub async fn sent_already(&self, permit: &QueuePermit, id: DeliveryId) -> Result<Vec<Delivery>, Error> {
        let Stored { record, deliveries, .. } = self.store.find(id.record).await?.ok_or(Error::NotFound)?;
        let (who, now) = (permit.identity(), self.now());
        let found = deliveries.iter().find(|found| found.id == id).ok_or(Error::NotFound)?;
        let mut never_by = found.header.held.as_ref().ok_or(Error::NotFound)?.never_by.clone();
        never_by.extend(self.excluded_queues(&record));
        let holds = found.lease.as_ref().is_some_and(|lease| lease.holder == who.as_str() && now < lease.expires);
        if !holds || self.is_kept_from(&record, permit) || self.grants().works_in(who, &never_by) {
            return Err(Error::NotFound);
        }
        let sent = |found: &Delivery| found.header.held.is_none() && !found.is_nobodys();
        Ok(deliveries.into_iter().filter(sent).collect())
    }

    /// The header of the delivery that a held matter becomes in one queue. Both clocks still run from acceptance, and its class
    /// stays as far up as it has risen (R25).
    fn sent_on(&self, found: &Delivery, units: &[UnitLabel], to: &QueueId) -> Header {
        let rulebook = self.rulebook();
        let policy = &rulebook.policy;
        let kind = policy.queues.kind_of(to);
        let opens = |label: &UnitLabel| {
            label.part.opens_by_role() || kind.is_some_and(|kind| kind.may_open(label.part, label.audience))
        };
        let items: Vec<u16> = found.header.items.iter().map(|item| item.number).collect();
        let carried = |label: &UnitLabel| {
            carried_by(&found.header.contents, &items, *label)
                || (label.part == Part::Card && label.item == Some(found.id.leg))
                || found.header.units.contains(label) && label.part == Part::Withheld
        };
        let original = UnitLabel { item: None, part: Part::Original, audience: Audience::Nobody };
        let (ack_due, decide_due) = policy.due(to, found.class(), found.header.received);
        Header {
            queue: to.clone(),
            class: found.class(),
            units: units.iter().copied().filter(|label| *label != original && carried(label) && opens(label)).collect(),
            ack_due,
            decide_due,
            provisional: false,
            held: None,
            ..found.header.clone()
        }
    }

    /// The deliveries that a resolution made, in the order in which it names their queues.
    async fn made(&self, resolved: &Delivery) -> Result<Vec<DeliveryId>, Error> {
        let stored = self.store.find(resolved.id.record).await?.ok_or(Error::NotFound)?;
        let made = stored.deliveries.iter().filter(|one| one.from_hold == Some(resolved.id.leg));
        Ok(made.map(|one| one.id).collect())
    }
}
