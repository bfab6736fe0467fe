//! A finished view as the re-scan sees it: words, and squeezed characters, our own replacements left out.

use std::ops::Range;

use super::{
    ascii::{self, DIGIT},
    letters::plain,
    render::labels_in,
};

/// One view.
pub(super) struct Seen<'v> {
    view: &'v str,
    /// Letters and digits; a `|` where one of our replacements was.
    all: String,
    /// Each word, in order.
    words: Vec<Word>,
    /// Digits, runs of them divided by `|`.
    digits: String,
    /// For each byte of `digits`: where it stands in the view.
    digits_at: Vec<usize>,
    /// True while the next letter belongs to the last word.
    open: bool,
}

/// A word: where it begins in `all`, and the range of the view that it stands in. It ends in `all` where the next begins,
/// or a `|` does.
struct Word {
    begins: usize,
    view: Range<usize>,
}

impl<'v> Seen<'v> {
    /// Reads `view`.
    pub fn new(view: &'v str) -> Self {
        let mut seen = Self {
            view,
            all: String::with_capacity(view.len()),
            words: Vec::with_capacity(view.len() / 4),
            digits: String::new(),
            digits_at: Vec::new(),
            open: false,
        };
        let mut done = 0;
        for label in labels_in(view) {
            seen.read(done..label.start);
            // A replacement divides what stands on its sides.
            seen.all.push('|');
            seen.digit('|', label.start);
            seen.open = false;
            done = label.end;
        }
        seen.read(done..view.len());
        // Runs of ASCII were taken as they are; everything else came as small letters.
        seen.all.make_ascii_lowercase();
        seen
    }

    fn read(&mut self, part: Range<usize>) {
        let view = self.view;
        let bytes = &view.as_bytes()[..part.end];
        let mut at = part.start;
        while let Some(&byte) = bytes.get(at) {
            if ascii::kind(byte) != 0 {
                let (ends, kinds) = ascii::run(bytes, at);
                self.run(at..ends, kinds & DIGIT != 0);
                at = ends;
            } else if byte.is_ascii() {
                self.open = false;
                at += 1;
            } else {
                let Some(c) = view[at..].chars().next() else { return };
                self.character(c, at);
                at += c.len_utf8();
            }
        }
    }

    /// Letters and digits that are ASCII.
    fn run(&mut self, part: Range<usize>, digits: bool) {
        let run = &self.view[part.clone()];
        if digits {
            for (offset, byte) in run.bytes().enumerate() {
                if byte.is_ascii_digit() {
                    self.digit(char::from(byte), part.start + offset);
                } else {
                    self.divide(part.start + offset);
                }
            }
        } else {
            self.divide(part.start);
        }
        self.word(part);
        self.all.push_str(run);
    }

    /// A character that is not ASCII.
    fn character(&mut self, c: char, at: usize) {
        let mut shown = false;
        plain(c, |part| {
            shown = true;
            if !part.is_alphanumeric() {
                self.open = false;
                return;
            }
            if part.is_ascii_digit() {
                self.digit(part, at);
            }
            self.word(at..at + c.len_utf8());
            self.all.push(part);
        });
        if shown && c.is_alphabetic() {
            self.divide(at);
        }
    }

    /// What comes next into `all`, and stands at `view`, is of the last word or begins one.
    fn word(&mut self, view: Range<usize>) {
        match self.words.last_mut().filter(|_| self.open) {
            Some(word) => word.view.end = view.end,
            None => self.words.push(Word { begins: self.all.len(), view }),
        }
        self.open = true;
    }

    fn digit(&mut self, digit: char, at: usize) {
        self.digits.push(digit);
        self.digits_at.push(at);
    }

    /// Divides the digits that come next from those that came before.
    fn divide(&mut self, at: usize) {
        if !self.digits.ends_with('|') {
            self.digit('|', at);
        }
    }

    /// Letters and digits.
    pub fn all(&self) -> &str {
        &self.all
    }

    /// How many words there are.
    pub fn words(&self) -> usize {
        self.words.len()
    }

    /// Letters and digits from word `at` on.
    pub fn from(&self, at: usize) -> &[u8] {
        &self.all.as_bytes()[self.words[at].begins..]
    }

    /// Where in the view the words stand that begin with word `at`, have `length` bytes together and end at `breaks`; the
    /// last may carry the s of a possessive. `None` where the words are others.
    pub fn phrase(&self, at: usize, length: usize, breaks: &[usize]) -> Option<Range<usize>> {
        let begins = self.words[at].begins;
        let last = at + breaks.len();
        let divided = (at + 1..)
            .zip(breaks)
            .all(|(word, offset)| self.words.get(word).is_some_and(|word| word.begins == begins + offset));
        if !divided {
            return None;
        }
        let rest = &self.all.as_bytes()[begins + length..];
        // Longer than these words: they are divided elsewhere.
        let next = self.words.get(last + 1).map_or(self.all.len(), |next| next.begins).checked_sub(begins + length)?;
        let ends = |rest: &[u8], next: usize| next == 0 || rest.first() == Some(&b'|');
        let possessive = rest.first() == Some(&b's') && next > 0 && ends(&rest[1..], next - 1);
        (ends(rest, next) || possessive).then(|| self.words[at].view.start..self.words[last].view.end)
    }

    /// Digits, runs of them divided by `|`.
    pub fn digits(&self) -> &str {
        &self.digits
    }

    /// Where in the view a range of [`all`](Self::all) stands.
    pub fn range(&self, found: &Range<usize>) -> Range<usize> {
        self.place(found.start).start..self.place(found.end - 1).end
    }

    /// Where in the view a range of [`digits`](Self::digits) stands.
    pub fn range_of_digits(&self, found: &Range<usize>) -> Range<usize> {
        self.digits_at[found.start]..self.digits_at[found.end - 1] + 1
    }

    /// Where in the view byte `at` of `all` stands; as near as its word where that is not ASCII.
    fn place(&self, at: usize) -> Range<usize> {
        let after = self.words.partition_point(|word| word.begins <= at);
        let Some(word) = after.checked_sub(1).map(|number| &self.words[number]) else { return 0..0 };
        if self.view[word.view.clone()].is_ascii() {
            let place = word.view.start + at - word.begins;
            return place..place + 1;
        }
        word.view.clone()
    }
}

/// False when a value at `found` begins or ends within a number: 4 March is not in 14 March.
pub(super) fn stands(squeezed: &str, found: &Range<usize>) -> bool {
    let bytes = squeezed.as_bytes();
    let value = &bytes[found.clone()];
    let digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let before = digit(found.start.checked_sub(1).and_then(|at| bytes.get(at))) && digit(value.first());
    let after = digit(bytes.get(found.end)) && digit(value.last());
    value.len() != 8 && value.iter().all(u8::is_ascii_digit) || !before && !after
}
