//! `policy explain` as a reviewing sergeant reads it: who gets what and why, what is due when, what is held, what nobody
//! gets, and what did not fire. Made of the JSON that `--json` would print; within 100 columns.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{
    page::Page,
    show::{list, text, words},
};

/// The whole explanation.
pub(super) fn explanation(value: &Value) -> Vec<String> {
    let mut page = Page::default();
    let received = local(text(value, "received_time"), "%a %-d %b %Y %H:%M");
    page.line(format!("class {}  (rule set {})  received {received}", text(value, "class"), text(value, "rule_set")));
    page.legs(value);
    page.held(value);
    page.units(value);
    page.notices(value);
    page.rules(value);
    page.items(value);
    page.clocks(&value["clocks"]);
    page.rest(value);
    page.lines
}

impl Page {
    fn rules(&mut self, value: &Value) {
        self.heading("Rules that fired, and the fields that fired them");
        for rule in list(value, "rule_details") {
            self.entry(5, text(rule, "rule"), text(rule, "words"));
            let because = list(rule, "because").iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
            if !because.is_empty() {
                self.entry(5, "", &format!("by {because}"));
            }
        }
    }

    fn notices(&mut self, value: &Value) {
        let prompts = list(value, "prompt_details");
        if !prompts.is_empty() {
            self.heading("Prompts");
        }
        for prompt in prompts {
            let due = text(prompt, "due_time");
            let by = if due.is_empty() { String::new() } else { format!("by {}, ", london(due)) };
            let overdue = if prompt["overdue"] == true { "OVERDUE on arrival, " } else { "" };
            self.entry(20, text(prompt, "kind"), &format!("{by}{overdue}{}", text(prompt, "rule")));
        }
        if !list(value, "flags").is_empty() {
            self.heading("Flags");
            self.entry(0, "", &words(value, "flags"));
        }
    }

