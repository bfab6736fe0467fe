//! What no redaction policy may loosen. A table is data that professionals change; below this it would tell who told us, or
//! show a carer what the carer copy is made to keep from them (redaction 3, domain 2.3).

use super::policy::{Action, Class, EffectiveRole, Lens, RedactionPolicy};

/// A cell below the floor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loosened {
    /// The class.
    pub class: Class,
    /// The role.
    pub role: EffectiveRole,
    /// The column.
    pub lens: Lens,
    /// Why it may not be what it is.
    pub why: &'static str,
}

/// Every cell of `policy` that is below the floor, in the order of the table.
pub fn loosened(policy: &RedactionPolicy) -> Vec<Loosened> {
    let mut out = Vec::new();
    for &class in Class::ALL {
        for &role in EffectiveRole::ALL {
            let of = |lens| policy.action(class, role, lens);
            for &lens in Lens::ALL {
                let why = match lens {
                    _ if of(lens) != Action::Keep && is_needed(class, role, lens) => {
                        "whoever protects the child could not tell of whom it speaks: `keep` is needed"
                    }
                    _ if of(lens) != Action::Keep => continue,
                    Lens::Item if of(Lens::Mpu) > Action::Keep => "item text may not show what a whole narrative hides",
                    Lens::Carer if !may_reach_carers(class, role) => "a carer copy is closed to it",
                    Lens::Mpu | Lens::Item if points_to_a_source(class, role) => "it would tell police who told us",
                    Lens::Mash if role == EffectiveRole::Source && names(class) => "it would tell who told us",
                    Lens::Item if is_never_in_item_text(class, role) => "domain 2.3 keeps it out of item text",
                    Lens::Mpu | Lens::Item if is_hidden_from_police(class, role) => "police have no need of it here",
                    Lens::Mash if is_hidden_from_safeguarding(class, role) => "safeguarding has no need of it here",
                    _ => continue,
                };
                out.push(Loosened { class, role, lens, why });
            }
        }
    }
    out
}

/// Classes that name or reach somebody, by themselves.
const fn names(class: Class) -> bool {
    match class {
        Class::Place | Class::Relationship | Class::Organisation | Class::CaseRef => false,
        Class::Person
        | Class::Contact
        | Class::Location
        | Class::Dob
        | Class::School
        | Class::Placement
        | Class::Vrm
        | Class::NhsNumber
        | Class::Nino
        | Class::Passport
        | Class::DrivingLicence
        | Class::BankAccount => true,
    }
}

/// What a source is known by, and the family through whom a child who is the source is known.
const fn points_to_a_source(class: Class, role: EffectiveRole) -> bool {
    use EffectiveRole as R;
    match role {
        R::SubjectSource | R::Source | R::CarerSource => names(class),
        R::ParentOfSource => matches!(class, Class::Person | Class::Contact | Class::Location | Class::Dob),
        _ => false,
    }
}

/// Numbers that are on the police's own systems or are of no use to them: of whom they may read them, the table of the design
/// paper says, and nobody else's.
const fn is_hidden_from_police(class: Class, role: EffectiveRole) -> bool {
    use EffectiveRole as R;
    match class {
        Class::NhsNumber => true,
        Class::Nino | Class::Passport | Class::DrivingLicence | Class::BankAccount => !matches!(role, R::Suspect),
        Class::Vrm => !matches!(role, R::Suspect | R::ParentCarer | R::UnlistedChild | R::Unknown),
        Class::CaseRef => matches!(role, R::SubjectSource),
        Class::Relationship => matches!(role, R::Source | R::CarerSource),
        _ => false,
    }
}

/// How to reach somebody whom police look for, and what only police work with.
const fn is_hidden_from_safeguarding(class: Class, role: EffectiveRole) -> bool {
    use EffectiveRole as R;
    match class {
        Class::Vrm | Class::Nino | Class::Passport | Class::DrivingLicence | Class::BankAccount => true,
        Class::NhsNumber => !matches!(role, R::SubjectChild | R::SubjectSource | R::OtherChild),
        Class::Contact => matches!(role, R::Suspect | R::Witness | R::SecondSource | R::UnlistedChild | R::Unknown),
        Class::Location => matches!(role, R::Witness | R::SecondSource),
        Class::Dob => matches!(role, R::Suspect),
        _ => false,
    }
}

