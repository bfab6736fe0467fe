//! Certificates that our own authority signed and its register does not hold. Whoever shows one was given it with a copy of the
//! authority's key: by somebody who issues with another copy of its folder, or by a thief. It is accepted, unless the daemon is
//! told otherwise, and seen: an entry, an alarm. It is never renewed, administers nothing, and is out as soon as the authority
//! is tainted.

use jiff::Timestamp;

use super::{Standing, documents, revocation::is_authority};
use crate::{
    broker::{Broker, Error},
    domain::identity::Peer,
    store::{Amendment, Change, Expect, Shelf, StoreError},
};

/// The one document of all that were shown.
const NAME: &str = "unlisted";
/// So many that are good are written down, each with an alarm: whoever has the key can sign as many as they like.
const MOST: usize = 64;
/// Somebody else may be writing at the same moment.
const TRIES: usize = 8;
/// The alarm while one of them is good; its serial number follows.
const ALARM: &str = "CERTIFICATE_NOT_IN_REGISTER";

/// The alarm while more of them were shown.
const MORE: &str = "CERTIFICATE_NOT_IN_REGISTER MORE";

/// What is known of a certificate that was shown at the door.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// Who, by what the certificate says.
    pub peer: &'a Peer,
    /// SHA-256 of it.
    pub fingerprint: [u8; 32],
    /// Serial numbers of what it hangs on, its own first.
    pub hangs_on: &'a [String],
}

impl Shown<'_> {
    /// Serial numbers of the authorities that it hangs on. Who has a key may give their own serial number to what it signs.
    fn above(&self) -> impl Iterator<Item = &String> {
        self.hangs_on.iter().skip(1)
    }
}

/// A certificate that was shown and is in no register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlisted {
    /// Its serial number.
    pub(super) serial: String,
    /// The identity in it.
    pub(super) holder: String,
    /// Serial numbers of the authorities that it hangs on.
    pub(super) above: Vec<String>,
    /// SHA-256 of it, in hexadecimal.
    pub(super) fingerprint: String,
    /// When it was first shown.
    pub(super) at: Timestamp,
}

impl Unlisted {
    fn is_over(&self, standing: &Standing) -> bool {
        standing.is_revoked(&self.serial) || self.above.iter().any(|serial| standing.is_revoked(serial))
    }
}

impl Broker {
    /// Whether the register holds this very certificate, or has no business with it, because another authority signed it. Where
    /// it should hold it and does not, that is written down and an alarm is set.
    pub async fn lists(&self, shown: Shown<'_>) -> Result<bool, Error> {
        if self.is_listed(&shown).await? {
            return Ok(true);
        }
        // It may have been issued with the folder a moment ago.
        self.follow_register().await;
        if self.is_listed(&shown).await? || !self.is_ours(&shown).await? {
            return Ok(true);
        }
        self.note_unlisted(&shown).await?;
        Ok(false)
    }

    async fn is_listed(&self, shown: &Shown<'_>) -> Result<bool, Error> {
        let listed = self.certificate(&shown.peer.serial).await?;
        Ok(listed.is_some_and(|listed| listed.fingerprint == hex::encode(shown.fingerprint)))
    }

