//! What the model says to each call, and whether the broker says the same.

use std::collections::BTreeSet;

use homeward::{
    broker::{Error, Receipt},
    domain::{
        delivery::{Delivery, DeliveryId, Lease, State},
        history::{Step, StepKind},
    },
    store::EventKind,
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    becoming::{add, becomes, step, untouched},
    calls::{Answer, Call, Use, What, word},
    model::{Answered, Model, Record, holds, is_handed_over, is_notice, is_offered, is_offering},
    prompts::{Marking, raised},
    town::{Base, end},
    world::World,
};

/// How long short answers are kept.
const SHORT: SignedDuration = SignedDuration::from_hours(24);

impl Model {
    /// Holds the broker to what the model says of a call, and takes over what came of it.
    pub async fn hears(&mut self, world: &World, call: &Call, outcome: Result<Answer, Error>) {
        let now = world.now();
        let said = outcome.as_ref().map(|_| ()).map_err(word);
        let expected = match (&call.what, outcome.as_ref().ok()) {
            (What::Submit { .. }, answer) => {
                if let Some(Answer::Receipt(receipt)) = answer {
                    self.submitted(world, call, receipt).await;
                }
                Ok(())
            }
            (What::Pull { .. }, answer) => {
                if let Some(Answer::Pulled(pulled)) = answer {
                    self.pulled(call, pulled, now);
                }
                Ok(())
            }
            (What::Mark { record, kind, queue, version, says }, answer) => {
                let marking = Marking { record: *record, kind: *kind, queue, version: *version, says };
                let actual = match answer {
                    Some(Answer::Prompted(actual)) => Some(&**actual),
                    _ => None,
                };
                self.marked(call, (&marking, now), actual)
            }
            (What::Correct { .. } | What::Recall { .. }, answer) => self.retracted(world, call, answer).await,
            (_, Some(Answer::Delivery(delivery))) => self.settled(world, call, (delivery, &[])).await,
            (_, Some(Answer::Resolved(delivery, made))) => self.settled(world, call, (delivery, made)).await,
            (_, _) => self.says(call, now).map(|_| ()),
        };
        assert_eq!(said, expected.map_err(str::to_owned), "{:?}, at {now}", call.what);
        if let Ok(answer) = outcome {
            let until = call.what.is_short().then(|| now + SHORT);
            self.kept.extend(until);
            self.answered.push(Answered { call: call.clone(), answer, until });
        }
    }

    /// What was submitted stands in its queues as the receipt says, and nobody has touched it.
    pub async fn submitted(&mut self, world: &World, call: &Call, receipt: &Receipt) {
        let (base, reference, corrects) = match call.what {
            What::Submit { base, reference } => (base, reference, None),
            What::Correct { base, reference, referral, .. } => (base, reference, Some(referral)),
            _ => unreachable!("a submission"),
        };
        let Base { council, on_behalf_of, .. } = &world.town.bases[base];
        assert_eq!(receipt.received, world.now());
        let own = council.identity.organisation().to_string();
        let council = format!("gss/{on_behalf_of}");
        let followers = if own == council { vec![own] } else { vec![own, council] };
        let mut legs = receipt.legs.iter();
        for id in std::iter::once(receipt.record).chain(receipt.linked.iter().copied()) {
            let own = id == receipt.record;
            let stored = world.store().find(id).await.unwrap().unwrap();
            let prompts = raised(&stored.deliveries);
            // What stood in its place before may have them at another date, or done.
            let prompts = match corrects {
                None => prompts,
                Some(_) => {
                    let kinds = |all: &[homeward::domain::prompt::TrackedPrompt]| {
                        all.iter().map(|one| one.kind).collect::<Vec<_>>()
                    };
                    assert_eq!(kinds(&stored.prompts), kinds(&prompts));
                    stored.prompts.clone()
                }
            };
            let record = Record {
                deliveries: Vec::new(),
                followers: followers.clone(),
                submitted: own.then(|| (base, reference, receipt.clone())),
                linked: if own { receipt.linked.clone() } else { Vec::new() },
                prompts: prompts.clone(),
                erased: false,
                linked_from: (!own).then_some(receipt.record),
                corrects: corrects.filter(|_| own),
                retractions: Vec::new(),
                kept_from: call.what.accuses(),
                holds: BTreeSet::new(),
            };
            assert!(self.records.insert(id, record).is_none(), "record {id} came twice");
            for (delivery, number) in stored.deliveries.into_iter().zip(1..) {
                let leg = legs.next().expect("a leg in the receipt");
                let header = &delivery.header;
                assert_eq!(delivery.id, DeliveryId { record: leg.record, leg: number });
                assert_eq!((header.queue.as_str(), header.class.code()), (leg.queue.as_str(), leg.class.as_str()));
                assert_eq!((header.ack_due, header.decide_due), (leg.ack_due, leg.decide_due));
                assert_eq!(header.received, receipt.received);
                assert!(!self.records[&id].kept_from.queues.contains(&header.queue), "in the queue of the accused");
                assert_eq!(delivery, untouched(&delivery, &prompts));
                self.arrives(delivery, receipt.received);
            }
        }
        assert_eq!(legs.next(), None, "a leg that is in no queue");
        self.referrals.push((receipt.record, call.request));
        self.tells(vec![(receipt.record, None, EventKind::Received)]);
    }

