//! Three machines, each with etcd and PostgreSQL under Patroni, and HAProxy beside the brokers.

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

use homeward::platform::clock::Stopwatch;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use crate::net::{MACHINES, Net};

/// What everybody has at the database.
pub const PASSWORD: &str = "only-here";
const TOOLS: [&str; 6] = ["patroni", "etcd", "etcdctl", "haproxy", "ip", "pgbackrest"];
/// Where the example has what each machine has a folder of its own for here.
const DATA: &str = "/var/lib/postgresql/15/homeward";

/// Whether this machine lacks what the test is made of, which it says; where all of it is tested, nothing may be lacking.
pub fn missing() -> bool {
    let there = |tool: &str| ["/usr/bin", "/usr/sbin"].iter().any(|folder| Path::new(folder).join(tool).exists());
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if root && TOOLS.iter().all(|tool| there(tool)) {
        return false;
    }
    let words = "SKIPPED: a cluster needs root, and patroni, etcd-server, etcd-client, haproxy, pgbackrest and iproute2 \
                 (apt-get install)";
    assert!(std::env::var("CI").is_err(), "{words}");
    eprintln!("{words}");
    true
}

/// A cluster; all of it ends with this.
pub struct Cluster {
    folder: tempfile::TempDir,
    proxy: Option<Child>,
    /// What runs on each machine.
    running: [Vec<Child>; MACHINES],
    pub net: Net,
    /// How a cluster begins, as the sign before it is taken away in `patroni.yml`: `initdb` is without one.
    pub method: &'static str,
    /// Where it begins with an earlier moment, that.
    pub moment: String,
}

/// What a machine is called.
pub fn name_of(machine: usize) -> String {
    format!("db{}", machine + 1)
}