/// What nobody may hide: the person of concern from police (domain 2.3), the children and the person of concern from
/// safeguarding. A view without them protects nobody.
const fn is_needed(class: Class, role: EffectiveRole, lens: Lens) -> bool {
    use EffectiveRole as R;
    match (class, lens) {
        (Class::Person | Class::Contact | Class::Location, Lens::Mpu | Lens::Item) => matches!(role, R::Suspect),
        (Class::Vrm, Lens::Mpu | Lens::Item) => matches!(role, R::Suspect | R::Unknown),
        (Class::Person, Lens::Mash) => {
            matches!(role, R::SubjectChild | R::SubjectSource | R::OtherChild | R::UnlistedChild | R::Suspect)
        }
        (Class::Contact | Class::Location, Lens::Mash) => {
            matches!(role, R::SubjectChild | R::SubjectSource | R::OtherChild)
        }
        _ => false,
    }
}

/// Names that never stand in item text, whoever the source is.
const fn is_never_in_item_text(class: Class, role: EffectiveRole) -> bool {
    use EffectiveRole as R;
    let kept_out = matches!(
        role,
        R::SubjectChild
            | R::OtherChild
            | R::UnlistedChild
            | R::SecondSource
            | R::ParentCarer
            | R::ParentOfSource
            | R::Submitter
    );
    kept_out && matches!(class, Class::Person | Class::Contact | Class::Location)
}

/// The child's own name, and those who help them, with how to reach them.
const fn may_reach_carers(class: Class, role: EffectiveRole) -> bool {
    use EffectiveRole as R;
    match class {
        Class::Relationship => !matches!(role, R::Source | R::CarerSource),
        Class::Person => matches!(role, R::SubjectChild | R::SubjectSource | R::Professional | R::Submitter),
        Class::Contact | Class::Location | Class::Organisation => matches!(role, R::Professional | R::Submitter),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::redaction::tests::fixture::policy;

    #[test]
    fn what_is_shipped_stands_on_the_floor() {
        assert_eq!(loosened(&policy()), []);
    }

    #[test]
    fn a_table_that_keeps_everything_is_below_it_in_every_column() {
        let words = std::sync::Arc::new(crate::domain::redaction::Lexicon::new(&[], &[]));
        let open = RedactionPolicy::new("t", words, |_, _| Some([Action::Keep; 4])).unwrap();
        let found = loosened(&open);
        for (class, role, lens) in [
            (Class::Person, EffectiveRole::Source, Lens::Mpu),
            (Class::Person, EffectiveRole::Source, Lens::Mash),
            (Class::School, EffectiveRole::SubjectSource, Lens::Item),
            (Class::Location, EffectiveRole::ParentOfSource, Lens::Mpu),
            (Class::Person, EffectiveRole::OtherChild, Lens::Item),
            (Class::Person, EffectiveRole::Suspect, Lens::Carer),
            (Class::Vrm, EffectiveRole::Unknown, Lens::Carer),
            (Class::Person, EffectiveRole::ParentOfSource, Lens::Mpu),
            (Class::NhsNumber, EffectiveRole::Suspect, Lens::Mpu),
            (Class::BankAccount, EffectiveRole::Witness, Lens::Mpu),
            (Class::Contact, EffectiveRole::Suspect, Lens::Mash),
            (Class::Vrm, EffectiveRole::Suspect, Lens::Mash),
            (Class::Dob, EffectiveRole::Suspect, Lens::Mash),
        ] {
            let cell = |one: &&Loosened| (one.class, one.role, one.lens) == (class, role, lens);
            assert_eq!(found.iter().filter(cell).count(), 1, "{class} {role} {lens}");
        }
        let suspects =
            |one: &&Loosened| one.role == EffectiveRole::Suspect && matches!(one.lens, Lens::Mpu | Lens::Item);
        let nhs = |one: &&Loosened| one.class == Class::NhsNumber;
        assert!(found.iter().filter(suspects).all(|one| nhs(&one)), "police may read of a suspect");
    }

    #[test]
    fn a_table_that_hides_everything_protects_nobody_and_is_below_it_too() {
        let words = std::sync::Arc::new(crate::domain::redaction::Lexicon::new(&[], &[]));
        let shut = RedactionPolicy::new("t", words, |_, _| Some([Action::Token; 4])).unwrap();
        let found = loosened(&shut);
        for (role, lens) in [(EffectiveRole::Suspect, Lens::Mpu), (EffectiveRole::SubjectChild, Lens::Mash)] {
            let cell = |one: &&Loosened| (one.class, one.role, one.lens) == (Class::Person, role, lens);
            assert_eq!(found.iter().filter(cell).count(), 1, "{role} {lens}");
        }
        assert!(found.iter().all(|one| one.why.contains("`keep` is needed") && one.lens != Lens::Carer));
    }
}
