//! Who is mentioned where, in order: the ground on which it is said whose a value is and who told.

use std::ops::Range;

use super::{
    find::Hit,
    form::Entity,
    needle::Strength,
    policy::EffectiveRole,
    prose::{Gap, Prose},
};

/// Somebody, at one place of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    /// The first word.
    pub start: usize,
    /// The word after the last.
    pub end: usize,
    /// What they are.
    pub role: EffectiveRole,
    /// Index of the person.
    pub person: Option<usize>,
}

/// Every mention of a person in `prose`, in order, without overlap.
pub(super) fn named(prose: &Prose<'_>, hits: &[Hit]) -> Vec<Named> {
    let mut found: Vec<(Range<usize>, Strength, Named)> = Vec::with_capacity(hits.len());
    for hit in hits.iter().filter(|hit| hit.meaning.entity == Entity::Person) {
        let Range { start, end } = prose.words_on(&hit.range);
        if start < end {
            let mention = Named { start, end, role: hit.meaning.role, person: hit.meaning.person };
            found.push((start..end, hit.strength, mention));
        }
    }
    found.sort_by(|a, b| {
        (a.0.start, std::cmp::Reverse(a.0.end), std::cmp::Reverse(a.1), a.2.person).cmp(&(
            b.0.start,
            std::cmp::Reverse(b.0.end),
            std::cmp::Reverse(b.1),
            b.2.person,
        ))
    });
    let mut out: Vec<Named> = Vec::with_capacity(found.len());
    for (_, _, mention) in found {
        match out.last_mut() {
            Some(last) if mention.start < last.end => {
                // The same words may be two people: whoever needs more care.
                if mention.start == last.start && mention.end == last.end && is_source(mention.role) {
                    *last = mention;
                }
            }
            // "Ella-Mae" and "Quillfeather" of one person beside each other.
            Some(last)
                if mention.start == last.end
                    && mention.person.is_some()
                    && mention.person == last.person
                    && joined(prose, mention.start) =>
            {
                last.end = mention.end;
            }
            _ => out.push(mention),
        }
    }
    out
}

fn joined(prose: &Prose<'_>, at: usize) -> bool {
    matches!(prose.words[at].gap, Gap::Space | Gap::Hyphen | Gap::Apostrophe)
}

/// True for roles of those who told.
pub(super) const fn is_source(role: EffectiveRole) -> bool {
    matches!(role, EffectiveRole::Source | EffectiveRole::SubjectSource | EffectiveRole::CarerSource)
}

/// True for a source other than the child of the record.
pub(super) const fn is_third_party(role: EffectiveRole) -> bool {
    matches!(role, EffectiveRole::Source | EffectiveRole::CarerSource)
}
