//! What ends content, and what ends the broker in the middle of calls.

use homeward::{
    broker::Effect,
    domain::{delivery::Delivery, erasure::ErasureReason, grants::Action},
};
use jiff::SignedDuration;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    calls::{Call, What, make, word},
    check::{self, check},
    script::{Chance, Kind},
    steps::{Simulation, request},
};

impl Simulation {
    pub async fn erases(&mut self, chance: &mut Chance) -> u64 {
        // What retention has erased is over.
        let parts = |id: &Uuid| self.parts(*id).into_iter().filter(|part| !self.model.records[part].erased);
        let settled =
            |id: &Uuid| parts(id).all(|id| self.model.records[&id].deliveries.iter().all(|one| one.settled.is_some()));
        let ended = |id: &Uuid| parts(id).all(|id| !self.model.is_open(id));
        let any = chance.once_in(6);
        let records = self.model.referrals.iter().map(|(id, _)| *id);
        let is_good = |id: &Uuid| settled(id) && ended(id) && !self.model.records[id].erased;
        let good: Vec<_> = records.filter(|id| any || is_good(id)).collect();
        let Some(id) = chance.of(&good).copied() else { return 0 };
        let (broker, town) = (self.world.broker(), self.world.town.clone());
        let [first, second] = &town.custodians;
        let permit = broker.grants().may_call(first, Action::EraseReferral, broker.now()).unwrap();
        let proposed = broker.propose_erasure(&permit, request(chance), id, ErasureReason::RetentionOver).await;
        // The first of its parts that is not over says why.
        let why_not = parts(&id).find_map(|part| {
            let waits = self.model.records[&part].deliveries.iter().any(|one| one.settled.is_none());
            let held = self.model.is_held(part).then_some("LEGAL_HOLD");
            let open = self.model.is_open(part).then_some("PROMPT_OPEN");
            if waits { Some("REFERRAL_NOT_SETTLED") } else { open.or(held) }
        });
        let why_not = why_not.or(self.model.records[&id].erased.then_some("ERASED"));
        let expected = why_not.map_or(Ok(()), |why| Err(why.to_owned()));
        assert_eq!(proposed.as_ref().map(|_| ()).map_err(word), expected);
        let Ok(proposal) = proposed else { return 0 };
        let permit = broker.grants().may_call(second, Action::ApproveProposal, broker.now()).unwrap();
        let fingerprint = hex::encode(proposal.digest);
        let approved = broker.approve(&permit, request(chance), proposal.id, &fingerprint).await.unwrap();
        assert_eq!(approved.effect, Effect::Erased(id));
        let erased: Vec<_> = parts(&id).collect();
        self.model.kept.extend([broker.now() + SignedDuration::from_hours(24); 2]);
        for part in erased {
            self.model.did("ERASE_REFERRAL");
            self.model.is_erased(part);
        }
        check::read(&self.world, &self.model, id).await;
        1
    }

    /// Calls that nobody has an answer to when everything falls, none of which changes what another finds.
    fn in_flight(&self, chance: &mut Chance, number: usize) -> Vec<Call> {
        let mut calls = Vec::new();
        let mut busy = Vec::new();
        if chance.once_in(2) {
            calls.extend((0..1 + chance.below(3)).map(|_| self.submission(chance, number)));
        } else {
            for _ in 0..2 {
                let queue = self.queue(chance);
                if !busy.contains(&queue) {
                    busy.push(queue.clone());
                    calls.push(self.pull_of(queue, chance));
                }
            }
        }
        let kinds = [Kind::Complete, Kind::Release, Kind::Extend, Kind::Reject, Kind::HandOver, Kind::Ask];
        let used = self.used(*chance.of(&kinds).unwrap(), chance);
        calls.extend(used.filter(|call| matches!(&call.what, What::Use { queue, .. } if !busy.contains(queue))));
        calls
    }

    pub async fn crashes(&mut self, chance: &mut Chance, number: usize, cut: bool) -> u64 {
        let before = self.world.store().head().await.unwrap();
        if cut {
            self.world.keep();
        }
        let calls = self.in_flight(chance, number);
        let mut flying = JoinSet::new();
        for call in calls.clone() {
            let (broker, town) = (self.world.broker(), self.world.town.clone());
            flying.spawn(async move { make(&broker, &town, &call).await.map(drop) });
        }
        for _ in 0..chance.below(2_000) {
            tokio::task::yield_now().await;
        }
        flying.shutdown().await;
        self.world.gone().await;
        if cut {
            self.world.back();
        }
        self.world.start().await;
        let after = self.world.store().head().await.unwrap();
        assert!(after.size >= before.size && (!cut || after == before), "{after:?} after {before:?}");
        // Whoever has no answer makes the same call again.
        self.model.in_no_order();
        for call in &calls {
            let outcome = make(&self.world.broker(), &self.world.town, call).await;
            self.model.hears(&self.world, call, outcome).await;
        }
        self.model.in_order();
        check(&self.world, &mut self.model, &mut self.ledger, false).await;
        1
    }
}

/// With a record's content goes what was written about it.
pub fn words_go(delivery: &mut Delivery) {
    delivery.settled.iter_mut().for_each(|settled| settled.note = Vec::new());
    delivery.history.iter_mut().for_each(|step| (step.note, step.given) = (Vec::new(), Vec::new()));
    for grade in &mut delivery.confirmed {
        (grade.instructions, grade.reason) = (Vec::new(), Vec::new());
    }
}
