//! D08 for what few may decide: whom a correction accuses is refused as anybody who holds nothing of it, and has the first answer again
//! where anybody else would have.

use homeward::{ledger::Verb, wire::pb};
use tokio::{runtime::Handle, task::block_in_place};
use tonic::Code;

use crate::{
    accused::about,
    accused_since::correct,
    house::{House, INTELLIGENCE, LEAD, LEWISHAM, MPU, RESOLVER, SUPERVISOR, narrative},
    person::{Person, Refusal, Taken, fresh, refusal, submission, why},
};

/// Somebody of the missing persons unit who is never there.
const ELSEWHERE: &str = "met/SE/mpu_officer/p777";

/// The first narrative, proposed for the carer.
async fn submitted(council: &mut Person) -> String {
    let mut draft = submission(&narrative(1));
    draft.answers.as_mut().unwrap().tell_carer = pb::TellCarer::RedactedCopy.into();
    council.submit(draft).await.unwrap().referral_id
}

async fn taken(person: &mut Person, queue: &str, of: &str) -> Taken {
    let taken = person.pull(queue).await.unwrap();
    taken.into_iter().find(|taken| taken.header.referral_id == of).unwrap()
}

/// What is said, but for the reference.
fn said(refused: &Refusal) -> (Code, String, Vec<String>) {
    (refused.code, refused.reason.clone(), refused.field_names().into_iter().map(ToOwned::to_owned).collect())
}

fn grading(taken: &Taken) -> pb::ConfirmGradingRequest {
    pb::ConfirmGradingRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        item: 2,
        source: "2".into(),
        information: "B".into(),
        handling: "P".into(),
        reason: "Item three says the same.".into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn whoever_graded_an_item_and_is_accused_since_is_refused_as_who_never_held_it() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let id = submitted(&mut council).await;
    let (mut accused, mut other) =
        (house.person(INTELLIGENCE).await, house.person("met/SE/police_intelligence/i2").await);
    let held = taken(&mut accused, "MPU.SE", &id).await;
    let first = grading(&held);
    let graded = accused.queues.confirm_grading(first.clone()).await.unwrap().into_inner();
    correct(&mut council, &id, about(INTELLIGENCE, "")).await;
    assert!(accused.queues.confirm_grading(first).await.unwrap().into_inner() == graded, "the first answer again");
    let wrong =
        |item, information: &str| pb::ConfirmGradingRequest { item, information: information.into(), ..grading(&held) };
    // What is invalid of itself is so to both; what is invalid for this item neither hears.
    for (item, information) in [(2, "B"), (99, "B"), (0, "B"), (2, "Z"), (2, "A")] {
        let [own, others] = [&mut accused, &mut other].map(|one| one.queues.clone());
        let mut refused = Vec::new();
        for mut queues in [own, others] {
            refused.push(said(&refusal(queues.confirm_grading(wrong(item, information)).await)));
        }
        assert_eq!(refused[0], refused[1], "{item} {information}");
        assert_eq!(refused[0].1 == "LEASE_LOST", item != 0 && information != "Z", "{item} {information}");
    }
}

fn resolving(taken: &Taken, to: &str) -> pb::ResolveHeldRequest {
    pb::ResolveHeldRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        to_queue: to.into(),
        reason: "The right place.".into(),
    }
}

#[tokio::test]
async fn whoever_resolved_what_was_on_hold_and_is_accused_since_is_refused_as_who_never_held_it() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let id = submitted(&mut council).await;
    let (mut accused, other) = (house.person(RESOLVER).await, house.person("met/SE/hold_resolver/h2").await);
    let held = accused.pull("HOLD.human").await.unwrap().remove(0);
    let first = resolving(&held, "MASH.E09000006");
    let resolved = accused.queues.resolve_held(first.clone()).await.unwrap().into_inner();
    let second = submitted(&mut council).await;
    let of_second = |one: &Taken| [&one.header.referral_id, &one.header.linked_from].contains(&&second);
    let holds = accused.pull("HOLD.human").await.unwrap().into_iter().find(of_second).unwrap();

    // People of the queue to which it went are accused: whoever sent it there has the answer again.
    let third = correct(&mut council, &id, about("gss/E09000006/mash_officer/m9", "MASH.E09000006")).await;
    assert!(accused.queues.resolve_held(first.clone()).await.unwrap().into_inner() == resolved);
    correct(&mut council, &third.referral_id, about(RESOLVER, "")).await;
    assert!(accused.queues.resolve_held(first).await.unwrap().into_inner() == resolved, "the first answer again");

    correct(&mut council, &second, about(RESOLVER, "MASH.E09000006")).await;
    for to in ["MASH.E09000007", "MASH.E09000006", "MASH.nowhere", "HOLD.human", "nothing"] {
        let mut refused = Vec::new();
        for mut queues in [accused.queues.clone(), other.queues.clone()] {
            refused.push(said(&refusal(queues.resolve_held(resolving(&holds, to)).await)));
        }
        assert_eq!(refused[0], refused[1], "{to}");
        assert_eq!(refused[0].1 == "LEASE_LOST", to != "nothing", "{to}");
    }
}

