//! Listed names that are hidden in a word: "#bringhomejordan", "#jordanisback", "J0rdan", "K3v1n".

use super::{
    find::Hit,
    form::Entity,
    index::Index,
    needle::{Kind, Strength},
    prose::{Letters, Prose},
};

/// Adds every word of `prose` in which a name of `listed` is hidden.
pub(super) fn hits(prose: &Prose<'_>, listed: &Index<Kind>, hits: &mut Vec<Hit>) {
    in_hashtags(prose, listed, hits);
    with_figures(prose, listed, hits);
}

/// Fewer letters than this are part of other words.
const LEAST_IN_A_HASHTAG: usize = 4;

/// Every word behind a number sign that begins or ends with a name.
fn in_hashtags(prose: &Prose<'_>, listed: &Index<Kind>, hits: &mut Vec<Hit>) {
    let text = prose.folded.text.as_str();
    for (sign, _) in text.match_indices('#') {
        let Some(word) = prose.words.get(prose.word_at(sign + 1)).map(|word| word.range()) else { continue };
        if word.start != sign + 1 {
            continue;
        }
        let starts = text[word.clone()].char_indices().map(|(at, _)| word.start + at);
        for at in starts {
            listed.starting(&text.as_bytes()[at..word.end], |name, kind| {
                let begins_or_ends = at == word.start || at + name.len() == word.end;
                // "#FreeTy".
                let apart = at + name.len() == word.end && prose.folded.is_capital(at);
                let long = apart || name.chars().count() >= LEAST_IN_A_HASHTAG;
                if begins_or_ends && long && kind.meaning.entity == Entity::Person {
                    let (range, meaning) = (word.clone(), kind.meaning);
                    hits.push(Hit { range, meaning, strength: Strength::Part, listed: true });
                }
            });
        }
    }
}

/// Fewer letters and figures than this are too few to know a name by.
const LEAST_WITH_FIGURES: usize = 4;

/// Every word that is a name when its figures are read as letters. About half of it at least are letters.
fn with_figures(prose: &Prose<'_>, listed: &Index<Kind>, hits: &mut Vec<Hit>) {
    for at in (0..prose.words.len()).filter(|&at| prose.words[at].letters == Letters::Digits) {
        let text = prose.text(at);
        let figures = text.bytes().filter(u8::is_ascii_digit).count();
        // "07jordan", "jordan07": a number beside a name.
        let beside = text.ends_with(|c: char| c.is_ascii_digit()) && text.starts_with(|c: char| c.is_ascii_digit());
        if text.len() < LEAST_WITH_FIGURES || 2 * figures > text.len() + 1 || beside {
            continue;
        }
        for one in ["i", "l"] {
            let read: String = text.chars().map(|c| letter(c).unwrap_or(c)).collect();
            let read = read.replace('1', one);
            listed.starting(read.as_bytes(), |name, kind| {
                if name == read && kind.meaning.entity == Entity::Person {
                    let (range, meaning) = (prose.words[at].range(), kind.meaning);
                    hits.push(Hit { range, meaning, strength: Strength::Part, listed: true });
                }
            });
        }
    }
}

/// The letter that a figure looks like. One looks like two.
const fn letter(figure: char) -> Option<char> {
    match figure {
        '0' => Some('o'),
        '3' => Some('e'),
        '4' => Some('a'),
        '5' => Some('s'),
        '7' => Some('t'),
        '8' => Some('b'),
        _ => None,
    }
}
