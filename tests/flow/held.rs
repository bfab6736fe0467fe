//! Who holds what: supervisors see it, since when and until when, and nothing of what it says. Handing it over: to one colleague
//! with a note, or back to the queue, and never to nobody.

use homeward::{domain::history::StepKind, wire::pb};
use jiff::SignedDuration;
use tonic::{Code, Status};

use crate::{
    accused::about,
    house::{GRANTS, House, INTELLIGENCE, LEWISHAM, MPU, MPU_NE, MPU_TOO, RESOLVER, SUPERVISOR, narrative},
    person::{Person, Taken, bytes, fresh, refusal, submission, why},
};

async fn held(person: &mut Person, queue: &str, size: i32, token: &str) -> Result<pb::ListHeldResponse, Status> {
    let asked = pb::ListHeldRequest { queue: queue.into(), page_size: size, page_token: token.into() };
    Ok(person.queues.list_held(asked).await?.into_inner())
}

/// Takes one.
async fn take(person: &mut Person) -> pb::LeasedDelivery {
    let asked = pb::PullRequest { request_id: fresh(), queue: "MPU.SE".into(), ..Default::default() };
    person.queues.pull(asked).await.unwrap().into_inner().deliveries.remove(0)
}

#[tokio::test]
async fn a_supervisor_sees_who_holds_what_since_when_and_for_how_long() {
    let mut house = House::open().await;
    for _ in 0..3 {
        house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    }
    let (mut officer, mut colleague) = (house.person(MPU).await, house.person(INTELLIGENCE).await);
    let first = take(&mut officer).await;
    house.later(SignedDuration::from_mins(4));
    let second = take(&mut colleague).await;
    let lease = first.lease.clone().unwrap();
    let extending = pb::ExtendLeaseRequest {
        request_id: fresh(),
        delivery_id: first.delivery.clone().unwrap().delivery_id,
        lease_token: lease.token.clone(),
        lease_duration: None,
    };
    let extended = officer.queues.extend_lease(extending).await.unwrap().into_inner().lease.unwrap();
    house.later(SignedDuration::from_secs(61));
    // It survives a start.
    house.reopen().await;

    let mut supervisor = house.person(SUPERVISOR).await;
    let all = held(&mut supervisor, "MPU.SE", 0, "").await.unwrap();
    assert!(all.next_page_token.is_empty() && all.deliveries.len() == 2, "the third waits");
    let of = |leased: &pb::LeasedDelivery| {
        let id = &leased.delivery.as_ref().unwrap().delivery_id;
        all.deliveries.iter().find(|one| one.delivery.as_ref().unwrap().delivery_id == *id).unwrap()
    };
    let (one, other) = (of(&first), of(&second));
    assert!(one.holder.ends_with(MPU) && other.holder.ends_with(INTELLIGENCE));
    let seconds = |one: &pb::HeldDelivery| one.held_for.unwrap().seconds;
    assert_eq!((seconds(one), seconds(other)), (301, 61), "prolonging a lease moves nothing");
    assert_eq!(one.since_time.unwrap().seconds + 301, other.since_time.unwrap().seconds + 61);
    assert_eq!(one.lease_expire_time, extended.expire_time);
    let told = bytes(&all);
    assert!(!told.windows(32).any(|part| part == lease.token.as_bytes()), "a token is its holder's alone");

    // A page at a time, each once.
    let page = held(&mut supervisor, "MPU.SE", 1, "").await.unwrap();
    let next = held(&mut supervisor, "MPU.SE", 1, &page.next_page_token).await.unwrap();
    assert!([page.deliveries, next.deliveries].concat() == all.deliveries);
    assert!(next.next_page_token.is_empty());

    // What was handed back, settled or ran out is nobody's.
    house.later(SignedDuration::from_mins(13));
    house.caretake().await;
    assert!(held(&mut supervisor, "MPU.SE", 0, "").await.unwrap().deliveries.is_empty());
}

