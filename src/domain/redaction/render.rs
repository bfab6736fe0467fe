//! Replacements: readable, and the same for one person all over a record.

use std::ops::Range;

use jiff::civil::Date;

use super::{
    fold::plain_text,
    form::{Entity, ListedPerson},
    needle::Meaning,
    policy::{Action, EffectiveRole, Lens, RedactionPolicy},
    resolve::Span,
    second_look::touches,
    words::is_title,
};

/// What replaces text that the re-scan takes out.
pub const WITHHELD: &str = "[WITHHELD]";

/// The pseudonyms and ages of one record.
pub(super) struct Labels {
    persons: Vec<(EffectiveRole, usize, Option<Date>)>,
    /// The highest number of other children.
    children: usize,
    /// The highest number of anybody else.
    others: usize,
    as_of: Option<Date>,
}

impl Labels {
    /// Numbers `persons` in their compiled order, other children and everybody else apart.
    pub fn new(persons: &[&ListedPerson], as_of: Option<Date>) -> Self {
        let (mut children, mut others) = (0, 0);
        let number = |person: &&ListedPerson| {
            let counter = if person.role == EffectiveRole::OtherChild { &mut children } else { &mut others };
            let child = matches!(person.role, EffectiveRole::SubjectChild | EffectiveRole::SubjectSource);
            *counter += usize::from(!child);
            (person.role, *counter, person.date_of_birth)
        };
        let persons = persons.iter().map(number).collect();
        Self { persons, children, others, as_of }
    }

    /// Numbers one more person, found in the texts.
    pub fn add(&mut self, role: EffectiveRole) {
        self.others += 1;
        if role == EffectiveRole::UnlistedChild {
            // One number for both series: who is seen to be a child, and later a source, keeps it.
            self.others = self.others.max(self.children + 1);
        }
        self.persons.push((role, self.others, None));
    }

    /// What person `index` was seen to be.
    pub fn set_role(&mut self, index: usize, role: EffectiveRole) {
        if let Some(person) = self.persons.get_mut(index) {
            person.0 = role;
        }
    }

    /// What stands for `meaning` under `action`; never called to keep.
    pub fn of(&self, meaning: Meaning, action: Action, lens: Lens) -> String {
        let person = meaning.person.and_then(|index| self.persons.get(index));
        match meaning.entity {
            Entity::Person => person.map_or_else(
                || "[PERSON]".to_owned(),
                |&(role, number, _)| match role {
                    EffectiveRole::SubjectChild | EffectiveRole::SubjectSource => "[CHILD]".to_owned(),
                    EffectiveRole::OtherChild | EffectiveRole::UnlistedChild => numbered("OTHER CHILD", number),
                    // Police must not learn from the label who told us; safeguarding reads of a source as one.
                    EffectiveRole::Source if lens == Lens::Mash => numbered("SOURCE", number),
                    _ => numbered("PERSON", number),
                },
            ),
            Entity::Dob if action == Action::Generalise => {
                match person.and_then(|&(_, _, born)| age(born?, self.as_of?)) {
                    Some(age) => numbered("AGE", age),
                    None => "[DOB]".to_owned(),
                }
            }
            other => ["[", word(other), "]"].concat(),
        }
    }
}

/// A replacement with a number in it.
fn numbered(word: &str, number: impl ToString) -> String {
    ["[", word, " ", &number.to_string(), "]"].concat()
}

/// `text` with every span that `policy` does not keep under `lens` replaced.
pub(super) fn view(text: &str, spans: &[Span], lens: Lens, policy: &RedactionPolicy, labels: &Labels) -> String {
    part_of_view(text, 0..text.len(), spans, (lens, policy, labels))
}

/// The same for one part of `text`.
pub(super) fn part_of_view(
    text: &str,
    part: Range<usize>,
    spans: &[Span],
    (lens, policy, labels): (Lens, &RedactionPolicy, &Labels),
) -> String {
    let mut out = String::with_capacity(part.len());
    let mut done = part.start;
    let from = spans.partition_point(|span| span.range.start < part.start);
    for span in spans[from..].iter().take_while(|span| span.range.end <= part.end) {
        let (action, meaning) = decided(text, span, lens, policy);
        if action == Action::Keep {
            continue;
        }
        out.push_str(&text[done..span.range.start]);
        out.push_str(&labels.of(meaning, action, lens));
        done = span.range.end;
    }
    out.push_str(&text[done..part.end]);
    out
}

/// `text` without `cuts`, each of which becomes [`WITHHELD`], and otherwise as [`view`] shows it. `cuts` are in order. Also
/// where those replacements begin whose ends touched nothing in `text`: what stands beside them stood free before.
pub(super) fn view_without(
    text: &str,
    cuts: &[Range<usize>],
    shown: impl Fn(Range<usize>) -> String,
) -> (String, Vec<usize>) {
    let mut out = String::with_capacity(text.len());
    let (mut done, mut free) = (0, Vec::new());
    for cut in cuts {
        let part = &text[cut.clone()];
        out.push_str(&shown(done..cut.start));
        done = cut.end;
        let space = part.len() - part.trim_end().len();
        if !part.trim().is_empty() {
            if !touches(text, cut.start) && !touches(text, cut.end) {
                free.push(out.len());
            }
            out.push_str(WITHHELD);
        }
        out.push_str(&part[part.len() - space..]);
    }
    out.push_str(&shown(done..text.len()));
    (out, free)
}

