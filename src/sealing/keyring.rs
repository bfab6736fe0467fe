//! The keyring: the epoch keys that are in memory, of which one wraps, and the key of references.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use ring::hmac;
use zeroize::Zeroizing;

use super::{SealError, cipher::Root, place::Side, wraps};

/// A key that wraps record keys for a time, such as a day. Wiped when it is dropped.
pub struct EpochKey {
    id: String,
    source: Zeroizing<Vec<u8>>,
    rest: Zeroizing<Vec<u8>>,
    /// How many more records it may wrap: so many were reserved for this process.
    left: AtomicU64,
    /// Used since [`Keyring::rest`] last looked.
    used: AtomicBool,
}

impl EpochKey {
    /// The epoch key of 32 random bytes; `None` for another number of them.
    pub fn new(secret: &[u8]) -> Option<Self> {
        if secret.len() != 32 {
            return None;
        }
        let root = Root::of(b"homeward/epoch/1", secret);
        let of = |side: Side| root.derive(&format!("homeward/wrapping/{}/1", side.word()));
        Some(Self {
            id: root.id()?,
            source: of(Side::Source)?,
            rest: of(Side::Rest)?,
            left: AtomicU64::new(0),
            used: AtomicBool::new(true),
        })
    }

    /// Its id: a digest of a separate derivation, which names the key and says nothing about it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Lets it wrap the keys of `records` more records.
    pub fn reserve(&self, records: u64) {
        self.left.fetch_add(records, Ordering::Relaxed);
    }

    /// How many more records it may wrap.
    pub fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    /// Takes one of those that were reserved.
    pub(super) fn take(&self) -> Result<(), SealError> {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        taken.map(|_| ()).map_err(|_| SealError::Exhausted)
    }

    pub(super) fn side(&self, side: Side) -> &[u8] {
        self.used.store(true, Ordering::Relaxed);
        match side {
            Side::Source => &self.source,
            Side::Rest => &self.rest,
        }
    }
}

impl fmt::Debug for EpochKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EpochKey({})", self.id)
    }
}

/// Epoch keys in memory and the key of references. `Debug` shows ids only.
pub struct Keyring {
    references: hmac::Key,
    epochs: RwLock<Epochs>,
}

struct Epochs {
    current: Arc<EpochKey>,
    version: u64,
    known: HashMap<String, Arc<EpochKey>>,
}

/// The epoch key that wraps now, and by which version of the keyring's document.
#[derive(Debug, Clone)]
pub struct CurrentEpoch {
    /// The key.
    pub key: Arc<EpochKey>,
    /// The document's version: what was wrapped must not be stored once the document has another.
    pub version: u64,
}

impl Keyring {
    /// A keyring with the key of references and the epoch key that wraps, by this version of the keyring's document.
    pub fn new(references: &[u8], current: EpochKey, version: u64) -> Self {
        let current = Arc::new(current);
        let known = HashMap::from([(current.id.clone(), current.clone())]);
        let epochs = RwLock::new(Epochs { current, version, known });
        Self { references: hmac::Key::new(hmac::HMAC_SHA256, references), epochs }
    }

    /// The epoch key that wraps now.
    pub fn current(&self) -> CurrentEpoch {
        let epochs = self.epochs.read().unwrap_or_else(PoisonError::into_inner);
        CurrentEpoch { key: epochs.current.clone(), version: epochs.version }
    }

    /// From now on `key` wraps, by this version of the document; an older version than the one known changes nothing.
    pub fn turn_to(&self, key: Arc<EpochKey>, version: u64) {
        let mut epochs = self.epochs.write().unwrap_or_else(PoisonError::into_inner);
        if version > epochs.version {
            epochs.known.insert(key.id.clone(), key.clone());
            epochs.current = key;
            epochs.version = version;
        }
    }

    /// Takes an epoch key in, for reading.
    pub fn admit(&self, key: EpochKey) {
        let mut epochs = self.epochs.write().unwrap_or_else(PoisonError::into_inner);
        epochs.known.entry(key.id.clone()).or_insert_with(|| Arc::new(key));
    }

    /// An epoch key that is in memory.
    pub fn get(&self, id: &str) -> Option<Arc<EpochKey>> {
        let epochs = self.epochs.read().unwrap_or_else(PoisonError::into_inner);
        epochs.known.get(id).inspect(|key| key.used.store(true, Ordering::Relaxed)).cloned()
    }

