//! `homeward correct` and `homeward recall`, and how notices are shown.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::{
    cli::ClientArgs,
    client,
    failure::Failure,
    show::{self, inert, text},
};
use crate::wire::caller::Recall;

/// What `homeward correct` takes.
#[derive(Debug, Args)]
pub(super) struct CorrectArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Referral that was wrong, as `referrals` prints it.
    #[arg(value_name = "REFERRAL_ID")]
    referral: String,
    /// The whole submission as it should have been, in protobuf JSON; `-` is stdin.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Why, for those who have read the first.
    #[arg(long)]
    reason: String,
    /// Request id (UUID) to repeat a correction safely. Default: a fresh one.
    #[arg(long, value_name = "UUID")]
    request_id: Option<String>,
}

/// What `homeward recall` takes.
#[derive(Debug, Args)]
pub(super) struct RecallArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Referral, as `referrals` prints it.
    #[arg(value_name = "REFERRAL_ID")]
    referral: String,
    /// Why, for those who have read it.
    #[arg(long)]
    reason: String,
    /// Who recalls: identifier, e.g. a staff number.
    #[arg(long, value_name = "ID")]
    actor: String,
    /// Scheme of that identifier.
    #[arg(long, value_name = "SCHEME", default_value = "staff-number")]
    actor_scheme: String,
    /// What that person is.
    #[arg(long, value_name = "ROLE", default_value = "practitioner")]
    actor_role: String,
    /// Request id (UUID) to repeat a recall safely. Default: a fresh one.
    #[arg(long, value_name = "UUID")]
    request_id: Option<String>,
}

pub(super) async fn correct(args: CorrectArgs) -> Result<(), Failure> {
    let mut caller = client::connect(&args.client).await?;
    let id = args.request_id.map_or_else(client::request_id, Ok)?;
    let answered = caller.correct(&id, &args.referral, &client::read(&args.file)?, &args.reason).await?;
    client::answer(args.client.json, &answered, |value| show::receipt(&value["receipt"]));
    Ok(())
}

pub(super) async fn recall(args: RecallArgs) -> Result<(), Failure> {
    let mut caller = client::connect(&args.client).await?;
    let id = args.request_id.map_or_else(client::request_id, Ok)?;
    let actor = [args.actor_scheme, args.actor, args.actor_role];
    let recall = Recall { referral: args.referral, reason: args.reason, actor };
    let answered = caller.recall(&id, recall).await?;
    client::answer(args.client.json, &answered, |value| vec![format!("recalled at {}", text(value, "recall_time"))]);
    Ok(())
}

/// What a notice tells, in a header or at a destination.
pub(super) fn notice(value: &Value) -> String {
    let notice = &value["notice"];
    match text(notice, "kind") {
        "RETRACTION_KIND_CORRECTED" => format!("  NOTICE corrected by {}", text(notice, "successor_referral_id")),
        "RETRACTION_KIND_RECALLED" => "  NOTICE recalled".to_owned(),
        _ => String::new(),
    }
}

/// That a referral of one's own was corrected or recalled.
pub(super) fn retraction(referral: &Value) -> Option<String> {
    let found = &referral["retraction"];
    let when = text(found, "retract_time");
    match text(found, "kind") {
        "RETRACTION_KIND_CORRECTED" => Some(format!("corrected at {when} by {}", text(found, "successor_referral_id"))),
        "RETRACTION_KIND_RECALLED" => Some(format!("recalled at {when}")),
        _ => None,
    }
}

/// A notice acknowledged.
pub(super) fn acknowledged(value: &Value) -> Vec<String> {
    match text(value, "reason") {
        "" => vec!["acknowledged; why was erased with the content".to_owned()],
        why => vec![format!("acknowledged: {}", inert(why))],
    }
}
