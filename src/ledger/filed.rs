//! A receipt that can be filed: what was submitted, when, by whom and to which queues, for people; and below it a C2SP tlog-proof
//! that the ledger holds exactly that. It is verified with the ledger's public key and nothing else.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};

use super::{Checkpoint, Entry, NoteError, Verb, VerifierKey, decode, is_included, leaf_hash, sha256};

const TITLE: &str = "homeward receipt 1";
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
        let path: String = self.path.iter().map(|hash| format!("{}\n", BASE64.encode(hash))).collect();
        Some(format!("{}\n{PROOF}\nindex {}\n{path}\n{}", self.words(&entry), self.index, self.checkpoint))
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
        let (words, proof) = text.split_once(&format!("\n{PROOF}\n"))?;
        let (path, checkpoint) = proof.split_once("\n\n")?;
        let field = |name: &str| words.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let fixed = |name: &str| hex::decode(field(name)?).ok()?.try_into().ok();
        let mut path = path.lines();
        let index = path.next()?.strip_prefix("index ")?.parse().ok()?;
        let hash = |line: &str| BASE64.decode(line).ok()?.try_into().ok();
        Some(Self {
            digest: fixed("digest")?,
            opening: fixed("opening")?,
            entry: BASE64.decode(field("entry")?).ok()?,
            index,
            path: path.map(hash).collect::<Option<_>>()?,
            checkpoint: checkpoint.to_owned(),
        })
    }
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
