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
fn what_is_asked_for_is_held_against_who_is_granted_what() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("reference");
    super::house::shipped_reference(&own);
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    let text = fs::read_to_string(shipped.join("homeward.example.toml")).unwrap();
    let grants = text.lines().find(|line| line.starts_with("grants = ")).unwrap();
    fs::write(folder.path().join("homeward.toml"), text.replace(grants, "grants = \"grants.toml\"")).unwrap();
    let grants = fs::read_to_string(shipped.join("reference/grants.example.toml")).unwrap();
    fs::write(folder.path().join("grants.toml"), &grants).unwrap();
    let queues = fs::read_to_string(own.join("queues.toml")).unwrap();
    let asked = queues.replacen("kind = \"MPU\"\n", "kind = \"MPU\"\nvetting = { work = [\"MV\"] }\n", 1);
    fs::write(own.join("queues.toml"), asked).unwrap();
    let args = [DAY, &["--policy", "reference", "--config", "homeward.toml"]].concat();
    let told = homeward(folder.path(), &args).with(0);
    assert!(told.contains("queues granted to somebody"), "{told}");
    fs::write(folder.path().join("grants.toml"), grants.replace("vetting = \"MV\"", "vetting = \"RV\"")).unwrap();
    let told = homeward(folder.path(), &args).with(65);
    assert!(told.contains("queues.toml: MPU.SE") && told.contains("vetted for it: MV"), "{told}");
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

#[test]
fn numbers_and_openings_that_protect_nobody_are_faults_all_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("reference");
    super::house::shipped_reference(&own);
    let change = |name: &str, from: &str, to: &str| {
        let text = fs::read_to_string(own.join(name)).unwrap();
        assert!(text.contains(from), "{from} in {name}");
        fs::write(own.join(name), text.replacen(from, to, 1)).unwrap();
    };
    let p1 = "[period.class.P1]\nacknowledge = { minutes = 60,";
    change("deadlines.toml", p1, &p1.replace("60", "100"));
    change("calendar.toml", "zone = \"Europe/London\"", "zone = \"UTC\"");
    change("calendar.toml", "close = \"17:00\"", "close = \"23:59\"");
    change("contacts.toml", "hold_after_months = 24", "hold_after_months = 2400");
    change("contacts.toml", "verified = \"2026-11-02\"", "verified = \"2031-01-01\"");
    change("contacts.toml", "fallback = \"REFDESK.CE\"", "fallback = \"MASH.E09000012\"");
    change("directory.toml", "force = \"E23000034\"", "bcu = \"CE\"");
    change("directory.toml", "code = \"E23000028\"\n", "code = \"E23000028\"\nuntil = \"2026-11-02\"\n");
    change(
        "queues.toml",
        "opens = [\"E/none\", \"B/mpu\", \"CARD/none\"",
        "opens = [\"E/none\", \"B/mpu\", \"C/mash\", \"CARD/none\"",
    );
    let args = [DAY, &["--policy", "reference", "--json"]].concat();
    let value = one_line(&homeward(folder.path(), &args).with(65));
    let faults: Vec<String> =
        value["faults"].as_array().unwrap().iter().map(|one| format!("{}: {}", one["at"], one["what"])).collect();
    for words in [
        "\"P1\": \"`acknowledge` is 100 minutes, and 60 on `elapsed` are the most",
        "\"zone\": \"is not the zone of London",
        "\"office\": \"is open at night",
        "\"hold_after_months\": \"is 2400 months, and 24 are the most",
        "was verified on 2031-01-01, which has not come",
        "\"MPU.CE\": \"MASH.E09000012 cannot stand in for it",
        "\"E09000001\": \"is given a BCU of the Met",
        "\"force E23000028\": \"is not in force",
        "\"MPU\": \"may not open C/mash",
    ] {
        assert!(faults.iter().any(|fault| fault.contains(words)), "{words} in {faults:#?}");
    }
}

#[test]
fn a_pipe_or_a_device_in_the_place_of_a_file_is_told_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("reference");
    super::house::shipped_reference(&own);
    for name in ["lint.toml", "contacts.toml"] {
        fs::remove_file(own.join(name)).unwrap();
    }
    assert!(std::process::Command::new("mkfifo").arg(own.join("lint.toml")).status().unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", own.join("contacts.toml")).unwrap();
    homeward(folder.path(), &["policy", "check", "--policy", "reference"])
        .refused(65, &["reference/lint.toml: is no file", "reference/contacts.toml: is no file"]);
}

/// A copy of what is shipped, and what changes the text of one of its files.
fn copied(folder: &std::path::Path, name: &str) -> impl Fn(&str, &str, &str) {
    let own = folder.join(name);
    super::house::shipped_reference(&own);
    move |file, from, to| {
        let text = fs::read_to_string(own.join(file)).unwrap();
        assert!(text.contains(from), "{from} in {file}");
        fs::write(own.join(file), text.replacen(from, to, 1)).unwrap();
    }
}

