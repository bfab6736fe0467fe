//! What client commands share: a connection from a profile, reading a submission file, fresh request ids.

use std::{fs, io::Read, path::Path, sync::Arc};

use serde_json::Value;

use super::{
    cli::ClientArgs,
    failure::Failure,
    print,
    show::{list, text, words},
};
use crate::{
    platform::{Clock, ManualClock, SystemClock, SystemEntropy, entropy::uuid_v4},
    wire::{caller::Caller, profile::Profile},
};

/// Connects with the profile of the command line.
pub(super) async fn connect(args: &ClientArgs) -> Result<Caller, Failure> {
    let clock: Arc<dyn Clock> = match args.clock {
        Some(moment) => Arc::new(ManualClock::new(moment)),
        None => Arc::new(SystemClock),
    };
    connect_at(&args.profile, clock).await
}

/// Connects with a profile folder.
pub(super) async fn connect_to(profile: &Path) -> Result<Caller, Failure> {
    connect_at(profile, Arc::new(SystemClock)).await
}

/// Connects with a profile folder; the server's certificate is judged by `clock`.
pub(super) async fn connect_at(profile: &Path, clock: Arc<dyn Clock>) -> Result<Caller, Failure> {
    Ok(Caller::new(Profile::load(profile)?.connect(clock).await?))
}

/// A fresh request id.
pub(super) fn request_id() -> Result<String, Failure> {
    let id = uuid_v4(&SystemEntropy::new()).map_err(|error| Failure::unavailable(error.to_string()))?;
    Ok(id.hyphenated().to_string())
}

/// Reads a file, or stdin where it is `-`.
pub(super) fn read(file: &Path) -> Result<String, Failure> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        return read.map_err(|error| Failure::bad_data(format!("stdin: {error}"))).and_then(|_| utf8("stdin", bytes));
    }
    let name = file.display().to_string();
    let bytes = fs::read(file).map_err(|error| Failure::bad_data(format!("{name}: {error}")))?;
    utf8(&name, bytes)
}

/// The text, or where it is none.
fn utf8(name: &str, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let until = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = until.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = until.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let column = until.len() - start + 1;
        Failure::bad_data(format!("{name}: line {line}, column {column}: not UTF-8; save the file as UTF-8"))
    })
}

/// Prints an answer: as it is with `--json`, else as `shown` makes of it.
pub(super) fn answer(json: bool, text: &str, shown: impl FnOnce(&Value) -> Vec<String>) {
    if json {
        print::line(text);
        return;
    }
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    shown(&value).iter().for_each(|line| print::line(line));
}

/// `homeward whoami`.
pub(super) async fn who_am_i(args: &ClientArgs) -> Result<(), Failure> {
    let text = connect(args).await?.who_am_i().await?;
    answer(args.json, &text, who);
    Ok(())
}

/// Who a profile is.
fn who(value: &Value) -> Vec<String> {
    let mut lines = vec![
        text(value, "identity").to_owned(),
        format!("certificate until {}{}", text(value, "certificate_expire_time"), to_be_renewed(value)),
        format!("server time {}, rule set {}", text(value, "server_time"), text(value, "rule_set")),
        format!("policy {}", text(value, "policy_fingerprint")),
    ];
    for grant in list(value, "grants") {
        let named = |name: &str| words(grant, name);
        lines.push(format!("grant: {}", text(grant, "role")));
        for (label, words) in
            [("authorities", named("authorities")), ("queues", named("queues")), ("units", named("units"))]
        {
            if !words.is_empty() {
                lines.push(format!("  {label}: {words}"));
            }
        }
        lines.extend(
            Some(text(grant, "vetting_level"))
                .filter(|level| !level.is_empty())
                .map(|level| format!("  vetting: {level}")),
        );
        let unmet = list(grant, "vetting_needs").iter().filter(|need| need["met"].as_bool() != Some(true));
        lines.extend(unmet.map(|need| {
            let what = [text(need, "queue"), text(need, "unit")].join(" ");
            format!("  not without vetting: {}: {}", what.trim_end(), words(need, "any_of"))
        }));
    }
    if list(value, "grants").is_empty() {
        lines.push("no grant is in force: ask the administrator of this broker".to_owned());
    }
    lines.extend(list(value, "alarms").iter().filter_map(Value::as_str).map(|alarm| format!("alarm: {alarm}")));
    lines
}

/// Why the caller's certificate is to be renewed, if it is.
fn to_be_renewed(value: &Value) -> &'static str {
    let holds = |name: &str| value[name].as_bool().unwrap_or_default();
    match (holds("certificate_authority_tainted"), holds("certificate_renewal_due")) {
        (true, _) => ": renew it now, the authority that signed it is tainted",
        (false, true) => ": renew it now",
        (false, false) => "",
    }
}
