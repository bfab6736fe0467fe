//! The reference data: from a folder, or as the binary carries it; everything that is wrong with it at once.

use std::{
    fs::{self, DirEntry},
    io::Read,
    path::Path,
};

use jiff::Timestamp;

use super::failure::Failure;
use crate::{
    broker::{Fault, PolicyRefused, Rulebook},
    platform::{Clock, SystemClock, regular_file},
    reference::{FileSet, ReferenceError},
};

/// The largest file of reference data, in bytes: some twenty times the largest that is shipped.
const LARGEST: u64 = 2 << 20;

/// Most versions of the rule table in a folder.
const MOST_VERSIONS: usize = 500;

/// Most faults that are told where the check itself is not what was asked for.
const MOST_TOLD: usize = 20;

/// The rulebook of `folder`, or the embedded one.
///
/// # Errors
/// Exit 65: what is wrong with every file, each with where and what.
pub(super) fn rulebook(folder: Option<&Path>) -> Result<Rulebook, Failure> {
    read(folder).map_err(refused)
}

/// The same, with what is wrong as it is.
///
/// # Errors
/// What is wrong with every file.
pub(super) fn read(folder: Option<&Path>) -> Result<Rulebook, Vec<ReferenceError>> {
    let (files, wrong) = files(folder);
    Rulebook::read(files, wrong)
}

/// The rulebook of `folder`, or the embedded one, with what `policy check` finds wrong with it in the year from today on.
///
/// # Errors
/// As [`rulebook`].
pub(super) fn proved(folder: Option<&Path>) -> Result<(Rulebook, Vec<Fault>), Failure> {
    let rulebook = rulebook(folder)?;
    let faults = faults(&rulebook, SystemClock.now());
    Ok((rulebook, faults))
}

/// The rulebook that a new store would begin by, told before a key or a store is made for it.
///
/// # Errors
/// As [`rulebook`]; and exit 65 where it does not pass the check.
pub(super) fn to_begin_by(folder: Option<&Path>, now: Timestamp) -> Result<Rulebook, Failure> {
    let rulebook = rulebook(folder)?;
    match faults(&rulebook, now) {
        faults if faults.is_empty() => Ok(rulebook),
        faults => Err(not_sound(&faults, folder)),
    }
}

/// What the check finds wrong in the year from the day of `now` on; what the binary carries was proved before it was built.
fn faults(rulebook: &Rulebook, now: Timestamp) -> Vec<Fault> {
    match rulebook.is_embedded() {
        true => Vec::new(),
        false => rulebook.proof(now, &|| true).faults.into_iter().map(Fault::from).collect(),
    }
}

/// The files of `folder`, or the embedded ones, to be sent.
///
/// # Errors
/// They are no set that could be sent: what is wrong with every file.
pub(super) fn sendable(folder: Option<&Path>) -> Result<FileSet, Vec<ReferenceError>> {
    match files(folder) {
        (files, wrong) if wrong.is_empty() => Ok(files),
        (files, wrong) => Err(Rulebook::read(files, wrong).err().unwrap_or_default()),
    }
}

/// Everything that is wrong with reference data.
pub(super) fn refused(wrong: Vec<ReferenceError>) -> Failure {
    let begin = Failure::bad_data("the reference data is not right");
    wrong.into_iter().fold(begin, |failure, one| failure.advise(one.to_string()))
}

/// Why the broker does not go by the policy that it was given or that was activated.
pub(super) fn not_begun(refused: PolicyRefused, folder: Option<&Path>) -> Failure {
    match refused {
        PolicyRefused::Faults(faults) => not_sound(&faults, folder),
        PolicyRefused::Folder => Failure::bad_data("the reference data is not right"),
        PolicyRefused::Activated(words) => Failure::bad_data(words)
            .advise("start the version of the program that activated it; activate there what passes the check of both")
            .advise(
                "where there is none: put a sound folder into policy.reference and this fingerprint into policy.in_place_of; \
                 the folder is gone by, with an alarm and a ledger entry, until two policy administrators activate another",
            ),
        PolicyRefused::Failed(error) => Failure::unavailable(error.to_string()),
    }
}

