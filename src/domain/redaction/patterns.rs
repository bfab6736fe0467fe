//! Values that nobody listed, by their shape: handle, URL, postcode and official numbers.

use std::ops::Range;

use regex::Regex;

use super::{
    find::Hit,
    fold::{Casing, Folded},
    form::Entity,
    handles, locations, mail,
    marks::Marks,
    needle::{Meaning, Strength},
    plates,
    policy::EffectiveRole,
    shapes::{Fits, MayBe, Shape},
};

/// A mention by its shape alone: nobody's, until the form says whose.
pub(super) fn unlisted(entity: Entity, range: Range<usize>) -> Hit {
    Hit {
        range,
        meaning: Meaning { entity, role: EffectiveRole::Unknown, person: None },
        strength: Strength::Whole,
        listed: false,
    }
}

/// All shapes, in the order in which they are looked for.
pub(super) fn all() -> Vec<Shape> {
    let numbers = [postcodes(), plates::shapes(), locations::shapes(), references(), official(), bank()];
    [mail::shapes(), web(), accounts(), numbers.concat()].concat()
}

pub(super) fn shape(entity: Entity, pattern: &str, numbered: bool, may_be: MayBe, fits: Fits) -> Shape {
    let pattern = Regex::new(pattern).expect("the pattern is a constant that the tests compile");
    Shape { entity, pattern, numbered, run: None, around: None, may_be, cues: &[], fits }
}

fn web() -> Vec<Shape> {
    vec![
        shape(
            Entity::Url,
            r#"(?:https?://|www\.)[^ <>"]+"#,
            false,
            |marks, text| marks.has(b':') && marks.has(b'/') || marks.has(b'.') && text.contains("www."),
            always,
        ),
        shape(
            Entity::Url,
            r#"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|co\.uk|org|net|uk|io|gg|me|tv|app)/[^ <>"]+"#,
            false,
            |marks, text| {
                let path = |two: &[u8]| two[0].is_ascii_lowercase() && two[1] == b'/';
                marks.has(b'/') && marks.has(b'.') && text.as_bytes().windows(2).any(path)
            },
            always,
        )
        .in_runs(b'/', |byte| !matches!(byte, b' ' | b'<' | b'>' | b'"')),
        shape(
            Entity::Url,
            r#"(?:https?(?:\[?:\]?//|\[://\]|\[:\]//))[^ <>"]+"#,
            false,
            |marks, text| marks.has(b'[') && text.contains("http"),
            always,
        ),
        shape(
            Entity::Url,
            r"(?:hxxps?://[^ ]+|[a-z0-9-]{2,40}(?:(?: dot | ?\. ?|\[\.\]|\(dot\))[a-z0-9-]{2,40}){1,4}(?: slash | ?/ ?)[a-z0-9._@-]+(?:(?: slash | dot | underscore | ?/ ?)[a-z0-9._@-]+){0,6})",
            false,
            |marks, text| {
                text.contains("slash")
                    || text.contains("hxxp")
                    || marks.has(b'/') && (marks.has(b'[') || text.contains(" . ") || text.contains("dot"))
            },
            |folded, range| {
                let text = &folded.text[range.clone()];
                text.starts_with("hxxp")
                    || text.contains(" dot ")
                    || text.contains(" . ")
                    || text.contains("[.]")
                    || text.contains("(dot)")
            },
        ),
    ]
}

fn accounts() -> Vec<Shape> {
    vec![
        shape(Entity::Handle, r"@[a-z0-9_][a-z0-9._-]+", false, |marks, _| marks.has(b'@'), always),
        shape(Entity::Handle, handles::JOINED, false, |marks, _| marks.has(b'_'), handles::is_joined)
            .in_runs(b'_', |byte| matches!(byte, b'.' | b'_') || is_letter_or_digit(byte)),
        shape(Entity::Handle, handles::SAID, false, |_, text| text.contains(" underscore "), handles::is_said)
            .around(|text| mail::near(text, &[" underscore "])),
        shape(Entity::Handle, handles::NUMBERED, true, |marks, _| marks.digits() > 0, handles::is_numbered),
    ]
}

