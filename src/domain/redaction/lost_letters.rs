//! Names in which letters were lost between two encodings: a question mark or a replacement character stands for each.

use std::ops::Range;

/// No name is longer.
const LONGEST: usize = 40;

/// The first byte of the replacement character.
const FIRST_OF_REPLACEMENT: u8 = 0xEF;

/// A run of letters with signs for lost ones inside: where it stands, and its letters, `None` for a lost one.
pub(super) struct Damaged {
    /// Bytes of the folded text.
    pub range: Range<usize>,
    /// What is left.
    pub letters: Vec<Option<char>>,
}

/// Every word of `text`, which is folded, that has lost letters.
pub(super) fn damaged(text: &str) -> Vec<Damaged> {
    let mut out: Vec<Damaged> = Vec::new();
    if !text.contains('?') && !text.contains('\u{FFFD}') {
        return out;
    }
    let mut done = 0;
    let may_begin = |(_, byte): &(usize, &u8)| matches!(**byte, b'?' | FIRST_OF_REPLACEMENT);
    for (at, _) in text.as_bytes().iter().enumerate().filter(may_begin) {
        if at < done || !text[at..].starts_with(is_lost) {
            continue;
        }
        let start = text[done..at]
            .rfind(|c: char| !belongs(c))
            .map_or(done, |before| done + before + text[done + before..].chars().next().map_or(1, char::len_utf8));
        let end = text[at..].find(|c: char| !belongs(c)).map_or(text.len(), |length| at + length);
        done = end;
        // A question mark ends a question more often than it stands for a letter.
        let word = text[start..end].trim_end_matches('?');
        let letters: Vec<Option<char>> = word.chars().take(LONGEST + 1).map(|c| (!is_lost(c)).then_some(c)).collect();
        let left = letters.iter().flatten().count();
        if letters.len() <= LONGEST && left >= 3 && left < letters.len() && letters.len() - left <= left {
            out.push(Damaged { range: start..start + word.len(), letters });
        }
    }
    out
}

impl Damaged {
    /// True when `name` may be what was written, also with the "s" of what is somebody's behind it.
    pub fn may_be(&self, name: &[char]) -> bool {
        let same = |letters: &[Option<char>]| {
            letters.len() == name.len() && letters.iter().zip(name).all(|(left, c)| left.is_none_or(|left| left == *c))
        };
        same(&self.letters) || self.letters.split_last().is_some_and(|(last, rest)| *last == Some('s') && same(rest))
    }
}

fn is_lost(c: char) -> bool {
    matches!(c, '?' | '\u{FFFD}')
}

fn belongs(c: char) -> bool {
    c.is_alphabetic() || is_lost(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
        let name: Vec<char> = name.chars().collect();
        damaged(text).into_iter().filter(|word| word.may_be(&name)).map(|word| &text[word.range]).collect()
    }

    #[test]
    fn a_name_is_known_by_the_letters_that_are_left() {
        assert_eq!(found("we met z\u{FFFD}lw there", "zolw"), ["z\u{FFFD}lw"]);
        assert_eq!(found("fran?oise rang", "francoise"), ["fran?oise"]);
        assert_eq!(found("is that fran??ises bag?", "francoises"), ["fran??ises"]);
        assert_eq!(found("\u{FFFD}sa\u{FFFD}el came", "isabel"), ["\u{FFFD}sa\u{FFFD}el"]);
    }

    #[test]
    fn a_question_is_no_lost_letter() {
        assert!(damaged("who? what?? is it jo? a?b ??? why?").is_empty());
        assert!(found("fran?ine", "francoise").is_empty());
    }
}