#[tokio::test]
async fn nobody_else_sees_it_and_no_other_queue() {
    let house = House::open().await;
    let (mut officer, mut supervisor) = (house.person(MPU).await, house.person(SUPERVISOR).await);
    assert_eq!(why(held(&mut officer, "MPU.SE", 0, "").await), (Code::PermissionDenied, "METHOD_NOT_GRANTED".into()));
    assert_eq!(why(held(&mut supervisor, "MPU.NE", 0, "").await), (Code::PermissionDenied, "QUEUE_NOT_GRANTED".into()));
    let wrong = refusal(held(&mut supervisor, "not a queue", -1, "zz").await);
    assert_eq!(wrong.code, Code::InvalidArgument);
    assert_eq!(wrong.field_names(), ["page_size", "page_token", "queue"]);
}

const NOTE: &str = "Marlow Fennimore rings back at seven.";

fn whole(person: &str) -> String {
    format!("homeward://pilot.example/{person}")
}

fn handing(taken: &Taken, to: &str) -> pb::HandOverRequest {
    pb::HandOverRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        to: whole(to),
        note: NOTE.into(),
        keep_for: None,
    }
}

/// Somebody comes to work.
async fn arrives(house: &House, who: &str) {
    house.person(who).await.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap();
}

/// An officer who holds a delivery and has opened its card, or has not.
async fn holding(house: &House, draft: pb::Submission, opened: bool) -> (Person, Taken) {
    house.person(LEWISHAM).await.submit(draft).await.unwrap();
    for colleague in [MPU_TOO, INTELLIGENCE, MPU_NE, SUPERVISOR, RESOLVER] {
        arrives(house, colleague).await;
    }
    let mut officer = house.person(MPU).await;
    let taken = Taken::of(take(&mut officer).await);
    if opened {
        officer.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    }
    (officer, taken)
}

#[tokio::test]
async fn a_supervisor_hands_over_what_somebody_has_left_and_nothing_that_nobody_has() {
    let house = House::open().await;
    let (mut officer, taken) = holding(&house, submission(&narrative(1)), true).await;
    let mut supervisor = house.person(SUPERVISOR).await;
    let asked = |to: &str| pb::HandOverRequest { lease_token: String::new(), ..handing(&taken, to) };
    let stranger = refusal(supervisor.queues.hand_over(asked(MPU_NE)).await);
    assert_eq!((stranger.code, stranger.reason.as_str()), (Code::FailedPrecondition, "NOT_A_COLLEAGUE"));
    let request = asked(MPU_TOO);
    let first = supervisor.queues.hand_over(request.clone()).await.unwrap().into_inner();
    assert!(supervisor.queues.hand_over(request).await.unwrap().into_inner() == first, "the same answer again");
    let nobody = refusal(supervisor.queues.hand_over(asked(MPU_TOO)).await);
    assert_eq!((nobody.code, nobody.reason.as_str()), (Code::FailedPrecondition, "NOTHING_IN_HAND"));
    let lost = refusal(officer.complete(&taken, "linked").await);
    assert_eq!((lost.code, lost.reason.as_str()), (Code::FailedPrecondition, "LEASE_LOST"));
    let mut colleague = house.person(MPU_TOO).await;
    let theirs = colleague.pull("MPU.SE").await.unwrap().remove(0);
    assert_eq!(theirs.id, taken.id);
    assert_eq!(colleague.open(&theirs, (pb::Part::E, 0), "").await.unwrap().history[0].note, NOTE);
    let entries = house.ledger().await;
    let entry = entries.iter().rfind(|entry| entry.action == "HAND_OVER").unwrap();
    assert!(entry.details.contains(&format!("from={}", whole(MPU))), "{entry:?}");
}

