//! What other brokers over the same database did that must not come undone. Each broker keeps a list of its own beside the store, and
//! whichever is left is what a restored store is held against: so what the ledger says that others revoked, tainted, signed, destroyed
//! and erased comes into this broker's list too, once; at a start what was done while it was away. That a backup was taken stands in
//! the list of whoever took it, and in no other.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::{
    beside::{destroyed_line, erased_line, hold_line, issued_line, released_line, revoked_line, tainted_line},
    listed::{about, heard_line},
};
use crate::{
    broker::{Broker, Error},
    domain::erasure::{LegalHold, LegalHoldReason},
    ledger::{self, Entry},
    store::Claim,
};

/// Entries that are read at once.
const PAGE: usize = 500;
/// Another replica's commit may give no hint.
const EVERY: Duration = Duration::from_secs(1);
/// Busy commits must not make us read without a pause.
const AT_MOST_EVERY: Duration = Duration::from_millis(200);
/// So many entries after the last line that says how far it was read, another says it: a start reads no more than these again.
const NOTED: u64 = 10_000;

/// Entries that are looked at when a broker starts that has the store to itself.
const LATELY: u64 = 2_000;

/// How far the ledger was read.
#[derive(Default)]
pub(in crate::broker) struct Heard {
    /// Entries that were read.
    upto: u64,
    /// What the list says of that.
    noted: u64,
}

/// Whether a list says something already.
type Says<'s> = &'s (dyn Fn(&str) -> bool + Sync);

impl Broker {
    /// Follows what other brokers do until it is told to stop, within a second or so; where the store is this broker's alone there are
    /// none.
    pub async fn keep_overhearing(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        if self.beside.as_ref().is_none_or(|beside| beside.heard.is_none()) {
            return;
        }
        let (mut changes, mut open, mut failing) = (self.changes(), true, false);
        loop {
            let changed = async {
                tokio::time::sleep(AT_MOST_EVERY).await;
                tokio::select! {
                    () = tokio::time::sleep(EVERY) => {}
                    changed = changes.changed(), if open => open = changed.is_ok(),
                }
            };
            tokio::select! {
                () = changed => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let overheard = self.overhear().await;
            if let Err(error) = &overheard
                && !failing
            {
                tracing::error!(%error, "what other brokers did cannot be read");
            }
            failing = overheard.is_err();
        }
    }

    /// At a start: goes on from where the list says that the ledger was read, if it is that of this ledger. Of a broker that has the
    /// store to itself only its last deeds can be missing, where it was killed before it had written their lines.
    pub(super) async fn catch_up(&self, said: Option<(u64, String)>) -> Result<(), Error> {
        let Some(beside) = &self.beside else { return Ok(()) };
        let Some(heard) = &beside.heard else {
            let from = self.store.head().await?.size.saturating_sub(LATELY);
            let page = self.store.entries(from, usize::try_from(LATELY).unwrap_or(usize::MAX)).await?;
            let lines = self.told_by(&page, &|about| beside.says(about)).await?;
            self.remember(lines);
            return Ok(());
        };
        if let Some((size, root)) = said
            && self.root_of(size).await?.is_some_and(|there| hex::encode(there) == root)
        {
            *heard.lock().await = Heard { upto: size, noted: size };
        }
        self.overhear().await
    }

    /// Brings into the list what the ledger says since it was read last.
    async fn overhear(&self) -> Result<(), Error> {
        let Some(beside) = &self.beside else { return Ok(()) };
        let Some(heard) = &beside.heard else { return Ok(()) };
        let mut heard = heard.lock().await;
        loop {
            let page = self.store.entries(heard.upto, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            let upto = last + 1;
            let mut lines = self.told_by(&page, &|about| beside.says(about)).await?;
            // What this broker did itself is there mostly.
            lines.retain(|line| !beside.says(&about(line)));
            let noted = !lines.is_empty() || upto - heard.noted >= NOTED;
            if noted && let Some(root) = self.root_of(upto).await? {
                lines.push(heard_line(upto, &root));
            }
            if !self.remember(lines) {
                // Tried again at the next look; an alarm has said why.
                return Ok(());
            }
            *heard = Heard { upto, noted: if noted { upto } else { heard.noted } };
        }
    }

    /// Adds to lines what the whole ledger says and they do not.
    pub(super) async fn ended_since_the_beginning(&self, lines: &mut Vec<String>) -> Result<(), Error> {
        let known: std::collections::BTreeSet<_> = lines.iter().map(|line| about(line)).collect();
        let mut from = 0;
        loop {
            let page = self.store.entries(from, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            from = last + 1;
            lines.extend(self.told_by(&page, &|about| known.contains(about)).await?);
        }
    }

    /// The lines that these entries make.
    async fn told_by(&self, page: &[(u64, Vec<u8>)], says: Says<'_>) -> Result<Vec<String>, Error> {
        let mut lines = Vec::new();
        for entry in page.iter().filter_map(|(_, bytes)| ledger::decode(bytes).ok()) {
            lines.extend(self.line_of(&entry, says).await?);
        }
        Ok(lines)
    }

    async fn line_of(&self, entry: &Entry, says: Says<'_>) -> Result<Option<String>, Error> {
        let word = |name: &str| entry.details.iter().find_map(|one| one.strip_prefix(name));
        let serial = |kind: &str| word("serial=").filter(|serial| !says(&format!("{kind}\t{serial}")));
        Ok(match entry.action.as_str() {
            "DESTROY_KEY" => word("subject=").map(|key| destroyed_line(key, entry.at)),
            // What the caretaker erases it erases again.
            "ERASE_REFERRAL" => entry.record.map(|record| erased_line(&record, entry.at)),
            "PLACE_LEGAL_HOLD" => entry.record.and_then(|record| {
                let (id, reason) = (word("hold=")?.parse().ok()?, LegalHoldReason::from_code(word("reason=")?)?);
                let (reference, by) = (word("reference=")?.to_owned(), entry.who.clone());
                Some(hold_line(&record, &LegalHold { id, reason, reference, by, at: entry.at }))
            }),
            "RELEASE_LEGAL_HOLD" => {
                entry.record.and_then(|record| Some(released_line(&record, word("hold=")?, entry.at)))
            }
            "REVOKE_CERTIFICATE" => match serial("revoked") {
                Some(serial) => self.revocation(serial).await?.as_ref().map(revoked_line),
                None => None,
            },
            "TAINT_AUTHORITY" => match serial("tainted") {
                Some(serial) => self.tainted().await?.1.iter().find(|one| one.serial == serial).map(tainted_line),
                None => None,
            },
            "SIGN_CERTIFICATE" | "RENEW_CERTIFICATE" | "CERTIFICATE_TAKEN_OVER" => match serial("issued") {
                Some(serial) => {
                    let good = self.certificate(serial).await?.filter(|one| one.not_after >= self.now());
                    good.as_ref().map(issued_line)
                }
                None => None,
            },
            _ => None,
        })
    }

    /// The root of the first entries of the ledger, if it has so many.
    async fn root_of(&self, size: u64) -> Result<Option<[u8; 32]>, Error> {
        let Some(last) = size.checked_sub(1) else { return Ok(None) };
        Ok(self.store.prove(Claim::Inclusion(last), Some(size)).await?.map(|proven| proven.head.root))
    }
}
