//! Once and only once: replays byte for byte, leases that are lost, tokens that are superseded.

use homeward::wire::pb;
use jiff::SignedDuration;
use tonic::Code;

use crate::{
    house::{House, LEWISHAM, MPU, MPU_TOO, PROVIDER, narrative},
    person::{Taken, bytes, completion, fresh, queue, referral, refusal, request, submission, why},
};

#[tokio::test]
async fn the_same_request_is_answered_with_the_same_bytes_also_at_once_and_after_a_restart() {
    let mut house = House::open().await;
    let council = house.person(LEWISHAM).await;
    let path = referral("SubmitReferral");
    let asked = request(submission(&narrative(1)));
    let body = bytes(&asked);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (council, path, body) = (council.clone(), path.clone(), body.clone());
        calls.spawn(async move { council.call(&path, body).await });
    }
    let answers: Vec<Vec<u8>> = calls.join_all().await.into_iter().map(Result::unwrap).collect();
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "sixteen at once");
    house.later(SignedDuration::from_hours(30));
    assert_eq!(council.call(&path, body.clone()).await.unwrap(), answers[0], "later");
    let size = house.ledger_size().await;
    house.reopen().await;
    let mut council = house.person(LEWISHAM).await;
    assert_eq!(council.call(&path, body).await.unwrap(), answers[0], "after a restart");
    assert_eq!(house.ledger_size().await, size);
    let listed = council.referrals.list_referrals(pb::ListReferralsRequest::default()).await.unwrap().into_inner();
    assert_eq!(listed.referrals.len(), 1);
    let mut officer = house.person(MPU).await;
    assert_eq!(officer.deliveries("MPU.SE").await.unwrap().len(), 1);

    let mut other = asked.clone();
    other.submission.as_mut().unwrap().envelope.as_mut().unwrap().sender_reference = "another".into();
    let refused = refusal(council.referrals.submit_referral(other).await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    // The digest is of the bytes: the same message encoded otherwise is another body.
    let mut twice = bytes(&asked);
    twice.extend_from_slice(&[0x0a, 36]);
    twice.extend_from_slice(asked.request_id.as_bytes());
    let refused = refusal(council.call(&path, twice).await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    // A request id is its caller's own.
    let mut provider = house.person(PROVIDER).await;
    let theirs = provider.referrals.submit_referral(asked).await.unwrap().into_inner().receipt.unwrap();
    let first: pb::SubmitReferralResponse = prost::Message::decode(answers[0].as_slice()).unwrap();
    assert_ne!(theirs.referral_id, first.receipt.unwrap().referral_id);
}

#[tokio::test]
async fn sixteen_bodies_under_one_id_make_one_record() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let asked = request(submission(&narrative(1)));
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..16 {
        let (mut council, mut asked) = (council.clone(), asked.clone());
        asked.submission.as_mut().unwrap().envelope.as_mut().unwrap().sender_reference = format!("ref {number}");
        calls.spawn(async move { council.referrals.submit_referral(asked).await.map(|_| ()) });
    }
    let answers = calls.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refused in answers.into_iter().filter(Result::is_err) {
        assert_eq!(why(refused), (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned()));
    }
    let listed = council.referrals.list_referrals(pb::ListReferralsRequest::default()).await.unwrap().into_inner();
    assert_eq!(listed.referrals.len(), 1);
}

