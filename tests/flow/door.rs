//! Who is not let in leaves nothing behind: no entry, no record, whatever they send.

use homeward::{pki, platform::SystemEntropy, wire::profile::code};
use jiff::SignedDuration;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair, SanType};
use tonic::{
    Code,
    transport::{Certificate, ClientTlsConfig, Endpoint},
};

use crate::{
    house::{House, LEWISHAM, domain, narrative},
    person::{Person, bytes, referral, request, submission},
};

const IDENTITY: &str = "homeward://pilot.example/gss/E09000023/council_submitter/case-system";

/// A profile that `pki` would never make: these names, signed by the authority in `certs`.
fn forged(house: &House, name: &str, certs: &std::path::Path, names: &[&str]) -> std::path::PathBuf {
    let key = KeyPair::from_pem(&std::fs::read_to_string(certs.join("issuing.key")).unwrap()).unwrap();
    let ca = std::fs::read_to_string(certs.join("issuing.pem")).unwrap();
    let issuer = Issuer::from_ca_cert_pem(&ca, key).unwrap();
    let mut params = CertificateParams::default();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.subject_alt_names = names.iter().map(|name| SanType::URI((*name).try_into().unwrap())).collect();
    let own = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&own, &issuer).unwrap();
    let folder = house.folder(name);
    homeward::platform::secret_file::create_private_dir(&folder).unwrap();
    homeward::platform::secret_file::create_secret(&folder.join("key.pem"), own.serialize_pem().as_bytes()).unwrap();
    std::fs::write(folder.join("cert.pem"), format!("{}{ca}", certificate.pem())).unwrap();
    std::fs::copy(house.certs().join("ca.pem"), folder.join("ca.pem")).unwrap();
    std::fs::write(folder.join("endpoint"), "https://localhost:1").unwrap();
    folder
}

async fn turned_away(channel: Result<tonic::transport::Channel, String>) {
    let Ok(channel) = channel else { return };
    let body = bytes(&request(submission(&narrative(1))));
    let status = Person::new(channel).call(&referral("SubmitReferral"), body).await.unwrap_err();
    assert!(matches!(code(&status), Code::Unavailable | Code::Unauthenticated), "{status:?}");
}

#[tokio::test]
async fn a_stranger_is_turned_away_and_nothing_is_stored() {
    let house = House::open().await;
    let before = house.ledger_size().await;
    let ca = Certificate::from_pem(std::fs::read(house.certs().join("ca.pem")).unwrap());
    let nobody = Endpoint::from_shared(house.url()).unwrap().tls_config(ClientTlsConfig::new().ca_certificate(ca));
    turned_away(nobody.unwrap().connect().await.map_err(|error| error.to_string())).await;

    let (other, entropy) = (house.folder("other"), SystemEntropy::new());
    pki::init(&other, &domain(), &[], pki::Tools { clock: &house.clock, entropy: &entropy }).unwrap();
    turned_away(house.connect(&forged(&house, "other-ca", &other, &[IDENTITY])).await).await;
    let second = IDENTITY.replace("E09000023", "E09000006");
    turned_away(house.connect(&forged(&house, "two-names", &house.certs(), &[IDENTITY, &second])).await).await;
    turned_away(house.connect(&forged(&house, "no-name", &house.certs(), &[])).await).await;

    // A certificate that runs out while its holder is connected, and is brought again afterwards.
    let council = house.person(LEWISHAM).await;
    house.later(SignedDuration::from_hours(24 * 91));
    let body = bytes(&request(submission(&narrative(1))));
    let status = council.call(&referral("SubmitReferral"), body).await.unwrap_err();
    assert!(matches!(code(&status), Code::Unavailable | Code::Unauthenticated), "{status:?}");
    let profile = house.folder(&format!("profile-{}", LEWISHAM.replace('/', "-")));
    turned_away(house.connect(&profile).await).await;
    house.caretake().await;
    assert_eq!(house.ledger_size().await, before);
}

#[tokio::test]
async fn an_identity_without_a_grant_is_known_and_may_do_nothing() {
    let house = House::open().await;
    for path in ["gss/E09000001/council_submitter/case-system", "operator/auditor/k1", "met/SE/analyst/a1"] {
        let mut person = house.person(path).await;
        let who = person.identity.who_am_i(homeward::wire::pb::WhoAmIRequest {}).await.unwrap().into_inner();
        assert!(who.grants.is_empty(), "{path}");
        let body = bytes(&request(submission(&narrative(1))));
        for method in [referral("SubmitReferral"), referral("PreviewReferral"), crate::person::queue("Pull")] {
            let status = person.call(&method, body.clone()).await.unwrap_err();
            assert_eq!(status.code(), Code::PermissionDenied, "{path} {method}");
        }
    }
    assert_eq!(house.ledger_size().await, 0);
}
