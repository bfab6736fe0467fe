//! What points at somebody without being their name alone: a place or a stranger called after them, a building of their address,
//! another surname; and what only looks as if it did.

use super::fixture::{engine, form, policy};
use crate::domain::{
    code::Sex,
    redaction::{EffectiveRole, Engine, Entity, Form, Lens, ListedPerson, ListedValue, Narrative},
    unit::Audience,
};

fn engine_of(form: &Form) -> Engine {
    Engine::compile(form, &policy())
}

fn with(change: impl FnOnce(&mut Form)) -> Engine {
    let mut form = form();
    change(&mut form);
    engine_of(&form)
}

fn person(name: &str, role: EffectiveRole) -> ListedPerson {
    ListedPerson { id: name.into(), names: vec![name.into()], role, date_of_birth: None, relationship: None }
}

fn value(entity: Entity, text: &str, role: EffectiveRole) -> ListedValue {
    ListedValue { entity, text: text.into(), role }
}

#[test]
fn a_place_or_a_stranger_called_after_the_child_goes_like_the_child() {
    let engine = with(|form| {
        for name in ["Ellie's place", "Quillfeather family home", "the alley behind Tallowmere Lane", "Ferris Bowl"] {
            form.values.push(value(Entity::Place, name, EffectiveRole::Place));
        }
        form.persons.push(person("Ella-Mae's cousin Drew", EffectiveRole::Suspect));
        form.persons.push(person("Ellie Ferris", EffectiveRole::Suspect));
    });
    for (text, words) in [
        ("He waits at Ellie's place.", "Ellie"),
        ("They sleep at the Quillfeather family home.", "Quillfeather"),
        ("It was the alley behind Tallowmere Lane.", "Tallowmere"),
        ("Ella-Mae's cousin Drew sells.", "Ella"),
    ] {
        let seen = engine.finish(text, Lens::Item).text;
        assert!(!seen.contains(words), "{seen}");
    }
    for text in ["They met at Ferris Bowl.", "Ellie Ferris sells."] {
        assert_eq!(engine.finish(text, Lens::Item).text, text);
    }
}

#[test]
fn every_building_of_a_listed_address_goes_and_its_town_stays() {
    for (address, text, seen) in [
        ("Flat 7 Samphire Court, Oxlow Street", "He sells in Samphire Court.", "He sells in [ADDRESS]."),
        ("Flat 7 Samphire Court, Oxlow Street", "It is on Oxlow, by the church.", "It is on [ADDRESS], by the church."),
        (
            "Flat 2, Samphire Heights, 9 Fuller's Hill, Deptford",
            "They met in Samphire Heights.",
            "They met in [ADDRESS].",
        ),
        ("Room 4, Samphire Lodge Hostel, 9 Oxlow Road", "Outside Samphire Lodge Hostel.", "Outside [ADDRESS]."),
        ("9 Oxlow Road, Deptford", "He was in Deptford.", "He was in Deptford."),
        ("9 Oxlow Road, Deptford", "He ran to Oxlow Farm.", "He ran to Oxlow Farm."),
        ("9 Church Road, Deptford", "She went to Church on Sunday.", "She went to Church on Sunday."),
    ] {
        let engine = with(|form| form.values.push(value(Entity::Address, address, EffectiveRole::SubjectSource)));
        assert_eq!(engine.finish(text, Lens::Item).text, seen, "{address}");
    }
}

#[test]
fn a_home_goes_by_its_number_in_words_and_by_its_kind() {
    let flat = "Flat 12, Samphire Heights, Deptford";
    let house = "118 Oxlow Road, Deptford";
    for (address, text, seen) in [
        (flat, "She stays in flat twelve in the Heights.", "She stays in [ADDRESS] in the [ADDRESS]."),
        (flat, "It is apartment number 12.", "It is [ADDRESS]."),
        (flat, "It is flat twenty, and twelve came.", "It is flat twenty, and twelve came."),
        (flat, "From the heights of Kent one sees it.", "From the heights of Kent one sees it."),
        (house, "They went to number one one eight.", "They went to [ADDRESS]."),
        (house, "They wait outside number 118.", "They wait outside [ADDRESS]."),
        (
            house,
            "They took the number 118 bus, and at number 11 went in.",
            "They took the number 118 bus, and at number 11 went in.",
        ),
        (house, "He waits at one hundred and eighteen Oxlow Road.", "He waits at [ADDRESS]."),
        (house, "He waits at a hundred and eighteen, Oxlow Road.", "He waits at [ADDRESS]."),
    ] {
        let engine = with(|form| form.values.push(value(Entity::Address, address, EffectiveRole::SubjectSource)));
        assert_eq!(engine.finish(text, Lens::Item).text, seen, "{address}");
    }
}

#[test]
fn another_surname_goes_with_the_first_name_and_what_was_given_stays() {
    for (text, seen) in [
        ("Ellie Brown went.", "[CHILD] went."),
        ("Ella-Mae O'Dowd was there.", "[CHILD] was there."),
        ("We saw Ellie Quillfeatherowi then.", "We saw [CHILD] then."),
        ("He gave Ellie Xanax.", "He gave [CHILD] Xanax."),
        ("Ellie on Tuesday said so.", "[CHILD] on Tuesday said so."),
        ("Marcus Brown went.", "Marcus Brown went."),
    ] {
        assert_eq!(engine().finish(text, Lens::Item).text, seen);
    }
}

/// The police view of a record with this one text.
fn read(form: &Form, text: &str) -> String {
    let read = engine_of(form).narrative(Narrative { text, sections: &[] });
    read.views.into_iter().find(|(audience, _)| *audience == Audience::Mpu).unwrap().1.text
}

#[test]
fn another_spelling_of_who_told_hides_nothing() {
    let mut form = form();
    form.persons.push(person("Mohammed Karimov", EffectiveRole::Source));
    for text in ["Muhammad Karimov said so.", "Mohd Karimov said so.", "M. Karimov said so."] {
        let seen = read(&form, text);
        assert!(!seen.contains("Karimov") && seen.ends_with("] said so."), "{seen}");
    }
}

#[test]
fn where_he_lives_is_not_where_the_girl_lives() {
    let unknown = form();
    let girl = Form { child_sex: Some(Sex::Female), ..form() };
    for text in [
        "Marcus is coming tonight. He lives on Copley Street.",
        "Marcus hit her. She ran. He lives two doors down on Copley Street.",
        "His house is 14 Copley Street.",
        "The man lives by the garage on Copley Street.",
    ] {
        assert_eq!(read(&girl, text), text);
    }
    let named = "Marcus is coming tonight. He lives on Copley Street.";
    assert_eq!(read(&unknown, named), named);
    for text in ["Marcus met her. She lives on Copley Street.", "Her dad drinks. He lives at 14 Copley Street."] {
        for form in [&girl, &unknown] {
            assert!(!read(form, text).contains("Copley"), "{text}");
        }
    }
}
