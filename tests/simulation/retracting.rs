//! Corrections and recalls, as the model knows them: what nobody has read is closed, whoever has is told, and whom a correction accuses
//! is kept from all of it.

use std::collections::{BTreeMap, BTreeSet};

use homeward::{
    domain::{
        code::Class,
        decision::PromptKind,
        delivery::{Delivery, DeliveryId, State},
        history::Step,
        prompt::{PromptEnd, PromptOutcome, TrackedPrompt},
        queue::QueueId,
        retraction::{Retraction, RetractionKind},
    },
    store::EventKind,
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    becoming::ended,
    calls::{Answer, Call, What},
    model::{Accused, Model, class, is_notice, is_offered, is_offering, was_read},
    offers::{WITHOUT_DEADLINE, mark},
    prompts::{follows, raised},
    script::Chance,
    steps::{Simulation, request},
    world::World,
};

/// A correction or a recall of a record.
struct Of<'a> {
    retraction: &'a Retraction,
    /// Queues that get a delivery of what stands in its place.
    successors: &'a BTreeSet<QueueId>,
    accused: &'a Accused,
    /// Prompts that are raised again.
    again: BTreeSet<PromptKind>,
    /// Its queues are told, where nothing that stands in its place goes there.
    tells_unread: bool,
    /// What nobody has read stays to be read.
    keeps_unread: bool,
}

