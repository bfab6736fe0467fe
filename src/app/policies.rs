//! `homeward policy get` and `activate`: the policy of a running daemon, for policy administrators.

use std::{fs, io::ErrorKind, path::Path};

use serde_json::Value;

use super::{
    admin,
    cli::ClientArgs,
    client,
    failure::Failure,
    print,
    rulebook::{self, refused},
};
use crate::{
    broker::{Rulebook, fingerprint},
    reference::FileSet,
    wire::caller::Caller,
};

/// Shows what is in force, or a kept policy; or one file of it; or writes all of its files into a new folder.
pub(super) async fn get(
    args: &ClientArgs,
    version: &str,
    file: Option<&str>,
    out: Option<&Path>,
) -> Result<(), Failure> {
    let mut caller = client::connect(args).await?;
    if let Some(out) = out {
        let (files, version) = kept(&mut caller, version).await?;
        write(out, &files)?;
        let next = format!("next: homeward policy check --policy {0}, and compare {0} with yours", out.display());
        [format!("policy {version} written to {}", out.display()), next].iter().for_each(|line| print::line(line));
        return Ok(());
    }
    let names: Vec<String> = file.map(str::to_owned).into_iter().collect();
    let text = caller.policy(version, &names).await?;
    client::answer(args.json, &text, |value| match file {
        Some(name) => file_of(value, name).trim_end_matches('\n').lines().map(str::to_owned).collect(),
        None => shown(value),
    });
    Ok(())
}

/// Proposes the files of a folder, or a kept policy.
pub(super) async fn activate(args: &ClientArgs, folder: Option<&Path>, kept: Option<&str>) -> Result<(), Failure> {
    let (files, version) = match kept {
        Some(version) => (FileSet::gather(Vec::new()).0, version.to_owned()),
        None => {
            let files = rulebook::sendable(folder).map_err(refused)?;
            let version = hex::encode(fingerprint(&files));
            (files, version)
        }
    };
    let mut caller = client::connect(args).await?;
    let text = caller.activate_policy(&client::request_id()?, &files, &version).await?;
    if args.json {
        print::line(&text);
        return Ok(());
    }
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    admin::waits(&value["proposal"]);
    print::line("the second administrator reads it first: homeward policy get FINGERPRINT --out DIR");
    Ok(())
}

/// A kept policy, read as the daemon reads it.
pub(super) async fn rulebook_of(profile: &Path, version: &str) -> Result<Rulebook, Failure> {
    let (files, _) = kept(&mut client::connect_to(profile).await?, version).await?;
    Rulebook::read(files, Vec::new()).map_err(refused)
}

/// The files of a kept policy, and its fingerprint; those of that fingerprint, or none.
async fn kept(caller: &mut Caller, version: &str) -> Result<(FileSet, String), Failure> {
    let value: Value = serde_json::from_str(&caller.policy(version, &[]).await?).unwrap_or_default();
    let version = value["policy"]["fingerprint"].as_str().unwrap_or_default().to_owned();
    let names = listed(&value).map(|file| word(file, "name").to_owned()).collect::<Vec<_>>();
    let value: Value = serde_json::from_str(&caller.policy(&version, &names).await?).unwrap_or_default();
    let files = listed(&value).map(|file| (word(file, "name").to_owned(), word(file, "text").to_owned()));
    let (files, wrong) = FileSet::gather(files);
    if !wrong.is_empty() || hex::encode(fingerprint(&files)) != version {
        return Err(Failure::other("what the daemon sent is not the policy of that fingerprint"));
    }
    Ok((files, version))
}

/// Every file into a folder that is not there yet.
fn write(out: &Path, files: &FileSet) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::other(format!("{}: {error}", out.display()));
    fs::create_dir(out).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            failed(error).advise("give a folder that is not there yet: nothing is written over")
        }
        _ => failed(error),
    })?;
    fs::create_dir(out.join("rules")).map_err(failed)?;
    files.iter().try_for_each(|(name, text)| fs::write(out.join(name), text)).map_err(failed)
}

fn listed(value: &Value) -> impl Iterator<Item = &Value> {
    value["policy"]["files"].as_array().into_iter().flatten()
}

fn word<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn file_of<'v>(value: &'v Value, name: &str) -> &'v str {
    listed(value).find(|file| word(file, "name") == name).map_or("", |file| word(file, "text"))
}

fn shown(value: &Value) -> Vec<String> {
    let policy = &value["policy"];
    let state = if policy["in_force"].as_bool() == Some(true) { "  in force" } else { "" };
    let mut lines = vec![format!("policy {}{state}", word(policy, "fingerprint"))];
    lines.extend(listed(value).map(|file| format!("  {:<24}  {}", word(file, "name"), word(file, "version"))));
    let activations = value["activations"].as_array().into_iter().flatten();
    lines.extend(activations.flat_map(activation));
    if value["activations"].as_array().is_none_or(Vec::is_empty) {
        lines.push("nothing was activated yet: the daemon goes by its folder, or by what it carries".to_owned());
    }
    lines
}

/// An activation, for people.
pub(super) fn activation(value: &Value) -> Vec<String> {
    vec![
        format!(
            "activated {}  {}  {}",
            word(value, "number"),
            word(value, "activate_time"),
            word(value, "fingerprint")
        ),
        format!("  proposed by {}, approved by {}", word(value, "proposer"), word(value, "approver")),
    ]
}
