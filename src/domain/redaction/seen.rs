//! A finished view as the re-scan sees it: words, and squeezed characters, our own replacements left out.

use std::ops::Range;

use super::{letters::plain, render::labels_in};

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

/// Which beginnings there are, hashed: false says that there is none.
pub(super) struct Beginnings([u64; 64]);

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
            if byte.is_ascii_alphanumeric() {
                let begins = at;
                let mut digits = false;
                while let Some(byte) = bytes.get(at).filter(|byte| byte.is_ascii_alphanumeric()) {
                    digits |= byte.is_ascii_digit();
                    at += 1;
                }
                self.run(begins..at, digits);
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

    /// Word `at`.
    pub fn nth(&self, at: usize) -> &str {
        let end = self.words.get(at + 1).map_or(self.all.len(), |next| next.begins);
        self.all[self.words[at].begins..end].trim_end_matches('|')
    }

    /// Where in the view `words` stand in a row from word `at` on; the last may carry the s of a possessive.
    pub fn phrase(&self, at: usize, words: &[String]) -> Option<Range<usize>> {
        let here = self.words.get(at..at + words.len())?;
        let last = words.len() - 1;
        let same = words.iter().enumerate().all(|(index, word)| {
            let seen = self.nth(at + index);
            seen == word || index == last && seen.strip_suffix('s') == Some(word)
        });
        same.then(|| here[0].view.start..here[last].view.end)
    }

    /// Where in the view `value` stands as itself, among letters and digits.
    pub fn find(&self, value: &str) -> Vec<Range<usize>> {
        let at = |(from, found): (usize, &str)| self.place(from).start..self.place(from + found.len() - 1).end;
        standing(&self.all, value).map(at).collect()
    }

    /// Where in the view `value` stands as itself, among digits.
    pub fn find_digits(&self, value: &str) -> Vec<Range<usize>> {
        let at = |(from, found): (usize, &str)| self.digits_at[from]..self.digits_at[from + found.len() - 1] + 1;
        standing(&self.digits, value).map(at).collect()
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

/// Where `value` stands as itself in `squeezed`.
fn standing<'s>(squeezed: &'s str, value: &'s str) -> impl Iterator<Item = (usize, &'s str)> {
    squeezed.match_indices(value).filter(|(at, value)| stands(squeezed, *at, value))
}

/// False when `value` begins or ends within a number: 4 March is not in 14 March.
fn stands(squeezed: &str, at: usize, value: &str) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let before = digit(squeezed[..at].chars().next_back()) && digit(value.chars().next());
    let after = digit(squeezed[at + value.len()..].chars().next()) && digit(value.chars().next_back());
    value.len() == value.bytes().filter(u8::is_ascii_digit).count() && value.len() != 8 || !before && !after
}

impl Default for Beginnings {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl Beginnings {
    /// Adds what `text` begins with: at most four bytes of it count.
    pub fn add(&mut self, text: &[u8]) {
        let bit = Self::bit(text);
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    /// False when nothing that was added begins like `text`, of which as many bytes are given.
    pub fn may_hold(&self, text: &[u8]) -> bool {
        let bit = Self::bit(text);
        self.0[bit / 64] >> (bit % 64) & 1 == 1
    }

    fn bit(text: &[u8]) -> usize {
        let together = text.iter().take(4).fold(0_u32, |sum, &byte| sum << 8 | u32::from(byte));
        (together.wrapping_mul(0x85EB_CA6B) >> 20) as usize
    }
}
