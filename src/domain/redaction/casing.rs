//! How a text uses capitals.

use std::ops::Range;

use super::{ascii::is_white, fold::Casing};

/// Share of capitalised words below which capitals say nothing: one word in twenty-five.
const FEW: usize = 25;

/// How `text` uses capitals; `labels` are the ranges of replacements in it, each of which stands for a name.
pub(super) fn casing(text: &str, labels: &[Range<usize>]) -> Casing {
    let mut count = Capitals { capitalised: 2 * labels.len(), ..Capitals::default() };
    let mut done = 0;
    for label in labels {
        count.read(&text[done..label.start]);
        count.in_word = 0;
        done = label.end;
    }
    count.read(&text[done..]);
    if count.capitalised * FEW <= count.words {
        Casing::Lower
    } else if count.lower * 4 < count.upper {
        Casing::Upper
    } else {
        Casing::Mixed
    }
}

#[derive(Default, Clone, Copy)]
struct Capitals {
    words: usize,
    capitalised: usize,
    upper: usize,
    lower: usize,
    /// One inside a word, else none.
    in_word: usize,
}

impl Capitals {
    fn read(&mut self, text: &str) {
        let mut left = text;
        while let Some(first) = left.chars().next() {
            let ascii = left.bytes().position(|byte| !byte.is_ascii()).unwrap_or(left.len());
            self.read_ascii(&left.as_bytes()[..ascii]);
            let read = if ascii > 0 { ascii } else { first.len_utf8() };
            if ascii == 0 {
                let kind = usize::from(kind(first));
                self.upper += kind >> UPPER & 1;
                self.lower += kind >> LOWER & 1;
                self.count(kind);
            }
            left = &left[read..];
        }
    }

    fn read_ascii(&mut self, bytes: &[u8]) {
        // No more than a byte can count: so many are counted at once.
        for piece in bytes.chunks(usize::from(u8::MAX)) {
            let count = |of: fn(&u8) -> bool| usize::from(piece.iter().map(|byte| u8::from(of(byte))).sum::<u8>());
            self.upper += count(u8::is_ascii_uppercase);
            self.lower += count(u8::is_ascii_lowercase);
        }
        let mut count = *self;
        for &byte in bytes {
            count.count(usize::from(OF_ASCII[usize::from(byte)]));
        }
        *self = count;
    }

    /// Counts the word that a character of this [kind] may begin. Each is one or none in every respect: nothing here waits for
    /// what it is.
    #[inline]
    fn count(&mut self, kind: usize) {
        let begins = kind & !self.in_word & LETTER;
        self.words += begins;
        self.capitalised += begins & kind >> UPPER;
        self.in_word = (self.in_word | kind) & kind >> INK & 1;
    }
}

/// What a character is: a letter, and by the places of their bits a capital, a small letter, no white space.
const LETTER: usize = 1;
const UPPER: usize = 1;
const LOWER: usize = 2;
const INK: usize = 3;

fn kind(c: char) -> u8 {
    let (upper, lower) = (c.is_uppercase(), c.is_lowercase());
    let letter = upper || lower || c.is_alphabetic();
    u8::from(letter) | u8::from(upper) << UPPER | u8::from(lower) << LOWER | u8::from(!c.is_whitespace()) << INK
}

/// None for a byte that is not ASCII.
const OF_ASCII: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        kinds[byte as usize] = match byte {
            b'A'..=b'Z' => 1 | 1 << UPPER | 1 << INK,
            b'a'..=b'z' => 1 | 1 << LOWER | 1 << INK,
            _ if is_white(byte) => 0,
            _ => 1 << INK,
        };
        byte += 1;
    }
    kinds
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_say_something_where_some_words_have_them() {
        assert_eq!(casing("We saw Wren there.", &[]), Casing::Mixed);
        assert_eq!(casing("we saw wren there", &[]), Casing::Lower);
        assert_eq!(casing("WE SAW WREN THERE", &[]), Casing::Upper);
        let lower = "we saw [X] there and she went home with them";
        assert_eq!(casing(lower, std::slice::from_ref(&(7..10))), Casing::Mixed, "a replacement stands for a name");
    }
}
