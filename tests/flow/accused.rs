//! D08 from outside: whom a record accuses neither reads it nor settles it, however the sender said so.

use homeward::wire::{client::audit_service_client::AuditServiceClient, pb};
use tonic::Code;

use crate::{
    PATIENCE,
    house::{House, LEAD, LEWISHAM, MPU, MPU_TOO, RESOLVER, narrative},
    person::{Person, Refusal, Taken, fresh, refusal, submission, why},
};

/// Two managers of Lewisham, who follow what it sends.
const MANAGER: &str = "gss/E09000023/council_manager/m1";
const MANAGER_TOO: &str = "gss/E09000023/council_manager/m2";

/// The first narrative with an allegation about an officer, made by an item that names them.
pub fn about(identity: &str, works_in_queue: &str) -> pb::Submission {
    let mut draft = submission(&narrative(1));
    draft.persons.push(pb::Person {
        id: "accused".into(),
        name: "Sergeant Loom".into(),
        role: pb::PersonRole::Police.into(),
        category: pb::DataSubjectCategory::Suspect.into(),
        identity: format!("homeward://pilot.example/{identity}"),
        works_in_queue: works_in_queue.into(),
        ..Default::default()
    });
    draft.items[1].allegation = pb::YesNo::Yes.into();
    draft.items[1].who.push("accused".into());
    draft
}

fn back(taken: &Taken) -> pb::ReleaseDeliveryRequest {
    pb::ReleaseDeliveryRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        reason: "End of shift.".into(),
        delay: None,
    }
}

#[tokio::test]
async fn the_accused_is_given_nothing_that_says_something_of_them_and_opens_nothing_of_it() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(about(MPU, "")).await.unwrap();
    let (mut accused, mut colleague) = (house.person(MPU).await, house.person(MPU_TOO).await);
    assert!(accused.pull("MPU.SE").await.unwrap().is_empty() && accused.deliveries("MPU.SE").await.unwrap().is_empty());
    let taken = colleague.pull("MPU.SE").await.unwrap().remove(0);
    let refused = why(accused.open(&taken, (pb::Part::E, 0), "").await);
    assert_eq!(refused, (Code::FailedPrecondition, "LEASE_LOST".to_owned()), "as anybody who has no lease");
}

#[tokio::test]
async fn the_accused_cannot_settle_what_a_colleague_has_opened() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(about(MPU, "")).await.unwrap();
    let (mut accused, mut colleague) = (house.person(MPU).await, house.person(MPU_TOO).await);
    let taken = colleague.pull("MPU.SE").await.unwrap().remove(0);
    colleague.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    assert_eq!(why(accused.complete(&taken, "arrest").await).1, "LEASE_LOST");
    colleague.queues.release_delivery(back(&taken)).await.unwrap();
    assert!(accused.pull("MPU.SE").await.unwrap().is_empty());
    assert_eq!(why(accused.complete(&taken, "arrest").await).1, "LEASE_LOST");
}

/// A second matter on HOLD in the same record, about no queue of the accused: whose child it is, is not known.
fn undecided(mut draft: pb::Submission) -> pb::Submission {
    draft.responsible_authority = Some(pb::Area { unknown: true, ..Default::default() });
    draft
}

async fn resolve(resolver: &mut Person, taken: &Taken, queue: &str) -> Refusal {
    let asked = pb::ResolveHeldRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        to_queue: queue.into(),
        reason: "The right place.".into(),
    };
    refusal(resolver.queues.resolve_held(asked).await)
}

#[tokio::test]
async fn nothing_on_hold_is_sent_to_the_queue_where_the_accused_works() {
    let house = House::open().await;
    let draft = undecided(about("met/SE/mpu_officer/p777", "MPU.SE"));
    house.person(LEWISHAM).await.submit(draft).await.unwrap();
    let mut resolver = house.person(RESOLVER).await;
    let held = resolver.pull("HOLD.human").await.unwrap();
    assert!(held.len() > 1, "the accused's leg, and the one that nobody could decide");
    for taken in held {
        let refused = resolve(&mut resolver, &taken, "MPU.SE").await;
        assert_eq!((refused.code, refused.field_names()), (Code::InvalidArgument, vec!["to_queue"]));
    }
}

