//! The place a ciphertext belongs to: its additional data, length-prefixed, so that a blob moved anywhere else fails.

use uuid::Uuid;

use crate::domain::unit::{Audience, Part, UnitLabel};

/// Schema of the sealed form.
pub(super) const SCHEMA_VERSION: u32 = 2;
/// AES-256-GCM with HKDF-SHA-256.
pub(super) const ALGORITHM: u32 = 1;

/// Which record, version and organisation a sealed value is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The record.
    pub record: Uuid,
    /// Its version, 1 for the submission as received.
    pub version: u32,
    /// Organisation that submitted.
    pub organisation: String,
}

/// Where in a record a ciphertext belongs.
struct Within<'a> {
    item: Option<u16>,
    part: &'a str,
    audience: &'a str,
}

/// The two sides of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The original and provenance.
    Source,
    /// Everything else.
    Rest,
}

impl Side {
    pub(super) const BOTH: [Self; 2] = [Self::Source, Self::Rest];

    /// The side a part lies on.
    pub(super) fn of(part: Part) -> Self {
        match part {
            Part::Original | Part::Provenance => Self::Source,
            Part::EpisodeCard
            | Part::Item
            | Part::Safeguarding
            | Part::Carer
            | Part::Card
            | Part::Sender
            | Part::Withheld => Self::Rest,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Rest => "rest",
        }
    }
}

impl Place {
    /// Additional data of a unit: `homeward/seal/1`, algorithm, key id, record, version, organisation, item, part,
    /// audience, schema version.
    pub(super) fn unit(&self, key_id: &str, label: UnitLabel) -> Vec<u8> {
        let within = Within { item: label.item, part: label.part.code(), audience: label.audience.code() };
        self.bound("homeward/seal/1", key_id, within)
    }

    /// Additional data of a wrapped record key: the same under `homeward/wrap/1`, the side for a part.
    pub(super) fn wrap(&self, key_id: &str, side: Side) -> Vec<u8> {
        let within = Within { item: None, part: side.word(), audience: Audience::Nobody.code() };
        self.bound("homeward/wrap/1", key_id, within)
    }

    /// Additional data of a note: the same under `homeward/note/1`, its number for an item, the purpose for a part.
    pub(super) fn note(&self, key_id: &str, purpose: &str, number: u16) -> Vec<u8> {
        let within = Within { item: Some(number), part: purpose, audience: Audience::Nobody.code() };
        self.bound("homeward/note/1", key_id, within)
    }

    fn bound(&self, purpose: &str, key_id: &str, within: Within<'_>) -> Vec<u8> {
        let mut data = Vec::with_capacity(160);
        for field in [
            purpose.as_bytes(),
            &ALGORITHM.to_be_bytes(),
            key_id.as_bytes(),
            self.record.as_bytes(),
            &self.version.to_be_bytes(),
            self.organisation.as_bytes(),
            &within.item.unwrap_or(0).to_be_bytes(),
            within.part.as_bytes(),
            within.audience.as_bytes(),
            &SCHEMA_VERSION.to_be_bytes(),
        ] {
            data.extend_from_slice(&(field.len() as u32).to_be_bytes());
            data.extend_from_slice(field);
        }
        data
    }
}