#[tokio::test]
async fn what_was_begun_goes_to_a_colleague_with_a_note_and_to_nobody_else() {
    let mut house = House::open().await;
    let (mut officer, taken) = holding(&house, submission(&narrative(1)), true).await;
    let request = handing(&taken, MPU_TOO);
    let handed = officer.queues.hand_over(request.clone()).await.unwrap().into_inner();
    assert!(officer.queues.hand_over(request.clone()).await.unwrap().into_inner() == handed, "the first answer");
    let other = pb::HandOverRequest { note: "Another.".into(), ..request.clone() };
    assert_eq!(why(officer.queues.hand_over(other).await), (Code::AlreadyExists, "REQUEST_ID_REUSED".into()));
    let header = handed.delivery.unwrap();
    assert!(header.state() == pb::DeliveryState::Leased);
    assert_eq!(header.decide_due_time, taken.header.decide_due_time, "deadlines run on");
    let [step] = header.history.as_slice() else { panic!("one step") };
    let (kind, to) = (StepKind::HandedOver.code(), whole(MPU_TOO));
    assert_eq!((step.kind.as_str(), step.code.as_str(), step.note.as_str()), (kind, to.as_str(), ""));
    assert_eq!(why(officer.complete(&taken, "recorded").await).1, "LEASE_LOST");
    house.later(SignedDuration::from_mins(20));
    house.reopen().await;
    let mut supervisor = house.person(SUPERVISOR).await;
    let seen = held(&mut supervisor, "MPU.SE", 0, "").await.unwrap().deliveries.remove(0);
    assert!(seen.handed_over && seen.holder == to && seen.held_for.unwrap().seconds == 1200);

    let (mut officer, mut colleague) = (house.person(MPU).await, house.person(MPU_TOO).await);
    assert!(officer.pull("MPU.SE").await.unwrap().is_empty());
    let again = colleague.pull("MPU.SE").await.unwrap().remove(0);
    assert_eq!((&again.id, again.header.acquired_count, again.header.failed_count), (&taken.id, 2, 0));
    let seen = held(&mut supervisor, "MPU.SE", 0, "").await.unwrap().deliveries.remove(0);
    assert!(!seen.handed_over && seen.holder == to && seen.held_for.unwrap().seconds == 0);
    let opened = colleague.open(&again, (pb::Part::E, 0), "").await.unwrap();
    assert_eq!(opened.history[0].note, NOTE);
    // Somebody who had it once has the first answer, and nothing more.
    assert!(officer.queues.hand_over(request).await.unwrap().into_inner().delivery.unwrap() == header);
    colleague.complete(&again, "recorded").await.unwrap();

    let entries = house.ledger().await;
    let handed: Vec<_> = entries.iter().filter(|entry| entry.action == "HAND_OVER").collect();
    let [entry] = handed.as_slice() else { panic!("one entry") };
    assert!(entry.who.ends_with(MPU) && entry.details == [format!("to={to}")] && entry.record.is_some());
    assert!(!format!("{entries:?}").contains("Fennimore"));
}

#[tokio::test]
async fn what_nobody_opened_goes_back_to_the_queue_at_once() {
    let house = House::open().await;
    let (mut officer, taken) = holding(&house, submission(&narrative(1)), false).await;
    let back = officer.queues.hand_over(handing(&taken, MPU_TOO)).await.unwrap().into_inner().delivery.unwrap();
    assert!(back.state() == pb::DeliveryState::Waiting && back.history[0].code.is_empty());
    let again = house.person(INTELLIGENCE).await.pull("MPU.SE").await.unwrap().remove(0);
    assert_eq!((&again.id, again.header.failed_count), (&taken.id, 0));
}

#[tokio::test]
async fn what_the_colleague_does_not_take_in_time_is_back_and_counts_no_failure() {
    let house = House::open().await;
    let (mut officer, taken) = holding(&house, submission(&narrative(1)), true).await;
    let keep_for = Some(prost_types::Duration { seconds: 300, nanos: 0 });
    officer.queues.hand_over(pb::HandOverRequest { keep_for, ..handing(&taken, MPU_TOO) }).await.unwrap();
    house.later(SignedDuration::from_secs(300));
    house.caretake().await;
    let again = officer.pull("MPU.SE").await.unwrap().remove(0);
    assert_eq!((&again.id, again.header.failed_count), (&taken.id, 0));
    assert!(house.ledger().await.iter().any(|entry| entry.action == "HAND_OVER_LAPSED" && entry.who.is_empty()));
}

