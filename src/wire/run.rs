//! The daemon on the wire: services, health and reflection over one listener.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic_health::{ServingStatus, server::HealthReporter};

use super::{
    DESCRIPTOR,
    revocations::Revocations,
    serve::{ServeError, Setup, serve},
    services::Services,
};
use crate::broker::Broker;

/// How often the daemon asks itself whether it can still write.
const HEALTH_EVERY: Duration = Duration::from_secs(2);

/// Why serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to.
    Asked,
    /// The store can no longer be written.
    StoreFailed,
}

/// Serves `broker` until `stop` is ready or its store fails, then drains.
pub async fn run(
    listener: TcpListener,
    broker: Arc<Broker>,
    setup: Setup,
    stop: impl Future<Output = ()>,
) -> Result<Ended, ServeError> {
    let (reporter, health) = tonic_health::server::health_reporter();
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTOR)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()
        .expect("the build wrote the descriptors");
    let services = Services::new(broker.clone(), setup.sessions.clone());
    let revocations = Revocations::new(broker.clone(), setup.sessions.clone());
    // Whoever was revoked while this replica was down must find the door shut.
    let mut stop = std::pin::pin!(stop);
    let looked = tokio::select! {
        looked = revocations.first_look() => looked,
        () = &mut stop => return Ok(Ended::Asked),
    };
    let Some(revocations) = looked else { return Ok(Ended::StoreFailed) };
    let routes = Routes::new(services.referral())
        .add_service(services.queue())
        .add_service(services.identity())
        .add_service(services.admin())
        .add_service(services.audit())
        .add_service(health)
        .add_service(reflection);
    let mut ended = Ended::Asked;
    let stopped = async {
        tokio::select! {
            () = &mut stop => tracing::info!("stopping"),
            () = watch_health(&broker, reporter) => ended = Ended::StoreFailed,
            () = revocations.keep() => {}
            () = broker.keep_policy() => {}
        }
    };
    serve(listener, routes, setup, stopped).await?;
    Ok(ended)
}

/// Serves further `routes` to the same peers until `stop` is ready: whoever was revoked finds this door shut, too.
///
/// # Errors
/// When the transport fails.
pub async fn run_beside(
    listener: TcpListener,
    broker: Arc<Broker>,
    setup: Setup,
    routes: Routes,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let mut stop = std::pin::pin!(stop);
    // The first listener ends with the store, and this one with it.
    let looked = tokio::select! {
        looked = Revocations::new(broker, setup.sessions.clone()).first_look() => looked,
        () = &mut stop => None,
    };
    match looked {
        Some(_) => serve(listener, routes, setup, stop).await,
        None => Ok(()),
    }
}

/// SERVING while store and ledger can be written. Returns when they no longer can, and never will without a new start.
async fn watch_health(broker: &Broker, reporter: HealthReporter) {
    let mut serving = None;
    loop {
        let healthy = broker.healthy().await;
        if serving.replace(healthy) != Some(healthy) {
            let status = if healthy { ServingStatus::Serving } else { ServingStatus::NotServing };
            reporter.set_service_status("", status).await;
            match healthy {
                true => tracing::info!("SERVING"),
                false => tracing::error!("NOT SERVING: the store cannot be written"),
            }
        }
        if !healthy && !broker.recovers() {
            break;
        }
        tokio::time::sleep(HEALTH_EVERY).await;
    }
    // Long enough for whoever watches the health to see it.
    tokio::time::sleep(HEALTH_EVERY).await;
}
