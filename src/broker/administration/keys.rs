//! The keys at work: epoch keys lie on the shelf, wrapped by the provider; one of them wraps, for its time and no oftener
//! than was reserved.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, MutexGuard};

use super::{
    documents::put_keyring,
    key_shelf::{EpochDocument, KEYRING, KeyShelf, KeyringDocument, REFERENCES, no_keyring},
};
use crate::{
    broker::Error,
    sealing::{EpochKey, Keyring, ProviderError, SealError},
    store::{Accepted, Amendment, Change, Expect, Seen, Shelf, StoreError},
};

/// Records reserved at a time, at most: what a process does not use of it before it ends is lost.
const BLOCK: u64 = 1 << 16;
/// More are reserved when fewer of a block are left than one part of so many: more than can be sealed at the same moment.
const LOW: u64 = 4;
/// How often a block is asked for while other replicas ask at the same moment.
const TRIES: usize = 16;
/// Records that one epoch key may wrap: half of the 2^32 that random nonces allow.
const MOST: u64 = 1 << 31;
/// A key made later than now by more than this was made by a clock that ran ahead.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The keyring with what it needs to turn over. `Debug` shows ids only.
#[derive(Debug)]
pub struct Keys {
    shelf: KeyShelf,
    ring: Arc<Keyring>,
    lifespan: Lifespan,
    /// Held by who turns over or reserves: others wait for what they need, rather than find none left.
    tending: Mutex<()>,
    /// Since when the key outside the store has been in use.
    outer_since: Timestamp,
    /// When the newest epoch key was made of those that were seen, in microseconds.
    newest: AtomicI64,
    /// The version of the keyring's document for which memory holds what is needed.
    pub(super) openable: AtomicU64,
}

/// How long an epoch key wraps, whichever ends first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifespan {
    /// For so long.
    pub time: SignedDuration,
    /// So many records, in all processes together. Each half of the key encrypts once for a record, under a random nonce.
    pub records: u64,
}

impl Lifespan {
    /// So long, and as many records as AES-GCM allows with ease.
    pub fn of(time: SignedDuration) -> Self {
        Self { time, records: MOST }
    }

    /// Records reserved at a time.
    pub(super) fn block(self) -> u64 {
        (self.records / 4).clamp(1, BLOCK)
    }

    /// More are reserved when fewer are left.
    fn low(self) -> u64 {
        (self.block() / LOW).max(1)
    }

    /// The key has had its time or has wrapped enough. So has one that was made later than now: it would wrap for so much longer.
    fn is_over(self, epoch: &EpochDocument, now: Timestamp) -> bool {
        now.duration_since(epoch.made) >= self.time || epoch.reserved >= self.records || is_ahead(epoch.made, now)
    }
}

/// Why keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// The provider did not do it.
    #[error("{0}")]
    Provider(#[from] ProviderError),
    /// Something in the store is under a key that is not configured.
    #[error("{under} of {of} keys in the store are under {key}; configured: {}", .configured.join(", "))]
    Unconfigured {
        /// The key outside the store.
        key: String,
        /// How many are under it.
        under: usize,
        /// How many there are.
        of: usize,
        /// The keys outside the store that are configured.
        configured: Vec<String>,
    },
    /// Something else.
    #[error("{0}")]
    Other(#[from] Error),
}

impl From<StoreError> for KeysError {
    fn from(error: StoreError) -> Self {
        Self::Other(error.into())
    }
}

impl From<SealError> for KeysError {
    fn from(error: SealError) -> Self {
        Self::Other(error.into())
    }
}

impl From<KeysError> for Error {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Provider(ProviderError::Unavailable(why)) => Self::KeyUnavailable(why),
            KeysError::Provider(_) | KeysError::Unconfigured { .. } => Self::Internal(error.to_string()),
            KeysError::Other(error) => error,
        }
    }
}

impl Keys {
    /// The keys of a store; made, where it has none yet.
    pub async fn open(shelf: KeyShelf, lifespan: Lifespan, now: Timestamp) -> Result<Self, KeysError> {
        if shelf.keyring().await?.is_none() {
            if shelf.store.head().await?.size > 0 {
                return Err(no_keyring().into());
            }
            shelf.make_first(now).await?;
        }
        let (document, version) = shelf.keyring().await?.ok_or_else(no_keyring)?;
        let (outer_since, newest) = shelf.know_outer(now).await?;
        let references = shelf.unwrap(document.references, REFERENCES.to_owned()).await?;
        let current = shelf.epoch_key(&document.current).await?;
        let keys = Self {
            ring: Arc::new(Keyring::new(&references, current, version)),
            shelf,
            lifespan,
            tending: Mutex::new(()),
            outer_since,
            newest: AtomicI64::new(newest.as_microsecond()),
            openable: AtomicU64::new(0),
        };
        keys.tend(now).await?;
        if let Err(error) = keys.keep_openable().await {
            // The caretaker tries it again; what opens otherwise is not kept from starting.
            tracing::error!(%error, "not every epoch key of what is not settled is in memory");
        }
        Ok(keys)
    }

    /// Where epoch keys lie.
    pub(super) fn shelf(&self) -> &KeyShelf {
        &self.shelf
    }

    /// Since when the key outside the store has been in use.
    pub(super) fn outer_since(&self) -> Timestamp {
        self.outer_since
    }

    /// When an epoch key was made that was made later than now, by a clock that ran ahead; or this one is behind.
    pub(in crate::broker) fn made_ahead(&self, now: Timestamp) -> Option<Timestamp> {
        let made = Timestamp::from_microsecond(self.newest.load(Ordering::Relaxed)).ok()?;
        is_ahead(made, now).then_some(made)
    }

