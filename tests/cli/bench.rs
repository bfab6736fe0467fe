//! `bench` for a moment on the real thing: every figure is there and they agree. How fast it is, no test asks.

use serde_json::Value;

use super::{homeward, postgres};

#[test]
fn the_load_generator_measures_everything_beside_its_limits() {
    let folder = tempfile::tempdir().unwrap();
    let out =
        homeward(folder.path(), &["bench", "--seconds", "0.9", "--callers", "2", "--folder", ".", "--json"]).with(0);
    let report: Value = serde_json::from_str(&out).unwrap();
    let rows = report["measured"].as_array().unwrap();
    let of = |what: &str| rows.iter().find(|row| row["what"] == what).unwrap_or_else(|| panic!("{what}: {out}"));
    for row in rows {
        for figure in ["done", "per_second", "p50_ms", "p99_ms"] {
            assert!(row[figure].as_f64().unwrap() > 0.0, "{figure} of {row}");
        }
        assert!(row["p50_ms"].as_f64() <= row["p99_ms"].as_f64() && row["refused"] == serde_json::json!({}), "{row}");
        if let Some(limit) = row["limit"].as_str() {
            let ratio = row["per_second"].as_f64().unwrap() / of(limit)["per_second"].as_f64().unwrap();
            assert!((ratio - row["of_the_limit"].as_f64().unwrap()).abs() < 1e-9, "{row}");
        }
    }
    for what in ["append and fdatasync", "new connections", "submit, streams", "pull, open, complete", "the same by 16"]
    {
        of(what);
    }
    assert!(of("submit, one call each")["server_cpu_seconds_per_10000"].as_f64().unwrap() > 0.0);
    assert_eq!(report["targets"].as_array().unwrap().len(), 10, "{out}");
    let submitted = ["submit, one call each", "submit, streams"].iter().map(|what| of(what)["done"].as_u64().unwrap());
    assert_eq!(report["records"]["submitted"].as_u64(), Some(submitted.sum()));
    assert!(report["records"]["store_bytes"].as_u64() > report["records"]["submission_bytes"].as_u64(), "{out}");
    assert!(report["memory"]["idle_megabytes"].as_f64().unwrap() > 1.0);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "its folder goes afterwards: {left:?}");
}

#[test]
fn no_more_is_stored_than_there_is_room_for() {
    let folder = tempfile::tempdir().unwrap();
    let bench = ["bench", "--seconds", "0.3", "--callers", "2", "--records", "7", "--folder", "."];
    let table = homeward(folder.path(), &bench).with(0);
    assert!(table.contains("7 records, the most that there was room for, were submitted"), "{table}");
}

#[test]
fn growth_is_measured_at_each_size_and_refused_where_the_disk_has_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let growth = ["bench", "growth", "--seconds", "0.2", "--folder", ".", "--json", "--records"];
    let out = homeward(folder.path(), &[&growth[..], &["5,20"]].concat()).with(0);
    let report: Value = serde_json::from_str(&out).unwrap();
    let rows = report["growth"].as_array().unwrap();
    assert!(
        rows.len() == 2 && rows[0]["records"].as_u64() >= Some(5) && rows[1]["records"].as_u64() >= Some(20),
        "{out}"
    );
    for row in rows {
        assert!(row["submit"]["per_second"].as_f64() > Some(0.0), "{row}");
        assert!(row["pull_open_complete"]["per_second"].as_f64() > Some(0.0), "{row}");
        assert!(row["submit"]["cost"].as_f64() > Some(0.0), "{row}");
        assert!(row["start_after_kill_seconds"].as_f64() > Some(0.0), "{row}");
    }
    homeward(folder.path(), &[&growth[..], &["9000000000000"]].concat()).refused(69, &["GB", "--folder"]);
}

#[test]
fn stores_are_measured_beside_one_another_with_one_two_and_three_brokers() {
    let (folder, database) = (tempfile::tempdir().unwrap(), postgres::database());
    let stores = ["bench", "stores", "--seconds", "0.9", "--callers", "3", "--folder", ".", "--json", "--database"];
    // The SQL of pgmq is not ours: where it is at hand, it is tried too.
    let pgmq = std::env::var("HOMEWARD_TEST_PGMQ").ok();
    let more: Vec<&str> = pgmq.iter().flat_map(|file| ["--pgmq", file.as_str()]).collect();
    let out = homeward(folder.path(), &[&stores[..], &[&database], &more].concat()).with(0);
    let report: Value = serde_json::from_str(&out).unwrap();
    let rows = report["measured"].as_array().unwrap();
    assert_eq!(rows.len(), if pgmq.is_some() { 12 } else { 10 }, "{out}");
    for row in rows {
        assert!(row["per_second"].as_f64() > Some(0.0) && row["refused"] == serde_json::json!({}), "{row}");
        let what = row["what"].as_str().unwrap();
        let is_ours = what.starts_with("submit") || what.starts_with("pull");
        assert_eq!(row["of"]["embedded"].as_f64() > Some(0.0), is_ours || what.contains("pgmq"), "{row}");
    }
    assert!(
        out.contains("PostgreSQL, 1 broker\"") && out.contains("pull, open, complete: PostgreSQL, 3 brokers"),
        "{out}"
    );
    assert_eq!(report["database"]["synchronous_commit"], "on");
    // The tests' own server syncs nothing, and that is said.
    assert_eq!(report["database"]["fsync"], "off");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "its folder goes afterwards");
}
