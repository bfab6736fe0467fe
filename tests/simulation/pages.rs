//! What the model says of the caretaker's rounds and of pages, which nobody calls for.

use std::collections::BTreeMap;

use homeward::{
    domain::{
        code::Class,
        delivery::{Delivery, DeliveryId, State},
        history::{Escalation, Step, StepKind},
        outcome::DeadReason,
        paging::{LATE, PageId, why},
        queue::QueueId,
    },
    store::{DuePage, EventKind, Noted, Round},
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    model::{Model, Row, class, escalations, is_handed_over, is_notice, is_offered, late_after, raised},
    script::Chance,
    town::Town,
    world::{MOST_FAILURES, World},
};

impl Model {
    /// A round of the caretaker: how many leases ended, deliveries were escalated and answers were forgotten.
    pub fn caretakes(&mut self, town: &Town, now: Timestamp) -> (u64, u64, u64, u64) {
        let (expired, escalated) = (self.expires(now), self.escalates(town, now));
        let late = self.tells_late_prompts(now);
        let before = self.kept.len();
        self.kept.retain(|until| *until >= now);
        self.answered.retain(|one| one.until.is_none_or(|until| until >= now));
        (expired, escalated, late, (before - self.kept.len()) as u64)
    }

    fn expires(&mut self, now: Timestamp) -> u64 {
        let ended = self.unsettled().filter_map(|one| {
            let lease = one.lease.as_ref().filter(|lease| one.state == State::Leased && lease.expires <= now)?;
            Some((lease.expires, one.id))
        });
        let mut ended: Vec<_> = ended.collect();
        ended.sort_unstable();
        for (_, id) in &ended {
            let mut after = self.delivery(*id).clone();
            // Nobody has failed with what nobody has taken.
            let failed = !is_handed_over(&after);
            self.did(if failed { "LEASE_EXPIRED" } else { "HAND_OVER_LAPSED" });
            (after.state, after.lease) = (State::Waiting, None);
            after.failed += u32::from(failed);
            let replayed = after.history.iter().rev().find(|step| step.kind == StepKind::Replayed);
            let since = after.failed - replayed.map_or(0, |step| step.failed);
            let buries = !is_offered(&after) && !is_notice(&after);
            let dead = failed && buries && since >= MOST_FAILURES;
            if dead {
                self.did("ATTEMPT_LIMIT");
                if let Some(offer) = after.transfer.take() {
                    self.offer_ends(DeliveryId { leg: offer.leg, ..*id }, (now, ""), "TAKEN_BACK");
                }
                (after.state, after.not_before) = (State::DeadLetter, None);
                let code = DeadReason::AttemptLimit.code();
                let step = own_step(StepKind::Rejected, code, now, &after);
                after.history.push(step);
            }
            self.becomes(after);
            if dead {
                self.tells(vec![(id.record, Some(id.leg), EventKind::Rejected)]);
            }
        }
        ended.len() as u64
    }

    fn escalates(&mut self, town: &Town, now: Timestamp) -> u64 {
        let late = self.unsettled().filter_map(|one| late_after(one).map(|due| (due, one.id)));
        let mut late: Vec<_> = late.filter(|(due, _)| now > *due).collect();
        late.sort_unstable();
        let (offered, own): (Vec<_>, Vec<_>) = late.iter().partition(|(_, id)| is_offered(self.delivery(*id)));
        let before: Vec<_> = own.iter().map(|(_, id)| escalations(self.delivery(*id))).collect();
        offered.iter().for_each(|(_, id)| self.lapses(town, *id, now));
        let mut escalated = offered.len() as u64;
        for ((_, id), before) in own.iter().zip(before) {
            // What came back was escalated with that.
            if escalations(self.delivery(*id)) == before {
                escalated += u64::from(self.raises(town, *id, now));
            }
        }
        escalated
    }

    /// An offer that nobody has answered in time: it goes on where it was, escalated.
    fn lapses(&mut self, town: &Town, id: DeliveryId, now: Timestamp) {
        let offered = self.delivery(id).clone();
        self.did("TRANSFER_LAPSED");
        self.offer_ends(id, (now, ""), "TRANSFER_LAPSED");
        let mut from = self.delivery(DeliveryId { leg: offered.offered.unwrap().leg, ..id }).clone();
        let step = own_step(StepKind::TransferLapsed, offered.header.queue.as_str(), now, &from);
        from.history.push(step);
        from.transfer = None;
        let id = from.id;
        self.becomes(from);
        self.tells(vec![(id.record, Some(id.leg), EventKind::NotTransferred)]);
        self.raises(town, id, now);
    }

