//! The demo's world: an authority, a daemon on loopback, and everyone's own certificate and grant.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::expect::Narrative;
use crate::{
    app::{
        client,
        config::Config,
        failure::Failure,
        wiring::{self, Doors},
    },
    domain::{
        identity::{Identity, TrustDomain},
        queue::QueueId,
    },
    pki::{self, Issue, Tools},
    platform::{Clock, ManualClock, SystemEntropy},
    wire::caller::Caller,
};

const TRUST_DOMAIN: &str = "demo.example";
/// Council and queue of the commands that `--keep` prints.
pub(super) const COUNCIL: &str = "E09000023";
const QUEUE: &str = "MPU.SE";

/// The demo's world.
pub(super) struct World {
    folder: PathBuf,
    address: SocketAddr,
    clock: ManualClock,
    callers: BTreeMap<String, Caller>,
    stop: oneshot::Sender<()>,
    daemon: JoinHandle<Result<(), Failure>>,
}

/// One person or system with a certificate and a grant.
struct Holder {
    /// Folder name of the profile.
    profile: String,
    /// Identity below the trust domain.
    identity: String,
    /// Lines of the grant.
    grant: String,
}

impl World {
    /// Makes certificates, grants and keys in `folder`, starts a daemon and connects nobody yet.
    pub(super) async fn build(folder: &Path, narratives: &[Narrative]) -> Result<Self, Failure> {
        let first = narratives.iter().map(|narrative| narrative.expect.received).min().unwrap_or(Timestamp::UNIX_EPOCH);
        let clock = ManualClock::new(earlier(first));
        let listener =
            TcpListener::bind("127.0.0.1:0").await.map_err(|error| Failure::unavailable(error.to_string()))?;
        let address = listener.local_addr().map_err(|error| Failure::other(error.to_string()))?;
        let holders = holders(narratives);
        certificates(folder, &holders, address, &clock)?;
        let config = configuration(folder, &holders, first)?;
        let daemon = wiring::daemon_at(&config, Arc::new(clock.clone())).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        let daemon = tokio::spawn(wiring::serve(Doors { listener, watchers: None, desk: None }, daemon, async {
            // A dropped sender stops the daemon too.
            let _ = stopped.await;
        }));
        Ok(Self { folder: folder.to_owned(), address, clock, callers: BTreeMap::new(), stop, daemon })
    }

    /// The council's case system.
    pub(super) async fn council(&mut self, gss: &str) -> Result<Caller, Failure> {
        self.caller(&council_profile(gss)).await
    }

    /// The officer of a queue.
    pub(super) async fn officer(&mut self, queue: &str) -> Result<Caller, Failure> {
        self.caller(&queue_profile(queue)).await
    }

    /// Sets the clock of everybody.
    pub(super) fn set_clock(&self, moment: Timestamp) {
        self.clock.set(moment);
    }

    /// Moves the clock on.
    pub(super) fn advance(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }

    /// Ready-to-paste commands against this world.
    pub(super) fn commands(&self) -> Vec<String> {
        let profile = |name: &str| self.folder.join("profiles").join(name).display().to_string();
        let (council, officer) = (profile(&council_profile(COUNCIL)), profile(&queue_profile(QUEUE)));
        let clock = format!("--clock {}", self.clock.now());
        vec![
            String::new(),
            format!(
                "The daemon goes on at https://{} until Ctrl-C. Its clock stands at {}.",
                self.address,
                self.clock.now()
            ),
            "Paste into another terminal:".to_owned(),
            format!("  homeward whoami    --profile {council} {clock}"),
            format!("  homeward referrals --profile {council} {clock}"),
            format!("  homeward watch     --profile {council} {clock} --resume 0 --most 5"),
            format!("  homeward queue list --profile {officer} {clock}"),
            format!("  homeward queue pull --profile {officer} {clock} {QUEUE}"),
            "Then, with the delivery and the lease that it prints:".to_owned(),
            format!("  homeward queue open     --profile {officer} {clock} --lease TOKEN DELIVERY B --item 1"),
            format!("  homeward queue complete --profile {officer} {clock} --lease TOKEN DELIVERY linked"),
        ]
    }

    /// Stops the daemon and waits until everything is written.
    pub(super) async fn stop(self) -> Result<(), Failure> {
        drop(self.callers);
        // A daemon that has stopped by itself says why below.
        let _ = self.stop.send(());
        self.daemon.await.map_err(|error| Failure::other(format!("the daemon failed: {error}")))?
    }

    async fn caller(&mut self, profile: &str) -> Result<Caller, Failure> {
        if let Some(caller) = self.callers.get(profile) {
            return Ok(caller.clone());
        }
        let folder = self.folder.join("profiles").join(profile);
        let caller = client::connect_at(&folder, Arc::new(self.clock.clone())).await?;
        self.callers.insert(profile.to_owned(), caller.clone());
        Ok(caller)
    }
}

