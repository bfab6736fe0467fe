//! Live sessions, by certificate: each ends at `notAfter`, at the end of a grant, at revocation, at its age or when the
//! server drains; first a status on its streams, then, after a short grace, the socket.

mod end;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};

pub use end::End;

use super::{
    allowance::{Allowance, REFILLED, Shares},
    line::Crowd,
    shut::Shut,
    status::Refused,
    taken::Waiting,
};
use crate::{
    domain::identity::{Identity, Peer},
    platform::Clock,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Live,
    Ending(End),
    /// The socket is to be closed, or is.
    Over(End),
}

/// Who comes: by which verified certificates, from where.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// What the leaf says.
    pub peer: Peer,
    /// The certificates as they were shown, the leaf first: to be judged again when authorities or revocation lists change.
    pub chain: Vec<CertificateDer<'static>>,
    /// Serial numbers of all that the leaf hangs on, its own too: also of authorities of ours that were not shown.
    pub serials: Vec<String>,
    /// Address of the other end.
    pub remote: SocketAddr,
}

/// One connection of one peer.
#[derive(Debug)]
pub struct Session {
    id: u64,
    visitor: Visitor,
    phase: watch::Sender<Phase>,
    /// The policy has changed: when the grants of this peer end must be asked again.
    regranted: Notify,
    /// Shared by all sessions of the identity.
    allowance: Arc<Allowance>,
    /// Answers that the peer has not read yet.
    waiting: Arc<Waiting>,
    /// An authority of its chain is tainted: the certificate is to be renewed.
    tainted: AtomicBool,
}

impl Session {
    /// Who, by which certificate.
    pub fn peer(&self) -> &Peer {
        &self.visitor.peer
    }

    /// Address of the other end.
    pub fn remote(&self) -> SocketAddr {
        self.visitor.remote
    }

    /// The certificates as they were shown, the leaf first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.visitor.chain
    }

    /// Whether it hangs on the certificate with this serial number: its own, or one above it, shown or not.
    pub fn hangs_on(&self, serial: &str) -> bool {
        self.visitor.serials.iter().any(|one| one == serial)
    }

    /// True where the authority that signed its certificate is tainted: still accepted, to be renewed now.
    pub fn is_tainted(&self) -> bool {
        self.tainted.load(Ordering::Relaxed)
    }

    /// Checked on every call: is the session live and the certificate still valid?
    pub fn check(&self, now: Timestamp) -> Result<(), Refused> {
        if !self.peer().is_current(now) {
            self.end(End::Expired);
        }
        match *self.phase.borrow() {
            Phase::Live => Ok(()),
            Phase::Ending(why) | Phase::Over(why) => Err(why.refused()),
        }
    }

    /// What this identity may send, and keep us busy with, over all its connections.
    pub(super) fn allowance(&self) -> &Allowance {
        &self.allowance
    }

    /// Room for one more message of a stream of this identity, until it is dropped; waits where a call would be refused.
    pub(super) async fn turn(&self) -> [OwnedSemaphorePermit; 2] {
        self.allowance.wait().await
    }

    /// Whether so many more frames of this identity may come now.
    pub(super) fn takes(&self, frames: u32) -> bool {
        self.allowance.takes(frames)
    }

    /// Pays for so many bytes of this identity.
    ///
    /// # Errors
    /// How long to wait before asking again.
    pub(super) fn pay(&self, bytes: usize) -> Result<(), Duration> {
        self.allowance.pay(bytes)
    }

    /// The answers that wait for the peer.
    pub(super) fn waiting(&self) -> &Arc<Waiting> {
        &self.waiting
    }

    /// Ends the session; the first reason stays.
    pub fn end(&self, why: End) {
        self.phase.send_if_modified(|phase| {
            let live = *phase == Phase::Live;
            if live {
                *phase = Phase::Ending(why);
            }
            live
        });
    }

    /// Ready when the session ends, with the reason.
    pub async fn ended(&self) -> End {
        self.reached(|phase| match phase {
            Phase::Live => None,
            Phase::Ending(why) | Phase::Over(why) => Some(why),
        })
        .await
    }

    /// Ready when the socket must go.
    pub(super) async fn over(&self) {
        self.reached(|phase| matches!(phase, Phase::Over(_)).then_some(())).await;
    }

    fn close(&self, why: End) {
        self.phase.send_if_modified(|phase| {
            let open = !matches!(phase, Phase::Over(_));
            if open {
                *phase = Phase::Over(match *phase {
                    Phase::Ending(first) => first,
                    Phase::Live | Phase::Over(_) => why,
                });
            }
            open
        });
    }

    async fn reached<T>(&self, read: impl Fn(Phase) -> Option<T>) -> T {
        let mut phase = self.phase.subscribe();
        loop {
            if let Some(value) = read(*phase.borrow_and_update()) {
                return value;
            }
            // The sender is in `self`, so a change can always come.
            let _ = phase.changed().await;
        }
    }
}

