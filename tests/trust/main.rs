//! Who is let in and for how long, over real TLS on loopback (contract 3).

#[path = "../support/town.rs"]
mod town;

mod calls;
mod door;
mod handshake;
mod life;
