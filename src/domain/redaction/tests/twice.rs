//! A view that is redacted again stays as it is: what stands behind something listed, a place of its own, goes with the first look or stays.

use super::fixture::{form, policy};
use crate::domain::redaction::{EffectiveRole, Engine, Entity, Lens, ListedPerson, ListedValue};

/// The family of the fixture, with one more person and one more place.
fn engine() -> Engine {
    let mut form = form();
    form.persons.push(ListedPerson {
        id: "k".into(),
        names: vec!["Kane Kazlauskas".into()],
        role: EffectiveRole::Witness,
        date_of_birth: None,
        relationship: None,
    });
    let place = ListedValue { entity: Entity::Place, text: "Brindlecombe School".into(), role: EffectiveRole::Place };
    form.values.push(place);
    Engine::compile(&form, &policy())
}

/// `text` as it is read through `lens`, which is the same when it is read again.
fn twice(engine: &Engine, text: &str, lens: Lens) -> String {
    let once = engine.finish(text, lens);
    let again = engine.finish(&once.text, lens);
    assert_eq!(once.text, again.text, "{lens} of {text:?}");
    once.text
}

#[test]
fn a_name_and_a_building_behind_anything_listed_are_taken_at_once_or_not_at_all() {
    let engine = engine();
    let listed = [
        "Ellie",
        "Quillfeather",
        "Marcus",
        "Drayford",
        "Kane",
        "Kazlauskas",
        "Grażyna",
        "Plimsoll",
        "Thornbury",
        "Thornbury House",
        "Larkfield",
        "Harbinger Parade",
        "Brindlecombe",
    ];
    let names = ["Dminusrn ", "Harbour ", "Tiny ", "Kane ", "Ellie Harbour ", ""];
    let kinds = ["House", "HOUSE", "house", "Gym", "Unit", "Academy", "Road", "Children's Home", "Hall with Theo"];
    for lead in ["in ", "He left it at home.\nthe ", "They ran and leftwith "] {
        for text in listed.iter().flat_map(|listed| names.map(|name| format!("{lead}{listed} {name}"))) {
            for text in kinds.iter().flat_map(|kind| [format!("{text}{kind} last night."), format!("{text}{kind}")]) {
                for &lens in Lens::ALL {
                    twice(&engine, &text, lens);
                }
            }
        }
    }
}

#[test]
fn what_goes_on_behind_the_name_of_a_home_is_one() {
    let engine = engine();
    for (text, seen) in [
        ("She lives at Thornbury Harbour Unit now.", "She lives at [PLACEMENT] [PLACEMENT] now."),
        ("in Thornbury Harbour House", "in [PLACEMENT] [PLACEMENT]"),
        ("He went to Thornbury Dminusrn Gym.", "He went to [PLACEMENT] [PLACEMENT]."),
    ] {
        assert_eq!(twice(&engine, text, Lens::Item), seen);
    }
}

#[test]
fn a_school_an_address_and_a_home_behind_a_listed_place_go() {
    let engine = engine();
    for (text, seen) in [
        ("He went to Brindlecombe Harbour Academy.", "He went to Brindlecombe [SCHOOL]."),
        ("He went to Thornbury Harbour Academy.", "He went to [PLACEMENT] [SCHOOL]."),
        ("He went to Brindlecombe Dminusrn Children's Home.", "He went to Brindlecombe [PLACEMENT]."),
    ] {
        assert_eq!(twice(&engine, text, Lens::Item), seen);
    }
    assert_eq!(twice(&engine, "He went to Brindlecombe Harbour Road.", Lens::Carer), "He went to [PLACE] [ADDRESS].");
}

#[test]
fn a_word_that_is_none_hides_no_place_behind_a_listed_name() {
    let engine = engine();
    for (text, seen) in [
        ("They ran and leftwith Kazlauskas Dminusrn Lodge.", "They ran and leftwith [PERSON 1] [PLACE]."),
        ("They ran and leftwith Kane Tiny Lodge.", "They ran and leftwith [PERSON 1] [PLACE]."),
    ] {
        assert_eq!(twice(&engine, text, Lens::Carer), seen);
    }
}

#[test]
fn neighbours_stay() {
    let engine = engine();
    for text in [
        "Then Iron Yard Gym was shut. Near Thornbury House they met.",
        "They went from Thornbury House to Iron Yard Gym.",
        "They went from Thornbury House, then Harbour Lodge.",
        "Thornbury House has a gym and a hall.",
        "Harbinger Parade School Lane",
        "They went with Drayford to Iron Yard Gym.",
    ] {
        let seen = twice(&engine, text, Lens::Item).replace("[PLACEMENT]", "Thornbury House");
        assert_eq!(seen, text);
    }
    let shouted = "It was late.\nKANE IS FRIGHTENED OF MARCUS.\nShe went home and said no more about it.";
    let seen = twice(&engine, shouted, Lens::Carer);
    assert!(seen.contains(" IS FRIGHTENED OF "), "{seen}");
}
