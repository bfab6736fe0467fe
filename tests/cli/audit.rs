//! The ledger by command: exported, verified, filed and checked, by this program and by one that shares nothing with it.

use std::{fs, io::Write, path::Path, process::Command};

use super::{
    fed, homeward,
    house::{AUDITOR, Daemon, House, LEWISHAM, OFFICER},
    narrative, one_line,
};

const REQUEST: &str = "7a4a1b9e-3c55-4c0e-9d0a-2f3f7d1f7b01";

/// The verifier in Python: what it prints, or why it refuses. None where tests/run did not prepare an interpreter.
fn python(folder: &Path, arguments: &[&str]) -> Option<Result<String, String>> {
    let Some(interpreter) = std::env::var("HOMEWARD_TEST_PYTHON").ok().filter(|python| !python.is_empty()) else {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "HOMEWARD_TEST_PYTHON is not set: run tests/run, which prepares the interpreter");
        let said = b"\n*** SKIPPED: HOMEWARD_TEST_PYTHON is not set; tests/run sets it. Python was NOT tested. ***\n";
        std::io::stderr().write_all(said).unwrap();
        return None;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/verifier.py");
    let output = Command::new(interpreter).arg(script).args(arguments).current_dir(folder).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Some(if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) })
}

fn accepted(folder: &Path, arguments: &[&str], word: &str) {
    if let Some(found) = python(folder, arguments) {
        assert!(found.as_ref().is_ok_and(|found| found.starts_with(word)), "{arguments:?}: {found:?}");
    }
}

fn refused(folder: &Path, arguments: &[&str]) {
    if let Some(found) = python(folder, arguments) {
        assert!(found.is_err(), "{arguments:?}: {found:?}");
    }
}

/// A text with one letter of one of its lines changed.
fn tampered(text: &str, line: &str) -> String {
    let found = text.lines().find(|each| each.starts_with(line)).unwrap();
    let (head, last) = found.split_at(found.len() - 3);
    let other = if last.starts_with('a') { "b" } else { "a" };
    text.replacen(found, &format!("{head}{other}{}", &last[1..]), 1)
}

#[test]
fn the_ledger_is_exported_and_verified_offline_here_and_by_a_foreign_program() {
    let house = House::new();
    let daemon = Daemon::start(&house);
    let at = house.path();
    let (council, auditor) = (house.profile(LEWISHAM, daemon.port), house.profile(AUDITOR, daemon.port));
    let run = |profile: &str, args: &[&str]| homeward(at, &[args, &["--profile", profile]].concat());
    let write = |name: &str, text: &str| fs::write(at.join(name), text).unwrap();
    fed(at, &["submit", "-", "--profile", &council], &narrative(1)).with(0);
    write("key", &run(&council, &["audit", "checkpoint", "--key"]).with(0));
    write("older", &run(&council, &["audit", "checkpoint"]).with(0));
    for _ in 2..=6 {
        fed(at, &["submit", "-", "--profile", &council], &narrative(1)).with(0);
    }
    run(&auditor, &["audit", "export", "ledger.txt"]).with(0);
    run(&council, &["audit", "export", "no.txt"]).refused(77, &["METHOD_NOT_GRANTED"]);
    run(&council, &["audit", "list"]).refused(77, &["METHOD_NOT_GRANTED"]);
    let listed = run(&auditor, &["audit", "list"]).with(0);
    assert!(
        listed.contains("collection  SUBMIT  homeward://pilot.example/gss/E09000023/council_submitter"),
        "{listed}"
    );
    assert!(!listed.contains("Marcus") && !listed.contains("Ella"), "{listed}");
    let second = run(&auditor, &["audit", "list", "--json", "--from", "1", "--most", "1"]).with(0);
    assert_eq!(one_line(&second)["index"], "1");

    let verify = |file: &str, more: &[&str]| homeward(at, &[&["audit", "verify", file, "--key", "key"], more].concat());
    let whole = one_line(&verify("ledger.txt", &["--since", "older", "--json"]).with(0));
    let size = whole["size"].as_u64().unwrap();
    accepted(
        at,
        &["ledger", "ledger.txt", "key", "older"],
        &format!("ledger {size} {}", whole["root"].as_str().unwrap()),
    );
    let text = fs::read_to_string(at.join("ledger.txt")).unwrap();
    for index in [0, 1, size - 1] {
        write("bad.txt", &tampered(&text, &format!("{index} ")));
        verify("bad.txt", &[]).refused(65, &[&format!("entry {index} is damaged")]);
        refused(at, &["ledger", "bad.txt", "key"]);
    }
    let line = text.lines().nth(2).unwrap();
    write("bad.txt", &text.replacen(&format!("{line}\n"), "", 1));
    verify("bad.txt", &[]).refused(65, &["entry 1 is missing"]);
    refused(at, &["ledger", "bad.txt", "key"]);
    write("bad.txt", &tampered(&text, "\u{2014} "));
    verify("bad.txt", &[]).refused(65, &["not signed by this ledger's key"]);
    refused(at, &["ledger", "bad.txt", "key"]);

    daemon.stop();
}

