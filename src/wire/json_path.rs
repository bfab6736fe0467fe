//! Which field of a JSON text a place lies in: a line and a column say little to whoever filled in a form.

/// The path of the field at `line` and `column`, e.g. `items[0].provenance.how_known`; empty where the place is in none. Names
/// are cut to what a field name can be, so that a path never shows a value.
pub(super) fn path_at(text: &str, line: usize, column: usize) -> String {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let end = (before + column).min(text.len());
    let mut frames: Vec<Frame> = Vec::new();
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < end {
        match bytes[at] {
            b'{' => frames.push(Frame::Field(None)),
            b'[' => frames.push(Frame::Place(0)),
            b'}' | b']' => _ = frames.pop(),
            b',' => match frames.last_mut() {
                Some(Frame::Field(name)) => *name = None,
                Some(Frame::Place(number)) => *number += 1,
                None => {}
            },
            b'"' => {
                let close = closing_quote(bytes, at + 1);
                if let Some(Frame::Field(name @ None)) = frames.last_mut() {
                    *name = text.get(at + 1..close).map(name_in);
                }
                at = close;
            }
            _ => {}
        }
        at += 1;
    }
    // The bracket at which a value of another kind begins opens nothing yet.
    if at == end && matches!(bytes.get(end.wrapping_sub(1)), Some(b'[' | b'{')) {
        frames.pop();
    }
    written(&frames)
}

/// Where the reader stands: in a field of an object, once its name is read, or at a place of a list.
enum Frame {
    Field(Option<String>),
    Place(usize),
}

fn closing_quote(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len())
}

fn name_in(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').take(64).collect()
}

fn written(frames: &[Frame]) -> String {
    let mut path = String::new();
    for frame in frames {
        match frame {
            Frame::Field(Some(name)) if path.is_empty() => path.push_str(name),
            Frame::Field(Some(name)) => path.push_str(&format!(".{name}")),
            Frame::Field(None) => {}
            Frame::Place(number) => path.push_str(&format!("[{number}]")),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_in_its_field() {
        let text = "{\"a\": [{\"b\": 1}, {\"c, \\\"]\": {\"d\": \"x, {[\"}}],\n \"e\": [1, 2]}";
        let found = |words: &str| {
            let end = text.find(words).unwrap() + words.len();
            let line = text[..end].matches('\n').count() + 1;
            path_at(text, line, end - text[..end].rfind('\n').map_or(0, |newline| newline + 1))
        };
        assert_eq!(found("{\"b\": 1"), "a[0].b");
        assert_eq!(found("\"x, {[\""), "a[1].c.d");
        assert_eq!(found("\"e\": [1, 2"), "e[1]");
        assert_eq!(found("\"e\": ["), "e");
        assert_eq!(path_at(text, 9, 9), "");
        assert_eq!(path_at("", 1, 0), "");
    }
}
