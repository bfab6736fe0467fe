//! Wiring: from a configuration to a daemon. It names the embedded engine; `database.rs` names the other.

use std::{
    fs,
    future::Future,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
};

use super::{
    beside::{self, FileBeside},
    config::Config,
    custody::{custody, is_new},
    database::{self, database},
    failure::Failure,
    issuer::FolderIssuer,
    metrics::{self, Watched},
    reload::{self, Looks, Reload},
    rulebook::{self, rulebook, to_begin_by},
};
use crate::{
    broker::{
        Begin, Broker, Error, Folder, Issuer, KeyShelf, Keys, KeysError, Lifespan, Pager, Parts, PolicyRefused,
        Rulebook,
    },
    desk::Desk,
    domain::{grants::Grants, identity::TrustDomain},
    ledger::Checkpoint,
    platform::{Clock, Entropy, SystemClock, SystemEntropy},
    reference,
    sealing::ProviderError,
    store::{
        Compacted, Compaction, Examined, Examining, Restoring, Store, StoreError,
        sled::{SledStore, Still},
    },
    wire::{self, Ended, serve::Setup, tls::ServerTls},
};

/// The longest time that one epoch key may wrap: 30 days.
const MOST_EPOCH_HOURS: u32 = 30 * 24;

/// A daemon, ready to serve.
pub(super) struct Daemon {
    broker: Arc<Broker>,
    pager: Arc<Pager>,
    setup: Setup,
    reload: Reload,
    watched: Watched,
}

impl Daemon {
    /// What backups are taken of.
    pub(super) fn broker(&self) -> Arc<Broker> {
        self.broker.clone()
    }

    /// Notified, it reads its files again.
    pub(super) fn read_again(&self) -> Arc<Notify> {
        self.reload.asked()
    }
}

/// The grants of a configuration.
///
/// # Errors
/// Exit 65: the configuration or the file of grants is not right.
pub(super) fn grants_of(file: &Path) -> Result<Grants, Failure> {
    let config = Config::load(file)?;
    let trust_domain =
        TrustDomain::parse(&config.trust_domain).map_err(|error| Failure::bad_data(error.to_string()))?;
    grants(&config.policy.grants, &trust_domain)
}

fn grants(file: &Path, trust_domain: &TrustDomain) -> Result<Grants, Failure> {
    reference::grants::parse(&read(file)?, trust_domain)
        .map_err(|error| Failure::bad_data(format!("{}: {error}", file.display())))
}

/// The daemon of a configuration, on the machine's clock.
pub(super) async fn daemon(config: &Config) -> Result<Daemon, Failure> {
    daemon_at(config, Arc::new(SystemClock)).await
}

