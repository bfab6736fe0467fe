//! The order of checks: the method, then on whose behalf, then everything else at once; and what the ledger keeps of
//! a refusal.

use homeward::{ledger::Verb, wire::pb};
use jiff::SignedDuration;
use tonic::Code;

use crate::{
    house::{BROMLEY, House, LEWISHAM, MPU, narrative},
    person::{bytes, fresh, queue, referral, refusal, request, submission, why},
};

/// No message: a field of length 127 with four bytes.
const GARBAGE: &[u8] = b"\x0a\x7f\x01\x02\x03";

#[tokio::test]
async fn a_method_that_is_not_granted_is_denied_before_the_message_is_looked_at() {
    let house = House::open().await;
    let (council, officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    let before = house.ledger_size().await;
    for body in [GARBAGE.to_vec(), Vec::new(), bytes(&request(submission(&narrative(1))))] {
        for method in ["SubmitReferral", "PreviewReferral", "GetReferral", "ListReferrals"] {
            let refused = refusal(officer.call(&referral(method), body.clone()).await);
            assert_eq!(
                (refused.code, refused.reason.as_str()),
                (Code::PermissionDenied, "METHOD_NOT_GRANTED"),
                "{method}"
            );
        }
        for method in
            ["Pull", "OpenPart", "CompleteDelivery", "ListQueues", "ResolveHeld", "ConfirmGrading", "ReleaseCarerCopy"]
        {
            let refused = refusal(council.call(&queue(method), body.clone()).await);
            assert_eq!(
                (refused.code, refused.reason.as_str()),
                (Code::PermissionDenied, "METHOD_NOT_GRANTED"),
                "{method}"
            );
        }
    }
    let resolve = refusal(officer.call(&queue("ResolveHeld"), Vec::new()).await);
    assert_eq!(resolve.code, Code::PermissionDenied);
    for (person, path) in [(&council, referral("SubmitReferral")), (&officer, queue("Pull"))] {
        let refused = refusal(person.call(&path, GARBAGE.to_vec()).await);
        assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "MALFORMED_MESSAGE"), "{path}");
    }
    assert_eq!(house.ledger_size().await, before, "nothing is written at once");
}

#[tokio::test]
async fn on_behalf_of_is_checked_alone_and_before_everything_else() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    // Everything else in it is wrong as well.
    for malformed in ["", "Lewisham", "E0900002", "E090000233", "E0900002x", "e09000023", " E09000023"] {
        let envelope = pb::Envelope { on_behalf_of: malformed.into(), ..Default::default() };
        let wrong = pb::Submission { envelope: Some(envelope), ..Default::default() };
        let asked = pb::SubmitReferralRequest { request_id: "no id".into(), submission: Some(wrong) };
        let refused = refusal(council.referrals.submit_referral(asked).await);
        assert_eq!(refused.code, Code::InvalidArgument, "{malformed:?}");
        assert_eq!(refused.field_names(), ["submission.envelope.on_behalf_of"], "{malformed:?}");
    }
    let refused = refusal(council.referrals.submit_referral(pb::SubmitReferralRequest::default()).await);
    assert_eq!(refused.field_names(), ["submission.envelope.on_behalf_of"], "there is no submission at all");
    for foreign in ["E09000006", "E99999999"] {
        let envelope = pb::Envelope { on_behalf_of: foreign.into(), ..Default::default() };
        let wrong = pb::Submission { envelope: Some(envelope), ..Default::default() };
        let asked = pb::SubmitReferralRequest { request_id: "no id".into(), submission: Some(wrong.clone()) };
        let denied = (Code::PermissionDenied, "AUTHORITY_NOT_GRANTED".to_owned());
        assert_eq!(why(council.referrals.submit_referral(asked).await), denied);
        let asked = pb::PreviewReferralRequest { submission: Some(wrong) };
        assert_eq!(why(council.referrals.preview_referral(asked).await), denied);
    }
}

