//! What operators watch: read as Prometheus reads it, from the real binary.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::{
    daemon::Daemon,
    house::{BROMLEY, GRANTS, LEWISHAM},
    panels,
};

/// Head and body of the answer to one request.
pub fn fetched(address: &str, path: &str) -> (String, String) {
    let mut socket = TcpStream::connect(address).unwrap();
    write!(socket, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// The figure behind a name with its labels.
pub fn figure(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    line.unwrap_or_else(|| panic!("{name} in {text}")).rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_watch_certificates_connections_refusals_and_alarms_and_see_nobody() {
    let daemon = Daemon::start_with("metrics.listen = \"127.0.0.1:0\"", |_| ()).await;
    let line: Value = serde_json::from_str(&daemon.says(0, "\"metrics\"").await).unwrap();
    let address = line["fields"]["address"].as_str().unwrap().to_owned();
    let read = || fetched(&address, "/metrics").1;
    let before = read();
    assert_eq!(figure(&before, "homeward_connections"), 0.0);
    assert_eq!(figure(&before, "homeward_writable"), 1.0);
    let days = figure(&before, "homeward_certificate_days_left{certificate=\"server certificate\"}");
    assert!(days > 29.0 && days <= 30.0, "{days}");
    let authorities =
        before.lines().filter(|line| line.starts_with("homeward_certificate_days_left{certificate=\"auth"));
    assert!(authorities.count() >= 1, "{before}");

    let _both = (daemon.person(LEWISHAM).await, daemon.person(BROMLEY).await);
    let mut stranger = TcpStream::connect(daemon.url().strip_prefix("https://").unwrap()).unwrap();
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let _ = stranger.shutdown(Shutdown::Write);
    daemon.says(0, "not_tls").await;
    fs::write(daemon.folder("grants.toml"), GRANTS.replacen("not_after", "until", 1)).unwrap();
    daemon.says(0, "RELOAD_REFUSED grants").await;

    let after = read();
    assert_eq!(figure(&after, "homeward_connections"), 2.0);
    assert_eq!(figure(&after, "homeward_connections_refused_total{reason=\"not_tls\"}"), 1.0);
    assert_eq!(figure(&after, "homeward_connections_refused_total{reason=\"expired\"}"), 0.0);
    assert_eq!(figure(&after, "homeward_client_certificates_ending{within_days=\"30\"}"), 0.0);
    assert_eq!(figure(&after, "homeward_alarms{alarm=\"RELOAD_REFUSED\"}"), 1.0);
    assert!(after.ends_with("# EOF\n"), "{after}");
    for told in ["homeward://", "case-system", "grants.toml", "Lewisham", "E09000023"] {
        assert!(!after.contains(told), "{told}");
    }
    let (head, _) = fetched(&address, "/metrics");
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("openmetrics-text"), "{head}");
    assert!(fetched(&address, "/").0.starts_with("HTTP/1.1 404"));
}

/// Debian's Prometheus and its tool, which tests/run installs. Without them nothing is tested, which CI does not let pass.
fn has_prometheus() -> bool {
    let there = ["promtool", "prometheus"].iter().all(|tool| Command::new(tool).arg("--version").output().is_ok());
    if !there {
        assert!(
            !std::env::var("CI").is_ok_and(|ci| ci == "true"),
            "there is no prometheus: run tests/run, which installs it"
        );
        std::io::stderr()
            .write_all(b"\n*** SKIPPED: prometheus is not installed; the alert rules were NOT tested. ***\n")
            .unwrap();
    }
    there
}

/// Every figure that a text of rules or panels names.
pub fn named(text: &str) -> BTreeSet<&str> {
    let rest = text.match_indices("homeward_").map(|(at, _)| &text[at..]);
    rest.map(|rest| {
        &rest[..rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).unwrap_or(rest.len())]
    })
    .collect()
}

struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A Prometheus as it is configured in the daemon's folder, on a port that was free a moment ago: where that is.
fn started(daemon: &Daemon) -> (Ended, SocketAddr) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", daemon.folder("prometheus.yaml").display()));
    command.arg(format!("--storage.tsdb.path={}", daemon.folder("prometheus").display()));
    command.arg(format!("--web.listen-address={free}")).stdout(Stdio::null()).stderr(Stdio::null());
    (Ended(command.spawn().unwrap()), free)
}

