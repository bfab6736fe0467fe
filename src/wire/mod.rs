//! Wire.
pub mod guards;
pub mod peer;
pub mod profile;
pub mod received;
pub mod serve;
pub mod session;
pub mod status;
pub mod tls;
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
