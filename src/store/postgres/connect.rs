//! How the database is reached: one address or several, over TLS where it is not on this machine, with limits on every wait.

use std::{
    fmt, fs,
    future::poll_fn,
    net::IpAddr,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use deadpool_postgres::{Connect, Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};
use tokio_postgres::{
    AsyncMessage, Client, Config, Connection, NoTls,
    config::{Host, LoadBalanceHosts, SslMode, TargetSessionAttrs},
    error::SqlState,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::store::StoreError;

/// What the names of our connections and transactions begin with.
pub(super) const NAME: &str = "homeward";
/// Time to reach one address.
const CONNECT: Duration = Duration::from_secs(3);
/// What was sent and is not acknowledged for so long ends the connection: the other machine is gone.
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);
/// Words of the database that wait to be heard.
pub(super) const WORDS: usize = 16;
/// Time for any answer.
const ANSWER: Duration = Duration::from_secs(15);
/// Time to get one of the connections that read.
const WAIT: Duration = Duration::from_secs(5);

/// Where the database is and how to reach it.
#[derive(Clone)]
pub struct Settings {
    /// As `postgres://user@host1,host2/database`, or as `host=... user=... dbname=...`.
    pub url: String,
    /// The password, where it is not in the address.
    pub password: Option<Arc<zeroize::Zeroizing<String>>>,
    /// TLS; without it only an address on this machine is taken.
    pub tls: Option<Tls>,
    /// Connections that read at the same time.
    pub readers: usize,
    /// The longest that a statement of a broker takes; then the database ends it. Shorter than what any answer is waited for.
    pub statement: Duration,
}

/// What a connection of a broker is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Batches.
    Commits,
    /// What is asked.
    Reads,
    /// Word of what other brokers did.
    Listens,
}

/// Certificates for the connection to the database.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The authorities that may have signed the server's certificate, PEM.
    pub ca: PathBuf,
    /// Our certificate with what leads up to it, and its key, PEM, where the database asks for one.
    pub client: Option<(PathBuf, PathBuf)>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("tls", &self.tls).field("readers", &self.readers).finish_non_exhaustive()
    }
}

impl Settings {
    /// What a connection says first: limits that the database keeps by itself, also where this broker stands still. Said, and not
    /// among what a connection begins with, which what is between may drop.
    pub(super) fn limits(&self, used: Use) -> String {
        // Whoever waits for a lock learns that it was one.
        let (statement, lock) = (self.statement.as_millis(), self.statement.as_millis() * 9 / 10);
        let idle = match used {
            // A broker that is stopped in the middle of a batch must not keep the head from the others: the database lets go of it.
            Use::Commits => 3,
            // A copy is taken at the pace of whoever takes it, who may stand still for two minutes; old rows are kept as long.
            Use::Reads | Use::Listens => 150,
        };
        format!(
            "SET statement_timeout = {statement}; SET lock_timeout = {lock}; \
             SET idle_in_transaction_session_timeout = '{idle}s'; SET tcp_user_timeout = '5s'; SET synchronous_commit = on; \
             SET default_transaction_isolation = 'read committed'; SET client_min_messages = warning"
        )
    }

    /// A connection of its own, of this name, without limits: a step that brings the tables forward takes what it takes.
    pub(super) async fn connect(&self, name: &str) -> Result<Client, StoreError> {
        self.words(name).await.map(|(client, _)| client)
    }

    /// A connection of this name, and what the database says on it unasked, until it ends.
    pub(super) async fn words(&self, name: &str) -> Result<(Client, mpsc::Receiver<AsyncMessage>), StoreError> {
        let mut config = self.config()?;
        config.application_name(format!("{NAME} {name}"));
        match self.connector()? {
            None => {
                let (client, connection) = in_time(config.connect(NoTls)).await?;
                Ok((client, spoken(connection)))
            }
            Some(tls) => {
                let (client, connection) = in_time(config.connect(tls)).await?;
                Ok((client, spoken(connection)))
            }
        }
    }

    /// What of it is wrong by itself, whether or not there is a database.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] naming the setting.
    pub fn check(&self) -> Result<(), StoreError> {
        self.config()?;
        self.connector().map(|_| ())
    }

