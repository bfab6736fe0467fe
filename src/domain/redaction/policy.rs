//! The redaction policy as data: what happens to each class of entity, by whose it is and who reads (redaction 3).

use std::sync::Arc;

use super::lexicon::Lexicon;
use crate::domain::{code::vocabulary, unit::Audience};

vocabulary! {
    /// Classes of entity that the policy has a row for.
    Class {
        /// Names of people in all their forms.
        Person = "person",
        /// Telephone, e-mail, handle, URL.
        Contact = "contact",
        /// Address and postcode of a person.
        Location = "location",
        /// Date of birth.
        Dob = "dob",
        /// School or college.
        School = "school",
        /// Children's home or foster placement.
        Placement = "placement",
        /// A place where something happened.
        Place = "place",
        /// Vehicle registration mark.
        Vrm = "vrm",
        /// NHS number.
        NhsNumber = "nhs_number",
        /// National Insurance number.
        Nino = "nino",
        /// Passport number.
        Passport = "passport",
        /// Driving licence number.
        DrivingLicence = "driving_licence",
        /// Bank account and sort code.
        BankAccount = "bank_account",
        /// Case, police or sender's reference.
        CaseRef = "case_ref",
        /// The word for how somebody is related to the child or the source.
        Relationship = "relationship",
        /// A council, team, agency or home.
        Organisation = "organisation",
    }
}

vocabulary! {
    /// What a person is to this record when a view is made (domain 2.4, "Roles in the views").
    EffectiveRole {
        /// The subject child, source of no item.
        SubjectChild = "subject_child",
        /// The subject child, source of at least one item.
        SubjectSource = "subject_source",
        /// Another child.
        OtherChild = "other_child",
        /// Person of concern.
        Suspect = "suspect",
        /// Anyone else.
        Witness = "witness",
        /// Anyone else who bears an item out: a second source (domain 2.3).
        SecondSource = "second_source",
        /// A source who is neither the child nor a parent or carer.
        Source = "source",
        /// Parent, carer or household member; the child is not a source.
        ParentCarer = "parent_carer",
        /// Parent, carer or household member of a child who is a source.
        ParentOfSource = "parent_of_source",
        /// Parent, carer or household member who is a source.
        CarerSource = "carer_source",
        /// Professional or police.
        Professional = "professional",
        /// The submitting side: reporter, interviewer, line manager, their organisations (domain 2.3).
        Submitter = "submitter",
        /// A place of concern: nobody's.
        Place = "place",
        /// A child whom the texts name and nobody listed.
        UnlistedChild = "unlisted_child",
        /// Nobody listed.
        Unknown = "unknown",
    }
}

vocabulary! {
    /// What happens to a mention. Ordered: the later, the more restrictive.
    Action {
        /// The text stays.
        Keep = "keep",
        /// Something coarser: a date of birth becomes an age.
        Generalise = "generalise",
        /// A label of its type.
        Mask = "mask",
        /// A pseudonym that is the same all over the record.
        Token = "token",
    }
}

vocabulary! {
    /// Which column of the policy a text is read through.
    Lens {
        /// Police intelligence, over a whole narrative.
        Mpu = "mpu",
        /// Police intelligence, over item text, where domain 2.3 asks for more than the narrative table.
        Item = "item",
        /// Safeguarding.
        Mash = "mash",
        /// The carer copy.
        Carer = "carer",
    }
}

impl Lens {
    /// The lens for a whole narrative read by `audience`; `None` where nothing is rendered.
    pub const fn narrative(audience: Audience) -> Option<Self> {
        match audience {
            Audience::Nobody => None,
            Audience::Mpu => Some(Self::Mpu),
            Audience::Mash => Some(Self::Mash),
            Audience::Carer => Some(Self::Carer),
        }
    }
}

/// One cell row: the action under each [`Lens`], in declared order.
pub type Row = [Action; Lens::ALL.len()];

/// The whole table, and the words that texts are read by. Every cell has a value: there is no default to fall back on.
#[derive(Debug, Clone)]
pub struct RedactionPolicy {
    version: String,
    rows: Vec<Row>,
    words: Arc<Lexicon>,
}

/// A cell that the table lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no row for {class} of {role}")]
pub struct MissingRow {
    /// The class.
    pub class: Class,
    /// The role.
    pub role: EffectiveRole,
}

