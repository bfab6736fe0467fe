//! D08 from outside: whom a record accuses neither reads it nor settles it, however the sender said so.

use homeward::wire::pb;
use tonic::Code;

use crate::{
    house::{House, LEWISHAM, MPU, MPU_TOO, RESOLVER, narrative},
    person::{Person, Refusal, Taken, fresh, refusal, submission, why},
};

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
async fn the_accused_cannot_open_what_an_item_says_of_them() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(about(MPU, "")).await.unwrap();
    let mut accused = house.person(MPU).await;
    let taken = accused.pull("MPU.SE").await.unwrap().remove(0);
    let refused = why(accused.open(&taken, (pb::Part::E, 0), "").await);
    assert_eq!(refused, (Code::PermissionDenied, "UNIT_NOT_GRANTED".to_owned()));
}

#[tokio::test]
async fn the_accused_cannot_settle_what_a_colleague_has_opened() {
    let house = House::open().await;
    house.person(LEWISHAM).await.submit(about(MPU, "")).await.unwrap();
    let (mut accused, mut colleague) = (house.person(MPU).await, house.person(MPU_TOO).await);
    let taken = colleague.pull("MPU.SE").await.unwrap().remove(0);
    colleague.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    colleague.queues.release_delivery(back(&taken)).await.unwrap();
    let taken = accused.pull("MPU.SE").await.unwrap().remove(0);
    let refused = why(accused.complete(&taken, "arrest").await);
    assert_eq!(refused, (Code::PermissionDenied, "UNIT_NOT_GRANTED".to_owned()));
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
    let mut accused = house.person(RESOLVER).await;
    let taken = accused.pull("HOLD.human").await.unwrap().remove(0);
    let refused = resolve(&mut accused, &taken, "MASH.E09000023").await;
    assert_eq!((refused.code, refused.reason.as_str()), (Code::PermissionDenied, "UNIT_NOT_GRANTED"));
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
