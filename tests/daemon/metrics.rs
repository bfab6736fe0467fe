//! What operators watch: read as Prometheus reads it, from the real binary.

use std::{
    fs,
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use serde_json::Value;

use crate::{
    daemon::Daemon,
    house::{BROMLEY, GRANTS, LEWISHAM},
};

/// Head and body of the answer to one request.
fn fetched(address: &str, path: &str) -> (String, String) {
    let mut socket = TcpStream::connect(address).unwrap();
    write!(socket, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// The figure behind a name with its labels.
fn figure(text: &str, name: &str) -> f64 {
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
