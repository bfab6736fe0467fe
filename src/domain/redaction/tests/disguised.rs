//! Listed names and values behind words that hide them, misspelt where they begin, under signs and in other languages; what a
//! carer must not read; and what stays.

use jiff::civil::date;

use super::fixture::{form, policy};
use crate::domain::{
    redaction::{EffectiveRole, Engine, Entity, Form, ListedPerson, ListedValue, Narrative},
    unit::Audience,
};

/// `text` as `audience` reads it, of a record that lists `name` as a third-party source born on 4 November 2010, with `values`.
fn view(audience: Audience, name: &str, values: &[(Entity, &str)], text: &str) -> String {
    let told = ListedPerson {
        id: "t".into(),
        names: vec![name.into()],
        role: EffectiveRole::Source,
        date_of_birth: Some(date(2010, 11, 4)),
        relationship: None,
    };
    let value =
        |&(entity, text): &(Entity, &str)| ListedValue { entity, text: text.into(), role: EffectiveRole::Source };
    let form = Form { persons: vec![told], values: values.iter().map(value).collect(), ..form() };
    let rendered = Engine::compile(&form, &policy()).narrative(Narrative { text, sections: &[] });
    rendered.views.into_iter().find(|(of, _)| *of == audience).map(|(_, view)| view.text).unwrap()
}

fn seen(name: &str, text: &str) -> String {
    view(Audience::Mpu, name, &[], text)
}

#[test]
fn a_listed_surname_behind_any_word_is_gone() {
    for word in ["Young", "Obvs", "Capt", "Apa", "Lil", "Dodgy", "Deffo", "Pte", "Honestly"] {
        for text in [format!("We saw {word} Okonjo there."), format!("{word} Okonjo was there. We saw {word} Okonjo.")]
        {
            let view = seen("Bettina Okonjo", &text);
            assert!(!view.contains("Okonjo"), "{view}");
            let small = format!("{} and then we went home to see her again", text.to_lowercase());
            assert!(!seen("Bettina Okonjo", &small).contains("okonjo"), "{small}");
        }
    }
}

#[test]
fn somebody_who_is_said_to_be_a_relative_of_a_source_keeps_their_name() {
    for text in ["Her cousin Delroy Okonjo sold it.", "At home: Delroy Okonjo (brother)."] {
        assert_eq!(seen("Bettina Okonjo", text), text);
    }
}

#[test]
fn a_name_that_names_nobody_in_other_names_is_gone_where_it_ends_or_begins_one() {
    for (name, word) in [
        ("Nana Asantewaa", "Nana"),
        ("Thi Minh Le", "Le"),
        ("Minh Van", "Van"),
        ("Petra Lord", "Lord"),
        ("Simon Child", "Child"),
        ("Oona Guy", "Guy"),
        ("Rex Friend", "Friend"),
    ] {
        let view = seen(name, &format!("We saw {word} at the flat. The driver shouted at {word}."));
        assert!(!view.contains(word), "{name}: {view}");
    }
    for name in ["Kane Unknown", "Jo Male"] {
        assert_eq!(seen(name, "An Unknown Male ran."), "An Unknown Male ran.");
    }
}

#[test]
fn a_particle_of_a_listed_name_takes_no_sentence() {
    for (name, text) in [
        ("Aoife N\u{ed} Dhomhnaill", "He saw da boys. Ni one came. We went home."),
        ("Rui da Costa", "I was in da house. He left."),
        ("Ana de Souza", "The cafe is called Vin de Pays. We went in."),
        ("Al Ash", "He said et al and others. We left."),
    ] {
        assert_eq!(seen(name, text), text);
    }
}

#[test]
fn a_name_that_begins_with_a_slip_is_the_name() {
    for (name, written) in [
        ("Jordan Pellew", "Kordan"),
        ("Samantha Pellew", "Amantha"),
        ("Jordan Pellew", "Oellew"),
        ("Shilan Pellew", "Sgilan"),
        ("Charlotte Pellew", "Cjarlotte"),
        ("Phoebe Pellew", "Pgoebe"),
        ("Callum Mac Innes", "Inens"),
        ("Ciara N\u{ed} Bhriain", "Bhriian"),
    ] {
        let view = seen(name, &format!("We were told that {written} was there with a bag."));
        assert!(!view.contains(written), "{name}: {view}");
    }
    let other = "We were told that Morgan was there with a bag.";
    assert_eq!(seen("Jordan Pellew", other), other);
}

#[test]
fn a_name_that_is_a_word_is_one_where_somebody_speaks_or_is_spoken_to() {
    for (name, text, gone) in [
        ("Will Odum", "Will: I saw it all\nTom: no", "Will:"),
        ("May Odum", "10:32 May: I saw it all\n10:33 Tom: no", "May:"),
        ("Will Odum", "She told will that he ran.", "will"),
        ("Rose Odum", "The woman called rose is there.", "rose"),
    ] {
        let view = seen(name, text);
        assert!(!view.contains(gone), "{view}");
    }
    for text in ["He said he will go. I asked if they will.", "It may be. I was told may be they ran."] {
        assert_eq!(seen(if text.contains("will") { "Will Odum" } else { "May Odum" }, text), text);
    }
}

