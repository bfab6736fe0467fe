//! Content is erased by two custodians at the command line; whatever kills the daemon meanwhile, a referral is erased with those linked
//! from it, or not at all, and then once more.

use std::{fs, path::Path, time::Duration};

use homeward::{
    sealing::wrapped_under,
    store::{Shelf, Store, sled::SledStore},
    wire::pb,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Daemon, homeward,
    house::{LEWISHAM, MASH, MPU, REFDESK, RESOLVER},
    person::{Person, fresh},
    rotation::CUSTODIAN,
    submitted,
};

const SECOND: &str = "operator/key_custodian/k2";
/// Kills, at least; and at most, until some came before it was done and some after.
const KILLS: std::ops::Range<usize> = 6..40;

/// A referral that is settled everywhere; answers with its id.
async fn settled(daemon: &Daemon) -> String {
    let id = submitted(daemon).await;
    daemon.person(RESOLVER).await.resolve_all("MASH.E09000023").await;
    for queue in ["MASH.E09000023", "EDT.E09000023"] {
        daemon.person(MASH).await.settle_all(queue, "early_help").await;
    }
    daemon.person(MPU).await.settle_all("MPU.SE", "recorded").await;
    daemon.person(REFDESK).await.settle_all("REFDESK.SE", "recorded").await;
    id
}

/// A command that somebody gives: exit code, and what it said.
fn command(daemon: &Daemon, who: &str, args: &[&str]) -> (i32, String) {
    let profile = daemon.profile(who);
    fs::write(profile.join("endpoint"), daemon.url()).unwrap();
    homeward(daemon, &[args, &["--profile", profile.to_str().unwrap()]].concat())
}

/// `homeward admin erase`: the proposal and its fingerprint.
fn proposed(daemon: &Daemon, id: &str) -> (String, String) {
    let (code, said) = command(daemon, CUSTODIAN, &["admin", "erase", id, "--reason", "retention_over", "--json"]);
    assert_eq!(code, 0, "{said}");
    let value: Value = serde_json::from_str(&said).unwrap();
    let of = |name: &str| value["proposal"][name].as_str().unwrap().to_owned();
    (of("proposal_id"), of("fingerprint"))
}

/// Whether it is erased, in a store that no daemon has open: the record and those linked from it alike.
async fn erased(daemon: &Daemon, id: &str) -> bool {
    let store = SledStore::open(Path::new(&daemon.folder("data/store"))).unwrap();
    let id = Uuid::parse_str(id).unwrap();
    let mut family = store.find(id).await.unwrap().unwrap().record.linked;
    family.push(id);
    let mut states = Vec::new();
    for one in store.wraps(None, 10_000).await.unwrap().iter().filter(|one| family.contains(&one.record)) {
        let said = store.document(Shelf::Erasure, &one.record.to_string()).await.unwrap().is_some();
        states.push((said, wrapped_under(&one.bytes).unwrap().is_empty()));
    }
    store.close().await;
    assert!(states.len() == family.len() && family.len() > 1, "{} of {}", states.len(), family.len());
    assert!(states.iter().all(|state| *state == (states[0].0, states[0].0)), "half erased: {states:?}");
    states[0].0
}

