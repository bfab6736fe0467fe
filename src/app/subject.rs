//! `homeward subject-access`: what is held about a child, into a file that only its owner reads.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::{
    cli::ClientArgs,
    client,
    failure::Failure,
    print, referrals,
    show::{list, text},
};
use crate::platform::secret_file;

/// Referrals asked for at once.
const AT_ONCE: usize = 20;

/// What `homeward subject-access` takes.
#[derive(Debug, Args)]
pub(super) struct SubjectArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Referrals about the child, as their receipts name them.
    #[arg(value_name = "REFERRAL_ID", required_unless_present = "references")]
    referrals: Vec<String>,
    /// Your own reference of the child's case: every referral of yours that was sent under it. The broker cannot search in content.
    #[arg(long = "reference", value_name = "SENDER_REFERENCE")]
    references: Vec<String>,
    /// The request that you decide on; kept sealed.
    #[arg(long)]
    reason: String,
    /// Neither confirm nor deny that police hold something: what is withheld for police is not listed.
    #[arg(long)]
    neither_confirm_nor_deny: bool,
    /// New file for it, in JSON, which only you can read (0600). It is content: keep it as you keep the child's file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) async fn run(args: SubjectArgs) -> Result<(), Failure> {
    let mut caller = client::connect(&args.client).await?;
    let mut wanted = args.referrals;
    if !args.references.is_empty() {
        referrals::each(&mut caller, |referral| {
            let id = text(&referral["receipt"], "referral_id");
            let named = args.references.iter().any(|reference| reference == text(referral, "sender_reference"));
            if named && !wanted.iter().any(|known| known == id) {
                wanted.push(id.to_owned());
            }
        })
        .await?;
    }
    if wanted.is_empty() {
        return Err(Failure::bad_data("no referral of yours has such a reference: nothing is held under it")
            .advise("what was erased has no reference any longer: name such referrals by their receipts"));
    }
    let mut records = Vec::new();
    for some in wanted.chunks(AT_ONCE) {
        let answer = caller.export_subject(some, &args.reason, args.neither_confirm_nor_deny).await?;
        let value: Value = serde_json::from_str(&answer).unwrap_or_default();
        records.extend(list(&value, "records").iter().cloned());
    }
    let whole = json!({ "records": records }).to_string();
    secret_file::create_secret(&args.out, whole.as_bytes()).map_err(|error| Failure::other(error.to_string()))?;
    let told = json!({ "file": args.out.display().to_string(), "records": records.len() });
    if args.client.json {
        print::line(&told.to_string());
        return Ok(());
    }
    records.iter().flat_map(lines).for_each(|line| print::line(&line));
    print::line(&format!("written to {}: a draft for your decision, not an answer to the child", args.out.display()));
    Ok(())
}

/// What a record gives and withholds; no content.
fn lines(record: &Value) -> Vec<String> {
    let mut lines = vec![format!("{}  received {}", text(record, "referral_id"), text(record, "received_time"))];
    if record.get("erasure").is_some_and(|erasure| !erasure.is_null()) {
        lines.push("  erased: nothing is held but ledger and outcome".to_owned());
    }
    lines.extend(list(record, "parts").iter().map(|part| {
        let item = part["item"].as_u64().filter(|item| *item > 0).map_or_else(String::new, |item| format!("[{item}]"));
        let why: Vec<&str> = list(part, "withheld").iter().filter_map(Value::as_str).collect();
        let unit = format!("{}{item}/{}", text(part, "part"), text(part, "audience"));
        match (list(part, "fields").len(), why.is_empty()) {
            (0, _) => format!("  {unit:<14} withheld: {}", why.join(", ")),
            (given, true) => format!("  {unit:<14} given: {given} fields"),
            (given, false) => format!("  {unit:<14} given: {given} fields; others withheld: {}", why.join(", ")),
        }
    }));
    lines
}
