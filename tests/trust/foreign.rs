//! The door to foreign clients: OpenSSL's `s_client` and Python's `ssl`, with papers that OpenSSL or `pki` made. Everybody who
//! must not get in is refused for the reason that is theirs, and everybody else is let in.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use homeward::{
    domain::certificate::RevocationReason,
    pki,
    platform::Clock as _,
    wire::{
        serve::Setup,
        tls::{Revocation, ServerTls, Stale, TlsSettings, refusal::Why},
    },
};
use jiff::SignedDuration;
use rcgen::ExtendedKeyUsagePurpose;

use crate::town::{BROMLEY, NoRegister, Running, Town, domain, set_validity, soon};

/// The start of HTTP/2 from the client: preface and empty settings.
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

/// A client that is ended when it is dropped.
struct Client(Child);

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Client {
    fn start(mut command: Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut client = command.spawn().unwrap();
        // Who is refused may be gone before it has said anything.
        let _ = client.stdin.as_mut().unwrap().write_all(HELLO);
        Self(client)
    }
}

/// OpenSSL with the papers of a folder, or with none.
fn s_client(server: &Running, papers: Option<&Path>, more: &[&str]) -> Client {
    let mut command = Command::new("openssl");
    let address = format!("127.0.0.1:{}", server.address.port());
    command.args(["s_client", "-quiet", "-connect", &address, "-servername", "localhost", "-alpn", "h2"]).args(more);
    if let Some(folder) = papers {
        let at = |name: &str| folder.join(name).display().to_string();
        command.args(["-cert", &at("cert.pem"), "-key", &at("key.pem"), "-cert_chain", &at("cert.pem")]);
    }
    Client::start(command)
}

/// Python's own TLS with the papers of a folder.
fn python(server: &Running, papers: Option<&Path>, most: &str) -> Client {
    const SCRIPT: &str = "
import socket, ssl, sys
port, most, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.maximum_version = getattr(ssl.TLSVersion, most)
context.set_alpn_protocols(['h2'])
if folder: context.load_cert_chain(folder + '/cert.pem', folder + '/key.pem')
stream = context.wrap_socket(socket.create_connection(('127.0.0.1', port)), server_hostname='localhost')
stream.sendall(sys.stdin.buffer.read(33))
while stream.recv(1024): pass
";
    let mut command = Command::new("python3");
    let folder = papers.map(|folder| folder.display().to_string()).unwrap_or_default();
    command.args(["-c", SCRIPT, &server.address.port().to_string(), most, &folder]);
    Client::start(command)
}

/// What a client sees that reads after its handshake; Python's words for it.
async fn seen(server: &Running, papers: &Path, why: Why) -> String {
    const SCRIPT: &str = "
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
context.set_alpn_protocols(['h2'])
context.load_cert_chain(sys.argv[2] + '/cert.pem', sys.argv[2] + '/key.pem')
try:
    stream = context.wrap_socket(socket.create_connection(('127.0.0.1', int(sys.argv[1]))), server_hostname='localhost')
    print('read', stream.recv(1024))
except ssl.SSLError as error:
    print(error)
";
    let before = server.refusals.count(why);
    let (port, folder) = (server.address.port().to_string(), papers.display().to_string());
    let run = move || Command::new("python3").args(["-c", SCRIPT, &port, &folder]).output();
    let ended = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    soon(why.code(), || server.refusals.count(why) == before + 1).await;
    String::from_utf8(ended.stdout).unwrap()
}

#[tokio::test]
async fn whoever_was_revoked_through_the_store_sees_what_anybody_sees_who_is_not_let_in() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let (papers, serial) = town.issue(BROMLEY, 90);
    let (now, hour) = (town.clock.now(), SignedDuration::from_hours(1));
    let past = town.forge("past", &town.certs(), |made| set_validity(made, now - hour * 3, now - hour));
    let_in(&server, "who is not revoked yet", || python(&server, Some(&papers), "TLSv1_3")).await;
    server.sessions.revoke(&serial);
    let expired = seen(&server, &past, Why::Expired).await;
    assert!(expired.contains("alert"), "{expired}");
    assert_eq!(seen(&server, &papers, Why::Revoked).await, expired);
}

