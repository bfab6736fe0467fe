//! Texts in columns, for a terminal.

/// Texts side by side, each wrapped at words to its width.
pub(super) fn side_by_side(texts: &[(&str, usize)]) -> Vec<String> {
    let columns: Vec<Vec<String>> = texts.iter().map(|(text, width)| wrapped(text, *width)).collect();
    let height = columns.iter().map(Vec::len).max().unwrap_or_default();
    let row = |row: usize| {
        let cell = |(column, (_, width)): (&Vec<String>, &(&str, usize))| {
            let text = column.get(row).map_or("", String::as_str);
            format!("{text:<width$}")
        };
        let cells: Vec<String> = columns.iter().zip(texts).map(cell).collect();
        format!("  {}", cells.join(" │ ").trim_end())
    };
    (0..height).map(row).collect()
}

/// The lines of a text, none longer than `width`; its own line breaks stay.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    text.lines().flat_map(|line| one_line(line, width)).collect()
}

/// A line on a page of `width`, each of its lines as far from the margin as the first.
pub(super) fn indented(line: &str, width: usize) -> Vec<String> {
    let margin = line.len() - line.trim_start_matches(' ').len();
    wrapped(line, width.saturating_sub(margin)).iter().map(|line| format!("{:margin$}{line}", "")).collect()
}

fn one_line(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        // A word longer than the column is cut.
        for (number, piece) in letters.chunks(width.max(1)).enumerate() {
            let space = usize::from(used > 0 && number == 0);
            if used > 0 && (number > 0 || used + space + piece.len() > width) {
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                if used > 0 {
                    line.push(' ');
                    used += 1;
                }
                line.extend(piece);
                used += piece.len();
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_and_a_word_that_is_too_long_is_cut() {
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a abcdefgh b", 4), ["a", "abcd", "efgh", "b"]);
        assert_eq!(wrapped("first\n\nlast", 9), ["first", "", "last"]);
        assert_eq!(indented("  one two", 6), ["  one", "  two"]);
    }

    #[test]
    fn columns_stand_side_by_side() {
        assert_eq!(side_by_side(&[("one two", 4), ("x", 3)]), ["  one  │ x", "  two  │"]);
    }
}
