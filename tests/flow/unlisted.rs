//! Somebody has a copy of the issuing authority's key, and signs with it what nobody was asked to sign.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use homeward::{
    ledger::sha256,
    pki::{Tools, rotation},
    platform::SystemEntropy,
    wire::pb::{
        self, ListCertificatesRequest, RenewCertificateRequest, RevokeCertificateRequest,
        revoke_certificate_response::Outcome,
    },
};
use jiff::SignedDuration;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair, SanType};
use tonic::{Code, Status};

use crate::{
    PATIENCE,
    certificates::{FIRST, SECOND, requested, serial_of},
    house::{House, LEWISHAM, MPU, MPU_TOO, narrative},
    pages::Browser,
    person::{Person, fresh, submission, why},
    rotation::{alarms_are, end, hears, me, watching},
};

/// A profile signed with a copy of the key, with this serial number; and its line of the register, if somebody had written it.
fn forged(house: &House, path: &str, serial: &[u8]) -> (PathBuf, String) {
    let read = |name: &str| fs::read_to_string(house.certs().join(name)).unwrap();
    let (ca, register) = (read("issuing.pem"), read("issued.tsv"));
    let issuer = Issuer::from_ca_cert_pem(&ca, KeyPair::from_pem(&read("issuing.key")).unwrap()).unwrap();
    let uri = format!("homeward://pilot.example/{path}");
    let mut params = CertificateParams::default();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.subject_alt_names = vec![SanType::URI(uri.as_str().try_into().unwrap())];
    params.serial_number = Some(serial.to_vec().into());
    (params.not_before, params.not_after) = (rcgen::date_time_ymd(2026, 11, 1), rcgen::date_time_ymd(2027, 2, 1));
    let own = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&own, &issuer).unwrap();
    let serial = hex::encode(serial);
    let folder = house.folder(&format!("forged-{serial}-{}", path.replace('/', "-")));
    fs::create_dir(&folder).unwrap();
    homeward::platform::secret_file::create_secret(&folder.join("key.pem"), own.serialize_pem().as_bytes()).unwrap();
    fs::write(folder.join("cert.pem"), format!("{}{ca}", certificate.pem())).unwrap();
    fs::write(folder.join("ca.pem"), read("ca.pem")).unwrap();
    fs::write(folder.join("endpoint"), "https://localhost:1").unwrap();
    let authority = register.lines().find(|line| line.contains("issuing authority")).unwrap();
    let (authority, _) = authority.split_once('\t').unwrap();
    let fingerprint = hex::encode(sha256(&[certificate.der()]));
    let line = format!("{serial}\t{uri}\t2026-11-01T00:00:00Z\t2027-02-01T00:00:00Z\t{authority}\t{fingerprint}\n");
    (folder, line)
}

async fn comes(house: &House, profile: &Path) -> Person {
    Person::new(house.connect(profile).await.unwrap())
}

/// Whether somebody is served who comes now to the door for programs.
async fn is_answered(house: &House, profile: &Path) -> bool {
    let Ok(channel) = house.connect(profile).await else { return false };
    let mut asked = Person::new(channel);
    let answer = asked.identity.who_am_i(pb::WhoAmIRequest {});
    tokio::time::timeout(PATIENCE, answer).await.unwrap().is_ok()
}

/// Whether somebody is let in who comes now to the door of the pages.
async fn is_shown(house: &House, profile: &Path) -> bool {
    let Ok(browser) = Browser::with(house, profile).await else { return false };
    tokio::time::timeout(PATIENCE, browser.is_let_in()).await.unwrap()
}

/// At which doors somebody is let in who comes now: that for programs, that of the pages.
async fn served(house: &House, profile: &Path) -> [bool; 2] {
    [is_answered(house, profile).await, is_shown(house, profile).await]
}

