//! R25: what nobody acknowledged or decided in time rises by one class and goes to the next person above, once each, and both
//! sides see it.

use homeward::{ledger::Verb, wire::pb};
use jiff::SignedDuration;

use crate::{
    house::{House, LEWISHAM, MASH, MPU, RESOLVER, narrative},
    person::{Person, submission},
};

const STEPS: [&str; 3] = ["queue_supervisor", "bcu_duty", "council_manager"];

fn escalations(header: &pb::Delivery) -> Vec<&str> {
    let escalated = header.history.iter().filter(|step| step.kind == "ESCALATED");
    escalated.map(|step| step.code.as_str()).collect()
}

async fn only(officer: &mut Person) -> pb::Delivery {
    let mut headers = officer.deliveries("MPU.SE").await.unwrap();
    assert_eq!(headers.len(), 1);
    headers.remove(0)
}

/// The MPU's destination of a referral as its sender sees it.
async fn destination(council: &mut Person, referral: &str) -> pb::Destination {
    let seen = council.referral(referral).await.unwrap();
    seen.destinations.into_iter().find(|found| found.queue == "MPU.SE").unwrap()
}

#[tokio::test]
async fn what_nobody_acknowledges_rises_step_by_step_and_both_sides_see_it() {
    let mut house = House::open().await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    let referral = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    // At the deadline it is not late, a moment after it is.
    house.later(SignedDuration::from_mins(60));
    house.caretake().await;
    let header = only(&mut officer).await;
    assert!(header.class == "P1" && !header.overdue && !header.page && escalations(&header).is_empty());
    house.later(SignedDuration::from_secs(1));
    house.caretake().await;
    house.caretake().await;
    let header = only(&mut officer).await;
    assert_eq!((header.class.as_str(), escalations(&header)), ("P0", STEPS[..1].to_vec()), "once");
    assert!(header.page && header.overdue, "what rose to P0 pages");

    // The next one is turned to when the time of a P0 is over, also after a restart, and nobody after the last.
    for (before, after) in [(1, 2), (2, 3), (3, 3)] {
        house.later(SignedDuration::from_mins(15));
        house.caretake().await;
        assert_eq!(escalations(&only(&mut officer).await), STEPS[..before], "not yet");
        house.reopen().await;
        (council, officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
        house.later(SignedDuration::from_secs(1));
        house.caretake().await;
        assert_eq!(escalations(&only(&mut officer).await), STEPS[..after]);
    }

    let seen = destination(&mut council, &referral).await;
    let told: Vec<_> = seen.escalations.iter().map(|step| step.to.as_str()).collect();
    assert!(told == STEPS && seen.class == "P0" && seen.overdue);
    let asked = pb::WatchReferralsRequest { resume_token: "0".into(), on_behalf_of: String::new() };
    let mut watch = council.referrals.watch_referrals(asked).await.unwrap().into_inner();
    let mut heard = 0;
    while heard < 3 {
        let message = watch.message().await.unwrap().unwrap();
        let here = message.destination.as_ref().is_some_and(|found| found.queue == "MPU.SE");
        heard += usize::from(here && message.event() == pb::ReferralEvent::Escalated);
    }
    let entries = house.ledger().await;
    let delivery = only(&mut officer).await.delivery_id;
    let written = entries
        .iter()
        .filter(|entry| entry.action == "ESCALATE" && entry.deliveries.iter().any(|id| id.to_string() == delivery));
    let details: Vec<_> = written.map(|entry| (entry.verb, entry.who.as_str(), entry.details.join(" "))).collect();
    let expected = STEPS.map(|to| (Verb::Administration, "", format!("rule=R25 to={to} class=P0")));
    assert_eq!(details, expected);
}

#[tokio::test]
async fn an_opened_delivery_is_late_again_only_at_its_second_deadline_and_a_settled_one_never() {
    let house = House::open().await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    let referral = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    let unit = taken.header.openable[0];
    officer.open(&taken, (unit.part(), unit.item), "").await.unwrap();
    house.later(SignedDuration::from_mins(61));
    house.caretake().await;
    assert!(escalations(&only(&mut officer).await).is_empty(), "it was acknowledged");
    house.later(SignedDuration::from_mins(3 * 60));
    house.caretake().await;
    let header = only(&mut officer).await;
    assert_eq!((header.class.as_str(), escalations(&header)), ("P0", STEPS[..1].to_vec()), "nobody decided");
    let again = officer.pull("MPU.SE").await.unwrap().remove(0);
    officer.complete(&again, "recorded").await.unwrap();
    house.later(SignedDuration::from_hours(48));
    house.caretake().await;
    let seen = destination(&mut council, &referral).await;
    assert!(seen.escalations.len() == 1 && !seen.overdue && seen.state() == pb::DestinationState::Settled);
}

#[tokio::test]
async fn what_rose_on_hold_stays_as_high_where_it_is_sent() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    house.later(SignedDuration::from_mins(61));
    house.caretake().await;
    let mut resolver = house.person(RESOLVER).await;
    let [held] = resolver.deliveries("HOLD.human").await.unwrap().try_into().ok().unwrap();
    assert_eq!((held.class.as_str(), escalations(&held)), ("P0", STEPS[..1].to_vec()));
    resolver.resolve_all("MASH.E09000023").await;
    let there = house.person(MASH).await.deliveries("MASH.E09000023").await.unwrap();
    let sent = there.iter().find(|found| found.received_time == held.received_time && found.history.is_empty());
    assert_eq!(sent.expect("what was sent on").class, "P0");
}
