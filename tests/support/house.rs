//! The whole house in this process, from the store to real mutual TLS, on a clock that a test moves; and the people
//! who call it.

use std::{
    fmt, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use homeward::{
    app::FolderIssuer,
    broker::{Begin, Broker, Folder, KeyShelf, Keys, Lifespan, Parts, PolicyRefused, Rulebook},
    desk::Desk,
    domain::identity::{Identity, TrustDomain},
    ledger::{self, Entry},
    pki::{self, Tools},
    platform::{
        Clock, Entropy, ManualClock, SystemEntropy,
        entropy::{EntropyError, secret_32},
    },
    reference::{self, FileSet},
    sealing::{Custody, KeyProvider, ProviderError, SecretProvider},
    store::{Compaction, Examining, Finding, Store, sled::SledStore},
    wire::{
        Ended,
        profile::Profile,
        run, run_beside,
        serve::{Limits, ServeError, Setup},
        tls::{ServerTls, TlsSettings},
    },
};
use jiff::{SignedDuration, Timestamp};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tonic::transport::Channel;
use zeroize::Zeroizing;

use crate::person::Person;

#[path = "place.rs"]
#[allow(dead_code, reason = "shared with the simulation")]
pub mod place;

/// When tests begin unless they say otherwise: a Saturday, after every narrative.
pub const SATURDAY: &str = "2026-11-21T12:00:00Z";
/// Lewisham's case system.
pub const LEWISHAM: &str = "gss/E09000023/council_submitter/case-system";
/// Bromley's case system: another council.
pub const BROMLEY: &str = "gss/E09000006/council_submitter/case-system";
/// A provider that submits for the council of every narrative.
pub const PROVIDER: &str = "provider/safer-returns/provider_submitter/crm";
/// An officer of the missing persons unit of Lewisham's BCU.
pub const MPU: &str = "met/SE/mpu_officer/p123";
/// Another officer of that unit.
pub const MPU_TOO: &str = "met/SE/mpu_officer/p124";
/// An officer of another BCU.
pub const MPU_NE: &str = "met/NE/mpu_officer/p900";
/// The referral desk.
pub const REFDESK: &str = "met/SE/refdesk_officer/r1";
/// The supervisor of that unit.
pub const SUPERVISOR: &str = "met/SE/unit_supervisor/s1";
/// Police intelligence of that BCU.
pub const INTELLIGENCE: &str = "met/SE/police_intelligence/i1";
/// Lewisham's front door.
pub const MASH: &str = "gss/E09000023/mash_officer/m1";
/// Lewisham's lead practitioner.
pub const LEAD: &str = "gss/E09000023/lead_practitioner/lp1";
/// Who settles what is on HOLD.
pub const RESOLVER: &str = "met/HQ/hold_resolver/h1";

pub const GRANTS: &str = include_str!("grants.toml");

/// A narrative of domain 9, as it stands in its file.
pub fn narrative(number: u8) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/narratives/n{number}.json"));
    fs::read_to_string(file).unwrap()
}

/// What happens in the middle of somebody's call, once: when the broker next asks for chance.
pub type Meanwhile = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// Chance, in the middle of which something may happen.
struct Interrupted {
    entropy: SystemEntropy,
    meanwhile: Meanwhile,
}

impl fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interrupted")
    }
}

impl Entropy for Interrupted {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
        let happens = self.meanwhile.lock().unwrap().take();
        if let Some(happens) = happens {
            happens();
        }
        self.entropy.fill(out)
    }
}

/// The house.
pub struct House {
    root: tempfile::TempDir,
    pub clock: ManualClock,
    entropy: SystemEntropy,
    secret: Vec<u8>,
    /// The broker signs certificates, with the authority's folder.
    issues: bool,
    /// From the next start on, whoever is in no register is not let in.
    pub only_listed: bool,
    /// What bounds the server, from the next start on.
    pub limits: Limits,
    /// How long an epoch key wraps.
    lifespan: Lifespan,
    /// The device with the key outside the store does not answer.
    pub away: Arc<AtomicBool>,
    /// It neither answers nor refuses.
    pub hangs: Arc<AtomicBool>,
    /// What happens in the middle of a call.
    pub meanwhile: Meanwhile,
    /// The folder of reference data that the next start is given, and in place of what.
    folder: Option<(FileSet, Option<[u8; 32]>)>,
    /// Where the store is.
    place: place::Place,
    live: Option<Live>,
    /// Further replicas over the same store.
    replicas: Vec<Live>,
}

