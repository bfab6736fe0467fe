//! How far it is, for a person who watches; nothing where nobody does, or where it is over in a moment.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use crate::app::print;

/// Less than this is over before it could be read.
const WORTH_SHOWING: u64 = 4 << 20;

/// A bar on stderr.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// A bar for `bytes` of input; for an unknown amount it counts only.
    pub fn new(bytes: Option<u64>) -> Self {
        let worth = std::io::stderr().is_terminal() && bytes.is_none_or(|bytes| bytes >= WORTH_SHOWING);
        let bar = worth.then(|| match bytes {
            Some(bytes) => ProgressBar::new(bytes)
                .with_style(style("{bar:30} {percent:>3} %  {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left")),
            None => ProgressBar::new_spinner().with_style(style("{spinner} {bytes} read  {bytes_per_sec}")),
        });
        Self(bar)
    }

    /// So much more was read.
    pub fn add(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes);
        }
    }

    /// Says something without breaking the bar.
    pub fn say(&self, line: &str) {
        match &self.0 {
            Some(bar) => bar.suspend(|| print::problem(line)),
            None => print::problem(line),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
