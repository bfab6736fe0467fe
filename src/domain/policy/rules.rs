//! The rule table R00 to R25 as data: words, class and source, for deciding and for explaining (domain 5.4).

use jiff::civil::Date;

use crate::domain::{code::Class, decision::RuleId};

/// Every rule there is, in order; the table is refused at load unless it has each exactly once.
pub const RULE_IDS: [RuleId; 26] = [
    "R00", "R01", "R02", "R03", "R04", "R05", "R06", "R07", "R08", "R09", "R10", "R11", "R12", "R13", "R14", "R15",
    "R16", "R17", "R18", "R19", "R20", "R21", "R22", "R23", "R24", "R25",
];

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Id.
    pub id: RuleId,
    /// When it fires and what it does, for explanations.
    pub words: String,
    /// Its class; absent where the rule has none of its own (D18).
    pub class: Option<Class>,
    /// Its class where the rule knows a graver case: R06 ongoing, R07 exploitation, R15 and R22.
    pub raised: Option<Class>,
    /// Where the rule comes from.
    pub source: String,
}

/// The table and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet {
    /// Version named in every decision, e.g. `2026-11-3`.
    pub version: String,
    /// In force from.
    pub effective_from: Date,
    /// The rows, in the order of [`RULE_IDS`].
    pub rules: Vec<Rule>,
}

impl RuleSet {
    /// The row with this id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// The class of a rule, in its graver case if `raised`.
    pub fn class(&self, id: &str, raised: bool) -> Option<Class> {
        let rule = self.rule(id)?;
        if raised { rule.raised.or(rule.class) } else { rule.class }
    }
}
