//! The key outside the store turns over: whatever it wrapped (epoch keys and the key of references) is wrapped anew under the one
//! that is configured now, a few at a time, each with its place in the store's own transaction; then all are opened under it once.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::{
    documents::{put_epoch, put_keyring, put_outer, take_epoch, take_outer},
    key_shelf::{EpochDocument, KEYRING, KeyShelf, KeyringDocument, REFERENCES, of_epoch},
    keys::KeysError,
};
use crate::{
    broker::{Broker, Error, Request},
    domain::grants::CallPermit,
    sealing::{ProviderError, Wrapped},
    store::{Amendment, Change, Document, Expect, Shelf},
};

/// Name of the one document.
const NAME: &str = "outer";
/// Keys wrapped anew in one transaction.
const BATCH: usize = 8;
/// Documents read at a time.
const PAGE: usize = 512;
/// A key outside the store is to be replaced after this time.
const LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// The alarm when it was not.
const OLD: &str = "OUTER_KEY_OLD";
/// The alarm when it cannot be used.
const UNAVAILABLE: &str = "OUTER_KEY_UNAVAILABLE";

/// The document.
#[derive(Clone, Default)]
pub(super) struct OuterDocument {
    /// Since when each key has been in use, by its id.
    pub(super) since: BTreeMap<String, Timestamp>,
    /// The last rotation.
    pub(super) rotation: Option<OuterRotation>,
}

/// Wrapping everything anew under another key outside the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OuterRotation {
    /// Id of the key under which it is wrapped.
    pub to: String,
    /// When it was asked for.
    pub started: Timestamp,
    /// How many keys were wrapped anew.
    pub rewrapped: u64,
    /// How many keys the scan at its end opened under the new one.
    pub proven: u64,
    /// When it was done, the proof included.
    pub finished: Option<Timestamp>,
}

/// What a key outside the store is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OuterState {
    /// It wraps now.
    Current,
    /// It is configured, and unwraps.
    Previous,
    /// It is not configured any longer.
    Gone,
}

/// A key outside the store, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OuterRow {
    /// Its id.
    pub id: String,
    /// What it is there for.
    pub state: OuterState,
    /// How many keys are wrapped under it.
    pub wraps: u64,
    /// Since when it has been in use.
    pub since: Timestamp,
    /// When another is due in its place.
    pub due: Option<Timestamp>,
    /// How often it was used since the process began.
    pub uses: u64,
}

impl OuterRow {
    /// Where it is kept, such as `file`.
    pub fn provider(&self) -> &str {
        self.id.split(':').next().unwrap_or_default()
    }
}

/// The keys outside the store and the last rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OuterKeys {
    /// The keys, oldest first.
    pub rows: Vec<OuterRow>,
    /// The rotation, if there was one.
    pub rotation: Option<OuterRotation>,
}

impl OuterKeys {
    /// Keys that are under another than the one that wraps now.
    pub fn left(&self) -> u64 {
        self.rows.iter().filter(|row| row.state != OuterState::Current).map(|row| row.wraps).sum()
    }
}

/// Something that a key outside the store has wrapped, in its document.
struct Outer {
    shelf: Shelf,
    name: String,
    version: u64,
    what: What,
}

#[derive(Clone)]
enum What {
    References(KeyringDocument),
    Epoch(EpochDocument),
}

impl Outer {
    fn wrapped(&self) -> &Wrapped {
        match &self.what {
            What::References(document) => &document.references,
            What::Epoch(document) => &document.wrapped,
        }
    }

    fn purpose(&self) -> String {
        match &self.what {
            What::References(_) => REFERENCES.to_owned(),
            What::Epoch(_) => of_epoch(&self.name),
        }
    }

    /// Its document with another wrap.
    fn with(&self, wrapped: Wrapped) -> Change {
        let bytes = match self.what.clone() {
            What::References(document) => put_keyring(&KeyringDocument { references: wrapped, ..document }),
            What::Epoch(document) => put_epoch(&EpochDocument { wrapped, ..document }),
        };
        Change { shelf: self.shelf, name: self.name.clone(), expect: Expect::Version(self.version), bytes: Some(bytes) }
    }
}

impl KeyShelf {
    /// Everything that a key outside the store has wrapped.
    async fn outer_wraps(&self) -> Result<Vec<Outer>, KeysError> {
        let mut all = Vec::new();
        if let Some((document, version)) = self.keyring().await? {
            let (shelf, name) = (Shelf::Keyring, KEYRING.to_owned());
            all.push(Outer { shelf, name, version, what: What::References(document) });
        }
        let mut after = String::new();
        loop {
            let page = self.store.documents(Shelf::EpochKey, &after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(all) };
            after.clone_from(&last.name);
            for Document { name, version, bytes } in page {
                let what = What::Epoch(take_epoch(&bytes)?);
                all.push(Outer { shelf: Shelf::EpochKey, name, version, what });
            }
        }
    }

