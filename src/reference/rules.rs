//! `rules/*.toml`: every version of the rule table, each with each rule exactly once, written in words that the broker
//! knows.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::Report;
use crate::domain::{
    code::Class,
    decision::{Content, Flag, PromptKind, RuleId},
    policy::{
        Choice, Condition, Destination, DueBy, Owed, RULE_IDS, Rule, RuleClass, RulePrompt, RuleSet, RuleSets, Sending,
    },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    effective_from: String,
    rule: Vec<RuleRow>,
    #[serde(default)]
    owed: Vec<OwedRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleRow {
    id: String,
    words: String,
    source: String,
    when: String,
    class: Option<String>,
    raised: Option<RaisedRow>,
    #[serde(default)]
    referral: bool,
    #[serde(default)]
    prompts: Vec<PromptRow>,
    #[serde(default)]
    flags: Vec<FlagRow>,
    #[serde(default)]
    sends: Vec<SendRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwedRow {
    words: String,
    source: String,
    when: Option<String>,
    #[serde(default)]
    unless: Vec<String>,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    sends: Vec<SendRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RaisedRow {
    class: String,
    when: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PromptRow {
    prompt: String,
    when: Option<String>,
    due: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FlagRow {
    flag: String,
    when: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SendRow {
    to: String,
    #[serde(default)]
    carries: Vec<String>,
    #[serde(default)]
    items: Vec<String>,
    #[serde(default)]
    shows: Vec<String>,
    when: Option<String>,
}

/// Reads the versions, each by its name and text. No two begin on one day, so that on every day exactly one is in force.
pub(super) fn read(versions: &[(&str, &str)], wrong: &mut Vec<super::ReferenceError>) -> Option<RuleSets> {
    let mut begins: BTreeMap<Date, &str> = BTreeMap::new();
    let mut sets = Vec::new();
    for (name, text) in versions {
        let mut report = Report::new(format!("rules/{name}.toml"));
        if let Some(set) = version(name, text, &mut report) {
            if let Some(other) = begins.insert(set.effective_from, name) {
                report.add("effective_from", format!("rules/{other}.toml begins on the same day"));
            }
            sets.push(set);
        }
        wrong.extend(report.wrong);
    }
    let sets = RuleSets::new(sets);
    if sets.is_none() && versions.is_empty() {
        let mut report = Report::new("rules/");
        report.add("folder", "holds no version of the rule table");
        wrong.extend(report.wrong);
    }
    sets
}

fn version(name: &str, text: &str, report: &mut Report) -> Option<RuleSet> {
    let file: File = report.parse(text)?;
    let effective_from = report.date("effective_from", &file.effective_from, Date::MIN);
    if file.version != name {
        report.add("version", format!("`{}` must be the name of its file: decisions name it", file.version));
    }
    for row in file.rule.iter().filter(|row| !RULE_IDS.contains(&row.id.as_str())) {
        report.add(format!("rule {}", row.id), "is no rule this broker knows");
    }
    let rules = RULE_IDS.into_iter().filter_map(|id| rule(id, &file.rule, report)).collect();
    let owed = file.owed.iter().zip(1..).map(|(row, n)| owed(row, n, report)).collect();
    Some(RuleSet { version: file.version, effective_from, rules, owed })
}

fn rule(id: RuleId, rows: &[RuleRow], report: &mut Report) -> Option<Rule> {
    let at = format!("rule {id}");
    let mut mine = rows.iter().filter(|row| row.id == id);
    let (Some(row), None) = (mine.next(), mine.next()) else {
        report.add(at, "must be there exactly once");
        return None;
    };
    let mut row_of = Words { at, report };
    row_of.explained(&row.words, &row.source);
    let rule = Rule {
        id,
        words: row.words.clone(),
        source: row.source.clone(),
        when: row_of.word("when", &row.when, Condition::from_code)?,
        class: row_of.class(row.class.as_deref()),
        raised: row.raised.as_ref().and_then(|raised| row_of.raised(raised)),
        referral: row.referral,
        prompts: row.prompts.iter().filter_map(|row| row_of.prompt(row)).collect(),
        flags: row.flags.iter().filter_map(|row| row_of.flag(row)).collect(),
        sends: row.sends.iter().filter_map(|row| row_of.send(row)).collect(),
    };
    coherent(&rule, &mut row_of);
    Some(rule)
}

fn owed(row: &OwedRow, n: usize, report: &mut Report) -> Owed {
    let mut row_of = Words { at: format!("owed {n}"), report };
    row_of.explained(&row.words, &row.source);
    let sends: Vec<Sending> = row.sends.iter().filter_map(|row| row_of.send(row)).collect();
    if sends.iter().any(|send| !send.shows.is_empty()) {
        row_of.add("shows a prompt, but only a rule raises one");
    }
    Owed {
        words: row.words.clone(),
        source: row.source.clone(),
        when: row.when.as_deref().and_then(|when| row_of.word("when", when, Condition::from_code)),
        unless: row.unless.iter().filter_map(|id| row_of.word("unless", id, rule_id)).collect(),
        flags: row.flags.iter().filter_map(|flag| row_of.word("flags", flag, Flag::from_code)).collect(),
        sends,
    }
}

fn rule_id(id: &str) -> Option<RuleId> {
    RULE_IDS.into_iter().find(|known| *known == id)
}

/// What a row says must fit together.
fn coherent(rule: &Rule, row: &mut Words<'_>) {
    if matches!((rule.class, rule.raised), (RuleClass::Own(plain), Some((raised, _))) if raised >= plain) {
        row.add("`raised` must be graver than `class`");
    }
    if rule.raised.is_some() && !matches!(rule.class, RuleClass::Own(_)) {
        row.add("`raised` needs a class of its own to raise");
    }
    if rule.is_as_item() && rule.sends.iter().all(|send| send.items.is_empty()) {
        row.add("has the class of the items it sends, but sends none");
    }
    for prompt in &rule.prompts {
        if !rule.sends.iter().any(|send| send.shows.contains(&prompt.kind)) {
            row.add(&format!("raises {} and shows it to nobody: name it under `shows` of a send", prompt.kind));
        }
    }
    for shown in rule.sends.iter().flat_map(|send| &send.shows) {
        if !rule.prompts.iter().any(|prompt| prompt.kind == *shown) {
            row.add(&format!("shows {shown} but does not raise it: name it under `prompts`"));
        }
    }
    // Nothing decides these two but their own finders, and these finders decide nothing else.
    let found_elsewhere = [("R24", Condition::Undecided), ("R25", Condition::Late)];
    for (id, when) in found_elsewhere {
        if (rule.id == id) != (rule.when == when) {
            row.add(&format!("`{when}` is the condition of {id} and of no other rule"));
        }
        let does_something =
            rule.class != RuleClass::Nothing || rule.flags.len() + rule.prompts.len() + rule.sends.len() > 0;
        if rule.id == id && does_something {
            row.add("is found after the table was read: it has no class, prompts, flags or sends here");
        }
    }
}

/// Reads the words of one row.
struct Words<'r> {
    at: String,
    report: &'r mut Report,
}

impl Words<'_> {
    fn add(&mut self, what: &str) {
        self.report.add(&self.at, what);
    }

    fn explained(&mut self, words: &str, source: &str) {
        if words.is_empty() || source.is_empty() {
            self.add("`words` and `source` explain decisions: they must not be empty");
        }
    }

    /// A word of a vocabulary, or a complaint.
    fn word<T>(&mut self, key: &str, code: &str, known: impl Fn(&str) -> Option<T>) -> Option<T> {
        let word = known(code);
        if word.is_none() {
            self.add(&format!("{key}: `{code}` is no word this broker knows; README.md lists them"));
        }
        word
    }

    fn condition(&mut self, when: Option<&str>) -> Result<Option<Condition>, ()> {
        let Some(when) = when else { return Ok(None) };
        self.word("when", when, Condition::from_code).map(Some).ok_or(())
    }

    fn class(&mut self, class: Option<&str>) -> RuleClass {
        match class {
            None => RuleClass::Nothing,
            Some("as_item") => RuleClass::AsItem,
            Some(code) => self.word("class", code, Class::from_code).map_or(RuleClass::Nothing, RuleClass::Own),
        }
    }

    fn raised(&mut self, row: &RaisedRow) -> Option<(Class, Condition)> {
        let class = self.word("raised", &row.class, Class::from_code);
        let when = self.word("raised", &row.when, Condition::from_code);
        class.zip(when)
    }

    fn prompt(&mut self, row: &PromptRow) -> Option<RulePrompt> {
        let kind = self.word("prompts", &row.prompt, PromptKind::from_code);
        let when = self.condition(row.when.as_deref()).ok();
        let due = row.due.as_deref().and_then(|due| self.word("due", due, DueBy::from_code));
        kind.zip(when).map(|(kind, when)| RulePrompt { kind, when, due })
    }

    fn flag(&mut self, row: &FlagRow) -> Option<(Flag, Option<Condition>)> {
        let flag = self.word("flags", &row.flag, Flag::from_code);
        flag.zip(self.condition(row.when.as_deref()).ok())
    }

    fn send(&mut self, row: &SendRow) -> Option<Sending> {
        let to = self.word("to", &row.to, Destination::from_code);
        let carries = row.carries.iter().filter_map(|code| self.word("carries", code, Content::from_code)).collect();
        let items = row.items.iter().filter_map(|code| self.word("items", code, Choice::from_code)).collect();
        let shows = row.shows.iter().filter_map(|code| self.word("shows", code, PromptKind::from_code)).collect();
        let (to, when) = to.zip(self.condition(row.when.as_deref()).ok())?;
        let send = Sending { to, carries, items, shows, when };
        self.carries_what_it_can(&send);
        Some(send)
    }

    /// Some destinations make one thing of one rule, and would drop anything else.
    fn carries_what_it_can(&mut self, send: &Sending) {
        use Destination::{
            CityOfChild, CityOfPlace, ForceOfChild, ForceOfPlace, HoldForPlace, HomePolice, LegsWithPartC, LinkedChild,
            MpuOfPlace, PlacingTeam, RefdeskOfPlace,
        };
        let to = send.to;
        let only = |content: Content| send.carries == [content];
        let fits = match to {
            HomePolice => only(Content::CopyNote),
            LinkedChild => only(Content::Link),
            PlacingTeam => only(Content::Notice),
            HoldForPlace | LegsWithPartC => send.carries.is_empty(),
            _ => !send.carries.iter().any(|c| matches!(c, Content::Items | Content::CopyNote | Content::Link)),
        };
        if !fits {
            self.add(&format!("{to} cannot carry this: see its words in README.md; items are named under `items`"));
        }
        let by_item = matches!(to, RefdeskOfPlace | MpuOfPlace | ForceOfPlace | CityOfPlace | HoldForPlace);
        let without_items =
            matches!(to, HomePolice | LinkedChild | PlacingTeam | LegsWithPartC | ForceOfChild | CityOfChild);
        if by_item && send.items.is_empty() {
            self.add(&format!("{to} goes item by item: say which under `items`"));
        }
        if without_items && !send.items.is_empty() {
            self.add(&format!("{to} takes no items"));
        }
    }
}
