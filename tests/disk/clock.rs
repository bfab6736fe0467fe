//! The clock is set, forwards and backwards, while the daemon works and while it is down: leases end by it and not otherwise, and nothing
//! is lost or doubled. That a clock which is behind is told is in `tests/flow/keys.rs`.

use std::os::unix::fs::PermissionsExt;

use homeward::wire::pb;
use tonic::Code;

use crate::{
    daemon::Daemon,
    foreign::{Foreign, P256, WHO, Wish, client, put},
    house::{MPU, MPU_TOO},
    load::{Oracle, arrive, judge, load},
    person::why,
    preloaded::Disk,
};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_servers_own_certificate_is_told_of_14_7_and_1_days_before_its_end_and_after_it() {
    let mut daemon = Daemon::prepared("");
    let disk = Disk::below(&mut daemon);
    daemon.restart().await;
    let alarm = "CERTIFICATE_EXPIRES server certificate";
    assert!(!daemon.log().contains(alarm), "made for 30 days, it does not begin with a warning");
    // Its life is 30 days.
    for (days, words) in [(17, "within 14 days"), (24, "within 7 days"), (29, "within 1 days"), (31, "ran out at")] {
        let from = daemon.log().len();
        disk.clock(days * DAY);
        let said = |log: &str| log.lines().any(|line| line.contains(alarm) && line.contains(words));
        for _ in 0..600 {
            if said(&daemon.log()[from..]) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert!(said(&daemon.log()[from..]), "{words}: {}", &daemon.log()[from..]);
    }
    daemon.kill();
}

/// An authority of somebody's own that runs out, before what it signed does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_an_authority_reaches_whoever_is_connected_under_it() {
    let mut daemon = Daemon::prepared("");
    let pki = Foreign::new(daemon.folder("foreign"));
    let server = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth";
    pki.issue("issuing", "server", &Wish { key: P256, extensions: server, hours: (-1, 24 * 90) });
    pki.issue("issuing", "one", &Wish { key: P256, extensions: &client(WHO), hours: (-1, 24 * 90) });
    let at = daemon.folder("certs/server");
    put(&at.join("ca.pem"), &[pki.read("root/ca.pem"), pki.read("issuing/ca.pem")].concat());
    put(&at.join("cert.pem"), &[pki.read("server.pem"), pki.read("issuing/ca.pem")].concat());
    put(&at.join("key.pem"), &pki.read("server.key"));
    std::fs::set_permissions(at.join("key.pem"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let disk = Disk::below(&mut daemon);
    daemon.restart().await;
    let profile = daemon.folder("one");
    std::fs::create_dir(&profile).unwrap();
    for (name, text) in [
        ("endpoint", daemon.url()),
        ("ca.pem", pki.read("root/ca.pem")),
        ("cert.pem", pki.read("one.pem")),
        ("key.pem", pki.read("one.key")),
    ] {
        std::fs::write(profile.join(name), text).unwrap();
    }
    std::fs::set_permissions(profile.join("key.pem"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut council = daemon.person_with(&profile).await;
    let mut stream =
        council.referrals.watch_referrals(pb::WatchReferralsRequest::default()).await.unwrap().into_inner();
    // Warned of for weeks, and then over: the stream of who came before ends as well. OpenSSL's authorities live 30 days.
    disk.clock(25 * DAY);
    daemon.says(0, "CERTIFICATE_EXPIRES authority").await;
    council.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap();
    disk.clock(31 * DAY);
    let ended = tokio::time::timeout(std::time::Duration::from_secs(30), stream.message()).await.unwrap();
    assert_eq!(why(ended).0, Code::Unauthenticated);
    daemon.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_both_ways_loses_nothing() {
    let mut daemon = Daemon::prepared("");
    let disk = Disk::below(&mut daemon);
    let mut oracle = Oracle::default();
    daemon.restart().await;
    load(&daemon, &mut oracle, 6, || 0).await;
    arrive(&daemon, &mut oracle, 2).await;
    let mut officer = daemon.person(MPU).await;
    let held = officer.pull("MPU.SE").await.unwrap();
    let one = held.first().expect("something to take");

    // An hour at once: the lease is over, and somebody else is given the delivery.
    let from = daemon.log().len();
    disk.clock(HOUR);
    daemon.says(from, "expired_leases").await;
    let (_, reason) = why(officer.complete(one, "recorded").await);
    assert_eq!(reason, "LEASE_LOST");
    let taken = daemon.person(MPU_TOO).await.pull("MPU.SE").await.unwrap();
    assert!(taken.iter().any(|other| other.id == one.id && other.token != one.token));
    assert_eq!(judge(&daemon, &mut oracle).await, Ok(()));

    // Back by that hour: what was taken since is still held, by whoever took it.
    disk.clock(0);
    let (_, reason) = why(officer.complete(one, "recorded").await);
    assert_eq!(reason, "LEASE_LOST");
    load(&daemon, &mut oracle, 6, || 0).await;
    assert_eq!(judge(&daemon, &mut oracle).await, Ok(()));

    // Weeks ahead, where keys turn over, and back again while it is down; and the other way round.
    for (ahead, while_down) in [(40 * DAY, true), (40 * DAY, false)] {
        disk.clock(ahead);
        load(&daemon, &mut oracle, 6, || 0).await;
        assert_eq!(judge(&daemon, &mut oracle).await, Ok(()), "{ahead} seconds ahead");
        if while_down {
            daemon.kill();
            disk.clock(0);
            daemon.restart().await;
        } else {
            disk.clock(0);
        }
        load(&daemon, &mut oracle, 6, || 0).await;
        assert_eq!(judge(&daemon, &mut oracle).await, Ok(()), "back from {ahead} seconds");
        daemon.kill();
        daemon.forget_log();
        daemon.restart().await;
    }
    assert!(!daemon.log().contains("a fault of ours"), "{}", daemon.log());
    daemon.stop();
}
