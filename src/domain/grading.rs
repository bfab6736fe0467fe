//! Grades, 3x5x2: what the broker proposes for each item from how its source knows (domain 2.2, D24), and what police
//! intelligence confirms.
//!
//! The practitioner is never asked for a grade and the broker never confirms one: police do. The broker never proposes
//! 3, nor 1 for anyone but the practitioner's own observation.

mod confirming;
mod handling;

pub use confirming::{ConfirmedGrade, Grade, Stated};
pub use handling::{ActionCode, Conditions, Handling, HandlingCode, SanitisationCode};

use super::{
    code::{HowKnown, PersonRole, SourceRole},
    decision::{InformationGrade, ItemGrade, SourceGrade},
    stage::{Graded, Redacted},
    submission::{Draft, Item, Provenance},
    text::Text,
};

/// Proposes a grade for each item.
pub fn grade(redacted: Redacted) -> Graded {
    let grades = propose(redacted.draft());
    Graded::new(redacted, grades)
}

/// The proposed grade of each item, in item order.
pub fn propose(draft: &Draft) -> Vec<ItemGrade> {
    (1..=u16::MAX).zip(&draft.items).map(|(number, item)| propose_one(number, item, draft)).collect()
}

fn propose_one(number: u16, item: &Item, draft: &Draft) -> ItemGrade {
    let from = &item.provenance;
    let (source, information, row) = source_and_information(from, draft);
    let identifiable = from.source_identifiable != Some(false);
    let handling = if identifiable { Handling::standing() } else { Handling::Permitted };
    let why = std::iter::once(row).chain(to_mind(from)).collect();
    ItemGrade { item: number, source, information, handling, why }
}

/// The ladder of 2.2, from the top: doubt, rumour, told by another, then what the source knows directly. A
/// contradiction or retraction by itself changes nothing (D24).
fn source_and_information(from: &Provenance, draft: &Draft) -> (SourceGrade, InformationGrade, &'static str) {
    use InformationGrade as Info;
    use SourceGrade::{Reliable, Untested};
    if from.practitioner_doubts == Some(true) {
        return (Untested, Info::SuspectedFalse, "the practitioner doubts it and says why");
    }
    match from.how_known {
        HowKnown::Rumour | HowKnown::GroupChat | HowKnown::EveryoneKnows => {
            (Untested, Info::NotKnown, "rumour, a group chat, or what everyone knows")
        }
        _ if relayed(from) && corroborated(from, draft) => {
            (Untested, Info::Corroborated, "told by another; a different person in this record knows it themselves")
        }
        HowKnown::ToldByOther => (Untested, Info::KnownIndirectly, "another person told the source"),
        _ if relayed(from) => (Untested, Info::KnownIndirectly, "another professional's account, relayed"),
        _ if is_own_observation(from, draft) => {
            (Reliable, Info::KnownDirectly, "the practitioner's own sight or hearing")
        }
        _ => (Untested, Info::KnownDirectly, "the source saw, heard, did or was told it by the person concerned"),
    }
}

/// What a reader of the grade should mind: it changes nothing.
fn to_mind(from: &Provenance) -> impl Iterator<Item = &'static str> {
    let doubted = from.practitioner_doubts == Some(true);
    let retracted = from.retracted == Some(true);
    let contradicted = from.contradicted == Some(true);
    [
        (retracted || doubted).then_some("a child's retraction is no proof of falsity"),
        (retracted && !doubted).then_some("it was taken back, which by itself lowers nothing"),
        (contradicted && !doubted).then_some("it is contradicted, which by itself lowers nothing"),
        // 2.2 asks only whether somebody could tell who the source is; police choose the final codes.
        (from.source_at_risk == Some(true) && from.source_identifiable == Some(false)).then_some(
            "the source would be at risk if it is used: consider conditions, though nobody is to tell who they are",
        ),
    ]
    .into_iter()
    .flatten()
}

/// Not the source's own knowledge: told by another, or another professional's account (D24).
fn relayed(from: &Provenance) -> bool {
    from.how_known == HowKnown::ToldByOther || from.source_role == SourceRole::Professional
}

/// The worker's own sight or hearing: of nobody whom the record names as anything but somebody at work. 1 is never proposed for a
/// child or carer, whatever role the sender gave the source (D24).
fn is_own_observation(from: &Provenance, draft: &Draft) -> bool {
    use PersonRole::{Police, Practitioner, Professional};
    let at_work = |id: &Text| {
        let mut named = draft.persons.iter().filter(|person| person.id == *id);
        named.all(|person| matches!(person.role, Practitioner | Professional | Police))
    };
    from.source_role == SourceRole::Practitioner && from.source.as_ref().is_none_or(at_work)
}

/// 2B needs a different person with own knowledge in the same record (D24).
fn corroborated(from: &Provenance, draft: &Draft) -> bool {
    from.corroboration.iter().any(|support| {
        let affirmed = [support.in_this_record, support.different_person, support.own_knowledge];
        affirmed == [Some(true); 3] && !is_the_source(support.by.reveal(), from, draft)
    })
}

