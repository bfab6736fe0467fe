//! A preview for people: each text as written, as each reader sees it, as the ledger keeps it; then the advice.

use std::fmt::Write;

use serde_json::Value;

use super::{
    columns::{indented, side_by_side, wrapped},
    show::{self, inert, list, text, words},
};

/// A page narrower than this shows the versions one below the other.
const NARROW: usize = 90;

/// The whole preview, on a page of `width` characters.
pub(super) fn preview(value: &Value, width: usize) -> Vec<String> {
    let mut lines = vec![format!("class {}  rules {}", text(value, "class"), words(value, "rules"))];
    lines.extend(list(value, "legs").iter().map(show::leg));
    lines.extend(clocks(&value["clocks"]).iter().flat_map(|line| indented(line, width)));
    // What no reader sees under a name of its own is part of a structured field below.
    for written in list(value, "written").iter().filter(|written| !list(written, "shown_as").is_empty()) {
        lines.push(String::new());
        lines.extend(three_versions(value, written, width));
    }
    lines.push(String::new());
    lines.extend(ledger(value, width));
    for taken in list(value, "degraded") {
        lines.push(format!(
            "  held back for a person on HOLD: {} of {} in {}",
            if taken["whole"] == true { "all" } else { "a sentence" },
            text(taken, "field"),
            unit(taken)
        ));
    }
    lines.push(String::new());
    lines.extend(advice(value, width));
    lines.push(String::new());
    lines.extend(coaching(&value["coaching"]).iter().flat_map(|line| indented(line, width)));
    lines.push(String::new());
    lines.push("everything that each reader would be given:".to_owned());
    for audience in ["none", "mpu", "mash", "carer"] {
        for rendered in list(&value["views"], audience) {
            lines.push(String::new());
            lines.extend(show::view(rendered));
        }
    }
    lines
}

/// One text: as written with its spans marked, as each reader sees it, as the ledger keeps it.
fn three_versions(value: &Value, written: &Value, width: usize) -> Vec<String> {
    let as_written = inert(&marked(written));
    let as_seen = seen(value, written);
    let mut lines = vec![format!("━━ {}", text(written, "field"))];
    let heads = ["as written", "as each reader sees it", "as the ledger keeps it"];
    let kept = "no word of it";
    if width < NARROW {
        for (head, version) in heads.iter().zip([as_written.as_str(), &as_seen, kept]) {
            lines.push(format!("  {head}:"));
            lines.extend(wrapped(version, width.saturating_sub(4)).iter().map(|line| format!("    {line}")));
        }
    } else {
        let last = heads[2].len();
        let each = (width - last - 8) / 2;
        lines.extend(side_by_side(&[(heads[0], each), (heads[1], each), (heads[2], last)]));
        lines.extend(side_by_side(&[(&as_written, each), (&as_seen, each), (kept, last)]));
    }
    lines.extend(
        rules(written).iter().flat_map(|rule| wrapped(rule, width.saturating_sub(4))).map(|line| format!("    {line}")),
    );
    lines
}

/// The text with ‹ › around what any reader gets something else for.
fn marked(written: &Value) -> String {
    let letters: Vec<char> = text(written, "text").chars().collect();
    if letters.is_empty() {
        return "(too long to show again)".to_owned();
    }
    let mut out = String::new();
    let mut done = 0;
    for span in list(written, "spans").iter().filter(|span| is_replaced(span)) {
        let (start, end) = (place(span, "start", &letters), place(span, "end", &letters));
        out.extend(&letters[done.min(start)..start]);
        out.push('‹');
        out.extend(&letters[start..end.max(start)]);
        out.push('›');
        done = end.max(start);
    }
    out.extend(&letters[done..]);
    out
}

fn place(span: &Value, name: &str, letters: &[char]) -> usize {
    let place = span[name].as_u64().and_then(|place| usize::try_from(place).ok()).unwrap_or_default();
    place.min(letters.len())
}

fn is_replaced(span: &Value) -> bool {
    list(span, "readings").iter().any(|reading| text(reading, "action") != "keep")
}

