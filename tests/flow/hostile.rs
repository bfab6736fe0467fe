//! Hostile input: a precise refusal, never a panic, nothing stored.

use homeward::wire::pb;
use tonic::Code;

use crate::{
    house::{House, INTELLIGENCE, LEWISHAM, RESOLVER, narrative},
    person::{Refusal, bytes, fresh, referral, refusal, request, submission},
};

/// Changes narrative 1 and gives the refusal; what is refused is not stored.
async fn refused(house: &House, change: impl FnOnce(&mut pb::Submission)) -> Refusal {
    let mut council = house.person(LEWISHAM).await;
    let mut wrong = submission(&narrative(1));
    change(&mut wrong);
    let before = house.ledger_size().await;
    let refused = refusal(council.submit(wrong).await);
    assert_eq!(refused.code, Code::InvalidArgument);
    assert_eq!(house.ledger_size().await, before, "nothing is stored");
    refused
}

#[tokio::test]
async fn enums_that_are_none_times_to_come_and_control_characters_are_named() {
    let house = House::open().await;
    let wrong = refused(&house, |wrong| {
        wrong.episode.as_mut().unwrap().kind = 99;
        wrong.episode.as_mut().unwrap().outcome = -1;
        wrong.answers.as_mut().unwrap().codes = vec![3, 0, i32::MAX];
        wrong.answers.as_mut().unwrap().county_lines = 7;
        wrong.items[0].kind = 0;
        wrong.envelope.as_mut().unwrap().marking.as_mut().unwrap().level = 12;
    })
    .await;
    for field in [
        "submission.episode.kind",
        "submission.episode.outcome",
        "submission.answers.codes[1]",
        "submission.answers.codes[2]",
        "submission.answers.county_lines",
        "submission.items[0].kind",
        "submission.envelope.marking.level",
    ] {
        assert!(wrong.names(field), "{field} is not among {:?}", wrong.field_names());
    }
    let future = prost_types::Timestamp { seconds: 1_890_000_000, nanos: 0 };
    let nowhere = prost_types::Timestamp { seconds: i64::MAX, nanos: -1 };
    let wrong = refused(&house, |wrong| {
        wrong.episode.as_mut().unwrap().started = Some(future);
        wrong.interview.as_mut().unwrap().held_at = Some(future);
        wrong.items[1].provenance.as_mut().unwrap().learned = Some(future);
        wrong.episode.as_mut().unwrap().reported = Some(nowhere);
        wrong.child.as_mut().unwrap().date_of_birth = "2029-01-01".into();
    })
    .await;
    for field in [
        "submission.episode.started",
        "submission.interview.held_at",
        "submission.items[1].provenance.learned",
        "submission.episode.reported",
        "submission.child.date_of_birth",
    ] {
        assert!(wrong.names(field), "{field} is not among {:?}", wrong.field_names());
    }
    let wrong = refused(&house, |wrong| {
        wrong.items[0].text.push('\0');
        wrong.items[1].text.push('\u{7}');
        wrong.child.as_mut().unwrap().name.push('\0');
        wrong.persons[0].name.push('\u{202e}');
        wrong.persons[1].id.push('\n');
        wrong.envelope.as_mut().unwrap().actor.as_mut().unwrap().id.push('\u{2066}');
    })
    .await;
    for field in [
        "submission.items[0].text",
        "submission.items[1].text",
        "submission.child.name",
        "submission.persons[0].name",
        "submission.persons[1].id",
        "submission.envelope.actor.id",
    ] {
        assert!(wrong.names(field), "{field} is not among {:?}", wrong.field_names());
    }
}

#[tokio::test]
async fn any_script_and_control_of_direction_is_kept_in_text() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let mut strange = submission(&narrative(1));
    let said = "He said \u{202e}olleh\u{202c}, \u{5e9}\u{5dc}\u{5d5}\u{5dd}, \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}, e\u{301}\u{301}\u{301}.\r\n\tDone.";
    strange.interview.as_mut().unwrap().account.as_mut().unwrap().first_account.push_str(said);
    strange.items[0].text.push_str(said);
    council.submit(strange).await.unwrap();
    let mut officer = house.person(INTELLIGENCE).await;
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    let original = officer.read(&taken, (pb::Part::O, 0), "To see the very bytes.").await.unwrap();
    let sent = hex::decode(original.trim().rsplit(' ').next().unwrap()).unwrap();
    assert!(sent.windows(said.len()).any(|window| window == said.as_bytes()));
}

