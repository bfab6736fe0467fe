//! Corrections and recalls: what nobody had read is closed, whoever has read it is told and acknowledges it, and nothing of the statutory
//! duty is taken away.

use homeward::{ledger::Verb, wire::pb};
use jiff::SignedDuration;
use tonic::{Code, Status};

use crate::{
    house::{BROMLEY, House, LEWISHAM, MASH, MPU, REFDESK, RESOLVER, narrative},
    person::{Person, Taken, fresh, refusal, submission, why},
};

const MANAGER: &str = "gss/E09000023/council_manager/cm1";
const WHY: &str = "Ella-Mae Fennimore told us on Friday that it was another man.";

/// The first narrative without an offence that must be reported.
pub fn plain() -> pb::Submission {
    let mut draft = submission(&narrative(1));
    let codes = vec![pb::HarmCode::Cce.into()];
    for item in &mut draft.items {
        (item.sexual_offence, item.images) = (pb::YesNo::No.into(), pb::YesNo::No.into());
        item.codes.clone_from(&codes);
    }
    draft.answers.as_mut().unwrap().codes = codes;
    draft
}

pub fn recalling(referral: &str) -> pb::RecallReferralRequest {
    pb::RecallReferralRequest {
        request_id: fresh(),
        referral_id: referral.into(),
        reason: WHY.into(),
        actor: Some(pb::Actor { scheme: "staff-number".into(), id: "L20417".into(), role: "manager".into() }),
    }
}

pub fn correcting(referral: &str, draft: pb::Submission) -> pb::CorrectReferralRequest {
    pb::CorrectReferralRequest {
        request_id: fresh(),
        submission: Some(draft),
        referral_id: referral.into(),
        reason: WHY.into(),
    }
}

pub async fn correct(council: &mut Person, request: pb::CorrectReferralRequest) -> Result<pb::Receipt, Status> {
    Ok(council.referrals.correct_referral(request).await?.into_inner().receipt.unwrap())
}

/// Submits, and somebody at the MPU opens the card.
async fn read_at_the_mpu(house: &House, draft: pb::Submission) -> (Person, pb::Receipt, Person, Taken) {
    let mut council = house.person(LEWISHAM).await;
    let receipt = council.submit(draft).await.unwrap();
    let mut officer = house.person(MPU).await;
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    officer.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    (council, receipt, officer, taken)
}

pub fn acknowledging(taken: &Taken) -> pb::AcknowledgeNoticeRequest {
    pb::AcknowledgeNoticeRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
    }
}

async fn at(council: &mut Person, referral: &str, queue: &str) -> Vec<pb::Destination> {
    let seen = council.referral(referral).await.unwrap();
    seen.destinations.into_iter().filter(|found| found.queue == queue && found.referral_id == referral).collect()
}

