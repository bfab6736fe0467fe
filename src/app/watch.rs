//! `homeward watch`: what happens to a council's referrals, as it happens.

use super::{cli::WatchArgs, client, failure::Failure, show};

pub(super) async fn run(args: &WatchArgs) -> Result<(), Failure> {
    let mut caller = client::connect(&args.client).await?;
    let mut left = args.most.unwrap_or(u64::MAX);
    if left == 0 {
        return Ok(());
    }
    let watched = caller.watch(&args.resume, |text| {
        client::answer(args.client.json, &text, show::happening);
        left -= 1;
        left > 0
    });
    Ok(watched.await?)
}
