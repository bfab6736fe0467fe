//! A PostgreSQL of the test process's own: in a folder that goes afterwards, on a socket there and on no port; it ends with the
//! process. `HOMEWARD_TEST_POSTGRES` names the socket's folder of one that is there already (`tests/run` starts one for all).

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
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

fn start() -> PathBuf {
    let folder = tempfile::Builder::new().prefix("homeward-postgres").tempdir().unwrap().keep();
    if root() {
        let given = Command::new("chown").arg("postgres").arg(&folder).status();
        let given = given.is_ok_and(|status| status.success());
        assert!(
            given,
            "PostgreSQL is needed here: apt-get install postgresql-15 (or whatever version your system has)"
        );
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
    let data = folder.join("data");
    let made = as_server(&binary("initdb"))
        .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "-D"])
        .arg(&data)
        .output()
        .expect("PostgreSQL is needed here: apt-get install postgresql-15");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (place, kept) = (folder.clone(), folder.clone());
    // The server ends with this thread, and this thread with the process.
    thread::spawn(move || {
        let socket = format!("-cunix_socket_directories={}", place.display());
        let mut server = as_server(Path::new("sh"))
            .args(["-c", SERVE, "sh"])
            .arg(&place)
            .arg(binary("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-clisten_addresses=", "-cfsync=off", "-cmax_connections=400", "-cshared_buffers=64MB", &socket])
            .stdout(Stdio::null())
            .stderr(fs::File::create(place.join("log")).unwrap())
            .spawn()
            .unwrap();
        let _ = server.wait();
    });
    let begun = Instant::now();
    while !psql(&kept, "SELECT 1").output().unwrap().status.success() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", fs::read_to_string(kept.join("log")).unwrap());
        thread::sleep(Duration::from_millis(50));
    }
    kept
}
