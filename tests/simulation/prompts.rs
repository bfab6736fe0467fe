//! Prompts with a date, as the model knows them: one of each kind for a record, followed by every queue that works on it.

use std::collections::BTreeSet;

use homeward::{
    broker::{PromptSide, Prompted, Says},
    domain::{
        decision::PromptKind,
        delivery::{Delivery, State},
        grants::Action,
        outcome::NoActionReason,
        prompt::{PromptEnd, PromptOutcome, PromptOwner, TrackedPrompt},
        queue::QueueId,
    },
    store::EventKind,
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    calls::{Call, What},
    model::{Model, class, is_offered},
    script::Chance,
    steps::{Simulation, request},
    world::World,
};

/// What the headers of a record raise: of each kind what is due first, late if that was before it was received.
pub fn raised(deliveries: &[Delivery]) -> Vec<TrackedPrompt> {
    let mut raised = Vec::new();
    for kind in PromptKind::ALL {
        let shown = deliveries.iter().flat_map(|one| &one.header.prompts).filter(|shown| shown.kind == *kind);
        let first = shown.filter_map(|shown| Some((shown.due?, shown.rule.clone()))).min_by_key(|(due, _)| *due);
        let Some((due, rule)) = first else { continue };
        let received = deliveries[0].header.received;
        let late = (due < received).then_some(received);
        raised.push(TrackedPrompt { kind: *kind, rule, due, late, owner: None, end: None, version: 1 });
    }
    raised
}

/// Those of a record that a delivery shows.
pub fn shown(prompts: &[TrackedPrompt], delivery: &Delivery) -> Vec<TrackedPrompt> {
    let shows = |kind| delivery.header.prompts.iter().any(|shown| shown.kind == kind);
    prompts.iter().filter(|prompt| shows(prompt.kind)).cloned().collect()
}

/// What is worked on there, or was completed there: nothing that went elsewhere, or is only offered.
pub fn follows(delivery: &Delivery, kind: PromptKind) -> bool {
    let there = matches!(delivery.state, State::Waiting | State::Leased | State::Completed | State::DeadLetter);
    there && !is_offered(delivery) && delivery.header.prompts.iter().any(|shown| shown.kind == kind)
}

/// What is asked of a prompt.
pub struct Marking<'a> {
    pub record: Uuid,
    pub kind: PromptKind,
    pub queue: &'a QueueId,
    pub version: u32,
    pub says: &'a Says,
}

impl Model {
    /// A prompt is now as given, wherever it is shown.
    pub fn prompt_becomes(&mut self, record: Uuid, after: TrackedPrompt) {
        let of = self.records.get_mut(&record).unwrap();
        let known = of.prompts.iter_mut().find(|known| known.kind == after.kind).unwrap();
        *known = after;
        of.deliveries.iter_mut().for_each(|delivery| delivery.prompts = shown(&of.prompts, delivery));
        self.touched.insert(record);
    }

    /// Every prompt that is late is told of, once.
    pub fn tells_late_prompts(&mut self, now: Timestamp) -> u64 {
        let mut late = Vec::new();
        for (id, record) in &self.records {
            let open = record.prompts.iter().filter(|one| one.end.is_none() && one.late.is_none() && one.due < now);
            late.extend(open.map(|one| (*id, TrackedPrompt { late: Some(now), ..one.clone() })));
        }
        let told = late.iter().map(|(id, _)| (*id, None, EventKind::PromptLate)).collect();
        let count = late.len() as u64;
        (0..count).for_each(|_| self.did("PROMPT_LATE"));
        late.into_iter().for_each(|(id, after)| self.prompt_becomes(id, after));
        self.tells(told);
        count
    }

    fn followed(&self, record: Uuid, kind: PromptKind) -> BTreeSet<QueueId> {
        let deliveries = self.records[&record].deliveries.iter().filter(|one| follows(one, kind));
        deliveries.map(|one| one.header.queue.clone()).collect()
    }

    /// A prompt as a queue has it.
    fn prompted(&self, record: Uuid, kind: PromptKind, queue: &QueueId) -> Option<Prompted> {
        let of = &self.records[&record];
        let prompt = of.prompts.iter().find(|one| one.kind == kind)?.clone();
        let delivery = of.deliveries.iter().find(|one| one.header.queue == *queue && follows(one, kind))?;
        let queues = self.followed(record, kind).into_iter().filter(|queue| *queue != QueueId::hold()).collect();
        Some(Prompted { prompt, queues, delivery: delivery.id, class: class(delivery) })
    }