#[tokio::test]
async fn the_accused_settles_nothing_on_hold_of_their_own_record() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(undecided(about(RESOLVER, ""))).await.unwrap();
    let (mut accused, mut other) = (house.person(RESOLVER).await, house.person("met/SE/hold_resolver/h2").await);
    assert!(accused.pull("HOLD.human").await.unwrap().is_empty());
    let taken = other.pull("HOLD.human").await.unwrap().remove(0);
    assert_eq!(resolve(&mut accused, &taken, "MASH.E09000023").await.reason, "LEASE_LOST");
}

#[tokio::test]
async fn neither_their_unit_nor_who_may_only_look_completes_what_is_held_for_the_accused() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(about("met/SE/mpu_officer/p777", "MPU.SE")).await.unwrap();
    let mut resolver = house.person(RESOLVER).await;
    let taken = resolver.pull("HOLD.human").await.unwrap().remove(0);
    let unit = &taken.header.openable[0];
    resolver.open(&taken, (unit.part(), unit.item), "").await.unwrap();
    resolver.queues.release_delivery(back(&taken)).await.unwrap();
    for (other, reason) in
        [("met/SE/hold_resolver/h2", "UNIT_NOT_GRANTED"), ("met/HQ/hold_resolver/h3", "METHOD_NOT_GRANTED")]
    {
        let mut other = house.person(other).await;
        let taken = other.pull("HOLD.human").await.unwrap().remove(0);
        let refused = why(other.complete(&taken, "resolved").await);
        assert_eq!(refused, (Code::PermissionDenied, reason.to_owned()));
        other.queues.release_delivery(back(&taken)).await.unwrap();
    }
    let taken = resolver.pull("HOLD.human").await.unwrap().remove(0);
    resolver.complete(&taken, "resolved").await.unwrap();
}

#[tokio::test]
async fn what_is_on_hold_is_not_resolved_by_the_organisation_of_an_accused_who_works_there_and_by_another_it_is() {
    let house = House::open().await;
    let draft = undecided(about("met/SE/hold_resolver/h9", "HOLD.human"));
    house.person(LEWISHAM).await.submit(draft).await.unwrap();
    let mut colleague = house.person("met/SE/hold_resolver/h2").await;
    let taken = colleague.pull("HOLD.human").await.unwrap().remove(0);
    let unit = &taken.header.openable[0];
    let refused = why(colleague.open(&taken, (unit.part(), unit.item), "").await);
    assert_eq!(refused, (Code::PermissionDenied, "UNIT_NOT_GRANTED".to_owned()));
    let refused = resolve(&mut colleague, &taken, "MASH.E09000007").await;
    assert_eq!((refused.code, refused.reason.as_str()), (Code::PermissionDenied, "UNIT_NOT_GRANTED"));
    let refused = why(colleague.complete(&taken, "resolved").await);
    assert_eq!(refused, (Code::PermissionDenied, "UNIT_NOT_GRANTED".to_owned()));
    colleague.queues.release_delivery(back(&taken)).await.unwrap();
    let mut other = house.person(RESOLVER).await;
    let taken = other.pull("HOLD.human").await.unwrap().remove(0);
    other.open(&taken, (unit.part(), unit.item), "").await.unwrap();
    let asked = pb::ResolveHeldRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        to_queue: "MASH.E09000007".into(),
        reason: "The right place.".into(),
    };
    other.queues.resolve_held(asked).await.unwrap();
}

/// An officer opens a delivery of the referral and asks its sender; the question's id.
async fn asked(officer: &mut Person) -> String {
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    let unit = taken.header.openable[0];
    officer.open(&taken, (unit.part(), unit.item), "").await.unwrap();
    let asking = pb::RequestClarificationRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        question: "Which Saturday was meant?".into(),
        ..Default::default()
    };
    officer.queues.request_clarification(asking).await.unwrap().into_inner().clarification_id
}

fn answer(referral: &str, question: &str) -> pb::AnswerClarificationRequest {
    pb::AnswerClarificationRequest {
        request_id: fresh(),
        referral_id: referral.into(),
        clarification_id: question.into(),
        answer: "The 28th.".into(),
        actor: Some(pb::Actor { scheme: "staff-number".into(), id: "L20417".into(), role: "practitioner".into() }),
    }
}

/// The referrals that somebody is told of, until one of them is `last`.
async fn watched(person: &mut Person, last: &str) -> Vec<String> {
    let asked = pb::WatchReferralsRequest { resume_token: "0".into(), on_behalf_of: String::new() };
    let mut stream = person.referrals.watch_referrals(asked).await.unwrap().into_inner();
    let mut seen = Vec::new();
    while seen.last().is_none_or(|seen| seen != last) {
        let told = tokio::time::timeout(PATIENCE, stream.message()).await.unwrap().unwrap();
        seen.push(told.unwrap().referral_id);
    }
    seen
}

