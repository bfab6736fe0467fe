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
        let mut count = *self;
        for c in text.chars() {
            count.count(OF_ASCII.get(c as usize).copied().unwrap_or_else(|| kind(c)));
        }
        *self = count;
    }

    /// Counts a character of this [kind]. Each is one or none in every respect: nothing here waits for what it is.
    #[inline]
    fn count(&mut self, kind: usize) {
        let begins = kind & !self.in_word & LETTER;
        self.words += begins;
        self.capitalised += begins & kind >> UPPER;
        self.upper += kind >> UPPER & 1;
        self.lower += kind >> LOWER & 1;
        self.in_word = (self.in_word | kind) & kind >> INK & 1;
    }
}

/// What a character is: a letter, and by the places of their bits a capital, a small letter, no white space.
const LETTER: usize = 1;
const UPPER: usize = 1;
const LOWER: usize = 2;
const INK: usize = 3;

fn kind(c: char) -> usize {
    let (upper, lower) = (c.is_uppercase(), c.is_lowercase());
    let letter = upper || lower || c.is_alphabetic();
    usize::from(letter)
        | usize::from(upper) << UPPER
        | usize::from(lower) << LOWER
        | usize::from(!c.is_whitespace()) << INK
}

const OF_ASCII: [usize; 128] = {
    let mut kinds = [0; 128];
    let mut byte = 0_u8;
    while byte < 128 {
        kinds[byte as usize] = match byte {
            b'A'..=b'Z' => LETTER | 1 << UPPER | 1 << INK,
            b'a'..=b'z' => LETTER | 1 << LOWER | 1 << INK,
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
