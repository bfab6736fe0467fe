//! The carer copy goes to a carer by a recorded act of the lead practitioner, or not at all.

use homeward::{ledger::Verb, wire::pb};
use jiff::SignedDuration;
use tonic::Code;

use crate::{
    accused_since::correct,
    house::{House, INTELLIGENCE, LEAD, LEWISHAM, MASH, MPU, narrative},
    person::{Person, Taken, bytes, fresh, queue, refusal, submission, why},
};

const REASON: &str = "Zephyr: her mother asked, and she agreed to it.";
const MARKING: &str = "OFFICIAL-SENSITIVE - PERSONAL DATA - RECIPIENTS ONLY";

/// The first narrative, proposed for the carer, with one more change.
async fn submitted(house: &House, change: impl FnOnce(&mut pb::Submission)) -> String {
    let mut sent = submission(&narrative(1));
    sent.answers.as_mut().unwrap().tell_carer = pb::TellCarer::RedactedCopy.into();
    change(&mut sent);
    house.person(LEWISHAM).await.submit(sent).await.unwrap().referral_id
}

async fn taken(person: &mut Person, queue: &str, of: &str) -> Taken {
    let taken = person.pull(queue).await.unwrap();
    taken.into_iter().find(|taken| taken.header.referral_id == of).unwrap()
}

fn release(taken: &Taken) -> pb::ReleaseCarerCopyRequest {
    pb::ReleaseCarerCopyRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        reason: REASON.into(),
        against_proposal: false,
    }
}

#[tokio::test]
async fn the_lead_practitioner_releases_the_copy_and_the_ledger_has_a_disclosure() {
    let house = House::open().await;
    let id = submitted(&house, |_| {}).await;
    let mut lead = house.person(LEAD).await;
    let held = taken(&mut lead, "MASH.E09000023", &id).await;
    let before = house.ledger_size().await;
    let released = lead.queues.release_carer_copy(release(&held)).await.unwrap().into_inner();
    assert_eq!((released.marking_top.as_str(), released.marking_bottom.as_str()), (MARKING, MARKING));
    let copy = released.copy.unwrap();
    assert_eq!((copy.part.as_str(), copy.item), ("CARER", 0));
    assert!(copy.fields.iter().any(|field| field.name == "interview.outcome"));
    for field in &copy.fields {
        for never in ["Dray", "Marcus", "vodka", "photo", "underwear", "Jas"] {
            assert!(!field.value.contains(never), "{never}: {}", field.value);
        }
    }
    assert!(released.delivery.unwrap().opened_time.is_some(), "content was read: it is acknowledged");
    let entries = house.ledger().await.split_off(usize::try_from(before).unwrap());
    let [entry] = entries.as_slice() else { panic!("one entry: {entries:?}") };
    assert_eq!((entry.verb, entry.action.as_str()), (Verb::Disclosure, "RELEASE_CARER_COPY"));
    assert!(entry.who.ends_with(LEAD));
    assert_eq!(entry.record.map(|record| record.to_string()), Some(id));
    assert_eq!(entry.deliveries.iter().map(ToString::to_string).collect::<Vec<_>>(), [held.id]);
    let [unit, proposed, reason] = entry.details.as_slice() else { panic!("{:?}", entry.details) };
    assert_eq!((unit.as_str(), proposed.as_str()), ("unit=CARER/carer", "carer_copy=proposed"));
    let sealed = hex::decode(reason.strip_prefix("sealed_reason=").unwrap()).unwrap();
    assert!(sealed.len() > REASON.len() && !sealed.windows(6).any(|window| window == b"Zephyr"));
}

#[tokio::test]
async fn nobody_but_the_lead_practitioner_releases_and_only_under_a_live_lease() {
    let house = House::open().await;
    let id = submitted(&house, |_| {}).await;
    let mut lead = house.person(LEAD).await;
    let held = taken(&mut lead, "MASH.E09000023", &id).await;
    let before = house.ledger_size().await;
    for person in [LEWISHAM, MASH, MPU, INTELLIGENCE] {
        let refused = why(house.person(person).await.call(&queue("ReleaseCarerCopy"), bytes(&release(&held))).await);
        assert_eq!(refused, (Code::PermissionDenied, "METHOD_NOT_GRANTED".to_owned()), "{person}");
    }
    let refused = refusal(lead.queues.release_carer_copy(pb::ReleaseCarerCopyRequest::default()).await);
    assert_eq!(refused.code, Code::InvalidArgument);
    assert_eq!(refused.field_names(), ["request_id", "delivery_id", "lease_token", "reason"]);
    let mut elsewhere = house.person("gss/E09000006/lead_practitioner/lp9").await;
    assert_eq!(why(elsewhere.queues.release_carer_copy(release(&held)).await).0, Code::PermissionDenied);
    let unknown = pb::ReleaseCarerCopyRequest { delivery_id: held.id.replace(&id, &fresh()), ..release(&held) };
    assert_eq!(why(lead.queues.release_carer_copy(unknown).await).0, Code::NotFound);
    let lost = (Code::FailedPrecondition, "LEASE_LOST".to_owned());
    let stale = pb::ReleaseCarerCopyRequest { lease_token: "0".repeat(32), ..release(&held) };
    assert_eq!(why(lead.queues.release_carer_copy(stale).await), lost);
    house.later(SignedDuration::from_mins(11));
    assert_eq!(why(lead.queues.release_carer_copy(release(&held)).await), lost);
    let disclosed = house.ledger().await.split_off(usize::try_from(before).unwrap());
    assert!(disclosed.iter().all(|entry| entry.verb != Verb::Disclosure), "{disclosed:?}");
}

