//! What an author is shown of a submission before it goes: each free text as written with what was recognised in it, and
//! where each reader sees it. For the submitting sender alone.

use super::{
    redaction::Mention,
    stage::Redacted,
    text::Text,
    unit::{Audience, Part, UnitLabel},
    validate::free_texts,
};

/// At most this many bytes of text are shown again, and this many spans: an answer has a bound.
const MOST_BYTES: usize = 512 * 1024;
const MOST_SPANS: usize = 2_000;
/// No span takes more in an answer, with what each reader gets in its place.
const SPAN_BYTES: usize = 400;

/// A free text as written. Not `Debug`: it is content.
pub struct Written<'d> {
    /// Path below the submission, e.g. `items[0].text`.
    pub field: String,
    /// As written; `None` where the bound was reached.
    pub text: Option<&'d Text>,
    /// What was recognised in it: first and last character, counted in Unicode scalar values, and the mention.
    pub spans: Vec<(usize, usize, Mention<'d>)>,
    /// Which field of which unit shows it.
    pub shown_as: Vec<(UnitLabel, String)>,
    /// The text or some spans were left off.
    pub left_off: bool,
}

/// Every free text of the submission that is not blank, in its order: as much of them and of their spans as goes into `left`
/// bytes.
pub fn written(redacted: &Redacted, left: usize) -> Vec<Written<'_>> {
    let (mut bytes, mut room) = (MOST_BYTES.min(left / 2), MOST_SPANS.min(left / 2 / SPAN_BYTES));
    let mut out = Vec::new();
    for (field, text) in free_texts(redacted.draft()) {
        let shown_as = shown_as(redacted, &field);
        let length = text.reveal().len();
        if length > bytes {
            out.push(Written { field, text: None, spans: Vec::new(), shown_as, left_off: true });
            continue;
        }
        bytes -= length;
        let mut mentions = redacted.engine().mentions(text.reveal());
        let left_off = mentions.len() > room;
        mentions.truncate(room);
        room -= mentions.len();
        let spans = in_characters(text.reveal(), mentions);
        out.push(Written { field, text: Some(text), spans, shown_as, left_off });
    }
    out
}

/// Counts bytes as characters, once through the text.
fn in_characters<'d>(text: &str, mentions: Vec<Mention<'d>>) -> Vec<(usize, usize, Mention<'d>)> {
    let (mut byte, mut character) = (0, 0);
    let mut count = |to: usize| {
        character += text[byte..to].chars().count();
        byte = to;
        character
    };
    mentions.into_iter().map(|mention| (count(mention.range.start), count(mention.range.end), mention)).collect()
}

/// Which units show the text of `path`, under which name.
fn shown_as(redacted: &Redacted, path: &str) -> Vec<(UnitLabel, String)> {
    let (item, name) = match path.strip_prefix("items[").and_then(|rest| rest.split_once("].")) {
        Some((index, name)) => (index.parse::<u16>().ok().and_then(|index| index.checked_add(1)), name),
        None => (None, path),
    };
    let written = item.and_then(|number| redacted.draft().items.get(usize::from(number) - 1));
    let sanitised = written.and_then(|item| item.sanitised_text.as_ref()).is_some_and(|text| !text.is_blank());
    let of_item = redacted.views().iter().filter(|(label, _)| label.item == item);
    let shown = of_item.filter_map(|(label, view)| {
        let name = match (label.audience, name) {
            (Audience::Mpu, "sanitised_text") => "text",
            (Audience::Mpu, "text") if sanitised => return None,
            _ => name_in(label.part, name)?,
        };
        view.get(name).is_some().then(|| (*label, name.to_owned()))
    });
    shown.collect()
}

