//! From the wire to the house and back: `pb` messages to domain values with every fault named, decisions to `pb`.
//!
//! Reading never stops at the first fault. [`submission()`] reads all it can, names every field that is missing or invalid
//! by its path, and lets the caller add what validation finds, so that a sender hears everything at once.

mod audit;
mod certificate;
mod choice;
mod coaching;
mod decision;
mod delivery;
mod episode;
mod feedback;
mod interview;
mod item;
pub mod limits;
mod named;
mod policy;
mod preview;
mod prompt;
mod reader;
mod reasons;
mod refusal;
mod submission;
mod view;

#[cfg(test)]
mod tests;

pub use audit::ledger_entry;
pub use certificate::{certificate, proposal, revocation};
pub use choice::Choice;
pub use delivery::{MARKING, carer_copy, delivery, lease, opened, part, queue, wire_part};
pub use feedback::{destination, erasure, erasure_state, happening, receipt, referral};
pub use policy::{activation, checked_policy, kept_policy};
pub use preview::previewed;
pub use prompt::prompted;
pub use reader::{Fault, Reader, wire_span, wire_time};
pub use refusal::refusal;
pub use submission::submission;
pub use view::{field, view_of};