    /// The connections that read.
    pub(super) fn pool(&self) -> Result<Pool, StoreError> {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match self.connector()? {
            None => Manager::from_config(self.config()?, NoTls, recycling),
            Some(last) => {
                let renewed = Renewed { settings: self.clone(), last: Mutex::new(last) };
                Manager::from_connect(self.config()?, renewed, recycling)
            }
        };
        let limits: Arc<str> = self.limits(Use::Reads).into();
        let limited = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
            let limits = Arc::clone(&limits);
            Box::pin(async move {
                let said = timeout(WAIT, client.batch_execute(&limits)).await;
                said.map_err(|_| HookError::message("no answer"))?.map_err(HookError::Backend)
            })
        });
        let pool = Pool::builder(manager)
            .post_create(limited)
            .max_size(self.readers)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(WAIT))
            .build();
        pool.map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    /// The address with our limits.
    pub(super) fn config(&self) -> Result<Config, StoreError> {
        let wrong = |what: &str| StoreError::Unavailable(format!("store.url: {what}"));
        let mut config: Config = self.url.parse().map_err(|_| wrong("not an address of a PostgreSQL database"))?;
        if let Some(password) = &self.password {
            config.password(password.as_str());
        }
        let local = |host: &Host| match host {
            Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
            Host::Unix(_) => true,
        };
        let here = config.get_hosts().iter().all(local) && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
        if self.tls.is_none() && !here {
            return Err(wrong("a database on another machine is reached over TLS: set store.ca"));
        }
        config.ssl_mode(if self.tls.is_some() { SslMode::Require } else { SslMode::Disable });
        // Of several addresses, the one that takes writes.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        // One that takes the connection and then says nothing must not be asked first for ever.
        config.load_balance_hosts(LoadBalanceHosts::Random);
        config.application_name(NAME).connect_timeout(CONNECT).tcp_user_timeout(UNACKNOWLEDGED);
        config
            .keepalives_idle(Duration::from_secs(10))
            .keepalives_interval(Duration::from_secs(3))
            .keepalives_retries(3);
        Ok(config)
    }

    fn connector(&self) -> Result<Option<MakeRustlsConnect>, StoreError> {
        let Some(tls) = &self.tls else { return Ok(None) };
        let wrong = |field: &str| StoreError::Unavailable(format!("store.{field} cannot be read as PEM"));
        let certificates = |path: &PathBuf, field: &str| {
            let read = fs::read(path)
                .map_err(|error| StoreError::Unavailable(format!("store.{field}: {}: {error}", path.display())))?;
            let all: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(&read).collect();
            all.ok().filter(|all| !all.is_empty()).ok_or_else(|| wrong(field))
        };
        let mut roots = RootCertStore::empty();
        for authority in certificates(&tls.ca, "ca")? {
            roots.add(authority).map_err(|_| wrong("ca"))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?
            .with_root_certificates(roots);
        let config = match &tls.client {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let key = PrivateKeyDer::from_pem_file(key).map_err(|_| wrong("key"))?;
                let chain = certificates(certificate, "certificate")?;
                config.with_client_auth_cert(chain, key).map_err(|_| wrong("certificate"))?
            }
        };
        Ok(Some(MakeRustlsConnect::new(config)))
    }
}

/// Connects with the certificates as they are by then: a renewed one needs no restart.
struct Renewed {
    settings: Settings,
    /// As they were last; shown while files are being exchanged.
    last: Mutex<MakeRustlsConnect>,
}

type Connecting<'c> =
    Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), tokio_postgres::Error>> + Send + 'c>>;

impl Connect for Renewed {
    fn connect(&self, config: &Config) -> Connecting<'_> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(Some(now)) = self.settings.connector() {
            *last = now;
        }
        let (tls, config) = (last.clone(), config.clone());
        Box::pin(async move {
            let (client, connection) = config.connect(tls).await?;
            Ok((client, tokio::spawn(async { _ = connection.await })))
        })
    }
}

/// Why the database did not do something.
#[derive(Clone)]
pub(super) struct Fault {
    /// In our words.
    pub why: StoreError,
    /// The database itself has taken the whole transaction back, since others were in its way: nothing of it is kept, whichever
    /// statement it was, and it may be done again. After any other fault of a commit nobody knows that.
    pub taken_back: bool,
}

impl From<StoreError> for Fault {
    fn from(why: StoreError) -> Self {
        Self { why, taken_back: false }
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        fault.why
    }
}

/// An answer of the database, within the time that any may take: its own limits end what it works on, and nothing else ends a
/// wait for a standby that is gone, or for a machine that has stopped.
pub(super) async fn in_time<T>(answer: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Fault> {
    match timeout(ANSWER, answer).await {
        Ok(answer) => answer.map_err(|error| Fault {
            taken_back: error.code().is_some_and(|code| {
                [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code)
            }),
            why: engine(&error),
        }),
        Err(_) => Err(StoreError::Unavailable("the database does not answer in time".into()).into()),
    }
}

/// Moves the bytes of a connection until it ends, and passes on what is said unasked, as long as somebody listens.
fn spoken<S, T>(mut connection: Connection<S, T>) -> mpsc::Receiver<AsyncMessage>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (said, words) = mpsc::channel(WORDS);
    tokio::spawn(async move {
        while let Some(Ok(word)) = poll_fn(|context| connection.poll_message(context)).await {
            // Whoever is behind learns all the same from one word that there was something.
            let _ = said.try_send(word);
        }
    });
    words
}

/// What the database says, in our words: its code, and no more of it than says what kind it is.
pub(super) fn engine(error: &tokio_postgres::Error) -> StoreError {
    match error.code() {
        // Data corrupted, index corrupted.
        Some(code) if matches!(code.code(), "XX001" | "XX002") => {
            StoreError::Damaged(format!("the database says that it is damaged ({})", code.code()))
        }
        Some(code) => {
            let did = match *code {
                SqlState::QUERY_CANCELED => "ended a statement that took too long",
                SqlState::LOCK_NOT_AVAILABLE => "ended a wait for a lock",
                _ => "refused",
            };
            StoreError::Unavailable(format!("the database {did} ({})", code.code()))
        }
        None => StoreError::Unavailable("the database cannot be reached".into()),
    }
}

/// Why there is no connection to read by.
pub(super) fn pooled(error: &PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => engine(error),
        PoolError::Timeout(_) | PoolError::PostCreateHook(_) => {
            StoreError::Unavailable("the database does not answer in time".into())
        }
        _ => StoreError::Unavailable("no connection to the database".into()),
    }
}