#[tokio::test]
async fn what_is_recalled_is_closed_where_nobody_had_read_it_and_told_where_somebody_had() {
    let mut house = House::open().await;
    let (mut council, receipt, officer, taken) = read_at_the_mpu(&house, plain()).await;
    assert!(!receipt.flags.contains(&"statutory_notification".to_owned()));
    let referral = receipt.referral_id;
    let mut mash = house.person(MASH).await;
    let unread = mash.pull("MASH.E09000023").await.unwrap();
    let mine = unread.iter().find(|one| one.header.referral_id == referral).unwrap().clone();
    let request = recalling(&referral);
    let recalled = council.referrals.recall_referral(request.clone()).await.unwrap().into_inner();
    house.later(SignedDuration::from_mins(1));
    drop(officer);
    house.reopen().await;
    let mut officer = house.person(MPU).await;
    (council, mash) = (house.person(LEWISHAM).await, house.person(MASH).await);
    assert!(council.referrals.recall_referral(request.clone()).await.unwrap().into_inner() == recalled, "once");
    let other = pb::RecallReferralRequest { reason: "Another.".into(), ..request };
    assert_eq!(why(council.referrals.recall_referral(other).await), (Code::AlreadyExists, "REQUEST_ID_REUSED".into()));
    assert_eq!(why(council.referrals.recall_referral(recalling(&referral)).await).1, "RECALLED_ALREADY");
    // Nobody reads it any longer who had not, though they hold it.
    let unit = mine.header.openable[0];
    assert_eq!(why(mash.open(&mine, (unit.part(), unit.item), "").await).1, "LEASE_LOST");
    let closed = at(&mut council, &referral, "MASH.E09000023").await;
    let [closed] = closed.as_slice() else { panic!("one, and no notice: nobody had read it") };
    assert!(closed.state() == pb::DestinationState::Settled && closed.outcome.contains("nobody had read it"));

    // Whoever works on it reads on, is told, and sends it nowhere.
    let history = officer.open(&taken, (pb::Part::E, 0), "").await.unwrap().history;
    assert_eq!(history.last().unwrap().kind, "RECALLED");
    let elsewhere = pb::TransferDeliveryRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        to_queue: "MPU.NE".into(),
        reason: "Theirs.".into(),
    };
    assert_eq!(why(officer.queues.transfer_delivery(elsewhere).await).1, "RECALLED");
    let notice = officer.pull("MPU.SE").await.unwrap().remove(0);
    let told = notice.header.notice.clone().unwrap();
    assert!(told.kind() == pb::RetractionKind::Recalled && told.successor_referral_id.is_empty());
    assert!(notice.header.referral_id == referral && notice.header.openable.is_empty() && notice.header.class == "P1");
    assert_eq!(why(officer.complete(&notice, "recorded").await), (Code::FailedPrecondition, "ACKNOWLEDGE_IT".into()));
    assert_eq!(why(officer.queues.acknowledge_notice(acknowledging(&taken)).await).1, "NOT_A_NOTICE");
    let request = acknowledging(&notice);
    let heard = officer.queues.acknowledge_notice(request.clone()).await.unwrap().into_inner();
    assert!(officer.queues.acknowledge_notice(request).await.unwrap().into_inner() == heard, "once");
    assert!(heard.reason.contains("another man"), "{}", heard.reason);
    for hidden in ["Ella", "Fennimore"] {
        assert!(!heard.reason.contains(hidden), "as police read it: {}", heard.reason);
    }
    officer.complete(&taken, "recorded").await.unwrap();
    let seen = council.referral(&referral).await.unwrap();
    assert!(seen.retraction.unwrap().kind() == pb::RetractionKind::Recalled);
    let mine = at(&mut council, &referral, "MPU.SE").await;
    let notices = mine.iter().filter(|found| found.notice.is_some());
    assert!(notices.map(|found| found.outcome.as_str()).eq(["acknowledged"]));

    let entries = house.ledger().await;
    let of = |action: &str| entries.iter().filter(|entry| entry.action == action).collect::<Vec<_>>();
    let subject = of("RECALL_REFERRAL").into_iter().find(|entry| entry.record.unwrap().to_string() == referral);
    let subject = subject.unwrap();
    assert!(subject.verb == Verb::Alteration && subject.actor.is_some() && subject.who.ends_with(LEWISHAM));
    assert!(subject.recipients.iter().map(|queue| queue.as_str()).eq(["MPU.SE"]), "whoever is told, and nobody else");
    assert_eq!(of("ACKNOWLEDGE_NOTICE").len(), 1);
    assert!(!format!("{entries:?}").contains("another man") && !format!("{entries:?}").contains("L20417"));
}

#[tokio::test]
async fn a_notice_that_nobody_acknowledges_is_escalated() {
    let house = House::open().await;
    let (mut council, receipt, _, _) = read_at_the_mpu(&house, plain()).await;
    let referral = receipt.referral_id;
    // A manager takes it back.
    let mut manager = house.person(MANAGER).await;
    manager.referrals.recall_referral(recalling(&referral)).await.unwrap();
    let notice = |found: Vec<pb::Destination>| found.into_iter().find(|one| one.notice.is_some()).unwrap();
    let due = notice(at(&mut council, &referral, "MPU.SE").await).decide_due_time.unwrap().seconds;
    house.later(SignedDuration::from_secs(due - house.clock_seconds()));
    house.caretake().await;
    assert!(notice(at(&mut council, &referral, "MPU.SE").await).escalations.is_empty());
    house.later(SignedDuration::from_secs(1));
    house.caretake().await;
    let late = notice(at(&mut council, &referral, "MPU.SE").await);
    assert!(late.overdue && late.class == "P0");
    assert_eq!(late.escalations[0].to, "queue_supervisor");
}

