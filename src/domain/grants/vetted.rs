//! Whether whoever is granted a queue is vetted for it, and whether anybody is.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Grant, Grants, Holder, OpenRequest, permit::Opens, roles};
use crate::domain::{
    grants::Action,
    identity::{Organisation, Role},
    queue::QueueId,
    unit::{Audience, Part, UnitLabel},
    vetting::Need,
};

/// Work, or one unit, for which nobody is vetted who is granted it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stranded {
    /// The queue.
    pub queue: QueueId,
    /// The unit; `None` is the work itself.
    pub unit: Option<(Part, Audience)>,
    /// Any of these levels would do.
    pub any_of: Vec<String>,
}

impl Grants {
    /// What the queues of a row ask for, each with whether the level that the row records will do.
    pub fn needs<'a>(&'a self, row: &'a Grant) -> impl Iterator<Item = (&'a QueueId, Need)> {
        let of_queue = |queue: &'a QueueId| {
            self.vetting.needs(queue, row.vetting.as_deref()).into_iter().map(move |need| (queue, need))
        };
        row.queues.iter().flat_map(of_queue)
    }

    /// The queues that a row lets its holder work on.
    pub fn served_by<'a>(&'a self, row: &'a Grant) -> impl Iterator<Item = &'a QueueId> {
        row.queues.iter().filter(|queue| self.lets(row, queue))
    }

    /// The queues on which somebody works by the rows in force at `now`, vetting apart.
    pub fn granted(&self, now: Timestamp) -> BTreeSet<&QueueId> {
        let in_force = self.rows.iter().filter(|row| row.not_before <= now && now < row.not_after);
        in_force.flat_map(|row| row.queues.iter().filter(|queue| row.has(queue, None))).collect()
    }

    /// Work and units that somebody has by the rows in force at `now`, and for which nobody of them is vetted: there
    /// children's information would lie unread.
    pub fn stranded(&self, now: Timestamp) -> Vec<Stranded> {
        let (mut asked, mut met) = (Vec::new(), Vec::new());
        for row in self.rows.iter().filter(|row| row.not_before <= now && now < row.not_after) {
            for (queue, need) in self.needs(row).filter(|(queue, need)| row.has(queue, need.unit)) {
                // Whoever may not work there opens nothing there.
                let is_met = need.met && self.lets(row, queue);
                let one = Stranded { queue: queue.clone(), unit: need.unit, any_of: need.any_of };
                if is_met { met.push(one) } else { asked.push(one) }
            }
        }
        asked.retain(|one| !met.contains(one));
        asked.sort();
        asked.dedup();
        asked
    }

    /// Does the row give this queue to somebody who is vetted for it?
    pub(super) fn lets(&self, row: &Grant, queue: &QueueId) -> bool {
        row.queues.contains(queue) && self.vetting.admits(queue, row.vetting.as_deref())
    }

    pub(super) fn opens(&self, row: &Grant, queue: &QueueId) -> Opens {
        Opens { most: row.units.clone(), barred: self.barred(row, queue) }
    }

    /// True where `has`, under what is asked for now, is vetted for all that `had` was under what was asked for `before`.
    pub(super) fn vets_no_less(&self, has: &Grant, before: &Self, had: &Grant) -> bool {
        before.served_by(had).all(|queue| {
            let barred_before = before.barred(had, queue);
            self.lets(has, queue) && self.barred(has, queue).iter().all(|unit| barred_before.contains(unit))
        })
    }

    /// The units that ask for another level than the row records.
    fn barred(&self, row: &Grant, queue: &QueueId) -> Vec<(Part, Audience)> {
        let needs = self.vetting.needs(queue, row.vetting.as_deref()).into_iter();
        needs.filter(|need| !need.met).filter_map(|need| need.unit).collect()
    }
}

impl Grant {
    /// Does the row give this work, or this unit, vetting apart?
    fn has(&self, queue: &QueueId, unit: Option<(Part, Audience)>) -> bool {
        let (organisation, role) = self.holder.place();
        let on_hold = *queue == QueueId::hold();
        let works = roles::grants(role, Action::Pull) && (!on_hold || role == Role::HoldResolver && self.resolve_hold);
        works && unit.is_none_or(|unit| self.opens_unit(unit, organisation, role))
    }

    /// The same of a unit, as if the holder's organisation had sent it.
    fn opens_unit(&self, (part, audience): (Part, Audience), organisation: &Organisation, role: Role) -> bool {
        let ask = OpenRequest {
            unit: UnitLabel { item: None, part, audience },
            queue_opens: &[(part, audience), (Part::Safeguarding, Audience::Mash)],
            sender: organisation,
            excluded: &[],
            excluded_queues: &[],
            reason_stated: true,
        };
        let within = self.units.as_ref().is_none_or(|units| units.contains(&(part, audience)));
        within && roles::opens(role, organisation, &ask)
    }
}

impl Holder {
    fn place(&self) -> (&Organisation, Role) {
        match self {
            Self::Exactly(identity) => (identity.organisation(), identity.role()),
            Self::RoleIn(organisation, role) => (organisation, *role),
        }
    }
}
