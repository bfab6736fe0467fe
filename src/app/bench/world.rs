//! The throwaway world of a measurement: an authority, keys and grants in a folder that goes afterwards, a daemon with the
//! embedded store as a process of its own, and beside it the echo that shows what the transport could do.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, ToSpan};

use super::child::Process;
use crate::{
    app::failure::Failure,
    domain::identity::{Identity, TrustDomain},
    pki::{self, Issue, Tools},
    platform::{Clock, SystemClock, SystemEntropy, disk},
    wire::{
        load::{Echo, Greeter, Load, Prepared},
        profile::Profile,
    },
};

const TRUST_DOMAIN: &str = "bench.example";
const COUNCIL: &str = "gss/E09000023/council_submitter/case-system";
const OFFICER: &str = "met/SE/mpu_officer/p1";
/// The queue that is served, and how its officer settles.
pub(super) const QUEUE: &str = "MPU.SE";
/// Outcome of every delivery.
pub(super) const OUTCOME: &str = "linked";
/// A fictional submission: one item, four destinations at most. Times are put in, for an interview is never in the future.
const SUBMISSION: &str = include_str!("submission.json");

/// Two processes and the folder that they live in.
pub(super) struct World {
    folder: tempfile::TempDir,
    /// The broker, where it was started here.
    pub(super) broker: Option<Process>,
    /// The echo.
    pub(super) echo: Process,
    council: Profile,
    officer: Option<Profile>,
    echoing: Profile,
    greeting: Profile,
}

impl World {
    /// In a new folder below `place`, with a daemon of its own.
    pub(super) async fn start(place: Option<&Path>) -> Result<Self, Failure> {
        let folder = folder(place)?;
        let at = folder.path();
        authority(at)?;
        configure(at, "homeward", "path = \"store\"\n")?;
        let (broker, council, officer) = daemon(at, "homeward").await?;
        Self::beside(folder, Some(broker), council, Some(officer)).await
    }

    /// Kills the daemon and starts it again; says how long it took until it served.
    pub(super) async fn kill_and_start(&mut self) -> Result<Duration, Failure> {
        drop(self.broker.take());
        let (broker, council, officer) = daemon(self.folder.path(), "homeward").await?;
        let start = broker.start;
        (self.broker, self.council, self.officer) = (Some(broker), council, Some(officer));
        Ok(start)
    }

    /// One more daemon with the same keys and people, over a database that several share.
    pub(super) async fn another(&self, number: usize, database: &str) -> Result<Another, Failure> {
        let name = format!("homeward-{number}");
        let store = format!("engine = \"postgres\"\nurl = {database:?}\npath = \"store-{number}\"\n");
        configure(self.folder(), &name, &store)?;
        let (broker, council, officer) = daemon(self.folder(), &name).await?;
        Ok(Another { broker, council, officer })
    }

    /// Against a daemon that runs already.
    pub(super) async fn against(
        place: Option<&Path>,
        council: Profile,
        officer: Option<Profile>,
    ) -> Result<Self, Failure> {
        let folder = folder(place)?;
        authority(folder.path())?;
        Self::beside(folder, None, council, officer).await
    }

    async fn beside(
        folder: tempfile::TempDir,
        broker: Option<Process>,
        council: Profile,
        officer: Option<Profile>,
    ) -> Result<Self, Failure> {
        let at = folder.path();
        let serve = ["bench", "echo", "certs/server", TRUST_DOMAIN];
        let (echo, ports) = Process::start(at, "echo", &serve, super::echo::READY).await?;
        let (echoing, greeting) = ports.split_once(' ').unwrap_or_default();
        let (echoing, greeting) = (profile(at, "gss/E09000023/council_submitter/echo", echoing)?, greeting.to_owned());
        let greeting = profile(at, "gss/E09000023/council_submitter/greeted", &greeting)?;
        Ok(Self { folder, broker, echo, council, officer, echoing, greeting })
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the store of the daemon takes on the disk, where it is here.
    pub(super) fn store_bytes(&self) -> Option<u64> {
        self.broker.as_ref().and_then(|_| disk::used_bytes(&self.folder.path().join("store")).ok())
    }

    /// Connections of the council.
    pub(super) async fn council(&self, connections: usize) -> Result<Vec<Load>, Failure> {
        loads(&self.council, connections).await
    }

    /// Connections of the officer, where there is one.
    pub(super) async fn officer(&self, connections: usize) -> Result<Vec<Load>, Failure> {
        match &self.officer {
            Some(officer) => loads(officer, connections).await,
            None => Ok(Vec::new()),
        }
    }

    pub(super) async fn echoes(&self, connections: usize) -> Result<Vec<Echo>, Failure> {
        let mut all = Vec::with_capacity(connections);
        for _ in 0..connections {
            all.push(Echo::connect(&self.echoing, Arc::new(SystemClock)).await?);
        }
        Ok(all)
    }

    /// Makes new connections to the broker, and bare ones.
    pub(super) fn greeters(&self) -> Result<(Greeter, Greeter), Failure> {
        let greeter = |profile| Greeter::new(profile).map_err(|error| Failure::bad_data(error.to_string()));
        Ok((greeter(&self.council)?, greeter(&self.greeting)?))
    }
}

/// A daemon beside the first.
pub(super) struct Another {
    /// Its process.
    pub(super) broker: Process,
    council: Profile,
    officer: Profile,
}

impl Another {
    /// Connections of its council.
    pub(super) async fn council(&self, connections: usize) -> Result<Vec<Load>, Failure> {
        loads(&self.council, connections).await
    }