fn postcodes() -> Vec<Shape> {
    vec![
        shape(
            Entity::Postcode,
            r"[a-z]{1,2}[0-9][a-z0-9]? ?[0-9][abd-hjlnp-uw-z]{2}",
            true,
            |marks, _| marks.digits() > 1,
            is_no_ordinal,
        ),
        // In capitals, its signs may stand apart, or a comma in the middle.
        shape(
            Entity::Postcode,
            r"[a-z][ .]?(?:[a-z][ .]?)?[0-9][ .]?(?:[a-z0-9][ .]?)?[ ,-]{0,2}[0-9][ .]?[abd-hjlnp-uw-z][ .]?[abd-hjlnp-uw-z]",
            true,
            |marks, _| marks.digits() > 1,
            in_capitals,
        ),
    ]
}

fn references() -> Vec<Shape> {
    let numbered = |marks: &Marks, _: &str| marks.digits() >= 4;
    vec![
        shape(
            Entity::CaseRef,
            r"(?:lcs|cad|urn|crn|ehm|mos|cris|crims?|merlin|misper|upn|ssid|lac|eh)(?: ?(?:no|ref|number))?[ :#./-]{0,2}[0-9][0-9a-z/-]{3,15}",
            true,
            numbered,
            always,
        ),
        shape(Entity::CaseRef, r"[0-9]{2}[a-z]{2,4}[0-9]{5,8}", true, |marks, _| marks.longest_run() >= 5, always),
        shape(
            Entity::CaseRef,
            r"[a-z]{2,4}-[0-9]{4,8}",
            true,
            |marks, _| marks.has(b'-') && marks.longest_run() >= 4,
            in_capitals,
        ),
        shape(
            Entity::CaseRef,
            r"[a-z]{0,4}[ /-]?[0-9]{2,8}(?:[/-][0-9a-z]{2,8}){0,3}",
            true,
            numbered,
            |folded, range| {
                let digits = folded.text[range.clone()].bytes().filter(u8::is_ascii_digit).count();
                digits >= 4 && cue_just_before(folded, range)
            },
        )
        .behind(&["ref", "case n", "number", "urn"]),
    ]
}

/// "The A1 4th exit" has no postcode.
fn is_no_ordinal(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let apart = folded.text[range.clone()].rsplit_once(' ').map(|(_, inward)| inward);
    let ordinal = apart.is_some_and(|inward| matches!(inward, "1st" | "2nd" | "3rd") || inward.ends_with("th"));
    !ordinal || in_capitals(folded, range)
}

/// "ref: 1234", "the reference is 1234", "crime number 1234".
fn cue_just_before(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let before = folded.text[..range.start].trim_end_matches([' ', ':', '#', '.', '=']);
    let before = before.strip_suffix(" is").unwrap_or(before);
    [
        "case ref",
        "case reference",
        "reference",
        "our ref",
        "your ref",
        "ref",
        "case no",
        "case number",
        "crime number",
        "crime ref",
        "crime reference",
        "incident number",
        "urn",
    ]
    .iter()
    .any(|cue| before.ends_with(cue))
}

fn official() -> Vec<Shape> {
    vec![
        shape(
            Entity::Nino,
            r"[a-z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[a-d]",
            true,
            |marks, _| marks.digits() >= 6,
            always,
        ),
        // Grouped otherwise: "of 120 000 a year" is none.
        shape(
            Entity::Nino,
            r"[a-z] ?[a-z](?:[ .-]?[0-9]){6}[ .-]?[a-d]",
            true,
            |marks, _| marks.digits() >= 6,
            |folded, range| in_capitals(folded, range) || cue(folded, range, NATIONAL_INSURANCE),
        ),
        // Its last letter is often left out.
        shape(
            Entity::Nino,
            r"[a-z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2}",
            true,
            |marks, _| marks.digits() >= 6,
            |folded, range| cue(folded, range, NATIONAL_INSURANCE),
        )
        .behind(NATIONAL_INSURANCE),
        shape(
            Entity::DrivingLicence,
            r"[a-z9]{5}[ -]?[0-9]{6}[ -]?[a-z9]{2} ?[a-z0-9]{3}",
            true,
            |marks, _| marks.longest_run() >= 6,
            always,
        ),
        shape(
            Entity::Passport,
            r"(?:[a-z]{2})?[0-9]{7,9}",
            true,
            |marks, _| marks.longest_run() >= 7,
            |folded, range| cue(folded, range, &["passport"]),
        )
        .behind(&["passport"]),
    ]
}

