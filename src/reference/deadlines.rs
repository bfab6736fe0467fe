//! `deadlines.toml`: how long each class has, by period, and the queues that agreed something else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Deserialize;

use super::Report;
use crate::domain::{
    calendar::Basis,
    code::Class,
    directory::{Directory, Effective},
    period::{Dated, Exception},
    policy::{ClassDeadlines, Deadline, Deadlines},
    queue::QueueId,
};

/// No deadline is longer than about ten weeks of minutes: a slip of the pen, not an agreement.
const LONGEST: u32 = 100_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    period: Vec<PeriodRow>,
    #[serde(default)]
    r#override: Vec<OverrideRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeriodRow {
    from: String,
    until: Option<String>,
    class: BTreeMap<String, DeadlinesRow>,
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
    from: String,
    until: Option<String>,
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

/// Reads the deadlines of each class and of the queues that differ.
pub(super) fn read(text: &str, directory: Option<&Directory>, report: &mut Report) -> Option<Deadlines> {
    let file: File = report.parse(text)?;
    let periods = file.period.into_iter().map(|row| period(row, report)).collect();
    let classes = Dated::new(periods).map_err(|wrong| report.add_all("period", wrong)).ok();
    let mut of: BTreeMap<(QueueId, Class), Vec<(Effective, ClassDeadlines)>> = BTreeMap::new();
    for row in file.r#override {
        let at = format!("override {} {}", row.queue, row.class);
        let queue = QueueId::parse(&row.queue).filter(|queue| directory.is_none_or(|known| ever_a_queue(known, queue)));
        match (queue, Class::from_code(&row.class)) {
            (Some(queue), Some(class)) => {
                let effective = report.effective(&at, Some(&row.from), row.until.as_deref(), Date::MIN);
                let own = class_deadlines(&at, class, (row.acknowledge, row.decide), report);
                of.entry((queue, class)).or_default().push((effective, own));
            }
            _ => report.add(at, "names no queue of directory.toml, or no class P0 to P4"),
        }
    }
    let mut overrides = BTreeMap::new();
    for ((queue, class), periods) in of {
        let at = format!("override {queue} {class}");
        if let Ok(own) = Exception::new(periods).map_err(|wrong| report.add_all(&at, wrong)) {
            overrides.insert((queue, class), own);
        }
    }
    Some(Deadlines { version: file.version, classes: classes?, overrides })
}

fn period(row: PeriodRow, report: &mut Report) -> (Effective, BTreeMap<Class, ClassDeadlines>) {
    let at = format!("period {}", row.from);
    let effective = report.effective(&at, Some(&row.from), row.until.as_deref(), Date::MIN);
    let mut classes = BTreeMap::new();
    for (code, row) in row.class {
        match Class::from_code(&code) {
            Some(class) => {
                let at = format!("{at} class {class}");
                classes.insert(class, class_deadlines(&at, class, (row.acknowledge, row.decide), report));
            }
            None => report.add(format!("{at} class {code}"), "is not a class P0 to P4"),
        }
    }
    for class in Class::ALL.iter().filter(|class| !classes.contains_key(class)) {
        report.add(format!("{at} class {class}"), "is missing");
    }
    (effective, classes)
}