    fn items(&mut self, value: &Value) {
        if !list(value, "items").is_empty() {
            self.heading("Items, with the grade proposed to police");
        }
        for item in list(value, "items") {
            let label = format!("[{}] {} {}", item["index"], text(item, "proposed"), text(item, "handling"));
            self.entry(18, &label, &list(item, "why").iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "));
        }
    }

    fn clocks(&mut self, clocks: &Value) {
        if !clocks.is_object() {
            return;
        }
        self.heading("The interview, within 72 hours of the return");
        for (name, label) in [("offered", "offered"), ("carried_out", "carried out")] {
            let clock = &clocks[name];
            let hours = clock["hours"].as_i64().map_or_else(String::new, |hours| format!(" after {hours} hours"));
            let late = if clock["late"] == true { ", LATE" } else { "" };
            let state = text(clock, "state").replace('_', " ");
            self.entry(18, label, &format!("{state}{hours}, due by {}{late}", london(text(clock, "due_time"))));
        }
    }

    fn legs(&mut self, value: &Value) {
        self.heading("Who gets what (E episode card, C account, items by number)");
        for leg in list(value, "legs").iter().filter(|leg| list(leg, "held").is_empty()) {
            let mut carried = format!("{}  {}", text(leg, "class"), contents(leg));
            if leg["provisional"] == true {
                carried.push_str(" (provisional: until HOLD has found the other child's home)");
            }
            self.entry(18, text(leg, "queue"), &format!("{carried}, by {}", words(leg, "rules")));
            self.entry(18, "", &times(leg));
            let notes: Vec<String> = list(leg, "copy_notes")
                .iter()
                .map(|note| format!("told that item {} went to {}", note["item"], text(note, "queue")))
                .collect();
            if !notes.is_empty() {
                self.entry(18, "", &notes.join("; "));
            }
        }
    }

    fn held(&mut self, value: &Value) {
        for leg in list(value, "legs").iter().filter(|leg| !list(leg, "held").is_empty()) {
            self.heading("Held for a person, who is paged and resolves each to a named queue");
            self.entry(18, text(leg, "queue"), &format!("{}, {}", text(leg, "class"), times(leg)));
            for held in list(leg, "held") {
                let meant = words(held, "meant_for").replace(' ', " or ");
                let for_whom = if meant.is_empty() { String::new() } else { format!(" for {meant}") };
                let mut said = format!("{}{for_whom}", contents(held));
                let never = words(held, "never_by");
                let who = if never.split(' ').any(|queue| queue == "HOLD.human") {
                    "; a hold_resolver of another organisation than the accused's may resolve it".to_owned()
                } else if never.is_empty() {
                    "; any hold_resolver may resolve it".to_owned()
                } else {
                    format!("; a hold_resolver who works in none of {never} may resolve it")
                };
                said.push_str(&who);
                self.entry(18, text(held, "reason"), &said);
            }
        }
    }

    fn units(&mut self, value: &Value) {
        if !list(value, "units").is_empty() {
            self.heading("Whom to ring");
        }
        for unit in list(value, "units") {
            let mut said = format!("{}, {}, {}", text(unit, "unit"), text(unit, "phone"), text(unit, "cover"));
            let when = match text(unit, "standing") {
                "ageing" => "; NOT VERIFIED FOR LONG, since",
                "stale" => "; NOT VERIFIED FOR SO LONG that HOLD has a copy, since",
                _ => "; verified",
            };
            said.push_str(&format!("{when} {}", text(unit, "verified")));
            if !text(unit, "fallback").is_empty() {
                said.push_str(&format!("; else {}", text(unit, "fallback")));
            }
            self.entry(18, text(unit, "queue"), &said);
        }
    }

    fn rest(&mut self, value: &Value) {
        self.heading("Nobody gets");
        for words in list(value, "nobody_gets").iter().filter_map(Value::as_str) {
            self.entry(0, "", words);
        }
        self.heading("Considered, and did not fire: none of these is so");
        for rule in list(value, "not_fired") {
            self.entry(5, text(rule, "rule"), text(rule, "unless"));
        }
        self.heading("Versions");
        let mut versions = vec![format!("rules {}", text(value, "rule_set"))];
        let (whole, others): (Vec<_>, Vec<_>) =
            list(value, "versions").iter().partition(|one| text(one, "name") == "policy");
        versions.extend(others.iter().map(|one| format!("{} {}", text(one, "name"), text(one, "version"))));
        versions.push(format!("redaction {}", text(&value["redaction_policy"], "version")));
        versions.push(format!("advice {}", text(value, "advice_version")));
        self.entry(0, "", &versions.join(", "));
        whole.iter().for_each(|one| self.entry(0, "", &format!("policy {}", text(one, "version"))));
    }
}

/// What a leg or a held matter carries, its item numbers after `items`.
fn contents(of: &Value) -> String {
    let items: Vec<String> = list(of, "items").iter().map(ToString::to_string).collect();
    let with_numbers =
        |word: &str| if word == "items" { format!("items [{}]", items.join(" ")) } else { word.to_owned() };
    list(of, "contents").iter().filter_map(Value::as_str).map(with_numbers).collect::<Vec<_>>().join(" ")
}

/// Deadlines, prompts and page of a leg.
fn times(leg: &Value) -> String {
    let mut said = Vec::new();
    let (acknowledge, decide) = (text(leg, "ack_due"), text(leg, "decide_due"));
    if acknowledge.is_empty() {
        said.push("no deadline".to_owned());
    } else {
        said.push(format!("acknowledge by {}, decide by {}", london(acknowledge), london(decide)));
    }
    if !list(leg, "prompts").is_empty() {
        said.push(format!("shows {}", words(leg, "prompts")));
    }
    if leg["page"] == true {
        said.push("PAGES".to_owned());
    }
    said.join("; ")
}

/// A moment on the clock in London, e.g. `Fri 20 Nov 17:30`.
fn london(moment: &str) -> String {
    local(moment, "%a %-d %b %H:%M")
}

/// The zone database is compiled in.
fn local(moment: &str, as_in: &str) -> String {
    let zone = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
    let local = moment.parse::<Timestamp>().map(|at| at.to_zoned(zone));
    local.map_or_else(|_| "-".to_owned(), |local| local.strftime(as_in).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{explanation, london};

    #[test]
    fn times_are_those_of_london() {
        assert_eq!(london("2026-07-06T16:00:00Z"), "Mon 6 Jul 17:00");
        assert_eq!(london("2026-11-06T16:00:00Z"), "Fri 6 Nov 16:00");
        assert_eq!(london("no time"), "-");
    }

    #[test]
    fn long_words_are_wrapped_under_themselves_within_the_page() {
        let words = "word ".repeat(60);
        let value = json!({ "rule_details": [{ "rule": "R01", "words": words, "because": ["answers.codes"] }] });
        let lines = explanation(&value);
        assert!(lines.iter().all(|line| line.chars().count() <= 100), "{lines:#?}");
        assert!(
            lines.iter().any(|line| line.starts_with("  R01  word"))
                && lines.iter().any(|line| line.starts_with("       word"))
        );
        assert!(lines.contains(&"       by answers.codes".to_owned()));
    }
}
