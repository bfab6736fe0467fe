//! D08 where a correction says it: what it corrects is kept from whom it accuses, as of that moment, and they are told of neither; where
//! it accuses somebody no longer, they are not to learn that it had.

use homeward::wire::pb;
use tokio::{runtime::Handle, task::block_in_place};
use tonic::Code;

use crate::{
    accused::about,
    house::{House, LEAD, LEWISHAM, MASH, MPU, MPU_NE, MPU_TOO, RESOLVER, narrative},
    person::{Person, Taken, fresh, refusal, submission, why},
};

/// A manager of Lewisham, who follows what it sends.
const MANAGER: &str = "gss/E09000023/council_manager/m1";
/// Somebody of the missing persons unit who is never there.
const ELSEWHERE: &str = "met/SE/mpu_officer/p777";
const WORDS: &str = "On Friday she said that it was the sergeant who rang her, and that he hurt her.";

async fn submitted(council: &mut Person) -> String {
    council.submit(submission(&narrative(1))).await.unwrap().referral_id
}

/// The receipt of what stands in the place of a referral.
pub async fn correct(council: &mut Person, referral: &str, draft: pb::Submission) -> pb::Receipt {
    let asked = pb::CorrectReferralRequest {
        request_id: fresh(),
        submission: Some(draft),
        referral_id: referral.into(),
        reason: WORDS.into(),
    };
    council.referrals.correct_referral(asked).await.unwrap().into_inner().receipt.unwrap()
}

/// Takes what is in a queue and opens the card of it.
async fn reading(person: &mut Person, queue: &str) -> Taken {
    let taken = person.pull(queue).await.unwrap().remove(0);
    person.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    taken
}

fn ask(taken: &Taken) -> pb::RequestClarificationRequest {
    pb::RequestClarificationRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        question: "Which Saturday was meant?".into(),
        ..Default::default()
    }
}

fn over(taken: &Taken, to: &str) -> pb::HandOverRequest {
    pb::HandOverRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        to: format!("homeward://pilot.example/{to}"),
        note: "Yours.".into(),
        keep_for: None,
    }
}

fn offer(taken: &Taken, to: &str) -> pb::TransferDeliveryRequest {
    pb::TransferDeliveryRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        to_queue: to.into(),
        reason: "Theirs.".into(),
    }
}

/// What somebody reads of a notice.
async fn heard(person: &mut Person, notice: &Taken) -> String {
    let asked = pb::AcknowledgeNoticeRequest {
        request_id: fresh(),
        delivery_id: notice.id.clone(),
        lease_token: notice.token.clone(),
    };
    person.queues.acknowledge_notice(asked).await.unwrap().into_inner().reason
}

/// To whoever is kept from it, it is gone as a lease is that has run out.
async fn has_lost(person: &mut Person, taken: &Taken) {
    let lost = |refused: (Code, String)| assert_eq!(refused, (Code::FailedPrecondition, "LEASE_LOST".to_owned()));
    lost(why(person.open(taken, (pb::Part::E, 0), "").await));
    lost(why(person.complete(taken, "recorded").await));
    lost(why(person.queues.request_clarification(ask(taken)).await));
    lost(why(person.queues.hand_over(over(taken, MPU_TOO)).await));
    lost(why(person.queues.transfer_delivery(offer(taken, "MPU.NE")).await));
    let extend = pb::ExtendLeaseRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        lease_duration: None,
    };
    lost(why(person.queues.extend_lease(extend).await));
}

