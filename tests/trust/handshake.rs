//! Handshakes with a bare TLS client: versions, and no resumption.

use std::{
    fs,
    io::{ErrorKind, Write},
    sync::Arc,
    time::Duration,
};

use homeward::{
    domain::certificate::RevocationReason,
    wire::tls::{Revocation, ServerTls, Stale, TlsSettings, refusal::Why},
};
use rustls::{
    ClientConfig, ClientConnection, HandshakeKind, RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    version::{TLS12, TLS13},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::town::{BROMLEY, Running, Town, domain, soon};

/// The start of HTTP/2 from the client: preface and empty settings.
pub const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

pub fn client(town: &Town, versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
    let (profile, _) = town.issue(BROMLEY, 90);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(town.certs().join("ca.pem")).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            CertificateDer::pem_file_iter(profile.join("cert.pem")).unwrap().map(Result::unwrap).collect(),
            PrivateKeyDer::from_pem_file(profile.join("key.pem")).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Arc::new(config)
}

/// Connects, exchanges a few bytes so that tickets can arrive, and says what kind of handshake it was.
async fn visit(address: std::net::SocketAddr, config: &Arc<ClientConfig>) -> std::io::Result<HandshakeKind> {
    let socket = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(Arc::clone(config)).connect(name, socket).await?;
    stream.write_all(HELLO).await?;
    let mut answer = [0; 64];
    if stream.read(&mut answer).await? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(stream.get_ref().1.handshake_kind().unwrap())
}

#[tokio::test]
async fn a_second_connection_is_a_full_handshake_again() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let config = client(&town, &[&TLS13]);
    assert_eq!(visit(server.address, &config).await.unwrap(), HandshakeKind::Full);
    assert_eq!(visit(server.address, &config).await.unwrap(), HandshakeKind::Full);
}

/// The control of the test above: against an ordinary server the very same client does resume.
#[tokio::test]
async fn the_same_client_resumes_with_an_ordinary_server() {
    let town = Town::new();
    let folder = town.certs().join("server");
    let mut ordinary = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            CertificateDer::pem_file_iter(folder.join("cert.pem")).unwrap().map(Result::unwrap).collect(),
            PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap(),
        )
        .unwrap();
    ordinary.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(ordinary));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let mut stream = acceptor.accept(socket).await.unwrap();
            let mut bytes = [0; 64];
            let _ = stream.read(&mut bytes).await;
            let _ = stream.write_all(b"hello").await;
        }
    });
    let config = client(&town, &[&TLS13]);
    assert_eq!(visit(address, &config).await.unwrap(), HandshakeKind::Full);
    assert_eq!(visit(address, &config).await.unwrap(), HandshakeKind::Resumed);
}

#[tokio::test]
async fn tls_1_2_is_refused_unless_configured_and_then_does_not_resume_either() {
    let town = Town::new();
    let config = client(&town, &[&TLS12]);
    let strict = Running::start(town.setup()).await;
    assert!(visit(strict.address, &config).await.is_err());
    soon("counted", || strict.refusals.count(Why::TlsVersion) == 1).await;
    let mut setup = town.setup();
    setup.tls = Arc::new(town.tls(true));
    let lenient = Running::start(setup).await;
    assert_eq!(visit(lenient.address, &config).await.unwrap(), HandshakeKind::Full);
    assert_eq!(visit(lenient.address, &config).await.unwrap(), HandshakeKind::Full);
}

#[tokio::test]
async fn without_http_2_nobody_gets_in() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let mut config = ClientConfig::clone(&client(&town, &[&TLS13]));
    config.alpn_protocols.clear();
    assert!(visit(server.address, &Arc::new(config)).await.is_err());
    soon("counted", || server.refusals.count(Why::Incompatible) == 1).await;
}

/// Whatever changes while somebody stands at the door is not forgotten of them.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_revoked_by_a_list_in_the_middle_of_their_handshake_does_not_stay() {
    let town = Town::new();
    let (_, other) = town.issue(BROMLEY, 89);
    let config = client(&town, &[&TLS13]);
    let own =
        homeward::pki::list(&town.certs()).unwrap().into_iter().rfind(|one| one.holder == BROMLEY).unwrap().serial;
    let lists = town.folder("lists");
    fs::create_dir(&lists).unwrap();
    let listed = |serial: &str| {
        homeward::pki::revoke(&town.certs(), serial, RevocationReason::KeyCompromise, town.tools()).unwrap();
        fs::copy(town.certs().join("crl.pem"), lists.join("issuing.pem")).unwrap();
    };
    listed(&other);
    let mut setup = town.setup();
    let revocation = Some(Revocation { folder: lists.clone(), required: false, stale: Stale::Refuse });
    let folder = town.folder("both");
    homeward::pki::issue_server(&town.certs(), &folder, &[], town.tools()).unwrap();
    let authorities = ["ca.pem", "issuing.pem"].map(|name| fs::read_to_string(town.certs().join(name)).unwrap());
    fs::write(folder.join("ca.pem"), authorities.concat()).unwrap();
    let settings = TlsSettings { revocation, ..TlsSettings::new(folder, domain()) };
    let tls = Arc::new(ServerTls::load(settings, town.time()).unwrap());
    setup.tls = Arc::clone(&tls);
    let server = Running::start(setup).await;
    for (revoked, stays) in [(false, true), (true, false)] {
        let mut socket = std::net::TcpStream::connect(server.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut halted = ClientConnection::new(Arc::clone(&config), name).unwrap();
        while halted.is_handshaking() {
            if halted.wants_write() {
                halted.write_tls(&mut socket).unwrap();
            } else {
                tokio::task::block_in_place(|| halted.read_tls(&mut socket)).unwrap();
                halted.process_new_packets().unwrap();
            }
        }
        // What shows the certificate is written, and not yet sent.
        if revoked {
            listed(&own);
            tls.reload().unwrap();
            assert!(tls.judge_again(&server.sessions).is_empty(), "nobody is in");
        }
        halted.writer().write_all(HELLO).unwrap();
        while halted.wants_write() {
            halted.write_tls(&mut socket).unwrap();
        }
        // Whoever stays hears nothing at last; whoever does not is cut.
        if stays {
            socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        }
        let ended = tokio::task::block_in_place(|| std::io::copy(&mut socket, &mut std::io::sink()));
        let timed_out = |error: &std::io::Error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
        assert_eq!(ended.as_ref().is_err_and(timed_out), stays, "{ended:?}");
    }
}

#[tokio::test]
async fn a_new_server_certificate_is_taken_up_while_running_and_a_faulty_one_is_not() {
    let town = Town::new();
    let setup = town.setup();
    let tls = Arc::clone(&setup.tls);
    let server = Running::start(setup).await;
    let config = client(&town, &[&TLS13]);
    let presented = || async {
        let socket = TcpStream::connect(server.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::clone(&config)).connect(name, socket).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    };
    let first = presented().await;
    let (folder, next) = (town.certs().join("server"), town.folder("next"));
    homeward::pki::issue_server(&town.certs(), &next, &[], town.tools()).unwrap();
    fs::rename(next.join("cert.pem"), folder.join("cert.pem")).unwrap();
    assert!(tls.reload().is_err(), "the certificate does not belong to the key");
    assert_eq!(presented().await, first);
    fs::rename(next.join("key.pem"), folder.join("key.pem")).unwrap();
    tls.reload().unwrap();
    assert_ne!(presented().await, first);
}
