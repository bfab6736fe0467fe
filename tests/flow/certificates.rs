//! Certificates by administrators: two persons, a fingerprint, renewal, revocation that reaches open streams on every
//! replica.

use std::time::Duration;

use homeward::{
    domain::identity::Identity,
    pki::{self, KeyKind, Tools},
    platform::SystemEntropy,
    wire::pb::{
        self, ApproveProposalRequest, ListCertificatesRequest, PreviewRevocationRequest, RenewCertificateRequest,
        RevokeCertificateRequest, SignCertificateRequest, WatchReferralsRequest, approve_proposal_response::Effect,
        revoke_certificate_response::Outcome,
    },
};
use jiff::SignedDuration;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::{
    PATIENCE,
    house::{BROMLEY, House, LEWISHAM, MPU, MPU_NE, domain, narrative},
    person::{Person, fresh, submission},
    rotation::renewed,
};

pub(crate) const FIRST: &str = "operator/certificate_admin/admin-1";
pub(crate) const SECOND: &str = "operator/certificate_admin/admin-2";

pub(crate) fn identity(path: &str) -> Identity {
    Identity::parse(&format!("homeward://pilot.example/{path}"), &domain()).unwrap()
}

fn reason(status: &Status) -> (Code, String) {
    let info = status.get_error_details().error_info().map(|info| info.reason.clone());
    (status.code(), info.unwrap_or_default())
}

/// Somebody's key and request, made where they are.
pub(crate) fn requested(house: &House, path: &str, name: &str) -> (std::path::PathBuf, Vec<u8>, String) {
    let folder = house.folder(name);
    let made = pki::request(&folder, &identity(path), KeyKind::P256, "https://localhost:1").unwrap();
    let request = std::fs::read(folder.join("request.pem")).unwrap();
    (folder, request, made.fingerprint)
}

fn sign(request: &[u8]) -> SignCertificateRequest {
    SignCertificateRequest { request_id: fresh(), request: request.to_vec(), days: 0 }
}

pub(crate) async fn approve(who: &mut Person, proposal: &pb::Proposal, fingerprint: &str) -> Result<Effect, Status> {
    let asked = ApproveProposalRequest {
        request_id: fresh(),
        proposal_id: proposal.proposal_id.clone(),
        fingerprint: fingerprint.to_owned(),
    };
    Ok(who.admin.approve_proposal(asked).await?.into_inner().effect.unwrap())
}

