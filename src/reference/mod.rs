//! Floor 2: policy bytes to domain values. Decides nothing.

pub mod redaction;
