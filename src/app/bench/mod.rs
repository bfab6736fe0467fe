//! `homeward bench`: how fast, and how far from what this machine could do at all. It measures; no test waits for it.

mod redact;
mod texts;

use super::{cli::BenchCommand, failure::Failure};

pub(super) fn run(command: &BenchCommand) -> Result<(), Failure> {
    match command {
        BenchCommand::Redact(args) => redact::run(args),
    }
}
