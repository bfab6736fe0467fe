//! Dates of birth: a listed one in any British or ISO writing, any other by its cue.

use std::{ops::Range, sync::LazyLock};

use jiff::civil::Date;
use regex::Regex;

use super::{
    find::Hit,
    form::Entity,
    marks::Marks,
    needle::{Meaning, Strength},
    other_languages,
    patterns::unlisted,
    prose::Prose,
    spoken_dates,
};

/// Dates in `text`, which is folded, that are one of `listed` or follow a cue such as "dob" or "born".
pub(super) fn hits(text: &str, marks: &Marks, listed: &[(Date, Meaning)], hits: &mut Vec<Hit>) {
    spoken_dates::hits(text, listed, hits);
    // A day and a year.
    if marks.digits() < 3 {
        return;
    }
    let near_digits = marks.around_digits(text, LONGEST);
    let rare = if listed.is_empty() && !CUES.iter().any(|cue| text.contains(cue)) { &[][..] } else { &RARE[..] };
    for (part, (pattern, read)) in
        PATTERNS.iter().chain(rare).flat_map(|pattern| near_digits.iter().map(move |part| (part, pattern)))
    {
        for found in pattern.find_iter(&text[part.clone()]) {
            let range = part.start + found.start()..part.start + found.end();
            if !alone(text, &range) {
                continue;
            }
            let readings = read(found.as_str());
            let before = hits.len();
            for (_, meaning) in listed.iter().filter(|(date, _)| readings.iter().any(|reading| reading.is(*date))) {
                hits.push(Hit { range: range.clone(), meaning: *meaning, strength: Strength::Whole, listed: true });
            }
            if hits.len() == before && !readings.is_empty() && cued(text, range.start) {
                hits.push(unlisted(Entity::Dob, range));
            }
        }
    }
}

/// True when a date in figures begins in `text`, which is folded, so near its beginning that a cue before it reaches it.
pub(super) fn may_be_cued(text: &str) -> bool {
    // And one character behind it.
    let end = (CUE + LONGEST + 1..text.len()).find(|&end| text.is_char_boundary(end)).unwrap_or(text.len());
    let text = &text[..end];
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return false;
    }
    PATTERNS.iter().any(|(pattern, read)| {
        let near = pattern.find_iter(text).take_while(|found| found.start() <= CUE);
        near.into_iter().any(|found| alone(text, &found.range()) && !read(found.as_str()).is_empty())
    })
}

/// No date is written in more bytes: "31st day of, . september . , 2011" and a little.
const LONGEST: usize = 40;

/// Folded writings of a date, squeezed to letters and digits: what a re-scan looks for.
pub(super) fn squeezed_forms(date: Date) -> Vec<String> {
    let (day, month, year) = (date.day(), date.month(), date.year());
    let name = MONTHS[(month as usize).saturating_sub(1).min(11)];
    let mut forms = spoken_dates::squeezed_forms(date);
    forms.extend([
        format!("{day:02}{month:02}{year}"),
        format!("{year}{month:02}{day:02}"),
        format!("{day}{name}{year}"),
        format!("{day:02}{name}{year}"),
        format!("{name}{day}{year}"),
    ]);
    forms
}

/// False where `squeezed` has none of the [`squeezed_forms`] of `date`: each of them names the month or has the year in figures.
pub(super) fn may_stand_in(squeezed: &str, date: Date) -> bool {
    squeezed.contains(MONTHS[(date.month() as usize).saturating_sub(1).min(11)])
        || squeezed.contains(&date.year().to_string())
}

/// Reads what a pattern matched.
type Reader = fn(&str) -> Vec<Reading>;

/// One way to read a date; the year may have two digits.
struct Reading {
    day: i16,
    month: i16,
    year: i16,
}

impl Reading {
    fn is(&self, date: Date) -> bool {
        let year = date.year() == self.year || self.year < 100 && date.year() % 100 == self.year;
        i16::from(date.day()) == self.day && i16::from(date.month()) == self.month && year
    }
}

