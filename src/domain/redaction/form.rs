//! What the structured part of a record says: who and what is listed, and whose it is. Plain values, so that it can be
//! filled from a submission or from anything else that names people.

use jiff::civil::Date;

use super::policy::{Class, EffectiveRole};
use crate::domain::{
    code::{Sex, vocabulary},
    text::Text,
};

vocabulary! {
    /// What a mention is of.
    Entity {
        /// A person's name in any form.
        Person = "PERSON",
        /// Telephone number.
        Phone = "PHONE",
        /// E-mail address.
        Email = "EMAIL",
        /// Handle of an online account.
        Handle = "HANDLE",
        /// Web address.
        Url = "URL",
        /// NHS number.
        NhsNumber = "NHS_NUMBER",
        /// National Insurance number.
        Nino = "NINO",
        /// Passport number.
        Passport = "PASSPORT",
        /// Driving licence number.
        DrivingLicence = "DRIVING_LICENCE",
        /// Bank account.
        BankAccount = "BANK_ACCOUNT",
        /// Vehicle registration mark.
        Vrm = "VRM",
        /// Postcode.
        Postcode = "POSTCODE",
        /// Address line.
        Address = "ADDRESS",
        /// Date of birth.
        Dob = "DOB",
        /// School.
        School = "SCHOOL",
        /// Placement.
        Placement = "PLACEMENT",
        /// Place of concern.
        Place = "PLACE",
        /// Case or police reference.
        CaseRef = "CASE_REF",
        /// Word for a relationship.
        Relationship = "RELATIONSHIP",
        /// Council, team, agency or home.
        Organisation = "ORGANISATION",
    }
}

impl Entity {
    /// False for a word for a relationship and for an organisation: they are replaced where a policy says so, but name
    /// no person and no value by themselves.
    pub const fn is_reported(self) -> bool {
        !matches!(self, Self::Relationship | Self::Organisation)
    }

    /// The row of the policy that this kind of mention reads.
    pub const fn class(self) -> Class {
        match self {
            Self::Person => Class::Person,
            Self::Phone | Self::Email | Self::Handle | Self::Url => Class::Contact,
            Self::NhsNumber => Class::NhsNumber,
            Self::Nino => Class::Nino,
            Self::Passport => Class::Passport,
            Self::DrivingLicence => Class::DrivingLicence,
            Self::BankAccount => Class::BankAccount,
            Self::Vrm => Class::Vrm,
            Self::Postcode | Self::Address => Class::Location,
            Self::Dob => Class::Dob,
            Self::School => Class::School,
            Self::Placement => Class::Placement,
            Self::Place => Class::Place,
            Self::CaseRef => Class::CaseRef,
            Self::Relationship => Class::Relationship,
            Self::Organisation => Class::Organisation,
        }
    }
}

/// Everything listed in one record.
#[derive(Debug, Clone, Default)]
pub struct Form {
    /// Everyone named. Order does not matter.
    pub persons: Vec<ListedPerson>,
    /// Everything else that is listed. Order does not matter.
    pub values: Vec<ListedValue>,
    /// The child's recorded sex: "he" is not a girl.
    pub child_sex: Option<Sex>,
    /// The day on which an age is stated when a date of birth is made coarser.
    pub as_of: Option<Date>,
}

/// Somebody named in the form.
#[derive(Debug, Clone)]
pub struct ListedPerson {
    /// Id, unique in the form; decides the number in a pseudonym.
    pub id: Text,
    /// Name, then aliases.
    pub names: Vec<Text>,
    /// What they are to the record.
    pub role: EffectiveRole,
    /// Date of birth.
    pub date_of_birth: Option<Date>,
    /// Relationship in words, e.g. "swimming teacher".
    pub relationship: Option<Text>,
}

/// A value given in the form: a number, an address, a place.
#[derive(Debug, Clone)]
pub struct ListedValue {
    /// What it is.
    pub entity: Entity,
    /// As given.
    pub text: Text,
    /// Whose it is.
    pub role: EffectiveRole,
}
