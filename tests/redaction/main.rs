//! The redaction engine on the development corpus: the real binary makes the views, a scorer that shares nothing with it
//! says how good they are, and what was reached once is held.

#![expect(clippy::unwrap_used, reason = "helpers of tests stand outside #[test] functions")]
#![expect(clippy::print_stdout, reason = "the table is for whoever reads the test's output")]

mod limits;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use limits::{Bound, LIMITS, SURE_FORMS};

#[test]
fn the_corpus_is_redacted_as_well_as_it_was_and_as_it_has_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let views = folder.path().join("views.jsonl");
    let lines = redacted(&views);
    let mut report = scored(folder.path(), &views);
    report["listed_leaks"] = listed_leaks(&views);
    report["degraded_pct"] = degraded(&lines).into();
    report["spread"] = spread(&report);

    let mut broken = Vec::new();
    println!("\n{:52} {:>9} {:>9} {:>9}", "", "value", "limit", "floor");
    for limit in LIMITS {
        let value = report.pointer(limit.at).and_then(Value::as_f64).unwrap_or_else(|| panic!("no {}", limit.at));
        println!("{:52} {value:>9} {:>9} {:>9}", limit.at, limit.limit, limit.floor);
        let holds = match limit.bound {
            Bound::AtMost => value <= limit.limit,
            Bound::AtLeast => value >= limit.limit,
        };
        if !holds {
            broken.push(format!("{} is {value}, the limit is {}", limit.at, limit.limit));
        }
    }
    for form in SURE_FORMS {
        let leaks = report["listed_leaks"][form].as_u64().unwrap_or(0);
        if leaks > 0 {
            broken.push(format!("{leaks} leaks of what is listed, written as `{form}`: there may be none"));
        }
    }
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

/// Runs the engine; a line out for every line in, in order.
fn redacted(views: &Path) -> Vec<Value> {
    let inputs = fs::read_to_string(corpus("inputs.jsonl")).unwrap();
    let out = fs::File::create(views).unwrap();
    let ended = Command::new(env!("CARGO_BIN_EXE_homeward"))
        .arg("redact")
        .arg(corpus("inputs.jsonl"))
        .stdout(Stdio::from(out))
        .output()
        .unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{}", String::from_utf8_lossy(&ended.stderr));
    let parsed = |text: &str| -> Vec<Value> { text.lines().map(|line| serde_json::from_str(line).unwrap()).collect() };
    let lines = parsed(&fs::read_to_string(views).unwrap());
    let ids = |lines: &[Value]| -> Vec<Value> { lines.iter().map(|line| line["id"].clone()).collect() };
    assert_eq!(ids(&lines), ids(&parsed(&inputs)));
    lines
}

/// The scorer's report. What it prints is shown with this test's output.
fn scored(folder: &Path, views: &Path) -> Value {
    let report = folder.join("report.json");
    let printed = python(
        Command::new("python3")
            .arg(corpus("score.py"))
            .arg("--gold")
            .arg(corpus("corpus.jsonl"))
            .arg("--views")
            .arg(views)
            .arg("--json")
            .arg(&report),
    );
    println!("{printed}");
    serde_json::from_str(&fs::read_to_string(report).unwrap()).unwrap()
}

fn listed_leaks(views: &Path) -> Value {
    let script = corpus("..").join("listed.py");
    let printed = python(Command::new("python3").arg(script).arg(corpus("corpus.jsonl")).arg(views));
    println!("leaks of what is listed, by form: {printed}");
    serde_json::from_str(&printed).unwrap()
}

fn python(command: &mut Command) -> String {
    // Nothing is left beside the scripts.
    let ended = command.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
    assert!(ended.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}

/// How many views of a hundred hold something back.
fn degraded(lines: &[Value]) -> f64 {
    let held = |line: &Value| line["held"].as_array().map_or(0, Vec::len);
    let views = |line: &Value| line["views"].as_object().unwrap().len();
    let (held, views) = (lines.iter().map(held).sum::<usize>(), lines.iter().map(views).sum::<usize>());
    100.0 * held as f64 / views as f64
}

/// By how much the recall of people's names differs with where the names come from, in each audience. A group counts
/// from twenty mentions on.
fn spread(report: &Value) -> Value {
    let mut spread = json!({});
    for (audience, figures) in report["audiences"].as_object().unwrap() {
        let groups = figures["person_recall_by_name_group"].as_object().unwrap();
        let large = groups.values().filter(|group| group["n"].as_u64() >= Some(20));
        let recalls: Vec<f64> = large.map(|group| group["recall"].as_f64().unwrap()).collect();
        assert!(recalls.len() > 1, "{audience}: too few names to compare");
        let (lowest, highest) = recalls.iter().fold((f64::MAX, f64::MIN), |(a, b), &r| (a.min(r), b.max(r)));
        spread[audience] = (highest - lowest).into();
    }
    println!("spread of recall over the origins of names: {spread}");
    spread
}

fn corpus(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/redaction/corpus").join(file)
}