    /// What was handed over to whoever pulls, then the first of the queue; all of them with leases that nobody else has.
    fn pulled(&mut self, call: &Call, pulled: &[Delivery], now: Timestamp) {
        let What::Pull { queue, session, most, lease } = &call.what else { unreachable!("a pull") };
        let who = call.who.identity.as_str();
        self.wakes(queue, now);
        let handed = self.standing(queue, |one| is_handed_over(one) && one.lease.as_ref().unwrap().holder == who);
        let good = |id: &DeliveryId| now < self.delivery(*id).lease.as_ref().unwrap().expires;
        let mut ids: Vec<_> = handed.into_iter().take(*most).filter(good).collect();
        // Of what accuses them they are given nothing.
        let theirs = |one: &Delivery| !self.keeps(one.id.record, who, queue);
        let ready = |one: &Delivery| one.not_before.is_none() || self.woken.contains(&one.id);
        let free = |one: &Delivery| one.state == State::Waiting && ready(one) && theirs(one);
        ids.extend(self.standing(queue, free).into_iter().take(most - ids.len()));
        assert_eq!(pulled.iter().map(|one| one.id).collect::<Vec<_>>(), ids, "what {who} is given of {queue} at {now}");
        let mut told = Vec::new();
        if !ids.is_empty() {
            self.did("PULL");
        }
        for (id, actual) in ids.into_iter().zip(pulled) {
            let mut after = self.delivery(id).clone();
            if is_handed_over(&after) && after.opened.is_none() {
                after.opened = Some(now);
                told.push((id.record, Some(id.leg), EventKind::Opened));
            }
            if after.delivered.is_none() {
                after.delivered = Some(now);
                told.push((id.record, Some(id.leg), EventKind::Delivered));
            }
            after.state = State::Leased;
            after.acquired += 1;
            after.not_before = None;
            after.lease = Some(Lease {
                token: self.fresh_token(actual),
                holder: who.to_owned(),
                session: (*session).to_owned(),
                expires: (now + *lease).min(end()),
                since: now,
                handed_over: false,
            });
            assert_eq!(*actual, after);
            self.becomes(after);
        }
        self.tells(told);
    }

    /// The token that came with a lease, which was given to nobody before.
    fn fresh_token(&mut self, given: &Delivery) -> String {
        let token = given.lease.as_ref().unwrap().token.clone();
        assert!(token.len() == 32 && self.tokens.insert(token.clone()), "a token that was given before");
        token
    }

