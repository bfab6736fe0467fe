//! What a peer may do: effective-dated grants, default deny (contract 3). The answer is a permit, a value that only
//! this file can make, so that no handler can act on a remembered check.
//!
//! Order (contract 2): the method (`may_call`), then `on_behalf_of` or the queue, then everything else.

mod permit;
mod roles;
mod vetted;

use jiff::Timestamp;

use super::{
    identity::{Identity, Organisation, Peer, Role},
    queue::QueueId,
    unit::{Audience, Part, UnitLabel},
    vetting::Vetting,
};
pub use permit::{CallPermit, HoldPermit, OpenPermit, QueuePermit, ReadPermit, SubmitPermit};
pub use roles::{Action, unit_kind, works_on_queues};
pub use vetted::Stranded;

/// One row of policy: to whom, what, from when until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// To whom.
    pub holder: Holder,
    /// GSS codes of the authorities one may submit for, and read back.
    pub submit_for: Vec<String>,
    /// Queues served, by exact name.
    pub queues: Vec<QueueId>,
    /// The most one may open; `None` is what the queue opens.
    pub units: Option<Vec<(Part, Audience)>>,
    /// May settle what is on HOLD.
    pub resolve_hold: bool,
    /// Vetting level as the force words it, e.g. `NPPV3`: held against what the queues ask for ([`Vetting`]).
    pub vetting: Option<String>,
    /// In force from this moment.
    pub not_before: Timestamp,
    /// In force until just before this moment.
    pub not_after: Timestamp,
}

impl Grant {
    /// True where this row gives everything that `other` gives, dates aside.
    fn gives_all_of(&self, other: &Self) -> bool {
        let units = match (&self.units, &other.units) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(theirs)) => theirs.iter().all(|unit| own.contains(unit)),
        };
        units
            && other.submit_for.iter().all(|code| self.submit_for.contains(code))
            && other.queues.iter().all(|queue| self.queues.contains(queue))
            && (self.resolve_hold || !other.resolve_hold)
    }
}

/// Whom a grant is made to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// One certificate identity, by its whole URI.
    Exactly(Identity),
    /// Everyone with this role in this organisation.
    RoleIn(Organisation, Role),
}

impl Holder {
    fn is(&self, identity: &Identity) -> bool {
        match self {
            Self::Exactly(one) => one == identity,
            Self::RoleIn(organisation, role) => identity.organisation() == organisation && identity.role() == *role,
        }
    }
}

/// Why not. The ledger records it; what the peer is told is `wire`'s to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The role has no business with this method, or no grant is in force.
    #[error("the method is not granted")]
    Method,
    /// The certificate has run out.
    #[error("the certificate has expired")]
    Expired,
    /// The certificate was revoked, or the authority that signed it.
    #[error("the certificate was revoked")]
    Revoked,
    /// What should name the authority is not a GSS code.
    #[error("the authority is not a GSS code")]
    AuthorityMalformed,
    /// The register of our authority does not hold the certificate: it is not renewed, and administers nothing.
    #[error("the certificate is not in the register")]
    Unlisted,
    /// Not this authority.
    #[error("the authority is not granted")]
    Authority,
    /// Not this queue.
    #[error("the queue is not granted")]
    Queue,
    /// Not this unit.
    #[error("the unit is not granted")]
    Unit,
    /// The record accuses this person, or where they work (D08).
    #[error("the reader is excluded from the record")]
    Excluded,
    /// A second person must do it: not whoever proposed it, nor whom it is about.
    #[error("a second person is needed")]
    SecondPerson,
    /// The unit opens only with a stated reason.
    #[error("a reason must be stated")]
    ReasonMissing,
}

/// Which unit is asked for, and what the queue and the record say about it.
#[derive(Debug, Clone, Copy)]
pub struct OpenRequest<'a> {
    /// The unit.
    pub unit: UnitLabel,
    /// What the queue's kind opens (reference data); on HOLD, what the undecided leg would have opened.
    pub queue_opens: &'a [(Part, Audience)],
    /// Who sent the record.
    pub sender: &'a Organisation,
    /// Certificate identities that the record accuses (D08).
    pub excluded: &'a [String],
    /// Queues whose people may not read it (D08).
    pub excluded_queues: &'a [QueueId],
    /// True where a reason was stated in words.
    pub reason_stated: bool,
}

