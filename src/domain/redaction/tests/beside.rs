//! Listed names with a word beside them that is no part of them: what they are is decided by the name.

use super::fixture::{form, policy};
use crate::domain::{
    redaction::{EffectiveRole, Engine, Entity, ListedValue, Narrative},
    unit::Audience,
};

fn mpu(text: &str) -> String {
    let seen = Engine::compile(&form(), &policy()).narrative(Narrative { text, sections: &[] });
    seen.views.into_iter().find(|(of, _)| *of == Audience::Mpu).unwrap().1.text
}

#[test]
fn a_first_name_goes_whatever_word_stands_before_it() {
    for word in [
        "Lil",
        "Apparantly",
        "Yday",
        "CYP",
        "Habibti",
        "Zia",
        "Pequena",
        "Interviewee",
        "Bubs",
        "Worryingly",
        "Oi",
        "Nr",
        "Şeker",
    ] {
        for text in [
            format!("{word} Ellie went to the flat with Marcus."),
            format!("He said {word} Ellie went to the flat."),
            format!("We met. {word} Ella-Mae was there, and {word} Ellie left."),
            format!("\"{word} Ellie\" said Marcus. {word} Grażyna saw it."),
            format!("{word} Ellie went to the flat with Marcus.").to_uppercase(),
            format!("{word} Ellie went to the flat with Marcus.").to_lowercase(),
        ] {
            let seen = mpu(&text).to_lowercase();
            for gone in ["ellie", "ella", "gra\u{17c}yna"] {
                assert!(!seen.contains(gone), "{text}: {seen}");
            }
        }
    }
}

#[test]
fn a_surname_goes_behind_a_form_of_address_of_any_language_and_behind_what_is_no_name() {
    for word in ["Hajia", "Pani", "Señora", "Frau", "Hooyo", "Madame", "Bibi", "Worryingly", "CYP", "NB"] {
        for surname in ["Quillfeather", "O'Thornbury"] {
            let seen = mpu(&format!("We met. {word} {surname} went to the flat."));
            assert!(!seen.contains("Quillfeather") && !seen.contains("Thornbury"), "{seen}");
        }
    }
}

#[test]
fn whoever_bears_the_surname_of_the_child_who_told_is_not_named_and_a_suspects_relative_is() {
    let seen = mpu("Her uncle Kofi Quillfeather drove. Then Kofi left with Dean Drayford.");
    assert!(!seen.contains("Kofi") && !seen.contains("Quillfeather") && seen.contains("Dean Drayford"), "{seen}");
}

#[test]
fn a_carer_does_not_read_what_is_said_of_those_at_home_behind_a_harmless_word() {
    let carer = |text: &str| {
        let seen = Engine::compile(&form(), &policy()).narrative(Narrative { text, sections: &[] });
        seen.views.into_iter().find(|(of, _)| *of == Audience::Carer).unwrap().1.text
    };
    for text in [
        "She enjoys cooking with Işıl, and her son watches her in the shower.",
        "Her glasses were broken when Işıl lost her temper at breakfast.",
        "Two of her teeth were chipped at breakfast.",
        "School saw the burn on her arm in class.",
        "She enjoys football, and he films the girls getting changed.",
    ] {
        assert_eq!(carer(text), "[WITHHELD]", "{text}");
    }
    assert_eq!(carer("She enjoys cooking with Işıl on Sundays."), "She enjoys cooking with [PERSON 1] on Sundays.");
}

#[test]
fn the_number_of_a_house_goes_with_its_street_wherever_it_stands() {
    for (text, seen) in [
        ("She sleeps at Twenty-seven Tallowmere Lane now.", "She sleeps at [ADDRESS] now."),
        ("She sleeps at Tallowmere Lane, no. 27, now.", "She sleeps at [ADDRESS], now."),
        ("She sleeps in Tallowmere Lane, number twenty-seven.", "She sleeps in [ADDRESS]."),
        ("She sleeps at 27, Tallowmere Lane, two nights a week.", "She sleeps at [ADDRESS], two nights a week."),
        ("In Tallowmere Lane 14 boys stood about.", "In [ADDRESS] 14 boys stood about."),
    ] {
        assert_eq!(mpu(text), seen);
    }
}

