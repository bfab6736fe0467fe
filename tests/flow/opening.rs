//! Who opens what: the queue's units by its officers, the source side by police intelligence with a reason, the carer
//! copy by the lead practitioner.

use homeward::{
    ledger::Verb,
    wire::pb::{self, Part},
};
use tonic::{Code, Status};

use crate::{
    house::{House, INTELLIGENCE, LEAD, LEWISHAM, MASH, MPU, MPU_NE, REFDESK, RESOLVER, narrative},
    person::{Person, Taken, completion, fresh, refusal, submission, why},
};

async fn submitted(house: &House) -> String {
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap().referral_id
}

async fn taken(person: &mut Person, queue: &str, of: &str) -> Taken {
    let taken = person.pull(queue).await.unwrap();
    taken.into_iter().find(|taken| taken.header.referral_id == of).unwrap()
}

fn openable(taken: &Taken) -> Vec<&'static str> {
    let mut parts: Vec<_> = taken.header.openable.iter().map(|unit| unit.part().as_str_name()).collect();
    parts.dedup();
    parts
}

#[tokio::test]
async fn an_officer_opens_what_the_queue_opens_and_nothing_else() {
    let house = House::open().await;
    let id = submitted(&house).await;
    let mut officer = house.person(MPU).await;
    let taken = taken(&mut officer, "MPU.SE", &id).await;
    assert!(openable(&taken).iter().all(|part| matches!(*part, "PART_E" | "PART_B")), "{:?}", openable(&taken));
    for unit in &taken.header.openable {
        officer.open(&taken, (unit.part(), unit.item), "").await.unwrap();
    }
    for (part, item) in [(Part::C, 0), (Part::A, 1), (Part::O, 0), (Part::Carer, 0), (Part::Withheld, 1), (Part::B, 9)]
    {
        let code = refusal(officer.open(&taken, (part, item), "I would like to.").await).code;
        assert!(matches!(code, Code::NotFound | Code::PermissionDenied), "{} {item}: {code:?}", part.as_str_name());
    }
    let card = officer.read(&taken, (Part::E, 0), "").await.unwrap();
    assert!(
        card.contains("clock.carried_out: in_time, 26 hours after the return, due by 2026-11-22T12:00:00Z"),
        "{card}"
    );
    let unstated = refusal(officer.open(&taken, (Part::Unspecified, 0), "").await);
    assert_eq!((unstated.code, unstated.field_names()), (Code::InvalidArgument, vec!["part"]));
}

#[tokio::test]
async fn police_intelligence_opens_provenance_and_the_original_with_a_reason_and_not_without() {
    let house = House::open().await;
    let id = submitted(&house).await;
    let mut officer = house.person(INTELLIGENCE).await;
    let taken = taken(&mut officer, "MPU.SE", &id).await;
    assert!(openable(&taken).contains(&"PART_A") && openable(&taken).contains(&"PART_O"), "{:?}", openable(&taken));
    for unit in [(Part::A, 2), (Part::O, 0)] {
        for reason in ["", " \n"] {
            let refused = refusal(officer.open(&taken, unit, reason).await);
            assert_eq!(
                (refused.code, refused.field_names()),
                (Code::InvalidArgument, vec!["reason"]),
                "{}",
                unit.0.as_str_name()
            );
        }
    }
    let before = house.ledger_size().await;
    let provenance = officer.read(&taken, (Part::A, 2), "Grading is to be confirmed.").await.unwrap();
    assert!(provenance.contains("TOLD_BY_OTHER") || provenance.to_lowercase().contains("told"), "{provenance}");
    let original = officer.read(&taken, (Part::O, 0), "Disclosure to the court.").await.unwrap();
    let hex = original.trim().rsplit(' ').next().unwrap();
    let sent = hex::decode(hex).unwrap();
    assert!(sent.windows(9).any(|window| window == b"Fennimore"), "the original is as it was received");
    let entries = house.ledger().await.split_off(usize::try_from(before).unwrap());
    assert_eq!(entries.len(), 2, "each opening is an entry");
    for (entry, unit) in entries.iter().zip(["unit=A[2]", "unit=O"]) {
        assert_eq!((entry.verb, entry.action.as_str()), (Verb::Consultation, "OPEN_PART"));
        assert!(entry.who.ends_with(INTELLIGENCE) && entry.details.contains(&unit.to_owned()), "{entry:?}");
        assert!(!format!("{entry:?}").contains("court"), "the reason is sealed");
    }
}

#[tokio::test]
async fn a_grant_that_names_units_opens_no_more() {
    let house = House::open().await;
    let id = submitted(&house).await;
    let mut officer = house.person("met/NE/police_intelligence/i2").await;
    let taken = taken(&mut officer, "MPU.SE", &id).await;
    assert_eq!(openable(&taken), ["PART_B"]);
    officer.open(&taken, (Part::B, 1), "").await.unwrap();
    for unit in [(Part::E, 0), (Part::A, 1), (Part::O, 0)] {
        let refused = refusal(officer.open(&taken, unit, "Stated.").await);
        assert_eq!(
            (refused.code, refused.reason.as_str()),
            (Code::PermissionDenied, "UNIT_NOT_GRANTED"),
            "{}",
            unit.0.as_str_name()
        );
    }
}

