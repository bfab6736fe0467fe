//! A long evening of everything at random, held against a plain model of the contract.

use std::collections::BTreeMap;

use homeward::{
    domain::{
        code::Class,
        decision::InformationGrade::Corroborated,
        delivery::{Delivery, DeliveryId, Header, Lease, State},
        history::{Escalation, Step, StepKind},
    },
    ledger::Verb,
    store::{Along, ClassCounts, QueueCounts, Raise, Replay, Settle, Side, Store, StoreError},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Engine, fixtures::*, grading::grade};

const QUEUES: [&str; 2] = ["HOLD.human", "MPU.SE"];
const STEPS: u64 = 1400;

/// Leases that may run out on a delivery.
const MOST: u32 = 2;

/// Numbers that look random and are the same every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What must be there, kept in the simplest way.
#[derive(Default)]
struct Model(BTreeMap<DeliveryId, Delivery>);

impl Model {
    /// Unsettled deliveries of a side of a queue in pull order.
    fn side(&self, name: &str, side: Side) -> Vec<Delivery> {
        let dead = side == Side::DeadLetters;
        let held = |each: &Delivery| side != Side::Leased || each.state == State::Leased;
        let on_it =
            |each: &&Delivery| each.settled.is_none() && held(each) && (each.state == State::DeadLetter) == dead;
        let mut live: Vec<_> =
            self.0.values().filter(on_it).filter(|each| each.header.queue == queue(name)).cloned().collect();
        live.sort_by_key(|each| {
            let ack = each.header.ack_due.filter(|_| each.opened.is_none());
            let buried = each.history.iter().rev().find(|step| step.kind == StepKind::Rejected);
            let rejected = buried.is_some_and(|step| dead && step.code != "ATTEMPT_LIMIT");
            let running = [ack, each.header.decide_due].map(|due| due.filter(|_| !rejected));
            let deadline = running.into_iter().flatten().min().unwrap_or(Timestamp::MAX);
            (each.class(), deadline, each.header.received, each.id)
        });
        live
    }

    fn counts(&self, name: &str, now: Timestamp) -> QueueCounts {
        let (live, dead) = (self.side(name, Side::Live), self.side(name, Side::DeadLetters));
        let late = |each: &&Delivery| each.overdue(now);
        let count = |wanted: fn(&Delivery) -> bool| live.iter().filter(|each| wanted(each)).count() as u64;
        QueueCounts {
            queue: queue(name),
            live: live.len() as u64,
            unopened: count(|each| each.opened.is_none()),
            overdue: live.iter().chain(&dead).filter(late).count() as u64,
            dead: dead.len() as u64,
            leased: count(|each| each.state == State::Leased),
            oldest: live.iter().map(|each| each.header.received).min(),
        }
    }

    fn classes(&self, name: &str) -> Vec<ClassCounts> {
        let live = self.side(name, Side::Live);
        let of = |class: Class| live.iter().filter(move |each| each.class() == class).map(|each| each.header.received);
        let counts = |class: &Class| ClassCounts {
            queue: queue(name),
            class: *class,
            live: of(*class).count() as u64,
            oldest: of(*class).min(),
        };
        Class::ALL.iter().map(counts).collect()
    }

    /// Some delivery that was leased at some time.
    fn leased(&self, chance: &mut Chance) -> Option<Delivery> {
        let leased: Vec<_> = self.0.values().filter(|each| each.lease.is_some()).collect();
        leased.get(chance.below(leased.len().max(1) as u64) as usize).map(|each| (*each).clone())
    }
}

