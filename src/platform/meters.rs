//! What this process counts of its work: how long, how many, how often. Labels come from closed lists; nothing is of a child, a person or a key.

use std::sync::LazyLock;

use prometheus_client::metrics::{counter::Counter, family::Family, histogram::Histogram};

/// A label: its name, and a word of a closed list.
pub type Label = [(&'static str, &'static str); 1];

/// Ends of the ranges into which times are sorted, in seconds: from a fast disk to one that stands.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Ends of the ranges into which batches are sorted, in commands.
const COMMANDS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// The meters of this process, all of them since its start.
pub struct Meters {
    /// Submissions and corrections accepted, by class.
    pub accepted: Family<Label, Counter>,
    /// Calls refused to somebody who was let in, by reason.
    pub refused: Family<Label, Counter>,
    /// Deadlines that nobody met: each is an escalation (R25).
    pub missed: Counter,
    /// Views from which the last look took something out.
    pub degraded: Counter,
    /// Redacting one submission into all its views, in seconds.
    pub redaction: Histogram,
    /// Commands that were committed together.
    pub batch: Histogram,
    /// Making one batch durable, in seconds.
    pub commit: Histogram,
    /// Commands of the store whose batch is durable, by name.
    pub committed: Family<Label, Counter>,
    /// The same that were done again, for the database had taken the first transaction back; by name.
    pub again: Family<Label, Counter>,
    /// The syncs to disk of one batch, in seconds; of the embedded store alone.
    pub sync: Histogram,
}

/// The one set of them.
pub static METERS: LazyLock<Meters> = LazyLock::new(|| Meters {
    accepted: Family::default(),
    refused: Family::default(),
    missed: Counter::default(),
    degraded: Counter::default(),
    redaction: Histogram::new(SECONDS),
    batch: Histogram::new(COMMANDS),
    commit: Histogram::new(SECONDS),
    committed: Family::default(),
    again: Family::default(),
    sync: Histogram::new(SECONDS),
});

impl Meters {
    /// One more of what this label says.
    pub fn count(of: &Family<Label, Counter>, name: &'static str, word: &'static str) {
        of.get_or_create(&[(name, word)]).inc();
    }
}
