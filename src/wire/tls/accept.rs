//! From a listener to sessions: every handshake in its own task, bounded in number and in time; never in the loop that
//! accepts.

use std::{
    convert::Infallible,
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
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
    addresses::{Addresses, Greetings},
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
        session::{Bounds, End, Entered, Session, Sessions, Visitor},
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
    let config = door.tls.current();
    let accepting = TlsAcceptor::from(Arc::clone(&config)).accept(socket);
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
            if !door.tls.still_lets_in(&config, session.chain()) {
                session.end(End::Revoked);
            }
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
