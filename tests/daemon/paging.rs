//! kill -9 between an acceptance and its pages: they go out after the restart.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use serde_json::Value;

use crate::{
    daemon::{Daemon, recent},
    house::PROVIDER,
    person::submission,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_accepted_before_a_kill_is_paged_after_it() {
    let mut daemon = Daemon::prepared("");
    let (script, ready, pages) = (daemon.folder("page.sh"), daemon.folder("ready"), daemon.folder("pages"));
    // Nobody can be reached until there is a file.
    let text = format!("#!/bin/sh\ntest -e {} && cat >> {}\n", ready.display(), pages.display());
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    let mut configuration = fs::read_to_string(daemon.folder("homeward.toml")).unwrap();
    let command = script.display();
    configuration.push_str(&format!("[[paging.hooks]]\nname = \"duty\"\ncommand = [\"{command}\"]\n"));
    fs::write(daemon.folder("homeward.toml"), configuration).unwrap();
    daemon.restart().await;
    let receipt = daemon.person(PROVIDER).await.submit(submission(&recent(5, "2026-11-21T11:10:00Z"))).await.unwrap();
    daemon.says(0, "nobody could be paged").await;
    daemon.kill();
    fs::write(&ready, "").unwrap();
    daemon.restart().await;
    let told = || -> Vec<Value> {
        let text = fs::read_to_string(&pages).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let reached = |queue: &str| {
        let of = |page: &Value| {
            page["delivery"].as_str().unwrap().starts_with(&receipt.referral_id) && page["queue"] == queue
        };
        told().iter().any(of)
    };
    for queue in ["MASH.E09000022", "MPU.AS", "REFDESK.AS"] {
        for _ in 0..6_000 {
            if reached(queue) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(reached(queue), "{queue} within a minute");
    }
    daemon.says(0, "\"paged\"").await;
    daemon.says(0, "\"attempt\":2").await;
    daemon.stop();
}
