//! Homeward: a secure broker for intelligence that comes out of Return Home Interviews.
pub mod domain;
pub mod ledger;
pub mod pki;
pub mod platform;
pub mod reference;
pub mod sealing;
pub mod store;
pub mod reference;
pub mod wire;
