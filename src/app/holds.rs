//! `homeward admin hold` and its neighbours: what must not be erased.

use clap::Subcommand;
use serde_json::Value;

use super::{admin, cli::ClientArgs, client, failure::Failure, print, show::text};

#[derive(Debug, Subcommand)]
pub(super) enum HoldCommand {
    /// Place a legal hold on a referral and those linked from it, in force at once: nobody erases them, nor does the caretaker.
    Place {
        #[command(flatten)]
        client: ClientArgs,
        /// Referral, as its receipt names it.
        #[arg(value_name = "REFERRAL_ID")]
        referral: String,
        /// Why: inquiry, court_order, investigation, complaint or data_subject_request.
        #[arg(long, value_name = "WORD")]
        reason: String,
        /// Reference of whoever asks for it, such as a case number; no name.
        #[arg(long, value_name = "REFERENCE")]
        reference: String,
    },
    /// Propose to end a legal hold; a second custodian approves.
    Release {
        #[command(flatten)]
        client: ClientArgs,
        /// Referral on which it was placed.
        #[arg(value_name = "REFERRAL_ID")]
        referral: String,
        /// The hold, as `hold list` prints it.
        #[arg(value_name = "HOLD_ID")]
        hold: String,
    },
    /// List the legal holds in force.
    List {
        #[command(flatten)]
        client: ClientArgs,
    },
}

pub(super) async fn run(command: HoldCommand) -> Result<(), Failure> {
    match command {
        HoldCommand::Place { client, referral, reason, reference } => {
            let mut caller = client::connect(&client).await?;
            let placed = caller.place_hold(&client::request_id()?, &referral, (&reason, &reference)).await?;
            client::answer(client.json, &placed, |value| vec![line(&value["hold"])]);
            Ok(())
        }
        HoldCommand::Release { client, referral, hold } => {
            let mut caller = client::connect(&client).await?;
            let proposed = caller.release_hold(&client::request_id()?, &referral, &hold).await?;
            if client.json {
                print::line(&proposed);
            } else {
                let value: Value = serde_json::from_str(&proposed).unwrap_or_default();
                admin::waits(&value["proposal"]);
            }
            Ok(())
        }
        HoldCommand::List { client } => list(&client).await,
    }
}

async fn list(args: &ClientArgs) -> Result<(), Failure> {
    let mut caller = client::connect(args).await?;
    let mut token = String::new();
    loop {
        let page = caller.holds(&token).await?;
        let value: Value = serde_json::from_str(&page).unwrap_or_default();
        for hold in value["holds"].as_array().into_iter().flatten() {
            print::line(&if args.json { hold.to_string() } else { line(hold) });
        }
        token = text(&value, "next_page_token").to_owned();
        if token.is_empty() {
            return Ok(());
        }
    }
}

fn line(hold: &Value) -> String {
    format!(
        "hold {}  on {}  {} {}  placed by {} at {}",
        text(hold, "hold_id"),
        text(hold, "referral_id"),
        text(hold, "reason"),
        text(hold, "reference"),
        text(hold, "placed_by"),
        text(hold, "placed_time")
    )
}
