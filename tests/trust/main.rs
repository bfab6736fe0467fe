//! Who is let in and for how long, over real TLS on loopback (contract 3).

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests stand outside #[test] functions")]
#![expect(clippy::disallowed_methods, reason = "these tests measure how long the real server takes")]

#[path = "../support/town.rs"]
mod town;

mod calls;
mod door;
mod foreign;
mod frames;
mod handshake;
mod life;
