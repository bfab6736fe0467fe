//! `homeward admin keys`: the keys that wrap, for their custodians.

use clap::Subcommand;
use serde_json::Value;

use super::{admin, cli::ClientArgs, client, failure::Failure, print};

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// List the epoch keys, the records under each, counted now, and how far the last rewrapping has come.
    List {
        #[command(flatten)]
        client: ClientArgs,
    },
    /// Make a new key, which wraps from now on, and wrap every record anew.
    Rotate {
        #[command(flatten)]
        client: ClientArgs,
    },
    /// Propose to destroy a key that wraps nothing any longer; a second custodian approves.
    Destroy {
        #[command(flatten)]
        client: ClientArgs,
        /// Key, as `admin keys list` shows it.
        #[arg(value_name = "KEY_ID")]
        key: String,
    },
}

pub(super) async fn run(command: KeysCommand) -> Result<(), Failure> {
    match command {
        KeysCommand::List { client } => {
            let text = client::connect(&client).await?.keys().await?;
            client::answer(client.json, &text, listed);
        }
        KeysCommand::Rotate { client } => {
            let text = client::connect(&client).await?.rotate_key(&client::request_id()?).await?;
            client::answer(client.json, &text, |value| {
                let id = value["key_id"].as_str().unwrap_or_default();
                vec![
                    format!("{id} wraps from now on"),
                    "next: homeward admin keys list, until the others count none".to_owned(),
                ]
            });
        }
        KeysCommand::Destroy { client, key } => {
            let text = client::connect(&client).await?.destroy_key(&client::request_id()?, &key).await?;
            if client.json {
                print::line(&text);
            } else {
                let value: Value = serde_json::from_str(&text).unwrap_or_default();
                admin::waits(&value["proposal"]);
            }
        }
    }
    Ok(())
}

fn listed(value: &Value) -> Vec<String> {
    let count = |of: &Value| of.as_str().unwrap_or("0").to_owned();
    let key = |one: &Value| {
        let word = |name: &str| one[name].as_str().unwrap_or_default();
        let current = if one["current"].as_bool() == Some(true) { "  wraps now" } else { "" };
        format!("{}  since {}  {} records{current}", word("key_id"), word("create_time"), count(&one["records"]))
    };
    let mut lines: Vec<_> = value["keys"].as_array().into_iter().flatten().map(key).collect();
    if let Some(rewrap) = value.get("rewrap") {
        let state = rewrap["finish_time"].as_str().map_or("going on".to_owned(), |at| format!("done at {at}"));
        lines.push(format!(
            "rewrapping: {} looked at, {} wrapped anew, {state}",
            count(&rewrap["examined"]),
            count(&rewrap["rewrapped"])
        ));
    }
    lines
}
