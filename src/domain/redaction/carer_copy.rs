//! CARER: structured fields, and of the plan, wishes and needs the sentences that survive default deny. Nothing of the
//! child's account, and nothing that is intelligence.

use super::sheet::Sheet;
use crate::domain::{
    classify::accused,
    code::{Fgm, HarmCode},
    submission::Draft,
};

/// Writes the carer copy.
pub(super) fn write(sheet: &mut Sheet<'_, '_>, draft: &Draft) {
    sheet.known("episode.returned", draft.episode.returned);
    sheet.fact("interview.outcome", draft.episode.outcome);
    sheet.known("interview.mode", draft.interview.mode);
    for (index, offer) in draft.episode.offers.iter().enumerate() {
        sheet.fact(format!("offers[{index}].at"), offer.at);
        sheet.fact(format!("offers[{index}].method"), offer.method);
        sheet.fact(format!("offers[{index}].result"), offer.result);
    }
    if words_may_harm(draft) {
        return;
    }
    let evaluate = &draft.interview.evaluate;
    for (name, text) in [
        ("evaluate.carer_plan", &evaluate.carer_plan),
        ("evaluate.plan", &evaluate.plan),
        ("evaluate.wishes", &evaluate.wishes),
        ("evaluate.needs", &evaluate.needs),
    ] {
        sheet.surviving(name, text.as_ref());
    }
}

/// True where whoever reads the copy may be the danger: harm from home (R19), an allegation about somebody around the
/// child (R18), or what forbids any word to the family (D19). Then no sentence goes, however harmless it looks.
fn words_may_harm(draft: &Draft) -> bool {
    let codes = [HarmCode::Fm, HarmCode::Hba, HarmCode::Fgm, HarmCode::Calfb];
    let answers = &draft.answers;
    let coded = |code: &HarmCode| codes.contains(code);
    answers.harm_source_at_home == Some(true)
        || answers.fgm.is_some_and(|answer| answer != Fgm::None)
        || answers.codes.iter().chain(draft.items.iter().flat_map(|item| &item.codes)).any(coded)
        || draft.items.iter().any(|item| item.allegation == Some(true))
        || accused(draft).next().is_some()
}
