//! The key outside the store is exchanged for another: what it wrapped is wrapped anew, whatever kills the daemon, and the old one
//! opens nothing any longer.

use std::{fs, path::Path, time::Duration};

use homeward::{
    store::{Shelf, Store, sled::SledStore},
    wire::pb,
};

use crate::{
    Daemon, WORDS, homeward,
    person::{Person, fresh},
    put, read, submitted,
};

pub const CUSTODIAN: &str = "operator/key_custodian/k1";
/// Epoch keys that there are when the daemon is killed.
const EPOCHS: usize = 80;

/// The keys outside the store, and the last rotation.
pub async fn listed(daemon: &Daemon) -> pb::ListKeysResponse {
    let mut custodian = daemon.person(CUSTODIAN).await;
    custodian.admin.list_keys(pb::ListKeysRequest {}).await.unwrap().into_inner()
}

pub async fn rotate_epoch(custodian: &mut Person) -> Result<(), tonic::Status> {
    custodian.admin.rotate_key(pb::RotateKeyRequest { request_id: fresh() }).await.map(|_| ())
}

/// `homeward admin keys rotate-outer`, as a custodian gives it.
pub fn rotate_outer(daemon: &Daemon) -> String {
    let (profile, url) = (daemon.profile(CUSTODIAN), daemon.url());
    fs::write(profile.join("endpoint"), url).unwrap();
    let (code, said) = homeward(daemon, &["admin", "keys", "rotate-outer", "--profile", profile.to_str().unwrap()]);
    assert_eq!(code, 0, "{said}");
    said
}

/// A key file under the passphrase in `words`; answers with its id.
pub fn key_file(daemon: &Daemon, name: &str) -> String {
    put(&daemon.folder("words"), WORDS, 0o600);
    let (code, said) = homeward(daemon, &["admin", "keys", "init-file", name, "--passphrase-file", "words"]);
    assert_eq!(code, 0, "{said}");
    said.split("holds the key ").nth(1).unwrap().lines().next().unwrap().to_owned()
}

/// How many documents of keys there are, and how many of them are under this key, in a store that no daemon has open.
pub async fn under(daemon: &Daemon, id: &str) -> (usize, usize) {
    let store = SledStore::open(Path::new(&daemon.folder("data/store"))).unwrap();
    let mut all = store.documents(Shelf::EpochKey, "", 1_000).await.unwrap();
    all.extend(store.documents(Shelf::Keyring, "", 10).await.unwrap());
    store.close().await;
    let names = |bytes: &[u8]| bytes.windows(id.len()).any(|window| window == id.as_bytes());
    (all.len(), all.iter().filter(|one| names(&one.bytes)).count())
}