#[tokio::test]
async fn in_the_queue_of_whom_a_correction_accuses_all_of_it_ends_and_nobody_is_told() {
    for had_read in [false, true] {
        let house = House::open().await;
        let mut council = house.person(LEWISHAM).await;
        let first = submitted(&mut council).await;
        let mut officer = house.person(MPU).await;
        let taken = match had_read {
            true => reading(&mut officer, "MPU.SE").await,
            false => officer.pull("MPU.SE").await.unwrap().remove(0),
        };
        let mut mash = house.person(MASH).await;
        reading(&mut mash, "MASH.E09000023").await;
        let second = correct(&mut council, &first, about(ELSEWHERE, "MPU.SE")).await;
        assert!(!second.legs.iter().any(|leg| leg.queue == "MPU.SE"), "D08");

        assert!(officer.deliveries("MPU.SE").await.unwrap().is_empty(), "read: {had_read}");
        assert!(officer.pull("MPU.SE").await.unwrap().is_empty());
        has_lost(&mut officer, &taken).await;
        // Somebody who is not of that unit acts on it, and everybody else hears why.
        let held = house.person(RESOLVER).await.pull("HOLD.human").await.unwrap();
        assert!(held.iter().any(|one| one.header.referral_id == second.referral_id));
        let waits = mash.pull("MASH.E09000023").await.unwrap();
        let notice = waits.iter().find(|one| one.header.notice.is_some()).unwrap();
        assert_eq!(notice.header.notice.as_ref().unwrap().successor_referral_id, second.referral_id);
        assert!(heard(&mut mash, notice).await.contains("hurt"));

        let seen = council.referral(&first).await.unwrap();
        let there: Vec<_> = seen.destinations.iter().filter(|found| found.queue == "MPU.SE").collect();
        let [closed] = there.as_slice() else { panic!("no notice") };
        assert!(closed.state() == pb::DestinationState::Settled);
        assert!(closed.outcome.starts_with("your correction stands in its place"), "{}", closed.outcome);
        assert_eq!(closed.outcome.contains("nobody had read it"), !had_read);
        let entries = house.ledger().await;
        assert_eq!(entries.iter().filter(|entry| entry.action == "LEASE_REVOKED").count(), 1);
        for told in entries.iter().filter(|entry| entry.action == "CORRECT_REFERRAL") {
            assert!(told.recipients.iter().all(|queue| queue.as_str() != "MPU.SE"));
        }
    }
}

#[tokio::test]
async fn what_whom_a_correction_accuses_holds_goes_to_a_colleague_who_hears_why() {
    let mut house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let first = submitted(&mut council).await;
    let mut accused = house.person(MPU).await;
    let taken = reading(&mut accused, "MPU.SE").await;
    let other = submitted(&mut council).await;
    let second = correct(&mut council, &first, about(MPU, "")).await.referral_id;
    drop(accused);
    house.reopen().await;
    let (mut accused, mut colleague) = (house.person(MPU).await, house.person(MPU_TOO).await);
    council = house.person(LEWISHAM).await;
    has_lost(&mut accused, &taken).await;
    // What is about others is theirs as it was.
    let mine = accused.pull("MPU.SE").await.unwrap();
    assert!(mine.iter().all(|one| one.header.referral_id == other) && mine.len() == 1);
    assert!(accused.deliveries("MPU.SE").await.unwrap().iter().all(|one| one.referral_id == other));
    let theirs = colleague.pull("MPU.SE").await.unwrap();
    let of = |referral: &str, notice: bool| {
        let is = |one: &&Taken| one.header.referral_id == referral && one.header.notice.is_some() == notice;
        theirs.iter().find(is).unwrap().clone()
    };
    let marked = of(&first, false).header.history.pop().unwrap();
    assert_eq!((marked.kind.as_str(), marked.code.as_str()), ("CORRECTED", second.as_str()));
    assert!(heard(&mut colleague, &of(&first, true)).await.contains("hurt"));
    let fresh_one = of(&second, false);
    assert_eq!(fresh_one.header.corrects_referral_id, first);
    colleague.open(&fresh_one, (pb::Part::E, 0), "").await.unwrap();
    // Nor does it come to them by a colleague's hand: they are refused as a stranger is.
    assert_eq!(why(colleague.queues.hand_over(over(&fresh_one, MPU)).await).1, "NOT_A_COLLEAGUE");
    colleague.complete(&of(&first, false), "recorded").await.unwrap();

    // What waited for the accused by a colleague's hand is the colleagues' again.
    let waits = mine[0].clone();
    accused.open(&waits, (pb::Part::E, 0), "").await.unwrap();
    accused.queues.hand_over(over(&waits, MPU_TOO)).await.unwrap();
    correct(&mut council, &other, about(MPU_TOO, "")).await;
    assert!(colleague.deliveries("MPU.SE").await.unwrap().iter().all(|one| one.referral_id != other));
    assert!(colleague.pull("MPU.SE").await.unwrap().iter().all(|one| one.header.referral_id != other));
    assert!(accused.pull("MPU.SE").await.unwrap().iter().any(|one| one.id == waits.id));
}

