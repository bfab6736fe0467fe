//! Number plates that nobody listed, by their shape, also in part.

use std::ops::Range;

use super::{
    fold::Folded,
    form::Entity,
    lexicon::is_english,
    marks::Marks,
    patterns::{cue, in_capitals, is_letter_or_digit, shape},
    shapes::Shape,
    words::{is_function, is_ordinary},
};

pub(super) fn shapes() -> Vec<Shape> {
    let numbered = |marks: &Marks, _: &str| marks.digits() > 0;
    vec![
        shape(
            Entity::Vrm,
            r"[a-z]{2}[ .-]?[0-9]{2} ?[.-]? ?[a-z]{3}",
            true,
            |marks, _| marks.longest_run() > 1,
            is_current_mark,
        ),
        shape(
            Entity::Vrm,
            r"[a-z]{2}(?:[0-9]o|o[0-9])[ -]?[a-z]{3}",
            true,
            |marks, _| marks.digits() > 0,
            |folded, range| in_capitals(folded, range) || cue(folded, range, VEHICLE),
        ),
        shape(Entity::Vrm, r"[a-z][0-9]{1,3} ?[a-z]{3}|[a-z]{3} ?[0-9]{1,3}[a-z]", true, numbered, is_older_mark),
        shape(Entity::Vrm, r"[a-z]{2}[ -]?[0-9]{2}", true, |marks, _| marks.longest_run() > 1, is_beginning_of_mark),
        // Without a year, or bought for its letters: behind the word alone.
        shape(
            Entity::Vrm,
            r"[a-z]{1,3}[0-9]{1,3} ?[a-z]{1,3}|[a-z]{1,3} ?[0-9]{1,4}|[0-9]{1,4} ?[a-z]{1,3}",
            true,
            numbered,
            |folded, range| in_capitals(folded, range) && follows(folded, range, REG),
        )
        .behind(&["reg", "vrm", "plate"]),
        shape(
            Entity::Vrm,
            r"[a-z]{3}",
            false,
            |_, text| text.contains(" end") || text.contains(" last"),
            is_end_of_mark,
        )
        .behind(ENDS),
        shape(Entity::Vrm, r"[a-z0-9?]{2}[0-9?]{2} ?[a-z?]{3}", false, |marks, _| marks.has(b'?'), is_partial_mark)
            .in_runs(b'?', |byte| matches!(byte, b'?' | b' ') || is_letter_or_digit(byte)),
    ]
}

/// A spaced mark has to be written in capitals where the text uses them: "at 10 the" is none.
fn is_current_mark(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let text = &folded.text[range.clone()];
    let letters_apart = text.as_bytes().get(2) == Some(&b' ') || text.contains('.');
    // "In SE29 and".
    let word = text.rsplit_once(' ').is_some_and(|(_, last)| is_function(last) || is_english(last));
    !letters_apart && !word || in_capitals(folded, range) || !word && cue(folded, range, VEHICLE)
}

fn is_older_mark(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    // A letter, three digits and three letters are hardly anything else.
    let full = folded.text[range.clone()].bytes().filter(u8::is_ascii_alphanumeric).count() == 7;
    in_capitals(folded, range) && (full || cue(folded, range, VEHICLE))
}

/// "A van, QX12 ***", "the reg starts QX12".
fn is_beginning_of_mark(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let behind = folded.text[range.end..].trim_start();
    let unseen = ["**", "xx", "__"].iter().any(|signs| behind.starts_with(signs));
    in_capitals(folded, range) && (unseen && cue(folded, range, VEHICLE) || follows(folded, range, BEGINS))
}

/// "The reg ends in KLM".
fn is_end_of_mark(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let word = &folded.text[range.clone()];
    in_capitals(folded, range)
        && !(is_function(word) || is_english(word) || is_ordinary(word))
        && follows(folded, range, ENDS)
        && cue(folded, range, &["reg", "vrm", "plate", "index"])
}

fn follows(folded: &Folded<'_>, range: &Range<usize>, words: &[&str]) -> bool {
    let before = folded.text[..range.start].trim_end_matches([' ', ':', '"', '\'', '(']);
    words.iter().any(|word| before.ends_with(word))
}

/// With a question mark for what was not seen, and enough that was.
fn is_partial_mark(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let text = &folded.text[range.clone()];
    let unseen = text.matches('?').count();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    unseen > 0 && text.len() - unseen >= 2 && (digits > 0 || unseen >= 3)
}

const BEGINS: &[&str] = &[
    " reg",
    "reg no",
    "reg plate",
    " vrm",
    "registration",
    "number plate",
    "reg starts",
    "reg starting",
    "reg begins",
    "reg beginning",
    "plate starts",
    "plate starting",
    "plate begins",
    "plate beginning",
    "starts with",
    "starting with",
    "begins with",
    "beginning with",
    "partial reg",
    "partial plate",
    "partial vrm",
    " van,",
    " car,",
    " moped,",
    " vehicle,",
];
const REG: &[&str] = &[
    " reg",
    "reg is",
    "reg was",
    "reg no",
    "reg number",
    "reg plate",
    " vrm",
    "registration",
    "registration is",
    " plate",
    "plate is",
    "plate was",
];
const ENDS: &[&str] = &["ends", "ends in", "ends with", "ending", "ending in", "ending with", "last three", "last 3"];

const VEHICLE: &[&str] = &[
    "reg",
    "vrm",
    "plate",
    "car",
    "van",
    "vehicle",
    "saloon",
    "hatchback",
    "moped",
    "bike",
    "driv",
    "drove",
    "estate",
    "taxi",
    "cab",
    "bonnet",
    "boot",
    "parked",
    "lift",
    "transit",
    "collect",
    "picked up",
    "in a",
];
