//! Whoever has stolen a certificate and does what they can while it is revoked: they renew, and take what waits.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use homeward::{
    domain::certificate::RevocationReason,
    pki::{self, Tools},
    platform::SystemEntropy,
    wire::pb::{self, CertificateState},
};
use tokio::{sync::oneshot, time::timeout};

use crate::{
    PATIENCE,
    certificates::{FIRST, SECOND, approve, identity, requested},
    house::{BROMLEY, House, LEAD, LEWISHAM, MASH, MPU, MPU_NE, MPU_TOO, REFDESK, SUPERVISOR, narrative},
    person::{Person, Taken, fresh, submission},
    rotation::renewed,
};

/// What thieves have: how many certificates they were given, and whether they stop.
#[derive(Default)]
struct Loot {
    given: AtomicUsize,
    stop: AtomicBool,
}

/// Renews as often as it can, from then on with whatever it was given, until it is told to stop.
async fn renews(house: &House, path: &str, (url, name): (&str, String), loot: &Loot) {
    let profile = house.profile(path);
    let (folder, request, _) = requested(house, path, &name);
    let mut who = Person::new(house.connect_at(&profile, url).await.unwrap());
    while !loot.stop.load(Ordering::Relaxed) {
        let asked = pb::RenewCertificateRequest { request_id: fresh(), request: request.clone() };
        let Ok(renewed) = who.identity.renew_certificate(asked).await else {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        };
        loot.given.fetch_add(1, Ordering::Relaxed);
        let renewed = renewed.into_inner();
        std::fs::write(folder.join("cert.pem"), renewed.certificate.unwrap().chain).unwrap();
        std::fs::write(folder.join("ca.pem"), renewed.trust_bundle).unwrap();
        if let Ok(channel) = house.connect_at(&folder, url).await {
            who = Person::new(channel);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_renews_as_fast_as_they_can_while_they_are_revoked_keeps_nothing() {
    let mut house = House::open_issuing().await;
    let other = house.replica().await;
    let (here, mut admin) = (house.url(), house.person(FIRST).await);
    let holders = [MPU, MPU_TOO, MPU_NE, MASH, LEAD, SUPERVISOR, REFDESK, LEWISHAM, BROMLEY];
    for (number, path) in holders.into_iter().enumerate() {
        let loot = Loot::default();
        let loops =
            |at| renews(&house, path, (if at % 2 == 0 { &here } else { &other }, format!("{number}-{at}")), &loot);
        let revoked = async {
            // They have as many as anybody may, and go on asking.
            while loot.given.load(Ordering::Relaxed) < 3 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let asked = pb::RevokeHolderRequest {
                request_id: fresh(),
                holder: identity(path).as_str().to_owned(),
                reason: "key_compromise".into(),
            };
            let revoked = admin.admin.revoke_holder(asked).await.map(tonic::Response::into_inner);
            tokio::time::sleep(Duration::from_millis(500)).await;
            loot.stop.store(true, Ordering::Relaxed);
            revoked
        };
        let (revoked, ..) = tokio::join!(revoked, loops(0), loops(1), loops(2), loops(3));
        let serials: BTreeSet<_> = revoked.unwrap().revocations.into_iter().map(|one| one.serial).collect();
        assert_eq!(serials.len(), 4, "{path}: the one that was stolen, and three that were renewed");
    }
    let asked = pb::ListCertificatesRequest { page_size: 200, page_token: String::new() };
    let all = admin.admin.list_certificates(asked).await.unwrap().into_inner().certificates;
    for path in holders {
        let own: Vec<_> = all.iter().filter(|one| one.holder == identity(path).as_str()).collect();
        assert!(own.iter().all(|one| one.state() == CertificateState::Revoked), "{path} keeps one of {}", own.len());
        assert_eq!(own.len(), 4, "{path}");
    }
}

/// An officer's call comes to a halt before what they take is kept, until the answer is sent; ready when it has.
fn halted(house: &House) -> (oneshot::Receiver<()>, std::sync::mpsc::Sender<()>) {
    let (halts, halted) = oneshot::channel();
    let (goes_on, wait) = std::sync::mpsc::channel();
    *house.meanwhile.lock().unwrap() = Some(Box::new(move || {
        halts.send(()).unwrap();
        _ = wait.recv();
    }));
    (halted, goes_on)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_call_takes_that_was_under_way_while_its_caller_was_revoked_waits_for_a_colleague() {
    let house = House::open_issuing().await;
    let (mut admin, mut council) = (house.person(FIRST).await, house.person(LEWISHAM).await);
    let mut colleague = house.person("met/SE/mpu_officer/p125").await;
    for (path, streams) in [(MPU, false), (MPU_TOO, true)] {
        council.submit(submission(&narrative(1))).await.unwrap();
        let mut officer = house.person(path).await;
        let (halted, goes_on) = halted(&house);
        let taking = tokio::spawn(async move {
            if !streams {
                _ = officer.pull("MPU.SE").await;
                return;
            }
            let start = pb::StreamPullStart { queue: "MPU.SE".into(), session: "desk".into(), ..Default::default() };
            let first = pb::StreamPullRequest { step: Some(pb::stream_pull_request::Step::Start(start)) };
            let asking = tokio_stream::StreamExt::chain(tokio_stream::once(first), tokio_stream::pending());
            let mut stream = officer.queues.stream_pull(asking).await.unwrap().into_inner();
            while let Ok(Some(_)) = stream.message().await {}
        });
        timeout(PATIENCE, halted).await.unwrap().unwrap();
        let ended = async || {
            let is_one = |entry: &homeward::ledger::Entry| entry.action == "LEASE_REVOKED";
            house.ledger().await.iter().filter(|entry| is_one(entry)).count()
        };
        let before = ended().await;
        let asked = pb::RevokeHolderRequest {
            request_id: fresh(),
            holder: identity(path).as_str().to_owned(),
            reason: "key_compromise".into(),
        };
        admin.admin.revoke_holder(asked).await.unwrap();
        // Long after whoever watches has ended their leases and looked a second time.
        tokio::time::sleep(Duration::from_secs(3)).await;
        goes_on.send(()).unwrap();
        timeout(PATIENCE, taking).await.unwrap().unwrap();
        // The call itself ended with its session; what it took is given back by what goes on without it.
        let given_back = async {
            while ended().await == before {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(30), given_back).await.unwrap_or_else(|_| panic!("{path} keeps what was taken"));
        for one in waits(&mut colleague).await {
            assert_eq!((one.header.failed_count, one.header.opened_time), (0, None), "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_handed_over_in_the_moment_in_which_its_receiver_is_revoked_waits_for_another() {
    let house = House::open_issuing().await;
    let (mut admin, mut council) = (house.person(FIRST).await, house.person(LEWISHAM).await);
    let (mut officer, mut thief) = (house.person(MPU).await, house.person(MPU_TOO).await);
    council.submit(submission(&narrative(1))).await.unwrap();
    let taken = officer.pull("MPU.SE").await.unwrap().remove(0);
    officer.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    council.submit(submission(&narrative(1))).await.unwrap();
    assert!(!thief.pull("MPU.SE").await.unwrap().is_empty());
    let handing = pb::HandOverRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        to: identity(MPU_TOO).as_str().to_owned(),
        note: "Ring back at seven.".into(),
        keep_for: None,
    };
    // It has been seen that they are a colleague.
    let (halted, goes_on) = halted(&house);
    let handing = tokio::spawn(async move { officer.queues.hand_over(handing).await });
    timeout(PATIENCE, halted).await.unwrap().unwrap();
    let asked = pb::RevokeHolderRequest {
        request_id: fresh(),
        holder: identity(MPU_TOO).as_str().to_owned(),
        reason: "key_compromise".into(),
    };
    admin.admin.revoke_holder(asked).await.unwrap();
    let ended = async {
        while !house.ledger().await.iter().any(|entry| entry.action == "LEASE_REVOKED") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Whoever watches looks a second time a quarter of a second later.
        tokio::time::sleep(Duration::from_millis(600)).await;
    };
    timeout(PATIENCE, ended).await.unwrap();
    goes_on.send(()).unwrap();
    timeout(PATIENCE, handing).await.unwrap().unwrap().unwrap();
    let mut colleague = house.person("met/SE/mpu_officer/p125").await;
    let waiting = waits(&mut colleague).await;
    assert!(waiting.iter().any(|one| one.id == taken.id), "it waits for whoever was revoked");
}

/// Everything that waits in a queue, once anything does.
async fn waits(colleague: &mut Person) -> Vec<Taken> {
    let waits = async {
        loop {
            let taken = colleague.pull("MPU.SE").await.unwrap();
            if !taken.is_empty() {
                return taken;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, waits).await.expect("it is still in the hands of whoever was revoked")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_broker_signed_is_revoked_with_the_folder_too_and_its_leases_return() {
    let house = House::open_issuing().await;
    let mut council = house.person(LEWISHAM).await;
    council.submit(submission(&narrative(1))).await.unwrap();
    let mut officer = house.person(MPU).await;
    let (mut thief, certificate) = renewed(&house, &mut officer, MPU, "thief").await;
    let taken = thief.pull("MPU.SE").await.unwrap();
    assert!(!taken.is_empty());
    let entropy = SystemEntropy::new();
    let tools = Tools { clock: &house.clock, entropy: &entropy };
    let known = pki::revoke(&house.certs(), &certificate.serial, RevocationReason::KeyCompromise, tools).unwrap();
    assert_eq!(known, None, "the folder did not issue it");
    let mut colleague = house.person(MPU_TOO).await;
    assert_eq!(waits(&mut colleague).await.len(), taken.len());
    officer.identity.who_am_i(pb::WhoAmIRequest {}).await.expect("the one that was not revoked is good");
    let mut admin = house.person(FIRST).await;
    let asked = pb::ListCertificatesRequest { page_size: 200, page_token: String::new() };
    let all = admin.admin.list_certificates(asked).await.unwrap().into_inner().certificates;
    let revoked = all.into_iter().find(|one| one.serial == certificate.serial).unwrap().revocation.unwrap();
    assert_eq!((revoked.holder.as_str(), revoked.revoked_by.as_str()), (identity(MPU).as_str(), ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_register_the_leases_of_whoever_was_cut_off_return() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    council.submit(submission(&narrative(1))).await.unwrap();
    let mut officer = house.person(MPU).await;
    let taken = officer.pull("MPU.SE").await.unwrap();
    assert!(!taken.is_empty());
    let listed = pki::list(&house.certs()).unwrap();
    let serial = listed.into_iter().find(|one| one.holder == identity(MPU).as_str()).unwrap().serial;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let asked =
        pb::RevokeCertificateRequest { request_id: fresh(), serial: serial.clone(), reason: "key_compromise".into() };
    let outcome = first.admin.revoke_certificate(asked).await.unwrap().into_inner().outcome.unwrap();
    let pb::revoke_certificate_response::Outcome::Proposal(proposal) = outcome else { panic!("by one person") };
    let fingerprint = proposal.fingerprint.clone();
    approve(&mut second, &proposal, &fingerprint).await.unwrap();
    let mut colleague = house.person(MPU_TOO).await;
    assert_eq!(waits(&mut colleague).await.len(), taken.len());
}
