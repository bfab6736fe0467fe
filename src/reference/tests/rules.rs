//! The rule table: whole or not at all, every fault at once; and several versions side by side.

use jiff::civil::date;

use super::super::*;
use crate::domain::{code::Class, policy::RuleClass};

const TABLE: &str = EMBEDDED.rules[0].1;

/// What is wrong with these versions of the table, as `file at what`.
fn wrong(versions: &[(&str, &str)]) -> Vec<String> {
    match load(Files { rules: versions, ..EMBEDDED }) {
        Ok(_) => Vec::new(),
        Err(wrong) => wrong.iter().map(ToString::to_string).collect(),
    }
}

/// The table with each of these texts in place of another.
fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(TABLE.to_owned(), |table, (from, to)| {
        assert!(table.contains(from), "{from}");
        table.replacen(from, to, 1)
    })
}

/// A later version.
fn later(name: &str, from: &str) -> String {
    let version = format!("version = \"{name}\"");
    changed(&[("version = \"2026-11-3\"", &version), ("\"2026-11-01\"", &format!("\"{from}\""))])
}

#[test]
fn every_version_in_the_folder_is_carried() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/reference/rules");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, EMBEDDED.rules.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

#[test]
fn the_table_has_every_rule_with_its_class() {
    let policy = embedded().unwrap();
    let rules = policy.rules.in_force(date(2026, 11, 21));
    assert_eq!(rules.version, "2026-11-3");
    assert_eq!(rules.rules.len(), 26);
    let class = |id, raised| rules.rule(id).unwrap().class(raised);
    assert_eq!(class("R06", false), Some(Class::P2));
    assert_eq!(class("R06", true), Some(Class::P1));
    assert_eq!(class("R13", false), None);
    assert_eq!(rules.rule("R08").unwrap().class, RuleClass::AsItem);
}

#[test]
fn every_fault_of_the_table_is_named_at_once() {
    let table = changed(&[
        ("when = \"danger_now\"", "when = \"danger_yesterday\""),
        ("{ to = \"refdesk_of_place\", carries = [\"E\"], items = [\"images\"] }", "{ to = \"moon\" }"),
        ("class = \"P2\"\nraised = { class = \"P1\"", "class = \"P2\"\nraised = { class = \"P3\""),
        ("items = [\"on_railway\"]", "items = [\"on_the_moon\"]"),
        ("{ to = \"one_council\", carries = [\"prompt\"]", "{ to = \"one_council\", carries = [\"parcel\"]"),
        ("prompts = [{ prompt = \"PREVENT\" }]", "prompts = [{ prompt = \"LADO\" }]"),
        ("{ flag = \"exclude_accused\" }", "{ flag = \"include_accused\" }"),
        ("when = \"late\"", "when = \"wanted\""),
        ("unless = [\"R00\", \"R07\"]", "unless = [\"R77\"]"),
        ("due = \"third_day_after_return\"", "due = \"some_day\""),
        ("{ to = \"linked_child\", carries = [\"link\"] }", "{ to = \"linked_child\", carries = [\"C\"] }"),
        ("{ to = \"mpu_of_place\", items = [\"intelligence\"] }", "{ to = \"mpu_of_place\" }"),
    ]);
    let wrong = wrong(&[("2026-11-3", &table)]);
    for (rule, what) in [
        ("R00", "danger_yesterday"),
        ("R03", "`moon`"),
        ("R06", "graver"),
        ("R10", "on_the_moon"),
        ("R10", "sends none"),
        ("R12", "parcel"),
        ("R12", "some_day"),
        ("R15", "linked_child cannot carry"),
        ("R08", "mpu_of_place goes item by item"),
        ("R17", "shows PREVENT but does not raise it"),
        ("R17", "raises LADO and shows it to nobody"),
        ("R18", "include_accused"),
        ("R25", "`late` is the condition of R25"),
        ("owed 1", "R77"),
    ] {
        let named = |line: &&String| line.contains(rule) && line.contains(what);
        assert!(wrong.iter().any(|line| named(&line)), "{rule}: {what} in {wrong:#?}");
    }
}

#[test]
fn a_version_is_named_as_its_file_and_no_two_begin_on_one_day() {
    let (newer, clash) = (later("2027-01-1", "2027-01-04"), later("2027-01-2", "2027-01-04"));
    assert!(wrong(&[("2026-11-3", TABLE), ("2027-01-1", &newer)]).is_empty());
    let named = wrong(&[("2026-11-3", TABLE), ("other", &newer)]);
    assert!(named[0].contains("must be the name of its file"), "{named:?}");
    let named = wrong(&[("2026-11-3", TABLE), ("2027-01-1", &newer), ("2027-01-2", &clash)]);
    assert!(named[0].contains("begins on the same day"), "{named:?}");
    assert!(wrong(&[])[0].contains("no version"));
}

#[test]
fn each_day_has_the_version_that_began_last() {
    let newer = later("2027-01-1", "2027-01-04");
    let policy = load(Files { rules: &[("2027-01-1", &newer), ("2026-11-3", TABLE)], ..EMBEDDED }).unwrap();
    let version = |year, month, day| policy.rules.in_force(date(year, month, day)).version.as_str();
    assert_eq!(version(2026, 7, 1), "2026-11-3", "before the first begins there is only the first");
    assert_eq!(version(2027, 1, 3), "2026-11-3");
    assert_eq!(version(2027, 1, 4), "2027-01-1");
    // The day is London's: this is still the third of January.
    assert_eq!(policy.rules_at("2027-01-03T23:59:59Z".parse().unwrap()).version, "2026-11-3");
    let only = policy.rules.only("2026-11-3").unwrap();
    assert_eq!(only.in_force(date(2030, 1, 1)).version, "2026-11-3");
    assert!(policy.rules.only("2019-01-1").is_none());
}

#[test]
fn the_readme_has_every_word_of_the_table_with_its_meaning() {
    use crate::domain::{
        decision::{Content, Flag, PromptKind},
        policy::{Choice, Condition, Destination, DueBy},
    };
    let readme = include_str!("../../../deploy/reference/README.md");
    let conditions = Condition::ALL.iter().map(|word| (word.code(), word.words()));
    let destinations = Destination::ALL.iter().map(|word| (word.code(), word.words()));
    let choices = Choice::ALL.iter().map(|word| (word.code(), word.words()));
    let dues = DueBy::ALL.iter().map(|word| (word.code(), word.words()));
    for (code, words) in conditions.chain(destinations).chain(choices).chain(dues) {
        assert!(readme.contains(&format!("| `{code}` | {words} |\n")), "{code}");
    }
    let contents = Content::ALL.iter().filter(|content| **content != Content::Items).map(|word| word.code());
    let prompts = PromptKind::ALL.iter().map(|word| word.code());
    for code in contents.chain(prompts).chain(Flag::ALL.iter().map(|word| word.code())) {
        assert!(readme.contains(&format!("| `{code}` | ")), "{code}");
    }
}
