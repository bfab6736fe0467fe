//! What a command says when something is missing, lost or late: what to do next.

use std::fs;

use super::{
    homeward,
    house::{Daemon, House, INTELLIGENCE, LEWISHAM, OFFICER},
    narrative, one_line,
};

const FIRST: &str = "certs/admin-1";
const SECOND: &str = "certs/admin-2";

/// A house whose daemon signs certificates for two administrators.
fn issuing() -> House {
    let house = House::new();
    let file = house.path().join("grants.toml");
    let administers = "[[grant]]\norganisation = \"operator\"\nrole = \"certificate_admin\"\n\
                       not_before = \"2020-01-01T00:00:00Z\"\nnot_after = \"2090-01-01T00:00:00Z\"\n";
    fs::write(&file, fs::read_to_string(&file).unwrap() + administers).unwrap();
    house.configure("[pki]\nfolder = \"certs\"\n");
    house
}

fn administrator(house: &House, profile: &str, port: u16) {
    fs::write(house.path().join(profile).join("endpoint"), format!("https://localhost:{port}")).unwrap();
}

#[test]
fn an_enrolment_that_was_approved_without_a_folder_gives_its_certificate_again() {
    let house = issuing();
    let daemon = Daemon::start(&house);
    [FIRST, SECOND].iter().for_each(|profile| administrator(&house, profile, daemon.port));
    let run = |args: &[&str]| homeward(house.path(), args);
    let identity = ["gss/E09000007/council_submitter/case-system", "--trust-domain", "pilot.example"];
    let request = [&["pki", "request"], &identity[..], &["--endpoint", "https://localhost:1", "--out", "camden"]];
    let requested = run(&request.concat()).with(0);
    let fingerprint = requested.lines().find_map(|line| line.strip_prefix("fingerprint ")).unwrap().trim();
    let proposed = run(&["pki", "sign", "camden/request.pem", "--profile", FIRST]).with(0);
    let proposal = proposed.split_whitespace().next().unwrap();
    let approve = |fingerprint: &str, more: &[&str]| {
        run(&[&["admin", "approve", proposal, "--fingerprint", fingerprint, "--profile", SECOND], more].concat())
    };
    let told = approve(fingerprint, &[]).with(0);
    assert!(told.contains("run it again") && told.contains("24 hours"), "{told}");
    // As it was read out a second time.
    let capitals = fingerprint.to_ascii_uppercase();
    let spaced = capitals.chars().enumerate();
    let spaced: String =
        spaced.flat_map(|(at, digit)| [" ", ""][usize::from(at % 4 > 0)].chars().chain([digit])).collect();
    approve(&spaced, &["--out", "to-camden"]).with(0);
    let given = fs::read_to_string(house.path().join("to-camden/cert.pem")).unwrap();
    assert!(given.contains("BEGIN CERTIFICATE") && house.path().join("to-camden/ca.pem").exists());
    let again = one_line(&approve(fingerprint, &["--json"]).with(0));
    assert_eq!(again["enrolled"]["certificate"]["chain"], given, "one certificate");
    let first = ["admin", "approve", proposal, "--fingerprint", fingerprint, "--profile", FIRST];
    run(&first).refused(77, &["SECOND_PERSON_NEEDED"]);
    daemon.stop();
}

#[test]
fn whoever_is_revoked_reads_that_it_may_be_the_certificate_and_a_slip_in_a_serial_number_is_told() {
    let house = issuing();
    let daemon = Daemon::start(&house);
    administrator(&house, FIRST, daemon.port);
    let council = house.profile(LEWISHAM, daemon.port);
    let run = |args: &[&str]| homeward(house.path(), args);
    run(&["whoami", "--profile", &council]).with(0);
    let slip = run(&["pki", "revoke", "ab", "--reason", "key-compromise", "--profile", FIRST]).with(0);
    assert!(slip.contains("no certificate with this serial number is known here"), "{slip}");
    let listed = run(&["pki", "list", "--profile", FIRST, "--json"]).with(0);
    let rows = listed.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let own = rows.into_iter().find(|row| row["holder"].as_str().unwrap().ends_with(LEWISHAM)).unwrap();
    let serial = own["serial"].as_str().unwrap();
    let revoked = run(&["pki", "revoke", serial, "--reason", "key-compromise", "--profile", FIRST]).with(0);
    assert!(!revoked.contains("no certificate with this serial number"), "{revoked}");
    run(&["whoami", "--profile", &council])
        .refused(69, &["it may refuse your certificate", "revoked", "only a new profile"]);
    daemon.stop();
}