fn bank() -> Vec<Shape> {
    vec![
        shape(
            Entity::BankAccount,
            r"[0-9]{2}[ .-]?[0-9]{2}[ .-]?[0-9]{2}[^a-z0-9]{1,4}(?:and|a/?c|acct?|account)?[^a-z0-9]{0,4}(?:no|num|number|nr)?[^a-z0-9]{0,4}[0-9]{4}[ -]?[0-9]{4}",
            false,
            |marks, _| marks.digits() >= 14,
            always,
        ),
        // "IBAN GB29 NWBK 6016 1331 9268 19".
        shape(
            Entity::BankAccount,
            r"gb[0-9]{2} ?[a-z]{4} ?(?:[0-9]{4} ?){3}[0-9]{2}",
            false,
            |marks, _| marks.digits() >= 16,
            always,
        )
        .behind(&["gb"]),
        shape(
            Entity::BankAccount,
            r"[0-9]{8}|[0-9]{2}-[0-9]{2}-[0-9]{2}",
            true,
            |marks, _| marks.longest_run() >= 8 || marks.digits() >= 6 && marks.has(b'-'),
            |folded, range| cue(folded, range, ACCOUNT),
        )
        .behind(ACCOUNT),
    ]
}

pub(super) const fn is_letter_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

pub(super) fn always(_: &Folded<'_>, _: &Range<usize>) -> bool {
    true
}

const NATIONAL_INSURANCE: &[&str] = &["national insurance", "nino", " ni ", "ni:", "ni no", "ni num"];
const ACCOUNT: &[&str] = &[
    "account",
    "a/c",
    "acc ",
    "acc:",
    "acct",
    "s/c",
    "sort code",
    "bank:",
    "bank details",
    "paid into",
    "pay into",
    "payments",
    "transferred to",
];

pub(super) fn in_capitals(folded: &Folded<'_>, range: &Range<usize>) -> bool {
    let letters = || range.clone().filter(|&at| folded.text.as_bytes()[at].is_ascii_alphabetic());
    folded.casing == Casing::Mixed && letters().all(|at| folded.is_capital(at))
}

