//! The narratives, the rules, the clarifications, and what must hold for every place.

mod another_child;
mod cards;
mod clarifications;
mod everywhere;
mod holds;
mod narratives;
mod never_falls;
mod predicates;
mod properties;
mod reasons;
mod table;

use crate::domain::decision::{Decision, Leg};

/// A leg in one line: queue, class, contents, items, prompts, and what is special about it.
fn line(leg: &Leg) -> String {
    let mut words = vec![leg.queue.to_string(), leg.class.to_string()];
    words.extend(leg.contents.iter().map(|content| content.code().to_owned()));
    if !leg.items.is_empty() {
        words.push(format!("{:?}", leg.items).replace(", ", " "));
    }
    words.extend(leg.prompts().iter().map(|prompt| format!("+{prompt}")));
    words.extend(leg.copy_notes.iter().map(|(item, queue)| format!("{item}->{queue}")));
    if leg.provisional {
        words.push("provisional".to_owned());
    }
    if leg.page {
        words.push("page".to_owned());
    }
    words.join(" ")
}

fn lines(decision: &Decision) -> Vec<String> {
    decision.legs.iter().map(line).collect()
}

fn queues(decision: &Decision) -> Vec<String> {
    decision.legs.iter().map(|leg| leg.queue.to_string()).collect()
}

fn leg<'a>(decision: &'a Decision, queue: &str) -> &'a Leg {
    let found = decision.legs.iter().find(|leg| leg.queue.as_str() == queue);
    found.unwrap_or_else(|| panic!("no {queue} in {:?}", queues(decision)))
}
