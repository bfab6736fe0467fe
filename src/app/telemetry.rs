//! Logs: our own lines at the configured level, other crates' warnings only. A library's debug line could print a frame
//! of content, so no setting and no environment variable can turn those on. A panic is told by its place alone, for its
//! words may quote what was being read.

use std::panic;

use tracing::{Dispatch, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer, Registry,
    filter::{Targets, filter_fn},
    fmt,
    layer::SubscriberExt,
    reload,
    util::SubscriberInitExt,
};

use super::{
    config::{Format, Level, Log},
    print,
    traces::Sending,
};
use crate::platform::flow::FLOW;

/// Changes how much is logged, while it runs.
pub(super) struct Dial {
    handle: reload::Handle<Targets, Registry>,
    level: Level,
}

impl Dial {
    /// From now on at this level; says so, where it is another.
    pub(super) fn turn(&mut self, level: Level) {
        if level == self.level {
            return;
        }
        let (before, louder) = (self.level, ours(level) > ours(self.level));
        let say = || tracing::warn!(?before, now = ?level, "log level changed");
        // By whichever of the two levels says more: at "error" nobody would see it.
        if !louder {
            say();
        }
        if self.handle.reload(targets(level)).is_ok() {
            self.level = level;
        }
        if louder {
            say();
        }
    }
}

fn ours(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}

fn targets(level: Level) -> Targets {
    let ours = ours(level);
    Targets::new()
        .with_default(LevelFilter::WARN.min(ours))
        .with_target("homeward", ours)
        .with_target(FLOW, LevelFilter::OFF)
}

/// Begins to log to stderr, and to trace what may leave the house where that is to be sent. A second call changes nothing.
pub(super) fn start(log: &Log, sending: Option<&Sending>) -> Dial {
    let (layers, dial) = layers(log, sending);
    // Already logging: the first configuration stays.
    let _ = layers.try_init();
    dial
}

fn layers(log: &Log, sending: Option<&Sending>) -> (Dispatch, Dial) {
    let (targets, handle) = reload::Layer::new(targets(log.level));
    let lines = match log.format {
        Format::Text => fmt::layer().with_writer(std::io::stderr).with_ansi(false).boxed(),
        Format::Json => fmt::layer().with_writer(std::io::stderr).json().boxed(),
    };
    let lines = Registry::default().with(lines.with_filter(targets));
    let layers = match sending {
        // Not a layer that is not there: with that each callsite would be asked about anew, each time.
        None => Dispatch::new(lines),
        Some(sending) => {
            let spans = tracing_opentelemetry::layer().with_tracer(sending.tracer()).with_target(false);
            let spans = spans.with_location(false).with_threads(false).with_tracked_inactivity(false);
            // No line of the log becomes part of a span: it may name a person.
            let ours = filter_fn(|what| what.is_span() && what.target() == FLOW);
            Dispatch::new(lines.with(spans.with_filter(ours.with_max_level_hint(LevelFilter::INFO))))
        }
    };
    (layers, Dial { handle, level: log.level })
}

/// From now on a panic is told by its place, through the log where there is one.
pub(super) fn hush_panics() {
    tell_panics(
        |line| if tracing::dispatcher::has_been_set() { tracing::error!("{line}") } else { print::problem(line) },
    );
}

/// Rust's own line would say `byte index 1 is not a char boundary; it is inside 'é' of …`, and then the whole text.
fn tell_panics(tell: fn(&str)) {
    panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tell(&format!("homeward: a fault of ours at {place}: please report it with this line"));
    }));
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tracing::{dispatcher::with_default, info_span};

    use super::*;
    use crate::app::config::Traces;

    #[tokio::test]
    async fn spans_for_a_collector_cost_nothing_without_one_and_never_follow_the_level_of_the_log() {
        let enabled = || (!info_span!(target: FLOW, "step").is_disabled(), tracing::enabled!(tracing::Level::DEBUG));
        let log = Log { level: Level::Warn, format: Format::Text };
        // Gone before the next one: a callsite is asked about once where all there are say the same of it.
        {
            let (alone, mut dial) = layers(&log, None);
            with_default(&alone, || {
                assert_eq!(enabled(), (false, false));
                dial.turn(Level::Trace);
                assert_eq!(enabled(), (false, true));
            });
        }
        let traces = Traces { endpoint: "http://127.0.0.1:9".to_owned(), share: 0.0 };
        let sending = Sending::begin(&traces).unwrap();
        let (both, mut dial) = layers(&log, Some(&sending));
        with_default(&both, || {
            assert_eq!(enabled(), (true, false));
            dial.turn(Level::Debug);
            assert_eq!(enabled(), (true, true));
            dial.turn(Level::Error);
            assert_eq!(enabled(), (true, false));
        });
        sending.end().await;
    }

    static TOLD: Mutex<String> = Mutex::new(String::new());

    #[test]
    fn a_panic_is_told_by_its_place_and_never_quotes_a_text() {
        tell_panics(|line| TOLD.lock().unwrap().push_str(line));
        let text = String::from("\u{e9} MARKER");
        let cut = panic::catch_unwind(|| text[1..].len());
        let _ = panic::take_hook();
        let told = TOLD.lock().unwrap();
        assert!(cut.is_err() && told.contains("telemetry.rs") && !told.contains("MARKER"), "{told}");
    }
}
