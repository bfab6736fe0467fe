//! Floor 0: what words mean and what is allowed. Pure functions over values; no I/O, no clock, no chance.

pub mod approval;
pub mod calendar;
pub mod carer_copy;
pub mod certificate;
pub mod classify;
pub mod clocks;
pub mod coaching;
pub mod code;
mod codes_interview;
pub mod contacts;
pub mod decision;
pub mod delivery;
pub mod directory;
pub mod dossier;
pub mod erasure;
pub mod expiry;
pub mod geography;
pub mod grading;
pub mod grants;
pub mod history;
pub mod identity;
pub mod lint;
mod number_words;
pub mod outcome;
pub mod paging;
pub mod period;
pub mod policy;
pub mod preview;
pub mod prompt;
pub mod proof;
pub mod queue;
pub mod reading;
pub mod redaction;
pub mod retraction;
pub mod routing;
pub mod stage;
pub mod submission;
pub mod text;
pub mod transfer;
pub mod unit;
pub mod validate;
pub mod vetting;
pub mod violation;

#[cfg(test)]
pub(crate) mod testing;
