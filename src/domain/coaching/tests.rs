//! Coaching says what is there and what is not, and is never a gate.

use super::*;
use crate::domain::{
    code::{Frequency, InterviewOutcome},
    submission::{Item, Question},
    testing::{draft, intelligence},
};

fn asked(kinds: &[QuestionType]) -> Coaching {
    let mut draft = draft();
    draft.interview.account.questions =
        kinds.iter().map(|kind| Question { text: "Tell me what happened.".into(), kind: *kind }).collect();
    Coaching::of(&draft)
}

#[test]
fn open_questions_are_counted_of_all_and_no_questions_are_no_ratio() {
    use QuestionType::{Closed, ForcedChoice, Leading, Multiple, Open};
    assert_eq!(asked(&[]).open_ratio(), None);
    assert_eq!(asked(&[Closed, Leading]).open_ratio(), Some(0.0));
    assert_eq!(asked(&[Open, Closed, Leading, Multiple]).open_ratio(), Some(0.25));
    assert_eq!(asked(&[Open, Open, ForcedChoice, Open]).open_ratio(), Some(0.75));
    assert_eq!(asked(&[Open]).open_ratio(), Some(1.0));
}

fn missing(coaching: &Coaching, phase: Phase) -> Vec<&'static str> {
    let found = coaching.phases.iter().find(|(of, _)| *of == phase);
    found.map(|(_, points)| points.missing.iter().map(|(field, _)| *field).collect()).unwrap_or_default()
}

#[test]
fn every_phase_says_what_is_filled_and_what_is_missing_with_words() {
    let mut draft = draft();
    draft.episode.outcome = InterviewOutcome::Completed;
    draft.items = vec![intelligence()];
    let before = Coaching::of(&draft);
    assert_eq!(before.phases.iter().map(|(phase, _)| *phase).collect::<Vec<_>>(), Phase::ALL);
    for (phase, points) in &before.phases {
        assert!(points.missing.iter().all(|(_, words)| !words.is_empty()), "{phase}");
    }
    assert!(missing(&before, Phase::EngageAndExplain).contains(&"interview.engage.safe_to_talk"));
    // An answer of no is an answer.
    draft.interview.engage.safe_to_talk = Some(false);
    draft.interview.account.first_account = Some("I went out.".into());
    draft.interview.evaluate.significant_disclosure = Some(true);
    let after = Coaching::of(&draft);
    assert!(!missing(&after, Phase::EngageAndExplain).contains(&"interview.engage.safe_to_talk"));
    assert!(!missing(&after, Phase::Account).contains(&"interview.account.first_account"));
    assert!(missing(&after, Phase::Evaluate).contains(&"interview.evaluate.line_manager"), "a disclosure was made");
}

#[test]
fn nobody_is_coached_about_an_interview_that_was_not_held() {
    let mut draft = draft();
    draft.episode.outcome = InterviewOutcome::DeclinedChild;
    let phases: Vec<_> = Coaching::of(&draft).phases.iter().map(|(phase, _)| *phase).collect();
    assert_eq!(phases, [Phase::PlanAndPrepare, Phase::Evaluate]);
}

#[test]
fn what_each_item_needs_is_missing_until_every_item_has_it() {
    let mut draft = draft();
    draft.episode.outcome = InterviewOutcome::Completed;
    let bare = Item { frequency: None, ..intelligence() };
    let stated = Item { frequency: Some(Frequency::Once), ..bare.clone() };
    draft.items = vec![stated.clone(), bare];
    assert!(missing(&Coaching::of(&draft), Phase::Clarify).contains(&"items.frequency"));
    draft.items = vec![stated.clone(), stated];
    assert!(!missing(&Coaching::of(&draft), Phase::Clarify).contains(&"items.frequency"));
}