/// Reference data that does not pass the check: what the broker does not go by.
pub(super) fn not_sound(faults: &[Fault], folder: Option<&Path>) -> Failure {
    let folder = folder.map_or_else(|| "DIR".into(), Path::to_string_lossy);
    let begin = Failure::bad_data(format!(
        "{folder}: the broker does not go by reference data that has {}",
        counted(faults.len())
    ));
    let mut failure = faults.iter().take(MOST_TOLD).fold(begin, |failure, one| failure.advise(one.to_string()));
    if let more @ 1.. = faults.len().saturating_sub(MOST_TOLD) {
        failure = failure.advise(format!("and {more} more"));
    }
    failure.advise(format!(
        "mend them, or put back what was there; `homeward policy check --policy {folder}` shows them all"
    ))
}

/// "a fault", "2 faults".
pub(super) fn counted(faults: usize) -> String {
    if faults == 1 { "a fault".to_owned() } else { format!("{faults} faults") }
}

/// The files of `folder`, or the embedded ones, and what is wrong with them as files.
fn files(folder: Option<&Path>) -> (FileSet, Vec<ReferenceError>) {
    let Some(folder) = folder else { return (FileSet::embedded(), Vec::new()) };
    let mut shelf = Shelf { folder, unreadable: Vec::new() };
    let once = FileSet::NAMES.map(|name| (name.to_owned(), shelf.read(name)));
    let rules = shelf.rules();
    let (files, wrong) = FileSet::gather(once.into_iter().chain(rules));
    shelf.unreadable.extend(wrong);
    (files, shelf.unreadable)
}

/// A folder of reference data being read.
struct Shelf<'f> {
    folder: &'f Path,
    unreadable: Vec<ReferenceError>,
}

impl Shelf<'_> {
    /// The text of a file, or nothing and a complaint.
    fn read(&mut self, name: &str) -> String {
        text_of(&self.folder.join(name)).unwrap_or_else(|what| {
            self.complain(name, what);
            String::new()
        })
    }

    /// Every version of the rule table.
    fn rules(&mut self) -> Vec<(String, String)> {
        let mut names = Vec::new();
        let name_of = |entry: DirEntry| entry.file_name().to_string_lossy().into_owned();
        match fs::read_dir(self.folder.join("rules")) {
            Ok(entries) => names.extend(entries.filter_map(Result::ok).map(name_of)),
            Err(error) => self.complain("rules/", error.to_string()),
        }
        let mut names: Vec<String> = names.into_iter().filter(|name| is_meant(name)).collect();
        names.sort();
        if names.len() > MOST_VERSIONS {
            self.complain("rules/", format!("holds {} versions, and {MOST_VERSIONS} are read", names.len()));
            names.clear();
        }
        let names = names.into_iter().map(|name| format!("rules/{name}"));
        names.map(|name| (name.clone(), self.read_rules(&name))).collect()
    }

    /// The text of a version; of a file whose name is none of a version, nothing, for that is what is wrong with it.
    fn read_rules(&mut self, name: &str) -> String {
        if FileSet::is_name(name) { self.read(name) } else { String::new() }
    }

    fn complain(&mut self, file: &str, what: String) {
        self.unreadable.push(ReferenceError { file: file.to_owned(), at: "file".to_owned(), what });
    }
}

/// Whoever put a file of this name there means it to be a version of the rule table, even if the name is wrong for one. What
/// editors and systems leave (`.#x`, `._x`, `x~`, `x.swp`) nobody means.
fn is_meant(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !name.starts_with('.') && [".toml", ".toml.txt"].iter().any(|end| name.ends_with(end))
}

/// The text of the file at `path`, if it is one and no larger than [`LARGEST`].
fn text_of(path: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("{}: {error}", path.display());
    let file = regular_file::open(path).map_err(unreadable)?;
    let mut text = String::new();
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LARGEST {
        return Err(format!("{}: larger than {LARGEST} bytes", path.display()));
    }
    Ok(text)
}
