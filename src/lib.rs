//! Homeward: a secure broker for intelligence that comes out of Return Home Interviews.
pub mod domain;
pub mod reference;
pub mod wire;
