//! Answers in words, for people: lines made of the JSON that `--json` would print.

use serde_json::Value;

use super::{due, prompts, questions, readings, retract};
use crate::wire::offline::submission_as_received;

/// A receipt.
pub(super) fn receipt(value: &Value) -> Vec<String> {
    let mut lines = vec![
        format!("accepted {}  class {}", text(value, "referral_id"), text(value, "class")),
        format!("  received {}  ledger entry {}", text(value, "received_time"), text(value, "ledger_index")),
        format!("  rules {} (rule set {})", words(value, "rules"), text(value, "rule_set")),
        format!("  digest {}", text(value, "digest")),
    ];
    for leg in list(value, "legs") {
        lines.push(format!(
            "  to {:<18} {}  acknowledge by {}, decide by {}",
            text(leg, "queue"),
            text(leg, "class"),
            or_dash(text(leg, "ack_due_time")),
            or_dash(text(leg, "decide_due_time"))
        ));
    }
    lines.extend(list(value, "prompts").iter().map(|prompt| format!("  prompt {}", prompt_words(prompt))));
    let flags = words(value, "flags");
    if !flags.is_empty() {
        lines.push(format!("  flags {flags}"));
    }
    lines
}

/// One referral in a list.
pub(super) fn referral_line(value: &Value) -> String {
    let receipt = &value["receipt"];
    format!(
        "{}  {}  {:<11}  {}  {}",
        text(receipt, "referral_id"),
        text(receipt, "received_time"),
        word(text(value, "state"), "REFERRAL_STATE_"),
        text(receipt, "class"),
        text(value, "sender_reference")
    )
}

/// One referral with its destinations.
pub(super) fn referral(value: &Value) -> Vec<String> {
    let mut lines = receipt(&value["receipt"]);
    lines.push(format!("state: {}", word(text(value, "state"), "REFERRAL_STATE_")));
    lines.extend(retract::retraction(value));
    lines.extend(prompts::of(value, "prompts"));
    for found in list(value, "destinations") {
        lines.push(destination(found));
        lines.extend(list(found, "readings").iter().map(readings::line));
        lines.extend(readings::more(found));
        lines.extend(questions::of(found));
    }
    lines
}

/// One message of a watch.
pub(super) fn happening(value: &Value) -> Vec<String> {
    let head =
        format!("{}  {}  {}", text(value, "event_time"), text(value, "referral_id"), text(value, "sender_reference"));
    let head = format!("{head}  {}", word(text(value, "event"), "REFERRAL_EVENT_"));
    let read = value.get("reading").filter(|read| !read.is_null()).map(readings::line);
    match value.get("destination") {
        Some(Value::Null) | None => std::iter::once(head).chain(prompts::happened(value)).collect(),
        Some(found) => [vec![head, destination(found)], read.into_iter().collect(), questions::of(found)].concat(),
    }
}

fn destination(value: &Value) -> String {
    let state = word(text(value, "state"), "DESTINATION_STATE_");
    let outcome = text(value, "outcome");
    let overdue = if value["overdue"] == true { "  OVERDUE" } else { "" };
    let separator = if outcome.is_empty() { "" } else { ": " };
    let escalated: Vec<&str> = list(value, "escalations").iter().map(|step| text(step, "to")).collect();
    let escalated =
        if escalated.is_empty() { String::new() } else { format!("  escalated to {}", escalated.join(", ")) };
    let transfer = &value["transfer"];
    let open = transfer.is_object() && text(transfer, "accepted_time").is_empty();
    let offered = if open { format!("  offered to {}", text(transfer, "queue")) } else { String::new() };
    let (queue, class) = (text(value, "queue"), text(value, "class"));
    let notice = retract::notice(value);
    format!("  {queue:<18} {class}  {state}{separator}{outcome}{overdue}{escalated}{offered}{notice}")
}

/// A queue with its counts.
pub(super) fn queue_line(value: &Value) -> String {
    let count = |name: &str| value[name].as_u64().unwrap_or_default();
    format!(
        "{:<18} waiting {}  leased {}  unopened {}  overdue {}  dead letters {}  outcomes {}",
        text(value, "queue"),
        count("waiting_count"),
        count("leased_count"),
        count("unopened_count"),
        count("overdue_count"),
        count("dead_letter_count"),
        words(value, "outcomes")
    )
}

/// A header on one line.
fn delivery_line(value: &Value) -> String {
    let openable: Vec<String> = list(value, "openable").iter().map(unit).collect();
    let mut line = format!(
        "{}  {}  {:<9} {}  carries {}  open {}",
        text(value, "delivery_id"),
        text(value, "class"),
        word(text(value, "state"), "DELIVERY_STATE_"),
        words(value, "rules"),
        words(value, "contents"),
        openable.join(" ")
    );
    if let Some(held) = value.get("held").filter(|held| !held.is_null()) {
        line.push_str(&format!("  HELD {} for {}", text(held, "reason"), words(held, "meant_for")));
    }
    if value["provisional"] == true {
        line.push_str("  provisional");
    }
    if value["overdue"] == true {
        line.push_str("  OVERDUE");
    }
    line.push_str(&due::offers(value));
    line.push_str(&retract::notice(value));
    for step in list(value, "history") {
        line.push_str(&format!("  {}", step_words(step)));
    }
    line
}

