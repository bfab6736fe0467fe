//! What the model says to each call, and whether the broker says the same.

use homeward::{
    broker::{Error, Receipt},
    domain::{
        delivery::{Delivery, DeliveryId, Lease, Settled, State},
        history::{Step, StepKind},
        prompt::TrackedPrompt,
    },
    store::{EventKind, Stored},
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    calls::{Answer, Call, Use, What, word},
    model::{Answered, Model, Record, class, deadline, holds, is_offered},
    prompts::{Marking, raised, shown},
    town::{Base, end},
    world::World,
};

/// Steps that a delivery may have.
const MOST_STEPS: usize = 50;
/// Places that are kept free: one more, and one for each escalation.
const KEPT_FREE: usize = 4;
/// What is handed over is kept for so long, however near its deadline is.
const KEPT_AT_LEAST: SignedDuration = SignedDuration::from_mins(5);
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
            (_, Some(Answer::Delivery(delivery))) => self.settled(call, delivery, now),
            (_, Some(Answer::Resolved(delivery, made))) => {
                let expected = self.settled(call, delivery, now);
                self.sent_on(world, delivery, made).await;
                expected
            }
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
    async fn submitted(&mut self, world: &World, call: &Call, receipt: &Receipt) {
        let What::Submit { base, reference } = call.what else { unreachable!("a submission") };
        let Base { council, on_behalf_of, .. } = &world.town.bases[base];
        assert_eq!(receipt.received, world.now());
        let own = council.identity.organisation().to_string();
        let council = format!("gss/{on_behalf_of}");
        let followers = if own == council { vec![own] } else { vec![own, council] };
        let mut legs = receipt.legs.iter();
        for id in std::iter::once(receipt.record).chain(receipt.linked.iter().copied()) {
            let submitted = (id == receipt.record).then(|| (base, reference, receipt.clone()));
            let linked = if submitted.is_some() { receipt.linked.clone() } else { Vec::new() };
            let stored = world.store().find(id).await.unwrap().unwrap();
            let (deliveries, prompts, followers) = (Vec::new(), raised(&stored.deliveries), followers.clone());
            let record = Record { deliveries, followers, submitted, linked, prompts: prompts.clone(), erased: false };
            assert!(self.records.insert(id, record).is_none(), "record {id} came twice");
            for (delivery, number) in stored.deliveries.into_iter().zip(1..) {
                let leg = legs.next().expect("a leg in the receipt");
                let header = &delivery.header;
                assert_eq!(delivery.id, DeliveryId { record: leg.record, leg: number });
                assert_eq!((header.queue.as_str(), header.class.code()), (leg.queue.as_str(), leg.class.as_str()));
                assert_eq!((header.ack_due, header.decide_due), (leg.ack_due, leg.decide_due));
                assert_eq!(header.received, receipt.received);
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
        let offered = self.standing(queue, |one| is_offered(one) && one.lease.as_ref().unwrap().holder == who);
        let good = |id: &DeliveryId| now < self.delivery(*id).lease.as_ref().unwrap().expires;
        let mut ids: Vec<_> = offered.into_iter().take(*most).filter(good).collect();
        let free =
            |one: &Delivery| one.state == State::Waiting && (one.not_before.is_none() || self.woken.contains(&one.id));
        ids.extend(self.standing(queue, free).into_iter().take(most - ids.len()));
        assert_eq!(pulled.iter().map(|one| one.id).collect::<Vec<_>>(), ids, "what {who} is given of {queue} at {now}");
        let mut told = Vec::new();
        for (id, actual) in ids.into_iter().zip(pulled) {
            let mut after = self.delivery(id).clone();
            if is_offered(&after) && after.opened.is_none() {
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

    fn settled(&mut self, call: &Call, actual: &Delivery, now: Timestamp) -> Result<(), &'static str> {
        let (mut after, told) = self.says(call, now)?;
        // What is sealed, what is a token and where a resolution leads are the broker's own to say.
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
        assert_eq!(*actual, after, "after {:?}", call.what);
        let id = after.id;
        self.becomes(after);
        self.tells(told.into_iter().map(|kind| (id.record, Some(id.leg), kind)).collect());
        Ok(())
    }

    /// What a delivery becomes by a call and what its sender is told, or why not.
    fn says(&self, call: &Call, now: Timestamp) -> Result<(Delivery, Option<EventKind>), &'static str> {
        match &call.what {
            What::Submit { .. } | What::Pull { .. } => unreachable!("these are never refused"),
            What::Mark { .. } => unreachable!("of a record, and not of a delivery"),
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
                if after.state != State::DeadLetter {
                    return Err("WRONG_STATE");
                }
                add(&mut after, step(call, StepKind::Replayed, String::new(), now))?;
                after.state = State::Waiting;
                Ok((after, Some(EventKind::Replayed)))
            }
        }
    }

    fn says_of_use(
        &self,
        call: &Call,
        (id, token): (DeliveryId, &str),
        how: &Use,
        now: Timestamp,
    ) -> Result<(Delivery, Option<EventKind>), &'static str> {
        let after = self.delivery(id).clone();
        let who = call.who.identity.as_str();
        let begun = after.opened.is_some() || after.header.units.is_empty();
        let holds = holds(&after, who, token, now);
        match how {
            Use::Complete { .. } | Use::Ask if !holds => return Err("LEASE_LOST"),
            Use::Ask if self.records[&id.record].submitted.is_none() => return Err("ASK_ON_THE_REFERRAL"),
            Use::Complete { .. } | Use::Ask if !begun => return Err("OPEN_FIRST"),
            _ if !holds => return Err("LEASE_LOST"),
            _ => {}
        }
        becomes(after, call, (how, begun), now)
    }

    /// What a resolution made stands in the queues that it names, as urgent as it was, and nobody has touched it.
    async fn sent_on(&mut self, world: &World, resolved: &Delivery, made: &[DeliveryId]) {
        let Stored { deliveries, .. } = world.store().find(resolved.id.record).await.unwrap().unwrap();
        let outcome = &resolved.settled.as_ref().unwrap().outcome;
        assert_eq!(outcome.split(' ').count(), made.len());
        let mut last = self.records[&resolved.id.record].deliveries.iter().map(|one| one.id.leg).max().unwrap();
        // What its sender was asked goes along with the first; a question is sealed anew for whoever reads it there.
        let of_the_sender = |step: &&Step| matches!(step.kind, StepKind::Asked | StepKind::Answered);
        let mut along: Vec<_> = resolved.history.iter().filter(of_the_sender).cloned().collect();
        for (id, queue) in made.iter().zip(outcome.split(' ')) {
            last += 1;
            assert_eq!(id.leg, last, "the next leg");
            let delivery = deliveries.iter().find(|delivery| delivery.id == *id).unwrap().clone();
            assert_eq!((delivery.header.queue.as_str(), delivery.header.class), (queue, class(resolved)));
            assert_eq!(delivery.header.received, resolved.header.received);
            let mut expected = untouched(&delivery, &self.records[&resolved.id.record].prompts);
            (expected.from_hold, expected.history) = (Some(resolved.id.leg), std::mem::take(&mut along));
            expected.history.iter_mut().for_each(|step| step.failed = 0);
            for (step, actual) in expected.history.iter_mut().zip(&delivery.history) {
                assert!(step.kind == StepKind::Asked || step.note == actual.note);
                step.note.clone_from(&actual.note);
            }
            assert!(expected.history.iter().all(|step| !step.note.is_empty()));
            assert_eq!(delivery, expected);
            self.arrives(delivery, world.now());
        }
    }
}

