//! Lines of words under headings, within 100 columns.

const WIDTH: usize = 100;

/// What is to be printed.
#[derive(Default)]
pub(super) struct Page {
    /// Its lines.
    pub lines: Vec<String>,
}

impl Page {
    pub(super) fn line(&mut self, line: String) {
        self.lines.push(line);
    }

    pub(super) fn heading(&mut self, words: &str) {
        self.lines.push(String::new());
        self.lines.push(words.to_owned());
    }

    /// `label` in its column, then `words`, wrapped under themselves.
    pub(super) fn entry(&mut self, column: usize, label: &str, words: &str) {
        let mut line = format!("  {label:<column$}");
        let indent = " ".repeat(column + 2);
        let mut empty = true;
        for word in words.split_whitespace() {
            if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.lines.push(std::mem::replace(&mut line, indent.clone()));
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        self.lines.push(line.trim_end().to_owned());
    }
}
