//! How a text uses capitals.

use std::ops::Range;

use super::fold::Casing;

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
                count.count(b.is_ascii_uppercase(), b.is_ascii_lowercase(), false, matches!(b, b' ' | b'\t'..=b'\r'));
                at += 1;
            } else {
                let Some(c) = text[at..].chars().next() else { break };
                count.count(c.is_uppercase(), c.is_lowercase(), c.is_alphabetic(), c.is_whitespace());
                at += c.len_utf8();
            }
        }
        *self = count;
    }

    fn count(&mut self, upper: bool, lower: bool, other: bool, space: bool) {
        let letter = upper | lower | other;
        let begins = letter & !self.in_word;
        self.words += usize::from(begins);
        self.capitalised += usize::from(begins & upper);
        self.upper += usize::from(upper);
        self.lower += usize::from(lower);
        self.in_word = letter | (self.in_word & !space);
    }
}

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
