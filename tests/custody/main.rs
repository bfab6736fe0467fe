//! The key outside the store, with the real binary: where it may lie, what happens without it, and how it is exchanged.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]
#![allow(clippy::print_stderr, reason = "what was skipped is said")]

#[path = "../support/daemon.rs"]
#[allow(dead_code, reason = "shared with the tests of the daemon")]
mod daemon;
mod erasure;
mod file;
#[path = "../support/house.rs"]
#[allow(dead_code, reason = "shared with the tests of the flow")]
mod house;
#[path = "../support/person.rs"]
#[allow(dead_code, reason = "shared with the tests of the flow")]
mod person;
mod rotation;
mod token;

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use daemon::{Daemon, recent};
use homeward::wire::pb::Part;
use house::{LEWISHAM, MPU};
use person::submission;

/// A passphrase that must never be seen again.
const WORDS: &str = "MARKER correct horse battery";

/// A file of this mode.
fn put(file: &Path, content: &str, mode: u32) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let _ = fs::remove_file(file);
    fs::write(file, content).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}

/// One command in the daemon's folder: exit code, and what it said anywhere.
fn homeward(daemon: &Daemon, args: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeward"));
    let ended = command.args(args).current_dir(daemon.folder("")).output().unwrap();
    let said = [ended.stdout, ended.stderr].concat();
    (ended.status.code().unwrap(), String::from_utf8(said).unwrap())
}

/// Submits narrative 1; answers with its id.
async fn submitted(daemon: &Daemon) -> String {
    let mut council = daemon.person(LEWISHAM).await;
    council.submit(submission(&recent(1, "2026-11-20T16:30:00Z"))).await.unwrap().referral_id
}

/// An officer pulls and opens every delivery of the queue; answers with the ids of what was read.
async fn read(daemon: &Daemon) -> Vec<String> {
    let mut officer = daemon.person(MPU).await;
    let mut read = Vec::new();
    for taken in officer.pull("MPU.SE").await.unwrap() {
        assert!(!officer.read(&taken, (Part::E, 0), "").await.unwrap().is_empty());
        read.push(taken.header.referral_id.clone());
        let release = homeward::wire::pb::ReleaseDeliveryRequest {
            request_id: person::fresh(),
            delivery_id: taken.id,
            lease_token: taken.token,
            reason: "read".into(),
            delay: None,
        };
        officer.queues.release_delivery(release).await.unwrap();
    }
    read
}
