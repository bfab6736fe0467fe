//! The units that the rule table names: front door, Referral Desk, owner, and the others (D02, D09).

use super::plan::Plan;
use crate::domain::{
    decision::HoldReason,
    directory::{Authority, ForceRole, Police},
    queue::QueueId,
};

/// A unit, or why there is no certain one; and what kind of queue it was to be.
pub(super) struct Unit {
    /// Its queue.
    pub queue: Result<QueueId, HoldReason>,
    /// The kind of queue, for HOLD.
    pub kind: &'static str,
}

/// MASH, or the allocated team, or both (D02).
pub(super) fn front_door(plan: &Plan<'_>) -> Vec<Unit> {
    let door = plan.facts.geography.front_door();
    let mash = door.mash.map(|mash| Unit { queue: council("MASH", mash), kind: "MASH" });
    let alloc = door.alloc.map(|alloc| Unit { queue: council("ALLOC", alloc), kind: "ALLOC" });
    mash.into_iter().chain(alloc).collect()
}

/// The Referral Desk where the child lives.
pub(super) fn refdesk(plan: &Plan<'_>) -> Unit {
    Unit { queue: plan.facts.geography.child_police().map(|police| police.refdesk()), kind: "REFDESK" }
}

/// Who owns the episode.
pub(super) fn owner(plan: &Plan<'_>) -> Unit {
    mpu(plan.facts.geography.owner())
}

/// Police of the responsible authority (D09).
pub(super) fn home_police(plan: &Plan<'_>) -> Unit {
    mpu(plan.facts.geography.home_police())
}

/// The same, unless home and owner are one queue (D22).
pub(super) fn home_police_not_owner(plan: &Plan<'_>) -> Vec<Unit> {
    let home = home_police(plan);
    if home.queue == owner(plan).queue { Vec::new() } else { vec![home] }
}

/// The allocated team of the responsible authority.
pub(super) fn responsible_team(plan: &Plan<'_>) -> Unit {
    Unit { queue: council("ALLOC", plan.facts.geography.responsible.authority()), kind: "ALLOC" }
}

/// The MASH where the child lives.
pub(super) fn host_mash(plan: &Plan<'_>) -> Unit {
    Unit { queue: council("MASH", plan.facts.geography.lives.authority()), kind: "MASH" }
}

/// The one council leg that a prompt goes to: the allocated team if the case is open, else the MASH (D02).
pub(super) fn one_council(plan: &Plan<'_>) -> Unit {
    if plan.facts.geography.case_open { responsible_team(plan) } else { host_mash(plan) }
}

/// The force that polices the railway.
pub(super) fn rail_force(plan: &Plan<'_>) -> Unit {
    let facts = plan.facts;
    let day = facts.policy.calendar.date(facts.now);
    let rail = facts.policy.directory.force_with_role(ForceRole::Rail, day);
    let queue = rail.map(|force| QueueId::of("FORCE", &force.code)).ok_or(HoldReason::OrganisationUnknown);
    Unit { queue, kind: "FORCE" }
}

/// The queue of this kind of a council.
pub(super) fn council(kind: &str, authority: Result<&Authority, HoldReason>) -> Result<QueueId, HoldReason> {
    authority.map(|authority| QueueId::of(kind, &authority.gss))
}

fn mpu(police: Result<Police, HoldReason>) -> Unit {
    Unit { queue: police.map(|police| police.mpu()), kind: "MPU" }
}
