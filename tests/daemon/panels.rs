//! The dashboard, which no Grafana is here to open: its panels ask a real Prometheus, which reads a real daemon, and every figure of the
//! daemon is on a panel.

use std::{collections::BTreeSet, fmt::Write, fs, path::Path, time::Duration};

use serde_json::Value;

use crate::metrics::{fetched, named};

/// Figures that are on no panel, and why.
const NOT_SHOWN: &[(&str, &str)] =
    &[("homeward_build_info", "what runs is seen at the machine; it has no course over time")];
/// Figures that are there only while something is on.
const NOW_AND_THEN: &[&str] = &["homeward_alarms", "homeward_commands_again_total"];

/// The dashboard as it is imported.
fn dashboard() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/grafana/homeward.json");
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn all<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// Every expression, with the title of its panel.
fn expressions(dashboard: &Value) -> Vec<(&str, &str)> {
    all(dashboard, "panels")
        .iter()
        .flat_map(|panel| {
            let title = panel["title"].as_str().unwrap();
            all(panel, "targets").iter().map(move |target| (title, target["expr"].as_str().unwrap()))
        })
        .collect()
}

/// The families of figures that a daemon tells of, by what it says of their kinds.
fn families(told: &str) -> BTreeSet<&str> {
    told.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect()
}

/// The family of a figure, if it is told of.
fn family<'f>(name: &str, families: &BTreeSet<&'f str>) -> Option<&'f str> {
    let ends = ["", "_total", "_bucket", "_count", "_sum", "_info"];
    families.iter().find(|family| ends.iter().any(|end| name == format!("{family}{end}"))).copied()
}

/// Both ways: what a panel names is told of as it is named, and what is told of is on a panel or left out on purpose.
pub fn are_whole(told: &str) {
    let (dashboard, families) = (dashboard(), families(told));
    let mut shown = BTreeSet::new();
    for (title, expression) in expressions(&dashboard) {
        for name in named(expression) {
            let sample =
                told.lines().any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
            assert!(sample || NOW_AND_THEN.contains(&name), "{title}: {name} is no figure of {told}");
            shown.insert(family(name, &families).unwrap_or(name).to_owned());
        }
    }
    let not_shown: BTreeSet<_> = NOT_SHOWN.iter().filter_map(|(name, _)| family(name, &families)).collect();
    assert_eq!(not_shown.len(), NOT_SHOWN.len(), "left out on purpose, and not there");
    for family in families {
        assert!(
            shown.contains(family) != not_shown.contains(family),
            "{family} is to be on a panel, or left out on purpose, and not both"
        );
    }
    let panels = all(&dashboard, "panels");
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "two panels with one id");
    let mut taken = BTreeSet::new();
    for panel in panels {
        let at = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        assert!(at("x") + at("w") <= 24, "{panel}");
        for place in (at("x")..at("x") + at("w")).flat_map(|x| (at("y")..at("y") + at("h")).map(move |y| (x, y))) {
            assert!(taken.insert(place), "{} lies over another", panel["title"]);
        }
        assert_eq!(panel["datasource"]["uid"], "${source}", "{panel}");
    }
    let variables = all(&dashboard["templating"], "list");
    assert!(variables.iter().any(|variable| variable["name"] == "source" && variable["type"] == "datasource"));
}

/// Asks a Prometheus that reads the daemon every expression of every panel: each is answered, and with figures.
pub async fn are_answered(prometheus: &str) {
    let dashboard = dashboard();
    for (title, expression) in expressions(&dashboard) {
        let mut asked = String::from("/api/v1/query?query=");
        expression.bytes().for_each(|byte| write!(asked, "%{byte:02X}").unwrap());
        let mut told = String::new();
        // A rate needs two readings.
        for _ in 0..1_200 {
            told = fetched(prometheus, &asked).1;
            if told.contains("\"value\":") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(
            told.contains("\"status\":\"success\"") && told.contains("\"value\":"),
            "{title}: {expression}: {told}"
        );
    }
}
