//! Every unit of a record, from a valid submission (contract 4).

use std::sync::Arc;

use super::{
    carer_copy,
    engine::{Engine, Owner},
    form::Entity,
    items,
    policy::{Lens, RedactionPolicy},
    record::{Roles, form},
    sheet::{Desk, Sheet},
    texts::texts,
};
use crate::domain::{
    code::{HarmCode, PersonRole},
    stage::{Redacted, Valid},
    submission::{Draft, Item, Provenance},
    text::Text,
    unit::{Audience, Part, UnitLabel, View},
};

/// Renders every unit of `valid` under `policy`: E, A and B of each item, C, and the carer copy. Nothing is refused:
/// text in which the re-scan finds something protected is withheld in that view and reported.
pub fn redact(valid: Valid, policy: &RedactionPolicy) -> Redacted {
    let draft = valid.draft();
    let roles = Roles::of(draft);
    let mut engine = Engine::compile(&form(draft, &roles), policy);
    let texts = texts(draft);
    let read = engine.read(&texts, None);
    let engine = Arc::new(engine);
    let mut desk = Desk::new(&engine, &roles);
    texts.into_iter().zip(read).for_each(|(text, read)| desk.remember(text, read.spans));
    let mut views = vec![(label(None, Part::EpisodeCard, Audience::Nobody), episode_card(draft))];
    for (number, item) in (1_u16..).zip(&draft.items) {
        let number = Some(number);
        views.push((label(number, Part::Provenance, Audience::Nobody), provenance(draft, item)));
        for (audience, lens) in [(Audience::Mpu, Lens::Item), (Audience::Mash, Lens::Mash)] {
            let mut sheet = Sheet::new(&mut desk, label(number, Part::Item, audience), lens);
            items::write(&mut sheet, draft, item);
            views.push(sheet.done());
        }
    }
    let mut sheet = Sheet::new(&mut desk, label(None, Part::Safeguarding, Audience::Mash), Lens::Mash);
    safeguarding(&mut sheet, draft);
    views.push(sheet.done());
    let mut sheet = Sheet::new(&mut desk, label(None, Part::Carer, Audience::Carer), Lens::Carer);
    carer_copy::write(&mut sheet, draft);
    views.push(sheet.done());
    let degraded = desk.degraded;
    Redacted::finished(valid, views, degraded, engine)
}

fn label(item: Option<u16>, part: Part, audience: Audience) -> UnitLabel {
    UnitLabel { item, part, audience }
}

/// E: who the child is and what the episode was, structured. The card's prompts and flags come from the decision.
fn episode_card(draft: &Draft) -> View {
    let (child, episode) = (&draft.child, &draft.episode);
    let mut view = View::default();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            view.push(name, value);
        }
    };
    put("child.name", Some(child.name.reveal().to_owned()));
    put("child.date_of_birth", child.date_of_birth.map(|date| date.to_string()));
    put("child.age", child.age.map(|age| age.to_string()));
    put("episode.kind", Some(episode.kind.to_string()));
    put("episode.police_system", episode.police_system.as_ref().map(owned));
    put("episode.police_reference", episode.police_reference.as_ref().map(owned));
    put("episode.reported", episode.reported.map(|at| at.to_string()));
    put("episode.started", episode.started.map(|at| at.to_string()));
    put("episode.returned", episode.returned.map(|at| at.to_string()));
    put("episode.risk", episode.risk.map(|risk| risk.to_string()));
    put("interview.outcome", Some(episode.outcome.to_string()));
    put("interview.mode", draft.interview.mode.map(|mode| mode.to_string()));
    put("interview.held_at", draft.interview.held_at.map(|at| at.to_string()));
    put("reporter.call_back", Some(owned(&draft.envelope.reporter.call_back)));
    view
}

