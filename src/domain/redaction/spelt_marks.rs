//! Number plates, postcodes and national insurance numbers that are spelled out: in the radio alphabet ("Tango Alpha seven
//! one ..."), or one sign at a time.

use super::{
    find::Hit,
    form::Entity,
    patterns::unlisted,
    prose::{Letters, Prose, Word},
    words::is_no_word,
};

/// What they consist of: `a` for a letter, `0` for a digit. The longer come first.
const MARKS: [(Entity, &str); 8] = [
    (Entity::Nino, "aa000000a"),
    (Entity::Vrm, "aa00aaa"),
    (Entity::Postcode, "aa000aa"),
    (Entity::Postcode, "aa0a0aa"),
    (Entity::Postcode, "aa00aa"),
    (Entity::Postcode, "a000aa"),
    (Entity::Postcode, "a0a0aa"),
    (Entity::Postcode, "a00aa"),
];

/// So many words of the radio alphabet a postcode has, or a national insurance number, that nothing else tells of.
const FEWEST_OF_RADIO: usize = 2;

/// Adds every one in `prose` of which at least a part is spelled.
pub(super) fn hits(prose: &Prose<'_>, hits: &mut Vec<Hit>) {
    let mut from = 0;
    while from < prose.words.len() {
        let first = &prose.words[from];
        // All of them begin with a letter. Nearly every word is letters alone: more than two, and none of them spelled.
        let begins = |text: &str| stands_for(first, text).or_else(|| text.chars().next());
        let may_begin = first.flags.spells() || first.letters == Letters::Digits || first.range().len() <= 2;
        let may_begin = may_begin && begins(prose.text(from)).is_some_and(|c| !c.is_ascii_digit());
        let found = (may_begin && a_digit_follows(prose, from))
            .then(|| MARKS.iter().find_map(|&(entity, signs)| Some((entity, mark(prose, from, (entity, signs))?))));
        match found.flatten() {
            Some((entity, end)) => {
                let range = prose.words[from].range().start..prose.words[end - 1].range().end;
                hits.push(unlisted(entity, range));
                from = end;
            }
            None => from += 1,
        }
    }
}

/// False where more than two letters come before the next digit: nothing here begins with them.
fn a_digit_follows(prose: &Prose<'_>, from: usize) -> bool {
    let mut letters = 0;
    for (at, word) in prose.words.iter().enumerate().skip(from) {
        let length = word.range().len();
        // A word that is spelled may be a digit, and "x ray" is one letter.
        let may_be_digit = word.flags.spells() || matches!(word.letters, Letters::Digits | Letters::Label);
        if may_be_digit || length == 1 && prose.text(at) == "x" {
            return true;
        }
        letters += length;
        if letters > MOST_LETTERS {
            return false;
        }
    }
    false
}

/// So many letters at most stand before the first digit.
const MOST_LETTERS: usize = 2;

/// The word after the last of what begins at word `from` and consists of `signs`.
fn mark(prose: &Prose<'_>, from: usize, (entity, signs): (Entity, &str)) -> Option<usize> {
    let signs = signs.as_bytes();
    let (mut known, mut spelled, mut radio, mut capitals, mut at) = (0, 0, 0, true, from);
    // "SE two nine one ZH": a word of two letters that is none.
    let mut strange = false;
    while known < signs.len() {
        let word = prose.words.get(at)?;
        // A wrapped line or a comma may stand inside, the end of a sentence not.
        if at > from && word.sentence != prose.words[from].sentence {
            return None;
        }
        let text = prose.text(at);
        // "x-ray" is two words.
        let x_ray = text == "x" && prose.words.get(at + 1).is_some_and(|_| prose.text(at + 1) == "ray");
        let spoken = stands_for(word, text);
        if let Some(sign) = spoken.or(x_ray.then_some('x')) {
            if kind(sign) != Some(signs[known]) {
                return None;
            }
            radio += usize::from(sign.is_ascii_alphabetic());
            spelled += 1;
            known += 1;
            at += usize::from(x_ray);
        } else {
            for c in text.chars() {
                if signs.get(known) != Some(&kind(c)?) {
                    return None;
                }
                known += 1;
            }
            capitals &= word.letters == Letters::Capitals;
            strange |= is_no_word(text);
            spelled += usize::from(text.len() == 1);
        }
        at += 1;
    }
    let enough = match entity {
        // "AC two zero KGL".
        Entity::Vrm => spelled >= 3 || spelled == 2 && (capitals || is_announced(prose, from)),
        _ => spelled >= 3 && (radio >= FEWEST_OF_RADIO || strange),
    };
    enough.then_some(at)
}

/// The letter or digit that `word`, which is written `text`, stands for.
fn stands_for(word: &Word, text: &str) -> Option<char> {
    if word.flags.spells() { spoken(text) } else { None }
}

/// "The reg is", "plate".
fn is_announced(prose: &Prose<'_>, at: usize) -> bool {
    (at.saturating_sub(3)..at)
        .any(|at| matches!(prose.text(at), "reg" | "registration" | "plate" | "vrm" | "index" | "van" | "car"))
}

const fn kind(c: char) -> Option<u8> {
    match c {
        '0'..='9' => Some(b'0'),
        'a'..='z' => Some(b'a'),
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
            "SP five two KLZ",
        ] {
            assert_eq!(found(&format!("The plate was {plate} I think")), [plate.to_lowercase()], "{plate}");
        }
    }

    #[test]
    fn a_postcode_or_an_insurance_number_is_known_in_the_radio_alphabet() {
        for spelled in [
            "november two three eight yankee juliet",
            "sierra echo two nine, four quebec tango",
            "juliet romeo nine seven zero three seven seven delta",
            "se two nine one zh",
        ] {
            assert_eq!(found(&format!("she wrote {spelled} there")), [spelled], "{spelled}");
        }
        for text in ["a one two b c", "the hotel has two or three mike says", "in november two four of us"] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn words_of_the_alphabet_and_short_plates_are_none() {
        for text in [
            "We stayed at the hotel in november with mike",
            "SP52 KLZ",
            "is one two and",
            "a b c 1 2 3",
            "I am 12 and a bit",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
