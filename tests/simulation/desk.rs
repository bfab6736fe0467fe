//! What an officer does with a lease, and what a sender and a supervisor answer to that.

use homeward::{
    broker::Handle,
    domain::{
        delivery::{Delivery, State},
        grants::Action,
        outcome::DeadReason,
    },
    store::EventKind,
    wire::received::sha256,
};
use jiff::SignedDuration;

use crate::{
    calls::{Call, Use, What, word},
    model::{holds, is_handed_over, is_notice, is_offered, is_offering},
    script::{Chance, Kind},
    steps::{Lease, Simulation, request},
};

impl Simulation {
    /// A lease that is live, or may be; sometimes with a token that is no good any longer, or by the other officer.
    fn lease(&self, chance: &mut Chance, which: impl Fn(&Delivery) -> bool) -> Option<Lease> {
        if chance.once_in(12)
            && let Some(Lease { delivery, queue, who, token }) = chance.of(&self.stale)
            && which(self.model.delivery(*delivery))
        {
            return Some(Lease { delivery: *delivery, queue: queue.clone(), who: who.clone(), token: token.clone() });
        }
        let leased = |one: &&Delivery| one.state == State::Leased && !is_handed_over(one) && which(one);
        let leased: Vec<_> = self.model.unsettled().filter(leased).collect();
        let one = chance.of(&leased)?;
        let (queue, lease) = (one.header.queue.clone(), one.lease.as_ref().unwrap());
        let holder = self.world.town.named(&lease.holder);
        let who = if chance.once_in(15) { self.world.town.other(&queue, &holder.identity) } else { holder };
        Some(Lease { delivery: one.id, who: who.clone(), token: lease.token.clone(), queue })
    }

    pub fn used(&self, kind: Kind, chance: &mut Chance) -> Option<Call> {
        let on_hold = |one: &Delivery| one.header.held.is_some();
        let own = |one: &Delivery| !is_offered(one) && !is_notice(one);
        let is_begun = |one: &Delivery| own(one) && (one.opened.is_some() || one.header.units.is_empty());
        let Lease { delivery, queue, who, token } = match kind {
            Kind::Resolve => self.lease(chance, on_hold)?,
            // Mostly what may be settled; else everybody would hear that they are to open it first.
            Kind::Decide if !chance.once_in(10) => self.lease(chance, is_offered)?,
            Kind::Acknowledge if !chance.once_in(10) => self.lease(chance, is_notice)?,
            Kind::Complete | Kind::Ask | Kind::HandOver | Kind::Offer if !chance.once_in(6) => {
                self.lease(chance, is_begun)?
            }
            _ => self.lease(chance, |_| true)?,
        };
        let secs = |chance: &mut Chance, most| SignedDuration::from_secs(chance.below(most) as i64);
        let how = match kind {
            Kind::Resolve => {
                let to: Vec<_> = self.world.town.queues.iter().filter(|queue| queue.kind() == "MASH").collect();
                Use::Resolve { to: (*chance.of(&to)?).clone() }
            }
            Kind::Extend => Use::Extend(secs(chance, 1_800) + SignedDuration::from_secs(60)),
            Kind::Release if chance.once_in(2) => Use::Release(SignedDuration::ZERO),
            Kind::Release => Use::Release(secs(chance, 3_600)),
            Kind::Reject => {
                let officers: Vec<_> = DeadReason::ALL.iter().filter(|reason| reason.is_officers()).collect();
                Use::Reject(**chance.of(&officers)?)
            }
            Kind::HandOver => {
                let to = self.world.town.other(&queue, &who.identity).identity.clone();
                Use::HandOver { to, keep: secs(chance, 7_200) + SignedDuration::from_secs(60) }
            }
            Kind::Ask => Use::Ask,
            Kind::Offer => {
                let others = self.world.town.queues.iter().filter(|to| to.kind() == queue.kind() && **to != queue);
                Use::Offer { to: (*chance.of(&others.collect::<Vec<_>>())?).clone() }
            }
            Kind::Decide if chance.once_in(3) => Use::Refuse,
            Kind::Decide => Use::Accept,
            Kind::Acknowledge => Use::Acknowledge,
            _ => {
                let outcomes = &self.world.town.rulebook.policy.queues.kind_of(&queue)?.outcomes;
                let outcome = chance.of(outcomes)?;
                let reason = outcome.reason_required.then(|| "ALREADY_KNOWN".to_owned());
                Use::Complete { outcome: outcome.code.clone(), reason, note: chance.once_in(2) }
            }
        };
        Some(Call { who, request: request(chance), what: What::Use { delivery, queue, token, how } })
    }