    /// Somebody above is turned to, if anybody is left.
    pub fn raises(&mut self, town: &Town, id: DeliveryId, now: Timestamp) -> bool {
        let mut after = self.delivery(id).clone();
        let before = escalations(&after);
        let Some(to) = Escalation::ALL.get(before) else { return false };
        let (again, _) = town.rulebook.policy.due(&after.header.queue, raised(class(&after)), now);
        after.escalate_from = again.filter(|_| before + 1 < Escalation::ALL.len());
        let step = own_step(StepKind::Escalated, to.code(), now, &after);
        after.history.push(step);
        let number = u16::try_from(before + 1).unwrap();
        let row = Row { class: class(&after), since: now, next: now, attempts: 0 };
        self.becomes(after);
        self.pages.insert(PageId { delivery: id, number }, row);
        self.did("ESCALATE");
        self.tells(vec![(id.record, Some(id.leg), EventKind::Escalated)]);
        true
    }

    /// Every lease of somebody ends.
    pub fn revokes(&mut self, holder: &str) -> u64 {
        let theirs = |one: &&Delivery| one.lease.as_ref().is_some_and(|lease| lease.holder == holder);
        let ended: Vec<_> = self.unsettled().filter(theirs).map(|one| one.id).collect();
        for id in &ended {
            let after = Delivery { state: State::Waiting, lease: None, ..self.delivery(*id).clone() };
            self.did("LEASE_REVOKED");
            self.becomes(after);
        }
        ended.len() as u64
    }

    /// In rounds, one of each queue; of a queue the most urgent first, and of those the longest due.
    fn due_pages(&self, now: Timestamp, round: &Round) -> Vec<DuePage> {
        let mut queues: BTreeMap<&QueueId, Vec<_>> = BTreeMap::new();
        for (id, row) in self.pages.iter().filter(|(_, row)| row.next <= now) {
            let queue = &self.delivery(id.delivery).header.queue;
            queues.entry(queue).or_default().push((row.class, row.next, *id));
        }
        let turns = queues.values_mut().flat_map(|due| {
            due.sort_unstable();
            due.iter().take(round.of_a_queue).enumerate()
        });
        let mut turns: Vec<_> = turns.map(|(turn, due)| (turn, *due)).collect();
        turns.sort_unstable();
        let page = |(_, (_, _, id)): (usize, (Class, Timestamp, PageId))| {
            let (delivery, row) = (self.delivery(id.delivery), &self.pages[&id]);
            let escalation = usize::from(id.number).checked_sub(1).map(|number| Escalation::ALL[number]);
            DuePage {
                id,
                queue: delivery.header.queue.clone(),
                class: class(delivery),
                why: if escalation.is_some() { LATE } else { why(&delivery.header) }.to_owned(),
                escalated_to: escalation,
                since: row.since,
                attempts: row.attempts,
            }
        };
        turns.into_iter().take(round.limit).map(page).collect()
    }
}

/// Pages that are due are tried: some reach somebody, some fail, and some are tried by two at once.
pub async fn page_round(world: &World, model: &mut Model, chance: &mut Chance) -> u64 {
    let now = world.now();
    let round = Round { on_its_way: Vec::new(), of_a_queue: 1 + chance.below(5), limit: 1 + chance.below(60) };
    let due = world.store().pages(now, round.clone()).await.unwrap();
    assert_eq!(due, model.due_pages(now, &round), "the pages that are due at {now}");
    for page in &due {
        let again = chance.once_in(3).then(|| now + SignedDuration::from_secs(60));
        let noted = Noted { page: page.id, before: page.attempts, again, entry: None };
        assert!(world.store().note_page(noted.clone()).await.unwrap());
        match again {
            Some(next) => model.pages.get_mut(&page.id).into_iter().for_each(|row| {
                (row.next, row.attempts) = (next, row.attempts + 1);
            }),
            None => drop(model.pages.remove(&page.id)),
        }
        assert!(!world.store().note_page(noted).await.unwrap(), "what another replica did is noted once");
    }
    due.len() as u64
}

fn own_step(kind: StepKind, code: &str, now: Timestamp, of: &Delivery) -> Step {
    Step {
        id: Uuid::nil(),
        kind,
        at: now,
        by: String::new(),
        code: code.to_owned(),
        note: Vec::new(),
        given: Vec::new(),
        failed: of.failed,
    }
}