/// What each reader sees of the text, readers of the same words together.
fn seen(value: &Value, written: &Value) -> String {
    let mut readers: Vec<(String, String)> = Vec::new();
    for shown in list(written, "shown_as") {
        let units = list(&value["views"], text(shown, "audience"));
        let unit = units.iter().find(|unit| unit["part"] == shown["part"] && unit["item"] == shown["item"]);
        let fields = unit.map_or(&[][..], |unit| list(unit, "fields"));
        let Some(field) = fields.iter().find(|field| field["name"] == shown["field"]) else { continue };
        let (who, what) = (reader(text(shown, "audience")), inert(text(field, "value")));
        match readers.iter_mut().find(|(_, known)| *known == what) {
            Some((readers, _)) => {
                let _ = write!(readers, " and {who}");
            }
            None => readers.push((who.to_owned(), what)),
        }
    }
    readers.iter().map(|(who, what)| format!("{who}: {what}")).collect::<Vec<_>>().join("\n")
}

fn reader(audience: &str) -> &str {
    match audience {
        "mpu" => "police",
        "mash" => "safeguarding",
        "carer" => "carer copy",
        "none" => "police intelligence alone, sealed",
        other => other,
    }
}

/// Why each marked span is replaced: spans of the same kind and rule on one line.
fn rules(written: &Value) -> Vec<String> {
    let letters: Vec<char> = text(written, "text").chars().collect();
    let mut rules: Vec<(String, Vec<String>)> = Vec::new();
    for span in list(written, "spans").iter().filter(|span| is_replaced(span)) {
        let rule = format!("{}: {}", text(span, "type"), by_reader(span));
        let (start, end) = (place(span, "start", &letters), place(span, "end", &letters));
        let word = inert(&letters[start..end.max(start)].iter().collect::<String>());
        match rules.iter_mut().find(|(known, _)| *known == rule) {
            Some((_, words)) if words.contains(&word) => {}
            Some((_, words)) => words.push(word),
            None => rules.push((rule, vec![word])),
        }
    }
    rules.into_iter().map(|(rule, words)| format!("‹{}› {rule}", words.join("› ‹"))).collect()
}

/// What stands in place of a span for whom, and the row of the policy that asked for it.
fn by_reader(span: &Value) -> String {
    let mut replaced: Vec<(String, Vec<&str>)> = Vec::new();
    for reading in list(span, "readings").iter().filter(|reading| text(reading, "action") != "keep") {
        let shown = text(reading, "shown");
        let shown = format!("{shown} ({} of {})", text(reading, "class"), text(reading, "role"));
        match replaced.iter_mut().find(|(known, _)| *known == shown) {
            Some((_, lenses)) => lenses.push(text(reading, "lens")),
            None => replaced.push((shown, vec![text(reading, "lens")])),
        }
    }
    let each = replaced.iter().map(|(shown, lenses)| format!("{shown} for {}", lenses.join(", ")));
    each.collect::<Vec<_>>().join("; ")
}

/// The entries that the ledger would keep, and by what the views were made.
fn ledger(value: &Value, width: usize) -> Vec<String> {
    let mut lines = vec!["as the ledger keeps it, references and digests only:".to_owned()];
    for entry in list(value, "ledger") {
        let who = Some(text(entry, "who")).filter(|who| !who.is_empty()).unwrap_or("by whoever submits");
        let mut told = format!("{} {} {who}", text(entry, "verb"), text(entry, "action"));
        for (before, name) in
            [(" to ", "recipients"), ("; ", "details"), ("; made when it is accepted: ", "references")]
        {
            let listed = words(entry, name);
            if !listed.is_empty() {
                told.push_str(before);
                told.push_str(&listed);
            }
        }
        lines.extend(wrapped(&told, width.saturating_sub(4)).iter().map(|line| format!("    {line}")));
    }
    lines
}

