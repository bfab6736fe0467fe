//! Properties: no reformatting brings a protected value back, redaction is idempotent and blind to order.

use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;

use super::fixture::{PROTECTED, engine, form, policy};
use crate::domain::redaction::{Engine, Lens, Narrative, Section, Sharing};

/// Ways in which a text may be rewritten without changing what a reader sees in it.
#[derive(Debug, Clone, Copy)]
enum Disguise {
    Upper,
    Lower,
    Decomposed,
    Unaccented,
    LineEnds,
    Wrapped,
    ZeroWidth,
    SoftHyphens,
    LookAlikes,
    FullWidth,
    NoBreakSpaces,
    CurlyQuotes,
}

const DISGUISES: &[Disguise] = &[
    Disguise::Upper,
    Disguise::Lower,
    Disguise::Decomposed,
    Disguise::Unaccented,
    Disguise::LineEnds,
    Disguise::Wrapped,
    Disguise::ZeroWidth,
    Disguise::SoftHyphens,
    Disguise::LookAlikes,
    Disguise::FullWidth,
    Disguise::NoBreakSpaces,
    Disguise::CurlyQuotes,
];

fn disguised(text: &str, disguise: Disguise) -> String {
    let between = |mark: char| text.chars().flat_map(|c| [c, mark]).collect();
    let each = |swap: fn(char) -> char| text.chars().map(swap).collect();
    match disguise {
        Disguise::Upper => text.to_uppercase(),
        Disguise::Lower => text.to_lowercase(),
        Disguise::Decomposed => text.nfd().collect(),
        Disguise::Unaccented => text.nfd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).collect(),
        Disguise::LineEnds => text.replace('\n', "\r\n"),
        Disguise::Wrapped => text.replace(' ', "\n"),
        Disguise::ZeroWidth => between('\u{200B}'),
        Disguise::SoftHyphens => between('\u{AD}'),
        Disguise::LookAlikes => each(|c| match c {
            'a' => 'а',
            'e' => 'е',
            'o' => 'о',
            'p' => 'р',
            'c' => 'с',
            'i' => 'і',
            'E' => 'Е',
            'T' => 'Т',
            other => other,
        }),
        Disguise::FullWidth => each(|c| match c {
            '!'..='~' => char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c),
            other => other,
        }),
        Disguise::NoBreakSpaces => text.replace(' ', "\u{A0}"),
        Disguise::CurlyQuotes => text.replace('\'', "\u{2019}"),
    }
}

/// Letters and digits a reader sees, independent of the engine's own folding: enough for the disguises above.
fn seen(text: &str) -> String {
    let plain = |c: char| match c {
        'а' | 'А' => 'a',
        'е' | 'Е' => 'e',
        'о' | 'О' => 'o',
        'р' | 'Р' => 'p',
        'с' | 'С' => 'c',
        'і' | 'І' => 'i',
        'т' | 'Т' => 't',
        'ı' => 'i',
        other => other,
    };
    text.nfkd()
        .filter(|c| c.is_alphanumeric())
        .map(plain)
        .flat_map(char::to_lowercase)
        .filter(|c| c.is_alphanumeric())
        .map(plain)
        .collect()
}

/// Filler that holds nothing protected.
const FILLER: &[&str] = &[
    "we met near the shop,",
    "and then\nsomething happened;",
    "about 3 of them.",
    "- \u{201C}fine\u{201D} -",
    "Monday:",
];

