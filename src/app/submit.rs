//! `homeward submit`: a council sends submissions and keeps the receipts.

use super::{cli::SubmitArgs, client, failure::Failure, show};

pub(super) async fn run(args: &SubmitArgs) -> Result<(), Failure> {
    if args.request_id.is_some() && args.files.len() > 1 {
        return Err(Failure::usage("--request-id goes with one FILE: each submission has its own"));
    }
    let mut caller = client::connect(&args.client).await?;
    for file in &args.files {
        let text = client::read(file)?;
        let request_id = match &args.request_id {
            Some(id) => id.clone(),
            None => client::request_id()?,
        };
        let answered = caller.submit(&request_id, &text).await.map_err(|error| {
            let failure = Failure::from(error).about(&file.display().to_string());
            if !failure.is_unavailable() {
                return failure;
            }
            failure.advise(format!("it may have been accepted; repeat it safely with --request-id {request_id}"))
        })?;
        client::answer(args.client.json, &answered, |value| show::receipt(&value["receipt"]));
    }
    Ok(())
}