    async fn settled(
        &mut self,
        world: &World,
        call: &Call,
        (actual, made): (&Delivery, &[DeliveryId]),
    ) -> Result<(), &'static str> {
        let now = world.now();
        let (mut after, kind) = self.says(call, now)?;
        let (id, before) = (after.id, self.delivery(after.id).clone());
        self.takes_over(&mut after, actual);
        if let What::Use { how: Use::Offer { to }, .. } = &call.what {
            after.transfer = Some(self.offer(world, call, (&before, to), actual.transfer.as_ref().unwrap().leg));
        }
        assert_eq!(*actual, after, "after {:?}", call.what);
        self.did(call.what.act());
        self.becomes(after.clone());
        let mut told: Vec<_> = kind.map(|kind| (id.record, Some(id.leg), kind)).into_iter().collect();
        told.extend(made.iter().flat_map(|made| self.marked_as(*made)));
        let stored = world.store().find(id.record).await.unwrap().unwrap();
        let raised = self.other_side(call, (&before, &after), &stored, (&mut told, now));
        self.tells(told);
        if let Some(from) = raised {
            self.raises(&world.town, from, now);
        }
        if !made.is_empty() {
            self.sent_on(world, &stored, (&after, made));
        }
        Ok(())
    }

    /// What is sealed, what is a token, and where a resolution leads are the broker's own to say.
    fn takes_over(&mut self, after: &mut Delivery, actual: &Delivery) {
        if let (Some(settled), Some(actual)) = (&mut after.settled, &actual.settled) {
            let resolved = after.state == State::Resolved;
            assert!(!resolved || actual.outcome.split(' ').next() == Some(settled.outcome.as_str()));
            assert_eq!(settled.note.is_empty(), actual.note.is_empty());
            settled.note.clone_from(&actual.note);
            settled.outcome.clone_from(&actual.outcome);
        }
        if let (Some(step), Some(actual)) = (after.history.last_mut(), actual.history.last()) {
            assert_eq!(step.note.is_empty(), actual.note.is_empty());
            step.note.clone_from(&actual.note);
            // Only an answer is kept as it was given, too.
            assert_eq!(step.kind == StepKind::Answered, !actual.given.is_empty());
            step.given.clone_from(&actual.given);
        }
        if let Some(lease) = after.lease.as_mut().filter(|lease| lease.token.is_empty()) {
            lease.token = self.fresh_token(actual);
        }
    }

    /// What a delivery becomes by a call and what its sender is told, or why not.
    pub fn says(&self, call: &Call, now: Timestamp) -> Result<(Delivery, Option<EventKind>), &'static str> {
        match &call.what {
            What::Submit { .. } | What::Pull { .. } => unreachable!("these are never refused"),
            What::Mark { .. } | What::Correct { .. } | What::Recall { .. } => unreachable!("of a record"),
            What::Use { delivery, token, how, .. } => self.says_of_use(call, (*delivery, token), how, now),
            What::Answer { referral, question } => {
                let asked = |one: &&Delivery| one.questions().any(|(step, _)| step.id == *question);
                // Answered where it has gone.
                let mut after = self.records[referral].deliveries.iter().rfind(asked).unwrap().clone();
                let open = after.questions().any(|(step, answer)| step.id == *question && answer.is_none());
                if !open || after.settled.is_some() {
                    return Err("NOTHING_TO_ANSWER");
                }
                let step = step(call, StepKind::Answered, question.hyphenated().to_string(), now);
                // Nobody who reads the delivery learns who the sender is.
                add(&mut after, Step { by: String::new(), ..step })?;
                Ok((after, Some(EventKind::Answered)))
            }
            What::Replay { delivery, .. } => {
                let mut after = self.delivery(*delivery).clone();
                let kept = self.keeps(delivery.record, call.who.identity.as_str(), &after.header.queue);
                if after.state != State::DeadLetter || kept {
                    return Err("WRONG_STATE");
                }
                add(&mut after, step(call, StepKind::Replayed, String::new(), now))?;
                after.state = State::Waiting;
                Ok((after, Some(EventKind::Replayed)))
            }
            What::TakeBack { delivery, .. } => self.taken_back(call, *delivery, now),
        }
    }

    fn says_of_use(
        &self,
        call: &Call,
        (id, token): (DeliveryId, &str),
        how: &Use,
        now: Timestamp,
    ) -> Result<(Delivery, Option<EventKind>), &'static str> {
        let mut after = self.delivery(id).clone();
        let (who, record) = (call.who.identity.as_str(), &self.records[&id.record]);
        let begun = after.opened.is_some() || after.header.units.is_empty();
        let kept = self.keeps(id.record, who, &after.header.queue);
        let holds = holds(&after, who, token, now);
        assert!(!kept || !holds, "who is accused holds {id}");
        let answers = matches!(how, Use::Acknowledge | Use::Accept | Use::Refuse);
        // Whoever it is not for is told so first; but whom it accuses hears what anybody does whose lease has ended.
        let for_them = match how {
            Use::Extend(_) | Use::Release(_) => Ok(()),
            Use::Resolve { .. } if after.header.held.is_none() => Err("NOT_FOUND"),
            _ if !answers && is_notice(&after) => Err("ACKNOWLEDGE_IT"),
            _ if !answers && is_offered(&after) => Err("ANSWER_FIRST"),
            _ if kept => Err("LEASE_LOST"),
            // Whoever holds nothing of it learns of nobody whom it accuses.
            Use::Resolve { to } if holds && record.kept_from.queues.contains(to) => Err("INVALID"),
            Use::Resolve { .. } => Ok(()),
            Use::Acknowledge if !is_notice(&after) => Err("NOT_A_NOTICE"),
            Use::Accept | Use::Refuse if after.offered.is_none() => Err("NOTHING_OFFERED"),
            _ => Ok(()),
        };
        for_them?;
        if !holds {
            return Err("LEASE_LOST");
        }
        match how {
            Use::Ask if record.submitted.is_none() => return Err("ASK_ON_THE_REFERRAL"),
            Use::Complete { .. } | Use::Ask if !begun => return Err("OPEN_FIRST"),
            Use::HandOver { to, .. } if begun && self.keeps(id.record, to.as_str(), &after.header.queue) => {
                return Err("NOT_A_COLLEAGUE");
            }
            Use::Resolve { to } => self.may_go_on(&after, to)?,
            Use::Offer { to } => self.may_be_offered((&after, begun), to)?,
            Use::Accept | Use::Refuse if !is_offered(&after) => return Err("WRONG_STATE"),
            Use::Accept => {
                // What the sender was asked, and has answered, goes along.
                let from = DeliveryId { leg: after.offered.as_ref().unwrap().leg, ..id };
                let of_the_sender = |step: &&Step| matches!(step.kind, StepKind::Asked | StepKind::Answered);
                after.history.extend(self.delivery(from).history.iter().filter(of_the_sender).cloned());
                after.history.sort_by_key(|step| step.at);
            }
            _ => {}
        }
        becomes(after, call, (how, begun), now)
    }

    /// Who handed it over or offered it takes it back, or whoever supervises.
    fn taken_back(
        &self,
        call: &Call,
        id: DeliveryId,
        now: Timestamp,
    ) -> Result<(Delivery, Option<EventKind>), &'static str> {
        let mut after = self.delivery(id).clone();
        let who = call.who.identity.as_str();
        let supervises = who.contains("/unit_supervisor/");
        let kept = self.keeps(id.record, who, &after.header.queue);
        match () {
            () if !supervises && is_notice(&after) => return Err("ACKNOWLEDGE_IT"),
            () if !supervises && is_offered(&after) => return Err("ANSWER_FIRST"),
            // To whom it accuses it looks as what others gave away does.
            () if kept => return Err("NOTHING_TO_TAKE_BACK"),
            () => {}
        }
        let giver = after.history.iter().rev().find(|step| step.kind == StepKind::HandedOver).map(|step| &step.by);
        let own = |by: Option<&String>| supervises || by.is_some_and(|by| by == who);
        let handed = is_handed_over(&after) && own(giver);
        let offered = is_offering(&after) && own(after.transfer.as_ref().map(|offer| &offer.by));
        if !handed && !offered {
            return Err("NOTHING_TO_TAKE_BACK");
        }
        let code = after.transfer.as_ref().filter(|_| offered).map(|offer| offer.queue.as_str().to_owned());
        let step = step(call, StepKind::TakenBack, code.unwrap_or_default(), now);
        if add(&mut after, step).is_err() {
            return Err("NOTHING_TO_TAKE_BACK");
        }
        if handed {
            (after.state, after.lease) = (State::Waiting, None);
        }
        if offered {
            after.transfer = None;
        }
        Ok((after, offered.then_some(EventKind::NotTransferred)))
    }
}
