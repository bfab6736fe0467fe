//! The last digits of a listed number, where it is said that a number ends with them: "ends 604", "last four digits are 9 0 0 1".

use super::{
    find::Hit,
    needle::{Meaning, Strength},
    numbers::Digits,
};

/// So few digits end many numbers; so many are found as a number by themselves.
const FEWEST: usize = 3;
const MOST: usize = 5;

/// The words that say so begin at most so many bytes before the digits.
const CUE: usize = 40;

/// Adds where `text`, which is folded, has the last digits of one of `numbers` behind words that say so.
pub(super) fn hits(text: &str, digits: &Digits, numbers: &[(String, Meaning)], hits: &mut Vec<Hit>) {
    if numbers.is_empty() {
        return;
    }
    let mut from = 0;
    for run in digits.stream.split('|') {
        let at = from;
        from += run.len() + 1;
        if !(FEWEST..=MOST).contains(&run.len()) || !is_announced(text, digits.at[at].start) {
            continue;
        }
        let range = digits.range(text, at, at + run.len());
        let ending = numbers.iter().filter(|(number, _)| number.ends_with(run));
        hits.extend(ending.map(|(_, meaning)| Hit {
            range: range.clone(),
            meaning: *meaning,
            strength: Strength::Whole,
            listed: true,
        }));
    }
}

/// "Ending in", "the last four digits of his phone are".
fn is_announced(text: &str, at: usize) -> bool {
    let start = (at.saturating_sub(CUE)..=at).find(|&start| text.is_char_boundary(start)).unwrap_or(at);
    let before = text[start..at].rsplit(['.', '!', '?', ';']).next().unwrap_or_default();
    // "****9143", "...9143", "xxxx9143": the rest of it is not said.
    if ["***", "...", "xxx", "###", "\u{2022}\u{2022}", "___"].iter().any(|sign| before_all(text, at).ends_with(sign)) {
        return true;
    }
    let says = |cue: &&str| before.split(|c: char| !c.is_alphanumeric()).any(|word| word == *cue);
    let ends = ["ends", "ending", "ended", "end", "finishing", "finishes"].iter().any(says);
    let last = ["last", "final"].iter().any(says);
    ends || last && ["digits", "numbers", "figures", "three", "four", "five", "3", "4", "5"].iter().any(says)
}

/// What stands before byte `at`, a space left out.
fn before_all(text: &str, at: usize) -> &str {
    text[..at].trim_end_matches(' ')
}
