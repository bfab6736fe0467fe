//! Keys of the one tree. Every kind has its first byte; variable parts carry their length; numbers and times are
//! big-endian, so that bytes sort as values do and every question is a point or a short range.

use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    domain::{
        code::Class,
        delivery::{Delivery, DeliveryId},
        queue::QueueId,
    },
    ledger::sha256,
    store::{Once, Shelf, Side},
};

mod following;
mod prompts;

pub(in crate::store) use following::{FINISHED, finished, read_finished};
pub(in crate::store) use prompts::{AWAITED, PROMPTS, awaited, awaited_before, prompt, prompts, read_prompt};

/// The one value that every commit replaces.
pub(in crate::store) const META: &[u8] = b"m";

/// The first byte of every kind of key.
pub(in crate::store) const KINDS: &[u8] = b"cdefghijklmnopqrstvwxyz";

/// The record in a [`record`] key.
pub(in crate::store) fn record_of(key: &[u8]) -> Option<Uuid> {
    Uuid::from_slice(key.get(1..)?).ok()
}

/// The index in an [`entry`] key.
pub(in crate::store) fn index_of_entry(key: &[u8]) -> Option<u64> {
    key.get(1..)?.try_into().ok().map(u64::from_be_bytes)
}

/// The level and the index in a [`subtree`] key.
pub(in crate::store) fn subtree_of(key: &[u8]) -> Option<(u32, u64)> {
    let (level, index) = key.get(1..)?.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*level), u64::from_be_bytes(index.try_into().ok()?)))
}

/// The shelf and the name in a [`document`] key.
pub(in crate::store) fn shelf_of(key: &[u8]) -> Option<(Shelf, &str)> {
    let (code, name) = std::str::from_utf8(key.get(1..)?).ok()?.split_once('\0')?;
    Some((Shelf::from_code(code)?, name))
}

/// The key and the number in a [`piece`] key.
pub(in crate::store) fn piece_of(key: &[u8]) -> Option<(&[u8], u16)> {
    let (whole, number) = key.get(1..)?.split_last_chunk::<2>()?;
    Some((whole, u16::from_be_bytes(*number)))
}

/// The name and the ledger index in a [`listed`] or [`event`] key.
pub(in crate::store) fn name_and_index(key: &[u8]) -> Option<(&str, u64)> {
    let (length, rest) = key.get(1..)?.split_first_chunk::<4>()?;
    let (name, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    Some((std::str::from_utf8(name).ok()?, u64::from_be_bytes(*rest.first_chunk()?)))
}

/// A record with its sealed value.
pub(in crate::store) fn record(id: Uuid) -> Vec<u8> {
    [b"r", id.as_bytes().as_slice()].concat()
}

/// The deliveries of a record.
pub(in crate::store) fn legs(id: Uuid) -> Vec<u8> {
    [b"d", id.as_bytes().as_slice()].concat()
}

/// The record in a [`legs`] key.
pub(in crate::store) fn record_of_legs(key: &[u8]) -> Option<Uuid> {
    Uuid::from_slice(key.get(1..)?).ok()
}

/// A ledger entry.
pub(in crate::store) fn entry(index: u64) -> Vec<u8> {
    [b"e", index.to_be_bytes().as_slice()].concat()
}

/// The root of a full subtree of the ledger.
pub(in crate::store) fn subtree(level: u32, index: u64) -> Vec<u8> {
    [b"t".as_slice(), &level.to_be_bytes(), &index.to_be_bytes()].concat()
}

/// A document, or the place before all documents of a shelf.
pub(in crate::store) fn document(shelf: Shelf, name: &str) -> Vec<u8> {
    // No code contains a zero, so that no shelf's keys begin as another's do.
    [b"s", shelf.code().as_bytes(), &[0], name.as_bytes()].concat()
}

/// Just above the last document of a shelf: no name contains this byte.
pub(in crate::store) fn documents_end(shelf: Shelf) -> Vec<u8> {
    [document(shelf, "").as_slice(), &[0xff]].concat()
}

/// The name in a [`document`] key.
pub(in crate::store) fn document_name(shelf: Shelf, key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key.get(document(shelf, "").len()..)?).ok()
}

