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
    assert!(told.starts_with("class P1  (rule set ") && told.contains("  MPU.SE "), "{told}");
    let seen = homeward(folder.path(), &["preview", "--offline", "n1.json", "--at", "2026-11-20T16:30:00Z"]).with(0);
    assert!(seen.contains("[B[2] for mpu]") && seen.contains("[OTHER CHILD 1]"), "{seen}");
    for version in ["as written", "as each reader sees it", "as the ledger keeps it"] {
        assert!(seen.contains(version), "{version}: {seen}");
    }
    let both = homeward(folder.path(), &["policy", "explain", "--json", "n1.json", "n1.json"]).with(0);
    assert_eq!(both.lines().count(), 2);
}

/// What people read of a submission, on a page of `width` characters.
fn page(submission: &Value, width: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let args = ["preview", "--offline", "--width", width, "--at", "2026-11-20T16:30:00Z", "-"];
    fed(folder.path(), &args, &submission.to_string()).with(0)
}

#[test]
fn the_versions_stand_side_by_side_and_on_a_narrow_page_one_below_the_other() {
    let submission: Value = serde_json::from_str(&narrative(1)).unwrap();
    let wide = page(&submission, "140");
    let row = wide.lines().find(|line| line.contains("‹Ella-Mae› said a man") && line.contains("safeguarding:"));
    assert!(
        row.is_some_and(|row| row.contains("│ safeguarding: Ella-Mae said") && row.contains("│ no word of it")),
        "{wide}"
    );
    assert!(wide.contains("‹07700 900142› PHONE: [PHONE] (contact of suspect) for mash, carer"), "{wide}");
    assert!(wide.contains("redaction_sha256=") && wide.contains("redaction_engine="), "{wide}");
    let narrow = page(&submission, "60");
    assert!(!narrow.contains('│'), "{narrow}");
    let columns = narrow.split("everything that each reader").next().unwrap();
    // The first lines are the destinations.
    let long = columns.lines().skip(5).find(|line| line.chars().count() > 60);
    assert_eq!(long, None);
    for (width, problem) in [("39", "from 40 to 400"), ("x", "from 40 to 400")] {
        let folder = tempfile::tempdir().unwrap();
        homeward(folder.path(), &["preview", "--offline", "--width", width, "n1.json"]).refused(64, &[problem]);
    }
}

#[test]
fn the_printed_wording_of_n1_passes_and_what_points_to_the_child_is_advised_against() {
    let folder = tempfile::tempdir().unwrap();
    let mut submission: Value = serde_json::from_str(&narrative(1)).unwrap();
    let advice = |submission: &Value| {
        let value = one_line(&fed(folder.path(), PREVIEW, &submission.to_string()).with(0));
        let all = value["advice"].as_array().unwrap().clone();
        let own: Vec<Value> = all.into_iter().filter(|one| one["field"] == "items[0].sanitised_text").collect();
        own
    };
    assert_eq!(advice(&submission), Vec::<Value>::new(), "as printed it passes");
    let wording = submission["items"][0]["sanitised_text"].as_str().unwrap().to_owned();
    for (slip, kind) in [
        ("Ella-Mae was there.", "child_named"),
        ("It was on 18 November.", "episode_date"),
        ("It was on 18/20 November.", "interview_date"),
        ("She was seen at the youth centre.", "interview_place"),
        ("Her mum knows nothing.", "relationship"),
        ("He gave her £40.", "exact_amount"),
    ] {
        submission["items"][0]["sanitised_text"] = format!("{wording} {slip}").into();
        let advice = advice(&submission);
        let found = advice.iter().find(|one| one["kind"] == kind).unwrap_or_else(|| panic!("{slip}: {advice:?}"));
        assert_eq!((&found["rule"], &found["item"]), (&Value::from(1), &Value::from(1)));
        assert!(found["start"].as_u64() >= Some(wording.chars().count() as u64), "{found}");
        let page = page(&submission, "120");
        assert!(page.contains("yours to take or leave"), "{page}");
    }
}