/// Nobody looks on.
struct Unwatched;

impl Examining for Unwatched {
    fn at(&mut self, _: u64, _: u64) {}

    fn found(&mut self, finding: Finding) {
        panic!("{finding:?}");
    }
}

struct Live {
    address: SocketAddr,
    /// Where the pages are.
    desk: SocketAddr,
    store: Arc<dyn Store>,
    broker: Arc<Broker>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<Ended, ServeError>>,
}

/// The key outside the store, in something that can be taken out.
struct Device {
    key: SecretProvider,
    away: Arc<AtomicBool>,
    hangs: Arc<AtomicBool>,
}

impl Device {
    fn answers(&self) -> Result<(), ProviderError> {
        // For no longer than any test lasts: the process waits for it at its end.
        for _ in 0..6_000 {
            if !self.hangs.load(Ordering::Relaxed) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let away = self.away.load(Ordering::Relaxed);
        if away { Err(ProviderError::Unavailable("taken out".into())) } else { Ok(()) }
    }
}

impl KeyProvider for Device {
    fn id(&self) -> &str {
        self.key.id()
    }

    fn wrap(&self, key: &[u8], aad: &[u8]) -> Result<Vec<u8>, ProviderError> {
        self.answers().and_then(|()| self.key.wrap(key, aad))
    }

    fn unwrap(&self, wrapped: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, ProviderError> {
        self.answers().and_then(|()| self.key.unwrap(wrapped, aad))
    }
}

impl House {
    /// A new house, open, at [`SATURDAY`].
    pub async fn open() -> Self {
        Self::open_at(SATURDAY).await
    }

    /// A new house, open.
    pub async fn open_at(moment: &str) -> Self {
        let entropy = SystemEntropy::new();
        let secret = secret_32(&entropy).unwrap().to_vec();
        let clock = ManualClock::new(moment.parse().unwrap());
        let root = tempfile::tempdir().unwrap();
        let lifespan = Lifespan::of(SignedDuration::from_hours(24));
        let place = place::Place::asked(root.path().join("store"));
        let mut house = Self {
            root,
            place,
            clock,
            entropy,
            secret,
            issues: false,
            only_listed: false,
            limits: Limits::default(),
            lifespan,
            away: Arc::default(),
            hangs: Arc::default(),
            meanwhile: Meanwhile::default(),
            folder: None,
            live: None,
            replicas: Vec::new(),
        };
        pki::init(&house.certs(), &domain(), &[], house.tools()).unwrap();
        house.start().await;
        house
    }

    /// A new house whose broker signs certificates.
    pub async fn open_issuing() -> Self {
        let mut house = Self::open().await;
        house.close().await;
        house.issues = true;
        house.start().await;
        house
    }

    /// A new house whose epoch keys wrap so many records each, but for the first one.
    pub async fn open_wrapping(records: u64) -> Self {
        let mut house = Self::open().await;
        house.close().await;
        house.lifespan.records = records;
        house.start().await;
        house
    }

    /// Another replica over the same store, with sessions and a watcher of its own; answers with its address.
    pub async fn replica(&mut self) -> String {
        let replica = self.serve(self.live().store.clone()).await;
        let url = format!("https://localhost:{}", replica.address.port());
        self.replicas.push(replica);
        url
    }

    pub fn certs(&self) -> PathBuf {
        self.root.path().join("certs")
    }

    pub fn folder(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn tools(&self) -> Tools<'_> {
        Tools { clock: &self.clock, entropy: &self.entropy }
    }