    async fn outer_document(&self) -> Result<(Expect, OuterDocument), KeysError> {
        match self.store.document(Shelf::OuterKeys, NAME).await? {
            Some(found) => Ok((Expect::Version(found.version), take_outer(&found.bytes)?)),
            None => Ok((Expect::New, OuterDocument::default())),
        }
    }

    /// Whether everything can be unwrapped by a key that is configured; notes since when each has been in use. Answers with that
    /// of the one that wraps, and with when the newest epoch key was made.
    pub(super) async fn know_outer(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), KeysError> {
        let wraps = self.outer_wraps().await?;
        for other in wraps.iter().map(|one| &one.wrapped().provider) {
            if self.custody.all().all(|key| key.id() != other) {
                let under = wraps.iter().filter(|one| one.wrapped().provider == *other).count();
                let configured = self.custody.all().map(|key| key.id().to_owned()).collect();
                return Err(KeysError::Unconfigured { key: other.clone(), under, of: wraps.len(), configured });
            }
        }
        let made = |one: &Outer| match &one.what {
            What::Epoch(document) => Some(document.made),
            What::References(_) => None,
        };
        let (expect, mut document) = self.outer_document().await?;
        let before = document.since.len();
        for key in self.custody.all() {
            let left = wraps.iter().filter(|one| one.wrapped().provider == key.id());
            // One that was in use before this was noted is as old as the oldest key under it.
            document.since.entry(key.id().to_owned()).or_insert_with(|| left.filter_map(made).min().unwrap_or(now));
        }
        let since = document.since.get(self.custody.current.id()).copied().unwrap_or(now);
        if document.since.len() > before {
            let changes = vec![outer_change(expect, &document)];
            self.store.amend(Amendment { once: None, changes, entries: Vec::new(), answer: Vec::new() }).await?;
        }
        let old = wraps.iter().filter(|one| one.wrapped().provider != self.custody.current.id()).count();
        if old > 0 {
            tracing::warn!(
                keys = old,
                "are still under a previous key outside the store: homeward admin keys rotate-outer"
            );
        }
        Ok((since, wraps.iter().filter_map(made).max().unwrap_or(now)))
    }

    /// The document of a key with its wrap made anew, which was opened once before it takes the old one's place.
    async fn wrapped_anew(&self, one: &Outer) -> Result<Change, KeysError> {
        let purpose = one.purpose();
        let secret = self.unwrap(one.wrapped().clone(), purpose.clone()).await?;
        let wrapped = self.wrap(Zeroizing::new(secret.to_vec()), purpose.clone()).await?;
        if *self.unwrap(wrapped.clone(), purpose).await? != *secret {
            let why =
                "the new key outside the store does not give back what it wrapped; nothing was replaced".to_owned();
            return Err(ProviderError::Unavailable(why).into());
        }
        Ok(one.with(wrapped))
    }

    /// Opens all of them; answers with how many there are.
    async fn opened(&self, all: &[Outer]) -> Result<u64, KeysError> {
        for one in all {
            self.unwrap(one.wrapped().clone(), one.purpose()).await?;
        }
        Ok(all.len() as u64)
    }
}

impl Broker {
    /// The keys outside the store, with how many keys are under each: all are looked at.
    pub async fn outer_keys(&self, _permit: &CallPermit) -> Result<OuterKeys, Error> {
        let shelf = self.keys.shelf();
        let (_, document) = shelf.outer_document().await?;
        let mut wraps: BTreeMap<String, u64> = BTreeMap::new();
        for one in shelf.outer_wraps().await? {
            *wraps.entry(one.wrapped().provider.clone()).or_default() += 1;
        }
        let row = |(id, since): (&String, &Timestamp)| {
            let configured = shelf.custody.all().find(|key| key.id() == id);
            let state = match configured {
                Some(key) if key.id() == shelf.custody.current.id() => OuterState::Current,
                Some(_) => OuterState::Previous,
                None => OuterState::Gone,
            };
            OuterRow {
                id: id.clone(),
                state,
                wraps: wraps.get(id).copied().unwrap_or(0),
                since: *since,
                due: (state == OuterState::Current).then(|| due(*since)),
                uses: configured.map_or(0, |key| key.uses()),
            }
        };
        let mut rows: Vec<_> = document.since.iter().map(row).collect();
        rows.sort_by_key(|row| row.since);
        Ok(OuterKeys { rows, rotation: document.rotation })
    }

