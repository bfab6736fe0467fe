//! The fields of each PEACE phase, and what to think of where one is empty.

use super::{Completeness, Phase, Point};
use crate::domain::{
    code::{HowKnown, InterviewOutcome, Mode},
    submission::{Draft, Item},
    text::Text,
};

/// The points of a phase; `None` where this interview did not have it: nobody is coached about questions to a child who
/// declined.
pub(super) fn points(phase: Phase, draft: &Draft) -> Option<Completeness> {
    let held = matches!(draft.episode.outcome, InterviewOutcome::Completed | InterviewOutcome::Partial);
    match phase {
        Phase::PlanAndPrepare => Some(plan(draft).into_iter().chain(interview_plan(draft, held)).collect()),
        Phase::EngageAndExplain => held.then(|| engage(draft).into_iter().collect()),
        Phase::Account => held.then(|| account(draft).into_iter().collect()),
        Phase::Clarify => (held && !draft.items.is_empty()).then(|| clarify(draft).into_iter().collect()),
        Phase::Evaluate => Some(evaluate(draft).into_iter().collect()),
    }
}

fn point(field: &'static str, filled: bool, words: &'static str) -> Point {
    Point { field, filled, words }
}

fn said(text: &Option<Text>) -> bool {
    text.as_ref().is_some_and(|text| !text.is_blank())
}

fn plan(draft: &Draft) -> Vec<Point> {
    let (episode, interview) = (&draft.episode, &draft.interview);
    let by = &interview.interviewer;
    let independent = by.independent_of_placement.is_some() && by.independent_of_responsible.is_some();
    vec![
        point(
            "episode.police_reference",
            said(&episode.police_reference),
            "the police reference joins the two records",
        ),
        point(
            "episode.started",
            episode.started.or(episode.reported).is_some(),
            "when the child went missing, or was reported",
        ),
        point("episode.returned", episode.returned.is_some(), "both 72-hour clocks run from the return"),
        point("episode.risk", episode.risk.is_some(), "the force's own risk level, as it told you"),
        point(
            "episode.presentation",
            said(&episode.presentation),
            "how the child was on return: hungry, hurt, withdrawn",
        ),
        point(
            "episode.episodes_30d",
            episode.episodes_30d.is_some(),
            "the third episode in 30 days asks for a strategy discussion",
        ),
        point("episode.offers", !episode.offers.is_empty(), "when and how the interview was offered"),
        point(
            "interview.history_read",
            !interview.history_read.is_empty(),
            "what was read before: earlier interviews, trigger plan",
        ),
        point("interview.interviewer.role", said(&by.role), "who interviews, by role"),
        point(
            "interview.interviewer.independent",
            independent || said(&by.exception_reason),
            "independent of the placement and of the responsible authority, or why not",
        ),
        point("interview.interviewer.trained", by.trained.is_some(), "whether the interviewer is trained for this"),
    ]
}

/// How it was held, where it was.
fn interview_plan(draft: &Draft, held: bool) -> Vec<Point> {
    let interview = &draft.interview;
    if !held {
        return Vec::new();
    }
    let mut points = vec![
        point("interview.held_at", interview.held_at.is_some(), "when it was held"),
        point("interview.mode", interview.mode.is_some(), "face to face, unless the child decided otherwise"),
        point(
            "interview.place_neutral",
            interview.place_neutral.is_some(),
            "whether the place was neutral for the child",
        ),
    ];
    if interview.mode.is_some_and(|mode| mode != Mode::FaceToFace) {
        points.push(point("interview.mode_reason", said(&interview.mode_reason), "why it was not face to face"));
        points.push(point("interview.work_device", interview.work_device.is_some(), "that a work device was used"));
    }
    points
}

