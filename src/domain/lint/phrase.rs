//! Phrases to look for, in a notation that a professional can read and write.
//!
//! | written | means |
//! |---|---|
//! | `foster carer` | these words, in any case and with an s at the end |
//! | `disclos*` | any word that begins so |
//! | `he\|she said` | one of these words, then the next |
//! | `told .. police` | up to three words between |
//! | `=MASH` | this word in capitals only |
//! | `op {Name}` | then a word with a capital |
//! | `{number} pounds` | a number in figures or words |
//! | `{time}` | a time of day to the minute or the hour: 23:40, 3.15pm, 3am |

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use super::tokens::Tokens;
use crate::domain::number_words::{TENS, UNITS};

/// One place in a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Element {
    /// One of these words.
    Words(Vec<Word>),
    /// Up to three words.
    Gap,
    /// A word with a capital.
    Name,
    /// A number.
    Number,
    /// A time of day.
    Time,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    text: String,
    stem: bool,
    capitals: bool,
}

/// Most words that `..` stands for.
const WIDEST_GAP: usize = 3;

/// A phrase was found: whose it is, and the words it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found<O> {
    pub owner: O,
    pub words: Range<usize>,
}

/// Many phrases, each with its owner, found in one walk through a text.
#[derive(Debug, Clone)]
pub(super) struct Phrases<O> {
    list: Vec<(Vec<Element>, O)>,
    /// Phrases by their first word.
    words: HashMap<String, Vec<usize>>,
    /// Phrases by the beginning of their first word.
    stems: HashMap<String, Vec<usize>>,
    stem_lengths: BTreeSet<usize>,
    /// Phrases that begin with a number or a time.
    figures: Vec<usize>,
}

impl<O: Copy + Ord> Phrases<O> {
    /// No phrases.
    pub fn new() -> Self {
        Self {
            list: Vec::new(),
            words: HashMap::new(),
            stems: HashMap::new(),
            stem_lengths: BTreeSet::new(),
            figures: Vec::new(),
        }
    }

    /// Adds the phrase that `text` writes.
    ///
    /// # Errors
    /// What is wrong with the writing.
    pub fn add(&mut self, text: &str, owner: O) -> Result<(), &'static str> {
        let elements = parse(text)?;
        let number = self.list.len();
        match &elements[0] {
            Element::Words(words) => {
                for word in words {
                    let index = if word.stem { &mut self.stems } else { &mut self.words };
                    index.entry(word.text.clone()).or_default().push(number);
                    if word.stem {
                        self.stem_lengths.insert(word.text.len());
                    }
                }
            }
            Element::Number | Element::Time => self.figures.push(number),
            Element::Gap | Element::Name => return Err("begin with a word, a number or a time"),
        }
        self.list.push((elements, owner));
        Ok(())
    }

    /// Every place where a phrase stands, in order; of one owner's that overlap the first, and there the longest.
    pub fn find(&self, tokens: &Tokens<'_>) -> Vec<Found<O>> {
        let mut found: Vec<Found<O>> = Vec::new();
        let mut covered: std::collections::BTreeMap<O, usize> = std::collections::BTreeMap::new();
        let mut here: Vec<(O, usize)> = Vec::new();
        for at in 0..tokens.len() {
            here.clear();
            self.beginning(tokens, at, |number| {
                let (elements, owner) = &self.list[number];
                if let Some(end) = matched(elements, tokens, at, tokens.get(at).sentence) {
                    here.push((*owner, end));
                }
            });
            here.sort_unstable_by_key(|&(owner, end)| (owner, std::cmp::Reverse(end)));
            for &(owner, end) in &here {
                let taken = covered.entry(owner).or_insert(0);
                if *taken <= at {
                    *taken = end;
                    found.push(Found { owner, words: at..end });
                }
            }
        }
        found
    }

    /// Every phrase that may begin with word `at`.
    fn beginning(&self, tokens: &Tokens<'_>, at: usize, mut candidate: impl FnMut(usize)) {
        let word = tokens.word(at);
        let mut all =
            |numbers: Option<&Vec<usize>>| numbers.into_iter().flatten().for_each(|&number| candidate(number));
        all(self.words.get(word));
        if let Some(one) = word.strip_suffix('s').filter(|one| one.len() > 2) {
            all(self.words.get(one));
        }
        for stem in self.stem_lengths.iter().filter_map(|&length| word.get(..length)) {
            all(self.stems.get(stem));
        }
        if is_number(word) {
            all(Some(&self.figures));
        }
    }
}