#[tokio::test]
async fn pictures_are_refused_wherever_they_are_put() {
    let house = House::open().await;
    let picture = format!("data:image/png;base64,iVBORw0KGgo{}", "A".repeat(400));
    let wrong = refused(&house, |wrong| {
        wrong.items[0].text.push_str(&picture);
        wrong.interview.as_mut().unwrap().account.as_mut().unwrap().first_account.push_str(&picture);
        wrong.interview.as_mut().unwrap().evaluate.as_mut().unwrap().plan = picture.clone();
    })
    .await;
    for field in
        ["submission.items[0].text", "submission.interview.account.first_account", "submission.interview.evaluate.plan"]
    {
        let advice = wrong.fields.iter().find(|(name, _)| name == field);
        assert!(advice.is_some_and(|(_, advice)| advice.contains("no images") || advice == "as above"), "{field}");
    }
}

#[tokio::test]
async fn a_thousand_faults_still_reach_the_client() {
    let house = House::open().await;
    let wrong = refused(&house, |wrong| {
        wrong.items = vec![pb::Item { codes: vec![77; 19], at: vec![String::new(); 40], ..Default::default() }; 50];
        wrong.persons = vec![pb::Person { id: "\u{202e}".into(), ..Default::default() }; 100];
    })
    .await;
    assert!(wrong.fields.len() > 60, "{}", wrong.fields.len());
    assert_eq!(wrong.fields[0].0, "submission.items[0].kind");
    let (last, advice) = wrong.fields.last().unwrap();
    let more: usize = advice.split(" more").next().unwrap().parse().unwrap();
    assert!(last.is_empty() && more > 1_000, "{advice}");
}

#[tokio::test]
async fn what_is_no_message_is_malformed_and_what_is_unknown_in_one_is_passed_over() {
    let house = House::open().await;
    let council = house.person(LEWISHAM).await;
    let before = house.ledger_size().await;
    let body = bytes(&request(submission(&narrative(1))));
    // A group that is never closed, and messages in messages without end.
    let deep = (0..200_000).fold(Vec::new(), |mut deep, _| {
        deep.push(0x13);
        deep
    });
    let mut inner = Vec::new();
    for _ in 0..300 {
        let mut outer = vec![0x12];
        prost::encoding::encode_varint(inner.len() as u64, &mut outer);
        outer.append(&mut inner);
        inner = outer;
    }
    for (what, garbage) in [
        ("truncated", body[..body.len() - 1].to_vec()),
        ("not UTF-8", b"\x0a\x02\xc3\x28".to_vec()),
        ("a group", deep),
        ("tag zero", vec![0, 0]),
        ("noise", vec![0xff; 4096]),
    ] {
        let refused = refusal(council.call(&referral("SubmitReferral"), garbage).await);
        assert_eq!((refused.code, refused.reason.as_str()), (Code::InvalidArgument, "MALFORMED_MESSAGE"), "{what}");
    }
    let refused = refusal(council.call(&referral("SubmitReferral"), inner).await);
    assert_eq!(refused.code, Code::InvalidArgument);
    assert_eq!(house.ledger_size().await, before);
    let mut extended = body;
    extended.extend_from_slice(&[0xf8, 0x7f, 1]);
    council.call(&referral("SubmitReferral"), extended).await.unwrap();
}

#[tokio::test]
async fn secret_is_refused_at_the_edge_and_a_person_on_hold_is_told_once() {
    let house = House::open().await;
    let (mut council, mut resolver) = (house.person(LEWISHAM).await, house.person(RESOLVER).await);
    let mut secret = submission(&narrative(1));
    secret.envelope.as_mut().unwrap().marking.as_mut().unwrap().level = pb::MarkingLevel::Secret.into();
    let asked = pb::SubmitReferralRequest { request_id: fresh(), submission: Some(secret) };
    for _ in 0..3 {
        let refused = refusal(council.referrals.submit_referral(asked.clone()).await);
        assert_eq!(refused.code, Code::InvalidArgument);
        assert_eq!(refused.field_names(), ["submission.envelope.marking.level"]);
    }
    let taken = resolver.pull("HOLD.human").await.unwrap();
    let [alert] = taken.as_slice() else { panic!("{} alerts", taken.len()) };
    assert_eq!(alert.header.held.as_ref().unwrap().reason, "unsupported_marking");
    assert!(alert.header.openable.is_empty() && alert.header.items.is_empty() && alert.header.page);
    assert_eq!(alert.header.contents, ["alert"]);
    let record = alert.header.referral_id.parse().unwrap();
    let sealed = house.store().sealed(record).await.unwrap().unwrap();
    assert!(sealed.len() < 300, "two wrapped keys and no unit: {} bytes", sealed.len());
    let listed = council.referrals.list_referrals(pb::ListReferralsRequest::default()).await.unwrap().into_inner();
    assert!(listed.referrals.is_empty());
    assert_eq!(refusal(council.referral(&alert.header.referral_id).await).code, Code::NotFound);
    resolver.complete(alert, "sender_rung").await.unwrap();
    let refused = refusal(council.referrals.submit_referral(asked).await);
    assert_eq!(refused.field_names(), ["submission.envelope.marking.level"]);
    assert!(resolver.deliveries("HOLD.human").await.unwrap().is_empty(), "and is not told again");
}
