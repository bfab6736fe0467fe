//! A word of a name that stands in two pieces, apart by a space, the end of a line or an apostrophe: "Fern bank House", "Ki t",
//! "Da'Quan". Two ordinary words beside each other are none.

use std::ops::Range;

use super::{
    find::starts_sentence,
    fold::{Casing, Folded},
    form::Entity,
    lexicon::is_english,
    needle::Needle,
    words::{is_function, is_no_word, is_ordinary},
};

/// So many letters have names of which both pieces may be words, if they are not ordinary.
const LONG: usize = 6;

/// Whether what stands before and behind `gap`, which comes after so many bytes of the match, is one word of the name.
pub(super) fn are_one_word(
    folded: &Folded<'_>,
    needle: Needle<'_>,
    squeezed: &Range<usize>,
    (at, gap): (usize, &str),
) -> bool {
    let begins = needle.kind.breaks.iter().take_while(|&end| end < at).last().unwrap_or(0);
    let ends = needle.kind.breaks.iter().find(|&end| end > at).unwrap_or(needle.text.len());
    let (first, last) = (&needle.text[begins..at], &needle.text[at..ends]);
    // A name of several words that all stand there is no chance.
    let alone = needle.kind.breaks.is_empty();
    let is_name = needle.kind.meaning.entity == Entity::Person;
    let place = |offset: usize| folded.to_text(squeezed.start + offset..squeezed.start + offset + 1).start;
    let capital = |offset: usize| folded.is_capital(place(offset));
    match gap {
        "'" => first.len() + last.len() >= 4 && !is_contracted(last),
        " " | "- " | " -" if is_name && !(alone && is_word(first) && is_word(last)) => {
            let written = folded.casing == Casing::Mixed;
            if written { capital(begins) && !capital(at) } else { !is_contracted(first) && !is_contracted(last) }
        }
        " " if first.chars().count() >= 2 && last.chars().count() >= 2 && needle.text.chars().count() >= LONG => {
            let named = folded.casing == Casing::Mixed && capital(begins) && !starts_sentence(folded, place(begins));
            !(alone && is_ordinary(first) && is_ordinary(last)) || named && !is_function(last)
        }
        _ => false,
    }
}

/// True for letters that look like those of a word and are others, or have something unseen between them: nobody writes a word so.
pub(super) fn is_disguised(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let written = &folded.original()[folded.to_original(range.clone())];
    let ascii = |c: char| c.is_ascii() || matches!(c, '\u{2018}' | '\u{2019}');
    written.chars().filter(|&c| !ascii(c)).any(|c| !is_accented(c))
}

/// True for a letter with an accent, as names have.
fn is_accented(c: char) -> bool {
    c.is_alphabetic() && ('\u{c0}'..='\u{24f}').contains(&c)
}

/// "Jordanwas there": the space behind the name was forgotten. A name that is a word, or goes on as another, is none.
pub(super) fn is_run_on(needle: Needle<'_>, behind: &str) -> bool {
    let rest = &behind[..behind.find(|c: char| !c.is_alphanumeric()).unwrap_or(behind.len())];
    needle.kind.meaning.entity == Entity::Person
        && needle.text.chars().count() >= LEAST_RUN_ON
        && matches!(
            rest,
            "and" | "was" | "said" | "says" | "had" | "has" | "who" | "went" | "told" | "came" | "rang" | "with"
        )
}

/// Fewer letters than this with a word behind them may be another name: "Leland".
const LEAST_RUN_ON: usize = 5;

/// "'ll", "'s": what is shortened behind a word of its own.
fn is_contracted(piece: &str) -> bool {
    matches!(piece, "s" | "t" | "d" | "m" | "ll" | "re" | "ve" | "em" | "all" | "clock")
}

/// True for a piece that is a word by itself.
fn is_word(piece: &str) -> bool {
    match piece.chars().count() {
        1 => matches!(piece, "a" | "i" | "o") || !piece.chars().all(char::is_alphabetic),
        2 => !is_no_word(piece),
        _ => is_english(piece) || is_function(piece),
    }
}
