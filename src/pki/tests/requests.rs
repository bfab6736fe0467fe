//! Requests: honest ones of every kind of key and of openssl's making are signed; each kind of malice is refused for its
//! own reason, and nothing is taken over that was not checked.

use std::process::Command;

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};

use super::*;
use crate::pki::{RequestError, request as requested};

/// Runs openssl in a folder; returns what it printed.
pub(super) fn openssl(folder: &Path, args: &[&str]) -> String {
    let ran = Command::new("openssl").args(args).current_dir(folder).output().unwrap();
    let words = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "openssl {args:?}: {words}");
    words
}

/// A request that somebody made by hand.
fn by_hand(change: impl FnOnce(&mut CertificateParams)) -> String {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![uri(URI)];
    change(&mut params);
    params.serialize_request(&key).unwrap().pem().unwrap()
}

fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

impl House {
    fn sign(&self, request: &str, folder: &str) -> Result<Issued, PkiError> {
        sign(&self.dir(), request.as_bytes(), &self.root.path().join(folder), Days::default(), self.tools())
    }
}

#[test]
fn a_key_of_every_kind_is_requested_signed_and_fits() {
    let house = House::new();
    house.init().unwrap();
    let identity = Identity::parse(URI, &domain()).unwrap();
    for kind in KeyKind::ALL {
        let out = house.root.path().join(format!("council-{kind}"));
        let made = requested(&out, &identity, *kind, "https://localhost:7443").unwrap();
        assert_eq!((mode(&out.join("key.pem")), mode(&out)), (0o600, 0o700));
        let request = fs::read_to_string(out.join("request.pem")).unwrap();
        let read = Request::read(request.as_bytes(), &domain()).unwrap();
        assert_eq!((read.fingerprint(), read.identity()), (made.fingerprint.as_str(), Some(&identity)));
        let signed = house.sign(&request, &format!("signed-{kind}")).unwrap();
        assert_eq!((signed.certificate.holder.as_str(), signed.folder.join("key.pem").exists()), (URI, false));
        let key = openssl(&out, &["pkey", "-in", "key.pem", "-pubout"]);
        assert_eq!(openssl(&signed.folder, &["x509", "-in", "cert.pem", "-noout", "-pubkey"]), key);
        let at = signed.certificate.not_before.as_second().to_string();
        let args = [
            "verify",
            "-attime",
            &at,
            "-purpose",
            "sslclient",
            "-CAfile",
            "ca.pem",
            "-untrusted",
            "cert.pem",
            "cert.pem",
        ];
        assert!(openssl(&signed.folder, &args).contains("cert.pem: OK"));
    }
    assert!(matches!(
        requested(&house.root.path().join("council-p256"), &identity, KeyKind::P256, "https://x"),
        Err(PkiError::File(_))
    ));
}

#[test]
fn what_openssl_makes_is_signed_whatever_digest_it_chose() {
    let house = House::new();
    house.init().unwrap();
    let folder = house.root.path();
    let name = format!("subjectAltName=URI:{URI}");
    let keys: [&[&str]; 5] = [
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha384"],
        &["-newkey", "ed25519"],
        &["-newkey", "rsa:2048"],
    ];
    for (number, key) in keys.iter().enumerate() {
        let rest =
            ["-nodes", "-keyout", "k.pem", "-out", "r.pem", "-subj", "/CN=Somebody Else/O=Evil", "-addext", &name];
        openssl(folder, &[&["req", "-new"], *key, &rest].concat());
        let signed = house.sign(&fs::read_to_string(folder.join("r.pem")).unwrap(), &format!("s{number}")).unwrap();
        let key = openssl(folder, &["pkey", "-in", "k.pem", "-pubout"]);
        assert_eq!(openssl(&signed.folder, &["x509", "-in", "cert.pem", "-noout", "-pubkey"]), key, "{number}");
        let subject = openssl(&signed.folder, &["x509", "-in", "cert.pem", "-noout", "-subject"]);
        assert!(!subject.contains("Evil") && subject.contains("council_submitter case-system"), "{subject}");
    }
    for (key, why) in [("rsa:1024", RequestError::Weak), ("rsa:2047", RequestError::Weak)] {
        openssl(
            folder,
            &[
                "req", "-new", "-newkey", key, "-nodes", "-keyout", "k", "-out", "r.pem", "-subj", "/CN=x", "-addext",
                &name,
            ],
        );
        refused(&house, &fs::read_to_string(folder.join("r.pem")).unwrap(), why);
    }
    for curve in ["secp256k1", "P-521", "brainpoolP256r1"] {
        let curve = format!("ec_paramgen_curve:{curve}");
        openssl(
            folder,
            &[
                "req", "-new", "-newkey", "ec", "-pkeyopt", &curve, "-nodes", "-keyout", "k", "-out", "r.pem", "-subj",
                "/CN=x", "-addext", &name,
            ],
        );
        refused(&house, &fs::read_to_string(folder.join("r.pem")).unwrap(), RequestError::Algorithm);
    }
}

fn refused(house: &House, request: &str, why: RequestError) {
    let before = list(&house.dir()).unwrap().len();
    let refusal = house.sign(request, "refused");
    assert!(matches!(refusal, Err(PkiError::Request(found)) if found == why), "{refusal:?} is not {why:?}");
    assert_eq!(list(&house.dir()).unwrap().len(), before);
    assert!(!house.root.path().join("refused").exists());
}

