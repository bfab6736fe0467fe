//! Holding what came out against what the specification expects: every difference is one sentence.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    expect::{Expect, ExpectedLeg, Strings},
    story::{Served, Told},
};

/// Every difference.
pub(super) fn differences(expect: &Expect, told: &Told) -> Vec<String> {
    let mut wrong = Vec::new();
    let explanation = &told.explanation;
    same(&mut wrong, "class", &expect.class, &text(&told.receipt, "class"));
    same(&mut wrong, "rules", &expect.rules, &words(&told.receipt, "rules"));
    same(&mut wrong, "rules of the preview", &expect.rules, &words(explanation, "rules"));
    same(&mut wrong, "prompts", &sorted(&expect.prompts), &sorted(&words(explanation, "prompts")));
    same(&mut wrong, "flags", &sorted(&expect.flags), &sorted(&words(&told.receipt, "flags")));
    grades(&mut wrong, expect, explanation);
    strategy(&mut wrong, expect, explanation);
    legs(&mut wrong, expect, told);
    for (audience, strings) in &expect.views {
        read(&mut wrong, audience, strings, &what_they_read(audience, told));
    }
    outcomes(&mut wrong, told);
    wrong
}

fn grades(wrong: &mut Vec<String>, expect: &Expect, explanation: &Value) {
    let expected: Vec<String> =
        expect.items.iter().map(|item| format!("{} {}", item.proposed, item.handling)).collect();
    let found = list(explanation, "items");
    let found: Vec<String> =
        found.iter().map(|item| format!("{} {}", text(item, "proposed"), text(item, "handling"))).collect();
    same(wrong, "grades", &expected, &found);
}

fn strategy(wrong: &mut Vec<String>, expect: &Expect, explanation: &Value) {
    let Some(due) = &expect.strategy_due else { return };
    let found = list(explanation, "prompt_details")
        .iter()
        .any(|prompt| text(prompt, "kind") == "STRATEGY" && text(prompt, "due_time").starts_with(due.as_str()));
    if !found {
        wrong.push(format!("no strategy prompt is due on {due}"));
    }
}

/// Deliveries by queue: those of the subject and of linked children together are what the expectation calls a leg.
fn legs(wrong: &mut Vec<String>, expect: &Expect, told: &Told) {
    let expected: BTreeSet<&str> = expect.legs.iter().map(|leg| leg.queue.as_str()).collect();
    let found: BTreeSet<&str> = told.served.iter().map(|one| one.queue.as_str()).collect();
    if expected != found {
        wrong.push(format!("queues: expected {expected:?}, found {found:?}"));
    }
    for leg in &expect.legs {
        let here: Vec<&Served> = told.served.iter().filter(|one| one.queue == leg.queue).collect();
        one_leg(wrong, leg, &here, told);
    }
}

fn one_leg(wrong: &mut Vec<String>, leg: &ExpectedLeg, here: &[&Served], told: &Told) {
    let queue = &leg.queue;
    let contents: BTreeSet<String> = here.iter().flat_map(|one| words(&one.header, "contents")).collect();
    let linked = |one: &&&Served| !text(&one.header, "linked_from").is_empty();
    let subject: Vec<&&Served> = here.iter().filter(|one| !linked(one)).collect();
    for content in &leg.contents {
        if !contents.contains(content) {
            wrong.push(format!("{queue}: carries no {content}"));
        }
    }
    let own: BTreeSet<String> = subject.iter().flat_map(|one| words(&one.header, "contents")).collect();
    for content in &leg.without {
        if own.contains(content) {
            wrong.push(format!("{queue}: carries {content}"));
        }
    }
    let items: BTreeSet<u64> = subject
        .iter()
        .flat_map(|one| list(&one.header, "items").iter().filter_map(|item| item["index"].as_u64()))
        .collect();
    if queue != "HOLD.human" {
        same(wrong, &format!("{queue}: items"), &leg.items, &items.into_iter().collect());
    }
    same(wrong, &format!("{queue}: links"), &leg.links, &here.iter().filter(linked).count());
    if here.iter().any(|one| text(&one.header, "class") != leg.class && text(&one.header, "linked_from").is_empty()) {
        wrong.push(format!("{queue}: expected class {}", leg.class));
    }
    let any = |name: &str| here.iter().any(|one| one.header[name] == true);
    same(wrong, &format!("{queue}: provisional"), &leg.provisional, &any("provisional"));
    if leg.page && !any("page") {
        wrong.push(format!("{queue}: nobody was to be paged"));
    }
    let held: BTreeSet<String> =
        here.iter().map(|one| text(&one.header["held"], "reason")).filter(|s| !s.is_empty()).collect();
    same(wrong, &format!("{queue}: held"), &leg.held, &held.into_iter().collect());
    copy_notes(wrong, leg, told);
}

