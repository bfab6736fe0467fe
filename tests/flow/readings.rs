//! Read transparency: the sender sees who opened what, in which role and when; never a name, and nothing that would tip somebody off.

use homeward::{
    ledger::Verb,
    reference::FileSet,
    wire::pb::{self, Part},
};
use jiff::SignedDuration;

use crate::{
    accused::about,
    house::{House, INTELLIGENCE, LEWISHAM, MASH, MPU, MPU_TOO, REFDESK, RESOLVER, narrative},
    person::{Person, Taken, bytes, fresh, submission},
    policy::{change, shipped},
};

/// Unit, role, organisation and how often of every reading at a queue.
type Seen = (String, String, String, u32);

fn seen_at(referral: &pb::Referral, queue: &str) -> Vec<Seen> {
    let at = referral.destinations.iter().filter(|found| found.queue == queue);
    at.flat_map(|found| &found.readings).map(seen).collect()
}

fn seen(reading: &pb::Reading) -> Seen {
    let unit = reading.unit.unwrap();
    let unit = format!("{}{}", unit.part().as_str_name(), unit.item);
    (unit, reading.role.clone(), reading.organisation.clone(), reading.times)
}

fn reading(unit: &str, role: &str, organisation: &str, times: u32) -> Seen {
    (unit.to_owned(), role.to_owned(), organisation.to_owned(), times)
}

/// The first delivery of the referral itself that has content.
async fn taken(person: &mut Person, queue: &str) -> Taken {
    let all = person.pull(queue).await.unwrap();
    all.into_iter().find(|one| one.header.linked_from.is_empty() && !one.header.openable.is_empty()).unwrap()
}

async fn back(person: &mut Person, taken: &Taken) {
    let (delivery_id, lease_token) = (taken.id.clone(), taken.token.clone());
    let reason = "End of shift.".to_owned();
    let asked = pb::ReleaseDeliveryRequest { request_id: fresh(), delivery_id, lease_token, reason, delay: None };
    person.queues.release_delivery(asked).await.unwrap();
}

const OPENED: &str = "REFERRAL_EVENT_OPENED";

fn word(event: pb::ReferralEvent) -> &'static str {
    event.as_str_name()
}

/// Every event of READ or OPENED that a watch from the beginning tells, up to the first SETTLED.
async fn told(council: &mut Person) -> Vec<(&'static str, Option<Seen>)> {
    let asked = pb::WatchReferralsRequest { resume_token: "0".into(), on_behalf_of: String::new() };
    let mut stream = council.referrals.watch_referrals(asked).await.unwrap().into_inner();
    let mut told = Vec::new();
    loop {
        let next = tokio::time::timeout(std::time::Duration::from_secs(20), stream.message()).await;
        let next = next.expect("the watch fell silent").unwrap().unwrap();
        match next.event() {
            pb::ReferralEvent::Settled => return told,
            event @ (pb::ReferralEvent::Opened | pb::ReferralEvent::Read) => {
                told.push((word(event), next.reading.as_ref().map(seen)));
            }
            _ => assert!(next.reading.is_none()),
        }
    }
}

