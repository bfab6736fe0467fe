//! Revocation reaches live connections: what the store says is revoked is shut out here, its sessions end and its leases
//! return. Every replica looks for itself, at every commit of its own and four times a second for those of others.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use super::session::Sessions;
use crate::{
    broker::{Broker, Error, Revocation},
    domain::identity::Peer,
};

/// Another replica's commit gives no hint.
const EVERY: Duration = Duration::from_millis(250);
/// Busy commits must not make us look without a pause.
const AT_MOST_EVERY: Duration = Duration::from_millis(50);

/// Watches the list of revocations.
pub(super) struct Revocations {
    broker: Arc<Broker>,
    sessions: Sessions,
    /// Versions of the lists of what is revoked, what is tainted and what is in no register, as last seen.
    versions: [u64; 3],
    /// The register has changed since what is in none was last looked at.
    register_changed: bool,
    /// Serial numbers that were dealt with.
    known: BTreeSet<String>,
    /// Nothing was looked at yet: whatever is revoked was revoked before, and most of it long ago.
    first: bool,
    /// Holders whose leases are looked at once more: a pull may have been under way while their sessions ended.
    again: Vec<String>,
    /// The last look failed; said once.
    failing: bool,
}

impl Revocations {
    pub(super) fn new(broker: Arc<Broker>, sessions: Sessions) -> Self {
        Self {
            broker,
            sessions,
            versions: [0; 3],
            register_changed: true,
            known: BTreeSet::new(),
            first: true,
            again: Vec::new(),
            failing: false,
        }
    }

    /// Shuts the door to everybody who is revoked already; where the store cannot be read and may be again, once that is so. None
    /// where it never will be.
    pub(super) async fn first_look(mut self) -> Option<Self> {
        while let Err(error) = self.look().await {
            if !std::mem::replace(&mut self.failing, true) {
                tracing::error!(%error, "the list of revocations cannot be read");
            }
            if !self.broker.recovers() {
                return None;
            }
            tokio::time::sleep(EVERY).await;
        }
        self.failing = false;
        Some(self)
    }

    /// Looks for ever.
    pub(super) async fn keep(mut self) {
        let (mut changes, mut open) = (self.broker.changes(), true);
        loop {
            tokio::time::sleep(AT_MOST_EVERY).await;
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                changed = changes.changed(), if open => open = changed.is_ok(),
            }
            match self.look().await {
                Ok(()) => self.failing = false,
                Err(error) if !self.failing => {
                    self.failing = true;
                    tracing::error!(%error, "the list of revocations cannot be read");
                }
                Err(_) => {}
            }
        }
    }

    async fn look(&mut self) -> Result<(), Error> {
        self.register_changed |= self.broker.follow_register().await;
        while let Some(holder) = self.again.last() {
            self.broker.return_leases(holder).await?;
            self.again.pop();
        }
        let (versions, standing) = self.broker.standing().await?;
        if versions == self.versions && !self.register_changed {
            return Ok(());
        }
        standing.tainted().for_each(|serial| _ = self.sessions.taint(serial));
        let new: Vec<_> = standing.revoked().iter().filter(|one| !self.known.contains(&one.serial)).collect();
        // First everybody is out; leases take a look at the store each.
        let cut: Vec<_> = new.iter().map(|one| self.sessions.revoke(&one.serial)).collect();
        for (one, sessions) in new.into_iter().zip(cut) {
            self.end(one, &sessions).await?;
            self.known.insert(one.serial.clone());
        }
        self.broker.tell_tainted(&standing);
        self.broker.tell_unlisted(&standing).await?;
        (self.versions, self.register_changed, self.first) = (versions, false, false);
        Ok(())
    }

    async fn end(&mut self, one: &Revocation, cut: &[Peer]) -> Result<(), Error> {
        let mut holders = self.broker.out_by(one).await?;
        if one.holder.is_empty() {
            // No register says whose it was: whoever was here with it does.
            holders = cut.iter().map(|peer| peer.identity.as_str().to_owned()).collect();
            // Of whoever is gone nobody can say so a second time.
            self.again.extend(holders.iter().cloned());
        }
        let (mut leases, sessions) = (0_u64, cut.len());
        for holder in holders {
            if self.first {
                leases += self.broker.return_leases_left(&holder, one.at).await?;
                continue;
            }
            leases += self.broker.return_leases(&holder).await?;
            self.again.push(holder);
        }
        if self.first && leases == 0 {
            return Ok(());
        }
        tracing::warn!(serial = one.serial, reason = %one.reason, sessions, leases, "certificate revoked");
        Ok(())
    }
}
