//! A copy of a whole store while it is in use: one moment of it, read in order.

use tokio::sync::mpsc;

use crate::store::{
    Copied, CopyPart, Head, StoreError,
    ordered::{
        Look,
        parts::{about, scan},
        read::meta,
    },
};

/// Sends the store in parts; answers with what was copied.
pub(super) fn copy(tree: &dyn Look, parts: &mpsc::Sender<CopyPart>) -> Result<Copied, StoreError> {
    let meta = meta(&tree)?;
    let (of, mut from, mut done) = (about(&meta), Vec::new(), 0);
    loop {
        let (bytes, count, next) = scan(&tree, &from)?;
        done += count;
        let part = CopyPart { bytes, done, of: of.max(done) };
        let gone = |_| StoreError::Unavailable("nobody takes the copy any longer".into());
        parts.blocking_send(part).map_err(gone)?;
        match next {
            Some(next) => from = next,
            None => break,
        }
    }
    let head = Head { size: meta.frontier.size(), root: meta.frontier.root() };
    Ok(Copied { sequence: meta.sequence, head, records: meta.records })
}