#[tokio::test]
async fn a_correction_stands_where_the_first_stood_and_chases_whoever_has_read_it() {
    let mut house = House::open().await;
    let (mut council, receipt, officer, taken) = read_at_the_mpu(&house, plain()).await;
    let first = receipt.referral_id.clone();
    // Nothing is left that would be urgent.
    let mut draft = plain();
    draft.items.truncate(1);
    draft.persons.retain(|person| person.id != "p2");
    draft.answers.as_mut().unwrap().significant_harm_suspected = pb::YesNo::No.into();
    let request = correcting(&first, draft.clone());
    let corrected = correct(&mut council, request.clone()).await.unwrap();
    assert!(corrected.referral_id != first && corrected.class == receipt.class, "no class falls by a correction");
    drop(officer);
    house.later(SignedDuration::from_mins(1));
    house.reopen().await;
    council = house.person(LEWISHAM).await;
    assert!(correct(&mut council, request).await.unwrap() == corrected, "once");
    assert_eq!(why(correct(&mut council, correcting(&first, draft.clone())).await).1, "CORRECTED_ALREADY");
    assert_eq!(why(council.referrals.recall_referral(recalling(&first)).await).1, "CORRECTED_ALREADY");
    let seen = council.referral(&first).await.unwrap();
    let retraction = seen.retraction.unwrap();
    assert!(
        retraction.kind() == pb::RetractionKind::Corrected && retraction.successor_referral_id == corrected.referral_id
    );
    assert_eq!(council.referral(&corrected.referral_id).await.unwrap().corrects_referral_id, first);

    let mut officer = house.person(MPU).await;
    let waiting = officer.pull("MPU.SE").await.unwrap();
    let notice = waiting.iter().find(|one| one.header.notice.is_some()).unwrap();
    let fresh_one = waiting.iter().find(|one| one.header.referral_id == corrected.referral_id).unwrap();
    assert_eq!(
        (fresh_one.header.corrects_referral_id.as_str(), fresh_one.header.class.as_str()),
        (first.as_str(), "P1")
    );
    assert!(waiting.len() == 2 && notice.header.referral_id == first);
    assert_eq!(notice.header.notice.as_ref().unwrap().successor_referral_id, corrected.referral_id);
    let mark = officer.open(&taken, (pb::Part::E, 0), "").await.unwrap().history.pop().unwrap();
    assert_eq!((mark.kind.as_str(), mark.code.as_str()), ("CORRECTED", corrected.referral_id.as_str()));
    officer.queues.acknowledge_notice(acknowledging(notice)).await.unwrap();
    // The front door had read nothing: what it gets is right, and the first is gone.
    let mut mash = house.person(MASH).await;
    let there = mash.deliveries("MASH.E09000023").await.unwrap();
    let of = |referral: &str| there.iter().filter(|one| one.referral_id == referral && one.notice.is_none()).count();
    assert_eq!(of(&first), 0);
    let heard = there.iter().any(|one| one.referral_id == corrected.referral_id)
        || there.iter().any(|one| one.referral_id == first && one.notice.is_some());
    assert!(heard, "it gets the correction, or is told of it");
    assert!(
        house.person(RESOLVER).await.deliveries("HOLD.human").await.unwrap().iter().all(|one| one.referral_id != first)
    );

    // Taken back after all: whoever has read the first is told again.
    council.referrals.recall_referral(recalling(&corrected.referral_id)).await.unwrap();
    let again = officer.pull("MPU.SE").await.unwrap();
    let told = again.iter().find(|one| one.header.referral_id == first).unwrap();
    assert!(told.header.notice.as_ref().unwrap().kind() == pb::RetractionKind::Recalled);
}