const NEW: &str = "file = \"new\"\npassphrase_file = \"words\"\n";
const BOTH: &str = "file = \"new\"\npassphrase_file = \"words\"\n[[keys.previous]]\nfile = \"data/keyring\"\n";
const OLD: &str = "file = \"data/keyring\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_outside_the_store_is_exchanged_and_the_old_one_opens_nothing_any_longer() {
    let mut daemon = Daemon::start().await;
    let submitted = submitted(&daemon).await;
    rotate_epoch(&mut daemon.person(CUSTODIAN).await).await.unwrap();
    let before = listed(&daemon).await;
    let [old] = &before.outer_keys[..] else { panic!("one key") };
    assert_eq!((old.provider.as_str(), old.state().as_str_name(), old.wraps), ("file", "STATE_CURRENT", 3));
    let (since, due) = (old.create_time.unwrap().seconds, old.due_time.unwrap().seconds);
    assert_eq!(due - since, 30 * 24 * 3600);
    daemon.stop();
    let new = key_file(&daemon, "new");

    // Without the old one it does not start, and says how much is under which key.
    daemon.keys(NEW);
    let (code, said) = daemon.refuses();
    assert_eq!(code, 65, "{said}");
    for words in [&format!("3 of 3 keys in the store are under {}", old.key_id), &format!("configured: {new}")] {
        assert!(said.contains(words.as_str()), "{said}");
    }
    assert!(said.contains("[[keys.previous]]") && !said.contains("MARKER"), "{said}");
    // Nor with one key twice.
    daemon.keys("file = \"data/keyring\"\n[[keys.previous]]\nfile = \"data/keyring\"\n");
    let (code, said) = daemon.refuses();
    assert!(code == 65 && said.contains("named before"), "{said}");

    daemon.keys(BOTH);
    daemon.restart().await;
    assert!(daemon.log().contains("are still under a previous key"));
    assert_eq!(read(&daemon).await, std::slice::from_ref(&submitted));
    let said = rotate_outer(&daemon);
    assert!(said.contains(&format!("rotation to {new}: 3 keys wrapped anew, 0 left")), "{said}");
    assert!(said.contains("all 3 opened under it"), "{said}");
    assert!(said.contains(&format!("take {} out", old.key_id)), "{said}");
    let after = listed(&daemon).await;
    let states: Vec<_> =
        after.outer_keys.iter().map(|key| (key.key_id.clone(), key.state().as_str_name(), key.wraps)).collect();
    assert_eq!(states, [(old.key_id.clone(), "STATE_PREVIOUS", 0), (new.clone(), "STATE_CURRENT", 3)]);
    // Again, there is nothing left to do, and it is proven all the same.
    let said = rotate_outer(&daemon);
    assert!(said.contains("0 keys wrapped anew") && said.contains("all 3 opened"), "{said}");
    daemon.stop();

    assert_eq!((under(&daemon, &old.key_id).await, under(&daemon, &new).await), ((3, 0), (3, 3)));
    daemon.keys(OLD);
    let (code, said) = daemon.refuses();
    assert!(code == 65 && said.contains("is not the key of this store"), "{said}");
    fs::remove_file(daemon.folder("data/keyring")).unwrap();
    daemon.keys(NEW);
    daemon.restart().await;
    assert_eq!(read(&daemon).await, [submitted]);
    assert_eq!(listed(&daemon).await.outer_keys[0].state().as_str_name(), "STATE_GONE");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_of_the_key_outside_the_store_survives_kills_in_its_middle() {
    let mut daemon = Daemon::start().await;
    let submitted = submitted(&daemon).await;
    let mut custodian = daemon.person(CUSTODIAN).await;
    for _ in 0..EPOCHS {
        rotate_epoch(&mut custodian).await.unwrap();
    }
    let old = listed(&daemon).await.outer_keys[0].key_id.clone();
    daemon.stop();
    let new = key_file(&daemon, "new");
    daemon.keys(BOTH);
    daemon.restart().await;
    let mut custodian = daemon.person(CUSTODIAN).await;
    custodian.admin.rotate_outer_key(pb::RotateOuterKeyRequest { request_id: fresh() }).await.unwrap();
    let begun = listed(&daemon).await.outer_rotation.unwrap().create_time;
    let (mut kills, mut before) = (0, EPOCHS + 2);
    // Nobody needs to ask again: it goes on by itself; and who does loses nothing of the count.
    loop {
        let mut custodian = daemon.person(CUSTODIAN).await;
        let rotation = loop {
            let told = custodian.admin.list_keys(pb::ListKeysRequest {}).await.unwrap().into_inner();
            let rotation = told.outer_rotation.unwrap();
            if rotation.finish_time.is_some() || (rotation.left as usize) < before {
                break rotation;
            }
        };
        if rotation.finish_time.is_some() {
            // Where it had ended when it was asked for again, there was nothing left.
            let anew = if rotation.create_time == begun { EPOCHS as u64 + 2 } else { 0 };
            assert_eq!((rotation.rewrapped, rotation.left), (anew, 0));
            assert_eq!(rotation.proven, EPOCHS as u64 + 2);
            break;
        }
        daemon.kill();
        let ((all, left), (_, done)) = (under(&daemon, &old).await, under(&daemon, &new).await);
        assert_eq!((all, left + done), (EPOCHS + 2, EPOCHS + 2), "each is under one key or the other");
        kills += usize::from(left > 0 && done > 0);
        before = left;
        daemon.restart().await;
        if kills == 2 {
            let mut custodian = daemon.person(CUSTODIAN).await;
            custodian.admin.rotate_outer_key(pb::RotateOuterKeyRequest { request_id: fresh() }).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(kills >= 2, "{kills} kills in the middle prove nothing");
    println!("{kills} kills in the middle of {} keys", EPOCHS + 2);
    daemon.stop();
    assert_eq!(under(&daemon, &old).await, (EPOCHS + 2, 0));
    daemon.keys(NEW);
    daemon.restart().await;
    assert_eq!(read(&daemon).await, [submitted]);
    rotate_epoch(&mut daemon.person(CUSTODIAN).await).await.unwrap();
}