/// Nothing but statistics may wait for ever; what cannot wait for the morning runs on every hour; and nobody decides
/// before they have acknowledged.
fn class_deadlines(
    at: &str,
    class: Class,
    (acknowledge, decide): (Option<DeadlineRow>, Option<DeadlineRow>),
    report: &mut Report,
) -> ClassDeadlines {
    let rows = [("acknowledge", acknowledge), ("decide", decide)];
    for (name, row) in rows {
        let night = class <= Class::P1;
        match row {
            None if class < Class::P4 => report.add(at, format!("`{name}` is missing: only P4 has no deadline")),
            Some(row) if row.minutes == 0 || row.minutes > LONGEST => {
                report.add(at, format!("`{name}` must have 1 to {LONGEST} minutes"));
            }
            Some(DeadlineRow { basis: BasisRow::WorkingHours, .. }) if night => {
                report.add(at, format!("`{name}` must run on elapsed time: P0 and P1 do not wait for an office"));
            }
            Some(_) if class == Class::P4 => report.add(at, format!("P4 has no deadline: leave `{name}` out")),
            Some(_) | None => {}
        }
    }
    let deadlines = ClassDeadlines { acknowledge: acknowledge.map(deadline), decide: decide.map(deadline) };
    if let (Some(first), Some(then)) = (deadlines.acknowledge, deadlines.decide)
        && first.basis == then.basis
        && then.minutes < first.minutes
    {
        report.add(at, "`decide` is shorter than `acknowledge`");
    }
    deadlines
}

fn deadline(row: DeadlineRow) -> Deadline {
    let basis = match row.basis {
        BasisRow::Elapsed => Basis::Elapsed,
        BasisRow::WorkingHours => Basis::WorkingHours,
    };
    Deadline { minutes: row.minutes, basis }
}

