//! Reading while others write: off the async threads, and nothing is told before it is on the disk.

use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
};

use super::{SledStore, StoreError, view::Watched};

impl SledStore {
    /// Reads whole batches off the async threads, and answers when what was seen is durable.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&::sled::Tree) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.seen(move |tree, _| (read(tree), true)).await
    }

    /// The same for single keys: it waits only where the batch that is on its way to the disk has one of them. Else every
    /// look would take as long as a commit while others write.
    pub(super) async fn look<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Watched<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.seen(move |tree, in_flight| {
            let watched = Watched::new(tree, in_flight);
            let result = read(&watched);
            (result, watched.touched())
        })
        .await
    }

    /// Reads, and answers when what was seen is durable, if it `may` not have been yet.
    async fn seen<T: Send + 'static>(
        &self,
        read: impl FnOnce(&::sled::Tree, &HashSet<Vec<u8>>) -> (Result<T, StoreError>, bool) + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        let seat = Arc::clone(&self.readers).acquire_owned().await.expect("never closed");
        let ((result, may), applied) = tokio::task::spawn_blocking(move || {
            let _until_read = seat;
            let tree = shared.tree.read().map_err(|_| shared.unavailable())?;
            let Some(tree) = tree.as_ref() else { return Err(shared.unavailable()) };
            let in_flight = shared.in_flight.read().map_err(|_| shared.unavailable())?;
            Ok((read(tree, &in_flight), shared.applied.load(Ordering::Acquire)))
        })
        .await
        .map_err(|_| StoreError::Damaged("the engine failed on what it read".into()))??;
        if !may {
            return result;
        }
        let mut durable = self.shared.durable.subscribe();
        let stopped = || self.shared.stopped.get().is_some();
        let reached = durable.wait_for(|durable| *durable >= applied || stopped()).await.map(|durable| *durable);
        match reached {
            Ok(durable) if durable >= applied => result,
            _ => Err(self.shared.unavailable()),
        }
    }
}