#[test]
fn a_receipt_has_a_reference_of_its_reporter_and_the_name_is_told_to_its_sender_and_whoever_has_the_submission() {
    let house = House::new();
    let daemon = Daemon::start(&house);
    let at = house.path();
    let council = house.profile(LEWISHAM, daemon.port);
    let run = |args: &[&str]| homeward(at, &[args, &["--profile", &council]].concat()).with(0);
    fs::write(at.join("n1.json"), narrative(1)).unwrap();
    fs::write(at.join("key"), run(&["audit", "checkpoint", "--key"])).unwrap();
    let submission: serde_json::Value = serde_json::from_str(&narrative(1)).unwrap();
    let name = submission["envelope"]["reporter"]["name"].as_str().unwrap();
    let receipt = one_line(&run(&["submit", "n1.json", "--request-id", REQUEST, "--json"]));
    let said = run(&["audit", "prove", receipt["receipt"]["referral_id"].as_str().unwrap(), "--out", "filed.txt"]);
    assert!(said.contains(&format!("its reporter is {name}")), "{said}");
    assert!(!fs::read_to_string(at.join("filed.txt")).unwrap().contains(name), "the file has a reference alone");
    daemon.stop();

    let check =
        |more: &[&str]| homeward(at, &[&["audit", "check", "filed.txt", "--key", "key"], more].concat()).with(0);
    let about = ["--submission", "n1.json", "--request-id", REQUEST];
    let proven = one_line(&check(&[&about[..], &["--json"]].concat()));
    assert_eq!(proven["reporter_name"], name);
    let said = check(&about);
    assert!(said.contains(&format!("reporter {}, who is {name}\n", proven["reporter"].as_str().unwrap())), "{said}");
    assert!(!check(&[]).contains(name), "without the submission nobody knows");
}

