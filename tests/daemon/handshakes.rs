//! The door under a PKI that is not ours, with foreign clients: OpenSSL's `s_client` and Python's `ssl`. Everybody who is
//! refused is refused for the reason that is theirs, in our log and nowhere else.

use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use homeward::{
    store::{Store, sled::SledStore},
    wire::pb,
};
use serde_json::Value;
use tonic::Code;

use crate::{
    daemon::{Daemon, recent},
    foreign::{ED25519, Foreign, P256, P384, RSA_1024, RSA_2048, WHO, Wish, client, put},
    house::{LEWISHAM, MPU, MPU_TOO},
    person::{Person, submission, why},
};

/// Preface and empty settings.
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

/// A daemon with certificates of a foreign PKI and its revocation lists.
pub async fn daemon(configuration: &str, prepare: impl FnOnce(&Foreign)) -> (Daemon, Foreign) {
    let mut foreign = None;
    let daemon = Daemon::start_with(&format!("tls.crl_folder = \"crls\"\n{configuration}"), |daemon| {
        let pki = Foreign::new(daemon.folder("foreign"));
        let extensions = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth";
        pki.issue("issuing", "server", &Wish { key: P256, extensions, hours: (-1, 24 * 90) });
        let server = daemon.folder("certs/server");
        put(&server.join("ca.pem"), &[pki.read("root/ca.pem"), pki.read("issuing/ca.pem")].concat());
        put(&server.join("cert.pem"), &[pki.read("server.pem"), pki.read("issuing/ca.pem")].concat());
        put(&server.join("key.pem"), &pki.read("server.key"));
        fs::set_permissions(server.join("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::create_dir(daemon.folder("crls")).unwrap();
        prepare(&pki);
        for authority in ["root", "issuing"] {
            put(&daemon.folder("crls").join(authority), &pki.list(authority, 24));
        }
        foreign = Some(pki);
    })
    .await;
    (daemon, foreign.unwrap())
}

fn good(pki: &Foreign, name: &str) {
    pki.issue("issuing", name, &Wish { key: P256, extensions: &client(WHO), hours: (-1, 24) });
}

/// A client's profile with a foreign certificate.
pub fn profile(daemon: &Daemon, pki: &Foreign, name: &str) -> std::path::PathBuf {
    let folder = daemon.folder(&format!("profile-{name}"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("endpoint"), daemon.url()).unwrap();
    fs::write(folder.join("ca.pem"), pki.read("root/ca.pem")).unwrap();
    fs::write(folder.join("cert.pem"), pki.read(&format!("{name}.pem"))).unwrap();
    fs::write(folder.join("key.pem"), pki.read(&format!("{name}.key"))).unwrap();
    fs::set_permissions(folder.join("key.pem"), fs::Permissions::from_mode(0o600)).unwrap();
    folder
}

/// One visit: by which program, with what.
struct Visit<'a> {
    name: &'a str,
    chain: Option<&'a str>,
    tls12: bool,
}

impl Visit<'_> {
    /// What `openssl s_client` is told: "accepted", or its error.
    fn by_openssl(&self, port: &str, pki: &Foreign) -> String {
        let mut command = Command::new("openssl");
        command.current_dir(&pki.0).args(["s_client", "-connect", &format!("localhost:{port}")]);
        command.args(["-quiet", "-alpn", "h2", "-CAfile", "root/ca.pem", "-cipher", "DEFAULT:@SECLEVEL=0"]);
        if self.name != "none" {
            command.args(["-cert", &format!("{}.pem", self.name), "-key", &format!("{}.key", self.name)]);
        }
        command.args(self.chain.iter().flat_map(|chain| ["-cert_chain", chain]));
        command.args(self.tls12.then_some("-tls1_2"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Refused before all was written is refused.
        let mut input = child.stdin.take().unwrap();
        let _ = input.write_all(HELLO);
        let mut answer = [0; 9];
        let accepted = child.stdout.take().unwrap().read_exact(&mut answer).is_ok() && answer[3] == 4;
        drop(input);
        child.kill().unwrap();
        let said = child.wait_with_output().unwrap();
        if accepted { "accepted".into() } else { String::from_utf8_lossy(&said.stderr).into_owned() }
    }

    /// The same of Python's `ssl`.
    fn by_python(&self, port: &str, pki: &Foreign) -> String {
        let interpreter = std::env::var("HOMEWARD_TEST_PYTHON").ok().filter(|python| !python.is_empty());
        let mut command = Command::new(interpreter.as_deref().unwrap_or("python3"));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/handshake.py");
        command.current_dir(&pki.0).arg(script).args([port, "root/ca.pem"]);
        command.args(self.tls12.then_some("--tls12"));
        if self.name != "none" {
            let above = self.chain.map(|chain| pki.read(chain)).unwrap_or_default();
            fs::write(pki.at("sent.pem"), pki.read(&format!("{}.pem", self.name)) + &above).unwrap();
            command.args(["sent.pem", &format!("{}.key", self.name)]);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// Every bad certificate, made by the foreign PKI.
fn make_all(pki: &Foreign) {
    let usual = client(WHO);
    let purpose = usual.replace("clientAuth", "serverAuth");
    let other = client(&WHO.replace("pilot", "other"));
    let wish = |key, extensions, hours| Wish { key, extensions, hours };
    for (name, key) in [
        ("p256", P256),
        ("p384", P384),
        ("ed25519", ED25519),
        ("rsa2048", RSA_2048),
        ("rsa1024", RSA_1024),
        ("revoked", P256),
    ] {
        pki.issue("issuing", name, &wish(key, &usual, (-1, 24)));
    }
    pki.issue("stranger", "stranger-client", &wish(P256, &usual, (-1, 24)));
    pki.issue("second", "second-client", &wish(P256, &usual, (-1, 24)));
    pki.issue("issuing", "expired", &wish(P256, &usual, (-48, -1)));
    pki.issue("issuing", "future", &wish(P256, &usual, (24, 48)));
    pki.issue("issuing", "purpose", &wish(P256, &purpose, (-1, 24)));
    pki.issue("issuing", "other-domain", &wish(P256, &other, (-1, 24)));
    pki.issue("issuing", "dns", &wish(P256, "subjectAltName=DNS:x\nextendedKeyUsage=clientAuth", (-1, 24)));
    pki.self_signed("self-signed", &usual);
    pki.revoke("issuing", "revoked");
}

/// (certificate, what is sent with it, reason in our log; none for who gets in, the alert that both clients see)
const ROWS: &[(&str, Option<&str>, Option<&str>)] = &[
    ("p256", None, None),
    ("p384", None, None),
    ("ed25519", None, None),
    ("rsa2048", None, None),
    ("p256", Some("issuing/ca.pem"), None),
    ("none", None, Some("no_certificate")),
    ("stranger-client", None, Some("unknown_authority")),
    ("stranger-client", Some("stranger/ca.pem"), Some("unknown_authority")),
    ("expired", None, Some("expired")),
    ("future", None, Some("not_yet_valid")),
    ("revoked", None, Some("revoked")),
    ("purpose", None, Some("bad_purpose")),
    ("self-signed", None, Some("self_signed")),
    ("rsa1024", None, Some("weak_key")),
    ("second-client", None, Some("missing_intermediate")),
    ("second-client", Some("second/ca.pem"), Some("revocation_unknown")),
    ("other-domain", None, Some("other_trust_domain")),
    ("dns", None, Some("no_identity")),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn foreign_clients_are_let_in_or_refused_for_the_reason_that_is_theirs() {
    let (daemon, pki) = daemon("", make_all).await;
    let port = daemon.url().rsplit(':').next().unwrap().to_owned();
    let old = ("p256", None, Some("tls_version"));
    for (number, (name, chain, reason)) in ROWS.iter().copied().chain([old]).enumerate() {
        let visit = Visit { name, chain, tls12: number == ROWS.len() };
        for foreign in [Visit::by_openssl, Visit::by_python] {
            let from = daemon.log().len();
            let told = foreign(&visit, &port, &pki);
            let Some(reason) = reason else {
                assert_eq!(told, "accepted", "{name} {chain:?}");
                continue;
            };
            assert_ne!(told, "accepted", "{name} {chain:?}");
            let line: Value = serde_json::from_str(&daemon.says(from, "connection refused").await).unwrap();
            let field = |field: &str| line["fields"][field].as_str().unwrap_or_default().to_owned();
            assert_eq!(field("reason"), reason, "{name} {chain:?}: {line}");
            assert!(!field("advice").is_empty());
            let alert = match reason {
                "no_certificate" => "certificate required",
                "tls_version" => "protocol version",
                // One and the same, whatever is wrong.
                _ => "certificate unknown",
            };
            assert!(told.to_lowercase().replace('_', " ").contains(alert), "{name}: {told}");
            // Five lines a second are written, and no more.
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_list_reaches_who_is_connected_and_a_bad_or_old_one_fails_closed_and_loudly() {
    let (daemon, pki) = daemon("", |pki| ["one", "two"].iter().for_each(|name| good(pki, name))).await;
    let list = daemon.folder("crls/issuing");
    let mut one = daemon.person_with(&profile(&daemon, &pki, "one")).await;
    let mut two = daemon.person_with(&profile(&daemon, &pki, "two")).await;
    let mut stream = one.referrals.watch_referrals(pb::WatchReferralsRequest::default()).await.unwrap().into_inner();
    let mut others = two.referrals.watch_referrals(pb::WatchReferralsRequest::default()).await.unwrap().into_inner();

    // Cut short, and of somebody who is nobody here: what was read before stays.
    let whole = fs::read_to_string(&list).unwrap();
    let from = daemon.log().len();
    put(&list, &whole[..whole.len() / 2]);
    let said = daemon.says(from, "RELOAD_REFUSED tls").await;
    assert!(said.contains("crls/issuing is not a revocation list"), "{said}");
    let from = daemon.log().len();
    put(&list, &pki.list("stranger", 24));
    let said = daemon.says(from, "of an authority that is not in ca.pem").await;
    assert!(said.contains("crls/issuing"), "{said}");
    asks(&two).await.unwrap();

    pki.revoke("issuing", "one");
    put(&list, &pki.list("issuing", 24));
    let ended = tokio::time::timeout(Duration::from_secs(60), stream.message()).await.unwrap();
    assert_eq!(why(ended), (Code::Unauthenticated, "CERTIFICATE_REVOKED".into()));
    asks(&two).await.expect("the other goes on");

    let from = daemon.log().len();
    put(&list, &pki.list("issuing", -1));
    daemon.says(from, "CRL_STALE").await;
    let ended = tokio::time::timeout(Duration::from_secs(60), others.message()).await.unwrap();
    assert_eq!(why(ended).0, Code::Unauthenticated, "a list that is too old lets nobody stay");
    let from = daemon.log().len();
    let visit = Visit { name: "two", chain: None, tls12: false };
    assert_ne!(visit.by_openssl(daemon.url().rsplit(':').next().unwrap(), &pki), "accepted");
    assert!(daemon.says(from, "connection refused").await.contains("revocation_stale"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_held_whom_a_list_of_our_own_pki_ends_waits_again_unread_and_the_ledger_says_why() {
    let of = |path: &str| format!("homeward://pilot.example/{path}");
    let (mut daemon, pki) = daemon("", |pki| {
        for (name, path) in [("council", LEWISHAM), ("one", MPU), ("two", MPU_TOO)] {
            pki.issue("issuing", name, &Wish { key: P256, extensions: &client(&of(path)), hours: (-1, 24) });
        }
    })
    .await;
    let mut council = daemon.person_with(&profile(&daemon, &pki, "council")).await;
    let mut one = daemon.person_with(&profile(&daemon, &pki, "one")).await;
    let mut two = daemon.person_with(&profile(&daemon, &pki, "two")).await;
    council.submit(submission(&recent(1, "2026-11-20T16:30:00Z"))).await.unwrap();
    let held = one.pull("MPU.SE").await.unwrap();
    assert!(!held.is_empty() && two.pull("MPU.SE").await.unwrap().is_empty());

    pki.revoke("issuing", "one");
    put(&daemon.folder("crls/issuing"), &pki.list("issuing", 24));
    daemon.says(0, "leases under it have returned").await;
    let taken = two.pull("MPU.SE").await.unwrap();
    assert!(held.iter().all(|held| taken.iter().any(|one| one.id == held.id)), "they wait again");
    daemon.stop();
    let store = SledStore::open(&daemon.folder("data/store")).unwrap();
    let entries = store.entries(0, 1_000).await.unwrap();
    let entries = entries.iter().map(|(_, bytes)| homeward::ledger::decode(bytes).unwrap());
    let said: Vec<_> = entries.filter(|entry| entry.action == "CERTIFICATE_NOT_ACCEPTED").collect();
    let words = [format!("holder={}", of(MPU)), format!("leases={}", held.len())];
    assert!(said.len() == 1 && words.iter().all(|word| said[0].details.contains(word)), "{said:?}");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_list_may_be_used_where_that_is_configured_and_raises_an_alarm() {
    let (daemon, pki) = daemon("tls.crl_stale = \"warn\"\n", |pki| good(pki, "one")).await;
    let from = daemon.log().len();
    put(&daemon.folder("crls/issuing"), &pki.list("issuing", -1));
    daemon.says(from, "CRL_STALE").await;
    let one = daemon.person_with(&profile(&daemon, &pki, "one")).await;
    asks(&one).await.unwrap();
    // Its certificate lives for a day: every answer says so.
    let answer = one.clone().identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap();
    assert!(answer.metadata().contains_key("homeward-certificate-expires"));
    assert!(answer.get_ref().certificate_renewal_due);
    daemon.says(0, "CLIENT_CERTIFICATE_EXPIRES").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authority_without_a_list_lets_nobody_in_unless_lists_are_not_required() {
    for (configuration, second_gets_in) in [("", false), ("tls.crl_required = false\n", true)] {
        let (daemon, pki) = daemon(configuration, |pki| {
            good(pki, "one");
            pki.issue("second", "of-second", &Wish { key: P256, extensions: &client(WHO), hours: (-1, 24) });
        })
        .await;
        let bundle = [pki.read("root/ca.pem"), pki.read("issuing/ca.pem"), pki.read("second/ca.pem")].concat();
        let from = daemon.log().len();
        put(&daemon.folder("certs/server/ca.pem"), &bundle);
        daemon.signal("HUP");
        daemon.says(from, "\"what\":\"tls\"").await;
        if !second_gets_in {
            assert!(daemon.says(0, "CRL_MISSING").await.contains("Borough IT Issuing 2"));
        }
        let port = daemon.url().rsplit(':').next().unwrap().to_owned();
        let second = Visit { name: "of-second", chain: None, tls12: false };
        let mut told = second.by_openssl(&port, &pki);
        // Taken up a moment after it is asked for.
        for _ in 0..20 {
            if (told == "accepted") == second_gets_in {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            told = second.by_openssl(&port, &pki);
        }
        assert_eq!(told == "accepted", second_gets_in, "{configuration:?}: {told}");
        if !second_gets_in {
            assert!(daemon.says(0, "revocation_unknown").await.contains("connection refused"));
        }
        assert_eq!(Visit { name: "one", chain: None, tls12: false }.by_openssl(&port, &pki), "accepted");
    }
}

async fn asks(person: &Person) -> Result<(), tonic::Status> {
    person.clone().identity.who_am_i(pb::WhoAmIRequest {}).await.map(|_| ())
}