/// The next moment at which the policy lets this peer do less, if any. Asked when a connection begins and when grants change.
pub type GrantEnd = Arc<dyn Fn(&Peer, Timestamp) -> Option<Timestamp> + Send + Sync>;

/// What limits every session.
#[derive(Clone)]
pub struct Bounds {
    /// Says when certificates and grants end.
    pub clock: Arc<dyn Clock>,
    /// When grants end.
    pub grant_end: GrantEnd,
    /// Longest life of a connection.
    pub age: Duration,
    /// Between the status on the streams and the end of the socket.
    pub grace: Duration,
    /// Most connections of one identity at the same time.
    pub per_identity: usize,
    /// What one identity may do over all its connections.
    pub shares: Shares,
    /// Longest time until the peer has read what it asked for.
    pub read_within: Duration,
}

/// The registry of live sessions. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Sessions {
    registry: Arc<Mutex<Registry>>,
    shut: Shut,
}

#[derive(Debug, Default)]
struct Registry {
    next: u64,
    live: BTreeMap<u64, Arc<Session>>,
    /// What each identity may still do. Remembered past the end of its last session until all of it may be done again:
    /// to leave and come back gains nothing.
    allowances: BTreeMap<Identity, Weak<Allowance>>,
    /// Of how many of them calls wait.
    crowd: Crowd,
    /// Serial numbers of tainted authorities.
    tainted: BTreeSet<String>,
}

impl Sessions {
    /// An empty register behind a door.
    pub fn behind(shut: Shut) -> Self {
        Self { registry: Arc::default(), shut }
    }

    /// Registers a session and watches over it until it is over. None where the identity has too many already.
    pub(super) fn enter(&self, visitor: Visitor, bounds: &Bounds) -> Option<Entered> {
        let session = self.with(|registry| {
            let identity = &visitor.peer.identity;
            let own = registry.live.values().filter(|session| session.peer().identity == *identity);
            if own.count() >= bounds.per_identity {
                return None;
            }
            let known = registry.allowances.get(identity).and_then(Weak::upgrade);
            let allowance = known
                .unwrap_or_else(|| Arc::new(Allowance::new(identity.clone(), bounds.shares, registry.crowd.clone())));
            registry.allowances.insert(identity.clone(), Arc::downgrade(&allowance));
            let id = registry.next;
            registry.next += 1;
            let phase = watch::Sender::new(Phase::Live);
            let tainted = visitor.serials.iter().any(|serial| registry.tainted.contains(serial));
            let (regranted, waiting, tainted) = (Notify::new(), Arc::default(), AtomicBool::new(tainted));
            let session = Arc::new(Session { id, visitor, phase, regranted, allowance, waiting, tainted });
            registry.live.insert(id, Arc::clone(&session));
            Some(session)
        })?;
        // Shut while they were at the door: whoever shuts it ends whom it finds on the register.
        if self.shut.holds(&session.visitor.serials) {
            session.end(End::Revoked);
        } else if session.is_tainted() && session.peer().unlisted {
            session.end(End::Unlisted);
        }
        tokio::spawn(keep(Arc::clone(&session), bounds.clone(), self.clone()));
        Some(Entered { session, registry: self.clone() })
    }

    /// Shuts the door to the certificate with this serial number, for good, and to everybody whom it signed, and ends their
    /// sessions; says whose they were.
    pub fn revoke(&self, serial: &str) -> Vec<Peer> {
        self.shut.add(serial);
        self.end_those(|session| session.hangs_on(serial), End::Revoked)
    }