    /// Connections of its officer.
    pub(super) async fn officer(&self, connections: usize) -> Result<Vec<Load>, Failure> {
        loads(&self.officer, connections).await
    }
}

/// The submission, of an interview of the day before yesterday.
pub(super) fn submission(text: Option<&str>) -> Result<Prepared, Failure> {
    let now = SystemClock.now();
    let before = |hours: i64| now.checked_sub(hours.hours()).unwrap_or(now).strftime("%Y-%m-%dT%H:00:00Z").to_string();
    let made = || {
        SUBMISSION
            .replace("{started}", &before(96))
            .replace("{returned}", &before(72))
            .replace("{held_at}", &before(48))
            .replace("{born}", &before(15 * 8766)[..10])
    };
    let text = text.map_or_else(made, str::to_owned);
    Prepared::read(&text).map_err(|error| Failure::bad_data(error.to_string()))
}

/// A daemon in this folder, by the configuration of this name, and the profiles of its council and its officer.
async fn daemon(folder: &Path, name: &str) -> Result<(Process, Profile, Profile), Failure> {
    let serve = ["serve", "--config", &format!("{name}.toml")];
    let (broker, port) = Process::start(folder, name, &serve, "serving address=127.0.0.1:").await?;
    let (council, officer) = (profile(folder, COUNCIL, &port)?, profile(folder, OFFICER, &port)?);
    Ok((broker, council, officer))
}

async fn loads(profile: &Profile, connections: usize) -> Result<Vec<Load>, Failure> {
    let mut all = Vec::with_capacity(connections);
    for _ in 0..connections {
        all.push(Load::connect(profile, Arc::new(SystemClock)).await?);
    }
    Ok(all)
}

fn folder(place: Option<&Path>) -> Result<tempfile::TempDir, Failure> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("homeward-bench-");
    let made = place.map_or_else(|| builder.tempdir(), |place| builder.tempdir_in(place));
    made.map_err(|error| Failure::other(format!("no folder for the benchmark: {error}")))
}

fn told(error: &dyn std::fmt::Display) -> Failure {
    Failure::other(error.to_string())
}

fn authority(folder: &Path) -> Result<(), Failure> {
    let domain = TrustDomain::parse(TRUST_DOMAIN).map_err(|error| told(&error))?;
    let entropy = SystemEntropy::new();
    let tools = Tools { clock: &SystemClock, entropy: &entropy };
    pki::init(&folder.join("certs"), &domain, &[], tools).map(drop).map_err(|error| told(&error))
}

fn profile(folder: &Path, identity: &str, port: &str) -> Result<Profile, Failure> {
    let domain = TrustDomain::parse(TRUST_DOMAIN).map_err(|error| told(&error))?;
    let entropy = SystemEntropy::new();
    let tools = Tools { clock: &SystemClock, entropy: &entropy };
    let uri = format!("homeward://{TRUST_DOMAIN}/{identity}");
    let identity = Identity::parse(&uri, &domain).map_err(|error| told(&error))?;
    let out: PathBuf = folder.join(format!("profile-{port}-{}", identity.as_str().replace([':', '/'], "-")));
    let issue = Issue { identity: &identity, endpoint: &format!("https://localhost:{port}"), out: &out, days: 2 };
    pki::issue(&folder.join("certs"), &issue, tools).map_err(|error| told(&error))?;
    Ok(Profile::load(&out)?)
}

/// As usual but for the shares of one identity: here one council is all of London.
fn configure(folder: &Path, name: &str, store: &str) -> Result<(), Failure> {
    let now = SystemClock.now();
    let day = SignedDuration::from_hours(24);
    let at = |moment: Option<Timestamp>| moment.unwrap_or(now).to_string();
    let during = format!(
        "not_before = \"{}\"\nnot_after = \"{}\"\n",
        at(now.checked_sub(day).ok()),
        at(now.checked_add(day).ok())
    );
    let grants = format!(
        "[[grant]]\nidentity = \"homeward://{TRUST_DOMAIN}/{COUNCIL}\"\nsubmit_for = [\"E09000023\"]\n{during}\
         [[grant]]\nidentity = \"homeward://{TRUST_DOMAIN}/{OFFICER}\"\nqueues = [\"{QUEUE}\"]\n{during}"
    );
    let config = format!(
        "listen = \"127.0.0.1:0\"\ntrust_domain = \"{TRUST_DOMAIN}\"\n[tls]\nfolder = \"certs/server\"\n\
         [store]\n{store}[keys]\nfile = \"keyring\"\n[policy]\ngrants = \"grants.toml\"\n\
         [limits]\ncalls_per_second = 1000000\ncalls_per_identity = 4096\nwork_per_identity = 4096\nstreams_per_identity = 4096\nframes_per_second = 100000000\n\
         bytes_per_second = 2000000000\nconnections_per_identity = 4096\nhandshakes_per_address = 256\nhandshakes_per_second = 1000000\n"
    );
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).map_err(|error| told(&error));
    write("grants.toml", &grants)?;
    write(&format!("{name}.toml"), &config)
}
