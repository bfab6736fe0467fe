//! `homeward policy diff`: what changes from one folder of reference data to another, in words.

use std::path::Path;

use serde_json::{Value as Json, json};
use toml::Value;

use super::{client, failure::Failure, page::Page, rulebook};
use crate::reference::{Change, FileDifference, What, Whole, differences};

/// Compares two folders; exit 1 where they differ.
pub(super) fn diff(old: Option<&Path>, new: &Path, json: bool) -> Result<(), Failure> {
    let files = |folder| rulebook::sendable(folder).map_err(rulebook::refused);
    let (old, new) = (files(old)?, files(Some(new))?);
    let files = differences(&old, &new).map_err(rulebook::refused)?;
    let value = json!({ "same": files.is_empty(), "files": files.iter().map(as_json).collect::<Vec<_>>() });
    client::answer(json, &value.to_string(), |_| page(&files));
    match files.len() {
        0 => Ok(()),
        1 => Err(Failure::other("they differ, in one file")),
        count => Err(Failure::other(format!("they differ, in {count} files"))),
    }
}

fn as_json(one: &FileDifference) -> Json {
    let mut value = json!({ "file": one.file, "changes": one.changes.iter().map(change).collect::<Vec<_>>() });
    match &one.whole {
        Whole::Both => value["what"] = "changed".into(),
        Whole::Removed => value["what"] = "removed".into(),
        Whole::Added { from, follows } => {
            value["what"] = "added".into();
            value["effective_from"] = from.as_str().into();
            value["follows"] = follows.as_deref().into();
        }
    }
    value
}

fn change(one: &Change) -> Json {
    match &one.what {
        What::Added(after) => json!({ "at": one.at, "what": "added", "after": after }),
        What::Removed(before) => json!({ "at": one.at, "what": "removed", "before": before }),
        What::Changed(before, after) => json!({ "at": one.at, "what": "changed", "before": before, "after": after }),
        What::List { added, removed } => json!({ "at": one.at, "what": "list", "added": added, "removed": removed }),
    }
}

fn page(files: &[FileDifference]) -> Vec<String> {
    let mut page = Page::default();
    if files.is_empty() {
        page.line("The same, to the last character.".to_owned());
    }
    for one in files {
        if !page.lines.is_empty() {
            page.line(String::new());
        }
        page.line(format!("{}: {}", one.file, heading(one)));
        one.changes.iter().for_each(|change| entry(&mut page, change));
    }
    page.lines
}

fn heading(one: &FileDifference) -> String {
    match &one.whole {
        Whole::Removed => "is taken out".to_owned(),
        Whole::Added { from, follows: Some(follows) } => {
            format!("new, from {from} on; what it changes against {follows}, which it follows")
        }
        Whole::Added { from, follows: None } => format!("new, from {from} on; it follows none"),
        Whole::Both if one.changes.is_empty() => "comments, spacing or the order of entries alone".to_owned(),
        Whole::Both if one.changes.len() == 1 => "one change".to_owned(),
        Whole::Both => format!("{} changes", one.changes.len()),
    }
}

fn entry(page: &mut Page, change: &Change) {
    let at = change.at.join(", ");
    match &change.what {
        What::Added(after) => page.entry(0, "", &format!("{at}: added: {}", words(after))),
        What::Removed(before) => page.entry(0, "", &format!("{at}: removed: {}", words(before))),
        What::Changed(before, after) => {
            page.entry(0, "", &format!("{at}: {} -> {}", words(before), words(after)));
        }
        What::List { added, removed } => {
            for (word, values) in [("added", added), ("removed", removed)] {
                if !values.is_empty() {
                    page.entry(0, "", &format!("{at}: {word}: {}", listed(values)));
                }
            }
        }
    }
}

/// A value as people read it.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Boolean(true) => "yes".to_owned(),
        Value::Boolean(false) => "no".to_owned(),
        Value::Array(values) if values.is_empty() => "nothing".to_owned(),
        Value::Array(values) => listed(values),
        Value::Table(table) => {
            let fields: Vec<String> = table.iter().map(|(name, value)| format!("{name} {}", words(value))).collect();
            fields.join("; ")
        }
        Value::Integer(_) | Value::Float(_) | Value::Datetime(_) => value.to_string(),
    }
}

fn listed(values: &[Value]) -> String {
    let rows = values.iter().any(Value::is_table);
    let shown: Vec<String> =
        values.iter().map(|value| if rows { format!("({})", words(value)) } else { words(value) }).collect();
    shown.join(", ")
}
