//! Epoch keys on their shelf: made, wrapped, reserved, unwrapped.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{
    documents::{put_epoch, put_keyring, take_epoch, take_keyring},
    keys::{KeysError, Lifespan},
};
use crate::{
    broker::Error,
    platform::{Entropy, entropy::secret_32},
    sealing::{Custody, EpochKey, OuterKey, ProviderError, SealError, Wrapped},
    store::{Amendment, Change, Document, Expect, Shelf, Store, StoreError},
};

/// Name of the keyring's one document.
pub(super) const KEYRING: &str = "keyring";
/// A device that has not answered by then is taken for away.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// Purpose for which the key of references is wrapped.
pub(super) const REFERENCES: &str = "references";

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
    /// When it was made, by the clock of then.
    pub(super) made: Timestamp,
    /// Which one it is: the version of the keyring's document that named it first, higher with each, whatever the clock did.
    pub(super) number: u64,
    /// How many records it may have wrapped.
    pub(super) reserved: u64,
}

impl KeyShelf {
    pub(super) async fn keyring(&self) -> Result<Option<(KeyringDocument, u64)>, KeysError> {
        let Some(Document { version, bytes, .. }) = self.store.document(Shelf::Keyring, KEYRING).await? else {
            return Ok(None);
        };
        Ok(Some((take_keyring(&bytes)?, version)))
    }

    pub(super) async fn epoch(&self, id: &str) -> Result<(u64, EpochDocument), KeysError> {
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
    pub(super) async fn make_first(&self, now: Timestamp) -> Result<(), KeysError> {
        let secret = secret_32(&*self.entropy).map_err(Error::from)?;
        let references = self.wrap(secret, REFERENCES.to_owned()).await?;
        let (current, made) = self.make_epoch(now, 1).await?;
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
    pub(super) async fn make_epoch(&self, now: Timestamp, number: u64) -> Result<(String, Change), KeysError> {
        let secret = secret_32(&*self.entropy).map_err(Error::from)?;
        let key = EpochKey::new(&secret).ok_or(SealError::Failed)?;
        let wrapped = self.wrap(secret, of_epoch(key.id())).await?;
        let bytes = Some(put_epoch(&EpochDocument { wrapped, made: now, number, reserved: 0 }));
        let name = key.id().to_owned();
        Ok((name.clone(), Change { shelf: Shelf::EpochKey, name, expect: Expect::New, bytes }))
    }

    /// Reserves a block, or what is left; answers with how many. `None` where another replica did at the same moment.
    pub(super) async fn reserve(&self, id: &str, lifespan: Lifespan) -> Result<Option<u64>, KeysError> {
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

    pub(super) async fn wrap(&self, key: Zeroizing<Vec<u8>>, purpose: String) -> Result<Wrapped, KeysError> {
        let (custody, outer) = (self.custody.clone(), self.custody.current.clone());
        in_time(outer, move || custody.wrap(&key, &purpose)).await
    }

    pub(super) async fn unwrap(&self, wrapped: Wrapped, purpose: String) -> Result<Zeroizing<Vec<u8>>, KeysError> {
        let (custody, outer) = (self.custody.clone(), self.custody.named(&wrapped.provider)?.clone());
        in_time(outer, move || custody.unwrap(&wrapped, &purpose)).await
    }
}

/// Asks the device of a key, which may take its time: not on the async threads, and for no longer than [`ANSWERS_WITHIN`]. What has not
/// come back by then goes on by itself, and until it has, nothing more is asked of that key. Nobody who hangs up ends the wait.
pub(super) async fn in_time<T: Send + 'static>(
    outer: Arc<OuterKey>,
    ask: impl FnOnce() -> Result<T, ProviderError> + Send + 'static,
) -> Result<T, KeysError> {
    let late = || format!("it has not answered for {} seconds", ANSWERS_WITHIN.as_secs());
    if outer.hangs() {
        return Err(ProviderError::Unavailable(outer.fault().unwrap_or_else(late)).into());
    }
    let waiting = tokio::spawn(async move {
        let mut asked = tokio::task::spawn_blocking(ask);
        if let Ok(answer) = tokio::time::timeout(ANSWERS_WITHIN, &mut asked).await {
            return Ok(answer.map_err(|_| panicked())??);
        }
        outer.begin_to_hang(&late());
        tokio::spawn(async move {
            // Whatever it says, nobody waits for it.
            _ = asked.await;
            outer.end_to_hang();
        });
        Err(ProviderError::Unavailable(late()).into())
    });
    waiting.await.map_err(|_| panicked())?
}

impl std::fmt::Debug for KeyShelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyShelf({})", self.custody.current.id())
    }
}

/// Purpose for which an epoch key is wrapped.
pub(super) fn of_epoch(id: &str) -> String {
    format!("epoch/{id}")
}

pub(super) fn no_keyring() -> Error {
    Error::Internal("the keyring is not on the shelf, and the store is not new".to_owned())
}

fn panicked() -> Error {
    Error::Internal("the provider of keys failed".to_owned())
}
