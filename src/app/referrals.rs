//! `homeward referrals`: what became of what a council sent.

use serde_json::Value;

use super::{cli::ReferralsArgs, client, failure::Failure, print, show};

/// Rows asked for at once.
const PAGE: i32 = 200;

pub(super) async fn run(args: &ReferralsArgs) -> Result<(), Failure> {
    let mut caller = client::connect(&args.client).await?;
    if let Some(id) = &args.id {
        let text = caller.referral(id).await?;
        client::answer(args.client.json, &text, |value| show::referral(&value["referral"]));
        return Ok(());
    }
    let mut token = String::new();
    loop {
        let text = caller.referrals(PAGE, &token).await?;
        let page: Value = serde_json::from_str(&text).unwrap_or_default();
        for referral in page["referrals"].as_array().into_iter().flatten() {
            let line = if args.client.json { referral.to_string() } else { show::referral_line(referral) };
            print::line(&line);
        }
        token = page["next_page_token"].as_str().unwrap_or_default().to_owned();
        if token.is_empty() {
            return Ok(());
        }
    }
}
