//! `homeward preview`: how a submission would be judged and what each reader would see.

use super::{
    cli::{ClientArgs, PreviewArgs},
    client,
    failure::Failure,
    policy, rulebook, versions,
};

pub(super) async fn run(args: &PreviewArgs) -> Result<(), Failure> {
    let profile = args.profile.clone().ok_or_else(|| Failure::usage("give --profile, or --offline"))?;
    let mut caller = client::connect(&ClientArgs { profile, json: args.json, clock: None }).await?;
    for file in &args.files {
        let text = client::read(file)?;
        let answered = caller.preview(&text).await;
        let answered = answered.map_err(|error| Failure::from(error).about(&file.display().to_string()))?;
        client::answer(args.json, &answered, |value| versions::preview(value, args.width));
    }
    Ok(())
}

pub(super) fn offline(args: &PreviewArgs) -> Result<(), Failure> {
    let (rulebook, faults) = rulebook::proved(args.policy.as_deref())?;
    let explainer = policy::Explainer { rulebook, faults, folder: args.policy.clone(), at: args.at };
    explainer.each(&args.files, |text| client::answer(args.json, text, |value| versions::preview(value, args.width)))
}