impl RedactionPolicy {
    /// A table of `version`, asking `row` for every class and role, to be read with `words`.
    ///
    /// # Errors
    /// Every class and role for which `row` has nothing.
    pub fn new(
        version: impl Into<String>,
        words: Arc<Lexicon>,
        row: impl Fn(Class, EffectiveRole) -> Option<Row>,
    ) -> Result<Self, Vec<MissingRow>> {
        let mut rows = Vec::with_capacity(Class::ALL.len() * EffectiveRole::ALL.len());
        let mut missing = Vec::new();
        for &class in Class::ALL {
            for &role in EffectiveRole::ALL {
                match row(class, role) {
                    Some(row) => rows.push(row),
                    None => missing.push(MissingRow { class, role }),
                }
            }
        }
        if missing.is_empty() { Ok(Self { version: version.into(), rows, words }) } else { Err(missing) }
    }

    /// The words that texts are read by.
    pub fn words(&self) -> &Lexicon {
        &self.words
    }

    /// The version, for explanations.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The whole table in one fixed form, from which its digest is taken: the version, then a line for each class and role
    /// with the action under every lens, then the lists of words. Comments, spacing and order of the file make no difference.
    pub fn canonical(&self) -> String {
        let mut text = format!("homeward/redaction/1\nversion {}\n", self.version);
        for &class in Class::ALL {
            for &role in EffectiveRole::ALL {
                text.push_str(&format!("{class} {role}"));
                for &lens in Lens::ALL {
                    text.push_str(&format!(" {lens}={}", self.action(class, role, lens)));
                }
                text.push('\n');
            }
        }
        text.push_str(self.words.canonical());
        text
    }

    /// What happens to an entity of `class` that belongs to a person in `role`, read through `lens`.
    pub fn action(&self, class: Class, role: EffectiveRole, lens: Lens) -> Action {
        self.rows[class as usize * EffectiveRole::ALL.len() + role as usize][lens as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_words() -> Arc<Lexicon> {
        Arc::new(Lexicon::new(&[], &[]))
    }

    #[test]
    fn a_missing_row_is_named() {
        let missing = RedactionPolicy::new("t", no_words(), |class, role| {
            (class != Class::Dob || role != EffectiveRole::Witness).then_some([Action::Keep; 4])
        });
        assert_eq!(missing.err(), Some(vec![MissingRow { class: Class::Dob, role: EffectiveRole::Witness }]));
    }

    #[test]
    fn the_canonical_form_tells_every_cell_and_the_version_apart() {
        let all_kept = RedactionPolicy::new("t", no_words(), |_, _| Some([Action::Keep; 4])).unwrap();
        let rows = Class::ALL.len() * EffectiveRole::ALL.len();
        assert_eq!(all_kept.canonical().lines().count(), 2 + rows);
        let mut forms = std::collections::BTreeSet::from([all_kept.canonical()]);
        for &class in Class::ALL {
            for cell in 0..4 {
                let policy = RedactionPolicy::new("t", no_words(), |this, role| {
                    let mut row = [Action::Keep; 4];
                    if this == class && role == EffectiveRole::Witness {
                        row[cell] = Action::Mask;
                    }
                    Some(row)
                });
                assert!(forms.insert(policy.unwrap().canonical()), "{class} {cell}");
            }
        }
        let renamed = RedactionPolicy::new("u", no_words(), |_, _| Some([Action::Keep; 4])).unwrap();
        assert!(forms.insert(renamed.canonical()));
        let words = Lexicon::new(&[(crate::domain::redaction::WordList::Title, vec!["mr".to_owned()])], &[]);
        let worded = RedactionPolicy::new("t", Arc::new(words), |_, _| Some([Action::Keep; 4])).unwrap();
        assert!(forms.insert(worded.canonical()));
    }

    #[test]
    fn a_cell_is_found_by_class_role_and_lens() {
        let policy = RedactionPolicy::new("t", no_words(), |class, role| {
            let here = class == Class::Vrm && role == EffectiveRole::Suspect;
            Some(if here { [Action::Keep, Action::Keep, Action::Mask, Action::Token] } else { [Action::Generalise; 4] })
        })
        .unwrap();
        assert_eq!(policy.action(Class::Vrm, EffectiveRole::Suspect, Lens::Mash), Action::Mask);
        assert_eq!(policy.action(Class::Vrm, EffectiveRole::Suspect, Lens::Carer), Action::Token);
        assert_eq!(policy.action(Class::Vrm, EffectiveRole::Witness, Lens::Carer), Action::Generalise);
    }
}
