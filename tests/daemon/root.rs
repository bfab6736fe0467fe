//! The offline root is replaced under a daemon that runs: nobody who renewed in time loses a stream by it.

use std::{fs, time::Duration};

use homeward::{
    pki::{self, KeyKind, Tools, next_root, rotation},
    platform::{SystemClock, SystemEntropy},
    wire::pb,
};
use tonic::{Code, Streaming};

use crate::{
    daemon::{Daemon, recent},
    house::{LEWISHAM, domain},
    person::{Person, fresh, submission, why},
};

async fn watching(council: &mut Person) -> Streaming<pb::WatchReferralsResponse> {
    let asked = pb::WatchReferralsRequest { resume_token: "0".into(), on_behalf_of: String::new() };
    let mut stream = council.referrals.watch_referrals(asked).await.unwrap().into_inner();
    told(&mut stream).await;
    stream
}

async fn told(stream: &mut Streaming<pb::WatchReferralsResponse>) {
    let told = tokio::time::timeout(Duration::from_secs(60), stream.message()).await.unwrap();
    assert!(told.unwrap().is_some());
}

async fn submits(council: &mut Person) {
    council.submit(submission(&recent(1, "2026-11-20T16:30:00Z"))).await.unwrap();
}

/// Under the next certificate, with what is trusted now.
async fn renewed(daemon: &Daemon, council: &mut Person, name: &str) -> Person {
    let folder = daemon.folder(name);
    let uri = format!("homeward://pilot.example/{LEWISHAM}");
    let identity = homeward::domain::identity::Identity::parse(&uri, &domain()).unwrap();
    pki::request(&folder, &identity, KeyKind::P256, &daemon.url()).unwrap();
    let request = fs::read(folder.join("request.pem")).unwrap();
    let asked = pb::RenewCertificateRequest { request_id: fresh(), request };
    let renewed = council.identity.renew_certificate(asked).await.unwrap().into_inner();
    pki::deliver(&folder, &renewed.certificate.unwrap().chain, &renewed.trust_bundle).unwrap();
    daemon.person_with(&folder).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_root_is_replaced_under_open_streams_and_who_renewed_loses_nothing() {
    let daemon = Daemon::start_with("pki.folder = \"certs\"\n", |_| ()).await;
    let (certs, old, new) = (daemon.folder("certs"), daemon.folder("certs/root"), daemon.folder("root-2"));
    let (entropy, clock) = (SystemEntropy::new(), SystemClock);
    let tools = Tools { clock: &clock, entropy: &entropy };
    let mut council = daemon.person(LEWISHAM).await;
    submits(&mut council).await;
    let mut first = watching(&mut council).await;

    let from = daemon.log().len();
    next_root::prepare(&certs, &new, None, tools).unwrap();
    daemon.says(from, "read again").await;
    let mut knowing = renewed(&daemon, &mut council, "knowing").await;
    let mut second = watching(&mut knowing).await;

    rotation::prepare(&certs, &new, None, tools).unwrap();
    rotation::activate(&certs, tools).unwrap();
    let mut under_it = renewed(&daemon, &mut knowing, "under-it").await;
    let mut third = watching(&mut under_it).await;
    let from = daemon.log().len();
    pki::issue_server(&certs, &daemon.folder("server-2"), &[], tools).unwrap();
    for file in ["key.pem", "cert.pem"] {
        fs::rename(daemon.folder("server-2").join(file), certs.join("server").join(file)).unwrap();
    }
    daemon.says(from, "read again").await;
    daemon.person_with(&daemon.folder("knowing")).await;
    daemon.person_with(&daemon.folder("under-it")).await;
    submits(&mut under_it).await;
    for stream in [&mut first, &mut second, &mut third] {
        told(stream).await;
    }

    rotation::taint(&certs, tools).unwrap();
    rotation::revoke(&certs, &old, None, tools).unwrap();
    for stream in [&mut first, &mut second] {
        let ended = tokio::time::timeout(Duration::from_secs(60), async {
            loop {
                match stream.message().await {
                    Ok(told) => assert!(told.is_some(), "the stream ended without a word"),
                    Err(status) => return why::<()>(Err(status)),
                }
            }
        });
        assert_eq!(ended.await.unwrap(), (Code::Unauthenticated, "CERTIFICATE_REVOKED".into()));
    }
    let from = daemon.log().len();
    next_root::retire(&certs).unwrap();
    daemon.says(from, "read again").await;
    submits(&mut under_it).await;
    told(&mut third).await;
    let mut again = daemon.person_with(&daemon.folder("under-it")).await;
    again.identity.who_am_i(pb::WhoAmIRequest {}).await.unwrap();
}
