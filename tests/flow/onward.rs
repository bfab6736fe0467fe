//! What was corrected or recalled, and is to go on: out of HOLD, to another unit, to a carer.

use homeward::{
    domain::{
        delivery::{DeliveryId, Header, Settled},
        queue::QueueId,
    },
    store::{Along, Held, Keep, Once, Settle},
    wire::pb::{self, Part},
};
use tonic::Code;

use crate::{
    house::{House, LEWISHAM, MASH, MPU, MPU_NE, RESOLVER, narrative},
    person::{Person, Taken, fresh, resolution, submission, why},
    retracting::{acknowledging, correct, correcting, plain, recalling},
};

/// Takes what is on HOLD, and opens the first unit of the first.
async fn read_on_hold(house: &House) -> (Person, Taken) {
    let mut resolver = house.person(RESOLVER).await;
    let held = resolver.pull("HOLD.human").await.unwrap().remove(0);
    let unit = held.header.openable[0];
    resolver.open(&held, (unit.part(), unit.item), "").await.unwrap();
    (resolver, held)
}

#[tokio::test]
async fn what_was_recalled_goes_nowhere_out_of_hold() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(plain()).await.unwrap().referral_id;
    let (mut resolver, held) = read_on_hold(&house).await;
    council.referrals.recall_referral(recalling(&referral)).await.unwrap();
    let resolved = resolver.queues.resolve_held(resolution(&held, "MASH.E09000023")).await;
    assert_eq!(why(resolved).1, "RECALLED");
    let there = house.person(MASH).await.deliveries("MASH.E09000023").await.unwrap();
    assert!(there.iter().all(|one| one.referral_id != referral), "the front door is given nothing of it");
}

/// Whoever has sent it on hears so again, whatever became of it since.
#[tokio::test]
async fn what_went_on_before_it_was_recalled_is_answered_as_the_first_time() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(plain()).await.unwrap().referral_id;
    let (mut resolver, held) = read_on_hold(&house).await;
    let request = resolution(&held, "MASH.E09000023");
    let first = resolver.queues.resolve_held(request.clone()).await.unwrap().into_inner();
    council.referrals.recall_referral(recalling(&referral)).await.unwrap();
    assert!(resolver.queues.resolve_held(request).await.unwrap().into_inner() == first);
}

fn offering(taken: &Taken) -> pb::TransferDeliveryRequest {
    pb::TransferDeliveryRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        to_queue: "MPU.NE".into(),
        reason: "She moved.".into(),
    }
}

fn accepting(taken: &Taken) -> pb::AnswerTransferRequest {
    pb::AnswerTransferRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        decision: pb::TransferDecision::Accept.into(),
        reason: String::new(),
    }
}

fn corrected(steps: &[pb::DeliveryStep]) -> Vec<&str> {
    steps.iter().filter(|step| step.kind == "CORRECTED").map(|step| step.code.as_str()).collect()
}

/// The referral itself at the MPU, opened.
async fn read_at_the_mpu(house: &House, referral: &str) -> (Person, Taken) {
    let mut officer = house.person(MPU).await;
    let all = officer.pull("MPU.SE").await.unwrap();
    let taken = all.into_iter().find(|one| one.header.referral_id == referral).unwrap();
    officer.open(&taken, (Part::E, 0), "").await.unwrap();
    (officer, taken)
}

#[tokio::test]
async fn what_was_corrected_stays_where_it_is_and_what_is_right_goes_on() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(plain()).await.unwrap().referral_id;
    let (mut officer, old) = read_at_the_mpu(&house, &referral).await;
    let (mut resolver, held) = read_on_hold(&house).await;
    let right = correct(&mut council, correcting(&referral, plain())).await.unwrap().referral_id;
    let refused = (Code::FailedPrecondition, "CORRECTED".to_owned());
    assert_eq!(why(officer.queues.transfer_delivery(offering(&old)).await), refused);
    assert_eq!(why(resolver.queues.resolve_held(resolution(&held, "MASH.E09000023")).await), refused);
    let (_, new) = read_at_the_mpu(&house, &right).await;
    officer.queues.transfer_delivery(offering(&new)).await.unwrap();
    let there = house.person(MPU_NE).await.deliveries("MPU.NE").await.unwrap();
    assert!(there.iter().all(|one| one.referral_id == right) && !there.is_empty());
    let instead = resolver.pull("HOLD.human").await.unwrap();
    let instead = instead.iter().find(|one| one.header.notice.is_none()).unwrap();
    resolver.queues.resolve_held(resolution(instead, "MASH.E09000023")).await.unwrap();
    // The old one is at an end where it was.
    officer.complete(&old, "recorded").await.unwrap();
}

