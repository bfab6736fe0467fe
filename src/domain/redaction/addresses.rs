//! The needles of listed addresses: the line, its parts, and the road or building by its own name.

use std::ops::Range;

use super::{
    fold::{Casing, Folded},
    needle::{Collector, Rule, Strength, words},
    values::is_generic,
    words::{STREET_TYPES, is_ordinary},
};

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
        }
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
        let Some((_, own)) = name.split_last().filter(|(last, own)| is_kind(last) && !own.is_empty()) else { return };
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
    let before = folded.text[..range.start].trim_end();
    let keyed = before.ends_with([':', '=']);
    let before = before.strip_suffix(" the").unwrap_or(before);
    let word = before
        .rfind(|c: char| !c.is_alphanumeric())
        .map_or(before, |at| before[at..].trim_start_matches(|c: char| !c.is_alphanumeric()));
    let leads = matches!(
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
    );
    let goes_on = mixed && folded.text[range.end..].starts_with(' ') && folded.is_capital(range.end + 1);
    (leads || keyed) && !goes_on
}

/// The type of street and its short forms, given any one of them.
pub(super) fn street_type(word: &str) -> Option<Vec<&'static str>> {
    let (long, short) = STREET_TYPES.iter().find(|(long, short)| *long == word || short.contains(&word))?;
    Some([&[*long][..], short].concat())
}
