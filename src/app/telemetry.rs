//! Logs: our own lines at the configured level, other crates' warnings only. A library's debug line could print a frame
//! of content, so no setting and no environment variable can turn those on.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer, Registry, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use super::config::{Format, Level, Log};

/// Begins to log to stderr. A second call changes nothing.
pub(super) fn start(log: &Log) {
    let ours = match log.level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    let targets = Targets::new().with_default(LevelFilter::WARN.min(ours)).with_target("homeward", ours);
    let lines = match log.format {
        Format::Text => fmt::layer().with_writer(std::io::stderr).with_ansi(false).boxed(),
        Format::Json => fmt::layer().with_writer(std::io::stderr).json().boxed(),
    };
    // Already logging: the first configuration stays.
    let _ = Registry::default().with(lines.with_filter(targets)).try_init();
}