#[test]
fn a_sergeant_reads_who_gets_what_and_why_in_local_time_and_no_content() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["policy", "explain", "-", "--at", "2026-07-06T16:00:00Z"];
    let mut value: Value = serde_json::from_str(&narrative(1)).unwrap();
    // The same in summer, when London is an hour ahead: five o'clock, and the office has just closed.
    for path in ["/episode/started", "/episode/returned", "/episode/reported", "/interview/held_at"] {
        if let Some(time) = value.pointer_mut(path) {
            *time = Value::from(time.as_str().unwrap().replace("2026-11", "2026-06"));
        }
    }
    value["interview"]["evaluate"]["line_manager"] = Value::Null;
    let told = fed(folder.path(), &args, &value.to_string()).with(0);
    for line in [
        "received Mon 6 Jul 2026 17:00",
        "acknowledge by Mon 6 Jul 18:00",
        "EDT.E09000023",
        "by answers.significant_harm_suspected",
        "geography_unknown link for MASH or REFDESK; any hold_resolver may resolve it",
        "the carer copy: ",
        "R05  the code FM or HBA",
        "rules 2026-11-3, directory ",
    ] {
        assert!(told.contains(line), "{line} in {told}");
    }
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
    for content in ["Ella", "Dray", "QQ19", "Harbinger", "vodka"] {
        assert!(!told.contains(content), "{content} in {told}");
    }
}

#[test]
fn an_old_version_of_the_table_still_explains_in_its_own_words() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("reference");
    super::house::shipped_reference(&own);
    let old = std::fs::read_to_string(own.join("rules/2026-11-3.toml")).unwrap();
    let new = old
        .replace("\"2026-11-3\"", "\"2027-01-1\"")
        .replace("\"2026-11-01\"", "\"2027-01-04\"")
        .replace("words = \"Reasonable cause", "words = \"In other words, reasonable cause");
    std::fs::write(own.join("rules/2027-01-1.toml"), new).unwrap();
    let explain = |at: &str, more: &[&str]| {
        let args = [&["policy", "explain", "--json", "-", "--policy", "reference", "--at", at], more].concat();
        one_line(&fed(folder.path(), &args, &narrative(1)).with(0))
    };
    let words = |value: &Value| value["rule_details"][0]["words"].as_str().unwrap().starts_with("In other words");
    let (before, after) = (explain("2027-01-03T23:59:59Z", &[]), explain("2027-01-04T00:00:00Z", &[]));
    assert_eq!((before["rule_set"].as_str(), words(&before)), (Some("2026-11-3"), false));
    assert_eq!((after["rule_set"].as_str(), words(&after)), (Some("2027-01-1"), true));
    let again = explain("2027-02-01T12:00:00Z", &["--rule-set", "2026-11-3"]);
    assert_eq!((again["rule_set"].as_str(), words(&again)), (Some("2026-11-3"), false));
    let args = ["policy", "explain", "-", "--policy", "reference", "--rule-set", "1999-1"];
    fed(folder.path(), &args, &narrative(1)).refused(65, &["there are: 2026-11-3, 2027-01-1"]);
}

#[test]
fn what_is_no_json_is_one_error_with_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    for args in [EXPLAIN, PREVIEW] {
        for (text, place) in [
            ("{\"envelope\": {\n  \"on_behalf_of\": 5x\n", "line 2, column 20"),
            ("{\n\n  \"envelope\": {}}}", "line 3, column 18"),
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
fn what_is_not_of_the_contract_is_said_with_everything_else_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let mut value: Value = serde_json::from_str(&narrative(1)).unwrap();
    value["child"]["date_of_birth"] = Value::from("2031-03-14");
    value["envelope"]["actor"]["id"] = Value::from("");
    value["envelope"]["reporter"] = Value::from("zz-no-such-reporter");
    value["items"][0]["kind"] = Value::from("ITEM_KIND_zz");
    value["interview"]["held_at"] = Value::from("zz-no-time");
    for args in [EXPLAIN, PREVIEW] {
        let ended = fed(folder.path(), args, &value.to_string());
        assert!(ended.out.is_empty() && !ended.err.contains("zz") && !ended.err.contains("2031"), "{ended:?}");
        assert_eq!(ended.err.lines().count(), 1 + 4, "{ended:?}");
        let told = [
            "3 faults",
            "envelope.reporter: wrong",
            "items[0].kind: not",
            "interview.held_at: not",
            "submission.child.date_of_birth",
        ];
        ended.refused(65, &told);
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

#[test]
fn what_is_no_text_is_told_with_its_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("latin.json"), b"{\n \"child\": {\"name\": \"Zo\xeb\"}}").unwrap();
    homeward(folder.path(), &["preview", "--offline", "--json", "latin.json"])
        .refused(65, &["latin.json: line 2, column 23: not UTF-8; save the file as UTF-8"]);
    let text = "{\n \"items\": [{\"kind\": \"SECRET\"}]}";
    std::fs::write(folder.path().join("enum.json"), text).unwrap();
    homeward(folder.path(), &["policy", "explain", "enum.json"])
        .refused(65, &["enum.json: ", "line 2, column 21: items[0].kind: not a value of this enum"]);
}

#[test]
fn a_folder_that_no_broker_goes_by_is_explained_with_a_warning_and_exit_65() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("reference");
    super::house::shipped_reference(&own);
    let table = own.join("rules/2026-11-3.toml");
    let text = std::fs::read_to_string(&table).unwrap();
    std::fs::write(&table, text.replace("flags = [{ flag = \"safe_contact_no\" }]", "")).unwrap();
    for command in [&["policy", "explain"][..], &["preview", "--offline"]] {
        let args = [command, &["-", "--json", "--policy", "reference", "--at", "2026-11-16T11:30:00Z"]].concat();
        let ended = fed(folder.path(), &args, &narrative(4));
        for words in ["has 2 faults", "rule R19: lacks what it must have: flag safe_contact_no", "no broker goes by it"]
        {
            assert!(ended.err.contains(words), "{words} in {ended:?}");
        }
        let value = one_line(&ended.with(65));
        assert_eq!(value["flags"], serde_json::json!([]), "it is shown all the same");
        assert_eq!(value["policy_faults"].as_array().unwrap().len(), 2, "{}", value["policy_faults"]);
        let told = fed(folder.path(), &[command, &["-", "--policy", "reference"]].concat(), &narrative(4));
        assert!(told.err.contains("has 2 faults") && told.with(65).contains("R15"));
    }
    std::fs::write(&table, text).unwrap();
    let args = ["policy", "explain", "-", "--json", "--policy", "reference"];
    assert_eq!(one_line(&fed(folder.path(), &args, &narrative(4)).with(0)).get("policy_faults"), None);
}