/// True when one of `words` stands within forty bytes before, and not in a replacement ("[BANK ACCOUNT]").
pub(super) fn cue(folded: &Folded<'_>, range: &Range<usize>, words: &[&str]) -> bool {
    let start = (range.start.saturating_sub(40)..=range.start).find(|&at| folded.text.is_char_boundary(at));
    let start = start.unwrap_or(range.start);
    let before = &folded.text[start..range.start];
    let written = |at: usize, word: &str| {
        let place = start + at..start + at + word.len();
        !folded.in_label(&folded.to_original(place))
    };
    words.iter().any(|word| before.match_indices(word).any(|(at, _)| written(at, word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::redaction::shapes::hits;

    fn found(text: &str) -> Vec<(Entity, String)> {
        let folded = Folded::new(text, Vec::new());
        let mut out = Vec::new();
        hits(&folded, &Marks::of(&folded.text), &mut out);
        out.iter().map(|hit| (hit.meaning.entity, folded.text[hit.range.clone()].to_owned())).collect()
    }

    #[test]
    fn values_are_found_by_shape() {
        for (text, entity, value) in [
            ("Write to Jo.Bloggs@example.org.", Entity::Email, "jo.bloggs@example.org"),
            ("simao.ibanez[at]example[dot]org", Entity::Email, "simao.ibanez[at]example[dot]org"),
            ("noura46 at example dot org", Entity::Email, "noura46 at example dot org"),
            ("name there is @example.dray_studio, and", Entity::Handle, "@example.dray_studio"),
            ("Mail jo.k@ example.com now", Entity::Email, "jo.k@ example.com"),
            ("Mail jo.k@example,com now", Entity::Email, "jo.k@example,com"),
            ("Mail jo46 at example point com now", Entity::Email, "jo46 at example point com"),
            ("Mail jo46 at sign example dot com now", Entity::Email, "jo46 at sign example dot com"),
            ("Mail jo-at-example-dot-net now", Entity::Email, "jo-at-example-dot-net"),
            ("Mail wiktoria.k at example.com.", Entity::Email, "wiktoria.k at example.com"),
            ("noura46 @ example.org", Entity::Email, "noura46 @ example.org"),
            ("He is @tiny_northside there", Entity::Handle, "@tiny_northside"),
            ("See https://social.example.com/x1.", Entity::Url, "https://social.example.com/x1"),
            ("Lives at W22 5BR now", Entity::Postcode, "w22 5br"),
            ("lives at ig40 1dn now", Entity::Postcode, "ig40 1dn"),
            ("A van, QQ19 KLM.", Entity::Vrm, "qq19 klm"),
            ("a van, qq19klm", Entity::Vrm, "qq19klm"),
            ("the car ended ????VWT he thinks", Entity::Vrm, "????vwt"),
            ("Part of it: QQ1? K??", Entity::Vrm, "qq1? k??"),
            ("NI PY 39 72 08 C", Entity::Nino, "py 39 72 08 c"),
            ("NI is QQ 12 34 56 C", Entity::Nino, "qq 12 34 56 c"),
            ("Her NI no is PY 39 72 08", Entity::Nino, "py 39 72 08"),
            ("paid to 00-00-35 53790356", Entity::BankAccount, "00-00-35 53790356"),
            ("paid to 00.00.35, 53790356", Entity::BankAccount, "00.00.35, 53790356"),
            ("Lives in SE29, 4WE now", Entity::Postcode, "se29, 4we"),
            ("Lives in C R 2 0 8 E G now", Entity::Postcode, "c r 2 0 8 e g"),
            ("lives in W22-9HS now", Entity::Postcode, "w22-9hs"),
            ("A van, NT29.VVX.", Entity::Vrm, "nt29.vvx"),
            ("In a van, YE79 ***, he left", Entity::Vrm, "ye79"),
            ("Her reg KXI9 BZT was seen", Entity::Vrm, "kxi9 bzt"),
            ("A car, reg DR3 K", Entity::Vrm, "dr3 k"),
            ("The reg starts TS79", Entity::Vrm, "ts79"),
            ("The reg plate ended in TGP? No, ending TGP", Entity::Vrm, "tgp"),
            ("NI is PY.58.22.02.A", Entity::Nino, "py.58.22.02.a"),
            ("Wrote KB827 859C there", Entity::Nino, "kb827 859c"),
            ("licence FIFIT-903057-A99IO", Entity::DrivingLicence, "fifit-903057-a99io"),
            (
                "see pics dot example dot com slash lil dot jo_9",
                Entity::Url,
                "pics dot example dot com slash lil dot jo_9",
            ),
            ("Jo is jo underscore x5 there", Entity::Handle, "jo underscore x5"),
        ] {
            let found = found(text);
            assert!(found.contains(&(entity, value.to_owned())), "{text}: {found:?}");
            assert!(found.iter().all(|(other, _)| *other == entity), "{text}: {found:?}");
        }
    }

    #[test]
    fn ordinary_text_has_no_values() {
        for text in [
            "We met at 10 the next day.",
            "Is it? yes?? why",
            "The M25 and the A1 too",
            "about £1,400 by 7pm",
            "she booked it at booking.com",
            "They left the M25, 4th exit, and the A1 4th",
            "A car waited in SE29. It was the end. THE END",
            "a fund of 120 000 a year and of 300,000 b",
            "Met at 10.The car left",
            "The car went from SE29 and NW12 but not to CR20 now",
            "The plate of chips was for the last three MEN",
            "draw an underscore below it",
            "He was at this point in tears, and at one point me too",
            "Meet @ ten, or at the point",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }
}
