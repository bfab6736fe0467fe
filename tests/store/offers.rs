//! Transfers: offered, accepted once, refused or lapsed, and of the two deliveries always exactly one that goes on.

use homeward::{
    domain::{
        delivery::{Delivery, Header, Lease, Settled, State},
        history::{Escalation, Step, StepKind},
        retraction::RetractionKind,
        transfer::Offer,
    },
    ledger::Verb,
    store::{
        Along, EventKind, Held, KeptFrom, Lapse, Raise, Retract, Returned, Settle, Side, Store, StoreError, TakeBack,
    },
};

use super::{Engine, fixtures::*, retracted::retract};

fn step(kind: StepKind) -> Step {
    Step { kind, code: "MPU.NE".into(), ..rejected() }
}

pub fn offering(until: i64) -> Settle {
    offering_of(header("MPU.NE"), until)
}

pub fn offering_of(header: Header, until: i64) -> Settle {
    let offer =
        Offer { queue: queue("MPU.NE"), leg: 0, at: at(60), by: OFFICER.into(), answer_by: at(until), accepted: None };
    Settle::Offer(step(StepKind::TransferOffered), Box::new(header), offer)
}

pub fn accepting() -> Settle {
    Settle::Accept(step(StepKind::TransferAccepted), Settled { outcome: "MPU.NE".into(), ..settled() }, Vec::new())
}

fn returned(of: &Delivery, kind: StepKind, now: i64) -> Returned {
    let escalated = Step {
        kind: StepKind::Escalated,
        at: at(now),
        code: Escalation::ALL[of.escalations().count()].code().into(),
        note: Vec::new(),
        ..rejected()
    };
    let raise = Raise {
        delivery: of.id,
        before: of.escalations().count(),
        step: escalated,
        again_from: Some(at(now + 900)),
        entry: entry(Verb::Administration, "ESCALATE"),
    };
    Returned { step: step(kind), raise: Some(raise) }
}

async fn find(store: &dyn Store, of: &Delivery) -> Delivery {
    store.delivery(of.id).await.unwrap().unwrap()
}

/// What is offered, leased on the other side.
async fn offered(store: &dyn Store, until: i64) -> (Delivery, Delivery) {
    let held = leased(store, "MPU.SE").await;
    let held = settle(store, holding(&held, 60), offering(until)).await.unwrap();
    let there = pull(store, "MPU.NE", 1, 61).await.remove(0);
    (held, there)
}

async fn kinds(store: &dyn Store) -> Vec<EventKind> {
    store.events(BARNET, 0, 100).await.unwrap().iter().map(|event| event.kind).collect()
}

