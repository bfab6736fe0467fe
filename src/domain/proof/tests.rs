//! The proof holds for the data that is shipped, and fails for every kind of broken data.

use std::{cell::Cell, collections::BTreeMap};

use jiff::civil::{Date, Weekday, date, time};

use super::{Notes, Proof, protections, prove, routes, standing};
use crate::domain::{
    calendar::{Basis, OfficeHours},
    code::Class,
    contacts::Above,
    directory::{Effective, Police},
    period::{Dated, Exception},
    policy::{ClassDeadlines, Deadline, Policy, RuleSets},
    queue::QueueId,
    testing::{directory_and, directory_with, policy, policy_with, queues_with},
};

const FROM: Date = date(2026, 11, 26);

/// What the entries by themselves show on one day, as `at: what`.
fn standing_on(policy: &Policy, day: Date) -> Vec<String> {
    let mut notes = Notes { day, ..Notes::default() };
    standing::all(policy, &mut notes);
    lines(&notes)
}

/// What the routes show on one day.
fn routes_on(policy: &Policy, day: Date) -> Vec<String> {
    let mut notes = Notes { day, ..Notes::default() };
    routes::all(policy, &mut notes, &|| true);
    lines(&notes)
}

fn lines(notes: &Notes) -> Vec<String> {
    notes.faults.values().map(|one| format!("{}: {}: {}", one.file, one.at, one.told())).collect()
}

#[test]
fn a_proof_that_is_ended_says_so() {
    let asked = Cell::new(0);
    let go_on = || asked.replace(asked.get() + 1) < 3;
    let proof = prove(&policy(), FROM, date(2026, 12, 31), &go_on);
    let routes = proof.proven.iter().find(|one| one.name == "routes").unwrap().count;
    let situations = proof.proven.iter().find(|one| one.name == "situations").unwrap().count;
    assert_eq!((proof.finished, asked.get(), routes), (false, 4, 4 * situations * 5 * 2));
}

#[test]
fn what_is_shipped_is_proved_for_every_council_rule_class_and_hour() {
    let Proof { faults, warnings, proven, finished, .. } = prove(&policy(), FROM, date(2026, 12, 31), &|| true);
    assert_eq!((faults, warnings, finished), (Vec::new(), Vec::new(), true));
    let count: BTreeMap<&str, usize> = proven.iter().map(|one| (one.name, one.count)).collect();
    let directory = policy().directory;
    // The rail force is no place; the unknown area is one.
    assert_eq!(count["places"], directory.authorities.len() + directory.forces.len());
    assert!(count["situations"] > 26, "{count:?}");
    assert_eq!(count["routes"], count["places"] * count["situations"] * 5 * 2);
    assert!(count["legs"] > count["routes"]);
    assert_eq!((count["days"], count["queues"]), (1, directory.queues(FROM).len()));
}

#[test]
fn every_day_on_which_something_changes_is_proved() {
    let policy = directory_and("[[unattended]]\nqueue = \"MPU.SE\"\nfrom = \"2027-02-03\"\nuntil = \"2027-02-05\"");
    let days: Vec<String> =
        super::days(&policy, FROM, date(2028, 1, 1)).into_iter().map(|day| day.to_string()).collect();
    assert_eq!(days, ["2026-11-26", "2027-01-01", "2027-02-03", "2027-02-05", "2028-01-01"]);
    assert_eq!(standing_on(&policy, date(2027, 2, 3)), Vec::<String>::new(), "HOLD stands in");
}

#[test]
fn a_council_that_ends_without_another_is_a_fault_on_that_day() {
    let policy = directory_with("gss = \"E09000023\"", "gss = \"E09000023\"\nuntil = \"2027-04-01\"");
    assert_eq!(standing_on(&policy, date(2027, 3, 31)), Vec::<String>::new());
    let gone = ["directory.toml: E09000023: no entry is in force: what names this council goes to HOLD"];
    assert_eq!(standing_on(&policy, date(2027, 4, 1)), gone);
}

#[test]
fn a_unit_that_ends_while_a_council_still_names_it_is_a_fault_of_every_route_there() {
    let policy = directory_with("code = \"SE\"", "code = \"SE\"\nuntil = \"2027-04-01\"");
    let day = date(2027, 4, 1);
    let told = "directory.toml: E09000023: its bcu or force is not in force on that day".to_owned();
    assert!(standing_on(&policy, day).contains(&told));
    let routes = routes_on(&policy, day);
    for queue in ["MPU.SE", "REFDESK.SE"] {
        let told = format!("directory.toml: {queue}: is a destination, but no such queue is in force");
        assert!(routes.contains(&told), "{routes:#?}");
    }
}

#[test]
fn a_force_that_rules_name_and_that_ends_is_a_fault() {
    let policy = directory_with("code = \"BTP\"", "code = \"BTP\"\nuntil = \"2027-04-01\"");
    let told = standing_on(&policy, date(2027, 4, 1));
    assert_eq!(told, ["directory.toml: role rail: no force has it: the rules that name it have no destination"]);
    let held = "directory.toml: rule R10: is held for FORCE, though the place is a known council".to_owned();
    assert!(routes_on(&policy, date(2027, 4, 1)).iter().any(|line| line.starts_with(&held)));
}

