//! A copy of a whole store while it is in use: everything is read once, in order, and what was changed meanwhile is read again
//! until so little is left that it is read within one moment between two batches. That moment is what was copied.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError},
};

use tokio::sync::mpsc;

use super::{SledEngine, commit::Shared, view::engine};
use crate::store::{Copied, CopyPart, Head, StoreError, ordered::keys, stored::Meta};

/// A part ends at a key that says so behind so many bytes, so that the same content makes the same parts again, wherever
/// something came in before it ...
const LEAST: usize = 192 << 10;
/// ... and here at the latest.
const MOST: usize = 1 << 20;
/// One key of so many ends a part.
const ENDS: u32 = 128;
/// So few changed keys are read in the last moment, while writers wait.
const LAST: usize = 512;

/// Changes are noted as long as this lives.
struct Noting(Arc<Shared>);

impl Drop for Noting {
    fn drop(&mut self) {
        *self.0.changed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Noting {
    /// From the next batch on.
    fn begin(shared: &Arc<Shared>) -> Result<Self, StoreError> {
        let mut changed = shared.changed.lock().unwrap_or_else(PoisonError::into_inner);
        if changed.is_some() {
            return Err(StoreError::WrongState);
        }
        *changed = Some(HashSet::new());
        Ok(Self(Arc::clone(shared)))
    }

    fn taken(shared: &Shared) -> HashSet<Vec<u8>> {
        let mut changed = shared.changed.lock().unwrap_or_else(PoisonError::into_inner);
        changed.as_mut().map(std::mem::take).unwrap_or_default()
    }
}

/// Sends the store in parts; answers with what was copied once all of it is durable.
pub(super) async fn copy(store: &SledEngine, parts: mpsc::Sender<CopyPart>) -> Result<Copied, StoreError> {
    let shared = Arc::clone(&store.shared);
    let (noting, of) = store
        .read_whole(move |tree| {
            let meta = meta(tree)?;
            // About: the indices are not counted each.
            let of = meta.frontier.size() + 3 * meta.records + 2 * meta.answers + meta.listed + meta.events + meta.live;
            Ok((Noting::begin(&shared)?, of))
        })
        .await?;
    let (mut from, mut done) = (Vec::new(), 0);
    loop {
        let (part, count, next) = store.read_whole(move |tree| scan(tree, &from)).await?;
        done += count;
        send(&parts, CopyPart { bytes: part, done, of: of.max(done) }).await?;
        match next {
            Some(next) => from = next,
            None => break,
        }
    }
    loop {
        let shared = Arc::clone(&noting.0);
        let (again, last) = store.read_whole(move |tree| changed(tree, &shared)).await?;
        for bytes in again {
            send(&parts, CopyPart { bytes, done, of: of.max(done) }).await?;
        }
        if let Some(copied) = last {
            return Ok(copied);
        }
    }
}

async fn send(parts: &mpsc::Sender<CopyPart>, part: CopyPart) -> Result<(), StoreError> {
    parts.send(part).await.map_err(|_| StoreError::Unavailable("nobody takes the copy any longer".into()))
}

fn meta(tree: &::sled::Tree) -> Result<Meta, StoreError> {
    let bytes = tree.get(keys::META).map_err(engine)?;
    Ok(bytes.map(|bytes| Meta::decode(&bytes)).transpose()?.unwrap_or_default())
}

/// A part, how many keys it has, and where the next one begins.
type Scanned = (Vec<u8>, u64, Option<Vec<u8>>);

/// One part from a key on.
fn scan(tree: &::sled::Tree, from: &[u8]) -> Result<Scanned, StoreError> {
    let (mut part, mut count) = (Vec::new(), 0);
    for pair in tree.range(from..) {
        let (key, value) = pair.map_err(engine)?;
        put(&mut part, &key, Some(&value));
        count += 1;
        if part.len() >= MOST || (part.len() >= LEAST && ends(&key)) {
            return Ok((part, count, Some([&key[..], &[0]].concat())));
        }
    }
    Ok((part, count, None))
}

/// Whether a part may end behind this key (FNV-1a).
fn ends(key: &[u8]) -> bool {
    let hash = key.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 15)).is_multiple_of(ENDS)
}

/// Reads again what was changed. Whoever calls this holds the tree, so that no batch comes in between: what is read here is
/// of one moment, the last one where it is little.
fn changed(tree: &::sled::Tree, shared: &Shared) -> Result<(Vec<Vec<u8>>, Option<Copied>), StoreError> {
    let changed = Noting::taken(shared);
    let last = changed.len() <= LAST;
    let mut parts = vec![Vec::new()];
    for key in changed {
        let value = tree.get(&key).map_err(engine)?;
        if parts.last().is_some_and(|part: &Vec<u8>| part.len() >= MOST) {
            parts.push(Vec::new());
        }
        if let Some(part) = parts.last_mut() {
            put(part, &key, value.as_deref());
        }
    }
    parts.retain(|part| !part.is_empty());
    if !last {
        return Ok((parts, None));
    }
    let meta = meta(tree)?;
    let head = Head { size: meta.frontier.size(), root: meta.frontier.root() };
    Ok((parts, Some(Copied { sequence: meta.sequence, head, records: meta.records })))
}

/// A key with its value, or that it is gone.
fn put(part: &mut Vec<u8>, key: &[u8], value: Option<&[u8]>) {
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
type Put<'p> = (&'p [u8], Option<&'p [u8]>);

/// Reads a part.
pub(super) fn read_part(mut part: &[u8]) -> Option<Vec<Put<'_>>> {
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

fn sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
