//! For each condition of the rule table the plainest submission in which it holds.

use jiff::civil::Date;

use super::nil;
use crate::domain::{
    code::{Fgm, HarmCode, InterviewOutcome, ItemKind, PersonRole, SourceRole},
    directory::{Authority, Directory, ForceRole, Police},
    geography::Area,
    policy::{Condition, Policy, RuleSet},
    submission::{Draft, Item, Person, StopScreen},
};

const YES: Option<bool> = Some(true);

/// Where a submission is from, and the council on which everything else in it falls.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    /// The child is missing from, lives in and belongs to this area.
    pub here: &'a Area,
    /// Another council: where another child lives, who placed a child, where something happened.
    pub there: &'a Authority,
    /// Reference data.
    pub policy: &'a Policy,
    /// Day of receipt.
    pub day: Date,
}

impl Setting<'_> {
    /// The nil return of this setting with each of `conditions` made to hold.
    pub fn with(&self, conditions: &[Condition]) -> Draft {
        let mut draft = nil::draft();
        draft.missing_from = self.here.clone();
        draft.lives_now = self.here.clone();
        draft.responsible_authority = self.here.clone();
        conditions.iter().for_each(|condition| self.add(*condition, &mut draft));
        draft
    }

    fn add(&self, condition: Condition, draft: &mut Draft) {
        match condition {
            Condition::PlacedAway => {
                draft.answers.looked_after = YES;
                draft.responsible_authority = nil::area(&self.there.gss);
            }
            Condition::PlacingAuthorityUncertain => {
                draft.answers.looked_after = YES;
                draft.responsible_authority = Area::Unknown;
            }
            Condition::PlacedByAnother => {
                let child = self.child(draft);
                child.at_risk = YES;
                child.lives = Area::Unknown;
            }
            Condition::OtherChildAtRisk => self.child(draft).at_risk = YES,
            Condition::OtherChildHarmed => self.child(draft).significant_harm = YES,
            Condition::ItemInAnotherBcu | Condition::OtherForce | Condition::Enclave => {
                self.elsewhere(condition, draft)
            }
            _ if answer(condition, draft) => {}
            _ => on_item(condition, item(draft)),
        }
    }

    /// Another child who lives, and is looked after, there.
    fn child<'d>(&self, draft: &'d mut Draft) -> &'d mut Person {
        if draft.persons.is_empty() {
            let lives = nil::area(&self.there.gss);
            let looked_after_by = lives.clone();
            draft.persons.push(Person { lives, looked_after_by, ..nil::person("other", PersonRole::OtherChild) });
        }
        &mut draft.persons[0]
    }

    /// An item at the nearest place, counted from there, that has such police.
    fn elsewhere(&self, condition: Condition, draft: &mut Draft) {
        let directory = &self.policy.directory;
        let owner = directory.locate(self.here, self.day).police();
        let fits = |police: &Police| match condition {
            Condition::ItemInAnotherBcu => matches!(police, Police::Bcu(_)) && owner.as_ref() != Ok(police),
            Condition::Enclave => directory.is_enclave(police, self.day),
            _ => matches!(police, Police::Force(_)) && !directory.is_enclave(police, self.day),
        };
        let councils = directory.authorities.iter().filter(|one| one.effective.covers(self.day));
        let (before, from): (Vec<&Authority>, Vec<&Authority>) = councils.partition(|one| one.gss < self.there.gss);
        let council = from.into_iter().chain(before).find(|one| fits(&one.police)).map(|one| one.gss.as_str());
        if let Some(code) = council.or_else(|| force(directory, self.day, fits)) {
            draft.places.push(nil::place("there", nil::area(code)));
            item(draft).at.push("there".into());
        }
    }
}

fn force(directory: &Directory, day: Date, fits: impl Fn(&Police) -> bool) -> Option<&str> {
    let ground = |role| matches!(role, ForceRole::Enclave | ForceRole::Territorial);
    let forces = directory.forces.iter().filter(|force| ground(force.role) && force.effective.covers(day));
    forces.map(|force| force.code.as_str()).find(|code| fits(&Police::Force((*code).to_owned())))
}

