//! TLS: 1.3 only unless configured, client certificate required, no resumption, and a configuration that can be
//! replaced while the server runs. Why our own acceptor: contract 3.

pub mod accept;
pub mod addresses;
mod authorities;
mod files;
mod frames;
mod notices;
mod pacing;
pub mod refusal;
mod revocation;
mod verify;

use std::{path::PathBuf, sync::Arc};

use jiff::SignedDuration;
use rustls::{
    InconsistentKeys, RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::{
        CryptoProvider,
        ring::{self, sign::any_supported_type},
    },
    pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime},
    server::{NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier, danger::ClientCertVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
    time_provider::TimeProvider,
    version::{TLS12, TLS13},
};

pub(super) use files::roots;
pub use notices::Notice;
pub use revocation::{Revocation, Stale};

use notices::Facts;
use verify::Verifier;

use super::{
    session::{End, Sessions},
    shut::Shut,
};
use crate::{
    domain::identity::{Peer, TrustDomain},
    platform::{Clock, Current, secret_file::FileError},
};

/// Why there is no TLS. Names files, never their content.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file does not hold what it should.
    #[error("{path} does not hold {what} in PEM")]
    Pem {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// A revocation list is no good.
    #[error("{path} {why}")]
    List {
        /// The file, or the folder.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The pieces do not fit together.
    #[error("the TLS files do not fit together: {0}")]
    Config(String),
}

/// Everything that is wrong with the TLS files.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct TlsFaults(pub Vec<TlsError>);

/// How the server does TLS.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// Folder with `ca.pem`, `cert.pem` and `key.pem` (0600).
    pub folder: PathBuf,
    /// The authority part of every identity let in.
    pub trust_domain: TrustDomain,
    /// Also TLS 1.2 (ECDHE with AEAD), for old clients.
    pub allow_tls12: bool,
    /// Revocation lists of an external authority.
    pub revocation: Option<Revocation>,
}

impl TlsSettings {
    /// TLS 1.3, without revocation lists of an external authority.
    pub fn new(folder: PathBuf, trust_domain: TrustDomain) -> Self {
        Self { folder, trust_domain, allow_tls12: false, revocation: None }
    }
}

/// The server's TLS as of now.
#[derive(Debug)]
pub struct ServerTls {
    settings: TlsSettings,
    clock: Arc<dyn Clock>,
    shut: Shut,
    current: Current<Loaded>,
}

/// What was read, and what is to be said about it.
#[derive(Debug)]
struct Loaded {
    config: Arc<ServerConfig>,
    verifier: Arc<Verifier>,
    facts: Facts,
}

impl ServerTls {
    /// Reads the files and makes the configuration.
    pub fn load(settings: TlsSettings, clock: Arc<dyn Clock>) -> Result<Self, TlsFaults> {
        if settings.allow_tls12 {
            tracing::warn!("TLS 1.2 is allowed by configuration; clients that know TLS 1.3 should not need it");
        }
        let shut = Shut::default();
        let current = Current::new(configure(&settings, &clock, &shut)?);
        Ok(Self { settings, clock, shut, current })
    }

    /// Reads the files again. New connections get the new configuration, running ones stay; when anything is wrong with
    /// any file, the old configuration stays.
    pub fn reload(&self) -> Result<(), TlsFaults> {
        let fresh = configure(&self.settings, &self.clock, &self.shut)?;
        let now = self.clock.now();
        if !fresh.facts.own_is_current(now) && self.current.get().facts.own_is_current(now) {
            let words = "the new server certificate has run out or is not valid yet; the one in use is valid";
            return Err(TlsFaults(vec![TlsError::Config(words.to_owned())]));
        }
        self.current.replace(fresh);
        Ok(())
    }

    /// Judges everybody who is connected again, by the authorities and revocation lists of now, and ends the sessions of
    /// those who would no longer be let in; says whose.
    pub fn judge_again(&self, sessions: &Sessions) -> Vec<Peer> {
        let Some(now) = unix_time(self.clock.as_ref()) else { return Vec::new() };
        let verifier = &self.current.get().verifier;
        sessions.end_those(|session| !verifier.lets_in(session.chain(), now), End::Revoked)
    }

