//! Submissions on a stream: one result each in their order, as SubmitReferral would have answered, and no further ahead than
//! there is room.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use homeward::wire::pb::{self, submit_referrals_response::Result as Outcome};
use jiff::SignedDuration;
use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use crate::{
    PATIENCE,
    house::{House, LEWISHAM, MPU, narrative},
    person::{Person, bytes, fresh, referral, refusal, request, submission},
};

fn item() -> pb::SubmitReferralsRequest {
    pb::SubmitReferralsRequest { request_id: fresh(), submission: Some(submission(&narrative(1))) }
}

async fn answered(council: &Person, items: Vec<Vec<u8>>) -> Vec<pb::SubmitReferralsResponse> {
    let answers = council.stream(&referral("SubmitReferrals"), items).await.unwrap();
    answers.iter().map(|answer| pb::SubmitReferralsResponse::decode(answer.as_slice()).unwrap()).collect()
}

fn code(answer: &pb::SubmitReferralsResponse) -> (Code, String) {
    let Some(Outcome::Refusal(refused)) = &answer.result else { panic!("{} was taken in", answer.request_id) };
    assert!(refused.message.contains("(reference "), "{}", refused.message);
    (Code::from_i32(refused.code), refused.reason.clone())
}

fn receipt(answer: &pb::SubmitReferralsResponse) -> &pb::Receipt {
    let Some(Outcome::Receipt(receipt)) = &answer.result else { panic!("{} was refused", answer.request_id) };
    receipt
}

#[tokio::test]
async fn each_item_has_its_own_result_and_a_bad_one_ends_nothing() {
    let house = House::open().await;
    let council = house.person(LEWISHAM).await;
    let good = item();
    let other_body = pb::SubmitReferralsRequest { request_id: good.request_id.clone(), ..item() };
    let mut other_body = other_body;
    other_body.submission.as_mut().unwrap().envelope.as_mut().unwrap().sender_reference = "another".into();
    let mut wrong = item();
    wrong.submission.as_mut().unwrap().child.as_mut().unwrap().name = String::new();
    wrong.submission.as_mut().unwrap().episode.as_mut().unwrap().kind = 0;
    let mut foreign = item();
    foreign.submission.as_mut().unwrap().envelope.as_mut().unwrap().on_behalf_of = "E09000006".into();
    let mut nobodys = item();
    nobodys.submission.as_mut().unwrap().envelope.as_mut().unwrap().on_behalf_of = "Lewisham".into();
    let unnamed = pb::SubmitReferralsRequest { request_id: "7".into(), ..item() };
    let last = item();
    let sent = [&good, &other_body, &wrong, &foreign, &nobodys, &unnamed, &good, &last];
    let mut items: Vec<Vec<u8>> = sent.iter().map(|item| bytes(*item)).collect();
    items.insert(1, b"\xff\xff\xff\xff".to_vec());
    // Items in flight are judged beside each other: of two under one id, which is the first is certain once it is answered.
    let before = answered(&council, vec![bytes(&good)]).await;
    let answers = answered(&council, items).await;
    assert_eq!(answers.len(), 9, "one each");
    assert!(receipt(&answers[0]) == receipt(&before[0]), "the same on another stream");
    let ids: Vec<&str> = answers.iter().map(|answer| answer.request_id.as_str()).collect();
    let mut expected: Vec<&str> = sent.iter().map(|item| item.request_id.as_str()).collect();
    expected.insert(1, "");
    assert_eq!(ids, expected, "in the order of the items");
    assert_eq!(code(&answers[1]), (Code::InvalidArgument, "MALFORMED_MESSAGE".into()));
    assert_eq!(code(&answers[2]), (Code::AlreadyExists, "REQUEST_ID_REUSED".into()));
    let fields = |answer: &pb::SubmitReferralsResponse| -> BTreeSet<String> {
        let Some(Outcome::Refusal(refused)) = &answer.result else { panic!("taken in") };
        assert!(refused.field_violations.iter().all(|one| !one.description.is_empty()));
        refused.field_violations.iter().map(|one| one.field.clone()).collect()
    };
    let named = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect::<BTreeSet<_>>();
    assert!(fields(&answers[3]).is_superset(&named(&["submission.child.name", "submission.episode.kind"])));
    assert_eq!(code(&answers[4]), (Code::PermissionDenied, "AUTHORITY_NOT_GRANTED".into()));
    assert_eq!(fields(&answers[5]), named(&["submission.envelope.on_behalf_of"]));
    assert_eq!(fields(&answers[6]), named(&["request_id"]));
    assert!(receipt(&answers[7]) == receipt(&answers[0]), "the same bytes are the same request");
    assert!(receipt(&answers[8]) != receipt(&answers[0]));
    // An item has the very bytes of a call: either answers for the other.
    let called = council.call(&referral("SubmitReferral"), bytes(&good)).await.unwrap();
    let called = pb::SubmitReferralResponse::decode(called.as_slice()).unwrap();
    assert!(called.receipt.as_ref() == Some(receipt(&answers[0])));
    let asked = request(submission(&narrative(1)));
    let first = council.call(&referral("SubmitReferral"), bytes(&asked)).await.unwrap();
    let again = answered(&council, vec![bytes(&asked)]).await;
    let first = pb::SubmitReferralResponse::decode(first.as_slice()).unwrap();
    assert!(first.receipt.as_ref() == Some(receipt(&again[0])));
    // Three records, and each refusal was counted.
    let mut officer = house.person(MPU).await;
    assert_eq!(officer.deliveries("MPU.SE").await.unwrap().len(), 3);
    house.later(SignedDuration::from_secs(61));
    house.caretake().await;
    let refused = house.ledger().await.into_iter().find(|entry| entry.action == "REFUSED").unwrap();
    assert!(refused.details.contains(&"count=6".to_owned()), "{:?}", refused.details);
    for word in ["SubmitReferrals=INVALID", "SubmitReferrals=NOT_GRANTED", "field=submission.child.name"] {
        assert!(refused.details.contains(&word.to_owned()), "{word}: {:?}", refused.details);
    }
}

