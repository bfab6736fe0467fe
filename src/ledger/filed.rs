//! A receipt that can be filed: what was submitted, when, by whom and to which queues, for people; and below it a C2SP tlog-proof
//! that the ledger holds exactly that. It is verified with the ledger's public key and nothing else.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};

use super::{Checkpoint, Entry, NoteError, Verb, VerifierKey, decode, is_included, leaf_hash, sha256};

const TITLE: &str = "homeward receipt 1";
const DESTROYED: &str = "homeward destruction certificate 1";
const PROOF: &str = "c2sp.org/tlog-proof@v1";

/// What a receipt file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledReceipt {
    /// SHA-256 of the request's bytes as received.
    pub digest: [u8; 32],
    /// The 32 random bytes that open the ledger's commitment.
    pub opening: [u8; 32],
    /// The entry as hashed.
    pub entry: Vec<u8>,
    /// Its place in the ledger.
    pub index: u64,
    /// RFC 9162 inclusion proof.
    pub path: Vec<[u8; 32]>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

/// Why a receipt file proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FiledError {
    /// It has not the form of a receipt.
    #[error("not a receipt of this form")]
    Form,
    /// The checkpoint does not count.
    #[error("the checkpoint is {0}")]
    Checkpoint(#[from] NoteError),
    /// The proof does not lead from the entry to the checkpoint.
    #[error("the ledger of this checkpoint does not hold this entry at this place")]
    NotIncluded,
    /// The entry is not about this digest.
    #[error("the ledger's entry is not about this digest")]
    OtherDigest,
    /// What is written for people is not what the entry says.
    #[error("what is written above the proof is not what the ledger says")]
    OtherWords,
}

impl FiledReceipt {
    /// The text of the file; `None` where the entry is not that of a submission.
    pub fn text(&self) -> Option<String> {
        let entry = self.submission()?;
        Some(with_proof(&self.words(&entry), self.index, &self.path, &self.checkpoint))
    }

    /// What stands above the proof.
    fn words(&self, entry: &Entry) -> String {
        let queues: Vec<&str> = entry.recipients.iter().map(|queue| queue.as_str()).collect();
        let reporter = entry.actor.map(hex::encode).unwrap_or_default();
        let record = entry.record.map(|id| id.hyphenated().to_string()).unwrap_or_default();
        format!(
            "{TITLE}\nreferral {record}\nsubmitted {}\nby {}\nreporter {reporter}\nqueues {}\ndigest {}\nopening {}\n\
             entry {}\n",
            entry.at,
            entry.who,
            queues.join(" "),
            hex::encode(self.digest),
            hex::encode(self.opening),
            BASE64.encode(&self.entry)
        )
    }

    /// Reads a file and verifies all that it says with the ledger's public key.
    ///
    /// # Errors
    /// [`FiledError`]: the first thing that does not hold.
    pub fn verify(text: &str, key: &VerifierKey) -> Result<(Self, Entry, Checkpoint), FiledError> {
        let receipt = Self::read(text).ok_or(FiledError::Form)?;
        let checkpoint = key.open(&receipt.checkpoint)?;
        let leaf = leaf_hash(&receipt.entry);
        if !is_included(leaf, receipt.index, checkpoint.size, &receipt.path, &checkpoint.root) {
            return Err(FiledError::NotIncluded);
        }
        let entry = receipt.submission().ok_or(FiledError::Form)?;
        if entry.commitment != Some(sha256(&[&receipt.opening, &receipt.digest])) {
            return Err(FiledError::OtherDigest);
        }
        if receipt.text().as_deref() != Some(text) {
            return Err(FiledError::OtherWords);
        }
        Ok((receipt, entry, checkpoint))
    }

    fn submission(&self) -> Option<Entry> {
        decode(&self.entry).ok().filter(|entry| entry.verb == Verb::Collection && entry.commitment.is_some())
    }

    fn read(text: &str) -> Option<Self> {
        let ReadProof { words, index, path, checkpoint } = read_proof(text)?;
        let fixed = |name: &str| hex::decode(field(words, name)?).ok()?.try_into().ok();
        let (digest, opening) = (fixed("digest")?, fixed("opening")?);
        Some(Self { digest, opening, entry: BASE64.decode(field(words, "entry")?).ok()?, index, path, checkpoint })
    }
}

