//! The first letters of a listed name: "J.P.", "JP", "J/P", "j.p.".

use std::ops::Range;

use super::{
    find::gaps,
    fold::{Casing, Folded},
    needle::Needle,
    words::{is_function, is_ordinary},
};

/// Initials count when written as capitals, or with points or a stroke.
pub(super) fn stand(
    folded: &Folded<'_>,
    needle: Needle<'_>,
    squeezed: &Range<usize>,
    range: Range<usize>,
) -> Option<Range<usize>> {
    let mut points = 0;
    let mut spaces = 0;
    let mut strokes = 0;
    for (_, gap) in gaps(folded, squeezed) {
        match gap {
            "" => {}
            "." | ". " | ".-" => points += 1,
            "/" | " / " => strokes += 1,
            " " | "-" => spaces += 1,
            _ => return None,
        }
    }
    let end_point = folded.after(range.end) == Some('.') && points > 0;
    let capitals = range.clone().all(|at| {
        !folded.text.is_char_boundary(at)
            || folded.after(at).is_none_or(|c| !c.is_alphabetic())
            || folded.is_capital(at)
            || at + 1 == range.end && folded.after(at) == Some('s')
    });
    let counts = if points > 0 || strokes > 0 {
        // "j.p.", "j/p": written small by somebody in a hurry.
        let small = if strokes > 0 { points == 0 } else { end_point };
        (capitals || small && !SHORTENED.contains(&needle.text)) && !is_in_a_chain(folded, &range, strokes > 0)
    } else {
        let after_number = folded.text[..range.start].trim_end().ends_with(|c: char| c.is_ascii_digit());
        capitals
            && !after_number
            && (spaces == 0 || folded.casing == Casing::Mixed)
            && (folded.casing == Casing::Mixed || !is_function(needle.text) && !is_family_or_unit(needle.text))
    };
    counts.then_some(range.start..range.end + usize::from(end_point))
}

/// "A/C/D", "1/J/P": more than the letters of one name.
fn is_in_a_chain(folded: &Folded<'_>, range: &Range<usize>, strokes: bool) -> bool {
    strokes && (folded.before(range.start) == Some('/') || folded.after(range.end) == Some('/'))
}

/// What is shortened to its letters, with points or a stroke, and names nobody.
const SHORTENED: &[&str] = &[
    "ac", "ad", "am", "bc", "bf", "bw", "ca", "cc", "co", "cv", "dc", "dj", "dv", "ed", "eg", "er", "et", "fa", "ff",
    "fm", "gf", "gp", "hq", "hr", "hs", "ib", "id", "ie", "im", "io", "iq", "it", "km", "la", "lp", "mf", "mh", "mr",
    "ms", "na", "nb", "no", "np", "ns", "pa", "pc", "pe", "pm", "pp", "ps", "pt", "pw", "qa", "ra", "re", "rt", "sb",
    "sh", "st", "sw", "ta", "tb", "td", "tv", "uk", "un", "us", "vs", "wb", "wc", "we", "wo", "xl", "yo",
];

/// Two letters that an all-capital text has for other reasons.
fn is_family_or_unit(letters: &str) -> bool {
    letters.len() == 2
        && is_ordinary(letters)
        && matches!(letters, "ok" | "pm" | "tv" | "uk" | "re" | "mr" | "ms" | "dr" | "pc")
}
