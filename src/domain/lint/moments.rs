//! Dates in a text, as people write them, held against the days of the interview and of the missing episode.

use std::ops::Range;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::tokens::Tokens;
use crate::domain::submission::Draft;

/// A day that a text names, as much of it as it names. Not `Debug`: it is content.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub words: Range<usize>,
    day: i8,
    month: Option<i8>,
    year: Option<i16>,
}

/// The days that point to a child.
pub(super) struct Days {
    interview: Option<Date>,
    reported: Option<Date>,
    first: Option<Date>,
    last: Option<Date>,
}

impl Days {
    /// The days of a submission, in London.
    pub fn of(draft: &Draft) -> Self {
        let episode = &draft.episode;
        let first = episode.started.or(episode.reported).map(london);
        Self {
            interview: draft.interview.held_at.map(london),
            reported: episode.reported.map(london),
            first,
            last: episode.returned.map(london).or(first),
        }
    }

    /// The day on which an age is stated.
    pub fn today(&self) -> Option<Date> {
        self.interview.or(self.last)
    }

    /// The interview was held on that day.
    pub fn is_interview(&self, named: &Named) -> bool {
        self.interview.is_some_and(|day| named.is(day))
    }

    /// The child was missing on that day. A day without its month counts only where it is the first or the last.
    pub fn is_episode(&self, named: &Named) -> bool {
        let ends = [self.first, self.last, self.reported];
        if ends.into_iter().flatten().any(|day| named.is(day)) {
            return true;
        }
        let (Some(first), Some(last), Some(month)) = (self.first, self.last, named.month) else { return false };
        [first.year(), last.year()].into_iter().any(|year| {
            let day = Date::new(named.year.map_or(year, four_figures), month, named.day);
            day.is_ok_and(|day| first <= day && day <= last)
        })
    }
}

impl Named {
    fn is(&self, day: Date) -> bool {
        self.day == day.day()
            && self.month.is_none_or(|month| month == day.month())
            && self.year.is_none_or(|year| four_figures(year) == day.year())
    }
}

fn four_figures(year: i16) -> i16 {
    if year < 100 { 2000 + year } else { year }
}

fn london(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC)).date()
}

/// Every day that the text names.
pub(super) fn named(tokens: &Tokens<'_>) -> Vec<Named> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let found = spelled(tokens, at).or_else(|| month_first(tokens, at)).or_else(|| figures(tokens, at));
        let found = found.or_else(|| ordinal(tokens, at));
        match found {
            Some(days) => {
                at = days.last().map_or(at + 1, |last| last.words.end);
                out.extend(days);
            }
            None => at += 1,
        }
    }
    out
}

/// True when the text names a day at word `at`: an item then says when.
pub(super) fn is_dated(tokens: &Tokens<'_>) -> bool {
    !named(tokens).is_empty()
}

/// Most days before one month: "18, 19, 20 and 21 November".
const MOST_DAYS: usize = 6;

/// "20 November", "20th of Nov 2026", "18/20 November", "18 to 20 November".
fn spelled(tokens: &Tokens<'_>, start: usize) -> Option<Vec<Named>> {
    let mut days = Vec::new();
    let mut at = start;
    loop {
        days.push((at, day(tokens.word(at))?.0));
        at += 1;
        while matches!(tokens.nth(at), Some("of" | "and" | "to" | "or" | "until" | "day")) {
            at += 1;
        }
        if let Some(month) = month_at(tokens, at) {
            let year = year(tokens, at + 1);
            let end = at + 1 + usize::from(year.is_some());
            let named = |&(at, day): &(usize, i8)| Named { words: at..at + 1, day, month: Some(month), year };
            let mut named: Vec<Named> = days.iter().map(named).collect();
            named.last_mut()?.words.end = end;
            return Some(named);
        }
        if days.len() == MOST_DAYS || at >= tokens.len() {
            return None;
        }
    }
}

/// "November 20th", "Nov 18-20".
fn month_first(tokens: &Tokens<'_>, start: usize) -> Option<Vec<Named>> {
    let month = month_at(tokens, start)?;
    let mut at = start + 1 + usize::from(tokens.nth(start + 1) == Some("the"));
    let mut days: Vec<Named> = Vec::new();
    while days.len() < MOST_DAYS {
        let Some((day, _)) = tokens.nth(at).and_then(day) else { break };
        days.push(Named { words: at..at + 1, day, month: Some(month), year: None });
        at += 1 + usize::from(matches!(tokens.nth(at + 1), Some("and" | "to" | "or")));
    }
    days.first_mut()?.words.start = start;
    Some(days)
}