/// How many records are wrapped under something of this name.
pub(in crate::store) fn wrapped(under: &str) -> Vec<u8> {
    [WRAPPED, under.as_bytes()].concat()
}

/// The first byte of every [`wrapped`] key; the name follows.
pub(in crate::store) const WRAPPED: &[u8] = b"c";

/// A further piece of a value that is larger than one piece.
pub(in crate::store) fn piece(key: &[u8], number: u16) -> Vec<u8> {
    [b"k", key, &number.to_be_bytes()].concat()
}

/// An organisation's submissions: all of them (`None`), or the one whose first ledger entry is at the index.
pub(in crate::store) fn listed(organisation: &str, index: Option<u64>) -> Vec<u8> {
    named(b'o', organisation, index)
}

/// An organisation's later events: all, or from a ledger index on.
pub(in crate::store) fn event(organisation: &str, index: Option<u64>) -> Vec<u8> {
    named(b'v', organisation, index)
}

fn named(kind: u8, organisation: &str, index: Option<u64>) -> Vec<u8> {
    let mut key = vec![kind];
    key.extend(u32::try_from(organisation.len()).unwrap_or(u32::MAX).to_be_bytes());
    key.extend(organisation.as_bytes());
    key.extend(index.map(u64::to_be_bytes).iter().flatten());
    key
}

/// The ledger index of a [`listed`] or [`event`] key, which stands behind its `prefix`.
pub(in crate::store) fn index_after(prefix: &[u8], key: &[u8]) -> Option<u64> {
    key.get(prefix.len()..prefix.len() + 8)?.try_into().ok().map(u64::from_be_bytes)
}

/// A kept answer: caller, method and request id together.
pub(in crate::store) fn kept(once: &Once) -> Vec<u8> {
    let length = |text: &str| (text.len() as u64).to_be_bytes();
    let digest = sha256(&[
        &length(&once.caller),
        once.caller.as_bytes(),
        &length(once.method),
        once.method.as_bytes(),
        once.request.as_bytes(),
    ]);
    [b"i", digest.as_slice()].concat()
}

/// When a kept answer may be forgotten; its key is what follows the time.
pub(in crate::store) fn kept_until(until: Timestamp, kept: &[u8]) -> Vec<u8> {
    [KEPT_UNTIL, time(until).as_slice(), kept].concat()
}

/// The kept answer that a [`kept_until`] key is about.
pub(in crate::store) fn kept_of(key: &[u8]) -> &[u8] {
    key.get(13..).unwrap_or_default()
}

/// When a lease ends; the delivery follows the time.
pub(in crate::store) fn lease_end(expires: Timestamp, id: DeliveryId) -> Vec<u8> {
    [LEASES, time(expires).as_slice(), id.record.as_bytes(), &id.leg.to_be_bytes()].concat()
}

/// The first byte of every [`lease_end`] key; those that ended by `now` lie between it and [`leases_ended`].
pub(in crate::store) const LEASES: &[u8] = b"l";

/// Just above the last lease that ended by `now`.
pub(in crate::store) fn leases_ended(now: Timestamp) -> Vec<u8> {
    [LEASES, time(now).as_slice(), &[0xff; 64]].concat()
}

/// The first byte of every [`kept_until`] key; those kept until before `now` lie between it and [`kept_before`].
pub(in crate::store) const KEPT_UNTIL: &[u8] = b"x";

/// Just above the last answer that was kept until a moment before `now`.
pub(in crate::store) fn kept_before(now: Timestamp) -> Vec<u8> {
    [KEPT_UNTIL, time(now).as_slice()].concat()
}

/// In which index of its queue a live delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Place {
    /// Ready to be pulled.
    Ready,
    /// Under a lease.
    Leased,
    /// Handed back until a moment.
    Delayed,
    /// On the dead-letter side.
    Dead,
}

impl Place {
    /// All of them.
    pub(in crate::store) const ALL: [Self; 4] = [Self::Ready, Self::Leased, Self::Delayed, Self::Dead];