fn is_the_source(person: &str, from: &Provenance, draft: &Draft) -> bool {
    let has_role = |role| draft.persons.iter().any(|known| known.id.reveal() == person && known.role == role);
    match &from.source {
        Some(source) if !source.is_blank() => source.reveal() == person,
        _ => match from.source_role {
            SourceRole::Child => has_role(PersonRole::Child),
            SourceRole::Practitioner => has_role(PersonRole::Practitioner),
            SourceRole::Carer | SourceRole::Parent | SourceRole::Professional => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        submission::Corroboration,
        testing::{draft, intelligence, person},
    };

    fn proposed(role: SourceRole, how: HowKnown, change: impl FnOnce(&mut Provenance)) -> String {
        let mut draft = draft();
        let persons = [("kid", PersonRole::Child), ("mum", PersonRole::Parent), ("worker", PersonRole::Practitioner)];
        draft.persons = persons.into_iter().map(|(id, role)| person(id, role)).collect();
        let mut item = intelligence();
        item.provenance.source_role = role;
        item.provenance.how_known = how;
        change(&mut item.provenance);
        draft.items = vec![item];
        propose(&draft)[0].proposed()
    }

    fn support(by: &str) -> Corroboration {
        let yes = Some(true);
        Corroboration { by: by.into(), in_this_record: yes, different_person: yes, own_knowledge: yes }
    }

    #[test]
    fn the_ladder_of_2_2_and_d24() {
        use HowKnown::{
            Did, EveryoneKnows, Experienced, GroupChat, HeardDirectly, MessageFromPersonConcerned, Rumour, Saw,
            SawOwnPost, ToldByOther, ToldToFace,
        };
        use SourceRole::{Carer, Child, Parent, Practitioner, Professional};
        for direct in [Saw, Did, Experienced, ToldToFace, HeardDirectly, MessageFromPersonConcerned, SawOwnPost] {
            for (role, grade) in
                [(Child, "2A"), (Carer, "2A"), (Parent, "2A"), (Practitioner, "1A"), (Professional, "2C")]
            {
                assert_eq!(proposed(role, direct, |_| ()), grade, "{role} {direct}");
            }
        }
        for role in SourceRole::ALL {
            assert_eq!(proposed(*role, ToldByOther, |_| ()), "2C", "{role}");
            for rumour in [Rumour, GroupChat, EveryoneKnows] {
                assert_eq!(proposed(*role, rumour, |_| ()), "2D", "{role} {rumour}");
            }
        }
    }

    #[test]
    fn d24_one_is_never_proposed_for_a_child_or_carer_whatever_role_the_source_was_given() {
        let worker =
            |source: &str| proposed(SourceRole::Practitioner, HowKnown::Saw, |from| from.source = Some(source.into()));
        assert_eq!(worker("kid"), "2A");
        assert_eq!(worker("mum"), "2A");
        assert_eq!(worker("worker"), "1A");
        assert_eq!(worker(" "), "1A", "the interviewer");
    }

    #[test]
    fn only_a_different_person_with_own_knowledge_in_this_record_corroborates() {
        let told = |change: &dyn Fn(&mut Corroboration)| {
            proposed(SourceRole::Child, HowKnown::ToldByOther, |from| {
                let mut support = support("mum");
                change(&mut support);
                from.corroboration = vec![support];
            })
        };
        assert_eq!(told(&|_| ()), "2B");
        assert_eq!(told(&|support| support.in_this_record = None), "2C");
        assert_eq!(told(&|support| support.different_person = Some(false)), "2C");
        assert_eq!(told(&|support| support.own_knowledge = None), "2C");
        assert_eq!(told(&|support| support.by = "kid".into()), "2C", "the child is the source");
    }

    #[test]
    fn a_doubt_with_reason_is_2e_and_a_retraction_alone_changes_nothing() {
        let doubt = |from: &mut Provenance| from.practitioner_doubts = Some(true);
        assert_eq!(proposed(SourceRole::Child, HowKnown::Saw, doubt), "2E");
        let retracted = |from: &mut Provenance| {
            from.retracted = Some(true);
            from.contradicted = Some(true);
        };
        assert_eq!(proposed(SourceRole::Child, HowKnown::Saw, retracted), "2A");
    }

    #[test]
    fn conditions_come_with_an_instruction_and_p_with_none() {
        let mut draft = draft();
        draft.items = vec![intelligence(), intelligence()];
        draft.items[1].provenance.source_identifiable = Some(false);
        let grades = propose(&draft);
        assert_eq!(grades[0].handling, Handling::standing());
        assert_eq!(grades[1].handling, Handling::Permitted);
        draft.items[1].provenance.source_at_risk = Some(true);
        let told = &propose(&draft)[1];
        assert_eq!(told.handling, Handling::Permitted, "2.2 asks whether somebody could tell who the source is");
        assert!(told.why.iter().any(|why| why.contains("at risk if it is used")), "{:?}", told.why);
    }
}
