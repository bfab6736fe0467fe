//! Looks for values by their shape: where a text lacks what every match of a shape needs, the shape is not looked for.

use std::{cell::OnceCell, ops::Range, sync::LazyLock};

use regex::{Regex, RegexSet, RegexSetBuilder, SetMatches};

use super::{
    find::Hit,
    fold::Folded,
    form::Entity,
    marks::Marks,
    patterns::{all, unlisted},
};

/// What a value looks like.
#[derive(Clone)]
pub(super) struct Shape {
    pub entity: Entity,
    pub pattern: Regex,
    /// True where every match holds a digit and is at most [`LONGEST_NUMBERED`] bytes long.
    pub numbered: bool,
    /// Where given, every match lies in a run of such bytes that has this one in it.
    pub run: Option<(u8, Belongs)>,
    /// Where given, every match lies in one of these parts of a text.
    pub around: Option<Around>,
    /// False where the text lacks what every match needs.
    pub may_be: MayBe,
    /// Where given, what [`fits`](Self::fits) asks for in the text before a match: one of these.
    pub cues: &'static [&'static str],
    /// What the pattern cannot say.
    pub fits: Fits,
}

/// True for the bytes that may be part of a match. What is not ASCII belongs, or it does not, with all its bytes.
pub(super) type Belongs = fn(u8) -> bool;
pub(super) type Around = fn(&str) -> Vec<Range<usize>>;
pub(super) type MayBe = fn(&Marks, &str) -> bool;
pub(super) type Fits = fn(&Folded<'_>, &Range<usize>) -> bool;

/// No numbered shape is longer.
const LONGEST_NUMBERED: usize = 24;

static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(all);

/// The numbered of [`SHAPES`], as one search that says which of them there are.
static NUMBERED: LazyLock<RegexSet> = LazyLock::new(|| {
    let numbered = SHAPES.iter().filter(|shape| shape.numbered).map(|shape| shape.pattern.as_str());
    // With less room the search forgets what it has built and begins anew, at random letters and digits over and over.
    let set = RegexSetBuilder::new(numbered).dfa_size_limit(16 << 20).build();
    set.expect("each pattern was compiled by itself before")
});

/// A part of a text around digits.
struct Part {
    at: Range<usize>,
    /// Read only where a shape is there.
    marks: OnceCell<Marks>,
    /// Which numbered shapes are there.
    shapes: SetMatches,
}

impl Part {
    fn of(text: &str, at: Range<usize>) -> Self {
        Self { marks: OnceCell::new(), shapes: NUMBERED.matches(&text[at.clone()]), at }
    }
}

/// Adds every value found by shape in `folded`.
pub(super) fn hits(folded: &Folded<'_>, marks: &Marks, hits: &mut Vec<Hit>) {
    let text = folded.text.as_str();
    let near_digits: Vec<Part> =
        marks.around_digits(text, LONGEST_NUMBERED).into_iter().map(|at| Part::of(text, at)).collect();
    let mut numbers = 0..NUMBERED.len();
    for shape in SHAPES.iter() {
        let number = if shape.numbered { numbers.next() } else { None };
        // A shape that is there costs nothing to see; a cue is searched for.
        let there = number.map(|number| near_digits.iter().filter(move |part| part.shapes.matched(number)));
        let nowhere = there.clone().is_some_and(|mut parts| parts.next().is_none());
        if nowhere || !(shape.may_be)(marks, text) || !shape.is_announced(text) {
            continue;
        }
        if let Some(there) = there {
            // What every match needs lies where the match lies.
            let may_be = there.filter(|part| {
                let here = &text[part.at.clone()];
                (shape.may_be)(part.marks.get_or_init(|| Marks::of(here)), here)
            });
            may_be.for_each(|part| shape.hits(folded, part.at.clone(), hits));
        } else if let Some((sign, belongs)) = shape.run {
            // No match goes past the end of a run, so each is searched as if nothing stood around it.
            runs(text, sign, belongs).for_each(|run| shape.hits(folded, run, hits));
        } else if let Some(around) = shape.around {
            around(text).into_iter().for_each(|part| shape.hits(folded, part, hits));
        } else {
            shape.hits(folded, 0..text.len(), hits);
        }
    }
}

/// The runs of bytes that belong together and have `sign` among them, in order.
fn runs(text: &str, sign: u8, belongs: Belongs) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = done + bytes[done..].iter().position(|&byte| byte == sign)?;
        let before = bytes[done..at].iter().rev().take_while(|&&byte| belongs(byte)).count();
        let behind = bytes[at..].iter().take_while(|&&byte| belongs(byte)).count();
        done = at + behind.max(1);
        Some(at - before..done)
    })
}

