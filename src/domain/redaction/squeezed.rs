//! The letters and digits of a folded text without what stands between them, and where something may begin in them.

use std::ops::Range;

use super::{
    ascii::{CAPITAL, DIGIT, PIECE, SMALL, append},
    runs::{OTHER, next_run},
};

/// A squeezed text.
#[derive(Default)]
pub(super) struct Squeezed {
    /// Its letters and digits.
    bytes: Vec<u8>,
    /// For each of `bytes`: its byte in the text.
    at: Vec<u32>,
    runs: Vec<Run>,
    /// Where in `bytes` something may begin, in order.
    beginnings: Vec<u32>,
    /// Where in `bytes` a capital follows a small letter, in order: a word may begin there.
    humps: Vec<u32>,
}

/// Letters and digits of the text without anything between them.
struct Run {
    start: u32,
    end: u32,
    numbered: bool,
}

/// With such a byte and above begins a character of several.
const FIRST_OF_SEVERAL: u8 = 0xC0;

impl Squeezed {
    /// Squeezes `text`, which is folded but for capitals of ASCII. `follows` says whether byte `at` of it was written right
    /// behind the byte before.
    pub fn new(text: &str, follows: impl Fn(usize) -> bool) -> Self {
        let mut out = Self {
            bytes: Vec::with_capacity(text.len() + PIECE),
            at: Vec::with_capacity(text.len() + PIECE),
            runs: Vec::with_capacity(text.len() / 4),
            beginnings: Vec::with_capacity(text.len() / 4),
            humps: Vec::new(),
        };
        let mut done = 0;
        while let Some((run, kinds)) = next_run(text, done) {
            done = run.end;
            out.beginnings.push(offset(out.bytes.len()));
            if kinds & (DIGIT | OTHER) != 0 || kinds & (CAPITAL | SMALL) == CAPITAL | SMALL {
                out.begin_inside(&text.as_bytes()[run.clone()], |at| follows(run.start + at));
            }
            append(&mut out.bytes, text.as_bytes(), run.clone());
            let (start, end) = (offset(run.start), offset(run.end));
            append_places(&mut out.at, start, run.len());
            out.runs.push(Run { start, end, numbered: kinds & DIGIT != 0 });
        }
        out.bytes.make_ascii_lowercase();
        out
    }

    /// Adds where something may begin inside `run`, which comes next.
    fn begin_inside(&mut self, run: &[u8], follows: impl Fn(usize) -> bool) {
        for at in 1..run.len() {
            let (before, byte) = (run[at - 1], run[at]);
            let place = offset(self.bytes.len() + at);
            let hump = before.is_ascii_lowercase() && byte.is_ascii_uppercase() && follows(at);
            if hump {
                self.humps.push(place);
            }
            if hump || before.is_ascii_digit() || byte >= FIRST_OF_SEVERAL {
                self.beginnings.push(place);
            }
        }
    }

    /// The runs of letters and digits of the text, in order: where each stands, and whether a digit of ASCII is in it.
    pub fn runs(&self) -> impl ExactSizeIterator<Item = (Range<usize>, bool)> {
        self.runs.iter().map(|run| (run.start as usize..run.end as usize, run.numbered))
    }

    /// Its letters and digits.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where something may begin: at the beginning of a word, after a digit, at a [hump](Self::is_hump), and in scripts that
    /// are written without spaces anywhere.
    pub fn beginnings(&self) -> impl Iterator<Item = usize> {
        self.beginnings.iter().map(|&at| at as usize)
    }

    /// True when byte `at` is a capital behind a small letter.
    pub fn is_hump(&self, at: usize) -> bool {
        !self.humps.is_empty() && self.humps.binary_search(&offset(at)).is_ok()
    }

    /// Where byte `at` stands in the text.
    pub fn place(&self, at: usize) -> Option<usize> {
        self.at.get(at).map(|&place| place as usize)
    }

    /// The range behind `squeezed` in the text, which is `length` bytes long.
    pub fn behind(&self, squeezed: &Range<usize>, length: usize) -> Range<usize> {
        let start = self.place(squeezed.start).unwrap_or(length);
        let end = squeezed.end.checked_sub(1).and_then(|last| self.place(last)).map_or(start, |last| last + 1);
        start..end
    }
}

/// Adds the `length` places from `start` on. As [`append`] does: a piece of a fixed size at once.
#[inline]
fn append_places(out: &mut Vec<u32>, start: u32, length: usize) {
    let end = out.len() + length;
    let mut next = start;
    while out.len() < end {
        let piece: [u32; PIECE] = std::array::from_fn(|at| next.wrapping_add(at as u32));
        out.extend_from_slice(&piece);
        next = next.wrapping_add(PIECE as u32);
    }
    out.truncate(end);
}

/// A place in a text, in half the room: no text has four gigabytes.
pub(super) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn something_begins_with_words_digits_humps_and_letters_without_spaces() {
        let squeezed = Squeezed::new("jo MacEllie, 4b-c \u{645}\u{62f}x", |_| true);
        assert_eq!(squeezed.bytes(), "jomacellie4bc\u{645}\u{62f}x".as_bytes());
        assert_eq!(squeezed.beginnings().collect::<Vec<_>>(), [0, 2, 5, 10, 11, 12, 13, 15]);
        assert_eq!(squeezed.runs().collect::<Vec<_>>()[1..3], [(3..11, false), (13..15, true)]);
        assert!(squeezed.is_hump(5) && !squeezed.is_hump(2));
        assert_eq!((squeezed.place(2), squeezed.place(18)), (Some(3), None));
        assert_eq!((squeezed.behind(&(1..3), 24), squeezed.behind(&(18..19), 24)), (1..4, 24..24));
        assert!(!Squeezed::new("aB", |_| false).is_hump(1));
    }
}