/// Under the statutory duty a person may send the first on beside the second; whoever gets it is told.
#[tokio::test]
async fn what_goes_on_though_it_was_corrected_takes_its_mark_and_a_notice_along() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let notified = council.submit(submission(&narrative(1))).await.unwrap();
    assert!(notified.flags.contains(&"statutory_notification".to_owned()));
    let (mut officer, old) = read_at_the_mpu(&house, &notified.referral_id).await;
    let (mut resolver, held) = read_on_hold(&house).await;
    let right = correct(&mut council, correcting(&notified.referral_id, submission(&narrative(1)))).await.unwrap();
    let right = right.referral_id.as_str();
    officer.queues.transfer_delivery(offering(&old)).await.unwrap();
    let mut other = house.person(MPU_NE).await;
    let [got] =
        other.pull("MPU.NE").await.unwrap().try_into().unwrap_or_else(|_| panic!("it alone, and no notice yet"));
    assert_eq!(corrected(&got.header.history), [right], "before they take it over");
    let accepted = other.queues.answer_transfer(accepting(&got)).await.unwrap().into_inner().delivery.unwrap();
    assert_eq!(corrected(&accepted.history), [right]);
    let [notice] = other.pull("MPU.NE").await.unwrap().try_into().unwrap_or_else(|_| panic!("one notice"));
    let told = notice.header.notice.clone().unwrap();
    assert!(told.kind() == pb::RetractionKind::Corrected && told.successor_referral_id == right);
    let heard = other.queues.acknowledge_notice(acknowledging(&notice)).await.unwrap().into_inner().reason;
    assert!(heard.contains("another man") && !heard.contains("Fennimore"), "as police read it: {heard}");

    let sent = resolver.queues.resolve_held(resolution(&held, "MASH.E09000023")).await.unwrap().into_inner();
    let mut mash = house.person(MASH).await;
    let there = mash.pull("MASH.E09000023").await.unwrap();
    let made = there.iter().find(|one| sent.created_delivery_ids.contains(&one.id)).unwrap();
    assert_eq!(corrected(&made.header.history), [right]);
    let of = |one: &&Taken| one.header.notice.is_some() && one.header.referral_id == made.header.referral_id;
    let notices: Vec<&Taken> = there.iter().filter(of).collect();
    let [notice] = notices.as_slice() else { panic!("one notice") };
    let heard = mash.queues.acknowledge_notice(acknowledging(notice)).await.unwrap().into_inner().reason;
    assert!(heard.contains("another man"), "{heard}");
}

/// Takes what is on HOLD of the referral that was corrected, and opens nothing.
async fn taken_from_hold(house: &House) -> (Person, Taken) {
    let mut resolver = house.person(RESOLVER).await;
    let all = resolver.pull("HOLD.human").await.unwrap();
    let held = all.into_iter().find(|one| !corrected(&one.header.history).is_empty()).unwrap();
    assert!(held.header.notice.is_none(), "nobody there had read it");
    (resolver, held)
}

/// The front door's notice of a referral that it got out of HOLD.
async fn noticed(mash: &mut Person, referral: &str) -> Taken {
    let there = mash.pull("MASH.E09000023").await.unwrap();
    there.into_iter().find(|one| one.header.notice.is_some() && one.header.referral_id == referral).unwrap()
}

/// Nobody had read it on HOLD, so that nobody there was sent a notice: its mark says why, to them and to whom they send it.
#[tokio::test]
async fn what_nobody_had_read_on_hold_goes_on_with_why_it_was_corrected() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    correct(&mut council, correcting(&referral, submission(&narrative(1)))).await.unwrap();
    let (mut resolver, held) = taken_from_hold(&house).await;
    let unit = held.header.openable[0];
    let read = resolver.open(&held, (unit.part(), unit.item), "").await.unwrap();
    let why = &read.history.last().unwrap().note;
    assert!(why.contains("another man") && !why.contains("Fennimore"), "{why}");
    let sent = resolver.queues.resolve_held(resolution(&held, "MASH.E09000023")).await.unwrap().into_inner();
    let record = sent.created_delivery_ids[0].split('.').next().unwrap();
    let mut mash = house.person(MASH).await;
    let notice = noticed(&mut mash, record).await;
    let heard = mash.queues.acknowledge_notice(acknowledging(&notice)).await.unwrap().into_inner().reason;
    assert!(heard.contains("another man"), "{heard}");
}

/// It was corrected at the same moment: nothing was prepared for the queue. That is told otherwise than what was erased.
#[tokio::test]
async fn a_notice_whose_reason_was_sealed_for_nobody_there_does_not_say_that_it_was_erased() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let referral = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    correct(&mut council, correcting(&referral, submission(&narrative(1)))).await.unwrap();
    let (_, held) = taken_from_hold(&house).await;
    let id = DeliveryId::parse(&held.id).unwrap();
    let found = house.store().delivery(id).await.unwrap().unwrap();
    let mut entry = house.ledger().await.pop().unwrap();
    (entry.record, entry.deliveries) = (Some(id.record), vec![id]);
    let of_hold = Held {
        delivery: id,
        queue: found.header.queue.clone(),
        holder: found.lease.as_ref().unwrap().holder.clone(),
        token: held.token.clone(),
        now: found.lease.as_ref().unwrap().since,
        kept_from: None,
        retractions: None,
    };
    let caller = of_hold.holder.clone();
    let request = fresh().parse().unwrap();
    let once = Once { caller, method: "ResolveHeld", request, digest: [1; 32], keep: Keep::WithRecord };
    let settled = Settled {
        at: of_hold.now,
        by: of_hold.holder.clone(),
        outcome: "MASH.E09000023".into(),
        reason: None,
        release_detail: false,
        note: Vec::new(),
    };
    let header = Header { queue: QueueId::parse("MASH.E09000023").unwrap(), held: None, ..found.header };
    house.store().settle(once, of_hold, Settle::Resolve(settled, vec![header], Along::default()), entry).await.unwrap();
    let mut mash = house.person(MASH).await;
    let notice = noticed(&mut mash, &id.record.to_string()).await;
    let heard = mash.queues.acknowledge_notice(acknowledging(&notice)).await.unwrap().into_inner().reason;
    assert_eq!(heard, "[WITHHELD]");
}
