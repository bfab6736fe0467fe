//! Office hours, bank holidays and the clocks that deadlines run on (domain 5.3, D01, D12).

use std::collections::{BTreeMap, BTreeSet};

use super::period::{Dated, Exception};

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, Time, Weekday},
    tz::TimeZone,
};

/// When an office is open: on `days` in `[open, close)`, not on bank holidays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeHours {
    /// Working days.
    pub days: Vec<Weekday>,
    /// Opening time, local.
    pub open: Time,
    /// Closing time, local; at this moment the office is closed.
    pub close: Time,
}

/// Which clock a deadline runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Every hour counts.
    Elapsed,
    /// Only office hours count.
    WorkingHours,
}

/// The calendar: zone, bank holidays and office hours by day, by authority where one differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// Version of the data.
    pub version: String,
    /// Zone of every office, Europe/London.
    pub zone: TimeZone,
    /// England bank holidays, of whole years.
    pub bank_holidays: BTreeSet<Date>,
    /// Default office hours.
    pub office: Dated<OfficeHours>,
    /// Office hours of an authority that differ, by GSS code, while they do.
    pub office_of: BTreeMap<String, Exception<OfficeHours>>,
}

/// No search for a working day goes further than this: office hours that never open end a deadline, not the process.
const SEARCH_DAYS: i32 = 400;

impl Calendar {
    /// The local date at `at`.
    pub fn date(&self, at: Timestamp) -> Date {
        self.zone.to_datetime(at).date()
    }

    /// The last second of a local day, so that its local date is that day.
    pub fn end_of(&self, day: Date) -> Timestamp {
        self.instant(day.at(23, 59, 59, 0)).unwrap_or(Timestamp::MAX)
    }

    /// `days` calendar days after `day`.
    pub fn days_after(&self, day: Date, days: i32) -> Date {
        day.saturating_add(jiff::Span::new().days(days))
    }

    /// Whether the office of `who` (a GSS code; anyone else has the default hours) is open at `at`. In a year whose bank
    /// holidays are not known nobody can say so, and it counts as closed: somebody awake is told as well.
    pub fn office_open(&self, who: &str, at: Timestamp) -> bool {
        let local = self.zone.to_datetime(at);
        let hours = self.hours(who, local.date());
        let within = hours.open <= local.time() && local.time() < hours.close;
        within && self.knows(local.date()) && self.works(hours, local.date())
    }

    /// Whether the bank holidays of the day's year are known.
    pub fn knows(&self, day: Date) -> bool {
        let years = self.bank_holidays.first().zip(self.bank_holidays.last());
        years.is_some_and(|(first, last)| (first.year()..=last.year()).contains(&day.year()))
    }

    /// Closing time of the first working day after the local date of `at`.
    pub fn close_of_next_working_day(&self, who: &str, at: Timestamp) -> Timestamp {
        let day = self.working_day_after(who, self.date(at));
        day.and_then(|day| self.instant(day.to_datetime(self.hours(who, day).close))).unwrap_or(Timestamp::MAX)
    }

    /// The moment `minutes` after `from` on `basis`, by the office hours of `who`.
    pub fn after(&self, who: &str, from: Timestamp, minutes: u32, basis: Basis) -> Timestamp {
        let length = SignedDuration::from_mins(i64::from(minutes));
        match basis {
            Basis::Elapsed => from.checked_add(length).unwrap_or(Timestamp::MAX),
            Basis::WorkingHours => self.after_working(who, from, length).unwrap_or(Timestamp::MAX),
        }
    }

    fn after_working(&self, who: &str, from: Timestamp, mut left: SignedDuration) -> Option<Timestamp> {
        let mut day = self.date(from);
        if !self.works(self.hours(who, day), day) {
            day = self.working_day_after(who, day)?;
        }
        for _ in 0..SEARCH_DAYS {
            let hours = self.hours(who, day);
            let opens = self.instant(day.to_datetime(hours.open))?.max(from);
            let closes = self.instant(day.to_datetime(hours.close))?;
            let there = closes.duration_since(opens).max(SignedDuration::ZERO);
            if left <= there && !there.is_zero() {
                return opens.checked_add(left).ok();
            }
            left -= there;
            day = self.working_day_after(who, day)?;
        }
        None
    }

    fn working_day_after(&self, who: &str, day: Date) -> Option<Date> {
        (1..=SEARCH_DAYS).map(|n| self.days_after(day, n)).find(|day| self.works(self.hours(who, *day), *day))
    }

    fn works(&self, hours: &OfficeHours, day: Date) -> bool {
        hours.days.contains(&day.weekday()) && !self.bank_holidays.contains(&day)
    }

    /// The office hours that hold for `who` on a day.
    fn hours(&self, who: &str, day: Date) -> &OfficeHours {
        let own = self.office_of.get(who).and_then(|own| own.on(day));
        own.unwrap_or_else(|| self.office.on(day))
    }