    pub async fn opens(&mut self, chance: &mut Chance) -> u64 {
        let again = chance.once_in(3);
        let lease = self.lease(chance, |one| again || one.opened.is_none());
        let Some(Lease { delivery: id, queue, who, token }) = lease else { return 0 };
        let (broker, now) = (self.world.broker(), self.world.now());
        let permit = broker.grants().may_serve(&who, Action::OpenPart, &queue, now).unwrap();
        let mut after = self.model.delivery(id).clone();
        let units = broker.openable(&permit, &after);
        let Some(unit) = chance.of(&units) else { return 0 };
        let handle = Handle { delivery: id, token: token.clone() };
        let opened = broker.open(&permit, handle, (unit.part, unit.item), "To find her.").await;
        if !holds(&after, who.identity.as_str(), &token, now) {
            assert_eq!(opened.map(|_| ()).map_err(|error| word(&error)), Err("LEASE_LOST".to_owned()));
            return 0;
        }
        let opened = opened.unwrap();
        let fields = opened.view.fields.iter();
        let text: String = fields.map(|field| format!("{}: {}\n", field.name, field.value.reveal())).collect();
        assert!(!text.is_empty(), "{unit:?} of {id} says nothing");
        let digest = sha256(text.as_bytes());
        let first = *self.read.entry((id.record, format!("{unit:?}"))).or_insert(digest);
        assert_eq!(first, digest, "{unit:?} of {id} says something else than before");
        let first = after.opened.is_none();
        after.opened = after.opened.or(Some(now));
        assert_eq!((&opened.delivery, opened.notes.len()), (&after, after.history.len()));
        if first {
            self.model.becomes(after);
            self.model.tells(vec![(id.record, Some(id.leg), EventKind::Opened)]);
        }
        self.model.did("OPEN_PART");
        1
    }

    pub fn answer(&self, chance: &mut Chance) -> Option<Call> {
        let asked: Vec<_> = self.model.unsettled().filter(|one| one.questions().next().is_some()).collect();
        let one = chance.of(&asked)?;
        let questions: Vec<_> = one.questions().map(|(step, _)| step.id).collect();
        let (referral, question) = (one.id.record, *chance.of(&questions)?);
        let (base, ..) = *self.model.records[&referral].submitted.as_ref()?;
        let who = self.world.town.bases[base].council.clone();
        Some(Call { who, request: request(chance), what: What::Answer { referral, question } })
    }

    /// Whoever gave it away, or the supervisor; now and then somebody else, or where there is nothing to take back.
    pub fn take_back(&self, chance: &mut Chance) -> Option<Call> {
        let any = chance.once_in(8);
        let away = |one: &&Delivery| any || is_offering(one) || is_handed_over(one);
        let away: Vec<_> = self.model.unsettled().filter(away).collect();
        let one = chance.of(&away)?;
        let queue = one.header.queue.clone();
        let who = match chance.once_in(3) {
            true => self.world.town.supervisor.clone(),
            false => chance.of(self.world.town.officers(&queue))?.clone(),
        };
        Some(Call { who, request: request(chance), what: What::TakeBack { delivery: one.id, queue } })
    }

    pub fn replay(&self, chance: &mut Chance) -> Option<Call> {
        let any = chance.once_in(8);
        let dead: Vec<_> = self.model.unsettled().filter(|one| any || one.state == State::DeadLetter).collect();
        let one = chance.of(&dead)?;
        let what = What::Replay { delivery: one.id, queue: one.header.queue.clone() };
        Some(Call { who: self.world.town.supervisor.clone(), request: request(chance), what })
    }
}
