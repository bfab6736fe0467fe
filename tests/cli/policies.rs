//! A change of rules by command: fetched, changed, checked, proposed by one and approved by another; and what becomes of the
//! folder in the configuration.

use std::{fs, path::Path, thread, time::Duration};

use super::{
    fed, homeward,
    house::{Daemon, House, LEWISHAM, shipped_reference},
    narrative, one_line,
};

const FIRST: &str = "operator/policy_admin/p1";
const SECOND: &str = "operator/policy_admin/p2";

/// A house with policy administrators, whose daemon goes by the folder `reference`.
fn house() -> House {
    let house = House::new();
    let file = house.path().join("grants.toml");
    let grants = fs::read_to_string(&file).unwrap()
        + "[[grant]]\norganisation = \"operator\"\nrole = \"policy_admin\"\nnot_before = \"2020-01-01T00:00:00Z\"\n\
           not_after = \"2090-01-01T00:00:00Z\"\n";
    fs::write(file, grants).unwrap();
    shipped_reference(&house.path().join("reference"));
    house.configure("policy.reference = \"reference\"\n");
    house
}

/// Another version of the rule table, in a folder of reference data.
fn add_rules(folder: &Path) {
    let text = fs::read_to_string(folder.join("rules/2026-11-3.toml")).unwrap();
    let text = text.replacen("version = \"2026-11-3\"", "version = \"2026-11-4\"", 1);
    let text = text.replacen("effective_from = \"2026-11-01\"", "effective_from = \"2026-11-02\"", 1);
    fs::write(folder.join("rules/2026-11-4.toml"), text).unwrap();
}

fn word_after<'t>(text: &'t str, label: &str) -> &'t str {
    let line =
        text.lines().find(|line| line.trim_start().starts_with(label)).unwrap_or_else(|| panic!("{label}: {text}"));
    line.trim_start()[label.len()..].split_whitespace().next().unwrap()
}

/// The alarms about policies: nobody set up paging here.
fn alarms(house: &House, profile: &str) -> serde_json::Value {
    let told = one_line(&homeward(house.path(), &["whoami", "--json", "--profile", profile]).with(0));
    let all = told["alarms"].as_array().into_iter().flatten();
    all.filter(|alarm| **alarm != "PAGING_NOT_CONFIGURED").cloned().collect()
}

