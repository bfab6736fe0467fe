//! A listed date of birth said in words, and its day and month where the text speaks of a birthday.

use std::ops::Range;

use jiff::civil::Date;

use super::{
    dates::MONTHS,
    find::Hit,
    form::Entity,
    needle::{Meaning, Strength},
    patterns::unlisted,
    runs::next_word,
};
use crate::domain::number_words::{TENS, UNITS};

/// Adds where `text`, which is folded, says one of `listed`: with its year, or without one where a birthday is spoken of. Any
/// other day and month behind "born on" or "birthday is" is a date of birth too.
pub(super) fn hits(text: &str, listed: &[(Date, Meaning)], hits: &mut Vec<Hit>) {
    // Most texts name no such month.
    let named = |(date, _): &(Date, Meaning)| text.contains(&month_of(*date)[..3]);
    let births = ["born", "birthday", "dob", "turned", "turns"].iter().any(|cue| text.contains(cue));
    if !births && (listed.is_empty() || !listed.iter().any(named) && !names_month_by_number(text)) {
        return;
    }
    let words = words_of(text);
    let said = |at: usize| words.get(at).map_or("", |range| &text[range.clone()]);
    for at in (0..words.len()).filter(|&at| month_at(at, &said).is_some()) {
        let Some(found) = read(at, &said) else { continue };
        let range = words[found.words.start].start..words[found.words.end - 1].end;
        // A named month with its day and year in figures is found by its shape.
        let figures = month(said(at)).is_some() && text[range.clone()].bytes().filter(u8::is_ascii_digit).count() > 4;
        if figures || range.len() > LONGEST {
            continue;
        }
        let cued = (found.words.start.saturating_sub(REACH)..found.words.start)
            .chain(found.words.end..found.words.end + 4)
            .any(|at| speaks_of_birth(said(at)) || at > 1 && [said(at - 2), said(at - 1), said(at)] == ["d", "o", "b"]);
        let before = hits.len();
        for (_, meaning) in listed.iter().filter(|(date, _)| found.is(*date, cued)) {
            hits.push(Hit { range: range.clone(), meaning: *meaning, strength: Strength::Whole, listed: true });
        }
        if hits.len() == before && month(said(at)).is_some() && follows_a_birth(found.words.start, &said) {
            hits.push(unlisted(Entity::Dob, range));
        }
    }
}

/// How many words beside a cue the month of a date may be that it reaches, with the longest day or year between them.
const NEAR: usize = REACH + 7;

/// True when a day and its month are said in `text`, which is folded, near its end, or its beginning where that is `behind` a cue.
pub(super) fn may_be_cued(text: &str, behind: bool) -> bool {
    let words = words_of(text);
    let said = |at: usize| words.get(at).map_or("", |range| &text[range.clone()]);
    let near = if behind { 0..words.len().min(NEAR) } else { words.len().saturating_sub(NEAR)..words.len() };
    near.into_iter().any(|at| read(at, &said).is_some())
}

fn words_of(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    while let Some(range) = next_word(text, words.last().map_or(0, |word| word.end)) {
        words.push(range);
    }
    words
}

/// Squeezed writings of `date` in words: what a re-scan looks for.
pub(super) fn squeezed_forms(date: Date) -> Vec<String> {
    let month = month_of(date);
    let mut forms = Vec::new();
    let spoken = ordinal_of(date.day());
    let mut days = vec![date.day().to_string()];
    days.push(match date.day() {
        1 | 21 | 31 => format!("{}st", date.day()),
        2 | 22 => format!("{}nd", date.day()),
        3 | 23 => format!("{}rd", date.day()),
        day => format!("{day}th"),
    });
    days.extend(spoken);
    for year in years_of(date.year()).into_iter().chain([date.year().to_string()]) {
        for day in &days {
            forms.extend([
                format!("{day}{month}{year}"),
                format!("{day}of{month}{year}"),
                format!("{month}{day}{year}"),
            ]);
            forms.push(format!("{month}the{day}{year}"));
        }
    }
    forms
}

/// No date is said in more bytes: words far apart are no date.
const LONGEST: usize = 60;
/// How many words before a day and month may say that it is of a birth.
const REACH: usize = 6;

/// A day and a month, and perhaps a year.
struct Said {
    words: Range<usize>,
    day: i8,
    month: i8,
    year: Option<i16>,
}

impl Said {
    fn is(&self, date: Date, cued: bool) -> bool {
        let year = match self.year {
            Some(year) => year == date.year() || year < 100 && date.year() % 100 == year,
            None => cued,
        };
        (self.day, self.month) == (date.day(), date.month()) && year
    }
}

