//! Read transparency: who opened what of a referral, in which role and when, as its sender may see it. Never a name, never what would
//! tip somebody off: the source side, police intelligence at work, and anything about a referral with an allegation stay unseen.

use jiff::Timestamp;

use super::Broker;
use crate::{
    domain::{
        delivery::Delivery,
        identity::{Identity, Role},
        policy::ReadingShown,
        reading::{Reading, is_full},
        unit::UnitLabel,
    },
    store::Record,
};

/// A reading as the sender sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenReading {
    /// Which unit.
    pub unit: UnitLabel,
    /// The role in which it was opened.
    pub role: Role,
    /// The organisation of whoever opened it, e.g. `met/SE`, where the policy shows it.
    pub organisation: Option<String>,
    /// When they first did.
    pub first: Timestamp,
    /// When they last did.
    pub last: Timestamp,
    /// How often.
    pub times: u32,
    /// The ledger's entry of the first time.
    pub index: u64,
}

impl Broker {
    /// The readings of one delivery that its sender sees, in the order of first openings.
    pub(super) fn readings(&self, record: &Record, delivery: &Delivery, all: &[Reading]) -> Vec<SeenReading> {
        let shown = self.shown(record, delivery);
        if shown == ReadingShown::Nothing {
            return Vec::new();
        }
        all.iter().filter(|reading| reading.leg == delivery.id.leg).filter_map(|reading| seen(reading, shown)).collect()
    }

    /// Whether the sender is told that others may have opened something here who are not among the readings: as many are kept of the
    /// record as can be, and whoever came later is in the ledger alone. What is never shown counts apart, so that nothing tells of it.
    pub(super) fn may_have_more(&self, record: &Record, delivery: &Delivery, all: &[Reading]) -> bool {
        self.shown(record, delivery) != ReadingShown::Nothing && is_full(all, false)
    }

    /// What the sender is shown of who reads a delivery.
    fn shown(&self, record: &Record, delivery: &Delivery) -> ReadingShown {
        match record.excluded.is_empty() {
            true => self.rulebook().policy.memory.shows(delivery.header.queue.kind()),
            false => ReadingShown::Nothing,
        }
    }
}

/// A reading as it is shown; none where it never is.
fn seen(reading: &Reading, shown: ReadingShown) -> Option<SeenReading> {
    let identity = Identity::kept(&reading.by).filter(|_| !reading.is_hidden())?;
    Some(SeenReading {
        unit: reading.unit,
        role: identity.role(),
        organisation: (shown == ReadingShown::Unit).then(|| identity.organisation().to_string()),
        first: reading.first,
        last: reading.last,
        times: reading.times,
        index: reading.index,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::unit::{Audience, Part};

    fn reading(by: &str, part: Part) -> Reading {
        let at = "2026-11-21T12:00:00Z".parse().unwrap();
        let unit = UnitLabel { item: None, part, audience: Audience::Nobody };
        let by = format!("homeward://pilot.example/{by}");
        Reading { leg: 1, unit, by, first: at, last: at, times: 2, index: 7 }
    }

    #[test]
    fn a_role_and_where_the_policy_says_so_a_unit_but_never_a_name() {
        let officer = reading("met/SE/mpu_officer/p123", Part::EpisodeCard);
        let unit = seen(&officer, ReadingShown::Unit).unwrap();
        assert_eq!((unit.role, unit.organisation.as_deref(), unit.times), (Role::MpuOfficer, Some("met/SE"), 2));
        let role = seen(&officer, ReadingShown::Role).unwrap();
        assert_eq!((role.role, role.organisation.as_deref()), (Role::MpuOfficer, None));
        assert!(!format!("{unit:?}{role:?}").contains("p123"));
    }

    #[test]
    fn the_source_side_and_police_intelligence_are_never_shown() {
        for part in [Part::Original, Part::Provenance] {
            assert_eq!(seen(&reading("gss/E09000023/lead_practitioner/l1", part), ReadingShown::Unit), None);
        }
        assert_eq!(seen(&reading("met/SE/police_intelligence/i1", Part::Item), ReadingShown::Unit), None);
        assert_eq!(seen(&reading("nobody that can be read", Part::Item), ReadingShown::Unit), None);
    }
}
