//! `homeward serve`: the daemon.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::{
    backup,
    cli::ServeArgs,
    config::Config,
    failure::Failure,
    metrics, telemetry,
    traces::Sending,
    wiring::{self, Doors},
};
use crate::platform::shutdown::{hangups, shutdown_signal};

pub(super) async fn run(args: &ServeArgs) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    let sending = config.traces.as_ref().map(Sending::begin).transpose()?;
    let mut dial = telemetry::start(&config.log, sending.as_ref());
    let deaf = |error| Failure::other(format!("signals cannot be heard: {error}"));
    let mut stop = Box::pin(shutdown_signal().map_err(deaf)?);
    let mut hangups = hangups().map_err(deaf)?;
    let daemon = tokio::select! {
        daemon = wiring::daemon(&config) => daemon?,
        // Whatever it waits for, a disk or a database: nobody is served yet, and a kill would be as good.
        () = &mut stop => {
            tracing::info!("stopped before it served");
            return Ok(());
        }
    };
    let (again, file) = (daemon.read_again(), args.config.clone());
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            match Config::load(&file) {
                Ok(config) => dial.turn(config.log.level),
                Err(failure) => {
                    tracing::warn!(why = failure.words(), "the configuration is not right; the log level stays")
                }
            }
            again.notify_one();
        }
    });
    let (listener, address) = bound(config.listen).await?;
    let watchers = match &config.metrics {
        Some(metrics) => {
            let (watchers, address) = bound(metrics::address(metrics)?).await?;
            tracing::info!(%address, "metrics");
            Some(watchers)
        }
        None => None,
    };
    let desk = match &config.desk {
        Some(desk) => {
            let (desk, address) = bound(desk.listen).await?;
            tracing::info!(%address, "pages");
            Some(desk)
        }
        None => None,
    };
    let backups = backup::Listening::begin(&config.store.path, daemon.broker());
    tracing::info!(%address, "serving");
    let ended = wiring::serve(Doors { listener, watchers, desk }, daemon, stop).await;
    backups.end();
    if let Some(sending) = sending {
        sending.end().await;
    }
    ended
}

/// A listener, and the address it really has.
async fn bound(address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| Failure::unavailable(format!("{address} cannot be listened on: {error}")))?;
    let address = listener.local_addr().map_err(|error| Failure::other(error.to_string()))?;
    Ok((listener, address))
}
