//! Reading again what may change while the daemon runs: TLS files, grants, reference data. A change is looked for four times a
//! second and on SIGHUP; a file that is not right is refused as a whole, what was read before stays in force, and an
//! alarm is on until it is mended.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::sync::{Notify, watch};

use super::{config::Policy, failure::Failure, rulebook, wiring};
use crate::{
    broker::{Broker, PolicyRefused},
    domain::{
        grants::Grants,
        identity::{Peer, TrustDomain},
    },
    reference,
    wire::{
        session::Sessions,
        tls::{ServerTls, TlsSettings},
    },
};

/// How often files are looked at. What has changed is read once it has stayed the same from one look to the next, so that
/// files that belong together are not read while they are being put there.
const EVERY: Duration = Duration::from_millis(250);
/// Name of the alarm, before what it is about.
const ALARM: &str = "RELOAD_REFUSED";
/// How often leases are looked at after a change: a pull that was under way may have ended behind the first look.
const LOOKS: u8 = 2;

/// Everything that is read again, and what is told of it.
pub(super) struct Reload {
    parts: Parts,
    sources: Vec<Source>,
    now: Arc<Notify>,
    noticed: BTreeSet<String>,
    grants: Arc<Grants>,
    /// So many times it is still looked who may no longer hold what they do.
    looks: u8,
    /// Whose certificates are no longer good, with the looks that are still to be taken at what they hold.
    out: Vec<(Peer, u8)>,
    /// Authorities that have run out.
    run_out: usize,
    /// The last look failed; said once.
    failing: bool,
}

/// What a reload works on.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) broker: Arc<Broker>,
    pub(super) tls: Arc<ServerTls>,
    pub(super) sessions: Sessions,
    pub(super) trust_domain: TrustDomain,
    pub(super) policy: Policy,
}

/// Kinds of source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Tls,
    Grants,
    Reference,
}

/// Files that are read together.
struct Source {
    kind: Kind,
    paths: Vec<PathBuf>,
    seen: Marks,
    tried: Marks,
}

/// How the files look. To be taken before they are first read: what changes after that is read again.
pub(super) struct Looks(Vec<Source>);

impl Looks {
    /// How the files of a configuration look now.
    pub(super) fn take(tls: &TlsSettings, policy: &Policy) -> Self {
        let mut sources = vec![(Kind::Tls, tls.watched()), (Kind::Grants, vec![policy.grants.clone()])];
        sources.extend(policy.reference.clone().map(|folder| (Kind::Reference, vec![folder])));
        let source = |(kind, paths): (Kind, Vec<PathBuf>)| {
            let tried = marks(&paths);
            Source { kind, paths, seen: tried.clone(), tried }
        };
        Self(sources.into_iter().map(source).collect())
    }
}

/// How files look from outside, by name: enough to notice that one was replaced or written to.
type Marks = Vec<(PathBuf, Option<[i64; 7]>)>;

impl Reload {
    /// Reads again for `parts` what no longer looks as it did.
    pub(super) fn new(parts: Parts, looks: Looks) -> Self {
        let grants = parts.broker.grants();
        // Grants may have changed while no daemon ran.
        let (now, noticed) = (Arc::default(), BTreeSet::new());
        let (out, run_out) = (Vec::new(), 0);
        Self { parts, sources: looks.0, now, noticed, grants, looks: LOOKS, out, run_out, failing: false }
    }

    /// Asks for everything to be read again at once, whether it has changed or not.
    pub(super) fn asked(&self) -> Arc<Notify> {
        Arc::clone(&self.now)
    }

    /// Looks until `closing`.
    pub(super) async fn keep(mut self, mut closing: watch::Receiver<bool>) {
        loop {
            let asked = tokio::select! {
                _ = closing.wait_for(|closing| *closing) => return,
                () = tokio::time::sleep(EVERY) => false,
                () = self.now.notified() => true,
            };
            self.notice();
            for number in 0..self.sources.len() {
                if let Some(kind) = self.due(number, asked) {
                    self.parts.read(kind).await;
                    if kind == Kind::Tls {
                        self.judge_again();
                    }
                }
            }
            self.put_out().await;
            self.end_who_lost();
            self.return_leases().await;
        }
    }

    /// Ends the sessions of those who have lost something: by other grants, or by a policy that asks for other vetting.
    fn end_who_lost(&mut self) {
        let (after, now) = (self.parts.broker.grants(), self.parts.broker.now());
        if Arc::ptr_eq(&after, &self.grants) {
            return;
        }
        let before = std::mem::replace(&mut self.grants, Arc::clone(&after));
        if after == before {
            return;
        }
        let sessions_ended = self.parts.sessions.regranted(|peer| !after.give_what_was_given(&before, peer, now));
        tracing::info!(sessions_ended, "what peers may do has changed");
        self.looks = LOOKS;
    }

    /// What somebody holds where they may no longer work waits again.
    async fn return_leases(&mut self) {
        if self.looks == 0 {
            return;
        }
        match self.parts.broker.return_ungranted().await {
            Ok(leases) => {
                (self.looks, self.failing) = (self.looks - 1, false);
                if leases > 0 {
                    tracing::warn!(leases, "leases of whoever may no longer work there have returned");
                }
            }
            Err(error) if !self.failing => {
                self.failing = true;
                tracing::error!(%error, "leases of whoever may no longer work there are not returned yet");
            }
            Err(_) => {}
        }
    }