#[test]
fn an_officer_reads_what_is_due_which_item_to_name_and_the_original_as_it_was_written() {
    let house = House::new();
    let daemon = Daemon::start(&house);
    let (council, officer) = (house.profile(LEWISHAM, daemon.port), house.profile(INTELLIGENCE, daemon.port));
    let run = |profile: &str, args: &[&str]| homeward(house.path(), &[args, &["--profile", profile]].concat());
    fs::write(house.path().join("n1.json"), narrative(1)).unwrap();
    let receipt = run(&council, &["submit", "n1.json"]).with(0);
    let due = |line: &str| line.contains("acknowledge by 20") && line.contains(", decide by 20");
    assert!(receipt.lines().any(|line| line.contains("to MPU.SE") && due(line)), "{receipt}");
    let listed = run(&officer, &["queue", "list", "MPU.SE"]).with(0);
    assert!(listed.contains("  acknowledge by 20") && !listed.contains("decide by"), "{listed}");
    run(&officer, &["queue", "pull", "MPU.SE", "--most", "0"]).refused(64, &["--most"]);
    let pulled = run(&officer, &["queue", "pull", "MPU.SE"]).with(0);
    assert!(pulled.lines().any(due), "{pulled}");
    let delivery = pulled.split_whitespace().next().unwrap();
    let lease = pulled.split("--lease ").nth(1).unwrap().split_whitespace().next().unwrap();
    let open = |words: &[&str]| run(&officer, &[&["queue", "open", delivery, "--lease", lease], words].concat());
    open(&["B"]).refused(64, &["--item"]);
    open(&["a", "--reason", "To grade it."]).refused(64, &["--item"]);
    let original = open(&["O", "--reason", "The court asks for it."]).with(0);
    assert!(original.contains("submission: {\n") && original.contains("\"on_behalf_of\": \"E09000023\""), "{original}");
    let listed = run(&officer, &["queue", "list", "MPU.SE"]).with(0);
    assert!(listed.contains("  decide by 20") && !listed.contains("acknowledge by"), "{listed}");
    daemon.stop();
}

#[test]
fn a_notice_says_that_it_is_to_be_acknowledged_and_by_when() {
    let house = House::new();
    let daemon = Daemon::start(&house);
    let (council, officer) = (house.profile(LEWISHAM, daemon.port), house.profile(OFFICER, daemon.port));
    let run = |profile: &str, args: &[&str]| homeward(house.path(), &[args, &["--profile", profile]].concat());
    fs::write(house.path().join("n1.json"), narrative(1)).unwrap();
    let receipt = one_line(&run(&council, &["submit", "n1.json", "--json"]).with(0));
    let referral = receipt["receipt"]["referral_id"].as_str().unwrap();
    let pulled = one_line(&run(&officer, &["queue", "pull", "MPU.SE", "--json"]).with(0));
    let lease = pulled["deliveries"][0]["lease"]["token"].as_str().unwrap();
    let delivery = pulled["deliveries"][0]["delivery"]["delivery_id"].as_str().unwrap();
    run(&officer, &["queue", "open", delivery, "E", "--lease", lease]).with(0);
    run(&council, &["correct", referral, "n1.json", "--reason", "Another man."]).with(0);
    let listed = run(&officer, &["queue", "list", "MPU.SE"]).with(0);
    let notice = listed.lines().find(|line| line.contains("NOTICE corrected by")).unwrap();
    assert!(notice.contains("  acknowledge by 20"), "{notice}");
    daemon.stop();
}

#[test]
fn files_that_cannot_be_read_are_faults_in_json_too() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("reference");
    super::house::shipped_reference(&own);
    fs::write(own.join("queues.toml"), "version = ").unwrap();
    let checked = homeward(folder.path(), &["policy", "check", "--policy", "reference", "--json"]);
    assert!(checked.err.contains("queues.toml"), "{}", checked.err);
    let told = one_line(&checked.with(65));
    let faults = told["faults"].as_array().unwrap();
    assert!(told["ok"] == false && faults.iter().any(|fault| fault["file"] == "queues.toml"), "{told}");
    assert!(faults.iter().all(|fault| fault["what"] != "" && fault["to_do"] != ""), "{told}");
}
