//! One folded copy of a text with a table back to the original. Matchers see only the fold; replacements never touch it.

use std::ops::Range;

use unicode_segmentation::{GraphemeCursor, GraphemeIncomplete};

use super::{
    ascii::{is_itself, is_white},
    casing::casing,
    letters::plain,
    squeezed::{Squeezed, offset},
};

/// How a text uses capitals: decides whether a small letter says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Casing {
    /// Hardly a capital: a name need not have one.
    Lower,
    /// Capitals throughout: they say nothing.
    Upper,
    /// Ordinary writing: a word that is also a name is a name when it has its capital.
    Mixed,
}

/// A text folded once.
pub(super) struct Folded<'a> {
    original: &'a str,
    /// Plain lower-case text, white space collapsed to single spaces.
    pub text: String,
    /// For each byte of `text`: where the original character begins and ends.
    from: Vec<(u32, u32)>,
    /// Letters and digits of `text` only.
    pub squeezed: Squeezed,
    /// Parts of the original that are our own replacements: never matched again.
    labels: Vec<Range<usize>>,
    pub casing: Casing,
}

impl<'a> Folded<'a> {
    /// Folds `original` in one pass; `labels` are the ranges of replacements already in it.
    pub fn new(original: &'a str, labels: Vec<Range<usize>>) -> Self {
        let mut folded = Self {
            original,
            text: String::with_capacity(original.len()),
            from: Vec::with_capacity(original.len()),
            squeezed: Squeezed::default(),
            casing: casing(original, &labels),
            labels,
        };
        each_plain(original, |piece| match piece {
            Piece::Itself(part) => folded.take(part),
            Piece::White(at) => folded.space(at, at + 1),
            Piece::Plain(part, start, end) if part.is_whitespace() => folded.space(start, end),
            Piece::Plain(part, start, end) => folded.put(part, start, end),
        });
        folded.squeezed = Squeezed::new(&folded.text, |at| folded.follows(at));
        // What stands for itself was taken as it is; everything else came as small letters.
        folded.text.make_ascii_lowercase();
        folded
    }

    fn take(&mut self, part: Range<usize>) {
        self.text.push_str(&self.original[part.clone()]);
        self.from.extend((offset(part.start)..offset(part.end)).map(|at| (at, at + 1)));
    }

    fn put(&mut self, part: char, start: usize, end: usize) {
        self.text.push(part);
        self.from.resize(self.text.len(), (offset(start), offset(end)));
    }

    /// Adds a space, or to the one that is last.
    fn space(&mut self, start: usize, end: usize) {
        match self.from.last_mut().filter(|_| self.text.ends_with(' ')) {
            Some(last) => last.1 = offset(end),
            None => self.put(' ', start, end),
        }
    }

    /// True when byte `at` of `text` and the one before, which are ASCII, are two such bytes beside each other in the original.
    fn follows(&self, at: usize) -> bool {
        let (before, here) = (self.from[at - 1], self.from[at]);
        before.1 == here.0 && before.1 - before.0 == 1
    }

    /// The character of the original behind byte `at` of `text`.
    fn behind(&self, at: usize) -> Option<Range<usize>> {
        self.from.get(at).map(|&(start, end)| start as usize..end as usize)
    }

