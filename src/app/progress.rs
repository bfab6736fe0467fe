//! How far it is, for a person who watches.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr, gone at the end; nothing where nobody watches.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    pub(super) fn new(steps: u64) -> Self {
        let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}  {eta} left");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(std::io::stderr().is_terminal().then(|| ProgressBar::new(steps).with_style(style)))
    }

    /// What is being done.
    pub(super) fn says(&self, words: &str) {
        if let Some(bar) = &self.0 {
            bar.set_message(words.to_owned());
        }
    }

    /// There are so many steps.
    pub(super) fn of(&self, steps: u64) {
        if let Some(bar) = &self.0 {
            bar.set_length(steps);
        }
    }

    /// Prints something that is to stay, without the bar in its line.
    pub(super) fn aside(&self, print: impl FnOnce()) {
        match &self.0 {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// So many steps are done.
    pub(super) fn at(&self, steps: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(steps);
        }
    }

    pub(super) fn step(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
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