/// The most restrictive action of everything that a span of `text` may denote, and which of its meanings asks for it. Where
/// that is not one person, nobody's: the label must not say of one what may be true of another.
pub(super) fn decided(text: &str, span: &Span, lens: Lens, policy: &RedactionPolicy) -> (Action, Meaning) {
    let own = |meaning: &Meaning| (policy.action(meaning.entity.class(), meaning.role, lens), *meaning);
    let first = Meaning { entity: span.entity, role: EffectiveRole::Unknown, person: None };
    let mut most = span.meanings.first().map_or((Action::Token, first), own);
    for candidate in span.meanings.iter().skip(1).map(own) {
        // Of equals, the span's own kind gives the label.
        let better = candidate.0 > most.0
            || candidate.0 == most.0 && candidate.1.entity == span.entity && most.1.entity != span.entity;
        if better {
            most = candidate;
        }
    }
    if most.1.entity == Entity::Person && span.meanings.len() > 1 {
        let asking = span.meanings.iter().map(own).filter(|(action, _)| *action == most.0).map(|(_, meaning)| meaning);
        most.1 = one_person(&text[span.range.clone()], asking, most.1);
    }
    most
}

/// Who of `asking` is meant by `written`, as far as it can be said; otherwise `most` without a person.
fn one_person(written: &str, asking: impl Iterator<Item = Meaning>, most: Meaning) -> Meaning {
    let first = plain_text(written.split_whitespace().next().unwrap_or_default());
    // Nobody calls the child of a record "Mr".
    let titled = is_title(first.trim_end_matches('.'));
    let is_child =
        |meaning: &Meaning| matches!(meaning.role, EffectiveRole::SubjectChild | EffectiveRole::SubjectSource);
    let mut people: Vec<Meaning> =
        asking.filter(|meaning| meaning.entity == Entity::Person && !(titled && is_child(meaning))).collect();
    people.dedup_by_key(|meaning| meaning.person);
    match people.as_slice() {
        [one] => *one,
        _ => Meaning { person: None, ..most },
    }
}

/// Where replacements already stand in `text`.
pub(super) fn labels_in(text: &str) -> Vec<Range<usize>> {
    let mut labels = Vec::with_capacity(text.len() / 64);
    for (start, _) in text.match_indices('[') {
        let begins = start + 1;
        let inside = text.as_bytes()[begins..].iter().take(LONGEST_LABEL).position(|byte| matches!(byte, b'[' | b']'));
        let end = inside.map_or(begins, |length| begins + length);
        if text.as_bytes().get(end) == Some(&b']') && is_label(&text[begins..end]) {
            labels.push(start..end + 1);
        }
    }
    labels
}

/// No replacement has more inside its brackets.
const LONGEST_LABEL: usize = 40;

/// True for what stands inside the brackets of a replacement, with its number.
fn is_label(inside: &str) -> bool {
    let unnumbered = inside.trim_end_matches(|c: char| c.is_ascii_digit());
    let word_of = match (unnumbered.strip_suffix(' '), inside.len() - unnumbered.len()) {
        (Some(word), 1..=3) => word,
        _ => inside,
    };
    matches!(word_of, "CHILD" | "OTHER CHILD" | "SOURCE" | "AGE" | "WITHHELD")
        || Entity::ALL.iter().any(|&entity| word(entity) == word_of)
}

const fn word(entity: Entity) -> &'static str {
    match entity {
        Entity::Person | Entity::Relationship => "PERSON",
        Entity::Phone => "PHONE",
        Entity::Email => "EMAIL",
        Entity::Handle => "HANDLE",
        Entity::Url => "URL",
        Entity::NhsNumber => "NHS NUMBER",
        Entity::Nino => "NINO",
        Entity::Passport => "PASSPORT",
        Entity::DrivingLicence => "DRIVING LICENCE",
        Entity::BankAccount => "BANK ACCOUNT",
        Entity::Vrm => "VEHICLE REGISTRATION",
        Entity::Postcode => "POSTCODE",
        Entity::Address => "ADDRESS",
        Entity::Dob => "DOB",
        Entity::School => "SCHOOL",
        Entity::Placement => "PLACEMENT",
        Entity::Place => "PLACE",
        Entity::CaseRef => "CASE REFERENCE",
        Entity::Organisation => "NAME REDACTED",
    }
}

fn age(born: Date, on: Date) -> Option<i16> {
    let had_birthday = (on.month(), on.day()) >= (born.month(), born.day());
    let age = on.year() - born.year() - i16::from(!had_birthday);
    (0..=120).contains(&age).then_some(age)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_replacements_are_known_and_other_brackets_are_not() {
        let text = "[[CHILD] [PERSON 12]'s [AGE 14] [PERSON 1234] [child] [] [PHONE ] [NHS NUMBER] [CHILD";
        let found: Vec<&str> = labels_in(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["[CHILD]", "[PERSON 12]", "[AGE 14]", "[NHS NUMBER]"]);
    }
}
