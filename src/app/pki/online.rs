//! `homeward pki` through a running daemon: propose, list, revoke, and renew one's own.

use std::{collections::BTreeMap, fs, path::Path};

use serde_json::Value;

use super::{PkiCommand, failed};
use crate::{
    app::{admin, client, failure::Failure, print},
    domain::certificate::RevocationReason,
    pki::{self, KeyKind},
    platform::SystemClock,
    wire::caller::Caller,
};

/// Rows asked for at once.
const PAGE: i32 = 200;

/// Runs a command that [`PkiCommand::online`] says is for a daemon.
pub(in crate::app) async fn run(command: PkiCommand) -> Result<(), Failure> {
    match command {
        PkiCommand::Sign { folder, request, days, .. } => {
            let text = client::read(&request)?;
            let mut caller = connect(folder.profile.as_deref()).await?;
            let told = caller.sign_certificate(&client::request_id()?, text.as_bytes(), days.unwrap_or(0)).await?;
            tell(folder.json, &told, |value| admin::waits(&value["proposal"]));
            Ok(())
        }
        PkiCommand::List { folder } => list(&mut connect(folder.profile.as_deref()).await?, folder.json).await,
        PkiCommand::Revoke { folder, serial, reason, preview } => {
            let mut caller = connect(folder.profile.as_deref()).await?;
            if is_identity(&serial) {
                return holder(&mut caller, &serial, reason.filter(|_| !preview), folder.json).await;
            }
            if preview {
                let told = caller.preview_revocation(&serial).await?;
                tell(folder.json, &told, impact);
                return Ok(());
            }
            let reason = reason.map_or("", |reason| reason.code());
            let told = caller.revoke_certificate(&client::request_id()?, &serial, reason).await?;
            let proposed = serde_json::from_str::<Value>(&told).is_ok_and(|value| value.get("proposal").is_some());
            let unknown = proposed && caller.preview_revocation(&serial).await.is_err();
            tell(folder.json, &told, |value| match value.get("proposal") {
                Some(proposal) => admin::waits(proposal),
                None => revoked(&value["revocation"]),
            });
            if unknown && !folder.json {
                print::line(
                    "no certificate with this serial number is known here; if it is not a slip, two administrators revoke it",
                );
            }
            Ok(())
        }
        PkiCommand::Renew { folder, profile, out, .. } => renew(&profile, &out, folder.json).await,
        // Everything else is done with the folder.
        other => super::run(other),
    }
}

/// Whether it is an identity and no serial number.
pub(super) fn is_identity(text: &str) -> bool {
    text.contains("://")
}

/// Everything that an identity has: revoked for this reason, or without one shown with what would break.
async fn holder(
    caller: &mut Caller,
    holder: &str,
    reason: Option<RevocationReason>,
    json: bool,
) -> Result<(), Failure> {
    if let Some(reason) = reason {
        let told = caller.revoke_holder(&client::request_id()?, holder, reason.code()).await?;
        tell(json, &told, |value| match value.get("proposal") {
            Some(proposal) => admin::waits(proposal),
            None => value["revocations"].as_array().into_iter().flatten().for_each(revoked),
        });
        return Ok(());
    }
    tell(json, &caller.preview_holder(holder).await?, impact);
    Ok(())
}

async fn connect(profile: Option<&Path>) -> Result<Caller, Failure> {
    let profile = profile.ok_or_else(|| Failure::usage("--profile is needed to speak to a daemon"))?;
    client::connect_at(profile, std::sync::Arc::new(SystemClock)).await
}

fn tell(json: bool, text: &str, show: impl FnOnce(&Value)) {
    if json {
        print::line(text);
    } else {
        show(&serde_json::from_str(text).unwrap_or_default());
    }
}