async fn listed(person: &mut Person) -> Vec<String> {
    let found = person.referrals.list_referrals(pb::ListReferralsRequest::default()).await.unwrap().into_inner();
    found.referrals.into_iter().map(|found| found.receipt.unwrap().referral_id).collect()
}

#[tokio::test]
async fn of_the_senders_people_the_accused_learns_nothing_and_the_others_do() {
    for (accused, draft) in
        [(MANAGER, about(MANAGER, "")), (LEAD, about("gss/E09000023/lead_practitioner/lp9", "ALLOC.E09000023"))]
    {
        let house = House::open().await;
        let mut council = house.person(LEWISHAM).await;
        let theirs = council.submit(draft).await.unwrap().referral_id;
        let question = asked(&mut house.person(MPU).await).await;
        let after = council.submit(submission(&narrative(1))).await.unwrap().referral_id;

        let mut person = house.person(accused).await;
        let not_there = (Code::NotFound, why(person.referral(&fresh()).await).1);
        assert_eq!(why(person.referral(&theirs).await), not_there, "{accused}");
        assert_eq!(why(person.referrals.answer_clarification(answer(&theirs, &question)).await), not_there);
        let profile = house.folder(&format!("profile-{}", accused.replace('/', "-")));
        let mut audit = AuditServiceClient::new(house.connect(&profile).await.unwrap());
        let filed =
            audit.prove_referral(pb::ProveReferralRequest { referral_id: theirs.clone(), erasure: false }).await;
        assert_eq!(why(filed), not_there);
        assert_eq!(listed(&mut person).await, [after.as_str()]);
        assert!(watched(&mut person, &after).await.iter().all(|seen| *seen == after));

        for other in [LEWISHAM, MANAGER_TOO] {
            let mut other = house.person(other).await;
            assert_eq!(listed(&mut other).await, [after.as_str(), theirs.as_str()]);
            assert!(watched(&mut other, &after).await.contains(&theirs));
            assert!(!other.referral(&theirs).await.unwrap().destinations.is_empty());
        }
        council.referrals.answer_clarification(answer(&theirs, &question)).await.unwrap();
    }
}

/// What somebody is shown who lists so many referrals at a time, page by page, and the tokens that lead from one to the next.
async fn pages(person: &mut Person, page_size: i32) -> (Vec<Vec<String>>, Vec<String>) {
    let (mut pages, mut tokens) = (Vec::new(), vec![String::new()]);
    loop {
        let page_token = tokens.last().unwrap().clone();
        let asked = pb::ListReferralsRequest { page_size, page_token, ..Default::default() };
        let page = person.referrals.list_referrals(asked).await.unwrap().into_inner();
        pages.push(page.referrals.into_iter().map(|found| found.receipt.unwrap().referral_id).collect());
        if page.next_page_token.is_empty() {
            return (pages, tokens);
        }
        tokens.push(page.next_page_token);
    }
}

#[tokio::test]
async fn what_is_hidden_leaves_no_gap_in_a_list_and_no_token() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let (mut shown, mut hidden) = (Vec::new(), Vec::new());
    // The oldest, the newest, and two beside each other are hidden.
    for accuses in [true, false, true, true, false, false, true] {
        let draft = if accuses { about(MANAGER, "") } else { submission(&narrative(1)) };
        let receipt = council.submit(draft).await.unwrap();
        let kept = if accuses { &mut hidden } else { &mut shown };
        kept.insert(0, (receipt.referral_id, receipt.ledger_index.to_string()));
    }
    let mut accused = house.person(MANAGER).await;
    for size in 1..=4 {
        let (found, tokens) = pages(&mut accused, size).await;
        let ids: Vec<_> = shown.iter().map(|(id, _)| id.clone()).collect();
        assert_eq!(
            found,
            ids.chunks(size.unsigned_abs() as usize).map(<[_]>::to_vec).collect::<Vec<_>>(),
            "{size} a page"
        );
        assert!(tokens.iter().all(|token| hidden.iter().all(|(_, index)| index != token)), "{tokens:?}");
        let (all, _) = pages(&mut house.person(MANAGER_TOO).await, size).await;
        assert_eq!(all.concat().len(), 7, "the others see all of them");
    }
}
