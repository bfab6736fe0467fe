//! `queues.toml`: kinds of queue and their closed lists of outcomes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Report;
use crate::domain::{
    policy::{Outcome, QueueKind, QueueSide, SenderWording},
    unit::{Audience, Part},
    vetting::{Asker, Level, Vetting},
};

/// Kinds that the rules send to; each must be described.
pub(super) const KINDS: [&str; 7] = ["MPU", "REFDESK", "MASH", "ALLOC", "EDT", "FORCE", "HOLD"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindsFile {
    version: String,
    #[serde(default)]
    vetting_level: Vec<LevelRow>,
    kind: Vec<KindRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelRow {
    code: String,
    label: String,
    #[serde(default)]
    covers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindRow {
    kind: String,
    label: String,
    side: SideRow,
    always_open: bool,
    opens: Vec<String>,
    #[serde(default)]
    vetting: BTreeMap<String, Vec<String>>,
    outcomes: Vec<OutcomeRow>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum SideRow {
    Police,
    Council,
    Triage,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutcomeRow {
    code: String,
    label: String,
    sender_sees: WordingRow,
    #[serde(default)]
    reason_required: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum WordingRow {
    ActedOn,
    Recorded,
    NoFurtherAction,
}

/// What asks for a level of whoever works on such a queue at all; every other name is a unit.
const WORK: &str = "work";

/// Reads the version of the file, the kinds, and what vetting they ask for.
pub(super) fn read_kinds(text: &str, report: &mut Report) -> Option<(String, Vec<QueueKind>, Vetting)> {
    let file: KindsFile = report.parse(text)?;
    for kind in KINDS {
        if file.kind.iter().filter(|row| row.kind == kind).count() != 1 {
            report.add(format!("kind {kind}"), "must be there exactly once");
        }
    }
    for row in file.kind.iter().filter(|row| !KINDS.contains(&row.kind.as_str())) {
        report.add(format!("kind {}", row.kind), "no rule sends to it");
    }
    let vetting = vetting(file.vetting_level, &file.kind, report);
    let kinds = file.kind.into_iter().map(|row| kind(row, report)).collect();
    Some((file.version, kinds, vetting))
}

fn vetting(levels: Vec<LevelRow>, kinds: &[KindRow], report: &mut Report) -> Vetting {
    let mut known = BTreeMap::new();
    for LevelRow { code, label, covers } in levels {
        if known.insert(code.clone(), Level { label, covers }).is_some() {
            report.add(format!("vetting_level {code}"), "is there twice");
        }
    }
    let mut needs: BTreeMap<Asker, Vec<String>> = BTreeMap::new();
    for row in kinds {
        for (asker, any_of) in &row.vetting {
            let at = format!("kind {}", row.kind);
            if asker == WORK {
                needs.insert((row.kind.clone(), None), any_of.clone());
            } else if !row.opens.contains(asker) {
                report.add(at, format!("vetting: `{asker}` is neither `{WORK}` nor one of what it opens"));
            } else if let Some(unit) = unit_of(&at, asker, report) {
                needs.insert((row.kind.clone(), Some(unit)), any_of.clone());
            }
        }
    }
    let read = Vetting::new(known, needs);
    read.unwrap_or_else(|wrong| {
        wrong.into_iter().for_each(|(at, what)| report.add(at, what));
        Vetting::default()
    })
}

fn kind(row: KindRow, report: &mut Report) -> QueueKind {
    let at = format!("kind {}", row.kind);
    let opens = row.opens.iter().filter_map(|unit| unit_of(&at, unit, report)).collect();
    let mut codes = BTreeSet::new();
    for outcome in &row.outcomes {
        if !codes.insert(outcome.code.as_str()) {
            report.add(&at, format!("outcome `{}` is there twice", outcome.code));
        }
        if matches!(outcome.sender_sees, WordingRow::NoFurtherAction) && !outcome.reason_required {
            report.add(&at, format!("outcome `{}` tells the sender a reason: set reason_required", outcome.code));
        }
    }
    if row.outcomes.is_empty() {
        report.add(&at, "a delivery must be able to end: name its outcomes");
    }
    let side = match row.side {
        SideRow::Police => QueueSide::Police,
        SideRow::Council => QueueSide::Council,
        SideRow::Triage => QueueSide::Triage,
    };
    let outcomes = row.outcomes.into_iter().map(outcome).collect();
    QueueKind { kind: row.kind, label: row.label, side, always_open: row.always_open, opens, outcomes }
}

fn unit_of(at: &str, unit: &str, report: &mut Report) -> Option<(Part, Audience)> {
    let parsed = unit
        .split_once('/')
        .and_then(|(part, audience)| Some((Part::from_code(part)?, Audience::from_code(audience)?)));
    if parsed.is_none() {
        report.add(at, format!("`{unit}` is not part/audience, e.g. B/mpu"));
    }
    parsed
}

fn outcome(row: OutcomeRow) -> Outcome {
    let wording = match row.sender_sees {
        WordingRow::ActedOn => SenderWording::ActedOn,
        WordingRow::Recorded => SenderWording::Recorded,
        WordingRow::NoFurtherAction => SenderWording::NoFurtherAction,
    };
    Outcome { code: row.code, label: row.label, wording, reason_required: row.reason_required }
}