/// A certificate of destruction that can be filed: which referral's content was erased, when and why, for people; and below it the
/// proof that the ledger holds exactly that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiledErasure {
    /// The entry as hashed.
    pub entry: Vec<u8>,
    /// Its place in the ledger.
    pub index: u64,
    /// RFC 9162 inclusion proof.
    pub path: Vec<[u8; 32]>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

impl FiledErasure {
    /// Whether a file says that it is one.
    pub fn is_one(text: &str) -> bool {
        text.starts_with(DESTROYED)
    }

    /// The text of the file; `None` where the entry is not that of an erasure.
    pub fn text(&self) -> Option<String> {
        let entry = self.erasure()?;
        Some(with_proof(&self.words(&entry), self.index, &self.path, &self.checkpoint))
    }

    fn words(&self, entry: &Entry) -> String {
        let record = entry.record.map(|id| id.hyphenated().to_string()).unwrap_or_default();
        let by = if entry.who.is_empty() { "the broker" } else { &entry.who };
        let details: String =
            entry.details.iter().map(|detail| format!("{}\n", detail.replacen('=', " ", 1))).collect();
        let encoded = BASE64.encode(&self.entry);
        format!("{DESTROYED}\nreferral {record}\nerased {}\nby {by}\n{details}entry {encoded}\n", entry.at)
    }

    /// Reads a file and verifies all that it says with the ledger's public key.
    ///
    /// # Errors
    /// [`FiledError`]: the first thing that does not hold.
    pub fn verify(text: &str, key: &VerifierKey) -> Result<(Self, Entry, Checkpoint), FiledError> {
        let read = || {
            let ReadProof { words, index, path, checkpoint } = read_proof(text)?;
            Some(Self { entry: BASE64.decode(field(words, "entry")?).ok()?, index, path, checkpoint })
        };
        let filed = read().ok_or(FiledError::Form)?;
        let checkpoint = key.open(&filed.checkpoint)?;
        if !is_included(leaf_hash(&filed.entry), filed.index, checkpoint.size, &filed.path, &checkpoint.root) {
            return Err(FiledError::NotIncluded);
        }
        let entry = filed.erasure().ok_or(FiledError::Form)?;
        if filed.text().as_deref() != Some(text) {
            return Err(FiledError::OtherWords);
        }
        Ok((filed, entry, checkpoint))
    }

    fn erasure(&self) -> Option<Entry> {
        decode(&self.entry).ok().filter(|entry| entry.verb == Verb::Erasure && entry.record.is_some())
    }
}

/// What is for people, with a tlog-proof below it.
fn with_proof(words: &str, index: u64, path: &[[u8; 32]], checkpoint: &str) -> String {
    let path: String = path.iter().map(|hash| format!("{}\n", BASE64.encode(hash))).collect();
    format!("{words}\n{PROOF}\nindex {index}\n{path}\n{checkpoint}")
}

/// A file, taken apart.
struct ReadProof<'t> {
    words: &'t str,
    index: u64,
    path: Vec<[u8; 32]>,
    checkpoint: String,
}

fn read_proof(text: &str) -> Option<ReadProof<'_>> {
    let (words, proof) = text.split_once(&format!("\n{PROOF}\n"))?;
    let (path, checkpoint) = proof.split_once("\n\n")?;
    let mut path = path.lines();
    let index = path.next()?.strip_prefix("index ")?.parse().ok()?;
    let hash = |line: &str| BASE64.decode(line).ok()?.try_into().ok();
    Some(ReadProof { words, index, path: path.map(hash).collect::<Option<_>>()?, checkpoint: checkpoint.to_owned() })
}

