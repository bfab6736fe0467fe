//! The rule table R00 to R25 as data: when a rule fires, its class, what goes where, prompts and flags (domain 5.4).

use jiff::civil::Date;

use super::terms::{Choice, Condition, Destination, DueBy};
use crate::domain::{
    code::Class,
    decision::{Content, Flag, PromptKind, RuleId},
};

/// Every rule there is, in order; a table is refused at load unless it has each exactly once.
pub const RULE_IDS: [RuleId; 26] = [
    "R00", "R01", "R02", "R03", "R04", "R05", "R06", "R07", "R08", "R09", "R10", "R11", "R12", "R13", "R14", "R15",
    "R16", "R17", "R18", "R19", "R20", "R21", "R22", "R23", "R24", "R25",
];

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Id.
    pub id: RuleId,
    /// When it fires and what it does, for people.
    pub words: String,
    /// Where the rule comes from.
    pub source: String,
    /// When it fires.
    pub when: Condition,
    /// Its class.
    pub class: RuleClass,
    /// Its class in a graver case.
    pub raised: Option<(Class, Condition)>,
    /// A safeguarding referral is made by it: the owner's closure says so (D07).
    pub referral: bool,
    /// Prompts it raises.
    pub prompts: Vec<RulePrompt>,
    /// Flags it sets, each perhaps on a condition.
    pub flags: Vec<(Flag, Option<Condition>)>,
    /// What it sends where.
    pub sends: Vec<Sending>,
}

/// The class of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleClass {
    /// Its own.
    Own(Class),
    /// That of the worst item it sends (D18).
    AsItem,
    /// None: it keeps what others give.
    Nothing,
}

/// A prompt that a rule raises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RulePrompt {
    /// What to do.
    pub kind: PromptKind,
    /// Only then; always when absent.
    pub when: Option<Condition>,
    /// By when, if it has a date.
    pub due: Option<DueBy>,
}

/// What goes to one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// Where.
    pub to: Destination,
    /// Parts and cards. With none and no items the rule is only named on the leg.
    pub carries: Vec<Content>,
    /// Which items go too.
    pub items: Vec<Choice>,
    /// Prompts of this rule that the leg shows, where they are raised.
    pub shows: Vec<PromptKind>,
    /// Only then; always when absent.
    pub when: Option<Condition>,
}

/// What is owed whichever rule fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// What and why, for people.
    pub words: String,
    /// Where it comes from.
    pub source: String,
    /// Only then; always when absent.
    pub when: Option<Condition>,
    /// Not where one of these fired.
    pub unless: Vec<RuleId>,
    /// Flags it sets.
    pub flags: Vec<Flag>,
    /// What it sends where; the legs name R23, or the first rule that fired.
    pub sends: Vec<Sending>,
}

/// One version of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet {
    /// Version named in every decision, e.g. `2026-11-3`.
    pub version: String,
    /// In force from this day on, until the next version is.
    pub effective_from: Date,
    /// The rows, in the order of [`RULE_IDS`].
    pub rules: Vec<Rule>,
    /// What is owed besides.
    pub owed: Vec<Owed>,
}

impl RuleSet {
    /// The row with this id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }
}

impl Rule {
    /// Its own class, in the graver case if `raised`.
    pub fn class(&self, raised: bool) -> Option<Class> {
        match (self.class, self.raised) {
            (_, Some((class, _))) if raised => Some(class),
            (RuleClass::Own(class), _) => Some(class),
            (RuleClass::AsItem | RuleClass::Nothing, _) => None,
        }
    }

    /// True where its class is that of the items it sends (D18).
    pub fn is_as_item(&self) -> bool {
        self.class == RuleClass::AsItem
    }
}

/// Every version of the table, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSets(Vec<RuleSet>);

impl RuleSets {
    /// These versions, sorted by the day on which each begins; `None` of none at all.
    pub fn new(mut versions: Vec<RuleSet>) -> Option<Self> {
        versions.sort_by_key(|set| set.effective_from);
        (!versions.is_empty()).then_some(Self(versions))
    }

    /// The version in force on `day`: the last that has begun. Before the first begins there is only the first: no
    /// submission waits for a table.
    pub fn in_force(&self, day: Date) -> &RuleSet {
        let begun = self.0.iter().rev().find(|set| set.effective_from <= day);
        begun.unwrap_or(&self.0[0])
    }

    /// Every version, the oldest first.
    pub fn all(&self) -> &[RuleSet] {
        &self.0
    }

    /// Only the version of this name, in force at every time: what it would have decided, or what it did.
    pub fn only(&self, version: &str) -> Option<Self> {
        let set = self.0.iter().find(|set| set.version == version)?;
        Some(Self(vec![set.clone()]))
    }
}