    /// The original as given.
    pub fn original(&self) -> &'a str {
        self.original
    }

    /// The range of the original behind a range of `text`, widened to whole graphemes.
    pub fn to_original(&self, folded: Range<usize>) -> Range<usize> {
        let start = self.behind(folded.start).map_or(self.original.len(), |character| character.start);
        let end = folded.end.checked_sub(1).and_then(|last| self.behind(last)).map_or(start, |character| character.end);
        grapheme_start(self.original, start)..grapheme_end(self.original, end.max(start))
    }

    /// The range of `text` behind a range of `squeezed`.
    pub fn to_text(&self, squeezed: Range<usize>) -> Range<usize> {
        self.squeezed.behind(&squeezed, self.text.len())
    }

    /// True for a range of `squeezed` that stands in `text` without anything inside.
    pub fn is_unbroken(&self, squeezed: &Range<usize>) -> bool {
        self.to_text(squeezed.clone()).len() == squeezed.len()
    }

    /// What stands in `text` between two neighbouring bytes of `squeezed`, the first of which is `before`: nothing where both
    /// are of one character.
    pub fn gap(&self, before: usize) -> &str {
        match (self.squeezed.place(before), self.squeezed.place(before + 1)) {
            (Some(left), Some(right)) => self.text.get(left + 1..right).unwrap_or_default(),
            _ => "",
        }
    }

    /// True when two neighbouring bytes of `squeezed`, the first of which is `before`, were written as one character.
    pub fn is_inside(&self, before: usize) -> bool {
        let written = |at: usize| self.squeezed.place(at).and_then(|byte| self.from.get(byte));
        written(before) == written(before + 1)
    }

    /// The character of the original that byte `at` of `text` comes from.
    pub fn written(&self, at: usize) -> Option<char> {
        self.behind(at).and_then(|character| self.original[character.start..].chars().next())
    }

    /// True when the character behind byte `at` of `text` was written as a capital.
    pub fn is_capital(&self, at: usize) -> bool {
        let Some(&(start, _)) = self.from.get(at) else { return false };
        match self.original.as_bytes().get(start as usize) {
            Some(byte) if byte.is_ascii() => byte.is_ascii_uppercase(),
            _ => self.written(at).is_some_and(|c| c.is_uppercase() || !c.is_lowercase() && c.is_alphabetic()),
        }
    }

    /// How many lines end in the white space at byte `at` of `text`.
    pub fn lines_at(&self, at: usize) -> usize {
        let written = self.behind(at).map_or("", |character| &self.original[character]);
        written
            .matches('\n')
            .count()
            .max(usize::from(written.contains(['\r', '\u{2028}', '\u{2029}', '\u{b}', '\u{c}'])))
    }

    /// True when the white space at byte `at` of `text` was written as one space.
    pub fn is_plain_space(&self, at: usize) -> bool {
        self.from
            .get(at)
            .is_some_and(|&(start, end)| end - start == 1 && self.original.as_bytes()[start as usize] == b' ')
    }

    /// True when byte `at` of `text` is part of a replacement made earlier.
    pub fn at_label(&self, at: usize) -> bool {
        !self.labels.is_empty() && self.behind(at).is_some_and(|character| self.in_label(&character))
    }

    /// The character of `text` before `at`.
    pub fn before(&self, at: usize) -> Option<char> {
        self.text[..at].chars().next_back()
    }

    /// The character of `text` at `at`.
    pub fn after(&self, at: usize) -> Option<char> {
        self.text[at..].chars().next()
    }

    /// True when this range of the original lies inside a replacement made earlier.
    pub fn in_label(&self, original: &Range<usize>) -> bool {
        let next = self.labels.partition_point(|label| label.end <= original.start);
        self.labels.get(next).is_some_and(|label| label.start < original.end)
    }
}

/// The plain letters of `text`, white space collapsed to single spaces: the fold without its tables.
pub(in crate::domain) fn plain_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    each_plain(text, |piece| match piece {
        Piece::Itself(part) => out.push_str(&text[part]),
        Piece::Plain(part, ..) if !part.is_whitespace() => out.push(part),
        Piece::White(_) | Piece::Plain(..) if !out.ends_with(' ') => out.push(' '),
        Piece::White(_) | Piece::Plain(..) => {}
    });
    out.make_ascii_lowercase();
    out
}

/// A piece of the fold.
enum Piece {
    /// ASCII that stands for itself: bytes of the original, still with their capitals. It begins with no space.
    Itself(Range<usize>),
    /// White space of ASCII, and where it stands.
    White(usize),
    /// Any other character, and where its original begins and ends.
    Plain(char, usize, usize),
}

/// Gives `emit` the fold in pieces.
fn each_plain(original: &str, mut emit: impl FnMut(Piece)) {
    let bytes = original.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        if is_itself(byte) {
            at = end_of_itself(bytes, at);
            emit(Piece::Itself(start..at));
        } else if let Some(length) = Some(byte).filter(|byte| *byte == b'<').and_then(|_| markup(&bytes[start..])) {
            at += length;
        } else if let Some((entity, stands_for)) = html_entity(&original[start..]).filter(|_| byte == b'&') {
            at += entity.len();
            emit(Piece::Plain(stands_for, start, at));
        } else if byte.is_ascii() {
            at += 1;
            emit(if is_white(byte) { Piece::White(start) } else { Piece::Itself(start..at) });
        } else {
            let Some(c) = original[start..].chars().next() else { return };
            at += c.len_utf8();
            plain(c, |part| emit(Piece::Plain(part, start, at)));
        }
    }
}

/// Where that ends which stands for itself from `from` on, single spaces in it.
fn end_of_itself(bytes: &[u8], from: usize) -> usize {
    let mut before = 0;
    let goes_on = |&byte: &u8| {
        let single = byte == b' ' && before != b' ';
        before = byte;
        is_itself(byte) || single
    };
    from + bytes[from..].iter().copied().take_while(goes_on).count()
}

