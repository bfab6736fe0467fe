//! `homeward admin keys rotate-outer`, which says why it waits, and the keys outside the store as `admin keys list` shows them.

use std::time::Duration;

use serde_json::{Value, json};

use super::{cli::ClientArgs, client, failure::Failure, print};

/// How often it is asked whether a rotation is done.
const EVERY: Duration = Duration::from_millis(250);
/// After so many times it says why it waits, and again after as many.
const SILENT: u32 = 20;

/// Begins a rotation and waits until it is done.
pub(super) async fn rotate(client: &ClientArgs) -> Result<(), Failure> {
    let mut caller = client::connect(client).await?;
    caller.rotate_outer_key(&client::request_id()?).await?;
    for asked in 1_u32.. {
        let text = caller.keys().await?;
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        if value["outer_rotation"]["finish_time"].is_string() {
            client::answer(client.json, &text, done);
            return Ok(());
        }
        if asked % SILENT == 0 {
            print::problem(&waiting(client.json, &value, &caller.who_am_i().await?));
        }
        tokio::time::sleep(EVERY).await;
    }
    Ok(())
}

/// What is still to do, and what keeps it.
fn waiting(json: bool, keys: &Value, who: &str) -> String {
    let who: Value = serde_json::from_str(who).unwrap_or_default();
    let away = who["alarms"].as_array().into_iter().flatten().any(|alarm| alarm == "OUTER_KEY_UNAVAILABLE");
    let left = count(&keys["outer_rotation"]["left"]);
    if json {
        return json!({ "waiting": { "left": left, "key_unavailable": away } }).to_string();
    }
    let why = if away {
        ": a key outside the store does not answer (OUTER_KEY_UNAVAILABLE, see the daemon's log)"
    } else {
        ""
    };
    format!("waiting, {left} keys left{why}; Ctrl-C ends the waiting, the rotation goes on by itself")
}

fn done(value: &Value) -> Vec<String> {
    let mut lines = rows(value);
    let gone = of_state(value, "STATE_PREVIOUS").filter(|key| count(&key["wraps"]) == "0");
    let gone: Vec<_> = gone.map(|key| word(key, "key_id")).collect();
    lines.push(match gone[..] {
        [] => {
            "next: nothing; to replace it, configure another key, the present one under [[keys.previous]], and restart"
                .to_owned()
        }
        _ => format!("next: take {} out of [[keys.previous]]: nothing is under it any longer", gone.join(" and ")),
    });
    lines
}

/// The keys outside the store in an answer, one a line, and the last rotation.
pub(super) fn rows(value: &Value) -> Vec<String> {
    let key = |one: &Value| {
        let note = match word(one, "state") {
            "STATE_CURRENT" => format!("wraps now, replace it by {}", word(one, "due_time")),
            "STATE_PREVIOUS" => "unwraps only".to_owned(),
            _ => "not configured".to_owned(),
        };
        let (id, since) = (word(one, "key_id"), word(one, "create_time"));
        format!("{id}  since {since}  {} keys  used {} times  {note}", count(&one["wraps"]), count(&one["uses"]))
    };
    let mut lines: Vec<_> = value["outer_keys"].as_array().into_iter().flatten().map(key).collect();
    lines.extend(value.get("outer_rotation").map(told));
    lines
}

fn told(rotation: &Value) -> String {
    let (to, anew, left) = (word(rotation, "key_id"), count(&rotation["rewrapped"]), count(&rotation["left"]));
    match rotation["finish_time"].as_str() {
        Some(at) => {
            let proven = count(&rotation["proven"]);
            format!(
                "rotation to {to}: {anew} keys wrapped anew, {left} left, done at {at}, all {proven} opened under it"
            )
        }
        None => format!("rotation to {to}: {anew} keys wrapped anew, {left} left, going on"),
    }
}

fn of_state<'a>(value: &'a Value, state: &'a str) -> impl Iterator<Item = &'a Value> {
    value["outer_keys"].as_array().into_iter().flatten().filter(move |key| key["state"] == state)
}

fn word<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_default()
}

fn count(of: &Value) -> &str {
    of.as_str().unwrap_or("0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_is_told_how_much_is_left_and_whether_a_key_does_not_answer() {
        let keys = json!({"outer_rotation": {"left": "7"}});
        let (well, away) = (r#"{"alarms": ["DEAD_LETTERS MPU.SE"]}"#, r#"{"alarms": ["OUTER_KEY_UNAVAILABLE"]}"#);
        let said = waiting(false, &keys, well);
        assert!(said.starts_with("waiting, 7 keys left;") && said.contains("goes on by itself"), "{said}");
        let said = waiting(false, &keys, away);
        assert!(said.contains("7 keys left: a key outside the store does not answer (OUTER_KEY_UNAVAILABLE"), "{said}");
        let told = |who| serde_json::from_str::<Value>(&waiting(true, &keys, who)).unwrap();
        assert_eq!(told(away), json!({"waiting": {"left": "7", "key_unavailable": true}}));
        assert_eq!(told(well), json!({"waiting": {"left": "7", "key_unavailable": false}}));
    }

    #[test]
    fn only_a_previous_key_that_nothing_is_under_is_said_to_be_gone() {
        let keys = |wraps: &str| {
            let current = json!({"key_id": "file:b", "state": "STATE_CURRENT", "wraps": "3"});
            json!({"outer_keys": [{"key_id": "file:a", "state": "STATE_PREVIOUS", "wraps": wraps}, current]})
        };
        assert!(done(&keys("0")).last().unwrap().contains("take file:a out"));
        assert!(done(&keys("1")).last().unwrap().starts_with("next: nothing"));
    }
}
