//! Fuzz target: `bodies::policy`.

#![no_main]

mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::policy(bytes));