    fn time(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    /// Opens what was closed.
    pub async fn start(&mut self) {
        let store = self.place.open().await.unwrap();
        self.live = Some(self.serve(store).await);
    }

    async fn serve(&self, store: Arc<dyn Store>) -> Live {
        let settings = TlsSettings::new(self.certs().join("server"), domain());
        let tls = ServerTls::load(settings, self.time()).unwrap();
        let (rulebook, begin) = match &self.folder {
            None => (Rulebook::embedded().unwrap(), Begin { folder: Folder::Absent, in_place_of: None }),
            Some((files, in_place_of)) => (
                Rulebook::read(files.clone(), Vec::new()).unwrap(),
                Begin { folder: Folder::Read, in_place_of: *in_place_of },
            ),
        };
        let broker = self.broker(store.clone(), rulebook).await;
        let issuer = || Arc::new(FolderIssuer::open(self.certs(), self.time()).unwrap());
        let broker = Arc::new(if self.issues { broker.with_issuer(issuer(), 3) } else { broker });
        broker.begin_policy(begin).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (only_listed, limits) = (self.only_listed, self.limits.clone());
        let setup = Setup { only_listed, limits, ..Setup::new(Arc::new(tls), self.time(), broker.clone()) };
        let (desk, closing) = self.pages(&broker, &setup).await;
        let served = tokio::spawn(run(listener, broker.clone(), setup, async {
            let _ = stopped.await;
            drop(closing);
        }));
        Live { address, desk, store, broker, stop, served }
    }

    /// The pages, for as long as what is given back is kept.
    async fn pages(&self, broker: &Arc<Broker>, setup: &Setup) -> (SocketAddr, oneshot::Sender<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Desk::new(broker.clone(), setup, Arc::new(SystemEntropy::new())).unwrap();
        let (open, closed) = oneshot::channel();
        let stop = async { _ = closed.await };
        tokio::spawn(run_beside(listener, broker.clone(), Desk::setup(setup), desk.routes(), stop));
        (address, open)
    }

    /// Where the pages are.
    pub fn desk(&self) -> String {
        format!("https://localhost:{}", self.live().desk.port())
    }

    /// Whether a broker over the same store would begin by these files, and with which alarms.
    pub async fn begins_by(&self, files: FileSet) -> Result<Vec<String>, PolicyRefused> {
        self.begins(files, Begin { folder: Folder::Read, in_place_of: None }).await
    }

    /// The same, however it begins.
    pub async fn begins(&self, files: FileSet, begin: Begin) -> Result<Vec<String>, PolicyRefused> {
        let broker = self.broker(self.live().store.clone(), Rulebook::read(files, Vec::new()).unwrap()).await;
        broker.begin_policy(begin).await?;
        Ok(broker.alarms().names())
    }

    /// From the next start on, the broker is given a folder with these files, in place of a policy if that cannot be read.
    pub fn goes_by(&mut self, files: FileSet, in_place_of: Option<[u8; 32]>) {
        self.folder = Some((files, in_place_of));
    }

    /// All certificates anew: that of the server now, that of each person when they next come.
    pub fn renew(&self) {
        let out = self.certs().join("server");
        fs::remove_dir_all(&out).unwrap();
        pki::issue_server(&self.certs(), &out, &[], self.tools()).unwrap();
        for entry in fs::read_dir(self.root.path()).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with("profile-") {
                fs::remove_dir_all(entry.path()).unwrap();
            }
        }
    }

    async fn broker(&self, store: Arc<dyn Store>, rulebook: Rulebook) -> Broker {
        let entropy = Interrupted { entropy: SystemEntropy::new(), meanwhile: self.meanwhile.clone() };
        let entropy: Arc<dyn Entropy> = Arc::new(entropy);
        let key = SecretProvider::new(&self.secret, entropy.clone()).unwrap();
        let custody = Custody::of(Device { key, away: self.away.clone(), hangs: self.hangs.clone() });
        let shelf = KeyShelf { store: store.clone(), custody, entropy: entropy.clone() };
        let keys = Keys::open(shelf, self.lifespan, self.clock.now()).await.unwrap();
        Broker::new(Parts {
            store,
            clock: self.time(),
            entropy,
            keys,
            rulebook: Arc::new(rulebook),
            grants: Arc::new(reference::grants::parse(GRANTS, &domain()).unwrap()),
            origin: format!("{}/ledger", domain()),
        })
    }

    /// Closes the house as `serve` does: drains, writes what is still to be written, closes the store.
    pub async fn close(&mut self) {
        let live = self.live.take().unwrap();
        live.stop.send(()).unwrap();
        live.served.await.unwrap().unwrap();
        live.broker.close().await;
    }