fn story() -> impl Strategy<Value = String> {
    let part = (
        prop::sample::select(FILLER),
        prop::sample::select(PROTECTED),
        prop::collection::vec(prop::sample::select(DISGUISES), 0..3),
    );
    prop::collection::vec(part, 1..6).prop_map(|parts| {
        let written = |(filler, value, disguises): (&str, &str, Vec<Disguise>)| {
            format!("{filler} {} ", disguises.into_iter().fold(value.to_owned(), |text, how| disguised(&text, how)))
        };
        parts.into_iter().map(written).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_reformatting_brings_a_protected_value_back(story in story()) {
        let view = engine().view(&story, Lens::Item);
        let read = seen(&view);
        for value in PROTECTED {
            prop_assert!(!read.contains(&seen(value)), "{value} in {view:?} of {story:?}");
        }
    }

    #[test]
    fn no_name_of_any_origin_is_left(
        first in "[A-ZÁÇÉİŁŚŻ][a-zàçéğıłñóşżąệ]{4,8}",
        last in "[A-ZÁÇÉİŁŚŻ][a-zàçéğıłñóşżąệ]{4,8}(-[A-Z][a-zéłñş]{3,6})?",
        disguises in prop::collection::vec(prop::sample::select(DISGUISES), 0..3),
    ) {
        let mut form = form();
        form.persons[0].names = vec![format!("{first} {last}").into()];
        let engine = Engine::compile(&form, &policy());
        for written in [format!("{first} {last}"), first.clone(), format!("{last}s"), format!("Mr {last}"), format!("{last}, {first}")] {
            let written = disguises.iter().fold(written, |text, how| disguised(&text, *how));
            let view = engine.finish(&format!("Then {written} went to Harbinger Parade."), Lens::Item);
            prop_assert!(!seen(&view.text).contains(&seen(&first)) && !seen(&view.text).contains(&seen(&last)), "{}", view.text);
            prop_assert!(view.text.contains("Harbinger Parade") && view.removed.is_empty(), "{}", view.text);
        }
    }

    #[test]
    fn any_name_and_value_at_all_is_taken(name in "\\PC{1,12}|\\p{L}{1,6} \\p{L}{1,6}", value in "\\PC{1,12}") {
        let mut form = form();
        form.persons[0].names = vec![name.as_str().into()];
        for listed in &mut form.values {
            listed.text = value.as_str().into();
        }
        let engine = Engine::compile(&form, &policy());
        for &lens in Lens::ALL {
            engine.finish(&format!("Then {name} left. {value}, {name}s {}", disguised(&name, Disguise::ZeroWidth)), lens);
        }
    }

    #[test]
    fn a_redacted_view_stays_as_it_is(story in story()) {
        let engine = engine();
        for &lens in Lens::ALL {
            let once = engine.finish(&story, lens);
            let twice = engine.finish(&once.text, lens);
            prop_assert_eq!(&once.text, &twice.text);
        }
    }

    #[test]
    fn the_order_of_the_lists_makes_no_difference(story in story(), turn in 0_usize..20) {
        let mut form = form();
        let (persons, values) = (form.persons.len(), form.values.len());
        form.persons.rotate_left(turn % persons);
        form.values.rotate_left(turn % values);
        form.persons.reverse();
        let other = Engine::compile(&form, &policy());
        for &lens in Lens::ALL {
            prop_assert_eq!(engine().view(&story, lens), other.view(&story, lens));
        }
    }

    #[test]
    fn any_text_at_all_is_taken(text in "\\PC{0,200}|[\\u{0}-\\u{10FFFF}]{0,100}") {
        for &lens in Lens::ALL {
            engine().finish(&text, lens);
        }
    }
}

#[test]
fn a_cut_through_a_value_takes_all_of_it() {
    let text = "She likes swimming and lives at SE99 4ZZ now. She is well.";
    for inside in [34, 36, 37, 38] {
        let mark = |range, mark| Section { range, mark };
        for marks in [[Sharing::Share, Sharing::Withhold], [Sharing::Withhold, Sharing::Share]] {
            let sections = [mark(0..inside, marks[0]), mark(inside..text.len(), marks[1])];
            let read = Engine::compile(&form(), &policy()).narrative(Narrative { text, sections: &sections });
            let carer = &read.views[2].1.text;
            assert!(["SE", "99", "4Z", "ZZ"].iter().all(|half| !carer.contains(half)), "{inside}: {carer}");
        }
    }
}

#[test]
fn a_building_behind_a_listed_name_is_a_place_in_the_first_look_as_in_the_second() {
    let engine = engine();
    for text in ["Marcus Dminusrn House is there.", "ES Dminusrn House\n\nE saw it.", "Ellie Fairbrook House"] {
        for &lens in Lens::ALL {
            let once = engine.finish(text, lens);
            assert!(engine.finish(&once.text, lens) == once, "{lens}: {}", once.text);
        }
        assert!(!engine.finish(text, Lens::Carer).text.contains("House"), "{text}");
    }
}