#[tokio::test]
async fn where_a_word_home_may_be_a_danger_nothing_is_released() {
    let house = House::open().await;
    let mut lead = house.person(LEAD).await;
    let suppressed = (Code::FailedPrecondition, "CARER_COPY_SUPPRESSED".to_owned());
    let at_home = |sent: &mut pb::Submission| {
        sent.answers.as_mut().unwrap().harm_source_at_home = pb::YesNo::Yes.into();
    };
    let honour = |sent: &mut pb::Submission| {
        sent.answers.as_mut().unwrap().codes.push(pb::HarmCode::Hba.into());
    };
    let changes: [fn(&mut pb::Submission); 2] = [at_home, honour];
    for (flag, change) in ["safe_contact_no", "no_family_contact"].into_iter().zip(changes) {
        let id = submitted(&house, change).await;
        let held = taken(&mut lead, "MASH.E09000023", &id).await;
        let before = house.ledger_size().await;
        for against_proposal in [false, true] {
            let asked = pb::ReleaseCarerCopyRequest { against_proposal, ..release(&held) };
            assert_eq!(why(lead.queues.release_carer_copy(asked).await), suppressed, "{flag}");
        }
        let entries = house.ledger().await.split_off(usize::try_from(before).unwrap());
        assert!(entries.iter().all(|entry| entry.verb != Verb::Disclosure), "{flag}");
    }
}

#[tokio::test]
async fn against_the_senders_proposal_only_when_the_practitioner_says_so() {
    let house = House::open().await;
    let id = submitted(&house, |sent| sent.answers.as_mut().unwrap().tell_carer = 0).await;
    let mut lead = house.person(LEAD).await;
    let held = taken(&mut lead, "MASH.E09000023", &id).await;
    let refused = why(lead.queues.release_carer_copy(release(&held)).await);
    assert_eq!(refused, (Code::FailedPrecondition, "CARER_COPY_NOT_PROPOSED".to_owned()));
    let decided = pb::ReleaseCarerCopyRequest { against_proposal: true, ..release(&held) };
    lead.queues.release_carer_copy(decided).await.unwrap();
    let last = house.ledger().await.pop().unwrap();
    assert!(last.details.contains(&"carer_copy=not_proposed".to_owned()), "{:?}", last.details);
}

#[tokio::test]
async fn the_allocated_team_leads_where_the_case_is_open_and_no_duty_team_does() {
    let house = House::open().await;
    let open = |sent: &mut pb::Submission| {
        sent.answers.as_mut().unwrap().case = pb::CaseStatus::Open.into();
    };
    // At night, so that the duty team has a copy too.
    house.later(SignedDuration::from_hours(6));
    let id = submitted(&house, open).await;
    let mut lead = house.person(LEAD).await;
    let duty = taken(&mut lead, "EDT.E09000023", &id).await;
    let refused = why(lead.queues.release_carer_copy(release(&duty)).await);
    assert_eq!(refused, (Code::FailedPrecondition, "NOT_THE_LEAD_DELIVERY".to_owned()));
    let held = taken(&mut lead, "ALLOC.E09000023", &id).await;
    lead.queues.release_carer_copy(release(&held)).await.unwrap();
}

#[tokio::test]
async fn the_same_request_has_the_same_copy_and_no_second_entry() {
    let mut house = House::open().await;
    let id = submitted(&house, |_| {}).await;
    let mut lead = house.person(LEAD).await;
    let held = taken(&mut lead, "MASH.E09000023", &id).await;
    let request = release(&held);
    let first = lead.call(&queue("ReleaseCarerCopy"), bytes(&request)).await.unwrap();
    house.later(SignedDuration::from_hours(60));
    house.reopen().await;
    let before = house.ledger_size().await;
    let lead = house.person(LEAD).await;
    assert_eq!(lead.call(&queue("ReleaseCarerCopy"), bytes(&request)).await.unwrap(), first);
    assert_eq!(house.ledger_size().await, before);
    let other = pb::ReleaseCarerCopyRequest { reason: "Another.".into(), ..request };
    let reused = refusal(lead.call(&queue("ReleaseCarerCopy"), bytes(&other)).await);
    assert_eq!((reused.code, reused.reason.as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
}

#[tokio::test]
async fn what_was_corrected_goes_to_no_carer_where_its_correction_accuses_somebody() {
    let house = House::open().await;
    let id = submitted(&house, |_| {}).await;
    let mut lead = house.person(LEAD).await;
    let held = taken(&mut lead, "MASH.E09000023", &id).await;
    lead.queues.release_carer_copy(release(&held)).await.unwrap();
    // The carer herself, who has no certificate, and no queue.
    let mut draft = submission(&narrative(1));
    draft.persons.push(pb::Person {
        id: "carer".into(),
        name: "Maud Ferrow".into(),
        role: pb::PersonRole::Carer.into(),
        category: pb::DataSubjectCategory::Suspect.into(),
        ..Default::default()
    });
    draft.items[1].allegation = pb::YesNo::Yes.into();
    draft.items[1].who.push("carer".into());
    let second = correct(&mut house.person(LEWISHAM).await, &id, draft).await;
    assert!(second.flags.contains(&"exclude_accused".to_owned()));
    let refused = why(lead.queues.release_carer_copy(release(&held)).await);
    assert_eq!(refused, (Code::FailedPrecondition, "CARER_COPY_SUPPRESSED".to_owned()));
}
