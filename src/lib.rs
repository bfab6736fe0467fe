//! Homeward: a secure broker for intelligence that comes out of Return Home Interviews.
//!
//! Floors, lowest first; a floor imports only floors below it (`tests/architecture.rs` holds the table):
//!
//! | floor | room | holds |
//! |---|---|---|
//! | 0 | [`domain`] | what words mean and what is allowed: pure functions over values |
//! | 1 | [`platform`] | the doors of time, chance, secret files and shutdown |
//! | 2 | [`mod@reference`], [`sealing`], [`ledger`], [`pki`] | policy data, sealed units, ledger entries, certificates |
//! | 3 | [`store`] | `trait Store` and its engines |
//! | 3 | [`token`] | a key in a PKCS#11 device |
//! | 4 | [`broker`] | the flow: judge, intake, dispatch, opening, feedback, caretaker |
//! | 5 | [`wire`] | gRPC over mutual TLS, conversion, protobuf JSON |
//! | 5 | [`paging`] | how a page leaves the house |
//! | 6 | [`desk`] | pages for officers, over the same door and calls |
//! | roof | [`app`] | the command tree, configuration, wiring |

pub mod app;
pub mod broker;
pub mod desk;
pub mod domain;
pub mod ledger;
pub mod paging;
pub mod pki;
pub mod platform;
pub mod reference;
pub mod sealing;
pub mod store;
pub mod token;
pub mod wire;