#[tokio::test]
async fn the_sender_sees_who_opened_what_in_which_role_and_when() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let id = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let mut officer = house.person(MPU).await;
    let at_mpu = taken(&mut officer, "MPU.SE").await;
    officer.open(&at_mpu, (Part::E, 0), "").await.unwrap();
    let later = house.later(SignedDuration::from_mins(2));
    officer.open(&at_mpu, (Part::E, 0), "").await.unwrap();
    officer.open(&at_mpu, (Part::B, 1), "").await.unwrap();
    back(&mut officer, &at_mpu).await;
    let mut other = house.person(MPU_TOO).await;
    let at_other = taken(&mut other, "MPU.SE").await;
    other.open(&at_other, (Part::E, 0), "").await.unwrap();
    let mut mash = house.person(MASH).await;
    let at_mash = taken(&mut mash, "MASH.E09000023").await;
    mash.open(&at_mash, (Part::C, 0), "").await.unwrap();
    let mut resolver = house.person(RESOLVER).await;
    let held = resolver.pull("HOLD.human").await.unwrap();
    let held = held.iter().find(|one| !one.header.openable.is_empty()).unwrap();
    let unit = held.header.openable[0];
    resolver.open(held, (unit.part(), unit.item), "").await.unwrap();

    let shown = council.referral(&id).await.unwrap();
    let at_queue = seen_at(&shown, "MPU.SE");
    let expected = [
        reading("PART_E0", "mpu_officer", "met/SE", 2),
        reading("PART_B1", "mpu_officer", "met/SE", 1),
        reading("PART_E0", "mpu_officer", "met/SE", 1),
    ];
    assert_eq!(at_queue, expected, "two officers, and neither has a name");
    let twice = shown.destinations.iter().find(|one| one.queue == "MPU.SE").unwrap().readings[0].clone();
    assert!(twice.first_time.unwrap().seconds < twice.last_time.unwrap().seconds);
    assert_eq!(twice.last_time.unwrap().seconds, later.as_second());
    assert_eq!(seen_at(&shown, "MASH.E09000023"), [reading("PART_C0", "mash_officer", "gss/E09000023", 1)]);
    let at_hold = seen_at(&shown, "HOLD.human");
    assert_eq!(
        (at_hold.len(), at_hold[0].1.as_str(), at_hold[0].2.as_str()),
        (1, "hold_resolver", ""),
        "the role alone"
    );
    let bytes = bytes(&shown);
    assert!(!bytes.windows(4).any(|four| four == b"p123"), "no name of an officer anywhere");

    other.complete(&at_other, "recorded").await.unwrap();
    let (opened, read) = (OPENED, word(pb::ReferralEvent::Read));
    let told = told(&mut council).await;
    let times = |seen: &Seen| (seen.0.clone(), seen.1.clone());
    let told: Vec<_> = told.iter().map(|(event, seen)| (*event, seen.as_ref().map(times))).collect();
    let some = |unit: &str, role: &str| Some((unit.to_owned(), role.to_owned()));
    let at_hold = some(&at_hold[0].0, "hold_resolver");
    assert_eq!(
        told,
        [
            (opened, some("PART_E0", "mpu_officer")),
            (read, some("PART_B1", "mpu_officer")),
            (read, some("PART_E0", "mpu_officer")),
            (opened, some("PART_C0", "mash_officer")),
            (opened, at_hold),
        ],
        "the second time that the same officer opens the same is told no more"
    );
}

#[tokio::test]
async fn where_no_more_readings_are_kept_the_sender_is_told_so() {
    const KEPT: usize = 250;
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let mut many = submission(&narrative(1));
    many.items = many.items.iter().cycle().take(50).cloned().collect();
    let id = council.submit(many).await.unwrap().referral_id;
    let mut intelligence = house.person(INTELLIGENCE).await;
    let hidden = taken(&mut intelligence, "REFDESK.SE").await;
    intelligence.open(&hidden, (Part::A, 1), "Grading is to be confirmed.").await.unwrap();
    let mut opened = 0;
    for number in 0..6 {
        let mut officer = house.person(&format!("met/SE/mpu_officer/p20{number}")).await;
        let at_mpu = taken(&mut officer, "MPU.SE").await;
        for unit in at_mpu.header.openable.clone() {
            officer.open(&at_mpu, (unit.part(), unit.item), "").await.unwrap();
            opened += 1;
        }
        back(&mut officer, &at_mpu).await;
        let shown = council.referral(&id).await.unwrap();
        let at = shown.destinations.iter().find(|one| one.queue == "MPU.SE").unwrap();
        // What is hidden takes no place of what is shown, or how many are listed would tell of it.
        assert_eq!((at.readings.len(), at.more_readings), (opened.min(KEPT), opened >= KEPT), "{opened} opened");
    }
    assert!(opened > KEPT, "{opened}");
}

