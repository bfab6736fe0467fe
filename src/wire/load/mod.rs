//! What a load generator drives: calls made ready beforehand, so that the client costs little, and what the same transport
//! could do at all (`echo`, `greet`).

mod calls;
mod echo;
mod greet;

use std::future::Future;

pub use calls::{Load, Prepared, Taken, lost};
pub use echo::{Echo, serve};
pub use greet::Greeter;

use super::caller::CallError;

/// A stream in both directions, one answer for each message in their order.
pub trait Stream: Send {
    /// Gives the next message to the transport; waits while it takes none.
    fn send(&mut self) -> impl Future<Output = Result<(), CallError>> + Send;
    /// The next answer.
    fn answer(&mut self) -> impl Future<Output = Result<(), CallError>> + Send;
}

#[allow(missing_docs, clippy::all, clippy::too_many_lines, reason = "generated")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/bench/homeward.bench.EchoService.rs"));
}
