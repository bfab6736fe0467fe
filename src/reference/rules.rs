//! `rules.toml`: the rule table, each rule exactly once and in order.

use jiff::civil::Date;
use serde::Deserialize;

use super::Report;
use crate::domain::{
    code::Class,
    policy::{RULE_IDS, Rule, RuleSet},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    effective_from: String,
    rule: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    words: String,
    class: Option<String>,
    raised: Option<String>,
    source: String,
}

/// Rules without a class of their own (D18), and R24 and R25, which keep or raise the one there is.
const WITHOUT_CLASS: [&str; 9] = ["R08", "R09", "R10", "R11", "R13", "R19", "R20", "R24", "R25"];

/// Reads the table.
pub(super) fn read(text: &str, report: &mut Report) -> Option<RuleSet> {
    let file: File = report.parse(text)?;
    let effective_from = report.date("effective_from", &file.effective_from, Date::MIN);
    if file.version.is_empty() {
        report.add("version", "every decision names it: it must not be empty");
    }
    for row in &file.rule {
        if !RULE_IDS.contains(&row.id.as_str()) {
            report.add(format!("rule {}", row.id), "is no rule this broker knows");
        }
    }
    let rules = RULE_IDS.into_iter().filter_map(|id| rule(id, &file.rule, report)).collect();
    Some(RuleSet { version: file.version, effective_from, rules })
}

fn rule(id: &'static str, rows: &[Row], report: &mut Report) -> Option<Rule> {
    let at = format!("rule {id}");
    let mut mine = rows.iter().filter(|row| row.id == id);
    let (Some(row), None) = (mine.next(), mine.next()) else {
        report.add(at, "must be there exactly once");
        return None;
    };
    let mut class = |code: &Option<String>| {
        let code = code.as_deref()?;
        let class = Class::from_code(code);
        if class.is_none() {
            report.add(&at, format!("`{code}` is not a class P0 to P4"));
        }
        class
    };
    let (plain, raised) = (class(&row.class), class(&row.raised));
    if row.class.is_some() == WITHOUT_CLASS.contains(&id) {
        report.add(&at, "has a class where it must not, or none where it must (D18)");
    }
    if matches!((plain, raised), (Some(plain), Some(raised)) if raised >= plain) {
        report.add(&at, "`raised` must be graver than `class`");
    }
    if row.words.is_empty() || row.source.is_empty() {
        report.add(&at, "`words` and `source` explain decisions: they must not be empty");
    }
    Some(Rule { id, words: row.words.clone(), class: plain, raised, source: row.source.clone() })
}
