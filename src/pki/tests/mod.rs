//! What is made can be read by others, and nothing is ever overwritten.

mod folder;
mod next_root;
mod requests;

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use x509_parser::{extensions::GeneralName, pem::parse_x509_pem};

use super::*;
use crate::{
    domain::identity::{Identity, TrustDomain},
    platform::{ManualClock, SystemEntropy},
};

struct House {
    root: tempfile::TempDir,
    clock: ManualClock,
    entropy: SystemEntropy,
}

impl House {
    fn new() -> Self {
        let clock = ManualClock::new("2026-11-21T12:00:00Z".parse().unwrap());
        Self { root: tempfile::tempdir().unwrap(), clock, entropy: SystemEntropy::new() }
    }

    fn tools(&self) -> Tools<'_> {
        Tools { clock: &self.clock, entropy: &self.entropy }
    }

    fn dir(&self) -> PathBuf {
        self.root.path().join("certs")
    }

    fn init(&self) -> Result<Initialised, PkiError> {
        init(&self.dir(), &domain(), &[], self.tools())
    }

    fn issue(&self, uri: &str, folder: &str, days: i32) -> Result<Issued, PkiError> {
        let identity = Identity::parse(uri, &domain())?;
        let out = self.root.path().join(folder);
        issue(
            &self.dir(),
            &Issue { identity: &identity, endpoint: "https://localhost:7443", out: &out, days },
            self.tools(),
        )
    }
}

const URI: &str = "homeward://pilot.example/gss/E09000006/council_submitter/case-system";

fn domain() -> TrustDomain {
    TrustDomain::parse("pilot.example").unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_profile_has_one_uri_one_purpose_and_a_private_key_of_its_own() {
    let house = House::new();
    let made = house.init().unwrap();
    assert_eq!(made.server.holder, "server localhost 127.0.0.1 ::1");
    let issued = house.issue(URI, "case-system", 90).unwrap();
    assert_eq!(fs::read_to_string(issued.folder.join("endpoint")).unwrap(), "https://localhost:7443\n");
    assert_eq!(mode(&issued.folder), 0o700);
    for key in [issued.folder.join("key.pem"), house.dir().join("issuing.key"), house.dir().join("server/key.pem")] {
        assert_eq!(mode(&key), 0o600, "{}", key.display());
    }
    let bytes = fs::read(issued.folder.join("cert.pem")).unwrap();
    let (_, pem) = parse_x509_pem(&bytes).unwrap();
    let certificate = pem.parse_x509().unwrap();
    let names = certificate.subject_alternative_name().unwrap().unwrap();
    assert!(matches!(names.value.general_names.as_slice(), [GeneralName::URI(uri)] if *uri == URI));
    let usage = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth && !usage.any);
    assert!(!certificate.is_ca());
    assert_eq!(hex::encode(certificate.raw_serial()), issued.certificate.serial);
    assert_eq!(issued.certificate.serial.len(), 32);
    assert_eq!(certificate.validity().not_after.timestamp(), issued.certificate.not_after.as_second());
    assert_eq!(issued.certificate.not_before.to_string(), "2026-11-21T11:55:00Z");
    assert_eq!(issued.certificate.not_after.to_string(), "2027-02-19T12:00:00Z");
}

#[test]
fn the_chain_leads_from_the_leaf_over_the_issuing_authority_to_the_root() {
    let house = House::new();
    let made = house.init().unwrap();
    let issued = house.issue(URI, "a", 1).unwrap();
    let (root, chain) =
        (fs::read(house.dir().join("ca.pem")).unwrap(), fs::read(issued.folder.join("cert.pem")).unwrap());
    assert_eq!(fs::read(issued.folder.join("ca.pem")).unwrap(), root, "clients trust the root");
    assert_eq!(fs::read(made.root_folder.join("root.pem")).unwrap(), root);
    let (_, root) = parse_x509_pem(&root).unwrap();
    let (rest, leaf) = parse_x509_pem(&chain).unwrap();
    let (_, issuing) = parse_x509_pem(rest).unwrap();
    let [root, issuing, leaf] = [&root, &issuing, &leaf].map(|pem| pem.parse_x509().unwrap());
    assert!(root.is_ca() && root.verify_signature(None).is_ok());
    assert!(issuing.is_ca() && issuing.verify_signature(Some(root.public_key())).is_ok());
    assert!(leaf.verify_signature(Some(issuing.public_key())).is_ok());
    for (authority, below) in [(&root, 1), (&issuing, 0)] {
        assert_eq!(authority.basic_constraints().unwrap().unwrap().value.path_len_constraint, Some(below));
        let usage = authority.key_usage().unwrap().unwrap().value;
        assert!(usage.key_cert_sign() && usage.crl_sign() && !usage.digital_signature());
    }
    assert_eq!(issuing.validity().not_after.timestamp(), made.authority.not_after.as_second());
}

