//! The bytes of an entry: what is hashed, kept and later proven. Deterministic: fields in number order, no maps.

use jiff::Timestamp;
use prost::Message;
use uuid::Uuid;

use super::{Entry, Verb};
use crate::domain::{delivery::DeliveryId, queue::QueueId};

/// Generated messages of `proto/internal/ledger.proto`.
#[allow(missing_docs, reason = "generated")]
mod form {
    include!(concat!(env!("OUT_DIR"), "/homeward.internal.ledger.rs"));
}

/// The form written today.
const FORM: u32 = 1;

/// The bytes are not an entry this version can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a ledger entry")]
pub struct Unreadable;

/// The canonical bytes of an entry: equal entries give equal bytes.
pub fn encode(entry: &Entry) -> Vec<u8> {
    let nanos = entry.at.as_nanosecond();
    form::Entry {
        form: FORM,
        seconds: i64::try_from(nanos.div_euclid(1_000_000_000)).expect("a timestamp's seconds fit 64 bits"),
        nanos: u32::try_from(nanos.rem_euclid(1_000_000_000)).expect("a remainder below a thousand million"),
        verb: entry.verb.code().to_owned(),
        action: entry.action.clone(),
        who: entry.who.clone(),
        actor: entry.actor.map(Vec::from),
        record: entry.record.map(|id| id.as_bytes().to_vec()),
        deliveries: entry
            .deliveries
            .iter()
            .map(|id| form::DeliveryId { record: id.record.as_bytes().to_vec(), leg: u32::from(id.leg) })
            .collect(),
        recipients: entry.recipients.iter().map(|queue| queue.as_str().to_owned()).collect(),
        details: entry.details.clone(),
        commitment: entry.commitment.map(Vec::from),
    }
    .encode_to_vec()
}

/// Reads what [`encode`] wrote.
///
/// # Errors
/// [`Unreadable`] if the bytes are damaged or of a later form.
pub fn decode(bytes: &[u8]) -> Result<Entry, Unreadable> {
    read(bytes).ok_or(Unreadable)
}

fn read(bytes: &[u8]) -> Option<Entry> {
    let form = form::Entry::decode(bytes).ok().filter(|form| form.form == FORM)?;
    let nanos = i128::from(form.seconds) * 1_000_000_000 + i128::from(form.nanos);
    Some(Entry {
        at: Timestamp::from_nanosecond(nanos).ok()?,
        verb: Verb::from_code(&form.verb)?,
        action: form.action,
        who: form.who,
        actor: optional(form.actor, fixed)?,
        record: optional(form.record, uuid)?,
        deliveries: form.deliveries.into_iter().map(delivery).collect::<Option<_>>()?,
        recipients: form.recipients.iter().map(|name| QueueId::parse(name)).collect::<Option<_>>()?,
        details: form.details,
        commitment: optional(form.commitment, fixed)?,
    })
}

/// Absent stays absent; present must be readable.
fn optional<T>(bytes: Option<Vec<u8>>, read: fn(Vec<u8>) -> Option<T>) -> Option<Option<T>> {
    match bytes {
        None => Some(None),
        Some(bytes) => read(bytes).map(Some),
    }
}

fn fixed(bytes: Vec<u8>) -> Option<[u8; 32]> {
    bytes.try_into().ok()
}

fn uuid(bytes: Vec<u8>) -> Option<Uuid> {
    Uuid::from_slice(&bytes).ok()
}

fn delivery(id: form::DeliveryId) -> Option<DeliveryId> {
    Some(DeliveryId { record: uuid(id.record)?, leg: u16::try_from(id.leg).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Entry {
        Entry {
            at: "2026-03-02T23:30:00.123456789Z".parse().unwrap(),
            verb: Verb::Disclosure,
            action: "PULL".into(),
            who: "homeward://pilot.example/met/SE/mpu_officer/p1".into(),
            actor: Some([7; 32]),
            record: Some(Uuid::from_u128(5)),
            deliveries: vec![DeliveryId { record: Uuid::from_u128(5), leg: 2 }],
            recipients: vec![QueueId::of("MPU", "SE")],
            details: vec!["a".into(), "b".into()],
            commitment: Some([9; 32]),
        }
    }

    fn bare() -> Entry {
        Entry {
            at: "1969-12-31T23:59:59.5Z".parse().unwrap(),
            verb: Verb::Refusal,
            action: String::new(),
            who: String::new(),
            actor: None,
            record: None,
            deliveries: Vec::new(),
            recipients: Vec::new(),
            details: Vec::new(),
            commitment: None,
        }
    }

    #[test]
    fn an_entry_comes_back_as_it_was() {
        for entry in [full(), bare()] {
            assert_eq!(decode(&encode(&entry)), Ok(entry));
        }
    }

    #[test]
    fn the_bytes_are_the_form_other_programs_will_prove() {
        // form 1, seconds -1 (ten bytes of varint), nanos 500000000, verb "refusal"; empty fields take no bytes.
        let expected = "080110ffffffffffffffffff011880cab5ee0122077265667573616c";
        assert_eq!(hex::encode(encode(&bare())), expected);
    }

    #[test]
    fn damaged_bytes_and_later_forms_are_unreadable() {
        let mut bytes = encode(&full());
        assert_eq!(decode(&bytes[..bytes.len() - 1]), Err(Unreadable));
        bytes[1] = 2;
        assert_eq!(decode(&bytes), Err(Unreadable));
        assert_eq!(decode(&[]), Err(Unreadable));
    }
}
