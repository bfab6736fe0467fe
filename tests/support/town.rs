//! A town to test in: an authority, a server on loopback with real TLS, and the papers of honest and dishonest people.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use homeward::{
    broker::{Error, Shown},
    domain::identity::{Identity, TrustDomain},
    pki::{self, Tools},
    platform::{Clock, ManualClock, SystemClock, SystemEntropy, secret_file},
    wire::{
        profile::Profile,
        serve::{Registrar, ServeError, Setup, serve},
        session::Sessions,
        tls::{ServerTls, TlsSettings, refusal::Refusals},
    },
};
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair, SanType};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tonic::{service::Routes, transport::Channel};
use tonic_health::{ServingStatus, pb::health_client::HealthClient};

/// An authority of `pilot.example` in a folder of its own, and a clock that shows the present until it is moved.
pub struct Town {
    root: tempfile::TempDir,
    pub clock: ManualClock,
    entropy: SystemEntropy,
}

/// A town without a broker has no register: whom its authority signed is let in.
pub struct NoRegister;

#[tonic::async_trait]
impl Registrar for NoRegister {
    async fn lists(&self, _: Shown<'_>) -> Result<bool, Error> {
        Ok(true)
    }
}

/// The identity most tests use.
pub const BROMLEY: &str = "homeward://pilot.example/gss/E09000006/council_submitter/case-system";

impl Town {
    pub fn new() -> Self {
        let clock = ManualClock::new(SystemClock.now());
        let town = Self { root: tempfile::tempdir().unwrap(), clock, entropy: SystemEntropy::new() };
        pki::init(&town.certs(), &domain(), &[], town.tools()).unwrap();
        town
    }

    pub fn certs(&self) -> PathBuf {
        self.root.path().join("certs")
    }

    pub fn folder(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn tools(&self) -> Tools<'_> {
        Tools { clock: &self.clock, entropy: &self.entropy }
    }

    /// The same clock, as the server and the client want it.
    pub fn time(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    pub fn tls(&self, allow_tls12: bool) -> ServerTls {
        let settings = TlsSettings { allow_tls12, ..TlsSettings::new(self.certs().join("server"), domain()) };
        ServerTls::load(settings, self.time()).unwrap()
    }

    pub fn setup(&self) -> Setup {
        Setup::new(Arc::new(self.tls(false)), self.time(), Arc::new(NoRegister))
    }

    /// A profile as `pki issue` makes it; returns the folder and the serial number.
    pub fn issue(&self, uri: &str, days: i32) -> (PathBuf, String) {
        let identity = Identity::parse(uri, &domain()).unwrap();
        let out = self.folder(&format!("profile-{}-{days}", identity.name()));
        let wish = pki::Issue { identity: &identity, endpoint: "https://localhost:1", out: &out, days };
        let issued = pki::issue(&self.certs(), &wish, self.tools()).unwrap();
        (out, issued.certificate.serial)
    }

    /// A profile that `pki` would never make, signed by the authority in `certs`.
    pub fn forge(&self, name: &str, certs: &Path, change: impl FnOnce(&mut CertificateParams)) -> PathBuf {
        let key = KeyPair::from_pem(&fs::read_to_string(certs.join("issuing.key")).unwrap()).unwrap();
        let ca = fs::read_to_string(certs.join("issuing.pem")).unwrap();
        let issuer = Issuer::from_ca_cert_pem(&ca, key).unwrap();
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.subject_alt_names = vec![uri(BROMLEY)];
        let now = self.clock.now();
        set_validity(&mut params, now - SignedDuration::from_hours(1), now + SignedDuration::from_hours(1));
        change(&mut params);
        let own = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&own, &issuer).unwrap();
        let folder = self.folder(name);
        secret_file::create_private_dir(&folder).unwrap();
        secret_file::create_secret(&folder.join("key.pem"), own.serialize_pem().as_bytes()).unwrap();
        fs::write(folder.join("cert.pem"), format!("{}{ca}", certificate.pem())).unwrap();
        fs::copy(self.certs().join("ca.pem"), folder.join("ca.pem")).unwrap();
        fs::write(folder.join("endpoint"), "https://localhost:1").unwrap();
        folder
    }

    /// Opens a channel with a profile to a running server.
    pub async fn connect(&self, profile: &Path, server: &Running) -> Result<HealthClient<Channel>, String> {
        let profile = Profile::load(profile).map_err(|error| error.to_string())?.at(server.url());
        let channel = profile.connect(self.time()).await.map_err(|error| error.to_string())?;
        Ok(HealthClient::new(channel))
    }
}

pub fn domain() -> TrustDomain {
    TrustDomain::parse("pilot.example").unwrap()
}

pub fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

pub fn set_validity(params: &mut CertificateParams, from: Timestamp, until: Timestamp) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let since = |moment: Timestamp| Duration::from_secs(u64::try_from(moment.as_second()).unwrap());
    params.not_before = epoch + since(from);
    params.not_after = epoch + since(until);
}

/// A server on loopback with the standard health service behind the door.
pub struct Running {
    pub address: SocketAddr,
    pub sessions: Sessions,
    pub refusals: Arc<Refusals>,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    pub async fn start(setup: Setup) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sessions, refusals) = (setup.sessions.clone(), Arc::clone(&setup.refusals));
        let (reporter, health) = tonic_health::server::health_reporter();
        reporter.set_service_status("", ServingStatus::Serving).await;
        let routes = Routes::new(health.max_decoding_message_size(1 << 20));
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(serve(listener, routes, setup, async {
            let _ = stopped.await;
        }));
        Self { address, sessions, refusals, stop: Some(stop), served }
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    /// Asks the server to stop and waits until it has.
    pub async fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        (&mut self.served).await.unwrap().unwrap();
    }
}

/// Waits for something that will be true soon; gives up after a minute.
pub async fn soon(what: &str, mut check: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if check() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("still not so after a minute: {what}");
}
