//! Listed values that a text spells: "Sierra Echo four nine Zulu Zulu", "Q X one two A B D".

use std::ops::Range;

use super::{
    find::Hit,
    index::Index,
    needle::{Kind, Rule, Strength},
    prose::Prose,
    spelt_marks::spoken,
};

/// So many signs of a value have to be spelled: one is a word beside it.
const FEWEST: usize = 2;
/// A word of more letters is not a piece of a value that is otherwise spelled.
const LONGEST_PIECE: usize = 4;

/// Adds every value of `listed` that is spelled in `prose`.
pub(super) fn hits(prose: &Prose<'_>, listed: &Index<Kind>, hits: &mut Vec<Hit>) {
    let mut from = 0;
    while from < prose.words.len() {
        let (end, signs) = stretch(prose, from);
        if signs >= FEWEST {
            Run::of(prose, from..end).hits(prose, listed, hits);
        }
        from = end.max(from + 1);
    }
}

/// How far words reach from `from` on in one sentence of which each is a sign, or short enough to be a piece of what they
/// spell; and how many of them are signs.
fn stretch(prose: &Prose<'_>, from: usize) -> (usize, usize) {
    let (mut end, mut signs) = (from, 0);
    while let Some(word) = prose.words.get(end).filter(|word| word.sentence == prose.words[from].sentence) {
        let (spells, length) = (word.flags.spells(), word.range().len());
        if !spells && length > LONGEST_PIECE {
            break;
        }
        signs += usize::from(spells || length == 1);
        end += 1;
    }
    (end, signs)
}

/// What such words spell.
struct Run {
    text: String,
    /// For each word: itself, and where its part of the text ends.
    words: Vec<(usize, usize)>,
    /// How many of the words up to each are signs.
    spelled: Vec<usize>,
}

impl Run {
    fn of(prose: &Prose<'_>, words: Range<usize>) -> Self {
        let mut run = Self { text: String::new(), words: Vec::new(), spelled: Vec::new() };
        let mut signs = 0;
        for at in words {
            let text = prose.text(at);
            let sign = if prose.words[at].flags.spells() { spoken(text) } else { None };
            match sign {
                Some(sign) => run.text.push(sign),
                // "x-ray" is two words.
                None if text == "ray" && run.text.ends_with('x') => {}
                None => run.text.push_str(text),
            }
            signs += usize::from(sign.is_some() || text.len() == 1);
            run.words.push((at, run.text.len()));
            run.spelled.push(signs);
        }
        run
    }

    fn hits(&self, prose: &Prose<'_>, listed: &Index<Kind>, hits: &mut Vec<Hit>) {
        for (first, &(word, _)) in self.words.iter().enumerate() {
            let (begins, signs) = match first.checked_sub(1) {
                Some(before) => (self.words[before].1, self.spelled[before]),
                None => (0, 0),
            };
            listed.starting(&self.text.as_bytes()[begins..], |text, kind| {
                let ends = begins + text.len();
                // "x-ray" ends twice at one place.
                let last = self.words.partition_point(|(_, end)| *end <= ends).checked_sub(1);
                let Some(last) = last.filter(|&last| self.words[last].1 == ends) else { return };
                let whole = kind.rule == Rule::Compact && kind.strength == Strength::Whole;
                if whole && self.spelled[last] - signs >= FEWEST {
                    let range = prose.words[word].range().start..prose.words[self.words[last].0].range().end;
                    hits.push(Hit { range, meaning: kind.meaning, strength: Strength::Whole, listed: true });
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::redaction::{
        find::Finder,
        fold::Folded,
        form::{Entity, Form, ListedValue},
        lexicon::Lexicon,
        needle::needles,
        policy::EffectiveRole,
    };

    fn found(text: &str) -> Vec<String> {
        let value = |entity, text: &str| ListedValue { entity, text: text.into(), role: EffectiveRole::SubjectSource };
        let form = Form {
            values: vec![value(Entity::Postcode, "SE4 9ZX"), value(Entity::Vrm, "QX12 ABD")],
            ..Form::default()
        };
        let lexicon = Lexicon::new(&[], &[]);
        let finder = Finder::new(needles((&[], &[]), &form, &lexicon));
        let folded = Folded::new(text, Vec::new());
        let mut out = Vec::new();
        hits(&Prose::new(&folded, &lexicon), finder.listed(), &mut out);
        out.iter().map(|hit| folded.text[hit.range.clone()].to_owned()).collect()
    }

    #[test]
    fn a_listed_value_is_found_when_it_is_spelled() {
        for spelled in
            ["Sierra Echo four nine Zulu X-ray", "SE four, nine Z X", "Q X one two A B D", "quebec xray 12 a b d"]
        {
            assert_eq!(found(&format!("It is {spelled} I think.")), [spelled.to_lowercase()], "{spelled}");
        }
    }

    #[test]
    fn another_value_and_one_that_is_not_spelled_is_none() {
        for other in ["Sierra Echo four nine Zulu Alpha", "S E 4. 9 Z X", "SE4 9ZX", "one two three"] {
            assert_eq!(found(&format!("It is {other} I think.")), Vec::<String>::new(), "{other}");
        }
    }
}
