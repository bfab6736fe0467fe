//! The carer copy of a record: short, plain wishes, activities and appointments, and nothing else.

use super::fixture::{draft, policy};
use crate::domain::{
    code::PersonRole,
    preview::written,
    redaction::redact,
    stage::{Redacted, Valid},
    unit::Part,
};

/// A record whose suspect is a stranger to the home, with these wishes.
fn with_wishes(wishes: &str) -> Redacted {
    let mut draft = draft();
    draft.persons[0].role = PersonRole::Suspect;
    draft.persons[0].relationship = None;
    draft.interview.evaluate.wishes = Some(wishes.into());
    redact(Valid::checked(draft), &policy())
}

fn in_the_carer_copy(wishes: &str) -> Option<String> {
    let redacted = with_wishes(wishes);
    let (_, carer) = redacted.views().iter().find(|(label, _)| label.part == Part::Carer).unwrap();
    carer.get("evaluate.wishes").map(str::to_owned)
}

#[test]
fn plain_wishes_activities_and_appointments_stay() {
    for sentence in [
        "Ella-Mae would like to start guitar lessons.",
        "A visit to the dentist is booked.",
        "Ellie hopes to join the chess club on Tuesdays.",
        "She enjoys drawing and swimming.",
        "Ella-Mae's swimming lesson is on Monday at 4pm.",
        "A review meeting is arranged for 12 December.",
        "She would like help with maths homework.",
    ] {
        assert_eq!(in_the_carer_copy(sentence).as_deref(), Some(sentence));
    }
}

#[test]
fn what_may_tell_of_harm_goes() {
    for sentence in [
        // Reasons, times and purposes.
        "Ella-Mae would like a lamp in her room since that man visited.",
        "She enjoys art club because it gets her out of the house.",
        "She wants swimming lessons so that she is out on Thursdays.",
        "She would like to start dance after the baby comes.",
        "Ellie would like a new tablet in case hers is looked at.",
        "She will have a session about why she left.",
        // People without a name, and names that may not be shown.
        "She hopes to go swimming with him on Sunday.",
        "Ellie likes the man at the boxing club.",
        "She wants to play football with them.",
        "She hopes to visit M at the weekend.",
        "Would like to go bowling with J.",
        "Ella-Mae would like to see Theo at football.",
        "She enjoys cooking with Yusra.",
        "She wants to go to the cinema with Marcus.",
        "Ella-Mae enjoys music with her boyfriend.",
        "She would like to visit Whitstable on Saturday.",
        // Home and family, staff, police and courts.
        "She would like more time away from home.",
        "Ellie asked for a lesson on what a dad may do.",
        "She needs support at bedtime as the night staff come in.",
        "Ella-Mae hopes the police visit on Monday is short.",
        "A session is booked to plan for the court.",
        // Wanting something not to be, or again.
        "She would like football but not with the trainer.",
        "Ellie would never like to go to school by bus.",
        "She plans to go to the seaside again on Saturday.",
        // Health, pregnancy, medicines and death.
        "A scan is booked at the hospital.",
        "The nurse will visit about the morning-after pill.",
        "She wishes that she had died.",
        "Ella-Mae wishes to be dead.",
        "A review session about her scars is booked.",
        // Watching and asking.
        "The mentor will ask her for names.",
        "The school will watch who meets her.",
        "Her social worker will check her phone each week.",
        "She wants to go back to the flat.",
        "Help to stay safe at school.",
        // Codes and numbers.
        "The club is at 148 and the word is 7731.",
    ] {
        assert_eq!(in_the_carer_copy(sentence), None, "{sentence}");
    }
}

#[test]
fn a_sentence_that_goes_takes_no_other_with_it_and_the_preview_says_what_stays() {
    let wishes = "She enjoys art. She wants to be with him. A visit to the optician is booked.";
    let expected = "She enjoys art. A visit to the optician is booked.";
    assert_eq!(in_the_carer_copy(wishes).as_deref(), Some(expected));
    let shown = |wishes: &str| {
        let redacted = with_wishes(wishes);
        let written = written(&redacted, usize::MAX);
        let found = written.iter().find(|one| one.field == "interview.evaluate.wishes").unwrap();
        found.shown_as.iter().any(|(unit, name)| unit.part == Part::Carer && name == "evaluate.wishes")
    };
    assert!(shown(wishes));
    assert!(!shown("She wants to be with him."));
}
