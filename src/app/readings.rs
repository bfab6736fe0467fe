//! Who opened what of a referral, as its sender is shown it.

use serde_json::Value;

use super::show::{text, unit};

/// Who opened what.
pub(super) fn line(value: &Value) -> String {
    let (role, organisation) = (text(value, "role"), text(value, "organisation"));
    let whose = if organisation.is_empty() { String::new() } else { format!(" of {organisation}") };
    let times = value["times"].as_u64().filter(|times| *times > 1);
    let again = times.map(|times| format!(", {times} times, last at {}", text(value, "last_time")));
    let (what, first) = (unit(&value["unit"]), text(value, "first_time"));
    format!("    {what} opened by {role}{whose} at {first}{}", again.unwrap_or_default())
}

/// That no more readings are listed than are kept.
pub(super) fn more(destination: &Value) -> Option<String> {
    let more = destination["more_readings"].as_bool().unwrap_or_default();
    more.then(|| "    as many as are kept: whoever opened something since is in the ledger alone".to_owned())
}
