//! The needles of listed values: contacts, marks, addresses, institutions, organisations.

use std::borrow::Cow;

use super::{
    addresses::{is_short_for_a_home, street_type},
    fold::plain_text,
    form::{Entity, Form, ListedValue},
    lexicon::Lexicon,
    needle::{Collector, Meaning, Rule, Strength, joined, squeezed, words},
    typos::Spellings,
    words::{SHORT_INSTITUTION, is_council, is_family, is_function, is_institution, is_ordinary},
};
use crate::domain::number_words::{TENS, UNITS};

impl Collector {
    /// Adds every form of `value`. Numbers and dates are searched elsewhere.
    pub(super) fn value(&mut self, value: &ListedValue) {
        let text = value.text.reveal();
        match value.entity {
            Entity::Email => self.email(text),
            Entity::Url => self.url(text),
            Entity::Handle => self.handle(text),
            Entity::Nino | Entity::Passport | Entity::DrivingLicence => self.compact(&squeezed(text), 5),
            Entity::CaseRef => self.reference(text),
            Entity::Vrm => self.vrm(text),
            Entity::Postcode => self.compact(&squeezed(text), 5),
            Entity::Address => saints(text, true).iter().for_each(|text| self.address(text)),
            Entity::Placement => {
                saints(text, false).iter().for_each(|text| self.institution(text));
                self.home_for_short(text);
            }
            Entity::School | Entity::Place => saints(text, false).iter().for_each(|text| self.institution(text)),
            Entity::Organisation => self.organisation(text),
            Entity::Person | Entity::Relationship => {
                let pieces = words(text).concat();
                let strength = if pieces.len() > 1 { Strength::Whole } else { Strength::OneWord };
                self.words(&pieces, strength);
            }
            // Found in the digits of the text, and among its dates.
            Entity::Phone | Entity::NhsNumber | Entity::BankAccount | Entity::Dob => {}
        }
    }

    /// A value without regard to spacing, also with letters and digits that are taken for each other.
    fn compact(&mut self, squeezed: &str, at_least: usize) {
        if squeezed.chars().count() < at_least {
            return;
        }
        let mut spellings = vec![squeezed.to_owned()];
        if squeezed.bytes().any(|b| b.is_ascii_digit()) {
            let taken: [(&[char], &str); 5] =
                [(&['o'], "0"), (&['0'], "o"), (&['i', 'l'], "1"), (&['1'], "i"), (&['1'], "l")];
            let there = taken.into_iter().filter(|(sign, _)| squeezed.contains(*sign));
            spellings.extend(there.map(|(sign, other)| squeezed.replace(sign, other)));
        }
        spellings.sort_unstable();
        spellings.dedup();
        for spelling in spellings {
            self.push(&[spelling], Rule::Compact, Strength::Whole);
        }
    }

    /// A handle of letters alone is looked for in words: spaced anywhere it would be found inside sentences. One with signs
    /// or digits is looked for as it is said, too: "jo underscore peel eleven".
    fn handle(&mut self, text: &str) {
        let squeezed = squeezed(text);
        for form in dictated(text.trim_start_matches('@')).into_iter().filter(|form| *form != squeezed) {
            self.compact(&form, 8);
        }
        if squeezed.chars().all(char::is_alphabetic) {
            self.push(&words(text).concat(), Rule::Words, Strength::Whole);
        } else {
            self.compact(&squeezed, 3);
        }
    }

    /// A reference. One that is a short number is not looked for: it would take out years and amounts.
    fn reference(&mut self, text: &str) {
        let reference = squeezed(text);
        let digits = reference.bytes().filter(u8::is_ascii_digit).count();
        if digits > 0 && (digits >= 5 || digits < reference.len()) {
            self.compact(&reference, 4);
        }
    }

    /// An e-mail address as such and with its signs in words.
    fn email(&mut self, text: &str) {
        let Some((local, domain)) = text.split_once('@') else {
            return self.compact(&squeezed(text), 4);
        };
        let domains = dictated(domain);
        for local in dictated(local) {
            for at in ["", "at"] {
                for domain in &domains {
                    self.push(&[[&local, at, domain].concat()], Rule::Compact, Strength::Whole);
                }
            }
        }
        if local.chars().count() >= 5 {
            self.push(&[squeezed(local)], Rule::Compact, Strength::Part);
        }
    }

    fn url(&mut self, text: &str) {
        let bare = text.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
        for written in [text, bare] {
            self.compact(&squeezed(written), 5);
        }
        if let Some((_, profile)) = bare.trim_end_matches('/').rsplit_once('/') {
            self.compact(&squeezed(profile), 5);
        }
    }

