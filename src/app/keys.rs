//! `homeward admin keys`: the keys that wrap, for their custodians.

use clap::Subcommand;
use serde_json::Value;

use super::{
    admin,
    cli::ClientArgs,
    client,
    custody::{InitFileArgs, InitTokenArgs, init_file, init_token},
    failure::Failure,
    outer, print,
    rewrap::{self, RewrapCommand},
};

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// List the keys outside the store, the epoch keys, the records under each, and how far the last rewrapping has come.
    List {
        #[command(flatten)]
        client: ClientArgs,
    },
    /// Make a new key, which wraps from now on, and wrap every record anew.
    Rotate {
        #[command(flatten)]
        client: ClientArgs,
    },
    /// Wrap everything anew that the key outside the store has wrapped: under the one that is configured now. Waits until it is
    /// done, and says which keys can be taken out of the configuration.
    RotateOuter {
        #[command(flatten)]
        client: ClientArgs,
    },
    /// Say how far the last rewrapping has come, and how many records are left under each key.
    RewrapStatus {
        #[command(flatten)]
        client: ClientArgs,
        /// Go on saying it, with a bar on a terminal, until it is done or paused.
        #[arg(long)]
        watch: bool,
    },
    /// Pause or resume a rewrapping.
    #[command(subcommand)]
    Rewrap(RewrapCommand),
    /// Make a key file on this machine, under a passphrase: the key outside the store, which protects all others.
    InitFile(InitFileArgs),
    /// Make a key inside a PKCS#11 token, which it never leaves: the key outside the store, in a device.
    InitToken(InitTokenArgs),
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
                vec![format!("{id} wraps from now on"), "next: homeward admin keys rewrap-status --watch".to_owned()]
            });
        }
        KeysCommand::RotateOuter { client } => outer::rotate(&client).await?,
        KeysCommand::RewrapStatus { client, watch } => rewrap::status(&client, watch).await?,
        KeysCommand::Rewrap(command) => rewrap::run(command).await?,
        KeysCommand::InitFile(args) => init_file(&args)?,
        KeysCommand::InitToken(args) => init_token(&args)?,
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
    let mut lines = outer::rows(value);
    lines.extend(rows(value));
    lines.extend(value["erased"].as_array().into_iter().flatten().map(erased));
    lines.extend(value.get("rewrap").map(rewrap::told));
    lines
}

/// Erased records, for people.
fn erased(row: &Value) -> String {
    let word = |name: &str| row[name].as_str().unwrap_or_default();
    let state = match word("state") {
        "ERASURE_STATE_IRRECOVERABLE" => "irrecoverable: every key that wrapped them is destroyed, or every older copy",
        _ => "erased; to make them irrecoverable, destroy it and all older keys, or compact and let older copies go",
    };
    format!("{}  {} records {state}", word("key_id"), word("records"))
}

/// The keys of an answer, one a line.
pub(super) fn rows(value: &Value) -> Vec<String> {
    let count = |of: &Value| of.as_str().unwrap_or("0").to_owned();
    let key = |one: &Value| {
        let word = |name: &str| one[name].as_str().unwrap_or_default();
        let note = match (one["current"].as_bool(), one["scanned_records"].as_str()) {
            (Some(true), _) => "  wraps now".to_owned(),
            (_, Some(found)) => format!("  a scan of all found {found}"),
            _ => String::new(),
        };
        format!("{}  since {}  {} records{note}", word("key_id"), word("create_time"), count(&one["records"]))
    };
    value["keys"].as_array().into_iter().flatten().map(key).collect()
}
