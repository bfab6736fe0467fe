//! `calendar.toml`: zone, office hours and bank holidays.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};
use serde::Deserialize;

use super::Report;
use crate::domain::{
    calendar::{Calendar, OfficeHours},
    directory::{Directory, Effective},
    period::{Dated, Exception},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    zone: String,
    office: Vec<OfficeRow>,
    #[serde(default)]
    office_of: Vec<OfficeOfRow>,
    bank_holidays: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfficeRow {
    from: String,
    until: Option<String>,
    days: Vec<DayRow>,
    open: String,
    close: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfficeOfRow {
    authority: String,
    from: String,
    until: Option<String>,
    days: Vec<DayRow>,
    open: String,
    close: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum DayRow {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// Reads the calendar; the zone comes from the bundled database, never from the machine.
pub(super) fn read(text: &str, directory: Option<&Directory>, report: &mut Report) -> Option<Calendar> {
    let file: File = report.parse(text)?;
    let zone = TimeZone::get(&file.zone);
    if zone.is_err() {
        report.add("zone", "is not a zone of the time zone database, e.g. Europe/London");
    }
    let periods: Vec<_> = file.office.iter().map(|row| period("office", row, report)).collect();
    let first = periods.iter().map(|(effective, _)| effective.from).min();
    let office = Dated::new(periods).map_err(|wrong| report.add_all("office", wrong)).ok();
    let mut of: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for row in file.office_of {
        let at = format!("office_of {}", row.authority);
        let known = directory.is_none_or(|directory| directory.authorities.iter().any(|a| a.gss == row.authority));
        if !known {
            report.add(&at, "no such authority in directory.toml");
        }
        let OfficeOfRow { authority, from, until, days, open, close } = row;
        of.entry(authority).or_default().push(period(&at, &OfficeRow { from, until, days, open, close }, report));
    }
    let mut office_of = BTreeMap::new();
    for (authority, periods) in of {
        let at = format!("office_of {authority}");
        if let Ok(own) = Exception::new(periods).map_err(|wrong| report.add_all(&at, wrong)) {
            office_of.insert(authority, own);
        }
    }
    let bank_holidays = holidays(&file.bank_holidays, report);
    if let (Some(first), Some(holiday)) = (first, bank_holidays.first())
        && first.year() > holiday.year()
    {
        report.add("office", format!("nothing holds in {}, for which there are bank holidays", holiday.year()));
    }
    Some(Calendar { version: file.version, zone: zone.ok()?, bank_holidays, office: office?, office_of })
}

/// One period of office hours.
fn period(at: &str, row: &OfficeRow, report: &mut Report) -> (Effective, OfficeHours) {
    let effective = report.effective(at, Some(&row.from), row.until.as_deref(), Date::MIN);
    (effective, hours(at, row, report))
}

fn hours(at: &str, row: &OfficeRow, report: &mut Report) -> OfficeHours {
    let mut time = |value: &str| {
        value.parse::<Time>().unwrap_or_else(|_| {
            report.add(at, format!("`{value}` is not a time like 09:00"));
            Time::MIN
        })
    };
    let (open, close) = (time(&row.open), time(&row.close));
    if open >= close {
        report.add(at, "`open` must be before `close`");
    }
    if row.days.is_empty() {
        report.add(at, "an office that never opens would stop every working-hours deadline");
    }
    OfficeHours { days: row.days.iter().map(weekday).collect(), open, close }
}

fn weekday(day: &DayRow) -> Weekday {
    match day {
        DayRow::Monday => Weekday::Monday,
        DayRow::Tuesday => Weekday::Tuesday,
        DayRow::Wednesday => Weekday::Wednesday,
        DayRow::Thursday => Weekday::Thursday,
        DayRow::Friday => Weekday::Friday,
        DayRow::Saturday => Weekday::Saturday,
        DayRow::Sunday => Weekday::Sunday,
    }
}

fn holidays(years: &BTreeMap<String, Vec<String>>, report: &mut Report) -> BTreeSet<Date> {
    let mut all = BTreeSet::new();
    let mut previous: Option<i16> = None;
    for (year, days) in years {
        let at = format!("bank_holidays {year}");
        let number = year.parse::<i16>().unwrap_or_else(|_| {
            report.add(&at, "is not a year");
            0
        });
        if previous.is_some_and(|previous| previous + 1 != number) {
            report.add(&at, "a year is missing before it");
        }
        previous = Some(number);
        // England has eight; a year with fewer is not whole.
        if days.len() < 8 {
            report.add(&at, "has fewer than eight days");
        }
        for day in days {
            let date = report.date(&at, day, Date::MIN);
            if date.year() != number || !all.insert(date) {
                report.add(&at, format!("{day} is in another year or there twice"));
            }
            if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
                report.add(&at, format!("{day} is at a weekend: give the substitute day"));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use crate::{
        domain::calendar::{Basis, Calendar},
        reference::{EMBEDDED, Files, load},
    };

    fn with(change: impl Fn(&str) -> String) -> Result<Calendar, Vec<String>> {
        let calendar = change(EMBEDDED.calendar);
        let loaded = load(Files { calendar: &calendar, ..EMBEDDED });
        loaded.map(|policy| policy.calendar).map_err(|wrong| wrong.iter().map(ToString::to_string).collect())
    }

    fn office_of(from: &str, until: &str, hours: [&str; 2]) -> String {
        let until = if until.is_empty() { String::new() } else { format!("until = \"{until}\"\n") };
        format!(
            "[[office_of]]\nauthority = \"E09000023\"\nfrom = \"{from}\"\n{until}days = [\"monday\", \"saturday\"]\n\
             open = \"{}\"\nclose = \"{}\"\n",
            hours[0], hours[1]
        )
    }

    fn and(more: &str) -> Result<Calendar, Vec<String>> {
        with(|text| text.replace("[bank_holidays]", &format!("{more}[bank_holidays]")))
    }

    fn at(moment: &str) -> Timestamp {
        moment.parse().unwrap()
    }

    #[test]
    fn an_authority_has_its_own_hours_while_they_hold_and_the_others_theirs() {
        let calendar = and(&office_of("2027-04-01", "2027-10-01", ["08:30", "12:00"])).unwrap();
        for (who, moment, open) in [
            ("E09000023", "2027-03-27T09:00:00Z", false), // Saturday, before
            ("E09000023", "2027-04-03T07:29:59Z", false), // Saturday, 08:29:59 British Summer Time
            ("E09000023", "2027-04-03T07:30:00Z", true),
            ("E09000023", "2027-04-03T10:59:59Z", true),
            ("E09000023", "2027-04-03T11:00:00Z", false), // 12:00
            ("E09000023", "2027-04-06T09:00:00Z", false), // Tuesday
            ("E09000024", "2027-04-06T09:00:00Z", true),
            ("E09000023", "2027-10-02T09:00:00Z", false), // Saturday, after
            ("E09000023", "2027-10-05T09:00:00Z", true),
        ] {
            assert_eq!(calendar.office_open(who, at(moment)), open, "{who} {moment}");
        }
    }

    #[test]
    fn a_deadline_runs_on_the_hours_of_each_day_that_it_crosses() {
        // From 1 April only Monday and Saturday mornings: 3.5 hours a day.
        let calendar = and(&office_of("2027-04-01", "", ["08:30", "12:00"])).unwrap();
        let due = |minutes| calendar.after("E09000023", at("2027-03-31T15:00:00Z"), minutes, Basis::WorkingHours);
        assert_eq!(due(60), at("2027-03-31T16:00:00Z"), "17:00 on the last day of the old hours");
        assert_eq!(due(120), at("2027-04-03T08:30:00Z"), "an hour into Saturday");
        assert_eq!(due(60 + 211), at("2027-04-05T07:31:00Z"), "Monday 08:31");
    }

    #[test]
    fn holes_overlaps_and_weekend_holidays_are_all_named() {
        let periods = [
            office_of("2027-04-01", "2027-06-01", ["08:30", "12:00"]),
            office_of("2027-07-01", "", ["08:30", "12:00"]),
        ];
        assert_eq!(
            and(&periods.concat()).unwrap_err(),
            ["calendar.toml: office_of E09000023: nothing holds from 2027-06-01 until 2027-07-01"]
        );
        assert_eq!(
            and(&periods.concat().replace("2027-07-01", "2027-05-01")).unwrap_err(),
            ["calendar.toml: office_of E09000023: two periods hold from 2027-05-01 until 2027-06-01"]
        );
        let second = "[[office]]\nfrom = \"2027-01-01\"\ndays = [\"monday\"]\nopen = \"09:00\"\nclose = \"17:00\"\n";
        assert_eq!(and(second).unwrap_err(), ["calendar.toml: office: the period before 2027-01-01 has no `until`"]);
        let late = with(|text| text.replacen("from = \"2025-01-01\"", "from = \"2026-01-01\"", 1));
        assert!(late.unwrap_err()[0].contains("nothing holds in 2025"));
        let weekend = with(|text| text.replace("2026-12-28", "2026-12-26"));
        assert!(weekend.unwrap_err()[0].contains("give the substitute day"));
        let gone = with(|text| text.replace("2027 = ", "2037 = "));
        assert!(gone.unwrap_err().iter().any(|wrong| wrong.contains("a year is missing before it")));
    }

    #[test]
    fn in_a_year_nobody_has_named_every_office_counts_as_closed() {
        let calendar = and("").unwrap();
        assert!(calendar.office_open("E09000023", at("2029-12-31T10:00:00Z")), "a Monday");
        assert!(!calendar.office_open("E09000023", at("2030-01-02T10:00:00Z")), "a Wednesday");
        assert!(!calendar.office_open("E09000023", at("2024-12-31T10:00:00Z")), "a Tuesday");
    }
}
