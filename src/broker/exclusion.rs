//! Whom a record accuses, and who works where they do: neither reads it nor settles it (D08). The record keeps keyed references
//! alone, so that nobody learns from the store who is accused.

use super::Broker;
use crate::{
    domain::{
        classify::accused,
        identity::{Identity, TrustDomain},
        queue::QueueId,
        submission::{Draft, Person},
        text::Text,
    },
    sealing::Keyring,
    store::Record,
};

/// Keyed references of the identities and queues that are accused in this record, and of the organisation of whoever works
/// on HOLD.
pub(super) fn excluded(keyring: &Keyring, draft: &Draft) -> Vec<[u8; 32]> {
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

impl Broker {
    /// Whether the record accuses this identity: then it neither reads the record nor settles it (D08).
    pub(super) fn accuses(&self, record: &Record, identity: &Identity) -> bool {
        record.excluded.contains(&identity_reference(&self.keyring, identity.as_str()))
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
        queues
            .into_iter()
            .filter(|queue| *queue != QueueId::hold())
            .filter(|queue| record.excluded.contains(&queue_reference(&self.keyring, queue.as_str())))
            .collect()
    }
}

/// The reference under which an accused identity is kept.
fn identity_reference(keyring: &Keyring, identity: &str) -> [u8; 32] {
    keyring.reference("identity", &[identity])
}

/// The organisation in an identity, where it is one.
fn organisation_of(identity: &str) -> Option<String> {
    let (domain, _) = identity.strip_prefix("homeward://")?.split_once('/')?;
    let identity = Identity::parse(identity, &TrustDomain::parse(domain).ok()?).ok()?;
    Some(identity.organisation().to_string())
}

/// The reference under which the organisation is kept of an accused person who works on HOLD.
fn unit_reference(keyring: &Keyring, organisation: &str) -> [u8; 32] {
    keyring.reference("unit", &[organisation])
}

/// The reference under which an accused person's queue is kept.
fn queue_reference(keyring: &Keyring, queue: &str) -> [u8; 32] {
    keyring.reference("queue", &[queue])
}
