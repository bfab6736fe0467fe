//! Three nodes of PostgreSQL under Patroni, one etcd, and HAProxy, each on a loopback address of its own.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

const ETCD: &str = "127.0.0.10";
const NODES: [&str; 3] = ["127.0.0.11", "127.0.0.12", "127.0.0.13"];
const PASSWORD: &str = "only-here";
const TOOLS: [&str; 3] = ["patroni", "etcd", "haproxy"];

/// Whether this machine lacks what the test is made of, which it says; where all of it is tested, nothing may be lacking.
pub fn missing() -> bool {
    let there = |tool: &str| ["/usr/bin", "/usr/sbin"].iter().any(|folder| Path::new(folder).join(tool).exists());
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if root && TOOLS.iter().all(|tool| there(tool)) {
        return false;
    }
    let words = "SKIPPED: a cluster needs root, and patroni, etcd-server and haproxy (apt-get install)";
    assert!(std::env::var("CI").is_err(), "{words}");
    eprintln!("{words}");
    true
}

/// A cluster; all of it ends with this.
pub struct Cluster {
    folder: tempfile::TempDir,
    /// Everything but the nodes.
    others: Vec<Child>,
    patronis: Vec<(usize, Child)>,
}

/// Ends with whoever started it.
fn spawned(folder: &Path, name: &str, command: &[&str]) -> Child {
    let log = fs::File::create(folder.join(format!("{name}.log"))).unwrap();
    let postgres = ["--reuid", "postgres", "--regid", "postgres", "--clear-groups"];
    Command::new("setpriv")
        .args(["--pdeathsig", "TERM"])
        .args(postgres)
        .args(command)
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/usr/lib/postgresql/15/bin")
        .env("HOME", folder)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// A file of the example, with what is written in capitals there.
fn example(name: &str, values: &[(&str, &str)]) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/cluster").join(name);
    let text = fs::read_to_string(file).unwrap();
    values.iter().fold(text, |text, (from, to)| text.replace(from, to))
}

fn get(address: &str, path: &str) -> Option<String> {
    let mut stream =
        TcpStream::connect_timeout(&format!("{address}:8008").parse().unwrap(), Duration::from_secs(1)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(3))).ok()?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