impl Shape {
    /// Looks only at runs of bytes that belong together and have `sign` among them.
    pub fn in_runs(self, sign: u8, belongs: Belongs) -> Self {
        Self { run: Some((sign, belongs)), ..self }
    }

    /// Looks only in the parts of a text that `around` gives.
    pub fn around(self, around: Around) -> Self {
        Self { around: Some(around), ..self }
    }

    /// Looks only where one of `cues` is in the text.
    pub fn behind(self, cues: &'static [&'static str]) -> Self {
        Self { cues, ..self }
    }

    fn is_announced(&self, text: &str) -> bool {
        self.cues.is_empty() || self.cues.iter().any(|cue| text.contains(cue))
    }

    fn hits(&self, folded: &Folded<'_>, part: Range<usize>, hits: &mut Vec<Hit>) {
        let text = folded.text.as_str();
        let mut at = 0;
        while let Some(found) = self.pattern.find_at(&text[part.clone()], at) {
            let whole = part.start + found.start()..part.start + found.end();
            let range = trimmed(text, whole.clone());
            if touches_nothing(text, &range, self.entity) && (self.fits)(folded, &range) {
                hits.push(unlisted(self.entity, range));
                at = found.end();
            } else {
                at = found.start() + behind_first_word(&text[whole]);
            }
            if found.is_empty() || at > part.len() {
                break;
            }
        }
    }
}

/// Where in `found`, which is no value, another may begin: behind its first word. Only one that is short is searched again: a
/// long text of nearly values is read once.
fn behind_first_word(found: &str) -> usize {
    if found.len() > LONGEST_NUMBERED {
        return found.len();
    }
    let first = found.chars().next().map_or(1, char::len_utf8);
    found.find(|c: char| !c.is_alphanumeric()).unwrap_or(found.len()).max(first)
}

/// Without the full stop or bracket that ends the sentence around it.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let found = &text[range.clone()];
    range.start..range.start + found.trim_end_matches(['.', ',', ')', ']', ';', ':', '!', '\'', '-']).len()
}

/// True when the value is not the middle of something longer.
fn touches_nothing(text: &str, range: &Range<usize>, entity: Entity) -> bool {
    let joins = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let before = text[..range.start].chars().next_back();
    let open_start = !joins(before) || matches!(entity, Entity::Url);
    open_start && !joins(text[range.end..].chars().next()) && !range.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_value_hides_none_that_begins_in_it() {
        let folded = Folded::new("on 900123 RA?? ??? stood there", Vec::new());
        let mut found = Vec::new();
        hits(&folded, &Marks::of(&folded.text), &mut found);
        let plates = found.iter().filter(|hit| hit.meaning.entity == Entity::Vrm);
        assert_eq!(plates.map(|hit| &folded.text[hit.range.clone()]).collect::<Vec<_>>(), ["ra?? ???"]);
    }

    #[test]
    fn runs_are_told_apart_by_their_sign() {
        let found = |text| runs(text, b'_', |byte| byte == b'_' || byte.is_ascii_lowercase()).collect::<Vec<_>>();
        assert_eq!(found("ab a_b_c ż_ _ d"), [3..8, 11..12, 13..14]);
        assert!(found("").is_empty() && found("ab").is_empty());
    }
}
