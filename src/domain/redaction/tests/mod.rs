//! Redaction over whole texts and whole submissions, on the policy in the repository.

mod beside;
mod dictated;
mod disguised;
pub(super) mod fixture;
mod pieces;
mod plain;
mod points;
mod properties;
mod texts;
mod twice;
mod units;
