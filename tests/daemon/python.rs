//! A client of another language: Python grpcio, generated from the contract, with profiles from `pki issue`.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::{
    daemon::{Daemon, recent},
    house::{LEWISHAM, MPU},
};

/// The interpreter that tests/run prepared. Without it nothing is tested, which CI does not let pass.
pub fn interpreter() -> Option<String> {
    let python = std::env::var("HOMEWARD_TEST_PYTHON").ok().filter(|python| !python.is_empty());
    if python.is_none() {
        let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "HOMEWARD_TEST_PYTHON is not set: run tests/run, which prepares the interpreter");
        // Past the capture of the test runner, so that it is seen.
        let said = b"\n*** SKIPPED: HOMEWARD_TEST_PYTHON is not set; tests/run sets it. Python was NOT tested. ***\n";
        std::io::stderr().write_all(said).unwrap();
    }
    python
}

struct Python {
    interpreter: String,
    scripts: PathBuf,
    generated: PathBuf,
}

impl Python {
    /// Generates the client from the contract.
    fn prepare(interpreter: String) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let generated = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python");
        fs::create_dir_all(&generated).unwrap();
        let mut command = Command::new(&interpreter);
        command.args(["-m", "grpc_tools.protoc", "-I"]).arg(root.join("proto"));
        for option in ["--python_out", "--grpc_python_out"] {
            command.arg(format!("{option}={}", generated.display()));
        }
        for entry in fs::read_dir(root.join("proto/homeward/v1")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "proto") {
                command.arg(path);
            }
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { interpreter, scripts: root.join("tests/python"), generated }
    }

    fn command(&self, script: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.interpreter);
        command.arg(self.scripts.join(script)).args(arguments);
        command.env("PYTHONPATH", &self.generated).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    fn run(&self, script: &str, arguments: &[&str]) -> Output {
        self.command(script, arguments).output().unwrap()
    }

    /// What a run that must succeed printed.
    fn printed(&self, script: &str, arguments: &[&str]) -> String {
        let output = self.run(script, arguments);
        assert!(output.status.success(), "{script} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_council_submits_and_watches_and_a_python_officer_acts() {
    let Some(interpreter) = interpreter() else { return };
    let python = Python::prepare(interpreter);
    let daemon = Daemon::start().await;
    let (council, officer) = (daemon.profile(LEWISHAM), daemon.profile(MPU));
    let (council, officer) = (council.to_str().unwrap(), officer.to_str().unwrap());
    let file = daemon.folder("n1.json");
    fs::write(&file, recent(1, "2026-11-20T16:30:00Z")).unwrap();
    let file = file.to_str().unwrap();

    let preview = python.printed("council.py", &[council, "preview", file]);
    assert!(preview.starts_with("P1 R01 R02 R03"), "{preview}");
    assert!(preview.contains("\nMPU.SE ") && preview.contains("\nMASH.E09000023 "), "{preview}");

    assert!(preview.contains("\nspan items[0].text 0-8 PERSON token subject_source [CHILD]\n"), "{preview}");
    assert!(preview.contains("\nadvice items[0].text 570-588 denial_unmarked Something is denied"), "{preview}");

    let mut watch = python.command("council.py", &[council, "watch", "0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut events = BufReader::new(watch.stdout.take().unwrap()).lines();
    let receipt = python.printed("council.py", &[council, "submit", file]);
    let (id, digest) = receipt.trim().split_once(' ').unwrap();
    assert_eq!((id.len(), digest.len()), (36, 64), "{receipt}");
    let seen = python.printed("officer.py", &[officer, "MPU.SE", "arrest"]);
    assert!(seen.contains("Marcus Dray") && seen.contains("OFFICIAL-SENSITIVE"), "{seen}");
    assert!(seen.contains(&format!("{id} acted on")), "{seen}");
    let mut told = Vec::new();
    while !told.iter().any(|event: &String| event.contains("SETTLED MPU.SE acted on")) {
        told.push(events.next().expect("the watch ended").unwrap());
    }
    watch.kill().unwrap();
    watch.wait().unwrap();
    assert!(told.iter().all(|event| event.contains(id)), "{told:?}");
    for event in ["RECEIVED", "DELIVERED MPU.SE", "OPENED MPU.SE", "SETTLED MPU.SE"] {
        assert!(told.iter().any(|told| told.contains(event)), "{event}: {told:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_council_is_told_every_fault_also_when_there_are_thousands() {
    let Some(interpreter) = interpreter() else { return };
    let python = Python::prepare(interpreter);
    let daemon = Daemon::start().await;
    let council = daemon.profile(LEWISHAM);
    let mut json: serde_json::Value = serde_json::from_str(&recent(1, "2026-11-20T16:30:00Z")).unwrap();
    let refused = |json: &serde_json::Value| {
        let file = daemon.folder("wrong.json");
        fs::write(&file, json.to_string()).unwrap();
        let output = python.run("council.py", &[council.to_str().unwrap(), "submit", file.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    json["child"]["name"] = "".into();
    json["episode"]["kind"] = "EPISODE_KIND_UNSPECIFIED".into();
    let said = refused(&json);
    assert!(said.starts_with("INVALID_ARGUMENT: "), "{said}");
    for field in ["submission.child.name", "submission.episode.kind"] {
        assert!(said.contains(&format!("  {field}: ")), "{field}: {said}");
    }
    json["items"] = vec![serde_json::json!({ "codes": vec!["HARM_CODE_UNSPECIFIED"; 19] }); 50].into();
    let said = refused(&json);
    assert!(said.starts_with("INVALID_ARGUMENT: ") && said.contains(" more fields are not right"), "{said}");
    assert!(said.lines().count() > 60, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_council_submits_a_batch_on_one_stream_and_an_officer_settles_it_on_another() {
    let Some(interpreter) = interpreter() else { return };
    let python = Python::prepare(interpreter);
    let daemon = Daemon::start().await;
    let council = daemon.profile(LEWISHAM);
    let write = |name: &str, text: String| {
        let file = daemon.folder(name);
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let good = recent(1, "2026-11-20T16:30:00Z");
    let mut wrong: serde_json::Value = serde_json::from_str(&good).unwrap();
    wrong["child"]["name"] = "".into();
    let files: Vec<String> =
        (0..40).map(|n| write(&format!("{n}.json"), if n == 7 { wrong.to_string() } else { good.clone() })).collect();
    let officer = daemon.profile(MPU);
    let mut followed =
        python.command("streams.py", &[officer.to_str().unwrap(), "follow", "MPU.SE", "shift", "arrest", "39"]);
    let followed = followed.stdout(Stdio::piped()).spawn().unwrap();
    let arguments: Vec<&str> =
        [council.to_str().unwrap(), "submit"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let printed = python.printed("streams.py", &arguments);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines.len(), 40, "{printed}");
    for (n, (line, file)) in lines.iter().zip(&files).enumerate() {
        let result = line.strip_prefix(&format!("{file} ")).unwrap();
        if n == 7 {
            assert!(result.starts_with("INVALID_FIELDS submission.child.name"), "{result}");
        } else {
            assert_eq!(result.len(), 36, "{result}");
        }
    }
    let settled = followed.wait_with_output().unwrap();
    let settled = String::from_utf8(settled.stdout).unwrap();
    let mut ids: Vec<&str> = settled.lines().map(|line| line.strip_suffix(" acted on").expect("refused")).collect();
    let mut receipts: Vec<&str> = lines.iter().map(|line| line.rsplit(' ').next().unwrap()).collect();
    receipts.remove(7);
    ids.sort_unstable();
    receipts.sort_unstable();
    assert_eq!(ids, receipts, "each once, and no other");
}