/// A refusal where anybody else has the first answer again would tell them.
#[tokio::test]
async fn whoever_repeats_a_call_after_a_correction_accuses_them_has_the_first_answer_and_no_other() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let first = submitted(&mut council).await;
    let mut accused = house.person(MPU).await;
    let taken = reading(&mut accused, "MPU.SE").await;
    let (asking, offering) = (ask(&taken), offer(&taken, "MPU.NE"));
    let back =
        pb::TakeBackRequest { request_id: fresh(), delivery_id: taken.id.clone(), reason: "Ours after all.".into() };
    let asked = accused.queues.request_clarification(asking.clone()).await.unwrap().into_inner();
    let offered = accused.queues.transfer_delivery(offering.clone()).await.unwrap().into_inner();
    let had_back = accused.queues.take_back(back.clone()).await.unwrap().into_inner();
    correct(&mut council, &first, about(MPU, "")).await;
    assert!(accused.queues.request_clarification(asking).await.unwrap().into_inner() == asked);
    assert!(accused.queues.transfer_delivery(offering).await.unwrap().into_inner() == offered);
    assert!(accused.queues.take_back(back.clone()).await.unwrap().into_inner() == had_back);
    has_lost(&mut accused, &taken).await;
    let again = pb::TakeBackRequest { request_id: fresh(), ..back };
    assert_eq!(
        why(accused.queues.take_back(again).await).1,
        "NOTHING_TO_TAKE_BACK",
        "as anybody who gave nothing away"
    );
}

#[tokio::test]
async fn what_was_offered_to_the_unit_of_the_accused_comes_back_and_never_goes_there_again() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let first = submitted(&mut council).await;
    let (mut officer, mut other) = (house.person(MPU).await, house.person(MPU_NE).await);
    let taken = reading(&mut officer, "MPU.SE").await;
    officer.queues.transfer_delivery(offer(&taken, "MPU.NE")).await.unwrap();
    let offered = reading(&mut other, "MPU.NE").await;
    correct(&mut council, &first, about("met/NE/mpu_officer/p901", "MPU.NE")).await;
    assert!(other.deliveries("MPU.NE").await.unwrap().is_empty(), "no notice");
    has_lost(&mut other, &offered).await;
    let refused = crate::person::refusal(officer.queues.transfer_delivery(offer(&taken, "MPU.NE")).await);
    assert_eq!((refused.code, refused.field_names()), (Code::InvalidArgument, vec!["to_queue"]));
    officer.complete(&taken, "recorded").await.unwrap();
}

/// Has somebody correct a referral in the middle of the next call that another makes.
fn corrected_meanwhile(house: &House, council: &Person, referral: &str, draft: pb::Submission) {
    let (mut council, referral, runtime) = (council.clone(), referral.to_owned(), Handle::current());
    let happens = move || {
        block_in_place(|| runtime.block_on(correct(&mut council, &referral, draft)));
    };
    *house.meanwhile.lock().unwrap() = Some(Box::new(happens));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_is_accused_between_the_choice_and_the_step_gets_nothing() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let first = submitted(&mut council).await;
    let mut officer = house.person(MPU).await;
    let taken = reading(&mut officer, "MPU.SE").await;
    // They have been here, so that they are somebody.
    house.person(MPU_TOO).await.deliveries("MPU.SE").await.unwrap();
    corrected_meanwhile(&house, &council, &first, about(MPU_TOO, ""));
    let refused = why(officer.queues.hand_over(over(&taken, MPU_TOO)).await);
    assert!(house.meanwhile.lock().unwrap().is_none(), "it was corrected in the middle of it");
    assert_eq!(refused, (Code::FailedPrecondition, "NOT_A_COLLEAGUE".to_owned()));
    officer.open(&taken, (pb::Part::E, 0), "").await.expect("it is held by whom it was held by");

    let first = submitted(&mut council).await;
    let pulled = officer.pull("MPU.SE").await.unwrap();
    let taken = pulled.into_iter().find(|one| one.header.referral_id == first).unwrap();
    officer.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    corrected_meanwhile(&house, &council, &first, about("met/NE/mpu_officer/p777", "MPU.NE"));
    let refused = refusal(officer.queues.transfer_delivery(offer(&taken, "MPU.NE")).await);
    assert!(house.meanwhile.lock().unwrap().is_none(), "it was corrected in the middle of it");
    assert_eq!((refused.code, refused.field_names()), (Code::InvalidArgument, vec!["to_queue"]));
    assert!(house.person(MPU_NE).await.deliveries("MPU.NE").await.unwrap().is_empty());
    // Where nobody is accused, a correction in the middle of it keeps it from nobody.
    let second = submitted(&mut council).await;
    let pulled = officer.pull("MPU.SE").await.unwrap();
    let taken = pulled.into_iter().find(|one| one.header.referral_id == second).unwrap();
    officer.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    corrected_meanwhile(&house, &council, &second, about(ELSEWHERE, ""));
    officer.queues.transfer_delivery(offer(&taken, "MPU.NE")).await.expect("it is decided anew, and may go there");
}