/// The months in the order of the year.
pub(super) const MONTHS: [&str; 12] = [
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

const MONTH: &str = "(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";

static PATTERNS: [(&LazyLock<Regex>, Reader); 3] =
    [(&NUMERIC, numeric), (&DAY_FIRST, day_first), (&MONTH_FIRST, month_first)];
/// How few write a date: looked for where one is listed, or announced.
static RARE: [(&LazyLock<Regex>, Reader); 2] = [(&OTHER_SIGNS, numeric), (&OTHER_MONTHS, other_months)];
static NUMERIC: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"[0-9]{1,4} ?[/.\-_ ] ?[0-9]{1,2} ?[/.\-_ ] ?[0-9]{2,4}|[0-9]{4} ?[/.\-_ ] ?[0-9]{1,2} ?[/.\-_ ] ?[0-9]|[0-9]{6}(?:[0-9]{2})?",
    )
});
static DAY_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"([0-9]{{1,2}}) ?(?:st|nd|rd|th)?(?: day)?(?: of)?[ ./,-]{{0,3}}{MONTH}[ .,/'-]{{0,3}}([0-9]{{4}}|[0-9]{{2}})"
    ))
});
static MONTH_FIRST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(r"{MONTH}[ .,/-]{{0,3}}(?:the )?([0-9]{{1,2}}) ?(?:st|nd|rd|th)?[ .,/-]{{1,3}}([0-9]{{4}})"))
});

