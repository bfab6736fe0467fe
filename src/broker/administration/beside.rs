//! What must not come undone when an older store is put in the place of a newer one: revocations, taints, certificates that were
//! signed, keys destroyed, records erased, legal holds, copies certified gone. Each is also a line in a file beside the store, written before the answer is
//! given, and taken over when the daemon starts. The lines are chained and authenticated under the key of references, which the store holds.
//! What other brokers over the same database did comes into it by `overheard.rs`.

use std::{
    collections::BTreeSet,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Certificate, GivenOut, Revocation, Tainted,
    certificates::put,
    copies::Said,
    listed::{self, Listed, STATED, about},
    overheard::Heard,
    since::{BACKUP, COPIED, backup_line},
};
use crate::{
    broker::{Broker, Error},
    domain::{certificate::RevocationReason, erasure::LegalHold},
    store::{Amendment, Shelf, StoreError},
};

/// What the first line begins with; the ledger's public key follows, which says of which store it is.
const TITLE: &str = "homeward beside 1";
/// The alarm while the file cannot be read or written, or was changed by somebody else.
const ALARM: &str = "LIST_BESIDE_THE_STORE";
/// The alarm while an older store has brought back what was destroyed or erased.
const BACK: &str = "RESTORED_CONTENT";

/// What follows in a first line.
pub(super) fn title_of(line: &str) -> Option<&str> {
    line.strip_prefix(TITLE)?.strip_prefix('\t')
}

/// The file beside the store.
pub trait Beside: Send + Sync {
    /// Its lines, but for one that was never finished; none where it is not there.
    fn lines(&self) -> io::Result<Vec<String>>;
    /// Adds lines, durably.
    fn add(&self, lines: &[String]) -> io::Result<()>;
    /// Puts these in the place of what is there, durably and whole, and keeps that under another name, which is the answer.
    fn replace(&self, lines: &[String], now: Timestamp) -> io::Result<String>;
    /// Puts it out of the way: it is of another store.
    fn put_aside(&self) -> io::Result<()>;
}

/// The file, and what is known of it.
pub(in crate::broker) struct Remembered {
    file: Box<dyn Beside>,
    written: Mutex<Written>,
    /// How far the ledger was read for what other brokers did; `None` where the store is this broker's alone.
    pub(super) heard: Option<tokio::sync::Mutex<Heard>>,
}

/// What is in the file.
#[derive(Default)]
struct Written {
    /// What its last line is signed with.
    last: String,
    /// What its lines are about: nothing is written a second time.
    about: BTreeSet<String>,
    /// What could not be written.
    owed: Vec<String>,
}

impl Remembered {
    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a line says this.
    pub(super) fn says(&self, about: &str) -> bool {
        self.written().about.contains(about)
    }
}

/// The lines that state what was revoked, by serial numbers.
pub fn stated_lines(serials: &[String]) -> Vec<String> {
    serials.iter().map(|serial| format!("{STATED}\t{serial}")).collect()
}

pub(super) fn revoked_line(one: &Revocation) -> String {
    format!("revoked\t{}\t{}\t{}\t{}\t{}", one.serial, one.holder, one.reason, one.at, one.by)
}

pub(super) fn tainted_line(one: &Tainted) -> String {
    format!("tainted\t{}\t{}", one.serial, one.at)
}

pub(super) fn issued_line(one: &Certificate) -> String {
    let Certificate { serial, holder, not_before, not_after, issuer, fingerprint, .. } = one;
    format!("issued\t{serial}\t{holder}\t{not_before}\t{not_after}\t{issuer}\t{fingerprint}")
}

pub(super) fn destroyed_line(key: &str, at: Timestamp) -> String {
    format!("destroyed\t{key}\t{at}")
}

fn gone_line(said: Said, at: Timestamp) -> String {
    format!("gone\t{}\t{}\t{at}", said.turn, said.compaction)
}

pub(super) fn hold_line(record: &Uuid, hold: &LegalHold) -> String {
    let LegalHold { id, reason, reference, by, at } = hold;
    format!("hold\t{record}/{id}\t{reason}\t{}\t{by}\t{at}", hex::encode(reference))
}

pub(super) fn released_line(record: &Uuid, hold: &str, at: Timestamp) -> String {
    format!("released\t{record}/{hold}\t{at}")
}

pub(super) fn erased_line(record: &Uuid, at: Timestamp) -> String {
    format!("erased\t{record}\t{at}")
}

impl Broker {
    /// With a list beside the store, which may be `shared` with other brokers: then what they did comes into the list too.
    #[must_use]
    pub fn with_beside(self, file: Box<dyn Beside>, shared: bool) -> Self {
        let heard = shared.then(tokio::sync::Mutex::default);
        Self { beside: Some(Remembered { file, written: Mutex::default(), heard }), ..self }
    }

