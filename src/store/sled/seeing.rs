//! Reading while others write: whole batches, and nothing is told before it is on the disk.

use std::{collections::HashSet, sync::Arc};

use super::{SledEngine, StoreError, commit::Looked, view::Watched};

impl SledEngine {
    /// Reads whole batches off the async threads, and answers when what was seen is durable.
    pub(super) async fn read_whole<T: Send + 'static>(
        &self,
        read: impl FnOnce(&::sled::Tree) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let looked = self.looked(move |tree, _| (read(tree), true)).await?;
        self.shared.told(looked).await
    }

    /// The same for single keys: it waits only where the batch on its way to the disk has one of them, or every look would take as
    /// long as a commit. They are nearly always at hand and read here, unless a batch is being applied: waking a thread takes longer.
    pub(super) async fn look_at<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Watched<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let watched = move |tree: &::sled::Tree, in_flight: &HashSet<Vec<u8>>| {
            let watched = Watched::new(tree, in_flight);
            let result = read(&watched);
            (result, watched.touched())
        };
        let here = match self.shared.tree.try_read() {
            Ok(tree) => Ok(self.shared.looked(tree.as_ref(), watched)?),
            Err(_) => Err(watched),
        };
        let looked = match here {
            Ok(looked) => looked,
            Err(watched) => self.looked(watched).await?,
        };
        self.shared.told(looked).await
    }

    /// Reads on one of the threads for that.
    async fn looked<T: Send + 'static>(
        &self,
        read: impl FnOnce(&::sled::Tree, &HashSet<Vec<u8>>) -> (Result<T, StoreError>, bool) + Send + 'static,
    ) -> Result<Looked<T>, StoreError> {
        let shared = Arc::clone(&self.shared);
        let seat = Arc::clone(&self.readers).acquire_owned().await.expect("never closed");
        let looked = tokio::task::spawn_blocking(move || {
            let _until_read = seat;
            let tree = shared.tree.read().map_err(|_| shared.unavailable())?;
            shared.looked(tree.as_ref(), read)
        });
        looked.await.map_err(|_| self.shared.unavailable())?
    }
}
