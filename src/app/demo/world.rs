//! The demo's world: an authority, a daemon on loopback, and everyone's own certificate and grant.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::{
    expect::Narrative,
    people::{self, Holder, PASSWORD, council_profile, holders, queue_profile},
};
use crate::{
    app::{
        client,
        config::Config,
        failure::Failure,
        wiring::{self, Doors},
    },
    domain::identity::{Identity, TrustDomain},
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
    /// Where the pages are, if there are any.
    desk: Option<SocketAddr>,
    clock: ManualClock,
    /// When everybody's certificates were made.
    since: Timestamp,
    callers: BTreeMap<String, Caller>,
    stop: oneshot::Sender<()>,
    daemon: JoinHandle<Result<(), Failure>>,
}

impl World {
    /// Makes certificates, grants and keys in `folder`, starts a daemon, with pages if they are wished, and connects nobody yet.
    pub(super) async fn build(folder: &Path, narratives: &[Narrative], pages: bool) -> Result<Self, Failure> {
        let first = narratives.iter().map(|narrative| narrative.expect.received).min().unwrap_or(Timestamp::UNIX_EPOCH);
        let clock = ManualClock::new(earlier(first));
        let (listener, address) = listen().await?;
        let (pages, desk) =
            if pages { listen().await.map(|(pages, desk)| (Some(pages), Some(desk)))? } else { (None, None) };
        let holders = holders(narratives);
        certificates(folder, &holders, address, &clock)?;
        let config = configuration(folder, &holders, first)?;
        let daemon = wiring::daemon_at(&config, Arc::new(clock.clone())).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        let daemon = tokio::spawn(wiring::serve(Doors { listener, watchers: None, desk: pages }, daemon, async {
            // A dropped sender stops the daemon too.
            let _ = stopped.await;
        }));
        Ok(Self {
            folder: folder.to_owned(),
            address,
            desk,
            clock,
            since: earlier(first),
            callers: BTreeMap::new(),
            stop,
            daemon,
        })
    }

    /// The council's case system.
    pub(super) async fn council(&mut self, gss: &str) -> Result<Caller, Failure> {
        self.caller(&council_profile(gss)).await
    }

    /// Whoever sends for every council.
    pub(super) async fn provider(&mut self) -> Result<Caller, Failure> {
        self.caller(people::PROVIDER).await
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

    /// Where the pages are, and with what a browser opens them. Makes the files for that.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(super) async fn pages(&self) -> Result<Vec<String>, Failure> {
        let Some(desk) = self.desk else { return Ok(Vec::new()) };
        let mut lines = vec![
            String::new(),
            format!("Pages: https://localhost:{}", desk.port()),
            format!(
                "Import one of these into a browser of its own profile, password {PASSWORD}, and choose it when you are asked:"
            ),
        ];
        for (file, shows) in people::export(&self.folder).await? {
            lines.push(format!("  {}  {shows}", file.display()));
        }
        let certs = self.folder.join("certs");
        let until = pki::list(&certs).map_err(told)?.iter().map(|one| one.not_after).min();
        lines.push(format!(
            "The browser warns of an authority that it does not know: {}.",
            certs.join("ca.pem").display()
        ));
        lines.push(format!(
            "A browser goes by its own clock: to it these certificates are good from {} to {}.",
            day(Some(self.since)),
            day(until)
        ));
        Ok(lines)
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

/// A day, as a person reads it.
fn day(moment: Option<Timestamp>) -> String {
    moment.map_or_else(String::new, |moment| moment.strftime("%-d %B %Y").to_string())
}

fn told(error: pki::PkiError) -> Failure {
    Failure::other(error.to_string())
}

async fn listen() -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| Failure::unavailable(error.to_string()))?;
    let address = listener.local_addr().map_err(|error| Failure::other(error.to_string()))?;
    Ok((listener, address))
}

/// A little before the first receipt: certificates must be valid by then.
fn earlier(first: Timestamp) -> Timestamp {
    first.checked_sub(SignedDuration::from_hours(24)).unwrap_or(first)
}

fn certificates(folder: &Path, holders: &[Holder], address: SocketAddr, clock: &ManualClock) -> Result<(), Failure> {
    let domain = TrustDomain::parse(TRUST_DOMAIN).map_err(|error| Failure::other(error.to_string()))?;
    let entropy = SystemEntropy::new();
    let tools = Tools { clock, entropy: &entropy };
    let certs = folder.join("certs");
    pki::init(&certs, &domain, &[], tools).map_err(told)?;
    // A root is kept apart from the authority that a daemon signs with.
    fs::rename(certs.join("root"), folder.join("root")).map_err(|error| Failure::other(error.to_string()))?;
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
         [keys]\nfile = \"keyring\"\n[policy]\ngrants = \"grants.toml\"\n\
         [pki]\nfolder = \"certs\"\n"
    );
    let file = folder.join("homeward.toml");
    fs::write(&file, text).map_err(|error| Failure::other(error.to_string()))?;
    Config::load(&file)
}
