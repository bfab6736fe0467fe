//! What changes from one set of files to another, by row and field: for whoever approves it and is no programmer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use toml::{Table, Value};

use super::{FileSet, ReferenceError, files::version_of_name, redaction};

/// What names a row, the first that it has: a rule's number, a council's code, a queue.
const KEYS: [&str; 10] = ["id", "code", "gss", "queue", "kind", "name", "instead", "to", "prompt", "flag"];
/// What people call a row.
const NAMES: [&str; 3] = ["name", "unit", "label"];
/// Readers of the cells of a row of redaction, in their order.
const READERS: [&str; 4] = ["mpu", "item", "mash", "carer"];

/// What changes in one file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileDifference {
    /// Name of the file.
    pub file: String,
    /// A whole file more or less; a file that follows another is compared with that.
    pub whole: Whole,
    /// Every change in it. None: comments, spacing or the order of entries alone.
    pub changes: Vec<Change>,
}

/// Is a file in both sets?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whole {
    /// In both.
    Both,
    /// In the new set only: a version of the rule table.
    Added {
        /// The day on which it begins.
        from: String,
        /// The version that it follows, and is compared with.
        follows: Option<String>,
    },
    /// In the old set only.
    Removed,
}

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Where: rows and fields from the outside in, e.g. `rule R07`, `class`.
    pub at: Vec<String>,
    /// What becomes of it.
    pub what: What,
}

/// What becomes of a row or a field.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// It is new.
    Added(Value),
    /// It is gone.
    Removed(Value),
    /// Before, and after.
    Changed(Value, Value),
    /// It is a list.
    List {
        /// What is new in it.
        added: Vec<Value>,
        /// What is gone from it.
        removed: Vec<Value>,
    },
}

/// What changes from `old` to `new`, file by file; none where they are the same to the byte.
///
/// # Errors
/// Every file that is no TOML.
pub fn differences(old: &FileSet, new: &FileSet) -> Result<Vec<FileDifference>, Vec<ReferenceError>> {
    let (before, mut wrong) = tables(old);
    let (after, more) = tables(new);
    wrong.extend(more);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let names: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let changed = names.into_iter().filter(|name| old.text(name) != new.text(name));
    Ok(changed.map(|name| file(name, &before, &after)).collect())
}

type Tables<'s> = BTreeMap<&'s str, Table>;

fn tables(set: &FileSet) -> (Tables<'_>, Vec<ReferenceError>) {
    let (mut tables, mut wrong) = (BTreeMap::new(), Vec::new());
    for (name, text) in set.iter() {
        match text.parse::<Table>() {
            Ok(table) => drop(tables.insert(name, table)),
            Err(error) => wrong.push(ReferenceError {
                file: name.to_owned(),
                at: "file".to_owned(),
                what: error.message().to_owned(),
            }),
        }
    }
    (tables, wrong)
}

fn file(name: &str, old: &Tables<'_>, new: &Tables<'_>) -> FileDifference {
    let mut comparison = Comparison { file: name, at: Vec::new(), changes: Vec::new() };
    let whole = match (old.get(name), new.get(name)) {
        (Some(before), Some(after)) => {
            comparison.tables(before, after);
            Whole::Both
        }
        (None, Some(after)) => {
            let follows = followed(name, after, old, new);
            comparison.tables(follows.map_or(&Table::new(), |(_, table)| table), after);
            let follows = follows.and_then(|(name, _)| version_of_name(name)).map(str::to_owned);
            Whole::Added { from: begins(after).to_owned(), follows }
        }
        _ => Whole::Removed,
    };
    FileDifference { file: name.to_owned(), whole, changes: comparison.changes }
}

/// The rule table that was in force last when `table` begins.
fn followed<'t>(own: &str, table: &Table, old: &'t Tables<'_>, new: &'t Tables<'_>) -> Option<(&'t str, &'t Table)> {
    let others = old.iter().chain(new).filter(|(name, _)| **name != own && version_of_name(name).is_some());
    let before = others.filter(|(_, other)| begins(other) <= begins(table));
    before.max_by_key(|(_, other)| begins(other)).map(|(name, table)| (*name, table))
}

fn begins(table: &Table) -> &str {
    table.get("effective_from").and_then(Value::as_str).unwrap_or_default()
}

/// The comparison of one file, at a place in it.
struct Comparison<'f> {
    file: &'f str,
    at: Vec<String>,
    changes: Vec<Change>,
}

