//! What is due of a delivery, by its header: the next that runs, and all that do.

use serde_json::Value;

use super::show::text;

/// Every deadline that runs, the next one first: what is to be done, and by when. What is offered says its own.
fn due(delivery: &Value) -> Vec<(&'static str, &str)> {
    let moment = |name: &str| text(delivery, name);
    let (acknowledge, decide) = (moment("ack_due_time"), moment("decide_due_time"));
    let offer = &delivery["offered"];
    let is_offered = offer.is_object() && text(offer, "accepted_time").is_empty();
    let due = match () {
        () if is_offered || !moment("settled_time").is_empty() => Vec::new(),
        () if delivery["notice"].is_object() => vec![("acknowledge", decide)],
        () if moment("opened_time").is_empty() => vec![("acknowledge", acknowledge), ("decide", decide)],
        () => vec![("decide", decide)],
    };
    due.into_iter().filter(|(_, by)| !by.is_empty()).collect()
}

/// The next deadline, for the end of a line.
pub(super) fn next(delivery: &Value) -> String {
    due(delivery).first().map_or_else(String::new, |(what, by)| format!("  {what} by {by}"))
}

/// Every deadline, on a line of its own.
pub(super) fn all(delivery: &Value) -> Option<String> {
    let due: Vec<String> = due(delivery).iter().map(|(what, by)| format!("{what} by {by}")).collect();
    (!due.is_empty()).then(|| format!("  {}", due.join(", ")))
}

/// What waits for the answer of another unit, or of this one.
pub(super) fn offers(delivery: &Value) -> String {
    let told = |name: &str, words: &str| {
        let offer = &delivery[name];
        let open = offer.is_object() && text(offer, "accepted_time").is_empty();
        let (queue, due) = (text(offer, "queue"), text(offer, "answer_due_time"));
        if open { format!("  {words} {queue}, answer by {due}") } else { String::new() }
    };
    told("transfer", "OFFERED to") + &told("offered", "OFFERED by")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_says_what_is_due_next_and_a_notice_that_it_is_to_be_acknowledged() {
        let unopened = json!({ "ack_due_time": "T1", "decide_due_time": "T2" });
        assert_eq!(
            (next(&unopened).as_str(), all(&unopened).as_deref()),
            ("  acknowledge by T1", Some("  acknowledge by T1, decide by T2"))
        );
        let opened = json!({ "ack_due_time": "T1", "decide_due_time": "T2", "opened_time": "T0" });
        assert_eq!((next(&opened).as_str(), all(&opened).as_deref()), ("  decide by T2", Some("  decide by T2")));
        let notice = json!({ "decide_due_time": "T2", "notice": { "kind": "RETRACTION_KIND_RECALLED" } });
        assert_eq!(
            (next(&notice).as_str(), all(&notice).as_deref()),
            ("  acknowledge by T2", Some("  acknowledge by T2"))
        );
        let settled = json!({ "ack_due_time": "T1", "decide_due_time": "T2", "settled_time": "T1" });
        let offered = json!({ "decide_due_time": "T2", "offered": { "queue": "MPU.SE" } });
        for none in [json!({}), settled, offered] {
            assert_eq!((next(&none).as_str(), all(&none)), ("", None), "{none}");
        }
    }
}