fn copy_notes(wrong: &mut Vec<String>, leg: &ExpectedLeg, told: &Told) {
    for (item, to) in &leg.copy_notes {
        let note = format!("item {item} went to {to}");
        let noted = told
            .served
            .iter()
            .filter(|one| one.queue == leg.queue)
            .flat_map(|one| &one.opened)
            .any(|unit| values(&unit["view"]).contains(&note));
        if !noted {
            wrong.push(format!("{}: no card says `{note}`", leg.queue));
        }
    }
}

/// Everything an audience read, one value after the other.
fn what_they_read(audience: &str, told: &Told) -> String {
    let views: Vec<&Value> = all(told).flat_map(|one| &one.opened).map(|unit| &unit["view"]).collect();
    let part = |view: &Value| (text(view, "part"), text(view, "audience"));
    let of = |wanted: &dyn Fn(&str, &str) -> bool| {
        let mut all = String::new();
        for view in &views {
            let (part, audience) = part(view);
            if wanted(&part, &audience) {
                all.push_str(&values(view).join("\n"));
                all.push('\n');
            }
        }
        all
    };
    match audience {
        "mpu" => of(&|part, audience| part == "B" && audience == "mpu"),
        "mash" => of(&|part, audience| (part == "B" || part == "C") && audience == "mash"),
        "card" => of(&|part, _| part == "CARD"),
        // The carer copy is opened by a lead practitioner alone; the sender's preview shows it for every record.
        "carer" => {
            let carer = list(&told.explanation["views"], "carer");
            carer.iter().flat_map(values).collect::<Vec<_>>().join("\n")
        }
        // Whatever the unit that owns the episode opened.
        _ => {
            let owner =
                told.served.iter().filter(|one| one.queue.starts_with("MPU.") || one.queue.starts_with("FORCE."));
            owner
                .flat_map(|one| &one.opened)
                .flat_map(|unit| named_values(&unit["view"]))
                .collect::<Vec<_>>()
                .join("\n")
        }
    }
}

fn read(wrong: &mut Vec<String>, audience: &str, strings: &Strings, text: &str) {
    let folded = text.to_lowercase();
    for kept in &strings.kept {
        if !folded.contains(&kept.to_lowercase()) {
            wrong.push(format!("{audience}: does not read `{kept}`"));
        }
    }
    for forbidden in &strings.forbidden {
        if folded.contains(&forbidden.to_lowercase()) {
            wrong.push(format!("{audience}: reads `{forbidden}`"));
        }
    }
}

/// Everything was settled, the council knows it, and in words meant for it.
fn outcomes(wrong: &mut Vec<String>, told: &Told) {
    same(wrong, "state", &"REFERRAL_STATE_SETTLED".to_owned(), &text(&told.referral, "state"));
    let destinations = list(&told.referral, "destinations");
    same(wrong, "destinations for the council", &all(told).count(), &destinations.len());
    if told.sent_on.iter().any(|one| one.opened.is_empty()) {
        wrong.push("what came from HOLD had nothing to open".to_owned());
    }
    for destination in destinations {
        let outcome = text(destination, "outcome");
        let known = ["acted on", "recorded", "no further action: ", "sent to "];
        if !known.iter().any(|words| outcome.starts_with(words)) {
            wrong.push(format!("{}: the council reads `{outcome}`", text(destination, "queue")));
        }
    }
    // One message that it was received; then each destination delivered, opened where it has parts, and settled. Who read what besides
    // is told by its own messages.
    let opened = destinations.iter().filter(|destination| !destination["opened_time"].is_null()).count();
    let expected = 1 + destinations.len() * 2 + opened;
    same(
        wrong,
        "messages of a watch",
        &expected,
        &told.watched.iter().filter(|message| message["event"] != "REFERRAL_EVENT_READ").count(),
    );
}

/// Every delivery, those that came from HOLD included.
fn all(told: &Told) -> impl Iterator<Item = &Served> {
    told.served.iter().chain(&told.sent_on)
}

fn same<T: PartialEq + std::fmt::Debug>(wrong: &mut Vec<String>, what: &str, expected: &T, found: &T) {
    if expected != found {
        wrong.push(format!("{what}: expected {expected:?}, found {found:?}"));
    }
}

fn sorted(words: &[String]) -> Vec<String> {
    let mut words = words.to_vec();
    words.sort();
    words
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn words(value: &Value, name: &str) -> Vec<String> {
    list(value, name).iter().filter_map(|word| word.as_str().map(str::to_owned)).collect()
}

fn values(view: &Value) -> Vec<String> {
    list(view, "fields").iter().map(|field| text(field, "value")).collect()
}

/// Values with the words of their names in front: `safeguarding referral made: yes`.
fn named_values(view: &Value) -> Vec<String> {
    let line = |field: &Value| {
        let name = text(field, "name");
        format!("{}: {}", name.rsplit('.').next().unwrap_or(&name).replace('_', " "), text(field, "value"))
    };
    list(view, "fields").iter().map(line).collect()
}