/// The serial number of the only certificate of a holder.
pub(crate) async fn serial_of(admin: &mut Person, path: &str) -> String {
    let asked = ListCertificatesRequest { page_size: 200, page_token: String::new() };
    let all = admin.admin.list_certificates(asked).await.unwrap().into_inner().certificates;
    let mut own = all.into_iter().filter(|one| one.holder == identity(path).as_str());
    let one = own.next().unwrap();
    assert!(own.next().is_none());
    one.serial
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_council_is_enrolled_by_two_persons_and_submits() {
    let house = House::open_issuing().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let (folder, request, fingerprint) = requested(&house, LEWISHAM, "lewisham");
    let asked = sign(&request);
    let proposal = first.admin.sign_certificate(asked.clone()).await.unwrap().into_inner().proposal.unwrap();
    assert_eq!((proposal.subject.as_str(), &proposal.fingerprint), (identity(LEWISHAM).as_str(), &fingerprint));
    let again = first.admin.sign_certificate(asked).await.unwrap().into_inner().proposal.unwrap();
    assert!(again == proposal, "the same request gives the same proposal");

    let own = approve(&mut first, &proposal, &fingerprint).await.err().unwrap();
    assert_eq!(reason(&own), (Code::PermissionDenied, "SECOND_PERSON_NEEDED".into()));
    let wrong = approve(&mut second, &proposal, &fingerprint.replace(|digit: char| digit.is_ascii_digit(), "f")).await;
    assert_eq!(wrong.err().unwrap().code(), Code::InvalidArgument);
    let mut custodian = house.person("operator/key_custodian/k1").await;
    assert_eq!(approve(&mut custodian, &proposal, &fingerprint).await.err().unwrap().code(), Code::NotFound);
    let mut officer = house.person(MPU).await;
    assert_eq!(approve(&mut officer, &proposal, &fingerprint).await.err().unwrap().code(), Code::PermissionDenied);

    // Read out in groups.
    let said: Vec<_> = fingerprint.as_bytes().chunks(4).map(|four| std::str::from_utf8(four).unwrap()).collect();
    let effect = approve(&mut second, &proposal, &said.join(" ").to_uppercase()).await.unwrap();
    let Effect::Enrolled(enrolled) = effect else { panic!("no certificate") };
    let certificate = enrolled.certificate.unwrap();
    std::fs::write(folder.join("cert.pem"), &certificate.chain).unwrap();
    std::fs::write(folder.join("ca.pem"), &enrolled.trust_bundle).unwrap();
    let mut council = Person::new(house.connect(&folder).await.unwrap());
    council.submit(submission(&narrative(1))).await.unwrap();

    let late = approve(&mut second, &proposal, &fingerprint).await.err().unwrap();
    assert_eq!(reason(&late), (Code::FailedPrecondition, "APPROVED_ALREADY".into()));
    assert_eq!(serial_of(&mut first, LEWISHAM).await, certificate.serial);
    let steps: Vec<_> = house.ledger().await.into_iter().filter(|entry| !entry.who.is_empty()).collect();
    let steps: Vec<_> = steps.iter().map(|entry| (entry.action.as_str(), entry.who.ends_with("admin-1"))).collect();
    assert_eq!(steps[..2], [("PROPOSE", true), ("SIGN_CERTIFICATE", false)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approval_that_is_sent_twice_at_once_signs_one_certificate() {
    let house = House::open_issuing().await;
    let mut first = house.person(FIRST).await;
    let [mut one, mut other] = [house.person(SECOND).await, house.person(SECOND).await];
    let (_, request, fingerprint) = requested(&house, LEWISHAM, "lewisham");
    let proposal = first.admin.sign_certificate(sign(&request)).await.unwrap().into_inner().proposal.unwrap();
    let asked = ApproveProposalRequest { request_id: fresh(), proposal_id: proposal.proposal_id, fingerprint };
    let (one, other) =
        tokio::join!(one.admin.approve_proposal(asked.clone()), other.admin.approve_proposal(asked.clone()));
    let [one, other] = [one, other].map(|answer| answer.unwrap().into_inner());
    assert!(one == other, "the same call has one answer");
    let Some(Effect::Enrolled(enrolled)) = one.effect else { panic!("no certificate") };
    assert_eq!(serial_of(&mut first, LEWISHAM).await, enrolled.certificate.unwrap().serial);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proposal_is_void_after_seven_days_and_bad_requests_are_never_proposed() {
    let house = House::open_issuing().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let (_, request, fingerprint) = requested(&house, LEWISHAM, "lewisham");
    let proposal = first.admin.sign_certificate(sign(&request)).await.unwrap().into_inner().proposal.unwrap();
    house.later(SignedDuration::from_hours(7 * 24));
    let late = approve(&mut second, &proposal, &fingerprint).await.err().unwrap();
    assert_eq!(reason(&late), (Code::FailedPrecondition, "PROPOSAL_EXPIRED".into()));
    for (request, days, field) in [(b"nonsense".to_vec(), 0, "request"), (request, 91, "days")] {
        let refused =
            first.admin.sign_certificate(SignCertificateRequest { days, ..sign(&request) }).await.err().unwrap();
        let details = refused.get_error_details();
        assert_eq!(details.bad_request().unwrap().field_violations[0].field, field);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_renews_their_own_certificate_and_nobody_elses() {
    let house = House::open_issuing().await;
    let mut council = house.person(LEWISHAM).await;
    let (folder, request, _) = requested(&house, LEWISHAM, "next");
    let asked = RenewCertificateRequest { request_id: fresh(), request };
    let renewed = council.identity.renew_certificate(asked.clone()).await.unwrap().into_inner();
    let again = council.identity.renew_certificate(asked).await.unwrap().into_inner();
    assert!(again == renewed);
    std::fs::write(folder.join("cert.pem"), renewed.certificate.unwrap().chain).unwrap();
    std::fs::write(folder.join("ca.pem"), renewed.trust_bundle).unwrap();
    let mut next = Person::new(house.connect(&folder).await.unwrap());
    assert_eq!(
        next.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap().into_inner().identity,
        identity(LEWISHAM).as_str()
    );
    let (_, request, _) = requested(&house, BROMLEY, "other");
    let theirs = council.identity.renew_certificate(RenewCertificateRequest { request_id: fresh(), request }).await;
    assert_eq!(theirs.err().unwrap().code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_fills_the_register_with_renewals() {
    let house = House::open_issuing().await;
    let (mut council, mut other, mut admin) =
        (house.person(LEWISHAM).await, house.person(BROMLEY).await, house.person(FIRST).await);
    let (_, request, _) = requested(&house, LEWISHAM, "next");
    let asked = || RenewCertificateRequest { request_id: fresh(), request: request.clone() };
    let first = asked();
    let renewed = council.identity.renew_certificate(first.clone()).await.unwrap().into_inner();
    for _ in 1..3 {
        council.identity.renew_certificate(asked()).await.unwrap();
    }
    let refused = council.identity.renew_certificate(asked()).await.err().unwrap();
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "RENEWED_TOO_OFTEN".into()));
    assert!(council.identity.renew_certificate(first).await.unwrap().into_inner() == renewed, "a replay is answered");
    let (_, theirs, _) = requested(&house, BROMLEY, "theirs");
    other.identity.renew_certificate(RenewCertificateRequest { request_id: fresh(), request: theirs }).await.unwrap();
    let serial = renewed.certificate.unwrap().serial;
    let revoke = RevokeCertificateRequest { request_id: fresh(), serial, reason: "superseded".into() };
    admin.admin.revoke_certificate(revoke).await.unwrap();
    council.identity.renew_certificate(asked()).await.expect("one that was revoked makes room");
    council.identity.renew_certificate(asked()).await.err().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_authority_signing_says_so() {
    let house = House::open().await;
    let mut admin = house.person(FIRST).await;
    let (_, request, _) = requested(&house, LEWISHAM, "lewisham");
    let refused = admin.admin.sign_certificate(sign(&request)).await.err().unwrap();
    assert_eq!(reason(&refused), (Code::FailedPrecondition, "ISSUING_NOT_CONFIGURED".into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrators_certificate_is_revoked_by_two_others() {
    let house = House::open_issuing().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    let mut third = house.person("operator/certificate_admin/admin-3").await;
    let serial = serial_of(&mut first, "operator/certificate_admin/admin-3").await;
    let asked = RevokeCertificateRequest { request_id: fresh(), serial, reason: "key_compromise".into() };
    let outcome = first.admin.revoke_certificate(asked).await.unwrap().into_inner().outcome.unwrap();
    let Outcome::Proposal(proposal) = outcome else { panic!("revoked by one person") };
    let fingerprint = proposal.fingerprint.clone();
    for who in [&mut first, &mut third] {
        let refused = approve(who, &proposal, &fingerprint).await.err().unwrap();
        assert_eq!(reason(&refused), (Code::PermissionDenied, "SECOND_PERSON_NEEDED".into()));
    }
    third.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap();
    assert!(matches!(approve(&mut second, &proposal, &fingerprint).await.unwrap(), Effect::Revocation(_)));
    cut_off(&mut third).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_renewed_what_they_had_stolen_is_out_with_all_of_it() {
    let house = House::open_issuing().await;
    let mut admin = house.person(FIRST).await;
    let mut officer = house.person(MPU).await;
    let (mut thief, _) = renewed(&house, &mut officer, MPU, "thief").await;
    let (mut again, _) = renewed(&house, &mut thief, MPU, "again").await;
    // Whoever has called has a session: a client is through with its handshake before the server is.
    again.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap();
    let asked = |holder: &str| pb::RevokeHolderRequest {
        request_id: fresh(),
        holder: holder.to_owned(),
        reason: "key_compromise".into(),
    };
    let holder = identity(MPU);
    let previewed =
        |serial: &str, holder: &str| PreviewRevocationRequest { serial: serial.into(), holder: holder.into() };
    let breaks = admin.admin.preview_revocation(previewed("", holder.as_str())).await.unwrap().into_inner();
    assert_eq!((breaks.serials.len(), breaks.other_certificates, breaks.live_sessions), (3, 0, 3));
    assert!(!breaks.needs_approval && breaks.holder == holder.as_str());
    let one = admin.admin.preview_revocation(previewed(&breaks.serials[0], "")).await.unwrap().into_inner();
    assert_eq!((one.serials.as_slice(), one.other_certificates), (&breaks.serials[..1], 2));
    let both = admin.admin.preview_revocation(previewed("00", holder.as_str())).await.err().unwrap();
    assert_eq!(both.code(), Code::InvalidArgument);
    let nobody = admin.admin.preview_revocation(previewed("", identity(BROMLEY).as_str())).await.err().unwrap();
    assert_eq!(nobody.code(), Code::NotFound);
    let call = asked(holder.as_str());
    let first = admin.admin.revoke_holder(call.clone()).await.unwrap().into_inner();
    let serials: std::collections::BTreeSet<_> = first.revocations.iter().map(|one| one.serial.clone()).collect();
    assert_eq!((serials.len(), first.proposal.is_none()), (3, true));
    assert!(first.revocations.iter().all(|one| one.holder == holder.as_str()));
    assert!(admin.admin.revoke_holder(call).await.unwrap().into_inner() == first, "the same call, the same answer");
    for who in [&mut officer, &mut thief, &mut again] {
        cut_off(who).await;
    }
    let nothing = admin.admin.revoke_holder(asked(holder.as_str())).await.err().unwrap();
    assert_eq!(nothing.code(), Code::NotFound, "nothing good is left");
    assert_eq!(admin.admin.revoke_holder(asked("5a")).await.err().unwrap().code(), Code::InvalidArgument);
    let ledger = house.ledger().await;
    let of = |serial: &str| format!("serial={serial}");
    let entered = |serial| {
        let said = |entry: &&homeward::ledger::Entry| {
            entry.action == "REVOKE_CERTIFICATE" && entry.details.contains(&of(serial))
        };
        ledger.iter().filter(said).count()
    };
    assert!(serials.iter().all(|serial| entered(serial) == 1));

    // An administrator's: by two others, and not by themselves.
    let third = "operator/certificate_admin/admin-3";
    let mut administrator = house.person(third).await;
    let (mut renewed, _) = renewed(&house, &mut administrator, third, "third").await;
    let told = admin.admin.revoke_holder(asked(identity(third).as_str())).await.unwrap().into_inner();
    let proposal = told.proposal.unwrap();
    assert!(told.revocations.is_empty());
    for who in [&mut admin, &mut renewed] {
        let refused = approve(who, &proposal, &proposal.fingerprint).await.err().unwrap();
        assert_eq!(reason(&refused), (Code::PermissionDenied, "SECOND_PERSON_NEEDED".into()));
    }
    let mut second = house.person(SECOND).await;
    assert!(matches!(approve(&mut second, &proposal, &proposal.fingerprint).await.unwrap(), Effect::Revocation(_)));
    cut_off(&mut administrator).await;
    cut_off(&mut renewed).await;
}

/// Waits until somebody is told that the certificate was revoked.
async fn cut_off(who: &mut Person) {
    for _ in 0..6000 {
        if let Err(status) = who.identity.who_am_i(pb::WhoAmIRequest {}).await {
            assert!(matches!(status.code(), Code::Unauthenticated | Code::Unavailable | Code::Unknown), "{status:?}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("still served after a minute");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "this test measures how long the real server takes")]
async fn a_stolen_laptop_is_cut_off_on_every_replica_and_its_leases_return_unread() {
    let mut house = House::open_issuing().await;
    let mut admin = house.person(FIRST).await;
    let mut council = house.person(LEWISHAM).await;
    council.submit(submission(&narrative(1))).await.unwrap();
    let mut officer = house.person(MPU).await;
    let taken = officer.pull("MPU.SE").await.unwrap();
    assert!(!taken.is_empty());
    let serial = serial_of(&mut admin, MPU).await;
    let asked = PreviewRevocationRequest { serial: serial.clone(), ..Default::default() };
    let impact = admin.admin.preview_revocation(asked).await.unwrap().into_inner();
    assert_eq!((impact.live_sessions, impact.leases, impact.needs_approval), (1, taken.len() as u64, false));
    assert_eq!(impact.unattended_queues, ["MPU.SE"]);

    // The council's certificate has an open stream on each of two replicas.
    let other = house.replica().await;
    let profile = house.folder(&format!("profile-{}", LEWISHAM.replace('/', "-")));
    let mut elsewhere = Person::new(house.connect_at(&profile, &other).await.unwrap());
    let watch = || WatchReferralsRequest { resume_token: "0".into(), on_behalf_of: String::new() };
    let mut here = council.referrals.watch_referrals(watch()).await.unwrap().into_inner();
    let mut there = elsewhere.referrals.watch_referrals(watch()).await.unwrap().into_inner();
    assert!(here.message().await.unwrap().is_some() && there.message().await.unwrap().is_some());
    let council_serial = serial_of(&mut admin, LEWISHAM).await;

    for (serial, why) in [(&serial, "key_compromise"), (&council_serial, "cessation_of_operation")] {
        let asked = RevokeCertificateRequest { request_id: fresh(), serial: serial.clone(), reason: why.into() };
        let first = admin.admin.revoke_certificate(asked.clone()).await.unwrap().into_inner();
        assert!(matches!(first.outcome, Some(Outcome::Revocation(_))));
        assert!(admin.admin.revoke_certificate(asked).await.unwrap().into_inner() == first, "again");
    }
    let started = std::time::Instant::now();
    for stream in [&mut here, &mut there] {
        let ended = async {
            loop {
                match stream.message().await {
                    Ok(Some(_)) => {}
                    Ok(None) => panic!("the stream ended without a word"),
                    Err(status) => return status,
                }
            }
        };
        let status = tokio::time::timeout(PATIENCE, ended).await.unwrap();
        assert_eq!(reason(&status), (Code::Unauthenticated, "CERTIFICATE_REVOKED".into()));
        println!("a stream was cut {} ms after the answer to RevokeCertificate", started.elapsed().as_millis());
    }
    cut_off(&mut officer).await;
    let own = house.folder(&format!("profile-{}", MPU.replace('/', "-")));
    for url in [house.url(), other] {
        let back = house.connect_at(&own, &url).await;
        let refused = match back {
            Ok(channel) => Person::new(channel).identity.who_am_i(pb::WhoAmIRequest {}).await.is_err(),
            Err(_) => true,
        };
        assert!(refused, "a new connection is refused at {url}");
    }
    let waiting = house.person("met/SE/mpu_officer/p124").await.pull("MPU.SE").await.unwrap();
    assert_eq!(waiting.len(), taken.len(), "its deliveries are there for a colleague");
    let ledger = house.ledger().await;
    let count = |action: &str| ledger.iter().filter(|entry| entry.action == action).count();
    assert_eq!((count("REVOKE_CERTIFICATE"), count("LEASE_REVOKED")), (2, taken.len()));
    let mut stranger = house.person(MPU_NE).await;
    stranger.identity.who_am_i(pb::WhoAmIRequest {}).await.expect("nobody else is cut off");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_revoked_stays_so_after_a_restart_also_with_the_folder() {
    let mut house = House::open_issuing().await;
    let mut admin = house.person(FIRST).await;
    let mut council = house.person(LEWISHAM).await;
    let serial = serial_of(&mut admin, LEWISHAM).await;
    let asked = RevokeCertificateRequest { request_id: fresh(), serial, reason: "superseded".into() };
    admin.admin.revoke_certificate(asked).await.unwrap();
    cut_off(&mut council).await;
    let mut bromley = house.person(BROMLEY).await;
    let serial = serial_of(&mut admin, BROMLEY).await;
    let entropy = SystemEntropy::new();
    let tools = Tools { clock: &house.clock, entropy: &entropy };
    let reason = homeward::domain::certificate::RevocationReason::KeyCompromise;
    // Nobody tells the daemon: it looks into the folder by itself.
    pki::revoke(&house.certs(), &serial, reason, tools).unwrap();
    cut_off(&mut bromley).await;
    drop((council, admin, bromley));
    house.reopen().await;
    for path in [LEWISHAM, BROMLEY] {
        let profile = house.folder(&format!("profile-{}", path.replace('/', "-")));
        if let Ok(channel) = house.connect(&profile).await {
            Person::new(channel).identity.who_am_i(pb::WhoAmIRequest {}).await.err().unwrap();
        }
    }
    let mut admin = house.person(FIRST).await;
    let list = admin.admin.get_revocation_list(pb::GetRevocationListRequest {}).await.unwrap().into_inner();
    assert!(list.pem.starts_with("-----BEGIN X509 CRL-----") && !list.der.is_empty());
    let bundle = admin.admin.get_trust_bundle(pb::GetTrustBundleRequest {}).await.unwrap().into_inner().pem;
    assert_eq!(bundle, std::fs::read_to_string(house.certs().join("ca.pem")).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_register_raises_an_alarm_and_revocation_goes_on() {
    let mut house = House::open_issuing().await;
    let mut admin = house.person(FIRST).await;
    let mut council = house.person(LEWISHAM).await;
    let serial = serial_of(&mut admin, LEWISHAM).await;
    let register = house.certs().join("issued.tsv");
    let sound = std::fs::read(&register).unwrap();
    std::fs::write(&register, "nonsense\n").unwrap();
    let asked = RevokeCertificateRequest { request_id: fresh(), serial, reason: "key_compromise".into() };
    admin.admin.revoke_certificate(asked).await.unwrap();
    cut_off(&mut council).await;
    let alarms = admin.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap().into_inner().alarms;
    assert_eq!(alarms, ["CERTIFICATE_REGISTER"]);
    drop((admin, council));
    house.reopen().await;
    std::fs::write(&register, sound).unwrap();
    let mut admin = house.person(FIRST).await;
    serial_of(&mut admin, LEWISHAM).await;
    let alarms = admin.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap().into_inner().alarms;
    assert!(alarms.is_empty(), "{alarms:?}");
}
