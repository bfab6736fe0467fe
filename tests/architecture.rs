//! The floors and invariants of the house, held as data and checked on the tokens of every source file, macro bodies
//! and attributes included. A failure is an English sentence that says what to do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, fs};

#[path = "support/tokens.rs"]
mod tokens;

use tokens::{Source, root, sources};

/// One room: its folder, its floor, and the crates it may name from outside.
struct Room {
    folder: &'static str,
    floor: u8,
    crates: &'static [&'static str],
}

/// The house. A room imports only rooms on floors below it; crates not listed are not named there.
const HOUSE: &[Room] = &[
    Room {
        folder: "domain",
        floor: 0,
        crates: &[
            "thiserror",
            "zeroize",
            "regex",
            "aho_corasick",
            "unicode_normalization",
            "unicode_segmentation",
            "jiff",
            // Identifiers as values: parsing and printing only, no generator is compiled in.
            "uuid",
        ],
    },
    Room {
        folder: "platform",
        floor: 1,
        crates: &[
            "ring",
            "tokio",
            "jiff",
            "zeroize",
            "thiserror",
            "async_trait",
            "uuid",
            "rustix",
            // What is counted of the work.
            "prometheus_client",
        ],
    },
    Room { folder: "reference", floor: 2, crates: &["serde", "toml", "jiff", "thiserror"] },
    Room { folder: "sealing", floor: 2, crates: &["ring", "zeroize", "prost", "thiserror", "hex", "uuid", "pkcs8"] },
    Room { folder: "ledger", floor: 2, crates: &["ring", "prost", "jiff", "thiserror", "uuid", "hex", "base64"] },
    Room {
        folder: "pki",
        floor: 2,
        crates: &[
            "rcgen",
            "x509_parser",
            "pkcs8",
            "p12_keystore",
            "jiff",
            "thiserror",
            "serde",
            "serde_json",
            "hex",
            "zeroize",
            "ring",
        ],
    },
    Room { folder: "token", floor: 3, crates: &["cryptoki", "ring", "zeroize", "thiserror", "hex"] },
    Room {
        folder: "store",
        floor: 3,
        crates: &[
            "sled",
            "tokio_postgres",
            "tokio_postgres_rustls",
            "deadpool_postgres",
            "rustls",
            "prost",
            "tokio",
            "tracing",
            "thiserror",
            "jiff",
            "uuid",
            "async_trait",
            "ring",
            "hex",
            "zeroize",
        ],
    },
    Room {
        folder: "broker",
        floor: 4,
        crates: &["tokio", "tracing", "jiff", "thiserror", "uuid", "ring", "hex", "prost", "zeroize", "async_trait"],
    },
    Room {
        folder: "wire",
        floor: 5,
        crates: &[
            "tonic",
            "tonic_prost",
            "tonic_types",
            "tonic_health",
            "tonic_reflection",
            "prost",
            "prost_types",
            "prost_reflect",
            "tower",
            "governor",
            "http",
            "http_body",
            // The caller's trace, in which our spans are.
            "opentelemetry",
            "tracing_opentelemetry",
            // A message that nobody will read is taken off the connection.
            "http_body_util",
            "bytes",
            "rustls",
            "tokio_rustls",
            "x509_parser",
            "tokio",
            "tokio_stream",
            "tracing",
            "thiserror",
            "jiff",
            "uuid",
            "hex",
            "ring",
            // The JSON form: a visitor that refuses a field stated twice.
            "serde",
            "serde_json",
            "async_trait",
            "zeroize",
        ],
    },
    Room {
        folder: "paging",
        floor: 5,
        crates: &[
            "tokio",
            "serde_json",
            "async_trait",
            "rustix",
            "thiserror",
            "uuid",
            "hyper",
            "hyper_util",
            "http_body_util",
            "http",
            "rustls",
            "tokio_rustls",
            "rustls_native_certs",
            "lettre",
            "zeroize",
        ],
    },
    Room {
        folder: "desk",
        floor: 6,
        crates: &[
            "axum",
            "maud",
            "http",
            "tonic",
            "tonic_types",
            "prost",
            "prost_types",
            "ring",
            "hex",
            "uuid",
            "jiff",
            "serde",
            // The form of a submission is the JSON form of the contract, field by field.
            "serde_json",
            // A certificate to download stands in the page itself: nothing of it is kept.
            "base64",
            // Counts that follow what happens: a stream, and its beat.
            "tokio",
            "tokio_stream",
        ],
    },
    Room {
        folder: "app",
        floor: 7,
        crates: &[
            "clap",
            "clap_complete",
            "clap_mangen",
            "serde",
            "serde_json",
            "toml",
            "tokio",
            "tokio_stream",
            "tracing",
            "tracing_subscriber",
            "thiserror",
            "jiff",
            "uuid",
            "tempfile",
            "hex",
            "zeroize",
            // Traces for a collector.
            "opentelemetry",
            "opentelemetry_sdk",
            "opentelemetry_otlp",
            "tracing_opentelemetry",
            // Progress bars.
            "indicatif",
            // What operators watch.
            "prometheus_client",
            "axum",
            // A passphrase typed unseen.
            "rpassword",
            // What the redaction benchmark holds itself against.
            "aho_corasick",
        ],
    },
];

