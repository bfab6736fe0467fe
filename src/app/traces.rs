//! Traces over OTLP: a span for each call, and below it one for each step of the work, in the caller's trace where it has one (W3C).

use std::net::IpAddr;

use axum::http::Uri;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracer, SdkTracerProvider},
};

use super::{config::Traces, failure::Failure};

/// What sends spans, until it is ended.
pub(super) struct Sending(SdkTracerProvider);

impl Sending {
    /// Begins; within a runtime.
    ///
    /// # Errors
    /// Exit 65: the collector is on another machine, or there is no such address.
    pub(super) fn begin(traces: &Traces) -> Result<Self, Failure> {
        let endpoint = here(&traces.endpoint)?;
        if !(0.0..=1.0).contains(&traces.share) {
            return Err(Failure::bad_data(format!("traces.share is {}: 0 to 1 is possible", traces.share)));
        }
        let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build();
        let exporter = exporter.map_err(|error| Failure::bad_data(format!("traces.endpoint: {error}")))?;
        opentelemetry::global::set_text_map_propagator(TraceContextPropagator::new());
        let resource = Resource::builder_empty().with_service_name("homeward").build();
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(traces.share)));
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_sampler(sampler);
        Ok(Self(provider.with_resource(resource).build()))
    }

    pub(super) fn tracer(&self) -> SdkTracer {
        self.0.tracer("homeward")
    }

    /// Sends what is left.
    pub(super) async fn end(self) {
        // It waits for the collector, and not for long.
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown()).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last spans did not reach the collector");
        }
    }
}

/// The address of a collector on this machine: it is spoken to without TLS.
fn here(endpoint: &str) -> Result<String, Failure> {
    let told = || {
        Failure::bad_data(format!(
            "traces.endpoint is {endpoint}: it has no TLS, so only an address of this machine will do"
        ))
        .advise("take http://127.0.0.1:4317, and let a collector on this machine send it on")
    };
    let uri: Uri = endpoint.parse().map_err(|_| told())?;
    let local = |host: &str| {
        host == "localhost"
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    };
    let sound = uri.scheme_str() == Some("http") && uri.host().is_some_and(local);
    if sound { Ok(endpoint.to_owned()) } else { Err(told()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_collector_on_this_machine_will_do() {
        for (endpoint, possible) in [
            ("http://127.0.0.1:4317", true),
            ("http://[::1]:4317", true),
            ("http://localhost:4317", true),
            ("http://10.0.0.1:4317", false),
            ("https://127.0.0.1:4317", false),
            ("http://collector.example:4317", false),
            ("127.0.0.1:4317", false),
        ] {
            assert_eq!(here(endpoint).is_ok(), possible, "{endpoint}");
        }
    }
}
