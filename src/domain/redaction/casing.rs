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
        count.in_word = false;
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
    in_word: bool,
}

impl Capitals {
    fn read(&mut self, text: &str) {
        let mut count = *self;
        let mut at = 0;
        while let Some(&b) = text.as_bytes().get(at) {
            if b.is_ascii() {
                count.count(OF_ASCII[usize::from(b)]);
                at += 1;
            } else {
                let Some(c) = text[at..].chars().next() else { break };
                let kind = |is: bool, kind: usize| if is { kind } else { 0 };
                let letter = kind(c.is_uppercase(), UPPER) | kind(c.is_lowercase(), LOWER);
                count.count(letter | kind(c.is_alphabetic(), OTHER) | kind(c.is_whitespace(), SPACE));
                at += c.len_utf8();
            }
        }
        *self = count;
    }

    #[inline]
    fn count(&mut self, kind: usize) {
        let letter = kind & (UPPER | LOWER | OTHER) != 0;
        let begins = usize::from(letter & !self.in_word);
        let upper = kind & UPPER;
        self.words += begins;
        self.capitalised += begins & upper;
        self.upper += upper;
        self.lower += usize::from(kind & LOWER != 0);
        self.in_word = letter | (self.in_word & (kind & SPACE == 0));
    }
}

/// What a character is; a letter may be more than one.
const UPPER: usize = 1;
const LOWER: usize = 2;
const OTHER: usize = 4;
const SPACE: usize = 8;

const OF_ASCII: [usize; 128] = {
    let mut kinds = [0; 128];
    let mut byte = 0_u8;
    while byte < 128 {
        kinds[byte as usize] = match byte {
            b'A'..=b'Z' => UPPER,
            b'a'..=b'z' => LOWER,
            _ if is_white(byte) => SPACE,
            _ => 0,
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
