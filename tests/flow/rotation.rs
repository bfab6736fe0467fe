//! The issuing authority is replaced while everybody is connected: prepared, activated, tainted, revoked. Whoever renews in
//! between loses nothing; whoever does not is told, can be seen, and is out at the end.

use std::{fs, path::PathBuf, time::Duration};

use homeward::{
    pki::{self, Tools, rotation},
    platform::SystemEntropy,
    wire::pb::{
        self, ListCertificatesRequest, PreviewRevocationRequest, RenewCertificateRequest, WatchReferralsRequest,
    },
};
use jiff::SignedDuration;
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};
use tonic::{Code, Status, Streaming};
use x509_parser::pem::parse_x509_pem;

use crate::{
    PATIENCE,
    certificates::{FIRST, requested},
    house::{House, LEWISHAM, MASH, MPU, MPU_TOO, narrative},
    person::{Person, fresh, submission, why},
};

pub(crate) async fn me(who: &mut Person) -> pb::WhoAmIResponse {
    me_or_why(who).await.unwrap()
}

async fn me_or_why(who: &mut Person) -> Result<pb::WhoAmIResponse, Status> {
    Ok(who.identity.who_am_i(pb::WhoAmIRequest {}).await?.into_inner())
}

/// What an answer says of the caller's certificate in its headers.
async fn told(who: &mut Person) -> Option<String> {
    let answer = who.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap();
    answer.metadata().get("homeward-certificate-renew").map(|value| value.to_str().unwrap().to_owned())
}

