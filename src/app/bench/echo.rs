//! The hidden `bench echo`: the transport alone, as a process of its own.

use std::{path::Path, sync::Arc};

use tokio::net::TcpListener;

use crate::{
    app::{failure::Failure, print},
    domain::identity::TrustDomain,
    platform::SystemClock,
    wire::{
        load,
        tls::{ServerTls, TlsSettings},
    },
};

/// Behind this come the port of the echo and that of the bare handshakes.
pub(super) const READY: &str = "echoing on ";

/// Serves until it is ended.
pub(super) async fn run(folder: &Path, trust_domain: &str) -> Result<(), Failure> {
    let domain = TrustDomain::parse(trust_domain).map_err(|error| Failure::bad_data(error.to_string()))?;
    let settings = TlsSettings::new(folder.to_owned(), domain);
    let tls = ServerTls::load(settings, Arc::new(SystemClock));
    let tls = tls.map_err(|error| Failure::bad_data(error.to_string()))?;
    let (echoes, echoing) = bound().await?;
    let (handshakes, greeting) = bound().await?;
    print::problem(&format!("{READY}{echoing} {greeting}"));
    load::serve(echoes, handshakes, Arc::new(tls)).await.map_err(|error| Failure::other(error.to_string()))
}

async fn bound() -> Result<(TcpListener, u16), Failure> {
    let failed = |error: std::io::Error| Failure::unavailable(error.to_string());
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    Ok((listener, port))
}
