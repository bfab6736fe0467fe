//! Short names, names in pieces, and names that the text writes once as a word and once as a name.

use super::fixture::{form, policy};
use crate::domain::{
    redaction::{EffectiveRole, Engine, Form, ListedPerson, Narrative},
    unit::Audience,
};

/// `text` as the police and the front door read it, of a record that lists `name` as a third-party source.
fn seen(name: &str, text: &str) -> [String; 2] {
    let told = ListedPerson {
        id: "t".into(),
        names: vec![name.into()],
        role: EffectiveRole::Source,
        date_of_birth: None,
        relationship: None,
    };
    let form = Form { persons: vec![told], values: Vec::new(), ..form() };
    let rendered = Engine::compile(&form, &policy()).narrative(Narrative { text, sections: &[] });
    let view = |audience| rendered.views.iter().find(|(of, _)| *of == audience).map(|(_, view)| view.text.clone());
    [view(Audience::Mpu).unwrap(), view(Audience::Mash).unwrap()]
}

#[test]
fn a_name_of_two_letters_that_is_once_written_small_is_gone_everywhere() {
    for name in ["Jo Tranter", "Li Wei", "Mo Farid", "Bo Lindt", "Ng Thanh"] {
        let first = name.split(' ').next().unwrap();
        let small = first.to_lowercase();
        for again in
            ["She said that X was there.", "We hear that X ran.", "He was with that X again.", "It had X in it."]
        {
            let again = again.replace('X', &small);
            for view in seen(name, &format!("She saw {first} at the flat. The driver shouted at {first}. {again}")) {
                let left = view.split(|c: char| !c.is_alphabetic()).any(|word| word == first || word == small);
                assert!(!left, "{name}: {view}");
            }
        }
    }
}

#[test]
fn who_was_found_under_a_glued_name_takes_it_from_nobody_who_is_listed() {
    let text = "His phone shows zainabqureshi. It is ZainabQureshi, or #ZainabQureshi, and zqureshi, zainabhall2012.";
    for view in seen("Zainab Qureshi-Hall", text) {
        assert!(!view.to_lowercase().contains("qureshi") && !view.contains("hall"), "{view}");
    }
}

#[test]
fn a_name_in_two_pieces_is_one() {
    for (name, written) in [
        ("Deandre Okoro", "De'Andre"),
        ("Deandre Okoro", "De\u{2019}Andre"),
        ("Daquan Bell", "Da'Quan"),
        ("Amarah Nwosu", "Ama'rah"),
        ("Amarah Nwosu", "A'marah"),
        ("Kit Ambrose", "Ki t"),
        ("Kit Ambrose", "Ki\nt"),
        ("Kit Ambrose", "K it"),
        ("Sam Roe", "S am"),
        ("Sam Roe", "Sa\u{a0}m"),
        ("Sam Roe", "Sa-\nm"),
        ("Amy Roe", "Am\u{3000}y"),
        ("Amy Roe", "A my Roe"),
        ("Anna Roe", "An na"),
        ("Lucy Roe", "Lu\u{2028}cy"),
    ] {
        for view in seen(name, &format!("We saw {written} there. The van left.")) {
            assert!(view.starts_with("We saw [") && view.ends_with("] there. The van left."), "{written:?}: {view}");
        }
    }
}

#[test]
fn two_words_beside_each_other_are_no_name() {
    for (name, text) in [
        ("Isa Bright", "This is a van. There is a man."),
        ("Asa Bright", "He came as a friend. As a rule he drives."),
        ("Amy Bright", "He took a my size coat."),
        ("Shell Bright", "I think she'll come. She'll see."),
        ("Wed Bright", "We'd go. They said we'd go."),
        ("Ian Bright", "I an hour later saw it."),
        ("Ill Bright", "I'll ask her."),
        ("Ona Bright", "He lives on a farm. On a Sunday he drives."),
        ("Tom Bright", "He went to Manchester, to Moss Side."),
    ] {
        for view in seen(name, text) {
            assert_eq!(view, text);
        }
    }
    assert_eq!(seen("Son Bright", "jo s on the bus and he s on it"), ["jo s on the bus and he s on it"; 2]);
}

#[test]
fn a_first_name_that_means_somebody_goes_and_the_word_stays() {
    for view in seen("Guy Tranter", "Guy said that the guy ran. We met Guy there.") {
        assert!(!view.contains("Guy") && view.contains("the guy ran"), "{view}");
    }
}

#[test]
fn a_small_word_before_and_is_a_name_where_somebody_follows() {
    for view in seen("Will Tranter", "Will and Ossie ran. Will and I met. Will, cold, left. Will this do?") {
        assert_eq!(view.matches("Will").count(), 1, "{view}");
    }
    for view in seen("May Tranter", "May and June are dry. May we go?") {
        assert!(view.starts_with("May and June") && view.contains("May we"), "{view}");
    }
}

#[test]
fn somebody_who_is_listed_under_a_letter_goes() {
    for view in seen("J", "J said that J's phone was off. He went to Block J.") {
        assert!(view.contains("Block J") && view.matches('J').count() == 1, "{view}");
    }
}

#[test]
fn a_name_inside_a_hashtag_goes_with_it() {
    for view in seen("Zainab Qureshi", "It had #bringhomezainab, #QureshiIsBack and #lazy on it.") {
        let left = view.to_lowercase();
        assert!(!left.contains("zainab") && !left.contains("qureshi") && left.contains("#lazy"), "{view}");
    }
}

#[test]
fn a_name_that_runs_into_the_next_word_goes() {
    for view in seen("Zainab Qureshi", "Zainabwas there. Qureshiand Tom left. Zainabella was not.") {
        assert!(!view.contains("Zainabwas") && !view.contains("Qureshi") && view.contains("Zainabella"), "{view}");
    }
}

#[test]
fn an_address_that_nobody_listed_is_found_written_small_or_with_its_number_in_words() {
    for (text, gone) in [
        ("Zainab lives at 25b marl gardens with mum.", "marl"),
        ("Zainab lives at one hundred and twenty-seven Marl Gardens now.", "seven"),
    ] {
        for view in seen("Zainab Qureshi", text) {
            assert!(!view.contains(gone), "{view}");
        }
    }
    for view in seen("Zainab Qureshi", "Zainab got off at 25 minutes past, by the road.") {
        assert!(view.contains("25 minutes past, by the road"), "{view}");
    }
}

#[test]
fn a_name_with_figures_for_letters_goes() {
    for view in seen("Bilal Tranter", "B1l4l ran. Tr4nt3r too. He is 14, in 4B, and took B12.") {
        assert!(
            !view.contains("B1l4l") && !view.contains("Tr4") && view.ends_with("14, in 4B, and took B12."),
            "{view}"
        );
    }
}

#[test]
fn a_word_that_is_a_name_goes_when_it_is_disguised() {
    for written in ["ᴡɪʟʟ", "wіll", "w\u{200b}ill", "ｗｉｌｌ"] {
        for view in seen("Will Tranter", &format!("It came from {written}. He will be there.")) {
            assert!(!view.contains(written) && view.contains("He will be there"), "{view}");
        }
    }
}

#[test]
fn whoever_told_and_is_not_listed_keeps_no_surname_that_is_a_word() {
    for view in seen(
        "Zainab Qureshi",
        "Dawn Swift (dinner lady) told me in confidence that he ran. Dawn's number is off, after a swift walk.",
    ) {
        assert!(!view.contains("Swift") && view.contains("swift walk"), "{view}");
    }
}