/// Waits until whoever comes with a profile is served at no door any longer: this replica looks within a quarter of a second.
async fn is_shut_out(house: &House, profile: &Path) {
    let shut = async {
        while served(house, profile).await != [false; 2] {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, shut).await.unwrap();
}

async fn renews(house: &House, who: &mut Person, path: &str, name: &str) -> Result<(), Status> {
    let (_, request, _) = requested(house, path, name);
    who.identity.renew_certificate(RenewCertificateRequest { request_id: fresh(), request }).await.map(drop)
}

fn unknown() -> (Code, String) {
    (Code::PermissionDenied, "CERTIFICATE_UNKNOWN".into())
}

const SERIAL: [u8; 16] = [0x5a; 16];

fn alarm(serial: &[u8]) -> String {
    format!("CERTIFICATE_NOT_IN_REGISTER {}", hex::encode(serial))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_copy_of_the_issuing_key_has_signed_is_renewed_for_nobody() {
    let house = House::open_issuing().await;
    let mut admin = house.person(FIRST).await;
    let mut honest = house.person(MPU).await;
    let known = hex::decode(serial_of(&mut admin, MPU).await).unwrap();
    let (profile, _) = forged(&house, MPU, &SERIAL);
    assert!(is_shown(&house, &profile).await);
    alarms_are(&mut admin, &[alarm(&SERIAL)]).await;
    let mut thief = comes(&house, &profile).await;
    assert_eq!(why(renews(&house, &mut thief, MPU, "first").await), unknown());
    // Nor is one that has the serial number of somebody who is in the register.
    let (profile, _) = forged(&house, MPU_TOO, &known);
    let mut twin = comes(&house, &profile).await;
    assert_eq!(why(renews(&house, &mut twin, MPU_TOO, "twin").await), unknown());

    // Two administrators of their own making would approve each other.
    for (path, serial) in [(FIRST, [0x5b; 16]), (SECOND, [0x5c; 16])] {
        let (profile, _) = forged(&house, path, &serial);
        let mut thief = comes(&house, &profile).await;
        assert_eq!(why(thief.admin.list_certificates(ListCertificatesRequest::default()).await), unknown());
        let (_, request, _) = requested(&house, MPU, &format!("of-{}", serial[0]));
        let asked = pb::SignCertificateRequest { request_id: fresh(), request, days: 0 };
        assert_eq!(why(thief.admin.sign_certificate(asked).await), unknown());
        me(&mut thief).await;
        thief.admin.get_trust_bundle(pb::GetTrustBundleRequest {}).await.expect("what to trust is public");
    }

    let entropy = SystemEntropy::new();
    house.later(SignedDuration::from_mins(1));
    let tools = Tools { clock: &house.clock, entropy: &entropy };
    rotation::prepare(&house.certs(), &house.certs().join("root"), None, tools).unwrap();
    rotation::activate(&house.certs(), tools).unwrap();
    assert_eq!(why(renews(&house, &mut thief, MPU, "second").await), unknown());
    renews(&house, &mut honest, MPU, "honest").await.unwrap();
    let ledger = house.ledger().await;
    let entries: Vec<_> = ledger.iter().filter(|entry| entry.action == "CERTIFICATE_NOT_IN_REGISTER").collect();
    assert_eq!(entries.len(), 4, "one for each");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_in_no_register_is_out_when_the_authority_is_tainted() {
    let house = House::open_issuing().await;
    let mut council = house.person(LEWISHAM).await;
    council.submit(submission(&narrative(1))).await.unwrap();
    let (profile, _) = forged(&house, LEWISHAM, &SERIAL);
    let mut thief = comes(&house, &profile).await;
    let mut stream = watching(&mut thief).await;
    let (at_the_pages, _) = forged(&house, MPU, &[0x5c; 16]);
    let reading = Browser::with(&house, &at_the_pages).await.unwrap();
    assert!(reading.is_let_in().await);
    let (late, _) = forged(&house, MPU, &[0x5b; 16]);
    let known = hex::decode(serial_of(&mut house.person(FIRST).await, LEWISHAM).await).unwrap();
    let (twin, _) = forged(&house, LEWISHAM, &known);
    let entropy = SystemEntropy::new();
    house.later(SignedDuration::from_mins(1));
    let tools = Tools { clock: &house.clock, entropy: &entropy };
    rotation::prepare(&house.certs(), &house.certs().join("root"), None, tools).unwrap();
    rotation::activate(&house.certs(), tools).unwrap();
    rotation::taint(&house.certs(), tools).unwrap();
    assert_eq!(end(&mut stream).await, (Code::Unauthenticated, "CERTIFICATE_UNKNOWN".into()));
    hears(&mut council).await;
    for profile in [&profile, &at_the_pages, &late, &twin] {
        is_shut_out(&house, profile).await;
    }
    assert!(!reading.is_let_in().await, "nor does who was reading the pages go on");
    let mut council = house.person(LEWISHAM).await;
    me(&mut council).await;
    renews(&house, &mut council, LEWISHAM, "renewed").await.expect("whoever is in the register has time to renew");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_in_no_register_is_revoked_on_every_replica() {
    let mut house = House::open_issuing().await;
    let (mut first, mut second) = (house.person(FIRST).await, house.person(SECOND).await);
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let other = house.replica().await;
    let (profile, _) = forged(&house, LEWISHAM, &SERIAL);
    let mut thief = Person::new(house.connect_at(&profile, &other).await.unwrap());
    let mut stream = watching(&mut thief).await;
    let revoke = |serial: &str| RevokeCertificateRequest {
        request_id: fresh(),
        serial: serial.to_owned(),
        reason: "key_compromise".into(),
    };
    let serial = hex::encode(SERIAL);
    let previewed = pb::PreviewRevocationRequest { serial: serial.clone(), ..Default::default() };
    assert!(first.admin.preview_revocation(previewed).await.unwrap().into_inner().holder.ends_with(LEWISHAM));
    let outcome = first.admin.revoke_certificate(revoke(&serial)).await.unwrap().into_inner().outcome;
    assert!(matches!(outcome, Some(Outcome::Revocation(_))), "whose it says it is has been seen");
    assert_eq!(end(&mut stream).await, (Code::Unauthenticated, "CERTIFICATE_REVOKED".into()));
    is_shut_out(&house, &profile).await;
    let honest = house.folder(&format!("profile-{}", LEWISHAM.replace('/', "-")));
    assert_eq!(served(&house, &honest).await, [true; 2]);
    alarms_are(&mut first, &[]).await;
    let list = first.admin.get_revocation_list(pb::GetRevocationListRequest {}).await.unwrap().into_inner();
    assert!(list.der.windows(SERIAL.len()).any(|bytes| bytes == SERIAL), "it is in the list");

    // Nobody has shown this one: whose it is, is not known, so it takes two.
    let unseen = [0x5b; 16];
    let outcome = first.admin.revoke_certificate(revoke(&hex::encode(unseen))).await.unwrap().into_inner().outcome;
    let Some(Outcome::Proposal(proposal)) = outcome else { panic!("revoked by one") };
    let approval = pb::ApproveProposalRequest {
        request_id: fresh(),
        proposal_id: proposal.proposal_id,
        fingerprint: proposal.fingerprint,
    };
    second.admin.approve_proposal(approval).await.unwrap();
    let (profile, _) = forged(&house, MPU, &unseen);
    is_shut_out(&house, &profile).await;
    let refused = why(first.admin.revoke_certificate(revoke("5A:5A")).await);
    assert_eq!(refused.0, Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_issued_with_another_copy_of_the_folder_is_good_once_its_line_is_there() {
    let mut house = House::open_issuing().await;
    let mut admin = house.person(FIRST).await;
    let (profile, line) = forged(&house, MPU, &SERIAL);
    let mut officer = comes(&house, &profile).await;
    alarms_are(&mut admin, &[alarm(&SERIAL)]).await;
    let register = house.certs().join("issued.tsv");
    fs::write(&register, fs::read_to_string(&register).unwrap() + &line).unwrap();
    alarms_are(&mut admin, &[]).await;
    assert_eq!(why(renews(&house, &mut officer, MPU, "too-soon").await), unknown(), "this connection is of before");
    let mut officer = comes(&house, &profile).await;
    renews(&house, &mut officer, MPU, "renewed").await.unwrap();
    drop((officer, admin));

    // Where it is so configured, whoever is in no register does not come in at all.
    house.close().await;
    house.only_listed = true;
    house.start().await;
    let (forged, _) = forged(&house, MPU_TOO, &[0x5b; 16]);
    assert_eq!(served(&house, &forged).await, [false; 2]);
    assert_eq!(served(&house, &profile).await, [true; 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_copy_of_the_key_has_signed_is_revoked_by_its_serial_number_or_does_not_come_in() {
    let house = House::open_issuing().await;
    let mut admin = house.person(FIRST).await;
    for serial in [&[0x5a; 24][..], &[0]] {
        let (profile, _) = forged(&house, LEWISHAM, serial);
        assert_eq!(served(&house, &profile).await, [false; 2]);
    }
    for serial in [&[0xff; 20][..], &[1]] {
        let (profile, _) = forged(&house, LEWISHAM, serial);
        assert_eq!(served(&house, &profile).await, [true; 2]);
        let reason = "key_compromise".into();
        let asked = RevokeCertificateRequest { request_id: fresh(), serial: hex::encode(serial), reason };
        admin.admin.revoke_certificate(asked).await.unwrap();
        is_shut_out(&house, &profile).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_with_the_serial_number_of_its_own_authority_is_seen_too() {
    let mut house = House::open_issuing().await;
    house.close().await;
    // An issuing authority that stands alone is trusted as it is: nothing else tells that it is ours.
    fs::copy(house.certs().join("issuing.pem"), house.certs().join("server/ca.pem")).unwrap();
    house.start().await;
    let mut admin = house.person(FIRST).await;
    let serial = fs::read_to_string(house.certs().join("issued.tsv")).unwrap();
    let serial = serial.lines().find(|line| line.contains("issuing authority")).unwrap().split('\t').next().unwrap();
    let serial = hex::decode(serial).unwrap();
    let (profile, _) = forged(&house, MPU, &serial);
    assert_eq!(served(&house, &profile).await, [true; 2]);
    alarms_are(&mut admin, &[alarm(&serial)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_so_many_that_nobody_could_look_at_each_the_rest_is_one_alarm_and_one_entry_and_what_is_revoked_makes_room()
{
    let house = House::open_issuing().await;
    let mut admin = house.person(FIRST).await;
    let (serial, more) = (|number: u8| [number; 16], "CERTIFICATE_NOT_IN_REGISTER MORE".to_owned());
    for number in 1..=66 {
        let (profile, _) = forged(&house, MPU, &serial(number));
        assert!(is_answered(&house, &profile).await);
    }
    let mut alarms: Vec<_> = (1..=64).map(|number| alarm(&serial(number))).chain([more.clone()]).collect();
    alarms.sort();
    alarms_are(&mut admin, &alarms).await;
    let entries =
        house.ledger().await.into_iter().filter(|entry| entry.action == "CERTIFICATE_NOT_IN_REGISTER").count();
    assert_eq!(entries, 65, "one for each of 64, and one for the rest");

    let (request_id, reason) = (fresh(), "key_compromise".into());
    let asked = RevokeCertificateRequest { request_id, serial: hex::encode(serial(1)), reason };
    admin.admin.revoke_certificate(asked).await.unwrap();
    alarms.retain(|name| *name != alarm(&serial(1)) && *name != more);
    alarms_are(&mut admin, &alarms).await;
    let (profile, _) = forged(&house, MPU, &serial(67));
    assert!(is_answered(&house, &profile).await);
    alarms.push(alarm(&serial(67)));
    alarms.sort();
    alarms_are(&mut admin, &alarms).await;
}
