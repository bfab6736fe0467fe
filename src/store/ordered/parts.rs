//! The parts of a copy: keys with their values, one behind the other, cut where a key says so.

use super::Look;
use crate::store::{Copied, StoreError, stored::Meta};

/// A part ends at a key that says so behind so many bytes, so that the same content makes the same parts again, wherever
/// something came in before it ...
const LEAST: usize = 192 << 10;
/// ... and here at the latest.
pub(in crate::store) const MOST: usize = 1 << 20;
/// One key of so many ends a part.
const ENDS: u32 = 128;
/// So many keys are read at a time.
const STEP: usize = 64;
/// Behind every key there is.
const BEHIND: &[u8] = &[0xff];

/// About how many keys there are: the indices are not counted each.
pub(in crate::store) fn about(meta: &Meta) -> u64 {
    meta.frontier.size() + 3 * meta.records + 2 * meta.answers + meta.listed + meta.events + meta.live
}

/// A part, how many keys it has, and where the next one begins.
pub(in crate::store) type Scanned = (Vec<u8>, u64, Option<Vec<u8>>);

/// One part from a key on.
pub(in crate::store) fn scan(tree: &impl Look, from: &[u8]) -> Result<Scanned, StoreError> {
    let (mut part, mut count, mut from) = (Vec::new(), 0, from.to_vec());
    loop {
        let pairs = tree.range(&from, BEHIND, STEP)?;
        let last = pairs.len() < STEP;
        for (key, value) in pairs {
            put(&mut part, &key, Some(&value));
            count += 1;
            from = [key.as_slice(), &[0]].concat();
            if part.len() >= MOST || (part.len() >= LEAST && ends(&key)) {
                return Ok((part, count, Some(from)));
            }
        }
        if last {
            return Ok((part, count, None));
        }
    }
}

/// Whether a part may end behind this key (FNV-1a).
fn ends(key: &[u8]) -> bool {
    let hash = key.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 15)).is_multiple_of(ENDS)
}

/// A key with its value, or that it is gone.
pub(in crate::store) fn put(part: &mut Vec<u8>, key: &[u8], value: Option<&[u8]>) {
    let mut sized = |bytes: &[u8]| {
        part.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        part.extend(bytes);
    };
    sized(key);
    match value {
        Some(value) => sized(value),
        None => part.extend(u32::MAX.to_be_bytes()),
    }
}

/// A key and what it is to be; `None`: it is gone.
pub(in crate::store) type Put<'p> = (&'p [u8], Option<&'p [u8]>);

/// Reads a part.
pub(in crate::store) fn read_part(mut part: &[u8]) -> Option<Vec<Put<'_>>> {
    let mut pairs = Vec::new();
    while !part.is_empty() {
        let (key, rest) = sized(part)?;
        let (value, rest) = match rest.split_first_chunk::<4>()? {
            (&[0xff, 0xff, 0xff, 0xff], rest) => (None, rest),
            _ => sized(rest).map(|(value, rest)| (Some(value), rest))?,
        };
        pairs.push((key, value));
        part = rest;
    }
    Some(pairs)
}

/// What came together is what was copied.
///
/// # Errors
/// [`StoreError::Damaged`] where it is not.
pub(in crate::store) fn came_together(meta: &Meta, copied: &Copied) -> Result<(), StoreError> {
    let (size, root) = (meta.frontier.size(), meta.frontier.root());
    if (meta.sequence, size, root) == (copied.sequence, copied.head.size, copied.head.root) {
        return Ok(());
    }
    Err(StoreError::Damaged(format!(
        "its ledger has {size} entries where {} with another root were copied",
        copied.head.size
    )))
}

fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
