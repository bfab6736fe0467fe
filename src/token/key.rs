//! The key in a token, as a provider of `sealing`: CKM_AES_GCM by C_Encrypt and C_Decrypt.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use cryptoki::{
    error::{Error, RvError},
    mechanism::{Mechanism, aead::GcmParams},
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::Session,
    types::AuthPin,
};
use ring::digest::{SHA256, digest};
use zeroize::Zeroizing;

use super::{TokenError, Wanted, module::session};
use crate::{
    platform::{Entropy, entropy::random},
    sealing::{KeyProvider, ProviderError, SECRET_BYTES},
};

/// Bytes of a nonce: 96 random bits, or what the token puts in their place.
const NONCE: usize = 12;
/// Bits of a tag.
const TAG: u64 = 128;
/// Said of a key that may have been read before it was locked in.
const OUTSIDE: &str = "could once be taken out of a token, so that somebody may have it: make another with init-token; where you brought \
                       it here yourself from the token it was made in, say restored = true";
/// A CKA_ID shorter than this is no name: another key would have it too.
const SHORTEST_ID: usize = 8;

/// A key that never leaves its token.
pub struct TokenKey {
    id: String,
    wanted: Wanted,
    pin: AuthPin,
    /// The session and the key in it; `None` where it has to be opened anew. One call at a time.
    link: Mutex<Option<Link>>,
    /// The PIN was refused: it is never tried again.
    refused: AtomicBool,
    entropy: Arc<dyn Entropy>,
}

struct Link {
    session: Session,
    key: ObjectHandle,
}

impl TokenKey {
    /// The key of this label, if it is fit: AES-256, sensitive, not extractable now or ever before; and the token does with it what it says.
    pub fn open(wanted: Wanted, pin: &str, entropy: Arc<dyn Entropy>) -> Result<Self, TokenError> {
        let pin = AuthPin::from(pin);
        let link = Link::open(&wanted, &pin)?;
        let id = link.id(&wanted)?;
        let refused = AtomicBool::new(false);
        let key = Self { id, wanted, pin, link: Mutex::new(Some(link)), refused, entropy };
        key.works()?;
        Ok(key)
    }

    /// What it encrypts comes back, bound to its additional data and to no other. Tokens differ: some put a nonce of their own in the place
    /// of ours, and one that ignored the additional data would let wraps be swapped.
    fn works(&self) -> Result<(), TokenError> {
        let probe = [0x5a; SECRET_BYTES];
        let wrapped = self.ask(|link| link.encrypt(&probe, b"homeward/probe/1", &*self.entropy))?;
        let opened = self.ask(|link| link.decrypt(&wrapped, b"homeward/probe/1"))?;
        let elsewhere = self.ask(|link| Ok(link.decrypt(&wrapped, b"homeward/probe/2").is_ok()))?;
        if *opened == probe && !elsewhere {
            Ok(())
        } else {
            Err(self.unfit(
                "does not give back what it encrypted, bound to its additional data: the token's AES-GCM will not do",
            ))
        }
    }

    /// Asks the device; where it does not answer, once more over a new session.
    fn ask<T>(&self, question: impl Fn(&Link) -> Result<T, TokenError>) -> Result<T, TokenError> {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = &*link
            && let Ok(answer) = question(open)
        {
            return Ok(answer);
        }
        *link = None;
        let open = self.open_anew()?;
        let answer = question(&open);
        *link = Some(open);
        answer
    }

    fn open_anew(&self) -> Result<Link, TokenError> {
        if self.refused.load(Ordering::Relaxed) {
            return Err(TokenError::PinRefused(self.wanted.token.clone()));
        }
        let link = Link::open(&self.wanted, &self.pin).inspect_err(|error| {
            self.refused.store(matches!(error, TokenError::PinRefused(_)), Ordering::Relaxed);
        })?;
        // Another token of the same label is not the same key.
        if link.id(&self.wanted)? == self.id { Ok(link) } else { Err(self.unfit("is another than at the start")) }
    }

    fn unfit(&self, why: &'static str) -> TokenError {
        TokenError::Unfit(self.wanted.key.clone(), why)
    }
}

impl KeyProvider for TokenKey {
    fn id(&self) -> &str {
        &self.id
    }

    fn wrap(&self, key: &[u8], aad: &[u8]) -> Result<Vec<u8>, ProviderError> {
        self.ask(|link| link.encrypt(key, aad, &*self.entropy)).map_err(unavailable)
    }