    /// Held, it keeps the documents of keys as they are, but for what the holder does.
    pub(super) async fn tending(&self) -> MutexGuard<'_, ()> {
        self.tending.lock().await
    }

    /// What seals and opens.
    pub(in crate::broker) fn ring(&self) -> Arc<Keyring> {
        self.ring.clone()
    }

    /// What an acceptance that is sealed now relies on: the epoch key that wraps is the one that we know.
    pub(in crate::broker) fn seen(ring: &Keyring) -> Seen {
        Seen { shelf: Shelf::Keyring, name: KEYRING.to_owned(), version: ring.current().version }
    }

    /// Reserves more where few records are left. While the device does not answer, what is left will do: the caretaker asks it again.
    pub(in crate::broker) async fn ready(&self, now: Timestamp) -> Result<(), KeysError> {
        let away = || self.shelf.custody.current.fault().is_some();
        if !self.short() || (self.left() > 0 && away()) { Ok(()) } else { self.tend(now).await }
    }

    /// Takes epoch keys in that this sealed value was wrapped under.
    pub(in crate::broker) async fn admit(&self, sealed: &[u8]) -> Result<(), KeysError> {
        for id in self.ring.missing(sealed)? {
            self.ring.admit(self.shelf.epoch_key(&id).await?);
        }
        Ok(())
    }

    /// Follows what other replicas did, turns to a new epoch key where the present one has had its time or has wrapped
    /// enough, and reserves. Where no key can be made, the present one goes on for what was reserved for it.
    pub(in crate::broker) async fn tend(&self, now: Timestamp) -> Result<(), KeysError> {
        let _alone = self.tending.lock().await;
        self.follow().await?;
        let (_, epoch) = self.shelf.epoch(self.ring.current().key.id()).await?;
        self.newest.fetch_max(epoch.made.as_microsecond(), Ordering::Relaxed);
        if self.lifespan.is_over(&epoch, now) {
            let quiet = Amendment { once: None, changes: Vec::new(), entries: Vec::new(), answer: Vec::new() };
            match self.turn_alone(now, quiet).await {
                Ok(_) => {}
                // Another replica turned.
                Err(KeysError::Other(Error::Precondition { reason: "CHANGED_MEANWHILE", .. })) => self.follow().await?,
                Err(KeysError::Provider(ProviderError::Unavailable(_))) if self.left() > 0 => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        if self.short() { self.stock(&self.ring.current().key).await } else { Ok(()) }
    }

    /// Few records are left that the key that wraps may wrap here.
    fn short(&self) -> bool {
        self.left() < self.lifespan.low()
    }

    fn left(&self) -> u64 {
        self.ring.current().key.left()
    }

    /// Reserves a block for a key, unless it has wrapped enough.
    async fn stock(&self, key: &EpochKey) -> Result<(), KeysError> {
        for _ in 0..TRIES {
            if let Some(more) = self.shelf.reserve(key.id(), self.lifespan).await? {
                key.reserve(more);
                return Ok(());
            }
        }
        Err(Error::Unavailable("too many replicas reserve at the same moment".to_owned()).into())
    }

    /// Makes a new epoch key, which wraps from now on, together with `amendment`, whose answer is its id.
    pub(super) async fn turn(&self, now: Timestamp, amendment: Amendment) -> Result<Accepted, KeysError> {
        let _alone = self.tending.lock().await;
        self.turn_alone(now, amendment).await
    }

    async fn turn_alone(&self, now: Timestamp, mut amendment: Amendment) -> Result<Accepted, KeysError> {
        let (document, version) = self.shelf.keyring().await?.ok_or_else(no_keyring)?;
        let (id, made) = self.shelf.make_epoch(now, version.saturating_add(1)).await?;
        amendment.answer = id.clone().into_bytes();
        let bytes = Some(put_keyring(&KeyringDocument { current: id, ..document }));
        amendment.changes.push(made);
        amendment.changes.push(Change {
            shelf: Shelf::Keyring,
            name: KEYRING.to_owned(),
            expect: Expect::Version(version),
            bytes,
        });
        let accepted = self.shelf.store.amend(amendment).await?;
        self.follow().await?;
        Ok(accepted)
    }

    /// Turns to the epoch key that the document names; not before it may wrap, for others seal meanwhile.
    pub(super) async fn follow(&self) -> Result<(), KeysError> {
        let (document, version) = self.shelf.keyring().await?.ok_or_else(no_keyring)?;
        if version == self.ring.current().version {
            return Ok(());
        }
        let key = match self.ring.get(&document.current) {
            Some(key) => key,
            None => Arc::new(self.shelf.epoch_key(&document.current).await?),
        };
        if key.left() < self.lifespan.low() {
            self.stock(&key).await?;
        }
        self.ring.turn_to(key, version);
        Ok(())
    }
}

fn is_ahead(made: Timestamp, now: Timestamp) -> bool {
    made.duration_since(now) > SKEW
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_processes_together_reserve_less_than_random_nonces_allow() {
        let usual = Lifespan::of(SignedDuration::from_hours(24));
        assert!(usual.records <= 1 << 31 && usual.block() == BLOCK && usual.low() < BLOCK);
        for records in 1..1_000 {
            let small = Lifespan { records, ..usual };
            assert!((1..=records).contains(&small.block()) && (1..=small.block()).contains(&small.low()), "{records}");
        }
    }
}
