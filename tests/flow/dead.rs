//! The dead-letter side: what cannot be worked on is in nobody's way, is seen by its supervisor and its sender, and comes back
//! to the same queue with its id and history.

use homeward::{ledger::Verb, store::Round, wire::pb};
use jiff::SignedDuration;
use tonic::Code;

use crate::{
    house::{House, LEWISHAM, MPU, MPU_NE, RESOLVER, SUPERVISOR, narrative},
    person::{Person, Taken, fresh, refusal, submission, why},
};

/// An operator.
const OPERATOR: &str = "operator/key_custodian/k1";

const NOTE: &str = "Marlow Fennimore: the page is torn.";

fn rejection(taken: &Taken, reason: &str) -> pb::RejectDeliveryRequest {
    pb::RejectDeliveryRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        reason_code: reason.into(),
        note: NOTE.into(),
    }
}

fn replaying(delivery: &str) -> pb::ReplayDeadLetterRequest {
    pb::ReplayDeadLetterRequest {
        request_id: fresh(),
        delivery_id: delivery.into(),
        reason: "It was sent anew.".into(),
    }
}

async fn dead(person: &mut Person, queue: &str) -> Vec<pb::Delivery> {
    let asked = pb::ListDeliveriesRequest { queue: queue.into(), dead_letters: true, ..Default::default() };
    person.queues.list_deliveries(asked).await.unwrap().into_inner().deliveries
}

/// The alarms that they see.
async fn alarms(person: &mut Person) -> Vec<String> {
    person.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap().into_inner().alarms
}

async fn counts(person: &mut Person) -> (u32, u32, u32) {
    let queues = person.queues.list_queues(pb::ListQueuesRequest::default()).await.unwrap().into_inner().queues;
    let queue = queues.into_iter().find(|found| found.queue == "MPU.SE").unwrap();
    (queue.waiting_count, queue.leased_count, queue.dead_letter_count)
}

fn only(mut letters: Vec<pb::Delivery>) -> pb::Delivery {
    assert_eq!(letters.len(), 1);
    letters.remove(0)
}

/// Two referrals; the officer holds one delivery of the first at MPU.SE.
async fn two(house: &House) -> (Person, Person, Taken, String) {
    let mut council = house.person(LEWISHAM).await;
    let first = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let mut officer = house.person(MPU).await;
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    house.later(SignedDuration::from_secs(1));
    council.submit(submission(&narrative(1))).await.unwrap();
    (council, officer, taken, first)
}

