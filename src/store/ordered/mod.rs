//! The commands and the questions of the store over ordered keys, whatever engine keeps those: sled in one directory, PostgreSQL
//! beyond one machine. A command changes keys within a batch and knows nothing of how the batch becomes durable.

pub(in crate::store) mod accept;
mod asked;
mod dead;
pub(in crate::store) mod deep;
mod engine;
mod handed;
mod holders;
pub(in crate::store) mod keys;
pub(in crate::store) mod late;
mod lease;
mod offers;
pub(in crate::store) mod pages;
pub(in crate::store) mod parts;
pub(in crate::store) mod prompts;
pub(in crate::store) mod prove;
pub(in crate::store) mod read;
mod retracted;
pub(in crate::store) mod rows;
pub(in crate::store) mod shelf;
mod store;
mod tally;
mod trace;
pub(in crate::store) mod transaction;
mod unsettled;
pub(in crate::store) mod view;

pub(in crate::store) use engine::{Command, Engine, Message, WAITING, gather};
pub use store::OrderedStore;
pub(in crate::store) use trace::Trace;
pub(in crate::store) use transaction::{Books, Transaction};
pub(in crate::store) use view::{Look, Pairs, Write};
