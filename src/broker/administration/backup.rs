//! Backup: the store of one moment, copied while it is in use and sealed under a key of its own, which the key outside the store
//! wraps. Whoever keeps it can read nothing of it; whoever has it and the key outside the store has everything.

use std::collections::HashSet;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::Later;
use super::key_shelf::in_time;
use crate::{
    broker::{Broker, Error},
    ledger::{Entry, Verb},
    platform::entropy::{random, secret_32},
    sealing::{BackupKey, Custody, ProviderError, Wrapped},
    store::{Copied, CopyPart, Head, StoreError},
};

/// The first line of both texts.
const TITLE: &str = "homeward backup 1";
/// What the manifest is sealed as: no part has this name.
const MANIFEST: &str = "manifest";
/// Parts on their way.
const AHEAD: usize = 4;

/// A set of parts that share a key: one folder, which later backups bring up to date.
#[derive(Clone, PartialEq, Eq)]
pub struct BackupSet {
    /// Its name.
    pub id: String,
    wrapped: Wrapped,
}

/// What a backup consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// When it was taken.
    pub taken: Timestamp,
    /// The moment that was copied.
    pub copied: Copied,
    /// Its parts in order: a later one says again what has changed since.
    pub parts: Vec<String>,
    /// The signed checkpoint of its ledger.
    pub checkpoint: String,
}

/// A backup of which all was given out. Whether it was taken, whoever took it says.
#[derive(Debug)]
pub struct GivenOut {
    /// Its set.
    pub(super) set: String,
    /// When it was taken.
    pub(super) taken: Timestamp,
    /// Of how many entries of the ledger.
    pub(super) entries: u64,
}

/// What whoever takes a backup is given, in this order: a set, parts, an end.
#[derive(Clone)]
pub enum BackupStep {
    /// The text of the set's file.
    Set(String),
    /// A part: its name, and what is sealed in it unless it is there already.
    Part {
        /// Its name.
        name: String,
        /// Sealed.
        sealed: Option<Vec<u8>>,
        /// So much is done ...
        done: u64,
        /// ... of about so much.
        of: u64,
    },
    /// The manifest, sealed: with it the backup is whole.
    End {
        /// Sealed.
        manifest: Vec<u8>,
        /// The signed checkpoint of its ledger, as it is in the manifest.
        checkpoint: String,
    },
}

impl BackupSet {
    /// The text of its file.
    pub fn text(&self) -> String {
        format!("{TITLE}\nset {}\nkey {} {}\n", self.id, self.wrapped.provider, hex::encode(&self.wrapped.bytes))
    }

    /// Reads it.
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        lines.next().filter(|title| *title == TITLE)?;
        let id = lines.next()?.strip_prefix("set ")?.to_owned();
        let (provider, bytes) = lines.next()?.strip_prefix("key ")?.rsplit_once(' ')?;
        let wrapped = Wrapped { provider: provider.to_owned(), bytes: hex::decode(bytes).ok()? };
        Some(Self { id, wrapped })
    }

    /// Its key, unwrapped by the key outside the store. May block.
    ///
    /// # Errors
    /// [`ProviderError`]: the key outside the store is another, or cannot be used.
    pub fn key(&self, custody: &Custody) -> Result<BackupKey, ProviderError> {
        let secret = custody.unwrap(&self.wrapped, &purpose(&self.id))?;
        BackupKey::new(&secret, &self.id).ok_or(ProviderError::Foreign)
    }
}

fn purpose(set: &str) -> String {
    format!("backup/{set}")
}

impl Manifest {
    fn text(&self) -> String {
        let Copied { sequence, head, records } = &self.copied;
        let parts: String = self.parts.iter().map(|name| format!("part {name}\n")).collect();
        format!(
            "{TITLE}\ntaken {}\nsequence {sequence}\nrecords {records}\nsize {}\nroot {}\n{parts}\n{}",
            self.taken,
            head.size,
            hex::encode(head.root),
            self.checkpoint
        )
    }

    fn read(text: &str) -> Option<Self> {
        let (words, checkpoint) = text.split_once("\n\n")?;
        let mut lines = words.lines();
        lines.next().filter(|title| *title == TITLE)?;
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned);
        let taken = field("taken")?.parse().ok()?;
        let sequence = field("sequence")?.parse().ok()?;
        let records = field("records")?.parse().ok()?;
        let size = field("size")?.parse().ok()?;
        let root = hex::decode(field("root")?).ok()?.try_into().ok()?;
        let parts = lines.map(|line| line.strip_prefix("part ").map(str::to_owned)).collect::<Option<_>>()?;
        let copied = Copied { sequence, head: Head { size, root }, records };
        Some(Self { taken, copied, parts, checkpoint: checkpoint.to_owned() })
    }

    /// Opens a sealed one; `None` where it is not of this set, or has changed.
    pub fn open(sealed: &[u8], key: &BackupKey) -> Option<Self> {
        Self::read(std::str::from_utf8(&key.open(MANIFEST, sealed).ok()?).ok()?)
    }
}

