//! The number of a house beside a street, however it is written: "Twenty-seven Tallow Lane", "Tallow Lane, no. 27".

use std::ops::Range;

use super::{
    find::Hit,
    form::Entity,
    prose::{Gap, Letters, Prose},
};
use crate::domain::number_words::{TENS, UNITS};

/// Takes the number beside an address into the mention; of one that nobody listed, the number before it.
pub(super) fn hits(prose: &Prose<'_>, hits: &mut [Hit]) {
    for hit in hits.iter_mut().filter(|hit| hit.meaning.entity == Entity::Address) {
        let Range { start, end } = prose.words_on(&hit.range);
        if start >= end {
            continue;
        }
        let sentence = prose.sentence(start).words.clone();
        if let Some(first) = before(prose, sentence.start..start) {
            hit.range.start = prose.words[first].range().start;
        }
        if let Some(last) = behind(prose, end..sentence.end).filter(|_| hit.listed) {
            hit.range.end = prose.words[last].range().end;
        }
    }
}

/// The first word of the number that ends where `words` end.
fn before(prose: &Prose<'_>, words: Range<usize>) -> Option<usize> {
    let joined = |at: usize| matches!(prose.words[at].gap, Gap::Space | Gap::Hyphen | Gap::Comma);
    let number = |at: usize| joined(at + 1) && is_number(prose, at);
    let last = words.end.checked_sub(1).filter(|&at| at >= words.start && number(at))?;
    let mut first = last;
    let said = |at: usize| match prose.text(at) {
        "hundred" | "and" => true,
        "a" => prose.text(at + 1) == "hundred",
        word => UNITS.contains(&word) || TENS.contains(&word),
    };
    let beside = |at: usize| matches!(prose.words[at].gap, Gap::Space | Gap::Hyphen);
    // "One one eight", "a hundred and eighteen": the number is said, and so are the words before it.
    while said(last) && first > words.start && last - first < MOST && beside(first) && said(first - 1) {
        first -= 1;
    }
    // "Jo and four Tallow Lane".
    first += usize::from(matches!(prose.text(first), "and" | "hundred"));
    Some(first.min(last))
}

/// No number of a house has more words before its last: "a hundred and twenty".
const MOST: usize = 4;

/// The last word of the number that begins where `words` begin, after "no." or a comma.
fn behind(prose: &Prose<'_>, words: Range<usize>) -> Option<usize> {
    let first =
        words.clone().next().filter(|&at| matches!(prose.words[at].gap, Gap::Space | Gap::Comma | Gap::Sign))?;
    let said = matches!(prose.text(first), "no" | "nr" | "number" | "num" | "house" | "flat");
    let at = if said { first + 1 } else { first };
    if at >= words.end || !is_number(prose, at) {
        return None;
    }
    let goes_on = |at: usize| at < words.end && matches!(prose.words[at].gap, Gap::Space | Gap::Hyphen);
    let ones = TENS.contains(&prose.text(at)) && goes_on(at + 1) && UNITS.contains(&prose.text(at + 1));
    let last = if ones { at + 1 } else { at };
    // "Tallow Lane, 27, then", and not "Tallow Lane, two nights a week".
    (said || prose.words[at].gap == Gap::Comma && !goes_on(last + 1)).then_some(last)
}

/// True for the number of a house.
fn is_number(prose: &Prose<'_>, at: usize) -> bool {
    let text = prose.text(at);
    prose.words[at].letters == Letters::Digits && text.len() <= 4 || UNITS.contains(&text) || TENS.contains(&text)
}