#[test]
fn what_is_said_to_be_a_parents_or_of_the_home_of_the_child_who_told_goes_and_a_suspects_stays() {
    for (text, seen) in [
        ("Mum's phone is 07700 900 444.", "Mum's phone is [PHONE]."),
        ("You can ring her nan on 07700 900 444.", "You can ring her nan on [PHONE]."),
        ("Her house is at 3 Pear Close.", "Her house is at [ADDRESS]."),
        ("3 Pear Close is her house.", "[ADDRESS] is her house."),
        ("what3words lamp dot river dot token is her house.", "what3words [ADDRESS] is her house."),
        ("Her flat is 51.4612, -0.0361.", "Her flat is [ADDRESS]."),
        ("Marcus's mum's phone is 07700 900 444.", "Marcus's mum's phone is 07700 900 444."),
        ("Mum says he uses 07700 900 444.", "Mum says he uses 07700 900 444."),
        ("Marcus parks at 51.4612, -0.0361.", "Marcus parks at 51.4612, -0.0361."),
    ] {
        assert_eq!(mpu(text), seen);
    }
}

#[test]
fn who_must_not_be_said_to_have_told_is_a_source_however_that_is_put() {
    for text in [
        "Delroy Hines works the door. He says she went in. Delroy fears reprisal.",
        "DELROY HINES, THE DOORMAN, FEARS REPRISAL IF MARCUS HEARS THAT HE SPOKE TO US.",
        "Delroy Hines says he saw it. Don't say it was him.",
        "A letter came, in handwriting recognised as that of Delroy Hines.",
    ] {
        let seen = mpu(text).to_lowercase();
        assert!(!seen.contains("delroy") && !seen.contains("hines"), "{text}: {seen}");
    }
}

#[test]
fn a_parent_whom_nobody_listed_is_not_named_when_the_child_told_and_a_suspects_or_a_step_parent_is() {
    for (text, seen) in [
        (
            "Her mum, Abena Mensah, works nights. Abena said no.",
            "Her mum, [PERSON 5], works nights. [PERSON 5] said no.",
        ),
        ("Mum (Abena) works nights.", "Mum ([PERSON 5]) works nights."),
        ("Abena, her mum, works nights.", "[PERSON 5], her mum, works nights."),
        ("Nan is called Efua.", "Nan is called [PERSON 5]."),
        ("Marcus's mum Linda deals too.", "Marcus's mum Linda deals too."),
        ("Marcus sells to his mum Linda.", "Marcus sells to his mum Linda."),
        ("Her stepdad Carl hit her.", "Her stepdad Carl hit her."),
        ("Her mum rang Linda.", "Her mum rang Linda."),
    ] {
        assert_eq!(mpu(text), seen);
    }
}

#[test]
fn a_text_may_end_with_the_point_of_an_initial() {
    for text in ["It was E.Q.", "We met E.M.Q.", "It was (E.Q.)"] {
        assert!(mpu(text).contains("[CHILD]"), "{text}: {}", mpu(text));
    }
}

#[test]
fn a_name_in_two_words_is_no_account_of_theirs() {
    let mut form = form();
    let account = ListedValue { entity: Entity::Handle, text: "marcus.drayford".into(), role: EffectiveRole::Suspect };
    form.values.push(account);
    for (text, left) in [
        (
            "Marcus Drayford left. Marcus\nDrayford is @marcus.drayford there.",
            "Marcus Drayford left. Marcus\nDrayford is [HANDLE] there.",
        ),
        ("His insta is marcus_drayford.", "His insta is [HANDLE]."),
    ] {
        let seen = Engine::compile(&form, &policy()).narrative(Narrative { text, sections: &[] });
        let mash = seen.views.into_iter().find(|(of, _)| *of == Audience::Mash).unwrap().1.text;
        assert_eq!(mash, left);
    }
}