#[tokio::test]
async fn what_lies_on_the_dead_letter_side_of_the_accused_is_ended_too() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let first = submitted(&mut council).await;
    let mut officer = house.person(MPU).await;
    let taken = reading(&mut officer, "MPU.SE").await;
    let reject = pb::RejectDeliveryRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        reason_code: "WRONG_UNIT".into(),
        note: "Not ours.".into(),
    };
    officer.queues.reject_delivery(reject).await.unwrap();
    correct(&mut council, &first, about(ELSEWHERE, "MPU.SE")).await;
    assert!(house.store().dead_letters().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_correction_that_accuses_somebody_no_longer_does_not_show_them_that_one_did() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let mut officer = house.person(MPU).await;
    for draft in [about(MPU, ""), about(ELSEWHERE, "MPU.SE")] {
        let first = council.submit(draft).await.unwrap().referral_id;
        let second = correct(&mut council, &first, submission(&narrative(1))).await.referral_id;
        let taken = officer.pull("MPU.SE").await.unwrap();
        let [taken] = taken.as_slice() else { panic!("one, and no notice: {}", taken.len()) };
        assert_eq!((&taken.header.referral_id, taken.header.corrects_referral_id.as_str()), (&second, ""));
        officer.open(taken, (pb::Part::E, 0), "").await.unwrap();
        officer.complete(taken, "recorded").await.unwrap();
        assert_eq!(council.referral(&second).await.unwrap().corrects_referral_id, first, "the sender knows");
    }
}

#[tokio::test]
async fn whom_one_correction_accused_hears_nothing_of_the_next_nor_of_a_recall() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let first = submitted(&mut council).await;
    let mut officer = house.person(MPU).await;
    reading(&mut officer, "MPU.SE").await;
    let second = correct(&mut council, &first, about(ELSEWHERE, "MPU.SE")).await.referral_id;
    let third = correct(&mut council, &second, submission(&narrative(1))).await.referral_id;
    let taken = officer.pull("MPU.SE").await.unwrap();
    let [taken] = taken.as_slice() else { panic!("one, and no notice: {}", taken.len()) };
    assert_eq!((&taken.header.referral_id, taken.header.corrects_referral_id.as_str()), (&third, ""));
    // The sender's people of that queue see the last one alone.
    for hidden in [&first, &second] {
        let seen = council.referral(hidden).await.unwrap();
        assert_eq!(seen.retraction.unwrap().successor_referral_id, third);
    }
    // A fourth that accuses them after they had read the third.
    officer.open(taken, (pb::Part::E, 0), "").await.unwrap();
    correct(&mut council, &third, about(MPU, "MPU.SE")).await;
    assert!(officer.deliveries("MPU.SE").await.unwrap().is_empty());
    has_lost(&mut officer, taken).await;
}