async fn told(council: &mut Person, id: &str) -> Option<String> {
    council.referral(id).await.unwrap().erasure.map(|erasure| erasure.reason)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_custodians_erase_at_the_command_line_and_a_kill_leaves_no_half() {
    let mut daemon = Daemon::start().await;
    let id = settled(&daemon).await;
    let (code, said) = command(&daemon, CUSTODIAN, &["admin", "erase", &id, "--reason", "because"]);
    assert!(code == 65 && said.contains("reason"), "{code} {said}");
    let (proposal, fingerprint) = proposed(&daemon, &id);
    let approve = ["admin", "approve", &proposal, "--fingerprint", &fingerprint];
    let (code, said) = command(&daemon, CUSTODIAN, &approve);
    assert_eq!(code, 77, "one's own: {said}");
    let (code, said) = command(&daemon, SECOND, &approve);
    assert!(code == 0 && said.contains(&id), "{said}");
    assert_eq!(told(&mut daemon.person(LEWISHAM).await, &id).await.as_deref(), Some("retention_over"));
    let (code, said) = command(&daemon, CUSTODIAN, &["admin", "keys", "list"]);
    assert!(code == 0 && said.contains("erased"), "{said}");

    let (mut before_and_after, mut delay) = ([0, 0], Duration::ZERO);
    for kills in 0..KILLS.end {
        let id = settled(&daemon).await;
        let (proposal_id, fingerprint) = proposed(&daemon, &id);
        let asked = pb::ApproveProposalRequest { request_id: fresh(), proposal_id, fingerprint };
        let (mut second, same) = (daemon.person(SECOND).await, asked.clone());
        let call = tokio::spawn(async move { second.admin.approve_proposal(same).await.is_ok() });
        tokio::time::sleep(delay).await;
        daemon.kill();
        let answered = call.await.unwrap();
        let done = erased(&daemon, &id).await;
        assert!(done || !answered, "it was said to be erased");
        before_and_after[usize::from(done)] += 1;
        // Nearer to the moment in which it is done.
        delay = if done { delay / 2 } else { delay * 2 + Duration::from_millis(3) };
        daemon.restart().await;
        // The same call again: done now, or answered as it was.
        daemon.person(SECOND).await.admin.approve_proposal(asked).await.unwrap();
        assert_eq!(told(&mut daemon.person(LEWISHAM).await, &id).await.as_deref(), Some("retention_over"));
        if kills >= KILLS.start && before_and_after.iter().all(|one| *one > 0) {
            break;
        }
    }
    println!("kills before it was done, and after: {before_and_after:?}");
    assert!(before_and_after.iter().all(|one| *one > 0), "{before_and_after:?} prove nothing");
}

/// Copies a folder, a store that nobody has open.
fn copied(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    assert!(std::process::Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

/// A second custodian approves.
fn approved(daemon: &Daemon, (proposal, fingerprint): (String, String)) {
    let (code, said) = command(daemon, SECOND, &["admin", "approve", &proposal, "--fingerprint", &fingerprint]);
    assert_eq!(code, 0, "{said}");
}

/// Two custodians certify that no copy is left from before the last compaction.
fn certified(daemon: &Daemon) {
    let (code, said) = command(daemon, CUSTODIAN, &["admin", "copies-gone", "--json"]);
    assert_eq!(code, 0, "{said}");
    let value: Value = serde_json::from_str(&said).unwrap();
    let of = |name: &str| value["proposal"][name].as_str().unwrap().to_owned();
    approved(daemon, (of("proposal_id"), of("fingerprint")));
}

/// How far the content of a referral is gone, as its sender sees it.
async fn state(daemon: &Daemon, id: &str) -> &'static str {
    daemon.person(LEWISHAM).await.referral(id).await.unwrap().erasure.unwrap().state().as_str_name()
}

fn alarmed(daemon: &Daemon) -> bool {
    command(daemon, CUSTODIAN, &["whoami", "--json"]).1.contains("COPIES_NOT_GONE")
}

/// The list beside the store.
fn listed(daemon: &Daemon) -> String {
    fs::read_to_string(daemon.folder("data/store.revoked")).unwrap()
}

/// Another store in the place of the one that is there.
async fn put_back(daemon: &mut Daemon, from: &str) {
    daemon.stop();
    copied(&daemon.folder(from), &daemon.folder("data/store"));
    daemon.restart().await;
}

/// A store in which a referral was erased, that was copied (`copy`), compacted, and of which two custodians certified that no copy is left
/// (`certified`); with the referral.
async fn said_to_be_gone() -> (Daemon, String) {
    let mut daemon = Daemon::start().await;
    let id = settled(&daemon).await;
    approved(&daemon, proposed(&daemon, &id));
    let (code, said) = command(&daemon, CUSTODIAN, &["admin", "copies-gone"]);
    assert!(code != 0 && said.contains("NOT_COMPACTED"), "{code} {said}");
    daemon.stop();
    let store = daemon.folder("data/store");
    copied(&store, &daemon.folder("copy"));
    let (code, said) = homeward(&daemon, &["compact", "--config", "homeward.toml"]);
    assert_eq!(code, 0, "{said}");
    daemon.restart().await;
    certified(&daemon);
    assert_eq!((state(&daemon, &id).await, alarmed(&daemon)), ("ERASURE_STATE_IRRECOVERABLE", false));
    daemon.stop();
    copied(&store, &daemon.folder("certified"));
    daemon.restart().await;
    (daemon, id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_was_certified_gone_and_is_put_back_raises_an_alarm_and_nothing_counts_as_certified() {
    let (mut daemon, id) = said_to_be_gone().await;
    put_back(&mut daemon, "copy").await;
    assert!(alarmed(&daemon), "the store is itself such a copy");
    assert_eq!(state(&daemon, &id).await, "ERASURE_STATE_ERASED");
    put_back(&mut daemon, "certified").await;
    assert_eq!(state(&daemon, &id).await, "ERASURE_STATE_ERASED", "a copy has turned up since that store last spoke");
    assert!(!alarmed(&daemon));
    certified(&daemon);
    assert_eq!(state(&daemon, &id).await, "ERASURE_STATE_IRRECOVERABLE", "as soon as they say so again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_custodian_withdraws_what_two_certified_and_neither_a_kill_nor_an_older_store_brings_it_back() {
    let (mut daemon, id) = said_to_be_gone().await;
    let (code, said) = command(&daemon, SECOND, &["admin", "copies-gone", "--withdraw"]);
    assert!(code == 0 && said.contains("withdrawn"), "{said}");
    assert_eq!(state(&daemon, &id).await, "ERASURE_STATE_ERASED");
    daemon.stop();
    // As if it had been killed when the store had it and the list beside it not yet: the ledger and the store know.
    let (list, before) = (daemon.folder("data/store.revoked"), listed(&daemon));
    let gone: Vec<_> = before.lines().filter(|line| line.starts_with("gone\t")).collect();
    let erased = format!("erased\t{id}\t");
    assert!(gone.len() == 2 && before.contains(&erased), "{before}");
    let cut: String =
        before.lines().take_while(|line| !line.starts_with("erased\t")).map(|line| format!("{line}\n")).collect();
    fs::write(&list, cut).unwrap();
    daemon.restart().await;
    let words = gone[1].split('\t').take(3).collect::<Vec<_>>().join("\t");
    let after = listed(&daemon);
    assert!(after.matches(&erased).count() == 1 && after.contains(&words), "{after}");
    // A backup from before the withdrawal says that it is certified: the list knows better.
    put_back(&mut daemon, "certified").await;
    assert_eq!((state(&daemon, &id).await, alarmed(&daemon)), ("ERASURE_STATE_ERASED", false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_legal_hold_that_was_placed_since_the_backup_is_in_force_before_anything_is_erased() {
    let mut daemon = Daemon::start().await;
    let id = settled(&daemon).await;
    let hold = |daemon: &Daemon, args: &[&str]| command(daemon, CUSTODIAN, &[&["admin", "hold"], args].concat());
    let place = ["place", &id, "--reason", "court_order", "--reference", "T20261234"];
    daemon.stop();
    copied(&daemon.folder("data/store"), &daemon.folder("backup"));
    daemon.restart().await;
    for _ in 0..2 {
        let (code, said) = hold(&daemon, &place);
        assert_eq!(code, 0, "{said}");
    }
    let (_, said) = hold(&daemon, &["list", "--json"]);
    let mut holds = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let ended = holds.find(|one| one["referral_id"] == id.as_str()).unwrap();
    let ended = ended["hold_id"].as_str().unwrap().to_owned();
    let (code, said) = hold(&daemon, &["release", &id, &ended, "--json"]);
    assert_eq!(code, 0, "{said}");
    let value: Value = serde_json::from_str(&said).unwrap();
    let of = |name: &str| value["proposal"][name].as_str().unwrap().to_owned();
    approved(&daemon, (of("proposal_id"), of("fingerprint")));

    put_back(&mut daemon, "backup").await;
    let (_, said) = hold(&daemon, &["list"]);
    assert!(said.contains("T20261234") && said.contains(&id), "{said}");
    assert!(!said.contains(&ended), "the one that ended stays ended: {said}");
    let (code, said) = command(&daemon, CUSTODIAN, &["admin", "erase", &id, "--reason", "retention_over"]);
    assert!(code != 0 && said.contains("LEGAL_HOLD"), "{code} {said}");
}
