//! A PostgreSQL of the test process's own: in a folder that goes afterwards, on a socket there and on no port; it ends with the
//! process. `HOMEWARD_TEST_POSTGRES` names the socket's folder of one that is there already.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

/// A new, empty database: its address.
pub fn database() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let socket = server();
    let name = format!("t{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let made = psql(socket, &format!("CREATE DATABASE {name}")).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    format!("host={} user=postgres dbname={name}", socket.display())
}

/// Runs `sql` in a database.
pub fn run(url: &str, sql: &str) {
    let done = Command::new(binary("psql")).args([url, "-q", "-c", sql]).stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// The one value that `sql` asks a database for; none where it refuses.
pub fn value(url: &str, sql: &str) -> Option<String> {
    let done = Command::new(binary("psql")).args([url, "-qAt", "-c", sql]).stdin(Stdio::null()).output().unwrap();
    done.status.success().then(|| String::from_utf8(done.stdout).unwrap().trim().to_owned())
}

/// Somebody else at a database: one session, which ends with this.
pub struct Other {
    psql: Child,
    told: ChildStdin,
    says: BufReader<ChildStdout>,
}

impl Other {
    /// Connected.
    pub fn at(url: &str) -> Self {
        let mut command = Command::new(binary("psql"));
        let mut psql = command.args([url, "-qAt"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (told, says) = (psql.stdin.take().unwrap(), BufReader::new(psql.stdout.take().unwrap()));
        Self { psql, told, says }
    }

    /// Does `sql`, and returns when it is done.
    pub fn does(&mut self, sql: &str) {
        writeln!(self.told, "{sql};\n\\echo done").unwrap();
        let mut said = String::new();
        while said.lines().last() != Some("done") {
            assert!(self.says.read_line(&mut said).unwrap() > 0, "it ended: {said}");
        }
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.psql.kill();
        let _ = self.psql.wait();
    }
}

/// The folder of the server's socket; the server is started by whoever asks first.
fn server() -> &'static Path {
    static SERVER: OnceLock<PathBuf> = OnceLock::new();
    SERVER.get_or_init(|| std::env::var_os("HOMEWARD_TEST_POSTGRES").map_or_else(start, PathBuf::from))
}

fn psql(socket: &Path, sql: &str) -> Command {
    let mut command = Command::new(binary("psql"));
    command.arg("-h").arg(socket).args(["-U", "postgres", "-qAt", "-c", sql]).stdin(Stdio::null());
    command
}

/// A program of the server: of the newest version that Debian has installed, or wherever the path finds it.
fn binary(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin").join(name)).collect();
    found.retain(|path| path.exists());
    found.sort();
    found.pop().unwrap_or_else(|| name.into())
}

/// Runs the server until the thread that started it has ended, and takes its folder away then.
const SERVE: &str = r#"trap 'kill -INT $server' TERM; folder=$1; shift; "$@" & server=$!; wait $server; wait $server; rm -rf "$folder""#;

/// As the server's own user where we are root, which the server refuses to run as; it is told when the thread that started it ends.
fn as_server(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM"]);
    if root() {
        command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]);
    }
    command.arg(program).stdin(Stdio::null());
    command
}

fn root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

/// A server that a test may kill. Its folder goes with it.
pub struct Server {
    folder: tempfile::TempDir,
    process: Option<Child>,
    /// With which settings it is started.
    settings: Vec<String>,
}

impl Server {
    /// A new one, which syncs what it commits.
    pub fn start() -> Self {
        let mut server = Self { folder: made(), process: None, settings: Vec::new() };
        server.again();
        server
    }

    /// A new one that is reached over TLS alone, but for its socket: with these files beside its data, by whoever shows a certificate.
    pub fn over_tls(files: &[(&str, &str)]) -> (Self, u16) {
        let folder = made();
        let data = folder.path().join("data");
        for (name, text) in files {
            fs::write(data.join(name), text).unwrap();
            fs::set_permissions(data.join(name), fs::Permissions::from_mode(0o600)).unwrap();
            if root() {
                assert!(Command::new("chown").arg("postgres").arg(data.join(name)).status().unwrap().success());
            }
        }
        fs::write(data.join("pg_hba.conf"), "local all all trust\nhostssl all all 127.0.0.1/32 cert\n").unwrap();
        // Of those that the system gives to nobody by itself: it is still free when the server takes it.
        let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
        let port = (first..32_000).find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap();
        let settings = ["ssl=on", "ssl_cert_file=server.pem", "ssl_key_file=server.key", "ssl_ca_file=ca.pem"];
        let mut settings: Vec<String> = settings.map(|setting| format!("-c{setting}")).into();
        settings.extend([format!("-cport={port}"), "-clisten_addresses=127.0.0.1".into()]);
        let mut server = Self { folder, process: None, settings };
        server.again();
        (server, port)
    }

