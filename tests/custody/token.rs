//! The key in a PKCS#11 token, with SoftHSM 2 in the place of a device: the real binary, a real token.

use std::{fs, path::PathBuf, process::Command};

use homeward::wire::pb;
use tonic::Code;

use crate::{
    Daemon,
    person::{Person, fresh, why},
    put, read,
    rotation::{CUSTODIAN, listed, rotate_epoch, rotate_outer, under},
    submitted,
};

/// The PIN of the token: must never be seen.
const PIN: &str = "MARKER4711";
/// Submissions and openings that the device must not notice.
const BUSY: usize = 12;

/// Where the library of SoftHSM lies; `tests/run` installs it.
fn module() -> PathBuf {
    let places = ["/usr/lib/softhsm", "/usr/lib/x86_64-linux-gnu/softhsm", "/usr/lib/aarch64-linux-gnu/softhsm"];
    places.iter().map(|place| PathBuf::from(place).join("libsofthsm2.so")).find(|module| module.exists()).unwrap()
}

/// True, with a word about it, where SoftHSM is not installed; a failure where it must be.
fn softhsm_is_missing() -> bool {
    if Command::new("softhsm2-util").arg("--version").output().is_ok() {
        return false;
    }
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!ci, "SoftHSM 2 is missing: without it nothing proves what a PKCS#11 token does (apt: softhsm2)");
    eprintln!("SKIPPED, SoftHSM 2 is missing: install the package softhsm2 to prove what a PKCS#11 token does");
    true
}

/// A token called `homeward` in the daemon's folder, which the daemon and its commands see from now on.
fn token(daemon: &mut Daemon) {
    fs::create_dir_all(daemon.folder("tokens")).unwrap();
    let configuration = daemon.folder("softhsm2.conf");
    fs::write(&configuration, format!("directories.tokendir = {}\n", daemon.folder("tokens").display())).unwrap();
    daemon.environment("SOFTHSM2_CONF", configuration.clone());
    let mut made = Command::new("softhsm2-util");
    made.args(["--init-token", "--free", "--label", "homeward", "--so-pin", "87654321", "--pin", PIN]);
    let made = made.env("SOFTHSM2_CONF", configuration).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    put(&daemon.folder("pin"), &format!("{PIN}\n"), 0o600);
}

/// `homeward admin keys init-token`: exit code and what it said.
fn init_token(daemon: &Daemon, key: &str) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_homeward"));
    command.args(["admin", "keys", "init-token", "--token", "homeward", "--pin-file", "pin", "--key", key]);
    command.arg("--module").arg(module()).current_dir(daemon.folder(""));
    let ended = command.env("SOFTHSM2_CONF", daemon.folder("softhsm2.conf")).output().unwrap();
    (ended.status.code().unwrap(), String::from_utf8([ended.stdout, ended.stderr].concat()).unwrap())
}

/// A daemon whose key lies in a token from its first start on.
async fn with_token() -> Daemon {
    let mut daemon = Daemon::prepared("");
    token(&mut daemon);
    let (code, said) = init_token(&daemon, "outer");
    assert_eq!(code, 0, "{said}");
    daemon.keys(&in_token());
    daemon.restart().await;
    daemon
}

/// The configuration of the key in the token.
fn in_token() -> String {
    configured(&module(), "homeward", "outer")
}

fn configured(module: &std::path::Path, token: &str, key: &str) -> String {
    let module = module.display();
    format!("provider = \"pkcs11\"\nmodule = \"{module}\"\ntoken = \"{token}\"\nkey = \"{key}\"\npin_file = \"pin\"\n")
}

const FILE: &str = "file = \"data/keyring\"\n";

/// A start that is refused for this.
#[track_caller]
fn refused(daemon: &Daemon, code: i32, words: &[&str]) {
    let (ended, said) = daemon.refuses();
    assert_eq!(ended, code, "{said}");
    for word in words {
        assert!(said.contains(word), "it does not say {word:?}: {said}");
    }
    assert!(!said.contains("MARKER"), "{said}");
}

/// The token is taken out of the device.
fn take_out(daemon: &Daemon) {
    fs::rename(daemon.folder("tokens"), daemon.folder("drawer")).unwrap();
    fs::create_dir(daemon.folder("tokens")).unwrap();
}