/// Advice, by field, with the words it is about.
fn advice(value: &Value, width: usize) -> Vec<String> {
    let advice = list(value, "advice");
    let mut lines = vec![match advice.len() {
        0 => "advice: none".to_owned(),
        _ => "advice: yours to take or leave; nothing waits for it".to_owned(),
    }];
    let mut last = String::new();
    for one in advice {
        let field = match text(one, "field") {
            "" => format!("item {}, as police would read it", one["item"]),
            field => field.to_owned(),
        };
        if field != last {
            lines.push(format!("  {field}"));
            last = field;
        }
        let about = words_of(value, one);
        let rule =
            one["rule"].as_u64().filter(|rule| *rule > 0).map_or_else(String::new, |rule| format!(" (rule {rule})"));
        let about = if about.is_empty() { String::new() } else { format!("‹{about}› ") };
        let told = format!("{about}{}{rule}: {}", text(one, "kind").replace('_', " "), text(one, "say"));
        lines.extend(wrapped(&told, width.saturating_sub(6)).iter().map(|line| format!("    {line}")));
    }
    for meter in list(value, "completeness") {
        let missing: Vec<&str> = list(meter, "questions")
            .iter()
            .filter(|question| question["answered"] != true)
            .map(|question| text(question, "question"))
            .collect();
        let told = if missing.is_empty() { "all six".to_owned() } else { format!("all but {}", missing.join(", ")) };
        let told = format!("item {} answers who, what, why, where, when, how: {told}", meter["item"]);
        lines.extend(wrapped(&told, width.saturating_sub(6)).iter().map(|line| format!("  {line}")));
    }
    lines
}

/// The words that advice is about.
fn words_of(value: &Value, one: &Value) -> String {
    let field = text(one, "field");
    let whole = if field.is_empty() {
        let shown = &one["shown_as"];
        let units = list(&value["views"], text(shown, "audience"));
        let unit = units.iter().find(|unit| unit["part"] == shown["part"] && unit["item"] == shown["item"]);
        let fields = unit.map_or(&[][..], |unit| list(unit, "fields"));
        fields.iter().find(|known| known["name"] == shown["field"]).map_or("", |field| text(field, "value"))
    } else {
        list(value, "written").iter().find(|known| known["field"] == field).map_or("", |written| text(written, "text"))
    };
    let letters: Vec<char> = whole.chars().collect();
    let (start, end) = (place(one, "start", &letters), place(one, "end", &letters));
    inert(&letters[start..end.max(start)].iter().collect::<String>())
}

fn unit(value: &Value) -> String {
    let item = value["item"].as_u64().filter(|item| *item > 0).map_or_else(String::new, |item| format!("[{item}]"));
    format!("{}{item} for {}", text(value, "part"), reader(text(value, "audience")))
}

/// The two 72-hour clocks.
fn clocks(value: &Value) -> Vec<String> {
    let line = |(name, label): (&str, &str)| {
        let clock = &value[name];
        let hours = clock["hours"].as_i64().map_or_else(String::new, |hours| format!(" after {hours} hours"));
        let late = if clock["late"] == true { "  LATE" } else { "" };
        format!("  72 hours, {label}: {}{hours}, due by {}{late}", text(clock, "state"), text(clock, "due_time"))
    };
    let shown = [("offered", "offered"), ("carried_out", "carried out")].map(line);
    if value.is_object() { shown.to_vec() } else { Vec::new() }
}

/// What the interview could have asked, by phases; for the author alone.
fn coaching(value: &Value) -> Vec<String> {
    let mut lines = vec!["coaching, for you alone; nothing depends on it:".to_owned()];
    for phase in list(value, "phases") {
        let (filled, missing) = (list(phase, "filled"), list(phase, "missing"));
        let all = filled.len() + missing.len();
        let name = text(phase, "phase").replace('_', " ");
        lines.push(format!("  {name}: {} of {all}", filled.len()));
        let note = |note: &Value| format!("    {}: {}", text(note, "field"), text(note, "words"));
        lines.extend(missing.iter().map(note));
    }
    if value["open_ratio"].is_number() {
        lines.push(format!("  open questions: {} of {}", value["open_questions"], value["questions"]));
    }
    lines
}