/// Answers of the record; false for a condition that an item makes.
fn answer(condition: Condition, draft: &mut Draft) -> bool {
    let answers = &mut draft.answers;
    match condition {
        Condition::DangerNow => answers.stop_screen = Some(danger()),
        Condition::SignificantHarm => answers.significant_harm_suspected = YES,
        Condition::FgmKnown => answers.fgm = Some(Fgm::Known),
        Condition::ForcedMarriageOrHonour | Condition::FamilyContactDangerous => answers.codes.push(HarmCode::Fm),
        Condition::LongFrequentOrHighRisk => draft.episode.episodes_30d = Some(3),
        Condition::HarmSourceAtHome => answers.harm_source_at_home = YES,
        Condition::Wanted => answers.wanted = YES,
        Condition::SelfHarm | Condition::SelfHarmOrUnreached => answers.codes.push(HarmCode::SelfHarm),
        Condition::SelfHarmRisk => {
            answers.codes.push(HarmCode::SelfHarm);
            answers.missing_again_now = YES;
        }
        Condition::SuicidalIntent => answers.suicidal_intent = YES,
        // These hold where nothing more is said; the last two nobody can say.
        Condition::EmergencyAnswerMissing | Condition::NothingElse | Condition::Undecided | Condition::Late => {}
        Condition::CarerReportsAfterRefusal => {
            draft.episode.outcome = InterviewOutcome::DeclinedChild;
            item(draft).provenance.source_role = SourceRole::Carer;
        }
        _ => return false,
    }
    true
}

fn danger() -> StopScreen {
    StopScreen { danger_now: YES, reasons: Vec::new(), emergency_call: None, reference: None, at: None }
}

/// Answers on one item; an item alone is intelligence.
fn on_item(condition: Condition, item: &mut Item) {
    match condition {
        Condition::SexualOffence => item.sexual_offence = YES,
        Condition::IndecentImages => item.images = YES,
        Condition::Trafficking | Condition::TraffickingOngoing => item.codes.push(HarmCode::Msht),
        Condition::ExploitationIndicator => item.codes.push(HarmCode::Cse),
        Condition::ItemOnRailway => item.rail = YES,
        Condition::AdultAtRisk => item.adult_at_risk = YES,
        Condition::Radicalisation => item.codes.push(HarmCode::Rad),
        Condition::Allegation => item.allegation = YES,
        _ => {}
    }
}

/// The one item.
fn item(draft: &mut Draft) -> &mut Item {
    if draft.items.is_empty() {
        draft.items.push(nil::item(ItemKind::Intelligence, &[]));
    }
    &mut draft.items[0]
}

/// What this table can be asked to show: the condition of each, and with it each condition on which a part
/// of it depends; what is owed besides, alone.
pub(super) fn all(rules: &RuleSet) -> Vec<(&'static str, Vec<Condition>)> {
    let mut all = Vec::new();
    for rule in &rules.rules {
        let raised = rule.raised.iter().map(|(_, when)| *when);
        let sends = rule.sends.iter().filter_map(|send| send.when);
        let prompts = rule.prompts.iter().filter_map(|prompt| prompt.when);
        let flags = rule.flags.iter().filter_map(|(_, when)| *when);
        let mut parts: Vec<Condition> = raised.chain(sends).chain(prompts).chain(flags).collect();
        parts.sort_unstable();
        parts.dedup();
        all.push((rule.id, vec![rule.when]));
        all.extend(parts.into_iter().map(|part| (rule.id, vec![rule.when, part])));
    }
    let owed = rules.owed.iter().filter_map(|owed| owed.when);
    all.extend(owed.map(|when| ("owed", vec![when])));
    // Found by routing and by the caretaker, not by a submission.
    all.retain(|(_, conditions)| !conditions.iter().any(|one| matches!(one, Condition::Undecided | Condition::Late)));
    all
}