#[tokio::test]
async fn the_carer_copy_is_the_lead_practitioners() {
    let house = House::open().await;
    let id = submitted(&house).await;
    let mut mash = house.person(MASH).await;
    let held = taken(&mut mash, "MASH.E09000023", &id).await;
    assert!(!openable(&held).contains(&"PART_CARER"));
    let refused = refusal(mash.open(&held, (Part::Carer, 0), "She rang.").await);
    assert_eq!(refused.code, Code::PermissionDenied);
    let back = pb::ReleaseDeliveryRequest {
        request_id: fresh(),
        delivery_id: held.id,
        lease_token: held.token,
        reason: "For the lead practitioner.".into(),
        delay: None,
    };
    mash.queues.release_delivery(back).await.unwrap();
    let mut lead = house.person(LEAD).await;
    let held = taken(&mut lead, "MASH.E09000023", &id).await;
    assert!(openable(&held).contains(&"PART_CARER"), "{:?}", openable(&held));
    let unstated = refusal(lead.open(&held, (Part::Carer, 0), " ").await);
    assert_eq!((unstated.code, unstated.field_names()), (Code::InvalidArgument, vec!["reason"]));
    let copy = lead.read(&held, (Part::Carer, 0), "To decide on its release.").await.unwrap();
    for never in ["Dray", "Marcus", "vodka", "photo", "underwear", "Jas"] {
        assert!(!copy.contains(never), "{never}: {copy}");
    }
    // The lead practitioner of the council that sent it reads it as it was sent; not who told what.
    lead.open(&held, (Part::O, 0), "The family asks for the record.").await.unwrap();
    assert_eq!(refusal(lead.open(&held, (Part::A, 1), "Why not.").await).code, Code::PermissionDenied);
}

fn words(status: &Status) -> String {
    status.message().split(" (reference").next().unwrap().to_owned()
}

#[tokio::test]
async fn a_delivery_of_another_queue_and_one_that_never_was_look_alike() {
    let house = House::open().await;
    let id = submitted(&house).await;
    let (mut officer, mut other) = (house.person(MPU).await, house.person(MPU_NE).await);
    let foreign = taken(&mut officer, "MPU.SE", &id).await;
    let mut unknown = foreign.clone();
    unknown.id = foreign.id.replace(&id, &fresh());
    let mut found = Vec::new();
    for taken in [&foreign, &unknown] {
        let opened = refusal(other.open(taken, (Part::E, 0), "").await);
        let settled = refusal(other.queues.complete_delivery(completion(taken, "recorded")).await);
        found.push([(opened.code, words(&opened.status)), (settled.code, words(&settled.status))]);
    }
    assert_eq!(found[0], found[1]);
    assert!(found[0].iter().all(|(code, _)| *code == Code::NotFound), "{found:?}");
    let refused = why(other.deliveries("MPU.SE").await);
    assert_eq!(refused, (Code::PermissionDenied, "QUEUE_NOT_GRANTED".to_owned()));
    assert_eq!(why(other.pull("MPU.SE").await).0, Code::PermissionDenied);
    assert_eq!(why(officer.pull("HOLD.human").await).0, Code::PermissionDenied);
    let mut resolver = house.person(RESOLVER).await;
    assert_eq!(why(resolver.pull("MPU.SE").await).0, Code::PermissionDenied);
}

#[tokio::test]
async fn whoever_a_record_accuses_opens_nothing_of_it_and_learns_nothing() {
    let house = House::open().await;
    let accused = |identity: &str, queue: &str| pb::Person {
        id: "accused".into(),
        name: "Robin Example".into(),
        role: pb::PersonRole::Police.into(),
        category: pb::DataSubjectCategory::Suspect.into(),
        allegation: pb::YesNo::Yes.into(),
        identity: identity.into(),
        works_in_queue: queue.into(),
        ..Default::default()
    };
    let mut council = house.person(LEWISHAM).await;
    let mut against = submission(&narrative(1));
    against.persons.push(accused(&format!("homeward://pilot.example/{INTELLIGENCE}"), ""));
    let id = council.submit(against).await.unwrap().referral_id;
    let (mut officer, mut desk) = (house.person(INTELLIGENCE).await, house.person(REFDESK).await);
    for queue in ["REFDESK.SE", "MPU.SE"] {
        assert!(officer.pull(queue).await.unwrap().is_empty() && officer.deliveries(queue).await.unwrap().is_empty());
    }
    let colleague = taken(&mut desk, "REFDESK.SE", &id).await;
    for unit in [(Part::E, 0), (Part::B, 1), (Part::C, 0), (Part::A, 1), (Part::O, 0)] {
        let refused = why(officer.open(&colleague, unit, "I would like to know.").await);
        assert_eq!(refused, (Code::FailedPrecondition, "LEASE_LOST".to_owned()), "{}", unit.0.as_str_name());
    }
    desk.open(&colleague, (Part::E, 0), "").await.unwrap();

    let mut against = submission(&narrative(1));
    against.persons.push(accused("", "MPU.SE"));
    let receipt = council.submit(against).await.unwrap();
    let reached = |queue: &str| receipt.legs.iter().any(|leg| leg.queue == queue);
    assert!(!reached("MPU.SE") && reached("MASH.E09000023"), "the accused's own unit does not get it");
}
