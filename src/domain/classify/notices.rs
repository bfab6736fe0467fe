//! Prompts to people and flags on the record that follow from the rules that fired (domain 5.4).

use jiff::Timestamp;

use super::{facts::Facts, rules::raised};
use crate::domain::{
    code::{EmergencyCall, Fgm, HarmCode},
    decision::{Flag, Prompt, PromptKind, RuleId},
};

/// Prompts in the order of the rules that raise them.
pub(super) fn prompts(facts: &Facts<'_>, rules: &[RuleId]) -> Vec<Prompt> {
    rules.iter().filter_map(|rule| prompt(facts, rule)).collect()
}

fn prompt(facts: &Facts<'_>, rule: RuleId) -> Option<Prompt> {
    let (kind, due) = match rule {
        "R00" if emergency_answer_missing(facts) => (PromptKind::Call999, None),
        "R01" => (PromptKind::Strategy, None),
        "R04" => (PromptKind::Fgm101, Some(fgm_101_due(facts))),
        "R06" => (PromptKind::Nrm, nrm_due(facts)),
        "R12" => (PromptKind::Strategy, Some(strategy_due(facts))),
        "R16" => (PromptKind::AdultSafeguarding, None),
        "R17" => (PromptKind::Prevent, None),
        "R18" => (PromptKind::Lado, None),
        "R22" if facts.has_code(HarmCode::SelfHarm) => (PromptKind::Health, None),
        _ => return None,
    };
    Some(Prompt { kind, rule, due, overdue_on_arrival: due.is_some_and(|due| due < facts.now) })
}

/// D14: made needs a reference and a time that has come; not needed is no answer in danger.
fn emergency_answer_missing(facts: &Facts<'_>) -> bool {
    let Some(screen) = &facts.draft.answers.stop_screen else { return true };
    match screen.emergency_call {
        Some(EmergencyCall::Made) => {
            let reference = screen.reference.as_ref().is_some_and(|reference| !reference.is_blank());
            !(reference && screen.at.is_some_and(|at| at <= facts.now))
        }
        Some(EmergencyCall::Cannot) => false,
        Some(EmergencyCall::NotNeeded) | None => true,
    }
}

/// Close of the next working day after the disclosure: as stated, else the interview, else receipt (D19).
fn fgm_101_due(facts: &Facts<'_>) -> Timestamp {
    let disclosed = facts.draft.answers.fgm_disclosed_at.or(facts.draft.interview.held_at).unwrap_or(facts.now);
    facts.policy.calendar.close_of_next_working_day(facts.draft.envelope.on_behalf_of.reveal(), disclosed)
}

/// The NRM prompt is due when its own rule's class must be decided.
fn nrm_due(facts: &Facts<'_>) -> Option<Timestamp> {
    let class = facts.policy.rules.class("R06", raised("R06", facts))?;
    let day = facts.policy.calendar.date(facts.now);
    let decide = facts.policy.queues.deadlines.of_class(class, day).decide?;
    let who = facts.draft.envelope.on_behalf_of.reveal();
    Some(facts.policy.calendar.after(who, facts.now, decide.minutes, decide.basis))
}

/// The end of the third calendar day after the return, of receipt if not yet returned (D12). A due date before the date
/// of receipt has its last second before receipt, so it is overdue on arrival.
fn strategy_due(facts: &Facts<'_>) -> Timestamp {
    let calendar = &facts.policy.calendar;
    let returned = calendar.date(facts.draft.episode.returned.unwrap_or(facts.now));
    calendar.end_of(calendar.days_after(returned, 3))
}

/// Flags, in declared order.
pub(super) fn flags(facts: &Facts<'_>, rules: &[RuleId]) -> Vec<Flag> {
    let fired = |id: RuleId| rules.contains(&id);
    let images = fired("R03");
    let holds = |flag: Flag| match flag {
        Flag::StatutoryNotification => fired("R02") || images,
        Flag::EvidenceWarning | Flag::AttachmentsRefused | Flag::OnlineAbuse => images,
        Flag::NoFamilyContact => no_family_contact(facts),
        Flag::SafeContactNo => fired("R19"),
        Flag::SafeguardingFirst => fired("R21"),
        Flag::PreventFlag => fired("R17"),
        Flag::ExcludeAccused => fired("R18"),
        Flag::EmergencyReferenceMissing => fired("R00") && emergency_answer_missing(facts),
        Flag::SelfHarmRisk => self_harm_risk(facts, fired("R00")),
    };
    Flag::ALL.iter().copied().filter(|flag| holds(*flag)).collect()
}

/// D19: the codes, and any `fgm` answer but none, whichever rule fires.
fn no_family_contact(facts: &Facts<'_>) -> bool {
    let codes = [HarmCode::Fm, HarmCode::Hba, HarmCode::Fgm, HarmCode::Calfb];
    facts.fgm() != Fgm::None || codes.into_iter().any(|code| facts.has_code(code))
}

/// D20: the child's own SELF together with danger, missing again, or stated intent.
fn self_harm_risk(facts: &Facts<'_>, danger: bool) -> bool {
    let stated = facts.draft.answers.suicidal_intent == Some(true);
    facts.child_self_harm() && (danger || facts.missing_again() || stated)
}
