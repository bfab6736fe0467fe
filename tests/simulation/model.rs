//! The model: what was acknowledged, in plain collections. It takes the shape of a delivery from the house and none of its rules:
//! what is late, what comes first and what a lease is worth are worked out here once more.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use homeward::{
    broker::{Receipt, Request},
    domain::{
        code::Class,
        delivery::{Delivery, DeliveryId, State},
        history::StepKind,
        outcome::DeadReason,
        paging::PageId,
        prompt::TrackedPrompt,
        queue::QueueId,
        retraction::Retraction,
    },
    store::EventKind,
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::calls::{Answer, Call};

/// Something that a council is told: the record, the leg where it is one leg's, what.
pub type Told = (Uuid, Option<u16>, EventKind);

/// A record.
pub struct Record {
    pub deliveries: Vec<Delivery>,
    /// Organisations that follow it.
    pub followers: Vec<String>,
    /// Of a record that was submitted: which base, the sender's reference, the receipt.
    pub submitted: Option<(usize, u32, Receipt)>,
    pub linked: Vec<Uuid>,
    /// Its prompts with a date.
    pub prompts: Vec<TrackedPrompt>,
    pub erased: bool,
    /// Of what record another child's is.
    pub linked_from: Option<Uuid>,
    /// In whose place it stands.
    pub corrects: Option<Uuid>,
    /// That it was corrected or recalled.
    pub retractions: Vec<Retraction>,
    pub kept_from: Accused,
    /// Legal holds on it.
    pub holds: BTreeSet<Uuid>,
}

/// Whom something is kept from.
#[derive(Debug, Clone, Default)]
pub struct Accused {
    pub identities: BTreeSet<String>,
    pub queues: BTreeSet<QueueId>,
}

impl Accused {
    pub fn add(&mut self, more: &Self) {
        self.identities.extend(more.identities.iter().cloned());
        self.queues.extend(more.queues.iter().cloned());
    }
}

/// A page that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The class of its delivery when it was written.
    pub class: Class,
    pub since: Timestamp,
    pub next: Timestamp,
    pub attempts: u32,
}

/// A call that was answered.
pub struct Answered {
    pub call: Call,
    pub answer: Answer,
    /// Its answer may be forgotten after this moment.
    pub until: Option<Timestamp>,
}

#[derive(Default)]
pub struct Model {
    pub records: BTreeMap<Uuid, Record>,
    /// What is not settled.
    pub live: BTreeMap<QueueId, BTreeSet<DeliveryId>>,
    /// What was handed back until a moment that somebody's pull has seen come.
    pub woken: HashSet<DeliveryId>,
    pub pages: BTreeMap<PageId, Row>,
    /// What each organisation was told; what stands together was told in no particular order.
    pub events: HashMap<String, Vec<Vec<Told>>>,
    /// All that is told until this is ended is told in no particular order.
    together: bool,
    pub answered: Vec<Answered>,
    /// Until when answers are kept that are not kept for good.
    pub kept: Vec<Timestamp>,
    /// Every token that was given.
    pub tokens: HashSet<String>,
    /// Referrals in the order in which they were acknowledged, each with its request.
    pub referrals: Vec<(Uuid, Request)>,
    /// Records that were touched since they were last compared.
    pub touched: BTreeSet<Uuid>,
    /// How often each thing was done that the ledger has an entry of, by its action.
    pub acts: BTreeMap<&'static str, u64>,
}

/// Where a delivery stands in its queue: class, earliest deadline that runs, age.
pub type Position = (usize, bool, Option<Timestamp>, Timestamp, DeliveryId);

impl Model {
    pub fn delivery(&self, id: DeliveryId) -> &Delivery {
        self.records[&id.record].deliveries.iter().find(|delivery| delivery.id == id).unwrap()
    }

    /// The ledger has another entry of this.
    pub fn did(&mut self, action: &'static str) {
        *self.acts.entry(action).or_default() += 1;
    }

    /// Whether nothing of a record is for somebody who works on a queue: it accuses them, or that queue's people.
    pub fn keeps(&self, record: Uuid, who: &str, queue: &QueueId) -> bool {
        let kept_from = &self.records[&record].kept_from;
        kept_from.identities.contains(who) || kept_from.queues.contains(queue)
    }

    /// Deliveries that are not settled, whatever their queue.
    pub fn unsettled(&self) -> impl Iterator<Item = &Delivery> {
        self.live.values().flatten().map(|id| self.delivery(*id))
    }

    /// Those of a queue of which something is true, in the order of the queue.
    pub fn standing(&self, queue: &QueueId, which: impl Fn(&Delivery) -> bool) -> Vec<DeliveryId> {
        let ids = self.live.get(queue).into_iter().flatten();
        let mut found: Vec<_> = ids.map(|id| self.delivery(*id)).filter(|one| which(one)).map(position).collect();
        found.sort();
        found.into_iter().map(|(.., id)| id).collect()
    }

    /// A new delivery.
    pub fn arrives(&mut self, delivery: Delivery, at: Timestamp) {
        let (id, queue) = (delivery.id, delivery.header.queue.clone());
        if delivery.header.page {
            let row = Row { class: delivery.header.class, since: at, next: at, attempts: 0 };
            self.pages.insert(PageId { delivery: id, number: 0 }, row);
        }
        assert!(self.live.entry(queue).or_default().insert(id), "{id} came twice");
        self.records.get_mut(&id.record).unwrap().deliveries.push(delivery);
        self.touched.insert(id.record);
    }

