//! The floor that speaks gRPC: TLS and sessions, generated messages and services, conversion, protobuf JSON.

mod allowance;
pub mod caller;
pub mod convert;
pub mod guards;
pub mod json;
mod json_faults;
mod json_once;
mod json_path;
mod line;
pub mod load;
pub mod offline;
pub mod peer;
pub mod profile;
pub mod received;
pub mod reminders;
mod revocations;
mod run;
pub mod serve;
pub mod services;
pub mod session;
mod shut;
pub mod status;
mod streaming;
mod taken;
mod timeout;
pub mod tls;

pub use run::{Ended, run, run_beside};
pub use streaming::PAGES_STREAM;

/// Messages of `homeward.v1`, generated from `proto/`. Named only on this floor.
#[allow(missing_docs, clippy::all, clippy::too_many_lines, reason = "generated; the contract's comments come with it")]
pub mod pb {
    include!(concat!(env!("OUT_DIR"), "/homeward.v1.rs"));
}

/// Service traits; requests arrive as [`received::Received`].
#[allow(missing_docs, clippy::all, clippy::too_many_lines, reason = "generated")]
pub mod server {
    include!(concat!(env!("OUT_DIR"), "/server/homeward.v1.ReferralService.rs"));
    include!(concat!(env!("OUT_DIR"), "/server/homeward.v1.QueueService.rs"));
    include!(concat!(env!("OUT_DIR"), "/server/homeward.v1.IdentityService.rs"));
    include!(concat!(env!("OUT_DIR"), "/server/homeward.v1.AdminService.rs"));
    include!(concat!(env!("OUT_DIR"), "/server/homeward.v1.AuditService.rs"));
}

/// Clients of the same services.
#[allow(missing_docs, clippy::all, clippy::too_many_lines, reason = "generated")]
pub mod client {
    include!(concat!(env!("OUT_DIR"), "/client/homeward.v1.ReferralService.rs"));
    include!(concat!(env!("OUT_DIR"), "/client/homeward.v1.QueueService.rs"));
    include!(concat!(env!("OUT_DIR"), "/client/homeward.v1.IdentityService.rs"));
    include!(concat!(env!("OUT_DIR"), "/client/homeward.v1.AdminService.rs"));
    include!(concat!(env!("OUT_DIR"), "/client/homeward.v1.AuditService.rs"));
}

/// The contract as a `FileDescriptorSet` with its imports and comments: for reflection and for protobuf JSON.
pub const DESCRIPTOR: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/contract.bin"));
