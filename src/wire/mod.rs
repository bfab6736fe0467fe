//! Wire.
pub mod received;
/// Generated messages.
#[allow(missing_docs)]
pub mod pb {
    include!(concat!(env!("OUT_DIR"), "/homeward.v1.rs"));
}
/// Server.
#[allow(missing_docs, clippy::all)]
pub mod server {
    include!(concat!(env!("OUT_DIR"), "/server/homeward.v1.IdentityService.rs"));
}
/// Client.
#[allow(missing_docs, clippy::all)]
pub mod client {
    include!(concat!(env!("OUT_DIR"), "/client/homeward.v1.IdentityService.rs"));
}