    /// Judges one who has just come in again where authorities or revocation lists are others than `met`, those of their handshake: whoever
    /// changed them ended those whom the register had by then.
    pub(super) fn still_lets_in(&self, met: &Arc<ServerConfig>, chain: &[CertificateDer<'_>]) -> bool {
        let current = self.current.get();
        let changed = !Arc::ptr_eq(met, &current.config);
        !changed || unix_time(self.clock.as_ref()).is_some_and(|now| current.verifier.lets_in(chain, now))
    }

    /// The serial numbers of everything that a chain hangs on, whether it was shown or left out; the leaf first.
    pub(super) fn hangs_on(&self, chain: &[CertificateDer<'_>]) -> Vec<String> {
        let verifier = &self.current.get().verifier;
        chain.split_first().map(|(leaf, sent)| verifier.hangs_on(leaf, sent)).unwrap_or_default()
    }

    /// What must be looked at now: certificates that run out, revocation lists that are missing or old.
    pub fn notices(&self) -> Vec<Notice> {
        self.current.get().facts.notices(self.clock.now())
    }

    /// The server's certificate and every authority, with the time left to each; negative once it has run out.
    pub fn left(&self) -> Vec<(String, SignedDuration)> {
        self.current.get().facts.left(self.clock.now())
    }

    /// The authority part of every identity let in.
    pub fn trust_domain(&self) -> &TrustDomain {
        &self.settings.trust_domain
    }

    /// To whom the door is shut, whatever the files say.
    pub(super) fn shut(&self) -> &Shut {
        &self.shut
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(super) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.get().config)
    }
}

fn configure(settings: &TlsSettings, clock: &Arc<dyn Clock>, shut: &Shut) -> Result<Loaded, TlsFaults> {
    const NEW: &[&SupportedProtocolVersion] = &[&TLS13];
    const OLD_TOO: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
    let files::Material { chain, key, authorities, lists } = files::read(settings)?;
    let unfit = |error: &dyn std::fmt::Display| TlsFaults(vec![TlsError::Config(error.to_string())]);
    let facts = Facts::of(settings, &chain, &authorities, lists.facts);
    let inner = webpki(settings, authorities.roots.clone(), lists.lists).map_err(|error| unfit(&error))?;
    let (trust_domain, shut) = (settings.trust_domain.clone(), shut.clone());
    let verifier = Arc::new(Verifier { inner, authorities, trust_domain, shut });
    let time = Arc::new(Watch(Arc::clone(clock)));
    let mut config = ServerConfig::builder_with_details(provider(), time)
        .with_protocol_versions(if settings.allow_tls12 { OLD_TOO } else { NEW })
        .map_err(|e| unfit(&e))?
        .with_client_cert_verifier(verifier.clone())
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified(chain, &key).map_err(|e| unfit(&e))?)));
    config.alpn_protocols = vec![b"h2".to_vec()];
    // rustls does not verify the client again when it resumes: so there is nothing to resume.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(Loaded { config: Arc::new(config), verifier, facts })
}

/// The server's certificate with its key, which is read here and wiped by whoever has it.
fn certified(chain: Vec<CertificateDer<'static>>, key: &PrivateKeyDer<'static>) -> Result<CertifiedKey, rustls::Error> {
    let certified = CertifiedKey::new(chain, any_supported_type(key)?);
    match certified.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(error) => Err(error),
    }
}

/// The verdict about clients, with revocation as configured.
fn webpki(
    settings: &TlsSettings,
    roots: RootCertStore,
    lists: Vec<CertificateRevocationListDer<'static>>,
) -> Result<Arc<dyn ClientCertVerifier>, VerifierBuilderError> {
    let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
    if let Some(revocation) = &settings.revocation {
        builder = builder.with_crls(lists);
        if !revocation.required {
            builder = builder.allow_unknown_revocation_status();
        }
        if revocation.stale == Stale::Refuse {
            builder = builder.enforce_revocation_expiration();
        }
    }
    builder.build()
}

/// The one provider of this house. Its TLS 1.2 suites are ECDHE with AEAD only.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Our clock, as rustls wants it.
#[derive(Debug)]
struct Watch(Arc<dyn Clock>);

impl TimeProvider for Watch {
    fn current_time(&self) -> Option<UnixTime> {
        unix_time(self.0.as_ref())
    }
}

/// The present second; none before 1970.
pub(super) fn unix_time(clock: &dyn Clock) -> Option<UnixTime> {
    let seconds = u64::try_from(clock.now().as_second()).ok()?;
    Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
}
