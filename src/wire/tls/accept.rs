//! From a listener to sessions: every handshake in its own task, bounded in number and in time; never in the loop that
//! accepts.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use rustls::pki_types::CertificateDer;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::Instant,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use super::{
    ServerTls,
    frames::Frames,
    pacing::Pacing,
    refusal::{Refusal, Refusals, Why},
};
use crate::{
    broker::Shown,
    ledger::sha256,
    wire::{
        peer,
        reminders::Reminders,
        serve::Registrar,
        session::{Bounds, Entered, Session, Sessions, Visitor},
    },
};

/// Everything a new connection meets.
pub(in crate::wire) struct Door {
    pub(in crate::wire) tls: Arc<ServerTls>,
    pub(in crate::wire) sessions: Sessions,
    pub(in crate::wire) refusals: Arc<Refusals>,
    pub(in crate::wire) reminders: Reminders,
    /// Says which certificates our authority was asked to sign.
    pub(in crate::wire) register: Arc<dyn Registrar>,
    /// Whoever is in no register is not let in.
    pub(in crate::wire) only_listed: bool,
    pub(in crate::wire) bounds: Bounds,
    pub(in crate::wire) handshake_time: Duration,
    pub(in crate::wire) handshakes: Arc<Semaphore>,
    pub(in crate::wire) per_address: Greetings,
    pub(in crate::wire) addresses: Arc<Addresses>,
    pub(in crate::wire) connections: Arc<Semaphore>,
}

/// What one address may have of handshakes.
#[derive(Debug, Clone, Copy)]
pub(in crate::wire) struct Greetings {
    /// At the same time.
    pub(in crate::wire) at_once: usize,
    /// In a second, as many at once after a rest. Not below one.
    pub(in crate::wire) a_second: u32,
}

/// Handshakes by address: silent sockets of one stranger must not keep everybody else out, nor may one who comes again and again
/// take the processors from those who are here.
#[derive(Debug, Default)]
pub(in crate::wire) struct Addresses(Mutex<BTreeMap<IpAddr, Own>>);

/// Those of one address.
#[derive(Debug, Clone, Copy)]
struct Own {
    going_on: usize,
    /// Until then it has had what it may have: never further ahead than a second.
    spent_until: Instant,
}

/// So many addresses are remembered before those that have rested are forgotten.
const REMEMBERED: usize = 1024;

impl Addresses {
    /// Room for one more handshake of `address` at `now`, until it is dropped.
    fn enter(self: &Arc<Self>, address: IpAddr, most: Greetings, now: Instant) -> Option<Greeted> {
        let address = network(address);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.retain(|_, own| own.going_on > 0 || own.spent_until > now);
        }
        let own = known.entry(address).or_insert(Own { going_on: 0, spent_until: now });
        let spent_until = own.spent_until.max(now) + Duration::from_secs(1) / most.a_second.max(1);
        if own.going_on >= most.at_once || spent_until > now + Duration::from_secs(1) {
            return None;
        }
        *own = Own { going_on: own.going_on + 1, spent_until };
        Some(Greeted { address, addresses: Arc::clone(self) })
    }
}

/// Whoever has one address of version 6 has 2^64 of them: what counts is the network, its first 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() >> 64 << 64).into()),
        address => address,
    }
}

/// A handshake that is counted.
struct Greeted {
    address: IpAddr,
    addresses: Arc<Addresses>,
}

impl Drop for Greeted {
    fn drop(&mut self) {
        let mut known = self.addresses.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = known.get_mut(&self.address) {
            own.going_on = own.going_on.saturating_sub(1);
        }
    }
}

/// Starts to accept; the stream yields sessions that passed the door. Dropping the stream closes the listener.
pub(in crate::wire) fn sessions(listener: TcpListener, door: Door) -> ReceiverStream<Result<SessionIo, Infallible>> {
    let (into, out) = mpsc::channel(16);
    tokio::spawn(accept(listener, Arc::new(door), into));
    ReceiverStream::new(out)
}

/// Longest wait for a polite end.
const FAREWELL: Duration = Duration::from_millis(200);

/// After a failed accept (no file descriptors left, say) wait a little, or the loop would spin.
const PAUSE: Duration = Duration::from_millis(50);