#[tokio::test]
async fn then_every_fault_is_named_at_once_those_of_form_and_those_of_meaning() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let mut wrong = submission(&narrative(1));
    let later = prost_types::Timestamp { seconds: 4_000_000_000, nanos: 0 };
    wrong.child.as_mut().unwrap().name.clear();
    wrong.child.as_mut().unwrap().date_of_birth = "14/03/2011".into();
    wrong.episode.as_mut().unwrap().kind = 77;
    wrong.episode.as_mut().unwrap().returned = Some(later);
    wrong.items[0].text = "x".repeat(10_001);
    wrong.items[1].about = "nobody".into();
    wrong.items[2].provenance.as_mut().unwrap().how_known = 0;
    wrong.envelope.as_mut().unwrap().reporter.as_mut().unwrap().call_back.clear();
    let asked = pb::SubmitReferralRequest { request_id: "not-a-uuid".into(), submission: Some(wrong.clone()) };
    let expected = [
        "request_id",
        "submission.child.name",
        "submission.child.date_of_birth",
        "submission.episode.kind",
        "submission.episode.returned",
        "submission.items[0].text",
        "submission.items[1].about",
        "submission.items[2].provenance.how_known",
        "submission.envelope.reporter.call_back",
    ];
    let refused = refusal(council.referrals.submit_referral(asked).await);
    assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "INVALID_FIELDS"));
    for field in expected {
        assert!(refused.names(field), "{field} is not among {:?}", refused.field_names());
    }
    assert!(refused.fields.iter().all(|(_, advice)| !advice.is_empty()));
    let previewed =
        refusal(council.referrals.preview_referral(pb::PreviewReferralRequest { submission: Some(wrong) }).await);
    for field in &expected[1..] {
        assert!(previewed.names(field), "preview: {field} is not among {:?}", previewed.field_names());
    }
    assert_eq!(previewed.fields.len() + 1, refused.fields.len(), "the same checks");
}

#[tokio::test]
async fn refusals_are_kept_joined_by_peer_and_minute_with_names_of_fields_and_no_values() {
    let mut house = House::open().await;
    let (mut council, mut other) = (house.person(LEWISHAM).await, house.person(BROMLEY).await);
    let before = house.ledger_size().await;
    let mut wrong = submission(&narrative(1));
    wrong.child.as_mut().unwrap().date_of_birth = "MARKERDATE".into();
    wrong.items[0].about = "MARKERPERSON".into();
    for _ in 0..5 {
        assert_eq!(refusal(council.submit(wrong.clone()).await).code, Code::InvalidArgument);
    }
    assert_eq!(refusal(council.referral(&fresh()).await).code, Code::NotFound);
    assert_eq!(refusal(other.submit(wrong.clone()).await).code, Code::PermissionDenied);
    house.caretake().await;
    assert_eq!(house.ledger_size().await, before, "the minute is not over");
    house.later(SignedDuration::from_secs(61));
    house.caretake().await;
    let entries = house.ledger().await.split_off(usize::try_from(before).unwrap());
    assert_eq!(entries.len(), 2, "one a peer: {entries:?}");
    assert!(entries.iter().all(|entry| entry.verb == Verb::Refusal && entry.record.is_none()));
    let of = |path: &str| entries.iter().find(|entry| entry.who.ends_with(path)).unwrap();
    let own = &of(LEWISHAM).details;
    for word in [
        "count=6",
        "SubmitReferral=INVALID",
        "GetReferral=NOT_FOUND",
        "field=submission.child.date_of_birth",
        "field=submission.items[0].about",
    ] {
        assert!(own.iter().any(|said| said == word), "{word} is not among {own:?}");
    }
    assert!(of(BROMLEY).details.contains(&"SubmitReferral=NOT_GRANTED".to_owned()));
    assert!(!format!("{entries:?}").contains("MARKER"));
    // What is not yet written is written when the house closes.
    assert_eq!(refusal(council.submit(wrong).await).code, Code::InvalidArgument);
    let before = house.ledger_size().await;
    house.reopen().await;
    assert_eq!(house.ledger_size().await, before + 1);
}
