//! What was corrected or recalled, and is to go on: out of HOLD, to another unit, to a carer.

use crate::{
    house::{House, LEWISHAM, MASH, RESOLVER},
    person::{Person, Taken, resolution, why},
    retracting::{plain, recalling},
};

/// Takes what is on HOLD, and opens the first unit of the first.
async fn read_on_hold(house: &House) -> (Person, Taken) {
    let mut resolver = house.person(RESOLVER).await;
    let held = resolver.pull("HOLD.human").await.unwrap().remove(0);
    let unit = held.header.openable[0];
    resolver.open(&held, (unit.part(), unit.item), "").await.unwrap();
    (resolver, held)
}

#[tokio::test]
async fn what_was_recalled_goes_nowhere_out_of_hold() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(plain()).await.unwrap().referral_id;
    let (mut resolver, held) = read_on_hold(&house).await;
    council.referrals.recall_referral(recalling(&referral)).await.unwrap();
    let resolved = resolver.queues.resolve_held(resolution(&held, "MASH.E09000023")).await;
    assert_eq!(why(resolved).1, "RECALLED");
    let there = house.person(MASH).await.deliveries("MASH.E09000023").await.unwrap();
    assert!(there.iter().all(|one| one.referral_id != referral), "the front door is given nothing of it");
}

/// Whoever has sent it on hears so again, whatever became of it since.
#[tokio::test]
async fn what_went_on_before_it_was_recalled_is_answered_as_the_first_time() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(plain()).await.unwrap().referral_id;
    let (mut resolver, held) = read_on_hold(&house).await;
    let request = resolution(&held, "MASH.E09000023");
    let first = resolver.queues.resolve_held(request.clone()).await.unwrap().into_inner();
    council.referrals.recall_referral(recalling(&referral)).await.unwrap();
    assert!(resolver.queues.resolve_held(request).await.unwrap().into_inner() == first);
}
