//! At the door: the honest get in, everybody else is refused for the reason that is theirs.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    time::{Duration, Instant},
};

use homeward::{
    pki,
    platform::Clock,
    wire::{
        profile::code,
        tls::{ServerTls, TlsError, TlsSettings, refusal::Why},
    },
};
use jiff::SignedDuration;
use rcgen::{ExtendedKeyUsagePurpose, SanType};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::{
    Code,
    transport::{Certificate, ClientTlsConfig, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::town::{BROMLEY, Running, Town, domain, set_validity, soon, uri};

/// A refused TLS 1.3 client learns it when it connects or on its first call, always as UNAVAILABLE.
async fn refused(town: &Town, server: &Running, profile: &std::path::Path, why: Why) {
    let before = server.refusals.count(why);
    if let Ok(mut client) = town.connect(profile, server).await {
        let status = client.check(HealthCheckRequest::default()).await.unwrap_err();
        assert_eq!(code(&status), Code::Unavailable, "{why}: {status:?}");
    }
    soon(why.code(), || server.refusals.count(why) == before + 1).await;
    assert!(server.sessions.live().is_empty(), "{why}");
}

#[tokio::test]
async fn a_good_certificate_is_served_and_known_by_its_serial_number() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let (profile, serial) = town.issue(BROMLEY, 90);
    let mut client = town.connect(&profile, &server).await.unwrap();
    let answer = client.check(HealthCheckRequest::default()).await.unwrap();
    assert_eq!(answer.into_inner().status, 1);
    let live = server.sessions.live();
    assert_eq!(live.len(), 1);
    assert_eq!((live[0].peer().identity.as_str(), &live[0].peer().serial), (BROMLEY, &serial));
    drop(client);
    soon("the session is off the register", || server.sessions.live().is_empty()).await;
}

#[tokio::test]
async fn without_a_certificate_nobody_gets_in() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let ca = Certificate::from_pem(fs::read(town.certs().join("ca.pem")).unwrap());
    let endpoint = Endpoint::from_shared(server.url()).unwrap();
    let endpoint = endpoint.tls_config(ClientTlsConfig::new().ca_certificate(ca)).unwrap();
    if let Ok(channel) = endpoint.connect().await {
        let status = HealthClient::new(channel).check(HealthCheckRequest::default()).await.unwrap_err();
        assert_eq!(code(&status), Code::Unavailable);
    }
    soon("counted", || server.refusals.count(Why::NoCertificate) == 1).await;
}

#[tokio::test]
async fn another_authority_is_unknown_even_under_the_same_name() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let other = town.folder("other");
    pki::init(&other, &domain(), &[], town.tools()).unwrap();
    let profile = town.forge("stranger", &other, |_| {});
    refused(&town, &server, &profile, Why::UnknownAuthority).await;
}

#[tokio::test]
async fn certificates_out_of_their_time_or_purpose_are_refused() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let (certs, here, hour) = (town.certs(), town.clock.now(), SignedDuration::from_hours(1));
    let past = town.forge("past", &certs, |params| set_validity(params, here - hour * 3, here - hour));
    refused(&town, &server, &past, Why::Expired).await;
    let future = town.forge("future", &certs, |params| set_validity(params, here + hour, here + hour * 3));
    refused(&town, &server, &future, Why::NotYetValid).await;
    let purpose = town.forge("purpose", &certs, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    refused(&town, &server, &purpose, Why::BadPurpose).await;
    let none = town.forge("none", &certs, |params| params.extended_key_usages.clear());
    refused(&town, &server, &none, Why::BadPurpose).await;
    let (profile, _) = town.issue(BROMLEY, 1);
    town.clock.advance(SignedDuration::from_hours(25));
    refused(&town, &server, &profile, Why::Expired).await;
}

#[tokio::test]
async fn a_certificate_names_exactly_one_identity_of_this_trust_domain() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let other = BROMLEY.replace("E09000006", "E09000008");
    let elsewhere = BROMLEY.replace("pilot", "other");
    let dns = || SanType::DnsName("pilot.example".try_into().unwrap());
    let cases: Vec<(&str, Vec<SanType>, Why)> = vec![
        ("two", vec![uri(BROMLEY), uri(&other)], Why::NoIdentity),
        ("same-twice", vec![uri(BROMLEY), uri(BROMLEY)], Why::NoIdentity),
        ("also-dns", vec![uri(BROMLEY), dns()], Why::NoIdentity),
        ("dns-first", vec![dns(), uri(BROMLEY)], Why::NoIdentity),
        ("only-dns", vec![dns()], Why::NoIdentity),
        ("nothing", vec![], Why::NoIdentity),
        ("elsewhere", vec![uri(&elsewhere)], Why::OtherTrustDomain),
        ("https", vec![uri("https://pilot.example/gss/E09000006/council_submitter/x")], Why::BadIdentity),
        ("role", vec![uri("homeward://pilot.example/gss/E09000006/king/x")], Why::BadIdentity),
    ];
    for (name, names, why) in cases {
        let profile = town.forge(name, &town.certs(), |params| params.subject_alt_names = names);
        refused(&town, &server, &profile, why).await;
    }
}