/// Reads a phrase.
fn parse(text: &str) -> Result<Vec<Element>, &'static str> {
    let elements = text.split_whitespace().map(element).collect::<Result<Vec<_>, _>>()?;
    if elements.is_empty() {
        return Err("a phrase has at least one word");
    }
    if elements.iter().filter(|element| **element == Element::Gap).count() > 2 {
        return Err("a phrase has at most two `..`");
    }
    if elements.last() == Some(&Element::Gap) {
        return Err("a phrase does not end with `..`");
    }
    Ok(elements)
}

fn element(text: &str) -> Result<Element, &'static str> {
    match text {
        ".." => return Ok(Element::Gap),
        "{Name}" => return Ok(Element::Name),
        "{number}" => return Ok(Element::Number),
        "{time}" => return Ok(Element::Time),
        _ => {}
    }
    let mut words = Vec::new();
    for text in text.split('|') {
        let (capitals, rest) = text.strip_prefix('=').map_or((false, text), |rest| (true, rest));
        let (stem, rest) = rest.strip_suffix('*').map_or((false, rest), |rest| (true, rest));
        let tokens = Tokens::new(rest);
        if tokens.len() != 1 || rest.contains(['{', '}', '*', '=']) {
            return Err("write words apart, without hyphens; `{Name}`, `{number}` and `{time}` stand alone");
        }
        if stem && tokens.word(0).len() < 3 {
            return Err("write at least three letters before `*`");
        }
        words.push(Word { text: tokens.word(0).to_owned(), stem, capitals });
    }
    Ok(Element::Words(words))
}

/// One past the last word of `elements` where they stand from word `at` on, all in `sentence`.
fn matched(elements: &[Element], tokens: &Tokens<'_>, at: usize, sentence: usize) -> Option<usize> {
    let Some((first, rest)) = elements.split_first() else { return Some(at) };
    if *first == Element::Gap {
        return (0..=WIDEST_GAP).find_map(|skip| matched(rest, tokens, at + skip, sentence));
    }
    // A phrase is of one sentence.
    if at >= tokens.len() || tokens.get(at).sentence != sentence {
        return None;
    }
    let end = match first {
        Element::Words(words) => words.iter().any(|word| stands(word, tokens, at)).then_some(at + 1),
        Element::Name => tokens.get(at).capital.then_some(at + 1),
        Element::Number => is_number(tokens.word(at)).then(|| end_of_number(tokens, at)),
        Element::Time => end_of_time(tokens, at),
        Element::Gap => None,
    }?;
    matched(rest, tokens, end, sentence)
}

fn stands(word: &Word, tokens: &Tokens<'_>, at: usize) -> bool {
    let seen = tokens.word(at);
    let same = match word.stem {
        true => seen.starts_with(&word.text),
        false => seen == word.text || word.text.len() > 2 && seen.strip_suffix('s') == Some(&word.text),
    };
    same && (!word.capitals || tokens.get(at).capitals)
}

/// True for a number in figures or in words.
pub(super) fn is_number(word: &str) -> bool {
    let large = matches!(word, "hundred" | "thousand" | "hundreds");
    // Nought counts nothing.
    large || word.starts_with(|c: char| c.is_ascii_digit()) || UNITS[1..].contains(&word) || TENS.contains(&word)
}

/// 1,200.50 and "two hundred and fifty" are one number.
fn end_of_number(tokens: &Tokens<'_>, at: usize) -> usize {
    let figures = |at: usize| tokens.word(at).starts_with(|c: char| c.is_ascii_digit());
    let mut end = at + 1;
    while end < tokens.len() && end - at < 6 {
        let joined = figures(end - 1) && figures(end) && matches!(tokens.gap(end - 1), "," | ".");
        let spoken = !figures(end) && is_number(tokens.word(end)) && tokens.gap(end - 1).len() < 2;
        if !joined && !spoken {
            break;
        }
        end += 1;
    }
    end
}

