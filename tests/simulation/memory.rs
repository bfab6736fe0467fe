//! Legal holds, and what is erased because its time is over.

use homeward::{
    broker::Effect,
    domain::{erasure::LegalHoldReason, grants::Action},
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    ends::words_go,
    model::Model,
    retracting::finished,
    script::Chance,
    steps::{Simulation, request},
    world::World,
};

/// So long the clock goes on at once, which is no leap yet.
const NEARLY_A_DAY: SignedDuration = SignedDuration::from_hours(23);
/// So often, until everything's time is over that was settled before.
const ROUNDS: usize = 34;
/// As many as are surely looked at meanwhile.
const AT_ONCE: usize = 500;

impl Model {
    /// A record is under a legal hold, its own or that of another version of its referral.
    pub fn is_held(&self, record: Uuid) -> bool {
        let held = |id: &Uuid| !self.records[id].holds.is_empty();
        held(&record) || self.versions(record).iter().any(held)
    }

    /// Its time is over.
    fn is_over(&self, world: &World, id: Uuid, now: Timestamp) -> bool {
        let Some(since) = finished(self, id) else { return false };
        let (base, ..) = self.records[&self.subject(id)].submitted.as_ref().unwrap();
        let kinds = self.records[&id].deliveries.iter().map(|one| one.header.queue.kind());
        let day = now.to_zoned(jiff::tz::TimeZone::get("Europe/London").unwrap()).date();
        let retention = &world.town.rulebook.policy.memory.retention;
        let days = retention.days(&world.town.bases[*base].on_behalf_of, kinds, day);
        since + SignedDuration::from_hours(24) * i32::try_from(days).unwrap() <= now
    }

    /// What a round of the caretaker has erased: nothing that was open or held, and nothing before its time.
    pub async fn forgets(&mut self, world: &World, erased: u64) {
        let now = world.now();
        let mut found = Vec::new();
        if erased > 0 {
            for (id, _) in self.records.iter().filter(|(_, record)| !record.erased) {
                if world.store().find(*id).await.unwrap().unwrap().erased.is_some() {
                    found.push(*id);
                }
            }
        }
        assert_eq!(erased, found.len() as u64);
        for id in found {
            assert!(self.is_over(world, id, now), "{id} was erased before its time");
            assert!(!self.is_held(id), "{id} was erased under a legal hold");
            self.did("ERASE_AFTER_RETENTION");
            self.is_erased(id);
        }
    }

    pub fn is_erased(&mut self, id: Uuid) {
        let record = self.records.get_mut(&id).unwrap();
        record.erased = true;
        record.deliveries.iter_mut().for_each(words_go);
        self.touched.insert(id);
    }
}

impl Simulation {
    /// A month goes by, a caretaker's round each day: whatever was over by then, and is not held, is erased.
    pub async fn days_go_by(&mut self) -> u64 {
        let now = self.world.now();
        let over: Vec<_> =
            self.model.records.keys().copied().filter(|id| self.model.is_over(&self.world, *id, now)).collect();
        let over: Vec<_> = over.into_iter().filter(|id| !self.model.is_held(*id)).collect();
        for _ in 0..ROUNDS {
            self.world.clock.advance(NEARLY_A_DAY);
            self.caretakes().await;
        }
        let left = over.iter().find(|id| !self.model.records[id].erased);
        assert!(over.len() > AT_ONCE || left.is_none(), "{left:?} is kept, and its time was over a month ago");
        1
    }

    pub async fn holds(&mut self, chance: &mut Chance) -> u64 {
        let fits = |id: &Uuid| !self.model.records[id].erased && self.model.records[id].holds.len() < 5;
        let all: Vec<_> = self.model.referrals.iter().map(|(id, _)| *id).filter(fits).collect();
        let Some(id) = chance.of(&all).copied() else { return 0 };
        let (broker, custodian) = (self.world.broker(), &self.world.town.custodians[0]);
        let permit = broker.grants().may_call(custodian, Action::PlaceLegalHold, broker.now()).unwrap();
        let why = (LegalHoldReason::Inquiry, "INQ-7".to_owned());
        let hold = broker.place_hold(&permit, request(chance), id, why).await.unwrap();
        self.model.kept.push(broker.now() + SignedDuration::from_hours(24));
        for part in self.parts(id) {
            if !self.model.records[&part].erased {
                self.model.records.get_mut(&part).unwrap().holds.insert(hold.id);
                self.model.did("PLACE_LEGAL_HOLD");
            }
        }
        1
    }

    pub async fn unholds(&mut self, chance: &mut Chance) -> u64 {
        let held: Vec<_> = self.model.referrals.iter().map(|(id, _)| *id).collect();
        let held: Vec<_> = held
            .into_iter()
            .flat_map(|id| self.model.records[&id].holds.iter().map(move |hold| (id, *hold)).collect::<Vec<_>>())
            .collect();
        let Some((id, hold)) = chance.of(&held).copied() else { return 0 };
        let (broker, town) = (self.world.broker(), self.world.town.clone());
        let [first, second] = &town.custodians;
        let permit = broker.grants().may_call(first, Action::ReleaseLegalHold, broker.now()).unwrap();
        let proposal = broker.propose_release(&permit, request(chance), (id, hold)).await.unwrap();
        let permit = broker.grants().may_call(second, Action::ApproveProposal, broker.now()).unwrap();
        let fingerprint = hex::encode(proposal.digest);
        let approved = broker.approve(&permit, request(chance), proposal.id, &fingerprint).await.unwrap();
        assert_eq!(approved.effect, Effect::HoldReleased(hold));
        self.model.kept.extend([broker.now() + SignedDuration::from_hours(24); 2]);
        for part in self.parts(id) {
            if self.model.records.get_mut(&part).unwrap().holds.remove(&hold) {
                self.model.did("RELEASE_LEGAL_HOLD");
            }
        }
        1
    }

    /// A referral and what is linked from it.
    pub fn parts(&self, id: Uuid) -> Vec<Uuid> {
        std::iter::once(id).chain(self.model.records[&id].linked.iter().copied()).collect()
    }
}
