//! `homeward serve`: the daemon.

use tokio::net::TcpListener;

use super::{cli::ServeArgs, config::Config, failure::Failure, telemetry, wiring};
use crate::platform::shutdown::shutdown_signal;

pub(super) async fn run(args: &ServeArgs) -> Result<(), Failure> {
    let config = Config::load(&args.config)?;
    telemetry::start(&config.log);
    let stop = shutdown_signal().map_err(|error| Failure::other(format!("signals cannot be heard: {error}")))?;
    let daemon = wiring::daemon(&config).await?;
    let listener = TcpListener::bind(config.listen)
        .await
        .map_err(|error| Failure::unavailable(format!("{} cannot be listened on: {error}", config.listen)))?;
    let address = listener.local_addr().map_err(|error| Failure::other(error.to_string()))?;
    tracing::info!(%address, "serving");
    wiring::serve(listener, daemon, stop).await
}
