//! Signals: the end of the process (SIGTERM from the service manager, SIGINT from a terminal), and SIGHUP: read again.

use std::{future::Future, io};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Starts to listen for SIGTERM and SIGINT; the future is ready when the first of them comes.
///
/// # Errors
/// The operating system does not let us install the handlers.
pub fn shutdown_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Starts to listen for SIGHUP, by which a service manager asks a daemon to read its files again.
///
/// # Errors
/// The operating system does not let us install the handler.
pub fn hangups() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}
