//! `memory.toml`: how long content is kept, and what a sender sees of who read it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::{Report, queues::KINDS};
use crate::domain::{
    directory::{Directory, Effective},
    period::{Dated, Exception},
    policy::{Access, Agreed, Memory, NEVER_GIVEN, ReadingShown, Retention, Withholding},
    unit::Part,
};

/// Fewer days, and whoever reads late finds nothing; more, and the broker is an archive.
const DAYS: std::ops::RangeInclusive<u32> = 7..=365;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    retention: Vec<PeriodRow>,
    #[serde(default)]
    exception: Vec<ExceptionRow>,
    readings: BTreeMap<String, String>,
    subject_access: Vec<AccessRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessRow {
    part: String,
    gives: bool,
    #[serde(default)]
    withholds: Vec<FieldsRow>,
    #[serde(default)]
    reasons: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldsRow {
    fields: Vec<String>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeriodRow {
    from: String,
    until: Option<String>,
    days: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExceptionRow {
    kind: Option<String>,
    authority: Option<String>,
    from: String,
    until: Option<String>,
    days: u32,
}

/// Reads it.
pub(super) fn read(text: &str, directory: Option<&Directory>, report: &mut Report) -> Option<Memory> {
    let file: File = report.parse(text)?;
    let periods = file.retention.into_iter().map(|row| {
        let at = format!("retention {}", row.from);
        (report.effective(&at, Some(&row.from), row.until.as_deref(), Date::MIN), days(&at, row.days, report))
    });
    let periods = periods.collect();
    let default = Dated::new(periods).map_err(|wrong| report.add_all("retention", wrong)).ok();
    let mut of: BTreeMap<Agreed, Vec<(Effective, u32)>> = BTreeMap::new();
    for row in file.exception {
        let at = format!("exception {}", row.kind.as_deref().or(row.authority.as_deref()).unwrap_or_default());
        let effective = report.effective(&at, Some(&row.from), row.until.as_deref(), Date::MIN);
        let days = days(&at, row.days, report);
        match (row.kind, row.authority) {
            (Some(kind), None) if KINDS.contains(&kind.as_str()) => {
                of.entry(Agreed::Kind(kind)).or_default().push((effective, days));
            }
            (None, Some(gss)) if directory.is_none_or(|known| ever_an_authority(known, &gss)) => {
                of.entry(Agreed::Authority(gss)).or_default().push((effective, days));
            }
            _ => report.add(at, "name either a kind of queue or an authority of directory.toml"),
        }
    }
    let mut exceptions = BTreeMap::new();
    for (whose, periods) in of {
        let at = match &whose {
            Agreed::Kind(name) | Agreed::Authority(name) => format!("exception {name}"),
        };
        if let Ok(own) = Exception::new(periods).map_err(|wrong| report.add_all(&at, wrong)) {
            exceptions.insert(whose, own);
        }
    }
    let (readings, access) = (readings(file.readings, report), access(file.subject_access, report));
    Some(Memory { version: file.version, retention: Retention { days: default?, exceptions }, readings, access })
}

fn days(at: &str, days: u32, report: &mut Report) -> u32 {
    if !DAYS.contains(&days) {
        report.add(at, format!("`days` must be {} to {}", DAYS.start(), DAYS.end()));
    }
    days
}

fn readings(rows: BTreeMap<String, String>, report: &mut Report) -> BTreeMap<String, ReadingShown> {
    for kind in KINDS.iter().filter(|kind| !rows.contains_key(**kind)) {
        report.add(format!("readings {kind}"), "is missing: say unit, role or none");
    }
    let mut shown = BTreeMap::new();
    for (kind, code) in rows {
        match ReadingShown::from_code(&code).filter(|_| KINDS.contains(&kind.as_str())) {
            Some(what) => drop(shown.insert(kind, what)),
            None => report.add(format!("readings {kind}"), "is no kind of queue, or does not say unit, role or none"),
        }
    }
    shown
}

/// Every part once: what is given has no reasons, what is withheld has at least one.
fn access(rows: Vec<AccessRow>, report: &mut Report) -> BTreeMap<Part, Access> {
    let mut access = BTreeMap::new();
    for row in rows {
        let at = format!("subject_access {}", row.part);
        let Some(part) = Part::from_code(&row.part) else {
            report.add(at, "is no part");
            continue;
        };
        let mut word = |code: &str| {
            let known = Withholding::from_code(code);
            if known.is_none() {
                report.add(&at, format!("`{code}` is none of third_party, source, police, serious_harm"));
            }
            known
        };
        let mut fields = Vec::new();
        for group in &row.withholds {
            let reason = word(&group.reason);
            fields.extend(reason.iter().flat_map(|reason| group.fields.iter().map(|name| (name.clone(), *reason))));
        }
        let reasons: Vec<Withholding> = row.reasons.iter().filter_map(|code| word(code)).collect();
        match (row.gives, reasons.is_empty()) {
            (true, _) if NEVER_GIVEN.contains(&part) => report.add(&at, "is never given: say gives = false, and why"),
            (true, false) => report.add(&at, "is given, so it has no `reasons`; fields of it are under `withholds`"),
            (false, true) => report.add(&at, "is withheld: say why, under `reasons`"),
            (false, false) if !row.withholds.is_empty() => report.add(&at, "is withheld whole: leave `withholds` out"),
            _ => {}
        }
        let what = if row.gives { Access::Given(fields) } else { Access::Withheld(reasons) };
        if access.insert(part, what).is_some() {
            report.add(at, "is there twice");
        }
    }
    for part in Part::ALL.iter().filter(|part| !access.contains_key(part)) {
        report.add(format!("subject_access {part}"), "is missing");
    }
    access
}

fn ever_an_authority(directory: &Directory, gss: &str) -> bool {
    directory.authorities.iter().any(|entry| entry.gss == gss)
}

#[cfg(test)]
mod tests {
    use jiff::civil::Date;

    use crate::{
        domain::policy::{Memory, ReadingShown},
        reference::{EMBEDDED, Files, load},
    };

    fn with(text: &str) -> Result<Memory, Vec<String>> {
        let loaded = load(Files { memory: text, ..EMBEDDED });
        loaded.map(|policy| policy.memory).map_err(|wrong| wrong.iter().map(ToString::to_string).collect())
    }

    fn and(more: &str) -> Result<Memory, Vec<String>> {
        with(&EMBEDDED.memory.replacen("[readings]", &format!("{more}\n[readings]"), 1))
    }

    fn on(day: &str) -> Date {
        day.parse().unwrap()
    }

    #[test]
    fn thirty_days_unless_something_else_was_agreed_and_of_several_the_longest() {
        let shipped = with(EMBEDDED.memory).unwrap();
        assert_eq!(shipped.retention.days("E09000023", ["MPU", "MASH"].into_iter(), on("2026-11-21")), 30);
        assert_eq!(shipped.shows("MPU"), ReadingShown::Unit);
        assert_eq!(shipped.shows("HOLD"), ReadingShown::Role);
        assert_eq!(shipped.shows("NOWHERE"), ReadingShown::Nothing);
        let agreed = and("[[exception]]\nkind = \"MASH\"\nfrom = \"2027-01-01\"\nuntil = \"2028-01-01\"\ndays = 60\n\
                          [[exception]]\nauthority = \"E09000024\"\nfrom = \"2027-01-01\"\ndays = 14")
        .unwrap()
        .retention;
        let days = |authority, kinds: &[&str], day| agreed.days(authority, kinds.iter().copied(), on(day));
        assert_eq!(days("E09000023", &["MPU", "MASH"], "2027-06-01"), 60);
        assert_eq!(days("E09000023", &["MPU"], "2027-06-01"), 30);
        assert_eq!(days("E09000024", &["MPU"], "2027-06-01"), 14);
        assert_eq!(days("E09000024", &["MPU", "MASH"], "2027-06-01"), 60);
        assert_eq!(days("E09000024", &[], "2027-06-01"), 14);
        assert_eq!(days("E09000024", &["MPU", "MASH"], "2026-12-31"), 30, "not yet");
        assert_eq!(days("E09000023", &["MASH"], "2028-01-01"), 30, "no longer");
        assert_eq!((agreed.least(on("2026-12-31")), agreed.least(on("2027-06-01"))), (30, 14));
    }

    #[test]
    fn what_is_not_right_is_named() {
        for days in ["6", "366", "0"] {
            let wrong = with(&EMBEDDED.memory.replacen("days = 30", &format!("days = {days}"), 1)).unwrap_err();
            assert_eq!(wrong, ["memory.toml: retention 2025-01-01: `days` must be 7 to 365"]);
        }
        let ended = with(&EMBEDDED.memory.replacen("days = 30", "days = 30\nuntil = \"2027-01-01\"", 1)).unwrap_err();
        assert!(ended[0].contains("the last period has an `until`"), "{ended:?}");
        for nobody in ["kind = \"DESK\"", "authority = \"E09000099\"", "", "kind = \"MPU\"\nauthority = \"E09000023\""]
        {
            let wrong = and(&format!("[[exception]]\n{nobody}\nfrom = \"2027-01-01\"\ndays = 60")).unwrap_err();
            assert!(wrong[0].contains("name either a kind of queue or an authority"), "{wrong:?}");
        }
        let name = with(&EMBEDDED.memory.replacen("MPU = \"unit\"", "MPU = \"name\"", 1)).unwrap_err();
        assert_eq!(name, ["memory.toml: readings MPU: is no kind of queue, or does not say unit, role or none"]);
        let part = |part: &str, from: &str, to: &str| {
            let row = format!("part = \"{part}\"\n{from}");
            assert!(EMBEDDED.memory.contains(&row), "{row}");
            let wrong = with(&EMBEDDED.memory.replacen(&row, &format!("part = \"{part}\"\n{to}"), 1)).unwrap_err();
            wrong.into_iter().map(|one| one.replacen("memory.toml: subject_access ", "", 1)).collect::<Vec<_>>()
        };
        for never in ["A", "O", "B", "CARD", "WITHHELD"] {
            let wrong = part(never, "gives = false", "gives = true");
            assert_eq!(wrong, [format!("{never}: is never given: say gives = false, and why")]);
        }
        assert_eq!(part("CARER", "gives = true", "gives = false"), ["CARER: is withheld: say why, under `reasons`"]);
        let word = part("C", "gives = false\nreasons = [\"third_party\"", "gives = false\nreasons = [\"because\"");
        assert_eq!(word, ["C: `because` is none of third_party, source, police, serious_harm"]);
        let missing = with(&EMBEDDED.memory.replacen("[[subject_access]]\npart = \"CARER\"\ngives = true", "", 1));
        assert_eq!(missing.unwrap_err(), ["memory.toml: subject_access CARER: is missing"]);
        let missing = with(&EMBEDDED.memory.replacen("MPU = \"unit\"", "", 1)).unwrap_err();
        assert_eq!(missing, ["memory.toml: readings MPU: is missing: say unit, role or none"]);
    }
}
