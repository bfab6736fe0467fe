//! Traces, as a collector of another language gets them: the caller's own trace, each step of the work in it, and nobody.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::{
    daemon::{Daemon, recent},
    house::LEWISHAM,
    person::{request, submission},
    python::interpreter,
};

/// Ends with the test.
struct Collector(Child);

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_sees_the_steps_of_a_call_in_its_callers_trace_and_nobody() {
    let Some(python) = interpreter() else { return };
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
    let generated = tempfile::tempdir().unwrap();
    let mut protoc = Command::new(&python);
    protoc.args(["-m", "grpc_tools.protoc", "-I"]).arg(&scripts).arg("--python_out").arg(generated.path());
    assert!(protoc.arg(scripts.join("collector.proto")).status().unwrap().success());
    let mut collector = Command::new(&python);
    collector.arg(scripts.join("collector.py")).arg(generated.path()).env("PYTHONDONTWRITEBYTECODE", "1");
    let mut collector = Collector(collector.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(collector.0.stdout.take().unwrap()).lines();
    let port = lines.next().unwrap().unwrap();
    let mut daemon = Daemon::start_with(&format!("traces.endpoint = \"http://127.0.0.1:{port}\""), |_| ()).await;
    let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let mut call = tonic::Request::new(request(submission(&recent(1, "2026-11-20T16:30:00Z"))));
    call.metadata_mut().insert("traceparent", format!("00-{trace}-{span}-01").parse().unwrap());
    let answered = daemon.person(LEWISHAM).await.referrals.submit_referral(call).await.unwrap();
    let id = answered.into_inner().receipt.unwrap().referral_id;
    daemon.signal("TERM");
    assert_eq!(daemon.ends().await, Some(0), "{}", daemon.log());
    let reading = tokio::task::spawn_blocking(move || {
        let spans = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        let mut seen: Vec<Value> = Vec::new();
        for one in spans {
            let last = one["parent"] == span;
            seen.push(one);
            if last && seen.iter().any(|one| one["name"] == "store") {
                break;
            }
        }
        seen
    });
    let spans = tokio::time::timeout(std::time::Duration::from_secs(30), reading).await.unwrap().unwrap();
    let own: Vec<_> = spans.iter().filter(|one| one["trace"] == trace).collect();
    let named =
        |name: &str| *own.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name} in {spans:?}"));
    let call = named("/homeward.v1.ReferralService/SubmitReferral");
    assert_eq!(call["parent"], span, "in the caller's trace");
    for step in ["judge", "seal", "store"] {
        assert_eq!(named(step)["parent"], call["span"], "{step}");
    }
    assert_eq!(named("redact")["parent"], named("judge")["span"]);
    for one in &spans {
        for never in ["homeward://", "case-system", "Fennimore", "Dray", "MPU.SE", "E09000023", "127.0.0.1", &id] {
            assert!(!one["bytes"].as_str().unwrap().contains(never), "{never} left the house");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_elsewhere_is_refused_and_one_that_is_away_harms_nobody() {
    let mut daemon = Daemon::start_with("traces.endpoint = \"http://127.0.0.1:9\"", |_| ()).await;
    daemon.person(LEWISHAM).await.submit(submission(&recent(1, "2026-11-20T16:30:00Z"))).await.unwrap();
    daemon.signal("TERM");
    assert_eq!(daemon.ends().await, Some(0), "{}", daemon.log());
    let file = daemon.folder("homeward.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("127.0.0.1:9", "collector.example:4317")).unwrap();
    let (code, said) = daemon.refuses();
    assert!(code == 65 && said.contains("traces.endpoint"), "{code}: {said}");
}
