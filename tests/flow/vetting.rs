//! Vetting: what a queue asks of whoever is granted it. Where the level is not recorded, or another one is, the queue is as one that is
//! not granted, and the part as one that may not be opened; nobody can ask for so much that a queue is left to nobody.

use homeward::{
    broker::{PolicyRefused, Rulebook},
    reference::FileSet,
    wire::pb::{self, Part},
};
use tonic::Code;

use crate::{
    house::{GRANTS, House, INTELLIGENCE, LEWISHAM, MPU, narrative},
    person::{Person, Taken, fresh, refusal, submission, why},
    policy::{Set, asked, change, sent, shipped},
};

/// What is shipped, with this asked for of whoever is granted such a queue.
pub(crate) fn asking(kind: &str, vetting: &str) -> Set {
    let mut set = shipped();
    let row = format!("kind = \"{kind}\"\n");
    change(&mut set, "queues.toml", &row, &format!("{row}vetting = {{ {vetting} }}\n"));
    set
}

/// The grants of the house, with this level recorded for the officers of every Missing Person Unit.
pub(crate) fn vetted_at_mpus(level: &str) -> String {
    let role = "role = \"mpu_officer\"\n";
    GRANTS.replace(role, &format!("{role}vetting = \"{level}\"\n"))
}

/// Has the house go by these files, as a folder.
pub(crate) async fn goes_by(house: &House, set: &Set) -> Result<(), PolicyRefused> {
    house.lives().offer_rulebook(Rulebook::read(FileSet::gather(set.clone()).0, Vec::new()).unwrap()).await
}

async fn who(person: &mut Person) -> pb::WhoAmIResponse {
    person.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap().into_inner()
}

/// What is asked for: queue, unit, levels, and whether it is met.
fn needs(grant: &pb::Grant) -> Vec<String> {
    let told = |one: &pb::VettingNeed| format!("{} {} {} {}", one.queue, one.unit, one.any_of.join(" or "), one.met);
    grant.vetting_needs.iter().map(told).collect()
}

async fn queues(person: &mut Person) -> Vec<String> {
    let listed = person.queues.list_queues(pb::ListQueuesRequest::default()).await.unwrap().into_inner();
    listed.queues.into_iter().map(|one| one.queue).collect()
}

/// A delivery with an item of a referral that was just sent.
async fn taken(house: &House, officer: &mut Person) -> Taken {
    let id = house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap().referral_id;
    officer.pull("MPU.SE").await.unwrap().into_iter().find(|one| one.id.starts_with(&id)).unwrap()
}

#[tokio::test]
async fn a_queue_that_asks_for_vetting_is_to_others_as_one_that_they_are_not_granted() {
    let house = House::open().await;
    house.grant(&vetted_at_mpus("RV"));
    let mut officer = house.person(MPU).await;
    let held = taken(&house, &mut officer).await;
    goes_by(&house, &asking("MPU", "work = [\"RV\", \"NPPV2\"]")).await.unwrap();
    let shown = who(&mut officer).await.grants.remove(0);
    assert_eq!((shown.vetting_level.as_str(), needs(&shown)), ("RV", vec!["MPU.SE  RV or NPPV2 true".to_owned()]));
    officer.open(&held, (Part::E, 0), "").await.unwrap();
    for (level, enough) in [("MV", true), ("NPPV3", true), ("NPPV2", true), ("NPPV1", false), ("of its own", false)] {
        house.grant(&vetted_at_mpus(level));
        assert_eq!(officer.deliveries("MPU.SE").await.is_ok(), enough, "{level}");
        assert_eq!(queues(&mut officer).await.len(), usize::from(enough), "{level}");
        assert_eq!(officer.open(&held, (Part::E, 0), "").await.is_ok(), enough, "{level}");
    }
    house.grant(GRANTS);
    let refused = why(officer.pull("MPU.SE").await);
    assert_eq!(refused, why(officer.pull("MPU.NE").await), "as one that is another's");
    assert_eq!(refused, (Code::PermissionDenied, "QUEUE_NOT_GRANTED".to_owned()));
    let unknown = Taken { id: held.id.replace(&held.id[..36], &fresh()), ..held.clone() };
    let opened = [&held, &unknown].map(|one| {
        let (mut officer, one) = (officer.clone(), one.clone());
        async move { refusal(officer.open(&one, (Part::E, 0), "").await) }
    });
    let [opened, never] = opened;
    let (opened, never) = (opened.await, never.await);
    assert_eq!((opened.code, &opened.reason), (Code::NotFound, &never.reason));
    let shown = who(&mut officer).await.grants.remove(0);
    assert_eq!((shown.queues.len(), needs(&shown)), (0, vec!["MPU.SE  RV or NPPV2 false".to_owned()]));
}