#[tokio::test]
async fn only_who_may_work_on_it_is_a_colleague_and_every_fault_is_named() {
    let house = House::open().await;
    let (mut officer, taken) = holding(&house, about("met/SE/mpu_officer/p124", ""), true).await;
    // Oneself, another unit, whoever takes nothing, nobody, and whom the record accuses: all alike.
    for other in [MPU, MPU_NE, SUPERVISOR, LEWISHAM, RESOLVER, "met/SE/mpu_officer/p124"] {
        let refused = why(officer.queues.hand_over(handing(&taken, other)).await);
        assert_eq!(refused, (Code::FailedPrecondition, "NOT_A_COLLEAGUE".into()), "{other}");
    }
    // Whoever does not hold it learns nothing about others.
    let mut second = house.person(INTELLIGENCE).await;
    assert_eq!(why(second.queues.hand_over(handing(&taken, MPU_NE)).await).1, "LEASE_LOST");
    let wrong = pb::HandOverRequest {
        to: "homeward://other.example/met/SE/mpu_officer/p124".into(),
        note: " ".into(),
        keep_for: Some(prost_types::Duration { seconds: 14_401, nanos: 0 }),
        ..handing(&taken, "")
    };
    let refused = refusal(officer.queues.hand_over(wrong).await);
    assert_eq!((refused.code, refused.field_names()), (Code::InvalidArgument, vec!["to", "note", "keep_for"]));
    officer.queues.hand_over(handing(&taken, INTELLIGENCE)).await.unwrap();
    assert_eq!(second.pull("MPU.SE").await.unwrap()[0].id, taken.id);
}

#[tokio::test]
async fn a_name_that_nobody_bears_is_no_colleague() {
    const TYPO: &str = "met/SE/mpu_officer/p214";
    let refused = (Code::FailedPrecondition, "NOT_A_COLLEAGUE".to_owned());
    let mut house = House::open().await;
    let (mut officer, taken) = holding(&house, submission(&narrative(1)), true).await;
    assert_eq!(why(officer.queues.hand_over(handing(&taken, TYPO)).await), refused);
    // Whom a grant for this queue names alone is somebody, before they have ever called.
    let named = format!(
        "{GRANTS}\n[[grant]]\nidentity = \"{}\"\nqueues = [\"MPU.SE\"]\nnot_before = \"2020-01-01T00:00:00Z\"\n\
         not_after = \"2096-01-01T00:00:00Z\"\n",
        whole(TYPO)
    );
    house.grant(&named);
    officer.queues.hand_over(handing(&taken, TYPO)).await.unwrap();
    house.close().await;

    // A broker that signs certificates asks its register: a good one is enough, and one that was revoked is none.
    let house = House::open_issuing().await;
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let mut officer = house.person(MPU).await;
    let taken = Taken::of(take(&mut officer).await);
    officer.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    assert_eq!(why(officer.queues.hand_over(handing(&taken, TYPO)).await), refused);
    house.issue(MPU_TOO);
    officer.queues.hand_over(handing(&taken, MPU_TOO)).await.unwrap();
}

#[tokio::test]
async fn what_is_not_taken_is_taken_back_by_who_gave_it_or_who_supervises() {
    let mut house = House::open().await;
    let (mut officer, taken) = holding(&house, submission(&narrative(1)), true).await;
    let back = |reason: &str| pb::TakeBackRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        reason: reason.into(),
    };
    let nothing = (Code::FailedPrecondition, "NOTHING_TO_TAKE_BACK".to_owned());
    assert_eq!(why(officer.queues.take_back(back("Mine.")).await), nothing, "held, and not handed over");
    officer.queues.hand_over(handing(&taken, MPU_TOO)).await.unwrap();
    let mut third = house.person(INTELLIGENCE).await;
    assert_eq!(why(third.queues.take_back(back("Not mine.")).await), nothing);
    let mut stranger = house.person(MPU_NE).await;
    assert_eq!(why(stranger.queues.take_back(back("Elsewhere.")).await).0, Code::NotFound);
    let refused = refusal(officer.queues.take_back(pb::TakeBackRequest { reason: " ".into(), ..back("") }).await);
    assert_eq!(refused.field_names(), ["reason"]);
    let request = back("Marlow Fennimore rang already.");
    let answered = officer.queues.take_back(request.clone()).await.unwrap().into_inner();
    house.reopen().await;
    let mut officer = house.person(MPU).await;
    assert!(officer.queues.take_back(request).await.unwrap().into_inner() == answered, "once");
    assert!(answered.delivery.unwrap().state() == pb::DeliveryState::Waiting);
    let again = officer.pull("MPU.SE").await.unwrap().remove(0);
    assert_eq!((&again.id, again.header.failed_count), (&taken.id, 0));
    let opened = officer.open(&again, (pb::Part::E, 0), "").await.unwrap();
    assert_eq!(opened.history.last().unwrap().note, "Marlow Fennimore rang already.");

    // The supervisor, whoever gave it; not once it is taken.
    arrives(&house, MPU_TOO).await;
    officer.queues.hand_over(handing(&again, MPU_TOO)).await.unwrap();
    let mut supervisor = house.person(SUPERVISOR).await;
    supervisor.queues.take_back(back("P124 is off sick.")).await.unwrap();
    let again = officer.pull("MPU.SE").await.unwrap().remove(0);
    officer.queues.hand_over(handing(&again, MPU_TOO)).await.unwrap();
    house.person(MPU_TOO).await.pull("MPU.SE").await.unwrap();
    assert_eq!(why(supervisor.queues.take_back(back("Too late.")).await), nothing);
    let entries = house.ledger().await;
    let taken_back = entries.iter().filter(|entry| entry.action == "TAKE_BACK");
    assert_eq!(taken_back.map(|entry| entry.who.ends_with(SUPERVISOR)).collect::<Vec<_>>(), [false, true]);
    assert!(!format!("{entries:?}").contains("Fennimore"));
}

