//! `queues.toml` and `deadlines.toml`: kinds of queue, their closed lists of outcomes, and how long each class has.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Report;
use crate::domain::{
    calendar::Basis,
    code::Class,
    directory::Directory,
    policy::{ClassDeadlines, Deadline, Deadlines, Outcome, QueueKind, QueueSide, SenderWording},
    queue::QueueId,
    unit::{Audience, Part},
};

/// Kinds that the rules send to; each must be described.
const KINDS: [&str; 7] = ["MPU", "REFDESK", "MASH", "ALLOC", "EDT", "FORCE", "HOLD"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindsFile {
    version: String,
    kind: Vec<KindRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindRow {
    kind: String,
    label: String,
    side: SideRow,
    always_open: bool,
    opens: Vec<String>,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeadlinesFile {
    #[expect(dead_code, reason = "every file of reference data carries its version; Queues shows that of queues.toml")]
    version: String,
    class: BTreeMap<String, DeadlinesRow>,
    #[serde(default)]
    r#override: Vec<OverrideRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeadlinesRow {
    acknowledge: Option<DeadlineRow>,
    decide: Option<DeadlineRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OverrideRow {
    queue: String,
    class: String,
    acknowledge: Option<DeadlineRow>,
    decide: Option<DeadlineRow>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(deny_unknown_fields)]
struct DeadlineRow {
    minutes: u32,
    basis: BasisRow,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum BasisRow {
    Elapsed,
    WorkingHours,
}

/// Reads the kinds and the version of their file.
pub(super) fn read_kinds(text: &str, report: &mut Report) -> Option<(String, Vec<QueueKind>)> {
    let file: KindsFile = report.parse(text)?;
    for kind in KINDS {
        if file.kind.iter().filter(|row| row.kind == kind).count() != 1 {
            report.add(format!("kind {kind}"), "must be there exactly once");
        }
    }
    for row in file.kind.iter().filter(|row| !KINDS.contains(&row.kind.as_str())) {
        report.add(format!("kind {}", row.kind), "no rule sends to it");
    }
    let kinds = file.kind.into_iter().map(|row| kind(row, report)).collect();
    Some((file.version, kinds))
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

/// Reads the deadlines of each class and of the queues that differ.
pub(super) fn read_deadlines(text: &str, directory: Option<&Directory>, report: &mut Report) -> Option<Deadlines> {
    let file: DeadlinesFile = report.parse(text)?;
    let mut deadlines = Deadlines::default();
    for (code, row) in file.class {
        match Class::from_code(&code) {
            Some(class) => {
                deadlines.classes.insert(class, class_deadlines(row.acknowledge, row.decide));
            }
            None => report.add(format!("class {code}"), "is not a class P0 to P4"),
        }
    }
    for class in Class::ALL {
        if !deadlines.classes.contains_key(class) {
            report.add(format!("class {class}"), "is missing");
        }
    }
    for row in file.r#override {
        let at = format!("override {} {}", row.queue, row.class);
        let queue = QueueId::parse(&row.queue).filter(|queue| directory.is_none_or(|known| ever_a_queue(known, queue)));
        match (queue, Class::from_code(&row.class)) {
            (Some(queue), Some(class)) => {
                let own = class_deadlines(row.acknowledge, row.decide);
                if deadlines.overrides.insert((queue, class), own).is_some() {
                    report.add(at, "is there twice");
                }
            }
            _ => report.add(at, "names no queue of directory.toml, or no class P0 to P4"),
        }
    }
    Some(deadlines)
}

fn ever_a_queue(directory: &Directory, queue: &QueueId) -> bool {
    let authorities = directory.authorities.iter().map(|entry| entry.effective.from);
    let bcus = directory.bcus.iter().map(|entry| entry.effective.from);
    let forces = directory.forces.iter().map(|entry| entry.effective.from);
    let first_days: BTreeSet<_> = authorities.chain(bcus).chain(forces).collect();
    first_days.into_iter().any(|day| directory.queues(day).contains(queue))
}

fn class_deadlines(acknowledge: Option<DeadlineRow>, decide: Option<DeadlineRow>) -> ClassDeadlines {
    ClassDeadlines { acknowledge: acknowledge.map(deadline), decide: decide.map(deadline) }
}

fn deadline(row: DeadlineRow) -> Deadline {
    let basis = match row.basis {
        BasisRow::Elapsed => Basis::Elapsed,
        BasisRow::WorkingHours => Basis::WorkingHours,
    };
    Deadline { minutes: row.minutes, basis }
}
