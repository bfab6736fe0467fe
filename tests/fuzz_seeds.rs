//! The fuzz targets' seeds and finds, run again: what was found once stays found. New inputs are looked for by
//! `cargo fuzz` (`tests/fuzz/README.md`).

#![expect(clippy::unwrap_used, reason = "helpers of tests stand outside #[test] functions")]
use std::{fs, path::Path};

#[path = "fuzz/bodies.rs"]
mod bodies;

#[test]
fn intake_stands_every_seed() {
    each_seed("intake", bodies::intake);
}

#[test]
fn redaction_stands_every_seed() {
    each_seed("redaction", bodies::redaction);
}

#[test]
fn policy_loading_stands_every_seed() {
    each_seed("policy", bodies::policy);
}

/// A narrative is a seed of intake besides the ones that are kept.
#[test]
fn intake_stands_the_narratives() {
    for number in 1..=8 {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/narratives/n{number}.json"));
        bodies::intake(&fs::read(file).unwrap());
    }
}

fn each_seed(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds").join(target);
    let mut run = 0;
    for entry in fs::read_dir(folder).unwrap() {
        body(&fs::read(entry.unwrap().path()).unwrap());
        run += 1;
    }
    assert!(run > 0, "no seed of {target}");
}