/// Rooms that may not be named although they lie below: who, whom, why.
const CLOSED_DOORS: &[(&str, &str, &str)] = &[
    ("wire", "store", "the wire speaks to the broker; only the broker keeps things"),
    ("wire", "sealing", "the wire never holds a key; the broker opens under a permit"),
    ("store", "sealing", "a store never opens a seal"),
    ("broker", "token", "the broker asks a provider of keys, wherever it is kept"),
    ("wire", "token", "the wire never holds a key"),
    ("paging", "store", "a hook is told of a page by the broker, and of nothing else"),
    ("paging", "sealing", "nothing sealed is in a page"),
    ("paging", "token", "nothing sealed is in a page"),
    ("broker", "pki", "pki makes certificates; it is never called to accept, deliver or verify"),
    ("store", "pki", "pki makes certificates; it is never called to accept, deliver or verify"),
];

/// Unit tests that read the real data rather than a copy of it: file, what it may name besides, why.
const TEST_DATA: &[(&str, &str, &str)] = &[
    ("src/domain/testing.rs", "reference", "unit tests of the domain judge by the real reference data"),
    ("src/wire/convert/tests.rs", "toml", "the narratives' expectations are TOML"),
];

/// Parts of std that the domain may not touch.
const NOT_IN_DOMAIN: &[&str] = &["fs", "net", "env", "thread", "process", "time", "io"];

/// Words (token sequences) that only the named files may use, and why.
const ONLY_IN: &[(&[&str], &[&str], &str)] = &[
    (
        &["wire", ":", ":", "pb"],
        &["src/wire/", "src/desk/"],
        "generated homeward.v1 types are named only in wire/, and by the pages, which make the same calls",
    ),
    (&["Status", ":", ":"], &["src/wire/status.rs"], "only wire/status.rs makes a tonic::Status"),
    (&["store", ":", ":", "sled"], &["src/store/", "src/app/wiring.rs"], "only app/wiring.rs names an engine"),
    (
        &["PostgresStore"],
        &["src/store/postgres", "src/app/database.rs"],
        "only app/wiring.rs names an engine, and app/database.rs the one that brokers share",
    ),
    (
        &["SledStore"],
        &["src/store/sled", "src/store/mod.rs", "src/app/wiring.rs"],
        "only app/wiring.rs names an engine",
    ),
    (&["todo", "!"], &[], "nothing unfinished is left in the tree"),
    (&["unimplemented", "!"], &[], "nothing unfinished is left in the tree"),
];

const MOST_LINES: usize = 400;

#[test]
fn every_room_names_only_what_lies_below_it() {
    let mut sentences = Vec::new();
    for file in sources() {
        let Some(room) = room_of(&file) else { continue };
        for path in file.paths() {
            sentences.extend(judge(&file, room, &path));
        }
    }
    finish(sentences);
}

#[test]
fn words_that_belong_to_one_room_stay_there() {
    let mut sentences = Vec::new();
    for file in sources() {
        for (words, homes, why) in ONLY_IN {
            let at_home = homes.iter().any(|home| file.name.starts_with(home));
            if !at_home && file.flat.windows(words.len()).any(|window| window == *words) {
                sentences.push(format!("{} says `{}`: {why}.", file.name, words.concat()));
            }
        }
    }
    finish(sentences);
}

#[test]
fn every_file_says_what_it_is_for_and_stays_small() {
    let mut sentences = Vec::new();
    for file in sources() {
        if !file.text.starts_with("//!") {
            sentences.push(format!("{} must begin with `//!` and what the room is for.", file.name));
        }
        let lines = file.text.lines().count();
        if lines > MOST_LINES {
            sentences.push(format!("{} has {lines} lines; at most {MOST_LINES}: split it by idea.", file.name));
        }
    }
    finish(sentences);
}