#[tokio::test]
async fn what_would_tip_somebody_off_is_not_shown() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let id = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let mut intelligence = house.person(INTELLIGENCE).await;
    let at_desk = taken(&mut intelligence, "REFDESK.SE").await;
    for unit in [(Part::A, 1), (Part::O, 0), (Part::E, 0)] {
        intelligence.open(&at_desk, unit, "Grading is to be confirmed.").await.unwrap();
    }
    let shown = council.referral(&id).await.unwrap();
    assert!(shown.destinations.iter().all(|one| one.readings.is_empty()));
    let opened = shown.destinations.iter().find(|one| one.queue == "REFDESK.SE").unwrap();
    assert!(opened.opened_time.is_some(), "that it was acknowledged is no secret");
    intelligence.complete(&at_desk, "recorded").await.unwrap();
    assert_eq!(told(&mut council).await, [(OPENED, None)]);

    // With an allegation nothing is shown, whoever reads.
    let accusing = council.submit(about("met/NE/mpu_officer/p900", "")).await.unwrap().referral_id;
    let mut desk = house.person(REFDESK).await;
    let at_desk = taken(&mut desk, "REFDESK.SE").await;
    desk.open(&at_desk, (Part::E, 0), "").await.unwrap();
    let shown = council.referral(&accusing).await.unwrap();
    assert!(shown.destinations.iter().any(|one| one.opened_time.is_some()));
    assert!(shown.destinations.iter().all(|one| one.readings.is_empty()));
}

#[tokio::test]
async fn what_the_policy_does_not_show_is_not_told_either() {
    let mut house = House::open().await;
    let mut set = shipped();
    change(&mut set, "memory.toml", "MPU = \"unit\"", "MPU = \"none\"");
    house.goes_by(FileSet::gather(set).0, None);
    house.reopen().await;
    let mut council = house.person(LEWISHAM).await;
    let id = council.submit(submission(&narrative(1))).await.unwrap().referral_id;
    let mut officer = house.person(MPU).await;
    let at_mpu = taken(&mut officer, "MPU.SE").await;
    for unit in [(Part::E, 0), (Part::B, 1)] {
        officer.open(&at_mpu, unit, "").await.unwrap();
    }
    assert_eq!(seen_at(&council.referral(&id).await.unwrap(), "MPU.SE"), []);
    officer.complete(&at_mpu, "recorded").await.unwrap();
    assert_eq!(told(&mut council).await, [(OPENED, None)]);
}

#[tokio::test]
async fn the_ledger_says_of_every_step_of_an_officer_which_delivery_it_was_of() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let mut officer = house.person(MPU).await;
    let at_mpu = taken(&mut officer, "MPU.SE").await;
    let before = usize::try_from(house.ledger_size().await).unwrap();
    officer.open(&at_mpu, (Part::E, 0), "").await.unwrap();
    let (delivery_id, lease_token) = (at_mpu.id.clone(), at_mpu.token.clone());
    let extend = pb::ExtendLeaseRequest { request_id: fresh(), delivery_id, lease_token, lease_duration: None };
    officer.queues.extend_lease(extend).await.unwrap();
    back(&mut officer, &at_mpu).await;
    let at_mpu = taken(&mut officer, "MPU.SE").await;
    officer.complete(&at_mpu, "recorded").await.unwrap();
    let entries = house.ledger().await.split_off(before);
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["OPEN_PART", "EXTEND_LEASE", "RELEASE", "PULL", "COMPLETE"]);
    for entry in entries.iter().filter(|entry| entry.action != "PULL") {
        assert!(entry.deliveries.len() == 1 && entry.deliveries[0].to_string() == at_mpu.id);
        assert_eq!(entry.record, Some(entry.deliveries[0].record));
    }
    assert_eq!(entries[0].verb, Verb::Consultation);
}
