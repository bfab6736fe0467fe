//! Whom a record accuses, and who works where they do: neither reads it nor settles it (D08), as of the moment at which somebody says
//! so: what was corrected is kept from whom its correction accuses. The record keeps keyed references alone, so that nobody learns from
//! the store who is accused.

use jiff::Timestamp;

use super::{Broker, Error};
use crate::{
    domain::{
        classify::accused,
        delivery::{Delivery, State},
        grants::{QueuePermit, ReadPermit, Refusal},
        identity::{Identity, TrustDomain},
        queue::QueueId,
        submission::{Draft, Person},
        text::Text,
    },
    sealing::Keyring,
    store::{KeptFrom, Record, Reference},
};

/// Keyed references of the identities and queues that are accused in this record, and of the organisation of whoever works
/// on HOLD.
pub(super) fn excluded(keyring: &Keyring, draft: &Draft) -> Vec<Reference> {
    let on_hold = |person: &Person| {
        person.works_in_queue.as_ref().is_some_and(|queue| queue.reveal() == QueueId::hold().as_str())
    };
    accused(draft)
        .flat_map(|person| {
            let own = person.identity.as_ref().map(Text::reveal);
            let identity = own.map(|own| identity_reference(keyring, own));
            let queue = person.works_in_queue.as_ref().map(|text| queue_reference(keyring, text.reveal()));
            let unit = own.filter(|_| on_hold(person)).and_then(organisation_of);
            let unit = unit.map(|unit| unit_reference(keyring, &unit));
            identity.into_iter().chain(queue).chain(unit)
        })
        .collect()
}

/// Whom a record is kept from that is corrected by this submission: whoever it accuses, as of now (D08). Their queue has no place for it
/// any longer, and what they hold of it is for somebody else.
pub(super) fn kept_from(keyring: &Keyring, draft: &Draft) -> KeptFrom {
    let queues = accused(draft).filter_map(|person| QueueId::parse(person.works_in_queue.as_ref()?.reveal()));
    KeptFrom {
        references: excluded(keyring, draft),
        queues: queues.filter(|queue| *queue != QueueId::hold()).collect(),
        identities: accused(draft).filter_map(|person| person.identity.clone()).collect(),
    }
}

impl Broker {
    /// Whether the record accuses this identity: then it neither reads the record nor settles it (D08).
    pub(super) fn accuses(&self, record: &Record, identity: &Identity) -> bool {
        record.excluded.contains(&self.reader(identity))
    }

    /// Whether somebody of this identity's organisation who works on HOLD is accused: then it reads and settles nothing of the
    /// record there (D08).
    pub(super) fn accuses_colleague_on_hold(&self, record: &Record, identity: &Identity) -> bool {
        record.excluded.contains(&unit_reference(&self.keyring, &identity.organisation().to_string()))
    }

    /// Queues of the directory whose people the record accuses, HOLD apart: what waits there has no other place, so that only
    /// the organisation of the accused is kept from it.
    pub(super) fn excluded_queues(&self, record: &Record) -> Vec<QueueId> {
        if record.excluded.is_empty() {
            return Vec::new();
        }
        let day = self.london_day(self.clock.now());
        let queues = self.rulebook().policy.directory.queues(day);
        queues.into_iter().filter(|queue| self.excludes_queue(record, queue)).collect()
    }

    /// Whether it is kept from the people of this queue, whether the directory has it still or not.
    pub(super) fn excludes_queue(&self, record: &Record, queue: &QueueId) -> bool {
        *queue != QueueId::hold() && record.excluded.contains(&queue_reference(&self.keyring, queue.as_str()))
    }

    /// Whether nothing of it is for whoever works on this queue: they are accused, or their people are, also on HOLD.
    pub(super) fn is_kept_from(&self, record: &Record, permit: &QueuePermit) -> bool {
        let (own, on_hold) = (permit.identity(), *permit.queue() == QueueId::hold());
        self.accuses(record, own)
            || self.excludes_queue(record, permit.queue())
            || (on_hold && self.accuses_colleague_on_hold(record, own))
            || (on_hold && self.grants().works_in(own, &self.excluded_queues(record)))
    }

    /// Whether it is nothing to one of the sender's people: it accuses them, or people of a queue that they work on.
    pub(super) fn hides(&self, permit: &ReadPermit, record: &Record) -> bool {
        self.accuses(record, permit.identity())
            || self.grants().works_on(permit.identity(), &self.excluded_queues(record))
    }

    /// How they are refused from whom it is kept: those who hold nothing of it at `now`, as anybody whose lease has ended. Nobody learns from
    /// the answer that it accuses them since.
    pub(super) fn excluded(own: &Identity, delivery: &Delivery, now: Timestamp) -> Error {
        let lease = delivery.lease.as_ref().filter(|lease| delivery.state == State::Leased && now < lease.expires);
        match lease.is_some_and(|lease| lease.holder == own.as_str()) {
            true => Refusal::Excluded.into(),
            false => Error::LeaseLost,
        }
    }

    /// Under what a record says that it is kept from them.
    pub(super) fn reader(&self, identity: &Identity) -> Reference {
        identity_reference(&self.keyring, identity.as_str())
    }
}

/// The reference under which an accused identity is kept.
fn identity_reference(keyring: &Keyring, identity: &str) -> Reference {
    keyring.reference("identity", &[identity])
}

/// The organisation in an identity, where it is one.
fn organisation_of(identity: &str) -> Option<String> {
    let (domain, _) = identity.strip_prefix("homeward://")?.split_once('/')?;
    let identity = Identity::parse(identity, &TrustDomain::parse(domain).ok()?).ok()?;
    Some(identity.organisation().to_string())
}

/// The reference under which the organisation is kept of an accused person who works on HOLD.
fn unit_reference(keyring: &Keyring, organisation: &str) -> Reference {
    keyring.reference("unit", &[organisation])
}

/// The reference under which an accused person's queue is kept.
fn queue_reference(keyring: &Keyring, queue: &str) -> Reference {
    keyring.reference("queue", &[queue])
}