impl Model {
    /// Holds a correction or a recall to what the model says of it, and takes over what came of it.
    pub async fn retracted(&mut self, world: &World, call: &Call, answer: Option<&Answer>) -> Result<(), &'static str> {
        let now = world.now();
        let (What::Correct { referral, .. } | What::Recall { referral }) = call.what else { unreachable!() };
        match self.records[&referral].retractions.last().map(|last| last.kind) {
            Some(RetractionKind::Corrected) => return Err("CORRECTED_ALREADY"),
            Some(RetractionKind::Recalled) => return Err("RECALLED_ALREADY"),
            None => {}
        }
        let recalls = matches!(call.what, What::Recall { .. });
        if recalls && self.is_statutory(referral) {
            return Err("STATUTORY_DUTY");
        }
        let (successor, successors, kinds) = match answer {
            Some(Answer::Receipt(receipt)) => {
                let stored = world.store().find(receipt.record).await.unwrap().unwrap();
                let kinds = raised(&stored.deliveries).into_iter().map(|prompt| prompt.kind).collect();
                let queues = receipt.legs.iter().map(|leg| QueueId::parse(&leg.queue).unwrap()).collect();
                (Some(receipt.record), queues, kinds)
            }
            Some(Answer::Recalled(at)) => {
                assert_eq!(*at, now);
                (None, BTreeSet::new(), BTreeSet::new())
            }
            _ => return Ok(()),
        };
        let kind = if recalls { RetractionKind::Recalled } else { RetractionKind::Corrected };
        let retraction = Retraction { kind, at: now, id: call.request.id, successor };
        let accused = call.what.accuses();
        let mut chain = vec![referral];
        while let Some(before) = self.records[chain.last().unwrap()].corrects {
            chain.push(before);
        }
        for (earlier, subject) in chain.into_iter().enumerate() {
            let parts: Vec<_> = std::iter::once(subject).chain(self.records[&subject].linked.clone()).collect();
            for id in parts {
                let of = Of {
                    retraction: &retraction,
                    successors: &successors,
                    accused: &accused,
                    again: if id == referral { kinds.clone() } else { BTreeSet::new() },
                    tells_unread: earlier == 0 && !recalls,
                    keeps_unread: !recalls && self.is_statutory(subject),
                };
                self.retracts(world, id, &of).await;
            }
        }
        if let Some(Answer::Receipt(receipt)) = answer {
            self.submitted(world, call, receipt).await;
        }
        Ok(())
    }

    async fn retracts(&mut self, world: &World, id: Uuid, of: &Of<'_>) {
        let Of { retraction, successors, accused, tells_unread, .. } = of;
        let (now, kind) = (retraction.at, retraction.kind);
        self.did(if kind == RetractionKind::Corrected { "CORRECT_REFERRAL" } else { "RECALL_REFERRAL" });
        let record = self.records.get_mut(&id).unwrap();
        record.retractions.push((*retraction).clone());
        record.kept_from.add(accused);
        let (kept_from, erased) = (record.kept_from.queues.clone(), record.erased);
        let (mut told, mut prepared): (BTreeMap<QueueId, Class>, BTreeMap<QueueId, Class>) = Default::default();
        for one in record.deliveries.iter().filter(|one| !kept_from.contains(&one.header.queue)) {
            let queue = one.header.queue.clone();
            let owed = (*tells_unread || is_notice(one)) && !successors.contains(&queue) && !is_offered(one);
            let unheard = one.settled.is_none() && owed && queue != QueueId::hold();
            let lower = |classes: &mut BTreeMap<QueueId, Class>| {
                let known = classes.entry(queue.clone()).or_insert(Class::P3);
                *known = class(one).min(*known);
            };
            lower(&mut prepared);
            if (was_read(one) && !is_notice(one)) || unheard {
                lower(&mut told);
            }
        }
        let stored = world.store().find(id).await.unwrap().unwrap();
        let event = if kind == RetractionKind::Corrected { EventKind::Corrected } else { EventKind::Recalled };
        let legs: Vec<_> = self.records[&id].deliveries.iter().map(|one| one.id).collect();
        let mut events = Vec::new();
        for leg in legs {
            if self.delivery(leg).settled.is_none() {
                let words = stored.deliveries.iter().find(|one| one.id == leg).unwrap();
                self.marks_or_closes(leg, of, words);
                events.push((id, Some(leg.leg), event));
            }
        }
        self.tells(events);
        for (queue, class) in told {
            let notice = self.notified(&stored, (retraction, now), (&queue, class));
            let (due, _) = world.town.rulebook.policy.due(&queue, prepared[&queue], now);
            assert_eq!(notice.header.decide_due, Some(due.unwrap_or(now + WITHOUT_DEADLINE)));
            // Of what was erased nobody is told why.
            assert_eq!(notice.history[0].note.is_empty(), erased);
        }
        self.ends_prompts(id, of);
        self.touched.insert(id);
    }

    /// One delivery of what is corrected or recalled.
    fn marks_or_closes(&mut self, id: DeliveryId, of: &Of<'_>, actual: &Delivery) {
        let (retraction, before) = (of.retraction, self.delivery(id).clone());
        let kept = self.records[&id.record].kept_from.queues.contains(&before.header.queue);
        let mut after = before.clone();
        if is_offering(&before) {
            let there = DeliveryId { leg: before.transfer.as_ref().unwrap().leg, ..id };
            self.offer_ends(there, (retraction.at, ""), "TAKEN_BACK");
            after.transfer = None;
        }
        let accused = |holder: &String| of.accused.identities.contains(holder);
        let on_hold = before.header.queue == QueueId::hold() && !of.accused.identities.is_empty();
        if before.lease.as_ref().is_some_and(|lease| kept || accused(&lease.holder) || on_hold) {
            (after.state, after.lease) = (State::Waiting, None);
            self.did("LEASE_REVOKED");
        }
        if (was_read(&before) || of.keeps_unread) && !is_notice(&before) && !kept {
            let note = actual.history.last().unwrap().note.clone();
            // Who reads it for the first time reads why.
            assert_eq!(note.is_empty(), was_read(&before));
            after.history.push(Step { note, ..mark(retraction, after.failed) });
        } else {
            let corrected = retraction.kind == RetractionKind::Corrected;
            after.state = if corrected { State::Superseded } else { State::Recalled };
            (after.lease, after.not_before) = (None, None);
            after.settled = Some(ended(retraction.at, "", retraction.kind.code()));
        }
        self.becomes(after);
    }

    /// Its open prompts end that are raised again, and those that nobody goes on with.
    fn ends_prompts(&mut self, id: Uuid, of: &Of<'_>) {
        let corrected = of.retraction.kind == RetractionKind::Corrected;
        let outcome = if corrected { PromptOutcome::Corrected } else { PromptOutcome::Recalled };
        let record = &self.records[&id];
        let goes_on = |kind| {
            let works_on = |one: &&Delivery| {
                !record.kept_from.queues.contains(&one.header.queue) && (of.keeps_unread || was_read(one))
            };
            record.deliveries.iter().filter(|one| follows(one, kind)).any(|one| works_on(&one))
        };
        let ends = |prompt: &&TrackedPrompt| {
            prompt.end.is_none() && (!corrected || of.again.contains(&prompt.kind) || !goes_on(prompt.kind))
        };
        let end = PromptEnd { at: of.retraction.at, by: String::new(), outcome, reason: None };
        let ended: Vec<_> = record.prompts.iter().filter(ends).cloned().collect();
        for prompt in ended {
            let version = prompt.version + 1;
            self.prompt_becomes(id, TrackedPrompt { end: Some(end.clone()), version, ..prompt });
        }
    }

    /// The versions of a referral: what it corrects and what corrects it.
    pub fn versions(&self, record: Uuid) -> Vec<Uuid> {
        let mut versions = vec![self.subject(record)];
        while let Some(before) = self.records[versions.last().unwrap()].corrects {
            versions.push(before);
        }
        loop {
            let corrects =
                |(_, other): &(&Uuid, &crate::model::Record)| other.corrects.is_some_and(|id| versions.contains(&id));
            let later = self.records.iter().filter(corrects).map(|(id, _)| *id).find(|id| !versions.contains(id));
            match later {
                Some(later) => versions.push(later),
                None => return versions,
            }
        }
    }
}

