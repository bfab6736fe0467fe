//! What the person on HOLD asked the sender travels with the matter: to whoever gets it, redacted for them, and is answered there.

use homeward::wire::pb;

use crate::{
    accused::about,
    asking::{answering, asking, questions},
    house::{House, LEWISHAM, MPU_NE, RESOLVER},
    person::{Person, Taken, resolution, why},
};

/// With the child's name, which police do not read.
const QUESTION: &str = "Was it Ella-Mae Fennimore whom Marcus Dray drove to Bromley?";

/// On HOLD, because nobody of the accused's unit may have it.
fn of_an_officer() -> pb::Submission {
    about("met/SE/mpu_officer/p777", "MPU.SE")
}

/// Takes what is on HOLD of the referral itself, opens it, and asks twice.
async fn asked_twice(house: &House, referral: &str) -> (Person, Taken, [String; 2]) {
    let mut resolver = house.person(RESOLVER).await;
    let held = resolver.pull("HOLD.human").await.unwrap();
    let held = held.into_iter().find(|one| one.header.referral_id == referral).unwrap();
    let unit = held.header.openable[0];
    resolver.open(&held, (unit.part(), unit.item), "").await.unwrap();
    let mut asked = Vec::new();
    for _ in 0..2 {
        let answer = resolver.queues.request_clarification(asking(&held, QUESTION)).await.unwrap();
        asked.push(answer.into_inner().clarification_id);
    }
    (resolver, held, asked.try_into().unwrap())
}

fn kinds(steps: &[pb::DeliveryStep]) -> Vec<&str> {
    steps.iter().map(|step| step.kind.as_str()).collect()
}

#[tokio::test]
async fn a_question_that_is_open_on_hold_goes_along_and_its_answer_reaches_whoever_has_it_there() {
    let mut house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(of_an_officer()).await.unwrap().referral_id;
    let (mut resolver, held, [before, open]) = asked_twice(&house, &referral).await;
    council.referrals.answer_clarification(answering(&referral, &before)).await.unwrap();
    let request = resolution(&held, "MPU.NE");
    let sent = resolver.queues.resolve_held(request.clone()).await.unwrap().into_inner();
    let there = sent.created_delivery_ids[0].clone();
    drop(resolver);
    house.reopen().await;
    let (mut council, mut resolver) = (house.person(LEWISHAM).await, house.person(RESOLVER).await);
    assert!(resolver.queues.resolve_held(request).await.unwrap().into_inner() == sent, "once");

    let shown = questions(&mut council, &referral, &there).await;
    let as_asked = |one: &pb::Clarification| (one.question.clone(), one.answered_time.is_some());
    assert_eq!(shown.iter().map(as_asked).collect::<Vec<_>>(), [(QUESTION.into(), true), (QUESTION.into(), false)]);
    let answered = council.referrals.answer_clarification(answering(&referral, &open)).await.unwrap().into_inner();
    assert!(answered.answered_time.is_some());
    assert_eq!(why(council.referrals.answer_clarification(answering(&referral, &open)).await).1, "NOTHING_TO_ANSWER");
    assert!(questions(&mut council, &referral, &held.id).await.is_empty(), "they are shown where they are");
    assert!(questions(&mut council, &referral, &there).await.iter().all(|one| one.answered_time.is_some()));

    let mut officer = house.person(MPU_NE).await;
    let taken = officer.pull("MPU.NE").await.unwrap().into_iter().find(|one| one.id == there).unwrap();
    let unit = taken.header.openable[0];
    let read = officer.open(&taken, (unit.part(), unit.item), "").await.unwrap().history;
    assert_eq!(kinds(&read), ["ASKED", "ASKED", "ANSWERED", "ANSWERED"]);
    for step in &read {
        assert!(!step.note.is_empty() && !step.note.contains("Fennimore"), "as police read it: {}", step.note);
    }
    assert!(read[0].note.contains("Marcus Dray drove") && read[3].note.contains("meant the 28th"));
    officer.complete(&taken, "recorded").await.unwrap();
}

#[tokio::test]
async fn what_was_asked_on_hold_is_of_the_record_and_goes_with_its_content() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(of_an_officer()).await.unwrap().referral_id;
    let (mut resolver, held, _) = asked_twice(&house, &referral).await;
    resolver.queues.resolve_held(resolution(&held, "MPU.NE")).await.unwrap();
    let entries = house.ledger().await;
    for word in ["Fennimore", "Marcus", "Bromley"] {
        assert!(!format!("{entries:?}").contains(word), "{word}");
    }
    let stored = house.store().find(referral.parse().unwrap()).await.unwrap().unwrap();
    let notes = stored.deliveries.iter().flat_map(|one| &one.history).filter(|step| step.kind.code() == "ASKED");
    let mut sealed: Vec<_> = notes.map(|step| step.note.clone()).collect();
    let all = sealed.len();
    sealed.sort();
    sealed.dedup();
    assert_eq!((all, sealed.len()), (4, 4), "each sealed by itself");
}
