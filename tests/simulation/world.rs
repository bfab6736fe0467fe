//! The broker over the real store, on a file system in memory where there is one; closed, crashed and cut off.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use homeward::{
    broker::{Begin, Broker, Folder, KeyShelf, Keys, Lifespan, Parts},
    platform::{Clock, Entropy, EntropyError, ManualClock},
    sealing::{Custody, SecretProvider},
    store::{Examining, Finding, Store, StoreError},
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    place::Place,
    script::Chance,
    town::{SATURDAY, Town, domain},
};

/// Leases on a delivery that run out before it goes to the dead-letter side: few, so that it comes to that.
pub const MOST_FAILURES: u32 = 3;

/// Bytes from a seed.
#[derive(Debug)]
pub struct Seeded(Mutex<Chance>);

impl Seeded {
    /// From here on the bytes of this step, whatever was taken before.
    pub fn turn_to(&self, seed: u64, step: u64) {
        *self.0.lock().unwrap() = Chance::new(seed ^ 0x5eed, step);
    }
}

impl Entropy for Seeded {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
        let mut chance = self.0.lock().unwrap();
        out.chunks_mut(8).for_each(|part| part.copy_from_slice(&chance.next().to_be_bytes()[..part.len()]));
        Ok(())
    }
}

/// The broker at work, and what outlives it.
pub struct World {
    pub town: Arc<Town>,
    pub clock: ManualClock,
    pub entropy: Arc<Seeded>,
    root: tempfile::TempDir,
    /// Where the store is.
    place: Place,
    live: Option<(Arc<dyn Store>, Arc<Broker>)>,
}

impl World {
    /// Over the store that the environment asks for, or `over` a place.
    pub async fn open(town: &Arc<Town>, seed: u64, over: Option<Place>) -> Self {
        let shared = Path::new("/dev/shm");
        let root = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
        let clock = ManualClock::new(SATURDAY.parse().unwrap());
        let entropy = Arc::new(Seeded(Mutex::new(Chance::new(seed, u64::MAX))));
        let root = root.unwrap();
        let place = over.unwrap_or_else(|| Place::asked(root.path().join("store")));
        let mut world = Self { town: town.clone(), clock, entropy, root, place, live: None };
        world.start().await;
        world
    }

    /// Opens the store, which must say that it is whole, and begins to work on it.
    pub async fn start(&mut self) {
        let store = self.opened().await;
        let entropy: Arc<dyn Entropy> = self.entropy.clone();
        let custody = Custody::of(SecretProvider::new(&[7; 32], entropy.clone()).unwrap());
        let shelf = KeyShelf { store: store.clone(), custody, entropy: entropy.clone() };
        let lifespan = Lifespan::of(SignedDuration::from_hours(24));
        let keys = Keys::open(shelf, lifespan, self.now()).await.unwrap();
        let parts = Parts {
            store: store.clone(),
            clock: Arc::new(self.clock.clone()),
            entropy,
            keys,
            rulebook: self.town.rulebook.clone(),
            grants: self.town.grants.clone(),
            origin: format!("{}/ledger", domain()),
        };
        let broker = Arc::new(Broker::new(parts).with_failures(MOST_FAILURES));
        broker.begin_policy(Begin { folder: Folder::Absent, in_place_of: None }).await.unwrap();
        self.live = Some((store, broker));
    }

    /// On a machine that does other things besides, the last thread that has the store's lock may be a while in ending.
    async fn opened(&self) -> Arc<dyn Store> {
        for _ in 0..20 {
            match self.place.open().await {
                Ok(store) => return store,
                Err(StoreError::Unavailable(words)) if words.contains("another process") => {}
                Err(error) => panic!("it does not open: {error}"),
            }
        }
        panic!("somebody else has the store open, and does not end")
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn store(&self) -> &dyn Store {
        &*self.live.as_ref().unwrap().0
    }

    pub fn broker(&self) -> Arc<Broker> {
        self.live.as_ref().unwrap().1.clone()
    }

    /// Closes in order.
    pub async fn close(&mut self) {
        self.broker().close().await;
        self.gone().await;
    }

    /// Lets everything fall; returns once nothing of it runs any longer.
    pub async fn gone(&mut self) {
        let (store, broker) = self.live.take().unwrap();
        let mut changes = store.changes();
        drop((store, broker));
        while changes.changed().await.is_ok() {}
    }

    /// Nothing in the store disagrees with anything else in it.
    pub fn agrees(&self) {
        let mut findings = Findings::default();
        self.place.examine(&mut findings);
        assert!(findings.0.is_empty(), "the store disagrees with itself: {:?}", findings.0);
    }

    /// Keeps the store as it is now, when nothing is being written.
    pub fn keep(&self) {
        self.place.keep(&self.image());
    }

    /// Puts what was kept in the place of what became of it since.
    pub fn back(&self) {
        self.place.back_to(&self.image());
    }

    fn image(&self) -> PathBuf {
        self.root.path().join("image")
    }
}

/// What an examination told.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Examining for Findings {
    fn at(&mut self, _done: u64, _of: u64) {}

    fn found(&mut self, finding: Finding) {
        self.0.push(finding);
    }
}
