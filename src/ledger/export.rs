//! The ledger as a text file, and its verification without a broker: a title, a line for each entry (index, leaf hash, entry),
//! an empty line and the signed checkpoint over all of them.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};

use super::{Checkpoint, Frontier, NoteError, VerifierKey, decode, leaf_hash};

/// The first line of an exported ledger.
pub const TITLE: &str = "homeward ledger 1";

/// The line of an entry; that of the first one has the title before it.
pub fn export_line(index: u64, entry: &[u8]) -> String {
    let title = if index == 0 { format!("{TITLE}\n") } else { String::new() };
    format!("{title}{index} {} {}", hex::encode(leaf_hash(entry)), BASE64.encode(entry))
}

/// The bytes of a base64 text; `None` for what is none.
pub fn base64_bytes(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text).ok()
}

/// What an exported ledger was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Its signed checkpoint, which it fits.
    pub checkpoint: Checkpoint,
    /// The older checkpoint that it continues, where there was one.
    pub since: Option<Checkpoint>,
}

/// Why an exported ledger is not what was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The first line is another.
    #[error("not an exported ledger: its first line is not `{TITLE}`")]
    Title,
    /// The first entry that is not as it was written.
    #[error("entry {0} is damaged")]
    Entry(u64),
    /// An entry is not there, or stands where another should.
    #[error("entry {0} is missing")]
    Missing(u64),
    /// No checkpoint follows, or it does not count.
    #[error("the checkpoint at its end is {0}")]
    Checkpoint(NoteError),
    /// The checkpoint is of another number of entries.
    #[error("the ledger has {has} entries and its checkpoint is of {signed}: those from entry {} on are missing or too many", has.min(signed))]
    Size {
        /// How many lines there are.
        has: u64,
        /// How many were signed.
        signed: u64,
    },
    /// Every line fits its own hash, and all together not what was signed.
    #[error("an entry from {from} on was replaced together with its hash: the root is not the one that was signed")]
    Root {
        /// Up to here an older checkpoint vouches for the ledger.
        from: u64,
    },
    /// The older checkpoint is of another ledger than this one, or this one lost entries since.
    #[error(
        "the ledger does not continue the older checkpoint of {size} entries: it was forked, rewritten or cut short"
    )]
    Fork {
        /// Entries of the older checkpoint.
        size: u64,
    },
}

/// Recomputes every leaf and root of an exported ledger; with `since`, whether it continues that older checkpoint.
///
/// # Errors
/// [`Damage`]: the first one.
pub fn verify_export(text: &str, key: &VerifierKey, since: Option<Checkpoint>) -> Result<Verified, Damage> {
    let (entries, note) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = entries.lines();
    if lines.next() != Some(TITLE) {
        return Err(Damage::Title);
    }
    let mut frontier = Frontier::default();
    let mut continues = since.as_ref().is_none_or(|since| since.size == 0);
    for (index, line) in (0..).zip(lines) {
        frontier.append(leaf(index, line)?);
        let reached = since.as_ref().filter(|since| since.size == frontier.size());
        continues |= reached.is_some_and(|since| since.root == frontier.root());
    }
    let vouched = since.as_ref().filter(|_| continues).map_or(0, |since| since.size);
    let checkpoint = key.open(note).map_err(Damage::Checkpoint)?;
    if checkpoint.size != frontier.size() {
        return Err(Damage::Size { has: frontier.size(), signed: checkpoint.size });
    }
    if checkpoint.root != frontier.root() {
        return Err(Damage::Root { from: vouched });
    }
    match since {
        Some(since) if !continues => Err(Damage::Fork { size: since.size }),
        since => Ok(Verified { checkpoint, since }),
    }
}

/// The leaf hash of a line that is whole.
fn leaf(index: u64, line: &str) -> Result<[u8; 32], Damage> {
    let mut words = line.split(' ');
    let (number, hash, entry) = (words.next(), words.next(), words.next());
    let number: u64 = number.and_then(|number| number.parse().ok()).ok_or(Damage::Entry(index))?;
    if number != index {
        return Err(Damage::Missing(index));
    }
    let entry = entry.and_then(|entry| BASE64.decode(entry).ok()).filter(|entry| decode(entry).is_ok());
    let found = entry.as_deref().map(leaf_hash).ok_or(Damage::Entry(index))?;
    if hash == Some(hex::encode(found).as_str()) { Ok(found) } else { Err(Damage::Entry(index)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Entry, LogKey, Verb, encode};

    fn entry(number: u64) -> Vec<u8> {
        encode(&Entry {
            at: "2026-03-02T23:30:00Z".parse().unwrap(),
            verb: Verb::Administration,
            action: format!("NUMBER_{number}"),
            who: String::new(),
            actor: None,
            record: None,
            deliveries: Vec::new(),
            recipients: Vec::new(),
            details: Vec::new(),
            commitment: None,
        })
    }

    fn key() -> LogKey {
        LogKey::new("pilot.example/ledger", &[7; 32]).unwrap()
    }

    fn root(count: u64) -> [u8; 32] {
        let mut frontier = Frontier::default();
        (0..count).for_each(|number| frontier.append(leaf_hash(&entry(number))));
        frontier.root()
    }

    fn exported() -> String {
        let lines: String = (0..9).map(|number| format!("{}\n", export_line(number, &entry(number)))).collect();
        format!("{lines}\n{}", key().sign(9, &root(9)))
    }

    fn verified(text: &str, since: Option<(u64, [u8; 32])>) -> Result<Verified, Damage> {
        verify_export(text, key().verifier(), since.map(|(size, root)| Checkpoint { size, root }))
    }

    #[test]
    fn a_whole_ledger_fits_its_checkpoint_and_every_older_one() {
        for size in 0..=9 {
            let verified = verified(&exported(), Some((size, root(size)))).unwrap();
            assert_eq!(verified.checkpoint, Checkpoint { size: 9, root: root(9) });
        }
        assert_eq!(verified(&exported(), Some((4, [1; 32]))), Err(Damage::Fork { size: 4 }));
        assert_eq!(verified(&exported(), Some((10, root(10)))), Err(Damage::Fork { size: 10 }), "cut short");
    }

    #[test]
    fn the_first_damaged_entry_is_named() {
        let text = exported();
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in (0..9).zip(&lines[1..10]) {
            for at in 2..line.len() {
                let other = if line.as_bytes()[at] == b'0' { "1" } else { "0" };
                let changed = format!("{}{other}{}", &line[..at], &line[at + 1..]);
                let found = verified(&text.replacen(line, &changed, 1), None);
                assert_eq!(found, Err(Damage::Entry(number)), "{changed}");
            }
            let without = text.replacen(&format!("{line}\n"), "", 1);
            let missing = if number == 8 { Damage::Size { has: 8, signed: 9 } } else { Damage::Missing(number) };
            assert_eq!(verified(&without, None), Err(missing));
        }
        let replaced = text.replacen(lines[6], &export_line(5, &entry(50)), 1);
        assert_eq!(verified(&replaced, None), Err(Damage::Root { from: 0 }));
        assert_eq!(verified(&replaced, Some((4, root(4)))), Err(Damage::Root { from: 4 }));
        assert_eq!(
            verified(&text.replacen("ledger\n9", "ledger\n8", 1), None),
            Err(Damage::Checkpoint(NoteError::Signature))
        );
        assert_eq!(verified(&text.replacen("ledger 1", "ledger 2", 1), None), Err(Damage::Title));
    }
}