/// Every grant in force, and the vetting that queues ask for. Empty grants nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    rows: Vec<Grant>,
    vetting: Vetting,
}

impl Grants {
    /// These rows, where no queue asks for any vetting.
    pub fn new(rows: Vec<Grant>) -> Self {
        Self { rows, vetting: Vetting::default() }
    }

    /// The same rows where queues ask for this.
    #[must_use]
    pub fn under(self, vetting: Vetting) -> Self {
        Self { vetting, ..self }
    }

    /// The rows, as loaded.
    pub fn rows(&self) -> &[Grant] {
        &self.rows
    }

    /// The rows that hold for `peer` at `now`.
    pub fn in_force<'a>(&'a self, peer: &'a Peer, now: Timestamp) -> impl Iterator<Item = &'a Grant> {
        self.rows
            .iter()
            .filter(move |row| row.not_before <= now && now < row.not_after && row.holder.is(&peer.identity))
    }

    /// The next moment after `now` at which `peer` may do less: connections end there.
    pub fn next_end(&self, peer: &Peer, now: Timestamp) -> Option<Timestamp> {
        self.in_force(peer, now).map(|row| row.not_after).min()
    }

    /// True where `peer` may do at `now` whatever these rows gave before: every row in force then is wholly within one in
    /// force now. Where it is not, connections of `peer` must end: what runs on them was permitted by what is gone.
    pub fn give_what_was_given(&self, before: &Self, peer: &Peer, now: Timestamp) -> bool {
        let kept = |had: &Grant, has: &Grant| has.gives_all_of(had) && self.vets_no_less(has, before, had);
        before.in_force(peer, now).all(|had| self.in_force(peer, now).any(|has| kept(had, has)))
    }

    /// First check of every call: does the role have this method at all, and is any grant in force?
    /// Some are for every peer, granted or not.
    pub fn may_call(&self, peer: &Peer, action: Action, now: Timestamp) -> Result<CallPermit, Refusal> {
        current(peer, now)?;
        let known = action.is_everybodys() || self.in_force(peer, now).next().is_some();
        if !(known && roles::grants(peer.identity.role(), action)) {
            return Err(Refusal::Method);
        }
        if peer.unlisted && roles::needs_register(peer.identity.role(), action) {
            return Err(Refusal::Unlisted);
        }
        Ok(CallPermit::granted(peer, action))
    }

    /// May they submit for this authority? The responsible authority and the place are not asked for (contract 2).
    pub fn may_submit(&self, peer: &Peer, on_behalf_of: &str, now: Timestamp) -> Result<SubmitPermit, Refusal> {
        self.may_call(peer, Action::SubmitReferral, now)?;
        self.authority(peer, on_behalf_of, now)
    }

    /// May they preview for this authority? Same check, other method.
    pub fn may_preview(&self, peer: &Peer, on_behalf_of: &str, now: Timestamp) -> Result<SubmitPermit, Refusal> {
        self.may_call(peer, Action::PreviewReferral, now)?;
        self.authority(peer, on_behalf_of, now)
    }

    /// May they submit a correction for this authority? Same check as for a submission, other method.
    pub fn may_correct(&self, peer: &Peer, on_behalf_of: &str, now: Timestamp) -> Result<SubmitPermit, Refusal> {
        self.may_call(peer, Action::CorrectReferral, now)?;
        self.authority(peer, on_behalf_of, now)
    }

    /// Which records may they follow? Those they sent, for authorities still granted; a council those sent for it.
    pub fn may_read_referrals(&self, peer: &Peer, action: Action, now: Timestamp) -> Result<ReadPermit, Refusal> {
        self.may_call(peer, action, now)?;
        if !matches!(
            action,
            Action::GetReferral
                | Action::ListReferrals
                | Action::WatchReferrals
                | Action::ProveReferral
                | Action::AnswerClarification
                | Action::CorrectReferral
                | Action::RecallReferral
                | Action::ExportSubject
        ) {
            return Err(Refusal::Method);
        }
        let authorities: Vec<_> = self.in_force(peer, now).flat_map(|row| row.submit_for.iter().cloned()).collect();
        let until = self.next_end(peer, now).unwrap_or(peer.not_after).min(peer.not_after);
        Ok(ReadPermit::granted(peer, authorities, until))
    }

