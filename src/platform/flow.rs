//! Spans that may leave the house, for whoever follows a call through it: the steps of the work and how long each took. They have no
//! identity, no id of a record, no queue and no text, and never will: a collector is somebody else's machine.

/// The target of these spans, and of nothing else.
pub const FLOW: &str = "homeward::flow";
