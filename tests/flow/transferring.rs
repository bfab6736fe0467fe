//! Transfer to another unit: offered with a reason, theirs once they accept, back and escalated where they do not.

use std::fmt::Write;

use homeward::{ledger::Verb, wire::pb};
use jiff::SignedDuration;
use tonic::Code;

use crate::{
    accused::about,
    house::{GRANTS, House, LEWISHAM, MPU, MPU_NE, MPU_TOO, REFDESK, SUPERVISOR, narrative},
    person::{Person, Taken, fresh, refusal, submission, why},
};

const REASON: &str = "Marlow Fennimore moved to Newham on Thursday.";
/// The supervisor of the other unit.
const SUPERVISOR_NE: &str = "met/NE/unit_supervisor/s9";
/// The control room of another force.
const KENT: &str = "pfa/E23000032/force_officer/c1";

fn offering(taken: &Taken, to: &str) -> pb::TransferDeliveryRequest {
    pb::TransferDeliveryRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        to_queue: to.into(),
        reason: REASON.into(),
    }
}

fn answering(taken: &Taken, decision: pb::TransferDecision, reason: &str) -> pb::AnswerTransferRequest {
    pb::AnswerTransferRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        decision: decision.into(),
        reason: reason.into(),
    }
}

async fn house() -> House {
    let house = House::open().await;
    house.grant(&grants());
    house
}

fn grants() -> String {
    let mut text = GRANTS.to_owned();
    for (organisation, role, queue) in
        [("met/NE", "unit_supervisor", "MPU.NE"), ("pfa/E23000032", "force_officer", "FORCE.E23000032")]
    {
        write!(
            text,
            "\n[[grant]]\norganisation = \"{organisation}\"\nrole = \"{role}\"\nqueues = [\"{queue}\"]\n\
             not_before = \"2020-01-01T00:00:00Z\"\nnot_after = \"2096-01-01T00:00:00Z\"\n"
        )
        .unwrap();
    }
    text
}

/// The delivery of narrative 1 at the MPU of Lewisham's BCU, opened.
async fn begun(house: &House) -> (Person, Taken, String) {
    let referral = house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let mut officer = house.person(MPU).await;
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    officer.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    (officer, taken, referral)
}

async fn at(council: &mut Person, referral: &str, queue: &str) -> Option<pb::Destination> {
    let seen = council.referral(referral).await.unwrap();
    seen.destinations.into_iter().find(|found| found.queue == queue)
}

