//! Who read what of a delivery: kept beside it, so that its sender can be shown (read transparency).

use jiff::Timestamp;

use super::{
    identity::{Identity, Role},
    unit::{Part, UnitLabel},
};

/// Readings that one record keeps, at most, of those that a sender may be shown, and as many of the others: it is read and written with
/// all of them. The ledger has every one.
pub const MOST_READINGS: usize = 250;

/// One reader, and one unit that they opened, once or oftener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The leg on which they opened it.
    pub leg: u16,
    /// Which unit.
    pub unit: UnitLabel,
    /// Their identity.
    pub by: String,
    /// When they first did.
    pub first: Timestamp,
    /// When they last did.
    pub last: Timestamp,
    /// How often.
    pub times: u32,
    /// The ledger's entry of the first time.
    pub index: u64,
}

impl Reading {
    /// Whether these are the same reader and the same unit of the same leg.
    pub fn is_of(&self, leg: u16, by: &str, unit: UnitLabel) -> bool {
        self.leg == leg && self.by == by && self.unit == unit
    }

    /// Whether no policy shows it to a sender: it is of the source side, by police intelligence, or by nobody that can be read.
    pub fn is_hidden(&self) -> bool {
        let source_side = matches!(self.unit.part, Part::Original | Part::Provenance);
        source_side || Identity::kept(&self.by).is_none_or(|by| by.role() == Role::PoliceIntelligence)
    }
}

/// Whether as many readings are kept as can be, of those that may be shown, or of the others.
pub fn is_full(readings: &[Reading], hidden: bool) -> bool {
    readings.iter().filter(|one| one.is_hidden() == hidden).count() >= MOST_READINGS
}
