//! The client's side: a profile folder (`endpoint`, `ca.pem`, `cert.pem`, `key.pem`) and the channel it opens.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
};
use tonic::{
    Code, Status,
    transport::{Channel, ClientTlsConfig, Endpoint, Identity},
};
use zeroize::Zeroizing;

use super::tls::{self, TlsError};
use crate::platform::{
    Clock,
    secret_file::{self, FileError},
};

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// A file is missing, or the key can be read by others.
    #[error(transparent)]
    File(#[from] FileError),
    /// `ca.pem` is no good.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// `endpoint` is not an address such as `https://localhost:7443`.
    #[error("{path} does not hold an address such as https://localhost:7443")]
    Endpoint {
        /// The file.
        path: PathBuf,
    },
    /// Certificate and key do not fit, or nobody answers.
    #[error("{endpoint} cannot be reached: {}", causes(.source))]
    Connect {
        /// Where to.
        endpoint: String,
        /// What the transport said.
        source: tonic::transport::Error,
    },
}

/// A profile, read and checked.
#[derive(Debug)]
pub struct Profile {
    endpoint: String,
    verifier: Arc<WebPkiServerVerifier>,
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

/// Longest wait for a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const KEEPALIVE: Duration = Duration::from_secs(60);

impl Profile {
    /// Reads a profile folder. The key must be readable by its owner alone.
    pub fn load(folder: &Path) -> Result<Self, ProfileError> {
        let key = secret_file::read_secret(&folder.join("key.pem"))?;
        let path = folder.join("endpoint");
        let endpoint = String::from_utf8(read(&path)?).unwrap_or_default().trim().to_owned();
        // Anything but https would send the first call in clear.
        if !endpoint.starts_with("https://") || Endpoint::from_shared(endpoint.clone()).is_err() {
            return Err(ProfileError::Endpoint { path });
        }
        let roots = Arc::new(tls::roots(&folder.join("ca.pem"))?);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, tls::provider())
            .build()
            .map_err(|error| TlsError::Config(error.to_string()))?;
        Ok(Self { endpoint, verifier, certificate: read(&folder.join("cert.pem"))?, key })
    }

    /// Where the server is.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Uses another address than the profile's.
    #[must_use]
    pub fn at(self, endpoint: String) -> Self {
        Self { endpoint, ..self }
    }

    /// Opens a channel and waits until it is there. The server's certificate is judged by `clock`.
    pub async fn connect(&self, clock: Arc<dyn Clock>) -> Result<Channel, ProfileError> {
        let failed = |source| ProfileError::Connect { endpoint: self.endpoint.clone(), source };
        self.prepare(clock).map_err(failed)?.connect().await.map_err(failed)
    }

    /// TLS as this profile does it, without resumption, for whoever needs a handshake and no channel.
    pub(super) fn handshake(&self) -> Result<ClientConfig, TlsError> {
        let unfit = |error: &dyn std::fmt::Display| TlsError::Config(error.to_string());
        let chain = CertificateDer::pem_slice_iter(&self.certificate).collect::<Result<Vec<_>, _>>();
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|error| unfit(&error))?;
        let mut config = ClientConfig::builder_with_provider(tls::provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| unfit(&error))?
            .with_webpki_verifier(Arc::clone(&self.verifier))
            .with_client_auth_cert(chain.map_err(|error| unfit(&error))?, key)
            .map_err(|error| unfit(&error))?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        config.resumption = Resumption::disabled();
        Ok(config)
    }

    fn prepare(&self, clock: Arc<dyn Clock>) -> Result<Endpoint, tonic::transport::Error> {
        let tls = ClientTlsConfig::new().identity(Identity::from_pem(&self.certificate, &self.key));
        let verifier = Arc::new(ByClock { inner: Arc::clone(&self.verifier), clock });
        Endpoint::from_shared(self.endpoint.clone())?
            .connect_timeout(CONNECT_WITHIN)
            .http2_keep_alive_interval(KEEPALIVE)
            .tls_config_with_verifier(tls, verifier)
    }
}

/// The code of an answer, where a connection that was refused or lost counts as `UNAVAILABLE`: tonic's client calls it
/// `UNKNOWN`, other gRPC clients do not. A TLS 1.3 client learns on its first call that it was refused (contract 3).
pub fn code(status: &Status) -> Code {
    let transport = std::error::Error::source(status).is_some_and(|cause| cause.is::<tonic::transport::Error>());
    match status.code() {
        Code::Unknown if transport => Code::Unavailable,
        code => code,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|source| FileError::Io { path: path.into(), source })
}

/// The transport's own words are "transport error"; what happened is in the causes.
fn causes(error: &tonic::transport::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = inner.to_string();
        cause = inner.source();
    }
    text
}

/// The ordinary verifier, told the time by our clock: the demo lives in its narratives' week.
#[derive(Debug)]
struct ByClock {
    inner: Arc<WebPkiServerVerifier>,
    clock: Arc<dyn Clock>,
}

impl ServerCertVerifier for ByClock {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let now = tls::unix_time(self.clock.as_ref()).ok_or(rustls::Error::FailedToGetCurrentTime)?;
        self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
