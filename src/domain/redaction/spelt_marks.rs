//! Number plates that are spelled out: in the radio alphabet ("Tango Alpha seven one ..."), or one sign at a time.

use super::{
    find::Hit,
    form::Entity,
    patterns::unlisted,
    prose::{Letters, Prose},
};

/// What a plate consists of: two letters, two digits, three letters.
const MARK: [Sign; 7] =
    [Sign::Letter, Sign::Letter, Sign::Digit, Sign::Digit, Sign::Letter, Sign::Letter, Sign::Letter];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Letter,
    Digit,
}

/// Adds every plate in `prose` of which at least a part is spelled.
pub(super) fn hits(prose: &Prose<'_>, hits: &mut Vec<Hit>) {
    let mut from = 0;
    while from < prose.words.len() {
        match mark(prose, from) {
            Some(end) => {
                let range = prose.words[from].range().start..prose.words[end - 1].range().end;
                hits.push(unlisted(Entity::Vrm, range));
                from = end;
            }
            None => from += 1,
        }
    }
}

/// The word after the last of the plate that begins at word `from`.
fn mark(prose: &Prose<'_>, from: usize) -> Option<usize> {
    let first = &prose.words[from];
    // Nearly every word is letters alone: more than two, and none of them spelled.
    if !first.flags.spells() && first.letters != Letters::Digits && first.range().len() > 2 {
        return None;
    }
    let (mut known, mut spelled, mut at) = (0, 0, from);
    while known < MARK.len() {
        let word = prose.words.get(at)?;
        // A wrapped line or a comma may stand inside, the end of a sentence not.
        if at > from && word.sentence != prose.words[from].sentence {
            return None;
        }
        let text = prose.text(at);
        // "x-ray" is two words.
        let x_ray = text == "x" && prose.words.get(at + 1).is_some_and(|_| prose.text(at + 1) == "ray");
        let spoken = if word.flags.spells() { spoken(text) } else { None };
        if let Some(sign) = spoken.or(x_ray.then_some('x')) {
            if written(sign) != Some(MARK[known]) {
                return None;
            }
            spelled += 1;
            known += 1;
            at += usize::from(x_ray);
        } else {
            for c in text.chars() {
                if MARK.get(known) != Some(&written(c)?) {
                    return None;
                }
                known += 1;
            }
            spelled += usize::from(text.len() == 1);
        }
        at += 1;
    }
    (spelled >= 3).then_some(at)
}

fn written(c: char) -> Option<Sign> {
    match c {
        '0'..='9' => Some(Sign::Digit),
        'a'..='z' => Some(Sign::Letter),
        _ => None,
    }
}

/// The letter or digit that `word` stands for.
pub(super) fn spoken(word: &str) -> Option<char> {
    let digit = DIGITS.iter().find(|(said, _)| *said == word).map(|(_, digit)| *digit);
    digit.or_else(|| LETTERS.contains(&word).then(|| word.chars().next()).flatten())
}

/// Every word that stands for a letter or a digit.
pub(super) fn spelling() -> impl Iterator<Item = &'static str> {
    DIGITS.iter().map(|(said, _)| *said).chain(LETTERS.iter().copied())
}

const DIGITS: &[(&str, char)] = &[
    ("zero", '0'),
    ("nought", '0'),
    ("one", '1'),
    ("two", '2'),
    ("three", '3'),
    ("four", '4'),
    ("five", '5'),
    ("six", '6'),
    ("seven", '7'),
    ("eight", '8'),
    ("nine", '9'),
    ("niner", '9'),
];

/// Each begins with the letter that it stands for.
const LETTERS: &[&str] = &[
    "alpha", "alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "juliett",
    "kilo", "lima", "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor",
    "whiskey", "whisky", "xray", "yankee", "zulu",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::redaction::{fold::Folded, lexicon::Lexicon};

    fn found(text: &str) -> Vec<String> {
        let folded = Folded::new(text, Vec::new());
        let prose = Prose::new(&folded, &Lexicon::new(&[], &[]));
        let mut out = Vec::new();
        hits(&prose, &mut out);
        out.iter().map(|hit| folded.text[hit.range.clone()].to_owned()).collect()
    }

    #[test]
    fn a_plate_is_known_when_it_is_spelled() {
        for plate in [
            "Sierra Papa five two Kilo Lima Zulu",
            "oscar x-ray zero nine, golf hotel alfa",
            "S P 5 2 K L Z",
            "Sierra Papa 52 Kilo Lima Zulu",
            "SP five two K L Z",
        ] {
            assert_eq!(found(&format!("The plate was {plate} I think")), [plate.to_lowercase()], "{plate}");
        }
    }

    #[test]
    fn words_of_the_alphabet_and_short_plates_are_none() {
        for text in ["We stayed at the hotel in november with mike", "SP52 KLZ", "a b c 1 2 3", "I am 12 and a bit"] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
