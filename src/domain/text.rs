//! Text that must never be printed: names, narrative, identifiers a sender chose.
//!
//! `Debug` shows the length only, and the memory is zeroised on drop, so a value can travel through derived `Debug`
//! implementations and error paths without leaking.

use std::fmt;

use zeroize::Zeroizing;

use super::redaction::is_invisible;

/// Content as received, kept byte for byte.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Text(Zeroizing<String>);

impl Text {
    /// Takes ownership of `value`.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The content. Named so that a reader sees where content is in clear.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// True when there is nothing to be seen in it.
    pub fn is_blank(&self) -> bool {
        self.0.chars().all(|letter| letter.is_whitespace() || is_invisible(letter))
    }

    /// Length in Unicode scalar values, the unit of every limit in domain 3.2.
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

impl From<&str> for Text {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

impl From<String> for Text {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

/// Every character shows, and not all of them as nothing but space.
pub fn is_printable(text: &str) -> bool {
    let shows = |letter: char| !letter.is_control() && !is_invisible(letter);
    text.chars().all(shows) && (text.is_empty() || !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_shows_nothing_is_not_printable() {
        for good in ["", "desk 3", "Wöhrlé’s", "早"] {
            assert!(is_printable(good), "{good:?}");
        }
        for bad in ["\u{202e}\u{200b}", "a\u{200b}b", "a\u{202e}b", " ", "\u{3000}", "a\nb", "\u{7f}"] {
            assert!(!is_printable(bad), "{bad:?}");
        }
    }
}
