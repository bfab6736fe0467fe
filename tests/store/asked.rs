//! Questions to the sender, and answers.

use homeward::{
    domain::{
        delivery::Delivery,
        history::{MOST_STEPS, Step, StepKind},
    },
    ledger::Verb,
    store::{Along, Clarification, EventKind, Once, Settle, Store, StoreError},
};
use uuid::Uuid;

use super::{
    Engine,
    fixtures::*,
    offers::{accepting, offering},
};

fn question() -> Step {
    Step { kind: StepKind::Asked, code: "1".into(), ..rejected() }
}

fn answer(delivery: &Delivery, question: Uuid) -> Clarification {
    let (kind, code, by) = (StepKind::Answered, question.hyphenated().to_string(), String::new());
    Clarification { delivery: delivery.id, question, step: Step { kind, code, by, ..rejected() } }
}

async fn clarify(store: &dyn Store, once: Once, answer: Clarification) -> Result<Delivery, StoreError> {
    store.clarify(once, answer, entry(Verb::Collection, "ANSWER_CLARIFICATION")).await
}

pub async fn a_question_and_its_answer_are_told_to_the_sender_and_stay_with_the_delivery(engine: &impl Engine) {
    let store = engine.open();
    let held = leased(&*store, "MPU.SE").await;
    let asked = question();
    settle(&*store, holding(&held, 60), Settle::Ask(asked.clone())).await.unwrap();
    let again = settle(&*store, holding(&held, 61), Settle::Ask(asked.clone())).await;
    assert_eq!(again, Err(StoreError::WrongState), "its id names one question");
    let unknown = clarify(&*store, once("AnswerClarification"), answer(&held, id())).await;
    assert_eq!(unknown, Err(StoreError::WrongState));
    // Nobody holds it any longer.
    settle(&*store, holding(&held, 62), Settle::Release(None)).await.unwrap();
    drop(store);
    let store = engine.open();
    let (once_only, given) = (once("AnswerClarification"), answer(&held, asked.id));
    let answered = clarify(&*store, once_only.clone(), given.clone()).await.unwrap();
    assert_eq!(clarify(&*store, once_only, given.clone()).await.as_ref(), Ok(&answered), "the first answer");
    assert_eq!(clarify(&*store, once("AnswerClarification"), given).await, Err(StoreError::WrongState), "answered");
    let [(found, Some(with))] = answered.questions().collect::<Vec<_>>()[..] else { panic!("one, answered") };
    assert_eq!((found.id, with.note.as_slice()), (asked.id, b"sealed".as_slice()));
    let told = store.events(BARNET, 0, 100).await.unwrap();
    let kinds: Vec<EventKind> = told.iter().map(|event| event.kind).collect();
    assert_eq!(kinds[kinds.len() - 2..], [EventKind::Asked, EventKind::Answered]);
    assert_eq!(pull(&*store, "MPU.SE", 1, 63).await[0].history, answered.history);
}

pub async fn every_question_keeps_a_place_for_its_answer(engine: &impl Engine) {
    let store = engine.open();
    let held = leased(&*store, "MPU.SE").await;
    let mut open = Vec::new();
    loop {
        let asked = question();
        match settle(&*store, holding(&held, 60), Settle::Ask(asked.clone())).await {
            Ok(_) => open.push(asked.id),
            Err(error) => break assert_eq!(error, StoreError::WrongState),
        }
    }
    assert!(open.len() > 15, "{} questions", open.len());
    let refused = settle(&*store, holding(&held, 61), Settle::Reject(rejected())).await;
    assert!(refused.is_err() || open.len() * 2 < MOST_STEPS - 4, "no step takes the place of an answer");
    for asked in &open {
        clarify(&*store, once("AnswerClarification"), answer(&held, *asked)).await.unwrap();
    }
}

