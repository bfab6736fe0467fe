//! Advice, rule by rule, in varied wording; and that it never changes anything.

mod language;
mod police;
mod properties;

use super::{Advice, Kind, Lexicon, advise};
use crate::domain::{
    code::{DataSubjectCategory, PersonRole, Sex},
    submission::{Draft, Person},
    testing::{at, draft, intelligence, lexicon, person, rendered},
};

/// Who is who in the tests: a girl, her mother, a friend, a man of concern and the worker.
pub(super) fn story() -> Draft {
    let mut draft = draft();
    draft.child.name = "Ayesha Oyelaran".into();
    draft.child.aliases = vec!["Yesh".into()];
    draft.child.sex = Some(Sex::Female);
    draft.child.home_address = Some("14 Quillback Road, Catford".into());
    draft.child.school = Some("Larkmead Academy".into());
    draft.episode.started = Some(at("2026-11-03T20:00:00Z"));
    draft.episode.returned = Some(at("2026-11-05T06:00:00Z"));
    draft.interview.held_at = Some(at("2026-11-08T15:00:00Z"));
    draft.persons = vec![
        named("m", "Funke Oyelaran", PersonRole::Parent),
        named("f", "Bronte Salter", PersonRole::OtherChild),
        suspect("s", "Dane Wickett", "about 30"),
    ];
    draft.items = vec![intelligence()];
    draft.items[0].who = vec!["s".into()];
    draft.items[0].when = Some("last month".into());
    draft.items[0].text = "Dane Wickett offered her tablets at a car park in Deptford.".into();
    draft
}

pub(super) fn named(id: &str, name: &str, role: PersonRole) -> Person {
    Person { name: name.into(), ..person(id, role) }
}

pub(super) fn suspect(id: &str, name: &str, age: &str) -> Person {
    let mut suspect = named(id, name, PersonRole::Suspect);
    suspect.category = DataSubjectCategory::Suspect;
    suspect.description.age_range = Some(age.into());
    suspect.description.sex = Some(Sex::Male);
    suspect
}

/// All advice on `draft` with the vocabulary of the repository.
pub(super) fn advice(draft: Draft) -> Vec<Advice> {
    static LEXICON: std::sync::LazyLock<Lexicon> = std::sync::LazyLock::new(lexicon);
    advise(&rendered(draft), &LEXICON)
}

/// Kinds found in the field, in order, each once.
pub(super) fn kinds_in(advice: &[Advice], field: &str) -> Vec<&'static str> {
    let mut kinds: Vec<&str> = advice.iter().filter(|one| one.field == field).map(|one| one.kind.code()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// What a sender's own wording for police is advised.
pub(super) fn on_wording(wording: &str) -> Vec<&'static str> {
    let mut draft = story();
    draft.items[0].sanitised_text = Some(wording.into());
    kinds_in(&advice(draft), "items[0].sanitised_text")
}

/// The words of `text` that advice of `kind` points to.
pub(super) fn pointed(advice: &[Advice], kind: Kind, text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let places = advice.iter().filter(|one| one.kind == kind).filter_map(|one| one.place.clone());
    places.map(|place| letters[place].iter().collect()).collect()
}
