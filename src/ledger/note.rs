//! Signed checkpoints: the C2SP signed-note and tlog-checkpoint texts, which other people's programs verify.
//!
//! Own code over ring's Ed25519: the crates that write signed notes bring a second Ed25519 along for these few lines.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::sha256;

/// The signature type of Ed25519 in a key id and a verifier key.
const ED25519_TYPE: u8 = 1;
/// What stands before a signature: an em dash and a space.
const MARK: &str = "\u{2014} ";

/// The key that signs the ledger's checkpoints. Its name is the ledger's origin.
pub struct LogKey {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

impl LogKey {
    /// The key of a 32-byte seed; `None` for another length or a name that a note cannot carry.
    pub fn new(name: &str, seed: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let key = pair.public_key().as_ref().try_into().ok()?;
        good_name(name).then(|| Self { pair, verifier: VerifierKey { name: name.to_owned(), key } })
    }

    /// What others verify with.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The signed checkpoint of a tree. Ed25519 is deterministic: the same tree always gives the same text.
    pub fn sign(&self, size: u64, root: &[u8; 32]) -> String {
        let text = format!("{}\n{size}\n{}\n", self.verifier.name, BASE64.encode(root));
        let signature = [self.verifier.id().as_slice(), self.pair.sign(text.as_bytes()).as_ref()].concat();
        format!("{text}\n{MARK}{} {}\n", self.verifier.name, BASE64.encode(signature))
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({})", self.verifier)
    }
}

/// The public key of a ledger, written `name+id+key` as C2SP verifier keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: [u8; 32],
}

/// A checkpoint whose signature was good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Entries.
    pub size: u64,
    /// RFC 9162 root over them.
    pub root: [u8; 32],
}

/// Why a note does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It has not the form of a signed checkpoint.
    #[error("not a signed checkpoint")]
    Form,
    /// It is of another ledger, or not signed by this key.
    #[error("not signed by this ledger's key")]
    Signature,
}

impl VerifierKey {
    /// Reads `name+id+key`; `None` if the parts do not fit each other.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(3, '+');
        let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
        let key = BASE64.decode(key).ok()?;
        let (kind, key) = key.split_first()?;
        let read = Self { name: name.to_owned(), key: key.try_into().ok()? };
        (*kind == ED25519_TYPE && good_name(name) && hex::encode(read.id()) == id).then_some(read)
    }

    /// Reads a checkpoint that this key signed.
    ///
    /// # Errors
    /// [`NoteError`]: what is not signed says nothing.
    pub fn open(&self, note: &str) -> Result<Checkpoint, NoteError> {
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Form)?;
        let text = format!("{text}\n");
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next(), lines.next(), lines.next());
        let size = size.filter(|size| *size == "0" || !size.starts_with('0')).and_then(|size| size.parse().ok());
        let root = root.and_then(|root| BASE64.decode(root).ok()).and_then(|root| root.try_into().ok());
        let (Some(size), Some(root)) = (size, root) else { return Err(NoteError::Form) };
        if origin != Some(&self.name) {
            return Err(NoteError::Signature);
        }
        let signed = signatures.lines().filter_map(|line| line.strip_prefix(MARK)?.split_once(' '));
        let own: Vec<Vec<u8>> = signed
            .filter(|(name, _)| *name == self.name)
            .filter_map(|(_, signature)| BASE64.decode(signature).ok())
            .filter_map(|signature| signature.strip_prefix(&self.id()).map(<[u8]>::to_vec))
            .collect();
        let key = UnparsedPublicKey::new(&ED25519, &self.key);
        let good = |signature: &Vec<u8>| key.verify(text.as_bytes(), signature).is_ok();
        if own.is_empty() || !own.iter().all(good) {
            return Err(NoteError::Signature);
        }
        Ok(Checkpoint { size, root })
    }

    fn id(&self) -> [u8; 4] {
        let hash = sha256(&[self.name.as_bytes(), b"\n", &[ED25519_TYPE], &self.key]);
        [hash[0], hash[1], hash[2], hash[3]]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = BASE64.encode([[ED25519_TYPE].as_slice(), &self.key].concat());
        write!(f, "{}+{}+{key}", self.name, hex::encode(self.id()))
    }
}

fn good_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|letter: char| letter == '+' || letter.is_whitespace() || letter.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> LogKey {
        LogKey::new("pilot.example/ledger", &[7; 32]).unwrap()
    }

    #[test]
    fn a_checkpoint_opens_with_the_verifier_key_as_it_was_handed_out() {
        let text = key().sign(5, &[9; 32]);
        let verifier = VerifierKey::parse(&key().verifier().to_string()).unwrap();
        assert_eq!(verifier.open(&text), Ok(Checkpoint { size: 5, root: [9; 32] }));
        assert_eq!(text, key().sign(5, &[9; 32]), "the same bytes, always");
        assert!(
            text.starts_with("pilot.example/ledger\n5\nCQkJ") && text.contains("\n\n\u{2014} pilot.example/ledger ")
        );
    }

    #[test]
    fn whatever_is_changed_does_not_open() {
        let (text, verifier) = (key().sign(15, &[9; 32]), key().verifier().clone());
        for (at, letter) in text.char_indices() {
            let other = if letter == 'A' { 'B' } else { 'A' };
            let changed = format!("{}{other}{}", &text[..at], &text[at + letter.len_utf8()..]);
            assert!(verifier.open(&changed).is_err(), "{changed}");
        }
        let other = LogKey::new("pilot.example/ledger", &[8; 32]).unwrap();
        assert_eq!(other.verifier().open(&text), Err(NoteError::Signature));
        let elsewhere = LogKey::new("other.example/ledger", &[7; 32]).unwrap();
        assert_eq!(elsewhere.verifier().open(&text), Err(NoteError::Signature));
        let unsigned = text.split_once("\n\n").unwrap().0;
        assert_eq!(verifier.open(&format!("{unsigned}\n\n")), Err(NoteError::Signature));
    }

    #[test]
    fn a_verifier_key_whose_parts_do_not_fit_is_none() {
        let text = key().verifier().to_string();
        for wrong in [text.replacen("pilot", "other", 1), text.replacen('+', " ", 1), String::new(), "a+b+c".into()] {
            assert_eq!(VerifierKey::parse(&wrong), None, "{wrong}");
        }
        assert!(LogKey::new("a b", &[7; 32]).is_none() && LogKey::new("a", &[7; 31]).is_none());
    }
}