#[tokio::test]
async fn it_stays_with_who_offers_it_until_the_other_unit_accepts_and_both_sides_see_it() {
    let mut house = house().await;
    let (mut officer, taken, referral) = begun(&house).await;
    let request = offering(&taken, "MPU.NE");
    let offered = officer.queues.transfer_delivery(request.clone()).await.unwrap().into_inner();
    assert!(officer.queues.transfer_delivery(request.clone()).await.unwrap().into_inner() == offered, "once");
    let other = pb::TransferDeliveryRequest { to_queue: "MPU.NW".into(), ..request.clone() };
    assert_eq!(why(officer.queues.transfer_delivery(other).await), (Code::AlreadyExists, "REQUEST_ID_REUSED".into()));
    let header = offered.delivery.unwrap();
    assert!(header.state() == pb::DeliveryState::Leased && header.decide_due_time == taken.header.decide_due_time);
    let offer = header.transfer.clone().unwrap();
    assert!(offer.queue == "MPU.NE" && offer.accepted_time.is_none() && offer.by.ends_with(MPU));
    assert!(offer.answer_due_time.unwrap().seconds <= taken.header.decide_due_time.unwrap().seconds);
    assert_eq!(why(officer.queues.transfer_delivery(offering(&taken, "MPU.NW")).await).1, "OFFERED_ALREADY");
    // The sender sees it at the unit that has it, and the supervisors of both see it.
    let mut council = house.person(LEWISHAM).await;
    assert_eq!(at(&mut council, &referral, "MPU.SE").await.unwrap().transfer.unwrap().queue, "MPU.NE");
    assert!(at(&mut council, &referral, "MPU.NE").await.is_none(), "no destination yet");
    let (mut here, mut there) = (house.person(SUPERVISOR).await, house.person(SUPERVISOR_NE).await);
    let held = pb::ListHeldRequest { queue: "MPU.SE".into(), ..Default::default() };
    let held = here.queues.list_held(held).await.unwrap().into_inner().deliveries.remove(0);
    assert!(held.delivery.unwrap().transfer.unwrap() == offer);
    let waiting = there.deliveries("MPU.NE").await.unwrap().remove(0);
    assert!(waiting.delivery_id == offer.delivery_id && waiting.offered.unwrap().queue == "MPU.SE");

    let mut newham = house.person(MPU_NE).await;
    let got = newham.pull("MPU.NE").await.unwrap().remove(0);
    assert_eq!(why(newham.complete(&got, "recorded").await), (Code::FailedPrecondition, "ANSWER_FIRST".into()));
    let opened = newham.open(&got, (pb::Part::B, 1), "").await.unwrap();
    let said: String = opened.view.unwrap().fields.iter().map(|field| field.value.clone()).collect();
    assert!(said.contains("Marcus Dray") && !said.contains("Ella"), "as police read it: {said}");
    let step = &opened.history[0];
    assert_eq!((step.kind.as_str(), step.code.as_str(), step.note.as_str()), ("OFFERED", "MPU.SE", REASON));
    house.later(SignedDuration::from_mins(5));
    house.reopen().await;
    house.grant(&grants());
    let (mut officer, mut newham, mut council) =
        (house.person(MPU).await, house.person(MPU_NE).await, house.person(LEWISHAM).await);
    let answer = answering(&got, pb::TransferDecision::Accept, "She lives here now.");
    let accepted = newham.queues.answer_transfer(answer.clone()).await.unwrap().into_inner();
    assert!(newham.queues.answer_transfer(answer).await.unwrap().into_inner() == accepted, "once");
    assert!(officer.queues.transfer_delivery(request).await.unwrap().into_inner().delivery.unwrap() == header);
    assert_eq!(why(officer.complete(&taken, "recorded").await).1, "LEASE_LOST");
    let header = accepted.delivery.unwrap();
    assert!(header.state() == pb::DeliveryState::Leased && header.decide_due_time == taken.header.decide_due_time);
    let gone = at(&mut council, &referral, "MPU.SE").await.unwrap();
    assert!(gone.state() == pb::DestinationState::Settled && gone.outcome == "sent to MPU.NE");
    assert!(at(&mut council, &referral, "MPU.NE").await.unwrap().opened_time.is_some());
    newham.complete(&got, "recorded").await.unwrap();
    let done = at(&mut council, &referral, "MPU.NE").await.unwrap();
    assert!(done.state() == pb::DestinationState::Settled && done.outcome == "recorded");
    let second = answering(&got, pb::TransferDecision::Refuse, "No.");
    assert_eq!(why(newham.queues.answer_transfer(second).await).1, "LEASE_LOST");

    let entries = house.ledger().await;
    let of = |action: &str| entries.iter().filter(|entry| entry.action == action).collect::<Vec<_>>();
    let (offers, answers) = (of("TRANSFER_OFFERED"), of("TRANSFER_ACCEPTED"));
    let ([offered], [answered]) = (offers.as_slice(), answers.as_slice()) else { panic!("one entry each") };
    assert!(offered.verb == Verb::Disclosure && offered.recipients[0].as_str() == "MPU.NE");
    assert!(answered.who.ends_with(MPU_NE) && answered.deliveries.len() == 2);
    assert!(!format!("{entries:?}").contains("Newham"));
}