/// The date around the month at word `at`: "the second of May 2011", "May the second", "2nd May twenty eleven".
fn read<'t>(at: usize, said: &impl Fn(usize) -> &'t str) -> Option<Said> {
    let month = month_at(at, said)?;
    let back = |steps: usize| at.checked_sub(steps).map_or("", said);
    let gap = if back(1) == "the" { 2 } else { usize::from(back(1) == "of") };
    let gap = gap + usize::from(gap == 1 && back(2) == "day");
    let first = Some(back(gap + 2)).filter(|first| !first.is_empty());
    let two = first.and_then(|first| day(first, back(gap + 1))).map(|day| (day, 2));
    if let Some((day, length)) = two.or_else(|| day("", back(gap + 1)).map(|day| (day, 1))) {
        let (year, years) = year(at + 1, said);
        return Some(Said { words: at - gap - length..at + 1 + years, day, month, year });
    }
    let start = at + 1 + usize::from(said(at + 1) == "the");
    let two = day(said(start), said(start + 1)).map(|day| (day, 2));
    let (day, length) = two.or_else(|| day("", said(start)).map(|day| (day, 1)))?;
    let (year, years) = year(start + length, said);
    Some(Said { words: at..start + length + years, day, month, year })
}

/// A year at word `at`, and how many words it takes: "2011", "twenty eleven", "two thousand and eleven".
fn year<'t>(at: usize, said: &impl Fn(usize) -> &'t str) -> (Option<i16>, usize) {
    let word = said(at);
    if word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit()) {
        return (word.parse().ok(), 1);
    }
    let century = match word {
        "twenty" => 2000,
        "nineteen" => 1900,
        "two" if said(at + 1) == "thousand" => {
            let and = usize::from(said(at + 2) == "and");
            return match number(at + 2 + and, said) {
                Some((rest, words)) => (Some(2000 + rest), 2 + and + words),
                None => (Some(2000), 2),
            };
        }
        _ => return (None, 0),
    };
    if said(at + 1) == "oh" {
        return number(at + 2, said).map_or((None, 0), |(rest, words)| (Some(century + rest), 2 + words));
    }
    number(at + 1, said).map_or((None, 0), |(rest, words)| (Some(century + rest), 1 + words))
}

/// A number below a hundred at word `at`, and how many words it takes.
fn number<'t>(at: usize, said: &impl Fn(usize) -> &'t str) -> Option<(i16, usize)> {
    let unit = |word: &str| UNITS.iter().position(|unit| *unit == word).and_then(|at| i16::try_from(at).ok());
    let ten = TENS.iter().position(|ten| *ten == said(at)).and_then(|at| i16::try_from(at).ok());
    match ten {
        Some(ten) => {
            let tens = (ten + 2) * 10;
            let rest = unit(said(at + 1)).filter(|unit| (1..10).contains(unit));
            Some(rest.map_or((tens, 1), |rest| (tens + rest, 2)))
        }
        None => unit(said(at)).map(|unit| (unit, 1)),
    }
}

/// The day that one or two words say; the first is empty for one.
fn day(first: &str, last: &str) -> Option<i8> {
    if first.is_empty() {
        let digits = last.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let ending = &last[digits.len()..];
        if matches!(ending, "" | "st" | "nd" | "rd" | "th") && !digits.is_empty() && digits.len() <= 2 {
            return digits.parse().ok().filter(|day| (1..=31).contains(day));
        }
    }
    (1..=31)
        .find(|&day| match day {
            21..=29 | 31 => {
                let tens = if day == 31 { "thirty" } else { "twenty" };
                let rest = day % 10;
                first == tens && (last == ORDINALS[rest] || last == UNITS[rest])
            }
            20 | 30 => {
                first.is_empty() && matches!((day, last), (20, "twentieth" | "twenty") | (30, "thirtieth" | "thirty"))
            }
            _ => first.is_empty() && (last == ORDINALS[day] || last == UNITS[day]),
        })
        .and_then(|day| i8::try_from(day).ok())
        .or_else(|| {
            let ordinal = match last {
                "st" | "nd" | "rd" | "th" => first,
                _ => "",
            };
            ordinal.parse().ok().filter(|day| (1..=31).contains(day))
        })
}

fn ordinal_of(day: i8) -> Option<String> {
    let at = usize::try_from(day).ok()?;
    Some(match at {
        20 => "twentieth".to_owned(),
        30 => "thirtieth".to_owned(),
        21..=29 => format!("twenty{}", ORDINALS[at % 10]),
        31 => "thirtyfirst".to_owned(),
        _ => (*ORDINALS.get(at)?).to_owned(),
    })
}

/// How `year` is said, squeezed.
fn years_of(year: i16) -> Vec<String> {
    let below_hundred = |number: usize| match number {
        0..=19 => UNITS[number].to_owned(),
        _ if number.is_multiple_of(10) => TENS[number / 10 - 2].to_owned(),
        _ => format!("{}{}", TENS[number / 10 - 2], UNITS[number % 10]),
    };
    let rest = usize::try_from(year.rem_euclid(100)).unwrap_or(0);
    match year {
        2000 => vec!["twothousand".to_owned()],
        2001..=2099 => {
            let said = below_hundred(rest);
            let short = if rest < 10 { format!("twentyoh{said}") } else { format!("twenty{said}") };
            vec![short, format!("twothousandand{said}"), format!("twothousand{said}")]
        }
        1910..=1999 => vec![format!("nineteen{}", below_hundred(rest))],
        _ => Vec::new(),
    }
}