pub async fn everything_at_random_agrees_with_a_plain_model(engine: &impl Engine) {
    let mut store = engine.open();
    let mut chance = Chance(20_260_302);
    let mut model = Model::default();
    let mut now = 0;
    for step in 0..STEPS {
        now += chance.below(40) as i64;
        match chance.below(12) {
            11 => raise_late(&*store, &mut model, now).await,
            10 => send_back(&*store, &mut model, now).await,
            0 | 1 => accept(&*store, &mut model, &mut chance, now).await,
            2..=4 => pull_some(&*store, &mut model, &mut chance, now).await,
            5 => {
                let expired = store.expire_leases(at(now), MOST).await.unwrap();
                let over = |each: &&mut Delivery| each.lease.as_ref().is_some_and(|lease| lease.expires <= at(now));
                let mut count = 0;
                for delivery in model.0.values_mut().filter(over) {
                    (delivery.state, delivery.lease) = (State::Waiting, None);
                    delivery.failed += 1;
                    count += 1;
                    let replayed = delivery.history.iter().rev().find(|step| step.kind == StepKind::Replayed);
                    if delivery.failed - replayed.map_or(0, |step| step.failed) >= MOST {
                        let (code, by) = ("ATTEMPT_LIMIT".into(), String::new());
                        let step = Step { id: Uuid::nil(), at: at(now), by, code, note: Vec::new(), ..rejected() };
                        delivery.history.push(Step { failed: delivery.failed, ..step });
                        delivery.state = State::DeadLetter;
                    }
                }
                assert_eq!(expired, count, "step {step}");
            }
            _ => use_lease(&*store, &mut model, &mut chance, now).await,
        }
        if step % 20 == 0 {
            compare(&*store, &model, now).await;
        }
        if step % 150 == 149 {
            // Dropped or closed: opening again verifies what was kept.
            if chance.below(2) == 0 {
                store.close().await;
            }
            drop(store);
            store = engine.open();
        }
    }
    compare(&*store, &model, now).await;
    let settled = model.0.values().filter(|each| each.settled.is_some()).count();
    let failed: u32 = model.0.values().map(|each| each.failed).sum();
    assert!(settled > 50 && failed > 10, "{settled} settled, {failed} failed: the evening was too quiet");
    let raised = model.0.values().filter(|each| each.escalations().count() == Escalation::ALL.len()).count();
    assert!(raised > 5, "{raised} rose as far as they can");
    let steps =
        |by_hand| model.0.values().flat_map(|each| &each.history).filter(move |step| step.by.is_empty() != by_hand);
    assert!(steps(true).count() > 20 && steps(false).count() > 2, "few went to the dead-letter side");
}

/// What is late is escalated once by two who see it at the same time; what was settled since is not.
async fn raise_late(store: &dyn Store, model: &mut Model, now: i64) {
    let due = |each: &Delivery| {
        let first = each.escalations().count() == 0;
        each.overdue(at(now)) && (first || each.escalate_from.is_some_and(|from| at(now) > from))
    };
    let mut expected: Vec<_> = model.0.values().filter(|each| due(each)).map(|each| each.id).collect();
    let late = store.late(at(now), usize::MAX).await.unwrap();
    let mut found = ids(&late);
    assert_eq!(ids(&store.late(at(now), 1).await.unwrap()), found[..found.len().min(1)]);
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
    let raises: Vec<Raise> = late.iter().map(|each| raising(each, now)).collect();
    let (one, other) = (store.escalate(raises.clone()), store.escalate(raises.clone()));
    let counts = join_all([one, other]).await.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(counts, [raises.len() as u64, 0]);
    for raise in raises {
        let delivery = model.0.get_mut(&raise.delivery).unwrap();
        delivery.history.push(raise.step);
        delivery.escalate_from = raise.again_from;
    }
}

fn raising(delivery: &Delivery, now: i64) -> Raise {
    let before = delivery.escalations().count();
    let (kind, code, by) = (StepKind::Escalated, Escalation::ALL[before].code().to_owned(), String::new());
    Raise {
        delivery: delivery.id,
        before,
        step: Step {
            id: Uuid::nil(),
            kind,
            at: at(now),
            by,
            code,
            note: Vec::new(),
            given: Vec::new(),
            failed: delivery.failed,
        },
        again_from: (before + 1 < Escalation::ALL.len()).then(|| at(now + 60)),
        entry: entry(Verb::Administration, "ESCALATE"),
    }
}

/// The first dead letter goes back to its queue; what is none does not.
async fn send_back(store: &dyn Store, model: &mut Model, now: i64) {
    let Some(mut delivery) = model.0.values().find(|each| each.state == State::DeadLetter).cloned() else { return };
    let step = Step { kind: StepKind::Replayed, code: String::new(), at: at(now), ..rejected() };
    let replay = Replay { delivery: delivery.id, queue: delivery.header.queue.clone(), reader: READER, step };
    let (request, told) = (once("ReplayDeadLetter"), entry(Verb::Administration, "REPLAY_DEAD_LETTER"));
    let back = store.replay(request.clone(), replay.clone(), told.clone()).await.unwrap();
    delivery.history.push(Step { failed: delivery.failed, ..replay.step.clone() });
    delivery.state = State::Waiting;
    assert_eq!(back, delivery);
    assert_eq!(store.replay(request, replay.clone(), told.clone()).await, Ok(back), "again");
    let twice = store.replay(once("ReplayDeadLetter"), replay.clone(), told.clone()).await;
    assert_eq!(twice, Err(StoreError::WrongState));
    let elsewhere = Replay { queue: queue("MPU.NW"), ..replay };
    assert_eq!(store.replay(once("ReplayDeadLetter"), elsewhere, told).await, Err(StoreError::NotFound));
    model.0.insert(delivery.id, delivery);
}