/// The daemon of a configuration, on `clock`.
pub(super) async fn daemon_at(config: &Config, clock: Arc<dyn Clock>) -> Result<Daemon, Failure> {
    let trust_domain =
        TrustDomain::parse(&config.trust_domain).map_err(|error| Failure::bad_data(error.to_string()))?;
    let limits = config.limits.limits()?;
    let hooks = config.paging.hooks()?;
    let settings = config.tls.settings(&trust_domain);
    let looks = Looks::take(&settings, &config.policy);
    let grants = Arc::new(grants(&config.policy.grants, &trust_domain)?);
    let database = database(config).await?;
    let new = database.as_ref().map_or_else(|| is_new(&config.store.path), |(_, empty)| *empty);
    let (rulebook, unreadable) = given(config, new, clock.now())?;
    let tls = ServerTls::load(settings, clock.clone()).map_err(|error| Failure::bad_data(error.to_string()))?;
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::new());
    let lifespan = lifespan(config)?;
    let issuer = issuer(config, &clock)?;
    let custody = custody(config, &entropy)?;
    let shared = database.is_some();
    let store = match database {
        Some((store, _)) => store,
        None => embedded(config.store.path.clone()).await?,
    };
    let shelf = KeyShelf { store: store.clone(), custody, entropy: entropy.clone() };
    let keys = keys(config, shelf, lifespan, clock.now()).await?;
    // The name of a ledger is a URL without a scheme, as others name theirs.
    let origin = format!("{trust_domain}/ledger");
    let parts = Parts { store, clock: clock.clone(), entropy, keys, rulebook, grants, origin };
    let broker = Broker::new(parts).with_failures(failures(config)?);
    let broker = broker.with_beside(Box::new(FileBeside(beside::path(&config.store.path))), shared);
    let broker = Arc::new(match issuer {
        Some(issuer) => broker.with_issuer(issuer, config.pki.as_ref().map_or(0, |pki| pki.renewals.into())),
        None => broker,
    });
    begin(&broker, config, unreadable).await?;
    broker.take_over_beside().await.map_err(|error| Failure::other(error.to_string()))?;
    let mut setup = Setup::new(Arc::new(tls), clock, broker.clone());
    setup.limits = limits;
    setup.only_listed = config.pki.as_ref().is_some_and(|pki| pki.only_listed);
    let ends = broker.clone();
    setup.grant_end = Arc::new(move |peer, now| ends.grants().next_end(peer, now));
    let parts = reload::Parts {
        broker: broker.clone(),
        tls: setup.tls.clone(),
        sessions: setup.sessions.clone(),
        trust_domain,
        policy: config.policy.clone(),
    };
    let watched = Watched::new(broker.clone(), &setup);
    let pager = Pager::new(broker.clone(), hooks, config.paging.fallback_after);
    Ok(Daemon { broker, pager, setup, reload: Reload::new(parts, looks), watched })
}

/// What the configuration gives to go by; where the store may have something else, a folder that cannot be read is told later.
/// A start that is refused leaves neither a key nor an embedded store behind; a store that is there says what is in force.
fn given(config: &Config, new: bool, now: Timestamp) -> Result<(Arc<Rulebook>, Option<Failure>), Failure> {
    let reference = config.policy.reference.as_deref();
    if new {
        return Ok((Arc::new(to_begin_by(reference, now)?), None));
    }
    match rulebook(reference) {
        Ok(rulebook) => Ok((Arc::new(rulebook), None)),
        Err(failure) => Ok((Arc::new(rulebook(None)?), Some(failure))),
    }
}

/// Puts in force what the store says, else what the broker was given. A folder that cannot be read, and decides nothing, raises an alarm.
async fn begin(broker: &Broker, config: &Config, unreadable: Option<Failure>) -> Result<(), Failure> {
    let reference = config.policy.reference.as_deref();
    let folder = match (&unreadable, reference) {
        (Some(_), _) => Folder::Unreadable,
        (None, Some(_)) => Folder::Read,
        (None, None) => Folder::Absent,
    };
    let in_place_of = in_place_of(config)?;
    match (broker.begin_policy(Begin { folder, in_place_of }).await, unreadable) {
        (Ok(()), None) => Ok(()),
        (Ok(()), Some(failure)) => {
            reload::reference_refused(broker, &failure);
            Ok(())
        }
        (Err(PolicyRefused::Folder), Some(failure)) => Err(failure),
        (Err(refused), None) => Err(rulebook::not_begun(refused, reference)),
        (Err(refused), Some(failure)) => Err(rulebook::not_begun(refused, reference).advise(failure.words())),
    }
}

/// The policy in whose place the folder is to be gone by, if it cannot be read.
fn in_place_of(config: &Config) -> Result<Option<[u8; 32]>, Failure> {
    let Some(text) = &config.policy.in_place_of else { return Ok(None) };
    let read = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    if read.is_none() || config.policy.reference.is_none() {
        return Err(Failure::bad_data(
            "policy.in_place_of is the fingerprint of a policy, 64 hexadecimal digits, and stands beside policy.reference",
        ));
    }
    Ok(read)
}

