//! How large the files are, and how much of them is in use. The engine knows only the first; the second is counted over every key, a piece
//! at a time, so that nothing that asks for it costs what grows with the store.

use std::{
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use jiff::{SignedDuration, Timestamp};

use super::{SledEngine, view::engine};
use crate::{
    platform::disk::used_bytes,
    store::{Room, StoreError},
};

/// Keys that are counted while no batch is applied.
const PIECE: usize = 256;
/// Pieces of one call.
const PIECES: usize = 8;
/// From the beginning of one count to that of the next, at least.
const EVERY: SignedDuration = SignedDuration::from_hours(1);

/// A count under way, and what the last one came to.
pub(super) struct Measuring {
    folder: PathBuf,
    count: Mutex<Count>,
}

#[derive(Clone, Default)]
struct Count {
    /// When it began; `None` before the first.
    since: Option<Timestamp>,
    /// The key after which it goes on; `None` where none is under way.
    after: Option<Vec<u8>>,
    /// Bytes of the keys and values before that.
    bytes: u64,
    /// What the last one came to.
    live: Option<u64>,
}

impl Measuring {
    /// Nothing is counted yet.
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, count: Mutex::default() }
    }
}

impl SledEngine {
    /// Counts on by some thousand keys, and says what the last whole count came to.
    pub(super) async fn measured(&self, now: Timestamp) -> Result<Option<Room>, StoreError> {
        let count = || self.measuring.count.lock().unwrap_or_else(PoisonError::into_inner);
        let mut on = count().clone();
        let due = on.since.is_none_or(|since| now.duration_since(since) >= EVERY);
        if on.after.is_none() && due {
            on = Count { since: Some(now), after: Some(Vec::new()), bytes: 0, live: on.live };
        }
        for _ in 0..PIECES {
            let Some(after) = on.after.take() else { break };
            let (bytes, next) = self.read_whole(move |tree| piece(tree, &after)).await?;
            on.bytes += bytes;
            on.live = if next.is_none() { Some(on.bytes) } else { on.live };
            on.after = next;
        }
        let live = on.live;
        *count() = on;
        let Some(live) = live else { return Ok(None) };
        let folder = self.measuring.folder.clone();
        let files = tokio::task::spawn_blocking(move || used_bytes(&folder)).await;
        // The engine may be exchanging a file at this moment: the next call says.
        Ok(files.ok().and_then(Result::ok).map(|files| Room { files, live }))
    }
}

/// Bytes of the next keys with their values, and the last of them where there are more.
fn piece(tree: &::sled::Tree, after: &[u8]) -> Result<(u64, Option<Vec<u8>>), StoreError> {
    let (mut bytes, mut last, mut keys) = (0, None, 0);
    for pair in tree.range([after, &[0]].concat()..).take(PIECE) {
        let (key, value) = pair.map_err(engine)?;
        bytes += (key.len() + value.len()) as u64;
        (last, keys) = (Some(key), keys + 1);
    }
    Ok((bytes, last.filter(|_| keys == PIECE).map(|key| key.to_vec())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ledger::{Entry, Verb},
        store::{Store, sled::SledStore},
    };

    fn entry() -> Entry {
        Entry {
            at: Timestamp::UNIX_EPOCH,
            verb: Verb::Administration,
            action: "MEASURED".to_owned(),
            who: String::new(),
            actor: None,
            record: None,
            deliveries: Vec::new(),
            recipients: Vec::new(),
            details: Vec::new(),
            commitment: None,
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_in_use_is_counted_a_piece_at_a_time_and_once_an_hour() {
        let dir = tempfile::tempdir().unwrap();
        let store = std::sync::Arc::new(SledStore::open(dir.path()).unwrap());
        let first = store.measure(Timestamp::UNIX_EPOCH).await.unwrap().unwrap();
        let writing: Vec<_> = (0..2 * PIECE * PIECES)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.record_entry(entry()).await.unwrap() })
            })
            .collect();
        for written in writing {
            written.await.unwrap();
        }
        let at = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let live = async |minutes| store.measure(at(minutes)).await.unwrap().unwrap().live;
        assert_eq!(live(59).await, first.live, "it is not time yet");
        for _ in 0..2 {
            assert_eq!(live(60).await, first.live, "it is not at its end");
        }
        let counted = live(60).await;
        store.close().await;
        drop(store);
        let whole = crate::store::sled::open::open_sled(dir.path()).unwrap();
        let bytes = whole.iter().map(|pair| pair.map(|(key, value)| key.len() + value.len()).unwrap() as u64);
        assert_eq!(counted, bytes.sum::<u64>());
        drop(whole);
        let again = SledStore::open(dir.path()).unwrap();
        let mut rounds = 1;
        while again.measure(at(0)).await.unwrap().is_none() {
            rounds += 1;
        }
        let room = again.measure(at(0)).await.unwrap().unwrap();
        assert!(rounds == 3 && room.live == counted && room.files > room.live, "{rounds} {room:?}");
    }
}