#[tokio::test]
async fn a_rejected_delivery_lies_aside_is_told_to_the_sender_and_comes_back_with_its_history() {
    let mut house = House::open().await;
    let (_, mut officer, taken, referral) = two(&house).await;
    for code in ["", "ATTEMPT_LIMIT", "duplicate", "I do not like it"] {
        let refused = refusal(officer.queues.reject_delivery(rejection(&taken, code)).await);
        assert_eq!((refused.code, refused.field_names()), (Code::InvalidArgument, vec!["reason_code"]), "{code}");
    }
    let request = rejection(&taken, "UNREADABLE");
    let rejected = officer.queues.reject_delivery(request.clone()).await.unwrap().into_inner();
    assert_eq!(rejected.sender_wording, "not taken up: it could not be read; it lies with the unit's supervisor");
    let header = rejected.delivery.clone().unwrap();
    assert!(header.state() == pb::DeliveryState::DeadLetter && header.settled_time.is_none());
    assert!(
        officer.queues.reject_delivery(request.clone()).await.unwrap().into_inner() == rejected,
        "the first answer"
    );
    let other = pb::RejectDeliveryRequest { reason_code: "DUPLICATE".into(), ..request };
    assert_eq!(why(officer.queues.reject_delivery(other).await), (Code::AlreadyExists, "REQUEST_ID_REUSED".into()));
    assert_eq!(why(officer.complete(&taken, "recorded").await).1, "LEASE_LOST");

    // Its neighbour is taken as ever; the dead one is not, not after any time.
    house.later(SignedDuration::from_hours(48));
    house.reopen().await;
    let (mut officer, mut supervisor) = (house.person(MPU).await, house.person(SUPERVISOR).await);
    let next = officer.pull("MPU.SE").await.unwrap();
    assert!(next.len() == 1 && next[0].id != taken.id);
    assert_eq!(counts(&mut supervisor).await, (0, 1, 1));
    let letter = only(dead(&mut supervisor, "MPU.SE").await);
    assert!(letter.delivery_id == taken.id && !letter.overdue, "a rejection decides");
    let [step] = letter.history.as_slice() else { panic!("one step") };
    assert_eq!((step.kind.as_str(), step.code.as_str(), step.note.as_str()), ("REJECTED", "UNREADABLE", ""));
    assert!(step.by.ends_with(MPU));

    // The sender sees it, in its own words, and hears it in its stream.
    let mut council = house.person(LEWISHAM).await;
    let seen = council.referral(&referral).await.unwrap();
    let told = seen.destinations.iter().find(|found| found.delivery_id == taken.id).unwrap();
    assert!(told.state() == pb::DestinationState::Rejected && told.outcome == rejected.sender_wording);

    // Only the supervisor of that queue sends it back, and only once.
    assert_eq!(why(officer.admin.replay_dead_letter(replaying(&taken.id)).await).1, "METHOD_NOT_GRANTED");
    let mut elsewhere = house.person(MPU_NE).await;
    assert_eq!(why(elsewhere.admin.replay_dead_letter(replaying(&taken.id)).await).1, "METHOD_NOT_GRANTED");
    let back = replaying(&taken.id);
    let replayed = supervisor.admin.replay_dead_letter(back.clone()).await.unwrap().into_inner();
    assert!(supervisor.admin.replay_dead_letter(back).await.unwrap().into_inner() == replayed, "the first answer");
    assert_eq!(why(supervisor.admin.replay_dead_letter(replaying(&taken.id)).await).1, "WRONG_STATE");
    let again = officer.pull("MPU.SE").await.unwrap().remove(0);
    assert_eq!((again.id.as_str(), again.header.acquired_count, again.header.failed_count), (taken.id.as_str(), 2, 0));
    let unit = again.header.openable[0];
    let opened = officer.open(&again, (unit.part(), unit.item), "").await.unwrap();
    let notes: Vec<_> = opened.history.iter().map(|step| (step.kind.as_str(), step.note.as_str())).collect();
    assert_eq!(notes, [("REJECTED", NOTE), ("REPLAYED", "It was sent anew.")]);
    officer.complete(&again, "recorded").await.unwrap();

    let entries = house.ledger().await;
    let of = |action: &str| entries.iter().filter(|entry| entry.action == action).collect::<Vec<_>>();
    let (rejections, replays) = (of("REJECT"), of("REPLAY_DEAD_LETTER"));
    let ([rejecting], [replaying]) = (rejections.as_slice(), replays.as_slice()) else { panic!("one entry each") };
    assert_eq!(
        (rejecting.verb, rejecting.details.as_slice()),
        (Verb::Alteration, ["reason=UNREADABLE".into()].as_slice())
    );
    assert!(rejecting.who.ends_with(MPU) && replaying.who.ends_with(SUPERVISOR));
    assert!(!format!("{entries:?}").contains("torn") && !format!("{entries:?}").contains("anew"));
}