async fn accept(listener: TcpListener, door: Arc<Door>, into: mpsc::Sender<Result<SessionIo, Infallible>>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = into.closed() => return,
        };
        match accepted {
            Ok((socket, remote)) => admit(socket, remote, &door, &into),
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Starts a handshake if there is room for one more; otherwise closes at once.
fn admit(socket: TcpStream, remote: SocketAddr, door: &Arc<Door>, into: &mpsc::Sender<Result<SessionIo, Infallible>>) {
    let greeted = door.addresses.enter(remote.ip(), door.per_address, Instant::now());
    let handshake = Arc::clone(&door.handshakes).try_acquire_owned();
    let connection = Arc::clone(&door.connections).try_acquire_owned();
    let (Some(greeted), Ok(handshake), Ok(connection)) = (greeted, handshake, connection) else {
        door.refusals.note(Why::Busy, remote, door.tls.clock().now());
        return;
    };
    let (door, into) = (Arc::clone(door), into.clone());
    tokio::spawn(async move {
        let met = meet(socket, remote, &door, connection).await;
        drop((greeted, handshake));
        match met {
            // The server is going down when nobody receives; the session ends with its socket.
            Ok(session) => _ = into.send(Ok(session)).await,
            Err(refusal) => door.refusals.note(refusal, remote, door.tls.clock().now()),
        }
    });
}

/// The handshake, and who it is.
async fn meet(
    socket: TcpStream,
    remote: SocketAddr,
    door: &Door,
    connection: OwnedSemaphorePermit,
) -> Result<SessionIo, Refusal> {
    // Small answers must not wait for more.
    let _ = socket.set_nodelay(true);
    let accepting = TlsAcceptor::from(door.tls.current()).accept(socket);
    let stream = match tokio::time::timeout(door.handshake_time, accepting).await {
        Ok(accepted) => accepted.map_err(|error| Refusal::of(&error))?,
        Err(_) => return Err(Why::TimedOut.into()),
    };
    let tls = stream.get_ref().1;
    if tls.alpn_protocol() != Some(b"h2") {
        return Err(Why::Incompatible.into());
    }
    let chain: Vec<_> =
        tls.peer_certificates().unwrap_or_default().iter().map(|der| der.clone().into_owned()).collect();
    match door.admitted(chain, remote).await {
        Ok(entered) => {
            let session = &entered.session;
            door.reminders.met(session.peer(), session.is_tainted(), door.tls.clock().now());
            Ok(SessionIo::new(stream, entered, connection, door))
        }
        Err(why) => {
            close(stream).await;
            Err(why.into())
        }
    }
}

impl Door {
    /// Who has passed the handshake with these certificates, if the door is not shut to them.
    async fn admitted(&self, chain: Vec<CertificateDer<'static>>, remote: SocketAddr) -> Result<Entered, Why> {
        let leaf = chain.first().ok_or(Why::NoCertificate)?;
        let mut peer = peer::read(leaf, self.tls.trust_domain())?;
        let (serials, fingerprint) = (self.tls.hangs_on(&chain), sha256(&[leaf]));
        if self.tls.shut().holds(&serials) {
            return Err(Why::Revoked);
        }
        let listed = self.register.lists(Shown { peer: &peer, fingerprint, hangs_on: &serials }).await;
        // Where the store cannot say, it is taken for one that is in no register.
        peer.unlisted = !listed.unwrap_or_default();
        if peer.unlisted && (self.only_listed || self.sessions.taints(&serials)) {
            return Err(Why::Unlisted);
        }
        self.sessions.enter(Visitor { peer, chain, serials, remote }, &self.bounds).ok_or(Why::Busy)
    }
}

/// Ends the TLS of somebody whom the handshake let in and we do not, without a word why.
async fn close(mut stream: TlsStream<TcpStream>) {
    // Who does not take the farewell is closed all the same.
    let _ = tokio::time::timeout(FAREWELL, stream.shutdown()).await;
}

/// The bytes of one session. Reads and writes fail once the session is over, which closes the connection.
pub(in crate::wire) struct SessionIo {
    stream: TlsStream<TcpStream>,
    entered: Entered,
    over: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    frames: Frames,
    received: Pacing,
    sent: Pacing,
    refusals: Arc<Refusals>,
    tls: Arc<ServerTls>,
    _connection: OwnedSemaphorePermit,
}

impl SessionIo {
    fn new(stream: TlsStream<TcpStream>, entered: Entered, connection: OwnedSemaphorePermit, door: &Door) -> Self {
        let session = Arc::clone(&entered.session);
        let over: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move { session.over().await });
        let (refusals, tls) = (Arc::clone(&door.refusals), Arc::clone(&door.tls));
        let (received, sent) = (Pacing::default(), Pacing::default());
        let (over, frames) = (Some(over), Frames::new());
        Self { stream, entered, over, frames, received, sent, refusals, tls, _connection: connection }
    }

    /// Notes that more frames came than may.
    fn flooded(&self) -> io::Error {
        let session = &self.entered.session;
        let claims = Some(session.peer().identity.as_str().into());
        self.refusals.note(Refusal { why: Why::Flooding, claims }, session.remote(), self.tls.clock().now());
        io::ErrorKind::ConnectionAborted.into()
    }

    /// Fails when the session is over, else arranges to be woken then.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if self.over.as_mut().is_some_and(|over| over.as_mut().poll(context).is_ready()) {
            self.over = None;
        }
        match self.over {
            Some(_) => Ok(()),
            None => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}