    /// Those of one side of a queue.
    pub(in crate::store) const fn of(side: Side) -> &'static [Self] {
        match side {
            Side::Live => &[Self::Ready, Self::Leased, Self::Delayed],
            Side::Leased => &[Self::Leased],
            Side::DeadLetters => &[Self::Dead],
        }
    }

    /// From where to where each lies, of all queues together, in the order of keys.
    pub(in crate::store) fn all_queues() -> [(Vec<u8>, Vec<u8>); 4] {
        let mut bytes = Self::ALL.map(Self::byte);
        bytes.sort_unstable();
        bytes.map(|byte| (vec![byte], vec![byte + 1]))
    }

    const fn byte(self) -> u8 {
        match self {
            Self::Ready => b'w',
            Self::Leased => b'h',
            Self::Delayed => b'n',
            Self::Dead => b'q',
        }
    }
}

/// The part of a queue's index that is `place`; a [`position`] follows.
pub(in crate::store) fn queue(place: Place, queue: &QueueId) -> Vec<u8> {
    queue_kind(place.byte(), queue)
}

/// The first byte of the indices of all queues that are `place`.
pub(in crate::store) fn every_queue(place: Place) -> [u8; 1] {
    [place.byte()]
}

/// The moments at which delayed deliveries of a queue become ready; time and [`position`] follow.
pub(in crate::store) fn delayed(queue: &QueueId) -> Vec<u8> {
    queue_kind(b'z', queue)
}

/// One moment of [`delayed`].
pub(in crate::store) fn delayed_until(queue: &QueueId, until: Timestamp, position: &[u8]) -> Vec<u8> {
    [delayed(queue).as_slice(), &time(until), position].concat()
}

/// Everything of [`delayed`] that is due at `now` lies below this key.
pub(in crate::store) fn delayed_due(queue: &QueueId, now: Timestamp) -> Vec<u8> {
    [delayed(queue).as_slice(), &time(now), &[0xff; 64]].concat()
}

/// The position in a [`delayed_until`] key.
pub(in crate::store) fn delayed_position<'k>(queue: &QueueId, key: &'k [u8]) -> &'k [u8] {
    key.get(delayed(queue).len() + 12..).unwrap_or_default()
}

/// What was handed over to somebody in a queue and is not taken yet; a [`position`] follows.
pub(in crate::store) fn handed(queue: &QueueId, holder: &str) -> Vec<u8> {
    let mut key = queue_kind(HANDED[0], queue);
    key.extend(u32::try_from(holder.len()).unwrap_or(u32::MAX).to_be_bytes());
    key.extend(holder.as_bytes());
    key
}

/// The first byte of every [`handed`] key.
pub(in crate::store) const HANDED: &[u8; 1] = b"g";

fn queue_kind(kind: u8, queue: &QueueId) -> Vec<u8> {
    let name = queue.as_str().as_bytes();
    let mut key = vec![kind];
    key.extend(u32::try_from(name.len()).unwrap_or(u32::MAX).to_be_bytes());
    key.extend(name);
    key
}

/// Where a delivery stands in pull order: class, then the earliest deadline still running, then age.
pub(in crate::store) fn position(delivery: &Delivery) -> Vec<u8> {
    let header = &delivery.header;
    let class = Class::ALL.iter().position(|class| *class == delivery.class()).unwrap_or(Class::ALL.len());
    let mut key = vec![u8::try_from(class).unwrap_or(u8::MAX)];
    key.extend(delivery.running_deadline().map_or([0xff; 12], time));
    key.extend(time(header.received));
    key.extend(delivery.id.record.as_bytes());
    key.extend(delivery.id.leg.to_be_bytes());
    key
}

/// What stands at a live delivery's [`position`] beyond what the key says: whether it was opened, whether it is handed over and not
/// taken, and after when it is late.
pub(in crate::store) fn standing(delivery: &Delivery) -> Vec<u8> {
    let (opened, handed) = (delivery.opened.is_some(), delivery.is_handed_over());
    let mut value = vec![(u8::from(opened) * OPENED) | (u8::from(handed) * HANDED_OVER)];
    value.extend(delivery.late_after().map(time).iter().flatten());
    value
}

