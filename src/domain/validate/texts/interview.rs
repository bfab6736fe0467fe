//! Texts of envelope, child, episode and interview.

use super::{Kind, MAX_FIRST_ACCOUNT, MAX_FREE_TEXT, Walk};
use crate::domain::submission::Draft;

impl<'a> Walk<'a, '_> {
    pub(super) fn envelope(&mut self, draft: &'a Draft) {
        let envelope = &draft.envelope;
        self.needed("envelope.on_behalf_of", &envelope.on_behalf_of);
        self.needed("envelope.submitting_organisation", &envelope.submitting_organisation);
        self.opt_name("envelope.sender_reference", &envelope.sender_reference);
        self.needed("envelope.actor.scheme", &envelope.actor.scheme);
        self.needed("envelope.actor.id", &envelope.actor.id);
        self.needed("envelope.actor.role", &envelope.actor.role);
        self.needed("envelope.reporter.name", &envelope.reporter.name);
        self.needed("envelope.reporter.role", &envelope.reporter.role);
        self.needed("envelope.reporter.call_back", &envelope.reporter.call_back);
        self.names("envelope.marking.descriptors", &envelope.marking.descriptors);
        self.free("envelope.marking.handling", &envelope.marking.handling);
        self.free("envelope.marking.lowering_reason", &envelope.marking.lowering_reason);
        for (n, mark) in envelope.marks.iter().enumerate() {
            self.needed(format_args!("envelope.marks[{n}].field"), &mark.field);
        }
    }

    pub(super) fn child(&mut self, draft: &'a Draft) {
        let child = &draft.child;
        self.needed("child.name", &child.name);
        self.names("child.aliases", &child.aliases);
        self.opt_name("child.ethnicity", &child.ethnicity);
        self.free("child.home_address", &child.home_address);
        self.opt_name("child.home_postcode", &child.home_postcode);
        self.opt_name("child.placement", &child.placement);
        self.opt_name("child.school", &child.school);
        self.opt_name("child.nhs_number", &child.nhs_number);
        self.opt_name("child.source_reference", &child.source_reference);
        self.free("child.communication_need", &child.communication_need);
    }

    pub(super) fn episode(&mut self, draft: &'a Draft) {
        let episode = &draft.episode;
        self.opt_name("episode.police_system", &episode.police_system);
        self.opt_name("episode.police_reference", &episode.police_reference);
        self.free("episode.found_by", &episode.found_by);
        if let Some(area) = &episode.found_at {
            self.area("episode.found_at", area);
        }
        self.free("episode.found_place", &episode.found_place);
        self.free("episode.presentation", &episode.presentation);
        self.free("episode.outcome_reason", &episode.outcome_reason);
        for (n, offer) in episode.offers.iter().enumerate() {
            self.opt_name(format_args!("episode.offers[{n}].to"), &offer.to);
        }
    }

    pub(super) fn interview(&mut self, draft: &'a Draft) {
        let interview = &draft.interview;
        self.free("interview.mode_reason", &interview.mode_reason);
        self.opt_name("interview.interviewer.name", &interview.interviewer.name);
        self.opt_name("interview.interviewer.role", &interview.interviewer.role);
        self.opt_name("interview.interviewer.organisation", &interview.interviewer.organisation);
        self.free("interview.interviewer.exception_reason", &interview.interviewer.exception_reason);
        self.free("interview.engage.child_view_on_sharing", &interview.engage.child_view_on_sharing);
        self.names("interview.engage.present", &interview.engage.present);
        self.free_up_to(MAX_FIRST_ACCOUNT, "interview.account.first_account", &interview.account.first_account);
        for (n, question) in interview.account.questions.iter().enumerate() {
            let path = format!("interview.account.questions[{n}].text");
            self.push(path, Kind::Free(MAX_FREE_TEXT), true, &question.text);
        }
        self.free("interview.account.reasons", &interview.account.reasons);
        self.free("interview.contradictions", &interview.contradictions);
        self.free("interview.denied", &interview.denied);
        self.evaluate(draft);
    }

    fn evaluate(&mut self, draft: &'a Draft) {
        let evaluate = &draft.interview.evaluate;
        self.free("interview.evaluate.facts", &evaluate.facts);
        self.free("interview.evaluate.assessment", &evaluate.assessment);
        self.free("interview.evaluate.needs", &evaluate.needs);
        self.free("interview.evaluate.wishes", &evaluate.wishes);
        self.free("interview.evaluate.plan", &evaluate.plan);
        self.free("interview.evaluate.immediate_safety_action", &evaluate.immediate_safety_action);
        if let Some(manager) = &evaluate.line_manager {
            self.needed("interview.evaluate.line_manager.name", &manager.name);
            self.free("interview.evaluate.line_manager.advice", &manager.advice);
        }
        self.free("interview.evaluate.detriment_reason", &evaluate.detriment_reason);
        self.free("interview.evaluate.carer_plan", &evaluate.carer_plan);
    }
}
