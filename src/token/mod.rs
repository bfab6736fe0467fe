//! Floor 3: token. A key that stays in a PKCS#11 device (a hardware security module, a smart card, SoftHSM) and protects epoch
//! keys. The device is asked at a start and a few times a day: never for a submission, nor for opening what is not settled.

mod key;
mod make;
mod module;

use std::path::PathBuf;

pub use key::TokenKey;
pub use make::make;

/// Which key of which token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The library of the device's maker.
    pub module: PathBuf,
    /// Label of the token.
    pub token: String,
    /// Label of the key.
    pub key: String,
    /// It was brought here from another token, and cannot say any longer that it was never outside one.
    pub restored: bool,
}

/// Why a token or its key is not used. Says nothing of a PIN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The library is not there, or is none.
    #[error("the PKCS#11 module {0} cannot be loaded: {1}")]
    Module(PathBuf, String),
    /// No token has this label.
    #[error("there is no token {0:?}; there are: {1}")]
    NoToken(String, String),
    /// More than one has.
    #[error("more than one token is called {0:?}")]
    ManyTokens(String),
    /// The token did not take the PIN.
    #[error("the token {0:?} refused the PIN; it is not tried again, for a token locks")]
    PinRefused(String),
    /// One more wrong PIN would lock the token.
    #[error("the token {0:?} would lock at the next wrong PIN, so none is tried")]
    PinLastTry(String),
    /// The token is locked.
    #[error("the token {0:?} is locked: too many wrong PINs")]
    PinLocked(String),
    /// No key has this label.
    #[error("the token {0:?} has no secret key {1:?}")]
    NoKey(String, String),
    /// More than one has.
    #[error("the token {0:?} has {2} secret keys {1:?}")]
    ManyKeys(String, String, usize),
    /// There is a key of that label already.
    #[error("the token {0:?} has a key {1:?} already; nothing was made")]
    Taken(String, String),
    /// The key will not do.
    #[error("the key {0:?} {1}")]
    Unfit(String, &'static str),
    /// The device did not do it.
    #[error("the device did not answer: {0}")]
    Device(String),
    /// There was no randomness.
    #[error("no randomness")]
    Entropy,
}

impl From<cryptoki::error::Error> for TokenError {
    fn from(error: cryptoki::error::Error) -> Self {
        Self::Device(match error {
            // The name of the code: its description fills a page.
            cryptoki::error::Error::Pkcs11(code, function) => format!("{code:?} to {function:?}"),
            other => other.to_string(),
        })
    }
}