#[tokio::test]
async fn nothing_of_the_statutory_duty_is_taken_away() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let receipt = council.submit(submission(&narrative(1))).await.unwrap();
    assert!(receipt.flags.contains(&"statutory_notification".to_owned()));
    let mut manager = house.person(MANAGER).await;
    for who in [&mut council, &mut manager] {
        let refused = why(who.referrals.recall_referral(recalling(&receipt.referral_id)).await);
        assert_eq!(refused, (Code::FailedPrecondition, "STATUTORY_DUTY".into()));
    }
    let before = house.ledger_size().await;
    let refused = refusal(correct(&mut council, correcting(&receipt.referral_id, plain())).await);
    assert_eq!(refused.reason, "STATUTORY_DUTY", "{}", refused.status.message());
    assert_eq!(house.ledger_size().await, before, "nothing of it is there");
    assert!(council.referral(&receipt.referral_id).await.unwrap().retraction.is_none());
    let unread = |seen: pb::Referral| {
        let waits = |one: &&pb::Destination| one.state() == pb::DestinationState::Received && one.notice.is_none();
        seen.destinations.iter().filter(waits).map(|one| one.delivery_id.clone()).collect::<Vec<_>>()
    };
    let waited = unread(council.referral(&receipt.referral_id).await.unwrap());
    assert!(!waited.is_empty());
    let added = correct(&mut council, correcting(&receipt.referral_id, submission(&narrative(1)))).await.unwrap();
    let waits = unread(council.referral(&receipt.referral_id).await.unwrap());
    assert_eq!(waits, waited, "everything that nobody had read waits to be read");
    assert!(added.flags.contains(&"statutory_notification".to_owned()));
}

/// Nobody had read the notification, and its correction has the flag and says nothing: whoever was to read the first reads it.
#[tokio::test]
async fn a_correction_of_what_was_notified_only_adds() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let mut notified = submission(&narrative(1));
    notified.items[0].text += " He keeps a blue ledger of names.";
    notified.items[0].sanitised_text += " He keeps a blue ledger of names.";
    let first = council.submit(notified).await.unwrap();
    assert!(first.flags.contains(&"statutory_notification".to_owned()));
    let mut hollow = submission(&narrative(1));
    for item in &mut hollow.items {
        item.text = "There is nothing to say about it.".into();
        item.sanitised_text = String::new();
    }
    let second = correct(&mut council, correcting(&first.referral_id, hollow)).await.unwrap().referral_id;
    let mut desk = house.person(REFDESK).await;
    let there = desk.pull("REFDESK.SE").await.unwrap();
    let mut said = String::new();
    for one in there.iter().filter(|one| one.header.referral_id == first.referral_id) {
        let mark = one.header.history.last().unwrap();
        assert_eq!((mark.kind.as_str(), &mark.code), ("CORRECTED", &second));
        for unit in one.header.openable.iter().filter(|unit| unit.part() == pb::Part::B) {
            said += &desk.read(one, (unit.part(), unit.item), "").await.unwrap();
        }
    }
    assert!(said.contains("blue ledger"), "police read what was notified: {said}");
    assert!(there.iter().any(|one| one.header.referral_id == second), "and what was added");
}