/// A little before the first receipt: certificates must be valid by then.
fn earlier(first: Timestamp) -> Timestamp {
    first.checked_sub(SignedDuration::from_hours(24)).unwrap_or(first)
}

fn council_profile(gss: &str) -> String {
    format!("council-{gss}")
}

fn queue_profile(queue: &str) -> String {
    queue.to_owned()
}

/// Every council that submits, and an officer for every queue that may receive something.
fn holders(narratives: &[Narrative]) -> Vec<Holder> {
    let mut submit_for: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut queues: BTreeSet<&str> = super::story::RESOLVED_TO.into_iter().chain(["HOLD.human"]).collect();
    for narrative in narratives {
        submit_for.entry(&narrative.expect.organisation).or_default().insert(&narrative.expect.on_behalf_of);
        queues.extend(narrative.expect.legs.iter().map(|leg| leg.queue.as_str()));
    }
    let councils = submit_for.into_iter().map(|(gss, authorities)| Holder {
        profile: council_profile(gss),
        identity: format!("gss/{gss}/council_submitter/case-system"),
        grant: format!("submit_for = [{}]", quoted(authorities)),
    });
    councils.chain(queues.into_iter().map(officer)).collect()
}

/// The officer of a queue, in the organisation and role that its kind has.
fn officer(queue: &str) -> Holder {
    let id = QueueId::parse(queue);
    let suffix = id.as_ref().map_or("", QueueId::suffix);
    let identity = match id.as_ref().map_or("", QueueId::kind) {
        "MPU" => format!("met/{suffix}/mpu_officer/p1"),
        "REFDESK" => format!("met/{suffix}/refdesk_officer/p2"),
        "MASH" => format!("gss/{suffix}/mash_officer/m1"),
        "ALLOC" => format!("gss/{suffix}/lead_practitioner/s1"),
        "EDT" => format!("gss/{suffix}/edt_officer/e1"),
        "FORCE" => format!("pfa/{suffix}/force_officer/f1"),
        _ => "met/HQ/hold_resolver/h1".to_owned(),
    };
    let resolve = if queue == "HOLD.human" { "\nresolve_hold = true" } else { "" };
    Holder { profile: queue_profile(queue), identity, grant: format!("queues = [{queue:?}]{resolve}") }
}

fn quoted<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    words.into_iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(", ")
}

fn certificates(folder: &Path, holders: &[Holder], address: SocketAddr, clock: &ManualClock) -> Result<(), Failure> {
    let told = |error: pki::PkiError| Failure::other(error.to_string());
    let domain = TrustDomain::parse(TRUST_DOMAIN).map_err(|error| Failure::other(error.to_string()))?;
    let entropy = SystemEntropy::new();
    let tools = Tools { clock, entropy: &entropy };
    let certs = folder.join("certs");
    pki::init(&certs, &domain, &[], tools).map_err(told)?;
    let profiles = folder.join("profiles");
    fs::create_dir(&profiles).map_err(|error| Failure::other(error.to_string()))?;
    let endpoint = format!("https://localhost:{}", address.port());
    for holder in holders {
        let uri = format!("homeward://{TRUST_DOMAIN}/{}", holder.identity);
        let identity = Identity::parse(&uri, &domain).map_err(|error| Failure::other(error.to_string()))?;
        let out = profiles.join(&holder.profile);
        pki::issue(&certs, &Issue { identity: &identity, endpoint: &endpoint, out: &out, days: 90 }, tools)
            .map_err(told)?;
    }
    Ok(())
}

fn configuration(folder: &Path, holders: &[Holder], first: Timestamp) -> Result<Config, Failure> {
    let (from, until) = (earlier(first), first.checked_add(SignedDuration::from_hours(24 * 80)).unwrap_or(first));
    let mut grants = String::new();
    for holder in holders {
        // Writing to memory does not fail.
        let _ = write!(
            grants,
            "[[grant]]\nidentity = \"homeward://{TRUST_DOMAIN}/{}\"\n{}\nnot_before = \"{from}\"\nnot_after = \"{until}\"\n\n",
            holder.identity, holder.grant
        );
    }
    fs::write(folder.join("grants.toml"), grants).map_err(|error| Failure::other(error.to_string()))?;
    let text = format!(
        "trust_domain = \"{TRUST_DOMAIN}\"\n[tls]\nfolder = \"certs/server\"\n[store]\npath = \"store\"\n\
         [keys]\nfile = \"keyring\"\n[policy]\ngrants = \"grants.toml\"\n"
    );
    let file = folder.join("homeward.toml");
    fs::write(&file, text).map_err(|error| Failure::other(error.to_string()))?;
    Config::load(&file)
}
