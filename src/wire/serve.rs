//! `serve`: the caller binds the listener and says when to stop; tests use port 0 and this very function.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};
use tonic::{async_trait, service::Routes, transport::Server};

use super::{
    allowance::Shares,
    guards::{Guard, Telling, status},
    reminders::Reminders,
    session::{Bounds, End, GrantEnd, Sessions},
    tls::{
        ServerTls,
        accept::{self, Door},
        addresses::Greetings,
        refusal::Refusals,
    },
};
use crate::{
    broker::{Broker, Error, Shown},
    platform::Clock,
};

/// What bounds the server. Times are of the machine's own timer, not of the clock on the wall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Handshakes at the same time; more are closed at once.
    pub handshakes: usize,
    /// Handshakes of one address at the same time; more are closed at once.
    pub handshakes_per_address: usize,
    /// Handshakes of one address in a second; more are closed at once.
    pub handshakes_per_second: u32,
    /// Time for a handshake.
    pub handshake_time: Duration,
    /// Connections at the same time; more are closed at once.
    pub connections: usize,
    /// Connections of one identity at the same time; more are closed at once.
    pub connections_per_identity: usize,
    /// Calls at the same time on one connection; more wait at the peer.
    pub calls_per_connection: u32,
    /// Calls of one identity being read or answered at the same time, over all its connections; more are refused. A
    /// stream counts while it begins; its messages count while they are worked on.
    pub calls_per_identity: usize,
    /// Calls of these, and messages of streams, that are worked on at the same time; the others wait unread, and the longer the
    /// line of all identities, the fewer of each may: more are refused.
    pub work_per_identity: usize,
    /// Streams of one identity open at the same time, over all its connections; more are refused.
    pub streams_per_identity: usize,
    /// Calls of one identity in a second, over all its connections; more are refused with the time to wait. A message of a
    /// stream counts as one, and waits in place of being refused.
    pub calls_per_second: u32,
    /// HTTP/2 frames of one identity in a second, over all its connections; with more the connection is cut.
    pub frames_per_second: u32,
    /// Bytes of one identity in a second, received and sent, over all its connections; more wait.
    pub bytes_per_second: u32,
    /// Calls of one connection that were begun and reset before we looked at them; with more it is cut (rapid reset).
    pub pending_resets: usize,
    /// Streams of one connection that we reset for its faults; with more it is cut.
    pub faulty_streams: usize,
    /// Size of all headers of a call, in bytes.
    pub header_bytes: u32,
    /// Time until an answer, or the first of several, begins; and on a stream from the first byte of a message to its last.
    pub answer_within: Duration,
    /// Time until the peer has read what it asked for; the connection of one that does not read is ended.
    pub read_within: Duration,
    /// Ping a quiet connection this often.
    pub keepalive: Duration,
    /// Close it when the ping is not answered within this.
    pub keepalive_timeout: Duration,
    /// At this age a connection takes no new calls.
    pub age: Duration,
    /// This much later its running calls are ended.
    pub age_grace: Duration,
    /// Between the status on ended streams and the end of the socket.
    pub end_grace: Duration,
    /// On shutdown: running calls may go on for this long.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshakes: 256,
            handshakes_per_address: 64,
            handshakes_per_second: 100,
            handshake_time: Duration::from_secs(5),
            connections: 4096,
            connections_per_identity: 64,
            calls_per_connection: 256,
            calls_per_identity: 512,
            work_per_identity: 32,
            streams_per_identity: 64,
            calls_per_second: 2000,
            frames_per_second: 20_000,
            bytes_per_second: 16 << 20,
            pending_resets: 20,
            faulty_streams: 128,
            header_bytes: 16 * 1024,
            answer_within: Duration::from_secs(60),
            read_within: Duration::from_secs(60),
            keepalive: Duration::from_secs(60),
            keepalive_timeout: Duration::from_secs(20),
            age: Duration::from_secs(4 * 3600),
            age_grace: Duration::from_secs(5 * 60),
            end_grace: Duration::from_millis(300),
            drain: Duration::from_secs(10),
        }
    }
}

