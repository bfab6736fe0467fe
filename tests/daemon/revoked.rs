//! Revoking with the folder, and what a start makes of revocations of long ago.

use std::{path::PathBuf, process::Command, time::Duration};

use homeward::{
    domain::identity::Identity,
    pki::{self, Tools},
    platform::{SystemClock, SystemEntropy},
    wire::pb,
};

use crate::{
    brokers::{broker, keyed, registered},
    daemon::{Daemon, recent},
    house::{LEWISHAM, MPU, domain, place::postgres::Server},
    person::{referral, submission},
};

/// A certificate of an officer's, issued with the folder: its profile and its serial number.
fn issued(daemon: &Daemon, out: &str) -> (PathBuf, String) {
    let identity = Identity::parse(&format!("homeward://pilot.example/{MPU}"), &domain()).unwrap();
    let out = daemon.folder(out);
    let wish = pki::Issue { identity: &identity, endpoint: "https://localhost:1", out: &out, days: 90 };
    let tools = Tools { clock: &SystemClock, entropy: &SystemEntropy::new() };
    let serial = pki::issue(&daemon.folder("certs"), &wish, tools).unwrap().certificate.serial;
    (out, serial)
}

/// Revokes a certificate on the machine that has the authority's folder.
fn revoked_by_folder(daemon: &Daemon, serial: &str) {
    let done = Command::new(env!("CARGO_BIN_EXE_homeward"))
        .args(["pki", "revoke", serial, "--reason", "key_compromise", "--dir", "certs"])
        .current_dir(daemon.folder("."))
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_by_folder_while_the_database_is_away_is_cut_off_once_it_is_back() {
    let mut server = Server::start();
    let mut broker = broker(&server, None);
    keyed(&broker);
    registered(&[&broker]);
    let (profile, serial) = issued(&broker, "officer");
    broker.restart().await;
    let mut officer = broker.person_with(&profile).await;
    assert!(officer.pull("MPU.SE").await.unwrap().is_empty());
    let from = broker.log().len();
    server.kill();
    broker.says(from, "NOT SERVING").await;
    revoked_by_folder(&broker, &serial);
    broker.says(from, "CERTIFICATE_REGISTER").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    server.again();
    broker.says(from, "certificate revoked").await;
    assert!(officer.pull("MPU.SE").await.is_err(), "their session is over");
    broker.says(from, "\"SERVING\"").await;
    assert!(broker.person(LEWISHAM).await.call(&referral("ListReferrals"), Vec::new()).await.is_ok(), "others go on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_returns_what_was_held_with_a_revoked_certificate_and_not_what_was_taken_with_the_next() {
    let mut daemon = Daemon::start_with("pki.folder = \"certs\"\n", |_| ()).await;
    let ((_, old), (new, _)) = (issued(&daemon, "old"), issued(&daemon, "new"));
    let mut council = daemon.person(LEWISHAM).await;
    council.submit(submission(&recent(1, "2026-11-20T16:30:00Z"))).await.unwrap();
    let from = daemon.log().len();
    revoked_by_folder(&daemon, &old);
    daemon.says(from, "certificate revoked").await;
    // What is taken while the holder is being cut off returns too: where that took longer, it is taken again.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut officer = daemon.person_with(&new).await;
    let stays = async {
        loop {
            let taken = officer.pull("MPU.SE").await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
            if let Some(one) = taken.first()
                && officer.read(one, (pb::Part::E, 0), "").await.is_ok()
            {
                return taken;
            }
        }
    };
    let taken = tokio::time::timeout(Duration::from_secs(60), stays).await.expect("it never stays with them");
    daemon.kill();
    daemon.restart().await;
    let mut officer = daemon.person_with(&new).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(officer.read(&taken[0], (pb::Part::E, 0), "").await.is_ok(), "it is theirs still");
}
