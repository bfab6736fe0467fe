//! A form as a narrative's structured part states it: everyone by their bare role, everything by its owner's id. What
//! everyone is to the record follows from that here (redaction 3).

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    form::{Entity, Form, ListedPerson, ListedValue},
    policy::EffectiveRole,
};
use crate::domain::{code::vocabulary, text::Text};

vocabulary! {
    /// What a person is by the form alone.
    StatedRole {
        /// The child whom the record is about.
        SubjectChild = "subject_child",
        /// Another child.
        OtherChild = "other_child",
        /// Person of concern.
        Suspect = "suspect",
        /// Somebody who saw or knows.
        Witness = "witness",
        /// Who told.
        Source = "source",
        /// Parent or carer.
        ParentCarer = "parent_carer",
        /// Professional.
        Professional = "professional",
    }
}

/// Everything that is stated beside a narrative.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// Everyone named. Order does not matter.
    pub persons: Vec<StatedPerson>,
    /// Everything else. Order does not matter.
    pub belongings: Vec<Belonging>,
}

/// Somebody named.
#[derive(Debug, Clone)]
pub struct StatedPerson {
    /// Id, by which belongings name their owner.
    pub id: Text,
    /// Name, then aliases.
    pub names: Vec<Text>,
    /// What they are.
    pub role: StatedRole,
    /// True when the information came from them.
    pub source: bool,
    /// Date of birth.
    pub date_of_birth: Option<Date>,
    /// Relationship in words.
    pub relationship: Option<Text>,
}

/// Something of somebody's, or a place.
#[derive(Debug, Clone)]
pub struct Belonging {
    /// What it is.
    pub entity: Entity,
    /// As given.
    pub text: Text,
    /// Whose it is.
    pub owner: Owned,
}

/// Whose something is.
#[derive(Debug, Clone)]
pub enum Owned {
    /// The person with this id; nobody listed is nobody known.
    By(Text),
    /// Nobody known.
    Unknown,
    /// A place of concern is nobody's.
    Place,
}

impl Listing {
    /// The form, with everyone's effective role.
    pub fn form(self) -> Form {
        let child_is_source =
            self.persons.iter().any(|person| person.role == StatedRole::SubjectChild && person.source);
        let role = |person: &StatedPerson| effective(person.role, person.source, child_is_source);
        let by_id: BTreeMap<String, EffectiveRole> =
            self.persons.iter().map(|person| (person.id.reveal().to_owned(), role(person))).collect();
        let owner = |owner: &Owned| match owner {
            Owned::By(id) => by_id.get(id.reveal()).copied().unwrap_or(EffectiveRole::Unknown),
            Owned::Unknown => EffectiveRole::Unknown,
            Owned::Place => EffectiveRole::Place,
        };
        let values = self.belongings.into_iter().filter(|belonging| !belonging.text.is_blank());
        let values =
            values.map(|Belonging { entity, text, owner: whose }| ListedValue { entity, text, role: owner(&whose) });
        let values = values.collect();
        let listed = |person: StatedPerson| ListedPerson {
            role: role(&person),
            id: person.id,
            names: person.names,
            date_of_birth: person.date_of_birth,
            relationship: person.relationship,
        };
        Form { values, persons: self.persons.into_iter().map(listed).collect(), child_sex: None, as_of: None }
    }
}

/// What somebody is to the record. The child and the parents keep a row of their own where they are the source: their
/// names tell who told even where nobody says so.
fn effective(role: StatedRole, source: bool, child_is_source: bool) -> EffectiveRole {
    match (role, source) {
        (StatedRole::SubjectChild, true) => EffectiveRole::SubjectSource,
        (StatedRole::SubjectChild, false) => EffectiveRole::SubjectChild,
        (StatedRole::ParentCarer, true) => EffectiveRole::CarerSource,
        (StatedRole::ParentCarer, false) if child_is_source => EffectiveRole::ParentOfSource,
        (StatedRole::ParentCarer, false) => EffectiveRole::ParentCarer,
        (StatedRole::Source, _) | (_, true) => EffectiveRole::Source,
        (StatedRole::OtherChild, false) => EffectiveRole::OtherChild,
        (StatedRole::Suspect, false) => EffectiveRole::Suspect,
        (StatedRole::Witness, false) => EffectiveRole::Witness,
        (StatedRole::Professional, false) => EffectiveRole::Professional,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_told_decides_the_role_before_what_they_are() {
        use EffectiveRole as E;
        use StatedRole as S;
        for (role, source, child_is_source, expected) in [
            (S::SubjectChild, false, false, E::SubjectChild),
            (S::SubjectChild, true, true, E::SubjectSource),
            (S::ParentCarer, false, false, E::ParentCarer),
            (S::ParentCarer, false, true, E::ParentOfSource),
            (S::ParentCarer, true, true, E::CarerSource),
            (S::Source, false, true, E::Source),
            (S::OtherChild, true, false, E::Source),
            (S::Suspect, true, false, E::Source),
            (S::Professional, true, false, E::Source),
            (S::Suspect, false, true, E::Suspect),
            (S::Witness, false, true, E::Witness),
        ] {
            assert_eq!(effective(role, source, child_is_source), expected, "{role} {source} {child_is_source}");
        }
    }

    #[test]
    fn a_belonging_has_the_role_of_its_owner() {
        let person = |id: &str, role, source| StatedPerson {
            id: id.into(),
            names: vec!["Somebody".into()],
            role,
            source,
            date_of_birth: None,
            relationship: None,
        };
        let belonging = |owner| Belonging { entity: Entity::Phone, text: "07700 900123".into(), owner };
        let listing = Listing {
            persons: vec![person("a", StatedRole::SubjectChild, true), person("b", StatedRole::ParentCarer, false)],
            belongings: vec![
                belonging(Owned::By("b".into())),
                belonging(Owned::By("nobody".into())),
                belonging(Owned::Unknown),
                belonging(Owned::Place),
                Belonging { entity: Entity::Email, text: " ".into(), owner: Owned::Unknown },
            ],
        };
        let roles: Vec<EffectiveRole> = listing.form().values.iter().map(|value| value.role).collect();
        use EffectiveRole as E;
        assert_eq!(roles, [E::ParentOfSource, E::Unknown, E::Unknown, E::Place], "a blank value is none");
    }
}