/// Keeps the register of what our authority was asked to sign. No door is built without one.
#[async_trait]
pub trait Registrar: Send + Sync {
    /// Whether this very certificate is in the register, or no business of it.
    async fn lists(&self, shown: Shown<'_>) -> Result<bool, Error>;
}

#[async_trait]
impl Registrar for Broker {
    async fn lists(&self, shown: Shown<'_>) -> Result<bool, Error> {
        Broker::lists(self, shown).await
    }
}

/// What a server needs besides its listener and its routes.
#[derive(Clone)]
pub struct Setup {
    /// TLS.
    pub tls: Arc<ServerTls>,
    /// Says when certificates and grants end.
    pub clock: Arc<dyn Clock>,
    /// Live sessions; keep a clone to end some.
    pub sessions: Sessions,
    /// Counts of refused connections; keep a clone to show them.
    pub refusals: Arc<Refusals>,
    /// When grants end.
    pub grant_end: GrantEnd,
    /// Says which certificates our authority was asked to sign.
    pub register: Arc<dyn Registrar>,
    /// Whoever is in no register is not let in.
    pub only_listed: bool,
    /// How a refusal is told.
    pub tell: Telling,
    /// Bounds.
    pub limits: Limits,
}

impl Setup {
    /// The usual bounds, nobody connected, grants without an end.
    pub fn new(tls: Arc<ServerTls>, clock: Arc<dyn Clock>, register: Arc<dyn Registrar>) -> Self {
        Self {
            sessions: Sessions::behind(tls.shut().clone()),
            tls,
            clock,
            refusals: Arc::default(),
            grant_end: Arc::new(|_, _| None),
            register,
            only_listed: false,
            tell: status,
            limits: Limits::default(),
        }
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// The transport failed.
#[derive(Debug, thiserror::Error)]
#[error("serving ended: {0}")]
pub struct ServeError(#[from] tonic::transport::Error);

/// Serves `routes` over mutual TLS until `shutdown` is ready, then drains: no new connections, running calls may finish
/// within the drain time, what is left is ended with a status.
pub async fn serve(
    listener: TcpListener,
    routes: Routes,
    setup: Setup,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let limits = setup.limits.clone();
    let sessions = setup.sessions.clone();
    let incoming = accept::sessions(listener, door(&setup));
    let stopping = watch::Sender::new(false);
    let drained = async {
        let mut stopping = stopping.subscribe();
        // The sender lives as long as this function.
        let _ = stopping.wait_for(|stopping| *stopping).await;
        tokio::time::sleep(limits.drain).await;
        sessions.end_all(End::Draining);
        std::future::pending::<()>().await;
    };
    let signal = async {
        shutdown.await;
        stopping.send_replace(true);
    };
    let serving = Server::builder()
        .layer(Guard { clock: Arc::clone(&setup.clock), answer_within: limits.answer_within, tell: setup.tell })
        .max_concurrent_streams(limits.calls_per_connection)
        .http2_max_pending_accept_reset_streams(Some(limits.pending_resets))
        .http2_max_local_error_reset_streams(Some(limits.faulty_streams))
        .http2_max_header_list_size(limits.header_bytes)
        .http2_keepalive_interval(Some(limits.keepalive))
        .http2_keepalive_timeout(Some(limits.keepalive_timeout))
        // The transport says goodbye at this age and lets running calls finish; the session's own age ends those.
        .max_connection_age(limits.age)
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, signal);
    tokio::select! {
        served = serving => Ok(served?),
        () = drained => Ok(()),
    }
}

fn door(setup: &Setup) -> Door {
    let limits = &setup.limits;
    Door {
        tls: Arc::clone(&setup.tls),
        sessions: setup.sessions.clone(),
        refusals: Arc::clone(&setup.refusals),
        reminders: Reminders::default(),
        register: Arc::clone(&setup.register),
        only_listed: setup.only_listed,
        bounds: Bounds {
            clock: Arc::clone(&setup.clock),
            grant_end: Arc::clone(&setup.grant_end),
            age: limits.age.saturating_add(limits.age_grace),
            grace: limits.end_grace,
            per_identity: limits.connections_per_identity,
            shares: Shares {
                calls: limits.calls_per_identity,
                work: limits.work_per_identity,
                streams: limits.streams_per_identity,
                calls_per_second: limits.calls_per_second,
                frames_per_second: limits.frames_per_second,
                bytes_per_second: limits.bytes_per_second,
            },
            read_within: limits.read_within,
        },
        handshake_time: limits.handshake_time,
        handshakes: Arc::new(Semaphore::new(limits.handshakes)),
        per_address: Greetings { at_once: limits.handshakes_per_address, a_second: limits.handshakes_per_second },
        addresses: Arc::default(),
        connections: Arc::new(Semaphore::new(limits.connections)),
    }
}
