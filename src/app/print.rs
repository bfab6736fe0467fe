//! The only place that writes to the terminal. A reader that has gone is no error of ours.

use std::io::{self, Write};

/// One line for the reader of the answer.
pub(super) fn line(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// One line for the person who watches.
pub(super) fn problem(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