    /// Closes, has the store written anew where that is done, and opens again; whether it was.
    pub async fn compact(&mut self) -> bool {
        self.close().await;
        let folder = if let place::Place::Folder(folder) = &self.place { Some(folder) } else { None };
        let how = Compaction { at: self.clock.now(), rebuild: false };
        let compacted = folder.map(|folder| SledStore::compact(folder, &how, &mut Unwatched).unwrap()).is_some();
        self.start().await;
        compacted
    }

    /// Closes and opens again on the same folder and key.
    pub async fn reopen(&mut self) {
        self.close().await;
        self.start().await;
    }

    fn live(&self) -> &Live {
        self.live.as_ref().unwrap()
    }

    pub fn address(&self) -> SocketAddr {
        self.live().address
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.address().port())
    }

    /// The store, for looking at what is there.
    pub fn store(&self) -> &dyn Store {
        &*self.live().store
    }

    /// The broker at work.
    pub fn lives(&self) -> Arc<Broker> {
        self.live().broker.clone()
    }

    /// Puts other grants in force.
    pub fn grant(&self, text: &str) {
        self.live().broker.replace_grants(reference::grants::parse(text, &domain()).unwrap());
    }

    /// One round of the caretaker at the clock's present moment, and one transaction of a rewrapping.
    pub async fn caretake(&self) {
        self.live().broker.caretake().await.unwrap();
        self.live().broker.go_on_rewrapping().await.unwrap();
    }

    /// A round of the caretaker of every replica, all at the same time.
    pub async fn caretake_everywhere(&self) {
        let brokers = std::iter::once(self.live()).chain(&self.replicas).map(|live| live.broker.clone());
        let rounds: Vec<_> = brokers.map(|broker| tokio::spawn(async move { broker.caretake().await })).collect();
        for round in rounds {
            round.await.unwrap().unwrap();
        }
    }

    /// So many days go by, each with a round of the caretaker.
    pub async fn days(&self, days: u32) {
        for _ in 0..days {
            self.later(SignedDuration::from_hours(24));
            self.caretake_everywhere().await;
        }
    }

    /// Entries in the ledger.
    pub async fn ledger_size(&self) -> u64 {
        self.store().head().await.unwrap().size
    }

    /// The whole ledger.
    pub async fn ledger(&self) -> Vec<Entry> {
        let entries = self.store().entries(0, usize::MAX).await.unwrap();
        entries.iter().map(|(_, bytes)| ledger::decode(bytes).unwrap()).collect()
    }

    /// What time it is, in seconds.
    pub fn clock_seconds(&self) -> i64 {
        self.clock.now().as_second()
    }

    /// Moves the clock.
    pub fn later(&self, span: SignedDuration) -> Timestamp {
        self.clock.advance(span);
        self.clock.now()
    }

    /// Somebody with a certificate from `pki issue`, connected. `path` is the identity below the trust domain.
    pub async fn person(&self, path: &str) -> Person {
        Person::new(self.connect(&self.profile(path)).await.unwrap())
    }

    /// A certificate is issued to somebody who has not come yet.
    pub fn issue(&self, path: &str) {
        self.profile(path);
    }

    /// The profile of somebody, made when they first come.
    pub fn profile(&self, path: &str) -> PathBuf {
        let identity = Identity::parse(&format!("homeward://pilot.example/{path}"), &domain()).unwrap();
        let out = self.folder(&format!("profile-{}", path.replace('/', "-")));
        if !out.exists() {
            let wish = pki::Issue { identity: &identity, endpoint: "https://localhost:1", out: &out, days: 90 };
            pki::issue(&self.certs(), &wish, self.tools()).unwrap();
        }
        out
    }

    /// A channel with a profile to a replica.
    pub async fn connect_at(&self, profile: &Path, url: &str) -> Result<Channel, String> {
        let profile = Profile::load(profile).map_err(|error| error.to_string())?.at(url.to_owned());
        profile.connect(self.time()).await.map_err(|error| error.to_string())
    }

    /// A channel with a profile.
    pub async fn connect(&self, profile: &Path) -> Result<Channel, String> {
        let profile = Profile::load(profile).map_err(|error| error.to_string())?.at(self.url());
        profile.connect(self.time()).await.map_err(|error| error.to_string())
    }
}

pub fn domain() -> TrustDomain {
    TrustDomain::parse("pilot.example").unwrap()
}
