//! Chance: random bytes from the operating system, and the identifiers made of them.

use std::fmt;

use jiff::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use uuid::{Builder, Uuid};
use zeroize::Zeroizing;

/// The operating system gave no random bytes. Nothing that needs them may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct EntropyError;

/// A source of bytes nobody can foresee.
pub trait Entropy: fmt::Debug + Send + Sync {
    /// Fills `out` completely, or fails and leaves nothing to use.
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError>;
}

/// The operating system's generator, through ring.
#[derive(Debug, Clone)]
pub struct SystemEntropy(SystemRandom);

impl Default for SystemEntropy {
    fn default() -> Self {
        Self::new()
    }
}

impl SystemEntropy {
    /// The generator of this machine.
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
        self.0.fill(out).map_err(|_| EntropyError)
    }
}

/// A random (version 4) UUID.
pub fn uuid_v4(entropy: &dyn Entropy) -> Result<Uuid, EntropyError> {
    Ok(Builder::from_random_bytes(random::<16>(entropy)?).into_uuid())
}

/// A UUID of version 7: the millisecond, then 74 random bits, which nobody can foresee. Those of one time stand beside each other
/// in a store: what is new goes to one end of it, not into pages all over.
pub fn uuid_v7(at: Timestamp, entropy: &dyn Entropy) -> Result<Uuid, EntropyError> {
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    Ok(Builder::from_unix_timestamp_millis(millis, &random::<10>(entropy)?).into_uuid())
}

/// `N` random bytes for public use (nonces, serial numbers, tokens).
pub fn random<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], EntropyError> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}

/// 32 random bytes to keep secret: a key. On the heap, where a move leaves no copy behind; zeroised on drop.
pub fn secret_32(entropy: &dyn Entropy) -> Result<Zeroizing<Vec<u8>>, EntropyError> {
    let mut bytes = Zeroizing::new(vec![0; 32]);
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_random_and_of_version_four() {
        let entropy = SystemEntropy::new();
        let (one, two) = (uuid_v4(&entropy).unwrap(), uuid_v4(&entropy).unwrap());
        assert_ne!(one, two);
        assert_eq!(one.get_version_num(), 4);
    }

    #[test]
    fn uuids_of_a_later_millisecond_sort_behind_and_those_of_one_differ() {
        let entropy = SystemEntropy::new();
        let of = |at: &str| uuid_v7(at.parse().unwrap(), &entropy).unwrap();
        let (one, two) = (of("2026-03-02T23:30:00.001Z"), of("2026-03-02T23:30:00.001Z"));
        assert!(one != two && one.get_version_num() == 7);
        assert!(one.max(two) < of("2026-03-02T23:30:00.002Z"));
        assert_eq!(
            of("1969-12-31T23:59:59Z").as_bytes()[..6],
            [0; 6],
            "a clock before time began is no reason to refuse"
        );
    }

    #[test]
    fn secrets_differ() {
        let entropy = SystemEntropy::new();
        assert_ne!(*secret_32(&entropy).unwrap(), *secret_32(&entropy).unwrap());
    }

    #[test]
    fn a_failing_source_yields_nothing() {
        #[derive(Debug)]
        struct Dry;
        impl Entropy for Dry {
            fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
                Err(EntropyError)
            }
        }
        assert_eq!((uuid_v4(&Dry), uuid_v7(Timestamp::UNIX_EPOCH, &Dry)), (Err(EntropyError), Err(EntropyError)));
        assert!(secret_32(&Dry).is_err());
    }
}
