//! The bare limit of the transport: a service that answers with what it got, behind the same TLS and nothing else.

use std::{convert::Infallible, future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Request, Response, Status, Streaming,
    transport::{Channel, Server},
};

use super::{
    Stream,
    calls::lost,
    generated::{
        echo_service_client::EchoServiceClient,
        echo_service_server::{EchoService, EchoServiceServer},
    },
};
use crate::{
    platform::Clock,
    wire::{
        caller::{CallError, refused},
        profile::{Profile, ProfileError},
        serve::ServeError,
        tls::ServerTls,
    },
};

/// Answers calls on `echoes`, and on `handshakes` greets whoever came through the handshake and hangs up; until it is dropped.
///
/// # Errors
/// Where the transport failed.
pub async fn serve(echoes: TcpListener, handshakes: TcpListener, tls: Arc<ServerTls>) -> Result<(), ServeError> {
    let (into, incoming) = mpsc::channel(16);
    tokio::spawn(accept(echoes, Arc::clone(&tls), move |stream| {
        let into = into.clone();
        // Nobody takes it where the server has ended.
        async move { drop(into.send(Ok::<_, Infallible>(stream)).await) }
    }));
    tokio::spawn(accept(handshakes, tls, |mut stream: TlsStream<TcpStream>| async move {
        // Whoever hung up first has been greeted enough.
        if stream.write_all(b"!").await.is_ok() {
            let _ = stream.shutdown().await;
        }
    }));
    let server = Server::builder().add_service(EchoServiceServer::new(Echoing));
    Ok(server.serve_with_incoming(ReceiverStream::new(incoming)).await?)
}

/// Every connection that came through the handshake goes to `each`.
async fn accept<F>(
    listener: TcpListener,
    tls: Arc<ServerTls>,
    each: impl Fn(TlsStream<TcpStream>) -> F + Clone + Send + 'static,
) where
    F: Future<Output = ()> + Send,
{
    while let Ok((socket, _)) = listener.accept().await {
        let (acceptor, each) = (TlsAcceptor::from(tls.current()), each.clone());
        // Small answers must not wait for more.
        let _ = socket.set_nodelay(true);
        tokio::spawn(async move {
            if let Ok(stream) = acceptor.accept(socket).await {
                each(stream).await;
            }
        });
    }
}

struct Echoing;

#[tonic::async_trait]
impl EchoService for Echoing {
    type AllStream = Pin<Box<dyn tokio_stream::Stream<Item = Result<Bytes, Status>> + Send>>;

    async fn once(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn all(&self, request: Request<Streaming<Bytes>>) -> Result<Response<Self::AllStream>, Status> {
        Ok(Response::new(Box::pin(request.into_inner())))
    }
}

/// The echo over one connection. Clones share it.
#[derive(Clone)]
pub struct Echo(EchoServiceClient<Channel>);

impl Echo {
    /// Over a connection of its own.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn connect(profile: &Profile, clock: Arc<dyn Clock>) -> Result<Self, ProfileError> {
        Ok(Self(EchoServiceClient::new(profile.connect(clock).await?)))
    }

    /// One call.
    ///
    /// # Errors
    /// Where it was not answered.
    pub async fn once(&mut self, message: Bytes) -> Result<(), CallError> {
        self.0.once(message).await.map(drop).map_err(|status| refused(&status))
    }

    /// A stream of `message`; so many may be on their way.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn all(&mut self, message: Bytes, window: usize) -> Result<impl Stream + use<>, CallError> {
        let (sender, receiver) = mpsc::channel(window.max(1));
        let answers = self.0.all(ReceiverStream::new(receiver)).await.map_err(|status| refused(&status))?;
        Ok(EchoStream { message, sender, answers: answers.into_inner() })
    }
}

struct EchoStream {
    message: Bytes,
    sender: mpsc::Sender<Bytes>,
    answers: Streaming<Bytes>,
}

impl Stream for EchoStream {
    async fn send(&mut self) -> Result<(), CallError> {
        // Where the stream has ended, the answer says why.
        let _ = self.sender.send(self.message.clone()).await;
        Ok(())
    }

    async fn answer(&mut self) -> Result<(), CallError> {
        let answer = self.answers.message().await.map_err(|status| refused(&status))?;
        answer.map(drop).ok_or_else(|| lost("the stream ended"))
    }
}