#[tokio::test]
async fn what_is_refused_or_not_answered_comes_back_and_is_escalated() {
    let house = house().await;
    let (mut officer, taken, referral) = begun(&house).await;
    let mut newham = house.person(MPU_NE).await;
    officer.queues.transfer_delivery(offering(&taken, "MPU.NE")).await.unwrap();
    let got = newham.pull("MPU.NE").await.unwrap().remove(0);
    let no_reason = refusal(newham.queues.answer_transfer(answering(&got, pb::TransferDecision::Refuse, " ")).await);
    assert_eq!(no_reason.field_names(), ["reason"]);
    let refuse = answering(&got, pb::TransferDecision::Refuse, "She is back in Lewisham since Friday.");
    let refused = newham.queues.answer_transfer(refuse.clone()).await.unwrap().into_inner();
    assert!(newham.queues.answer_transfer(refuse).await.unwrap().into_inner() == refused, "once");
    assert!(refused.delivery.unwrap().state() == pb::DeliveryState::Declined);
    assert!(newham.deliveries("MPU.NE").await.unwrap().is_empty());
    let back = officer.open(&taken, (pb::Part::E, 0), "").await.unwrap().history;
    let kinds: Vec<&str> = back.iter().map(|step| step.kind.as_str()).collect();
    assert_eq!(kinds, ["TRANSFER_OFFERED", "TRANSFER_REFUSED", "ESCALATED"]);
    assert_eq!((back[1].note.as_str(), back[1].code.as_str()), ("She is back in Lewisham since Friday.", "MPU.NE"));
    let mut council = house.person(LEWISHAM).await;
    let seen = at(&mut council, &referral, "MPU.SE").await.unwrap();
    assert_eq!((seen.class.as_str(), seen.escalations[0].to.as_str()), ("P0", "queue_supervisor"));
    assert!(seen.transfer.is_none() && at(&mut council, &referral, "MPU.NE").await.is_none());

    // Offered again, to another force, and nobody answers.
    let again = officer.queues.transfer_delivery(offering(&taken, "FORCE.E23000032")).await.unwrap().into_inner();
    let due = again.delivery.unwrap().transfer.unwrap().answer_due_time.unwrap().seconds;
    let mut kent = house.person(KENT).await;
    let got = kent.pull("FORCE.E23000032").await.unwrap().remove(0);
    house.later(SignedDuration::from_secs(due - house.clock_seconds()));
    house.caretake().await;
    assert!(!kent.deliveries("FORCE.E23000032").await.unwrap().is_empty(), "in its last moment it can be answered");
    house.later(SignedDuration::from_secs(1));
    house.caretake().await;
    house.caretake().await;
    assert!(kent.deliveries("FORCE.E23000032").await.unwrap().is_empty());
    let late = kent.queues.answer_transfer(answering(&got, pb::TransferDecision::Accept, "")).await;
    assert_eq!(why(late), (Code::FailedPrecondition, "LEASE_LOST".into()));
    let seen = at(&mut council, &referral, "MPU.SE").await.unwrap();
    assert_eq!(seen.escalations.len(), 2, "by the offer that lapsed, once");
    let entries = house.ledger().await;
    assert_eq!(entries.iter().filter(|entry| entry.action == "TRANSFER_LAPSED" && entry.who.is_empty()).count(), 1);
    // It is where it was.
    let again = house.person(MPU_TOO).await.pull("MPU.SE").await.unwrap().remove(0);
    assert_eq!(again.id, taken.id);
}

