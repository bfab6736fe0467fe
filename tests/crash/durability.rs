//! A traced commit: the data file's fdatasync, then the head file's, both finished before the answer is written.

use std::{collections::HashMap, fs, path::Path, process::Command};

use crate::child::{Mode, arguments, instruct};

/// A call that finished, or the writing of an acknowledgement that began, in the order in which they did.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    DataWritten,
    DataSynced,
    HeadWritten,
    HeadSynced,
    Acknowledged(String),
}

/// True, with a word about it, where strace is not installed; a failure where it must be.
pub fn strace_is_missing() -> bool {
    if Command::new("strace").arg("--version").output().is_ok() {
        return false;
    }
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!ci, "strace is missing: without it nothing proves that answers come after the sync (apt: strace)");
    eprintln!("SKIPPED, strace is missing: install the package strace to prove that answers come after the sync");
    true
}

#[test]
fn every_answer_comes_after_both_syncs() {
    if strace_is_missing() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().canonicalize().unwrap().join("store");
    let trace = place.path().join("trace");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-y", "-s", "64", "-e", "trace=fdatasync,fsync,write,pwrite64,sendto,rename", "-o"])
        .arg(&trace)
        .args(arguments());
    instruct(&mut command, Mode::Traced, &dir, 1);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen = read_trace(&fs::read_to_string(&trace).unwrap(), &dir);

    let mut acknowledged = 0;
    let mut since = Vec::new();
    for event in seen {
        if let Seen::Acknowledged(what) = &event {
            check(&since, what);
            acknowledged += 1;
            since.clear();
        } else {
            since.push(event);
        }
    }
    assert_eq!(acknowledged, 8, "six submissions, a pull, a completion");
}

/// Between two answers: data written, then synced, then the head written, then synced, and no data after its sync.
fn check(since: &[Seen], what: &str) {
    let last = |wanted: &Seen| since.iter().rposition(|seen| seen == wanted);
    let order = [last(&Seen::DataWritten), last(&Seen::DataSynced), last(&Seen::HeadWritten), last(&Seen::HeadSynced)];
    assert!(order.iter().all(Option::is_some), "before {what:?}, something is missing: {since:?}");
    assert!(order.is_sorted(), "before {what:?}, in the wrong order: {since:?}");
}

#[test]
fn creation_makes_the_directory_and_its_name_durable() {
    if strace_is_missing() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let parent = place.path().canonicalize().unwrap();
    let trace = place.path().join("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-e", "trace=fsync", "-o"]).arg(&trace).args(arguments());
    instruct(&mut command, Mode::Traced, &parent.join("store"), 1);
    assert!(command.output().unwrap().status.success());
    let trace = fs::read_to_string(&trace).unwrap();
    for path in [parent.join("store"), parent, place.path().canonicalize().unwrap().join("store/head")] {
        let wanted = format!("<{}>", path.display());
        assert!(trace.lines().any(|line| line.contains("fsync(") && line.contains(&wanted)), "no fsync of {wanted}");
    }
}

/// Reads strace's lines; a call interrupted by another thread's counts where it is resumed.
fn read_trace(trace: &str, dir: &Path) -> Vec<Seen> {
    let (data, head) = (format!("<{}>", dir.join("db").display()), format!("<{}>", dir.join("head").display()));
    let mut unfinished: HashMap<&str, Option<Seen>> = HashMap::new();
    let mut seen = Vec::new();
    for line in trace.lines() {
        let Some((process, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if call.starts_with("<... ") {
            let done = unfinished.remove(process).flatten();
            // A call that failed has done nothing.
            seen.extend(done.filter(|_| !call.contains("= -1")));
            continue;
        }
        let event = if call.starts_with("write(1<") && call.contains("ack ") {
            // An answer counts from where it begins.
            let words = call.split("ack ").nth(1).unwrap_or_default();
            seen.push(Seen::Acknowledged(words.split('\\').next().unwrap_or_default().to_owned()));
            continue;
        } else if call.starts_with("pwrite64(") && call.contains(&data) {
            Seen::DataWritten
        } else if call.starts_with("fdatasync(") && call.contains(&data) {
            Seen::DataSynced
        } else if call.starts_with("pwrite64(") && call.contains(&head) {
            Seen::HeadWritten
        } else if (call.starts_with("fdatasync(") || call.starts_with("fsync(")) && call.contains(&head) {
            Seen::HeadSynced
        } else {
            continue;
        };
        if call.ends_with("<unfinished ...>") {
            unfinished.insert(process, Some(event));
        } else if !call.contains("= -1") {
            seen.push(event);
        }
    }
    seen
}