pub async fn a_question_goes_along_out_of_hold_and_is_answered_there(engine: &impl Engine) {
    let store = engine.open();
    accept_with(&*store, held_header("HOLD.human")).await;
    let held = pull(&*store, "HOLD.human", 1, 0).await.remove(0);
    let (before, open) = (question(), question());
    for asked in [&before, &open] {
        settle(&*store, holding(&held, 60), Settle::Ask(asked.clone())).await.unwrap();
    }
    clarify(&*store, once("AnswerClarification"), answer(&held, before.id)).await.unwrap();
    let on = |questions| {
        let along = Along { notices: Vec::new(), questions };
        Settle::Resolve(settled(), vec![header("MASH.E09000033"), header("REFDESK.EA")], along)
    };
    let one = vec![(before.id, b"for them".to_vec())];
    let hastily = settle(&*store, holding(&held, 61), on(one.clone())).await;
    assert_eq!(hastily, Err(StoreError::Conflict), "one was asked since: it is sealed for nobody there");
    let all = [one, vec![(open.id, b"for them too".to_vec())]].concat();
    settle(&*store, holding(&held, 62), on(all)).await.unwrap();
    drop(store);
    let store = engine.open();
    let there = pull(&*store, "MASH.E09000033", 1, 63).await.remove(0);
    assert_eq!(there.from_hold, Some(held.id.leg));
    let questions: Vec<_> = there.questions().map(|(asked, answer)| (asked.note.clone(), answer.is_some())).collect();
    assert_eq!(questions, [(b"for them".to_vec(), true), (b"for them too".to_vec(), false)]);
    let beside = pull(&*store, "REFDESK.EA", 1, 63).await.remove(0);
    assert!(beside.questions().next().is_none() && beside.from_hold == Some(held.id.leg));
    let answered = clarify(&*store, once("AnswerClarification"), answer(&held, open.id)).await.unwrap();
    assert_eq!(answered.id, there.id, "where it has gone");
    assert!(answered.questions().all(|(_, answer)| answer.is_some()));
    let again = clarify(&*store, once("AnswerClarification"), answer(&held, open.id)).await;
    assert_eq!(again, Err(StoreError::WrongState), "answered");
}

pub async fn a_question_goes_along_with_a_transfer_and_is_answered_there(engine: &impl Engine) {
    let store = engine.open();
    let mut given = to(&["MPU.SE"]);
    given.records[0].wraps = b"wraps".to_vec();
    let record = given.records[0].record.id;
    store.accept(given).await.unwrap();
    let held = pull(&*store, "MPU.SE", 1, 0).await.remove(0);
    let (before, open) = (question(), question());
    for asked in [&before, &open] {
        settle(&*store, holding(&held, 60), Settle::Ask(asked.clone())).await.unwrap();
    }
    clarify(&*store, once("AnswerClarification"), answer(&held, before.id)).await.unwrap();
    settle(&*store, holding(&held, 61), offering(900)).await.unwrap();
    let there = pull(&*store, "MPU.NE", 1, 62).await.remove(0);
    assert!(there.questions().next().is_none(), "while it is only offered it is not theirs to see");
    let accepted = settle(&*store, holding(&there, 63), accepting()).await.unwrap();
    let questions: Vec<_> = accepted.questions().map(|(asked, answer)| (asked.id, answer.is_some())).collect();
    assert_eq!(questions, [(before.id, true), (open.id, false)]);
    assert_eq!(accepted.history.last().unwrap().kind, StepKind::TransferAccepted);
    // Written to the delivery as it was, and added where it has gone.
    let answered = clarify(&*store, once("AnswerClarification"), answer(&held, open.id)).await.unwrap();
    assert_eq!(answered.id, there.id);
    let again = clarify(&*store, once("AnswerClarification"), answer(&held, open.id)).await;
    assert_eq!(again, Err(StoreError::WrongState), "answered");
    let told = store.events(BARNET, 0, 100).await.unwrap();
    let legs: Vec<_> = told.iter().filter(|one| one.kind == EventKind::Answered).map(|one| one.leg.unwrap()).collect();
    assert_eq!(legs, [held.id.leg, there.id.leg]);
    assert!(store.finished(at(9_999), None, 9).await.unwrap().is_empty());
    settle(&*store, holding(&there, 64), Settle::Complete(settled())).await.unwrap();
    drop(store);
    let store = engine.open();
    let finished: Vec<_> = store.finished(at(9_999), None, 9).await.unwrap().into_iter().map(|(_, id)| id).collect();
    assert_eq!(finished, [record], "nothing is open any longer");
}
