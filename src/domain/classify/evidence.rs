//! Which answers make a condition hold: fields by path, never what they say.

use std::fmt;

use super::facts::{Facts, ItemFacts};
use crate::domain::{code::HarmCode, submission::Person};

/// A field of the submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Of the record.
    Record(&'static str),
    /// Of an item, by place in the list from 0, as paths have it.
    Item(usize, &'static str),
    /// Of a person, likewise.
    Person(usize, &'static str),
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(name) => f.write_str(name),
            Self::Item(n, name) => write!(f, "items[{n}].{name}"),
            Self::Person(n, name) => write!(f, "persons[{n}].{name}"),
        }
    }
}

/// The fields that make a condition hold; none where it does not. One that holds by silence alone names no field.
pub(in crate::domain) type Evidence = Option<Vec<Field>>;

/// Holds by `fields`, if there are any.
pub(super) fn by(fields: Vec<Field>) -> Evidence {
    (!fields.is_empty()).then_some(fields)
}

/// Holds by one field, if it does.
pub(super) fn by_record(name: &'static str, holds: bool) -> Evidence {
    holds.then(|| vec![Field::Record(name)])
}

/// Either or both, each field once.
pub(super) fn either(one: Evidence, other: Evidence) -> Evidence {
    match (one, other) {
        (Some(mut fields), Some(more)) => {
            fields.extend(more);
            fields.sort_unstable();
            fields.dedup();
            Some(fields)
        }
        (one, other) => one.or(other),
    }
}

/// The items for which `holds`, each by its field of this name.
pub(super) fn items(facts: &Facts<'_>, name: &'static str, holds: impl Fn(&ItemFacts<'_>) -> bool) -> Vec<Field> {
    let those = facts.items.iter().filter(|item| holds(item));
    those.map(|item| Field::Item(usize::from(item.number) - 1, name)).collect()
}

/// The persons for whom `holds`, each by their field of this name.
pub(super) fn persons(facts: &Facts<'_>, name: &'static str, holds: impl Fn(&Person) -> bool) -> Vec<Field> {
    let those = facts.draft.persons.iter().enumerate().filter(|(_, person)| holds(person));
    those.map(|(n, _)| Field::Person(n, name)).collect()
}

/// Wherever one of `codes` was recorded: on the record or on an item.
pub(super) fn codes(facts: &Facts<'_>, codes: &[HarmCode]) -> Evidence {
    let mut fields = on_record(facts, codes);
    fields.extend(items(facts, "codes", |item| item.has_any(codes)));
    by(fields)
}

/// Wherever one of `codes` was recorded for the record as a whole, also by an answer that counts as one (D19, D20).
pub(super) fn on_record(facts: &Facts<'_>, codes: &[HarmCode]) -> Vec<Field> {
    let answers = &facts.draft.answers;
    let intent = answers.suicidal_intent == Some(true) && codes.contains(&HarmCode::SelfHarm);
    let fgm = facts.fgm_answered() && codes.contains(&HarmCode::Fgm);
    let said = [
        ("answers.codes", answers.codes.iter().any(|code| codes.contains(code))),
        ("answers.suicidal_intent", intent),
        ("answers.fgm", fgm),
    ];
    said.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| Field::Record(name)).collect()
}