pub async fn what_is_offered_stays_until_it_is_accepted_and_then_goes_on_there_alone(engine: &impl Engine) {
    let store = engine.open();
    let (held, there) = offered(&*store, 900).await;
    let (offer, from) = (held.transfer.clone().unwrap(), there.offered.clone().unwrap());
    assert_eq!((offer.leg, from.leg, from.queue.as_str()), (there.id.leg, held.id.leg, "MPU.SE"));
    assert!(held.state == State::Leased && held.is_offering() && there.is_offered());
    assert_eq!(there.running_deadline(), Some(at(900)), "until it is answered only that to answer runs");
    assert_eq!(held.running_deadline(), held.header.ack_due, "and its own runs on");
    let wrong = Err(StoreError::WrongState);
    assert_eq!(settle(&*store, holding(&held, 62), offering(900)).await, wrong, "one offer at a time");
    assert_eq!(settle(&*store, holding(&held, 62), accepting()).await, wrong, "nobody offers it here");
    for other in [Settle::Complete(settled()), Settle::Reject(rejected()), offering(900), Settle::Disclose(CARD)] {
        assert_eq!(settle(&*store, holding(&there, 62), other).await, wrong, "it is not theirs yet");
    }
    settle(&*store, holding(&there, 62), Settle::Extend(at(800))).await.unwrap();
    let opened = store.opened(holding(&there, 63), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    drop(store);
    let store = engine.open();
    let once_only = once("AnswerTransfer");
    let answer = async |held| {
        store.settle(once_only.clone(), held, accepting(), entry(Verb::Disclosure, "TRANSFER_ACCEPTED")).await
    };
    let accepted = answer(holding(&opened, 64)).await.unwrap();
    assert_eq!(answer(holding(&opened, 65)).await.as_ref(), Ok(&accepted), "the first answer");
    assert!(!accepted.is_offered() && accepted.state == State::Leased);
    assert_eq!(accepted.running_deadline(), accepted.header.decide_due);
    let gone = find(&*store, &held).await;
    assert_eq!((gone.state, gone.lease), (State::Transferred, None));
    assert_eq!(gone.transfer.unwrap().accepted, Some(at(60)));
    assert_eq!(settle(&*store, holding(&held, 66), Settle::Complete(settled())).await, Err(StoreError::LeaseLost));
    assert!(store.deliveries(&queue("MPU.SE"), (Side::Live, READER), None, 9).await.unwrap().deliveries.is_empty());
    settle(&*store, holding(&accepted, 67), Settle::Complete(settled())).await.unwrap();
    let told = kinds(&*store).await;
    let of = |kind| told.iter().filter(|told| **told == kind).count();
    assert_eq!((of(EventKind::Offered), of(EventKind::Transferred), of(EventKind::Completed)), (1, 1, 1));
    drop(store);
    engine.open();
}

/// A correction that accuses somebody comes between the choice of who is to have it and the step that gives it to them.
pub async fn nothing_is_given_to_anybody_as_it_was_known_before_somebody_was_accused(engine: &impl Engine) {
    let store = engine.open();
    let to_colleague = || {
        let lease = Lease {
            token: id().to_string(),
            holder: "colleague".into(),
            session: String::new(),
            expires: at(900),
            since: at(60),
            handed_over: true,
        };
        Settle::HandOver(Step { kind: StepKind::HandedOver, code: "colleague".into(), ..rejected() }, Some(lease))
    };
    let gives: [&dyn Fn() -> Settle; 2] = [&|| offering(900), &to_colleague];
    for (number, give) in (0u8..).zip(gives) {
        let held = leased(&*store, "MPU.SE").await;
        store.opened(holding(&held, 10), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
        let known = store.find(held.id.record).await.unwrap().unwrap().record.excluded.len();
        let as_known = |known| Held { kept_from: Some(known), ..holding(&held, 60) };
        let accuses = KeptFrom { references: vec![[number; 32]], ..KeptFrom::default() };
        let one = Retract { kept_from: accuses, ..retract(held.id.record, RetractionKind::Corrected, 30) };
        store.recall(once("RecallReferral"), vec![one], b"answer".to_vec()).await.unwrap();
        let there = async || {
            let found = store.find(held.id.record).await.unwrap().unwrap();
            (found.deliveries, found.retractions.len(), size(&*store).await)
        };
        let before = there().await;
        assert_eq!(settle(&*store, as_known(known), give()).await, Err(StoreError::Conflict), "{number}");
        assert_eq!(there().await, before, "{number}");
        settle(&*store, as_known(known + 1), give()).await.unwrap();
    }
    // What leaves the house does so as it had been corrected when that was decided, whoever is accused or not.
    let held = leased(&*store, "MPU.SE").await;
    let as_corrected = |often| Held { retractions: Some(often), ..holding(&held, 60) };
    let one = retract(held.id.record, RetractionKind::Corrected, 30);
    store.opened(holding(&held, 10), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    store.recall(once("RecallReferral"), vec![one], b"answer".to_vec()).await.unwrap();
    let before = (find(&*store, &held).await, size(&*store).await);
    assert_eq!(settle(&*store, as_corrected(0), Settle::Disclose(CARD)).await, Err(StoreError::Conflict));
    assert_eq!((find(&*store, &held).await, size(&*store).await), before);
    settle(&*store, as_corrected(1), Settle::Disclose(CARD)).await.unwrap();
    // Whoever settles what is on HOLD has lost it by then.
    accept_with(&*store, held_header("HOLD.human")).await;
    let held = pull(&*store, "HOLD.human", 1, 0).await.remove(0);
    let accuses = KeptFrom { references: vec![[9; 32]], ..KeptFrom::default() };
    let one = Retract { kept_from: accuses, ..retract(held.id.record, RetractionKind::Corrected, 30) };
    store.recall(once("RecallReferral"), vec![one], b"answer".to_vec()).await.unwrap();
    let to_queue = Settle::Resolve(settled(), vec![header("MPU.NE")], Along::default());
    assert_eq!(settle(&*store, holding(&held, 60), to_queue).await, Err(StoreError::LeaseLost));
}

pub async fn what_is_refused_comes_back_and_is_escalated(engine: &impl Engine) {
    let store = engine.open();
    let (held, there) = offered(&*store, 900).await;
    let back = Settle::Refuse(settled(), Box::new(returned(&held, StepKind::TransferRefused, 70)));
    let refused = settle(&*store, holding(&there, 70), back).await.unwrap();
    assert!(refused.state == State::Declined && refused.is_nobodys());
    let goes_on = find(&*store, &held).await;
    assert_eq!((goes_on.state, goes_on.transfer.clone()), (State::Leased, None), "whoever holds it holds it");
    let kinds_of: Vec<_> = goes_on.history.iter().map(|step| step.kind).collect();
    assert_eq!(kinds_of, [StepKind::TransferOffered, StepKind::TransferRefused, StepKind::Escalated]);
    assert_eq!(goes_on.class(), held.class().raised());
    assert!(kinds(&*store).await.ends_with(&[EventKind::NotTransferred, EventKind::Escalated]));
    // It may be offered again, and somebody else may accept.
    settle(&*store, holding(&goes_on, 71), offering(900)).await.unwrap();
    let there = pull(&*store, "MPU.NE", 1, 72).await.remove(0);
    settle(&*store, holding(&there, 73), accepting()).await.unwrap();
    drop(store);
    engine.open();
}

pub async fn what_nobody_answers_lapses_once_and_what_was_answered_does_not(engine: &impl Engine) {
    let store = engine.open();
    let (held, there) = offered(&*store, 900).await;
    settle(&*store, holding(&held, 62), Settle::Extend(at(2_000))).await.unwrap();
    // The lease of whoever took it runs out, as often as it may: nothing of another unit's is buried here.
    store.expire_leases(at(661), 1).await.unwrap();
    assert_eq!(find(&*store, &there).await.state, State::Waiting);
    let lapse = |now| Lapse {
        offered: there.id,
        at: at(now),
        returned: returned(&held, StepKind::TransferLapsed, now),
        entry: entry(Verb::Administration, "TRANSFER_LAPSED"),
    };
    assert_eq!(store.lapse(vec![lapse(900)]).await, Ok(0), "in its last moment it can be answered");
    let late = store.late(at(901), 9).await.unwrap();
    assert_eq!(ids(&late), [there.id]);
    // Two replicas see it.
    let both = join_all([store.lapse(vec![lapse(901)]), store.lapse(vec![lapse(902)])]).await;
    assert_eq!(both.into_iter().map(Result::unwrap).sum::<u64>(), 1);
    let goes_on = find(&*store, &held).await;
    assert_eq!((goes_on.transfer.clone(), goes_on.escalations().count()), (None, 1));
    assert!(pull(&*store, "MPU.NE", 1, 903).await.is_empty());
    assert!(store.late(at(903), 9).await.unwrap().is_empty(), "they have the time of its new class");
    drop(store);
    engine.open();
}

pub async fn whoever_decides_about_it_or_takes_it_back_ends_the_offer(engine: &impl Engine) {
    let store = engine.open();
    for ends in [Settle::Complete(settled()), Settle::Reject(rejected())] {
        let (held, there) = offered(&*store, 900).await;
        settle(&*store, holding(&held, 62), ends).await.unwrap();
        assert_eq!(settle(&*store, holding(&there, 63), accepting()).await, Err(StoreError::LeaseLost));
        assert_eq!(find(&*store, &there).await.state, State::Declined);
    }
    let (held, there) = offered(&*store, 900).await;
    let taking = |giver: Option<&str>| TakeBack {
        delivery: held.id,
        queue: queue("MPU.SE"),
        giver: giver.map(str::to_owned),
        step: step(StepKind::TakenBack),
    };
    let take =
        async |giver| store.take_back(once("TakeBack"), taking(giver), entry(Verb::Administration, "TAKE_BACK")).await;
    assert_eq!(take(Some("somebody else")).await, Err(StoreError::WrongState));
    let back = take(Some(OFFICER)).await.unwrap();
    assert!(back.state == State::Leased && back.transfer.is_none(), "it never left");
    assert_eq!(take(None).await, Err(StoreError::WrongState), "once");
    assert_eq!(find(&*store, &there).await.state, State::Declined);
    assert_eq!(kinds(&*store).await.last(), Some(&EventKind::NotTransferred));
    drop(store);
    engine.open();
}

pub async fn what_fails_too_often_while_it_is_offered_is_offered_no_longer(engine: &impl Engine) {
    let store = engine.open();
    let (held, there) = offered(&*store, 900).await;
    store.expire_leases(at(600), 1).await.unwrap();
    let dead = find(&*store, &held).await;
    assert_eq!((dead.state, dead.transfer), (State::DeadLetter, None));
    assert_eq!(find(&*store, &there).await.state, State::Declined);
    assert_eq!(settle(&*store, holding(&there, 601), accepting()).await, Err(StoreError::LeaseLost));
    assert!(pull(&*store, "MPU.NE", 1, 700).await.is_empty());
    drop(store);
    engine.open();
}
