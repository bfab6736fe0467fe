//! TLS to the database: whose certificate is taken, what is shown, and that a renewed one is shown without a restart.

use std::{fs, path::Path, time::Duration};

use homeward::store::{
    Store, StoreError,
    postgres::{PostgresStore, Settings, Tls},
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SerialNumber};

use crate::{
    postgres::{self, Server},
    store::fixtures::{accept_one, size},
};

/// An authority.
struct Authority(Issuer<'static, KeyPair>, String);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self(Issuer::new(params, key), pem)
    }

    /// A certificate with its key, for a server of this name or a user of that.
    fn signs(&self, server: &[&str], user: &str, serial: u64) -> (String, String) {
        let names: Vec<String> = server.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, user);
        params.serial_number = Some(SerialNumber::from(serial));
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }
}

/// How a broker reaches it whose papers lie in a folder.
fn settings(folder: &Path, host: &str, port: u16, ca: &str, shows: bool) -> Settings {
    let url = format!("host={host} hostaddr=127.0.0.1 port={port} user=postgres dbname=postgres");
    let client = shows.then(|| (folder.join("cert.pem"), folder.join("key.pem")));
    Settings {
        url,
        password: None,
        tls: Some(Tls { ca: folder.join(ca), client }),
        readers: 2,
        statement: Duration::from_secs(10),
    }
}

fn put(folder: &Path, (certificate, key): (String, String)) {
    fs::write(folder.join("cert.pem"), certificate).unwrap();
    fs::write(folder.join("key.pem"), key).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_database_and_the_broker_show_each_other_certificates() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let (certificate, key) = ours.signs(&["localhost"], "database", 1);
    let (server, port) = Server::over_tls(&[("server.pem", &certificate), ("server.key", &key), ("ca.pem", &ours.1)]);
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    fs::write(folder.join("ca.pem"), &ours.1).unwrap();
    fs::write(folder.join("foreign.pem"), &foreign.1).unwrap();
    put(folder, foreign.signs(&[], "postgres", 7));
    let open =
        async |host: &str, ca: &str, shows: bool| PostgresStore::open(&settings(folder, host, port, ca, shows)).await;
    let refused = async |host: &str, ca: &str, shows: bool| {
        let refused = open(host, ca, shows).await.err();
        assert!(matches!(refused, Some(StoreError::Unavailable(_))), "{host} {ca} {shows}: {refused:?}");
    };
    refused("localhost", "ca.pem", false).await;
    refused("localhost", "ca.pem", true).await;
    put(folder, ours.signs(&[], "somebody", 8));
    refused("localhost", "ca.pem", true).await;
    put(folder, ours.signs(&[], "postgres", 9));
    refused("localhost", "foreign.pem", true).await;
    refused("db.example", "ca.pem", true).await;
    let store = open("localhost", "ca.pem", true).await.unwrap();
    accept_one(&store, "MPU.SE").await;

    // The old one ends; whoever connects from then on shows the new one.
    put(folder, ours.signs(&[], "postgres", 10));
    let socket = server.database();
    postgres::run(&socket, "SELECT pg_terminate_backend(pid) FROM pg_stat_ssl WHERE ssl");
    while store.head().await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    accept_one(&store, "MPU.SE").await;
    assert_eq!(size(&store).await, 2);
    let shown = "SELECT string_agg(DISTINCT client_serial::text, ' ') FROM pg_stat_ssl WHERE ssl";
    assert_eq!(postgres::value(&socket, shown).as_deref(), Some("10"));
}
