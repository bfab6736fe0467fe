//! Epoch keys turn over under the house's feet: what was sealed before opens after, here, after a restart and on a replica
//! that missed it.

use homeward::{
    sealing::wrapped_under,
    store::{Shelf, Store},
    wire::pb::Part,
};
use jiff::SignedDuration;

use crate::{
    house::{House, LEWISHAM, MPU, narrative},
    person::{Person, submission},
};

/// The epoch keys of each record, in the order of record ids, and how many epoch keys are on the shelf.
async fn wrapped(store: &dyn Store) -> (Vec<(String, Vec<String>)>, usize) {
    let wraps = store.wraps(None, 100).await.unwrap();
    let of = |one: &homeward::store::Wraps| (one.record.to_string(), wrapped_under(&one.bytes).unwrap());
    (wraps.iter().map(of).collect(), store.documents(Shelf::EpochKey, "", 100).await.unwrap().len())
}

async fn opens(person: &mut Person, of: &str) {
    let taken = person.pull("MPU.SE").await.unwrap();
    let taken = taken.iter().find(|taken| taken.header.referral_id == of).unwrap();
    let card = person.read(taken, (Part::E, 0), "").await.unwrap();
    assert!(card.contains("clock.carried_out"), "{card}");
}

#[tokio::test]
async fn a_day_later_another_key_wraps_and_what_was_sealed_before_opens() {
    let mut house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let (first, _) = (council.submit(submission(&narrative(1))).await.unwrap().referral_id, house.caretake().await);
    assert_eq!(wrapped(house.store()).await.1, 1, "a round within the day changes nothing");
    let url = house.replica().await;
    house.later(SignedDuration::from_hours(25));
    house.caretake().await;
    // The replica has not looked since: what it seals under the old key is not accepted, and sealed anew.
    let profile = house.folder(&format!("profile-{}", LEWISHAM.replace('/', "-")));
    let mut elsewhere = Person::new(house.connect_at(&profile, &url).await.unwrap());
    let second = elsewhere.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let (records, keys) = wrapped(house.store()).await;
    let under = |id: &str| records.iter().find(|(record, _)| record == id).unwrap().1.clone();
    assert_eq!((under(&first).len(), under(&second).len(), keys), (1, 1, 2));
    assert_ne!(under(&first), under(&second));
    opens(&mut house.person(MPU).await, &second).await;
    house.reopen().await;
    house.later(SignedDuration::from_hours(1));
    house.caretake().await;
    opens(&mut house.person(MPU).await, &first).await;
}