impl Broker {
    /// Takes a backup into a new set, or into the one whose text is given and of which parts are there already. Who calls
    /// this runs the machine: `by` says who that is, for the ledger. Once they have all of it, [`Broker::backup_is_whole`] is to be told.
    pub async fn back_up(
        &self,
        by: &str,
        set: Option<BackupSet>,
        there: &HashSet<String>,
        steps: &mpsc::Sender<BackupStep>,
    ) -> Result<GivenOut, Error> {
        let (set, key) = self.backup_key(set).await?;
        let taken = self.clock.now();
        self.store.record_entry(backup_entry(taken, by, &set.id)).await?;
        give(steps, BackupStep::Set(set.text())).await?;
        let (parts, mut copied_parts) = mpsc::channel(AHEAD);
        let sealing = async {
            let mut names = Vec::new();
            while let Some(CopyPart { bytes, done, of }) = copied_parts.recv().await {
                let name = key.name(&bytes);
                let known = there.contains(&name);
                let sealed = if known { None } else { Some(key.seal(&name, bytes, &*self.entropy)?) };
                names.push(name.clone());
                give(steps, BackupStep::Part { name, sealed, done, of }).await?;
            }
            Ok::<_, Error>(names)
        };
        let (copied, names) = tokio::join!(self.store.copy(parts), sealing);
        // Where nobody takes the parts any longer, the copy fails too, and says less.
        let parts = names?;
        let copied = copied.map_err(|error| match error {
            StoreError::WrongState => Error::Precondition {
                reason: "BACKUP_UNDER_WAY",
                advice: "another backup is being taken; wait until it has ended",
            },
            error => error.into(),
        })?;
        let checkpoint = self.log.sign(copied.head.size, &copied.head.root);
        // Before: whoever has it can restore it and have the list tell what was revoked since, whenever this process ends.
        let given = GivenOut { set: set.id, taken, entries: copied.head.size };
        self.remember_copied(&given);
        let manifest = Manifest { taken, copied, parts, checkpoint: checkpoint.clone() };
        let manifest = key.seal(MANIFEST, manifest.text().into_bytes(), &*self.entropy)?;
        give(steps, BackupStep::End { manifest, checkpoint }).await?;
        Ok(given)
    }

    /// The key of a set, which is made where there is none yet.
    async fn backup_key(&self, set: Option<BackupSet>) -> Result<(BackupSet, BackupKey), Error> {
        let custody = self.keys.shelf().custody.clone();
        let under = set.as_ref().and_then(|set| custody.named(&set.wrapped.provider).ok());
        let outer = under.unwrap_or(&custody.current).clone();
        let (id, secret) = (hex::encode(random::<16>(&*self.entropy)?), secret_32(&*self.entropy)?);
        let made = move || {
            let set = match set {
                Some(set) => set,
                None => BackupSet { wrapped: custody.wrap(&secret, &purpose(&id))?, id },
            };
            let key = set.key(&custody)?;
            Ok::<_, ProviderError>((set, key))
        };
        let made = in_time(outer, made).await;
        made.map_err(|error| Error::Unavailable(format!("the key of the backup: {error}")))
    }
}

/// Says that content left the store, sealed.
fn backup_entry(at: Timestamp, by: &str, set: &str) -> Entry {
    own_entry(at, "BACKUP", vec![format!("set={set}"), format!("by={by}")])
}

/// The entry of a store that was restored from a backup.
///
/// `revocations` says how it is known what was revoked since, `later` what the list beside the store knows to have come after the
/// backup, which whoever restores has given up.
pub fn restored_entry(
    at: Timestamp,
    set: &str,
    manifest: &Manifest,
    revocations: &str,
    later: Option<&Later>,
) -> Entry {
    let mut details = vec![
        format!("set={set}"),
        format!("taken={}", manifest.taken),
        format!("entries={}", manifest.copied.head.size),
        format!("revocations={revocations}"),
    ];
    if let Some(later) = later {
        // Of what no later backup has nothing was given up.
        details.push(if later.backup.is_some() { "later=given_up" } else { "later=lost" }.to_owned());
        details.extend(later.backup.iter().map(|(set, taken)| format!("later_backup={set} {taken}")));
        details.extend(later.entries.map(|entries| format!("later_entries={entries}")));
    }
    own_entry(at, "RESTORE", details)
}

/// The entry of a store that was moved into another engine: the ledger up to it is what was moved.
pub fn moved_entry(at: Timestamp, to: &str, head: &Head) -> Entry {
    let details =
        vec![format!("to={to}"), format!("entries={}", head.size), format!("root={}", hex::encode(head.root))];
    own_entry(at, "MIGRATION", details)
}

fn own_entry(at: Timestamp, action: &str, details: Vec<String>) -> Entry {
    Entry {
        at,
        verb: Verb::Administration,
        action: action.to_owned(),
        who: String::new(),
        actor: None,
        record: None,
        deliveries: Vec::new(),
        recipients: Vec::new(),
        details,
        commitment: None,
    }
}

async fn give(steps: &mpsc::Sender<BackupStep>, step: BackupStep) -> Result<(), Error> {
    steps.send(step).await.map_err(|_| Error::Unavailable("nobody takes the backup any longer".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_and_manifest_come_back_as_they_were() {
        let wrapped = Wrapped { provider: "pkcs11:a token:1".into(), bytes: vec![1, 2, 3] };
        let set = BackupSet { id: "00ff".into(), wrapped };
        assert!(BackupSet::read(&set.text()).is_some_and(|read| read == set));
        assert!(BackupSet::read("homeward backup 2\nset 1\nkey a 00\n").is_none());
        let copied = Copied { sequence: 7, head: Head { size: 9, root: [5; 32] }, records: 3 };
        let (taken, checkpoint) = ("2026-03-02T23:30:00.5Z".parse().unwrap(), "a\n9\nb\n\n\u{2014} c d\n".to_owned());
        for parts in [vec![], vec!["aa".to_owned(), "bb".into()]] {
            let manifest = Manifest { taken, copied: copied.clone(), parts, checkpoint: checkpoint.clone() };
            assert_eq!(Manifest::read(&manifest.text()), Some(manifest));
        }
    }
}
