//! Numbers in every notation: spaced, dotted, in words, with O for 0. Telephones, NHS numbers and bank accounts.

use std::ops::Range;

use super::{
    ascii, cards, dates,
    find::Hit,
    fold::plain_text,
    form::{Entity, ListedValue},
    index::Index,
    needle::{Meaning, Strength},
    patterns::unlisted,
    runs::next_word,
    spoken_digits::{may_be_said, spoken},
};

/// All digits of a text in order, runs of them divided by `|`.
pub(super) struct Digits {
    stream: String,
    /// For each byte of `stream`: where it stands in the text.
    at: Vec<Range<usize>>,
    /// Offsets in `stream` where a group of digits (a token of the text) begins; the end of the stream last.
    groups: Vec<usize>,
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
            "and" if text[token.end..].starts_with(" then ") => {}
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
        let taken_for_digits = word.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'o' | b'l' | b'i'));
        if !taken_for_digits {
            self.divide();
        }
        let mut in_group = false;
        for (offset, c) in word.char_indices() {
            let digit = match c {
                '0'..='9' => Some(c),
                'o' if taken_for_digits => Some('0'),
                'l' | 'i' if taken_for_digits => Some('1'),
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
    fn range(&self, text: &str, from: usize, to: usize) -> Range<usize> {
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
    fn groups_from(&self, index: usize) -> impl Iterator<Item = usize> {
        let run = self.groups[index..].windows(2).take_while(|pair| self.stream.as_bytes()[pair[0]] != b'|');
        run.map(|pair| self.stream[pair[0]..pair[1]].trim_end_matches('|').len())
    }

    fn aligned(&self, offset: usize) -> bool {
        self.groups.binary_search(&offset).is_ok()
    }
}

/// The listed numbers, compiled once per record.
pub(super) struct ListedNumbers {
    index: Index<Meaning>,
}

/// Fewer digits than this are too few to know a number by.
const FEWEST: usize = 6;

impl ListedNumbers {
    /// Compiles the telephone, NHS and bank numbers and the references among `values`.
    pub fn new(values: &[ListedValue]) -> Self {
        let mut numbers = Index::default();
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
            let long_enough = forms.into_iter().filter(|form| form.len() >= FEWEST);
            long_enough.for_each(|digits| numbers.add(std::iter::once(digits.as_str()), meaning));
        }
        Self { index: numbers }
    }

    /// Where listed numbers stand in a folded text.
    pub fn hits(&self, text: &str, digits: &Digits, hits: &mut Vec<Hit>) {
        self.index.everywhere(digits.stream.as_bytes(), |at, number, meaning| {
            let (from, to) = digits.widened(at, at + number.len());
            let (range, meaning) = (digits.range(text, from, to), *meaning);
            hits.push(Hit { range, meaning, strength: Strength::Whole, listed: true });
        });
    }
}

/// Telephones, NHS numbers and cards that nobody listed.
pub(super) fn pattern_hits(text: &str, digits: &Digits, hits: &mut Vec<Hit>) {
    let mut done = 0;
    for (index, &from) in digits.groups.iter().enumerate() {
        if from < done || from >= digits.stream.len() || digits.stream.as_bytes()[from] == b'|' {
            continue;
        }
        // No number is longer; the stream is ASCII.
        let rest = &digits.stream[from..digits.stream.len().min(from + 24)];
        let run = rest.find('|').map_or(rest, |end| &rest[..end]);
        let found = nhs(text, digits, index, run)
            .map(|length| (Entity::NhsNumber, length))
            .or_else(|| cards::length(run, digits.groups_from(index)).map(|length| (Entity::BankAccount, length)))
            .or_else(|| phone(text, digits, from, run).map(|length| (Entity::Phone, length)));
        if let Some((entity, length)) = found {
            done = from + length;
            hits.push(unlisted(entity, digits.range(text, from, done)));
        }
    }
}

/// The length in digits of a telephone number at `from`, which stands at the start of a group.
fn phone(text: &str, digits: &Digits, from: usize, run: &str) -> Option<usize> {
    let plus = text[..digits.at[from].start].ends_with(['+', '(']) && {
        text[..digits.at[from].start].trim_end_matches('(').ends_with('+')
    };
    if dates::stand_at(text, digits.at[from].start) {
        return None;
    }
    let ends = |length: usize| {
        let end = from + length;
        (length <= run.len() && digits.aligned(end) && !slashed(text, digits, from, end)).then_some(length)
    };
    for prefix in ["00440", "0044", "440", "44"] {
        if let Some(national) = run.strip_prefix(prefix)
            && national.starts_with(['1', '2', '7', '8', '3', '5'])
            && (plus || prefix.starts_with('0') || prefix.len() + 10 == run.len())
            && let Some(length) = ends(prefix.len() + 10).or_else(|| ends(prefix.len() + 9))
        {
            return Some(length);
        }
    }
    if plus {
        return (8..=15).rev().find_map(ends);
    }
    // Helplines and public services belong to nobody.
    if ["080", "03", "00"].iter().any(|public| run.starts_with(public)) {
        return None;
    }
    if run.starts_with('0') {
        return ends(11).or_else(|| ends(10));
    }
    (run.starts_with('7') && run.len() == 10).then(|| ends(10)).flatten()
}

/// True when the digits are divided by slashes into short groups, as dates are.
fn slashed(text: &str, digits: &Digits, from: usize, to: usize) -> bool {
    let written = &text[digits.at[from].start..digits.at[to - 1].end];
    written.contains('/') && written.split('/').any(|group| group.bytes().filter(u8::is_ascii_digit).count() < 5)
}

/// Ten digits are an NHS number near the word, or in its grouping with a check digit that fits.
fn nhs(text: &str, digits: &Digits, group: usize, run: &str) -> Option<usize> {
    let from = digits.groups[group];
    if run.len() < 10 || !digits.aligned(from + 10) {
        return None;
    }
    let begins = digits.at[from].start;
    let window = (begins.saturating_sub(40)..=begins).find(|&at| text.is_char_boundary(at)).unwrap_or(begins);
    let near = text[window..begins].contains("nhs");
    let grouped =
        digits.groups.get(group + 1) == Some(&(from + 3)) && digits.groups.get(group + 2) == Some(&(from + 6));
    (near || grouped && check_digit_fits(&run[..10])).then_some(10)
}

fn check_digit_fits(number: &str) -> bool {
    let values: Vec<u32> = number.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = values.iter().zip((2..=10).rev()).map(|(value, weight)| value * weight).sum();
    values.get(9) == Some(&((11 - sum % 11) % 11))
}

/// Runs of letters and digits, as ranges.
fn tokens(text: &str) -> impl Iterator<Item = (Range<usize>, bool)> {
    std::iter::successors(next_word(text, 0), |token| next_word(text, token.end)).map(|token| (token, true))
}

/// Whether digits on both sides of this may be one number.
fn may_join(between: &str) -> bool {
    let joins = |c| {
        matches!(c, ' ' | '.' | '-' | '(' | ')' | '/' | ',' | '_' | '+' | '*' | '[' | ']' | '~' | '\u{b7}' | '\u{2022}')
    };
    between.len() <= 4 && between.chars().all(joins)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(Entity, &str)> {
        let digits = digits(text, tokens(text));
        let mut hits = Vec::new();
        pattern_hits(text, &digits, &mut hits);
        hits.iter().map(|hit| (hit.meaning.entity, &text[hit.range.clone()])).collect()
    }

    #[test]
    fn a_telephone_is_found_in_every_notation() {
        for text in [
            "07700 900123",
            "07700-900-123",
            "07700.900.123",
            "(07700) 900123",
            "+44 7700 900123",
            "+44 (0)7700 900 123",
            "0044 7700 900123",
            "0 7 7 0 0 9 0 0 1 2 3",
            "o77oo 9oo123",
            "07700 900 one two three",
            "07700 900 and then 123",
            "oh seven seven double oh nine double oh one two three",
            "020 7946 0123",
            "7700 900123",
        ] {
            assert_eq!(found(&format!("ring {text}.")), [(Entity::Phone, text)], "{text}");
        }
    }

    #[test]
    fn dates_times_helplines_and_sums_are_no_telephones() {
        for text in ["14/03/2011 10:30", "0800 1111", "101 or 999", "£1,400 and £100", "116 000", "one of the two"] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn an_nhs_number_is_known_by_its_word_or_its_check_digit() {
        assert_eq!(found("nhs number: 999 000 0001"), [(Entity::NhsNumber, "999 000 0001")]);
        assert_eq!(found("seen, 943 476 5919"), [(Entity::NhsNumber, "943 476 5919")]);
        assert_eq!(found("seen, 943 476 5918"), []);
    }

    #[test]
    fn a_listed_number_is_known_by_its_significant_digits() {
        for text in ["07700 900123", "+44 (0)7700 900123", "0044 7700 900 123", "O77OO 900123"] {
            assert_eq!(significant(Entity::Phone, text), "7700900123");
        }
    }
}