/// Asks until somebody hears that their authority is tainted.
pub(crate) async fn hears(who: &mut Person) {
    let heard = async {
        while !me(who).await.certificate_authority_tainted {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.unwrap();
}

/// Waits until these alarms are on and no others: the last thing that a look at what is revoked and tainted does.
pub(crate) async fn alarms_are(operator: &mut Person, expected: &[String]) {
    let seen = async {
        while me(operator).await.alarms != expected {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), seen).await.unwrap();
}

pub(crate) async fn watching(who: &mut Person) -> Streaming<pb::WatchReferralsResponse> {
    let asked = WatchReferralsRequest { resume_token: "0".into(), on_behalf_of: String::new() };
    let mut stream = who.referrals.watch_referrals(asked).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    stream
}

/// The status with which a stream ends at last.
pub(crate) async fn end<T>(stream: &mut Streaming<T>) -> (Code, String) {
    let ended = async {
        loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the stream ended without a word"),
                Err(status) => return why::<()>(Err(status)),
            }
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.unwrap()
}

/// Everything that the broker knows of, by holder and serial.
async fn certificates(admin: &mut Person) -> Vec<pb::Certificate> {
    let asked = ListCertificatesRequest { page_size: 200, page_token: String::new() };
    admin.admin.list_certificates(asked).await.unwrap().into_inner().certificates
}

/// Somebody under the next certificate of their own, as the broker signs it now; with its serial number.
pub(crate) async fn renewed(house: &House, who: &mut Person, path: &str, name: &str) -> (Person, pb::Certificate) {
    let (folder, request, _) = requested(house, path, name);
    let asked = RenewCertificateRequest { request_id: fresh(), request };
    let renewed = who.identity.renew_certificate(asked).await.unwrap().into_inner();
    let certificate = renewed.certificate.unwrap();
    std::fs::write(folder.join("cert.pem"), &certificate.chain).unwrap();
    std::fs::write(folder.join("ca.pem"), renewed.trust_bundle).unwrap();
    (Person::new(house.connect(&folder).await.unwrap()), certificate)
}

/// An officer's stream of deliveries on another replica, with one delivery taken.
async fn pulling(house: &House, path: &str, url: &str) -> (Person, Streaming<pb::StreamPullResponse>) {
    let profile = house.folder(&format!("profile-{}", path.replace('/', "-")));
    let mut there = Person::new(house.connect_at(&profile, url).await.unwrap());
    let start = pb::StreamPullStart {
        queue: "MPU.SE".into(),
        session: "desk".into(),
        max_outstanding_messages: 1,
        ..Default::default()
    };
    let first = pb::StreamPullRequest { step: Some(pb::stream_pull_request::Step::Start(start)) };
    let asking = tokio_stream::StreamExt::chain(tokio_stream::once(first), tokio_stream::pending());
    let mut stream = there.queues.stream_pull(asking).await.unwrap().into_inner();
    loop {
        let event = stream.message().await.unwrap().unwrap().event;
        if matches!(event, Some(pb::stream_pull_response::Event::Delivery(_))) {
            return (there, stream);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_issuing_authority_rotates_under_open_streams_and_who_renewed_loses_nothing() {
    let mut house = House::open_issuing().await;
    let (mut council, mut admin) = (house.person(LEWISHAM).await, house.person(FIRST).await);
    let (mut officer, mut colleague) = (house.person(MPU).await, house.person(MPU_TOO).await);
    for _ in 0..2 {
        council.submit(submission(&narrative(1))).await.unwrap();
    }
    house.person(MASH).await;
    let mut stream = watching(&mut council).await;
    let before = admin.admin.get_trust_bundle(pb::GetTrustBundleRequest {}).await.unwrap().into_inner().pem;
    let mut all = certificates(&mut admin).await.into_iter();
    let old = all.find(|one| one.holder.ends_with(LEWISHAM)).unwrap().issuer_serial;

    let entropy = SystemEntropy::new();
    house.later(SignedDuration::from_mins(1));
    let clock = house.clock.clone();
    let tools = Tools { clock: &clock, entropy: &entropy };
    let (certs, root) = (house.certs(), house.certs().join("root"));
    let next = rotation::prepare(&certs, &root, None, tools).unwrap().serial;
    rotation::activate(&certs, tools).unwrap();
    let (mut new_council, by_next) = renewed(&house, &mut council, LEWISHAM, "renewed").await;
    assert_eq!((by_next.issuer_serial.as_str(), by_next.tainted), (next.as_str(), false));
    assert_eq!(told(&mut council).await, None, "an authority that was replaced is as good as ever");
    let mut lasting = watching(&mut new_council).await;

    let other = house.replica().await;
    let (mut there, mut pulled) = pulling(&house, MPU, &other).await;
    rotation::taint(&certs, tools).unwrap();
    for who in [&mut council, &mut officer, &mut there, &mut admin] {
        hears(who).await;
        assert!(me(who).await.certificate_renewal_due);
        assert_eq!(told(who).await.unwrap(), "AUTHORITY_TAINTED");
    }
    assert!(!me(&mut new_council).await.certificate_authority_tainted && told(&mut new_council).await.is_none());
    assert_eq!(told(&mut house.person(MASH).await).await.unwrap(), "AUTHORITY_TAINTED", "who comes later is told too");
    alarms_are(&mut admin, &[format!("AUTHORITY_TAINTED {old}")]).await;
    let bundle = admin.admin.get_trust_bundle(pb::GetTrustBundleRequest {}).await.unwrap().into_inner().pem;
    assert_eq!(bundle, before, "everybody's trust is as it was");

    // A colleague renews, goes on with a lease of before, and is seen to have done so.
    let kept = colleague.pull("MPU.SE").await.unwrap();
    assert!(!kept.is_empty());
    let (mut colleague, _) = renewed(&house, &mut colleague, MPU_TOO, "colleague").await;
    let good = who_hangs_on_it(&mut admin, &old).await;
    council.submit(submission(&narrative(1))).await.unwrap();
    assert!(stream.message().await.unwrap().is_some(), "until now nobody's stream has ended");
    rotation::revoke(&certs, &root, None, tools).unwrap();
    assert_eq!(end(&mut stream).await, (Code::Unauthenticated, "CERTIFICATE_REVOKED".into()));
    assert_eq!(end(&mut pulled).await, (Code::Unauthenticated, "CERTIFICATE_REVOKED".into()));
    let profile = house.folder(&format!("profile-{}", LEWISHAM.replace('/', "-")));
    if let Ok(channel) = house.connect(&profile).await {
        let asked = Person::new(channel).identity.who_am_i(pb::WhoAmIRequest {}).await;
        assert!(asked.is_err(), "the door is shut");
    }

    new_council.submit(submission(&narrative(1))).await.unwrap();
    assert!(lasting.message().await.unwrap().is_some(), "a stream under the next authority goes on");
    colleague
        .open(&kept[0], (pb::Part::E, 0), "")
        .await
        .expect("the lease of before the renewal is the colleague's still");
    its_end_is_seen(&mut renew_offline(&house, tools).await, &old, good).await;
    let ledger = house.ledger().await;
    let count = |action: &str| ledger.iter().filter(|entry| entry.action == action).count();
    assert_eq!((count("TAINT_AUTHORITY"), count("REVOKE_CERTIFICATE"), count("LEASE_REVOKED")), (1, 1, 1));
}

/// The list shows who has not renewed, and the preview what would end; answers with how many certificates that is.
async fn who_hangs_on_it(admin: &mut Person, old: &str) -> u64 {
    let all = certificates(admin).await;
    let hangs = |holder: &str| all.iter().filter(|one| one.holder.ends_with(holder)).all(|one| one.tainted);
    assert!(hangs(MPU) && hangs(MASH) && !hangs(MPU_TOO) && !hangs(LEWISHAM), "the list shows who has not renewed");
    assert!(all.iter().all(|one| one.tainted == (one.issuer_serial == old || one.serial == old)));
    let asked = PreviewRevocationRequest { serial: old.to_owned(), ..Default::default() };
    let impact = admin.admin.preview_revocation(asked).await.unwrap().into_inner();
    let good = all.iter().filter(|one| one.issuer_serial == old).count() as u64;
    assert_eq!((impact.dependent_certificates, impact.leases, impact.needs_approval), (good, 1, true));
    assert!(impact.live_sessions >= 4 && impact.unattended_queues.iter().all(|queue| queue != "MPU.SE"));
    good
}

/// What the old authority signed is over, in the list too, and so is the alarm.
async fn its_end_is_seen(admin: &mut Person, old: &str, good: u64) {
    alarms_are(admin, &[]).await;
    let all = certificates(admin).await;
    let over = |one: &&pb::Certificate| one.state() == pb::CertificateState::Revoked;
    assert!(all.iter().filter(over).all(|one| !one.tainted && (one.issuer_serial == old || one.serial == old)));
    assert_eq!(all.iter().filter(over).count() as u64, good + 1, "what it signed is over, in the list too");
}

/// The first administrator under a certificate of the authority that signs now.
async fn renew_offline(house: &House, tools: Tools<'_>) -> Person {
    let identity = pki::identity_of(&house.certs().join("admin-1")).unwrap();
    let out = house.folder("admin-again");
    let wish = pki::Issue { identity: &identity, endpoint: "https://localhost:1", out: &out, days: 90 };
    pki::issue(&house.certs(), &wish, tools).unwrap();
    Person::new(house.connect(&out).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_whose_folder_is_an_old_copy_signs_nothing_with_a_tainted_authority() {
    let house = House::open_issuing().await;
    let mut council = house.person(LEWISHAM).await;
    let entropy = SystemEntropy::new();
    house.later(SignedDuration::from_mins(1));
    let tools = Tools { clock: &house.clock, entropy: &entropy };
    let certs = house.certs();
    let copy: Vec<_> = ["issuing.key", "issuing.pem"].map(|name| std::fs::read(certs.join(name)).unwrap()).into();
    rotation::prepare(&certs, &certs.join("root"), None, tools).unwrap();
    rotation::activate(&certs, tools).unwrap();
    rotation::taint(&certs, tools).unwrap();
    hears(&mut council).await;
    std::fs::write(certs.join("issuing.key"), &copy[0]).unwrap();
    std::fs::write(certs.join("issuing.pem"), &copy[1]).unwrap();
    std::fs::remove_file(certs.join("tainted.tsv")).unwrap();
    let (_, request, _) = requested(&house, LEWISHAM, "renewed");
    let asked = RenewCertificateRequest { request_id: fresh(), request };
    let refused = why(council.identity.renew_certificate(asked).await);
    assert_eq!(refused, (Code::FailedPrecondition, "AUTHORITY_TAINTED".into()));
}

/// The server knows its issuing authorities, so that clients need not show them.
async fn opened_knowing_its_authorities() -> House {
    let mut house = House::open_issuing().await;
    house.close().await;
    let file = house.certs().join("server/ca.pem");
    let all = ["ca.pem", "issuing.pem"].map(|name| fs::read_to_string(house.certs().join(name)).unwrap());
    fs::write(file, all.concat()).unwrap();
    house.start().await;
    house
}

/// Somebody who shows another chain: their own certificate, and what else is given.
async fn showing(house: &House, path: &str, name: &str, above: &str) -> (Person, PathBuf) {
    drop(house.person(path).await);
    let (own, folder) = (house.folder(&format!("profile-{}", path.replace('/', "-"))), house.folder(name));
    fs::create_dir(&folder).unwrap();
    for file in ["key.pem", "ca.pem", "endpoint"] {
        fs::copy(own.join(file), folder.join(file)).unwrap();
    }
    let chain = fs::read_to_string(own.join("cert.pem")).unwrap();
    let (leaf, _) = chain.split_at(chain.find("-----END CERTIFICATE-----\n").unwrap() + 26);
    fs::write(folder.join("cert.pem"), format!("{leaf}{above}")).unwrap();
    (Person::new(house.connect(&folder).await.unwrap()), folder)
}

/// A certificate with the name and the key of the issuing authority that nobody of ours has signed.
fn impostor(house: &House) -> String {
    let read = |name: &str| fs::read_to_string(house.certs().join(name)).unwrap();
    let key = KeyPair::from_pem(&read("issuing.key")).unwrap();
    let (_, pem) = parse_x509_pem(read("issuing.pem").as_bytes()).unwrap();
    let subject = pem.parse_x509().unwrap().subject().iter_common_name().next().unwrap().as_str().unwrap().to_owned();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, subject);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.serial_number = Some(vec![0x41; 16].into());
    let (own, name) = (KeyPair::generate().unwrap(), CertificateParams::default());
    params.signed_by(&key, &Issuer::new(name, own)).unwrap().pem()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_leaves_the_authority_out_of_the_chain_is_out_with_it_all_the_same() {
    let house = opened_knowing_its_authorities().await;
    let mut council = house.person(LEWISHAM).await;
    for _ in 0..2 {
        council.submit(submission(&narrative(1))).await.unwrap();
    }
    let (mut bare, bare_profile) = showing(&house, LEWISHAM, "bare", "").await;
    let (mut dressed, dressed_profile) = showing(&house, MASH, "dressed", &impostor(&house)).await;
    let mut stream = watching(&mut bare).await;
    let entropy = SystemEntropy::new();
    house.later(SignedDuration::from_mins(1));
    let (certs, tools) = (house.certs(), Tools { clock: &house.clock, entropy: &entropy });
    let root = certs.join("root");
    rotation::prepare(&certs, &root, None, tools).unwrap();
    rotation::activate(&certs, tools).unwrap();
    rotation::taint(&certs, tools).unwrap();
    for who in [&mut bare, &mut dressed] {
        hears(who).await;
    }
    rotation::revoke(&certs, &root, None, tools).unwrap();
    assert_eq!(end(&mut stream).await, (Code::Unauthenticated, "CERTIFICATE_REVOKED".into()));
    let refused = async {
        while me_or_why(&mut dressed).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.unwrap();
    for profile in [bare_profile, dressed_profile] {
        if let Ok(channel) = house.connect(&profile).await {
            let mut asked = Person::new(channel);
            let answer = tokio::time::timeout(PATIENCE, me_or_why(&mut asked)).await;
            assert!(answer.unwrap().is_err(), "the door is shut");
        }
    }
}
