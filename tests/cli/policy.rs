//! `policy check`: what is shipped is proved, and what is broken is told with what to do.

use std::fs;

use super::{homeward, one_line};

/// One day, so that the proof is short.
const DAY: &[&str] = &["policy", "check", "--from", "2026-11-26", "--until", "2026-11-26"];

#[test]
fn the_data_that_is_shipped_is_proved() {
    let folder = tempfile::tempdir().unwrap();
    let told = homeward(folder.path(), DAY).with(0);
    for words in ["Looked at, for 2026-11-26 to 2026-11-26", "place, rule, class and hour", "No fault."] {
        assert!(told.contains(words), "{words} in {told}");
    }
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
}

#[test]
fn a_fault_is_told_with_what_to_do_and_exit_65() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("reference");
    super::house::shipped_reference(&own);
    let directory = fs::read_to_string(own.join("directory.toml")).unwrap();
    let ends = directory.replacen("gss = \"E09000023\"", "gss = \"E09000023\"\nuntil = \"2026-11-20\"", 1);
    fs::write(own.join("directory.toml"), ends).unwrap();
    let args = [DAY, &["--policy", "reference", "--json"]].concat();
    let ended = homeward(folder.path(), &args);
    assert!(ended.err.contains("the reference data has a fault"), "{ended:?}");
    let value = one_line(&ended.with(65));
    assert_eq!((&value["ok"], &value["from"]), (&false.into(), &"2026-11-26".into()));
    let faults = value["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!((&faults[0]["file"], &faults[0]["at"]), (&"directory.toml".into(), &"E09000023".into()));
    assert!(faults[0]["to_do"].as_str().unwrap().contains("add the entry that follows"));
    assert!(value["proven"].as_array().unwrap().iter().all(|one| one["count"].is_number()));
    homeward(folder.path(), &["policy", "check", "--from", "2026-11-26", "--until", "2026-11-25"])
        .refused(64, &["--until is before --from"]);
}

#[test]
fn data_that_cannot_be_loaded_is_refused_with_every_fault() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("reference");
    super::house::shipped_reference(&own);
    let name = own.join("rules/2026-11-3.toml");
    let table = fs::read_to_string(&name).unwrap();
    fs::write(&name, table.replace("to = \"owner\"", "to = \"moon\"")).unwrap();
    homeward(folder.path(), &["policy", "check", "--policy", "reference"])
        .refused(65, &["rule R00: to: `moon` is no word this broker knows", "rule R21: to: `moon`"]);
}

#[test]
fn every_fault_of_every_file_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("reference");
    super::house::shipped_reference(&own);
    let change = |name: &str, from: &str, to: &str| {
        let text = fs::read_to_string(own.join(name)).unwrap();
        assert!(text.contains(from), "{from} in {name}");
        fs::write(own.join(name), text.replacen(from, to, 1)).unwrap();
    };
    fs::remove_file(own.join("contacts.toml")).unwrap();
    fs::write(own.join("lint.toml"), "#".repeat(3 << 20)).unwrap();
    change("rules/2026-11-3.toml", "to = \"owner\"", "to = \"moon\"");
    change("redaction-words.toml", "titles = ", "tittles = ");
    let source = r#"source = ["token", "token", "token", "token"]"#;
    change("redaction.toml", source, r#"source = ["keep", "token", "token", "token"]"#);
    let ended = homeward(folder.path(), &["policy", "check", "--policy", "reference"]);
    ended.refused(
        65,
        &[
            "reference/contacts.toml: No such file",
            "reference/lint.toml: larger than",
            "rule R00: to: `moon` is no word this broker knows",
            "redaction-words.toml: words: titles is missing or empty",
            "redaction.toml: [person] source: `keep` in mpu is not allowed: it would tell police who told us",
        ],
    );
}

#[test]
fn a_table_without_a_protection_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("reference");
    super::house::shipped_reference(&own);
    let name = own.join("rules/2026-11-3.toml");
    let table = fs::read_to_string(&name).unwrap();
    let flag = "flags = [{ flag = \"safe_contact_no\" }]\n";
    assert!(table.contains(flag));
    fs::write(&name, table.replace(flag, "")).unwrap();
    let args = [DAY, &["--policy", "reference", "--json"]].concat();
    let value = one_line(&homeward(folder.path(), &args).with(65));
    let faults = value["faults"].as_array().unwrap();
    assert!(faults.iter().all(|one| one["at"] == "rule R19" && one["file"] == "rules/2026-11-3.toml"), "{faults:?}");
    let places = |one: &serde_json::Value| one["places"].as_array().unwrap().len();
    assert_eq!((faults.len(), places(&faults[1])), (2, 0), "{faults:?}");
    assert!(places(&faults[0]) > 33 && faults[0]["what"].as_str().unwrap().contains("(at E09000002, and at "));
}