/// A command on a machine, or on that of a broker, as the user of the database.
pub fn command(folder: &Path, name: &str, on: &[String], words: &[&str]) -> Command {
    let postgres = ["setpriv", "--pdeathsig", "TERM", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"];
    let mut words = on.iter().map(String::as_str).chain(postgres).chain(words.iter().copied());
    let mut command = Command::new(words.next().unwrap());
    command.args(words).current_dir(folder).stdin(Stdio::null());
    command.env("PATH", "/usr/bin:/bin:/usr/sbin:/usr/lib/postgresql/15/bin").env("HOME", folder);
    // Where machines have folders of their own for it.
    for (setting, end) in [("CONFIG", ".conf"), ("LOCK_PATH", "-locks"), ("SPOOL_PATH", "-spool")] {
        command.env(format!("PGBACKREST_{setting}"), folder.join(format!("{name}{end}")));
    }
    command.env("PGBACKREST_LOG_LEVEL_FILE", "off");
    command
}

/// Ends with whoever started it.
fn spawned(folder: &Path, name: &str, on: &[String], words: &[&str]) -> Child {
    let log = fs::File::options().create(true).append(true).open(folder.join(format!("{name}.log"))).unwrap();
    command(folder, name, on, words).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
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
        let (place, net) = (folder.path().to_owned(), Net::made());
        papers(&place);
        let addresses: Vec<_> = (0..MACHINES).map(|machine| net.address(machine)).collect();
        let servers: Vec<_> = ["DB1", "DB2", "DB3"].into_iter().zip(addresses.iter().map(String::as_str)).collect();
        fs::write(place.join("haproxy.cfg"), example("haproxy.cfg", &servers)).unwrap();
        assert!(Command::new("chown").args(["-R", "postgres"]).arg(&place).status().unwrap().success());
        let (running, moment) = Default::default();
        let mut started = Self { folder, proxy: None, running, net, method: "initdb", moment };
        for machine in 0..MACHINES {
            started.boots(machine);
        }
        let proxy = place.join("haproxy.cfg").display().to_string();
        started.proxy = Some(spawned(&place, "haproxy", &[], &["haproxy", "-db", "-f", &proxy]));
        started.whole();
        started.does(started.primary(), "psql -c \"CREATE ROLE homeward LOGIN PASSWORD 'PASSWORD'\"");
        started.does(started.primary(), "createdb --owner homeward homeward");
        started.does(started.primary(), "pgbackrest --stanza=homeward stanza-create");
        started
    }

    /// Waits until all three are there, and one of the standbys is waited for by each commit.
    pub fn whole(&self) {
        let since = Stopwatch::start();
        self.waits("three are there", |cluster| {
            cluster.matches("\"state\": \"running\"").count() + cluster.matches("\"state\": \"streaming\"").count()
                == MACHINES
                && cluster.contains("sync_standby")
        });
        eprintln!("{:6.1} s until three are there", since.spent().as_secs_f64());
    }

    /// Where all of it lies.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts what runs on a machine.
    pub fn boots(&mut self, machine: usize) {
        self.votes(machine, "new");
        self.serves(machine);
    }

    /// Starts etcd on a machine, where it has no data in a cluster that is `new` or `existing`.
    pub fn votes(&mut self, machine: usize, state: &str) {
        let (place, name) = (self.path().to_owned(), name_of(machine));
        let address = self.net.address(machine);
        let etcds = (0..MACHINES).map(|other| format!("{}=http://{}:2380", name_of(other), self.net.address(other)));
        let (all, data) = (etcds.collect::<Vec<_>>().join(","), place.join(format!("etcd{}", machine + 1)));
        let (clients, peers) = (format!("http://{address}:2379"), format!("http://{address}:2380"));
        let data = data.display().to_string();
        let etcd = ["etcd", "--name", &name, "--data-dir", &data, "--listen-client-urls", &clients];
        let etcd = [&etcd[..], &["--advertise-client-urls", &clients, "--listen-peer-urls", &peers]].concat();
        let etcd = [&etcd[..], &["--initial-advertise-peer-urls", &peers, "--initial-cluster", &all]].concat();
        // As systemd/etcd.default has it, but for machines that share two processors with others.
        let etcd = [&etcd[..], &["--enable-v2", "--pre-vote", "--initial-cluster-state", state]].concat();
        let etcd = [&etcd[..], &["--heartbeat-interval", "200", "--election-timeout", "2000"]].concat();
        let on = self.net.on(machine);
        self.running[machine].push(spawned(&place, &format!("etcd{}", machine + 1), &on, &etcd));
    }

    /// Starts Patroni on a machine, by a file that is written anew.
    pub fn serves(&mut self, machine: usize) {
        self.configures(machine);
        let (place, name, on) = (self.path().to_owned(), name_of(machine), self.net.on(machine));
        let file = place.join(format!("{name}.yml")).display().to_string();
        self.running[machine].push(spawned(&place, &name, &on, &["patroni", &file]));
    }

    fn configures(&self, machine: usize) {
        let (place, name, address) = (self.path().to_owned(), name_of(machine), self.net.address(machine));
        let (data, sockets) = (place.join(&name), place.join(format!("{name}-sockets")));
        let _ = fs::create_dir(&sockets);
        assert!(Command::new("chown").arg("postgres").arg(&sockets).status().unwrap().success());
        let (data, sockets) = (data.display().to_string(), sockets.display().to_string());
        let hosts = (0..MACHINES).map(|machine| format!("{}:2379", self.net.address(machine)));
        let (papers, hosts) = (place.display().to_string(), hosts.collect::<Vec<_>>().join(","));
        let backups = place.join("backups").display().to_string();
        let method = format!("method: {}", self.method);
        let sign = format!("# {method}");
        let values = [
            ("name: NODE", format!("name: {name}")),
            ("hosts: ETCD", format!("hosts: {hosts}")),
            ("ADDRESS", address),
            ("SUPERUSER_PASSWORD", PASSWORD.to_owned()),
            ("REPLICATION_PASSWORD", PASSWORD.to_owned()),
            ("REPOSITORY_PASSPHRASE", PASSWORD.to_owned()),
            ("/var/lib/postgresql/homeward.pgpass", format!("{data}.pgpass")),
            (DATA, data),
            ("/run/postgresql", sockets),
            ("/var/lib/pgbackrest", backups),
            ("/etc/homeward-db", papers),
            (sign.as_str(), method),
            ("MOMENT", self.moment.clone()),
        ];
        let values = values.each_ref().map(|(from, to)| (*from, to.as_str()));
        let file = place.join(format!("{name}.yml"));
        fs::write(&file, example("patroni.yml", &values)).unwrap();
        fs::write(place.join(format!("{name}.conf")), example("pgbackrest.conf", &values)).unwrap();
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
        let since = Stopwatch::start();
        while since.spent() < Duration::from_secs(120) {
            let mut said = (0..MACHINES).filter_map(|machine| get(&self.net.address(machine), "/cluster"));
            if said.any(|cluster| is_so(&cluster)) {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("not so: {what}\n{}", self.said());
    }

    /// Which machine has the primary.
    pub fn primary(&self) -> usize {
        let since = Stopwatch::start();
        while since.spent() < Duration::from_secs(60) {
            let is_primary = |machine: &usize| {
                get(&self.net.address(*machine), "/primary").is_some_and(|answer| answer.contains(" 200 "))
            };
            if let Some(found) = (0..MACHINES).find(is_primary) {
                return found;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("none is the primary\n{}", self.said());
    }

    /// As a machine ends that loses its power: etcd, Patroni and the server at once.
    pub fn loses_power(&mut self, machine: usize) {
        for mut child in self.running[machine].drain(..).rev() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        ends(&self.path().join(name_of(machine)), "KILL");
        self.net.ends_all_on(machine);
    }

    /// The server of a machine is killed; etcd and Patroni are not.
    pub fn kills_the_server(&self, machine: usize) {
        ends(&self.path().join(name_of(machine)), "KILL");
    }

    /// Cuts a machine off from all others; how.
    pub fn cuts_off(&self, machine: usize) -> &'static str {
        if self.net.cable_is(machine, "down") {
            return "its cable was pulled";
        }
        self.signalled(machine, "STOP");
        "all on it was stopped, for there are no network namespaces here"
    }

    /// Lets it back in.
    pub fn lets_in(&self, machine: usize) {
        if !self.net.cable_is(machine, "up") {
            self.signalled(machine, "CONT");
        }
    }

    /// Sends a signal to all that runs on a machine.
    fn signalled(&self, machine: usize, signal: &str) {
        let server = server(&self.path().join(name_of(machine)));
        let mut all: Vec<_> = self.running[machine].iter().map(|child| child.id().to_string()).collect();
        let serves = |pid: &String| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            server.is_some() && stat.rsplit_once(')').and_then(|(_, rest)| rest.split(' ').nth(2)) == server.as_deref()
        };
        let pids =
            fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        all.extend(pids.filter(serves));
        all.extend(server.clone());
        for pid in all {
            let _ = Command::new("kill").args([&format!("-{signal}"), &pid]).output();
        }
    }

    /// The ends of all logs.
    pub fn said(&self) -> String {
        let logs = ["haproxy", "etcd1", "etcd2", "etcd3", "db1", "db2", "db3"].map(|name| {
            let log = fs::read_to_string(self.path().join(format!("{name}.log"))).unwrap_or_default();
            let lines: Vec<_> = log.lines().rev().take(12).collect();
            format!("== {name}\n{}\n", lines.into_iter().rev().collect::<Vec<_>>().join("\n"))
        });
        logs.concat()
    }
}

/// Removes a folder, which what has just been killed may still be leaving; also one that is not there, for a replica that was being made.
pub fn gone(folder: &Path) {
    let since = Stopwatch::start();
    while folder.exists() {
        let done = fs::remove_dir_all(folder);
        assert!(done.is_ok() || since.spent() < Duration::from_secs(10), "{}: {done:?}", folder.display());
    }
}

/// The process of the server of a data folder, if one runs.
fn server(data: &Path) -> Option<String> {
    let file = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    file.lines().next().map(str::to_owned)
}

/// Sends a signal to the server of a data folder, if one runs.
fn ends(data: &Path, signal: &str) {
    if let Some(pid) = server(data) {
        let _ = Command::new("kill").args([&format!("-{signal}"), &pid]).output();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if thread::panicking() {
            let logs = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cluster");
            let _ = fs::create_dir_all(&logs);
            for file in fs::read_dir(self.path()).into_iter().flatten().flatten().map(|file| file.path()) {
                if file.extension().is_some_and(|end| end == "log") {
                    let _ = fs::copy(&file, logs.join(file.file_name().unwrap()));
                }
            }
            eprintln!("what all of it said is in {}", logs.display());
        }
        for machine in 0..MACHINES {
            self.signalled(machine, "CONT");
            for mut child in self.running[machine].drain(..).rev() {
                let _ = child.kill();
                let _ = child.wait();
            }
            ends(&self.folder.path().join(name_of(machine)), "QUIT");
        }
        if let Some(mut proxy) = self.proxy.take() {
            let _ = proxy.kill();
            let _ = proxy.wait();
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