/// The length of a tag at the beginning of `rest` that says only how letters look: "Jo<b>rd</b>an" is one word.
fn markup(rest: &[u8]) -> Option<usize> {
    let end = rest.iter().take(LONGEST_TAG).position(|&byte| byte == b'>')?;
    let name = rest[1..end].split(|&byte| byte == b' ').next().unwrap_or_default();
    let name = name.strip_prefix(b"/").unwrap_or(name);
    let known =
        ["b", "i", "u", "s", "em", "strong", "span", "font", "mark", "small", "sub", "sup", "del", "ins", "wbr"];
    known.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes())).then_some(end + 1)
}

/// With what it has to say of colours and sizes.
const LONGEST_TAG: usize = 80;

/// The few character references that word processors leave behind.
fn html_entity(rest: &str) -> Option<(&'static str, char)> {
    const ENTITIES: [(&str, char); 7] = [
        ("&amp;", '&'),
        ("&nbsp;", ' '),
        ("&#160;", ' '),
        ("&#39;", '\''),
        ("&#x27;", '\''),
        ("&apos;", '\''),
        ("&rsquo;", '\''),
    ];
    ENTITIES.into_iter().find(|(entity, _)| rest.starts_with(entity))
}

/// True between two ASCII characters that a reader sees as two: no table is needed for them.
fn plainly_apart(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let two = at.checked_sub(1).and_then(|before| Some((*bytes.get(before)?, *bytes.get(at)?)));
    two.is_some_and(|(left, right)| left.is_ascii() && right.is_ascii() && (left, right) != (b'\r', b'\n'))
}

fn grapheme_start(text: &str, at: usize) -> usize {
    if plainly_apart(text, at) {
        return at;
    }
    let mut cursor = GraphemeCursor::new(at, text.len(), true);
    match cursor.is_boundary(text, 0) {
        Ok(true) => at,
        _ => prev(&mut cursor, text).unwrap_or(0),
    }
}

fn prev(cursor: &mut GraphemeCursor, text: &str) -> Option<usize> {
    Result::<_, GraphemeIncomplete>::ok(cursor.prev_boundary(text, 0)).flatten()
}

fn grapheme_end(text: &str, at: usize) -> usize {
    if plainly_apart(text, at) {
        return at;
    }
    let mut cursor = GraphemeCursor::new(at, text.len(), true);
    match cursor.is_boundary(text, 0) {
        Ok(true) => at,
        _ => cursor.next_boundary(text, 0).ok().flatten().unwrap_or(text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(text: &str) -> Folded<'_> {
        Folded::new(text, Vec::new())
    }

    #[test]
    fn a_range_of_the_fold_leads_back_to_whole_graphemes() {
        let text = "x  Żyła\u{301}\r\n\tb\u{200b}et\u{ad}h";
        let folded = fold(text);
        assert_eq!(folded.text, "x zyla beth");
        assert_eq!(&text[folded.to_original(2..6)], "Żyła\u{301}");
        assert_eq!(&text[folded.to_original(7..11)], "b\u{200b}et\u{ad}h");
        assert_eq!(&text[folded.to_original(5..8)], "a\u{301}\r\n\tb");
    }

    #[test]
    fn the_squeeze_keeps_letters_and_digits_and_its_gaps() {
        let folded = fold("O&#39;Neil - 7");
        assert_eq!(folded.squeezed.bytes(), b"oneil7");
        assert_eq!(folded.gap(0), "'");
        assert_eq!(folded.gap(4), " - ");
        assert_eq!(folded.to_text(0..5), 0..6);
        let folded = fold("م د");
        assert_eq!([folded.gap(0), folded.gap(1), folded.gap(2)], ["", " ", ""]);
        assert_eq!([folded.is_inside(0), folded.is_inside(1), folded.is_inside(2)], [true, false, true]);
    }

    #[test]
    fn casing_is_read_from_words() {
        assert_eq!(fold("jordan went to the park and then home").casing, Casing::Lower);
        assert_eq!(fold("JORDAN WENT HOME").casing, Casing::Upper);
        assert_eq!(fold("Jordan went home").casing, Casing::Mixed);
    }

    #[test]
    fn an_empty_text_has_nothing() {
        let folded = fold("");
        assert_eq!(folded.to_original(0..0), 0..0);
        assert_eq!(folded.to_text(0..0), 0..0);
    }
}