async fn compare(store: &dyn Store, model: &Model, now: i64) {
    for name in QUEUES {
        for side in [Side::Live, Side::Leased, Side::DeadLetters] {
            let page = store.deliveries(&queue(name), (side, READER), None, usize::MAX).await.unwrap();
            assert_eq!(page.deliveries, model.side(name, side));
        }
        assert_eq!(store.counts(&[queue(name)], at(now)).await.unwrap(), [model.counts(name, at(now))]);
        assert_eq!(store.class_counts(&[queue(name)]).await.unwrap(), model.classes(name));
    }
    for (id, delivery) in &model.0 {
        assert_eq!(store.delivery(*id).await.unwrap().as_ref(), Some(delivery));
    }
}

fn random_header(chance: &mut Chance, now: i64) -> Header {
    let name = QUEUES[chance.below(2) as usize];
    let mut due = |longest| (chance.below(5) > 0).then(|| at(now + chance.below(longest) as i64));
    let (ack_due, decide_due) = (due(300), due(3000));
    let class = Class::ALL[chance.below(3) as usize];
    let base = if name == "HOLD.human" { held_header(name) } else { header(name) };
    Header { class, ack_due, decide_due, received: at(now), ..base }
}

fn fresh_delivery(id: DeliveryId, header: Header) -> Delivery {
    Delivery {
        id,
        header,
        state: State::Waiting,
        lease: None,
        acquired: 0,
        failed: 0,
        not_before: None,
        escalate_from: None,
        delivered: None,
        opened: None,
        settled: None,
        confirmed: Vec::new(),
        prompts: Vec::new(),
        history: Vec::new(),
        transfer: None,
        offered: None,
        from_hold: None,
    }
}

async fn accept(store: &dyn Store, model: &mut Model, chance: &mut Chance, now: i64) {
    let headers: Vec<_> = (0..=chance.below(3)).map(|_| random_header(chance, now)).collect();
    let acceptance = submission(headers.clone());
    let record = acceptance.records[0].record.id;
    store.accept(acceptance).await.unwrap();
    for (leg, header) in (1..).zip(headers) {
        let id = DeliveryId { record, leg };
        model.0.insert(id, fresh_delivery(id, header));
    }
}

async fn pull_some(store: &dyn Store, model: &mut Model, chance: &mut Chance, now: i64) {
    let request = pulling(QUEUES[chance.below(2) as usize], 1 + chance.below(3) as usize, now);
    let pulled = store.pull(request.clone()).await.unwrap();
    let ready = model
        .side(request.queue.as_str(), Side::Live)
        .into_iter()
        .filter(|each| each.state == State::Waiting && each.not_before.is_none_or(|moment| moment <= at(now)));
    let mut expected = Vec::new();
    for (mut delivery, token) in ready.zip(&request.tokens) {
        delivery.state = State::Leased;
        delivery.lease = Some(Lease {
            token: token.clone(),
            holder: request.holder.clone(),
            session: request.session.clone(),
            expires: request.expires,
            since: at(now),
            handed_over: false,
        });
        delivery.acquired += 1;
        delivery.not_before = None;
        delivery.delivered = delivery.delivered.or(Some(at(now)));
        model.0.insert(delivery.id, delivery.clone());
        expected.push(delivery);
    }
    assert_eq!(pulled, expected);
    assert_eq!(store.pull(request).await.unwrap(), expected, "again");
}

