//! The needles of listed addresses: the line, its parts, and the road or building by its own name.

use std::ops::Range;

use super::{
    fold::{Casing, Folded},
    needle::{Collector, Rule, Strength, words},
    values::is_generic,
    words::{STREET_TYPES, is_ordinary},
};
use crate::domain::number_words;

/// Kinds of building that stand in an address and are no street.
const BUILDING: &[&str] = &[
    "apartments",
    "building",
    "buildings",
    "cottage",
    "farm",
    "flats",
    "hall",
    "heights",
    "hostel",
    "lodge",
    "mansions",
    "point",
    "quarters",
    "tower",
    "towers",
    "villa",
    "villas",
    "wharf",
];

/// What says which part of a building somebody lives in.
const UNIT: &[&str] =
    &["flat", "flt", "apartment", "apt", "unit", "room", "rm", "floor", "block", "bungalow", "no", "number", "plot"];

impl Collector {
    /// The line, its parts with a number or a street in them and those before the street, the street without its number, and
    /// what road and building are called without their kind. Behind the street stands the town.
    pub(super) fn address(&mut self, text: &str) {
        if is_generic(&words(text)) {
            return;
        }
        self.words(&words(text).concat(), Strength::Whole);
        let lines: Vec<Vec<String>> = text.split([',', '\n', ';']).map(|line| words(line).concat()).collect();
        let street = lines.iter().rposition(|line| is_street(line)).unwrap_or(0);
        for line in lines.iter().take(street + 1) {
            let own = without_unit(line);
            let name: Vec<String> = own.iter().skip_while(|piece| has_digit(piece)).cloned().collect();
            self.street(line, line.iter().any(|piece| has_digit(piece)));
            if own.len() < line.len() {
                self.street(own, own.len() > name.len());
            }
            if name.len() < own.len() {
                self.street(&name, false);
            }
            self.bare(&name);
            self.number(line);
        }
    }

    /// "Flat twelve", "flat number 12" of Flat 12; "at number twenty-seven" of 27 Tallow Lane.
    fn number(&mut self, line: &[String]) {
        let unit = line.first().filter(|unit| UNIT.contains(&unit.as_str()));
        let number = line.get(usize::from(unit.is_some()));
        let Some(number) = number.filter(|piece| piece.bytes().all(|b| b.is_ascii_digit())) else { return };
        let mut ways = number_words::said(number);
        ways.push(vec![number]);
        // "No. 27" is the number of the house.
        let Some(unit) = unit.map(String::as_str).filter(|unit| !matches!(*unit, "no" | "number" | "plot")) else {
            ways.iter().for_each(|way| self.push(&[&["number"][..], way].concat(), Rule::At, Strength::Part));
            return self.push(&["no", number], Rule::At, Strength::Part);
        };
        let own = [unit];
        let kinds =
            if matches!(unit, "flat" | "flt" | "apartment" | "apt") { &["flat", "apartment"][..] } else { &own };
        for (kind, way) in kinds.iter().flat_map(|kind| ways.iter().map(move |way| (*kind, way))) {
            self.push(&[&[kind][..], way].concat(), Rule::Words, Strength::Whole);
            self.push(&[&[kind, "number"][..], way].concat(), Rule::Words, Strength::Whole);
        }
        self.push(&[unit, "no", number], Rule::Words, Strength::Whole);
    }

    fn street(&mut self, pieces: &[String], numbered: bool) {
        if pieces.is_empty() || pieces.len() < 2 && !numbered && pieces[0].chars().count() < 5 {
            return;
        }
        let strength = if numbered { Strength::Whole } else { Strength::Part };
        self.words(pieces, strength);
        if let Some((last, before)) = pieces.split_last() {
            if numbered && before.len() > 1 && street_type(last).is_some() {
                // "14 Pinfold".
                self.words(before, Strength::Part);
            }
            for other in street_type(last).into_iter().flatten().filter(|other| *other != last) {
                self.words(&[before, &[other.to_owned()]].concat(), strength);
            }
        }
    }

    /// "On Pinfold", for Pinfold Road.
    fn bare(&mut self, name: &[String]) {
        let Some((kind, own)) = name.split_last().filter(|(last, own)| is_kind(last) && !own.is_empty()) else {
            return;
        };
        // "In the Heights", for Rowan Heights.
        if is_short_for_a_home(kind) {
            self.push(&[kind], Rule::Bare, Strength::Part);
        }
        if own.concat().chars().count() >= 5 && !own.iter().all(|word| is_ordinary(word)) {
            self.push(own, Rule::Bare, Strength::Part);
        }
    }
}

fn has_digit(piece: &str) -> bool {
    piece.bytes().any(|b| b.is_ascii_digit())
}

fn is_street(line: &[String]) -> bool {
    line.iter().any(|piece| has_digit(piece)) || line.last().is_some_and(|last| is_kind(last))
}

fn is_kind(word: &str) -> bool {
    street_type(word).is_some() || BUILDING.contains(&word)
}

/// "Dunmow Court" of "Flat 3 Dunmow Court".
fn without_unit(line: &[String]) -> &[String] {
    match line {
        [unit, which, rest @ ..]
            if UNIT.contains(&unit.as_str()) && (has_digit(which) || which.len() == 1) && !rest.is_empty() =>
        {
            rest
        }
        _ => line,
    }
}

/// "On Pinfold", "lives: Pinfold"; not "on Pinfold Farm", which is another place.
pub(super) fn is_a_place(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let mixed = folded.casing == Casing::Mixed;
    if mixed && !folded.is_capital(range.start) {
        return false;
    }
    let keyed = folded.text[..range.start].trim_end().ends_with([':', '=']);
    let goes_on = mixed && folded.text[range.end..].starts_with(' ') && folded.is_capital(range.end + 1);
    (is_led_to(folded, range.start) || keyed) && !goes_on
}

/// "At number 27", "house number 27"; not "on the number 27 bus".
pub(super) fn is_a_house(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let behind = &folded.text[range.end..];
    let before = folded.text[..range.start].trim_end();
    (before.ends_with("house") || !before.ends_with(" the") && is_led_to(folded, range.start))
        && !behind.starts_with(" bus")
}

/// True for what homes in such a building are called by without its name: not "the hall", "the house".
pub(super) fn is_short_for_a_home(kind: &str) -> bool {
    matches!(
        kind,
        "lodge"
            | "grange"
            | "manor"
            | "villa"
            | "villas"
            | "cottage"
            | "gables"
            | "heights"
            | "mansions"
            | "towers"
            | "wharf"
    )
}

/// True where the words before byte `at` say that a place follows.
fn is_led_to(folded: &Folded<'_>, at: usize) -> bool {
    let before = folded.text[..at].trim_end();
    let before = before.strip_suffix(" the").unwrap_or(before);
    let word = before
        .rfind(|c: char| !c.is_alphanumeric())
        .map_or(before, |at| before[at..].trim_start_matches(|c: char| !c.is_alphanumeric()));
    matches!(
        word,
        "on" | "in"
            | "at"
            | "off"
            | "down"
            | "up"
            | "along"
            | "by"
            | "near"
            | "behind"
            | "outside"
            | "inside"
            | "opposite"
            | "around"
            | "round"
            | "past"
            | "from"
            | "to"
            | "into"
            | "through"
            | "towards"
            | "lives"
            | "address"
    )
}

/// The type of street and its short forms, given any one of them.
pub(super) fn street_type(word: &str) -> Option<Vec<&'static str>> {
    let (long, short) = STREET_TYPES.iter().find(|(long, short)| *long == word || short.contains(&word))?;
    Some([&[*long][..], short].concat())
}