fn month_of(date: Date) -> &'static str {
    MONTHS[usize::try_from(date.month()).unwrap_or(1).saturating_sub(1).min(11)]
}

fn month(word: &str) -> Option<i8> {
    if word.len() < 3 || !word.is_ascii() {
        return None;
    }
    let fits = |full: &&str| *full == word || full[..3] == *word || word == "sept" && **full == *"september";
    let at = MONTHS.iter().position(fits)?;
    i8::try_from(at + 1).ok()
}

/// The month at word `at`: by its name, or by its number in "the second of the ninth".
fn month_at<'t>(at: usize, said: &impl Fn(usize) -> &'t str) -> Option<i8> {
    let by_number = at >= 3 && said(at - 1) == "the" && said(at - 2) == "of" && is_ordinal(said(at - 3));
    month(said(at)).or_else(|| by_number.then(|| day("", said(at))).flatten().filter(|month| *month <= 12))
}

fn is_ordinal(word: &str) -> bool {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    word.len() > digits.len() && day("", word).is_some() && !UNITS.contains(&word)
}

/// True when `text` may say a month by its number.
fn names_month_by_number(text: &str) -> bool {
    text.match_indices(" of the ").any(|(at, cue)| {
        let next = next_word(text, at + cue.len()).map_or("", |word| &text[word]);
        is_ordinal(next)
    })
}

/// "Born on the", "birthday is on", "turned 14 on".
fn follows_a_birth<'t>(at: usize, said: &impl Fn(usize) -> &'t str) -> bool {
    let small = |word: &str| matches!(word, "the" | "on" | "is" | "was" | "a") || day("", word).is_some();
    let cue = (at.saturating_sub(4)..at).rev().find(|&at| !small(said(at)));
    cue.is_some_and(|cue| speaks_of_birth(said(cue)))
}

fn speaks_of_birth(word: &str) -> bool {
    matches!(word, "birthday" | "bday" | "birthdays" | "born" | "birth" | "dob" | "turns" | "turned")
}

const ORDINALS: [&str; 20] = [
    "zeroth",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::redaction::policy::EffectiveRole;

    fn found(text: &str) -> Vec<&str> {
        let meaning = Meaning { entity: Entity::Dob, role: EffectiveRole::SubjectChild, person: Some(0) };
        let mut out = Vec::new();
        hits(text, &[(date(2010, 10, 23), meaning), (date(2011, 6, 2), meaning)], &mut out);
        out.iter().map(|hit| &text[hit.range.clone()]).collect()
    }

    #[test]
    fn a_listed_date_is_found_in_words() {
        for said in [
            "second of june 2011",
            "twenty-third october twenty ten",
            "23rd day of october two thousand and ten",
            "june the second, twenty eleven",
            "second of the sixth, two thousand and eleven",
            "2nd of the 6th 2011",
            "2nd june twenty eleven",
        ] {
            assert_eq!(found(&format!("born on the {said}.")), [said], "{said}");
        }
        for other in [
            "the second of june 2012",
            "the third of june twenty eleven",
            "the second of june she ran",
            "the second of the sixth form",
            "one of the sixth, 2011",
        ] {
            assert_eq!(found(other), Vec::<&str>::new(), "{other}");
        }
    }

    #[test]
    fn a_day_and_month_are_a_birthday_where_the_text_says_so() {
        assert_eq!(found("her birthday is 2 june"), ["2 june"]);
        assert_eq!(found("on the 23rd of october, her birthday"), ["23rd of october"]);
        assert_eq!(found("he was seen on 2 june"), Vec::<&str>::new());
    }

    #[test]
    fn a_day_and_month_behind_a_birth_are_one_whoever_it_is() {
        for (text, date) in [
            ("she was born on 22 august in london", "22 august"),
            ("birthday: the seventh of august", "seventh of august"),
            ("turned 14 on 3rd may", "3rd may"),
            ("d.o.b.: 23rd of october", "23rd of october"),
        ] {
            assert_eq!(found(text), [date], "{text}");
        }
        for text in ["the birthday party of tom is on 3 may", "born in may", "she turned up on 3 may", "seen 22 august"]
        {
            assert_eq!(found(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn a_rescan_knows_the_same_words() {
        let forms = squeezed_forms(date(2010, 10, 23));
        for form in ["twentythirdofoctober2010", "23rdoctobertwentyten", "23ofoctobertwothousandandten"] {
            assert!(forms.iter().any(|known| known == form), "{form}");
        }
    }
}
