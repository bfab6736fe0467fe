//! What must not come undone when an older store is put in the place of a newer one: revocations, taints, certificates that were
//! signed, keys destroyed, records erased. Each is also a line in a file beside the store, written before the answer is given, and
//! taken over when the daemon starts. The lines are chained and authenticated under the key of references, which the store holds.

use std::{
    collections::BTreeSet,
    io,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use uuid::Uuid;

use super::{Certificate, Manifest, Revocation, Tainted, certificates::put};
use crate::{
    broker::{Broker, Error},
    domain::certificate::RevocationReason,
    store::{Amendment, Shelf, StoreError},
};

/// What the first line begins with; the ledger's public key follows, which says of which store it is.
const TITLE: &str = "homeward beside 1";
/// What whoever restored a store has stated: not signed, for they run the machine.
const STATED: &str = "stated";
/// The alarm while the file cannot be read or written, or was changed by somebody else.
const ALARM: &str = "LIST_BESIDE_THE_STORE";
/// The alarm while an older store has brought back what was destroyed or erased.
const BACK: &str = "RESTORED_CONTENT";

/// The file beside the store.
pub trait Beside: Send + Sync {
    /// Its lines, but for one that was never finished; none where it is not there.
    fn lines(&self) -> io::Result<Vec<String>>;
    /// Adds lines, durably.
    fn add(&self, lines: &[String]) -> io::Result<()>;
    /// Puts it out of the way: it is of another store.
    fn put_aside(&self) -> io::Result<()>;
}

/// The file, and what its last line is signed with.
pub(in crate::broker) struct Remembered {
    file: Box<dyn Beside>,
    last: Mutex<String>,
}

/// What the lines say.
#[derive(Default)]
struct Told {
    revoked: Vec<Revocation>,
    tainted: Vec<Tainted>,
    issued: Vec<Certificate>,
    destroyed: BTreeSet<String>,
    erased: BTreeSet<Uuid>,
}

/// Whether the list beside a store was there when this backup was taken, so that it tells what was revoked since.
pub fn lists_since(lines: &[String], set: &str, manifest: &Manifest) -> bool {
    let taken = backup_line(set, manifest.taken);
    lines.iter().any(|line| line.rsplit_once('\t').is_some_and(|(line, _)| line == taken))
}

/// The lines that state what was revoked, by serial numbers.
pub fn stated_lines(serials: &[String]) -> Vec<String> {
    serials.iter().map(|serial| format!("{STATED}\t{serial}")).collect()
}

fn backup_line(set: &str, taken: Timestamp) -> String {
    format!("backup\t{set}\t{taken}")
}

fn revoked_line(one: &Revocation) -> String {
    format!("revoked\t{}\t{}\t{}\t{}\t{}", one.serial, one.holder, one.reason, one.at, one.by)
}

fn tainted_line(one: &Tainted) -> String {
    format!("tainted\t{}\t{}", one.serial, one.at)
}

impl Told {
    /// Takes up what a line says; `None` where it says nothing that is known.
    fn take(&mut self, line: &str) -> Option<()> {
        let mut fields = line.split('\t').map(str::to_owned);
        let mut next = || fields.next();
        match next()?.as_str() {
            "revoked" => self.revoked.push(Revocation {
                serial: next()?,
                holder: next()?,
                reason: RevocationReason::from_code(&next()?)?,
                at: next()?.parse().ok()?,
                by: next()?,
            }),
            "tainted" => self.tainted.push(Tainted { serial: next()?, at: next()?.parse().ok()? }),
            "issued" => self.issued.push(Certificate {
                serial: next()?,
                holder: next()?,
                not_before: next()?.parse().ok()?,
                not_after: next()?.parse().ok()?,
                issuer: next()?,
                fingerprint: next()?,
                chain: String::new(),
            }),
            "destroyed" => _ = self.destroyed.insert(next()?),
            "erased" => _ = self.erased.insert(next()?.parse().ok()?),
            "backup" => {}
            _ => return None,
        }
        Some(())
    }
}

impl Broker {
    /// With a list beside the store.
    #[must_use]
    pub fn with_beside(self, file: Box<dyn Beside>) -> Self {
        Self { beside: Some(Remembered { file, last: Mutex::default() }), ..self }
    }

    /// Takes over what the list beside the store says and the store does not, and the other way round. Where it cannot be read, or
    /// was changed by somebody else, an alarm says so, and what can be read is taken over.
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
        let (stated, signed): (Vec<_>, Vec<_>) =
            lines.into_iter().partition(|line| line.split('\t').next() == Some(STATED));
        let told = self.told(beside, &signed);
        // A line that is not as it was written says nothing, and is written anew.
        let out: BTreeSet<String> = told.revoked.iter().map(|one| one.serial.clone()).collect();
        let to_renew: BTreeSet<String> = told.tainted.iter().map(|one| one.serial.clone()).collect();
        let stated = stated.iter().filter_map(|line| line.split('\t').nth(1));
        let mut revoked = told.revoked;
        for serial in stated.filter(|serial| !serial.is_empty()) {
            let holder = self.certificate(serial).await?.map(|known| known.holder).unwrap_or_default();
            let (reason, at) = (RevocationReason::Unspecified, self.now());
            revoked.push(Revocation { serial: serial.to_owned(), holder, reason, at, by: String::new() });
        }
        for certificate in &told.issued {
            self.take_over_certificate(certificate).await?;
        }
        self.take_over_tainted(told.tainted).await?;
        self.take_over_revocations(revoked).await?;
        let (revoked, tainted) = (self.revocations().await?.1, self.tainted().await?.1);
        let missing = revoked.iter().filter(|one| !out.contains(&one.serial));
        let mut missing: Vec<_> = missing.map(revoked_line).collect();
        let tainted = tainted.iter().filter(|one| !to_renew.contains(&one.serial));
        missing.extend(tainted.map(tainted_line));
        self.remember(missing);
        self.look_at_what_is_back(&told.destroyed, &told.erased).await
    }

    /// Reads signed lines, and whether they are of this store and as they were written.
    fn told(&self, beside: &Remembered, lines: &[String]) -> Told {
        let (title, mut told) = (format!("{TITLE}\t{}", self.log.verifier()), Told::default());
        let mut last = beside.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clear();
        let Some((first, lines)) = lines.split_first() else { return told };
        if *first != title {
            // The next line was signed behind the title as it was: who reads it so has another's title, or one that has rotted.
            let goes_on =
                |line: &String| line.rsplit_once('\t').is_some_and(|(words, by)| self.signature(&title, words) == by);
            if !lines.first().is_some_and(goes_on) {
                self.raise_beside("its first line is of another store: it is put aside, and begun anew");
                if let Err(error) = beside.file.put_aside() {
                    self.raise_beside(&format!("it is of another store and cannot be put aside: {error}"));
                }
                return told;
            }
            self.raise_beside("line 1 is not as it was written");
        }
        last.clone_from(&title);
        for (number, line) in lines.iter().enumerate() {
            let (words, signature) = line.rsplit_once('\t').unwrap_or((line, ""));
            if self.signature(&last, words) != signature || told.take(words).is_none() {
                self.raise_beside(&format!("line {} is not as it was written", number + 2));
            }
            signature.clone_into(&mut last);
        }
        told
    }

    fn signature(&self, last: &str, words: &str) -> String {
        hex::encode(self.keyring.reference("beside", &[last, words]))
    }

    /// Writes lines to the list beside the store. Where that fails an alarm says so: what was done is done all the same.
    pub(super) fn remember(&self, words: Vec<String>) {
        let Some(beside) = self.beside.as_ref().filter(|_| !words.is_empty()) else { return };
        let mut last = beside.last.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut at, mut lines) = (last.clone(), Vec::new());
        if at.is_empty() {
            at = format!("{TITLE}\t{}", self.log.verifier());
            lines.push(at.clone());
        }
        for words in words {
            at = self.signature(&at, &words);
            lines.push(format!("{words}\t{at}"));
        }
        match beside.file.add(&lines) {
            Ok(()) => *last = at,
            Err(error) => self.raise_beside(&format!("it cannot be written: {error}")),
        }
    }

    pub(super) fn remember_revoked(&self, one: &Revocation) {
        self.remember(vec![revoked_line(one)]);
    }

    pub(super) fn remember_tainted(&self, tainted: &[Tainted]) {
        self.remember(tainted.iter().map(tainted_line).collect());
    }

    pub(super) fn remember_issued(&self, one: &Certificate) {
        let Certificate { serial, holder, not_before, not_after, issuer, fingerprint, .. } = one;
        let line = format!("issued\t{serial}\t{holder}\t{not_before}\t{not_after}\t{issuer}\t{fingerprint}");
        self.remember(vec![line]);
    }

    pub(super) fn remember_destroyed(&self, key: &str) {
        self.remember(vec![format!("destroyed\t{key}\t{}", self.now())]);
    }

    pub(super) fn remember_erased(&self, records: &[Uuid]) {
        self.remember(records.iter().map(|record| format!("erased\t{record}\t{}", self.now())).collect());
    }

    pub(super) fn remember_backup(&self, set: &str, taken: Timestamp) {
        self.remember(vec![backup_line(set, taken)]);
    }

    /// Content that was erased, and keys that were destroyed, are there again in an older store: people must do it again, for what
    /// is wrapped under such a key would be lost, and what waits for somebody would be taken from them.
    async fn look_at_what_is_back(&self, destroyed: &BTreeSet<String>, erased: &BTreeSet<Uuid>) -> Result<(), Error> {
        let mut back = Vec::new();
        for key in destroyed {
            if matches!(self.store.document(Shelf::EpochKey, key).await, Ok(Some(_))) {
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