    /// May they work on this queue with this method?
    pub fn may_serve(
        &self,
        peer: &Peer,
        action: Action,
        queue: &QueueId,
        now: Timestamp,
    ) -> Result<QueuePermit, Refusal> {
        self.may_call(peer, action, now)?;
        if !action.is_of_queues() || (*queue == QueueId::hold() && !of_hold(peer)) {
            return Err(Refusal::Queue);
        }
        let rows: Vec<_> = self.in_force(peer, now).filter(|row| self.lets(row, queue)).collect();
        let until = rows.iter().map(|row| row.not_after).max().ok_or(Refusal::Queue)?;
        let opens = rows.into_iter().map(|row| self.opens(row, queue)).collect();
        Ok(QueuePermit::granted(peer, action, queue, opens, until))
    }

    /// The queues they may list: every one granted and in force, in name order, once.
    pub fn queues(&self, peer: &Peer, now: Timestamp) -> Result<Vec<QueueId>, Refusal> {
        self.may_call(peer, Action::ListQueues, now)?;
        let mut queues: Vec<_> = self
            .in_force(peer, now)
            .flat_map(|row| self.served_by(row))
            .filter(|queue| **queue != QueueId::hold() || of_hold(peer))
            .cloned()
            .collect();
        queues.sort();
        queues.dedup();
        Ok(queues)
    }

    /// The queues that a peer serves, by the grants alone.
    pub fn served(&self, peer: &Peer, now: Timestamp) -> Vec<QueueId> {
        self.in_force(peer, now).flat_map(|row| self.served_by(row)).cloned().collect()
    }

    /// May they open this unit of this delivery? Needs a permit to open on that queue (contract 4, D08), or,
    /// for the carer copy, one to release it.
    pub fn may_open(&self, permit: &QueuePermit, ask: &OpenRequest<'_>) -> Result<OpenPermit, Refusal> {
        let releases = permit.action() == Action::ReleaseCarerCopy && ask.unit.part == Part::Carer;
        if permit.action() != Action::OpenPart && !releases {
            return Err(Refusal::Method);
        }
        let accused = ask.excluded.iter().any(|identity| identity == permit.identity().as_str());
        let at_hold = *permit.queue() == QueueId::hold() && self.works_in(permit.identity(), ask.excluded_queues);
        if accused || at_hold || ask.excluded_queues.contains(permit.queue()) {
            return Err(Refusal::Excluded);
        }
        let kind = (ask.unit.part, ask.unit.audience);
        let role = permit.identity().role();
        if !roles::opens(role, permit.identity().organisation(), ask) || !permit.unit_within(kind) {
            return Err(Refusal::Unit);
        }
        if roles::needs_reason(ask.unit.part) && !ask.reason_stated {
            return Err(Refusal::ReasonMissing);
        }
        Ok(OpenPermit::granted(permit, ask.unit))
    }

    /// Whether this permit's holder could open such a unit of a delivery that carries `carried`, given a reason and a
    /// record that does not exclude them: for showing what is openable, never for opening.
    pub fn could_open(&self, permit: &QueuePermit, unit: UnitLabel, carried: &[(Part, Audience)]) -> bool {
        let ask = OpenRequest {
            unit,
            queue_opens: carried,
            sender: permit.identity().organisation(),
            excluded: &[],
            excluded_queues: &[],
            reason_stated: true,
        };
        let role = permit.identity().role();
        roles::opens(role, permit.identity().organisation(), &ask) && permit.unit_within((unit.part, unit.audience))
    }

    /// May they settle this matter on HOLD? Nobody may who serves a queue that is excluded from it (D08).
    pub fn may_resolve_hold(&self, peer: &Peer, never_by: &[QueueId], now: Timestamp) -> Result<HoldPermit, Refusal> {
        let permit = self.may_serve(peer, Action::ResolveHeld, &QueueId::hold(), now)?;
        if !self.in_force(peer, now).any(|row| row.resolve_hold && self.lets(row, &QueueId::hold())) {
            return Err(Refusal::Method);
        }
        if self.works_in(permit.identity(), never_by) {
            return Err(Refusal::Excluded);
        }
        Ok(HoldPermit::granted(permit))
    }