    /// A delivery is now as given.
    pub fn becomes(&mut self, after: Delivery) {
        let id = after.id;
        let before = self.delivery(id).clone();
        self.woken.remove(&id);
        if after.settled.is_some() {
            self.live.get_mut(&after.header.queue).unwrap().remove(&id);
        }
        let answers = before.opened.is_none() && after.opened.is_some();
        if answers || after.settled.is_some() || is_rejected(&after) {
            self.pages.retain(|page, _| page.delivery != id);
        }
        // Sent back to its queue: somebody is told again.
        if let Some(step) = after.history.last().filter(|_| before.state == State::DeadLetter)
            && after.state == State::Waiting
            && after.page()
        {
            let number = u16::try_from(after.escalations().count()).unwrap();
            let row = Row { class: after.class(), since: step.at, next: step.at, attempts: 0 };
            self.pages.entry(PageId { delivery: id, number }).or_insert(row);
        }
        let record = self.records.get_mut(&id.record).unwrap();
        *record.deliveries.iter_mut().find(|delivery| delivery.id == id).unwrap() = after;
        self.touched.insert(id.record);
    }

    /// Whoever follows these records is told.
    pub fn tells(&mut self, told: Vec<Told>) {
        let mut by_follower: BTreeMap<String, Vec<Told>> = BTreeMap::new();
        for one in told {
            for follower in &self.records[&one.0].followers {
                by_follower.entry(follower.clone()).or_default().push(one);
            }
        }
        for (follower, told) in by_follower {
            let groups = self.events.entry(follower).or_default();
            match groups.last_mut() {
                Some(last) if self.together => last.extend(told),
                _ => groups.push(told),
            }
        }
    }

    /// From here to [`Model::in_order`] nobody knows what came first.
    pub fn in_no_order(&mut self) {
        self.events.values_mut().for_each(|groups| groups.push(Vec::new()));
        self.together = true;
    }

    pub fn in_order(&mut self) {
        self.together = false;
        self.events.values_mut().for_each(|groups| groups.retain(|group| !group.is_empty()));
    }

    /// What is delayed until `now` or earlier stands in its queue again.
    pub fn wakes(&mut self, queue: &QueueId, now: Timestamp) {
        let due = self.standing(queue, |one| one.state == State::Waiting && one.not_before.is_some_and(|at| at <= now));
        self.woken.extend(due);
    }
}

/// An officer has rejected it.
pub fn is_rejected(delivery: &Delivery) -> bool {
    let last = delivery.history.iter().rev().find(|step| step.kind == StepKind::Rejected);
    delivery.state == State::DeadLetter && last.is_some_and(|step| step.code != DeadReason::AttemptLimit.code())
}

pub fn escalations(delivery: &Delivery) -> usize {
    delivery.history.iter().filter(|step| step.kind == StepKind::Escalated).count()
}

/// The class as it stands after so many escalations (D15).
pub fn class(delivery: &Delivery) -> Class {
    (0..escalations(delivery)).fold(delivery.header.class, |class, _| raised(class))
}

pub fn raised(class: Class) -> Class {
    match class {
        Class::P4 => Class::P4,
        Class::P3 => Class::P2,
        Class::P2 => Class::P1,
        Class::P1 | Class::P0 => Class::P0,
    }
}

/// The earliest deadline that still runs.
pub fn deadline(delivery: &Delivery) -> Option<Timestamp> {
    let Delivery { header, opened, settled, .. } = delivery;
    if settled.is_some() || is_rejected(delivery) {
        return None;
    }
    if let Some(offer) = delivery.offered.as_ref().filter(|offer| offer.accepted.is_none()) {
        return Some(offer.answer_by);
    }
    match (opened.is_none().then_some(header.ack_due).flatten(), header.decide_due) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// It is to be escalated after this moment.
pub fn late_after(delivery: &Delivery) -> Option<Timestamp> {
    let due = deadline(delivery)?;
    if escalations(delivery) == 0 { Some(due) } else { delivery.escalate_from.map(|again| again.max(due)) }
}

pub fn position(delivery: &Delivery) -> Position {
    let class = Class::ALL.iter().position(|one| *one == class(delivery)).unwrap();
    let deadline = deadline(delivery);
    (class, deadline.is_none(), deadline, delivery.header.received, delivery.id)
}

/// Whoever says this token at this moment holds it.
pub fn holds(delivery: &Delivery, who: &str, token: &str, now: Timestamp) -> bool {
    let lease = delivery.lease.as_ref().filter(|_| delivery.state == State::Leased);
    lease.is_some_and(|lease| lease.token == token && lease.holder == who && now < lease.expires)
}

/// Another unit offers it, and nobody has answered.
pub fn is_offered(delivery: &Delivery) -> bool {
    delivery.settled.is_none() && is_nobodys(delivery)
}

/// Another unit offered it, and it never became this one's.
pub fn is_nobodys(delivery: &Delivery) -> bool {
    delivery.offered.as_ref().is_some_and(|offer| offer.accepted.is_none())
}

/// Offered to another unit, which has not answered.
pub fn is_offering(delivery: &Delivery) -> bool {
    delivery.settled.is_none() && delivery.transfer.is_some()
}

pub fn is_notice(delivery: &Delivery) -> bool {
    delivery.header.notice.is_some()
}

/// Somebody has read it, or taken what has nothing to read.
pub fn was_read(delivery: &Delivery) -> bool {
    delivery.opened.is_some() || (delivery.header.units.is_empty() && delivery.delivered.is_some())
}

/// Handed over, and not taken yet.
pub fn is_handed_over(delivery: &Delivery) -> bool {
    delivery.state == State::Leased && delivery.lease.as_ref().unwrap().handed_over
}