#[test]
fn both_clocks_of_72_hours_are_shown_late_or_not() {
    let folder = tempfile::tempdir().unwrap();
    for (number, at, offered, carried_out, late) in [
        (1, "2026-11-20T16:30:00Z", "in_time", "in_time", [false, false]),
        (4, "2026-11-16T11:30:00Z", "not_recorded", "late", [false, true]),
        (7, "2026-11-17T10:00:00Z", "in_time", "not_held", [false, false]),
    ] {
        let args = ["policy", "explain", "--json", "--at", at, "-"];
        let clocks = one_line(&fed(folder.path(), &args, &narrative(number)).with(0))["clocks"].clone();
        let found = ["offered", "carried_out"].map(|name| clocks[name].clone());
        assert_eq!(found.clone().map(|clock| clock["state"].clone()), [offered, carried_out], "N{number}");
        assert_eq!(found.map(|clock| clock["late"].clone()), late, "N{number}");
    }
    let args = ["policy", "explain", "--at", "2026-11-16T11:30:00Z", "-"];
    let told = fed(folder.path(), &args, &narrative(4)).with(0);
    assert!(told.contains("carried out       late after 83 hours, due by Sun 15 Nov 22:50, LATE"), "{told}");
    let mut away: Value = serde_json::from_str(&narrative(4)).unwrap();
    away["episode"].as_object_mut().unwrap().remove("returned");
    let value = one_line(&fed(folder.path(), EXPLAIN, &away.to_string()).with(0));
    assert!(value.get("clocks").is_none_or(Value::is_null), "the child has not returned");
}

#[test]
fn coaching_is_for_the_author_and_decides_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut asked: Value = serde_json::from_str(&narrative(1)).unwrap();
    let account = asked["interview"]["account"].as_object_mut().unwrap();
    account.remove("questions");
    let without = one_line(&fed(folder.path(), PREVIEW, &asked.to_string()).with(0));
    assert!(without["coaching"].get("open_ratio").is_none(), "no questions are no ratio: {}", without["coaching"]);
    let question = |kind: &str| serde_json::json!({ "text": "Then what?", "kind": format!("QUESTION_TYPE_{kind}") });
    asked["interview"]["account"]["questions"] =
        ["OPEN", "CLOSED", "LEADING", "OPEN", "CLOSED"].map(question).to_vec().into();
    let with = one_line(&fed(folder.path(), PREVIEW, &asked.to_string()).with(0));
    assert_eq!(with["coaching"]["open_ratio"], 0.4);
    for decided in ["class", "rules", "items", "legs", "prompts", "flags"] {
        assert_eq!(with[decided], without[decided], "{decided}");
    }
    let phases = with["coaching"]["phases"].as_array().unwrap();
    let named: Vec<_> = phases.iter().map(|phase| phase["phase"].as_str().unwrap()).collect();
    assert_eq!(named, ["plan_and_prepare", "engage_and_explain", "account", "clarify", "evaluate"]);
    let engage = &phases[1];
    assert!(engage["filled"].to_string().contains("sharing_explained"), "{engage}");
    assert!(engage["missing"].to_string().contains("interview.engage.present"), "{engage}");
    let args = ["preview", "--offline", "--at", "2026-11-20T16:30:00Z", "-"];
    let told = fed(folder.path(), &args, &asked.to_string()).with(0);
    assert!(told.contains("nothing depends on it") && told.contains("open questions: 2 of 5"), "{told}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test of duration has to look at a clock")]
