//! Values with effective dates: one after the other, never two at once, and no day without one where all are needed.

use jiff::civil::Date;

use super::directory::Effective;

/// One value for every day: the periods follow each other without a hole, the last has no end. Days before the first
/// period have its value: nobody is judged by what was never in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated<T> {
    first: T,
    later: Vec<(Date, T)>,
}

impl<T> Dated<T> {
    /// From the periods in any order.
    ///
    /// # Errors
    /// Every hole and overlap, in words.
    pub fn new(mut periods: Vec<(Effective, T)>) -> Result<Self, Vec<String>> {
        periods.sort_by_key(|(effective, _)| effective.from);
        let mut wrong = gaps(periods.iter().map(|(effective, _)| effective));
        if periods.last().is_some_and(|(effective, _)| effective.until.is_some()) {
            wrong.push("the last period has an `until`: say what holds from then on, or leave it out".to_owned());
        }
        let mut values = periods.into_iter();
        let Some((_, first)) = values.next() else { return Err(vec!["at least one period is needed".to_owned()]) };
        let later = values.map(|(effective, value)| (effective.from, value)).collect();
        if wrong.is_empty() { Ok(Self { first, later }) } else { Err(wrong) }
    }

    /// The days on which the value changes.
    pub fn changes(&self) -> impl Iterator<Item = Date> {
        self.later.iter().map(|(from, _)| *from)
    }

    /// What holds on a day.
    pub fn on(&self, day: Date) -> &T {
        self.later.iter().rev().find(|(from, _)| *from <= day).map_or(&self.first, |(_, value)| value)
    }
}

/// An exception that holds on some days; on all others something else does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception<T>(Vec<(Effective, T)>);

impl<T> Exception<T> {
    /// From the periods in any order.
    ///
    /// # Errors
    /// Every hole between two of them and every overlap, in words.
    pub fn new(mut periods: Vec<(Effective, T)>) -> Result<Self, Vec<String>> {
        periods.sort_by_key(|(effective, _)| effective.from);
        let wrong = gaps(periods.iter().map(|(effective, _)| effective));
        if wrong.is_empty() { Ok(Self(periods)) } else { Err(wrong) }
    }

    /// The days on which it begins, changes or ends.
    pub fn changes(&self) -> impl Iterator<Item = Date> {
        self.0.iter().flat_map(|(effective, _)| effective.changes())
    }

    /// What holds on a day, if the exception does.
    pub fn on(&self, day: Date) -> Option<&T> {
        self.0.iter().find(|(effective, _)| effective.covers(day)).map(|(_, value)| value)
    }
}

/// What lies wrong between periods in order of their first days.
fn gaps<'a>(periods: impl Iterator<Item = &'a Effective>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut before: Option<&Effective> = None;
    for next in periods {
        match before.map(|before| before.until) {
            None => {}
            Some(None) => wrong.push(format!("the period before {} has no `until`", next.from)),
            Some(Some(until)) if until < next.from => {
                wrong.push(format!("nothing holds from {until} until {}", next.from));
            }
            Some(Some(until)) if until > next.from => {
                wrong.push(format!("two periods hold from {} until {until}", next.from));
            }
            Some(Some(_)) => {}
        }
        before = Some(next);
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `2026-01-01..2027-01-01`, or without an end.
    fn period(text: &str) -> (Effective, String) {
        let (from, until) = text.split_once("..").unwrap();
        let until = (!until.is_empty()).then(|| until.parse().unwrap());
        (Effective { from: from.parse().unwrap(), until }, from.to_owned())
    }

    fn dated(texts: &[&str]) -> Result<Dated<String>, Vec<String>> {
        Dated::new(texts.iter().copied().map(period).collect())
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn each_day_has_the_value_of_its_period() {
        let dated = dated(&["2027-04-01..", "2026-01-01..2026-07-01", "2026-07-01..2027-04-01"]).unwrap();
        for (on, from) in [
            ("2020-01-01", "2026-01-01"),
            ("2026-01-01", "2026-01-01"),
            ("2026-06-30", "2026-01-01"),
            ("2026-07-01", "2026-07-01"),
            ("2027-03-31", "2026-07-01"),
            ("2027-04-01", "2027-04-01"),
            ("2099-12-31", "2027-04-01"),
        ] {
            assert_eq!(dated.on(day(on)), from, "{on}");
        }
    }

    #[test]
    fn holes_overlaps_and_ends_are_all_named() {
        let wrong = dated(&["2026-01-01..2026-07-01", "2026-08-01..2027-01-01", "2026-12-01..2027-06-01"]).unwrap_err();
        assert_eq!(
            wrong,
            [
                "nothing holds from 2026-07-01 until 2026-08-01",
                "two periods hold from 2026-12-01 until 2027-01-01",
                "the last period has an `until`: say what holds from then on, or leave it out",
            ]
        );
        assert_eq!(dated(&[]).unwrap_err(), ["at least one period is needed"]);
        let open = dated(&["2026-01-01..", "2027-01-01.."]).unwrap_err();
        assert_eq!(open, ["the period before 2027-01-01 has no `until`"]);
    }

    #[test]
    fn an_exception_holds_on_its_own_days_only() {
        let periods = vec![period("2026-04-01..2026-06-01"), period("2026-06-01..2026-10-01")];
        let exception = Exception::new(periods).unwrap();
        for (on, holds) in [("2026-03-31", false), ("2026-04-01", true), ("2026-09-30", true), ("2026-10-01", false)] {
            assert_eq!(exception.on(day(on)).is_some(), holds, "{on}");
        }
        let torn = Exception::new(vec![period("2026-04-01..2026-06-01"), period("2026-06-02..")]);
        assert_eq!(torn.unwrap_err(), ["nothing holds from 2026-06-01 until 2026-06-02"]);
    }
}