#[tokio::test]
async fn many_items_share_one_durable_write() {
    let house = House::open().await;
    let council = house.person(LEWISHAM).await;
    let batches = house.store().changes();
    let before = *batches.borrow();
    let answers = answered(&council, (0..200).map(|_| bytes(&item())).collect()).await;
    let ids: BTreeSet<&str> = answers.iter().map(|answer| receipt(answer).referral_id.as_str()).collect();
    assert_eq!(ids.len(), 200);
    let written = *batches.borrow() - before;
    // One after the other would be 200; in a debug build judging takes longer than a write, and few wait for each.
    assert!(written < 200, "{written} writes for 200 submissions");
}

/// An open stream: what sends on it, and what comes back.
async fn open(
    council: &mut Person,
) -> (mpsc::Sender<pb::SubmitReferralsRequest>, Streaming<pb::SubmitReferralsResponse>) {
    let (sender, receiver) = mpsc::channel(4);
    let answers = council.referrals.submit_referrals(ReceiverStream::new(receiver)).await.unwrap();
    (sender, answers.into_inner())
}

#[tokio::test]
async fn the_server_reads_no_further_than_what_is_answered_and_loses_nothing() {
    const ALL: usize = 1200;
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let (sender, mut answers) = open(&mut council).await;
    // The answer to each is larger than what the transport holds for a few hundred.
    let mut wrong = item();
    wrong.submission.as_mut().unwrap().items = vec![pb::Item { codes: vec![0; 19], ..Default::default() }; 50];
    wrong.submission.as_mut().unwrap().child.as_mut().unwrap().name = "x".repeat(20_000);
    let ids: Vec<String> = (0..ALL).map(|_| fresh()).collect();
    let sent = Arc::new(AtomicUsize::new(0));
    let (count, all) = (sent.clone(), ids.clone());
    let sending = tokio::spawn(async move {
        for request_id in all {
            sender.send(pb::SubmitReferralsRequest { request_id, ..wrong.clone() }).await.unwrap();
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    let (mut so_far, mut still) = (0, 0);
    while still < 10 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = sent.load(Ordering::Relaxed);
        still = if now == so_far { still + 1 } else { 0 };
        so_far = now;
    }
    assert!((200..ALL).contains(&so_far), "nobody reads the answers: {so_far} were taken");
    for id in ids {
        let answer = answers.message().await.unwrap().unwrap();
        assert_eq!(code(&answer), (Code::InvalidArgument, "INVALID_FIELDS".into()));
        assert_eq!(answer.request_id, id);
    }
    sending.await.unwrap();
    assert!(answers.message().await.unwrap().is_none());
}

#[tokio::test]
async fn the_end_of_the_certificate_and_an_item_too_large_end_the_stream_with_a_status() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let (sender, mut answers) = open(&mut council).await;
    sender.send(item()).await.unwrap();
    receipt(&answers.message().await.unwrap().unwrap());
    let mut large = item();
    large.submission.as_mut().unwrap().child.as_mut().unwrap().name = "x".repeat(1 << 20);
    sender.send(item()).await.unwrap();
    sender.send(large).await.unwrap();
    receipt(&answers.message().await.unwrap().expect("what came before is answered"));
    let ended = refusal(answers.message().await);
    assert_eq!((ended.code, ended.reason.as_str()), (Code::ResourceExhausted, "MESSAGE_TOO_LARGE"));

    let (sender, mut answers) = open(&mut council).await;
    sender.send(item()).await.unwrap();
    receipt(&answers.message().await.unwrap().unwrap());
    house.later(SignedDuration::from_hours(24 * 100));
    let ended = refusal(tokio::time::timeout(PATIENCE, answers.message()).await.unwrap());
    assert_eq!((ended.code, ended.reason.as_str()), (Code::Unauthenticated, "CERTIFICATE_EXPIRED"));
    let size = house.ledger_size().await;
    let _ = sender.send(item()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(house.ledger_size().await, size, "nothing is taken in after the end");
}
