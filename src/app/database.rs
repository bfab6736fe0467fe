//! A store in a database that several brokers share: how it is reached, and what of a start differs.

use std::{sync::Arc, time::Duration};

use zeroize::Zeroizing;

use super::{
    config::{Config, Engine, Store as Place},
    failure::Failure,
};
use crate::{
    ledger::Checkpoint,
    platform::secret_file::{ensure_private_dir, read_credential},
    store::{
        Examined, Examining, Origin, Restoring, Store, StoreError,
        postgres::{Moving, PostgresStore, Settings, Tls},
    },
};

/// The store in the database that the configuration names, if it names one, and whether there is anything in it.
pub(super) async fn database(config: &Config) -> Result<Option<(Arc<dyn Store>, bool)>, Failure> {
    if config.store.engine != Engine::Postgres {
        return Ok(None);
    }
    let refused = |error| Failure::unavailable(format!("store.url: {error}"));
    let settings = named(config)?;
    // What each broker keeps beside the store, and the door through which backups are taken.
    ensure_private_dir(&config.store.path).map_err(|error| Failure::unavailable(error.to_string()))?;
    let store = PostgresStore::open(&settings).await.map_err(refused)?;
    let head = store.head().await.map_err(refused)?;
    Ok(Some((Arc::new(store), head.size == 0)))
}

/// The database that the configuration names, for a command that works on it without a broker.
fn named(config: &Config) -> Result<Settings, Failure> {
    let settings = settings(&config.store)?;
    settings.check().map_err(|error| Failure::bad_data(error.to_string()))?;
    Ok(settings)
}

/// A store on its way back into the database that the configuration names, if it names one.
pub(super) fn restoring(config: &Config) -> Result<Option<Box<dyn Restoring>>, Failure> {
    if config.store.engine != Engine::Postgres {
        return Ok(None);
    }
    PostgresStore::restoring(&named(config)?).map(Some).map_err(not_empty)
}

/// A store on its way over into the database that the configuration names; `None` where all of it is there already.
pub(super) fn moving(config: &Config, origin: &Origin) -> Result<Option<Moving>, Failure> {
    PostgresStore::moving(&named(config)?, origin).map_err(not_empty)
}

fn not_empty(error: StoreError) -> Failure {
    match error {
        StoreError::WrongState => Failure::bad_data("store.url: there is a store in this database already").advise(
            "make another database, with the same owner, and name it in store.url: nothing is written over a store",
        ),
        error => Failure::unavailable(format!("store.url: {error}")),
    }
}

/// Walks the store in the database that the configuration names.
pub(super) fn examine(
    config: &Config,
    since: Option<Checkpoint>,
    watch: &mut dyn Examining,
) -> Result<Examined, Failure> {
    PostgresStore::examine(&named(config)?, since, watch).map_err(|error| match error {
        StoreError::NotFound => Failure::bad_data("store.url: there is no store in this database"),
        error => Failure::unavailable(format!("store.url: {error}")),
    })
}

/// How it is reached.
fn settings(place: &Place) -> Result<Settings, Failure> {
    let missing = |what: &str, why: &str| Failure::bad_data(format!("store.{what} is missing")).advise(why.to_owned());
    let url = place.url.clone().ok_or_else(|| missing("url", "store.engine = \"postgres\" needs it"))?;
    let client = match (&place.certificate, &place.key) {
        (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
        (None, None) => None,
        (Some(_), None) => return Err(missing("key", "store.certificate goes with it")),
        (None, Some(_)) => return Err(missing("certificate", "store.key goes with it")),
    };
    let tls = match (&place.ca, client) {
        (Some(ca), client) => Some(Tls { ca: ca.clone(), client }),
        (None, Some(_)) => return Err(missing("ca", "store.certificate is shown over TLS only")),
        (None, None) => None,
    };
    if !(1..=10).contains(&place.statement_seconds) {
        return Err(Failure::bad_data("store.statement_seconds is 1 to 10"));
    }
    let (readers, statement) = (place.readers.max(1).into(), Duration::from_secs(place.statement_seconds.into()));
    Ok(Settings { url, password: password(place)?, tls, readers, statement })
}

fn password(place: &Place) -> Result<Option<Arc<Zeroizing<String>>>, Failure> {
    let Some(file) = &place.password_file else { return Ok(None) };
    let wrong = |why: String| Failure::bad_data(format!("store.password_file: {}: {why}", file.display()));
    let read = read_credential(file).map_err(|error| wrong(error.to_string()))?;
    let text = std::str::from_utf8(&read).map_err(|_| wrong("it is not text".into()))?;
    Ok(Some(Arc::new(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))))
}
