//! Logs: our own lines at the configured level, other crates' warnings only. A library's debug line could print a frame
//! of content, so no setting and no environment variable can turn those on. A panic is told by its place alone, for its
//! words may quote what was being read.

use std::panic;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer, Registry, filter::Targets, fmt, layer::SubscriberExt, reload, util::SubscriberInitExt,
};

use super::{
    config::{Format, Level, Log},
    print,
};

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
    Targets::new().with_default(LevelFilter::WARN.min(ours)).with_target("homeward", ours)
}

/// Begins to log to stderr. A second call changes nothing.
pub(super) fn start(log: &Log) -> Dial {
    let (targets, handle) = reload::Layer::new(targets(log.level));
    let lines = match log.format {
        Format::Text => fmt::layer().with_writer(std::io::stderr).with_ansi(false).boxed(),
        Format::Json => fmt::layer().with_writer(std::io::stderr).json().boxed(),
    };
    // Already logging: the first configuration stays.
    let _ = Registry::default().with(lines.with_filter(targets)).try_init();
    Dial { handle, level: log.level }
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

    use super::*;

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