async fn refused(server: &Running, why: Why, start: impl FnOnce() -> Client) {
    let before = server.refusals.count(why);
    let _client = start();
    soon(why.code(), || server.refusals.count(why) == before + 1).await;
    assert!(server.sessions.live().is_empty(), "{why}");
}

async fn let_in(server: &Running, what: &str, start: impl FnOnce() -> Client) {
    let client = start();
    soon(&format!("{what} is let in"), || server.sessions.live().len() == 1).await;
    assert_eq!(server.sessions.live()[0].peer().identity.as_str(), BROMLEY);
    drop(client);
    soon("it has left", || server.sessions.live().is_empty()).await;
}

/// A folder with a key and a certificate that OpenSSL made, signed by the issuing authority of the town.
fn signed(town: &Town, name: &str, kind: &[&str]) -> PathBuf {
    let folder = town.folder(name);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("names"), format!("extendedKeyUsage=clientAuth\nsubjectAltName=URI:{BROMLEY}\n")).unwrap();
    openssl(&folder, &[&["genpkey", "-out", "key.pem"], kind].concat());
    openssl(&folder, &["req", "-new", "-key", "key.pem", "-subj", "/CN=x", "-out", "asked.pem"]);
    let (ca, key) = (town.certs().join("issuing.pem"), town.certs().join("issuing.key"));
    let (ca, key) = (ca.display().to_string(), key.display().to_string());
    let by = ["x509", "-req", "-in", "asked.pem", "-CA", &ca, "-CAkey", &key, "-CAcreateserial", "-CAserial", "serial"];
    openssl(&folder, &[&by[..], &["-days", "1", "-extfile", "names", "-out", "cert.pem"]].concat());
    let chain = fs::read_to_string(folder.join("cert.pem")).unwrap() + &fs::read_to_string(&ca).unwrap();
    fs::write(folder.join("cert.pem"), chain).unwrap();
    // OpenSSL goes by the machine's clock, and the town's stands still.
    town.clock.advance(SignedDuration::from_mins(1));
    folder
}

fn openssl(folder: &Path, args: &[&str]) {
    let ended = Command::new("openssl").args(args).current_dir(folder).output().unwrap();
    assert!(ended.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&ended.stderr));
}

fn setup(town: &Town, change: impl FnOnce(&mut TlsSettings)) -> Setup {
    let mut settings = TlsSettings::new(town.certs().join("server"), domain());
    change(&mut settings);
    let tls = ServerTls::load(settings, town.time()).unwrap();
    Setup::new(Arc::new(tls), town.time(), Arc::new(NoRegister))
}

#[tokio::test]
async fn good_keys_of_every_accepted_kind_are_let_in() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    for (name, kind) in [
        ("P-256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"][..]),
        ("P-384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
        ("Ed25519", &["-algorithm", "ED25519"]),
        ("RSA-2048", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ] {
        let papers = signed(&town, name, kind);
        let_in(&server, name, || s_client(&server, Some(&papers), &["-tls1_3"])).await;
        let_in(&server, name, || python(&server, Some(&papers), "TLSv1_3")).await;
    }
}

#[tokio::test]
async fn old_versions_and_no_certificate_are_refused() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let (papers, _) = town.issue(BROMLEY, 90);
    refused(&server, Why::TlsVersion, || s_client(&server, Some(&papers), &["-tls1_2"])).await;
    refused(&server, Why::TlsVersion, || python(&server, Some(&papers), "TLSv1_2")).await;
    refused(&server, Why::NoCertificate, || s_client(&server, None, &[])).await;
    refused(&server, Why::NoCertificate, || python(&server, None, "TLSv1_3")).await;
}

