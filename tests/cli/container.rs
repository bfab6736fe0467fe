//! The container recipe and the compose file, word by word: no engine is at hand where tests run, so what is promised is read.

use std::{fs, path::Path};

fn deploy(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file)).unwrap()
}

#[test]
fn the_container_is_small_has_no_root_and_copies_what_there_is() {
    let recipe = deploy("Dockerfile");
    let (build, run) = recipe.split_once("FROM debian:bookworm-slim").unwrap();
    let minimum =
        include_str!("../../Cargo.toml").split("rust-version = \"").nth(1).unwrap().split('"').next().unwrap();
    let minor = |version: &str| version.split('.').nth(1).unwrap().parse::<u32>().unwrap();
    let image = build.split("FROM rust:").nth(1).unwrap().split('-').next().unwrap();
    assert!(minor(image) >= minor(minimum), "{image} is older than {minimum}");
    for line in build.lines().filter(|line| line.starts_with("COPY ")) {
        for from in line.split(' ').skip(1).take_while(|word| Some(*word) != line.rsplit(' ').next()) {
            assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(from).exists(), "{line}");
        }
    }
    // What the sources include from outside their folder is there while it is built.
    for (file, needle) in [
        ("src/desk/frame.rs", "desk.js"),
        ("src/app/demo/expect.rs", "tests/narratives"),
        ("src/app/config.rs", "deploy/homeward.example.toml"),
    ] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        assert!(text.contains(needle), "{file} has moved: look at what the recipe copies");
    }
    let user = run.lines().position(|line| line == "USER 10001").unwrap();
    let entry = run.lines().position(|line| line.starts_with("ENTRYPOINT [")).unwrap();
    assert!(user < entry && !run.contains("USER root") && !run.contains("apt-get"), "{run}");
    assert!(run.contains("STOPSIGNAL SIGTERM") && recipe.contains("--read-only --cap-drop ALL"));
}

#[test]
fn compose_keeps_the_broker_without_rights_and_the_database_off_the_network() {
    let compose = deploy("compose/compose.yaml");
    let (broker, database) = compose.split_once("\n  database:\n").unwrap();
    for words in [
        "read_only: true",
        "user: \"10001:10001\"",
        "cap_drop: [ALL]",
        "no-new-privileges:true",
        "core: 0",
        "condition: service_healthy",
        "/etc/homeward:ro",
    ] {
        assert!(broker.contains(words), "{words}");
    }
    for words in ["listen_addresses=\"", "fsync=on", "synchronous_commit=on", "scram-sha-256", "POSTGRES_PASSWORD_FILE"]
    {
        assert!(database.contains(words), "{words}");
    }
    let version = database.split("image: postgres:").nth(1).unwrap().split('-').next().unwrap();
    assert!(version.parse::<u32>().unwrap() >= 15, "{version}");
    assert!(
        !database.split("\nsecrets:").next().unwrap().contains("ports:"),
        "nobody reaches the database from outside"
    );
    assert!(!compose.contains("POSTGRES_PASSWORD:"), "no password is written in it");
}