    /// Did an authority of our register sign it, or one below such?
    async fn is_ours(&self, shown: &Shown<'_>) -> Result<bool, Error> {
        for serial in shown.above() {
            if self.certificate(serial).await?.is_some_and(|one| is_authority(&one.holder)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn note_unlisted(&self, shown: &Shown<'_>) -> Result<(), Error> {
        let peer = shown.peer;
        let above = shown.above().cloned().collect();
        let one = Unlisted {
            serial: peer.serial.clone(),
            holder: peer.identity.as_str().to_owned(),
            above,
            fingerprint: hex::encode(shown.fingerprint),
            at: self.now(),
        };
        let words = vec![
            format!("serial={}", one.serial),
            format!("subject={}", one.holder),
            format!("fingerprint={}", one.fingerprint),
        ];
        let entry = self.step_entry("", ALARM, words);
        let (_, standing) = self.standing().await?;
        let is_known = |all: &[Unlisted]| all.iter().any(|other| other.fingerprint == one.fingerprint);
        let amended = self.amend_unlisted(entry.clone(), |all| {
            let new = !is_known(all);
            if new && all.len() >= MOST {
                // What is revoked makes room.
                all.retain(|one| !one.is_over(&standing));
            }
            let fits = new && all.len() < MOST;
            if fits {
                all.push(one.clone());
            }
            fits
        });
        let (_, before) = self.unlisted().await?;
        amended.await?;
        for over in before.iter().filter(|one| one.is_over(&standing)) {
            self.alarms.clear(&format!("{ALARM} {}", over.serial));
        }
        if is_known(&self.unlisted().await?.1) {
            self.raise_unlisted(&one);
        } else {
            self.note_more(entry).await?;
        }
        Ok(())
    }

    /// More than are written down were shown: an alarm for all of them, and an entry about the first that sets it.
    async fn note_more(&self, mut entry: crate::ledger::Entry) -> Result<(), Error> {
        let words = format!(
            "more than {MOST} certificates that this authority signed and its register does not hold were shown, and are good: those \
             beyond them have no alarm of their own. Its key is known to somebody: replace the issuing authority at once; `taint` \
             shuts all of them out"
        );
        if !self.alarms.begins(MORE, &words, self.now()) {
            return Ok(());
        }
        entry.details.push(format!("more_than={MOST}"));
        let amendment = Amendment { once: None, changes: Vec::new(), entries: vec![entry], answer: Vec::new() };
        self.store.amend(amendment).await?;
        Ok(())
    }

    /// Says of each that is good still that somebody must look, and takes off the list what the register holds by now.
    pub async fn tell_unlisted(&self, standing: &Standing) -> Result<(), Error> {
        let (version, all) = self.unlisted().await?;
        let (mut listed, mut good) = (Vec::new(), 0);
        for one in &all {
            let found = self.certificate(&one.serial).await?;
            if found.is_some_and(|found| found.fingerprint == one.fingerprint) {
                listed.push(one.fingerprint.clone());
            } else if !one.is_over(standing) {
                good += 1;
                self.raise_unlisted(one);
                continue;
            }
            self.alarms.clear(&format!("{ALARM} {}", one.serial));
        }
        // Whoever fills the list meanwhile sets this alarm, once: what was read before says nothing against it.
        if good < MOST && self.unlisted().await?.0 == version {
            self.alarms.clear(MORE);
        }
        if listed.is_empty() {
            return Ok(());
        }
        let entry = self.step_entry(
            "",
            "CERTIFICATE_IN_REGISTER",
            listed.iter().map(|one| format!("fingerprint={one}")).collect(),
        );
        let amended = self.amend_unlisted(entry, |all| {
            let before = all.len();
            all.retain(|one| !listed.contains(&one.fingerprint));
            all.len() < before
        });
        amended.await
    }

    fn raise_unlisted(&self, one: &Unlisted) {
        let words = format!(
            "{} has shown a certificate that this authority signed and its register does not hold. Who issued it? With another copy \
             of the folder: add that folder's line of issued.tsv to the one under [pki]. Nobody you know: revoke it \
             (`homeward pki revoke {}`), and replace the issuing authority at once, for its key is known to somebody",
            one.holder, one.serial
        );
        self.alarms.raise(&format!("{ALARM} {}", one.serial), &words, self.now());
    }

    /// Who showed a certificate with this serial number that is in no register; empty where nobody has.
    pub(super) async fn shown_by(&self, serial: &str) -> Result<String, Error> {
        let (_, all) = self.unlisted().await?;
        Ok(all.into_iter().find(|one| one.serial == serial).map(|one| one.holder).unwrap_or_default())
    }

    /// The list, with its version: 0 where there is none yet.
    pub(super) async fn unlisted(&self) -> Result<(u64, Vec<Unlisted>), Error> {
        match self.store.document(Shelf::Authority, NAME).await? {
            Some(document) => Ok((document.version, documents::take_unlisted(&document.bytes)?)),
            None => Ok((0, Vec::new())),
        }
    }

    /// Changes the list with a ledger entry, unless `change` says that there is nothing to change.
    async fn amend_unlisted(
        &self,
        entry: crate::ledger::Entry,
        change: impl Fn(&mut Vec<Unlisted>) -> bool,
    ) -> Result<(), Error> {
        for _ in 0..TRIES {
            let (version, mut all) = self.unlisted().await?;
            if !change(&mut all) {
                return Ok(());
            }
            let expect = if version == 0 { Expect::New } else { Expect::Version(version) };
            let bytes = Some(documents::put_unlisted(&all));
            let changes = vec![Change { shelf: Shelf::Authority, name: NAME.to_owned(), expect, bytes }];
            let entries = vec![entry.clone()];
            match self.store.amend(Amendment { once: None, changes, entries, answer: Vec::new() }).await {
                Ok(_) => return Ok(()),
                // Another replica was quicker.
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }
}
