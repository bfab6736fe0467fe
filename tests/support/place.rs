//! Where the store of a test is: in its folder, or, where `HOMEWARD_TEST_STORE=postgres` says so, in a database of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use homeward::store::{
    Examining, Store, StoreError,
    postgres::{PostgresStore, Settings},
    sled::SledStore,
};

#[path = "postgres.rs"]
#[allow(dead_code, reason = "shared with the tests of the store")]
pub mod postgres;

/// A place.
#[derive(Debug, Clone)]
pub enum Place {
    /// A folder, of the embedded store.
    Folder(PathBuf),
    /// A database, by its address.
    Database(String),
}

impl Place {
    /// As the environment asks for; an embedded store lies in `folder`.
    pub fn asked(folder: PathBuf) -> Self {
        match std::env::var("HOMEWARD_TEST_STORE").as_deref() {
            Err(_) | Ok("sled") => Self::Folder(folder),
            Ok("postgres") => Self::database(),
            Ok(other) => panic!("HOMEWARD_TEST_STORE is {other}: sled and postgres are possible"),
        }
    }

    /// A new database.
    pub fn database() -> Self {
        Self::Database(postgres::database())
    }

    /// Opens the store.
    pub async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        match self {
            Self::Folder(folder) => Ok(Arc::new(SledStore::open(folder)?)),
            Self::Database(url) => Ok(Arc::new(PostgresStore::open(&settings(url)).await?)),
        }
    }

    /// Walks it whole; nobody has it open.
    pub fn examine(&self, watch: &mut (dyn Examining + Send)) {
        match self {
            Self::Folder(folder) => _ = SledStore::examine(folder, None, watch).unwrap(),
            // Not on a thread of the runtime of a test.
            Self::Database(url) => std::thread::scope(|scope| {
                let walking = scope.spawn(|| PostgresStore::examine(&settings(url), None, watch).unwrap());
                _ = walking.join().unwrap();
            }),
        }
    }

    /// Keeps it as it is now, when nothing is being written; one image at a time, in `folder` where it is files.
    pub fn keep(&self, folder: &Path) {
        match self {
            Self::Folder(store) => copy(store, folder),
            Self::Database(url) => postgres::run(
                url,
                "CREATE SCHEMA image; CREATE TABLE image.keys AS TABLE homeward_keys; \
                 CREATE TABLE image.head AS TABLE homeward_head; CREATE TABLE image.changes AS TABLE homeward_changes",
            ),
        }
    }

    /// Puts what was kept in the place of what became of it since.
    pub fn back_to(&self, folder: &Path) {
        match self {
            Self::Folder(store) => {
                fs::remove_dir_all(store).unwrap();
                fs::rename(folder, store).unwrap();
            }
            Self::Database(url) => postgres::run(
                url,
                "BEGIN; TRUNCATE homeward_keys, homeward_head, homeward_changes; \
                 INSERT INTO homeward_keys TABLE image.keys; INSERT INTO homeward_head TABLE image.head; \
                 INSERT INTO homeward_changes TABLE image.changes; DROP SCHEMA image CASCADE; COMMIT",
            ),
        }
    }
}

fn settings(url: &str) -> Settings {
    Settings { url: url.to_owned(), password: None, tls: None, readers: 4, statement: Duration::from_secs(10) }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let there = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &there);
        } else {
            fs::copy(entry.path(), there).unwrap();
        }
    }
}
