//! A copy of a whole store while it is in use: everything is read once, in order, and what was changed meanwhile is read again
//! until so little is left that it is read within one moment between two batches. That moment is what was copied.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError},
};

use tokio::sync::mpsc;

use super::{SledEngine, commit::Shared, view::engine};
use crate::store::{
    Copied, CopyPart, Head, StoreError,
    ordered::{
        parts::{MOST, about, put, scan},
        read::meta,
    },
};

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
    let (noting, of) = store.read_whole(move |tree| Ok((Noting::begin(&shared)?, about(&meta(&tree)?)))).await?;
    let (mut from, mut done) = (Vec::new(), 0);
    loop {
        let (part, count, next) = store.read_whole(move |tree| scan(&tree, &from)).await?;
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
    let meta = meta(&tree)?;
    let head = Head { size: meta.frontier.size(), root: meta.frontier.root() };
    Ok((parts, Some(Copied { sequence: meta.sequence, head, records: meta.records })))
}