    /// A mark, and what is known of one that was not seen whole.
    fn vrm(&mut self, text: &str) {
        let says_nothing =
            |known: &str| is_function(known) || matches!(known, "car" | "van" | "bus" | "cab" | "red" | "suv");
        for known in std::iter::once(text).chain(text.split('?')) {
            let known = squeezed(known);
            if !says_nothing(&known) {
                self.compact(&known, 3);
            }
        }
        self.vrm_parts(&squeezed(text));
    }

    /// What somebody remembers of a mark: "QQ19", "ends KLM".
    fn vrm_parts(&mut self, mark: &str) {
        let (Some(begins), Some(ends)) = (mark.get(..4), mark.get(4..)) else { return };
        let kind = |c: char| if c.is_ascii_digit() { '0' } else { 'a' };
        if !mark.is_ascii() || mark.chars().map(kind).ne("aa00aaa".chars()) {
            return;
        }
        self.push(&[begins], Rule::Compact, Strength::Part);
        if !is_ordinary(ends) {
            let letters: Vec<&str> = ends.split("").filter(|letter| !letter.is_empty()).collect();
            self.push(&letters, Rule::Initials, Strength::Part);
        }
    }

    /// The whole name, and what is left of it without the kind of institution.
    fn institution(&mut self, text: &str) {
        let pieces = words(text);
        if is_generic(&pieces) {
            return;
        }
        self.words(&pieces.concat(), Strength::Whole);
        self.institution_short(&pieces);
        let own: Vec<String> =
            pieces.into_iter().filter(|word| !is_institution(&joined(word, "'"))).collect::<Vec<_>>().concat();
        if own.concat().chars().count() >= 4 {
            self.words(&own, Strength::Whole);
        }
        self.institution_initials(text);
    }

    /// "At the Lodge" for Elm Bank Lodge, "at the Elmbank" for Elmbank Tree House; not "at the house".
    fn home_for_short(&mut self, text: &str) {
        let pieces = words(text);
        let [first, .., last] = &pieces[..] else { return };
        let (first, last) = (first.concat(), last.concat());
        if is_short_for_a_home(&last) || last == "hall" {
            self.push(&[&last], Rule::Bare, Strength::Part);
        }
        if first.chars().count() >= 5 && !is_institution(&first) && !is_function(&first) && pieces.len() > 2 {
            self.push(&[&first], Rule::Bare, Strength::Part);
        }
    }

    /// "Elm Hse" for Elm House.
    fn institution_short(&mut self, pieces: &[Vec<String>]) {
        let short = |word: &String| SHORT_INSTITUTION.iter().find(|(long, _)| long == word).map(|(_, short)| *short);
        let Some((last, before)) = pieces.split_last() else { return };
        if let (Some(short), false) = (last.first().and_then(short), before.is_empty()) {
            self.words(&[&before.concat()[..], &[short.to_owned()]].concat(), Strength::Whole);
        }
    }

    /// "MHA" for Marsh Hill Academy: three words or more, the small ones between them left out.
    fn institution_initials(&mut self, text: &str) {
        let first = |word: &Vec<String>| word.first().and_then(|piece| piece.chars().next());
        let large = words(text).into_iter().filter(|word| !is_function(&word.concat()));
        let initials: Vec<String> = large.filter_map(|word| first(&word)).map(String::from).collect();
        if (3..=6).contains(&initials.len()) {
            self.push(&initials, Rule::Initials, Strength::Part);
        }
    }

    /// The name as given, and a council under the names that councils go by. Its bare place name stays.
    fn organisation(&mut self, text: &str) {
        let pieces = words(text);
        let around = |word: &Vec<String>| is_council(&joined(word, "'"));
        let start = pieces.iter().take_while(|word| around(word)).count();
        let end = pieces.len() - pieces.iter().rev().take_while(|word| around(word)).count();
        self.words(&pieces.concat(), Strength::Whole);
        if start < end && (start > 0 || end < pieces.len()) {
            let own: Vec<&str> = pieces[start..end].iter().flatten().map(String::as_str).collect();
            self.council(&own);
        }
    }

    fn council(&mut self, own: &[&str]) {
        for (before, after) in [
            (&["london", "borough", "of"][..], &[][..]),
            (&["royal", "borough", "of"], &[]),
            (&["lb"], &[]),
            (&[], &["council"]),
            (&[], &["city", "council"]),
            (&[], &["social", "services"]),
            (&[], &["social", "care"]),
            (&[], &["children", "s", "services"]),
            (&[], &["childrens", "services"]),
            (&[], &["social", "worker"]),
        ] {
            self.words(&[before, own, after].concat(), Strength::Whole);
        }
    }
}

