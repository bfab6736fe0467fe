//! A policy grows old: what the broker went by before never keeps it from starting, is said aloud, and where time has brought
//! a hole, what falls into it is held. And the way back from one that the program cannot read.

use std::time::Duration;

use homeward::{
    broker::{Begin, Fault, Folder, PolicyRefused, fingerprint},
    reference::FileSet,
    store::{Amendment, Change, Expect, Shelf},
    wire::pb,
};
use jiff::SignedDuration;

use crate::{
    house::{BROMLEY, House, LEWISHAM, RESOLVER, narrative},
    person::{Person, submission},
    policy::{FIRST, RULES, SECOND, Set, change, in_force, print_of, put_in_force, shipped, with_rules},
};

fn files(set: &Set) -> FileSet {
    FileSet::gather(set.clone()).0
}

/// The alarms that are on, once they are as `wanted`.
async fn alarmed(who: &mut Person, wanted: &[&str]) {
    let alarms = async {
        while who.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap().into_inner().alarms != wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), alarms).await.expect("the alarms are as they should be");
}

/// What is shipped, with these entries ending on this day: a borough, and the number to ring of a unit.
fn ending(day: &str) -> Set {
    let mut set = shipped();
    let council = format!("gss = \"E09000023\"\nuntil = \"{day}\"");
    change(&mut set, "directory.toml", "gss = \"E09000023\"", &council);
    let unit = format!("queue = \"MPU.SE\", from = \"2026-01-01\", until = \"{day}\"");
    change(&mut set, "contacts.toml", "queue = \"MPU.SE\"", &unit);
    set
}