#[tokio::test]
async fn what_is_handed_over_is_not_kept_past_its_deadline() {
    let house = House::open().await;
    let (mut officer, taken) = holding(&house, submission(&narrative(1)), true).await;
    let due = taken.header.decide_due_time.unwrap().seconds;
    let now = house.clock_seconds();
    house.later(SignedDuration::from_secs(due - now - 600));
    // The lease of ten minutes is over by then.
    let again = officer.pull("MPU.SE").await.unwrap();
    assert!(again.is_empty());
    house.caretake().await;
    let again = officer.pull("MPU.SE").await.unwrap().remove(0);
    officer.queues.hand_over(handing(&again, MPU_TOO)).await.unwrap();
    let mut supervisor = house.person(SUPERVISOR).await;
    let seen = held(&mut supervisor, "MPU.SE", 0, "").await.unwrap().deliveries.remove(0);
    assert_eq!(seen.lease_expire_time.unwrap().seconds, due);
}

#[tokio::test]
async fn who_supervises_hold_takes_nothing_back_where_one_of_their_own_is_accused() {
    const TOO: &str = "met/HQ/hold_resolver/h4";
    let house = House::open().await;
    let named = format!(
        "{GRANTS}\n[[grant]]\nidentity = \"homeward://pilot.example/{TOO}\"\nqueues = [\"HOLD.human\"]\nresolve_hold = true\n\
         not_before = \"2020-01-01T00:00:00Z\"\nnot_after = \"2096-01-01T00:00:00Z\"\n"
    );
    house.grant(&named);
    let (mut council, mut resolver) = (house.person(LEWISHAM).await, house.person(RESOLVER).await);
    let (mut colleague, mut supervisor) = (house.person(TOO).await, house.person(SUPERVISOR).await);
    colleague.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap();
    for (identity, queue, may) in [
        ("met/SE/hold_resolver/h9", "HOLD.human", false),
        ("met/SE/mpu_officer/p777", "MPU.SE", false),
        ("met/NE/mpu_officer/p901", "MPU.NE", true),
    ] {
        let mut draft = about(identity, queue);
        draft.responsible_authority = Some(pb::Area { unknown: true, ..Default::default() });
        let referral = council.submit(draft).await.unwrap().referral_id;
        let waits = resolver.pull("HOLD.human").await.unwrap();
        let of = |one: &Taken| [&one.header.referral_id, &one.header.linked_from].contains(&&referral);
        let taken = waits.into_iter().find(of).unwrap();
        let unit = taken.header.openable[0];
        resolver.open(&taken, (unit.part(), unit.item), "").await.unwrap();
        resolver.queues.hand_over(handing(&taken, TOO)).await.unwrap();
        let back = || pb::TakeBackRequest {
            request_id: fresh(),
            delivery_id: taken.id.clone(),
            reason: "To look at it.".into(),
        };
        let refused = (Code::FailedPrecondition, "NOTHING_TO_TAKE_BACK".to_owned());
        match may {
            true => assert!(supervisor.queues.take_back(back()).await.is_ok()),
            false => assert_eq!(why(supervisor.queues.take_back(back()).await), refused, "{identity}"),
        }
        if !may {
            resolver.queues.take_back(back()).await.unwrap();
        }
    }
}