    /// An authority is tainted: whoever comes with a certificate that it signed is told to renew, and so are those who are
    /// here already; says how many. Whoever of them is not in its register is out.
    pub fn taint(&self, serial: &str) -> usize {
        let told = self.with(|registry| {
            registry.tainted.insert(serial.to_owned());
            let hang = registry.live.values().filter(|session| session.hangs_on(serial));
            hang.filter(|one| !one.tainted.swap(true, Ordering::Relaxed)).count()
        });
        self.end_where(|session| session.hangs_on(serial) && session.peer().unlisted, End::Unlisted);
        told
    }

    /// Whether the certificate of this session is let in no longer, also where the session had ended before.
    pub(super) fn is_revoked(&self, session: &Session) -> bool {
        let ended = matches!(
            *session.phase.borrow(),
            Phase::Ending(End::Revoked | End::Unlisted) | Phase::Over(End::Revoked | End::Unlisted)
        );
        ended || self.shut.holds(&session.visitor.serials)
    }

    /// Whether one of these serial numbers is a tainted authority's.
    pub(super) fn taints(&self, serials: &[String]) -> bool {
        self.with(|registry| serials.iter().any(|serial| registry.tainted.contains(serial)))
    }

    /// The policy has changed: ends the sessions of peers who have lost something by it, and asks anew when the grants of
    /// the others end. Says how many were ended.
    pub fn regranted(&self, has_lost: impl Fn(&Peer) -> bool) -> usize {
        self.live().iter().for_each(|session| session.regranted.notify_one());
        self.end_where(|session| has_lost(session.peer()), End::GrantEnded)
    }

    /// Ends all of them; says how many.
    pub fn end_all(&self, why: End) -> usize {
        self.end_where(|_| true, why)
    }

    /// The live ones, oldest first.
    pub fn live(&self) -> Vec<Arc<Session>> {
        self.with(|registry| registry.live.values().cloned().collect())
    }

    /// Ends those for which it holds; says how many.
    fn end_where(&self, which: impl Fn(&Session) -> bool, why: End) -> usize {
        self.end_those(which, why).len()
    }

    /// Ends these; whose they were.
    pub(super) fn end_those(&self, which: impl Fn(&Session) -> bool, why: End) -> Vec<Peer> {
        let chosen: Vec<_> = self.live().into_iter().filter(|session| which(session)).collect();
        chosen.iter().for_each(|session| session.end(why));
        chosen.iter().map(|session| session.peer().clone()).collect()
    }

    /// Forgets what an identity may still do, unless a session of it remembers.
    fn forget(&self, identity: &Identity) {
        self.with(|registry| {
            if registry.allowances.get(identity).is_some_and(|allowance| allowance.strong_count() == 0) {
                registry.allowances.remove(identity);
            }
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut Registry) -> T) -> T {
        // Nothing panics while it is held; were it so, the map is whole at every step.
        work(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A registered session; dropping it, with its socket, takes it off the register.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) session: Arc<Session>,
    registry: Sessions,
}

impl Drop for Entered {
    fn drop(&mut self) {
        // The peer left: nobody hears the reason, the watcher only needs to know that it is over.
        self.session.close(End::Age);
        self.registry.with(|registry| registry.live.remove(&self.session.id));
    }
}

/// Watches over one session: ends it when it must end, closes it a grace later, and remembers what it used up.
async fn keep(session: Arc<Session>, bounds: Bounds, registry: Sessions) {
    let clock = bounds.clock.as_ref();
    let grant_ended = async {
        loop {
            let end = (bounds.grant_end)(session.peer(), clock.now());
            let over = async {
                match end {
                    Some(moment) => clock.sleep_until(moment).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = over => return,
                () = session.regranted.notified() => {}
            }
        }
    };
    let why = tokio::select! {
        why = session.ended() => why,
        () = clock.sleep_until(session.peer().ends()) => End::Expired,
        () = grant_ended => End::GrantEnded,
        () = session.waiting.too_long(bounds.read_within) => End::NotReading,
        () = tokio::time::sleep(bounds.age) => End::Age,
    };
    session.end(why);
    tokio::select! {
        () = session.over() => {}
        () = tokio::time::sleep(bounds.grace) => session.close(why),
    }
    session.over().await;
    tokio::time::sleep(REFILLED).await;
    let identity = session.peer().identity.clone();
    drop(session);
    registry.forget(&identity);
}

#[cfg(test)]
mod tests;
