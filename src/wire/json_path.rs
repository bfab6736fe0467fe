//! Which field of a JSON text a place lies in, and where a field stands: a line and a column say little to whoever filled in a
//! form, and a field alone little to whoever has the file open.

use std::collections::HashMap;

/// The path of the field at `line` and `column`, e.g. `items[0].provenance.how_known`; empty where the place is in none. Names
/// are cut to what a field name can be, so that a path never shows a value.
pub(super) fn path_at(text: &str, line: usize, column: usize) -> String {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let end = (before + column).min(text.len());
    let mut reader = Reader::new(text);
    while reader.at < end {
        reader.step();
    }
    // The bracket at which a value of another kind begins opens nothing yet.
    if reader.at == end && matches!(text.as_bytes().get(end.wrapping_sub(1)), Some(b'[' | b'{')) {
        reader.frames.pop();
    }
    written(&reader.frames)
}

/// Where the value of each field and place of a well-formed `text` begins: line and column, both from 1. Of a field that is stated
/// twice, the second.
pub(super) fn places(text: &str) -> HashMap<String, (usize, usize)> {
    let mut reader = Reader::new(text);
    let mut places = HashMap::new();
    let (mut line, mut begins, mut read) = (1, 0, 0);
    while reader.at < text.len() {
        if !reader.step() {
            continue;
        }
        let value = value_from(text.as_bytes(), reader.at);
        for newline in (read..value).filter(|&at| text.as_bytes()[at] == b'\n') {
            (line, begins) = (line + 1, newline + 1);
        }
        read = read.max(value);
        places.insert(written(&reader.frames), (line, value - begins + 1));
    }
    places
}

/// `outer` with the field or place `inner` behind it.
pub(super) fn joined(outer: &str, inner: &str) -> String {
    let dot = if outer.is_empty() || inner.starts_with('[') { "" } else { "." };
    format!("{outer}{dot}{inner}")
}

/// What of `text` can be a field name, from its start.
pub(super) fn name_in(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').take(64).collect()
}

/// Reads a text sign by sign and knows where it is.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    frames: Vec<Frame>,
}

/// Where the reader stands: in a field of an object, once its name is read, or at a place of a list.
enum Frame {
    Field(Option<String>),
    Place(usize),
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, at: 0, frames: Vec::new() }
    }

    /// Goes on by one sign, or one text in quotes. True where a field or place begins by it.
    fn step(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        let mut enters = false;
        match bytes[self.at] {
            b'{' => self.frames.push(Frame::Field(None)),
            b'[' => {
                self.frames.push(Frame::Place(0));
                enters = true;
            }
            b'}' | b']' => _ = self.frames.pop(),
            b',' => match self.frames.last_mut() {
                Some(Frame::Field(name)) => *name = None,
                Some(Frame::Place(number)) => {
                    *number += 1;
                    enters = true;
                }
                None => {}
            },
            b'"' => {
                let close = closing_quote(bytes, self.at + 1);
                if let Some(Frame::Field(name @ None)) = self.frames.last_mut() {
                    *name = self.text.get(self.at + 1..close).map(name_in);
                    enters = true;
                }
                self.at = close;
            }
            _ => {}
        }
        self.at += 1;
        enters
    }
}

fn closing_quote(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len())
}

/// The beginning of the value behind byte `at`.
fn value_from(bytes: &[u8], at: usize) -> usize {
    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b':';
    bytes.len().min(at + bytes.iter().skip(at).take_while(|byte| blank(byte)).count())
}

fn written(frames: &[Frame]) -> String {
    frames.iter().fold(String::new(), |path, frame| match frame {
        Frame::Field(Some(name)) => joined(&path, name),
        Frame::Field(None) => path,
        Frame::Place(number) => joined(&path, &format!("[{number}]")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\"a\": [{\"b\": 1}, {\"c, \\\"]\": {\"d\": \"x, {[\"}}],\n \"e\": [1, 2], \"e\":\n\t7}";

    #[test]
    fn a_place_is_in_its_field() {
        let found = |words: &str| {
            let end = TEXT.find(words).unwrap() + words.len();
            let line = TEXT[..end].matches('\n').count() + 1;
            path_at(TEXT, line, end - TEXT[..end].rfind('\n').map_or(0, |newline| newline + 1))
        };
        assert_eq!(found("{\"b\": 1"), "a[0].b");
        assert_eq!(found("\"x, {["), "a[1].c.d");
        assert_eq!(found("\"e\": [1, 2"), "e[1]");
        assert_eq!(found("\"e\": ["), "e");
        assert_eq!(path_at(TEXT, 9, 9), "");
        assert_eq!(path_at("", 1, 0), "");
    }

    #[test]
    fn a_field_stands_where_its_value_begins() {
        let places = places(TEXT);
        for (path, place) in [
            ("a", (1, 7)),
            ("a[0].b", (1, 14)),
            ("a[1].c.d", (1, 35)),
            ("e[0]", (2, 8)),
            ("e[1]", (2, 11)),
            ("e", (3, 2)),
        ] {
            assert_eq!(places.get(path), Some(&place), "{path}");
        }
        assert!(super::places("").is_empty() && super::places("7").is_empty());
    }
}