fn field<'t>(words: &'t str, name: &str) -> Option<&'t str> {
    words.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        domain::queue::QueueId,
        ledger::{Frontier, LogKey, encode},
    };

    fn filed() -> (String, VerifierKey) {
        let key = LogKey::new("pilot.example/ledger", &[7; 32]).unwrap();
        let entry = Entry {
            at: "2026-03-02T23:30:00.123456Z".parse().unwrap(),
            verb: Verb::Collection,
            action: "SUBMIT".into(),
            who: "homeward://pilot.example/gss/E09000023/council_submitter/case-system".into(),
            actor: Some([7; 32]),
            record: Some(Uuid::from_u128(5)),
            deliveries: Vec::new(),
            recipients: vec![QueueId::of("MPU", "SE"), QueueId::of("MASH", "E09000023")],
            details: vec!["rule_set=1".into()],
            commitment: Some(sha256(&[&[1; 32], &[2; 32]])),
        };
        let entry = encode(&entry);
        let mut frontier = Frontier::default();
        let other = leaf_hash(b"before");
        frontier.append(other);
        frontier.append(leaf_hash(&entry));
        let checkpoint = key.sign(2, &frontier.root());
        let receipt =
            FiledReceipt { digest: [2; 32], opening: [1; 32], entry, index: 1, path: vec![other], checkpoint };
        (receipt.text().unwrap(), key.verifier().clone())
    }

    #[test]
    fn a_receipt_proves_what_it_says_and_reads_for_people() {
        let (text, key) = filed();
        let (receipt, entry, checkpoint) = FiledReceipt::verify(&text, &key).unwrap();
        assert_eq!((receipt.index, checkpoint.size, entry.recipients.len()), (1, 2, 2));
        assert!(text.contains("\nsubmitted 2026-03-02T23:30:00.123456Z\n"), "{text}");
        assert!(text.contains("\nqueues MPU.SE MASH.E09000023\n"), "{text}");
    }

    fn destroyed() -> (String, VerifierKey) {
        let key = LogKey::new("pilot.example/ledger", &[7; 32]).unwrap();
        let entry = encode(&Entry {
            at: "2026-04-02T23:30:00.123456Z".parse().unwrap(),
            verb: Verb::Erasure,
            action: "ERASE_AFTER_RETENTION".into(),
            who: String::new(),
            actor: None,
            record: Some(Uuid::from_u128(5)),
            deliveries: Vec::new(),
            recipients: Vec::new(),
            details: vec!["reason=retention_over".into(), "key=0123".into(), "kept_days=30".into()],
            commitment: None,
        });
        let (mut frontier, other) = (Frontier::default(), leaf_hash(b"before"));
        frontier.append(other);
        frontier.append(leaf_hash(&entry));
        let checkpoint = key.sign(2, &frontier.root());
        let filed = FiledErasure { entry, index: 1, path: vec![other], checkpoint };
        (filed.text().unwrap(), key.verifier().clone())
    }

    #[test]
    fn a_certificate_proves_the_destruction_that_it_tells_of_and_nothing_else() {
        let (text, key) = destroyed();
        let (filed, entry, checkpoint) = FiledErasure::verify(&text, &key).unwrap();
        assert_eq!((filed.index, checkpoint.size, entry.verb), (1, 2, Verb::Erasure));
        for words in ["\nerased 2026-04-02T23:30:00.123456Z\n", "\nby the broker\n", "\nkept_days 30\n"] {
            assert!(text.contains(words), "{text}");
        }
        assert!(FiledErasure::is_one(&text) && !FiledErasure::is_one(&self::filed().0));
        assert_eq!(FiledReceipt::verify(&text, &key).unwrap_err(), FiledError::Form);
        assert_eq!(FiledErasure::verify(&self::filed().0, &key).unwrap_err(), FiledError::Form);
        for (at, letter) in text.char_indices() {
            let other = if letter == '1' { '2' } else { '1' };
            let changed = format!("{}{other}{}", &text[..at], &text[at + letter.len_utf8()..]);
            assert!(FiledErasure::verify(&changed, &key).is_err(), "{changed}");
        }
    }

    #[test]
    fn no_letter_of_it_can_be_another() {
        let (text, key) = filed();
        for (at, letter) in text.char_indices() {
            let other = if letter == '1' { '2' } else { '1' };
            let changed = format!("{}{other}{}", &text[..at], &text[at + letter.len_utf8()..]);
            assert!(FiledReceipt::verify(&changed, &key).is_err(), "{changed}");
        }
        let more = text.replacen("\nreporter", "\nqueues HOLD\nreporter", 1);
        assert_eq!(FiledReceipt::verify(&more, &key).unwrap_err(), FiledError::OtherWords);
    }
}
