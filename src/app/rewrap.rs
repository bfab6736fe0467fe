//! `homeward admin keys rewrap-status` and `rewrap`: how the wrapping of every record anew goes, and pausing it.

use std::{io::IsTerminal, time::Duration};

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::{cli::ClientArgs, client, failure::Failure, keys};

/// How often a watcher asks.
const EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Subcommand)]
pub(super) enum RewrapCommand {
    /// Pause it, on every replica. Reading and writing go on, and new records are under the new key all the same.
    Pause {
        #[command(flatten)]
        client: ClientArgs,
    },
    /// Resume it where it was.
    Resume {
        #[command(flatten)]
        client: ClientArgs,
    },
}

pub(super) async fn run(command: RewrapCommand) -> Result<(), Failure> {
    let (client, text) = match command {
        RewrapCommand::Pause { client } => {
            let text = client::connect(&client).await?.pause_rewrap(&client::request_id()?).await?;
            (client, text)
        }
        RewrapCommand::Resume { client } => {
            let text = client::connect(&client).await?.resume_rewrap(&client::request_id()?).await?;
            (client, text)
        }
    };
    client::answer(client.json, &text, |value| vec![told(&value["rewrap"])]);
    Ok(())
}

/// Says how far it is; a watcher hears it until it is done or paused.
pub(super) async fn status(client: &ClientArgs, watch: bool) -> Result<(), Failure> {
    let mut caller = client::connect(client).await?;
    let bar = Bar::new(watch && !client.json);
    loop {
        let text = caller.rewrap_status().await?;
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        let goes_on = matches!(state(&value["rewrap"]), "STATE_WRAPPING" | "STATE_PROVING");
        if !watch || !goes_on {
            drop(bar);
            client::answer(client.json, &text, shown);
            return Ok(());
        }
        if client.json {
            client::answer(true, &text, shown);
        }
        bar.show(&value["rewrap"]);
        tokio::time::sleep(EVERY).await;
    }
}

fn shown(value: &Value) -> Vec<String> {
    let mut lines = keys::rows(value);
    lines.push(match value.get("rewrap") {
        Some(rewrap) => told(rewrap),
        None => "no rewrapping yet; next: homeward admin keys rotate".to_owned(),
    });
    lines
}

/// A rewrapping in one line.
pub(super) fn told(rewrap: &Value) -> String {
    let word = |name: &str| rewrap[name].as_str().unwrap_or_default();
    let count = |name: &str| rewrap[name].as_str().unwrap_or("0");
    let stage = match state(rewrap) {
        "STATE_WRAPPING" if word("expected_time").is_empty() => "going on".to_owned(),
        "STATE_WRAPPING" => format!("going on, expected until {}", word("expected_time")),
        "STATE_PROVING" => format!("proving it, {} scanned", count("scanned")),
        "STATE_PAUSED" => format!("paused at {}; next: homeward admin keys rewrap resume", word("pause_time")),
        _ => format!("done at {}, proven by a scan of {}", word("finish_time"), count("scanned")),
    };
    format!("rewrapping: {} wrapped anew, {} left, {stage}", count("rewrapped"), count("left"))
}

fn state(rewrap: &Value) -> &str {
    rewrap["state"].as_str().unwrap_or_default()
}

/// How far it is, for a person who watches; nothing where nobody does.
struct Bar(Option<ProgressBar>);

impl Bar {
    fn new(wanted: bool) -> Self {
        let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {pos}/{len} records  {per_sec}  {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
        let seen = wanted && std::io::stderr().is_terminal();
        Self(seen.then(|| ProgressBar::new(0).with_style(style)))
    }

    fn show(&self, rewrap: &Value) {
        let count = |name: &str| rewrap[name].as_str().and_then(|count| count.parse().ok()).unwrap_or(0_u64);
        if let Some(bar) = &self.0 {
            bar.set_length(count("rewrapped") + count("left"));
            bar.set_position(count("rewrapped"));
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_state_says_what_is_done_what_is_left_and_what_comes_next() {
        let at = |state: &str, field: &str| {
            let mut rewrap = json!({"state": state, "rewrapped": "30", "left": "70", "scanned": "100"});
            rewrap[field] = json!("2026-11-21T12:00:00Z");
            told(&rewrap)
        };
        let said = [
            ("STATE_WRAPPING", "create_time", "rewrapping: 30 wrapped anew, 70 left, going on"),
            (
                "STATE_WRAPPING",
                "expected_time",
                "rewrapping: 30 wrapped anew, 70 left, going on, expected until 2026-11-21T12:00:00Z",
            ),
            ("STATE_PROVING", "create_time", "rewrapping: 30 wrapped anew, 70 left, proving it, 100 scanned"),
            (
                "STATE_PAUSED",
                "pause_time",
                "rewrapping: 30 wrapped anew, 70 left, paused at 2026-11-21T12:00:00Z; \
                 next: homeward admin keys rewrap resume",
            ),
            (
                "STATE_FINISHED",
                "finish_time",
                "rewrapping: 30 wrapped anew, 70 left, done at 2026-11-21T12:00:00Z, proven by a scan of 100",
            ),
        ];
        for (state, field, words) in said {
            assert_eq!(at(state, field), words);
        }
    }
}