#[tokio::test]
async fn who_works_where_the_accused_does_reads_no_notice_on_hold() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let mut draft = submission(&narrative(1));
    draft.responsible_authority = Some(pb::Area { unknown: true, ..Default::default() });
    let first = council.submit(draft).await.unwrap().referral_id;
    let mut resolver = house.person(RESOLVER).await;
    let taken = resolver.pull("HOLD.human").await.unwrap().remove(0);
    let unit = taken.header.openable[0];
    resolver.open(&taken, (unit.part(), unit.item), "").await.unwrap();
    correct(&mut council, &first, about(ELSEWHERE, "MPU.SE")).await;
    let mut colleague = house.person("met/SE/hold_resolver/h2").await;
    let waits = colleague.pull("HOLD.human").await.unwrap();
    let notice = waits.iter().find(|one| one.header.notice.is_some()).expect("it was read on HOLD").clone();
    let asked = pb::AcknowledgeNoticeRequest {
        request_id: fresh(),
        delivery_id: notice.id.clone(),
        lease_token: notice.token.clone(),
    };
    let refused = why(colleague.queues.acknowledge_notice(asked).await);
    assert_eq!(refused, (Code::PermissionDenied, "UNIT_NOT_GRANTED".to_owned()));
    let back = pb::ReleaseDeliveryRequest {
        request_id: fresh(),
        delivery_id: notice.id.clone(),
        lease_token: notice.token.clone(),
        reason: "Not mine.".into(),
        delay: None,
    };
    colleague.queues.release_delivery(back).await.unwrap();
    let waits = resolver.pull("HOLD.human").await.unwrap();
    let notice = waits.iter().find(|one| one.id == notice.id).unwrap();
    assert!(heard(&mut resolver, notice).await.contains("hurt"));
}

/// What somebody of the sender's finds of a referral: nothing, or what stands in its place and in whose place it stands.
async fn found(person: &mut Person, referral: &str) -> Option<(String, String)> {
    let seen = match person.referral(referral).await {
        Err(refused) if refused.code() == Code::NotFound => return None,
        seen => seen.unwrap(),
    };
    Some((seen.retraction.unwrap_or_default().successor_referral_id, seen.corrects_referral_id))
}

#[tokio::test]
async fn of_the_senders_people_the_accused_of_a_correction_is_not_led_to_it_by_what_it_corrects() {
    for (who, draft) in
        [(MANAGER, about(MANAGER, "")), (LEAD, about("gss/E09000023/lead_practitioner/lp9", "ALLOC.E09000023"))]
    {
        let house = House::open().await;
        let mut council = house.person(LEWISHAM).await;
        let first = submitted(&mut council).await;
        let mut accused = house.person(who).await;
        assert_eq!(found(&mut accused, &first).await, Some(Default::default()), "theirs to follow until then");
        let second = correct(&mut council, &first, draft).await.referral_id;
        assert_eq!((found(&mut accused, &first).await, found(&mut accused, &second).await), (None, None), "{who}");
        assert_eq!(found(&mut council, &first).await, Some((second.clone(), String::new())));
        // Nor may they take back what they do not see.
        let recall = pb::RecallReferralRequest {
            request_id: fresh(),
            referral_id: second,
            reason: "Wrong child.".into(),
            actor: Some(pb::Actor { scheme: "staff-number".into(), id: "L20417".into(), role: "manager".into() }),
        };
        if who == MANAGER {
            assert_eq!(why(accused.referrals.recall_referral(recall).await).0, Code::NotFound);
        }
    }
}

#[tokio::test]
async fn of_the_senders_people_whoever_was_accused_wrongly_is_not_led_to_the_accusation_by_its_correction() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let first = council.submit(about(MANAGER, "")).await.unwrap().referral_id;
    let second = correct(&mut council, &first, submission(&narrative(1))).await.referral_id;
    let third = correct(&mut council, &second, submission(&narrative(1))).await.referral_id;
    let mut accused = house.person(MANAGER).await;
    let shown =
        [found(&mut accused, &first).await, found(&mut accused, &second).await, found(&mut accused, &third).await];
    let (one, other) = ((third.clone(), String::new()), (String::new(), second.clone()));
    assert_eq!(shown, [None, Some(one), Some(other)]);
    assert_eq!(found(&mut council, &second).await, Some((third, first)));
}
