//! A new key, made inside a token, that never leaves it.

use cryptoki::{
    mechanism::Mechanism,
    object::{Attribute, ObjectClass},
    types::AuthPin,
};

use super::{TokenError, Wanted, key::name, module::session};
use crate::platform::{Entropy, entropy::random};

/// Makes an AES-256 key of this label, sensitive and not extractable, which may encrypt and decrypt and nothing else; answers with its
/// name.
pub fn make(wanted: &Wanted, pin: &str, entropy: &dyn Entropy) -> Result<String, TokenError> {
    let session = session(wanted, &AuthPin::from(pin), true)?;
    let label = Attribute::Label(wanted.key.clone().into_bytes());
    if !session.find_objects(&[Attribute::Class(ObjectClass::SECRET_KEY), label.clone()])?.is_empty() {
        return Err(TokenError::Taken(wanted.token.clone(), wanted.key.clone()));
    }
    let id: [u8; 16] = random(entropy).map_err(|_| TokenError::Entropy)?;
    let template = [
        label,
        Attribute::Id(id.to_vec()),
        Attribute::ValueLen(32.into()),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::Wrap(false),
        Attribute::Unwrap(false),
        Attribute::Sign(false),
        Attribute::Verify(false),
        Attribute::Derive(false),
    ];
    session.generate_key(&Mechanism::AesKeyGen, &template)?;
    Ok(name(&id))
}