    fn unwrap(&self, wrapped: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        if wrapped.len() <= NONCE {
            return Err(ProviderError::Foreign);
        }
        self.ask(|link| link.decrypt(wrapped, aad)).map_err(|error| {
            // A tag that does not hold and a device that is ill have the same code in some tokens: a probe tells them apart.
            if matches!(error, TokenError::Device(_)) && self.works().is_ok() {
                ProviderError::Foreign
            } else {
                unavailable(error)
            }
        })
    }
}

fn unavailable(error: TokenError) -> ProviderError {
    ProviderError::Unavailable(error.to_string())
}

impl Link {
    fn open(wanted: &Wanted, pin: &AuthPin) -> Result<Self, TokenError> {
        let session = session(wanted, pin, false)?;
        let named = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Label(wanted.key.clone().into_bytes())];
        match session.find_objects(&named)?[..] {
            [key] => Ok(Self { session, key }),
            [] => Err(TokenError::NoKey(wanted.token.clone(), wanted.key.clone())),
            ref many => Err(TokenError::ManyKeys(wanted.token.clone(), wanted.key.clone(), many.len())),
        }
    }

    /// The name of the key, of its CKA_ID, which a copy in another token keeps; an error for a key that will not do.
    fn id(&self, wanted: &Wanted) -> Result<String, TokenError> {
        let asked = [
            AttributeType::KeyType,
            AttributeType::ValueLen,
            AttributeType::Sensitive,
            AttributeType::Extractable,
            AttributeType::AlwaysSensitive,
            AttributeType::NeverExtractable,
            AttributeType::Encrypt,
            AttributeType::Decrypt,
            AttributeType::Id,
        ];
        let has = self.session.get_attributes(self.key, &asked)?;
        let unfit = |why| Err(TokenError::Unfit(wanted.key.clone(), why));
        if !has.contains(&Attribute::KeyType(KeyType::AES)) || !has.contains(&Attribute::ValueLen(32.into())) {
            return unfit("is not for AES-256");
        }
        if !has.contains(&Attribute::Sensitive(true)) || !has.contains(&Attribute::Extractable(false)) {
            return unfit("can be taken out of the token: make one that is sensitive and not extractable");
        }
        let always =
            has.contains(&Attribute::AlwaysSensitive(true)) && has.contains(&Attribute::NeverExtractable(true));
        if !always && !wanted.restored {
            return unfit(OUTSIDE);
        }
        if !has.contains(&Attribute::Encrypt(true)) || !has.contains(&Attribute::Decrypt(true)) {
            return unfit("is not allowed to encrypt and to decrypt");
        }
        let id = has.iter().find_map(|one| if let Attribute::Id(id) = one { Some(id) } else { None });
        match id {
            Some(id) if id.len() >= SHORTEST_ID => Ok(name(id)),
            _ => unfit("has a CKA_ID of less than 8 bytes: another key could have the same"),
        }
    }

    fn encrypt(&self, key: &[u8], aad: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, TokenError> {
        let mut nonce: [u8; NONCE] = random(entropy).map_err(|_| TokenError::Entropy)?;
        let parameters = GcmParams::new(&mut nonce, aad, TAG.into())?;
        let ciphertext = self.session.encrypt(&Mechanism::AesGcm(parameters), self.key, key)?;
        // Read only now: a token that makes nonces of its own writes them there.
        Ok([nonce.as_slice(), &ciphertext].concat())
    }

    fn decrypt(&self, wrapped: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, TokenError> {
        let foreign = Error::Pkcs11(RvError::EncryptedDataLenRange, cryptoki::context::Function::Decrypt);
        let (nonce, ciphertext) = wrapped.split_at_checked(NONCE).ok_or(foreign)?;
        let mut nonce = nonce.to_vec();
        let parameters = GcmParams::new(&mut nonce, aad, TAG.into())?;
        Ok(Zeroizing::new(self.session.decrypt(&Mechanism::AesGcm(parameters), self.key, ciphertext)?))
    }
}

/// Names a key by its CKA_ID.
pub(super) fn name(id: &[u8]) -> String {
    format!("pkcs11:{}", hex::encode(&digest(&SHA256, id).as_ref()[..8]))
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey({})", self.id)
    }
}