/// Alert rules and the calls at night name figures that there are, and no alert is without a call.
fn are_figures(alerts: &str, told: &str) {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    for name in named(alerts) {
        // Alarms are there while one is on.
        assert!(name == "homeward_alarms" || told.contains(&format!("\n{name}")), "{name} is no figure of {told}");
    }
    let runbook = fs::read_to_string(deploy.join("RUNBOOK.md")).unwrap();
    let calls = runbook.split("## The ten likeliest calls at night").nth(1).unwrap().split("\n## ").next().unwrap();
    for name in named(calls) {
        assert!(
            ["homeward_alarms", "homeward_"].contains(&name) || told.contains(&format!("\n{name}")),
            "{name} is no figure"
        );
    }
    for alert in alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        assert!(calls.contains(alert), "no call at night leads to {alert}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operators_watch_the_work_by_class_by_reason_and_by_how_long_it_takes() {
    let daemon = Daemon::start_with("metrics.listen = \"127.0.0.1:0\"", |_| ()).await;
    let line: Value = serde_json::from_str(&daemon.says(0, "\"metrics\"").await).unwrap();
    let address = line["fields"]["address"].as_str().unwrap().to_owned();
    daemon.person(LEWISHAM).await.submit(crate::person::submission(&crate::house::narrative(1))).await.unwrap();
    let told = fetched(&address, "/metrics").1;
    assert_eq!(figure(&told, "homeward_queue_class_deliveries{kind=\"MPU\",class=\"P1\"}"), 1.0);
    assert!(figure(&told, "homeward_queue_class_oldest_seconds{kind=\"MPU\",class=\"P1\"}") < 60.0);
    assert_eq!(figure(&told, "homeward_queue_class_deliveries{kind=\"MPU\",class=\"P0\"}"), 0.0);
    assert_eq!(figure(&told, "homeward_submissions_accepted_total{class=\"P1\"}"), 1.0);
    assert_eq!(figure(&told, "homeward_submissions_accepted_total{class=\"P0\"}"), 0.0);
    assert_eq!((figure(&told, "homeward_epoch_keys"), figure(&told, "homeward_records_behind")), (1.0, 0.0));
    for (what, at_least) in
        [("redaction_seconds", 1.0), ("commit_seconds", 2.0), ("commit_commands", 2.0), ("sync_seconds", 2.0)]
    {
        assert!(figure(&told, &format!("homeward_{what}_count")) >= at_least, "{what} in {told}");
        assert!(figure(&told, &format!("homeward_{what}_bucket{{le=\"+Inf\"}}")) >= at_least, "{what}");
    }
    let stranger = daemon.person(BROMLEY).await.submit(crate::person::submission(&crate::house::narrative(1))).await;
    assert!(stranger.is_err(), "not theirs to submit for");
    let told = fetched(&address, "/metrics").1;
    assert_eq!(figure(&told, "homeward_calls_refused_total{reason=\"NOT_GRANTED\"}"), 1.0);
    assert_eq!(figure(&told, "homeward_deadlines_missed_total"), 0.0);
    assert!(told.contains("\nhomeward_views_degraded_total "), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_prometheus_reads_the_figures_and_loads_every_alert_and_panel_by_names_that_there_are() {
    if !has_prometheus() {
        return;
    }
    let daemon = Daemon::start_with("metrics.listen = \"127.0.0.1:0\"", |_| ()).await;
    let line: Value = serde_json::from_str(&daemon.says(0, "\"metrics\"").await).unwrap();
    let address = line["fields"]["address"].as_str().unwrap().to_owned();
    daemon.person(LEWISHAM).await.submit(crate::person::submission(&crate::house::narrative(1))).await.unwrap();
    let mut told = fetched(&address, "/metrics").1;
    for _ in 0..600 {
        // The caretaker measures the store in its first round.
        if told.contains("homeward_store_live_bytes") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        told = fetched(&address, "/metrics").1;
    }
    assert_eq!(figure(&told, "homeward_queue_deliveries{kind=\"MPU\",state=\"unopened\"}"), 1.0);
    let (files, live) = (figure(&told, "homeward_store_file_bytes"), figure(&told, "homeward_store_live_bytes"));
    assert!(live > 2_000.0 && files > live, "{files} {live}");
    assert!(figure(&told, "homeward_ledger_entries") >= 1.0);
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy");
    let rules = deploy.join("prometheus/alerts.yaml");
    let alerts = fs::read_to_string(&rules).unwrap();
    are_figures(&alerts, &told);
    panels::are_whole(&told);
    let configuration = format!(
        "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [{}]\n\
         scrape_configs: [{{ job_name: homeward, static_configs: [{{ targets: ['{address}'] }}] }}]\n",
        rules.display()
    );
    fs::write(daemon.folder("prometheus.yaml"), configuration).unwrap();
    let checked =
        Command::new("promtool").args(["check", "config"]).arg(daemon.folder("prometheus.yaml")).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()));
    let (mut prometheus, mut free) = started(&daemon);
    let mut seen = String::new();
    for _ in 0..1_200 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if prometheus.0.try_wait().unwrap().is_some() {
            // Somebody else had the port by then.
            (prometheus, free) = started(&daemon);
        }
        if TcpStream::connect(free).is_err() {
            continue;
        }
        seen = fetched(
            &free.to_string(),
            "/api/v1/query?query=homeward_queue_deliveries%7Bstate%3D%22unopened%22%2Ckind%3D%22MPU%22%7D",
        )
        .1;
        if seen.contains("\"kind\":\"MPU\"") {
            break;
        }
    }
    assert!(seen.contains("\"kind\":\"MPU\""), "{seen}");
    let loaded = fetched(&free.to_string(), "/api/v1/rules").1;
    let expected = alerts.matches("- alert: ").count();
    assert_eq!(loaded.matches("\"type\":\"alerting\"").count(), expected, "{loaded}");
    assert!(!loaded.contains("\"health\":\"err\""), "{loaded}");
    panels::are_answered(&free.to_string()).await;
}