impl Cluster {
    /// All three are there, and one of the standbys is waited for by each commit.
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("homeward-cluster").tempdir().unwrap();
        let place = folder.path().to_owned();
        papers(&place);
        let client = format!("http://{ETCD}:2379");
        let (peer, data) = (format!("http://{ETCD}:2380"), place.join("etcd").display().to_string());
        let etcd = ["etcd", "--data-dir", &data, "--listen-client-urls", &client, "--advertise-client-urls", &client];
        let peers = ["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer];
        let cluster = format!("default={peer}");
        let etcd = [&etcd[..], &peers, &["--initial-cluster", &cluster]].concat();
        let servers = [("DB1", NODES[0]), ("DB2", NODES[1]), ("DB3", NODES[2])];
        fs::write(place.join("haproxy.cfg"), example("haproxy.cfg", &servers)).unwrap();
        assert!(Command::new("chown").args(["-R", "postgres"]).arg(&place).status().unwrap().success());
        let mut started = Self { folder, others: vec![spawned(&place, "etcd", &etcd)], patronis: Vec::new() };
        for number in 0..NODES.len() {
            started.patroni(number);
        }
        let proxy = place.join("haproxy.cfg").display().to_string();
        started.others.push(spawned(&place, "haproxy", &["haproxy", "-db", "-f", &proxy]));
        started.waits("three are there", |cluster| {
            cluster.matches("\"state\": \"running\"").count() + cluster.matches("\"state\": \"streaming\"").count() == 3
                && cluster.contains("sync_standby")
        });
        started.sql("postgres", &format!("CREATE ROLE homeward LOGIN PASSWORD '{PASSWORD}'"));
        started.sql("postgres", "CREATE DATABASE homeward OWNER homeward");
        started
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a node.
    fn patroni(&mut self, number: usize) {
        let (place, name) = (self.path().to_owned(), format!("node{}", number + 1));
        let (data, sockets) = (place.join(&name), place.join(format!("{name}-sockets")));
        let _ = fs::create_dir(&sockets);
        assert!(Command::new("chown").arg("postgres").arg(&sockets).status().unwrap().success());
        let (data, sockets) = (data.display().to_string(), sockets.display().to_string());
        let papers = place.display().to_string();
        let text = example(
            "patroni.yml",
            &[
                ("name: NODE", &format!("name: {name}")),
                ("hosts: ETCD", &format!("hosts: {ETCD}:2379")),
                ("ADDRESS", NODES[number]),
                ("SUPERUSER_PASSWORD", PASSWORD),
                ("REPLICATION_PASSWORD", PASSWORD),
                ("/var/lib/postgresql/15/homeward", &data),
                ("/var/lib/postgresql/homeward.pgpass", &format!("{data}.pgpass")),
                ("/run/postgresql", &sockets),
                ("/etc/homeward-db", &papers),
            ],
        );
        let file = place.join(format!("{name}.yml"));
        fs::write(&file, text).unwrap();
        let child = spawned(&place, &name, &["patroni", &file.display().to_string()]);
        self.patronis.push((number, child));
    }

    /// What the brokers' configuration says of it.
    pub fn store(&self) -> String {
        format!(
            "store.engine = \"postgres\"\nstore.url = \"postgres://homeward:{PASSWORD}@localhost:5433/homeward\"\n\
             store.ca = \"{}/ca.pem\"\n",
            self.path().display()
        )
    }

    /// Waits until what Patroni says of the cluster is so.
    fn waits(&self, what: &str, is_so: impl Fn(&str) -> bool) {
        for _ in 0..600 {
            if NODES.iter().filter_map(|node| get(node, "/cluster")).any(|cluster| is_so(&cluster)) {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("not so: {what}\n{}", self.said());
    }

    /// Which node is the primary.
    fn primary(&self) -> Option<usize> {
        (0..NODES.len()).find(|node| get(NODES[*node], "/primary").is_some_and(|answer| answer.contains(" 200 ")))
    }

    fn sql(&self, database: &str, sql: &str) {
        let primary = NODES[self.primary().expect("one is the primary")];
        let url = format!("postgres://postgres:{PASSWORD}@{primary}:5432/{database}?sslmode=require");
        let done = Command::new("psql").args([&url, "-qc", sql]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// As a machine ends that loses its power: Patroni and the server at once. Its name.
    pub fn kill_primary(&mut self) -> &'static str {
        let primary = self.primary().expect("one is the primary");
        let at = self.patronis.iter().position(|(number, _)| *number == primary).unwrap();
        let (_, mut patroni) = self.patronis.remove(at);
        patroni.kill().unwrap();
        patroni.wait().unwrap();
        ends(&self.path().join(format!("node{}", primary + 1)), "KILL");
        NODES[primary]
    }

    /// The ends of all logs.
    pub fn said(&self) -> String {
        let logs = ["etcd", "haproxy", "node1", "node2", "node3"].map(|name| {
            let log = fs::read_to_string(self.path().join(format!("{name}.log"))).unwrap_or_default();
            let lines: Vec<_> = log.lines().rev().take(12).collect();
            format!("== {name}\n{}\n", lines.into_iter().rev().collect::<Vec<_>>().join("\n"))
        });
        logs.concat()
    }
}

/// Sends a signal to the server of a data folder, if one runs.
fn ends(data: &Path, signal: &str) {
    let file = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    if let Some(pid) = file.lines().next() {
        let _ = Command::new("kill").args([&format!("-{signal}"), pid]).status();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for (number, mut patroni) in self.patronis.drain(..) {
            let _ = patroni.kill();
            let _ = patroni.wait();
            ends(&self.folder.path().join(format!("node{}", number + 1)), "QUIT");
        }
        for mut other in self.others.drain(..) {
            let _ = other.kill();
            let _ = other.wait();
        }
        thread::sleep(Duration::from_millis(500));
    }
}

/// An authority and the certificate of the database, whose name is that of the proxy on each broker's machine.
fn papers(folder: &Path) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    fs::write(folder.join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(params, key);
    let (params, key) = (CertificateParams::new(vec!["localhost".into()]).unwrap(), KeyPair::generate().unwrap());
    fs::write(folder.join("server.pem"), params.signed_by(&key, &issuer).unwrap().pem()).unwrap();
    fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
    let private = Command::new("chmod").arg("600").arg(folder.join("server.key")).status();
    assert!(private.unwrap().success());
    // The broker's user reads the authority's certificate.
    assert!(Command::new("chmod").arg("755").arg(folder).status().unwrap().success());
}
