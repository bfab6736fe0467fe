//! What protects epoch keys: a key that is kept outside the store, in a file or a device, and wraps a few keys a day.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use zeroize::Zeroizing;

use super::cipher::{Root, Sealing, open_with, seal_with};
use crate::platform::Entropy;

/// Length of a key file's secret, bytes.
pub const SECRET_BYTES: usize = 32;

/// A key encryption key, wherever it is kept. Calls may block: never on an async thread.
pub trait KeyProvider: Send + Sync {
    /// Names the key and says nothing about it; another key has another name.
    fn id(&self) -> &str;

    /// Encrypts and authenticates `key`, bound to `aad`.
    fn wrap(&self, key: &[u8], aad: &[u8]) -> Result<Vec<u8>, ProviderError>;

    /// Gives back what [`Self::wrap`] was given with the same `aad`.
    fn unwrap(&self, wrapped: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, ProviderError>;
}

/// Why a provider did not do it. Says nothing about keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// What was to be unwrapped was not wrapped under this key, or for another purpose, or has changed.
    #[error("it was not wrapped under this key")]
    Foreign,
    /// None of the providers has the key of this name.
    #[error("the key {0} is not among those configured")]
    Unknown(String),
    /// The file or the device cannot be used now.
    #[error("{0}")]
    Unavailable(String),
}

/// The key outside the store in use, and those used before, which still unwrap what is not yet wrapped anew.
#[derive(Clone)]
pub struct Custody {
    /// Wraps from now on.
    pub current: Arc<OuterKey>,
    /// Unwrap only.
    pub previous: Vec<Arc<OuterKey>>,
}

/// A key outside the store, with what became of the calls to it.
pub struct OuterKey {
    provider: Box<dyn KeyProvider>,
    uses: AtomicU64,
    /// Calls for which nobody waits any longer, and that have not come back.
    hanging: AtomicUsize,
    fault: Mutex<Option<String>>,
}

impl OuterKey {
    /// The key of a provider.
    pub fn new(provider: impl KeyProvider + 'static) -> Self {
        Self {
            provider: Box::new(provider),
            uses: AtomicU64::new(0),
            hanging: AtomicUsize::new(0),
            fault: Mutex::new(None),
        }
    }

    /// Names the key and says nothing about it.
    pub fn id(&self) -> &str {
        self.provider.id()
    }

    /// How often it was asked to wrap or to unwrap since this process began.
    pub fn uses(&self) -> u64 {
        self.uses.load(Ordering::Relaxed)
    }

    /// Why it could not be used when it was last asked; `None`: it could.
    pub fn fault(&self) -> Option<String> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether a call hangs: another would hang behind it, each with a thread of its own.
    pub fn hangs(&self) -> bool {
        self.hanging.load(Ordering::Relaxed) > 0
    }

    /// A call has not come back in time: nobody waits for it any longer. That is the key's fault until a call comes back that was answered.
    pub fn begin_to_hang(&self, why: &str) {
        self.hanging.fetch_add(1, Ordering::Relaxed);
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(why.to_owned());
    }

    /// Such a call has come back.
    pub fn end_to_hang(&self) {
        self.hanging.fetch_sub(1, Ordering::Relaxed);
    }

    fn told<T>(&self, answer: Result<T, ProviderError>) -> Result<T, ProviderError> {
        self.uses.fetch_add(1, Ordering::Relaxed);
        let fault = match &answer {
            Err(ProviderError::Unavailable(why)) => Some(why.clone()),
            _ => None,
        };
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
        answer
    }
}

/// A key wrapped by a provider.
#[derive(Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// Id of the provider's key.
    pub provider: String,
    /// What the provider made.
    pub bytes: Vec<u8>,
}

impl Custody {
    /// One provider and none before it.
    pub fn of(provider: impl KeyProvider + 'static) -> Self {
        Self { current: Arc::new(OuterKey::new(provider)), previous: Vec::new() }
    }

    /// All of them, the one in use first.
    pub fn all(&self) -> impl Iterator<Item = &Arc<OuterKey>> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// The key of this name.
    ///
    /// # Errors
    /// [`ProviderError::Unknown`].
    pub fn named(&self, id: &str) -> Result<&Arc<OuterKey>, ProviderError> {
        self.all().find(|key| key.id() == id).ok_or_else(|| ProviderError::Unknown(id.to_owned()))
    }

    /// Wraps `key` for one purpose, such as `epoch/<id>`.
    pub fn wrap(&self, key: &[u8], purpose: &str) -> Result<Wrapped, ProviderError> {
        let provider = self.current.id().to_owned();
        let bytes = self.current.told(self.current.provider.wrap(key, &bound(&provider, purpose)))?;
        Ok(Wrapped { provider, bytes })
    }

    /// Unwraps what was wrapped for the same purpose.
    pub fn unwrap(&self, wrapped: &Wrapped, purpose: &str) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        let key = self.named(&wrapped.provider)?;
        key.told(key.provider.unwrap(&wrapped.bytes, &bound(&wrapped.provider, purpose)))
    }
}

fn bound(provider: &str, purpose: &str) -> Vec<u8> {
    let mut data = Vec::new();
    for field in ["homeward/provider/1", provider, purpose] {
        data.extend_from_slice(&(field.len() as u32).to_be_bytes());
        data.extend_from_slice(field.as_bytes());
    }
    data
}