/// The authority that signs certificates, if there is to be one.
fn issuer(config: &Config, clock: &Arc<dyn Clock>) -> Result<Option<Arc<dyn Issuer>>, Failure> {
    let Some(pki) = &config.pki else { return Ok(None) };
    let issuer = FolderIssuer::open(pki.folder.clone(), clock.clone());
    let issuer = issuer.map_err(|error| Failure::bad_data(error.to_string()))?;
    if pki.folder.join("root/root.key").exists() {
        tracing::warn!(folder = %pki.folder.display(), "the root's key lies beside the issuing authority: move it offline");
    }
    Ok(Some(Arc::new(issuer)))
}

/// Where the daemon is to be found.
pub(super) struct Doors {
    /// For programs.
    pub(super) listener: TcpListener,
    /// For whoever watches the daemon.
    pub(super) watchers: Option<TcpListener>,
    /// For people with a browser.
    pub(super) desk: Option<TcpListener>,
}

/// Serves until `stop` is ready or the store fails; drains, writes what is to be written and closes.
pub(super) async fn serve(doors: Doors, daemon: Daemon, stop: impl Future<Output = ()>) -> Result<(), Failure> {
    let Daemon { broker, pager, setup, reload, watched } = daemon;
    let Doors { listener, watchers, desk } = doors;
    let closing = watch::Sender::new(false);
    let desk = match desk {
        Some(desk) => Some(tokio::spawn(pages(desk, broker.clone(), &setup, closing.subscribe())?)),
        None => None,
    };
    let house = tokio::spawn(broker.clone().keep_house(closing.subscribe()));
    let refusals = tokio::spawn(broker.clone().keep_refusals(closing.subscribe()));
    let paging = tokio::spawn(pager.keep(closing.subscribe()));
    let rewrapping = tokio::spawn(broker.clone().keep_rewrapping(closing.subscribe()));
    let overhearing = tokio::spawn(broker.clone().keep_overhearing(closing.subscribe()));
    let reloading = tokio::spawn(reload.keep(closing.subscribe()));
    let watching = watchers.map(|watchers| tokio::spawn(metrics::serve(watchers, watched, closing.subscribe())));
    let ended = wire::run(listener, broker.clone(), setup, stop).await;
    closing.send_replace(true);
    // The tasks end by themselves; a panic in one was logged.
    let _ = (house.await, refusals.await, paging.await, rewrapping.await, overhearing.await, reloading.await);
    for serving in [watching, desk].into_iter().flatten() {
        let _ = serving.await;
    }
    broker.close().await;
    tracing::info!("closed");
    match ended.map_err(|error| Failure::other(error.to_string()))? {
        Ended::Asked => Ok(()),
        Ended::StoreFailed => {
            Err(Failure::unavailable("the store cannot be written any longer; see the log, repair the disk, restart"))
        }
    }
}

/// The pages, until `closing`.
fn pages(
    listener: TcpListener,
    broker: Arc<Broker>,
    setup: &Setup,
    mut closing: watch::Receiver<bool>,
) -> Result<impl Future<Output = ()> + use<>, Failure> {
    let desk = Desk::new(broker.clone(), setup, Arc::new(SystemEntropy::new()));
    let desk = desk.map_err(|error| Failure::other(error.to_string()))?;
    let setup = Desk::setup(setup);
    Ok(async move {
        let stop = async move { _ = closing.wait_for(|closing| *closing).await };
        if let Err(error) = wire::run_beside(listener, broker, setup, desk.routes(), stop).await {
            tracing::error!(%error, "pages are no longer served");
        }
    })
}

/// How many leases on one delivery may run out: never none, and not so many that it is taken for ever.
fn failures(config: &Config) -> Result<u32, Failure> {
    let failures = config.queues.failures;
    if (1..=100).contains(&failures) {
        return Ok(failures);
    }
    Err(Failure::bad_data(format!("queues.failures is {failures}: 1 to 100 is possible")))
}

/// How long an epoch key wraps: never longer than 30 days.
fn lifespan(config: &Config) -> Result<Lifespan, Failure> {
    let hours = config.keys.epoch_hours;
    if !(1..=MOST_EPOCH_HOURS).contains(&hours) {
        return Err(Failure::bad_data(format!("keys.epoch_hours is {hours}: 1 to {MOST_EPOCH_HOURS} is possible")));
    }
    Ok(Lifespan::of(SignedDuration::from_hours(hours.into())))
}

