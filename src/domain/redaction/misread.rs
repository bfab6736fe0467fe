//! Listed marks and postcodes of which signs were misread: "SE8 4PI" and "SEB 4PJ" for SE8 4PJ.

use super::{
    find::Hit,
    form::{Entity, ListedValue},
    needle::{Meaning, Strength, squeezed},
    prose::{Gap, Letters, Prose},
};

/// Fewer signs than this look like too many others.
const FEWEST: usize = 5;

/// What is listed, as it is written and as it looks.
pub(super) struct Misread {
    values: Vec<(String, String, Meaning)>,
}

impl Misread {
    /// The marks and postcodes among `values`.
    pub fn new(values: &[ListedValue]) -> Self {
        let mark = |value: &&ListedValue| matches!(value.entity, Entity::Postcode | Entity::Vrm);
        let known = |value: &ListedValue| {
            let written = squeezed(value.text.reveal());
            let whole = written.len() >= FEWEST && written.is_ascii();
            let meaning = Meaning { entity: value.entity, role: value.role, person: None };
            whole.then(|| (look(&written), written, meaning))
        };
        Self { values: values.iter().filter(mark).filter_map(known).collect() }
    }

    /// Adds what looks like one of them and is written otherwise, in one word or two beside each other. What is listed itself is
    /// no misreading of another.
    pub fn hits(&self, prose: &Prose<'_>, hits: &mut Vec<Hit>) {
        if self.values.is_empty() {
            return;
        }
        let numbered = (0..prose.words.len()).filter(|&at| prose.words[at].letters == Letters::Digits);
        for at in numbered {
            let beside = |at: usize| {
                let word = prose.words.get(at)?;
                matches!(word.gap, Gap::Space | Gap::Hyphen | Gap::Stop).then_some(at)
            };
            let alone = Some(at..at + 1);
            let with_next = beside(at + 1).map(|next| at..next + 1);
            let numbered_before = at.checked_sub(1).filter(|&at| prose.words[at].letters != Letters::Digits);
            let with_last = numbered_before.and_then(|last| beside(at).map(|at| last..at + 1));
            for words in [alone, with_next, with_last].into_iter().flatten() {
                let length: usize = words.clone().map(|at| prose.text(at).len()).sum();
                if self.values.iter().all(|(looks, ..)| looks.len() != length) {
                    continue;
                }
                let mut written = String::with_capacity(length);
                words.clone().for_each(|at| written.push_str(prose.text(at)));
                let range = prose.words[words.start].range().start..prose.words[words.end - 1].range().end;
                hits.extend(self.meant(&written).map(|meaning| Hit {
                    range: range.clone(),
                    meaning,
                    strength: Strength::Whole,
                    listed: true,
                }));
            }
        }
    }

    fn meant(&self, written: &str) -> impl Iterator<Item = Meaning> {
        let listed = self.values.iter().any(|(_, known, _)| known == written);
        let looks = (!listed).then(|| look(written));
        let alike = move |value: &&(String, String, Meaning)| looks.as_ref() == Some(&value.0);
        self.values.iter().filter(alike).map(|(.., meaning)| *meaning)
    }
}

/// `written`, one sign for all that are taken for each other.
fn look(written: &str) -> String {
    let alike = |sign: char| match sign {
        '0' | 'd' | 'q' => 'o',
        '1' | 'l' | 'j' => 'i',
        '2' => 'z',
        '4' => 'a',
        '5' => 's',
        '6' | '9' => 'g',
        '8' => 'b',
        'v' => 'u',
        'm' => 'n',
        sign => sign,
    };
    written.chars().map(alike).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::redaction::{fold::Folded, lexicon::Lexicon, policy::EffectiveRole};

    fn found(text: &str) -> Vec<(String, EffectiveRole)> {
        let value = |entity, text: &str, role| ListedValue { entity, text: text.into(), role };
        let misread = Misread::new(&[
            value(Entity::Postcode, "SE8 4PJ", EffectiveRole::SubjectSource),
            value(Entity::Postcode, "SE8 4PL", EffectiveRole::Suspect),
            value(Entity::Vrm, "QX12 ABD", EffectiveRole::Source),
        ]);
        let folded = Folded::new(text, Vec::new());
        let mut hits = Vec::new();
        misread.hits(&Prose::new(&folded, &Lexicon::new(&[], &[])), &mut hits);
        hits.iter().map(|hit| (folded.text[hit.range.clone()].to_owned(), hit.meaning.role)).collect()
    }

    #[test]
    fn a_sign_that_looks_like_another_is_taken_for_it() {
        let whose = |text: &str| found(text).into_iter().map(|(_, role)| role).collect::<Vec<_>>();
        let both = [EffectiveRole::SubjectSource, EffectiveRole::Suspect];
        for text in ["at SE8 4PI now", "at SEB 4P1 now", "at 5E8 4Pi", "SE84PI.", "se8-api"] {
            assert_eq!(whose(text), both, "{text}");
        }
        assert_eq!(found("a van, OX12 A8D, left"), [("ox12 a8d".to_owned(), EffectiveRole::Source)]);
    }

    #[test]
    fn what_is_listed_and_what_looks_otherwise_is_no_misreading() {
        for text in ["SE8 4PJ", "SE8 4PL", "QX12 ABD", "SE8 4RJ", "SE9 4PJ", "8 4PI", "in 2011 all", "SE8, 4PI"] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