async fn list(caller: &mut Caller, json: bool) -> Result<(), Failure> {
    let (mut token, mut rows) = (String::new(), BTreeMap::new());
    loop {
        let text = caller.certificates(PAGE, &token).await?;
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        for one in value["certificates"].as_array().into_iter().flatten() {
            let word = |name: &str| one[name].as_str().unwrap_or_default();
            let organisation = organisation(word("holder"));
            let line = if json {
                one.to_string()
            } else {
                let state = match one["tainted"].as_bool() {
                    Some(true) => "tainted".to_owned(),
                    _ => word("state").trim_start_matches("CERTIFICATE_STATE_").to_lowercase(),
                };
                let signer = super::calendar::signer(word("issuer_serial"));
                format!("  {}  {state:<8}  {signer}  {}  {}", word("expire_time"), word("serial"), word("holder"))
            };
            rows.insert((organisation, word("expire_time").to_owned(), word("serial").to_owned()), line);
        }
        token = value["next_page_token"].as_str().unwrap_or_default().to_owned();
        if token.is_empty() {
            break;
        }
    }
    let mut last = String::new();
    for ((organisation, ..), line) in rows {
        if !json && organisation != last {
            print::line(&organisation);
            last = organisation;
        }
        print::line(&line);
    }
    Ok(())
}

/// Scheme and id of an identity; `this broker` for its own.
fn organisation(holder: &str) -> String {
    let path = holder.strip_prefix("homeward://").and_then(|rest| rest.split_once('/'));
    let role = path.and_then(|(_, path)| path.rsplit_once('/')).and_then(|(rest, _)| rest.rsplit_once('/'));
    role.map_or_else(|| "this broker".to_owned(), |(organisation, _)| organisation.to_owned())
}

fn impact(value: &Value) {
    let word = |name: &str| value[name].as_str().unwrap_or_default();
    let number = |name: &str| match &value[name] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => "0".to_owned(),
    };
    print::line(word("holder"));
    if value.get("dependent_certificates").is_some() {
        let number = number("dependent_certificates");
        print::line(&format!("  good certificates that it signed, and that would end with it {number}"));
    }
    let ending = value["serials"].as_array().map_or(0, Vec::len);
    if ending > 1 {
        print::line(&format!("  good certificates of theirs, which would all end {ending}"));
    }
    print::line(&format!("  live sessions here {}, leases held {}", number("live_sessions"), number("leases")));
    let queues: Vec<_> =
        value["unattended_queues"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !queues.is_empty() {
        print::line(&format!("  nobody else would serve {}", queues.join(" ")));
    }
    print::line(&format!("  other good certificates of the same holder {}", number("other_certificates")));
    if value["needs_approval"].as_bool().unwrap_or_default() {
        print::line("  an administrator: a second one must approve");
    }
}

fn revoked(value: &Value) {
    let word = |name: &str| value[name].as_str().unwrap_or_default();
    print::line(&format!("revoked {} of {}: {}", word("serial"), word("holder"), word("reason")));
    print::line("its sessions end within a second and its leases return unread");
}

/// Asks the daemon for the next certificate of a profile, for a new key.
async fn renew(profile: &Path, out: &Path, json: bool) -> Result<(), Failure> {
    let identity = pki::identity_of(profile).map_err(failed)?;
    let file = profile.join("endpoint");
    let endpoint =
        fs::read_to_string(&file).map_err(|error| Failure::bad_data(format!("{}: {error}", file.display())))?;
    let mut caller = connect(Some(profile)).await?;
    pki::request(out, &identity, KeyKind::P256, endpoint.trim()).map_err(failed)?;
    let request = client::read(&out.join("request.pem"))?;
    let told = caller.renew_certificate(&client::request_id()?, request.as_bytes()).await?;
    super::deliver(out, &serde_json::from_str(&told).unwrap_or_default())?;
    tell(json, &told, |value| {
        let until = value["certificate"]["expire_time"].as_str().unwrap_or_default();
        print::line(&format!("{identity} until {until}"));
        print::line(&format!("profile {0}: use it with --profile {0}", out.display()));
    });
    Ok(())
}