/// The name that `part` shows a field under; `None` where it does not show it.
fn name_in(part: Part, name: &str) -> Option<&str> {
    match part {
        Part::Provenance => name.strip_prefix("provenance."),
        Part::Item => Some(name).filter(|name| !name.contains('.')),
        Part::Safeguarding => match name {
            "interview.contradictions" => Some("clarify.contradictions"),
            "interview.denied" => Some("clarify.denied"),
            "interview.mode_reason" => Some(name),
            _ => {
                let name = name.strip_prefix("interview.").unwrap_or(name);
                Some(name.strip_suffix(".text").unwrap_or(name))
            }
        },
        Part::Carer => name.strip_prefix("interview."),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        redaction::{Entity, Lens},
        testing::{draft, intelligence, rendered},
    };

    #[test]
    fn spans_are_counted_in_characters_and_name_the_row_that_asked() {
        let mut draft = draft();
        draft.items = vec![intelligence()];
        draft.items[0].text = "Zoë 🙂 saw Sam Example there.".into();
        let redacted = rendered(draft);
        let written = written(&redacted, usize::MAX);
        let text = written.iter().find(|one| one.field == "items[0].text").unwrap();
        let (start, end, mention) = text.spans.iter().find(|(_, _, mention)| mention.listed).unwrap();
        assert_eq!((*start, *end, mention.entity), (10, 21, Entity::Person));
        let police = mention.under(Lens::Item);
        assert_eq!((police.class.code(), police.role.code()), ("person", "subject_source"));
        assert_eq!(police.shown, "[CHILD]");
        assert_eq!(mention.under(Lens::Mash).shown, "");
        let units: Vec<String> =
            text.shown_as.iter().map(|(unit, field)| format!("{}/{} {field}", unit.part, unit.audience)).collect();
        assert_eq!(units, ["B/mpu text", "B/mash text"]);
    }

    #[test]
    fn police_read_the_senders_own_wording_and_the_preview_says_so() {
        let mut draft = draft();
        draft.items = vec![intelligence()];
        draft.items[0].sanitised_text = Some("A man sold tablets at the park.".into());
        draft.items[0].provenance.opinion = Some("Consistent throughout.".into());
        draft.interview.denied = Some("Being hurt.".into());
        let redacted = rendered(draft);
        let shown: Vec<String> = written(&redacted, usize::MAX)
            .iter()
            .flat_map(|one| {
                one.shown_as
                    .iter()
                    .map(|(unit, name)| format!("{} -> {}/{} {name}", one.field, unit.part, unit.audience))
            })
            .collect();
        for expected in [
            "items[0].text -> B/mash text",
            "items[0].sanitised_text -> B/mpu text",
            "items[0].provenance.opinion -> A/none opinion",
            "interview.denied -> C/mash clarify.denied",
        ] {
            assert!(shown.iter().any(|line| line == expected), "{expected}: {shown:?}");
        }
        assert!(!shown.iter().any(|line| line.contains("text -> B/mpu") && !line.contains("sanitised")), "{shown:?}");
    }

    #[test]
    fn the_answer_has_a_bound_and_says_what_was_left_off() {
        let mut draft = draft();
        draft.items = vec![intelligence(); 30];
        for item in &mut draft.items {
            item.text = "Sam Example. ".repeat(700).into();
        }
        let redacted = rendered(draft);
        let written = written(&redacted, usize::MAX);
        let spans: usize = written.iter().map(|one| one.spans.len()).sum();
        assert_eq!(spans, MOST_SPANS);
        let items = written.iter().filter(|one| one.field.ends_with("].text"));
        assert_eq!(items.clone().count(), 30, "every field is named all the same");
        assert!(items.clone().any(|one| one.left_off) && items.clone().any(|one| !one.left_off));
        let less = super::written(&redacted, 40_000);
        assert!(less.iter().filter_map(|one| one.text).map(|text| text.reveal().len()).sum::<usize>() <= 20_000);
        assert_eq!(less.iter().map(|one| one.spans.len()).sum::<usize>(), 20_000 / SPAN_BYTES);
        assert_eq!(less.len(), written.len(), "where there is less room every field is named too");
    }
}
