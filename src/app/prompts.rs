//! `homeward queue mark-prompt`, and how prompts that are followed are shown.

use clap::Args;
use serde_json::Value;

use super::{
    cli::ClientArgs,
    client,
    failure::Failure,
    show::{list, text, words},
};
use crate::wire::caller::Marking;

/// What `homeward queue mark-prompt` takes.
#[derive(Debug, Args)]
pub(super) struct MarkArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Your queue, e.g. MPU.SE.
    #[arg(value_name = "QUEUE")]
    queue: String,
    /// Referral, as `queue prompts` printed it.
    #[arg(value_name = "REFERRAL_ID")]
    referral: String,
    /// Kind, as `queue prompts` printed it.
    #[arg(value_name = "KIND")]
    kind: String,
    /// Version, as `queue prompts` printed it: if somebody has marked it since, nothing changes.
    #[arg(long, value_name = "N")]
    version: u32,
    /// Queue of the unit that will do it: one of those that have the prompt.
    #[arg(long, value_name = "QUEUE", conflicts_with = "outcome")]
    owner: Option<String>,
    /// What they are there, e.g. mash_officer.
    #[arg(long, requires = "owner")]
    role: Option<String>,
    /// How it ended.
    #[arg(long, value_name = "CODE", required_unless_present = "owner")]
    outcome: Option<String>,
    /// Why it was not done.
    #[arg(long, value_name = "CODE", requires = "outcome")]
    reason: Option<String>,
}

pub(super) async fn mark(args: MarkArgs) -> Result<(), Failure> {
    let code = |code: Option<String>| code.unwrap_or_default().to_ascii_uppercase();
    let marking = Marking {
        queue: args.queue,
        referral: args.referral,
        kind: args.kind.to_ascii_uppercase(),
        version: args.version,
        owner: args.owner.unwrap_or_default(),
        role: args.role.unwrap_or_default(),
        outcome: code(args.outcome),
        reason: code(args.reason),
    };
    let (mut caller, id) = (client::connect(&args.client).await?, client::request_id()?);
    client::answer(args.client.json, &caller.mark_prompt(&id, marking).await?, marked);
    Ok(())
}

/// A prompt in the list of a queue, with all that marking it takes.
pub(super) fn line(value: &Value) -> String {
    format!(
        "{}  {}  version {}  delivery {}  had by {}",
        text(value, "referral_id"),
        said(value),
        value["version"],
        text(value, "delivery_id"),
        words(value, "queues")
    )
}

/// A prompt that was marked.
fn marked(value: &Value) -> Vec<String> {
    vec![line(&value["prompt"])]
}

/// The prompts that `value` has in this field, indented.
pub(super) fn of(value: &Value, field: &str) -> Vec<String> {
    list(value, field).iter().map(|prompt| format!("  prompt {}", said(prompt))).collect()
}

/// That of a message of a watch.
pub(super) fn happened(value: &Value) -> Option<String> {
    let prompt = value.get("prompt").filter(|prompt| prompt.is_object())?;
    Some(format!("  prompt {}", said(prompt)))
}

/// What it is, how it stands, who will do it.
fn said(value: &Value) -> String {
    let state = text(value, "state").trim_start_matches("PROMPT_STATE_");
    let state = if state == "OVERDUE" { state.to_owned() } else { state.to_ascii_lowercase() };
    let (owner, end) = (&value["owner"], &value["end"]);
    let mut said = format!("{} by {}  {state}", text(value, "kind"), text(value, "due_time"));
    if owner.is_object() && !end.is_object() {
        let role = text(owner, "role");
        let role = if role.is_empty() { String::new() } else { format!(" ({role})") };
        said.push_str(&format!("  {}{role} will do it", text(owner, "queue")));
    }
    if end.is_object() {
        let (code, wording) = (text(end, "outcome"), text(end, "wording"));
        let how = [code, wording].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(", ");
        said.push_str(&format!(" {}: {how}", text(end, "end_time")));
    }
    said
}