#[test]
fn every_kind_of_malice_is_refused_for_its_own_reason() {
    use RequestError::*;
    let house = House::new();
    house.init().unwrap();
    let other = URI.replace("E09000006", "E09000008");
    let cases: Vec<(String, RequestError)> = vec![
        (by_hand(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)), Authority),
        (by_hand(|params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign]), Authority),
        (
            by_hand(|params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::CrlSign]),
            Authority,
        ),
        (by_hand(|params| params.subject_alt_names = vec![uri(URI), uri(&other)]), Names),
        (by_hand(|params| params.subject_alt_names = vec![uri(URI), uri(URI)]), Names),
        (by_hand(|params| params.subject_alt_names = vec![uri(URI), dns("pilot.example")]), Names),
        (
            by_hand(|params| params.subject_alt_names = vec![SanType::Rfc822Name("a@b.example".try_into().unwrap())]),
            Names,
        ),
        (by_hand(|params| params.subject_alt_names = Vec::new()), Names),
        (by_hand(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]), Purpose),
        (by_hand(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]), Purpose),
        (
            by_hand(|params| {
                params.extended_key_usages =
                    vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::CodeSigning];
            }),
            Purpose,
        ),
        (
            by_hand(|params| {
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
                params.subject_alt_names = vec![dns("pilot.example")];
            }),
            Purpose,
        ),
        (String::new(), Unreadable),
        ("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n".into(), Unreadable),
        (by_hand(|_| {}).repeat(2), Unreadable),
        (fs::read_to_string(house.dir().join("ca.pem")).unwrap(), Unreadable),
    ];
    for (request, why) in cases {
        refused(&house, &request, why);
    }
    for name in
        [URI.replace("pilot", "other"), "https://pilot.example/x".into(), URI.replace("council_submitter", "king")]
    {
        let request = by_hand(|params| params.subject_alt_names = vec![uri(&name)]);
        assert!(matches!(house.sign(&request, "refused"), Err(PkiError::Identity(_))), "{name}");
    }
}

#[test]
fn extensions_that_nobody_may_ask_for_and_requests_beyond_reason_are_refused() {
    use RequestError::*;
    let house = House::new();
    house.init().unwrap();
    let cases: Vec<(String, RequestError)> = vec![
        (
            by_hand(|params| {
                params.custom_extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, 30], vec![0x30, 0])];
            }),
            Extension,
        ),
        (
            by_hand(|params| {
                let name = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99, 1], vec![5, 0]);
                params.custom_extensions = vec![name];
            }),
            Extension,
        ),
        (
            by_hand(|params| {
                params.distinguished_name = DistinguishedName::new();
                params.distinguished_name.push(DnType::CommonName, "x".repeat(20_000));
            }),
            Unreadable,
        ),
    ];
    for (request, why) in cases {
        refused(&house, &request, why);
    }
}

/// Whichever bit is changed: it is refused, or the bit was in the wrapping and says nothing of key or holder; and then
/// the fingerprint tells.
#[test]
fn a_request_changed_on_its_way_is_never_signed() {
    let house = House::new();
    house.init().unwrap();
    let pem = by_hand(|_| {});
    let (_, sound) = parse_x509_pem(pem.as_bytes()).unwrap();
    let asked = Request::read(&sound.contents, &domain()).expect("DER is read too");
    let mut harmless = 0;
    for at in 0..sound.contents.len() * 8 {
        let mut changed = sound.contents.clone();
        changed[at / 8] ^= 1 << (at % 8);
        if let Ok(read) = Request::read(&changed, &domain()) {
            assert_eq!((&read.public_key, read.holder()), (&asked.public_key, asked.holder()), "bit {at}");
            assert_ne!(read.fingerprint(), asked.fingerprint());
            harmless += 1;
        }
        assert!(Request::read(&changed[..at / 8], &domain()).is_err(), "cut at {}", at / 8);
    }
    assert!(harmless < 16, "{harmless} bits may be changed at will");
}

#[test]
fn a_server_asks_with_its_names_and_ed25519_only_where_somebody_wants_it() {
    let house = House::new();
    house.init().unwrap();
    let names = "subjectAltName=DNS:broker.example,IP:10.0.0.7,IP:::1";
    let folder = house.root.path();
    openssl(
        folder,
        &[
            "req", "-new", "-newkey", "ed25519", "-nodes", "-keyout", "k", "-out", "r.pem", "-subj", "/CN=x",
            "-addext", names,
        ],
    );
    let request = fs::read(folder.join("r.pem")).unwrap();
    refused(&house, std::str::from_utf8(&request).unwrap(), RequestError::ServerEd25519);
    let days = Days { ed25519_server: true, wanted: Some(30), ..Days::default() };
    let signed = sign(&house.dir(), &request, &folder.join("wanted"), days, house.tools()).unwrap();
    assert_eq!(signed.certificate.holder, "server broker.example 10.0.0.7 ::1");
    let days = Days { wanted: Some(31), ..days };
    let longer = sign(&house.dir(), &request, &folder.join("longer"), days, house.tools());
    assert!(matches!(longer, Err(PkiError::Days { longest: 30 })));
}
