//! Persons named in the record.

use jiff::civil::Date;

use crate::domain::{
    code::{DataSubjectCategory, PersonRole, Sex},
    geography::Area,
    text::Text,
};

/// Someone named in the record.
#[derive(Debug, Clone)]
pub struct Person {
    /// Local id, unique within the submission.
    pub id: Text,
    /// Name as known; may be a nickname.
    pub name: Text,
    /// Other names.
    pub aliases: Vec<Text>,
    /// Role.
    pub role: PersonRole,
    /// Data-subject category.
    pub category: DataSubjectCategory,
    /// Relationship to the child, in words.
    pub relationship: Option<Text>,
    /// Date of birth.
    pub date_of_birth: Option<Date>,
    /// Home address.
    pub address: Option<Text>,
    /// Postcode.
    pub postcode: Option<Text>,
    /// School.
    pub school: Option<Text>,
    /// NHS number.
    pub nhs_number: Option<Text>,
    /// Where they live.
    pub lives: Area,
    /// Child at risk; absent: see domain 3.1.
    pub at_risk: Option<bool>,
    /// Significant harm to that child suspected.
    pub significant_harm: Option<bool>,
    /// Can be identified; absent is yes (D11).
    pub identifiable: Option<bool>,
    /// Authority that looks after them; [`Area::Absent`] when nobody does.
    pub looked_after_by: Area,
    /// Missing with the subject.
    pub missing_with_subject: Option<bool>,
    /// Accused in an allegation (R18).
    pub allegation: Option<bool>,
    /// Queue they work in, as written, e.g. `MPU.SE`.
    pub works_in_queue: Option<Text>,
    /// Certificate identity of the accused, where known (D08).
    pub identity: Option<Text>,
    /// Employer, home or agency.
    pub organisation: Option<Text>,
    /// Description.
    pub description: Description,
}

/// Description of a person.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// Age or age range, in words.
    pub age_range: Option<Text>,
    /// Sex.
    pub sex: Option<Sex>,
    /// Build, hair, marks, accent, clothing incl. uniform.
    pub appearance: Option<Text>,
}
