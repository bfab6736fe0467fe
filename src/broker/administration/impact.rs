//! What breaks when somebody is shut out: seen before it is done.

use std::collections::BTreeSet;

use super::{
    Certificate,
    holder::no_identity,
    revocation::{administers, peer_of},
};
use crate::{
    broker::{Broker, Error},
    domain::{grants::CallPermit, identity::Identity, queue::QueueId},
};

/// What breaks when a certificate is revoked, or everything of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impact {
    /// Whose certificate.
    pub holder: String,
    /// Certificates that it signed and that are good: they would end with it. None but for an authority's.
    pub dependents: u64,
    /// Deliveries under a lease of whoever would be out; they would return unread.
    pub leases: u64,
    /// Queues that nobody else with a good certificate serves.
    pub unattended: Vec<QueueId>,
    /// Other good certificates of the same holder, which stay.
    pub other_certificates: u64,
    /// A second person must approve.
    pub needs_approval: bool,
    /// Serial numbers of what would be revoked.
    pub serials: Vec<String>,
}

impl Broker {
    /// What would break. Sessions are the door's to count.
    ///
    /// # Errors
    /// [`Error::NotFound`] where nobody knows the certificate.
    pub async fn preview_revocation(&self, _permit: &CallPermit, serial: &str) -> Result<Impact, Error> {
        let holder = self.holder_of(serial).await?;
        if holder.is_empty() {
            return Err(Error::NotFound);
        }
        let ends = |one: &Certificate| one.serial == serial || one.issuer == serial;
        self.impact(holder, ends, Some(serial)).await
    }

    /// The same, of every good certificate of an identity.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the register has no good certificate of theirs.
    pub async fn preview_holder(&self, _permit: &CallPermit, holder: &str) -> Result<Impact, Error> {
        if Identity::kept(holder).is_none() {
            return Err(no_identity());
        }
        self.follow_register().await;
        let impact = self.impact(holder.to_owned(), |one| one.holder == holder, None).await?;
        if impact.serials.is_empty() { Err(Error::NotFound) } else { Ok(impact) }
    }

    async fn impact(
        &self,
        holder: String,
        ends: impl Fn(&Certificate) -> bool,
        serial: Option<&str>,
    ) -> Result<Impact, Error> {
        let now = self.clock.now();
        let (ending, staying): (Vec<_>, Vec<_>) = self.good_certificates().await?.into_iter().partition(ends);
        let dependents = ending.iter().filter(|one| one.holder != holder).count() as u64;
        let other_certificates = staying.iter().filter(|one| one.holder == holder).count() as u64;
        let mut leases = 0;
        for who in returning(&holder, &ending, &staying) {
            leases += self.store.leases_of(who).await?;
        }
        let grants = self.grants();
        let served = |certificates: &[Certificate]| -> BTreeSet<QueueId> {
            let holders: BTreeSet<&str> = certificates.iter().map(|one| one.holder.as_str()).collect();
            holders.into_iter().filter_map(peer_of).flat_map(|peer| grants.served(&peer, now)).collect()
        };
        let (mut unattended, elsewhere) = (served(&ending), served(&staying));
        unattended.retain(|queue| !elsewhere.contains(queue));
        let (unattended, needs_approval) = (unattended.into_iter().collect(), administers(&holder));
        let serials = match serial {
            Some(serial) => vec![serial.to_owned()],
            None => ending.into_iter().map(|one| one.serial).collect(),
        };
        Ok(Impact { holder, dependents, leases, unattended, other_certificates, needs_approval, serials })
    }
}

/// Whose leases return when these certificates end: the holder's own, and those of whoever has none that stays.
pub(super) fn returning<'a>(holder: &'a str, ending: &'a [Certificate], staying: &[Certificate]) -> BTreeSet<&'a str> {
    let kept: BTreeSet<&str> = staying.iter().map(|one| one.holder.as_str()).collect();
    let others = ending.iter().map(|one| one.holder.as_str());
    others.filter(|who| !kept.contains(who)).chain([holder]).collect()
}
