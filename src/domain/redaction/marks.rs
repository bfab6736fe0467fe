//! What a folded text has in it that a value by shape needs, read once: a search that cannot find anything is not begun.

use std::ops::Range;

/// Signs and digits of a text.
pub(super) struct Marks {
    /// Which bytes are there.
    there: [bool; 256],
    /// Runs of digits, in order.
    runs: Vec<Range<usize>>,
    digits: usize,
    longest: usize,
}

/// Most texts have no more runs of digits.
const USUAL: usize = 16;

impl Marks {
    /// Reads `text`.
    pub fn of(text: &str) -> Self {
        let mut marks = Self { there: [false; 256], runs: Vec::with_capacity(USUAL), digits: 0, longest: 0 };
        let bytes = text.as_bytes();
        let mut at = 0;
        bytes.iter().for_each(|&byte| marks.there[usize::from(byte)] = true);
        while let Some(before) = bytes[at..].iter().position(u8::is_ascii_digit) {
            at += before;
            let length = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            marks.run(at..at + length);
            at += length;
        }
        marks
    }

    fn run(&mut self, run: Range<usize>) {
        self.digits += run.len();
        self.longest = self.longest.max(run.len());
        self.runs.push(run);
    }

    /// True when the ASCII character `sign`, which is no digit, is there.
    pub fn has(&self, sign: u8) -> bool {
        sign.is_ascii() && self.there[usize::from(sign)]
    }

    /// How many digits there are.
    pub fn digits(&self) -> usize {
        self.digits
    }

    /// The length of the longest run of digits.
    pub fn longest_run(&self) -> usize {
        self.longest
    }

    /// The parts of `text` within `reach` bytes of a digit, widened to whole characters. Every match of a pattern that
    /// needs a digit and is no longer than `reach` lies inside one of them, with everything else that the pattern could
    /// match from the same place: searching the parts finds what searching the whole finds.
    pub fn around_digits(&self, text: &str, reach: usize) -> Vec<Range<usize>> {
        let mut parts: Vec<Range<usize>> = Vec::with_capacity(self.runs.len());
        for run in &self.runs {
            let near = run.start.saturating_sub(reach)..text.len().min(run.end + reach);
            match parts.last_mut().filter(|last| near.start <= last.end) {
                Some(last) => last.end = near.end,
                None => parts.push(near),
            }
        }
        for part in &mut parts {
            while !text.is_char_boundary(part.start) {
                part.start -= 1;
            }
            while !text.is_char_boundary(part.end) {
                part.end += 1;
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_digits_and_their_surroundings_are_known() {
        let text = "żżż a 12 b, żżż żżż 345678 żż";
        let marks = Marks::of(text);
        assert!(marks.has(b',') && !marks.has(b'@') && !marks.has(0xC5));
        assert_eq!((marks.digits(), marks.longest_run()), (8, 6));
        let parts: Vec<&str> = marks.around_digits(text, 4).into_iter().map(|part| &text[part]).collect();
        assert_eq!(parts, ["ż a 12 b, ", "żż 345678 żż"]);
        assert!(Marks::of("").around_digits("", 9).is_empty());
    }
}
