//! A legal hold on a correction, and the erasure of what it corrects, at the same moment: whichever comes first wins, and nothing is erased
//! that was held by then. The ledger says in which order they were.

use std::{sync::Arc, time::Duration};

use homeward::{
    ledger::{Entry, Verb},
    wire::pb,
};
use jiff::SignedDuration;
use tokio::{sync::Barrier, task::JoinSet};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::{
    house::{House, LEWISHAM},
    person::{Person, fresh, why},
    retention::{FIRST, SECOND, a_week, approve, neglected, placing, settle_all},
    retracting::{correct, correcting},
};

/// Referrals with a correction each; `HOMEWARD_RACE_ROUNDS` makes them as many as one likes.
fn rounds() -> usize {
    std::env::var("HOMEWARD_RACE_ROUNDS").map_or(8, |rounds| rounds.parse().unwrap())
}

/// By so many milliseconds each hold is later than the one before, so that they meet an erasure at different points of it.
const LATER: u64 = 25;

/// What was submitted, and what corrects it.
type Pair = (String, String);
/// Whether a hold could be placed.
type Placed = Result<(), Status>;

/// Two custodians erase what was corrected, and the correction is held, both at once.
async fn by_hand(pairs: &[Pair], first: &mut Person, second: &Person) -> Vec<Placed> {
    let mut racing = JoinSet::new();
    for (number, (id, correction)) in (0_u64..).zip(pairs) {
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
            tokio::time::sleep(Duration::from_millis(number * LATER)).await;
            Some(placing.admin.place_legal_hold(hold).await.map(|_| ()))
        });
    }
    racing.join_all().await.into_iter().flatten().collect()
}

/// The caretakers erase what was corrected, for its days are over, and corrections are held meanwhile.
async fn by_itself(pairs: &[Pair], house: &House, first: &Person) -> Vec<Placed> {
    let mut racing = JoinSet::new();
    for (number, (_, correction)) in (0_u64..).zip(pairs) {
        let (mut placing, hold) = (first.clone(), placing(correction, "inquiry", "INQ-8"));
        racing.spawn(async move {
            // While the caretakers go through them, one after another.
            tokio::time::sleep(Duration::from_millis(number * LATER)).await;
            placing.admin.place_legal_hold(hold).await.map(|_| ())
        });
    }
    house.caretake_everywhere().await;
    racing.join_all().await
}

/// Whether the hold on a pair was there before anything of it was erased; panics where something was erased that was held by then.
fn held_first(ledger: &[Entry], (id, correction): &Pair) -> bool {
    let [original, correction]: [Uuid; 2] = [id, correction].map(|id| id.parse().unwrap());
    let place =
        |record, is: &dyn Fn(&Entry) -> bool| ledger.iter().position(|entry| entry.record == Some(record) && is(entry));
    let held = place(correction, &|entry| entry.action == "PLACE_LEGAL_HOLD");
    let erased = |record| place(record, &|entry| entry.verb == Verb::Erasure);
    let Some(held) = held else {
        assert!(erased(correction).is_some(), "a hold was refused on what is there");
        return false;
    };
    assert_eq!(erased(correction), None, "erased under a hold of its own");
    let before = erased(original);
    assert!(before.is_none_or(|erased| erased < held), "{original} was erased while its correction was held");
    before.is_none()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hold_on_a_correction_at_the_moment_of_an_erasure_of_what_it_corrects_wins_or_comes_too_late() {
    let mut house = a_week().await;
    house.replica().await;
    let (mut council, mut first) = (house.person(LEWISHAM).await, house.person(FIRST).await);
    let second = house.person(SECOND).await;
    let mut pairs = Vec::new();
    for number in 1..=rounds() {
        let id = council.submit(neglected()).await.unwrap().referral_id;
        let correction = correct(&mut council, correcting(&id, neglected())).await.unwrap().referral_id;
        pairs.push((id, correction));
        // As many as are pulled at once.
        if number % 4 == 0 || number == rounds() {
            settle_all(&house).await;
        }
    }
    house.later(SignedDuration::from_mins(10));
    house.caretake_everywhere().await;
    let (one_half, other_half) = pairs.split_at(pairs.len() / 2);
    let mut placed = by_hand(one_half, &mut first, &second).await;
    house.days(6).await;
    house.later(SignedDuration::from_hours(24));
    placed.extend(by_itself(other_half, &house, &first).await);
    house.days(2).await;

    let ledger = house.ledger().await;
    let held = pairs.iter().filter(|pair| held_first(&ledger, pair)).count();
    let too_late = (Code::FailedPrecondition, "ERASED".to_owned());
    let refused: Vec<_> = placed.into_iter().filter(Result::is_err).collect();
    println!("of {} holds {held} were there before an erasure, {} came too late", pairs.len(), refused.len());
    assert!(refused.into_iter().all(|one| why(one) == too_late));
}
