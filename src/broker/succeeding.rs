//! A correction as it is filed: it stands where what it corrects stood, no lower and no later, and takes nothing away that was
//! submitted under the statutory duty.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::Error;
use crate::{
    domain::{
        code::Class,
        decision::{Decision, Flag},
        delivery::Header,
        policy::Policy,
        queue::QueueId,
    },
    store::{KeptFrom, NewRecord, Reference, Retract},
};

/// What a submission stands in the place of.
pub(super) struct Succeeding {
    /// The referral.
    pub(super) record: Uuid,
    /// Its class.
    pub(super) class: Class,
    /// How each of its queues stands with it.
    pub(super) before: BTreeMap<QueueId, Standing>,
    /// It was submitted under the statutory duty (R02, R03).
    pub(super) is_statutory: bool,
    /// Whom it is kept from.
    pub(super) excluded: Vec<Reference>,
    /// What becomes of it; what follows from the submission is still to be added.
    pub(super) retracts: Vec<Retract>,
}

/// How a queue stands with a referral.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    /// Class, as far up as it has risen.
    pub(super) class: Class,
    /// To be acknowledged by, where nobody has read it.
    pub(super) ack_due: Option<Timestamp>,
    /// To be decided by, where nobody has read it.
    pub(super) decide_due: Option<Timestamp>,
}

impl Standing {
    /// Both together.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            class: self.class.min(other.class),
            ack_due: sooner(self.ack_due, other.ack_due),
            decide_due: sooner(self.decide_due, other.decide_due),
        }
    }
}

impl Succeeding {
    /// A header as it stands in the place of what went to its queue before: no class falls by a correction, and no deadline moves away.
    /// Where it accuses somebody no longer, it does not say what it corrects: they get it like anybody, and are not to learn that there was
    /// an accusation. Whoever had read that has the notice, which names this one.
    pub(super) fn keeps(&self, header: Header, excluded: &[Reference], policy: &Policy) -> Header {
        let accuses_all = self.excluded.iter().all(|reference| excluded.contains(reference));
        let corrects = Some(self.record).filter(|_| accuses_all);
        let Some(before) = self.before.get(&header.queue) else { return Header { corrects, ..header } };
        let class = before.class.min(header.class);
        let (ack_due, decide_due) = policy.due(&header.queue, class, header.received);
        Header {
            class,
            ack_due: sooner(ack_due, before.ack_due),
            decide_due: sooner(decide_due, before.decide_due),
            page: header.page || class == Class::P0,
            corrects,
            ..header
        }
    }

    /// What becomes of what it corrects, now that it is known where this goes and whom it accuses.
    pub(super) fn retracted_by(
        &self,
        decision: &Decision,
        records: &[NewRecord],
        kept_from: &KeptFrom,
    ) -> Result<Vec<Retract>, Error> {
        if self.is_statutory && !decision.flags.contains(&Flag::StatutoryNotification) {
            return Err(Error::Precondition {
                reason: "STATUTORY_DUTY",
                advice: "what it corrects was submitted under the duty to report child sexual abuse: a correction adds and never \
                         takes that away; keep the item of the offence",
            });
        }
        let subject = records.first().map(|new| new.record.id);
        let queues: Vec<QueueId> =
            records.iter().flat_map(|new| &new.deliveries).map(|header| header.queue.clone()).collect();
        let mut retracts = self.retracts.clone();
        for one in &mut retracts {
            one.retraction.successor = subject;
            one.successors.clone_from(&queues);
            one.entry.details.extend(subject.map(|id| format!("successor={id}")));
            one.notices.retain(|notice| !kept_from.queues.contains(&notice.queue));
            one.entry.recipients.retain(|queue| !kept_from.queues.contains(queue));
            one.kept_from.references.extend(&kept_from.references);
            one.kept_from.queues.extend(kept_from.queues.iter().cloned());
            one.kept_from.identities.extend(kept_from.identities.iter().cloned());
        }
        Ok(retracts)
    }
}

fn sooner(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    [one, other].into_iter().flatten().min()
}