    /// Drops an epoch key: it was destroyed.
    pub fn drop_key(&self, id: &str) {
        let mut epochs = self.epochs.write().unwrap_or_else(PoisonError::into_inner);
        if epochs.current.id != id {
            epochs.known.remove(id);
        }
    }

    /// Drops the epoch keys that nobody has used since the last call, but for the one that wraps and those of `needed`.
    pub fn rest(&self, needed: &HashSet<String>) {
        let mut epochs = self.epochs.write().unwrap_or_else(PoisonError::into_inner);
        let current = epochs.current.id.clone();
        epochs.known.retain(|id, key| *id == current || needed.contains(id) || key.used.swap(false, Ordering::Relaxed));
    }

    /// The ids of the epoch keys that this sealed value needs and memory does not hold.
    pub fn missing(&self, sealed: &[u8]) -> Result<Vec<String>, SealError> {
        let mut ids = wraps::wrapped_under(sealed)?;
        ids.retain(|id| self.get(id).is_none());
        Ok(ids)
    }

    /// The seed of the key that signs the ledger's checkpoints: a derivation of the key of references, kept as that is, and
    /// the same as long as the store lives.
    pub fn log_seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.reference("ledger signing key", &[]))
    }

    /// A keyed reference to something that must not be stored in clear, e.g. an actor's staff number. The same parts
    /// give the same reference; without the key it says nothing. The key stays as it is when epoch keys change.
    pub fn reference(&self, kind: &str, parts: &[&str]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.references);
        for part in std::iter::once(&kind).chain(parts) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut reference = [0; 32];
        reference.copy_from_slice(context.sign().as_ref());
        reference
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("current", &self.current().key.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(byte: u8) -> Keyring {
        Keyring::new(&[byte; 32], EpochKey::new(&[byte; 32]).unwrap(), 1)
    }

    #[test]
    fn only_32_bytes_make_an_epoch_key_and_its_sides_differ() {
        assert!(EpochKey::new(&[7; 31]).is_none() && EpochKey::new(&[7; 33]).is_none());
        let key = EpochKey::new(&[7; 32]).unwrap();
        assert_ne!(key.source, key.rest);
        assert_eq!(format!("{key:?}"), format!("EpochKey({})", key.id));
        assert_eq!(format!("{:?}", keyring(7)), format!("Keyring {{ current: {:?}, .. }}", key.id));
    }

    #[test]
    fn references_depend_on_key_kind_and_the_cut_between_parts_and_never_on_the_epoch() {
        let (keyring, other) = (keyring(7), keyring(8));
        let reference = keyring.reference("actor", &["ab", "c"]);
        assert_ne!(reference, keyring.reference("actor", &["a", "bc"]));
        assert_ne!(reference, keyring.reference("person", &["ab", "c"]));
        assert_ne!(reference, other.reference("actor", &["ab", "c"]));
        keyring.turn_to(Arc::new(EpochKey::new(&[9; 32]).unwrap()), 2);
        assert_eq!(reference, keyring.reference("actor", &["ab", "c"]));
    }

    #[test]
    fn the_newest_version_says_which_key_wraps_and_unused_keys_leave_memory() {
        let keyring = keyring(1);
        let first = keyring.current().key.id.clone();
        let next = Arc::new(EpochKey::new(&[2; 32]).unwrap());
        keyring.turn_to(next.clone(), 3);
        keyring.turn_to(Arc::new(EpochKey::new(&[3; 32]).unwrap()), 2);
        assert_eq!((keyring.current().key.id(), keyring.current().version), (next.id(), 3));
        assert!(keyring.get(&first).is_some());
        let needed = HashSet::from([first.clone()]);
        keyring.rest(&HashSet::new());
        assert!(keyring.get(&first).is_some(), "used since it was looked at before");
        for _ in 0..3 {
            keyring.rest(&needed);
        }
        assert!(keyring.get(&first).is_some(), "needed");
        keyring.rest(&HashSet::new());
        keyring.rest(&HashSet::new());
        assert!(keyring.get(&first).is_none() && keyring.get(next.id()).is_some());
        keyring.drop_key(next.id());
        assert!(keyring.get(next.id()).is_some(), "the one that wraps stays");
    }

    #[test]
    fn no_more_is_wrapped_than_was_reserved() {
        let key = EpochKey::new(&[1; 32]).unwrap();
        assert_eq!(key.take(), Err(SealError::Exhausted));
        key.reserve(2);
        assert_eq!((key.take(), key.take(), key.take()), (Ok(()), Ok(()), Err(SealError::Exhausted)));
    }
}