impl Comparison<'_> {
    fn told(&mut self, what: What) {
        self.changes.push(Change { at: self.at.clone(), what });
    }

    fn within(&mut self, place: &str, compare: impl FnOnce(&mut Self)) {
        self.at.push(place.to_owned());
        compare(self);
        self.at.pop();
    }

    fn tables(&mut self, old: &Table, new: &Table) {
        let gone = old.keys().filter(|name| !new.contains_key(*name));
        for name in new.keys().chain(gone) {
            self.within(name, |own| own.either(old.get(name), new.get(name)));
        }
    }

    fn either(&mut self, old: Option<&Value>, new: Option<&Value>) {
        match (old, new) {
            (Some(old), Some(new)) => self.values(old, new),
            (None, Some(Value::Array(new))) if is_rows(new) => self.rows(&[], new),
            (Some(Value::Array(old)), None) if is_rows(old) => self.rows(old, &[]),
            (None, Some(new)) => self.told(What::Added(new.clone())),
            (Some(old), None) => self.told(What::Removed(old.clone())),
            (None, None) => {}
        }
    }

    fn values(&mut self, old: &Value, new: &Value) {
        match (old, new) {
            _ if old == new => {}
            (Value::Table(old), Value::Table(new)) => self.tables(old, new),
            (Value::Array(old), Value::Array(new)) if is_rows(old) && is_rows(new) => self.rows(old, new),
            (Value::Array(old), Value::Array(new)) if self.file == redaction::TABLE && old.len() == new.len() => {
                for (number, (old, new)) in old.iter().zip(new).enumerate() {
                    self.within(READERS.get(number).unwrap_or(&"?"), |own| own.values(old, new));
                }
            }
            (Value::Array(before), Value::Array(after)) => self.list((old, before), (new, after)),
            (Value::String(before), Value::String(after)) if self.file == redaction::WORDS => {
                self.list((old, &words(before)), (new, &words(after)));
            }
            _ => self.told(What::Changed(old.clone(), new.clone())),
        }
    }

    /// What a list gains and loses; where that is nothing, its order is another.
    fn list(&mut self, (old, before): (&Value, &[Value]), (new, after): (&Value, &[Value])) {
        let (added, removed) = (surplus(after, before), surplus(before, after));
        match (added.is_empty() && removed.is_empty(), self.file == redaction::WORDS) {
            (true, true) => {}
            (true, false) => self.told(What::Changed(old.clone(), new.clone())),
            _ => self.told(What::List { added, removed }),
        }
    }

    /// Rows that are alike first, then those of one key and first day, then those of one key, each with the next of the other side.
    fn rows(&mut self, old: &[Value], new: &[Value]) {
        let name = self.at.pop().unwrap_or_default();
        let mut partner: Vec<Option<usize>> = vec![None; new.len()];
        let mut left: Vec<bool> = vec![true; old.len()];
        let alike: [fn(&Value) -> String; 3] = [Value::to_string, dated, |row| key(row).unwrap_or_default().to_owned()];
        for of in alike {
            let mut waiting: BTreeMap<String, VecDeque<usize>> = BTreeMap::new();
            for (number, row) in old.iter().enumerate().filter(|(number, _)| left[*number]) {
                waiting.entry(of(row)).or_default().push_back(number);
            }
            for (found, row) in partner.iter_mut().zip(new).filter(|(found, _)| found.is_none()) {
                *found = waiting.get_mut(&of(row)).and_then(VecDeque::pop_front);
                if let Some(number) = *found {
                    left[number] = false;
                }
            }
        }
        for (row, found) in new.iter().zip(partner) {
            self.within(&title(&name, row), |own| match found {
                Some(number) => own.values(&old[number], row),
                None => own.told(What::Added(row.clone())),
            });
        }
        for (row, _) in old.iter().zip(left).filter(|(_, left)| *left) {
            self.within(&title(&name, row), |own| own.told(What::Removed(row.clone())));
        }
        self.at.push(name);
    }
}

fn is_rows(array: &[Value]) -> bool {
    !array.is_empty() && array.iter().all(Value::is_table)
}

fn text<'r>(row: &'r Value, field: &str) -> Option<&'r str> {
    row.get(field).and_then(Value::as_str)
}

fn key(row: &Value) -> Option<&str> {
    KEYS.iter().find_map(|field| text(row, field))
}

fn dated(row: &Value) -> String {
    format!("{} {}", key(row).unwrap_or_default(), text(row, "from").unwrap_or_default())
}

/// `authority E09000023 (Lewisham) from 2027-04-01`.
fn title(name: &str, row: &Value) -> String {
    let key = key(row).unwrap_or_default();
    let called = NAMES.iter().find_map(|field| text(row, field)).filter(|called| *called != key);
    let called = called.map_or_else(String::new, |called| format!("({called})"));
    let from = text(row, "from").map_or_else(String::new, |from| format!("from {from}"));
    [name, key, &called, &from].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// The entries of a list of words between commas.
fn words(list: &str) -> Vec<Value> {
    let entries = list.split(',').map(|entry| entry.split_whitespace().collect::<Vec<_>>().join(" "));
    entries.filter(|entry| !entry.is_empty()).map(Value::String).collect()
}

/// What `of` has more than `than`, as often as it has it.
fn surplus(of: &[Value], than: &[Value]) -> Vec<Value> {
    let mut there: BTreeMap<String, usize> = BTreeMap::new();
    than.iter().for_each(|value| *there.entry(value.to_string()).or_default() += 1);
    let more = of.iter().filter(|value| match there.get_mut(&value.to_string()) {
        Some(count @ 1..) => {
            *count -= 1;
            false
        }
        _ => true,
    });
    more.cloned().collect()
}
