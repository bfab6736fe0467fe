//! A new connection as clients make it: TCP, TLS with a client certificate, the first bytes of the server, goodbye.

use std::{io, sync::Arc};

use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::wire::{profile::Profile, tls::TlsError};

/// What every HTTP/2 client says first, with empty settings.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Makes connections. Clones share the profile.
#[derive(Clone)]
pub struct Greeter {
    connector: TlsConnector,
    host: ServerName<'static>,
    address: String,
}

impl Greeter {
    /// With a profile, to its server.
    ///
    /// # Errors
    /// Where the profile cannot do TLS.
    pub fn new(profile: &Profile) -> Result<Self, TlsError> {
        let address = profile.endpoint().trim_start_matches("https://").trim_end_matches('/').to_owned();
        let address = if address.contains(':') { address } else { format!("{address}:443") };
        let host = address.rsplit_once(':').map_or("", |(host, _)| host).to_owned();
        let host = ServerName::try_from(host).map_err(|error| TlsError::Config(error.to_string()))?;
        Ok(Self { connector: TlsConnector::from(Arc::new(profile.handshake()?)), host, address })
    }

    /// One connection. In TLS 1.3 a client is done before the server has looked at its certificate: so it counts when the
    /// server has said something.
    ///
    /// # Errors
    /// Where it was refused or lost.
    pub async fn greet(&self) -> io::Result<()> {
        let socket = TcpStream::connect(&self.address).await?;
        socket.set_nodelay(true)?;
        let mut stream = self.connector.connect(self.host.clone(), socket).await?;
        stream.write_all(PREFACE).await?;
        stream.read_u8().await?;
        // The other side may have hung up already.
        let _ = stream.shutdown().await;
        Ok(())
    }
}
