//! What operators watch: figures in the OpenMetrics text form, on an address of this machine alone. Labels come from
//! closed lists and from our own certificates; nothing in them is of a child, a person or a key.

use std::{collections::BTreeMap, fmt, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::SignedDuration;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text::encode},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};
use tokio::{net::TcpListener, sync::watch};

use super::{
    config::Metrics,
    failure::Failure,
    watched::{self, Counted},
};
use crate::{
    broker::Broker,
    domain::expiry,
    wire::{
        serve::Setup,
        session::Sessions,
        tls::{
            ServerTls,
            refusal::{Refusals, Why},
        },
    },
};

/// The media type of what is answered.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const DAY: f64 = 24.0 * 3600.0;
/// No labels.
const BARE: [(&str, &str); 0] = [];

/// Where figures come from.
#[derive(Clone)]
pub(super) struct Watched {
    broker: Arc<Broker>,
    tls: Arc<ServerTls>,
    sessions: Sessions,
    refusals: Arc<Refusals>,
}

impl Watched {
    /// A daemon's own.
    pub(super) fn new(broker: Arc<Broker>, setup: &Setup) -> Self {
        let (tls, sessions, refusals) = (setup.tls.clone(), setup.sessions.clone(), setup.refusals.clone());
        Self { broker, tls, sessions, refusals }
    }
}

/// The address to listen on.
///
/// # Errors
/// Exit 65: others could reach it, and there is no TLS.
pub(super) fn address(metrics: &Metrics) -> Result<SocketAddr, Failure> {
    let address = metrics.listen;
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(Failure::bad_data(format!(
        "metrics.listen is {address}: it has no TLS, so only an address of this machine will do"
    ))
    .advise("take 127.0.0.1, and let a collector on this machine fetch it"))
}

/// Answers `GET /metrics` until `closing`.
pub(super) async fn serve(listener: TcpListener, watched: Watched, mut closing: watch::Receiver<bool>) {
    let routes = Router::new().route("/metrics", get(answer)).with_state(watched);
    let stop = async move { _ = closing.wait_for(|closing| *closing).await };
    tokio::select! {
        // Whoever is still reading figures does not keep the house open.
        () = stop => {}
        Err(error) = async { axum::serve(listener, routes).await } => tracing::error!(%error, "metrics are no longer served"),
    }
}

async fn answer(State(watched): State<Watched>) -> Response {
    let counted = Counted::of(&watched.broker).await;
    let figures = Figures { writable: watched.broker.healthy().await, counted, watched };
    let mut registry = Registry::with_prefix("homeward");
    registry.register_collector(Box::new(figures));
    watched::register(&mut registry);
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => ([(CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        // Writing to a string fails only where a label could not be written.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// All figures as of one moment.
struct Figures {
    watched: Watched,
    writable: bool,
    counted: Option<Counted>,
}

impl fmt::Debug for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Figures")
    }
}

impl Collector for Figures {
    fn encode(&self, mut into: DescriptorEncoder<'_>) -> fmt::Result {
        let Watched { broker, tls, sessions, refusals } = &self.watched;
        let version = [([("version", env!("CARGO_PKG_VERSION"))], ConstGauge::new(1))];
        family(&mut into, "build_info", "The version that runs", version)?;
        family(
            &mut into,
            "writable",
            "1 while store and ledger can be written",
            [(BARE, ConstGauge::new(i64::from(self.writable)))],
        )?;
        let left = tls.left();
        let days = left.iter().map(|(what, left)| ([("certificate", what.as_str())], ConstGauge::new(days(*left))));
        family(&mut into, "certificate_days_left", "Days until our certificate or an authority runs out", days)?;
        if let Some(counted) = &self.counted {
            counted.encode(&mut into)?;
        }
        let live = sessions.live();
        family(&mut into, "connections", "Connections that are open", [(BARE, ConstGauge::new(count(live.len())))])?;
        let mut ending: BTreeMap<i64, i64> = expiry::DAYS.map(|days| (days, 0)).into();
        for due in live.iter().filter_map(|session| expiry::due(session.peer().not_after, broker.now())) {
            *ending.entry(due).or_default() += 1;
        }
        let ending: Vec<_> = ending.into_iter().map(|(days, those)| (days.to_string(), those)).collect();
        let ending = ending.iter().map(|(days, those)| ([("within_days", days.as_str())], ConstGauge::new(*those)));
        let help = "Open connections whose client certificate runs out within so many days, and not within fewer";
        family(&mut into, "client_certificates_ending", help, ending)?;
        let tainted = count(live.iter().filter(|session| session.is_tainted()).count());
        let help = "Open connections whose client certificate is to be renewed because its authority is tainted";
        family(&mut into, "client_certificates_tainted", help, [(BARE, ConstGauge::new(tainted))])?;
        let refused = Why::ALL.iter().map(|why| ([("reason", why.code())], ConstCounter::new(refusals.count(*why))));
        family(&mut into, "connections_refused", "Connections refused or cut", refused)?;
        let (provider, age, uses) = broker.outer_watched();
        let label = [("provider", provider.as_str())];
        let help = "Days since the key outside the store has been in use; another is due after 30";
        family(&mut into, "outer_key_age_days", help, [(label, ConstGauge::new(age.as_secs_f64() / DAY))])?;
        let help = "How often the key outside the store was asked to wrap or to unwrap";
        family(&mut into, "outer_key_uses", help, [(label, ConstCounter::new(uses))])?;
        let outbox = broker.outbox();
        let pages = [("waiting", outbox.waiting), ("failing", outbox.failing)]
            .map(|(state, pages)| ([("state", state)], ConstGauge::new(i64::try_from(pages).unwrap_or(i64::MAX))));
        family(
            &mut into,
            "pages",
            "Pages that reached nobody so far, and those of them for which an attempt failed",
            pages,
        )?;
        let age = outbox.oldest.map_or(0.0, |since| broker.now().duration_since(since).as_secs_f64().max(0.0));
        family(&mut into, "oldest_page_seconds", "Age of the oldest of those pages", [(BARE, ConstGauge::new(age))])?;
        let mut alarms: BTreeMap<String, i64> = BTreeMap::new();
        for alarm in broker.alarms().names() {
            // The name alone: what it is about is in the log.
            *alarms.entry(alarm.split(' ').next().unwrap_or_default().to_owned()).or_default() += 1;
        }
        let alarms = alarms.iter().map(|(alarm, on)| ([("alarm", alarm.as_str())], ConstGauge::new(*on)));
        family(&mut into, "alarms", "Alarms that are on; the log says what they are about", alarms)
    }
}

/// One figure, with each of its labels.
pub(super) fn family<L: EncodeLabelSet, M: EncodeMetric>(
    into: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    each: impl IntoIterator<Item = (L, M)>,
) -> fmt::Result {
    let mut each = each.into_iter().peekable();
    let Some((_, first)) = each.peek() else { return Ok(()) };
    let mut encoder = into.encode_descriptor(name, help, None, first.metric_type())?;
    for (labels, figure) in each {
        figure.encode(encoder.encode_family(&labels)?)?;
    }
    Ok(())
}

fn days(left: SignedDuration) -> f64 {
    left.as_secs_f64() / DAY
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_of_this_machine_will_do() {
        for (listen, possible) in
            [("127.0.0.1:9464", true), ("[::1]:1", true), ("0.0.0.0:9464", false), ("10.0.0.1:1", false)]
        {
            let told = address(&Metrics { listen: listen.parse().unwrap() });
            assert_eq!(told.is_ok(), possible, "{listen}");
        }
    }
}
