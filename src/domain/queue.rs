//! Queues: where deliveries wait for the people who act on them (domain 5.4).

use std::fmt;

/// A queue's name, `KIND.suffix`: `MPU.SE`, `REFDESK.NA`, `MASH.E09000023`, `ALLOC.…`, `EDT.…`, `FORCE.E23000028`,
/// `FORCE.BTP`, `HOLD.human`. Kinds are reference data, so this is a checked string, not an enum.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId(String);

impl QueueId {
    /// Reads `KIND.suffix`: an upper-case kind, a dot, and 1 to 40 characters of `[A-Za-z0-9_-]`.
    pub fn parse(name: &str) -> Option<Self> {
        let (kind, suffix) = name.split_once('.')?;
        let kind_ok = !kind.is_empty() && kind.len() <= 16 && kind.bytes().all(|b| b.is_ascii_uppercase());
        let suffix_ok = (1..=40).contains(&suffix.len())
            && suffix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        (kind_ok && suffix_ok).then(|| Self(name.to_owned()))
    }

    /// The queue of `kind` for `suffix`; both come from reference data, which is checked at load.
    pub fn of(kind: &str, suffix: &str) -> Self {
        Self(format!("{kind}.{suffix}"))
    }

    /// The queue for what cannot be decided (R24).
    pub fn hold() -> Self {
        Self::of("HOLD", "human")
    }

    /// The part before the dot.
    pub fn kind(&self) -> &str {
        self.0.split_once('.').map_or(self.0.as_str(), |(kind, _)| kind)
    }

    /// The part after the dot.
    pub fn suffix(&self) -> &str {
        self.0.split_once('.').map_or("", |(_, suffix)| suffix)
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