/// `text`, and with "Saint" for "St", or the other way round, and, where it may be `dropped`, without.
fn saints(text: &str, dropped: bool) -> Vec<Cow<'_, str>> {
    let mut out = vec![Cow::Borrowed(text)];
    let tokens: Vec<&str> = text.split(' ').collect();
    let is = |token: &str, saint: &str| token.trim_end_matches('.').eq_ignore_ascii_case(saint);
    let at = tokens.iter().position(|token| is(token, "st") || is(token, "saint"));
    if let Some(at) = at.filter(|at| at + 1 < tokens.len()) {
        let other = if is(tokens[at], "st") { "Saint" } else { "St" };
        let (before, behind) = (&tokens[..at], &tokens[at + 1..]);
        out.push(Cow::Owned([before, &[other], behind].concat().join(" ")));
        if dropped {
            out.push(Cow::Owned([before, behind].concat().join(" ")));
        }
    }
    out
}

/// Adds to `spellings` what is the own name of a listed school or home, so that it is known misspelt.
pub(super) fn misspelt(form: &Form, lexicon: &Lexicon, spellings: &mut Spellings) {
    let institution = |value: &&ListedValue| matches!(value.entity, Entity::School | Entity::Placement);
    for value in form.values.iter().filter(institution) {
        let meaning = Meaning { entity: value.entity, role: value.role, person: None };
        let own = |word: &Vec<String>| !is_institution(&joined(word, "'"));
        let pieces = words(value.text.reveal()).into_iter().filter(own).flatten();
        pieces.for_each(|word| spellings.add_own(&word, meaning, lexicon.flags(&word).english()));
    }
}

/// "Mum's house", "home": a label that names no place.
pub(super) fn is_generic(pieces: &[Vec<String>]) -> bool {
    let generic = |word: &Vec<String>| {
        let bare = word[0].as_str();
        is_institution(&joined(word, "'"))
            || is_family(bare)
            || matches!(bare, "flat" | "address" | "family" | "work")
            || is_function(bare)
            || street_type(bare).is_some()
    };
    pieces.iter().all(generic)
}

/// So many signs of a handle or of a part of an address are taken as written or said, each by itself.
const MOST_MIXED: usize = 3;

/// `part` squeezed, with each of its signs as written or said ("jo dot k_9"), and its numbers as written or said.
fn dictated(part: &str) -> Vec<String> {
    let part = plain_text(part);
    let mixed = part.chars().filter(|&c| said(c).is_some()).count() <= MOST_MIXED;
    let numbered = part.bytes().any(|b| b.is_ascii_digit());
    let ways = if numbered { &[Figures::Written, Figures::Whole, Figures::Apart][..] } else { &[Figures::Written] };
    let mut out = Vec::new();
    for &way in ways {
        // With many signs all of them are as written, or all of them said.
        let mut forms = vec![String::with_capacity(part.len()); if mixed { 1 } else { 2 }];
        let mut rest = part.as_str();
        while let Some(c) = rest.chars().next() {
            let length = match rest.bytes().take_while(u8::is_ascii_digit).count() {
                0 => c.len_utf8(),
                digits => digits,
            };
            let (piece, behind) = rest.split_at(length);
            match said(c) {
                Some(word) if mixed => {
                    let without = forms.clone();
                    forms.iter_mut().for_each(|form| form.push_str(word));
                    forms.extend(without);
                }
                Some(word) => forms[1].push_str(word),
                None if c.is_ascii_digit() => forms.iter_mut().for_each(|form| way.push(piece, form)),
                None if c.is_alphanumeric() => forms.iter_mut().for_each(|form| form.push_str(piece)),
                None => {}
            }
            rest = behind;
        }
        out.extend(forms);
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// How a sign inside a handle or an address is said.
const fn said(sign: char) -> Option<&'static str> {
    match sign {
        '.' => Some("dot"),
        '_' => Some("underscore"),
        '-' => Some("dash"),
        _ => None,
    }
}

/// How a number is written or said.
#[derive(Debug, Clone, Copy)]
enum Figures {
    /// In figures.
    Written,
    /// Of one or two digits as one number.
    Whole,
    /// Digit by digit.
    Apart,
}

impl Figures {
    /// Adds `run`, which is digits, to `out`.
    fn push(self, run: &str, out: &mut String) {
        match (self, run.parse::<usize>()) {
            (Self::Written, _) => out.push_str(run),
            (Self::Whole, Ok(number)) if run.len() <= 2 => match UNITS.get(number) {
                Some(unit) => out.push_str(unit),
                None => {
                    out.push_str(TENS.get((number / 10).wrapping_sub(2)).unwrap_or(&""));
                    out.push_str(if number.is_multiple_of(10) { "" } else { UNITS[number % 10] });
                }
            },
            _ => run.bytes().for_each(|digit| out.push_str(UNITS[usize::from(digit - b'0')])),
        }
    }
}
