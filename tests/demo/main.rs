//! The README's first command, as a newcomer runs it: any directory, one command, everything checked.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;

fn homeward() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeward"));
    command.env_remove("HOMEWARD_PROFILE");
    command
}

#[test]
fn the_demo_comes_out_as_specified_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let output =
        homeward().args(["demo", "--json"]).current_dir(&folder).env("TMPDIR", scratch.path()).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let accounts: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(accounts.len(), 8);
    for account in &accounts {
        assert_eq!(account["matched"], true, "{}: {}", account["narrative"], account["differences"]);
        assert!(!account["receipt"]["referral_id"].as_str().unwrap().is_empty());
        assert_eq!(account["referral"]["state"], "REFERRAL_STATE_SETTLED");
    }
    let opened = accounts.iter().flat_map(|account| account["deliveries"].as_array().unwrap());
    assert!(opened.filter(|one| !one["opened"].as_array().unwrap().is_empty()).count() > 40);
    assert!(empty(folder.path()), "the demo left something in the directory it was run in");
    assert!(empty(scratch.path()), "the demo left something in the temporary directory");
}

#[test]
fn the_demo_says_in_words_who_saw_what() {
    let output = homeward().arg("demo").output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    for words in ["N1", "who opened what", "side by side", "what the council sees now", "as specified", "0 differences"]
    {
        assert!(text.contains(words), "the account does not say `{words}`");
    }
}

#[test]
fn a_demo_that_is_kept_answers_the_commands_it_prints() {
    let mut demo = homeward().args(["demo", "--keep"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut commands = Vec::new();
    for line in BufReader::new(demo.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some(command) = line.trim().strip_prefix("homeward ") {
            commands.push(command.to_owned());
        }
        if line.contains("queue complete") {
            break;
        }
    }
    let ready = commands.iter().filter(|command| !command.contains("TOKEN"));
    let mut outputs: Vec<(String, Output)> = ready.map(|command| (command.clone(), paste(command))).collect();
    let pulled = String::from_utf8_lossy(&outputs.last().unwrap().1.stdout).into_owned();
    let delivery = pulled.split_whitespace().next().unwrap_or_default();
    let token = pulled.split("--lease ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    for command in commands.iter().filter(|command| command.contains("TOKEN")) {
        let command = command.replace("TOKEN", token).replace("DELIVERY", delivery);
        outputs.push((command.clone(), paste(&command)));
    }
    interrupt(&demo);
    let stopped = demo.wait().unwrap();
    assert_eq!(outputs.len(), 7);
    for (command, output) in &outputs {
        assert!(output.status.success(), "{command}: {}", told(output));
        assert!(!output.stdout.is_empty(), "{command} said nothing");
    }
    assert!(String::from_utf8_lossy(&outputs[5].1.stdout).contains("Marcus Dray"), "the officer read no item");
    assert!(stopped.success(), "the demo did not stop cleanly");
}

fn paste(command: &str) -> Output {
    homeward().args(command.split_whitespace()).output().unwrap()
}

fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn empty(folder: &Path) -> bool {
    folder.read_dir().unwrap().next().is_none()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