#[test]
fn every_folder_of_the_source_is_a_room_of_the_house() {
    let rooms: BTreeSet<&str> = HOUSE.iter().map(|room| room.folder).collect();
    let mut sentences = Vec::new();
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let known = rooms.contains(name.as_str()) || ["lib.rs", "main.rs", "README.md"].contains(&name.as_str());
        if !known {
            sentences.push(format!("src/{name} is not a room of the house: add it to the table with its floor."));
        }
    }
    finish(sentences);
}

#[test]
fn no_private_key_is_in_the_tree() {
    let tracked = std::process::Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    // Put together here, so that this file holds none.
    let marks = ["", "EC ", "RSA ", "ENCRYPTED "].map(|kind| format!("BEGIN {kind}PRIVATE {}", "KEY"));
    let mut sentences = Vec::new();
    for name in tracked.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let name = String::from_utf8(name.to_vec()).unwrap();
        let Ok(bytes) = fs::read(root().join(&name)) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        if marks.iter().any(|mark| text.contains(mark)) {
            sentences.push(format!("{name} holds a private key: no key is ever committed."));
        }
    }
    finish(sentences);
}

#[test]
fn the_check_sees_through_macros_groups_and_super() {
    let text =
        "//! x\nuse crate::{domain::a, store::{b, c}};\nfn f() { vec![super::super::wire::d(), sled::open()] }\n";
    let file = Source::read("src/broker/intake.rs", text.to_owned());
    let paths = file.paths();
    for expected in [vec!["crate", "domain"], vec!["crate", "store"], vec!["crate", "wire"], vec!["sled", "open"]] {
        assert!(paths.iter().any(|path| path.starts_with(&expected.map_to_strings())), "{expected:?} in {paths:?}");
    }
    let broker = HOUSE.iter().find(|room| room.folder == "broker").unwrap();
    assert!(paths.iter().any(|path| judge(&file, broker, path).is_some_and(|why| why.contains("wire"))));
    assert!(paths.iter().any(|path| judge(&file, broker, path).is_some_and(|why| why.contains("`sled`"))));
}

/// What is wrong with one path in one file, if anything.
fn judge(file: &Source, room: &Room, path: &[String]) -> Option<String> {
    let (first, second) = (path.first()?.as_str(), path.get(1).map_or("", String::as_str));
    if TEST_DATA.iter().any(|(name, what, _)| *name == file.name && (*what == first || *what == second)) {
        return None;
    }
    if first == "crate" {
        let other = HOUSE.iter().find(|other| other.folder == second)?;
        if let Some((.., why)) = CLOSED_DOORS.iter().find(|(who, whom, _)| *who == room.folder && *whom == second) {
            return Some(format!("{} names {second}: {why}.", file.name));
        }
        let allowed = other.folder == room.folder || other.floor < room.floor;
        return (!allowed).then(|| {
            format!(
                "{} is on floor {} and names {second} on floor {}: a floor imports only floors below it.",
                file.name, room.floor, other.floor
            )
        });
    }
    if first == "std" && room.folder == "domain" && NOT_IN_DOMAIN.contains(&second) {
        return Some(format!("{} names std::{second}: the domain is pure functions over values.", file.name));
    }
    // Scratch folders, in unit tests of any room.
    let scratch = first == "tempfile";
    let foreign = !scratch && dependencies().contains(first);
    (foreign && !room.crates.contains(&first))
        .then(|| format!("{} names the crate `{first}`, which {} may not.", file.name, room.folder))
}

/// The room a file lies in.
fn room_of(file: &Source) -> Option<&'static Room> {
    let folder = file.name.strip_prefix("src/")?.split('/').next()?;
    HOUSE.iter().find(|room| room.folder == folder)
}

fn dependencies() -> BTreeSet<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = manifest.split("\n[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    section
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim().replace('-', "_"))
        .collect()
}

fn finish(sentences: Vec<String>) {
    assert!(sentences.is_empty(), "\n{}\n", sentences.join("\n"));
}

/// For the self-test: string slices as owned strings.
trait MapToStrings {
    fn map_to_strings(&self) -> Vec<String>;
}

impl MapToStrings for Vec<&str> {
    fn map_to_strings(&self) -> Vec<String> {
        self.iter().map(|part| (*part).to_owned()).collect()
    }
}