#[tokio::test]
async fn papers_that_are_not_right_are_refused_for_what_is_wrong_with_them() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let (certs, now, hour) = (town.certs(), town.clock.now(), SignedDuration::from_hours(1));
    let elsewhere = town.folder("elsewhere");
    pki::init(&elsewhere, &homeward::domain::identity::TrustDomain::parse("other.example").unwrap(), &[], town.tools())
        .unwrap();
    let own = town.folder("own");
    fs::create_dir(&own).unwrap();
    let names = ["-addext", &format!("subjectAltName=URI:{BROMLEY}"), "-addext", "extendedKeyUsage=clientAuth"];
    let made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", "key.pem"];
    openssl(&own, &[&made[..], &names, &["-out", "cert.pem"]].concat());
    let alone = town.forge("alone", &certs, |_| {});
    let leaf = fs::read_to_string(alone.join("cert.pem")).unwrap();
    let end = "-----END CERTIFICATE-----\n";
    fs::write(alone.join("cert.pem"), format!("{}{end}", leaf.split(end).next().unwrap())).unwrap();
    let weak = signed(&town, "weak", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    for (why, papers, more) in [
        (Why::UnknownAuthority, town.forge("stranger", &elsewhere, |_| {}), &[][..]),
        (Why::Expired, town.forge("past", &certs, |made| set_validity(made, now - hour * 3, now - hour)), &[]),
        (Why::NotYetValid, town.forge("future", &certs, |made| set_validity(made, now + hour, now + hour * 3)), &[]),
        (
            Why::BadPurpose,
            town.forge("purpose", &certs, |made| made.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
            &[],
        ),
        (Why::SelfSigned, own, &[]),
        (Why::WeakKey, weak, &["-cipher", "DEFAULT@SECLEVEL=0"]),
    ] {
        refused(&server, why, || s_client(&server, Some(&papers), more)).await;
    }
    // A server that knows the root alone, and a client that does not show who issued its certificate.
    let root_only = town.folder("root-only");
    pki::issue_server(&certs, &root_only, &[], town.tools()).unwrap();
    fs::copy(certs.join("ca.pem"), root_only.join("ca.pem")).unwrap();
    let strict = Running::start(setup(&town, |settings| settings.folder = root_only)).await;
    refused(&strict, Why::MissingIntermediate, || s_client(&strict, Some(&alone), &[])).await;
}

#[tokio::test]
async fn a_revocation_list_shuts_out_who_is_on_it_and_one_that_is_old_or_missing_everybody() {
    let town = Town::new();
    let (papers, serial) = town.issue(BROMLEY, 90);
    let (other, _) = town.issue(BROMLEY, 89);
    pki::revoke(&town.certs(), &serial, RevocationReason::KeyCompromise, town.tools()).unwrap();
    let lists = town.folder("lists");
    fs::create_dir(&lists).unwrap();
    fs::copy(town.certs().join("crl.pem"), lists.join("issuing.pem")).unwrap();
    let folder = town.folder("both");
    pki::issue_server(&town.certs(), &folder, &[], town.tools()).unwrap();
    let authorities = ["ca.pem", "issuing.pem"].map(|name| fs::read_to_string(town.certs().join(name)).unwrap());
    fs::write(folder.join("ca.pem"), authorities.concat()).unwrap();
    let setup = |change: &dyn Fn(&mut TlsSettings)| {
        setup(&town, |all| {
            all.folder.clone_from(&folder);
            change(all);
        })
    };
    let by = |required, stale| Revocation { folder: lists.clone(), required, stale };
    let server = Running::start(setup(&|all| all.revocation = Some(by(false, Stale::Refuse)))).await;
    refused(&server, Why::Revoked, || s_client(&server, Some(&papers), &[])).await;
    let_in(&server, "who is not on the list", || s_client(&server, Some(&other), &[])).await;
    // The root has no list: whether the issuing authority is good nobody knows.
    let server = Running::start(setup(&|all| all.revocation = Some(by(true, Stale::Refuse)))).await;
    refused(&server, Why::RevocationUnknown, || s_client(&server, Some(&other), &[])).await;
    town.clock.advance(SignedDuration::from_hours(24 * 60));
    let server = Running::start(setup(&|all| all.revocation = Some(by(false, Stale::Refuse)))).await;
    refused(&server, Why::RevocationStale, || s_client(&server, Some(&other), &[])).await;
    let server = Running::start(setup(&|all| all.revocation = Some(by(false, Stale::Warn)))).await;
    let_in(&server, "who is not on an old list", || s_client(&server, Some(&other), &[])).await;
    refused(&server, Why::Revoked, || s_client(&server, Some(&papers), &[])).await;
}