fn a_message_full_of_what_is_advised_on_takes_no_longer_than_another() {
    let mut submission: Value = serde_json::from_str(&narrative(1)).unwrap();
    let mut item = submission["items"][2].clone();
    item["text"] = "boyfriend library ".repeat(550).into();
    item["sanitised_text"] = item["text"].clone();
    submission["items"] = vec![item; 16].into();
    submission["interview"]["account"]["first_account"] = "boyfriend ".repeat(9_900).into();
    let person = |number: usize| {
        serde_json::json!({
            "id": format!("x{number}"), "name": format!("Zed{number} Quorn{number}"), "role": "PERSON_ROLE_OTHER_CHILD",
            "category": "DATA_SUBJECT_CATEGORY_OTHER", "lives": { "unknown": true },
            "relationship": "cousin of a neighbour ".repeat(220),
        })
    };
    submission["persons"].as_array_mut().unwrap().extend((0..90).map(person));
    let began = std::time::Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let value = one_line(&fed(folder.path(), PREVIEW, &submission.to_string()).with(0));
    // When each word was held against each person it took minutes; this is seconds even where the machine is busy.
    assert!(began.elapsed() < std::time::Duration::from_secs(60), "{:?}", began.elapsed());
    assert!(!value["advice"].as_array().unwrap().is_empty());
}

#[test]
fn what_shows_nothing_is_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    for nothing in ["", " \t\n", "\u{200B}\u{200D}", "\u{FEFF} \u{AD}", "\u{3164}\u{2060}"] {
        let mut submission: Value = serde_json::from_str(&narrative(1)).unwrap();
        submission["items"][0]["text"] = nothing.into();
        submission["child"]["name"] = nothing.into();
        let ended = fed(folder.path(), PREVIEW, &submission.to_string());
        ended.refused(65, &["submission.items[0].text", "submission.child.name"]);
    }
}

/// Domain 3.2 and contract 5: the same checks as a daemon's, so what no daemon would read passes nowhere.
#[test]
fn a_submission_over_the_size_of_a_message_is_refused_as_a_daemon_would() {
    let folder = tempfile::tempdir().unwrap();
    let mut submission: Value = serde_json::from_str(&narrative(1)).unwrap();
    submission["items"] = (0..50)
        .map(|_| {
            serde_json::json!({
                "kind": "ITEM_KIND_INTELLIGENCE",
                "text": "a ".repeat(5_000),
                "exactly": "a ".repeat(5_000),
                "sanitised_text": "a ".repeat(5_000),
                "provenance": { "source_role": "SOURCE_ROLE_CHILD", "how_known": "HOW_KNOWN_SAW" },
            })
        })
        .collect();
    for args in [EXPLAIN, PREVIEW] {
        let told = fed(folder.path(), args, &submission.to_string());
        told.refused(65, &["MESSAGE_TOO_LARGE: a submission has at most 1 MiB"]);
    }
    submission["items"][49]["text"] = "".into();
    fed(folder.path(), EXPLAIN, &submission.to_string()).refused(65, &["submission.items[49].text: required"]);
}

#[test]
fn what_is_wrong_with_one_file_keeps_no_other_from_being_judged() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.json"), narrative(1)).unwrap();
    std::fs::write(folder.path().join("empty.json"), "{}").unwrap();
    for command in [["policy", "explain"], ["preview", "--offline"]] {
        let files = ["empty.json", "good.json", "none.json"];
        let args: Vec<&str> =
            command.into_iter().chain(["--json", "--at", "2026-11-20T16:30:00Z"]).chain(files).collect();
        let told = homeward(folder.path(), &args);
        assert_eq!((told.code, told.out.lines().count()), (65, 1), "{}", told.err);
        let [empty, none] = ["empty.json: ", "none.json: "].map(|file| told.err.matches(file).count());
        assert_eq!((empty, none), (1, 1), "{}", told.err);
        assert!(told.err.contains("submission.envelope.on_behalf_of: required"), "{}", told.err);
    }
}
