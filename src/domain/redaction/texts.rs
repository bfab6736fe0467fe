//! Every free text of a submission: what is read for people whom nobody listed, before any unit is written.

use crate::domain::{submission::Draft, text::Text};

/// The texts of `draft` that any unit may show, in its order.
pub(super) fn texts(draft: &Draft) -> Vec<&str> {
    let mut out: Vec<&Text> = Vec::new();
    for item in &draft.items {
        out.push(&item.text);
        out.extend(item.sanitised_text.iter().chain(&item.exactly).chain(&item.when));
    }
    let (interview, episode) = (&draft.interview, &draft.episode);
    let (account, evaluate, engage) = (&interview.account, &interview.evaluate, &interview.engage);
    out.extend(account.first_account.iter().chain(&account.reasons));
    out.extend(account.questions.iter().map(|question| &question.text));
    out.extend(episode.presentation.iter().chain(&episode.found_by).chain(&episode.found_place));
    out.extend(episode.outcome_reason.iter().chain(&interview.mode_reason).chain(&engage.child_view_on_sharing));
    out.extend(&engage.present);
    out.extend(interview.contradictions.iter().chain(&interview.denied));
    out.extend(evaluate.facts.iter().chain(&evaluate.assessment).chain(&evaluate.needs).chain(&evaluate.wishes));
    out.extend(evaluate.plan.iter().chain(&evaluate.carer_plan).chain(&evaluate.immediate_safety_action));
    out.extend(evaluate.line_manager.iter().filter_map(|manager| manager.advice.as_ref()));
    out.extend(&evaluate.detriment_reason);
    out.into_iter().filter(|text| !text.is_blank()).map(Text::reveal).collect()
}