#[test]
fn nobody_on_hold_is_a_fault_and_an_empty_desk_without_an_end_a_warning() {
    let empty = |queue: &str| directory_and(&format!("[[unattended]]\nqueue = \"{queue}\"\nfrom = \"2026-11-01\""));
    let told = standing_on(&empty("HOLD.human"), FROM);
    assert_eq!(told, ["directory.toml: HOLD.human: nobody is there, and what cannot be decided has no other place"]);
    let mut notes = Notes { day: FROM, ..Notes::default() };
    standing::all(&empty("MPU.SE"), &mut notes);
    assert!(notes.faults.is_empty());
    assert!(notes.warnings.values().all(|one| one.at == "MPU.SE") && notes.warnings.len() == 1);
}

#[test]
fn a_kind_nobody_described_and_a_part_a_kind_cannot_open_are_faults() {
    let mut policy = policy();
    policy.queues.kinds.retain(|kind| kind.kind != "EDT");
    let told = standing_on(&policy, FROM);
    assert_eq!(told, ["queues.toml: EDT: queues of this kind exist, but the kind is not described"]);
    let closed = "opens = [\"E/none\", \"B/mpu\", \"CARD/none\", \"A/none\", \"O/none\"]";
    let told = routes_on(&queues_with(closed, "opens = [\"E/none\", \"CARD/none\", \"A/none\", \"O/none\"]"), FROM);
    assert!(told.contains(&"queues.toml: MPU: gets items by R07 and cannot open part B".to_owned()), "{told:#?}");
}

#[test]
fn what_waits_for_a_closed_office_is_a_fault() {
    let closes = |kind: &str| {
        let mut policy = policy();
        policy.queues.kinds.iter_mut().find(|one| one.kind == kind).unwrap().always_open = false;
        routes_on(&policy, FROM)
    };
    let (teams, desks) = (closes("EDT"), closes("MPU"));
    let asleep = "queues.toml: MASH.E09000023: keeps something of P0 or P1 while the office is closed".to_owned();
    assert!(teams.contains(&asleep), "{teams:#?}");
    // Its copy would go to a duty team that there is none of.
    let nowhere = "directory.toml: EDT.SE: is a destination, but no such queue is in force".to_owned();
    assert!(desks.contains(&nowhere), "{desks:#?}");
}

#[test]
fn a_class_without_a_deadline_and_an_office_that_never_opens_are_faults() {
    let from_now = Effective { from: FROM, until: None };
    let nine = time(9, 0, 0, 0);
    let shut = OfficeHours { days: vec![Weekday::Monday], open: nine, close: nine };
    let mut shut_policy = policy();
    shut_policy.calendar.office = Dated::new(vec![(from_now.clone(), shut)]).unwrap();
    let told = standing_on(&shut_policy, FROM);
    let never = "calendar.toml: MPU.SE P2: a deadline never comes: the office never opens".to_owned();
    assert!(told.contains(&never), "{told:#?}");
    let mut policy = policy();
    let none = Exception::new(vec![(from_now, ClassDeadlines::default())]).unwrap();
    policy.queues.deadlines.overrides.insert((QueueId::of("MPU", "SE"), Class::P1), none);
    let told = standing_on(&policy, FROM);
    assert_eq!(told, ["deadlines.toml: MPU.SE P1: has no deadline: nobody would hear that it waits"]);
}

#[test]
fn a_year_without_bank_holidays_is_a_fault() {
    let told = standing_on(&policy(), date(2031, 1, 1));
    let unknown = "calendar.toml: 2031: bank holidays are not known: every office counts as closed".to_owned();
    assert!(told.contains(&unknown), "{told:#?}");
    let told = standing_on(&policy(), date(2029, 12, 31));
    assert!(!told.iter().any(|line| line.starts_with("calendar.toml")), "{told:#?}");
}

#[test]
fn what_no_send_takes_is_a_fault_of_the_rule() {
    let policy = policy_with(
        "  { to = \"owner\", carries = [\"E\"], items = [\"intelligence\"] },\n  { to = \"front_door\", carries = [\"E\", \"C\"], items = [\"coded\"], when = \"exploitation_indicator\" },",
        "",
    );
    let told = routes_on(&policy, FROM);
    assert!(told.contains(&"rules/: rule R07: leaves something to HOLD that no send takes".to_owned()), "{told:#?}");
}