const OPENED: u8 = 1;
const HANDED_OVER: u8 = 2;

/// Whether a [`standing`] says that it was opened.
pub(in crate::store) fn is_opened(standing: &[u8]) -> bool {
    standing.first().is_some_and(|flags| flags & OPENED != 0)
}

/// Whether a [`standing`] says that it is handed over and not taken yet.
pub(in crate::store) fn is_handed_over(standing: &[u8]) -> bool {
    standing.first().is_some_and(|flags| flags & HANDED_OVER != 0)
}

/// After when a [`standing`] says that the delivery is late.
pub(in crate::store) fn late_after(standing: &[u8]) -> Option<Timestamp> {
    read_time(standing.get(1..)?)
}

/// What a [`position`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Position {
    /// Place of the class in [`Class::ALL`].
    pub class: u8,
    /// The earliest deadline still running.
    pub deadline: Option<Timestamp>,
    /// When it was received.
    pub received: Timestamp,
    /// Which delivery.
    pub id: DeliveryId,
}

/// Reads a [`position`].
pub(in crate::store) fn read_position(position: &[u8]) -> Option<Position> {
    if position.len() != 1 + 12 + 12 + 16 + 2 {
        return None;
    }
    let deadline = &position[1..13];
    Some(Position {
        class: position[0],
        deadline: if deadline == [0xff; 12] { None } else { Some(read_time(deadline)?) },
        received: read_time(&position[13..25])?,
        id: read_delivery(&position[25..])?,
    })
}

/// Reads the delivery at the end of a [`lease_end`] key or a [`position`].
pub(in crate::store) fn read_delivery(bytes: &[u8]) -> Option<DeliveryId> {
    let (record, leg) = bytes.split_last_chunk::<2>()?;
    let record = Uuid::from_slice(record.get(record.len().checked_sub(16)?..)?).ok()?;
    Some(DeliveryId { record, leg: u16::from_be_bytes(*leg) })
}

/// A moment in twelve bytes that sort as time does.
fn time(at: Timestamp) -> [u8; 12] {
    let nanos = at.as_nanosecond();
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).expect("a timestamp's seconds fit 64 bits");
    let rest = u32::try_from(nanos.rem_euclid(1_000_000_000)).expect("a remainder below a thousand million");
    let mut key = [0; 12];
    // The flipped sign bit puts moments before 1970 first.
    key[..8].copy_from_slice(&(seconds ^ i64::MIN).to_be_bytes());
    key[8..].copy_from_slice(&rest.to_be_bytes());
    key
}

fn read_time(key: &[u8]) -> Option<Timestamp> {
    let seconds = i64::from_be_bytes(key.get(..8)?.try_into().ok()?) ^ i64::MIN;
    let rest = u32::from_be_bytes(key.get(8..12)?.try_into().ok()?);
    Timestamp::from_nanosecond(i128::from(seconds) * 1_000_000_000 + i128::from(rest)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_sort_as_bytes_do_and_come_back() {
        let moments = [
            "1900-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999999999Z",
            "1970-01-01T00:00:00Z",
            "2026-03-02T23:30:00.000000001Z",
            "2026-03-02T23:30:00.000000002Z",
            "9000-01-01T00:00:00Z",
        ]
        .map(|text| text.parse::<Timestamp>().unwrap());
        for pair in moments.windows(2) {
            assert!(time(pair[0]) < time(pair[1]));
        }
        for moment in moments {
            assert_eq!(read_time(&time(moment)), Some(moment));
        }
        assert!(time(Timestamp::MAX) < [0xff; 12], "no deadline at all sorts last");
    }

    #[test]
    fn one_name_is_never_the_beginning_of_another() {
        assert!(!listed("gss/E0900000", None).starts_with(&listed("gss/E09000004", None)));
        assert!(!listed("gss/E09000004", Some(1)).starts_with(&listed("gss/E0900000", None)));
        let short = QueueId::of("MPU", "S");
        assert!(!queue(Place::Ready, &QueueId::of("MPU", "SE")).starts_with(&queue(Place::Ready, &short)));
    }
}