#[test]
fn rules_are_changed_by_two_persons_and_a_folder_that_differs_raises_an_alarm() {
    let house = house();
    let daemon = Daemon::start(&house);
    let (first, second) = (house.profile(FIRST, daemon.port), house.profile(SECOND, daemon.port));
    let run = |profile: &str, args: &[&str]| homeward(house.path(), &[args, &["--profile", profile]].concat());
    let begun = run(&first, &["policy", "get"]).with(0);
    assert!(begun.contains("in force\n") && begun.contains("nothing was activated yet"), "{begun}");
    let old = word_after(&begun, "policy ").to_owned();
    run(&first, &["policy", "get", "--out", "next"]).with(0);
    run(&first, &["policy", "get", "--out", "next"]).refused(1, &["next", "give a folder that is not there yet"]);
    let shipped = run(&first, &["policy", "get", "--file", "rules/2026-11-3.toml"]).with(0);
    assert_eq!(shipped, fs::read_to_string(house.path().join("next/rules/2026-11-3.toml")).unwrap());

    add_rules(&house.path().join("next"));
    let offline = homeward(house.path(), &["policy", "check", "--policy", "next"]).with(0);
    let new = word_after(&offline, "fingerprint ").to_owned();
    let checked = run(&first, &["policy", "check", "--policy", "next"]).with(0);
    assert!(checked.contains("No fault.") && word_after(&checked, "fingerprint ") == new && new != old, "{checked}");
    let proposed = run(&first, &["policy", "activate", "--policy", "next"]).with(0);
    assert_eq!(word_after(&proposed, "fingerprint "), new);
    let proposal = proposed.split_whitespace().next().unwrap();
    let approve = ["admin", "approve", proposal, "--fingerprint", &new];
    run(&first, &approve).refused(77, &["SECOND_PERSON_NEEDED"]);
    run(&second, &["policy", "get", &new, "--out", "read"]).with(0);
    assert_eq!(
        fs::read(house.path().join("read/lint.toml")).unwrap(),
        fs::read(house.path().join("next/lint.toml")).unwrap()
    );
    let told = run(&second, &approve).with(0);
    assert!(told.starts_with("activated 1  ") && told.contains(&new) && told.contains(FIRST), "{told}");
    assert_eq!(alarms(&house, &first), serde_json::json!(["POLICY_FOLDER_DIFFERS"]));

    let explain = ["policy", "explain", "-", "--json", "--at", "2026-11-20T16:30:00Z"];
    for (kept, rules) in [(&old, "2026-11-3"), (&new, "2026-11-4")] {
        let args = [&explain[..], &["--kept", kept, "--profile", &first]].concat();
        let explained = one_line(&fed(house.path(), &args, &narrative(1)).with(0));
        let whole = &explained["versions"][0];
        assert_eq!(
            (&explained["rule_set"], &whole["name"], &whole["version"]),
            (&rules.into(), &"policy".into(), &kept.as_str().into())
        );
    }
    daemon.stop();
    let daemon = Daemon::start(&house);
    let (first, council) = (house.profile(FIRST, daemon.port), house.profile(LEWISHAM, daemon.port));
    let receipt = fed(house.path(), &["submit", "-", "--json", "--profile", &council], &narrative(1)).with(0);
    assert_eq!(one_line(&receipt)["receipt"]["policy_fingerprint"], new.as_str(), "the store decides, not the folder");
    assert_eq!(alarms(&house, &first), serde_json::json!(["POLICY_FOLDER_DIFFERS"]));
    add_rules(&house.path().join("reference"));
    for _ in 0..100 {
        if alarms(&house, &first).as_array().is_none_or(Vec::is_empty) {
            return daemon.stop();
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("the folder holds what is in force, and the alarm is still on");
}

#[test]
fn what_is_not_right_is_told_before_anything_is_sent_and_by_the_daemon() {
    let house = house();
    let daemon = Daemon::start(&house);
    let (first, council) = (house.profile(FIRST, daemon.port), house.profile(LEWISHAM, daemon.port));
    let run = |profile: &str, args: &[&str]| homeward(house.path(), &[args, &["--profile", profile]].concat());
    run(&council, &["policy", "get"]).refused(77, &["METHOD_NOT_GRANTED"]);
    run(&council, &["policy", "check", "--policy", "reference"]).refused(77, &["METHOD_NOT_GRANTED"]);
    run(&first, &["policy", "activate", "--policy", "nowhere"]).refused(65, &["nowhere/directory.toml"]);
    run(&first, &["policy", "activate", "--kept", &"0".repeat(64)]).refused(1, &["NOT_FOUND"]);
    run(&first, &["policy", "get", "moon"]).refused(65, &["fingerprint: give the fingerprint"]);
    run(&first, &["policy", "get", "--file", "moon.toml"]).refused(65, &["the policy has no file of this name"]);
    run(&first, &["policy", "activate"]).refused(64, &["--policy"]);

    shipped_reference(&house.path().join("next"));
    let rules = house.path().join("next/rules/2026-11-3.toml");
    let text = fs::read_to_string(&rules).unwrap();
    fs::write(&rules, text.replacen("to = \"owner\"", "to = \"moon\"", 1)).unwrap();
    let args = ["policy", "check", "--policy", "next"];
    let told = run(&first, &args);
    assert!(told.code == 65 && told.err.contains("has a fault") && told.out.contains("`moon` is no word"), "{told:?}");
    let told = run(&first, &[&args[..], &["--json"]].concat());
    assert_eq!(one_line(&told.with(65))["faults"][0]["file"], "rules/2026-11-3.toml");
    run(&first, &["policy", "activate", "--policy", "next"])
        .refused(65, &["files[rules/2026-11-3.toml]: rule R00: to: `moon` is no word"]);
    daemon.stop();
}

#[test]
fn what_editors_leave_is_no_rule_a_wrong_name_is_a_fault_and_a_folder_that_decides_nothing_stops_no_start() {
    let house = house();
    let rules = house.path().join("reference/rules");
    let check = || homeward(house.path(), &["policy", "check", "--policy", "reference"]);
    std::os::unix::fs::symlink("somebody@desk.4711", rules.join(".#2026-11-3.toml")).unwrap();
    for left in
        ["._2026-11-3.toml", ".2026-11-3.toml.swp", ".DS_Store", "2026-11-3.toml~", "Thumbs.db", "#2026-11-3.toml#"]
    {
        fs::write(rules.join(left), [0xff, 0]).unwrap();
    }
    assert!(check().with(0).contains("No fault."));

    let daemon = Daemon::start(&house);
    let (first, second) = (house.profile(FIRST, daemon.port), house.profile(SECOND, daemon.port));
    let run = |profile: &str, args: &[&str]| homeward(house.path(), &[args, &["--profile", profile]].concat());
    shipped_reference(&house.path().join("next"));
    add_rules(&house.path().join("next"));
    let proposed = run(&first, &["policy", "activate", "--policy", "next"]).with(0);
    let new = word_after(&proposed, "fingerprint ").to_owned();
    run(&second, &["admin", "approve", proposed.split_whitespace().next().unwrap(), "--fingerprint", &new]).with(0);
    daemon.stop();

    // Somebody thinks that these are in force.
    let meant = ["2026-11-3 (copy).toml", "2026-11-4.TOML", "2026-11-5.toml.txt"];
    for name in meant {
        fs::copy(rules.join("2026-11-3.toml"), rules.join(name)).unwrap();
    }
    let told = check();
    for name in meant {
        assert!(
            told.code == 65 && told.err.contains(&format!("rules/{name}: file: is no file of a policy")),
            "{told:?}"
        );
    }
    let daemon = Daemon::start(&house);
    let first = house.profile(FIRST, daemon.port);
    assert!(run(&first, &["policy", "get"]).with(0).contains(&new), "the store decides");
    assert_eq!(alarms(&house, &first), serde_json::json!(["RELOAD_REFUSED reference"]));
    meant.iter().for_each(|name| fs::remove_file(rules.join(name)).unwrap());
    let mended = (0..200).any(|_| {
        thread::sleep(Duration::from_millis(50));
        alarms(&house, &first) == serde_json::json!(["POLICY_FOLDER_DIFFERS"])
    });
    assert!(mended, "{}", alarms(&house, &first));
    daemon.stop();
}

#[test]
fn what_stands_in_place_of_a_policy_is_a_fingerprint_beside_a_folder() {
    let house = House::new();
    shipped_reference(&house.path().join("own"));
    let (folder, print) = ("policy.reference = \"own\"\n", "a".repeat(64));
    for (of, beside) in [("zz", folder), (&print[1..], folder), (&print, ""), (&format!("{print} "), folder)] {
        house.configure(&format!("policy.in_place_of = \"{of}\"\n{beside}"));
        let refused = homeward(house.path(), &["serve", "--config", "homeward.toml"]);
        refused.refused(65, &["policy.in_place_of is the fingerprint of a policy, 64 hexadecimal digits"]);
    }
    // It does nothing where there is nothing that cannot be read.
    house.configure(&format!("policy.in_place_of = \"{print}\"\n{folder}"));
    Daemon::start(&house).stop();
}