#[tokio::test]
async fn a_part_that_asks_for_vetting_is_opened_by_whoever_has_it_alone() {
    let house = House::open().await;
    let role = "role = \"police_intelligence\"\n";
    let with = |level: &str| GRANTS.replace(role, &format!("{role}vetting = \"{level}\"\n"));
    house.grant(&with("MV"));
    goes_by(&house, &asking("MPU", "\"A/none\" = [\"MV\"]")).await.unwrap();
    let mut officer = house.person(INTELLIGENCE).await;
    let held = taken(&house, &mut officer).await;
    officer.open(&held, (Part::A, 1), "Grading.").await.unwrap();
    for text in [&with("RV"), GRANTS] {
        house.grant(text);
        let refused = refusal(officer.open(&held, (Part::A, 1), "Grading.").await);
        assert_eq!((refused.code, refused.reason.as_str()), (Code::PermissionDenied, "UNIT_NOT_GRANTED"));
        officer.open(&held, (Part::B, 1), "").await.unwrap();
        let shown = officer.deliveries("MPU.SE").await.unwrap().into_iter().find(|one| one.delivery_id == held.id);
        let openable: Vec<_> = shown.unwrap().openable.iter().map(pb::OpenableUnit::part).collect();
        assert!(openable.contains(&Part::B) && !openable.contains(&Part::A));
        assert_eq!(needs(&who(&mut officer).await.grants[0]), ["MPU.SE A MV false"]);
    }
}

#[tokio::test]
async fn nobody_can_ask_for_so_much_that_a_queue_is_left_to_nobody() {
    let house = House::open().await;
    let mut first = house.person(crate::policy::FIRST).await;
    let set = asking("MPU", "work = [\"RV\"], \"A/none\" = [\"MV\"]");
    let found = first.admin.check_policy(pb::CheckPolicyRequest { files: sent(&set) }).await.unwrap().into_inner();
    let told: Vec<_> = found.faults.iter().map(|one| format!("{}: {}: {}", one.file, one.at, one.what)).collect();
    let fault = |queue: &str, what: &str| format!("queues.toml: {queue}: nobody who is granted it is vetted {what}");
    let of_se = [fault("MPU.SE", "for it: RV"), fault("MPU.SE", "to open A/none: MV")];
    assert_eq!(told, [vec![fault("MPU.NE", "for it: RV")], of_se.to_vec()].concat());
    let refused = why(first.admin.activate_policy(asked(&set)).await);
    assert_eq!(refused.0, Code::InvalidArgument, "{refused:?}");
    assert!(matches!(goes_by(&house, &set).await, Err(PolicyRefused::Faults(faults)) if faults.len() == 3));

    // Where somebody has it for the work, it is their own part that is told of; and of grants that are taken back, an alarm.
    let role = "role = \"police_intelligence\"\n";
    let all = vetted_at_mpus("RV").replace(role, &format!("{role}vetting = \"MV\"\n"));
    house.grant(&all);
    goes_by(&house, &set).await.unwrap();
    house.caretake().await;
    let alarms = || house.lives().alarms().names();
    assert_eq!(alarms(), Vec::<String>::new());
    house.grant(&vetted_at_mpus("RV"));
    house.caretake().await;
    assert_eq!(alarms(), ["NOBODY_VETTED MPU.SE"]);
    house.grant(GRANTS);
    house.caretake().await;
    assert_eq!(alarms(), ["NOBODY_VETTED MPU.NE", "NOBODY_VETTED MPU.SE"]);
    house.grant(&all);
    house.caretake().await;
    assert_eq!(alarms(), Vec::<String>::new());
}
