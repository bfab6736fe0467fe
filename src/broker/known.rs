//! Who is there: a name that nobody bears gets nothing handed over. The register of certificates says it where this broker signs
//! them; whoever has come through the door since the start is known besides, for another authority keeps no register here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{PoisonError, RwLock},
};

use jiff::Timestamp;

use super::{Broker, Error};
use crate::domain::{
    grants::QueuePermit,
    identity::{Identity, Peer},
    queue::QueueId,
};

/// Identities that have called, each with until when its certificate is good.
#[derive(Debug, Default)]
pub(super) struct Known(RwLock<BTreeMap<String, Timestamp>>);

impl Known {
    fn until(&self, identity: &str) -> Option<Timestamp> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(identity).copied()
    }

    /// They have come; nothing is written where that is known.
    fn came(&self, peer: &Peer) {
        let (who, until) = (peer.identity.as_str(), peer.not_after);
        if self.until(who).is_none_or(|known| known < until) {
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(who.to_owned(), until);
        }
    }

    /// Their certificate was revoked.
    pub(super) fn forget(&self, identity: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(identity);
    }
}

impl Broker {
    /// A peer was let in.
    pub fn came(&self, peer: &Peer) {
        self.known.came(peer);
    }

    /// Whether anybody is of this name: by a good certificate, or because a grant for this queue names them and nobody else.
    pub(super) async fn is_somebody(&self, identity: &Identity, queue: &QueueId) -> Result<bool, Error> {
        let (now, who) = (self.now(), identity.as_str());
        if self.known.until(who).is_some_and(|until| now <= until) || self.grants().names(identity, queue, now) {
            return Ok(true);
        }
        if self.issuer.is_none() {
            return Ok(false);
        }
        self.follow_register().await;
        Ok(self.good_certificates().await?.iter().any(|good| good.holder == who))
    }

    /// Everybody with a good certificate to whom whoever has this permit may hand something of its queue over, by grants alone: whom a record
    /// accuses is among them, for a list must not say so; to hand it to them is refused.
    pub async fn colleagues(&self, permit: &QueuePermit) -> Result<Vec<String>, Error> {
        let now = self.now();
        let mut known: BTreeSet<String> = {
            let known = self.known.0.read().unwrap_or_else(PoisonError::into_inner);
            known.iter().filter(|(_, until)| now <= **until).map(|(who, _)| who.clone()).collect()
        };
        if self.issuer.is_some() {
            self.follow_register().await;
            known.extend(self.good_certificates().await?.into_iter().map(|good| good.holder));
        }
        let grants = self.grants();
        let works = |who: &String| {
            Identity::kept(who).is_some_and(|other| grants.colleague(permit, &other, &[], now).is_some())
        };
        Ok(known.into_iter().filter(works).collect())
    }
}
