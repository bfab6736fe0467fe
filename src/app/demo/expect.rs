//! The narratives and what must come of each: the data that the tests use too.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::app::failure::Failure;

/// One narrative with its expectations.
pub(super) struct Narrative {
    /// `n1` to `n8`.
    pub(super) name: &'static str,
    /// The submission in protobuf JSON.
    pub(super) submission: &'static str,
    /// What must come of it.
    pub(super) expect: Expect,
}

/// What must come of a narrative; `tests/narratives/expect.toml` says what each key means.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) title: String,
    pub(super) received: Timestamp,
    pub(super) organisation: String,
    pub(super) on_behalf_of: String,
    pub(super) class: String,
    pub(super) rules: Vec<String>,
    pub(super) prompts: Vec<String>,
    pub(super) strategy_due: Option<String>,
    pub(super) flags: Vec<String>,
    pub(super) items: Vec<Grade>,
    pub(super) legs: Vec<ExpectedLeg>,
    #[serde(default)]
    pub(super) views: BTreeMap<String, Strings>,
}

/// A proposed grade.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Grade {
    pub(super) proposed: String,
    pub(super) handling: String,
}

/// One destination.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedLeg {
    pub(super) queue: String,
    pub(super) class: String,
    #[serde(default)]
    pub(super) contents: Vec<String>,
    #[serde(default)]
    pub(super) without: Vec<String>,
    #[serde(default)]
    pub(super) items: Vec<u64>,
    #[serde(default)]
    pub(super) links: usize,
    #[serde(default)]
    pub(super) provisional: bool,
    #[serde(default)]
    pub(super) page: bool,
    #[serde(default)]
    pub(super) held: Vec<String>,
    #[serde(default)]
    pub(super) copy_notes: Vec<(u64, String)>,
}

/// Strings that an audience must and must not read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Strings {
    pub(super) kept: Vec<String>,
    pub(super) forbidden: Vec<String>,
}

const EXPECT: &str = include_str!("../../../tests/narratives/expect.toml");

const SUBMISSIONS: [(&str, &str); 8] = [
    ("n1", include_str!("../../../tests/narratives/n1.json")),
    ("n2", include_str!("../../../tests/narratives/n2.json")),
    ("n3", include_str!("../../../tests/narratives/n3.json")),
    ("n4", include_str!("../../../tests/narratives/n4.json")),
    ("n5", include_str!("../../../tests/narratives/n5.json")),
    ("n6", include_str!("../../../tests/narratives/n6.json")),
    ("n7", include_str!("../../../tests/narratives/n7.json")),
    ("n8", include_str!("../../../tests/narratives/n8.json")),
];

/// All of them in the order in which they are received.
pub(super) fn narratives() -> Result<Vec<Narrative>, Failure> {
    let mut expected: BTreeMap<String, Expect> =
        toml::from_str(EXPECT).map_err(|error| Failure::other(format!("the narratives' expectations: {error}")))?;
    let mut narratives = Vec::new();
    for (name, submission) in SUBMISSIONS {
        let expect = expected.remove(name).ok_or_else(|| Failure::other(format!("{name} has no expectations")))?;
        narratives.push(Narrative { name, submission, expect });
    }
    narratives.sort_by_key(|narrative| narrative.expect.received);
    Ok(narratives)
}
