//! Floor 0: what words mean and what is allowed. Pure functions over values; no I/O, no clock, no chance.

pub mod code;
pub mod decision;
pub mod geography;
pub mod queue;
pub mod redaction;
pub mod stage;
pub mod submission;
pub mod text;
pub mod unit;
pub mod violation;