/// It is put back.
fn put_back(daemon: &Daemon) {
    fs::remove_dir(daemon.folder("tokens")).unwrap();
    fs::rename(daemon.folder("drawer"), daemon.folder("tokens")).unwrap();
}

/// How often the key that wraps now was used.
async fn uses(daemon: &Daemon) -> u64 {
    listed(daemon).await.outer_keys.into_iter().find(|key| key.due_time.is_some()).unwrap().uses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_moves_from_a_file_into_a_token_and_back_and_the_token_sees_no_traffic() {
    if softhsm_is_missing() {
        return;
    }
    let mut daemon = Daemon::start().await;
    let mut sent = vec![submitted(&daemon).await];
    let file = listed(&daemon).await.outer_keys[0].key_id.clone();
    daemon.stop();
    token(&mut daemon);
    let (code, said) = init_token(&daemon, "outer");
    assert!(code == 0 && said.contains("holds the key pkcs11:") && !said.contains("MARKER"), "{said}");
    let (code, said) = init_token(&daemon, "outer");
    assert!(code == 65 && said.contains("already"), "{said}");

    daemon.keys(&format!("{}[[keys.previous]]\n{FILE}", in_token()));
    daemon.restart().await;
    let said = rotate_outer(&daemon);
    assert!(said.contains("rotation to pkcs11:") && said.contains("2 keys wrapped anew, 0 left"), "{said}");
    daemon.stop();
    assert_eq!(under(&daemon, &file).await, (2, 0));
    fs::rename(daemon.folder("data/keyring"), daemon.folder("offline")).unwrap();
    daemon.keys(&in_token());
    daemon.restart().await;

    let before = uses(&daemon).await;
    for _ in 0..BUSY {
        sent.push(submitted(&daemon).await);
    }
    let mut found = read(&daemon).await;
    found.sort();
    sent.sort();
    assert_eq!(found, sent);
    assert_eq!(uses(&daemon).await, before, "{BUSY} submissions and openings asked the device");
    rotate_epoch(&mut daemon.person(CUSTODIAN).await).await.unwrap();
    let after = uses(&daemon).await;
    assert!(after > before && after <= before + 2, "a new epoch key asks it: {before}, {after}");
    println!("{} submissions and as many openings: 0 uses; an epoch key: {}", BUSY, after - before);
    daemon.stop();

    // And back, into the file from before.
    fs::rename(daemon.folder("offline"), daemon.folder("data/keyring")).unwrap();
    daemon.keys(&format!("{FILE}[[keys.previous]]\n{}", in_token()));
    daemon.restart().await;
    let said = rotate_outer(&daemon);
    assert!(said.contains("3 keys wrapped anew, 0 left"), "{said}");
    daemon.stop();
    fs::remove_dir_all(daemon.folder("tokens")).unwrap();
    daemon.keys(FILE);
    daemon.restart().await;
    let mut found = read(&daemon).await;
    found.sort();
    assert_eq!(found, sent);
    assert!(!daemon.log().contains("MARKER"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_token_is_said_and_nothing_starts_without_it() {
    if softhsm_is_missing() {
        return;
    }
    let mut daemon = Daemon::prepared("");
    token(&mut daemon);
    let (code, said) = init_token(&daemon, "outer");
    assert_eq!(code, 0, "{said}");
    daemon.keys(&configured(&daemon.folder("nothing.so"), "homeward", "outer"));
    refused(&daemon, 65, &["nothing.so cannot be loaded"]);
    daemon.keys(&configured(&module(), "another", "outer"));
    refused(&daemon, 69, &["there is no token \"another\"; there are: \"homeward\""]);
    daemon.keys(&configured(&module(), "homeward", "inner"));
    refused(&daemon, 65, &["has no secret key \"inner\"", "init-token"]);
    daemon.keys(&in_token());
    put(&daemon.folder("pin"), PIN, 0o640);
    refused(&daemon, 65, &["pin can be used by others"]);
    put(&daemon.folder("pin"), "MARKER0815", 0o600);
    refused(&daemon, 65, &["refused the PIN", "not tried again", "before the next start"]);
    put(&daemon.folder("pin"), "\n", 0o600);
    refused(&daemon, 65, &["holds no PIN"]);

    // A key that was brought from outside, under a name that others may have.
    fs::write(daemon.folder("clear"), [7; 32]).unwrap();
    let mut import = Command::new("softhsm2-util");
    import
        .args(["--import", "clear", "--aes", "--token", "homeward", "--label", "brought", "--id", "01", "--pin", PIN]);
    let import = import.env("SOFTHSM2_CONF", daemon.folder("softhsm2.conf")).current_dir(daemon.folder(""));
    assert!(import.output().unwrap().status.success());
    put(&daemon.folder("pin"), PIN, 0o600);
    daemon.keys(&configured(&module(), "homeward", "brought"));
    refused(&daemon, 65, &["the key \"brought\"", "could once be taken out", "restored = true"]);
    let restored = format!("{}restored = true\n", configured(&module(), "homeward", "brought"));
    daemon.keys(&restored);
    refused(&daemon, 65, &["the key \"brought\"", "less than 8 bytes"]);
    let (code, said) = init_token(&daemon, " ");
    assert!(code == 64 && said.contains("--key is empty"), "{said}");

    daemon.keys(&in_token());
    daemon.restart().await;
    assert_eq!(listed(&daemon).await.outer_keys[0].provider, "pkcs11");
    let sent = submitted(&daemon).await;
    daemon.stop();
    take_out(&daemon);
    refused(&daemon, 69, &["there is no token \"homeward\"", "plug the device in"]);
    put_back(&daemon);
    daemon.restart().await;
    assert_eq!(read(&daemon).await, [sent]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_taken_out_stops_no_message_and_no_new_key_is_made_without_it() {
    if softhsm_is_missing() {
        return;
    }
    let mut daemon = with_token().await;
    let mut sent = vec![submitted(&daemon).await];
    take_out(&daemon);

    let from = daemon.log().len();
    let mut custodian = daemon.person(CUSTODIAN).await;
    let told = why(rotate_epoch(&mut custodian).await);
    assert_eq!(told, (Code::Unavailable, "KEY_UNAVAILABLE".to_owned()));
    let alarm = daemon.says(from, "OUTER_KEY_UNAVAILABLE").await;
    println!("{alarm}");
    // Those who have sent and who read notice nothing.
    sent.push(submitted(&daemon).await);
    let mut found = read(&daemon).await;
    found.sort();
    sent.sort();
    assert_eq!(found, sent);
    assert_eq!(listed(&daemon).await.keys.len(), 1, "no epoch key was made");

    put_back(&daemon);
    // SoftHSM looks for its tokens when it is loaded only; a daemon that starts again finds it.
    daemon.stop();
    daemon.restart().await;
    rotate_epoch(&mut daemon.person(CUSTODIAN).await).await.unwrap();
    assert_eq!(listed(&daemon).await.keys.len(), 2);
    assert!(!daemon.log().contains("MARKER"));
}

/// A record that stays under an epoch key which no longer wraps; answers with its id.
async fn under_an_earlier_key(daemon: &Daemon, custodian: &mut Person) -> String {
    loop {
        let sent = submitted(daemon).await;
        rotate_epoch(custodian).await.unwrap();
        // Paused before it was wrapped anew, most times.
        let pause = pb::PauseRewrapRequest { request_id: fresh() };
        let paused = custodian.admin.pause_rewrap(pause).await.is_ok();
        if paused && listed(daemon).await.keys.iter().any(|key| !key.current && key.records > 0) {
            return sent;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_since_before_a_restart_opens_with_the_token_taken_out() {
    if softhsm_is_missing() {
        return;
    }
    let mut daemon = with_token().await;
    let mut custodian = daemon.person(CUSTODIAN).await;
    let sent = under_an_earlier_key(&daemon, &mut custodian).await;
    daemon.stop();
    daemon.restart().await;
    let before = uses(&daemon).await;
    take_out(&daemon);
    let found = read(&daemon).await;
    assert!(found.contains(&sent), "{found:?}");
    assert_eq!(uses(&daemon).await, before, "an opening asked the device");
    let told = why(rotate_epoch(&mut daemon.person(CUSTODIAN).await).await);
    assert_eq!(told, (Code::Unavailable, "KEY_UNAVAILABLE".to_owned()), "it is away indeed");
    assert!(read(&daemon).await.contains(&sent), "and after it was asked in vain");
}
