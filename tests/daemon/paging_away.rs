//! Pages that leave the machine: to a service over HTTPS and to a mailbox, each a program that is not ours.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::{
    daemon::{Daemon, recent},
    foreign::{Foreign, P256, Wish},
    house::PROVIDER,
    person::submission,
    python::interpreter,
};

const AUTHORIZATION: &str = "Bearer pageword-7719";
const PASSWORD: &str = "postword-4432";

/// A receiver, gone with the test.
struct Receiver {
    child: Child,
    port: String,
}

impl Receiver {
    fn begin(python: &str, pki: &Foreign, (kind, file): (&str, &Path), words: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/receivers.py");
        let mut command = Command::new(python);
        command.arg(script).arg(kind).arg(pki.at("chain.pem")).arg(pki.at("receiver.key")).arg(file).args(words);
        let mut child = command.stdout(Stdio::piped()).env("PYTHONDONTWRITEBYTECODE", "1").spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut port).unwrap();
        assert!(!port.trim().is_empty(), "the {kind} receiver says its port");
        Self { child, port: port.trim().to_owned() }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn secret(daemon: &Daemon, name: &str, words: &str) -> PathBuf {
    let path = daemon.folder(name);
    fs::write(&path, format!("{words}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// What of that which a receiver keeps is so, once it is there.
async fn kept(file: &Path, is: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..12_000 {
        let text = fs::read_to_string(file).unwrap_or_default();
        let mut told = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        if let Some(found) = told.find(|each| is(each)) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} has nothing such within two minutes", file.display());
}

/// A service, the same service for whom its authority is a stranger, and a mailbox.
fn hooks(service: &str, mailbox: &str) -> String {
    format!(
        r#"
[[paging.hooks]]
name = "service"
queues = ["MASH.", "EDT."]
https = {{ url = "https://localhost:{0}/page?to=duty", authorities = "foreign/root/ca.pem", authorization = "authorization" }}
[[paging.hooks]]
name = "stranger"
queues = ["REFDESK."]
https = {{ url = "https://localhost:{0}/page", authorities = "foreign/stranger/ca.pem", authorization = "authorization" }}
[[paging.hooks]]
name = "mailbox"
queues = ["MPU."]
[paging.hooks.mail]
server = "127.0.0.1:{1}"
authorities = "foreign/root/ca.pem"
from = "Homeward <homeward@broker.example>"
to = "duty@force.example"
user = "homeward"
password = "password"
"#,
        service, mailbox
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_and_a_mailbox_are_paged_over_tls_and_whoever_is_not_trusted_is_not() {
    let Some(python) = interpreter() else { return };
    let mut daemon = Daemon::prepared("");
    let pki = Foreign::new(daemon.folder("foreign"));
    let extensions = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth";
    pki.issue("issuing", "receiver", &Wish { key: P256, extensions, hours: (-1, 24) });
    fs::write(pki.at("chain.pem"), [pki.read("receiver.pem"), pki.read("issuing/ca.pem")].concat()).unwrap();
    let (pages, letters) = (daemon.folder("pages"), daemon.folder("letters"));
    let service = Receiver::begin(&python, &pki, ("https", &pages), &[AUTHORIZATION]);
    let mailbox = Receiver::begin(&python, &pki, ("mail", &letters), &["homeward", PASSWORD]);
    secret(&daemon, "authorization", AUTHORIZATION);
    secret(&daemon, "password", PASSWORD);
    let configuration =
        fs::read_to_string(daemon.folder("homeward.toml")).unwrap() + &hooks(&service.port, &mailbox.port);
    fs::write(daemon.folder("homeward.toml"), configuration).unwrap();
    daemon.restart().await;
    daemon.person(PROVIDER).await.submit(submission(&recent(5, "2026-11-21T11:10:00Z"))).await.unwrap();

    let page = kept(&pages, |page| page["key"] == page["refused"]).await;
    let body = &page["body"];
    assert_eq!((&page["path"], &page["type"]), (&"/page?to=duty".into(), &"application/json".into()));
    // What was refused comes again under the same key: who has the page already can tell.
    let delivery = body["delivery"].as_str().unwrap();
    assert!(page["key"].as_str().unwrap().starts_with(delivery), "{page}");
    // At night and on holidays the emergency duty team stands in for the hub.
    let unit = body["contact"].as_str().unwrap();
    assert!((unit.starts_with("MASH.") || unit.starts_with("EDT.")) && body["to"] == "unit", "{body}");

    let letter = kept(&letters, |_| true).await;
    assert_eq!(letter["to"], serde_json::json!(["duty@force.example"]));
    assert!(
        letter["tls"] == true && letter["login"] == true && letter["from"] == "homeward@broker.example",
        "{letter}"
    );
    let text = letter["mail"].as_str().unwrap();
    for part in [
        "Subject: Homeward: P",
        " waits in MPU.",
        "For: unit, MPU.",
        "Message-ID: <",
        ".0@broker.example>",
        "Delivery: ",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }

    // Somebody else's authority vouches for nobody here: no word reaches the service, and the alarm says why.
    daemon.says(0, "PAGE_HOOK_FAILED stranger").await;
    assert!(!fs::read_to_string(&pages).unwrap().contains("REFDESK."));
    let log = daemon.log();
    assert!(log.contains("the service's certificate is not good") && log.contains("the service answered 503"), "{log}");
    for word in [AUTHORIZATION, "pageword", PASSWORD] {
        assert!(!log.contains(word), "a secret is in the log");
    }
    daemon.stop();
}
