//! The real binary on a disk that forgets what was not synced, that refuses, and whose files rot; under a clock that is set. What its
//! clients were told is the judge: nothing acknowledged is missing or doubled, damage is named, and never served.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops at the first surprise and says so"
)]

mod clock;
#[path = "../support/daemon.rs"]
#[allow(dead_code, reason = "shared with the tests of the daemon")]
mod daemon;
#[path = "../support/foreign.rs"]
#[allow(dead_code, reason = "shared with the tests of the daemon")]
mod foreign;
#[path = "../support/house.rs"]
#[allow(dead_code, reason = "shared with the tests of the flow")]
mod house;
mod image;
mod load;
#[path = "../support/person.rs"]
#[allow(dead_code, reason = "shared with the tests of the flow")]
mod person;
mod power;
mod preloaded;
mod refusing;
mod rot;

/// A number from the environment, or as it is in every run.
fn asked(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

/// Chance from a seed (splitmix64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }
}