impl Connected for SessionIo {
    type ConnectInfo = Arc<Session>;

    fn connect_info(&self) -> Self::ConnectInfo {
        Arc::clone(&self.entered.session)
    }
}

impl AsyncRead for SessionIo {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(cx)?;
        let this = &mut *self;
        ready!(this.received.poll_paid(cx, &this.entered.session));
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let come = buf.filled().get(before..).unwrap_or_default();
        this.received.owe(come.len());
        let come = this.frames.count(come);
        if self.entered.session.takes(come) { Poll::Ready(Ok(())) } else { Poll::Ready(Err(self.flooded())) }
    }
}

impl AsyncWrite for SessionIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let this = &mut *self;
        ready!(this.sent.poll_paid(cx, &this.entered.session));
        let sent = ready!(Pin::new(&mut this.stream).poll_write(cx, bytes))?;
        this.sent.owe(sent);
        Poll::Ready(Ok(sent))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A peer that does not read must not keep the session open.
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_of_version_6_counts_as_one_address_and_one_of_version_4_however_it_is_written() {
        let of = |address: &str| network(address.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("::ffff:192.0.2.1"), of("::ffff:192.0.2.2"));
        let (addresses, most) = (Arc::new(Addresses::default()), Greetings { at_once: 1, a_second: 100 });
        let met = |address: &str| addresses.enter(address.parse().unwrap(), most, Instant::now());
        let first = met("2001:db8:1:2::1").unwrap();
        assert!(met("2001:db8:1:2::2").is_none() && met("2001:db8:1:3::1").is_some());
        drop(first);
        assert!(met("2001:db8:1:2::2").is_some());
    }

    #[test]
    fn one_address_has_so_many_handshakes_at_once_and_in_a_second_and_others_are_met_all_the_same() {
        let addresses = Arc::new(Addresses::default());
        let [one, other] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        let most = Greetings { at_once: 2, a_second: 4 };
        let start = Instant::now();
        let met = |address, milliseconds| addresses.enter(address, most, start + Duration::from_millis(milliseconds));
        let both = [met(one, 0).unwrap(), met(one, 0).unwrap()];
        assert!(met(one, 0).is_none(), "two at once");
        drop(both);
        drop([met(one, 0).unwrap(), met(one, 0).unwrap()]);
        assert!(met(one, 0).is_none() && met(one, 249).is_none(), "four in a second");
        assert!(met(other, 249).is_some());
        drop(met(one, 250).unwrap());
        assert!(met(one, 250).is_none());
        for address in 0..=u16::MAX / 16 {
            let [high, low] = address.to_be_bytes();
            drop(met(IpAddr::from([203, 0, high, low]), 260).unwrap());
        }
        assert!(met(one, 260).is_none(), "nobody is forgotten before it has rested");
        drop(met(other, 5000).unwrap());
        assert!(addresses.0.lock().unwrap().len() <= 2, "and everybody after that");
    }
}
