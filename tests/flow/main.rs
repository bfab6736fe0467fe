//! The house from outside: councils and officers over real mutual TLS, each promise of the contract on the whole of it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "../support/house.rs"]
#[allow(dead_code, reason = "shared with the tests of the daemon")]
mod house;
#[path = "../support/person.rs"]
#[allow(dead_code, reason = "shared with the tests of the daemon")]
mod person;

/// What comes by itself is waited for so long. It says nothing of speed: a machine that does other things besides takes its time.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

mod abandoned;
mod accused;
mod accused_deciding;
mod accused_since;
mod ageing;
mod asked_on_hold;
mod asking;
mod browser;
mod carer;
mod certificates;
mod dead;
mod desk;
mod door;
mod erasure;
#[path = "../support/every.rs"]
mod every;
mod fuzz;
mod grading;
mod held;
mod hostile;
mod journey;
mod keys;
mod late;
mod limits;
mod matrix;
mod once;
mod onward;
mod opening;
mod order;
mod pages;
mod pages_above;
mod pages_admin;
mod pages_answering;
mod pages_council;
mod pages_first;
mod pages_form;
mod pages_hostile;
mod pages_live;
mod pages_refer;
mod pages_refused;
mod pages_roles;
mod paging;
mod policy;
mod preview;
mod prompting;
mod racing;
mod readings;
mod resume;
mod retention;
mod retracting;
mod rotation;
mod silent;
mod streams;
mod subject;
mod thieves;
mod transferring;
mod unlisted;
mod vetting;
