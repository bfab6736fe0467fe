//! A finished view as the re-scan sees it: words, and squeezed characters, our own replacements left out.

use std::ops::Range;

use super::{
    ascii::{self, append},
    breaks::Breaks,
    letters::plain,
    squeezed::offset,
};

/// One view.
pub(super) struct Seen<'v> {
    view: &'v str,
    /// The parts of the view that are none of our replacements.
    parts: Vec<Range<usize>>,
    /// Letters and digits; a `|` where one of our replacements was.
    all: String,
    /// Each word, in order.
    words: Vec<Word>,
}

/// A word: where it begins in `all`, and where in the view it begins and ends. It ends in `all` where the next begins, or a `|`
/// does.
struct Word {
    begins: u32,
    start: u32,
    end: u32,
}

impl Word {
    fn begins(&self) -> usize {
        self.begins as usize
    }

    /// Where it stands in the view.
    fn view(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl<'v> Seen<'v> {
    /// Reads `view`, in which our replacements stand at `labels`.
    pub fn new(view: &'v str, labels: &[Range<usize>]) -> Self {
        let mut parts = Vec::with_capacity(labels.len() + 1);
        let mut done = 0;
        for label in labels {
            parts.push(done..label.start);
            done = label.end;
        }
        parts.push(done..view.len());
        let all = Vec::with_capacity(view.len() + ascii::PIECE);
        let mut words = Words { all, list: Vec::with_capacity(view.len() / 4 + 1) };
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                // A replacement divides what stands on its sides.
                words.all.push(b'|');
            }
            words.read(view, part);
        }
        // Runs of ASCII were taken as they are; everything else came as small letters.
        words.all.make_ascii_lowercase();
        let all = String::from_utf8(words.all).expect("characters were taken whole");
        Self { view, parts, all, words: words.list }
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
        &self.all.as_bytes()[self.words[at].begins()..]
    }

    /// Where in the view the words stand that begin with word `at`, have `length` bytes together and end at `breaks`; the
    /// last may carry the s of a possessive. `None` where the words are others.
    pub fn phrase(&self, at: usize, length: usize, breaks: &Breaks) -> Option<Range<usize>> {
        let begins = self.words[at].begins();
        let last = at + breaks.count();
        let divided = (at + 1..)
            .zip(breaks.iter())
            .all(|(word, offset)| self.words.get(word).is_some_and(|word| word.begins() == begins + offset));
        if !divided {
            return None;
        }
        let rest = &self.all.as_bytes()[begins + length..];
        // Longer than these words: they are divided elsewhere.
        let next = self.words.get(last + 1).map_or(self.all.len(), Word::begins).checked_sub(begins + length)?;
        let ends = |rest: &[u8], next: usize| next == 0 || rest.first() == Some(&b'|');
        let possessive = rest.first() == Some(&b's') && next > 0 && ends(&rest[1..], next - 1);
        (ends(rest, next) || possessive).then(|| self.words[at].view().start..self.words[last].view().end)
    }

    /// How many digits the view has.
    pub fn count_of_digits(&self) -> usize {
        self.all.bytes().filter(u8::is_ascii_digit).count()
    }

    /// The digits of the view.
    pub fn digits(&self) -> Digits {
        let room = 2 * self.count_of_digits();
        let mut digits = Digits { stream: String::with_capacity(room), at: Vec::with_capacity(room) };
        for (number, part) in self.parts.iter().enumerate() {
            if number > 0 {
                digits.push('|', part.start);
            }
            digits.read(self.view, part);
        }
        digits
    }

    /// Where in the view a range of [`all`](Self::all) stands.
    pub fn range(&self, found: &Range<usize>) -> Range<usize> {
        self.place(found.start).start..self.place(found.end - 1).end
    }

    /// Where in the view byte `at` of `all` stands; as near as its word where that is not ASCII.
    fn place(&self, at: usize) -> Range<usize> {
        let after = self.words.partition_point(|word| word.begins() <= at);
        let Some(word) = after.checked_sub(1).map(|number| &self.words[number]) else { return 0..0 };
        if self.view[word.view()].is_ascii() {
            let place = word.view().start + at - word.begins();
            return place..place + 1;
        }
        word.view()
    }
}

/// The words of a view while it is read.
struct Words {
    all: Vec<u8>,
    list: Vec<Word>,
}

impl Words {
    fn read(&mut self, view: &str, part: &Range<usize>) {
        let bytes = &view.as_bytes()[..part.end];
        // True while the next letter belongs to the last word.
        let mut open = false;
        let mut at = part.start;
        while let Some(&byte) = bytes.get(at) {
            if ascii::kind(byte) != 0 {
                let ends = ascii::run(bytes, at).0;
                self.word(at..ends, open);
                append(&mut self.all, bytes, at..ends);
                open = true;
                at = ends;
            } else if byte.is_ascii() {
                open = false;
                at += 1;
            } else {
                let Some(c) = view[at..].chars().next() else { return };
                let ends = at + c.len_utf8();
                plain(c, |part| {
                    let is_word = part.is_alphanumeric();
                    if is_word {
                        self.word(at..ends, open);
                        self.all.extend_from_slice(part.encode_utf8(&mut [0; 4]).as_bytes());
                    }
                    open = is_word;
                });
                at = ends;
            }
        }
    }

    /// What comes next into `all`, and stands at `view`, is of the last word while that is `open`, or begins one.
    #[inline]
    fn word(&mut self, view: Range<usize>, open: bool) {
        match self.list.last_mut().filter(|_| open) {
            Some(word) => word.end = offset(view.end),
            None => self.list.push(Word {
                begins: offset(self.all.len()),
                start: offset(view.start),
                end: offset(view.end),
            }),
        }
    }
}

/// The digits of a view.
pub(super) struct Digits {
    /// Runs of them are divided by `|`.
    pub stream: String,
    /// For each byte of the stream: where it stands in the view.
    at: Vec<usize>,
}

impl Digits {
    fn read(&mut self, view: &str, part: &Range<usize>) {
        let bytes = &view.as_bytes()[..part.end];
        let mut at = part.start;
        while let Some(&byte) = bytes.get(at) {
            if byte.is_ascii_digit() {
                self.push(char::from(byte), at);
                at += 1;
                continue;
            }
            if byte.is_ascii() {
                // Of what stands before the next digit one letter divides, as all of them would.
                let between = &bytes[at..];
                let ends = between.iter().position(|byte| byte.is_ascii_digit() || !byte.is_ascii());
                let between = &between[..ends.unwrap_or(between.len())];
                if between.iter().any(u8::is_ascii_alphabetic) {
                    self.divide(at);
                }
                at += between.len();
                continue;
            }
            let Some(c) = view[at..].chars().next() else { return };
            let mut shown = false;
            plain(c, |part| {
                shown = true;
                if part.is_ascii_digit() {
                    self.push(part, at);
                }
            });
            if shown && c.is_alphabetic() {
                self.divide(at);
            }
            at += c.len_utf8();
        }
    }

    /// Divides the digits that come next from those that came before.
    #[inline]
    fn divide(&mut self, at: usize) {
        if self.stream.as_bytes().last() != Some(&b'|') {
            self.push('|', at);
        }
    }

    fn push(&mut self, digit: char, at: usize) {
        self.stream.push(digit);
        self.at.push(at);
    }

    /// Where in the view a range of the stream stands.
    pub fn range(&self, found: &Range<usize>) -> Range<usize> {
        self.at[found.start]..self.at[found.end - 1] + 1
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
