//! The real binary: what it leaves on disk and in its log, what survives kill -9, and clients of another language.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod brokers;
#[path = "../support/daemon.rs"]
#[allow(dead_code, reason = "shared with the tests of custody")]
mod daemon;
mod ending;
#[path = "../support/every.rs"]
#[allow(dead_code, reason = "shared with the tests of the flow")]
mod every;
#[path = "../support/foreign.rs"]
mod foreign;
mod handshakes;
#[path = "../support/house.rs"]
#[allow(dead_code, reason = "shared with the tests of the flow")]
mod house;
mod kill;
mod late;
mod leak;
mod metrics;
mod overload;
mod paging;
mod paging_away;
mod panels;
#[path = "../support/person.rs"]
#[allow(dead_code, reason = "shared with the tests of the flow")]
mod person;
#[path = "../disk/preloaded.rs"]
#[allow(dead_code, reason = "shared with the tests of the disk")]
mod preloaded;
mod python;
mod refusals;
mod reload;
mod revoked;
mod rewrap;
mod root;
mod scan;
mod starting;
mod traces;