#[test]
fn nothing_is_overwritten() {
    let house = House::new();
    house.init().unwrap();
    let key = fs::read(house.dir().join("issuing.key")).unwrap();
    assert!(matches!(house.init(), Err(PkiError::File(FileError::Exists { .. }))));
    assert_eq!(fs::read(house.dir().join("issuing.key")).unwrap(), key);
    house.issue(URI, "a", 1).unwrap();
    assert!(matches!(house.issue(URI, "a", 1), Err(PkiError::File(FileError::Exists { .. }))));
}

#[test]
fn the_folder_may_hold_a_readme() {
    let house = House::new();
    fs::create_dir(house.dir()).unwrap();
    fs::write(house.dir().join("README.md"), "plaque").unwrap();
    house.init().unwrap();
    assert_eq!(trust_domain(&house.dir()).unwrap(), domain());
}

#[test]
fn the_register_lists_what_was_issued() {
    let house = House::new();
    let made = house.init().unwrap();
    let one = house.issue(URI, "a", 1).unwrap();
    let next = issue_server(&house.dir(), &house.root.path().join("next"), &["broker.example".into()], house.tools());
    let [admin_1, admin_2] = <[Issued; 2]>::try_from(made.administrators).unwrap().map(|one| one.certificate);
    let all = [made.root, made.authority, made.server, admin_1, admin_2, one.certificate, next.unwrap().certificate];
    assert_eq!(list(&house.dir()).unwrap(), all);
    fs::write(house.dir().join("issued.tsv"), "nonsense\n").unwrap();
    assert!(matches!(list(&house.dir()), Err(PkiError::Damaged { .. })));
}

#[test]
fn a_loose_key_and_foolish_wishes_are_refused() {
    let house = House::new();
    let wrong = init(&house.dir(), &domain(), &["not a name!".into()], house.tools());
    assert!(matches!(wrong, Err(PkiError::ServerName(_))));
    assert!(!house.dir().exists(), "nothing is left behind");
    house.init().unwrap();
    for days in [0, -1, 90 + 1] {
        assert!(matches!(house.issue(URI, "a", days), Err(PkiError::Days { .. })));
    }
    let other = TrustDomain::parse("other.example").unwrap();
    let foreign = Identity::parse(&URI.replace("pilot", "other"), &other).unwrap();
    let out = house.root.path().join("b");
    let wish = Issue { identity: &foreign, endpoint: "https://localhost:7443", out: &out, days: 1 };
    assert!(matches!(issue(&house.dir(), &wish, house.tools()), Err(PkiError::Identity(IdentityError::TrustDomain))));
    for endpoint in ["http://localhost:1", "https://", "localhost:1", "https://a b", "https://a\nb"] {
        let identity = Identity::parse(URI, &domain()).unwrap();
        let wish = Issue { identity: &identity, endpoint, out: &out, days: 1 };
        assert!(matches!(issue(&house.dir(), &wish, house.tools()), Err(PkiError::Endpoint)), "{endpoint}");
    }
    assert_eq!(list(&house.dir()).unwrap().len(), 5, "nothing was issued");
    fs::set_permissions(house.dir().join("issuing.key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(house.issue(URI, "a", 1), Err(PkiError::File(FileError::TooOpen { .. }))));
    assert!(!house.root.path().join("a").exists());
}