#[test]
fn initials_are_known_with_strokes_and_written_small() {
    for written in ["J/M", "j/m", "j.m.", "J.M", "J-M", "JM"] {
        let view = seen("Jocasta Merriweather", &format!("It was {written} who told the worker."));
        assert!(view.starts_with("It was ["), "{view}");
    }
    for (name, text) in [
        ("Eve Gold", "He has bags, e.g. a rucksack."),
        ("Nina Ash", "The form says n/a there."),
        ("Jo Mint", "A stroke J/M/K is on the box."),
    ] {
        assert_eq!(seen(name, text), text);
    }
}

#[test]
fn markup_inside_a_name_hides_nothing() {
    for written in [
        "Jo<b>cas</b>ta",
        "<i>J</i>ocasta",
        "Jo<span class=\"x\">casta</span>",
        "Jo**casta**",
        "Jo_casta",
        "J*o*c*a*s*t*a",
        "Joc~~asta~~",
        "Jocasta_Merriweather",
    ] {
        let view = seen("Jocasta Merriweather", &format!("We saw {written} there."));
        assert!(!view.contains("asta") && !view.contains("ocas"), "{view}");
    }
}

#[test]
fn a_date_of_birth_is_known_by_other_signs_and_months() {
    for written in
        ["2010-11-4", "4|11|2010", "4.XI.2010", "4 listopada 2010", "4 de noviembre de 2010", "4:11:2010", "4~11~2010"]
    {
        let view = seen("Jocasta Merriweather", &format!("Her birthday, {written}, was on the card."));
        assert!(!view.contains(written), "{view}");
    }
}

#[test]
fn a_street_or_a_home_of_a_saint_is_known_in_each_writing() {
    for (entity, listed, written, gone) in [
        (Entity::Address, "14 Saint Mary's Road", "St Mary's Road", "Mary"),
        (Entity::Address, "14 St Mary's Road", "Saint Marys Rd", "Mary"),
        (Entity::Address, "14 St. Saviour's Court", "14 Saviours Court", "Saviour"),
        (Entity::Address, "14 Pilgrim Lane", "14 Pilgrim La", "Pilgrim"),
        (Entity::Placement, "St Brannoc's Lodge", "Saint Brannocs", "Brannoc"),
    ] {
        let values = [(entity, listed)];
        let view = view(Audience::Mpu, "Jocasta Pell", &values, &format!("She was dropped at {written} last night."));
        assert!(!view.contains(gone), "{listed}: {view}");
    }
}

#[test]
fn the_last_digits_of_a_listed_number_are_known_where_it_is_said_that_they_are() {
    let values = [(Entity::Phone, "07700 909143")];
    for (written, gone) in [
        ("a number ending 9143", "9143"),
        ("the last four digits, 9 1 4 3", "9 1 4 3"),
        ("a phone that ends in nine one four three", "four"),
        ("****9143", "9143"),
    ] {
        let view = view(Audience::Mpu, "Jocasta Pell", &values, &format!("He saw {written}."));
        assert!(!view.contains(gone), "{view}");
    }
    let text = "He saw 143 of them, and room 9143.";
    assert_eq!(view(Audience::Mpu, "Jocasta Pell", &values, text), text);
}

#[test]
fn an_account_that_nobody_listed_is_found_by_its_shape_or_its_word() {
    for (written, gone) in
        [("IBAN GB29 NWBK 6016 1331 9268 19", "9268"), ("acct 70219843", "70219843"), ("Acc: 70219843", "70219843")]
    {
        let view = view(Audience::Mash, "Jocasta Pell", &[], &format!("She pays it into {written} each week."));
        assert!(!view.contains(gone), "{view}");
    }
}

#[test]
fn a_carer_reads_nothing_that_is_said_of_a_carer_or_a_home_and_is_not_plainly_harmless() {
    for said in [
        "He comes into my room at night and sits there.",
        "She said that somebody at home pinched her arm.",
        "Staff put soap in her mouth for swearing.",
        "She whispered that the son of the household gets into bed with her.",
        "He says he is never allowed to ring out.",
        "The foster father asks her to sit on his knee.",
        "She was told to keep it in the family.",
    ] {
        let text = format!("She would like to try a cookery class. {said} The worker will visit again on Friday.");
        let view = view(Audience::Carer, "Jocasta Pell", &[], &text);
        assert!(!view.contains(said) && view.contains("cookery") && view.contains("Friday"), "{view}");
    }
    for plan in ["She will see the nurse on Tuesday at ten.", "She said that she would like to go swimming."] {
        assert!(view(Audience::Carer, "Jocasta Pell", &[], plan).contains(plan), "{plan}");
    }
}
