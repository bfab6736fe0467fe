//! Numbers in every notation: spaced, dotted, in words, with O for 0. Those that are listed are found by their digits.

use std::ops::Range;

use super::{
    ascii,
    find::Hit,
    fold::plain_text,
    form::{Entity, ListedValue},
    index::Index,
    last_digits,
    needle::{Meaning, Strength},
    runs::next_word,
    spoken_digits::{hesitates, may_be_said, spoken},
};

/// All digits of a text in order, runs of them divided by `|`.
pub(super) struct Digits {
    pub(super) stream: String,
    /// For each byte of `stream`: where it stands in the text.
    pub(super) at: Vec<Range<usize>>,
    /// Offsets in `stream` where a group of digits (a token of the text) begins; the end of the stream last.
    pub(super) groups: Vec<usize>,
}

/// Reads every digit of `text`, which is folded, and its words, each with whether it may have a digit in it.
pub(super) fn digits(text: &str, words: impl Iterator<Item = (Range<usize>, bool)>) -> Digits {
    let (stream, at, groups) = (String::with_capacity(USUAL), Vec::with_capacity(USUAL), Vec::with_capacity(USUAL));
    let mut reader = Digits { stream, at, groups };
    let mut times = 1;
    let mut last_end = 0;
    for (token, numbered) in words {
        let word = &text[token.clone()];
        if (times > 1 || reader.ends_in_digit()) && !may_join(&text[last_end..token.start]) {
            reader.divide();
            times = 1;
        }
        last_end = token.end;
        if !(numbered || may_be_said(word)) {
            reader.divide();
            times = 1;
            continue;
        }
        match word {
            // Said between the digits of a number.
            "then" | "dash" | "hyphen" | "space" | "comma" | "slash" | "stroke" | "minus" => {}
            _ if hesitates(word) => {}
            "and" if text[token.end..].starts_with(" then ") || reader.begins_a_telephone() => {}
            "hundred" if reader.ends_in_digit() => {
                reader.push('0', token.clone());
                reader.push('0', token);
            }
            "thousand" if reader.ends_in_digit() => (0..3).for_each(|_| reader.push('0', token.clone())),
            "plus" => reader.divide(),
            "double" => times = 2,
            "triple" | "treble" => times = 3,
            _ => {
                if let Some(digit) = spoken(word) {
                    reader.groups.push(reader.stream.len());
                    (0..times).for_each(|_| reader.push(digit, token.clone()));
                } else if !reader.token(text, token) {
                    reader.divide();
                }
                times = 1;
            }
        }
    }
    reader.divide();
    reader.groups.push(reader.stream.len());
    reader
}

/// Most texts have no more digits.
const USUAL: usize = 64;

/// "07700 and 900123": so many digits stand before "and", and fewer than a whole number has.
const LEAST_OF_TELEPHONE: usize = 5;
const MOST_OF_TELEPHONE: usize = 10;

/// So many digits has a word of which other letters than "o", "l" and "i" are taken for digits: "90s" is none.
const LEAST_IN_A_MISREAD: usize = 3;

/// The digits that a listed number consists of, without the prefix of a United Kingdom telephone.
pub(super) fn significant(entity: Entity, number: &str) -> String {
    let figures = number.bytes().all(|b| b.is_ascii() && ascii::kind(b) & ascii::LETTER == 0 && b != b'&');
    let mut all = if figures {
        number.to_owned()
    } else {
        let number = plain_text(number);
        digits(&number, tokens(&number)).stream
    };
    all.retain(|c| c.is_ascii_digit());
    if entity != Entity::Phone {
        return all;
    }
    for prefix in ["00440", "0044", "440", "44", "0"] {
        if let Some(rest) = all.strip_prefix(prefix)
            && (9..=10).contains(&rest.len())
        {
            return rest.to_owned();
        }
    }
    all
}

impl Digits {
    fn push(&mut self, digit: char, at: Range<usize>) {
        self.stream.push(digit);
        self.at.push(at);
    }

    fn ends_in_digit(&self) -> bool {
        self.stream.as_bytes().last().is_some_and(u8::is_ascii_digit)
    }

    /// True behind "07700": what comes next may be the rest of it.
    fn begins_a_telephone(&self) -> bool {
        // A longer run is no beginning, and is not read.
        let last = &self.stream[self.stream.len().saturating_sub(MOST_OF_TELEPHONE)..];
        let run = last.rsplit('|').next().unwrap_or_default();
        run.starts_with('0') && (LEAST_OF_TELEPHONE..MOST_OF_TELEPHONE).contains(&run.len())
    }

    #[inline]
    fn divide(&mut self) {
        if self.ends_in_digit() {
            let end = self.at.last().map_or(0, |at| at.end);
            self.groups.push(self.stream.len());
            self.push('|', end..end);
        }
    }

    /// Takes the digits of one token; false if it has none. Digits glued to letters stand apart from what is around.
    fn token(&mut self, text: &str, token: Range<usize>) -> bool {
        let word = &text[token.clone()];
        if !word.bytes().any(|b| b.is_ascii_digit()) {
            return false;
        }
        let figures = word.bytes().filter(u8::is_ascii_digit).count();
        let misread = figures >= LEAST_IN_A_MISREAD && word.len() <= 3 * figures && !word.ends_with("0s");
        let is_taken =
            |b: u8| b.is_ascii_digit() || matches!(b, b'o' | b'l' | b'i') || misread && matches!(b, b's' | b'b');
        let taken_for_digits = word.bytes().all(is_taken);
        if !taken_for_digits {
            self.divide();
        }
        let mut in_group = false;
        for (offset, c) in word.char_indices() {
            let digit = match c {
                '0'..='9' => Some(c),
                'o' if taken_for_digits => Some('0'),
                'l' | 'i' if taken_for_digits => Some('1'),
                's' if taken_for_digits => Some('5'),
                'b' if taken_for_digits => Some('8'),
                _ => None,
            };
            if let Some(digit) = digit {
                if !in_group {
                    self.groups.push(self.stream.len());
                }
                in_group = true;
                self.push(digit, token.start + offset..token.start + offset + 1);
            } else if in_group {
                in_group = false;
                self.divide();
            }
        }
        if !taken_for_digits {
            self.divide();
        }
        true
    }