    /// What a prompt becomes by a mark, or why not.
    pub fn marked(
        &mut self,
        call: &Call,
        (marking, now): (&Marking<'_>, Timestamp),
        actual: Option<&Prompted>,
    ) -> Result<(), &'static str> {
        let Marking { record, kind, queue, version, says } = *marking;
        if self.keeps(record, call.who.identity.as_str(), queue) {
            return Err("NOT_FOUND");
        }
        let before = self.prompted(record, kind, queue).ok_or("NOT_FOUND")?.prompt;
        if before.end.is_some() {
            return Err("PROMPT_ENDED");
        }
        if before.version != version {
            return Err("CHANGED_MEANWHILE");
        }
        let mut after = TrackedPrompt { version: version + 1, ..before };
        let by = call.who.identity.as_str().to_owned();
        let told = match says {
            Says::Owner(queue, role) => {
                after.owner = Some(PromptOwner { queue: queue.clone(), role: *role, at: now, by });
                EventKind::PromptOwned
            }
            Says::End(outcome, reason) => {
                after.end = Some(PromptEnd { at: now, by, outcome: *outcome, reason: *reason });
                EventKind::PromptDone
            }
        };
        self.prompt_becomes(record, after);
        self.did("MARK_PROMPT");
        assert_eq!(actual, self.prompted(record, kind, queue).as_ref(), "after {:?}", call.what);
        self.tells(vec![(record, None, told)]);
        Ok(())
    }

    /// Nothing is to be done about a record any longer.
    pub fn is_open(&self, record: Uuid) -> bool {
        self.records[&record].prompts.iter().any(|prompt| prompt.end.is_none())
    }
}

impl Simulation {
    /// Somebody who has a prompt says who will do it or that it has ended; now and then of what has ended, or has changed since.
    pub fn mark(&self, chance: &mut Chance) -> Option<Call> {
        let any = chance.once_in(10);
        let prompts =
            self.model.records.iter().flat_map(|(id, record)| record.prompts.iter().map(move |one| (*id, one)));
        let prompts: Vec<_> = prompts.filter(|(_, one)| any || one.end.is_none()).collect();
        let (record, prompt) = chance.of(&prompts)?;
        let queues: Vec<_> = self.model.followed(*record, prompt.kind).into_iter().collect();
        let queue = chance.of(&queues)?.clone();
        let owners: Vec<_> = queues.iter().filter(|queue| **queue != QueueId::hold()).collect();
        let [done, not] = PromptOutcome::of(prompt.kind);
        let says = match chance.of(&owners) {
            Some(owner) if chance.once_in(2) => Says::Owner((*owner).clone(), None),
            _ if chance.once_in(2) => Says::End(done, None),
            _ => Says::End(not, Some(NoActionReason::OthersActing)),
        };
        let version = if chance.once_in(8) { prompt.version + 1 } else { prompt.version };
        let who = chance.of(self.world.town.officers(&queue)).unwrap().clone();
        let what = What::Mark { record: *record, kind: prompt.kind, queue, version, says };
        Some(Call { who, request: request(chance), what })
    }
}

/// Each side of a queue's list, page by page: what is due first, and what has ended last.
pub async fn list(world: &World, model: &Model, queue: &QueueId, chance: &mut Chance) {
    let (broker, officer) = (world.broker(), &world.town.officers(queue)[0]);
    let permit = broker.grants().may_serve(officer, Action::ListPrompts, queue, broker.now()).unwrap();
    for side in [PromptSide::Open, PromptSide::Ended] {
        let mut expected = Vec::new();
        let who = officer.identity.as_str();
        for (id, record) in model.records.iter().filter(|(id, _)| !model.keeps(**id, who, queue)) {
            for prompt in record.prompts.iter().filter(|one| one.end.is_some() == (side == PromptSide::Ended)) {
                let at = prompt.end.as_ref().map_or(prompt.due, |end| end.at);
                expected.extend(model.prompted(*id, prompt.kind, queue).map(|found| (at, *id, found)));
            }
        }
        expected.sort_by(|(one, id, a), (other, it, b)| {
            let by_moment = if side == PromptSide::Open { one.cmp(other) } else { other.cmp(one) };
            by_moment.then((id, a.prompt.kind).cmp(&(it, b.prompt.kind)))
        });
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = broker.prompts(&permit, side, after, 1 + chance.below(20)).await.unwrap();
            found.extend(page.prompts.into_iter().map(|(_, prompted)| prompted));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let expected: Vec<_> = expected.into_iter().map(|(.., found)| found).collect();
        assert_eq!(found, expected, "{side:?} prompts of {queue}");
    }
}