#[tokio::test]
async fn pull_and_complete_are_replayed_byte_for_byte() {
    let mut house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    for _ in 0..3 {
        council.submit(submission(&narrative(1))).await.unwrap();
    }
    let mut officer = house.person(MPU).await;
    let pull = pb::PullRequest { request_id: fresh(), queue: "MPU.SE".into(), max_deliveries: 2, ..Default::default() };
    let first = officer.call(&queue("Pull"), bytes(&pull)).await.unwrap();
    let leased: pb::PullResponse = prost::Message::decode(first.as_slice()).unwrap();
    assert_eq!(leased.deliveries.len(), 2);
    let taken: Vec<Taken> = leased.deliveries.into_iter().map(Taken::of).collect();
    officer.open(&taken[0], (pb::Part::E, 0), "").await.unwrap();
    let completion = completion(&taken[0], "recorded");
    let settled = officer.call(&queue("CompleteDelivery"), bytes(&completion)).await.unwrap();
    house.later(SignedDuration::from_hours(1));
    house.caretake().await;
    house.reopen().await;
    let officer = house.person(MPU).await;
    assert_eq!(officer.call(&queue("Pull"), bytes(&pull)).await.unwrap(), first, "also when the lease is over");
    assert_eq!(officer.call(&queue("CompleteDelivery"), bytes(&completion)).await.unwrap(), settled);
    let mut other = completion;
    other.outcome = "linked".into();
    let refused = refusal(officer.call(&queue("CompleteDelivery"), bytes(&other)).await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    let mut other = pull.clone();
    other.max_deliveries = 3;
    assert_eq!(refusal(officer.call(&queue("Pull"), bytes(&other)).await).code, Code::AlreadyExists);
    house.later(SignedDuration::from_hours(24));
    house.caretake().await;
    let after = officer.call(&queue("Pull"), bytes(&pull)).await.unwrap();
    assert_ne!(after, first, "after 24 hours a pull is a new one");
    assert_eq!(
        officer
            .call(&queue("CompleteDelivery"), bytes(&completion_again(&taken[0], &other_id())))
            .await
            .err()
            .unwrap()
            .code(),
        Code::FailedPrecondition
    );
}

fn other_id() -> String {
    fresh()
}

fn completion_again(taken: &Taken, id: &str) -> pb::CompleteDeliveryRequest {
    pb::CompleteDeliveryRequest { request_id: id.to_owned(), ..completion(taken, "recorded") }
}

#[tokio::test]
async fn a_late_acknowledgement_and_a_superseded_token_settle_nothing() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let (mut first, mut second) = (house.person(MPU).await, house.person(MPU_TOO).await);
    let lost = (Code::FailedPrecondition, "LEASE_LOST".to_owned());
    let late = first.pull("MPU.SE").await.unwrap().remove(0);
    first.open(&late, (pb::Part::E, 0), "").await.unwrap();
    assert!(second.pull("MPU.SE").await.unwrap().is_empty(), "one lease at a time");
    // A token is its holder's: nobody settles with another's.
    assert_eq!(why(second.complete(&late, "recorded").await), lost);
    house.later(SignedDuration::from_secs(601));
    assert_eq!(why(first.complete(&late, "recorded").await), lost, "expired, though nobody has it now");
    assert_eq!(why(first.open(&late, (pb::Part::E, 0), "").await), lost);
    house.caretake().await;
    let taken = second.pull("MPU.SE").await.unwrap().remove(0);
    assert_eq!((taken.header.acquired_count, taken.header.failed_count), (2, 1));
    assert_ne!(taken.token, late.token);
    for stale in [&late, &Taken { token: taken.token.clone(), ..late.clone() }] {
        assert_eq!(why(first.complete(stale, "recorded").await), lost, "superseded");
        assert_eq!(why(first.queues.extend_lease(extension(stale, 60)).await), lost);
        assert_eq!(why(first.queues.release_delivery(release(stale, 0)).await), lost);
        assert_eq!(why(first.open(stale, (pb::Part::E, 0), "").await), lost);
    }
    second.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    second.complete(&taken, "recorded").await.unwrap();
}

fn extension(taken: &Taken, seconds: i64) -> pb::ExtendLeaseRequest {
    pb::ExtendLeaseRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        lease_duration: Some(prost_types::Duration { seconds, nanos: 0 }),
    }
}

fn release(taken: &Taken, seconds: i64) -> pb::ReleaseDeliveryRequest {
    pb::ReleaseDeliveryRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        reason: "Not ours to decide tonight.".into(),
        delay: Some(prost_types::Duration { seconds, nanos: 0 }),
    }
}

#[tokio::test]
async fn an_extended_lease_lasts_and_a_released_delivery_waits_out_its_delay() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let mut officer = house.person(MPU).await;
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    let path = queue("ExtendLease");
    let asked = bytes(&extension(&taken, 3600));
    let first = officer.call(&path, asked.clone()).await.unwrap();
    house.later(SignedDuration::from_mins(50));
    house.caretake().await;
    assert_eq!(officer.call(&path, asked).await.unwrap(), first);
    officer.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    for wrong in [29, 3601, -1] {
        let refused = refusal(officer.queues.extend_lease(extension(&taken, wrong)).await);
        assert_eq!((refused.code, refused.field_names()), (Code::InvalidArgument, vec!["lease_duration"]), "{wrong}");
    }
    for wrong in [86_401, -1, i64::MIN, i64::MAX] {
        let refused = refusal(officer.queues.release_delivery(release(&taken, wrong)).await);
        assert_eq!((refused.code, refused.field_names()), (Code::InvalidArgument, vec!["delay"]), "{wrong}");
    }
    let released = officer.queues.release_delivery(release(&taken, 1800)).await.unwrap().into_inner().delivery.unwrap();
    assert_eq!(
        (released.state().as_str_name(), released.failed_count),
        ("DELIVERY_STATE_WAITING", 0),
        "handing back is no failure"
    );
    assert!(officer.pull("MPU.SE").await.unwrap().is_empty(), "not before its delay has passed");
    assert_eq!(officer.deliveries("MPU.SE").await.unwrap()[0].available_time, released.available_time);
    house.later(SignedDuration::from_secs(1800));
    house.caretake().await;
    let again = officer.pull("MPU.SE").await.unwrap().remove(0);
    assert_eq!((again.header.acquired_count, again.header.failed_count), (2, 0));
}
