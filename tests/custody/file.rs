//! The key in a file: under a passphrase from a file or a credential, or as it is.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};

use crate::{Daemon, WORDS, homeward, put, read, submitted};

/// Checks that a start was refused with 65, for these reasons, and that no secret was said.
#[track_caller]
fn refused(daemon: &Daemon, words: &[&str]) {
    let (code, said) = daemon.refuses();
    assert_eq!(code, 65, "{said}");
    for word in words {
        assert!(said.contains(word), "it does not say {word:?}: {said}");
    }
    assert!(!said.contains("MARKER"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_file_under_a_passphrase_opens_with_it_alone() {
    let mut daemon = Daemon::prepared("");
    daemon.keys("file = \"data/keyring\"\npassphrase_file = \"words\"");
    let words = daemon.folder("words");
    put(&words, WORDS, 0o600);
    daemon.restart().await;
    let made = fs::read_to_string(daemon.folder("data/keyring")).unwrap();
    assert!(made.starts_with("-----BEGIN ENCRYPTED"), "{made}");
    let submitted = submitted(&daemon).await;
    daemon.stop();

    put(&words, WORDS, 0o640);
    refused(&daemon, &["words can be used by others", "chmod 600"]);
    put(&words, "MARKER of something else", 0o600);
    refused(&daemon, &["data/keyring does not open with this passphrase"]);
    put(&words, "MARKER", 0o600);
    refused(&daemon, &["12 characters"]);
    fs::remove_file(&words).unwrap();
    refused(&daemon, &["words", "No such file"]);
    daemon.keys("file = \"data/keyring\"");
    refused(&daemon, &["is under a passphrase", "keys.passphrase_file"]);

    daemon.keys("file = \"data/keyring\"\npassphrase_file = \"words\"");
    put(&words, &format!("{WORDS}\n"), 0o600);
    daemon.restart().await;
    assert_eq!(read(&daemon).await, [submitted]);
    let log = daemon.log();
    assert!(!log.contains("MARKER") && log.contains("a new key was made"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passphrase_and_key_come_from_credentials_of_the_service_manager() {
    let mut daemon = Daemon::prepared("");
    daemon.keys("file = \"data/keyring\"\npassphrase_file = \"credential:words\"");
    refused(&daemon, &["no credential words", "LoadCredential=words"]);
    daemon.environment("CREDENTIALS_DIRECTORY", daemon.folder("credentials"));
    refused(&daemon, &["credentials/words", "No such file"]);
    let words = daemon.folder("credentials/words");
    put(&words, WORDS, 0o444);
    refused(&daemon, &["can be used by others"]);
    // As systemd lays it: an access control list names the service's user, and its mask shows as the group's bits.
    put(&words, WORDS, 0o440);
    daemon.restart().await;
    let submitted = submitted(&daemon).await;
    daemon.stop();

    // The key file itself as a credential; there it can lie as it is, in memory that is not swapped.
    let args = ["admin", "keys", "init-file", "clear", "--clear", "--from", "data/keyring"];
    let (code, said) = homeward(&daemon, &[&args[..], &["--from-passphrase-file", "credentials/words"]].concat());
    assert_eq!(code, 65, "{said}");
    put(&words, WORDS, 0o400);
    let (code, said) = homeward(&daemon, &[&args[..], &["--from-passphrase-file", "credentials/words"]].concat());
    assert_eq!(code, 0, "{said}");
    fs::rename(daemon.folder("clear"), daemon.folder("credentials/keyring")).unwrap();
    fs::remove_file(daemon.folder("data/keyring")).unwrap();
    daemon.keys("file = \"credential:keyring\"");
    daemon.restart().await;
    assert_eq!(read(&daemon).await, [submitted]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clear_key_is_put_under_a_passphrase_and_a_file_is_never_overwritten() {
    let mut daemon = Daemon::start().await;
    let submitted = submitted(&daemon).await;
    daemon.stop();
    put(&daemon.folder("words"), WORDS, 0o600);
    daemon.keys("file = \"data/keyring\"\npassphrase_file = \"words\"");
    refused(&daemon, &["is not under a passphrase", "init-file NEW --from OLD"]);
    let args = ["admin", "keys", "init-file", "locked", "--from", "data/keyring", "--passphrase-file", "words"];
    let (code, said) = homeward(&daemon, &args);
    assert!(code == 0 && said.contains("locked holds the key file:"), "{said}");
    let (code, said) = homeward(&daemon, &args);
    assert!(code == 65 && said.contains("never overwritten"), "{said}");
    let mode = fs::metadata(daemon.folder("locked")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    daemon.keys("file = \"locked\"\npassphrase_file = \"words\"");
    daemon.restart().await;
    assert_eq!(read(&daemon).await, [submitted]);
    daemon.stop();

    // Another key, under the same passphrase, is not the one of this store.
    let (code, said) = homeward(&daemon, &["admin", "keys", "init-file", "other", "--passphrase-file", "words"]);
    assert_eq!(code, 0, "{said}");
    daemon.keys("file = \"other\"\npassphrase_file = \"words\"");
    refused(&daemon, &["is not the key of this store"]);
    let (code, said) = homeward(&daemon, &["admin", "keys", "init-file", "neither"]);
    assert!(code == 64 && said.contains("--passphrase-file"), "{said}");
    put(&daemon.folder("short"), "MARKER", 0o600);
    let (code, said) = homeward(&daemon, &["admin", "keys", "init-file", "neither", "--passphrase-file", "short"]);
    assert!(code == 65 && said.contains("12 characters") && !said.contains("MARKER"), "{said}");
    assert!(!daemon.folder("neither").exists());
}

#[test]
fn a_passphrase_is_asked_for_twice_at_a_terminal() {
    let daemon = Daemon::prepared("");
    let ask = |typed: &str| {
        let line = concat!(env!("CARGO_BIN_EXE_homeward"), " admin keys init-file typed --passphrase-file -");
        // A terminal of its own for the command; what is typed waits there until it is asked for.
        let mut script = Command::new("script");
        script.args(["-qec", line, "/dev/null"]).current_dir(daemon.folder("")).stdout(Stdio::null());
        let mut script = script.stdin(Stdio::piped()).spawn().unwrap();
        script.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        script.wait().unwrap().code().unwrap()
    };
    assert_eq!(ask(&format!("{WORDS}\n{WORDS}!\n")), 65);
    assert!(!daemon.folder("typed").exists());
    assert_eq!(ask(&format!("{WORDS}\n{WORDS}\n")), 0);
    put(&daemon.folder("words"), WORDS, 0o600);
    let args = ["admin", "keys", "init-file", "same", "--clear", "--from", "typed"];
    let (code, said) = homeward(&daemon, &[&args[..], &["--from-passphrase-file", "words"]].concat());
    assert_eq!(code, 0, "{said}");
}