    /// Takes over what the list beside the store says and the store does not, and the other way round. Where it cannot be read, or
    /// was changed by somebody else, an alarm says so, and what can be read is taken over; the list is then written anew from that and
    /// from the store.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn take_over_beside(&self) -> Result<(), Error> {
        let Some(beside) = &self.beside else { return Ok(()) };
        let lines = match beside.file.lines() {
            Ok(lines) => lines,
            Err(error) => {
                self.raise_beside(&format!("it cannot be read: {error}"));
                return Ok(());
            }
        };
        let Listed { told, mut words, damaged, last } = self.listed(beside, &lines);
        // All of it is written anew where it begins anew, or where a line has rotted of which only the store knows what it said.
        let anew = last.is_empty() || !damaged.is_empty();
        *beside.written() = Written { last, about: words.iter().map(|line| about(line)).collect(), owed: Vec::new() };
        let mut revoked = told.revoked;
        for serial in told.stated {
            let holder = self.certificate(&serial).await?.map(|known| known.holder).unwrap_or_default();
            let (reason, at) = (RevocationReason::Unspecified, self.now());
            revoked.push(Revocation { serial, holder, reason, at, by: String::new() });
        }
        for certificate in &told.issued {
            self.take_over_certificate(certificate).await?;
        }
        self.take_over_tainted(told.tainted).await?;
        self.take_over_revocations(revoked).await?;
        let (revoked, tainted) = (self.revocations().await?.1, self.tainted().await?.1);
        let mut missing: Vec<_> = revoked.iter().map(revoked_line).collect();
        missing.extend(tainted.iter().map(tainted_line));
        missing.extend(self.every_hold().await?.iter().map(|held| hold_line(&held.record, &held.hold)));
        if anew {
            missing.extend(self.good_certificates().await?.iter().map(issued_line));
            self.ended_since_the_beginning(&mut missing).await?;
        }
        match damaged.as_slice() {
            [] => _ = self.remember(missing),
            damaged => {
                // What has rotted may have been heard by then.
                words.retain(|line| !listed::is_heard(line));
                self.mend(beside, damaged, words, missing).await?;
            }
        }
        self.catch_up(told.heard.filter(|_| !anew)).await?;
        self.take_over_holds(&told.held, &told.released).await?;
        self.take_over_copies(told.gone).await?;
        self.look_at_what_is_back(&told.destroyed, &told.erased).await
    }

    /// Reads the list; where it is of another store it is put aside.
    fn listed(&self, beside: &Remembered, lines: &[String]) -> Listed {
        let title = self.title();
        listed::read(&title, lines, &|last, words| self.signature(last, words)).unwrap_or_else(|| {
            self.raise_beside("its first line is of another store: it is put aside, and begun anew");
            if let Err(error) = beside.file.put_aside() {
                self.raise_beside(&format!("it is of another store and cannot be put aside: {error}"));
            }
            Listed::default()
        })
    }

    /// Writes the list anew, with the words that are as they were written and what the store knows besides.
    async fn mend(
        &self,
        beside: &Remembered,
        damaged: &[usize],
        mut words: Vec<String>,
        missing: Vec<String>,
    ) -> Result<(), Error> {
        let mut there: BTreeSet<_> = words.iter().map(|line| about(line)).collect();
        words.extend(missing.into_iter().filter(|line| there.insert(about(line))));
        let numbers: Vec<String> = damaged.iter().map(usize::to_string).collect();
        let numbers = numbers.join(", ");
        let what =
            format!("line {numbers} is not as it was written; what shuts somebody out in it is obeyed all the same");
        let mut lines = vec![self.title()];
        let last = self.chained(self.title(), words, &mut lines);
        match beside.file.replace(&lines, self.now()) {
            Ok(kept) => {
                *beside.written() = Written { last, about: there, owed: Vec::new() };
                self.raise_beside(&format!(
                    "{what}, and it is written anew; as it was it is in {kept}, to be looked at"
                ));
                self.enter("LIST_BESIDE_MENDED", vec![format!("lines={numbers}")]).await
            }
            Err(error) => {
                self.raise_beside(&format!("{what}; and it cannot be written anew: {error}"));
                Ok(())
            }
        }
    }

    fn title(&self) -> String {
        format!("{TITLE}\t{}", self.log.verifier())
    }

    /// Signs words behind `last`; answers with the signature of the last of them.
    fn chained(&self, last: String, words: Vec<String>, lines: &mut Vec<String>) -> String {
        words.into_iter().fold(last, |last, words| {
            let signature = self.signature(&last, &words);
            lines.push(format!("{words}\t{signature}"));
            signature
        })
    }

    fn signature(&self, last: &str, words: &str) -> String {
        hex::encode(self.keyring.reference("beside", &[last, words]))
    }

    /// Writes to the list beside the store what it does not say yet. Where that fails an alarm says so, and it is written with what
    /// comes next: what was done is done all the same. Answers with whether all of it is there now.
    pub(super) fn remember(&self, words: Vec<String>) -> bool {
        let Some(beside) = &self.beside else { return true };
        let mut written = beside.written();
        let (mut there, owed) = (BTreeSet::new(), std::mem::take(&mut written.owed));
        let words = owed.into_iter().chain(words);
        let is_new = |line: &String| !written.about.contains(&about(line)) && there.insert(about(line));
        let words: Vec<_> = words.filter(is_new).collect();
        if words.is_empty() {
            return true;
        }
        let (mut at, mut lines) = (written.last.clone(), Vec::new());
        if at.is_empty() {
            at = self.title();
            lines.push(at.clone());
        }
        at = self.chained(at, words.clone(), &mut lines);
        match beside.file.add(&lines) {
            Ok(()) => {
                written.last = at;
                written.about.append(&mut there);
                true
            }
            Err(error) => {
                written.owed = words;
                self.raise_beside(&format!("it cannot be written: {error}"));
                false
            }
        }
    }

    /// Writes what could not be written before.
    pub(in crate::broker) fn remember_what_is_owed(&self) {
        self.remember(Vec::new());
    }

    pub(super) fn remember_revoked(&self, one: &Revocation) {
        self.remember(vec![revoked_line(one)]);
    }

    pub(super) fn remember_tainted(&self, tainted: &[Tainted]) {
        self.remember(tainted.iter().map(tainted_line).collect());
    }

    pub(super) fn remember_issued(&self, one: &Certificate) {
        self.remember(vec![issued_line(one)]);
    }

    pub(super) fn remember_destroyed(&self, key: &str) {
        self.remember(vec![destroyed_line(key, self.now())]);
    }

    pub(super) fn remember_erased(&self, records: &[Uuid]) {
        self.remember(records.iter().map(|record| erased_line(record, self.now())).collect());
    }

    pub(super) fn remember_copies(&self, said: Said) {
        self.remember(vec![gone_line(said, self.now())]);
    }

    pub(super) fn remember_copied(&self, backup: &GivenOut) {
        self.remember(vec![backup_line(COPIED, &backup.set, backup.taken, backup.entries)]);
    }

    /// Whoever takes a backup has all of it: the list beside the store says so, and an older one is not restored by itself from now on.
    /// False where the list could not be written: then it is once it can be, if this process lives until then.
    #[must_use]
    pub fn backup_is_whole(&self, backup: &GivenOut) -> bool {
        self.remember(vec![backup_line(BACKUP, &backup.set, backup.taken, backup.entries)])
    }

    /// Content that was erased, and keys that were destroyed, are there again in an older store: people must do it again, for what
    /// is wrapped under such a key would be lost, and what waits for somebody would be taken from them.
    async fn look_at_what_is_back(&self, destroyed: &BTreeSet<String>, erased: &BTreeSet<Uuid>) -> Result<(), Error> {
        let mut back = Vec::new();
        for key in destroyed {
            if self.store.document(Shelf::EpochKey, key).await?.is_some() {
                back.push(format!("key {key} (rotate, then destroy it again)"));
            }
        }
        for record in erased {
            if self.store.find(*record).await?.is_some() && self.erasure(*record).await?.is_none() {
                back.push(format!("referral {record} (erase it again)"));
            }
        }
        if !back.is_empty() {
            let words = format!("an older store has brought back what was destroyed or erased: {}", back.join(", "));
            self.alarms.raise(BACK, &words, self.now());
        }
        Ok(())
    }

    async fn take_over_certificate(&self, certificate: &Certificate) -> Result<(), Error> {
        if self.certificate(&certificate.serial).await?.is_some() {
            return Ok(());
        }
        let words = vec![format!("serial={}", certificate.serial), format!("subject={}", certificate.holder)];
        let entries = vec![self.step_entry("", "CERTIFICATE_TAKEN_OVER", words)];
        let amendment = Amendment { once: None, changes: vec![put(certificate)], entries, answer: Vec::new() };
        match self.store.amend(amendment).await {
            // There already, from another replica.
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn raise_beside(&self, words: &str) {
        let words = format!(
            "the list beside the store: {words}; without it a restored store lets in again whom somebody has revoked since"
        );
        self.alarms.raise(ALARM, &words, self.now());
    }
}
