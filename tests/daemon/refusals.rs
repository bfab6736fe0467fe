//! That somebody was refused something stays, whatever becomes of the broker: the first of its kind is in the ledger at once.

use std::{fs, process::Command, time::Duration};

use serde_json::Value;
use tonic::Code;

use crate::{
    daemon::Daemon,
    house::{GRANTS, LEWISHAM},
    person::{fresh, refusal},
};

const AUDITOR: &str = "operator/auditor/a1";

/// The refusals of the council in the ledger, with how many each tells of.
fn refusals(daemon: &Daemon) -> Vec<(String, Vec<String>)> {
    let profile = daemon.profile(AUDITOR);
    fs::write(profile.join("endpoint"), daemon.url()).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeward"));
    let listed = command.args(["audit", "list", "--json", "--profile"]).arg(profile).output().unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let entries = String::from_utf8(listed.stdout).unwrap();
    let entries = entries.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let refused =
        entries.filter(|one| one["action"] == "REFUSED" && one["identity"].as_str().unwrap().ends_with(LEWISHAM));
    let words = |one: &Value| {
        one["details"].as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    refused.map(|one| (words(&one).remove(0), words(&one).split_off(1))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_refusal_of_a_kind_survives_kill_9_and_repeats_are_counted() {
    let grants = format!(
        "{GRANTS}\n[[grant]]\nidentity = \"homeward://pilot.example/{AUDITOR}\"\nnot_before = \"2020-01-01T00:00:00Z\"\n\
         not_after = \"2096-01-01T00:00:00Z\"\n"
    );
    let mut daemon = Daemon::start_with("", |daemon| fs::write(daemon.folder("grants.toml"), &grants).unwrap()).await;
    let mut council = daemon.person(LEWISHAM).await;
    assert_eq!(refusal(council.referral(&fresh()).await).code, Code::NotFound);
    let first = ("count=1".to_owned(), vec!["GetReferral=NOT_FOUND".to_owned()]);
    // Long before the minute is over.
    for _ in 0..200 {
        if !refusals(&daemon).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    daemon.kill();
    daemon.restart().await;
    assert_eq!(refusals(&daemon), std::slice::from_ref(&first));

    // Repeats within a minute are one entry, and another kind is one of its own, at once.
    let mut council = daemon.person(LEWISHAM).await;
    for _ in 0..5 {
        assert_eq!(refusal(council.referral(&fresh()).await).code, Code::NotFound);
    }
    assert_eq!(refusal(council.referral("no id").await).code, Code::InvalidArgument);
    daemon.stop();
    daemon.restart().await;
    let told = refusals(&daemon);
    let count = |words: &str| words.strip_prefix("count=").unwrap().parse::<u64>().unwrap();
    assert_eq!(told.iter().map(|(many, _)| count(many)).sum::<u64>(), 1 + 5 + 1, "{told:?}");
    assert!(told.len() <= 5, "{told:?}");
    assert!(told.iter().any(|(_, words)| words.contains(&"GetReferral=INVALID".to_owned())), "{told:?}");
    daemon.stop();
}
