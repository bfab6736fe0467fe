//! A store walked by command: a daemon has it to itself, a whole one is said to be whole, damage is named with what mends it.

use std::fs;

use super::{
    fed, homeward,
    house::{Daemon, House, LEWISHAM, OFFICER},
    narrative,
};

#[test]
fn a_store_is_walked_after_a_kill_and_what_is_damaged_in_it_is_named() {
    let house = House::new();
    let at = house.path();
    let verify = |more: &[&str]| homeward(at, &[&["audit", "verify", "--deep", "data/store"], more].concat());
    verify(&[]).refused(65, &["there is no store here"]);
    assert!(!at.join("data").exists(), "nothing is made by looking");
    homeward(at, &["audit", "verify", "data/store"]).refused(64, &["--key <KEY|FILE>"]);
    let daemon = Daemon::start(&house);
    verify(&[]).refused(69, &["another process has the store open", "stop it"]);
    let (council, officer) = (house.profile(LEWISHAM, daemon.port), house.profile(OFFICER, daemon.port));
    fed(at, &["submit", "-", "--profile", &council], &narrative(1)).with(0);
    homeward(at, &["queue", "pull", "MPU.SE", "--profile", &officer]).with(0);
    let ask = |what: &[&str]| homeward(at, &[&["audit", "checkpoint", "--profile", &council], what].concat()).with(0);
    fs::write(at.join("key"), ask(&["--key"])).unwrap();
    fed(at, &["submit", "-", "--profile", &council], &narrative(1)).with(0);
    fs::write(at.join("kept"), ask(&[])).unwrap();
    // kill -9
    drop(daemon);
    let whole = verify(&["--key", "key", "--since", "kept"]).with(0);
    assert!(whole.contains("whole: everything agrees, and continues "), "{whole}");

    let db = sled::open(at.join("data/store")).unwrap();
    let lost = db.scan_prefix("w").keys().next().unwrap().unwrap();
    db.remove(&lost).unwrap();
    drop(db);
    let damaged = verify(&["--json"]);
    assert_eq!(damaged.code, 65, "{damaged:?}");
    let lines: Vec<serde_json::Value> = damaged.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let record = uuid::Uuid::from_slice(&lost[lost.len() - 18..lost.len() - 2]).unwrap().to_string();
    let about = |line: &&serde_json::Value| line["about"].as_str().is_some_and(|about| about.contains(&record));
    let named = lines.iter().find(about).unwrap();
    assert_eq!(named["relation"], "queue");
    assert!(
        named["mend"].as_str().is_some_and(|mend| mend.contains("homeward compact data/store --rebuild")),
        "{named}"
    );
    assert_eq!(lines.last().unwrap()["findings"], lines.len() - 1);
    assert!(damaged.err.contains("keep a copy of the folder as it is"), "{damaged:?}");
    let compact = |more: &[&str]| homeward(at, &[&["compact", "data/store", "--json"], more].concat());
    let refused = compact(&[]);
    assert!(refused.code == 65 && refused.err.contains("nothing was changed"), "{refused:?}");
    let made = compact(&["--rebuild"]).with(0);
    let made: serde_json::Value = serde_json::from_str(made.lines().last().unwrap()).unwrap();
    assert_eq!(made["rebuilt"], lines.len() - 1);
    verify(&["--key", "key", "--since", "kept"]).with(0);
    let daemon = Daemon::start(&house);
    compact(&[]).refused(69, &["another process has the store open"]);
    let officer = house.profile(OFFICER, daemon.port);
    let listed = homeward(at, &["queue", "list", "MPU.SE", "--profile", &officer]).with(0);
    assert!(listed.contains(&record), "what stood in no queue is worked on again: {listed}");
}