    fn instant(&self, local: DateTime) -> Option<Timestamp> {
        self.zone.to_timestamp(local).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Basis;
    use crate::domain::testing::{at, policy};

    #[test]
    fn office_hours_are_half_open_and_local() {
        let calendar = policy().calendar;
        for (moment, open) in [
            ("2026-11-20T08:59:59Z", false),
            ("2026-11-20T09:00:00Z", true),
            ("2026-11-20T16:59:59Z", true),
            ("2026-11-20T17:00:00Z", false),
            ("2026-11-21T12:00:00Z", false), // Saturday
            ("2026-07-06T08:00:00Z", true),  // 09:00 British Summer Time
            ("2026-07-06T16:00:00Z", false), // 17:00 British Summer Time
            ("2026-12-25T10:00:00Z", false), // Christmas Day
            ("2026-12-28T10:00:00Z", false), // Boxing Day, substitute
            ("2027-03-26T10:00:00Z", false), // Good Friday
            ("2028-01-03T10:00:00Z", false), // New Year's Day, substitute
            ("2026-03-27T08:59:59Z", false), // the Friday before the clocks go forward
            ("2026-03-27T09:00:00Z", true),
            ("2026-03-30T07:59:59Z", false), // the Monday after: 08:59:59 British Summer Time
            ("2026-03-30T08:00:00Z", true),
            ("2026-03-30T15:59:59Z", true),
            ("2026-03-30T16:00:00Z", false),
            ("2026-10-23T08:00:00Z", true), // the Friday before they go back
            ("2026-10-23T16:00:00Z", false),
            ("2026-10-26T08:59:59Z", false), // the Monday after
            ("2026-10-26T09:00:00Z", true),
            ("2026-12-24T16:59:59Z", true),  // Christmas Eve
            ("2026-12-29T09:00:00Z", true),  // after four days of rest
            ("2026-05-25T10:00:00Z", false), // spring bank holiday
        ] {
            assert_eq!(calendar.office_open("E09000023", at(moment)), open, "{moment}");
        }
    }

    #[test]
    fn working_hours_skip_nights_weekends_and_bank_holidays() {
        let calendar = policy().calendar;
        for (from, minutes, due) in [
            ("2026-11-20T16:30:00Z", 240, "2026-11-23T12:30:00Z"),
            ("2026-11-17T10:00:00Z", 240, "2026-11-17T14:00:00Z"),
            ("2026-11-17T13:00:00Z", 240, "2026-11-17T17:00:00Z"),
            ("2026-11-17T10:00:00Z", 480, "2026-11-18T10:00:00Z"),
            ("2026-11-21T03:00:00Z", 60, "2026-11-23T10:00:00Z"),
            ("2026-12-24T16:00:00Z", 120, "2026-12-29T10:00:00Z"),
            ("2026-12-24T16:00:00Z", 60, "2026-12-24T17:00:00Z"),
            ("2026-12-25T12:00:00Z", 1, "2026-12-29T09:01:00Z"),
            ("2026-12-31T16:30:00Z", 60, "2027-01-04T09:30:00Z"), // over New Year's Day and a weekend
            ("2026-04-02T15:30:00Z", 60, "2026-04-07T08:30:00Z"), // over Easter, British Summer Time
            ("2026-11-20T17:00:00Z", 240, "2026-11-23T13:00:00Z"), // at 17:00 exactly the office is closed
            ("2026-11-20T09:00:00Z", 480, "2026-11-20T17:00:00Z"), // a whole day ends as it closes
            ("2026-11-20T08:59:59Z", 480, "2026-11-20T17:00:00Z"),
            ("2026-11-20T09:00:00Z", 1440, "2026-11-24T17:00:00Z"),
            // Over the change back on 25 October 2026 too.
            ("2026-10-23T15:00:00Z", 120, "2026-10-26T10:00:00Z"),
            // Over the change to British Summer Time on 29 March 2026 the wall clock counts.
            ("2026-03-27T16:00:00Z", 120, "2026-03-30T09:00:00Z"),
        ] {
            assert_eq!(calendar.after("MPU", at(from), minutes, Basis::WorkingHours), at(due), "{from} + {minutes}");
        }
        assert_eq!(calendar.after("", at("2026-10-24T23:30:00Z"), 60, Basis::Elapsed), at("2026-10-25T00:30:00Z"));
    }

    #[test]
    fn the_next_working_day_closes_at_five_local() {
        let calendar = policy().calendar;
        assert_eq!(calendar.close_of_next_working_day("", at("2026-11-20T10:00:00Z")), at("2026-11-23T17:00:00Z"));
        assert_eq!(calendar.close_of_next_working_day("", at("2026-07-06T23:30:00Z")), at("2026-07-08T16:00:00Z"));
    }
}
