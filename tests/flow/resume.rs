//! Resuming a watch: after a break at any message nothing is missed, and a token from another ledger is refused.

use homeward::wire::pb;
use tonic::{Code, Streaming};

use crate::{
    PATIENCE,
    house::{House, LEWISHAM, MPU, narrative},
    person::{Person, refusal, submission},
};

async fn watch(council: &mut Person, resume_token: &str) -> Streaming<pb::WatchReferralsResponse> {
    let asked = pb::WatchReferralsRequest { resume_token: resume_token.into(), ..Default::default() };
    council.referrals.watch_referrals(asked).await.unwrap().into_inner()
}

async fn next(watched: &mut Streaming<pb::WatchReferralsResponse>) -> pb::WatchReferralsResponse {
    let message = tokio::time::timeout(PATIENCE, watched.message());
    message.await.expect("a message is missing").unwrap().unwrap()
}

/// What happened, as far as it can be told apart.
fn event(message: &pb::WatchReferralsResponse) -> (i32, String) {
    (message.event, message.destination.as_ref().map_or(String::new(), |found| found.delivery_id.clone()))
}

#[tokio::test]
async fn a_break_between_two_messages_of_one_pull_misses_neither() {
    let house = House::open().await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    for _ in 0..2 {
        council.submit(submission(&narrative(1))).await.unwrap();
    }
    assert_eq!(officer.pull("MPU.SE").await.unwrap().len(), 2, "one entry of the ledger, two events");
    let mut whole = watch(&mut council, "0").await;
    let mut messages = Vec::new();
    for _ in 0..4 {
        messages.push(next(&mut whole).await);
    }
    for (number, last) in messages.iter().enumerate() {
        let mut resumed = watch(&mut council, &last.resume_token).await;
        // Nothing is missed; a message may come again.
        for wanted in &messages[number + 1..] {
            while event(&next(&mut resumed).await) != event(wanted) {}
        }
    }
    let last = &messages[3].resume_token;
    assert_eq!(last.parse::<u64>().unwrap(), house.ledger_size().await, "and at the end nothing comes again");
}

#[tokio::test]
async fn a_token_that_this_ledger_has_not_reached_is_refused() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    council.submit(submission(&narrative(1))).await.unwrap();
    let ahead = (house.ledger_size().await + 1).to_string();
    let asked = pb::WatchReferralsRequest { resume_token: ahead, ..Default::default() };
    let refused = refusal(council.referrals.watch_referrals(asked).await);
    assert_eq!((refused.code, refused.field_names()), (Code::InvalidArgument, vec!["resume_token"]));
}