/// A provider whose key is derived from 32 secret bytes, as a key file holds them.
pub struct SecretProvider {
    id: String,
    key: Zeroizing<Vec<u8>>,
    entropy: Arc<dyn Entropy>,
}

impl SecretProvider {
    /// The provider of these bytes; `None` for another number of them than [`SECRET_BYTES`].
    pub fn new(secret: &[u8], entropy: Arc<dyn Entropy>) -> Option<Self> {
        if secret.len() != SECRET_BYTES {
            return None;
        }
        let root = Root::of(b"homeward/key-file/1", secret);
        Some(Self { id: format!("file:{}", root.id()?), key: root.derive("homeward/provider/1")?, entropy })
    }
}

impl KeyProvider for SecretProvider {
    fn id(&self) -> &str {
        &self.id
    }

    fn wrap(&self, key: &[u8], aad: &[u8]) -> Result<Vec<u8>, ProviderError> {
        let sealing = Sealing { key: &self.key, data: aad, entropy: &*self.entropy };
        let sealed = seal_with(sealing, Zeroizing::new(key.to_vec()));
        let (nonce, ciphertext) = sealed.map_err(|error| ProviderError::Unavailable(error.to_string()))?;
        Ok([nonce.as_slice(), &ciphertext].concat())
    }

    fn unwrap(&self, wrapped: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        let (nonce, ciphertext) = wrapped.split_at_checked(12).ok_or(ProviderError::Foreign)?;
        open_with(&self.key, nonce, aad, ciphertext).map_err(|_| ProviderError::Foreign)
    }
}

impl fmt::Debug for SecretProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretProvider({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::SystemEntropy;

    fn provider(byte: u8) -> SecretProvider {
        SecretProvider::new(&[byte; 32], Arc::new(SystemEntropy::new())).unwrap()
    }

    #[test]
    fn only_32_bytes_make_a_key() {
        for length in [0, 31, 33] {
            assert!(SecretProvider::new(&vec![7; length], Arc::new(SystemEntropy::new())).is_none());
        }
        assert_eq!(format!("{:?}", provider(7)), format!("SecretProvider({})", provider(7).id()));
        assert_ne!(provider(7).id(), provider(8).id());
    }

    #[test]
    fn what_is_wrapped_comes_back_for_its_purpose_only_and_by_the_provider_that_wrapped_it() {
        let custody = Custody::of(provider(1));
        let wrapped = custody.wrap(&[9; 32], "epoch/a").unwrap();
        assert_eq!(*custody.unwrap(&wrapped, "epoch/a").unwrap(), [9; 32]);
        assert_eq!(custody.unwrap(&wrapped, "epoch/b"), Err(ProviderError::Foreign));
        for at in 0..wrapped.bytes.len() {
            let mut spoilt = wrapped.clone();
            spoilt.bytes[at] ^= 1;
            assert_eq!(custody.unwrap(&spoilt, "epoch/a"), Err(ProviderError::Foreign));
            spoilt.bytes.truncate(at);
            assert_eq!(custody.unwrap(&spoilt, "epoch/a"), Err(ProviderError::Foreign));
        }
        let mut other = Custody::of(provider(2));
        assert_eq!(other.unwrap(&wrapped, "epoch/a"), Err(ProviderError::Unknown(wrapped.provider.clone())));
        other.previous.push(custody.current.clone());
        assert_eq!(*other.unwrap(&wrapped, "epoch/a").unwrap(), [9; 32]);
        assert_eq!(other.wrap(&[9; 32], "epoch/a").unwrap().provider, provider(2).id());
        let renamed = Wrapped { provider: provider(2).id().to_owned(), ..wrapped };
        assert_eq!(other.unwrap(&renamed, "epoch/a"), Err(ProviderError::Foreign));
    }

    /// A device that is there as long as the test says so.
    struct Device(Arc<std::sync::atomic::AtomicBool>);

    impl KeyProvider for Device {
        fn id(&self) -> &str {
            "device:1"
        }

        fn wrap(&self, key: &[u8], _: &[u8]) -> Result<Vec<u8>, ProviderError> {
            if self.0.load(Ordering::Relaxed) {
                Ok(key.to_vec())
            } else {
                Err(ProviderError::Unavailable("gone".into()))
            }
        }

        fn unwrap(&self, _: &[u8], _: &[u8]) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
            Err(ProviderError::Foreign)
        }
    }

    #[test]
    fn uses_are_counted_and_a_fault_stands_until_the_key_can_be_used_again() {
        let there = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let custody = Custody::of(Device(there.clone()));
        assert_eq!((custody.current.uses(), custody.current.fault()), (0, None));
        assert!(custody.wrap(&[9; 32], "epoch/a").is_err());
        assert_eq!((custody.current.uses(), custody.current.fault()), (1, Some("gone".to_owned())));
        there.store(true, Ordering::Relaxed);
        let wrapped = custody.wrap(&[9; 32], "epoch/a").unwrap();
        assert_eq!((custody.current.uses(), custody.current.fault()), (2, None));
        assert_eq!(custody.unwrap(&wrapped, "epoch/a"), Err(ProviderError::Foreign));
        assert_eq!(
            (custody.current.uses(), custody.current.fault()),
            (3, None),
            "what is foreign is no fault of the key"
        );
    }
}