/// Opens the keys on the shelf. A store belongs to the key file it was made with: under another, nothing in it opens and
/// nobody whom a record accuses is known again.
async fn keys(config: &Config, shelf: KeyShelf, lifespan: Lifespan, now: Timestamp) -> Result<Keys, Failure> {
    let opened = Keys::open(shelf, lifespan, now).await;
    opened.map_err(|error| match error {
        KeysError::Unconfigured { .. } => {
            Failure::bad_data(format!("{} is not the key of this store: {error}", config.keys.current))
                .advise("restore the key that belongs to it; where it was replaced, the old one stays under [[keys.previous]] until homeward admin keys rotate-outer has ended")
        }
        KeysError::Provider(ProviderError::Unknown(_) | ProviderError::Foreign) => {
            Failure::bad_data(format!("{} is not the key of this store", config.keys.current))
                .advise("restore the key that belongs to it: under another key nothing in the store opens")
        }
        KeysError::Provider(ProviderError::Unavailable(why)) | KeysError::Other(Error::Unavailable(why)) => {
            Failure::unavailable(why)
        }
        KeysError::Other(error) => Failure::other(error.to_string()),
    })
}

/// The embedded store.
async fn embedded(dir: PathBuf) -> Result<Arc<dyn Store>, Failure> {
    let opens = dir.clone();
    let opened = tokio::task::spawn_blocking(move || SledStore::open(&opens)).await;
    match opened.map_err(|error| Failure::other(error.to_string()))? {
        Ok(store) => Ok(Arc::new(store)),
        Err(StoreError::Damaged(why)) => Err(Failure::other(format!("the store is damaged: {why}"))
            .advise(format!("homeward audit verify --deep {} names all that is", dir.display()))),
        Err(error) => Err(Failure::unavailable(format!("{}: {error}", dir.display()))),
    }
}

/// Walks the store in `dir`, which no daemon may have open.
pub(super) fn examine(dir: &Path, since: Option<Checkpoint>, watch: &mut dyn Examining) -> Result<Examined, Failure> {
    SledStore::examine(dir, since, watch).map_err(|error| offline(dir, error))
}

/// Why nothing could be done with a store that lies still.
fn offline(dir: &Path, error: StoreError) -> Failure {
    let about = |words: String| format!("{}: {words}", dir.display());
    match error {
        StoreError::NotFound => Failure::bad_data(about("there is no store here".into()))
            .advise("give the folder that the daemon's configuration names as store.path, or --config where the store is in a database"),
        StoreError::Damaged(words) => Failure::bad_data(about(format!("{words}; nothing was changed"))),
        error => Failure::unavailable(about(error.to_string()))
            .advise("a daemon that runs has its store to itself: stop it first"),
    }
}

/// Writes the store in `dir` anew, which no daemon may have open.
pub(super) fn compact(dir: &Path, how: &Compaction, watch: &mut dyn Examining) -> Result<Compacted, Failure> {
    SledStore::compact(dir, how, watch).map_err(|error| offline(dir, error))
}

/// A store on its way back to where the configuration has it.
pub(super) fn restoring(config: &Config) -> Result<Box<dyn Restoring>, Failure> {
    if let Some(restoring) = database::restoring(config)? {
        return Ok(restoring);
    }
    let dir = &config.store.path;
    SledStore::restoring(dir).map_err(|error| match error {
        StoreError::WrongState => Failure::bad_data(format!("{}: something is here already", dir.display()))
            .advise("move it away, and do not delete it: nothing is restored over a store"),
        error => offline(dir, error),
    })
}

/// The store in `dir`, examined, for whoever moves it: no daemon may have it open.
pub(super) fn still(dir: &Path, watch: &mut dyn Examining) -> Result<Still, Failure> {
    SledStore::still(dir, watch).map_err(|error| offline(dir, error))
}

pub(super) fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| Failure::bad_data(format!("{}: {error}", file.display())))
}