#[tokio::test]
async fn a_certificate_that_no_revocation_list_could_name_is_refused() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let numbered = |name: &str, serial: &[u8]| {
        town.forge(name, &town.certs(), |params| params.serial_number = Some(serial.to_vec().into()))
    };
    for (name, serial) in [("nothing", &[0][..]), ("long", &[0x5a; 21]), ("longer", &[0xff; 24])] {
        refused(&town, &server, &numbered(name, serial), Why::BadSerial).await;
    }
    for (name, serial) in [("one", &[1][..]), ("high", &[0xff; 20])] {
        town.connect(&numbered(name, serial), &server).await.unwrap();
    }
}

#[tokio::test]
async fn plain_text_is_closed_and_not_answered() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    assert!(!answer.windows(4).any(|window| window == b"HTTP" || window == b"grpc"), "{answer:?}");
    soon("counted", || server.refusals.count(Why::NotTls) == 1).await;
}

#[tokio::test]
async fn the_silent_are_shown_out_while_others_get_in() {
    let town = Town::new();
    let mut setup = town.setup();
    setup.limits.handshake_time = Duration::from_secs(10);
    setup.limits.handshakes = 8;
    let server = Running::start(setup).await;
    let mut silent = Vec::new();
    for _ in 0..7 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    let (profile, _) = town.issue(BROMLEY, 90);
    let started = Instant::now();
    let mut client = town.connect(&profile, &server).await.unwrap();
    client.check(HealthCheckRequest::default()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(9), "the honest do not wait for the silent");
    silent.push(TcpStream::connect(server.address).await.unwrap());
    let mut over = TcpStream::connect(server.address).await.unwrap();
    assert_eq!(over.read(&mut [0; 8]).await.unwrap_or(0), 0, "the ninth handshake is closed at once");
    assert_eq!(server.refusals.count(Why::Busy), 1);
    for mut socket in silent {
        assert_eq!(socket.read(&mut [0; 8]).await.unwrap_or(0), 0);
    }
    soon("counted", || server.refusals.count(Why::TimedOut) == 8).await;
    client.check(HealthCheckRequest::default()).await.unwrap();
    assert!(town.connect(&profile, &server).await.is_ok(), "there is room again");
}

#[tokio::test]
async fn connections_are_bounded_in_all_and_for_each_identity() {
    for (connections, connections_per_identity, other_gets_in) in [(1, 64, false), (64, 1, true)] {
        let town = Town::new();
        let mut setup = town.setup();
        setup.limits.connections = connections;
        setup.limits.connections_per_identity = connections_per_identity;
        let server = Running::start(setup).await;
        let (profile, _) = town.issue(BROMLEY, 90);
        let (other, _) = town.issue(&BROMLEY.replace("case-system", "other-system"), 90);
        let mut first = town.connect(&profile, &server).await.unwrap();
        first.check(HealthCheckRequest::default()).await.unwrap();
        let again = asks(&town, &server, &profile).await;
        assert_eq!(again, Code::Unavailable);
        soon("counted", || server.refusals.count(Why::Busy) == 1).await;
        assert_eq!(asks(&town, &server, &other).await == Code::Ok, other_gets_in);
        drop(first);
        soon("the place is free", || server.sessions.live().is_empty()).await;
        assert_eq!(asks(&town, &server, &profile).await, Code::Ok);
    }
}

async fn asks(town: &Town, server: &Running, profile: &std::path::Path) -> Code {
    match town.connect(profile, server).await {
        Ok(mut client) => {
            client.check(HealthCheckRequest::default()).await.map_or_else(|status| code(&status), |_| Code::Ok)
        }
        Err(_) => Code::Unavailable,
    }
}

#[tokio::test]
async fn keys_that_others_can_read_are_refused_on_both_sides() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let (profile, _) = town.issue(BROMLEY, 90);
    let loosen = |path: &std::path::Path| fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    loosen(&profile.join("key.pem"));
    let words = town.connect(&profile, &server).await.unwrap_err();
    assert!(words.contains("chmod 600"), "{words}");
    let folder = town.certs().join("server");
    loosen(&folder.join("key.pem"));
    let error = ServerTls::load(TlsSettings::new(folder, domain()), town.time()).unwrap_err();
    assert!(matches!(error.0.as_slice(), [TlsError::File(_)]), "{error}");
}

#[tokio::test]
async fn a_profile_without_tls_is_no_profile() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let (profile, _) = town.issue(BROMLEY, 90);
    fs::write(profile.join("endpoint"), "http://localhost:1\n").unwrap();
    assert!(town.connect(&profile, &server).await.unwrap_err().contains("https://"));
}
