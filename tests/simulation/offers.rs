//! Offers to other units, what is sent on from HOLD, and what goes along with both, as the model knows them.

use homeward::{
    domain::{
        code::Class,
        delivery::{Delivery, DeliveryId, State},
        history::{Step, StepKind},
        queue::QueueId,
        retraction::{Retraction, RetractionKind},
        transfer::Offer,
    },
    store::{EventKind, Stored},
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    becoming::{ended, untouched},
    calls::{Call, Use, What},
    model::{Model, Told, class, is_nobodys, is_notice, is_offering},
    world::World,
};

/// How long an offer stands, or a notice waits, where its class has no deadline to acknowledge.
pub const WITHOUT_DEADLINE: SignedDuration = SignedDuration::from_hours(72);

impl Model {
    /// The referral of which a record is.
    pub fn subject(&self, record: Uuid) -> Uuid {
        self.records[&record].linked_from.unwrap_or(record)
    }

    /// It was submitted under the statutory duty.
    pub fn is_statutory(&self, referral: Uuid) -> bool {
        let (.., receipt) = self.records[&referral].submitted.as_ref().unwrap();
        receipt.flags.iter().any(|flag| flag == "statutory_notification")
    }

    /// Whether something may go to another queue: nothing that was taken back, and nothing old where what is right can go.
    pub fn may_go_on(&self, from: &Delivery, to: &QueueId) -> Result<(), &'static str> {
        let record = &self.records[&from.id.record];
        let Some(last) = record.retractions.last() else { return Ok(()) };
        let Some(successor) = last.successor else { return Err("RECALLED") };
        if self.is_statutory(self.subject(from.id.record)) {
            return Ok(());
        }
        let instead = match record.linked_from {
            None => vec![successor],
            Some(_) => self.records[&successor].linked.clone(),
        };
        let mut instead = instead.iter().flat_map(|id| &self.records[id].deliveries).filter(|one| {
            let closed = matches!(one.state, State::Superseded | State::Recalled);
            !is_notice(one) && !is_nobodys(one) && !closed
        });
        let here = |one: &Delivery| one.settled.is_none() && one.header.queue == from.header.queue;
        if instead.any(|one| here(one) || one.header.queue == *to) { Err("CORRECTED") } else { Ok(()) }
    }

    pub fn may_be_offered(&self, (from, begun): (&Delivery, bool), to: &QueueId) -> Result<(), &'static str> {
        let header = &from.header;
        if header.held.is_some() {
            return Err("RESOLVE_IT");
        }
        if is_offering(from) {
            return Err("OFFERED_ALREADY");
        }
        if !begun {
            return Err("OPEN_FIRST");
        }
        self.may_go_on(from, to)?;
        let record = &self.records[&from.id.record];
        if record.kept_from.queues.contains(to) {
            return Err("INVALID");
        }
        let has_all = |there: &Delivery| {
            let items = |one: &Delivery| one.header.items.iter().map(|item| item.number).collect::<Vec<_>>();
            header.contents.iter().all(|content| there.header.contents.contains(content))
                && items(from).iter().all(|item| items(there).contains(item))
        };
        let there = |one: &&Delivery| one.header.queue == *to && one.id != from.id && !is_nobodys(one);
        if record.deliveries.iter().filter(there).any(has_all) { Err("THERE_ALREADY") } else { Ok(()) }
    }

    /// The offer of a delivery, as its own side has it.
    pub fn offer(&self, world: &World, call: &Call, (from, to): (&Delivery, &QueueId), leg: u16) -> Offer {
        let now = world.now();
        let (ack_due, _) = world.town.rulebook.policy.due(to, class(from), now);
        let answer_by = ack_due.unwrap_or(now + WITHOUT_DEADLINE);
        let decide = from.header.decide_due.filter(|due| now < *due);
        Offer {
            queue: to.clone(),
            leg,
            at: now,
            by: call.who.identity.as_str().to_owned(),
            answer_by: decide.map_or(answer_by, |due| due.min(answer_by)),
            accepted: None,
        }
    }

    /// What becomes of the other side of an offer by what was done to one; answers with what is to be escalated.
    pub fn other_side(
        &mut self,
        call: &Call,
        (before, after): (&Delivery, &Delivery),
        stored: &Stored,
        (told, now): (&mut Vec<Told>, Timestamp),
    ) -> Option<DeliveryId> {
        let who = call.who.identity.as_str();
        let other = |leg: u16| DeliveryId { leg, ..before.id };
        match &call.what {
            What::Use { how: Use::Offer { .. }, .. } => {
                self.is_offered_there(after, stored);
                told.extend(self.marked_as(other(after.transfer.as_ref().unwrap().leg)));
            }
            What::Use { how: Use::Accept, .. } => {
                let mut from = self.delivery(other(before.offered.as_ref().unwrap().leg)).clone();
                from.transfer.iter_mut().for_each(|offer| offer.accepted = Some(now));
                (from.state, from.lease) = (State::Transferred, None);
                from.settled = Some(ended(now, who, after.header.queue.as_str()));
                told.push((from.id.record, Some(from.id.leg), EventKind::Transferred));
                self.becomes(from);
                self.tells_along(stored, after, now);
            }
            What::Use { how: Use::Refuse, .. } => {
                let mut from = self.delivery(other(before.offered.as_ref().unwrap().leg)).clone();
                let actual = stored.deliveries.iter().find(|one| one.id == from.id).unwrap();
                let refused = |step: &&Step| step.id == call.request.id;
                let note = actual.history.iter().find(refused).unwrap().note.clone();
                assert!(!note.is_empty());
                let code = after.header.queue.as_str().to_owned();
                let step = crate::becoming::step(call, StepKind::TransferRefused, code, now);
                from.history.push(Step { note, failed: from.failed, ..step });
                from.transfer = None;
                let id = from.id;
                told.push((id.record, Some(id.leg), EventKind::NotTransferred));
                self.becomes(from);
                return Some(id);
            }
            _ => {
                if let Some(offer) = before.transfer.as_ref().filter(|offer| offer.accepted.is_none())
                    && after.transfer.is_none()
                {
                    self.offer_ends(other(offer.leg), (now, who), "TAKEN_BACK");
                }
            }
        }
        None
    }

    /// What was offered is nobody's any longer.
    pub fn offer_ends(&mut self, there: DeliveryId, (at, by): (Timestamp, &str), how: &str) {
        let mut there = self.delivery(there).clone();
        (there.state, there.lease, there.settled) = (State::Declined, None, Some(ended(at, by, how)));
        self.becomes(there);
    }

    /// What waits for an answer in the other unit's queue.
    fn is_offered_there(&mut self, from: &Delivery, stored: &Stored) {
        let offer = from.transfer.as_ref().unwrap();
        let last = self.last_leg(from.id.record);
        assert_eq!(offer.leg, last + 1, "the next leg");
        let there = stored.deliveries.iter().find(|one| one.id.leg == offer.leg).unwrap();
        let (header, given) = (&there.header, &from.header);
        assert_eq!((&header.queue, header.class, header.received), (&offer.queue, class(from), given.received));
        assert_eq!((&header.items, &header.contents), (&given.items, &given.contents));
        assert_eq!((header.decide_due, header.held.is_some()), (given.decide_due, false));
        assert_eq!(header.page, given.page || header.class == Class::P0);
        let mut expected = untouched(there, &self.records[&from.id.record].prompts);
        expected.offered = Some(Offer { queue: given.queue.clone(), leg: from.id.leg, ..offer.clone() });
        expected.history = self.marks(from.id.record);
        let offered = from.history.last().unwrap();
        let (kind, code) = (StepKind::Offered, given.queue.as_str().to_owned());
        expected.history.push(Step { kind, code, failed: 0, ..offered.clone() });
        assert_eq!(*there, expected);
        self.arrives(expected, offer.at);
    }

    pub fn last_leg(&self, record: Uuid) -> u16 {
        self.records[&record].deliveries.iter().map(|one| one.id.leg).max().unwrap()
    }

    /// What stands on whatever is made of a record that was corrected.
    fn marks(&self, record: Uuid) -> Vec<Step> {
        self.records[&record].retractions.last().map(|last| mark(last, 0)).into_iter().collect()
    }

    /// Its sender is told that what was made of it is corrected already.
    pub fn marked_as(&self, made: DeliveryId) -> Option<Told> {
        self.records[&made.record].retractions.last().map(|_| (made.record, Some(made.leg), EventKind::Corrected))
    }

    /// What a resolution made stands in the queues that it names, as urgent as it was, and nobody has touched it; what its sender was
    /// asked goes along with the first.
    pub fn sent_on(&mut self, world: &World, stored: &Stored, (resolved, made): (&Delivery, &[DeliveryId])) {
        let record = resolved.id.record;
        let outcome = &resolved.settled.as_ref().unwrap().outcome;
        assert_eq!(outcome.split(' ').count(), made.len());
        let of_the_sender = |step: &&Step| matches!(step.kind, StepKind::Asked | StepKind::Answered);
        let mut along: Vec<_> = resolved.history.iter().filter(of_the_sender).cloned().collect();
        for (id, queue) in made.iter().zip(outcome.split(' ')) {
            assert_eq!(id.leg, self.last_leg(record) + 1, "the next leg");
            let delivery = stored.deliveries.iter().find(|delivery| delivery.id == *id).unwrap().clone();
            assert_eq!((delivery.header.queue.as_str(), delivery.header.class), (queue, class(resolved)));
            assert_eq!(delivery.header.received, resolved.header.received);
            let mut expected = untouched(&delivery, &self.records[&record].prompts);
            expected.from_hold = Some(resolved.id.leg);
            expected.history = self.marks(record);
            let marks = expected.history.len();
            expected.history.extend(along.drain(..).map(|step| Step { failed: 0, ..step }));
            for (step, actual) in expected.history.iter_mut().zip(&delivery.history).skip(marks) {
                // A question is sealed anew for whoever reads it there.
                assert!(!step.note.is_empty() && (step.kind == StepKind::Asked || step.note == actual.note));
                step.note.clone_from(&actual.note);
                assert!(!step.note.is_empty());
            }
            assert_eq!(delivery, expected);
            self.arrives(delivery.clone(), world.now());
            self.tells_along(stored, &delivery, world.now());
        }
    }

    /// Whoever gets what was corrected is told so, unless they were.
    fn tells_along(&mut self, stored: &Stored, made: &Delivery, now: Timestamp) {
        let record = &self.records[&made.id.record];
        let Some(last) = record.retractions.last().cloned() else { return };
        let queue = &made.header.queue;
        let says = |one: &Delivery| one.header.notice.as_ref() == Some(&last) && one.header.queue == *queue;
        if !record.deliveries.iter().any(says) {
            self.notified(stored, (&last, now), (queue, class(made)));
        }
    }

    /// A notice is there, as the next of the record.
    pub fn notified(
        &mut self,
        stored: &Stored,
        (retraction, now): (&Retraction, Timestamp),
        (queue, class): (&QueueId, Class),
    ) -> Delivery {
        let id = DeliveryId { record: stored.record.id, leg: self.last_leg(stored.record.id) + 1 };
        let found = stored.deliveries.iter().find(|one| one.id == id);
        let notice = found.unwrap_or_else(|| panic!("nobody in {queue} is told of {retraction:?}")).clone();
        let header = &notice.header;
        assert_eq!((&header.queue, header.class, header.notice.as_ref()), (queue, class, Some(retraction)));
        assert!(header.units.is_empty() && header.items.is_empty() && header.prompts.is_empty());
        assert_eq!((header.received, header.ack_due, header.page), (now, None, class == Class::P0));
        let mut expected = untouched(&notice, &[]);
        let note = notice.history.first().map(|step| step.note.clone()).unwrap_or_default();
        expected.history = vec![Step { note, ..mark(retraction, 0) }];
        assert_eq!(notice, expected);
        self.arrives(notice.clone(), now);
        notice
    }
}

/// The mark of a correction or a recall.
pub fn mark(retraction: &Retraction, failed: u32) -> Step {
    Step {
        id: retraction.id,
        kind: match retraction.kind {
            RetractionKind::Corrected => StepKind::Corrected,
            RetractionKind::Recalled => StepKind::Recalled,
        },
        at: retraction.at,
        by: String::new(),
        code: retraction.successor.map(|id| id.hyphenated().to_string()).unwrap_or_default(),
        note: Vec::new(),
        given: Vec::new(),
        failed,
    }
}
