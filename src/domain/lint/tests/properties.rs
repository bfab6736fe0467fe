//! Advice changes nothing, is bounded, and points into the text whatever the text is.

use proptest::{collection::vec, prelude::*};

use super::{advice, story};
use crate::domain::testing::rendered;

/// Pieces that advice looks for, and pieces that make texts hard to count in.
const PIECES: &[&str] = &[
    "RHI",
    "disclosed",
    "£40",
    " at 23:40",
    "Ayesha",
    "Dane Wickett",
    "her boyfriend",
    " promiscuous ",
    "Op Heron",
    "\"",
    "“",
    "’",
    "\n",
    ". ",
    "é",
    "🙂",
    "\u{200B}",
    "e\u{301}",
    "3 November",
    "I think ",
    "[CHILD]",
    "\r\n",
    "> ",
    "٣ ",
    "denied ",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn advice_changes_no_view_and_points_into_its_text(pieces in vec(prop::sample::select(PIECES), 0..40)) {
        let text = format!("x{}", pieces.concat());
        let mut draft = story();
        draft.items[0].text = text.as_str().into();
        draft.items[0].sanitised_text = Some(text.as_str().into());
        draft.interview.evaluate.facts = Some(text.as_str().into());
        let redacted = rendered(draft.clone());
        let before = redacted.views().to_vec();
        let advice = advice(draft);
        prop_assert_eq!(&before, &redacted.views().to_vec());
        for one in &advice {
            let Some(place) = &one.place else { continue };
            let shown = match one.unit {
                Some(unit) => before.iter().find(|(label, _)| *label == unit).and_then(|(_, view)| view.get(&one.field)),
                None => Some(text.as_str()),
            };
            prop_assert!(place.start < place.end && place.end <= shown.unwrap().chars().count());
            prop_assert!(!one.say.is_empty());
        }
    }
}

#[test]
fn a_long_text_is_advised_on_within_bounds() {
    let mut draft = story();
    draft.items = vec![draft.items[0].clone(); 50];
    for item in &mut draft.items {
        item.text = "RHI disclosed £40. ".repeat(500).into();
        item.sanitised_text = Some("promiscuous RHI Ayesha £40 on 3 November. ".repeat(200).into());
    }
    let advice = advice(draft);
    assert!(advice.len() <= 1_000, "{}", advice.len());
    let of_first =
        advice.iter().filter(|one| one.field == "items[0].sanitised_text" && one.kind.code() == "source_words");
    assert_eq!(of_first.count(), 20, "and no more of one kind");
}
