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
