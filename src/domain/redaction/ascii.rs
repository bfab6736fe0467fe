//! Which bytes are letters and digits: nearly every byte of a text is ASCII, and every one is asked.

use std::ops::Range;

/// A letter of ASCII.
pub(super) const LETTER: u8 = 1;
/// A digit of ASCII.
pub(super) const DIGIT: u8 = 2;
/// A [letter](LETTER) that is a capital.
pub(super) const CAPITAL: u8 = 4;
/// A [letter](LETTER) that is small.
pub(super) const SMALL: u8 = 8;

const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        kinds[byte as usize] = match byte {
            b'a'..=b'z' => LETTER | SMALL,
            b'A'..=b'Z' => LETTER | CAPITAL,
            b'0'..=b'9' => DIGIT,
            _ => 0,
        };
        byte += 1;
    }
    kinds
};

/// Whether `byte` is a [letter](LETTER), and of which case, or a [digit](DIGIT) of ASCII; 0 for any other.
#[inline]
pub(super) const fn kind(byte: u8) -> u8 {
    KINDS[byte as usize]
}

/// Where the run of letters and digits of ASCII ends that begins at `from`, and which kinds are in it.
#[inline]
pub(super) fn run(bytes: &[u8], from: usize) -> (usize, u8) {
    let mut kinds = 0;
    for (at, &byte) in bytes[from..].iter().enumerate() {
        match kind(byte) {
            0 => return (from + at, kinds),
            kind => kinds |= kind,
        }
    }
    (bytes.len(), kinds)
}

/// So many bytes are copied at once.
pub(super) const PIECE: usize = 16;

/// Adds `run` of `bytes` to `out`. Nearly every run is short: it is copied with what stands behind it, which is dropped again, and
/// nothing waits for its length.
#[inline]
pub(super) fn append(out: &mut Vec<u8>, bytes: &[u8], run: Range<usize>) {
    match bytes[run.start..].first_chunk::<PIECE>() {
        Some(piece) if run.len() <= PIECE => {
            let end = out.len() + run.len();
            out.extend_from_slice(piece);
            out.truncate(end);
        }
        _ => out.extend_from_slice(&bytes[run]),
    }
}

/// True for a text of more than `count` characters: it is not counted to its end.
#[inline]
pub(super) fn has_more_than(count: usize, text: &str) -> bool {
    text.len() > count && text.chars().nth(count).is_some()
}

/// True for white space of ASCII, as [`char::is_whitespace`] has it.
#[inline]
pub(super) const fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// True for what stands for itself in a fold, apart from its case: letters, digits and signs, but for the `&` that may begin a
/// character reference and the `<` of a tag.
#[inline]
pub(super) const fn is_itself(byte: u8) -> bool {
    ITSELF[byte as usize]
}

const ITSELF: [bool; 256] = {
    let mut itself = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        itself[byte as usize] = !is_white(byte) && byte != b'&' && byte != b'<';
        byte += 1;
    }
    itself
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_what_their_characters_are() {
        for byte in 0..=u8::MAX {
            let (c, ascii) = (char::from(byte), byte.is_ascii());
            assert_eq!(kind(byte) != 0, ascii && c.is_alphanumeric(), "{byte}");
            assert_eq!(kind(byte) == DIGIT, c.is_ascii_digit(), "{byte}");
            assert_eq!(kind(byte) == LETTER | CAPITAL, c.is_ascii_uppercase(), "{byte}");
            assert_eq!(kind(byte) == LETTER | SMALL, c.is_ascii_lowercase(), "{byte}");
            assert_eq!(is_white(byte), ascii && c.is_whitespace(), "{byte}");
        }
        assert_eq!(run(b"- ab1 c", 2), (5, LETTER | SMALL | DIGIT));
        assert_eq!((run(b"12", 0), run(b"", 0), run(b" ", 0)), ((2, DIGIT), (0, 0), (0, 0)));
    }

    #[test]
    fn characters_are_counted_as_far_as_asked() {
        assert!(has_more_than(1, "ab") && has_more_than(1, "\u{17C}a") && has_more_than(0, "a"));
        assert!(!has_more_than(1, "a") && !has_more_than(1, "\u{17C}") && !has_more_than(0, ""));
    }

    #[test]
    fn runs_are_appended_short_or_long_and_at_the_end() {
        let bytes: Vec<u8> = (0..40).collect();
        let mut out = Vec::new();
        for run in [0..0, 3..5, 2..18, 1..30, 30..40, 39..40, 40..40] {
            append(&mut out, &bytes, run);
        }
        let expected = [3..5, 2..18, 1..30, 30..40, 39..40].map(|run: Range<u8>| run.collect::<Vec<u8>>());
        assert_eq!(out, expected.concat());
    }
}