/// What must reach a person does so again: nobody was told of it while it lay aside.
#[tokio::test]
async fn somebody_is_told_again_of_what_is_sent_back() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    // Late, and escalated: it is of class P0 by then, and a person is to be reached.
    house.later(SignedDuration::from_hours(24));
    house.caretake().await;
    let outbox = || house.store().outbox().borrow().waiting;
    let mut officer = house.person(MPU).await;
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    let before = outbox();
    officer.queues.reject_delivery(rejection(&taken, "UNREADABLE")).await.unwrap();
    let aside = outbox();
    assert!(aside < before, "{aside} of {before}: of what lies aside nobody is told");
    house.person(SUPERVISOR).await.admin.replay_dead_letter(replaying(&taken.id)).await.unwrap();
    assert_eq!(outbox(), aside + 1, "a page for it waits again");
    // Found by the simulation: for being late, and not as if it were new.
    let everything = Round { on_its_way: Vec::new(), of_a_queue: 100, limit: 100 };
    let now = jiff::Timestamp::from_second(house.clock_seconds()).unwrap();
    let due = house.store().pages(now, everything).await.unwrap();
    let newest = due.iter().filter(|page| page.queue.as_str() == "MPU.SE").max_by_key(|page| page.since);
    assert_eq!(newest.unwrap().why, "R25", "{due:?}");
    let again = officer.pull("MPU.SE").await.unwrap().remove(0);
    assert_eq!(again.id, taken.id);
    let unit = again.header.openable[0];
    officer.open(&again, (unit.part(), unit.item), "").await.unwrap();
    assert_eq!(outbox(), aside, "somebody reads it");
}

/// However long its history is: else it would lie aside for ever, settled by nobody and never erased.
#[tokio::test]
async fn what_lies_aside_can_always_be_sent_back() {
    let house = House::open().await;
    let (_, mut officer, mut taken, _) = two(&house).await;
    let mut supervisor = house.person(SUPERVISOR).await;
    for turn in 0..40 {
        officer.queues.reject_delivery(rejection(&taken, "UNREADABLE")).await.map(|_| ()).unwrap_or_else(|status| {
            // Its history has no room for a rejection any longer; it can be settled all the same.
            assert!(turn > 20 && why::<()>(Err(status)).1 == "WRONG_STATE", "turn {turn}");
        });
        let sent = supervisor.admin.replay_dead_letter(replaying(&taken.id)).await;
        if sent.is_err() {
            break;
        }
        taken = officer.pull("MPU.SE").await.unwrap().into_iter().find(|one| one.id == taken.id).unwrap();
    }
    let unit = taken.header.openable[0];
    officer.open(&taken, (unit.part(), unit.item), "").await.unwrap();
    officer.complete(&taken, "recorded").await.unwrap();
}

#[tokio::test]
async fn a_queue_in_which_nobody_takes_up_what_waits_is_silent_and_its_supervisor_is_told() {
    let house = House::open().await;
    let (mut supervisor, mut other) = (house.person(SUPERVISOR).await, house.person(MPU_NE).await);
    let silent = async |who: &mut Person| alarms(who).await.into_iter().any(|name| name == "QUEUE_SILENT MPU.SE");
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    house.later(SignedDuration::from_mins(59));
    house.caretake().await;
    assert!(!silent(&mut supervisor).await);
    house.later(SignedDuration::from_mins(2));
    house.caretake().await;
    assert!(silent(&mut supervisor).await && !silent(&mut other).await);
    let taken = house.person(MPU).await.pull("MPU.SE").await.unwrap();
    house.caretake().await;
    assert!(!taken.is_empty() && !silent(&mut supervisor).await, "somebody is there");
}

