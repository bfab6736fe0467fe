//! A finished view as the re-scan sees it: words, and squeezed characters, our own replacements left out.

use std::ops::Range;

use super::{letters::plain, render::labels_in};

/// One view.
pub(super) struct Seen {
    /// Letters and digits.
    pub all: Squeezed,
    /// Digits, runs of them divided by `|`.
    pub digits: Squeezed,
    /// Each word as a range of `all`, and the range of the view that it stands in.
    words: Vec<(Range<usize>, Range<usize>)>,
    /// True while the next letter belongs to the last word.
    open: bool,
}

/// Some of the characters of a view.
#[derive(Default)]
pub(super) struct Squeezed {
    text: String,
    /// For each byte of `text`: where it stands in the view.
    at: Vec<usize>,
}

/// Which beginnings there are, hashed: false says that there is none.
pub(super) struct Beginnings([u64; 64]);

impl Seen {
    /// Reads `text`.
    pub fn new(text: &str) -> Self {
        let all = Squeezed { text: String::with_capacity(text.len()), at: Vec::with_capacity(text.len()) };
        let mut seen =
            Self { all, digits: Squeezed::default(), words: Vec::with_capacity(text.len() / 4), open: false };
        let labels = labels_in(text);
        let mut labels = labels.iter().peekable();
        for (at, c) in text.char_indices() {
            while labels.next_if(|label| label.end <= at).is_some() {}
            if let Some(label) = labels.peek().filter(|label| label.start <= at) {
                // A replacement divides what stands on its sides.
                if label.start == at {
                    seen.all.push('|', at);
                    seen.digits.push('|', at);
                }
                seen.open = false;
                continue;
            }
            if c.is_ascii() {
                seen.put(c.to_ascii_lowercase(), at, at + 1);
                if c.is_ascii_alphabetic() && !seen.digits.text.ends_with('|') {
                    seen.digits.push('|', at);
                }
                continue;
            }
            let mut shown = false;
            plain(c, |part| {
                shown = true;
                seen.put(part, at, at + c.len_utf8());
            });
            if shown && c.is_alphabetic() && !seen.digits.text.ends_with('|') {
                seen.digits.push('|', at);
            }
        }
        seen
    }

    fn put(&mut self, part: char, at: usize, end: usize) {
        if !part.is_alphanumeric() {
            self.open = false;
            return;
        }
        let begins = self.all.text.len();
        self.all.push(part, at);
        if part.is_ascii_digit() {
            self.digits.push(part, at);
        }
        match self.words.last_mut().filter(|_| self.open) {
            Some((word, view)) => {
                word.end = self.all.text.len();
                view.end = end;
            }
            None => self.words.push((begins..self.all.text.len(), at..end)),
        }
        self.open = true;
    }

    /// How many words there are.
    pub fn words(&self) -> usize {
        self.words.len()
    }

    /// Word `at`.
    pub fn word(&self, at: usize) -> &str {
        &self.all.text[self.words[at].0.clone()]
    }

    /// Where in the view `words` stand in a row from word `at` on; the last may carry the s of a possessive.
    pub fn phrase(&self, at: usize, words: &[String]) -> Option<Range<usize>> {
        let here = self.words.get(at..at + words.len())?;
        let last = words.len() - 1;
        let same = words.iter().enumerate().all(|(index, word)| {
            let seen = self.word(at + index);
            seen == word || index == last && seen.strip_suffix('s') == Some(word)
        });
        same.then(|| here[0].1.start..here[last].1.end)
    }
}

impl Squeezed {
    fn push(&mut self, c: char, at: usize) {
        self.text.push(c);
        // One entry a byte.
        self.at.resize(self.text.len(), at);
    }

    /// The characters.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where in the view `value` stands as itself.
    pub fn find(&self, value: &str) -> Vec<Range<usize>> {
        if self.text.len() < value.len() {
            return Vec::new();
        }
        let matches = self.text.match_indices(value);
        matches.filter(|(at, value)| self.stands(*at, value)).map(|(at, value)| self.range(at, value.len())).collect()
    }

    /// False when `value` begins or ends within a number: 4 March is not in 14 March.
    fn stands(&self, at: usize, value: &str) -> bool {
        let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let before = digit(self.text[..at].chars().next_back()) && digit(value.chars().next());
        let after = digit(self.text[at + value.len()..].chars().next()) && digit(value.chars().next_back());
        value.len() == value.bytes().filter(u8::is_ascii_digit).count() && value.len() != 8 || !before && !after
    }

    fn range(&self, from: usize, length: usize) -> Range<usize> {
        self.at[from]..self.at[from + length - 1] + 1
    }
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