/// A header in a list, with what is due next.
pub(super) fn listed(value: &Value) -> String {
    delivery_line(value) + &due::next(value)
}

/// A delivery that somebody holds.
pub(super) fn held_line(value: &Value) -> String {
    let delivery = &value["delivery"];
    let seconds: f64 = text(value, "held_for").trim_end_matches('s').parse().unwrap_or_default();
    let opened = if text(delivery, "opened_time").is_empty() { "unopened" } else { "opened" };
    let overdue = if delivery["overdue"] == true { "  OVERDUE" } else { "" };
    let handed = if value["handed_over"] == true { "  handed over, not yet taken" } else { "" };
    format!(
        "{}  {}  held by {} for {} min, since {}, lease until {}  {opened}{handed}{overdue}",
        text(delivery, "delivery_id"),
        text(delivery, "class"),
        text(value, "holder"),
        (seconds / 60.0).floor(),
        text(value, "since_time"),
        text(value, "lease_expire_time"),
    )
}

/// A step of a history: what, why, when.
fn step_words(step: &Value) -> String {
    let code = text(step, "code");
    let code = if code.is_empty() { String::new() } else { format!(" {code}") };
    format!("{}{code} at {}", text(step, "kind").to_ascii_lowercase(), text(step, "step_time"))
}

/// What was pulled.
pub(super) fn pulled(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    for each in list(value, "deliveries") {
        lines.extend(leased(each));
    }
    if lines.is_empty() {
        lines.push("nothing waits".to_owned());
    }
    lines
}

/// A delivery with its lease.
pub(super) fn leased(value: &Value) -> Vec<String> {
    let (delivery, lease) = (&value["delivery"], &value["lease"]);
    let mut lines = vec![delivery_line(delivery)];
    lines.extend(list(delivery, "items").iter().map(item_line));
    lines.extend(list(delivery, "prompts").iter().map(|prompt| format!("  prompt {}", prompt_words(prompt))));
    lines.extend(prompts::of(delivery, "tracked_prompts"));
    lines.extend(due::all(delivery));
    lines.push(format!("  --lease {}  until {}", text(lease, "token"), text(lease, "expire_time")));
    lines
}

/// An opened unit, marked top and bottom.
pub(super) fn opened(value: &Value) -> Vec<String> {
    let marking = text(value, "marking").to_owned();
    let mut lines = vec![marking.clone()];
    let caveat = text(value, "caveat");
    if !caveat.is_empty() {
        lines.push(caveat.to_owned());
    }
    lines.extend(view(&value["view"]));
    lines.extend(grading(&value["grading"]));
    for step in list(value, "history") {
        lines.push(format!("  {} by {}: {}", step_words(step), or_dash(text(step, "by")), inert(text(step, "note"))));
    }
    lines.push(marking);
    lines
}

/// How an opened item is graded: what was proposed, then every version that was confirmed.
fn grading(value: &Value) -> Vec<String> {
    if !value.is_object() {
        return Vec::new();
    }
    let mut lines = vec![format!("  proposed: {} {}", text(value, "proposed"), text(value, "handling"))];
    for version in list(value, "confirmed") {
        let when = text(version, "confirmed_time");
        lines.push(format!("  {} by {} at {when}", confirmed(version), text(version, "confirmed_by")));
        for field in ["instructions", "reason"].into_iter().filter(|field| !text(version, field).is_empty()) {
            lines.push(format!("    {field}: {}", inert(text(version, field))));
        }
    }
    lines
}

/// An item in a header: proposed, then confirmed where it is.
fn item_line(item: &Value) -> String {
    let mut line = format!("  item {}  proposed {} {}", item["index"], text(item, "proposed"), text(item, "handling"));
    if item["confirmed"].is_object() {
        line.push_str(&format!("  {}", confirmed(&item["confirmed"])));
    }
    line
}

fn confirmed(version: &Value) -> String {
    format!("confirmed {} {} (version {})", text(version, "grade"), text(version, "handling"), version["version"])
}

/// An item graded.
pub(super) fn graded(value: &Value, item: u32) -> Vec<String> {
    let items = list(&value["delivery"], "items");
    items.iter().filter(|found| found["index"] == item).map(item_line).collect()
}

/// The carer copy, released.
pub(super) fn carer_copy(value: &Value) -> Vec<String> {
    let mut lines = vec![text(value, "marking_top").to_owned()];
    lines.extend(view(&value["copy"]));
    lines.push(text(value, "marking_bottom").to_owned());
    lines
}

/// A lease prolonged.
pub(super) fn extended(value: &Value) -> Vec<String> {
    vec![format!("lease until {}", text(&value["lease"], "expire_time"))]
}