#[test]
fn what_changes_between_two_folders_is_told_by_row_and_field() {
    let folder = tempfile::tempdir().unwrap();
    let change = copied(folder.path(), "next");
    let same = homeward(folder.path(), &["policy", "diff", "next"]).with(0);
    assert_eq!(same, "The same, to the last character.\n");
    let moves = "gss = \"E09000023\"\nuntil = \"2027-04-01\"";
    change("directory.toml", "gss = \"E09000023\"", moves);
    let again = "\n[[authority]]\ngss = \"E09000023\"\nfrom = \"2027-04-01\"\nname = \"Lewisham\"\nbcu = \"SN\"\n";
    let mut directory = fs::read_to_string(folder.path().join("next/directory.toml")).unwrap();
    directory.push_str(again);
    fs::write(folder.path().join("next/directory.toml"), directory).unwrap();
    change("deadlines.toml", "acknowledge = { minutes = 60,", "acknowledge = { minutes = 45,");
    change("contacts.toml", "phone = \"020 7946 0100\"", "phone = \"020 7946 0999\"");
    change(
        "redaction.toml",
        "witness = [\"keep\", \"keep\", \"keep\", \"token\"]",
        "witness = [\"keep\", \"token\", \"keep\", \"token\"]",
    );
    change("redaction-words.toml", "abbey, amber,", "amber, arcadia,");
    change("lint.toml", "\"library\",", "\"reading room\",");
    change("calendar.toml", "zone =", "# nothing but a comment\nzone =");
    let shipped = fs::read_to_string(folder.path().join("next/rules/2026-11-3.toml")).unwrap();
    let next = shipped.replace("2026-11-3", "2027-04-1").replace("2026-11-01", "2027-04-01");
    let next = next.replacen(
        "{ class = \"P1\", when = \"suicidal_intent\" }",
        "{ class = \"P0\", when = \"suicidal_intent\" }",
        1,
    );
    fs::write(folder.path().join("next/rules/2027-04-1.toml"), next).unwrap();

    let ended = homeward(folder.path(), &["policy", "diff", "next"]);
    assert!(ended.err.contains("they differ, in 8 files"), "{ended:?}");
    let told = ended.with(1);
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "calendar.toml: comments, spacing or the order of entries alone",
        "contacts.toml: one change contact MPU.CE (Central East Missing Person Unit), phone: 020 7946 0100 -> 020 7946 0999",
        "period from 2025-01-01, class, P1, acknowledge, minutes: 60 -> 45",
        "authority E09000023 (Lewisham), until: added: 2027-04-01",
        "authority E09000023 (Lewisham) from 2027-04-01: added: ",
        "person, witness, item: keep -> token",
        "names_that_are_words: added: arcadia",
        "names_that_are_words: removed: abbey",
        "terms: added: reading room",
        "terms: removed: library",
        "rules/2027-04-1.toml: new, from 2027-04-01 on; what it changes against 2026-11-3, which it follows",
        "rule R22, raised, class: P1 -> P0",
    ] {
        assert!(told.contains(words), "{words} in {told}");
    }
    let back = one_line(&homeward(folder.path(), &["policy", "diff", "--json", "next", "next"]).with(0));
    assert_eq!(back, serde_json::json!({ "same": true, "files": [] }));
    super::house::shipped_reference(&folder.path().join("old"));
    let value = one_line(&homeward(folder.path(), &["policy", "diff", "--json", "next", "old"]).with(1));
    let file = |name: &str| value["files"].as_array().unwrap().iter().find(|one| one["file"] == name).unwrap().clone();
    assert_eq!(file("rules/2027-04-1.toml")["what"], "removed");
    let change = serde_json::json!({
        "at": ["contact MPU.CE (Central East Missing Person Unit)", "phone"], "what": "changed",
        "before": "020 7946 0999", "after": "020 7946 0100",
    });
    assert_eq!(file("contacts.toml")["changes"], serde_json::json!([change]));
}

#[test]
fn folders_that_cannot_be_read_are_not_compared() {
    let folder = tempfile::tempdir().unwrap();
    let change = copied(folder.path(), "next");
    homeward(folder.path(), &["policy", "diff", "nowhere", "next"]).refused(65, &["nowhere/directory.toml"]);
    change("lint.toml", "[advice.child_named]", "[advice.child_named");
    change("queues.toml", "[[kind]]", "[[kind]");
    homeward(folder.path(), &["policy", "diff", "next"]).refused(65, &["lint.toml: file: ", "queues.toml: file: "]);
}