/// 23:40, 3.15pm, 3am, 3 am, 1530hrs.
fn end_of_time(tokens: &Tokens<'_>, at: usize) -> Option<usize> {
    let (hour, after) = figures(tokens.word(at))?;
    let half = |word: &str| matches!(word, "am" | "pm" | "hrs" | "hours");
    let later = |at: usize| tokens.len() > at && half(tokens.word(at)) && tokens.gap(at - 1).len() < 2;
    match after {
        "am" | "pm" if hour <= 12 => return Some(at + 1),
        "hrs" | "hours" if hour <= 2400 && tokens.word(at).len() > 4 => return Some(at + 1),
        "" if hour <= 12 && later(at + 1) && tokens.word(at + 1).ends_with('m') => return Some(at + 2),
        "" if hour <= 24 => {}
        _ => return None,
    }
    let sign = tokens.gap(at);
    let (minute, after) = figures(tokens.nth(at + 1)?)?;
    let two = tokens.word(at + 1).bytes().take_while(u8::is_ascii_digit).count() == 2;
    if !two || minute > 59 || !matches!(sign, ":" | ".") {
        return None;
    }
    let spoken = half(after) || after.is_empty() && later(at + 2);
    let end = if after.is_empty() && later(at + 2) { at + 3 } else { at + 2 };
    // 3.15 alone may be a number; 3:15 is a time, and so is "at 3.15".
    let said = at.checked_sub(1).is_some_and(|before| matches!(tokens.word(before), "at" | "until" | "by" | "from"));
    ((after.is_empty() && (sign == ":" || said)) || spoken).then_some(end)
}

/// The figures that a word begins with, and what follows them.
fn figures(word: &str) -> Option<(u32, &str)> {
    let length = word.bytes().take_while(u8::is_ascii_digit).count();
    (1..=4).contains(&length).then(|| word[..length].parse().ok().map(|number| (number, &word[length..])))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(phrase: &str, text: &str) -> Vec<String> {
        let mut phrases = Phrases::new();
        phrases.add(phrase, 0_u8).unwrap();
        let tokens = Tokens::new(text);
        phrases.find(&tokens).into_iter().map(|found| text[tokens.bytes(&found.words)].to_owned()).collect()
    }

    #[test]
    fn words_are_found_in_any_case_and_number() {
        assert_eq!(
            finds("foster carer", "Her FOSTER-CARERS rang; the foster carer's car."),
            ["FOSTER-CARERS", "foster carer's"]
        );
        assert_eq!(finds("disclos*", "Disclosed, a disclosure, closed"), ["Disclosed", "disclosure"]);
        assert_eq!(finds("he|she said", "She said. They said. He saw"), ["She said"]);
        assert_eq!(
            finds("told .. social worker", "told her new social worker, told. Social worker"),
            ["told her new social worker"]
        );
        assert_eq!(finds("i saw", "Is saw"), Vec::<String>::new(), "short words have no plural");
    }

    #[test]
    fn capitals_count_where_they_are_asked_for() {
        assert_eq!(finds("=MASH", "MASH says mash and Mash"), ["MASH"]);
        assert_eq!(
            finds("op|operation {Name}", "op Aegis, Operation Yewtree, an operation went"),
            ["op Aegis", "Operation Yewtree"]
        );
    }

    #[test]
    fn numbers_and_times() {
        assert_eq!(finds("£ {number}", "gave £40, then £1,250.50 and £"), ["£40", "£1,250.50"]);
        assert_eq!(
            finds("{number} pounds|quid", "forty quid, two hundred pounds, 60 pounds, a quid"),
            ["forty quid", "two hundred pounds", "60 pounds"]
        );
        assert_eq!(
            finds("{time}", "at 23:40, 3.15pm, 3am, 11 pm, 1530hrs; 3.15 km, 40, 25:10, flat 3"),
            ["23:40", "3.15pm", "3am", "11 pm", "1530hrs"]
        );
    }

    #[test]
    fn what_is_no_phrase_is_told() {
        let add = |phrase: &str| Phrases::new().add(phrase, 0_u8).is_err();
        for phrase in [
            "",
            " ",
            "..",
            ".. word",
            "word ..",
            "{Name} said",
            "{shoe}",
            "foster-carer",
            "a*",
            "a|",
            "*",
            "a .. b .. c .. d",
        ] {
            assert!(add(phrase), "{phrase}");
        }
    }

    #[test]
    fn hostile_text_takes_no_longer_than_its_length() {
        let mut phrases = Phrases::new();
        for phrase in ["a .. a .. b", "{number} .. {number} x", "aaa* b"] {
            phrases.add(phrase, 0_u8).unwrap();
        }
        for text in ["a ".repeat(200_000), "1 ".repeat(200_000), "a".repeat(400_000)] {
            assert!(phrases.find(&Tokens::new(&text)).is_empty());
        }
    }
}