    /// The range of the text behind digits `from..to`, with the signs that belong to a number before it.
    pub(super) fn range(&self, text: &str, from: usize, to: usize) -> Range<usize> {
        let (mut start, end) = (self.at[from].start, self.at[to - 1].end);
        let closed = text[start..end].contains(')');
        while text[..start].ends_with('+') || closed && text[..start].ends_with('(') {
            start -= 1;
        }
        start..end
    }

    /// Widens `from..to` to whole tokens and takes in a trunk or country prefix before it.
    fn widened(&self, from: usize, to: usize) -> (usize, usize) {
        let bytes = self.stream.as_bytes();
        let glued = |left: usize, right: usize| {
            bytes[left] != b'|' && bytes[right] != b'|' && self.at[left].end >= self.at[right].start
        };
        let (mut start, mut end) = (from, to);
        while start > 0 && glued(start - 1, start) && from - start < 20 {
            start -= 1;
        }
        while end < bytes.len() && glued(end - 1, end) && end - to < 20 {
            end += 1;
        }
        for prefix in ["00440", "0044", "440", "44", "0"] {
            if self.stream[..start].ends_with(prefix) && self.groups.binary_search(&(start - prefix.len())).is_ok() {
                return (start - prefix.len(), end);
            }
        }
        (start, end)
    }

    /// The lengths of the groups of one run, from group `index` on.
    pub(super) fn groups_from(&self, index: usize) -> impl Iterator<Item = usize> {
        let run = self.groups[index..].windows(2).take_while(|pair| self.stream.as_bytes()[pair[0]] != b'|');
        run.map(|pair| self.stream[pair[0]..pair[1]].trim_end_matches('|').len())
    }

    pub(super) fn aligned(&self, offset: usize) -> bool {
        self.groups.binary_search(&offset).is_ok()
    }
}

/// The listed numbers, compiled once per record.
pub(super) struct ListedNumbers {
    index: Index<Meaning>,
    /// Those of which the last digits are known by themselves.
    whole: Vec<(String, Meaning)>,
}

/// Fewer digits than this are too few to know a number by.
const FEWEST: usize = 6;

impl ListedNumbers {
    /// Compiles the telephone, NHS and bank numbers and the references among `values`.
    pub fn new(values: &[ListedValue]) -> Self {
        let (mut numbers, mut whole) = (Index::default(), Vec::new());
        let numeric = |value: &&ListedValue| {
            matches!(value.entity, Entity::Phone | Entity::NhsNumber | Entity::BankAccount | Entity::CaseRef)
        };
        for value in values.iter().filter(numeric) {
            let all = significant(value.entity, value.text.reveal());
            let mut forms = vec![all.clone()];
            if value.entity == Entity::BankAccount && all.len() == 14 {
                forms.extend([all[..6].to_owned(), all[6..].to_owned()]);
            }
            let meaning = Meaning { entity: value.entity, role: value.role, person: None };
            // Of a reference only the number that ends it, behind letters alone.
            let lettered =
                value.text.reveal().trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '/'));
            if value.entity == Entity::CaseRef && lettered.contains(|c: char| c.is_ascii_digit()) {
                continue;
            }
            if value.entity != Entity::CaseRef && all.len() >= FEWEST {
                whole.push((all, meaning));
            }
            let long_enough = forms.into_iter().filter(|form| form.len() >= FEWEST);
            long_enough.for_each(|digits| numbers.add(std::iter::once(digits.as_str()), meaning));
        }
        Self { index: numbers, whole }
    }

    /// Where listed numbers stand in a folded text.
    pub fn hits(&self, text: &str, digits: &Digits, hits: &mut Vec<Hit>) {
        self.index.everywhere(digits.stream.as_bytes(), |at, number, meaning| {
            let (from, to) = digits.widened(at, at + number.len());
            let (range, meaning) = (digits.range(text, from, to), *meaning);
            hits.push(Hit { range, meaning, strength: Strength::Whole, listed: true });
        });
        last_digits::hits(text, digits, &self.whole, hits);
    }
}

/// Runs of letters and digits, as ranges.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = (Range<usize>, bool)> {
    std::iter::successors(next_word(text, 0), |token| next_word(text, token.end)).map(|token| (token, true))
}

/// Whether digits on both sides of this may be one number.
fn may_join(between: &str) -> bool {
    let joins = |c| {
        // Signs of other scripts too, and pictures.
        let other = |c: char| !c.is_ascii() && !c.is_alphanumeric();
        matches!(
            c,
            ' ' | '.' | '-' | '(' | ')' | '/' | ',' | '_' | '+' | '*' | '[' | ']' | '~' | '"' | '\'' | '>' | '|'
        ) || other(c)
    };
    between.len() <= 12 && between.chars().count() <= 5 && between.chars().all(joins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_number_is_known_by_its_significant_digits() {
        for text in ["07700 900123", "+44 (0)7700 900123", "0044 7700 900 123", "O77OO 900123"] {
            assert_eq!(significant(Entity::Phone, text), "7700900123");
        }
    }
}
