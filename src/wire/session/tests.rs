//! What is remembered of those who come and go.

use super::*;
use crate::{domain::identity::TrustDomain, platform::ManualClock};

#[tokio::test]
async fn to_leave_and_come_back_gains_nothing_and_who_stays_away_is_forgotten() {
    let domain = TrustDomain::parse("pilot.example").unwrap();
    let identity = Identity::parse("homeward://pilot.example/met/SE/mpu_officer/p1", &domain).unwrap();
    let not_after = "2027-01-01T00:00:00Z".parse().unwrap();
    let peer = Peer { identity, serial: "1".into(), not_after, unlisted: false };
    let bounds = Bounds {
        clock: Arc::new(ManualClock::new("2026-11-21T12:00:00Z".parse().unwrap())),
        grant_end: Arc::new(|_, _| None),
        age: Duration::from_secs(60),
        grace: Duration::from_secs(60),
        per_identity: 1,
        shares: Shares {
            calls: 1,
            work: 1,
            streams: 1,
            calls_per_second: 1,
            frames_per_second: 1,
            bytes_per_second: 1,
        },
        read_within: Duration::from_secs(60),
    };
    let sessions = Sessions::default();
    let enter = || {
        let remote = "127.0.0.1:1".parse().unwrap();
        sessions.enter(Visitor { peer: peer.clone(), chain: Vec::new(), serials: Vec::new(), remote }, &bounds)
    };
    let first = enter().unwrap();
    assert!(first.session.takes(1) && enter().is_none());
    drop(first);
    let second = enter().unwrap();
    assert!(!second.session.takes(1));
    drop(second);
    let remembered = || sessions.with(|registry| registry.allowances.len());
    assert_eq!(remembered(), 1);
    while remembered() > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(enter().unwrap().session.takes(1));
}