/// A: the source side of one item, as written.
fn provenance(draft: &Draft, item: &Item) -> View {
    let from = &item.provenance;
    let mut view = View::default();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            view.push(name, value);
        }
    };
    let person = |id: &Text| draft.persons.iter().find(|person| person.id == *id);
    put("source.name", source_name(draft, from));
    put("source.role", Some(from.source_role.to_string()));
    put("source.reference", draft.child.source_reference.as_ref().map(owned));
    put("how_known", Some(from.how_known.to_string()));
    put("told_by", from.told_by.as_ref().map(owned));
    put("learned", from.learned.map(|at| at.to_string()));
    put("who_else_knows", from.who_else_knows.as_ref().map(owned));
    put("relationship", from.relationship.as_ref().map(owned));
    put("source_at_risk", from.source_at_risk.map(|answer| answer.to_string()));
    for (index, corroboration) in from.corroboration.iter().enumerate() {
        let name = format!("corroboration[{index}]");
        put(
            &format!("{name}.by"),
            Some(person(&corroboration.by).map_or_else(|| owned(&corroboration.by), |p| owned(&p.name))),
        );
        put(&format!("{name}.in_this_record"), corroboration.in_this_record.map(|answer| answer.to_string()));
        put(&format!("{name}.different_person"), corroboration.different_person.map(|answer| answer.to_string()));
        put(&format!("{name}.own_knowledge"), corroboration.own_knowledge.map(|answer| answer.to_string()));
    }
    put("retracted", from.retracted.map(|answer| answer.to_string()));
    put("contradicted", from.contradicted.map(|answer| answer.to_string()));
    put("practitioner_doubts", from.practitioner_doubts.map(|answer| answer.to_string()));
    put("doubt_reason", from.doubt_reason.as_ref().map(owned));
    put("opinion", from.opinion.as_ref().map(owned));
    put("source_identifiable", from.source_identifiable.map(|answer| answer.to_string()));
    view
}

fn source_name(draft: &Draft, from: &Provenance) -> Option<String> {
    use crate::domain::code::SourceRole;
    match (&from.source, from.source_role) {
        (Some(id), _) => draft.persons.iter().find(|person| person.id == *id).map(|person| owned(&person.name)),
        (None, SourceRole::Child) => Some(owned(&draft.child.name)),
        (None, SourceRole::Practitioner) => {
            Some(owned(draft.interview.interviewer.name.as_ref().unwrap_or(&draft.envelope.reporter.name)))
        }
        (None, _) => None,
    }
}

