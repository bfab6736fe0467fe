//! Who read what of a delivery: kept beside it, so that its sender can be shown (read transparency).

use jiff::Timestamp;

use super::unit::UnitLabel;

/// Readings that one record keeps, at most: it is read and written with all of them. The ledger has every one.
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
}