async fn use_lease(store: &dyn Store, model: &mut Model, chance: &mut Chance, now: i64) {
    let Some(mut delivery) = model.leased(chance) else { return };
    let mut held = holding(&delivery, now);
    let live = at(now) < delivery.lease.as_ref().unwrap().expires && chance.below(8) > 0;
    if !live && at(now) < delivery.lease.as_ref().unwrap().expires {
        held.token.push('x');
    }
    let way = chance.below(11);
    if way == 0 {
        let opened = store.opened(held, CARD, entry(Verb::Consultation, "OPEN_PART")).await;
        delivery.opened = delivery.opened.or(Some(at(now)));
        return check(model, live, opened, delivery);
    }
    let onward = random_header(chance, now);
    let settle_by = some_use(way, &delivery, &onward, now);
    let result = settle(store, held, settle_by.clone()).await;
    match settle_by {
        Settle::Extend(until) => delivery.lease.as_mut().unwrap().expires = until,
        Settle::Release(until) => {
            (delivery.state, delivery.lease, delivery.not_before) = (State::Waiting, None, until);
        }
        Settle::HandOver(step, _) => {
            (delivery.state, delivery.lease, delivery.not_before) = (State::Waiting, None, None);
            delivery.history.push(Step { failed: delivery.failed, ..step });
        }
        Settle::Ask(step) => delivery.history.push(Step { failed: delivery.failed, ..step }),
        // Cases of their own.
        Settle::Offer(..) | Settle::Accept(..) | Settle::Refuse(..) | Settle::Acknowledge(_) => {}
        Settle::Disclose(_) => delivery.opened = delivery.opened.or(Some(at(now))),
        Settle::Reject(step) => {
            (delivery.state, delivery.lease) = (State::DeadLetter, None);
            delivery.history.push(Step { failed: delivery.failed, ..step });
        }
        Settle::Complete(settled) => {
            (delivery.state, delivery.lease, delivery.settled) = (State::Completed, None, Some(settled));
        }
        Settle::Resolve(settled, headers, _) => {
            (delivery.state, delivery.lease, delivery.settled) = (State::Resolved, None, Some(settled));
            for header in headers.into_iter().filter(|_| live) {
                let record = delivery.id.record;
                let leg = 1 + model.0.keys().filter(|id| id.record == record).map(|id| id.leg).max().unwrap();
                let id = DeliveryId { record, leg };
                // What was confirmed is the record's: the new leg shows it.
                let (confirmed, from_hold) = (delivery.confirmed.clone(), Some(delivery.id.leg));
                // What its sender was asked goes along.
                let asked = delivery.history.iter().filter(|step| step.kind == StepKind::Asked);
                let history = asked.map(|step| Step { note: b"for others".to_vec(), failed: 0, ..step.clone() });
                let history = history.collect();
                model.0.insert(id, Delivery { confirmed, from_hold, history, ..fresh_delivery(id, header) });
            }
        }
        Settle::Grade(mut grades) => {
            let (record, mut grade) = grades.remove(0);
            grade.version = 1 + delivery.confirmed.len() as u32;
            delivery.confirmed.push(grade);
            for other in model.0.values_mut().filter(|each| live && each.id.record == record) {
                other.confirmed.clone_from(&delivery.confirmed);
            }
        }
    }
    check(model, live, result, delivery);
}

/// A use of a lease, by its number.
fn some_use(way: u64, delivery: &Delivery, onward: &Header, now: i64) -> Settle {
    match way {
        1 => Settle::Extend(at(now + 900)),
        2 => Settle::Release(None),
        3 => Settle::Release(Some(at(now + 60))),
        7 => Settle::Disclose(CARD),
        8 => Settle::Reject(rejected()),
        9 => Settle::HandOver(Step { kind: StepKind::HandedOver, ..rejected() }, None),
        10 => Settle::Ask(Step { kind: StepKind::Asked, ..rejected() }),
        6 if delivery.confirmed.len() < 20 => Settle::Grade(vec![(delivery.id.record, grade(1, Corroborated))]),
        4 if delivery.header.held.is_some() => {
            let questions = delivery.questions().map(|(asked, _)| (asked.id, b"for others".to_vec())).collect();
            Settle::Resolve(settled(), vec![onward.clone()], Along { notices: Vec::new(), questions })
        }
        _ => Settle::Complete(settled()),
    }
}

/// A live lease does what was asked; any other loses, and nothing changes.
fn check(model: &mut Model, live: bool, result: Result<Delivery, StoreError>, expected: Delivery) {
    if live {
        assert_eq!(result.as_ref(), Ok(&expected));
        model.0.insert(expected.id, expected);
    } else {
        assert_eq!(result, Err(StoreError::LeaseLost));
    }
}