fn ever_a_queue(directory: &Directory, queue: &QueueId) -> bool {
    let authorities = directory.authorities.iter().map(|entry| entry.effective.from);
    let bcus = directory.bcus.iter().map(|entry| entry.effective.from);
    let forces = directory.forces.iter().map(|entry| entry.effective.from);
    let first_days: BTreeSet<_> = authorities.chain(bcus).chain(forces).collect();
    first_days.into_iter().any(|day| directory.queues(day).contains(queue))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use crate::{
        domain::{code::Class, policy::Policy, queue::QueueId},
        reference::{EMBEDDED, Files, load},
    };

    fn with(more: &str) -> Result<Policy, Vec<String>> {
        let deadlines = format!("{}\n{more}", EMBEDDED.deadlines);
        let loaded = load(Files { deadlines: &deadlines, ..EMBEDDED });
        loaded.map_err(|wrong| wrong.iter().map(ToString::to_string).collect())
    }

    /// Deadlines of a P2 delivery, as they are printed.
    fn due(policy: &Policy, queue: &str, class: Class, from: &str) -> [Option<String>; 2] {
        let (acknowledge, decide) = policy.due(&QueueId::parse(queue).unwrap(), class, from.parse().unwrap());
        [acknowledge, decide].map(|due: Option<Timestamp>| due.map(|due| due.to_string()))
    }

    const OVERRIDE: &str = "[[override]]\nqueue = \"MASH.E09000024\"\nclass = \"P2\"\n";
    const HOUR: &str =
        "acknowledge = { minutes = 60, basis = \"elapsed\" }\ndecide = { minutes = 90, basis = \"elapsed\" }\n";
    const DAY: &str =
        "acknowledge = { minutes = 120, basis = \"elapsed\" }\ndecide = { minutes = 180, basis = \"elapsed\" }\n";

    #[test]
    fn a_queue_may_have_its_own_deadlines_while_they_hold() {
        let own = format!(
            "{OVERRIDE}from = \"2026-12-01\"\nuntil = \"2027-02-01\"\n{HOUR}{OVERRIDE}from = \"2027-02-01\"\n\
             until = \"2027-03-01\"\n{DAY}"
        );
        let policy = with(&own).unwrap();
        let merton = |from| due(&policy, "MASH.E09000024", Class::P2, from);
        let at = |times: [&str; 2]| times.map(|time| Some(time.to_owned()));
        // Local dates: 23:59:59 on 30 November is still the last day of the default.
        assert_eq!(merton("2026-11-30T23:59:59Z"), at(["2026-12-01T13:00:00Z", "2026-12-01T17:00:00Z"]));
        assert_eq!(merton("2026-12-01T00:00:00Z"), at(["2026-12-01T01:00:00Z", "2026-12-01T01:30:00Z"]));
        assert_eq!(merton("2027-02-01T00:00:00Z"), at(["2027-02-01T02:00:00Z", "2027-02-01T03:00:00Z"]));
        assert_eq!(merton("2027-03-01T10:00:00Z"), at(["2027-03-01T14:00:00Z", "2027-03-02T10:00:00Z"]));
        assert_eq!(
            due(&policy, "MASH.E09000023", Class::P2, "2026-12-01T10:00:00Z"),
            at(["2026-12-01T14:00:00Z", "2026-12-02T10:00:00Z"]),
            "another council keeps the default"
        );
        assert_eq!(
            due(&policy, "MASH.E09000024", Class::P1, "2026-12-01T10:00:00Z")[0].as_deref(),
            Some("2026-12-01T11:00:00Z")
        );
    }

    #[test]
    fn a_later_period_holds_for_what_is_accepted_from_its_first_day_on() {
        let text =
            EMBEDDED.deadlines.replacen("from = \"2025-01-01\"", "from = \"2025-01-01\"\nuntil = \"2027-07-01\"", 1);
        let second = EMBEDDED.deadlines.split_once("[[period]]").unwrap().1;
        let second = second.replace("2025-01-01", "2027-07-01").replace("minutes = 60,", "minutes = 30,");
        let deadlines = format!("{text}\n[[period]]{second}");
        let policy = load(Files { deadlines: &deadlines, ..EMBEDDED }).unwrap();
        // London is an hour ahead: 23:30 UTC on 30 June is 1 July there.
        let acknowledge = |from| due(&policy, "REFDESK.SE", Class::P1, from)[0].clone().unwrap();
        assert_eq!(acknowledge("2027-06-30T22:30:00Z"), "2027-06-30T23:30:00Z");
        assert_eq!(acknowledge("2027-06-30T23:30:00Z"), "2027-07-01T00:00:00Z");
    }

    #[test]
    fn holes_overlaps_and_impossible_lengths_are_all_named() {
        let hole = format!(
            "{OVERRIDE}from = \"2026-12-01\"\nuntil = \"2027-01-01\"\n{HOUR}{OVERRIDE}from = \"2027-02-01\"\n{HOUR}"
        );
        let twice = hole.replace("2027-02-01", "2026-12-15");
        assert_eq!(
            with(&hole).unwrap_err(),
            ["deadlines.toml: override MASH.E09000024 P2: nothing holds from 2027-01-01 until 2027-02-01"]
        );
        assert_eq!(
            with(&twice).unwrap_err(),
            ["deadlines.toml: override MASH.E09000024 P2: two periods hold from 2026-12-15 until 2027-01-01"]
        );
        let short = format!("{OVERRIDE}from = \"2026-12-01\"\n{}", HOUR.replace("90", "30"));
        assert!(with(&short).unwrap_err()[0].contains("`decide` is shorter than `acknowledge`"));
        let none = format!("{OVERRIDE}from = \"2026-12-01\"\n{}", HOUR.replace("60", "0"));
        assert!(with(&none).unwrap_err()[0].contains("1 to 100000 minutes"));
        let half = format!("{OVERRIDE}from = \"2026-12-01\"\n{}", HOUR.lines().next().unwrap());
        assert!(with(&half).unwrap_err()[0].contains("`decide` is missing"));
        let asleep =
            format!("{OVERRIDE}from = \"2026-12-01\"\n{HOUR}").replace("P2", "P1").replace("elapsed", "working_hours");
        assert_eq!(with(&asleep).unwrap_err().len(), 2, "P0 and P1 do not wait for an office");
        let ended = EMBEDDED.deadlines.replacen("from = ", "until = \"2027-01-01\"\nfrom = ", 1);
        let wrong = load(Files { deadlines: &ended, ..EMBEDDED }).unwrap_err();
        assert!(wrong[0].what.contains("the last period has an `until`"), "{wrong:?}");
    }
}