#[tokio::test]
async fn it_goes_nowhere_where_it_may_not_or_could_not_be_read() {
    let house = house().await;
    // MPU.NE is accused.
    house.person(LEWISHAM).await.submit(about("met/NE/mpu_officer/p900", "MPU.NE")).await.unwrap();
    let (mut officer, mut desk) = (house.person(MPU).await, house.person(REFDESK).await);
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    assert_eq!(why(officer.queues.transfer_delivery(offering(&taken, "MPU.NW")).await).1, "OPEN_FIRST");
    officer.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    let mut words = Vec::new();
    // The unit of the accused, one that does not exist, its own, HOLD, and a council's: all alike.
    for to in ["MPU.NE", "MPU.ZZ", "MPU.SE", "HOLD.human", "MASH.E09000023"] {
        let refused = refusal(officer.queues.transfer_delivery(offering(&taken, to)).await);
        assert_eq!((refused.code, refused.field_names()), (Code::InvalidArgument, vec!["to_queue"]), "{to}");
        words.push(refused.fields[0].1.clone());
    }
    words.dedup();
    assert_eq!(words.len(), 1, "nobody learns from it who is accused");
    let refused = refusal(officer.queues.transfer_delivery(offering(&taken, "REFDESK.SE")).await);
    assert_eq!(refused.reason, "THERE_ALREADY", "{}", refused.status.message());
    let wrong = pb::TransferDeliveryRequest { request_id: "x".into(), reason: " ".into(), ..offering(&taken, "x") };
    let refused = refusal(officer.queues.transfer_delivery(wrong).await);
    assert_eq!(refused.field_names(), ["request_id", "to_queue", "reason"]);
    assert_eq!(refusal(desk.queues.transfer_delivery(offering(&taken, "MPU.NW")).await).code, Code::NotFound);
    // A Referral Desk reads part C, an MPU does not: nothing is made, and nothing is lost on the way.
    let at_desk = desk.pull("REFDESK.SE").await.unwrap();
    let carries = |one: &&Taken| one.header.openable.iter().any(|unit| unit.part() == pb::Part::C);
    let at_desk = at_desk.iter().find(carries).unwrap();
    desk.open(at_desk, (pb::Part::C, 0), "").await.unwrap();
    let refused = why(desk.queues.transfer_delivery(offering(at_desk, "MPU.NW")).await);
    assert_eq!(refused, (Code::FailedPrecondition, "NO_VIEW_FOR_QUEUE".into()));
    desk.queues.transfer_delivery(offering(at_desk, "REFDESK.NW")).await.unwrap();
    let said = answering(&taken, pb::TransferDecision::Accept, "");
    assert_eq!(why(officer.queues.answer_transfer(said).await).1, "NOTHING_OFFERED");
    let said = answering(&taken, pb::TransferDecision::Unspecified, "");
    assert_eq!(refusal(officer.queues.answer_transfer(said).await).field_names(), ["decision"]);
}

#[tokio::test]
async fn who_offered_it_or_supervises_takes_it_back_and_who_settles_it_ends_the_offer() {
    let house = house().await;
    let (mut officer, taken, referral) = begun(&house).await;
    let mut newham = house.person(MPU_NE).await;
    let back = || pb::TakeBackRequest { request_id: fresh(), delivery_id: taken.id.clone(), reason: "Not yet.".into() };
    for supervisor in [false, true] {
        officer.queues.transfer_delivery(offering(&taken, "MPU.NE")).await.unwrap();
        let got = newham.pull("MPU.NE").await.unwrap().remove(0);
        let mut who = house.person(if supervisor { SUPERVISOR } else { MPU }).await;
        let header = who.queues.take_back(back()).await.unwrap().into_inner().delivery.unwrap();
        assert!(header.state() == pb::DeliveryState::Leased && header.transfer.is_none());
        let late = newham.queues.answer_transfer(answering(&got, pb::TransferDecision::Accept, "")).await;
        assert_eq!(why(late).1, "LEASE_LOST");
    }
    officer.queues.transfer_delivery(offering(&taken, "MPU.NE")).await.unwrap();
    officer.complete(&taken, "recorded").await.unwrap();
    assert!(newham.deliveries("MPU.NE").await.unwrap().is_empty());
    let mut council = house.person(LEWISHAM).await;
    assert_eq!(at(&mut council, &referral, "MPU.SE").await.unwrap().outcome, "recorded");
}
