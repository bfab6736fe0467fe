//! An issuing authority that is tainted signs nothing more; what it signed is accepted, and to be renewed, until the authority
//! is revoked. Known to every replica through the store.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Certificate, Revocation, documents};
use crate::{
    broker::{Broker, Error},
    store::{Amendment, Change, Expect, Shelf, StoreError},
};

/// The one document of all tainted authorities.
const NAME: &str = "tainted";
/// Somebody else may be tainting at the same moment.
const TRIES: usize = 8;
/// The alarm while one of them still is not revoked; its serial number follows.
const ALARM: &str = "AUTHORITY_TAINTED";

/// An issuing authority that was tainted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tainted {
    /// Serial number of its certificate, lower-case hex.
    pub serial: String,
    /// When.
    pub at: Timestamp,
}

/// How certificates stand: which are revoked, which are to be renewed because their authority is tainted.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// Oldest first.
    revoked: Vec<Revocation>,
    /// Where each serial number stands among them.
    places: BTreeMap<String, usize>,
    tainted: BTreeSet<String>,
}

impl Standing {
    /// The revocation of a certificate, or of the authority that signed it.
    pub fn revocation(&self, certificate: &Certificate) -> Option<&Revocation> {
        let either = [&certificate.serial, &certificate.issuer];
        either.into_iter().find_map(|serial| self.revoked.get(*self.places.get(serial)?))
    }

    /// Every revocation, oldest first.
    pub fn revoked(&self) -> &[Revocation] {
        &self.revoked
    }

    /// Is it accepted, and to be renewed: is its authority tainted, or is it a tainted authority?
    pub fn is_tainted(&self, certificate: &Certificate) -> bool {
        let either = [&certificate.serial, &certificate.issuer];
        self.revocation(certificate).is_none() && either.iter().any(|serial| self.tainted.contains(*serial))
    }

    /// Was the certificate with this serial number revoked?
    pub(super) fn is_revoked(&self, serial: &str) -> bool {
        self.places.contains_key(serial)
    }

    /// May the authority with this serial number sign nothing more?
    pub(super) fn is_out_of_use(&self, serial: &str) -> bool {
        self.tainted.contains(serial) || self.places.contains_key(serial)
    }

    /// The tainted authorities that are not revoked.
    pub fn tainted(&self) -> impl Iterator<Item = &str> {
        self.tainted.iter().map(String::as_str).filter(|serial| !self.places.contains_key(*serial))
    }
}

impl Broker {
    /// How certificates stand now, with the versions of the documents that say so, and of the list of those that are in no
    /// register; 0 where there is none yet.
    pub async fn standing(&self) -> Result<([u64; 3], Standing), Error> {
        let ((of_revoked, revoked), (of_tainted, tainted)) = (self.revocations().await?, self.tainted().await?);
        let (of_unlisted, _) = self.unlisted().await?;
        let places = revoked.iter().enumerate().map(|(place, one)| (one.serial.clone(), place)).collect();
        let tainted = tainted.into_iter().map(|one| one.serial).collect();
        Ok(([of_revoked, of_tainted, of_unlisted], Standing { revoked, places, tainted }))
    }

    /// Sets the alarm of each authority that is tainted and not revoked, and ends those of the others.
    pub fn tell_tainted(&self, standing: &Standing) {
        let words = "what it signed is accepted, and to be renewed: `homeward pki list` shows which; then `homeward pki rotate \
                     revoke` with the offline root";
        for serial in &standing.tainted {
            let name = format!("{ALARM} {serial}");
            match standing.places.contains_key(serial) {
                true => self.alarms.clear(&name),
                false => self.alarms.raise(&name, words, self.clock.now()),
            }
        }
    }

    /// Takes over what was tainted with the authority's folder.
    pub(super) async fn take_over_tainted(&self, tainted: Vec<Tainted>) -> Result<(), Error> {
        for _ in 0..TRIES {
            let (version, mut all) = self.tainted().await?;
            let new: Vec<_> =
                tainted.iter().filter(|one| !all.iter().any(|other| other.serial == one.serial)).cloned().collect();
            if new.is_empty() {
                return Ok(());
            }
            let entry = |one: &Tainted| self.step_entry("", "TAINT_AUTHORITY", vec![format!("serial={}", one.serial)]);
            let entries = new.iter().map(entry).collect();
            all.extend(new.clone());
            let expect = if version == 0 { Expect::New } else { Expect::Version(version) };
            let bytes = Some(documents::put_tainted(&all));
            let changes = vec![Change { shelf: Shelf::Authority, name: NAME.to_owned(), expect, bytes }];
            match self.store.amend(Amendment { once: None, changes, entries, answer: Vec::new() }).await {
                Ok(_) => {
                    self.remember_tainted(&new);
                    return Ok(());
                }
                // Another replica was quicker.
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    pub(super) async fn tainted(&self) -> Result<(u64, Vec<Tainted>), Error> {
        match self.store.document(Shelf::Authority, NAME).await? {
            Some(document) => Ok((document.version, documents::take_tainted(&document.bytes)?)),
            None => Ok((0, Vec::new())),
        }
    }
}