#[tokio::test]
async fn what_does_not_pass_the_check_is_not_begun_with_and_what_only_aged_is_where_the_broker_went_by_it() {
    let house = House::open().await;
    let begins = async |set: &Set| house.begins_by(files(set)).await;
    let mut unsafe_contact = shipped();
    change(&mut unsafe_contact, RULES, "flags = [{ flag = \"safe_contact_no\" }]", "");
    let Err(PolicyRefused::Faults(faults)) = begins(&unsafe_contact).await else { panic!("it began") };
    let lost = |one: &Fault| one.at == "rule R19" && one.what.contains("flag safe_contact_no");
    assert!(faults.iter().all(lost) && faults.iter().all(|one| one.file == RULES && !one.aged), "{faults:?}");

    let mut own = shipped();
    change(&mut own, "contacts.toml", "Lewisham Multi-Agency", "Lewisham Multi-agency");
    assert_eq!(begins(&own).await, Ok(Vec::new()));
    house.clock.advance(SignedDuration::from_hours(3 * 366 * 24));
    assert_eq!(begins(&own).await, Ok(vec!["POLICY_AGED".to_owned()]), "it was begun with while it was right");
    let mut other = own.clone();
    change(&mut other, "contacts.toml", "Lewisham Multi-agency", "Lewisham multi-agency");
    let Err(PolicyRefused::Faults(faults)) = begins(&other).await else { panic!("it began") };
    assert!(faults.iter().all(|one| one.aged), "{faults:?}");
    assert_eq!(begins(&shipped()).await, Ok(Vec::new()), "what the binary carries is what it was built with");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sound_when_it_was_taken_up_starts_whatever_time_brings_and_what_falls_into_a_hole_is_held() {
    // The check looks a year ahead: on the day of the activation nothing ends within it.
    let mut house = House::open().await;
    let set = ending("2027-12-05");
    assert_eq!(house.begins_by(files(&set)).await, Ok(Vec::new()), "as a folder");
    put_in_force(&mut house.person(FIRST).await, &mut house.person(SECOND).await, &set).await;
    house.later(SignedDuration::from_hours(15 * 24));
    alarmed(&mut house.person(FIRST).await, &["POLICY_AGED"]).await;
    house.reopen().await;
    let mut first = house.person(FIRST).await;
    alarmed(&mut first, &["POLICY_AGED"]).await;
    assert_eq!(in_force(&mut first).await.0, print_of(&set));

    // A folder that puts nothing in force rewrites a rule table in vain.
    let mut other = shipped();
    change(&mut other, RULES, "effective_from = \"2026-11-01\"", "effective_from = \"2026-11-02\"");
    assert_eq!(
        house.begins_by(files(&other)).await,
        Ok(vec!["POLICY_AGED".to_owned(), "POLICY_FOLDER_DIFFERS".to_owned()])
    );

    // The day has come and nobody has done anything.
    house.later(SignedDuration::from_hours(365 * 24));
    house.renew();
    house.reopen().await;
    let (mut lewisham, mut bromley) = (house.person(LEWISHAM).await, house.person(BROMLEY).await);
    let gone = lewisham.submit(submission(&narrative(1))).await.unwrap();
    let text = narrative(1).replace("E09000023", "E09000006").replace("Lewisham", "Bromley");
    let nobody = bromley.submit(submission(&text)).await.unwrap();
    let queues = |receipt: &pb::Receipt| receipt.legs.iter().map(|leg| leg.queue.clone()).collect::<Vec<_>>();
    assert_eq!((gone.class.as_str(), nobody.class.as_str()), ("P1", "P1"), "no hole makes a class any lower");
    assert!(!queues(&gone).iter().any(|queue| queue.ends_with("E09000023")), "nobody is guessed: {:?}", queues(&gone));
    assert!(
        queues(&nobody).contains(&"MPU.SE".to_owned()),
        "whose number ran out keeps its copy: {:?}",
        queues(&nobody)
    );
    let waits = house.person(RESOLVER).await.deliveries("HOLD.human").await.unwrap();
    for (receipt, reason) in [(&gone, "organisation_unknown"), (&nobody, "queue_unattended")] {
        let mine = waits.iter().filter(|one| one.referral_id == receipt.referral_id);
        let held: Vec<&pb::Delivery> =
            mine.filter(|one| one.held.as_ref().is_some_and(|held| held.reason == reason)).collect();
        let carries = |what: &str| held.iter().any(|one| one.contents.iter().any(|content| content == what));
        assert!(carries("items"), "{reason}: {:?}", held.iter().map(|one| &one.contents).collect::<Vec<_>>());
        assert!(held.iter().all(|one| one.class == "P1"));
    }
}

/// As a newer program might have written it: the set that is in force is nothing that this program knows.
async fn make_unreadable(house: &House, set: &Set) {
    let (store, shelf, name) = (house.store(), Shelf::PolicyVersion, format!("set/{}", print_of(set)));
    let version = store.document(shelf, &name).await.unwrap().unwrap().version;
    let changes = vec![Change { shelf, name, expect: Expect::Version(version), bytes: Some(Vec::new()) }];
    store.amend(Amendment { once: None, changes, entries: Vec::new(), answer: Vec::new() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_place_of_an_activated_policy_that_cannot_be_read_a_sound_folder_stands_in_until_two_persons_activate_another()
 {
    let mut house = House::open().await;
    let (activated, folder) = (with_rules("2026-11-4"), with_rules("2026-11-5"));
    put_in_force(&mut house.person(FIRST).await, &mut house.person(SECOND).await, &activated).await;
    make_unreadable(&house, &activated).await;
    let of = |set: &Set| Some(fingerprint(&files(set)));
    let begin = |folder, in_place_of| Begin { folder, in_place_of };
    let size = house.ledger_size().await;
    // Not by itself, not in place of another, not with a folder that cannot be read, not with one that does not pass the check.
    for wrong in
        [begin(Folder::Read, None), begin(Folder::Read, of(&folder)), begin(Folder::Unreadable, of(&activated))]
    {
        let Err(PolicyRefused::Activated(words)) = house.begins(files(&folder), wrong).await else {
            panic!("it began")
        };
        assert!(words.contains(&print_of(&activated)) && words.contains("cannot be read by this program"), "{words}");
    }
    let mut unsound = folder.clone();
    change(&mut unsound, "rules/2026-11-5.toml", "flags = [{ flag = \"safe_contact_no\" }]", "");
    let refused = house.begins(files(&unsound), begin(Folder::Read, of(&activated))).await;
    assert!(matches!(refused, Err(PolicyRefused::Faults(_))), "{refused:?}");
    assert_eq!(house.ledger_size().await, size, "nothing has changed");

    house.goes_by(files(&folder), of(&activated));
    house.reopen().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    alarmed(&mut first, &["POLICY_STANDS_IN"]).await;
    let receipt = house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    assert_eq!((receipt.policy_fingerprint, receipt.rule_set), (print_of(&folder), "2026-11-5".into()));
    let ledger = house.ledger().await;
    let entry = ledger.iter().find(|entry| entry.action == "POLICY_STANDS_IN").unwrap();
    for words in [format!("policy_sha256={}", print_of(&folder)), format!("in_place_of={}", print_of(&activated))] {
        assert!(entry.details.contains(&words), "{words}: {:?}", entry.details);
    }
    put_in_force(&mut first, &mut second, &folder).await;
    alarmed(&mut first, &[]).await;
    house.reopen().await;
    alarmed(&mut house.person(FIRST).await, &[]).await;
    assert_eq!(in_force(&mut house.person(FIRST).await).await, (print_of(&folder), "2026-11-5".into()));
}

#[tokio::test]
async fn a_folder_that_cannot_be_read_stops_a_start_only_where_it_would_decide() {
    let house = House::open().await;
    let begin = Begin { folder: Folder::Unreadable, in_place_of: None };
    assert_eq!(house.begins(FileSet::embedded(), begin).await, Err(PolicyRefused::Folder));
    put_in_force(&mut house.person(FIRST).await, &mut house.person(SECOND).await, &with_rules("2026-11-4")).await;
    assert_eq!(house.begins(FileSet::embedded(), begin).await, Ok(Vec::new()));
}