fn release(taken: &Taken) -> pb::ReleaseCarerCopyRequest {
    pb::ReleaseCarerCopyRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        reason: "Her mother asked.".into(),
        against_proposal: false,
    }
}

#[tokio::test]
async fn whoever_released_a_carer_copy_and_is_accused_since_is_refused_as_who_never_held_it() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let mut lead = house.person(LEAD).await;
    let mut other = house.person("gss/E09000023/lead_practitioner/lp2").await;
    let mut repeated = Vec::new();
    for accused in [LEAD, ELSEWHERE] {
        let id = submitted(&mut council).await;
        let held = taken(&mut lead, "MASH.E09000023", &id).await;
        let first = release(&held);
        lead.queues.release_carer_copy(first.clone()).await.unwrap();
        correct(&mut council, &id, about(accused, "")).await;
        repeated.push(said(&refusal(lead.queues.release_carer_copy(first).await)));
        let refused = said(&refusal(other.queues.release_carer_copy(release(&held)).await));
        assert_eq!(refused.1, "LEASE_LOST", "whoever holds nothing of it learns nothing of it");
        if accused == LEAD {
            assert_eq!(said(&refusal(lead.queues.release_carer_copy(release(&held)).await)), refused);
        }
    }
    assert_eq!(repeated[0], repeated[1], "whomever it accuses");
    assert_eq!(repeated[0].1, "CARER_COPY_SUPPRESSED", "nothing goes home that went home before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_goes_home_that_is_corrected_in_the_middle_of_it() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let mut lead = house.person(LEAD).await;
    for (accuses, released) in [(true, false), (false, true)] {
        let id = submitted(&mut council).await;
        let held = taken(&mut lead, "MASH.E09000023", &id).await;
        let mut draft = submission(&narrative(1));
        if accuses {
            draft = about(ELSEWHERE, "");
        }
        let (mut sender, first, runtime) = (council.clone(), id.clone(), Handle::current());
        let happens = move || {
            block_in_place(|| runtime.block_on(correct(&mut sender, &first, draft)));
        };
        *house.meanwhile.lock().unwrap() = Some(Box::new(happens));
        let before = usize::try_from(house.ledger_size().await).unwrap();
        let answered = lead.queues.release_carer_copy(release(&held)).await;
        assert!(house.meanwhile.lock().unwrap().is_none(), "it was corrected in the middle of it");
        let entries = house.ledger().await.split_off(before);
        let disclosed = entries.iter().filter(|entry| entry.verb == Verb::Disclosure);
        assert_eq!(disclosed.filter(|entry| entry.action == "RELEASE_CARER_COPY").count(), usize::from(released));
        match released {
            true => _ = answered.unwrap(),
            false => assert_eq!(why(answered).1, "CARER_COPY_SUPPRESSED"),
        }
    }
}

fn replaying(delivery: &str) -> pb::ReplayDeadLetterRequest {
    pb::ReplayDeadLetterRequest { request_id: fresh(), delivery_id: delivery.into(), reason: "It is right now.".into() }
}

/// The officer takes it and puts it aside.
async fn rejects(officer: &mut Person, id: &str) -> Taken {
    let held = taken(officer, "MPU.SE", id).await;
    let reject = pb::RejectDeliveryRequest {
        request_id: fresh(),
        delivery_id: held.id.clone(),
        lease_token: held.token.clone(),
        reason_code: "UNREADABLE".into(),
        note: "Torn.".into(),
    };
    officer.queues.reject_delivery(reject).await.unwrap();
    held
}

#[tokio::test]
async fn whoever_sent_a_dead_letter_back_and_is_accused_since_is_refused_as_where_there_is_none() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let id = submitted(&mut council).await;
    let mut officer = house.person(MPU).await;
    let mut accused = house.person(SUPERVISOR).await;
    let held = rejects(&mut officer, &id).await;
    let first = replaying(&held.id);
    let replayed = accused.admin.replay_dead_letter(first.clone()).await.unwrap().into_inner();
    let none = said(&refusal(accused.admin.replay_dead_letter(replaying(&held.id)).await));
    rejects(&mut officer, &id).await;
    officer.pull("MPU.SE").await.unwrap();
    correct(&mut council, &id, about(SUPERVISOR, "")).await;
    assert!(accused.admin.replay_dead_letter(first).await.unwrap().into_inner() == replayed, "the first answer again");
    assert_eq!(said(&refusal(accused.admin.replay_dead_letter(replaying(&held.id)).await)), none);
    let mut other = house.person("met/SE/unit_supervisor/s2").await;
    other.admin.replay_dead_letter(replaying(&held.id)).await.expect("it lies there, for whoever may");
}
