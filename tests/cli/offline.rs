//! `policy explain` and `preview --offline`: no server, no certificate, an empty folder.

use serde_json::Value;

use super::{fed, homeward, narrative, one_line};

const EXPLAIN: &[&str] = &["policy", "explain", "--json", "--at", "2026-11-20T16:30:00Z", "-"];
const PREVIEW: &[&str] = &["preview", "--offline", "--json", "--at", "2026-11-20T16:30:00Z", "-"];

#[test]
fn both_print_one_line_with_the_names_of_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    for args in [EXPLAIN, PREVIEW] {
        let value = one_line(&fed(folder.path(), args, &narrative(1)).with(0));
        for name in ["class", "rules", "prompts", "flags", "rule_set", "items", "legs", "views"] {
            assert!(value.get(name).is_some(), "{args:?} has no {name}");
        }
        for name in ["index", "proposed", "handling"] {
            assert!(value["items"][0].get(name).is_some(), "an item has no {name}");
        }
        for name in ["queue", "class", "rules", "contents", "items", "page", "ack_due", "decide_due"] {
            assert!(value["legs"][0].get(name).is_some(), "a leg has no {name}");
        }
        assert_eq!(value["class"], "P1");
        let legs = value["legs"].as_array().unwrap();
        let mpu = legs.iter().find(|leg| leg["queue"] == "MPU.SE").unwrap();
        assert_eq!(mpu["ack_due"], "2026-11-20T17:30:00Z", "P1 has an hour from the time of receipt");
    }
}

#[test]
fn people_read_words_and_a_file_is_as_good_as_stdin() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("n1.json"), narrative(1)).unwrap();
    let told = homeward(folder.path(), &["policy", "explain", "n1.json", "--at", "2026-11-20T16:30:00Z"]).with(0);
    assert!(told.starts_with("class P1  (rule set ") && told.contains("to MPU.SE"), "{told}");
    let seen = homeward(folder.path(), &["preview", "--offline", "n1.json", "--at", "2026-11-20T16:30:00Z"]).with(0);
    assert!(seen.contains("[B[2] for mpu]") && seen.contains("[OTHER CHILD 1]"), "{seen}");
    let both = homeward(folder.path(), &["policy", "explain", "--json", "n1.json", "n1.json"]).with(0);
    assert_eq!(both.lines().count(), 2);
}

#[test]
fn bad_json_is_one_error_with_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    for args in [EXPLAIN, PREVIEW] {
        for (text, place) in [
            ("{\"envelope\": {\n  \"on_behalf_of\": 5x\n", "line 2, column 20"),
            ("{\n\n  \"secret-word\": 1}", "line 3, column"),
            ("", "line 1, column"),
        ] {
            let ended = fed(folder.path(), args, text);
            assert_eq!((ended.err.lines().count(), ended.code), (1, 65), "{ended:?}");
            assert!(ended.err.contains(place), "{ended:?}");
        }
    }
}

#[test]
fn what_is_wrong_with_a_submission_is_said_all_at_once_and_never_its_value() {
    let folder = tempfile::tempdir().unwrap();
    let mut value: Value = serde_json::from_str(&narrative(1)).unwrap();
    value["envelope"]["actor"]["id"] = Value::from("");
    value["child"]["date_of_birth"] = Value::from("2031-03-14");
    value["items"][0]["who"][0] = Value::from("zz-no-such-person");
    for args in [EXPLAIN, PREVIEW] {
        let ended = fed(folder.path(), args, &value.to_string());
        assert!(!ended.err.contains("zz-no-such-person") && !ended.err.contains("2031"), "{ended:?}");
        let fields = [
            "submission.envelope.actor.id",
            "submission.child.date_of_birth",
            "submission.items[0].who[0]",
            "3 fields",
        ];
        ended.refused(65, &fields);
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    homeward(folder.path(), &["preview", "--offline", "nowhere.json"]).refused(65, &["nowhere.json"]);
    let args = ["policy", "explain", "-", "--policy", "nowhere"];
    fed(folder.path(), &args, &narrative(1)).refused(65, &["nowhere/directory.toml"]);
}

#[test]
fn a_folder_of_reference_data_takes_the_place_of_the_embedded_one() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("reference");
    super::house::shipped_reference(&own);
    let table = own.join("rules/2026-11-3.toml");
    let text = std::fs::read_to_string(&table).unwrap().replacen("version = \"", "version = \"own-", 1);
    std::fs::remove_file(&table).unwrap();
    std::fs::write(own.join("rules/own-2026-11-3.toml"), text).unwrap();
    let args = ["policy", "explain", "--json", "-", "--policy", "reference"];
    let value = one_line(&fed(folder.path(), &args, &narrative(1)).with(0));
    assert!(value["rule_set"].as_str().unwrap().starts_with("own-"), "{}", value["rule_set"]);
    std::fs::write(own.join("rules/own-2026-11-3.toml"), "version = 1").unwrap();
    fed(folder.path(), &args, &narrative(1)).refused(65, &["the reference data is not right"]);
}
