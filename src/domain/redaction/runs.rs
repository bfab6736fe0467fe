//! Words as runs of letters and digits.

use std::ops::Range;

use super::ascii;

/// What a [run](next_run) that is not all ASCII has besides what [`ascii::kind`] tells.
pub(super) const OTHER: u8 = 128;

/// The next run of letters and digits in `text`.
pub(super) fn next_word(text: &str, from: usize) -> Option<Range<usize>> {
    next_run(text, from).map(|(run, _)| run)
}

/// The same, and which [kinds](ascii::kind) of ASCII and [others](OTHER) are in it.
pub(super) fn next_run(text: &str, from: usize) -> Option<(Range<usize>, u8)> {
    let bytes = text.as_bytes();
    let mut start = from;
    loop {
        let byte = *bytes.get(start)?;
        if ascii::kind(byte) != 0 {
            break;
        }
        if byte.is_ascii() {
            start += 1;
            continue;
        }
        let c = text[start..].chars().next()?;
        if c.is_alphanumeric() {
            break;
        }
        start += c.len_utf8();
    }
    let (mut end, mut kinds) = (start, 0);
    loop {
        let (ends, there) = ascii::run(bytes, end);
        (end, kinds) = (ends, kinds | there);
        if bytes.get(end).is_none_or(u8::is_ascii) {
            return Some((start..end, kinds));
        }
        match text[end..].chars().next().filter(|c| c.is_alphanumeric()) {
            Some(c) => (end, kinds) = (end + c.len_utf8(), kinds | OTHER),
            None => return Some((start..end, kinds)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::ascii::{CAPITAL, DIGIT, LETTER, SMALL},
        *,
    };

    #[test]
    fn a_run_is_known_by_what_is_in_it() {
        let text = "\u{2014} aB1\u{17C}, \u{17C}\u{f3}\u{2019}";
        assert_eq!(next_run(text, 0), Some((4..9, LETTER | SMALL | CAPITAL | DIGIT | OTHER)));
        assert_eq!(next_run(text, 9), Some((11..15, OTHER)));
        assert_eq!((next_run(text, 15), next_word("", 0)), (None, None));
    }
}
