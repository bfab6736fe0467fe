//! `homeward admin`: what needs two persons, and keys.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::Value;
use uuid::Uuid;

use super::{
    cli::ClientArgs,
    client,
    failure::Failure,
    holds::{self, HoldCommand},
    keys::{self, KeysCommand},
    pki, policies, print, show,
};
use crate::platform::secret_file;

#[derive(Debug, Subcommand)]
pub(super) enum AdminCommand {
    /// The keys that wrap the keys of records.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// List what was proposed and by whom, approved and void ones too.
    Proposals {
        #[command(flatten)]
        client: ClientArgs,
    },
    /// Print the revocation list, signed by the issuing authority, in PEM: for whoever else verifies certificates. For every
    /// profile.
    Crl {
        #[command(flatten)]
        client: ClientArgs,
        /// Put it into this file, in the place of an older one, whole or not at all.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Print what to trust, in PEM. For every profile.
    TrustBundle {
        #[command(flatten)]
        client: ClientArgs,
        /// Put it into this file, in the place of an older one, whole or not at all.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Propose to erase the content of a settled referral, and of those linked from it, for good; a second custodian approves.
    Erase {
        #[command(flatten)]
        client: ClientArgs,
        /// Referral, as its receipt names it.
        #[arg(value_name = "REFERRAL_ID")]
        referral: String,
        /// Why: retention_over, data_subject_request, ordered or sent_in_error.
        #[arg(long, value_name = "WORD")]
        reason: String,
    },
    /// Propose to certify that no copy of the store is left from before its last compaction: no backup, snapshot or image, and no disk
    /// that one lay on. A second custodian approves; what was erased before is irrecoverable from then on.
    CopiesGone {
        #[command(flatten)]
        client: ClientArgs,
        /// A copy has turned up: withdraw what was certified, at once.
        #[arg(long)]
        withdraw: bool,
    },
    /// Legal holds: what must not be erased, however long it was kept.
    #[command(subcommand)]
    Hold(HoldCommand),
    /// Supervisor: send a dead letter back to the queue in which it died, with a reason. `queue dead-letters` lists them.
    Replay {
        #[command(flatten)]
        client: ClientArgs,
        /// Delivery, as `queue dead-letters` prints it.
        #[arg(value_name = "DELIVERY_ID")]
        delivery: String,
        /// Why it can be worked on now; kept sealed.
        #[arg(long)]
        reason: String,
    },
    /// Approve what somebody else proposed, and do it.
    Approve {
        #[command(flatten)]
        client: ClientArgs,
        /// Proposal, as `admin proposals` shows it.
        #[arg(value_name = "PROPOSAL_ID")]
        proposal: String,
        /// Its fingerprint, as whoever asked read it out over the telephone.
        #[arg(long, value_name = "HEX")]
        fingerprint: String,
        /// New folder for cert.pem and ca.pem of an enrolment, both public. Within 24 hours you can approve again, and have them again.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

pub(super) async fn run(command: AdminCommand) -> Result<(), Failure> {
    match command {
        AdminCommand::Keys(command) => keys::run(command).await,
        AdminCommand::Hold(command) => holds::run(command).await,
        AdminCommand::Proposals { client } => proposals(&client).await,
        AdminCommand::Crl { client, out } => {
            let text = client::connect(&client).await?.revocation_list().await?;
            public(&client, &text, out.as_deref())
        }
        AdminCommand::TrustBundle { client, out } => {
            let text = client::connect(&client).await?.trust_bundle().await?;
            public(&client, &text, out.as_deref())
        }
        AdminCommand::Erase { client, referral, reason } => {
            let text = client::connect(&client).await?.erase(&client::request_id()?, &referral, &reason).await?;
            proposed(&client, &text);
            Ok(())
        }
        AdminCommand::CopiesGone { client, withdraw: true } => {
            let text = client::connect(&client).await?.withdraw_copies_gone(&client::request_id()?).await?;
            let words = "withdrawn: what only that certificate made irrecoverable is erased, and no more than that";
            client::answer(client.json, &text, |_| vec![words.to_owned()]);
            Ok(())
        }
        AdminCommand::CopiesGone { client, withdraw: false } => {
            let text = client::connect(&client).await?.certify_copies_gone(&client::request_id()?).await?;
            proposed(&client, &text);
            Ok(())
        }
        AdminCommand::Replay { client, delivery, reason } => {
            let mut caller = client::connect(&client).await?;
            let text = caller.replay_dead_letter(&client::request_id()?, &delivery, &reason).await?;
            client::answer(client.json, &text, show::replayed);
            Ok(())
        }
        AdminCommand::Approve { client, proposal, fingerprint, out } => {
            let mut caller = client::connect(&client).await?;
            let text = caller.approve(&once(&proposal)?, &proposal, &plain(&fingerprint)).await?;
            let value: Value = serde_json::from_str(&text).unwrap_or_default();
            if let (Some(out), Some(enrolled)) = (&out, value.get("enrolled")) {
                pki::deliver(out, enrolled)?;
            }
            client::answer(client.json, &text, |value| approved(value, out.as_deref()));
            Ok(())
        }
    }
}

/// The request id of an approval: the proposal's own, so that whoever approves again has the first answer again.
fn once(proposal: &str) -> Result<String, Failure> {
    Uuid::try_parse(proposal).map_or_else(|_| client::request_id(), |id| Ok(id.hyphenated().to_string()))
}

/// A fingerprint however it was read out and typed.
fn plain(fingerprint: &str) -> String {
    fingerprint.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

/// Prints the PEM of an answer, or puts it into a file.
fn public(args: &ClientArgs, text: &str, out: Option<&Path>) -> Result<(), Failure> {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let pem = value["pem"].as_str().unwrap_or_default();
    if let Some(out) = out {
        secret_file::replace_public(out, pem.as_bytes()).map_err(|error| Failure::other(error.to_string()))?;
    }
    client::answer(args.json, text, |_| match out {
        Some(out) => vec![format!("written to {}", out.display())],
        None => pem.lines().map(str::to_owned).collect(),
    });
    Ok(())
}

async fn proposals(args: &ClientArgs) -> Result<(), Failure> {
    let mut caller = client::connect(args).await?;
    let mut token = String::new();
    loop {
        let text = caller.proposals(0, &token).await?;
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        client::answer(args.json, &text, |value| {
            value["proposals"].as_array().into_iter().flatten().flat_map(proposal).collect()
        });
        token = value["next_page_token"].as_str().unwrap_or_default().to_owned();
        if token.is_empty() {
            return Ok(());
        }
    }
}

/// A proposal, for people.
pub(super) fn proposal(value: &Value) -> Vec<String> {
    let word = |name: &str| value[name].as_str().unwrap_or_default();
    let state = match word("approver") {
        "" => format!("void after {}", word("expire_time")),
        approver => format!("approved by {approver}"),
    };
    vec![
        format!("{}  {}  {}", word("proposal_id"), word("kind"), word("subject")),
        format!("  proposed by {}, {state}", word("proposer")),
        format!("  fingerprint {}", word("fingerprint")),
    ]
}

fn approved(value: &Value, out: Option<&Path>) -> Vec<String> {
    if let Some(enrolled) = value.get("enrolled") {
        let word = |name: &str| enrolled["certificate"][name].as_str().unwrap_or_default();
        let signed = format!("{} until {}", word("holder"), word("expire_time"));
        let next = match out {
            Some(out) => format!("next: send {0}/cert.pem and {0}/ca.pem back; both are public", out.display()),
            None => "next: run it again with --json, or --out DIR, for the certificate: within 24 hours, as yourself"
                .to_owned(),
        };
        return vec![signed, next];
    }
    if let Some(id) = value["destroyed_key_id"].as_str() {
        return vec![format!("destroyed the key {id}")];
    }
    if let Some(id) = value["erased_referral_id"].as_str() {
        let next = "next: homeward admin keys rotate, and destroy the keys that wrapped it: then it is irrecoverable; or compact the store, let older copies go, and homeward admin copies-gone";
        return vec![format!("erased the content of {id}"), next.to_owned()];
    }
    if let Some(before) = value["copies_gone_before"].as_str() {
        return vec![format!(
            "certified: no copy of the store is left from before its compaction {before}; what was erased by then is irrecoverable"
        )];
    }
    if let Some(id) = value["released_hold_id"].as_str() {
        return vec![format!("the hold {id} ended: what is over by now is erased")];
    }
    if let Some(activation) = value.get("activated_policy") {
        let next = "in force here at once, on every replica within a second".to_owned();
        return policies::activation(activation).into_iter().chain([next]).collect();
    }
    let word = |name: &str| value["revocation"][name].as_str().unwrap_or_default();
    vec![format!("revoked {} of {}: {}", word("serial"), word("holder"), word("reason"))]
}

/// What was answered to whoever proposed something.
fn proposed(args: &ClientArgs, text: &str) {
    if args.json {
        return print::line(text);
    }
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    waits(&value["proposal"]);
}

/// Prints a proposal that waits for its approval.
pub(super) fn waits(value: &Value) {
    proposal(value).iter().for_each(|line| print::line(line));
    print::line(
        "next: a second administrator has the fingerprint read out over the telephone, then: homeward admin approve",
    );
}