    /// The address of its one database.
    pub fn database(&self) -> String {
        format!("host={} port={} user=postgres dbname=postgres", self.folder.path().display(), self.port())
    }

    fn port(&self) -> &str {
        self.settings.iter().find_map(|setting| setting.strip_prefix("-cport=")).unwrap_or("5432")
    }

    /// Starts it after it was killed.
    pub fn again(&mut self) {
        let (folder, port) = (self.folder.path(), self.port().to_owned());
        answers(folder, &port, || {
            // A new one ends at once while one of the old is left that serves a connection, or somebody has its port: another is started.
            if self.process.as_mut().is_none_or(|process| process.try_wait().unwrap().is_some()) {
                let mut command = as_server(&binary("postgres"));
                self.process = Some(serving(&mut command, folder, "on").args(&self.settings).spawn().unwrap());
            }
        });
    }

    /// Puts everything in it back to how it was when `kept` was kept; it is not running.
    pub fn put_back(&self, kept: &Path) {
        fs::remove_dir_all(self.folder.path().join("data")).unwrap();
        copied(kept, &self.folder.path().join("data"));
    }

    /// Keeps all that is in it; it is not running.
    pub fn keep(&self) -> PathBuf {
        let kept = self.folder.path().join("kept");
        copied(&self.folder.path().join("data"), &kept);
        kept
    }

    /// As a machine ends that loses its power, but for the disk.
    pub fn kill(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        process.kill().unwrap();
        process.wait().unwrap();
        // Those that serve connections notice, and end, in a moment; whoever starts a new server waits for them.
        thread::sleep(Duration::from_millis(300));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn copied(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}

/// A folder with an empty server, for its own user.
fn made() -> tempfile::TempDir {
    const NEEDED: &str = "PostgreSQL is needed here: apt-get install postgresql-15, or another version from 15 on";
    let folder = tempfile::Builder::new().prefix("homeward-postgres").tempdir().unwrap();
    if root() {
        let given = Command::new("chown").arg("postgres").arg(folder.path()).status();
        assert!(given.is_ok_and(|status| status.success()), "{NEEDED}");
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let made = as_server(&binary("initdb"))
        .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "-D"])
        .arg(folder.path().join("data"))
        .output()
        .expect(NEEDED);
    assert!(made.status.success(), "{NEEDED}\n{}", String::from_utf8_lossy(&made.stderr));
    folder
}

/// What it is started with.
fn serving<'c>(command: &'c mut Command, folder: &Path, fsync: &str) -> &'c mut Command {
    command
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-clisten_addresses=", "-cmax_connections=400", "-cshared_buffers=64MB"])
        .arg(format!("-cfsync={fsync}"))
        .arg(format!("-cunix_socket_directories={}", folder.display()))
        .stdout(Stdio::null())
        .stderr(fs::File::create(folder.join("log")).unwrap())
}

/// Waits until it answers; before each look `runs` sees to it that it runs.
fn answers(folder: &Path, port: &str, mut runs: impl FnMut()) {
    let mut tries = 0;
    runs();
    while !psql(folder, "SELECT 1").args(["-p", port]).output().unwrap().status.success() {
        tries += 1;
        assert!(tries < 1_000, "{}", fs::read_to_string(folder.join("log")).unwrap());
        thread::sleep(Duration::from_millis(50));
        runs();
    }
}

/// The one for all databases of this process; it ends with the process, and its folder goes then.
fn start() -> PathBuf {
    let folder = made().keep();
    let place = folder.clone();
    // The server ends with this thread, and this thread with the process.
    thread::spawn(move || {
        let mut command = as_server(Path::new("sh"));
        command.args(["-c", SERVE, "sh"]).arg(&place).arg(binary("postgres"));
        let _ = serving(&mut command, &place, "off").spawn().unwrap().wait();
    });
    answers(&folder, "5432", || ());
    folder
}
