//! Paging: what must reach a person at once, whom, why, and how soon it is tried again. A page says that something waits, never what.

use std::fmt;

use jiff::{SignedDuration, civil::Date};

use super::{
    contacts::{Above, Contacts, Cover, Post, Standing},
    delivery::{DeliveryId, Header},
    directory::Directory,
    history::Escalation,
    queue::QueueId,
};

/// The rule by which a late delivery is paged.
pub const LATE: &str = "R25";

/// Units that are asked in turn, at most: each stands in for the one before.
const MOST_STAND_INS: usize = 8;

/// The first wait after an attempt that failed; each is twice as long as the one before, up to the longest.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(5);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(5);

/// Names a page: its delivery, and how often that had been escalated; written `<uuid>.<leg>.<number>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageId {
    /// The delivery.
    pub delivery: DeliveryId,
    /// 0 for the page of its arrival, then one more with each escalation.
    pub number: u16,
}

impl fmt::Display for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.delivery, self.number)
    }
}

/// Why what arrives is paged: immediate danger, a matter on HOLD, else its class.
pub fn why(header: &Header) -> &str {
    let named = |rule: &&str| header.rules.iter().any(|own| own == rule);
    match ["R00", "R24"].into_iter().find(named) {
        Some(rule) => rule,
        None if header.held.is_some() => "R24",
        None => header.class.code(),
    }
}

/// How long after a failed attempt the next one is made, of which so many have failed before it.
pub fn wait_after(failed: u32) -> SignedDuration {
    FIRST_WAIT.saturating_mul(1 << failed.min(16)).min(LONGEST_WAIT)
}

impl Contacts {
    /// Who is to be paged for `queue` on `day`: its own unit while it is covered and its entry can be relied on, else who stands in
    /// for it, and so on; a person on HOLD where nobody does. Never one of `never`.
    pub fn on_duty(
        &self,
        queue: &QueueId,
        day: Date,
        covered: impl Fn(&QueueId, Cover) -> bool,
        never: &[QueueId],
    ) -> QueueId {
        let mut asked = queue.clone();
        for _ in 0..MOST_STAND_INS {
            let Some(contact) = self.of(&asked, day) else { break };
            let there = self.standing(contact, day) != Standing::Stale && covered(&asked, contact.cover);
            if there && !never.contains(&asked) {
                return asked;
            }
            let Some(next) = contact.fallback.clone() else { break };
            asked = next;
        }
        QueueId::hold()
    }

    /// Who is turned to for what is late in `queue` and of a child of `council`, on `day` (R25); none where the directory has nobody.
    pub fn above(
        &self,
        directory: &Directory,
        to: Escalation,
        (queue, council): (&QueueId, &str),
        day: Date,
    ) -> Option<&Post> {
        let above = match to {
            Escalation::QueueSupervisor => Above::Supervisor(queue.clone()),
            Escalation::BcuDuty => Above::Duty(directory.police_above(queue, council, day)?),
            Escalation::CouncilManager => Above::Manager(council.to_owned()),
        };
        self.post(&above, day)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::testing::policy;

    fn queue(name: &str) -> QueueId {
        QueueId::parse(name).unwrap()
    }

    #[test]
    fn waits_double_from_five_seconds_to_five_minutes() {
        let waits: Vec<_> = (0..9).map(|failed| wait_after(failed).as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(wait_after(u32::MAX), LONGEST_WAIT);
    }

    #[test]
    fn who_is_covered_is_paged_and_else_who_stands_in() {
        let mut contacts = policy().contacts;
        let day = date(2026, 11, 26);
        let ask = |contacts: &Contacts, name: &str, open: bool, never: &[&str]| {
            let never: Vec<_> = never.iter().map(|name| queue(name)).collect();
            let covered = |_: &QueueId, cover| cover == Cover::Always || open;
            contacts.on_duty(&queue(name), day, covered, &never).as_str().to_owned()
        };
        assert_eq!(ask(&contacts, "MASH.E09000023", true, &[]), "MASH.E09000023");
        assert_eq!(ask(&contacts, "MASH.E09000023", false, &[]), "EDT.E09000023");
        assert_eq!(
            ask(&contacts, "MASH.E09000023", false, &["EDT.E09000023"]),
            "REFDESK.SE",
            "never the accused's own"
        );
        assert_eq!(ask(&contacts, "ALLOC.E09000023", false, &[]), "EDT.E09000023", "two steps");
        assert_eq!(ask(&contacts, "MASH.E99999999", true, &[]), "HOLD.human", "nobody is known");

        // All of them stale: in a circle and at a dead end alike, a person on HOLD is left.
        contacts.hold_after_months = 0;
        assert_eq!(ask(&contacts, "MPU.SE", true, &[]), "HOLD.human");
    }

    #[test]
    fn above_a_unit_is_its_supervisor_then_the_duty_officer_of_its_police_then_the_manager_of_the_childs_council() {
        use Escalation::{BcuDuty, CouncilManager, QueueSupervisor};
        let policy = policy();
        let day = date(2026, 11, 26);
        let label = |to, name: &str| {
            let queue = queue(name);
            let found = policy.contacts.above(&policy.directory, to, (&queue, "E09000023"), day);
            found.map_or_else(String::new, |post| post.label.clone())
        };
        assert_eq!(label(QueueSupervisor, "MPU.SE"), "South East Missing Person Unit, supervisor");
        for name in ["MPU.SE", "MASH.E09000023", "HOLD.human"] {
            assert_eq!(label(BcuDuty, name), "South East BCU, duty officer", "{name}");
        }
        assert_eq!(label(BcuDuty, "FORCE.BTP"), "British Transport Police, duty officer");
        assert_eq!(label(BcuDuty, "EDT.E08000025"), "West Midlands Police, duty officer", "no BCU there");
        assert_eq!(label(CouncilManager, "MPU.NE"), "Lewisham, named manager of R25");
        assert_eq!(label(QueueSupervisor, "MPU.XX"), "", "nobody is known");
    }
}