    /// The key outside the store that wraps now, for those who watch: where it is kept, how old it is, and its uses.
    pub fn outer_watched(&self) -> (String, SignedDuration, u64) {
        let key = &self.keys.shelf().custody.current;
        let provider = key.id().split(':').next().unwrap_or_default().to_owned();
        (provider, self.clock.now().duration_since(self.keys.outer_since()), key.uses())
    }

    /// Begins to wrap everything anew under the key outside the store that is configured; answers with its id.
    pub async fn rotate_outer_key(&self, permit: &CallPermit, request: Request) -> Result<String, Error> {
        let once = self.once_by(permit, request);
        let _alone = self.rewrapping.lock().await;
        if let Some(first) = self.store.answered(&once).await? {
            return Ok(String::from_utf8_lossy(&first.answer).into_owned());
        }
        let shelf = self.keys.shelf();
        let (expect, mut document) = shelf.outer_document().await?;
        let (to, started) = (shelf.custody.current.id().to_owned(), self.clock.now());
        let details = vec![format!("to={to}")];
        let begun = OuterRotation { to: to.clone(), started, rewrapped: 0, proven: 0, finished: None };
        // One that is under way to the same key goes on, with what it has counted.
        let under_way = document.rotation.filter(|one| one.finished.is_none() && one.to == to);
        document.rotation = Some(under_way.unwrap_or(begun));
        let entry = self.step_entry(permit.identity().as_str(), "ROTATE_OUTER_KEY", details);
        self.step(once, vec![outer_change(expect, &document)], entry, to.clone().into_bytes()).await?;
        Ok(to)
    }

    /// Goes on with a rotation, if one is under way, for one transaction. Answers whether there is more to do.
    pub async fn go_on_rotating(&self) -> Result<bool, Error> {
        let _alone = self.rewrapping.lock().await;
        let shelf = self.keys.shelf();
        let (expect, mut document) = shelf.outer_document().await?;
        let current = shelf.custody.current.id();
        // A replica that is configured otherwise leaves it to those who have that key as theirs.
        let Some(rotation) = document.rotation.as_mut().filter(|one| one.finished.is_none() && one.to == current)
        else {
            return Ok(false);
        };
        // Nobody turns over or reserves meanwhile: that changes the same documents.
        let _quiet = self.keys.tending().await;
        let all = shelf.outer_wraps().await?;
        let left: Vec<_> = all.iter().filter(|one| one.wrapped().provider != current).take(BATCH).collect();
        let (mut changes, mut entries) = (Vec::new(), Vec::new());
        for one in &left {
            changes.push(shelf.wrapped_anew(one).await?);
        }
        rotation.rewrapped += left.len() as u64;
        if left.is_empty() {
            rotation.proven = shelf.opened(&all).await?;
            rotation.finished = Some(self.clock.now());
            let counted = [format!("rewrapped={}", rotation.rewrapped), format!("proven={}", rotation.proven)];
            entries.push(self.step_entry(
                "",
                "OUTER_KEY_DONE",
                [vec![format!("to={current}")], counted.into()].concat(),
            ));
            tracing::info!(proven = rotation.proven, "everything is under the present key outside the store");
        }
        changes.push(outer_change(expect, &document));
        self.store.amend(Amendment { once: None, changes, entries, answer: Vec::new() }).await?;
        self.keys.follow().await?;
        Ok(!left.is_empty())
    }

    /// Says when the key outside the store is to be replaced, and when it cannot be used: then it is tried again.
    pub(in crate::broker) async fn look_at_outer_key(&self) {
        let (now, shelf) = (self.clock.now(), self.keys.shelf());
        if now >= due(self.keys.outer_since()) {
            let words =
                "the key outside the store has wrapped for 30 days: make another, and homeward admin keys rotate-outer";
            self.alarms.raise(OLD, words, now);
        } else {
            self.alarms.clear(OLD);
        }
        if shelf.custody.current.fault().is_some() {
            // What comes of it is kept with the key.
            let _ = shelf.epoch_key(self.keyring.current().key.id()).await;
        }
        match shelf.custody.all().find_map(|key| key.fault()) {
            Some(why) => self.alarms.raise(UNAVAILABLE, &why, now),
            None => self.alarms.clear(UNAVAILABLE),
        }
    }
}

fn due(since: Timestamp) -> Timestamp {
    since.checked_add(LIFE).unwrap_or(Timestamp::MAX)
}

fn outer_change(expect: Expect, document: &OuterDocument) -> Change {
    Change { shelf: Shelf::OuterKeys, name: NAME.to_owned(), expect, bytes: Some(put_outer(document)) }
}