#[tokio::test]
async fn at_the_limit_of_failed_attempts_it_goes_there_by_itself_and_handing_back_is_no_failure() {
    let house = House::open().await;
    let (mut council, mut officer, mut taken, referral) = two(&house).await;
    let mut supervisor = house.person(SUPERVISOR).await;
    for _ in 0..6 {
        let back = pb::ReleaseDeliveryRequest {
            request_id: fresh(),
            delivery_id: taken.id.clone(),
            lease_token: taken.token.clone(),
            reason: "Not now.".into(),
            delay: None,
        };
        officer.queues.release_delivery(back).await.unwrap();
        let all = officer.pull("MPU.SE").await.unwrap();
        taken = all.into_iter().find(|one| one.id == taken.id).unwrap();
    }
    for attempt in 1..=5 {
        house.later(SignedDuration::from_mins(13));
        house.caretake().await;
        let waits = officer.deliveries("MPU.SE").await.unwrap().into_iter().any(|one| one.delivery_id == taken.id);
        assert_eq!(waits, attempt < 5, "after {attempt} failures");
        // Only this one is taken, so that its neighbour never fails as often.
        let pull =
            pb::PullRequest { request_id: fresh(), queue: "MPU.SE".into(), max_deliveries: 1, ..Default::default() };
        let pulled = officer.queues.pull(pull).await.unwrap().into_inner().deliveries.remove(0);
        assert_eq!(Taken::of(pulled).id == taken.id, attempt < 5);
    }
    let letter = only(dead(&mut supervisor, "MPU.SE").await);
    assert_eq!((letter.delivery_id.as_str(), letter.failed_count), (taken.id.as_str(), 5));
    assert!(letter.acquired_count > 10 && letter.overdue, "nobody has decided it: its deadlines go on");
    assert_eq!((letter.history[0].code.as_str(), letter.history[0].by.as_str()), ("ATTEMPT_LIMIT", ""));
    let seen = council.referral(&referral).await.unwrap();
    let told = seen.destinations.iter().find(|found| found.delivery_id == taken.id).unwrap();
    assert!(told.outcome.contains("taken several times and not settled") && told.overdue, "{}", told.outcome);
    assert!(house.ledger().await.iter().any(|entry| entry.action == "ATTEMPT_LIMIT" && entry.who.is_empty()));

    // Sent back, it has all its attempts again.
    supervisor.admin.replay_dead_letter(replaying(&taken.id)).await.unwrap();
    officer.pull("MPU.SE").await.unwrap();
    house.later(SignedDuration::from_mins(13));
    house.caretake().await;
    assert!(dead(&mut supervisor, "MPU.SE").await.is_empty());
}

#[tokio::test]
async fn hold_has_a_dead_letter_side_too_and_its_supervisor_opens_nothing() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let (mut resolver, mut supervisor) = (house.person(RESOLVER).await, house.person(SUPERVISOR).await);
    let taken = resolver.pull("HOLD.human").await.unwrap().remove(0);
    resolver.queues.reject_delivery(rejection(&taken, "CANNOT_BE_ACTED_ON")).await.unwrap();
    assert!(dead(&mut supervisor, "HOLD.human").await.iter().any(|letter| letter.delivery_id == taken.id));
    assert_eq!(why(supervisor.open(&taken, (pb::Part::B, 2), "").await).1, "METHOD_NOT_GRANTED");
    supervisor.admin.replay_dead_letter(replaying(&taken.id)).await.unwrap();
    let again = resolver.pull("HOLD.human").await.unwrap();
    assert!(again.iter().any(|one| one.id == taken.id));
}

#[tokio::test]
async fn what_lies_aside_rings_its_supervisor_and_the_operator_until_it_is_sent_back() {
    let house = House::open().await;
    let (_, mut officer, taken, _) = two(&house).await;
    let (mut supervisor, mut operator) = (house.person(SUPERVISOR).await, house.person(OPERATOR).await);
    house.caretake().await;
    assert!(alarms(&mut supervisor).await.is_empty() && alarms(&mut operator).await.is_empty());
    officer.queues.reject_delivery(rejection(&taken, "UNREADABLE")).await.unwrap();
    house.caretake().await;
    for somebody in [&mut supervisor, &mut operator] {
        assert_eq!(alarms(somebody).await, ["DEAD_LETTERS MPU.SE"]);
    }
    for other in [MPU, MPU_NE, LEWISHAM] {
        assert!(alarms(&mut house.person(other).await).await.is_empty(), "{other}");
    }
    supervisor.admin.replay_dead_letter(replaying(&taken.id)).await.unwrap();
    house.caretake().await;
    assert!(alarms(&mut supervisor).await.is_empty() && alarms(&mut operator).await.is_empty());
}