/// What a delivery becomes that is held, and what its sender is told.
fn becomes(
    mut after: Delivery,
    call: &Call,
    (how, begun): (&Use, bool),
    now: Timestamp,
) -> Result<(Delivery, Option<EventKind>), &'static str> {
    let settled = |outcome: &str, reason: Option<String>, note: bool| Settled {
        at: now,
        by: call.who.identity.as_str().to_owned(),
        outcome: outcome.to_owned(),
        reason,
        release_detail: false,
        note: vec![0; usize::from(note)],
    };
    let told = match how {
        Use::Extend(lease) => {
            after.lease.iter_mut().for_each(|own| own.expires = (now + *lease).min(end()));
            return Ok((after, None));
        }
        Use::Release(delay) => {
            after.state = State::Waiting;
            after.not_before = (*delay > SignedDuration::ZERO).then(|| now + *delay);
            None
        }
        Use::Complete { outcome, reason, note } => {
            after.state = State::Completed;
            after.settled = Some(settled(outcome, reason.clone(), *note));
            Some(EventKind::Completed)
        }
        Use::Resolve { to } => {
            after.state = State::Resolved;
            after.settled = Some(settled(to.as_str(), None, true));
            Some(EventKind::Resolved)
        }
        Use::Reject(reason) => {
            add(&mut after, step(call, StepKind::Rejected, reason.code().to_owned(), now))?;
            (after.state, after.not_before) = (State::DeadLetter, None);
            Some(EventKind::Rejected)
        }
        Use::HandOver { to, keep } => {
            let code = if begun { to.as_str() } else { "" };
            let by_the_deadline = deadline(&after).map_or(end(), |due| due.max(now + KEPT_AT_LEAST));
            add(&mut after, step(call, StepKind::HandedOver, code.to_owned(), now))?;
            after.state = if begun { State::Leased } else { State::Waiting };
            after.not_before = None;
            after.lease = begun.then(|| Lease {
                token: String::new(),
                holder: to.as_str().to_owned(),
                session: String::new(),
                expires: (now + *keep).min(by_the_deadline).min(end()),
                since: now,
                handed_over: true,
            });
            return Ok((after, None));
        }
        Use::Ask => {
            add(&mut after, step(call, StepKind::Asked, String::new(), now))?;
            return Ok((after, Some(EventKind::Asked)));
        }
    };
    after.lease = None;
    Ok((after, told))
}

/// A delivery as it is when it is made.
fn untouched(delivery: &Delivery, prompts: &[TrackedPrompt]) -> Delivery {
    Delivery {
        id: delivery.id,
        header: delivery.header.clone(),
        state: State::Waiting,
        lease: None,
        acquired: 0,
        failed: 0,
        not_before: None,
        escalate_from: None,
        delivered: None,
        opened: None,
        settled: None,
        transfer: None,
        offered: None,
        from_hold: None,
        confirmed: Vec::new(),
        prompts: shown(prompts, delivery),
        history: Vec::new(),
    }
}

fn step(call: &Call, kind: StepKind, code: String, now: Timestamp) -> Step {
    let (id, by) = (call.request.id, call.who.identity.as_str().to_owned());
    // All steps of these have a note.
    Step { id, kind, at: now, by, code, note: vec![0], given: Vec::new(), failed: 0 }
}

/// Adds a step, if there is room beside what is kept for the broker's own and for answers.
fn add(delivery: &mut Delivery, step: Step) -> Result<(), &'static str> {
    let open = delivery.questions().filter(|(_, answer)| answer.is_none()).count();
    let kept = match step.kind {
        StepKind::Asked => open + 1,
        StepKind::Answered => open - 1,
        _ => open,
    };
    if delivery.history.len() + KEPT_FREE + kept >= MOST_STEPS {
        return Err("WRONG_STATE");
    }
    delivery.history.push(Step { failed: delivery.failed, ..step });
    Ok(())
}
