//! `homeward redact`: lines in, lines out, whatever the lines are.

use std::path::Path;

use serde_json::Value;

use super::{fed, homeward};

const LINE: &str = r#"{"id":"a","structured":{"persons":[{"id":"p1","name":"Ellie Peel","aliases":[],"role":"subject_child","source":true},{"id":"p2","name":"Marcus Dray","aliases":[],"role":"suspect"}],"phones":[{"number":"07700 900123","owner":"p1"}],"emails":[],"handles":[],"vehicles":[],"places":[],"identifiers":[],"sections":null},"text":"Zoë said Ellie rang Marcus from 07700 900123."}"#;

#[test]
fn every_line_is_answered_in_order_with_views_and_spans() {
    let folder = tempfile::tempdir().unwrap();
    let second = LINE.replace("\"id\":\"a\"", "\"id\":\"b\"");
    let input = format!("\u{FEFF}{LINE}\r\n\n{second}");
    let out = fed(folder.path(), &["redact"], &input).with(0);
    let lines = answers(&out);
    assert_eq!(lines.len(), 2);
    assert_eq!([&lines[0]["id"], &lines[1]["id"]], ["a", "b"]);
    assert_eq!(lines[0]["views"], lines[1]["views"]);
    assert_eq!(lines[0]["views"]["mpu"], "Zoë said [CHILD] rang Marcus from [PHONE].");
    assert_eq!(lines[0]["views"]["mash"], "Zoë said Ellie rang Marcus from 07700 900123.");
    let spans: Value = serde_json::from_str(
        r#"[{"start":9,"end":14,"type":"PERSON"},{"start":20,"end":26,"type":"PERSON"},{"start":32,"end":44,"type":"PHONE"}]"#,
    )
    .unwrap();
    let listed = lines[0]["spans"].as_array().unwrap();
    for span in spans.as_array().unwrap() {
        assert!(listed.contains(span), "{span} is not in {listed:?}");
    }
    assert!(lines[0].get("held").is_none(), "nothing was held back");
    assert_eq!(fed(folder.path(), &["redact"], "").with(0), "");
}

#[test]
fn files_are_as_good_as_stdin_and_a_reader_that_goes_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("one.jsonl"), LINE).unwrap();
    let twice = fed(folder.path(), &["redact", "one.jsonl", "-"], &format!("{LINE}\n")).with(0);
    assert_eq!(answers(&twice).len(), 2);
    homeward(folder.path(), &["redact", "one.jsonl", "nowhere.jsonl"]).refused(65, &["nowhere.jsonl"]);
    let shell =
        |line: &str| std::process::Command::new("sh").args(["-c", line]).current_dir(folder.path()).output().unwrap();
    let many = format!("{LINE}\n").repeat(2000);
    std::fs::write(folder.path().join("many.jsonl"), many).unwrap();
    let binary = env!("CARGO_BIN_EXE_homeward");
    let gone = shell(&format!("{binary} redact many.jsonl | head -n 1 | wc -l"));
    assert!(gone.status.success() && gone.stdout.trim_ascii() == b"1" && gone.stderr.is_empty(), "{gone:?}");
    if Path::new("/dev/full").exists() {
        let full = shell(&format!("{binary} redact many.jsonl > /dev/full"));
        assert_eq!(full.status.code(), Some(69), "{full:?}");
    }
}

#[test]
fn lines_that_are_not_right_are_named_and_the_others_go_out() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = LINE.replace("\"suspect\"", "\"SECRET\"").replace("\"owner\":\"p1\"", "\"owner\":\"SECRET\"");
    let input = format!("{LINE}\n{faulty}\n{{\"id\": SECRET\n\n{LINE}\n[]\n");
    let ended = fed(folder.path(), &["redact"], &input);
    assert_eq!(answers(&ended.out).len(), 2, "{ended:?}");
    assert!(!ended.err.contains("SECRET"), "{ended:?}");
    for told in [
        "stdin line 2: structured.persons[1].role has to be one of subject_child",
        "stdin line 2: structured.phones[0].owner is the id of nobody",
        "stdin line 3: column 8: not well-formed JSON",
        "stdin line 6: the line has to be an object",
        "3 of 5 lines are not right",
    ] {
        assert!(ended.err.contains(told), "{told} is not in {ended:?}");
    }
    ended.with(65);
}

#[test]
fn what_nothing_reads_is_told_once_and_the_line_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let more = LINE.replace("\"role\"", "\"shoe_size\":\"SECRET\",\"role\"");
    let ended = fed(folder.path(), &["redact"], &format!("{more}\n{more}\n"));
    assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
    assert!(ended.err.contains("structured.persons[0].shoe_size is not known"), "{ended:?}");
    assert_eq!(answers(&ended.with(0)).len(), 2);
}

#[test]
fn the_policy_may_be_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    super::house::shipped_reference(&own);
    let table = own.join("redaction.toml");
    let text = std::fs::read_to_string(&table).unwrap();
    let (kept, named) = (
        "unknown = [\"keep\", \"keep\", \"keep\", \"token\"]",
        "unknown = [\"token\", \"token\", \"token\", \"token\"]",
    );
    std::fs::write(&table, text.replacen(kept, named, 1)).unwrap();
    let out = fed(folder.path(), &["redact", "--policy", "own"], LINE).with(0);
    assert_eq!(answers(&out)[0]["views"]["mpu"], "[PERSON 2] said [CHILD] rang Marcus from [PHONE].");
    fed(folder.path(), &["redact", "--policy", "nowhere"], LINE).refused(65, &["nowhere"]);
}

fn answers(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_benchmark_measures_and_says_what_the_machine_can_do() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("one.jsonl"), LINE).unwrap();
    let args = ["bench", "redact", "--inputs", "one.jsonl", "--largest", "1000", "--each", "1"];
    let told = homeward(folder.path(), &args).with(0);
    assert!(told.contains("zero width") && told.contains("compile the form"), "{told}");
    let out = homeward(folder.path(), &[&args[..], &["--json"]].concat()).with(0);
    let report: Value = serde_json::from_str(&out).unwrap();
    for figure in [
        "/corpus/megabytes_per_second",
        "/typical/milliseconds",
        "/long/milliseconds",
        "/stages/compile_the_form",
        "/stages/rescan_three_views",
        "/machine/copy_megabytes_per_second",
        "/machine/search_for_the_names_megabytes_per_second",
        "/machine/one_redaction_in_lower_casings",
        "/curve/0/points/0/milliseconds",
    ] {
        assert!(report.pointer(figure).and_then(Value::as_f64).unwrap() > 0.0, "{figure}");
    }
    homeward(folder.path(), &["bench", "redact", "--inputs", "nowhere"]).refused(65, &["nowhere"]);
}