fn engage(draft: &Draft) -> Vec<Point> {
    let engage = &draft.interview.engage;
    let answer = |field, answer: Option<bool>, words| point(field, answer.is_some(), words);
    vec![
        answer(
            "interview.engage.purpose_explained",
            engage.purpose_explained,
            "say what the talk is for before it begins",
        ),
        answer(
            "interview.engage.sharing_explained",
            engage.sharing_explained,
            "say that it may go to the police, and why",
        ),
        point(
            "interview.engage.child_view_on_sharing",
            said(&engage.child_view_on_sharing),
            "what the child thinks of that, in their words",
        ),
        point("interview.engage.present", !engage.present.is_empty(), "who else was there"),
        answer("interview.engage.safe_to_talk", engage.safe_to_talk, "whether it was safe to talk"),
        answer("interview.engage.carer_in_room", engage.carer_in_room, "whether a parent or carer could hear"),
        point("interview.engage.engagement", engage.engagement.is_some(), "how willingly the child took part"),
    ]
}

fn account(draft: &Draft) -> Vec<Point> {
    let account = &draft.interview.account;
    vec![
        point(
            "interview.account.first_account",
            said(&account.first_account),
            "the child's own account first, uninterrupted",
        ),
        point(
            "interview.account.questions",
            !account.questions.is_empty(),
            "the questions as they were asked, with their kind",
        ),
        point("interview.account.reasons", said(&account.reasons), "what pushed and what pulled"),
    ]
}

fn clarify(draft: &Draft) -> Vec<Point> {
    let interview = &draft.interview;
    let told = |known: &HowKnown| *known == HowKnown::ToldByOther;
    let items = || draft.items.iter().map(|item| &item.provenance);
    let every = |has: fn(&Item) -> bool| draft.items.iter().all(has);
    let named = items().filter(|from| told(&from.how_known)).all(|from| said(&from.told_by));
    vec![
        point(
            "interview.contradictions",
            said(&interview.contradictions),
            "what does not fit together, or that nothing does not",
        ),
        point("interview.denied", said(&interview.denied), "what the child said did not happen"),
        point(
            "items.frequency",
            every(|item| item.frequency.is_some()),
            "once, more than once, or still to come, for each item",
        ),
        point(
            "items.still_happening",
            every(|item| item.still_happening.is_some()),
            "whether it still goes on, for each item; not answered is read as yes",
        ),
        point("items.provenance.told_by", named, "who told it, where the source was told by another"),
        point(
            "items.provenance.learned",
            items().all(|from| from.learned.is_some()),
            "when the source learned it, for each item",
        ),
        point(
            "items.provenance.who_else_knows",
            items().all(|from| said(&from.who_else_knows)),
            "who else knows it, for each item: it says whom a use of it would point to",
        ),
    ]
}

fn evaluate(draft: &Draft) -> Vec<Point> {
    let evaluate = &draft.interview.evaluate;
    let disclosed = evaluate.significant_disclosure == Some(true);
    let mut points = vec![
        point("interview.evaluate.facts", said(&evaluate.facts), "facts, apart from what you make of them"),
        point("interview.evaluate.assessment", said(&evaluate.assessment), "your own assessment, marked as yours"),
        point("interview.evaluate.needs", said(&evaluate.needs), "what the child needs"),
        point("interview.evaluate.wishes", said(&evaluate.wishes), "what the child wants to happen"),
        point("interview.evaluate.plan", said(&evaluate.plan), "what happens next, and who does it"),
        point(
            "interview.evaluate.significant_disclosure",
            evaluate.significant_disclosure.is_some(),
            "whether there was a significant disclosure, yes or no",
        ),
        point(
            "interview.evaluate.detriment",
            evaluate.detriment.is_some(),
            "whether sharing would harm the child more than it helps",
        ),
    ];
    if disclosed {
        let (action, manager) = (said(&evaluate.immediate_safety_action), evaluate.line_manager.is_some());
        points.push(point(
            "interview.evaluate.immediate_safety_action",
            action,
            "what was done at once to keep the child safe",
        ));
        points.push(point("interview.evaluate.line_manager", manager, "whom you told, when, and what they advised"));
    }
    points
}