    /// May the holder of this permit complete a matter on HOLD? Whoever may not resolve it may not end it either (D08).
    pub fn may_complete_hold(&self, permit: &QueuePermit, never_by: &[QueueId], now: Timestamp) -> Result<(), Refusal> {
        let settles = |row: &Grant| row.resolve_hold && self.lets(row, permit.queue());
        let in_force = |row: &&Grant| row.not_before <= now && now < row.not_after && row.holder.is(permit.identity());
        if !self.rows.iter().filter(in_force).any(settles) {
            return Err(Refusal::Method);
        }
        if self.works_in(permit.identity(), never_by) { Err(Refusal::Excluded) } else { Ok(()) }
    }

    /// Until when somebody other than the permit's holder may work on the same queue; None where they may not. On HOLD it is whoever
    /// may settle what is there, and none of `never_by`.
    pub fn colleague(
        &self,
        permit: &QueuePermit,
        other: &Identity,
        never_by: &[QueueId],
        now: Timestamp,
    ) -> Option<Timestamp> {
        let on_hold = *permit.queue() == QueueId::hold();
        let works = roles::grants(other.role(), Action::Pull) && (!on_hold || other.role() == Role::HoldResolver);
        if other == permit.identity() || !works || (on_hold && self.works_in(other, never_by)) {
            return None;
        }
        let in_force = |row: &&Grant| row.not_before <= now && now < row.not_after && row.holder.is(other);
        let serves = |row: &&Grant| self.lets(row, permit.queue()) && (!on_hold || row.resolve_hold);
        self.rows.iter().filter(in_force).filter(serves).map(|row| row.not_after).max()
    }

    /// Whether a row in force for this queue names them, and not everybody of their role.
    pub fn names(&self, identity: &Identity, queue: &QueueId, now: Timestamp) -> bool {
        let exactly = |row: &&Grant| matches!(row.holder, Holder::Exactly(_)) && row.holder.is(identity);
        let in_force = |row: &&Grant| row.not_before <= now && now < row.not_after;
        self.rows.iter().filter(exactly).filter(in_force).any(|row| row.queues.contains(queue))
    }

    /// True where somebody belongs to the unit of one of `queues`: by a grant for it at any time, or by organisation
    /// (`met/SE` is the unit of `MPU.SE`, `gss/E09000023` of `MASH.E09000023`). Everybody who settles what is on HOLD has a
    /// grant for HOLD: that makes them no unit, and who of them is a colleague of an accused is their organisation's to say.
    pub fn works_in(&self, identity: &Identity, queues: &[QueueId]) -> bool {
        let unit_of = |queue: &&QueueId| **queue != QueueId::hold() && identity.organisation().id() == queue.suffix();
        queues.iter().any(|queue| unit_of(&queue)) || self.works_on(identity, queues)
    }

    /// True where somebody has a grant for one of `queues`, at any time; HOLD apart.
    pub fn works_on(&self, identity: &Identity, queues: &[QueueId]) -> bool {
        let own: Vec<_> = self.rows.iter().filter(|row| row.holder.is(identity)).collect();
        let others = queues.iter().filter(|queue| **queue != QueueId::hold());
        others.into_iter().any(|queue| own.iter().any(|row| row.queues.contains(queue)))
    }

    /// Contract 2, second check: malformed before not granted.
    fn authority(&self, peer: &Peer, on_behalf_of: &str, now: Timestamp) -> Result<SubmitPermit, Refusal> {
        if !is_authority_code(on_behalf_of) {
            return Err(Refusal::AuthorityMalformed);
        }
        let granted = self.in_force(peer, now).any(|row| row.submit_for.iter().any(|code| code == on_behalf_of));
        if granted { Ok(SubmitPermit::granted(peer, on_behalf_of)) } else { Err(Refusal::Authority) }
    }
}

/// HOLD is for those who resolve it, and for whoever supervises them: it has a dead-letter side too.
fn of_hold(peer: &Peer) -> bool {
    matches!(peer.identity.role(), Role::HoldResolver | Role::UnitSupervisor)
}

fn current(peer: &Peer, now: Timestamp) -> Result<(), Refusal> {
    if peer.is_current(now) { Ok(()) } else { Err(Refusal::Expired) }
}

/// True for the form of an English GSS code: `E` and eight digits. Whether anybody has it is the directory's to say.
pub fn is_authority_code(code: &str) -> bool {
    code.strip_prefix('E').is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