impl Simulation {
    /// A referral that was not corrected or recalled yet; seldom one that was.
    fn retractable(&self, chance: &mut Chance) -> Option<Uuid> {
        let any = chance.once_in(10);
        let fits = |id: &Uuid| !self.model.records[id].erased && (any || self.model.records[id].retractions.is_empty());
        let all: Vec<_> = self.model.referrals.iter().map(|(id, _)| *id).filter(fits).collect();
        chance.of(&all).copied()
    }

    /// A council puts another submission in the place of one; now and then it accuses somebody who works where it was sent.
    pub fn correct(&self, chance: &mut Chance, number: usize) -> Option<Call> {
        let referral = self.retractable(chance)?;
        let (base, ..) = *self.model.records[&referral].submitted.as_ref()?;
        let who = self.world.town.bases[base].council.clone();
        let parts = std::iter::once(referral).chain(self.model.records[&referral].linked.iter().copied());
        let there = parts.flat_map(|id| &self.model.records[&id].deliveries).map(|one| &one.header.queue);
        let queues: Vec<_> = there.filter(|queue| **queue != QueueId::hold()).collect();
        let can_accuse = !self.world.town.bases[base].submission.items.is_empty();
        let accuses = match chance.of(&queues) {
            Some(queue) if can_accuse && chance.once_in(3) => {
                let officer = chance.of(self.world.town.officers(queue)).unwrap();
                let works_in = chance.once_in(2).then(|| (*queue).clone());
                Some((officer.identity.clone(), works_in))
            }
            _ => None,
        };
        let reference = u32::try_from(number).unwrap() + 1;
        let what = What::Correct { referral, base, reference, accuses };
        Some(Call { who, request: crate::steps::whole(chance), what })
    }

    pub fn recall(&self, chance: &mut Chance) -> Option<Call> {
        let referral = self.retractable(chance)?;
        let (base, ..) = *self.model.records[&referral].submitted.as_ref()?;
        let who = self.world.town.bases[base].council.clone();
        Some(Call { who, request: request(chance), what: What::Recall { referral } })
    }
}

/// When nothing about a record has been open any longer; none while something is, or once it was erased.
pub fn finished(model: &Model, id: Uuid) -> Option<Timestamp> {
    let record = &model.records[&id];
    if record.erased {
        return None;
    }
    let settled = record.deliveries.iter().map(|one| one.settled.as_ref().map(|settled| settled.at));
    let ended = record.prompts.iter().map(|prompt| prompt.end.as_ref().map(|end| end.at));
    settled.chain(ended).collect::<Option<Vec<_>>>()?.into_iter().max()
}