/// A delivery completed.
pub(super) fn completed(value: &Value) -> Vec<String> {
    vec![format!("completed; the sender sees: {}", text(value, "sender_wording"))]
}

/// A delivery handed back.
pub(super) fn released(value: &Value) -> Vec<String> {
    let when = text(&value["delivery"], "available_time");
    vec![if when.is_empty() { "back in its queue".to_owned() } else { format!("back in its queue from {when}") }]
}

/// A delivery handed over.
pub(super) fn handed_over(value: &Value) -> Vec<String> {
    let delivery = &value["delivery"];
    match list(delivery, "history").last().map(|step| text(step, "code")).unwrap_or_default() {
        "" => vec!["nobody had opened it: back in its queue".to_owned()],
        to => vec![format!("kept for {to}, who takes it with their next pull")],
    }
}

/// A delivery offered to another unit.
pub(super) fn transfer_offered(value: &Value) -> Vec<String> {
    let offer = &value["delivery"]["transfer"];
    vec![format!(
        "offered to {}, yours until they accept; answer by {}",
        text(offer, "queue"),
        text(offer, "answer_due_time")
    )]
}

/// An offer answered.
pub(super) fn transfer_answered(value: &Value) -> Vec<String> {
    let delivery = &value["delivery"];
    let from = text(&delivery["offered"], "queue");
    match text(delivery, "state") {
        "DELIVERY_STATE_DECLINED" => vec![format!("refused: it goes on in {from}")],
        _ => vec![format!("accepted from {from}: it is yours")],
    }
}

/// A delivery put aside.
pub(super) fn rejected(value: &Value) -> Vec<String> {
    vec![format!("on the dead-letter side; the sender sees: {}", text(value, "sender_wording"))]
}

/// A dead letter sent back.
pub(super) fn replayed(value: &Value) -> Vec<String> {
    vec![format!("waits in {} again", text(&value["delivery"], "queue"))]
}

/// A matter on HOLD resolved.
pub(super) fn resolved(value: &Value) -> Vec<String> {
    vec![format!("sent to {} as {}", text(&value["delivery"], "outcome"), words(value, "created_delivery_ids"))]
}

/// A rendered unit, field by field.
pub(super) fn view(value: &Value) -> Vec<String> {
    let mut lines = vec![format!("[{}]", unit_of_view(value))];
    for field in list(value, "fields") {
        let (name, said) = (text(field, "name"), text(field, "value"));
        // The original comes as it was received, in protobuf.
        let original = if text(value, "part") == "O" { submission_as_received(said) } else { None };
        lines.push(format!("  {name}: {}", inert(original.as_deref().unwrap_or(said))));
    }
    lines
}

pub(super) fn leg(value: &Value) -> String {
    let items: Vec<String> = list(value, "items").iter().map(ToString::to_string).collect();
    let mut line = format!(
        "  to {:<18} {}  {}  carries {}",
        text(value, "queue"),
        text(value, "class"),
        words(value, "rules"),
        words(value, "contents")
    );
    if !items.is_empty() {
        line.push_str(&format!(" [{}]", items.join(" ")));
    }
    for held in list(value, "held") {
        line.push_str(&format!("  held: {}", text(held, "reason")));
    }
    if value["page"] == true {
        line.push_str("  PAGE");
    }
    line
}

fn prompt_words(value: &Value) -> String {
    let due = text(value, "due_time");
    let by = if due.is_empty() { String::new() } else { format!(" by {due}") };
    let overdue = if value["overdue"] == true { " OVERDUE" } else { "" };
    format!("{}{by}{overdue}", text(value, "kind"))
}

pub(super) fn unit(value: &Value) -> String {
    let part = word(text(value, "part"), "PART_");
    match value["item"].as_u64() {
        Some(0) | None => part,
        Some(item) => format!("{part}[{item}]"),
    }
}

fn unit_of_view(value: &Value) -> String {
    let item = value["item"].as_u64().filter(|item| *item > 0).map(|item| format!("[{item}]")).unwrap_or_default();
    format!("{}{item} for {}", text(value, "part"), text(value, "audience"))
}

/// Content shown so that it cannot move the cursor, forge a line or turn the direction of the page (D25).
pub(super) fn inert(text: &str) -> String {
    let turns =
        |letter: char| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
    text.chars()
        .flat_map(|letter| match letter {
            '\n' => "\n    ".chars().collect::<Vec<_>>(),
            '\r' => Vec::new(),
            letter if letter.is_control() || turns(letter) => letter.escape_unicode().collect(),
            letter => vec![letter],
        })
        .collect()
}

pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

pub(super) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn words(value: &Value, name: &str) -> String {
    list(value, name).iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
}

/// An enum value without its prefix, in lower case.
fn word(value: &str, prefix: &str) -> String {
    let plain = value.strip_prefix(prefix).unwrap_or(value);
    if prefix == "PART_" { plain.to_owned() } else { plain.to_ascii_lowercase().replace('_', " ") }
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}
