//! `homeward referrals`: what became of what a council sent.

use clap::Args;
use serde_json::Value;

use super::{cli::ClientArgs, client, failure::Failure, print, show};
use crate::wire::caller::Caller;

/// Rows asked for at once.
const PAGE: i32 = 200;

#[derive(Debug, Args)]
pub(super) struct ReferralsArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Show this one.
    #[arg(value_name = "REFERRAL_ID")]
    id: Option<String>,
}

pub(super) async fn run(args: &ReferralsArgs) -> Result<(), Failure> {
    let mut caller = client::connect(&args.client).await?;
    if let Some(id) = &args.id {
        let text = caller.referral(id).await?;
        client::answer(args.client.json, &text, |value| show::referral(&value["referral"]));
        return Ok(());
    }
    each(&mut caller, |referral| {
        let line = if args.client.json { referral.to_string() } else { show::referral_line(referral) };
        print::line(&line);
    })
    .await
}

/// Every referral of the caller's, newest first.
pub(super) async fn each(caller: &mut Caller, mut shown: impl FnMut(&Value)) -> Result<(), Failure> {
    let mut token = String::new();
    loop {
        let text = caller.referrals(PAGE, &token).await?;
        let page: Value = serde_json::from_str(&text).unwrap_or_default();
        page["referrals"].as_array().into_iter().flatten().for_each(&mut shown);
        token = page["next_page_token"].as_str().unwrap_or_default().to_owned();
        if token.is_empty() {
            return Ok(());
        }
    }
}
