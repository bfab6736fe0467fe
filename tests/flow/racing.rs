//! A legal hold on a correction, and the erasure of what it corrects, at the same moment: whichever comes first wins, and nothing is erased
//! that was held by then. The ledger says in which order they were.

use std::{sync::Arc, time::Duration};

use homeward::{ledger::Verb, wire::pb};
use jiff::SignedDuration;
use tokio::{sync::Barrier, task::JoinSet};
use tonic::Code;
use uuid::Uuid;

use crate::{
    house::LEWISHAM,
    person::{fresh, why},
    retention::{FIRST, SECOND, a_week, approve, neglected, placing, settle_all},
    retracting::{correct, correcting},
};

/// Referrals with a correction each; `HOMEWARD_RACE_ROUNDS` makes them as many as one likes.
fn rounds() -> usize {
    std::env::var("HOMEWARD_RACE_ROUNDS").map_or(12, |rounds| rounds.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hold_on_a_correction_at_the_moment_of_an_erasure_of_what_it_corrects_wins_or_comes_too_late() {
    let mut house = a_week().await;
    house.replica().await;
    let (mut council, mut first) = (house.person(LEWISHAM).await, house.person(FIRST).await);
    let second = house.person(SECOND).await;
    let mut pairs = Vec::new();
    for _ in 0..rounds() {
        let id = council.submit(neglected()).await.unwrap().referral_id;
        let correction = correct(&mut council, correcting(&id, neglected())).await.unwrap().referral_id;
        pairs.push((id, correction));
        settle_all(&house).await;
    }
    house.later(SignedDuration::from_mins(10));
    house.caretake_everywhere().await;

    // Of one half two custodians erase what was corrected; of the other the caretakers do, once its days are over.
    let (by_hand, by_itself) = pairs.split_at(pairs.len() / 2);
    let mut racing = JoinSet::new();
    for (id, correction) in by_hand {
        let asked = pb::EraseReferralRequest { request_id: fresh(), referral_id: id.clone(), reason: "ordered".into() };
        let proposal = first.admin.erase_referral(asked).await.unwrap().into_inner().proposal.unwrap();
        let (both, hold) = (Arc::new(Barrier::new(2)), placing(correction, "inquiry", "INQ-7"));
        let (mut placing, mut erasing, at_once) = (first.clone(), second.clone(), Arc::clone(&both));
        racing.spawn(async move {
            at_once.wait().await;
            // Whether it comes in time is for the ledger to say.
            let _ = approve(&mut erasing, &proposal).await;
            None
        });
        racing.spawn(async move {
            both.wait().await;
            Some(placing.admin.place_legal_hold(hold).await.map(|_| ()))
        });
    }
    let mut outcomes = racing.join_all().await;
    house.days(6).await;
    house.later(SignedDuration::from_hours(24));
    let mut racing = JoinSet::new();
    for (number, (_, correction)) in (0_u64..).zip(by_itself) {
        let (mut placing, hold) = (first.clone(), placing(correction, "inquiry", "INQ-8"));
        racing.spawn(async move {
            // While the caretakers go through them, one after another.
            tokio::time::sleep(Duration::from_millis(number * 5)).await;
            Some(placing.admin.place_legal_hold(hold).await.map(|_| ()))
        });
    }
    house.caretake_everywhere().await;
    outcomes.extend(racing.join_all().await);
    house.days(2).await;

    let too_late = (Code::FailedPrecondition, "ERASED".to_owned());
    let holds: Vec<_> = outcomes.into_iter().flatten().collect();
    let placed = holds.iter().filter(|hold| hold.is_ok()).count();
    assert!(holds.into_iter().all(|hold| hold.is_ok() || why(hold) == too_late));
    let ledger = house.ledger().await;
    let (mut held_first, mut erased_first) = (0, 0);
    for (id, correction) in &pairs {
        let [original, correction]: [Uuid; 2] = [id, correction].map(|id| id.parse().unwrap());
        let place = |record, is: &dyn Fn(&homeward::ledger::Entry) -> bool| {
            ledger.iter().position(|entry| entry.record == Some(record) && is(entry))
        };
        let held = place(correction, &|entry| entry.action == "PLACE_LEGAL_HOLD");
        let erased = [original, correction].map(|record| place(record, &|entry| entry.verb == Verb::Erasure));
        match held {
            Some(held) => {
                assert_eq!(erased[1], None, "erased under a hold of its own");
                assert!(
                    erased[0].is_none_or(|erased| erased < held),
                    "{original} was erased while its correction was held"
                );
                held_first += usize::from(erased[0].is_none());
                erased_first += usize::from(erased[0].is_some());
            }
            None => {
                assert!(erased[1].is_some(), "a hold that was refused, of what is there");
                erased_first += 1;
            }
        }
    }
    println!("{placed} of {} holds were placed: {held_first} before an erasure, {erased_first} after it", pairs.len());
}
