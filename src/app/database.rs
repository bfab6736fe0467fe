//! A store in a database that several brokers share: how it is reached, and what of a start differs.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{
    config::{Config, Engine, Store as Place},
    failure::Failure,
};
use crate::{
    platform::secret_file::read_credential,
    store::{
        Store,
        postgres::{PostgresStore, Settings, Tls},
    },
};

/// The store in the database that the configuration names, if it names one, and whether there is anything in it.
pub(super) async fn database(config: &Config) -> Result<Option<(Arc<dyn Store>, bool)>, Failure> {
    if config.store.engine != Engine::Postgres {
        return Ok(None);
    }
    let refused = |error| Failure::unavailable(format!("store.url: {error}"));
    let settings = settings(&config.store)?;
    settings.check().map_err(|error| Failure::bad_data(error.to_string()))?;
    let store = PostgresStore::open(&settings).await.map_err(refused)?;
    let head = store.head().await.map_err(refused)?;
    Ok(Some((Arc::new(store), head.size == 0)))
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
    Ok(Settings { url, password: password(place)?, tls, readers: place.readers.max(1).into() })
}

fn password(place: &Place) -> Result<Option<Arc<Zeroizing<String>>>, Failure> {
    let Some(file) = &place.password_file else { return Ok(None) };
    let wrong = |why: String| Failure::bad_data(format!("store.password_file: {}: {why}", file.display()));
    let read = read_credential(file).map_err(|error| wrong(error.to_string()))?;
    let text = std::str::from_utf8(&read).map_err(|_| wrong("it is not text".into()))?;
    Ok(Some(Arc::new(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))))
}
