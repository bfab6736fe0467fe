//! Listed values and names as somebody dictates, glues, cuts or inflects them.

use super::fixture::{engine, form, policy};
use crate::domain::redaction::{EffectiveRole, Engine, Entity, Lens, ListedValue};

fn item(text: &str) -> String {
    engine().finish(text, Lens::Item).text
}

#[test]
fn an_address_is_known_in_any_mixture_of_signs_and_words() {
    for written in [
        "ellie dot q_11 at example dot org",
        "ellie(dot)q_11(at)example(dot)org",
        "ellie.q underscore 11 @ example dot org",
        "ellie dot q underscore eleven at example.org",
        "ellie [dot] q_one one [at] example [dot] org",
    ] {
        assert_eq!(item(&format!("It was {written} then.")), "It was [EMAIL] then.", "{written}");
    }
}

#[test]
fn a_handle_is_known_in_any_mixture_of_signs_and_words() {
    let mut form = form();
    form.values.push(ListedValue {
        entity: Entity::Handle,
        text: "@wee_tansy.qq".into(),
        role: EffectiveRole::SubjectSource,
    });
    let engine = Engine::compile(&form, &policy());
    for written in ["wee_tansy dot qq", "wee underscore tansy.qq", "(at)wee_tansy(dot)qq", "wee tansy dot qq"] {
        let seen = engine.finish(&format!("Add {written} there."), Lens::Item).text;
        assert!(!seen.contains("tansy") && !seen.contains("qq"), "{written}: {seen}");
    }
}

#[test]
fn half_of_an_address_that_nobody_listed_is_not_left() {
    for written in ["osric dot bell eleven at example dot com", "osric(dot)bell_7(at)example(dot)com"] {
        let seen = engine().finish(&format!("Mail {written} now."), Lens::Mash).text;
        assert_eq!(seen, "Mail [EMAIL] now.", "{written}");
    }
}

#[test]
fn names_glued_together_are_names() {
    for written in ["EllieQuillfeather", "elliequill", "#StandByEllie", "#EllieForever", "#JusticeForQuillfeather"] {
        let seen = item(&format!("She is {written} there."));
        assert!(!seen.to_lowercase().contains("ellie") && !seen.to_lowercase().contains("quill"), "{written}: {seen}");
    }
    assert_eq!(item("They saw MacEllie's shop."), "They saw MacEllie's shop.");
}

#[test]
fn a_surname_is_known_with_an_ending() {
    for written in ["Quillfeatherowi", "Quillfeatherówna", "Quillfeatherovej"] {
        let seen = item(&format!("We gave it to {written} there."));
        assert!(!seen.contains("Quill"), "{written}: {seen}");
    }
}

#[test]
fn what_somebody_remembers_of_a_mark_is_known() {
    for (written, seen) in [
        ("It began QQ19 I think.", "It began [VEHICLE REGISTRATION] I think."),
        ("It ends KLM.", "It ends [VEHICLE REGISTRATION]."),
    ] {
        assert_eq!(item(written), seen);
    }
}

#[test]
fn a_reference_is_known_by_its_number_in_words() {
    assert_eq!(item("It is six nine double three five oh four then."), "It is [CASE REFERENCE] then.");
}

#[test]
fn a_home_is_known_misspelt_where_its_name_is_a_word_too() {
    let mut form = form();
    form.values.push(ListedValue {
        entity: Entity::Placement,
        text: "Cinnamon Lodge".into(),
        role: EffectiveRole::SubjectSource,
    });
    let engine = Engine::compile(&form, &policy());
    let seen = engine.finish("Staff at Cinamon Lodge knew.", Lens::Item).text;
    assert!(!seen.contains("Cinamon"), "{seen}");
    let text = "He likes cinamon and buns.";
    assert_eq!(engine.finish(text, Lens::Item).text, text);
}

#[test]
fn a_home_is_known_by_a_part_of_its_name_as_a_place() {
    let seen = |name: &str, text: &str| {
        let mut form = form();
        form.values.push(ListedValue {
            entity: Entity::Placement,
            text: name.into(),
            role: EffectiveRole::SubjectSource,
        });
        Engine::compile(&form, &policy()).finish(text, Lens::Item).text
    };
    assert_eq!(seen("Cinnamon Lodge", "He waits at the Lodge most days."), "He waits at the [PLACEMENT] most days.");
    assert_eq!(seen("Hazel Tree House", "He waits by the Hazel most days."), "He waits by the [PLACEMENT] most days.");
    for text in ["He waits in the house.", "He lodged it at Lodge Hill.", "She is at the House of Fraser."] {
        assert_eq!(seen("Cinnamon Lodge", text), text);
        assert_eq!(seen("Hazel Tree House", text), text);
    }
}

#[test]
fn cards_go_and_dates_are_no_telephone() {
    let seen = |text: &str| engine().finish(text, Lens::Mash).text;
    assert_eq!(seen("Paid with 4929 1600 0000 0010 there."), "Paid with [BANK ACCOUNT] there.");
    assert_eq!(seen("Paid with 4929-1600-0000-0012 there."), "Paid with 4929-1600-0000-0012 there.");
    for text in
        ["On 09.05.2011, 2011-05-09 and later.", "On 04.05.11, 04.06.2012 he came.", "On 03-05-2026 04-05-2026."]
    {
        assert_eq!(seen(text), text);
    }
}

#[test]
fn a_month_and_the_form_are_nobody() {
    for text in [
        "She is placed there since August.",
        "He moved in April 2026.",
        "See her Philomena form.",
        "On 3 June they met.",
    ] {
        let mut engine = engine();
        engine.read(&[text], None);
        assert_eq!(engine.finish(text, Lens::Carer).text, text);
    }
}
