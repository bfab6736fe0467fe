//! TLS: 1.3 only unless configured, client certificate required, no resumption, and a configuration that can be
//! replaced while the server runs. Why our own acceptor: contract 3.

pub mod accept;
pub mod refusal;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    time_provider::TimeProvider,
    version::{TLS12, TLS13},
};

use crate::{
    domain::identity::TrustDomain,
    platform::{
        Clock,
        secret_file::{self, FileError},
    },
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
    /// The pieces do not fit together.
    #[error("the TLS files do not fit together: {0}")]
    Config(String),
}

/// How the server does TLS.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// Folder with `ca.pem`, `cert.pem` and `key.pem` (0600).
    pub folder: PathBuf,
    /// The authority part of every identity let in.
    pub trust_domain: TrustDomain,
    /// Also TLS 1.2 (ECDHE with AEAD), for old clients.
    pub allow_tls12: bool,
}

/// The server's TLS as of now.
#[derive(Debug)]
pub struct ServerTls {
    settings: TlsSettings,
    clock: Arc<dyn Clock>,
    current: RwLock<Arc<ServerConfig>>,
}

impl ServerTls {
    /// Reads the files and makes the configuration.
    pub fn load(settings: TlsSettings, clock: Arc<dyn Clock>) -> Result<Self, TlsError> {
        if settings.allow_tls12 {
            tracing::warn!("TLS 1.2 is allowed by configuration; clients that know TLS 1.3 should not need it");
        }
        let current = RwLock::new(Arc::new(configure(&settings, &clock)?));
        Ok(Self { settings, clock, current })
    }

    /// Reads the files again. New connections get the new configuration; when it is faulty the old one stays.
    pub fn reload(&self) -> Result<(), TlsError> {
        let fresh = Arc::new(configure(&self.settings, &self.clock)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The authority part of every identity let in.
    pub fn trust_domain(&self) -> &TrustDomain {
        &self.settings.trust_domain
    }

    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn configure(settings: &TlsSettings, clock: &Arc<dyn Clock>) -> Result<ServerConfig, TlsError> {
    const NEW: &[&SupportedProtocolVersion] = &[&TLS13];
    const OLD_TOO: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
    let folder = &settings.folder;
    let (chain, key) = identity(folder)?;
    let roots = Arc::new(roots(&folder.join("ca.pem"))?);
    let unfit = |error: &dyn std::fmt::Display| TlsError::Config(error.to_string());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider()).build().map_err(|e| unfit(&e))?;
    let time = Arc::new(Watch(Arc::clone(clock)));
    let mut config = ServerConfig::builder_with_details(provider(), time)
        .with_protocol_versions(if settings.allow_tls12 { OLD_TOO } else { NEW })
        .map_err(|e| unfit(&e))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .map_err(|e| unfit(&e))?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    // rustls does not verify the client again when it resumes: so there is nothing to resume.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}

/// The one provider of this house. Its TLS 1.2 suites are ECDHE with AEAD only.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Certificate chain and key of a folder; the key must be readable by its owner alone.
fn identity(folder: &Path) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let (chain_path, key_path) = (folder.join("cert.pem"), folder.join("key.pem"));
    let key = secret_file::read_secret(&key_path)?;
    let key =
        PrivateKeyDer::from_pem_slice(&key).map_err(|_| TlsError::Pem { path: key_path, what: "a private key" })?;
    Ok((certificates(&chain_path)?, key))
}

pub(super) fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|_| TlsError::Pem { path: path.into(), what: "an authority's certificate" })?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = fs::read(path).map_err(|source| FileError::Io { path: path.into(), source })?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = read.ok().filter(|certificates| !certificates.is_empty());
    certificates.ok_or(TlsError::Pem { path: path.into(), what: "a certificate" })
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
