//! `homeward answer`, and how questions to a sender are shown.

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::{
    cli::ClientArgs,
    client,
    failure::Failure,
    show::{inert, list, text},
};
use crate::wire::caller::Answering;

/// What `homeward answer` takes.
#[derive(Debug, Args)]
pub(super) struct AnswerArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Referral, as `referrals` prints it.
    #[arg(value_name = "REFERRAL_ID")]
    referral: String,
    /// Question, as `referrals REFERRAL_ID` prints it.
    #[arg(value_name = "QUESTION_ID")]
    question: String,
    /// File with the answer; `-` is stdin. It stands in no list of processes.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Who answers: identifier, e.g. a staff number.
    #[arg(long, value_name = "ID")]
    actor: String,
    /// Scheme of that identifier.
    #[arg(long, value_name = "SCHEME", default_value = "staff-number")]
    actor_scheme: String,
    /// What that person is.
    #[arg(long, value_name = "ROLE", default_value = "practitioner")]
    actor_role: String,
}

pub(super) async fn answer(args: AnswerArgs) -> Result<(), Failure> {
    let mut caller = client::connect(&args.client).await?;
    let answering = Answering {
        referral: args.referral,
        question: args.question,
        answer: client::read(&args.file)?,
        actor: [args.actor_scheme, args.actor, args.actor_role],
    };
    let answered = caller.answer_question(&client::request_id()?, answering).await?;
    client::answer(args.client.json, &answered, |value| vec![format!("answered at {}", text(value, "answered_time"))]);
    Ok(())
}

/// What a destination has asked.
pub(super) fn of(destination: &Value) -> Vec<String> {
    list(destination, "clarifications").iter().map(line).collect()
}

fn line(value: &Value) -> String {
    let about = value["item"].as_u64().filter(|item| *item > 0).map(|item| format!(" about item {item}"));
    let answered = text(value, "answered_time");
    let state = if answered.is_empty() { "not answered".to_owned() } else { format!("answered at {answered}") };
    format!(
        "    question {}{}, {state}: {}",
        text(value, "clarification_id"),
        about.unwrap_or_default(),
        inert(text(value, "question"))
    )
}

/// A question, asked.
pub(super) fn asked(value: &Value) -> Vec<String> {
    vec![format!("asked; question {}", text(value, "clarification_id"))]
}
