//! Harmful language, and facts apart from opinion.

use super::{advice, kinds_in, named, story, suspect};
use crate::domain::code::PersonRole;

/// What a practitioner's assessment is advised.
fn on_assessment(text: &str) -> Vec<&'static str> {
    let mut draft = story();
    draft.interview.evaluate.assessment = Some(text.into());
    kinds_in(&advice(draft), "interview.evaluate.assessment")
}

#[test]
fn words_that_blame_a_child_are_flagged_in_any_case_and_form() {
    for text in [
        "This is a lifestyle choice.",
        "She is making LIFESTYLE CHOICES.",
        "He is very promiscuous.",
        "Her promiscuity worries staff.",
        "She prostitutes herself.",
        "He is Putting Himself At Risk.",
        "They put themselves at risk again.",
        "She is street-wise.",
        "A drug runner for older boys.",
        "He is drug-running.",
        "She puts herself in harm's way.",
        "He gets himself into risky places.",
        "She has made poor choices.",
        "She associates with older men.",
        "She is a liar and cannot be believed.",
        "She got herself pregnant.",
        "She let him touch her.",
        "She allowed men to use her.",
        "He is in the gang by choice.",
        "She loves the attention of older boys.",
        "She has been acting out.",
    ] {
        assert_eq!(on_assessment(text), ["harmful_language"], "{text}");
    }
    for text in [
        "She is being criminally exploited.",
        "He runs well.",
        "The street was wise to avoid.",
        "Risk is at a high.",
        "He is a drug dealer who sells drugs in a gang.",
        "She was escorted home.",
        "She consented to the meeting.",
        "She is at risk of harm from men who groom her.",
        "She made good choices at school.",
        "Staff let him in to see her.",
        "He paid attention to the lesson.",
    ] {
        assert_eq!(on_assessment(text), Vec::<&str>::new(), "{text}");
    }
}

#[test]
fn an_alternative_is_offered() {
    let mut draft = story();
    draft.interview.evaluate.assessment = Some("She is promiscuous and streetwise.".into());
    let advice = advice(draft);
    let said: Vec<&str> =
        advice.iter().filter(|one| one.rule == 0 && one.place.is_some()).map(|one| one.say.as_str()).collect();
    assert_eq!(said.len(), 2);
    assert!(said[0].contains("sexually exploited") && said[0] != said[1], "{said:?}");
}

#[test]
fn a_childs_own_words_are_never_corrected() {
    for text in [
        "She said \"I was a prostitute\" and wept.",
        "She said “it's my lifestyle choice” again.",
        "She said 'I'm promiscuous', quietly.",
        "She said ‘they call me a drug runner’ today.",
        "She said «promiscuous».",
        "She wrote: “I am a prostitute",
        "Her words:\n> I am promiscuous\n",
    ] {
        assert_eq!(on_assessment(text), Vec::<&str>::new(), "{text}");
    }
    assert_eq!(
        on_assessment("She said \"no\". She is promiscuous. \"Yes\""),
        ["harmful_language"],
        "between quotations"
    );
    let mut draft = story();
    draft.items[0].exactly = Some("he said I was a prostitute".into());
    draft.interview.account.first_account =
        Some("She said “he called me a prostitute”. Staff find her promiscuous.".into());
    let advice = advice(draft);
    assert_eq!(kinds_in(&advice, "items[0].exactly"), Vec::<&str>::new(), "the field is the child's own words");
    assert_eq!(advice.iter().filter(|one| one.field == "interview.account.first_account").count(), 1);
}

#[test]
fn boyfriend_is_flagged_of_an_adult_only() {
    let of = |text: &str, age: &str| {
        let mut draft = story();
        draft.persons.push(suspect("b", "Tyrell Moss", age));
        let mut peer = named("p", "Kofi Dale", PersonRole::Friend);
        peer.description.age_range = Some("15".into());
        peer.relationship = Some("boyfriend".into());
        draft.persons.push(peer);
        draft.interview.evaluate.assessment = Some(text.into());
        kinds_in(&advice(draft), "interview.evaluate.assessment")
    };
    let flagged = ["harmful_language"];
    let fine = Vec::<&str>::new();
    assert_eq!(of("Her boyfriend Tyrell Moss collects her.", "24"), flagged);
    assert_eq!(of("Tyrell Moss is her Boyfriend.", ""), flagged, "of concern, and no age says otherwise");
    assert_eq!(of("Her boyfriend Tyrell Moss collects her.", "16 or 17"), fine, "a child himself");
    assert_eq!(of("Her boyfriend Kofi Dale walks her home.", "24"), fine);
    assert_eq!(of("Her boyfriend walks her home.", "24"), fine, "the record knows which boyfriend: a boy of 15");
    assert_eq!(of("Her boyfriend (24) collects her.", ""), flagged, "the age says so");
    assert_eq!(of("Her 16-year-old boyfriend collects her.", "40"), fine);
    assert_eq!(of("She said \"my boyfriend Tyrell Moss\".", "24"), fine, "her own words");
}

#[test]
fn facts_are_kept_apart_from_opinion() {
    for text in [
        "I think he is her uncle.",
        "She seems frightened.",
        "This suggests that she is groomed.",
        "In my opinion it is true.",
        "He was obviously high.",
    ] {
        let mut draft = story();
        draft.interview.evaluate.facts = Some(text.into());
        draft.interview.evaluate.assessment = Some(text.into());
        let advice = advice(draft);
        assert_eq!(kinds_in(&advice, "interview.evaluate.facts"), ["opinion"], "{text}");
        assert_eq!(kinds_in(&advice, "interview.evaluate.assessment"), Vec::<&str>::new(), "there it belongs: {text}");
    }
    let mut draft = story();
    draft.interview.evaluate.facts = Some("She had a cut on her palm. She said \"I think he knows\".".into());
    assert_eq!(kinds_in(&advice(draft), "interview.evaluate.facts"), Vec::<&str>::new());
}

#[test]
fn what_the_child_denied_is_to_be_marked() {
    let of = |text: &str, denied: Option<&str>| {
        let mut draft = story();
        draft.items[0].text = text.into();
        draft.interview.denied = denied.map(Into::into);
        kinds_in(&advice(draft), "items[0].text")
    };
    for text in [
        "She has never met Dane Wickett, she said.",
        "She denied that Dane Wickett was there.",
        "She said that he did not touch her.",
        "He insists it wasn't him.",
    ] {
        assert_eq!(of(text, None), ["denial_unmarked"], "{text}");
        assert_eq!(of(text, Some("That he touched her.")), Vec::<&str>::new(), "marked: {text}");
    }
    assert_eq!(of("Dane Wickett sold tablets.", None), Vec::<&str>::new());
}

#[test]
fn what_was_denied_is_kept_and_marked_as_denied_for_safeguarding() {
    let mut draft = story();
    draft.interview.denied = Some("That anybody touched her.".into());
    draft.interview.contradictions = Some("Times differ.".into());
    let redacted = crate::domain::testing::rendered(draft);
    let shown = |name: &str| redacted.views().iter().find_map(|(_, view)| view.get(name).map(str::to_owned));
    assert_eq!(shown("clarify.denied").as_deref(), Some("That anybody touched her."));
    assert_eq!(shown("clarify.contradictions").as_deref(), Some("Times differ."));
}
