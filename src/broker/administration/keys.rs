//! The keys at work: epoch keys lie on the shelf, wrapped by the provider; one of them wraps, for its time and no oftener
//! than was reserved.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, MutexGuard};
use zeroize::Zeroizing;

use super::documents::{put_epoch, put_keyring, take_epoch, take_keyring};
use crate::{
    broker::Error,
    platform::{Entropy, entropy::secret_32},
    sealing::{Custody, EpochKey, Keyring, ProviderError, SealError, Wrapped},
    store::{Accepted, Amendment, Change, Document, Expect, Seen, Shelf, Store, StoreError},
};

/// Name of the keyring's one document.
pub(super) const KEYRING: &str = "keyring";
/// Purpose for which the key of references is wrapped.
pub(super) const REFERENCES: &str = "references";
/// Records reserved at a time, at most: what a process does not use of it before it ends is lost.
const BLOCK: u64 = 1 << 16;
/// More are reserved when fewer of a block are left than one part of so many: more than can be sealed at the same moment.
const LOW: u64 = 4;
/// How often a block is asked for while other replicas ask at the same moment.
const TRIES: usize = 16;
/// Records that one epoch key may wrap: half of the 2^32 that random nonces allow.
const MOST: u64 = 1 << 31;

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
    fn block(self) -> u64 {
        (self.records / 4).clamp(1, BLOCK)
    }

    /// More are reserved when fewer are left.
    fn low(self) -> u64 {
        (self.block() / LOW).max(1)
    }
}

/// Where epoch keys lie, and what opens them.
pub struct KeyShelf {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The providers.
    pub custody: Custody,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
}

/// The keyring's document.
#[derive(Clone)]
pub(super) struct KeyringDocument {
    /// Id of the epoch key that wraps.
    pub(super) current: String,
    /// The key of references, wrapped.
    pub(super) references: Wrapped,
}

/// An epoch key's document.
#[derive(Clone)]
pub(super) struct EpochDocument {
    /// The key, wrapped.
    pub(super) wrapped: Wrapped,
    /// When it was made.
    pub(super) made: Timestamp,
    /// How many records it may have wrapped.
    pub(super) reserved: u64,
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
        let outer_since = shelf.know_outer(now).await?;
        let references = shelf.unwrap(document.references, REFERENCES.to_owned()).await?;
        let current = shelf.epoch_key(&document.current).await?;
        let keys = Self {
            ring: Arc::new(Keyring::new(&references, current, version)),
            shelf,
            lifespan,
            tending: Mutex::new(()),
            outer_since,
        };
        keys.tend(now).await?;
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

    /// Reserves more where few records are left.
    pub(in crate::broker) async fn ready(&self, now: Timestamp) -> Result<(), KeysError> {
        if self.short() { self.tend(now).await } else { Ok(()) }
    }

    /// Takes epoch keys in that this sealed value was wrapped under.
    pub(in crate::broker) async fn admit(&self, sealed: &[u8]) -> Result<(), KeysError> {
        for id in self.ring.missing(sealed)? {
            self.ring.admit(self.shelf.epoch_key(&id).await?);
        }
        Ok(())
    }

    /// Follows what other replicas did, turns to a new epoch key where the present one has had its time or has wrapped
    /// enough, and reserves.
    pub(in crate::broker) async fn tend(&self, now: Timestamp) -> Result<(), KeysError> {
        let _alone = self.tending.lock().await;
        self.follow().await?;
        let (_, epoch) = self.shelf.epoch(self.ring.current().key.id()).await?;
        if now.duration_since(epoch.made) >= self.lifespan.time || epoch.reserved >= self.lifespan.records {
            let quiet = Amendment { once: None, changes: Vec::new(), entries: Vec::new(), answer: Vec::new() };
            match self.turn_alone(now, quiet).await {
                Ok(_) => {}
                // Another replica turned.
                Err(KeysError::Other(Error::Precondition { reason: "CHANGED_MEANWHILE", .. })) => self.follow().await?,
                Err(error) => return Err(error),
            }
        }
        if self.short() { self.stock(&self.ring.current().key).await } else { Ok(()) }
    }