/// "20/11", "20.11.26", "2026-11-20".
fn figures(tokens: &Tokens<'_>, at: usize) -> Option<Vec<Named>> {
    let number = |at: usize| tokens.nth(at).filter(|word| word.len() <= 4).and_then(|word| word.parse::<i16>().ok());
    let sign = tokens.gap(at);
    if !matches!(sign, "/" | "." | "-") {
        return None;
    }
    let (first, second) = (number(at)?, number(at + 1)?);
    let third = (tokens.gap(at + 1) == sign).then(|| number(at + 2)).flatten();
    let (day, month, year) = match third {
        Some(day) if first > 999 => (day, second, Some(first)),
        Some(year) => (first, second, Some(year)),
        // A point between two numbers is a price or a time.
        None if sign == "." => return None,
        None => (first, second, None),
    };
    let (day, month) = (i8::try_from(day).ok()?, i8::try_from(month).ok()?);
    let is_date = (1..=31).contains(&day) && (1..=12).contains(&month) && (day, month, third) != (24, 7, None);
    is_date.then(|| vec![Named { words: at..at + 2 + usize::from(third.is_some()), day, month: Some(month), year }])
}

/// "the 20th".
fn ordinal(tokens: &Tokens<'_>, at: usize) -> Option<Vec<Named>> {
    let (day, ordinal) = day(tokens.word(at))?;
    let article = at.checked_sub(1).is_some_and(|before| tokens.word(before) == "the");
    (ordinal && article).then(|| vec![Named { words: at..at + 1, day, month: None, year: None }])
}

/// A day of a month, and whether it is written as an ordinal.
fn day(word: &str) -> Option<(i8, bool)> {
    let figures = word.bytes().take_while(u8::is_ascii_digit).count();
    let day = word[..figures].parse().ok().filter(|day| (1..=31).contains(day))?;
    match &word[figures..] {
        "" => Some((day, false)),
        "st" | "nd" | "rd" | "th" => Some((day, true)),
        _ => None,
    }
}

fn year(tokens: &Tokens<'_>, at: usize) -> Option<i16> {
    tokens
        .nth(at)
        .filter(|word| word.len() == 4)
        .and_then(|word| word.parse().ok())
        .filter(|year| (1900..2100).contains(year))
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// A month in full or cut short. "May" and "March" are months with their capital only.
fn month_at(tokens: &Tokens<'_>, at: usize) -> Option<i8> {
    let word = tokens.nth(at)?;
    if matches!(word, "may" | "march" | "mar") && !tokens.get(at).capital {
        return None;
    }
    let at = MONTHS.iter().position(|month| word.len() >= 3 && month.starts_with(word));
    at.and_then(|at| i8::try_from(at + 1).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::{at, draft};

    fn days(text: &str) -> Vec<(i8, Option<i8>, Option<i16>)> {
        named(&Tokens::new(text)).into_iter().map(|named| (named.day, named.month, named.year)).collect()
    }

    #[test]
    fn days_are_read_as_people_write_them() {
        let november = |day| (day, Some(11), None);
        for (text, expected) in [
            ("on 20 November", vec![november(20)]),
            ("the 20th of Nov 2026", vec![(20, Some(11), Some(2026))]),
            ("18/20 November", vec![november(18), november(20)]),
            ("18 to 20 November", vec![november(18), november(20)]),
            ("Nov 18-20", vec![november(18), november(20)]),
            ("November the 20th", vec![november(20)]),
            ("20/11", vec![november(20)]),
            ("20.11.26", vec![(20, Some(11), Some(26))]),
            ("2026-11-20", vec![(20, Some(11), Some(2026))]),
            ("seen on the 20th, alone", vec![(20, None, None)]),
            ("flat 20, 3.15 miles, 40 of them, QQ19 KLM, 07700 900142, 24/7", vec![]),
            ("20 may have come, on 20 May", vec![(20, Some(5), None)]),
        ] {
            assert_eq!(days(text), expected, "{text}");
        }
    }

    #[test]
    fn the_days_of_the_interview_and_of_the_episode_are_known() {
        let mut draft = draft();
        draft.episode.started = Some(at("2026-10-30T23:30:00Z"));
        draft.episode.returned = Some(at("2026-11-02T10:00:00Z"));
        draft.interview.held_at = Some(at("2026-11-04T15:00:00Z"));
        let days = Days::of(&draft);
        let first = |text: &str| named(&Tokens::new(text)).remove(0);
        for text in ["30 October", "31/10", "1 Nov", "the 2nd", "2 November 2026"] {
            assert!(days.is_episode(&first(text)) && !days.is_interview(&first(text)), "{text}");
        }
        for text in ["4 November", "the 4th", "04.11.2026"] {
            assert!(days.is_interview(&first(text)) && !days.is_episode(&first(text)), "{text}");
        }
        for text in ["3 November", "31 October 2025", "the 31st", "4 November 2025"] {
            assert!(!days.is_interview(&first(text)) && !days.is_episode(&first(text)), "{text}");
        }
    }
}