#[test]
fn a_queue_without_a_contact_with_the_wrong_cover_or_a_lost_stand_in_is_a_fault() {
    let mut policy = policy();
    let queue = |kind: &str| QueueId::of(kind, "SE");
    policy.contacts.entries.remove(&queue("MPU"));
    policy.contacts.above.retain(|whom, _| !matches!(whom, Above::Duty(Police::Bcu(code)) if code == "SE"));
    policy.queues.kinds.iter_mut().find(|kind| kind.kind == "FORCE").unwrap().always_open = false;
    policy.directory.forces.retain(|force| force.code != "E23000014");
    policy.directory.authorities.retain(|one| one.gss != "E08000025");
    let mut desk = policy.contacts.of(&queue("REFDESK"), FROM).unwrap().clone();
    desk.fallback = Some(QueueId::of("FORCE", "E23000014"));
    let entry = Exception::new(vec![(Effective { from: FROM, until: None }, desk)]).unwrap();
    policy.contacts.entries.insert(queue("REFDESK"), entry);
    let told = standing_on(&policy, FROM);
    for fault in [
        "contacts.toml: MPU.SE: nobody would know whom to ring",
        "contacts.toml: bcu_duty of SE: nobody would know whom R25 turns to",
        "contacts.toml: FORCE.BTP: its cover is not that of its kind",
        "contacts.toml: REFDESK.SE: who stands in is not in force",
    ] {
        assert!(told.contains(&fault.to_owned()), "{fault} in {told:#?}");
    }
}

#[test]
fn entries_that_age_are_warnings_and_then_faults() {
    let found = |day: Date| {
        let mut notes = Notes { day, ..Notes::default() };
        standing::all(&policy(), &mut notes);
        (notes.warnings.len(), lines(&notes).len())
    };
    let all = policy().directory.queues(FROM).len();
    assert_eq!(found(date(2027, 11, 2)), (0, 0));
    // Of whom R25 turns to nothing else goes by how old an entry is: they are warned of.
    let above = policy().contacts.above.len();
    assert_eq!(found(date(2027, 11, 3)), (all + above, 0));
    assert_eq!(found(date(2028, 11, 3)), (above, all));
}

#[test]
fn an_empty_desk_whose_stand_in_is_empty_too_is_a_fault() {
    let empty =
        |queue: &str| format!("[[unattended]]\nqueue = \"{queue}\"\nfrom = \"2026-11-01\"\nuntil = \"2026-12-24\"\n");
    assert_eq!(standing_on(&directory_and(&empty("MPU.SE")), FROM), Vec::<String>::new());
    let told = standing_on(&directory_and(&(empty("MPU.SE") + &empty("REFDESK.SE"))), FROM);
    let nobody =
        ["MPU.SE", "REFDESK.SE"].map(|queue| format!("contacts.toml: {queue}: nobody is there, and nobody stands in"));
    assert_eq!(told, nobody);
}

/// What the protections show on one day.
fn protected_on(policy: &Policy, day: Date) -> Vec<String> {
    let mut notes = Notes { day, ..Notes::default() };
    protections::all(policy, &mut notes, &|| true);
    lines(&notes)
}

#[test]
fn a_table_that_leaves_out_a_protection_is_a_fault() {
    assert_eq!(protected_on(&policy(), FROM), Vec::<String>::new());
    for (from, to, fault) in [
        (
            "flags = [{ flag = \"safe_contact_no\" }]",
            "",
            "rules/: rule R19: does not give flag safe_contact_no where harm_source_at_home",
        ),
        (
            "{ prompt = \"LADO\" }",
            "{ prompt = \"LADO\", when = \"self_harm\" }",
            "rules/: rule R18: does not give prompt LADO where allegation",
        ),
        (
            "when = \"significant_harm\"\nclass = \"P1\"",
            "when = \"significant_harm\"\nclass = \"P3\"",
            "rules/: rule R01: does not give class P1 (it is P3) where significant_harm",
        ),
    ] {
        let told = protected_on(&policy_with(from, to), FROM);
        assert!(told.iter().any(|line| line.starts_with(fault)), "{fault} in {told:#?}");
    }
}

#[test]
fn what_begins_after_the_last_day_is_proved_too() {
    let mut policy = policy();
    let day = date(2029, 6, 1);
    let mut table = policy.rules.in_force(FROM).clone();
    (table.version, table.effective_from) = ("2029-06-1".to_owned(), day);
    table.rules.iter_mut().filter(|rule| rule.id == "R19").for_each(|rule| rule.flags.clear());
    policy.rules = RuleSets::new(policy.rules.all().iter().cloned().chain([table]).collect()).unwrap();
    let late = Deadline { minutes: 24 * 60, basis: Basis::Elapsed };
    let (now, mut then) =
        (policy.queues.deadlines.classes.on(FROM).clone(), policy.queues.deadlines.classes.on(FROM).clone());
    then.get_mut(&Class::P0).unwrap().acknowledge = Some(late);
    let period = |from, until, value| (Effective { from, until }, value);
    policy.queues.deadlines.classes =
        Dated::new(vec![period(date(2025, 1, 1), Some(day), now), period(day, None, then)]).unwrap();
    let proof = prove(&policy, FROM, date(2026, 12, 31), &|| true);
    let told: Vec<String> = proof.faults.iter().map(|one| format!("{}: {}", one.file, one.at)).collect();
    for what in ["rules/2029-06-1.toml: rule R19", "deadlines.toml: P0"] {
        assert!(told.iter().any(|one| one == what), "{what}: {told:?}");
    }
    assert!(told.iter().all(|one| !one.starts_with("rules/2026")), "{told:?}");
    assert!(proof.finished);
}