    /// Few records are left that the key that wraps may wrap here.
    fn short(&self) -> bool {
        self.ring.current().key.left() < self.lifespan.low()
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

    /// Makes a new epoch key, which wraps from now on, together with `amendment`, whose answer is its id. What nobody has used since the last
    /// turn leaves memory.
    pub(super) async fn turn(&self, now: Timestamp, amendment: Amendment) -> Result<Accepted, KeysError> {
        let _alone = self.tending.lock().await;
        self.turn_alone(now, amendment).await
    }

    async fn turn_alone(&self, now: Timestamp, mut amendment: Amendment) -> Result<Accepted, KeysError> {
        let (document, version) = self.shelf.keyring().await?.ok_or_else(no_keyring)?;
        let (id, made) = self.shelf.make_epoch(now).await?;
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
        self.ring.rest();
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

impl KeyShelf {
    pub(super) async fn keyring(&self) -> Result<Option<(KeyringDocument, u64)>, KeysError> {
        let Some(Document { version, bytes, .. }) = self.store.document(Shelf::Keyring, KEYRING).await? else {
            return Ok(None);
        };
        Ok(Some((take_keyring(&bytes)?, version)))
    }

    async fn epoch(&self, id: &str) -> Result<(u64, EpochDocument), KeysError> {
        let found = self.store.document(Shelf::EpochKey, id).await?;
        let found = found.ok_or_else(|| Error::Internal(format!("the epoch key {id} is not on the shelf")))?;
        Ok((found.version, take_epoch(&found.bytes)?))
    }

    pub(super) async fn epoch_key(&self, id: &str) -> Result<EpochKey, KeysError> {
        let (_, document) = self.epoch(id).await?;
        let secret = self.unwrap(document.wrapped, of_epoch(id)).await?;
        EpochKey::new(&secret).filter(|key| key.id() == id).ok_or(KeysError::Provider(ProviderError::Foreign))
    }

    /// The first key of references and the first epoch key; where another replica was quicker, theirs.
    async fn make_first(&self, now: Timestamp) -> Result<(), KeysError> {
        let secret = secret_32(&*self.entropy).map_err(Error::from)?;
        let references = self.wrap(secret, REFERENCES.to_owned()).await?;
        let (current, made) = self.make_epoch(now).await?;
        let bytes = Some(put_keyring(&KeyringDocument { current, references }));
        let keyring = Change { shelf: Shelf::Keyring, name: KEYRING.to_owned(), expect: Expect::New, bytes };
        let changes = vec![made, keyring];
        let amendment = Amendment { once: None, changes, entries: Vec::new(), answer: Vec::new() };
        match self.store.amend(amendment).await {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A new epoch key, to be put on the shelf.
    async fn make_epoch(&self, now: Timestamp) -> Result<(String, Change), KeysError> {
        let secret = secret_32(&*self.entropy).map_err(Error::from)?;
        let key = EpochKey::new(&secret).ok_or(SealError::Failed)?;
        let wrapped = self.wrap(secret, of_epoch(key.id())).await?;
        let bytes = Some(put_epoch(&EpochDocument { wrapped, made: now, reserved: 0 }));
        let name = key.id().to_owned();
        Ok((name.clone(), Change { shelf: Shelf::EpochKey, name, expect: Expect::New, bytes }))
    }

    /// Reserves a block, or what is left; answers with how many. `None` where another replica did at the same moment.
    async fn reserve(&self, id: &str, lifespan: Lifespan) -> Result<Option<u64>, KeysError> {
        let (version, mut document) = self.epoch(id).await?;
        let more = lifespan.block().min(lifespan.records.saturating_sub(document.reserved));
        document.reserved += more;
        let bytes = Some(put_epoch(&document));
        let change = Change { shelf: Shelf::EpochKey, name: id.to_owned(), expect: Expect::Version(version), bytes };
        let amendment = Amendment { once: None, changes: vec![change], entries: Vec::new(), answer: Vec::new() };
        match self.store.amend(amendment).await {
            Ok(_) => Ok(Some(more)),
            Err(StoreError::Conflict) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A device may take its time: not on the async threads.
    pub(super) async fn wrap(&self, key: Zeroizing<Vec<u8>>, purpose: String) -> Result<Wrapped, KeysError> {
        let custody = self.custody.clone();
        Ok(tokio::task::spawn_blocking(move || custody.wrap(&key, &purpose)).await.map_err(|_| panicked())??)
    }

    pub(super) async fn unwrap(&self, wrapped: Wrapped, purpose: String) -> Result<Zeroizing<Vec<u8>>, KeysError> {
        let custody = self.custody.clone();
        Ok(tokio::task::spawn_blocking(move || custody.unwrap(&wrapped, &purpose)).await.map_err(|_| panicked())??)
    }
}

impl std::fmt::Debug for KeyShelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyShelf({})", self.custody.current.id())
    }
}

pub(super) fn of_epoch(id: &str) -> String {
    format!("epoch/{id}")
}

fn no_keyring() -> Error {
    Error::Internal("the keyring is not on the shelf, and the store is not new".to_owned())
}

fn panicked() -> Error {
    Error::Internal("the provider of keys failed".to_owned())
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