static OTHER_SIGNS: LazyLock<Regex> = LazyLock::new(|| {
    let signs = [r"\|", r"\\", "~", r"\*", ":", ",", ";", "=", r"\+", "\u{b7}", "\u{2022}"];
    let british = signs.map(|sign| format!("[0-9]{{1,2}} ?{sign} ?[0-9]{{1,2}} ?{sign} ?(?:[0-9]{{4}})"));
    let iso = signs.map(|sign| format!("[0-9]{{4}} ?{sign} ?[0-9]{{1,2}} ?{sign} ?[0-9]{{1,2}}"));
    pattern(&[british, iso].concat().join("|"))
});
static OTHER_MONTHS: LazyLock<Regex> = LazyLock::new(|| {
    let months = other_languages::months();
    pattern(&format!(
        r"([0-9]{{1,2}})(?:er|st|nd|rd|th)?(?: de| di| d')?[ ./,-]{{1,3}}({months})(?: de| di)?[ .,/'-]{{1,3}}([0-9]{{4}}|[0-9]{{2}})"
    ))
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant that the tests compile")
}

fn numeric(found: &str) -> Vec<Reading> {
    let Some([a, b, c]) = parts(found) else { return Vec::new() };
    // British first, then ISO, then the other way round: a listed date has to be known in all of them.
    [
        Reading { day: a, month: b, year: c },
        Reading { day: c, month: b, year: a },
        Reading { day: b, month: a, year: c },
    ]
    .into_iter()
    .filter(|reading| (1..=31).contains(&reading.day) && (1..=12).contains(&reading.month))
    .collect()
}

fn day_first(found: &str) -> Vec<Reading> {
    named(&DAY_FIRST, found, 1, 2)
}

fn month_first(found: &str) -> Vec<Reading> {
    named(&MONTH_FIRST, found, 2, 1)
}

fn other_months(found: &str) -> Vec<Reading> {
    let Some(found) = OTHER_MONTHS.captures(found) else { return Vec::new() };
    let number = |index| found.get(index).and_then(|part| part.as_str().parse::<i16>().ok());
    let month = found.get(2).and_then(|name| other_languages::month(name.as_str()));
    let reading = number(1).zip(month).zip(number(3)).map(|((day, month), year)| Reading { day, month, year });
    reading.into_iter().collect()
}

fn named(pattern: &Regex, found: &str, day: usize, month: usize) -> Vec<Reading> {
    let Some(found) = pattern.captures(found) else { return Vec::new() };
    let number = |index| found.get(index).and_then(|part| part.as_str().parse::<i16>().ok());
    let month = found.get(month).and_then(|name| MONTHS.iter().position(|full| full.starts_with(&name.as_str()[..3])));
    match (number(day), month, number(3)) {
        (Some(day), Some(month), Some(year)) => {
            vec![Reading { day, month: i16::try_from(month).unwrap_or(0) + 1, year }]
        }
        _ => Vec::new(),
    }
}

/// The three numbers of a date in figures: apart, or in one with two figures each for the first two.
fn parts(found: &str) -> Option<[i16; 3]> {
    let mut parts = found.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let (first, second, third) = match (parts.next()?, parts.next(), parts.next()) {
        (first, Some(second), Some(third)) => (first, second, third),
        (whole, ..) => (whole.get(..2)?, whole.get(2..4)?, whole.get(4..)?),
    };
    Some([first.parse().ok()?, second.parse().ok()?, third.parse().ok()?])
}

/// True when no further digit or letter touches the date.
fn alone(text: &str, range: &Range<usize>) -> bool {
    !text[..range.start].ends_with(|c: char| c.is_ascii_digit())
        && !text[range.end..].starts_with(|c: char| c.is_alphanumeric())
}

/// How many bytes before a date its cue may begin.
const CUE: usize = 30;

fn cued(text: &str, at: usize) -> bool {
    let window = (at.saturating_sub(CUE)..=at).find(|&start| text.is_char_boundary(start)).unwrap_or(at);
    CUES.iter().any(|cue| text[window..at].contains(cue))
}

const CUES: [&str; 5] = ["dob", "d.o.b", "d o b", "birth", "born"];

/// True when the digits at byte `at` of `text` are of a date in numbers: its day, or its month behind that.
pub(super) fn stand_at(text: &str, at: usize) -> bool {
    let divides = |c: char| matches!(c, '.' | '-' | '/');
    if let Some(before) = text[..at].strip_suffix(divides) {
        let day = before.bytes().rev().take(3).take_while(u8::is_ascii_digit).count();
        // "04" of "17.04.2011".
        let month = text[at..].bytes().take(3).take_while(u8::is_ascii_digit).count();
        return matches!(day, 1 | 2) && matches!(month, 1 | 2) && text[at + month..].starts_with(divides);
    }
    let Some((day, rest)) = number_at(&text[at..]).and_then(|(day, rest)| Some((day, rest.strip_prefix(divides)?)))
    else {
        return false;
    };
    let Some((month, rest)) = number_at(rest).and_then(|(month, rest)| Some((month, rest.strip_prefix(divides)?)))
    else {
        return false;
    };
    let year = rest.bytes().take(5).take_while(u8::is_ascii_digit).count();
    let ends = !rest[year..].starts_with(divides) || !rest[year + 1..].starts_with(|c: char| c.is_ascii_digit());
    (1..=31).contains(&day) && (1..=12).contains(&month) && matches!(year, 2 | 4) && ends
}

/// A number of one or two digits that `text` begins with, and what follows.
fn number_at(text: &str) -> Option<(u32, &str)> {
    let length = text.bytes().take(3).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(length);
    (length <= 2).then(|| number.parse().ok()).flatten().map(|number| (number, rest))
}

/// True for a month that is a name too.
pub(super) fn is_month(word: &str) -> bool {
    matches!(word, "march" | "april" | "may" | "june" | "july" | "august")
}

/// True where the month at word `at` is one, and nobody: "since August", "3 June", "April 2026".
pub(super) fn is_dated(prose: &Prose<'_>, at: usize) -> bool {
    let number = |at: usize| {
        let text = prose.text(at);
        text.starts_with(|c: char| c.is_ascii_digit()) && text.len() <= 4
    };
    let before = prose.before(at).is_some_and(|at| {
        number(at)
            || matches!(
                prose.text(at),
                "since" | "until" | "till" | "during" | "in" | "last" | "next" | "early" | "mid" | "late" | "of"
            )
    });
    before || prose.after(at).is_some_and(|at| number(at) && prose.text(at).len() == 4)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::redaction::policy::EffectiveRole;

    fn found(text: &str) -> Vec<(&str, bool)> {
        let meaning = Meaning { entity: Entity::Dob, role: EffectiveRole::SubjectChild, person: Some(0) };
        let mut out = Vec::new();
        hits(text, &Marks::of(text), &[(date(2011, 3, 4), meaning)], &mut out);
        out.iter().map(|hit| (&text[hit.range.clone()], hit.listed)).collect()
    }

    #[test]
    fn a_listed_date_is_found_in_every_writing() {
        for text in [
            "04/03/2011",
            "4/3/11",
            "4.3.2011",
            "2011-03-04",
            "4 march 2011",
            "4th of march, 2011",
            "march 4th, 2011",
            "4 mar 11",
            "04032011",
            "03/04/2011",
            "04 - 03 - 2011",
            "2011-3-4",
            "04|03|2011",
            "4:3:2011",
            "2011\\03\\04",
            "4.iii.2011",
            "4 iii 11",
            "4 marca 2011",
            "4 de marzo de 2011",
            "4 mars 2011",
        ] {
            assert_eq!(found(&format!("seen {text} here")), [(text, true)], "{text}");
        }
    }

    #[test]
    fn another_date_is_one_of_birth_by_its_cue_only() {
        assert_eq!(found("dob: 01/02/2012"), [("01/02/2012", false)]);
        assert_eq!(found("dob 1|2|2012"), [("1|2|2012", false)]);
        assert_eq!(found("met on 01/02/2012"), []);
        assert_eq!(found("at 10, 04/03/2011"), [("04/03/2011", true)]);
    }
}