    /// Sets the alarms about certificates and revocation lists, and ends those that are over.
    fn notice(&mut self) {
        let notices = self.parts.tls.notices();
        let (alarms, now) = (self.parts.broker.alarms(), self.parts.broker.now());
        notices.iter().for_each(|notice| alarms.raise(&notice.name, &notice.words, now));
        let names: BTreeSet<_> = notices.into_iter().map(|notice| notice.name).collect();
        self.noticed.difference(&names).for_each(|name| alarms.clear(name));
        let run_out = self.parts.tls.left().iter().filter(|(_, left)| left.is_negative()).count();
        if !self.noticed.is_superset(&names) || run_out > self.run_out {
            // A list has run out, or an authority: that concerns those who are here already.
            self.judge_again();
        }
        (self.noticed, self.run_out) = (names, run_out);
    }

    /// Ends the sessions of whoever would no longer be let in.
    fn judge_again(&mut self) {
        let ended = self.parts.tls.judge_again(&self.parts.sessions);
        if !ended.is_empty() {
            tracing::warn!(sessions_ended = ended.len(), "certificates that were good are so no longer");
        }
        let connected: BTreeMap<_, _> = ended.into_iter().map(|peer| (peer.serial.clone(), peer)).collect();
        self.out.extend(connected.into_values().map(|peer| (peer, LOOKS)));
    }

    /// What they hold waits again, and the ledger says why; looked at more than once, for a pull may have been under way.
    async fn put_out(&mut self) {
        for (peer, looks) in std::mem::take(&mut self.out) {
            let first = looks == LOOKS;
            let left = match self.parts.broker.put_out(&peer, first).await {
                Ok(leases) => {
                    if leases > 0 {
                        tracing::warn!(serial = peer.serial, leases, "leases under it have returned");
                    }
                    looks - 1
                }
                Err(error) => {
                    if !self.failing {
                        tracing::error!(%error, "leases of whoever is let in no longer are not returned yet");
                    }
                    self.failing = true;
                    looks
                }
            };
            if left > 0 {
                self.out.push((peer, left));
            }
        }
    }

    /// The kind of this source if it is to be read now.
    fn due(&mut self, number: usize, asked: bool) -> Option<Kind> {
        let source = self.sources.get_mut(number)?;
        let marks = marks(&source.paths);
        let (new, settled) = (marks != source.tried, marks == source.seen);
        source.seen.clone_from(&marks);
        (asked || new && settled).then(|| {
            source.tried = marks;
            source.kind
        })
    }
}

impl Parts {
    /// Reads one source, puts it in force or raises the alarm.
    async fn read(&self, kind: Kind) {
        let (name, read) = match kind {
            Kind::Tls => ("tls", self.read_tls().await),
            Kind::Grants => ("grants", self.read_grants().await),
            Kind::Reference => ("reference", self.read_reference().await),
        };
        let alarm = format!("{ALARM} {name}");
        match read {
            Ok(()) => {
                self.broker.alarms().clear(&alarm);
                tracing::info!(what = name, "read again");
            }
            Err(failure) => refused(&self.broker, &alarm, &failure),
        }
    }

    async fn read_tls(&self) -> Result<(), Failure> {
        let tls = Arc::clone(&self.tls);
        aside(move || tls.reload().map_err(|faults| Failure::bad_data(faults.to_string()))).await
    }

    /// Puts the grants in force.
    async fn read_grants(&self) -> Result<(), Failure> {
        let text = wiring::read(&self.policy.grants)?;
        let grants = reference::grants::parse(&text, &self.trust_domain)
            .map_err(|error| Failure::bad_data(format!("{}: {error}", self.policy.grants.display())))?;
        if grants.rows() == self.broker.grants().rows() {
            return Ok(());
        }
        self.broker.replace_grants(grants);
        tracing::info!("grants replaced");
        self.broker.enter_grants(&text).await.map_err(not_entered)
    }

    async fn read_reference(&self) -> Result<(), Failure> {
        let folder = self.policy.reference.clone();
        let read = folder.clone();
        let rulebook = aside(move || rulebook::rulebook(read.as_deref())).await?;
        self.broker.offer_rulebook(rulebook).await.map_err(|refused| match refused {
            PolicyRefused::Failed(error) => not_entered(error),
            refused => rulebook::not_begun(refused, folder.as_deref()),
        })
    }
}

/// The folder of reference data cannot be read at a start, and puts nothing in force: the alarm is on until it is mended.
pub(super) fn reference_refused(broker: &Broker, failure: &Failure) {
    refused(broker, &format!("{ALARM} reference"), failure);
}

fn refused(broker: &Broker, alarm: &str, failure: &Failure) {
    let words = format!("{}; what was in force before stays", failure.words());
    broker.alarms().raise(alarm, &words, broker.now());
}

fn not_entered(error: impl std::error::Error) -> Failure {
    Failure::unavailable(format!("it is in force, but could not be entered in the ledger: {error}"))
}

/// Reads files on a thread that may wait.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(Failure::other("reading it failed by a fault of ours; see the log")))
}

fn marks(paths: &[PathBuf]) -> Marks {
    let mut marks = Marks::new();
    paths.iter().for_each(|path| mark(path, &mut marks));
    marks
}

/// A file, or a folder with all that is in it.
fn mark(path: &Path, marks: &mut Marks) {
    let found = fs::metadata(path).ok();
    let look = found.as_ref().map(|found| {
        let (ino, size) = (found.ino().cast_signed(), found.size().cast_signed());
        [ino, size, i64::from(found.mode()), found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec()]
    });
    marks.push((path.to_owned(), look));
    if found.is_some_and(|found| found.is_dir()) {
        let mut inside: Vec<_> = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        inside.sort();
        inside.iter().for_each(|path| mark(path, marks));
    }
}
