//! `homeward serve`: the daemon.

use tokio::net::TcpListener;

use super::{cli::ServeArgs, config::Config, failure::Failure, telemetry, wiring};
use crate::platform::shutdown::{hangups, shutdown_signal};

pub(super) async fn run(args: &ServeArgs) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    telemetry::start(&config.log);
    let deaf = |error| Failure::other(format!("signals cannot be heard: {error}"));
    let stop = shutdown_signal().map_err(deaf)?;
    let mut hangups = hangups().map_err(deaf)?;
    let daemon = wiring::daemon(&config).await?;
    let again = daemon.read_again();
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            again.notify_one();
        }
    });
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| Failure::unavailable(format!("{} cannot be listened on: {error}", config.listen)))?;
    let address = listener.local_addr().map_err(|error| Failure::other(error.to_string()))?;
    tracing::info!(%address, "serving");
    wiring::serve(listener, daemon, stop).await
}