/// C: the child's words, needs, wishes, harms and plan, and who is around them.
fn safeguarding(sheet: &mut Sheet<'_, '_>, draft: &Draft) {
    child(sheet, draft);
    let (interview, episode) = (&draft.interview, &draft.episode);
    let (account, evaluate, engage) = (&interview.account, &interview.evaluate, &interview.engage);
    sheet.optional("account.first_account", account.first_account.as_ref());
    sheet.optional("account.reasons", account.reasons.as_ref());
    for (index, question) in account.questions.iter().enumerate() {
        sheet.text(format!("account.questions[{index}]"), &question.text);
        sheet.fact(format!("account.questions[{index}].type"), question.kind);
    }
    sheet.optional("episode.presentation", episode.presentation.as_ref());
    sheet.optional("episode.found_by", episode.found_by.as_ref());
    sheet.optional("episode.found_place", episode.found_place.as_ref());
    sheet.known("episode.episodes_30d", episode.episodes_30d);
    sheet.known("episode.episodes_12m", episode.episodes_12m);
    sheet.optional("episode.outcome_reason", episode.outcome_reason.as_ref());
    sheet.optional("interview.mode_reason", interview.mode_reason.as_ref());
    sheet.known("engage.engagement", engage.engagement);
    sheet.known("engage.sharing_explained", engage.sharing_explained);
    sheet.optional("engage.child_view_on_sharing", engage.child_view_on_sharing.as_ref());
    sheet.known("engage.carer_agreement", engage.carer_agreement);
    sheet.known("engage.safe_to_talk", engage.safe_to_talk);
    sheet.known("engage.carer_in_room", engage.carer_in_room);
    for (index, present) in engage.present.iter().enumerate() {
        sheet.text(format!("engage.present[{index}]"), present);
    }
    sheet.optional("clarify.contradictions", interview.contradictions.as_ref());
    sheet.optional("clarify.denied", interview.denied.as_ref());
    sheet.optional("evaluate.facts", evaluate.facts.as_ref());
    sheet.optional("evaluate.assessment", evaluate.assessment.as_ref());
    sheet.optional("evaluate.needs", evaluate.needs.as_ref());
    sheet.optional("evaluate.wishes", evaluate.wishes.as_ref());
    sheet.optional("evaluate.plan", evaluate.plan.as_ref());
    sheet.optional("evaluate.carer_plan", evaluate.carer_plan.as_ref());
    sheet.known("evaluate.significant_disclosure", evaluate.significant_disclosure);
    sheet.optional("evaluate.immediate_safety_action", evaluate.immediate_safety_action.as_ref());
    if let Some(manager) = &evaluate.line_manager {
        sheet.text("evaluate.line_manager.name", &manager.name);
        sheet.known("evaluate.line_manager.at", manager.at);
        sheet.optional("evaluate.line_manager.advice", manager.advice.as_ref());
    }
    sheet.known("evaluate.detriment", evaluate.detriment);
    sheet.optional("evaluate.detriment_reason", evaluate.detriment_reason.as_ref());
    harms(sheet, draft);
    let others = draft.persons.iter().filter(|person| person.role != PersonRole::Child);
    for (index, person) in others.enumerate() {
        let name = format!("persons[{index}]");
        items::person_fields(sheet, &name, person);
        sheet.known(format!("{name}.at_risk"), person.at_risk);
        sheet.known(format!("{name}.significant_harm"), person.significant_harm);
        sheet.known(format!("{name}.missing_with_subject"), person.missing_with_subject);
    }
}

fn child(sheet: &mut Sheet<'_, '_>, draft: &Draft) {
    let (child, owner): (_, Owner<'_>) = (&draft.child, sheet.roles().child());
    sheet.value("child.name", Some(&child.name), Entity::Person, owner);
    for (index, alias) in child.aliases.iter().enumerate() {
        sheet.value(format!("child.aliases[{index}]"), Some(alias), Entity::Person, owner);
    }
    if let Some(born) = child.date_of_birth {
        sheet.value("child.date_of_birth", Some(&Text::new(born.to_string())), Entity::Dob, owner);
    }
    sheet.known("child.age", child.age);
    sheet.known("child.sex", child.sex);
    sheet.optional("child.ethnicity", child.ethnicity.as_ref());
    sheet.value("child.home_address", child.home_address.as_ref(), Entity::Address, owner);
    sheet.value("child.home_postcode", child.home_postcode.as_ref(), Entity::Postcode, owner);
    sheet.value("child.placement", child.placement.as_ref(), Entity::Placement, owner);
    sheet.value("child.school", child.school.as_ref(), Entity::School, owner);
    sheet.value("child.nhs_number", child.nhs_number.as_ref(), Entity::NhsNumber, owner);
    sheet.optional("child.communication_need", child.communication_need.as_ref());
}

fn harms(sheet: &mut Sheet<'_, '_>, draft: &Draft) {
    let answers = &draft.answers;
    let mut codes: Vec<HarmCode> =
        answers.codes.iter().chain(draft.items.iter().flat_map(|item| &item.codes)).copied().collect();
    codes.sort_unstable();
    codes.dedup();
    sheet.codes("harms", &codes);
    sheet.fact("case", answers.case);
    sheet.known("looked_after", answers.looked_after);
    sheet.known("significant_harm_suspected", answers.significant_harm_suspected);
    sheet.known("harm_source_at_home", answers.harm_source_at_home);
    sheet.known("suicidal_intent", answers.suicidal_intent);
    sheet.known("fgm", answers.fgm);
    sheet.known("missing_again_now", answers.missing_again_now);
    sheet.fact("tell_carer", answers.tell_carer);
}

fn owned(text: &Text) -> String {
    text.reveal().to_owned()
}
