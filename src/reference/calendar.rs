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
    directory::Directory,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    zone: String,
    office: HoursRow,
    #[serde(default)]
    office_of: Vec<OfficeOfRow>,
    bank_holidays: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HoursRow {
    days: Vec<DayRow>,
    open: String,
    close: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfficeOfRow {
    authority: String,
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
    let office = hours("office", &file.office, report);
    let mut office_of = BTreeMap::new();
    for row in file.office_of {
        let at = format!("office_of {}", row.authority);
        let known = directory.is_none_or(|directory| directory.authorities.iter().any(|a| a.gss == row.authority));
        if !known {
            report.add(&at, "no such authority in directory.toml");
        }
        let row_hours = HoursRow { days: row.days, open: row.open, close: row.close };
        if office_of.insert(row.authority, hours(&at, &row_hours, report)).is_some() {
            report.add(&at, "is there twice");
        }
    }
    let bank_holidays = holidays(&file.bank_holidays, report);
    Some(Calendar { version: file.version, zone: zone.ok()?, bank_holidays, office, office_of })
}

fn hours(at: &str, row: &HoursRow, report: &mut Report) -> OfficeHours {
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
        }
    }
    all
}