#[tokio::test]
async fn every_fault_is_named_and_nobody_corrects_or_recalls_for_another() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(plain()).await.unwrap().referral_id;
    let wrong = pb::RecallReferralRequest { request_id: "x".into(), reason: " ".into(), actor: None, ..recalling("y") };
    let named = ["request_id", "referral_id", "reason", "actor.scheme", "actor.id", "actor.role"];
    assert_eq!(refusal(council.referrals.recall_referral(wrong).await).field_names(), named);
    let mut draft = plain();
    draft.items[0].text = String::new();
    let wrong = pb::CorrectReferralRequest { reason: String::new(), ..correcting("y", draft) };
    let refused = refusal(correct(&mut council, wrong).await);
    assert!(refused.names("referral_id") && refused.names("reason") && refused.names("submission.items[0].text"));
    let mut neighbour = house.person(BROMLEY).await;
    assert_eq!(refusal(neighbour.referrals.recall_referral(recalling(&referral)).await).code, Code::NotFound);
    let mut draft = plain();
    draft.envelope.as_mut().unwrap().on_behalf_of = "E09000006".into();
    assert_eq!(refusal(correct(&mut neighbour, correcting(&referral, draft)).await).code, Code::NotFound);
    assert_eq!(refusal(correct(&mut council, correcting(&fresh(), plain())).await).code, Code::NotFound);
    // A manager submits nothing, and so corrects nothing.
    let mut manager = house.person(MANAGER).await;
    let refused = why(correct(&mut manager, correcting(&referral, plain())).await);
    assert_eq!(refused, (Code::PermissionDenied, "METHOD_NOT_GRANTED".into()));
}

/// The reason is redacted by all that was listed: also by what only the correction lists, and then in the words about its own recall.
#[tokio::test]
async fn why_is_read_without_whom_any_of_them_lists() {
    let house = House::open().await;
    let (mut council, receipt, mut officer, taken) = read_at_the_mpu(&house, plain()).await;
    let mut draft = plain();
    draft.child.as_mut().unwrap().name = "Annabel Pettigrew".into();
    let reason = "Annabel Pettigrew is right, not Ella-Mae Fennimore.".to_owned();
    let request = pb::CorrectReferralRequest { reason: reason.clone(), ..correcting(&receipt.referral_id, draft) };
    let second = correct(&mut council, request).await.unwrap().referral_id;
    officer.complete(&taken, "recorded").await.unwrap();
    let again = pb::RecallReferralRequest { reason, ..recalling(&second) };
    let mut heard = Vec::new();
    for last in [false, true] {
        let given = officer.pull("MPU.SE").await.unwrap();
        let notice = given.iter().find(|one| one.header.notice.is_some()).unwrap();
        heard.push(officer.queues.acknowledge_notice(acknowledging(notice)).await.unwrap().into_inner().reason);
        if !last {
            council.referrals.recall_referral(again.clone()).await.unwrap();
        }
    }
    for words in heard {
        assert!(words.contains("is right, not"), "{words}");
        for hidden in ["Annabel", "Pettigrew", "Ella", "Fennimore"] {
            assert!(!words.contains(hidden), "as police read it: {words}");
        }
    }
}

#[tokio::test]
async fn what_was_corrected_as_often_as_it_can_be_is_recalled() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let mut referral = council.submit(plain()).await.unwrap().referral_id;
    for _ in 0..20 {
        referral = correct(&mut council, correcting(&referral, plain())).await.unwrap().referral_id;
    }
    let refused = refusal(correct(&mut council, correcting(&referral, plain())).await);
    assert_eq!(refused.reason, "CORRECTED_TOO_OFTEN");
    assert!(refused.status.message().contains("20 times: recall it"), "{}", refused.status.message());
    council.referrals.recall_referral(recalling(&referral)).await.unwrap();
}

#[tokio::test]
async fn a_correction_that_may_not_be_kept_is_refused_alike_each_time_and_one_alert_is_raised() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let first = council.submit(plain()).await.unwrap().referral_id;
    let mut draft = plain();
    draft.envelope.as_mut().unwrap().marking.as_mut().unwrap().level = pb::MarkingLevel::Secret.into();
    let request = correcting(&first, draft);
    for _ in 0..2 {
        let refused = refusal(correct(&mut council, request.clone()).await);
        assert_eq!(refused.code, Code::InvalidArgument);
        assert_eq!(refused.field_names(), ["submission.envelope.marking.level"]);
    }
    let alerts = house.ledger().await.into_iter().filter(|entry| entry.action == "UNSUPPORTED_MARKING").count();
    assert_eq!(alerts, 1);
    assert!(council.referral(&first).await.unwrap().retraction.is_none());
}