#[test]
fn a_filed_receipt_proves_by_itself_and_shows_a_ledger_that_was_cut_short() {
    let house = House::new();
    let daemon = Daemon::start(&house);
    let at = house.path();
    let (council, officer) = (house.profile(LEWISHAM, daemon.port), house.profile(OFFICER, daemon.port));
    let before = at.join("before");
    let run = |profile: &str, args: &[&str]| homeward(at, &[args, &["--profile", profile]].concat());
    let write = |name: &str, text: &str| fs::write(at.join(name), text).unwrap();
    write("key", &run(&council, &["audit", "checkpoint", "--key"]).with(0));
    daemon.stop();
    copied(&at.join("data"), &before);

    let daemon = Daemon::start(&house);
    let council_now = house.profile(LEWISHAM, daemon.port);
    write("n1.json", &narrative(1));
    write("n2.json", &narrative(2));
    let submit = ["submit", "n1.json", "--request-id", REQUEST, "--json"];
    let receipt = one_line(&run(&council_now, &submit).with(0));
    let id = receipt["receipt"]["referral_id"].as_str().unwrap();
    let kept = receipt["receipt"]["checkpoint"].as_str().unwrap();
    let again = one_line(&run(&council_now, &submit).with(0));
    assert_eq!(again["receipt"]["checkpoint"], kept, "the same receipt, its checkpoint included");
    write("kept", kept);
    run(&officer, &["audit", "prove", id]).refused(69, &[]);
    let officer = house.profile(OFFICER, daemon.port);
    run(&officer, &["audit", "prove", id]).refused(77, &["METHOD_NOT_GRANTED"]);
    run(&council_now, &["audit", "prove", "00000000-0000-4000-8000-000000000000"]).refused(1, &["NOT_FOUND"]);
    run(&council_now, &["audit", "prove", id, "--out", "filed.txt"]).with(0);

    let check = |file: &str, more: &[&str]| homeward(at, &[&["audit", "check", file, "--key", "key"], more].concat());
    let about = ["--submission", "n1.json", "--request-id", REQUEST];
    let proven = one_line(&check("filed.txt", &[&about[..], &["--against", &council_now, "--json"]].concat()).with(0));
    assert_eq!(proven["digest"], receipt["receipt"]["digest"]);
    assert_eq!(proven["submission"].as_bool(), Some(true));
    let to: Vec<&str> = proven["queues"].as_array().unwrap().iter().filter_map(|queue| queue.as_str()).collect();
    assert!(to.contains(&"MPU.SE") && to.contains(&"MASH.E09000023"), "{to:?}");
    accepted(
        at,
        &["receipt", "filed.txt", "key"],
        &format!("receipt {} {}", proven["digest"].as_str().unwrap(), to.join(" ")),
    );
    check("filed.txt", &["--submission", "n2.json", "--request-id", REQUEST]).refused(65, &["it is not about n2.json"]);
    nothing_of_it_can_be_changed(at);
    daemon.stop();

    // Somebody puts back what was there before: store, head file and keys, all of one moment.
    fs::remove_dir_all(at.join("data")).unwrap();
    copied(&before, &at.join("data"));
    let daemon = Daemon::start(&house);
    let council = house.profile(LEWISHAM, daemon.port);
    check("filed.txt", &about).with(0);
    check("filed.txt", &["--against", &council]).refused(65, &["does not continue the checkpoint", "it has only"]);
    for _ in 1..=3 {
        fed(at, &["submit", "-", "--profile", &council], &narrative(1)).with(0);
    }
    check("filed.txt", &["--against", &council]).refused(65, &["it cannot prove it", "forked, rewritten or cut short"]);
    let auditor = house.profile(AUDITOR, daemon.port);
    run(&auditor, &["audit", "export", "ledger.txt"]).with(0);
    check("filed.txt", &["--against", "ledger.txt"]).refused(65, &["forked, rewritten or cut short"]);
    let since = ["audit", "verify", "ledger.txt", "--key", "key", "--since"];
    homeward(at, &[&since[..], &["kept"]].concat()).refused(65, &["forked, rewritten or cut short"]);
    daemon.stop();
}

/// No line of `filed.txt` can be another, here or to the foreign program.
fn nothing_of_it_can_be_changed(at: &Path) {
    let text = fs::read_to_string(at.join("filed.txt")).unwrap();
    for line in ["submitted", "by", "queues", "digest", "opening", "entry", "index", "\u{2014}"] {
        fs::write(at.join("bad.txt"), tampered(&text, line)).unwrap();
        homeward(at, &["audit", "check", "bad.txt", "--key", "key"]).refused(65, &["bad.txt"]);
        // When it was submitted stands in the entry in a form that the foreign program does not read.
        if line != "submitted" {
            refused(at, &["receipt", "bad.txt", "key"]);
        }
    }
}

/// A copy of a folder and of those in it.
fn copied(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copied(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
