//! `homeward audit`: the ledger of a running daemon, and, without one, what was exported or filed of it.

mod deep;
mod offline;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::Value;

use super::{cli::ClientArgs, client, failure::Failure, print};
use crate::{
    ledger::{self, Checkpoint, VerifierKey},
    platform::secret_file,
};

/// Entries asked for at once.
const PAGE: i32 = 200;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Auditor: list the ledger: who did what to which record, never content.
    List {
        #[command(flatten)]
        client: ClientArgs,
        /// Begin at this entry.
        #[arg(long, value_name = "INDEX", default_value_t = 0)]
        from: u64,
        /// Stop after so many.
        #[arg(long, value_name = "N")]
        most: Option<u64>,
    },
    /// Print the signed checkpoint of the ledger as it is now. Keep it: with it you can tell later whether anything was taken away.
    Checkpoint {
        #[command(flatten)]
        client: ClientArgs,
        /// Print the ledger's public key in its place. Keep that, too: it verifies receipts and exports for ever.
        #[arg(long)]
        key: bool,
    },
    /// Auditor: write the whole ledger with its signed checkpoint to a file, in the place of an older one.
    Export {
        #[command(flatten)]
        client: ClientArgs,
        /// File to write.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Verify an exported ledger without a broker: every entry, the root, the signature. Exit code 65 names the first damage.
    /// With --deep, walk a whole store: ledger, records, queues, lists and kept answers against each other.
    Verify(VerifyArgs),
    /// Write a receipt to file of a referral of yours: it proves by itself, years later, what was submitted, when, by whom and to
    /// which queues.
    Prove {
        #[command(flatten)]
        client: ClientArgs,
        /// Referral.
        #[arg(value_name = "REFERRAL_ID")]
        referral: String,
        /// The certificate that its content was destroyed, instead of the receipt.
        #[arg(long)]
        erasure: bool,
        /// File to write. Default: print it.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Verify a filed receipt, or a certificate of destruction, without a broker. Exit code 65 says what does not hold.
    Check {
        /// Receipt or certificate, as `audit prove` wrote it.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        key: KeyArg,
        /// The submission that it must be about, in protobuf JSON, with --request-id; or the request's bytes as they were sent.
        #[arg(long, value_name = "FILE")]
        submission: Option<PathBuf>,
        /// Request id under which the submission was sent.
        #[arg(long, value_name = "UUID", requires = "submission")]
        request_id: Option<String>,
        /// A ledger that must continue the receipt's checkpoint: an exported file, or the profile folder for a running daemon.
        #[arg(long, value_name = "FILE|DIR")]
        against: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// Exported ledger; with --deep, the folder of a store that no daemon has open.
    #[arg(value_name = "FILE|STORE", required_unless_present = "config")]
    file: Option<PathBuf>,
    /// The ledger's public key, or a file that holds it, as `audit checkpoint --key` printed it. --deep does without.
    #[arg(long, value_name = "KEY|FILE", env = "HOMEWARD_LEDGER_KEY", required_unless_present = "deep")]
    key: Option<String>,
    /// Walk a store. Every disagreement is named with what is affected; exit code 65 says what mends it.
    #[arg(long)]
    deep: bool,
    /// With --deep: the store that this configuration of a daemon names. One in a database is walked as of one moment, also while
    /// brokers serve from it.
    #[arg(long, value_name = "FILE", requires = "deep", conflicts_with = "file")]
    config: Option<PathBuf>,
    /// An older checkpoint, or a receipt, that it must continue; with --key.
    #[arg(long, value_name = "FILE", requires = "key")]
    since: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The public key of the ledger.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct KeyArg {
    /// The ledger's public key, or a file that holds it, as `audit checkpoint --key` printed it.
    #[arg(long, value_name = "KEY|FILE", env = "HOMEWARD_LEDGER_KEY")]
    key: String,
}

impl KeyArg {
    fn read(&self) -> Result<VerifierKey, Failure> {
        let text = match std::fs::read_to_string(&self.key) {
            Ok(text) => text,
            Err(_) => self.key.clone(),
        };
        VerifierKey::parse(&text).ok_or_else(|| {
            Failure::bad_data("--key is neither a ledger's public key nor a file that holds one")
                .advise("`homeward audit checkpoint --key` prints it")
        })
    }
}

/// The ledger's public key, or that of a file.
pub(super) fn key_of(key: String) -> Result<VerifierKey, Failure> {
    KeyArg { key }.read()
}

/// The checkpoint that somebody kept, by itself or in a receipt.
pub(super) fn kept_checkpoint(file: &Path, key: &VerifierKey) -> Result<Checkpoint, Failure> {
    offline::older(file, key)
}

pub(super) async fn run(command: AuditCommand) -> Result<(), Failure> {
    match command {
        AuditCommand::List { client, from, most } => list(&client, from, most).await,
        AuditCommand::Checkpoint { client, key } => checkpoint(&client, key).await,
        AuditCommand::Export { client, file } => export(&client, &file).await,
        AuditCommand::Verify(args) => verify(args),
        AuditCommand::Prove { client, referral, erasure, out } => {
            prove(&client, (&referral, erasure), out.as_deref()).await
        }
        AuditCommand::Check { file, key, submission, request_id, against, json } => {
            let key = key.read()?;
            let checked = offline::check(&file, &key, submission.as_deref(), request_id.as_deref())?;
            if let Some(against) = against.as_deref() {
                continues(against, &key, checked.checkpoint()).await?;
            }
            checked.print(against.is_some(), json);
            Ok(())
        }
    }
}

/// `homeward audit verify`: no daemon is asked.
pub(super) fn verify(args: VerifyArgs) -> Result<(), Failure> {
    let VerifyArgs { file, key, deep, config, since, json } = args;
    let key = key.map(key_of).transpose()?;
    if deep {
        let since = since.zip(key).map(|(since, key)| offline::older(&since, &key)).transpose()?;
        return deep::verify(file.as_deref(), config.as_deref(), since, json);
    }
    match (file, key) {
        (Some(file), Some(key)) => offline::verify(&file, &key, since.as_deref(), json),
        _ => Err(Failure::usage("--key is needed: the ledger's public key, or a file that holds it")),
    }
}

async fn list(args: &ClientArgs, from: u64, most: Option<u64>) -> Result<(), Failure> {
    let mut caller = client::connect(args).await?;
    let (mut token, mut left) = (from.to_string(), most.unwrap_or(u64::MAX));
    while left > 0 && !token.is_empty() {
        let page = parsed(&caller.ledger_entries(PAGE, &token).await?);
        for entry in page["entries"].as_array().into_iter().flatten() {
            if left == 0 {
                break;
            }
            left -= 1;
            print::line(&if args.json { entry.to_string() } else { line(entry) });
        }
        token = word(&page, "next_page_token");
    }
    Ok(())
}

/// One entry on one line.
fn line(entry: &Value) -> String {
    let list = |name: &str| {
        let words = entry[name].as_array().into_iter().flatten().filter_map(Value::as_str);
        words.collect::<Vec<_>>().join(" ")
    };
    let who = Some(word(entry, "identity")).filter(|who| !who.is_empty()).unwrap_or_else(|| "(the broker)".to_owned());
    let words =
        [word(entry, "verb"), word(entry, "action"), who, word(entry, "referral_id"), list("queues"), list("details")];
    let words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    format!("{}  {}  {}", word(entry, "index"), word(entry, "entry_time"), words.join("  "))
}

async fn checkpoint(args: &ClientArgs, key: bool) -> Result<(), Failure> {
    let text = client::connect(args).await?.checkpoint().await?;
    let name = if key { "verifier_key" } else { "checkpoint" };
    client::answer(args.json, &text, |value| vec![word(value, name).trim_end().to_owned()]);
    Ok(())
}

async fn export(args: &ClientArgs, file: &Path) -> Result<(), Failure> {
    let mut caller = client::connect(args).await?;
    let signed = parsed(&caller.checkpoint().await?);
    let (note, key) = (word(&signed, "checkpoint"), word(&signed, "verifier_key"));
    let key = VerifierKey::parse(&key).ok_or_else(|| Failure::other("the daemon gave no public key"))?;
    let size = key.open(&note).map_err(|error| Failure::bad_data(format!("the daemon's checkpoint is {error}")))?.size;
    let (mut text, mut next) = (String::new(), 0);
    while next < size {
        let page = parsed(&caller.ledger_entries(PAGE, &next.to_string()).await?);
        let entries = page["entries"].as_array().map(Vec::as_slice).unwrap_or_default();
        if entries.is_empty() {
            return Err(Failure::bad_data(format!("the daemon gave no entry {next} of the {size} that it signed")));
        }
        // What came after the checkpoint is of the next export.
        let wanted = usize::try_from(size - next).unwrap_or(usize::MAX);
        for entry in entries.iter().take(wanted) {
            text.push_str(&offline::entry_line(next, &word(entry, "encoded"))?);
            next += 1;
        }
    }
    if size == 0 {
        text.push_str(ledger::EXPORT_TITLE);
        text.push('\n');
    }
    let text = format!("{text}\n{note}");
    ledger::verify_export(&text, &key, None).map_err(|damage| Failure::bad_data(damage.to_string()))?;
    put(file, &text)?;
    let told = format!("{size} entries to {}, verified", file.display());
    client::answer(args.json, &format!("{{\"size\":{size}}}"), |_| vec![told]);
    Ok(())
}

async fn prove(args: &ClientArgs, (referral, erasure): (&str, bool), out: Option<&Path>) -> Result<(), Failure> {
    let answered = client::connect(args).await?.prove_referral(referral, erasure).await?;
    let text = word(&parsed(&answered), "receipt_file");
    match out {
        Some(out) => {
            put(out, &text)?;
            let mut told = vec![format!("{}: verify it with `homeward audit check`", out.display())];
            let name = Some(word(&parsed(&answered), "reporter_name")).filter(|name| !name.is_empty());
            told.extend(
                name.map(|name| format!("its reporter is {name}; the file has a reference in place of the name")),
            );
            client::answer(args.json, &answered, |_| told);
        }
        None => client::answer(args.json, &answered, |_| vec![text.trim_end().to_owned()]),
    }
    Ok(())
}

/// Whether a ledger, exported or running, continues a checkpoint.
async fn continues(against: &Path, key: &VerifierKey, old: &Checkpoint) -> Result<(), Failure> {
    if !against.is_dir() {
        return offline::continues(against, key, old);
    }
    let mut caller = client::connect_to(against).await?;
    let broken = |why: &str| {
        Failure::bad_data(format!(
            "the ledger of {} does not continue the checkpoint of {} entries: {why}",
            against.display(),
            old.size
        ))
        .advise("keep the receipt and tell the auditor: the ledger was forked, rewritten or cut short")
    };
    let opened = |value: &Value| key.open(&word(value, "checkpoint")).map_err(|error| broken(&error.to_string()));
    let now = opened(&parsed(&caller.checkpoint().await?))?;
    if now.size < old.size {
        return Err(broken(&format!("it has only {} entries", now.size)));
    }
    let proven = parsed(&caller.prove_consistency(old.size, now.size).await?);
    let hashes = proven["hashes"].as_array().into_iter().flatten();
    let path: Option<Vec<[u8; 32]>> = hashes.map(|hash| offline::bytes(hash.as_str()?)?.try_into().ok()).collect();
    let path = path.ok_or_else(|| broken("its proof cannot be read"))?;
    if ledger::is_consistent((old.size, &old.root), (now.size, &now.root), &path) {
        Ok(())
    } else {
        Err(broken("it cannot prove it"))
    }
}

fn put(file: &Path, text: &str) -> Result<(), Failure> {
    secret_file::replace_public(file, text.as_bytes()).map_err(|error| Failure::other(error.to_string()))
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// A field as text; 64-bit numbers are texts in protobuf JSON.
fn word(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}
