//! Answers that must not stand alone or beside each other.

use crate::domain::{
    code::{InterviewOutcome, ItemKind},
    submission::{Draft, Person},
    text::Text,
    violation::Violations,
};

pub(super) fn check(draft: &Draft, wrong: &mut Violations) {
    let reports = draft.items.iter().any(|item| item.kind == ItemKind::Intelligence);
    if draft.answers.nil_intelligence == Some(true) && reports {
        wrong.add(
            "submission.answers.nil_intelligence",
            "there is an intelligence item: answer no, or send that item as a safeguarding referral",
        );
    }
    for (n, item) in draft.items.iter().enumerate() {
        let from = &item.provenance;
        if from.practitioner_doubts == Some(true) && is_blank(&from.doubt_reason) {
            wrong.add(format!("submission.items[{n}].provenance.doubt_reason"), "say why the practitioner doubts it");
        }
    }
    let episode = &draft.episode;
    if episode.outcome == InterviewOutcome::NotOfferedOther && is_blank(&episode.outcome_reason) {
        wrong.add("submission.episode.outcome_reason", "say why no interview was offered");
    }
    if let (Some(month), Some(year)) = (episode.episodes_30d, episode.episodes_12m)
        && month > year
    {
        wrong.add("submission.episode.episodes_12m", "cannot be fewer than the episodes in 30 days");
    }
    let evaluate = &draft.interview.evaluate;
    if evaluate.detriment == Some(true) && is_blank(&evaluate.detriment_reason) {
        wrong.add("submission.interview.evaluate.detriment_reason", "say why sharing would harm the child more");
    }
    for (n, person) in draft.persons.iter().enumerate() {
        if person.name.is_blank() && !is_described(person) {
            wrong.add(format!("submission.persons[{n}].name"), "give a name or nickname, or describe the person");
        }
    }
}

fn is_described(person: &Person) -> bool {
    let described = [&person.description.age_range, &person.description.appearance, &person.relationship];
    described.into_iter().any(|text| !is_blank(text))
}

fn is_blank(text: &Option<Text>) -> bool {
    text.as_ref().is_none_or(Text::is_blank)
}
