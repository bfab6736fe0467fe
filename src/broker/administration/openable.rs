//! What is not settled opens whether the device answers or not: the epoch keys that it lies under are in memory, from the
//! start on and after each turn.

use std::{cmp::Reverse, collections::HashSet, sync::atomic::Ordering};

use super::keys::{Keys, KeysError};
use crate::{
    broker::administration::erasure::ERASED,
    sealing::{ProviderError, wrapped_under},
};

/// Epoch keys taken in for it, at most, the newest: more than half a year of days. What lies under others is asked of the device when
/// it is opened.
const MOST: usize = 200;
/// Deliveries looked at at a time.
const PAGE: usize = 1_024;

impl Keys {
    /// Takes in the epoch keys under which something lies that is not settled; of the others, what nobody has used since the last
    /// turn leaves memory. Looks once a turn. While the device does not answer, all that is in memory stays.
    pub(in crate::broker) async fn keep_openable(&self) -> Result<(), KeysError> {
        let (ring, version) = (self.ring(), self.ring().current().version);
        let away = self.shelf().custody.current.fault().is_some();
        if away || self.openable.load(Ordering::Relaxed) == version {
            return Ok(());
        }
        let needed = self.needed().await?;
        let mut fault = None;
        for id in needed.iter().filter(|id| ring.get(id).is_none()) {
            match self.shelf().epoch_key(id).await {
                Ok(key) => ring.admit(key),
                Err(error @ KeysError::Provider(ProviderError::Unavailable(_))) => return Err(error),
                // One that is damaged keeps no other out.
                Err(error) => fault = Some(error),
            }
        }
        ring.rest(&needed.into_iter().collect());
        self.openable.store(version, Ordering::Relaxed);
        fault.map_or(Ok(()), Err)
    }

    /// The ids of those epoch keys, the newest first.
    async fn needed(&self) -> Result<Vec<String>, KeysError> {
        let wrapping = self.shelf().store.wrapped().await?;
        let wrapping = wrapping.iter().filter(|(name, records)| *records > 0 && !name.starts_with(ERASED)).count();
        let (mut found, mut after) = (HashSet::new(), None);
        // Once every key was met that wraps anything, the rest of the records adds none.
        while found.len() < wrapping {
            let (page, next) = self.shelf().store.unsettled(after, PAGE).await?;
            for one in page {
                found.extend(wrapped_under(&one.bytes)?);
            }
            after = next;
            if after.is_none() {
                break;
            }
        }
        let mut numbered = Vec::with_capacity(found.len());
        for id in found {
            numbered.push((self.shelf().epoch(&id).await?.1.number, id));
        }
        numbered.sort_unstable_by_key(|(number, _)| Reverse(*number));
        if numbered.len() > MOST {
            let keys = numbered.len();
            tracing::warn!(keys, "wrap what is not settled, more than are kept in memory: homeward admin keys rotate");
        }
        Ok(numbered.into_iter().take(MOST).map(|(_, id)| id).collect())
    }
}
