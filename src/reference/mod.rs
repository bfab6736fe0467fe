//! Floor 2: policy bytes to domain values. Decides nothing; refuses a file that is not whole.

mod calendar;
mod contacts;
mod deadlines;
mod difference;
mod directory;
mod files;
pub mod grants;
pub mod lint;
mod memory;
mod queues;
pub mod redaction;
mod redaction_words;
mod rules;
mod vocabulary;

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::de::DeserializeOwned;

pub use difference::{Change, FileDifference, What, Whole, differences};
pub use files::{FileSet, LARGEST_SET, version_of};
pub use vocabulary::vocabulary;

use crate::domain::{
    directory::Effective,
    lint::Lexicon,
    policy::{Policy, Queues},
    redaction::RedactionPolicy,
};

/// The text of each file of reference data.
#[derive(Debug, Clone, Copy)]
pub struct Files<'a> {
    /// `directory.toml`.
    pub directory: &'a str,
    /// `calendar.toml`.
    pub calendar: &'a str,
    /// `rules/*.toml`: every version of the rule table, by the name of its file without the ending.
    pub rules: &'a [(&'a str, &'a str)],
    /// `queues.toml`.
    pub queues: &'a str,
    /// `deadlines.toml`.
    pub deadlines: &'a str,
    /// `contacts.toml`.
    pub contacts: &'a str,
    /// `memory.toml`.
    pub memory: &'a str,
}

/// The files that the binary carries.
pub const EMBEDDED: Files<'static> = Files {
    directory: include_str!("../../deploy/reference/directory.toml"),
    calendar: include_str!("../../deploy/reference/calendar.toml"),
    rules: &[("2026-11-3", include_str!("../../deploy/reference/rules/2026-11-3.toml"))],
    queues: include_str!("../../deploy/reference/queues.toml"),
    deadlines: include_str!("../../deploy/reference/deadlines.toml"),
    contacts: include_str!("../../deploy/reference/contacts.toml"),
    memory: include_str!("../../deploy/reference/memory.toml"),
};

/// One thing wrong with a file of reference data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {at}: {what}")]
pub struct ReferenceError {
    /// File name.
    pub file: String,
    /// Entry, e.g. `authority E09000023` or `line 12`.
    pub at: String,
    /// What is wrong and what to do.
    pub what: String,
}

/// Reads and checks all files together.
///
/// # Errors
/// Everything that is wrong, in file order; nothing is in force then.
pub fn load(files: Files<'_>) -> Result<Policy, Vec<ReferenceError>> {
    let mut directory_report = Report::new("directory.toml");
    let mut calendar_report = Report::new("calendar.toml");
    let mut queues_report = Report::new("queues.toml");
    let mut deadlines_report = Report::new("deadlines.toml");
    let mut contacts_report = Report::new("contacts.toml");
    let mut memory_report = Report::new("memory.toml");
    let directory = directory::read(files.directory, &mut directory_report);
    let calendar = calendar::read(files.calendar, directory.as_ref(), &mut calendar_report);
    let mut of_rules = Vec::new();
    let rules = rules::read(files.rules, &mut of_rules);
    let kinds = queues::read_kinds(files.queues, &mut queues_report);
    let deadlines = deadlines::read(files.deadlines, directory.as_ref(), &mut deadlines_report);
    let contacts = contacts::read(files.contacts, &mut contacts_report);
    let memory = memory::read(files.memory, directory.as_ref(), &mut memory_report);
    let mut wrong = [directory_report.wrong, calendar_report.wrong].concat();
    wrong.extend(of_rules);
    wrong.extend([queues_report.wrong, deadlines_report.wrong, contacts_report.wrong, memory_report.wrong].concat());
    let parts = (directory, calendar, rules, kinds, deadlines, contacts, memory);
    match parts {
        (
            Some(directory),
            Some(calendar),
            Some(rules),
            Some((version, kinds, vetting)),
            Some(deadlines),
            Some(contacts),
            Some(memory),
        ) if wrong.is_empty() => {
            let queues = Queues { version, kinds, deadlines, vetting };
            Ok(Policy { directory, calendar, rules, queues, contacts, memory })
        }
        _ => Err(wrong),
    }
}

/// Reads and checks a whole set: policy, redaction, advice. `wrong` is what is known to be wrong with it already; of a file
/// named there nothing else is said.
///
/// # Errors
/// Everything that is wrong with every file.
pub fn load_set(
    set: &FileSet,
    mut wrong: Vec<ReferenceError>,
) -> Result<(Policy, RedactionPolicy, Lexicon), Vec<ReferenceError>> {
    let rules = set.rules();
    let policy = load(set.files(&rules));
    let redaction = redaction::policy_with_words(set.text(redaction::TABLE), set.text(redaction::WORDS));
    match (policy, redaction, lint::lexicon(set.lint())) {
        (Ok(policy), Ok(redaction), Ok(lexicon)) if wrong.is_empty() => Ok((policy, redaction, lexicon)),
        (policy, redaction, lexicon) => {
            let told = [policy.err(), redaction.err(), lexicon.err()].into_iter().flatten().flatten();
            let known: BTreeSet<String> = wrong.iter().map(|one| one.file.clone()).collect();
            wrong.extend(told.filter(|one| !known.contains(&one.file)));
            Err(wrong)
        }
    }
}

/// The policy that the binary carries.
///
/// # Errors
/// Never, as long as the tests pass: the embedded files are loaded by one.
pub fn embedded() -> Result<Policy, Vec<ReferenceError>> {
    load(EMBEDDED)
}

/// Collects what is wrong with one file.
struct Report {
    file: String,
    wrong: Vec<ReferenceError>,
}

impl Report {
    fn new(file: impl Into<String>) -> Self {
        Self { file: file.into(), wrong: Vec::new() }
    }

    fn add(&mut self, at: impl Into<String>, what: impl Into<String>) {
        self.wrong.push(ReferenceError { file: self.file.clone(), at: at.into(), what: what.into() });
    }

    fn add_all(&mut self, at: &str, wrong: Vec<String>) {
        wrong.into_iter().for_each(|what| self.add(at, what));
    }

    /// Parses the shape of a file; a shape that does not fit ends the reading of this file.
    fn parse<T: DeserializeOwned>(&mut self, text: &str) -> Option<T> {
        match toml::from_str(text) {
            Ok(value) => Some(value),
            Err(error) => {
                let before = error.span().map_or(0, |span| span.start.min(text.len()));
                let line = text.as_bytes()[..before].iter().filter(|byte| **byte == b'\n').count() + 1;
                self.add(format!("line {line}"), error.message());
                None
            }
        }
    }

    /// A date, or a complaint and `fallback`.
    fn date(&mut self, at: &str, value: &str, fallback: Date) -> Date {
        value.parse().unwrap_or_else(|_| {
            self.add(at, format!("`{value}` is not a date like 2026-11-01"));
            fallback
        })
    }

    /// A period that begins with `from`, or with the file's own date.
    fn effective(&mut self, at: &str, from: Option<&str>, until: Option<&str>, file_from: Date) -> Effective {
        let from = from.map_or(file_from, |from| self.date(at, from, file_from));
        let until = until.map(|until| self.date(at, until, Date::MAX));
        if until.is_some_and(|until| until <= from) {
            self.add(at, "`until` must be after `from`");
        }
        Effective { from, until }
    }
}

#[cfg(test)]
mod tests;
