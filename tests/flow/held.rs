//! Who holds what: supervisors see it, since when and until when, and nothing of what it says.

use homeward::wire::pb;
use jiff::SignedDuration;
use tonic::{Code, Status};

use crate::{
    house::{House, INTELLIGENCE, LEWISHAM, MPU, SUPERVISOR, narrative},
    person::{Person, bytes, fresh, refusal, submission, why},
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
