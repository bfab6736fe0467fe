//! Everything that is wrong with a draft, all at once, by field path and never by value (domain 3, D03, D04, D25).
//!
//! Paths are those of the wire, from `submission.` on. Answers to the 999 question never refuse a submission (D14).

mod areas;
mod characters;
mod embedded;
mod marks;
mod nhs;
mod people;
mod record;
mod references;
mod texts;
mod times;

use jiff::Timestamp;

use super::{code::MarkingLevel, policy::Policy, stage::Valid, submission::Draft, text::Text, violation::Violations};

pub use areas::is_code;

/// Most items of a submission (domain 3.2).
pub const MAX_ITEMS: usize = 50;
/// Most persons.
pub const MAX_PERSONS: usize = 100;
/// Most places, vehicles, phones, accounts and other objects together.
pub const MAX_THINGS: usize = 200;
/// Most questions.
pub const MAX_QUESTIONS: usize = 200;
/// Most offers.
pub const MAX_OFFERS: usize = 20;

/// Every free text of `draft` that is not blank, by its path below the submission, in the order of the fields.
pub fn free_texts(draft: &Draft) -> Vec<(String, &Text)> {
    let mut out = Vec::new();
    texts::each(draft, &mut |found| {
        if matches!(found.kind, texts::Kind::Free(_)) && !found.text.is_blank() {
            out.push((found.path.to_string(), found.text));
        }
    });
    out
}

/// Checks a draft received at `now`.
///
/// # Errors
/// Every violation there is.
pub fn validate(draft: Draft, policy: &Policy, now: Timestamp) -> Result<Valid, Violations> {
    let mut wrong = Violations::default();
    marking(&draft, &mut wrong);
    areas::check(&draft, &mut wrong);
    lists(&draft, &mut wrong);
    texts::check(&draft, &mut wrong);
    times::check(&draft, now, &mut wrong);
    people::check(&draft, &policy.directory, policy.calendar.date(now), &mut wrong);
    nhs::check(&draft, &mut wrong);
    references::check(&draft, &mut wrong);
    record::check(&draft, &mut wrong);
    marks::check(&draft, &mut wrong);
    if wrong.is_empty() { Ok(Valid::checked(draft)) } else { Err(wrong) }
}

fn marking(draft: &Draft, wrong: &mut Violations) {
    let marking = &draft.envelope.marking;
    let reason = marking.lowering_reason.as_ref().is_some_and(|reason| !reason.is_blank());
    match marking.level {
        MarkingLevel::Secret => wrong.add(
            "submission.envelope.marking.level",
            "this broker takes OFFICIAL and OFFICIAL-SENSITIVE only: use another channel; nothing was stored and somebody \
             will ring you",
        ),
        MarkingLevel::Official if !reason => wrong.add(
            "submission.envelope.marking.lowering_reason",
            "say why the level is lower than OFFICIAL-SENSITIVE, or use OFFICIAL-SENSITIVE",
        ),
        MarkingLevel::Official | MarkingLevel::OfficialSensitive => {}
    }
}

/// Lists over their limit, each by its own name; exactly at the limit is accepted (domain 3.2).
fn lists(draft: &Draft, wrong: &mut Violations) {
    let mut at_most = |field: &str, count: usize, most: usize| {
        if count > most {
            wrong.add(format!("submission.{field}"), format!("send at most {most}; split the submission if need be"));
        }
    };
    at_most("items", draft.items.len(), MAX_ITEMS);
    at_most("persons", draft.persons.len(), MAX_PERSONS);
    at_most("episode.offers", draft.episode.offers.len(), MAX_OFFERS);
    at_most("interview.account.questions", draft.interview.account.questions.len(), MAX_QUESTIONS);
    let things = [
        ("places", draft.places.len()),
        ("vehicles", draft.vehicles.len()),
        ("phones", draft.phones.len()),
        ("accounts", draft.accounts.len()),
        ("objects", draft.objects.len()),
    ];
    if things.iter().map(|(_, count)| count).sum::<usize>() > MAX_THINGS {
        for (field, _) in things.iter().filter(|(_, count)| *count > 0) {
            wrong.add(
                format!("submission.{field}"),
                format!("send at most {MAX_THINGS} places, vehicles, phones, accounts and objects together"),
            );
        }
    }
}

#[cfg(test)]
mod tests;
