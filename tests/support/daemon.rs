//! The real binary on a free port, with its folder, its log and the profiles of those who call it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use homeward::{
    domain::identity::Identity,
    pki::{self, Tools},
    platform::{Clock, SystemClock, SystemEntropy},
    wire::profile::Profile,
};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    house::{GRANTS, domain, narrative},
    person::Person,
};

/// A daemon that runs or has run.
pub struct Daemon {
    root: tempfile::TempDir,
    port: u16,
    child: Option<Child>,
    /// What its environment has besides.
    environment: Vec<(&'static str, PathBuf)>,
}

impl Daemon {
    /// A new folder, and the binary serving from it with everything logged.
    pub async fn start() -> Self {
        Self::start_with("", |_| ()).await
    }

    /// The same, with more configuration, after `prepare` has put into the folder what that needs.
    pub async fn start_with(configuration: &str, prepare: impl FnOnce(&Self)) -> Self {
        let mut daemon = Self::prepared(configuration);
        prepare(&daemon);
        daemon.restart().await;
        daemon
    }

    /// The folder alone, for a daemon that is started later.
    pub fn prepared(configuration: &str) -> Self {
        let daemon = Self { root: tempfile::tempdir().unwrap(), port: 0, child: None, environment: Vec::new() };
        let tools = Tools { clock: &SystemClock, entropy: &SystemEntropy::new() };
        pki::init(&daemon.folder("certs"), &domain(), &[], tools).unwrap();
        fs::write(daemon.folder("grants.toml"), GRANTS).unwrap();
        fs::write(daemon.folder("homeward.toml"), format!("{CONFIGURATION}{configuration}")).unwrap();
        daemon
    }

    /// Puts other lines in the place of the one that names the key file.
    pub fn keys(&self, lines: &str) {
        let mut text = CONFIGURATION.replace("keys.file = \"data/keyring\"", "");
        text.push_str(&format!("[keys]\n{lines}\n"));
        fs::write(self.folder("homeward.toml"), text).unwrap();
    }

    /// From the next start on, its environment has this too.
    pub fn environment(&mut self, name: &'static str, value: PathBuf) {
        self.environment.retain(|(other, _)| *other != name);
        self.environment.push((name, value));
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_homeward"));
        command.args(["serve", "--config"]).arg(self.folder("homeward.toml")).current_dir(self.root.path());
        command.env_remove("CREDENTIALS_DIRECTORY").envs(self.environment.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// Starts the binary on the folder as it is; it must end by itself. Answers with its exit code and what it said.
    pub fn refuses(&self) -> (i32, String) {
        let ended = self.command().output().unwrap();
        (ended.status.code().unwrap(), String::from_utf8(ended.stderr).unwrap())
    }

    pub fn folder(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Starts the binary on the folder as it is, and waits until it serves.
    pub async fn restart(&mut self) {
        let ended = self.try_restart().await;
        assert_eq!(ended, Ok(()), "{}", self.log());
    }

    /// Starts the binary on the folder as it is; answers with how long its log was.
    pub fn begin(&mut self) -> usize {
        let log = fs::File::options().create(true).append(true).open(self.folder("log")).unwrap();
        let before = self.log().len();
        let child = self.command().stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        self.child = Some(child);
        before
    }

    /// Starts the binary on the folder as it is, and waits until it serves.
    ///
    /// # Errors
    /// It ended by itself: how, and what it said.
    pub async fn try_restart(&mut self) -> Result<(), String> {
        let before = self.begin();
        // After a kill the whole ledger is walked, and every record counted.
        for _ in 0..30_000 {
            if let Some(port) = serving(&self.log()[before..]) {
                self.port = port;
                return Ok(());
            }
            if let Some(ended) = self.child.as_mut().unwrap().try_wait().unwrap() {
                self.child = None;
                return Err(format!("{ended}: {}", &self.log()[before..]));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it does not serve after five minutes: {}", self.log());
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Sends it a signal, by its short name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until it has said `words`, at or after the byte `from` of its log.
    pub async fn says(&self, from: usize, words: &str) -> String {
        // A policy is proved meanwhile, by a build that is not optimised, on a machine that does other things too.
        for _ in 0..6_000 {
            if let Some(line) = self.log()[from..].lines().find(|line| line.contains(words)) {
                return line.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it has not said {words} within a minute: {}", self.log());
    }

    /// What the daemon has said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder("log")).unwrap()
    }

    /// Waits until it ends by itself: its exit code.
    pub async fn ends(&mut self) -> Option<i32> {
        for _ in 0..6_000 {
            if let Some(ended) = self.child.as_mut().unwrap().try_wait().unwrap() {
                self.child = None;
                return ended.code();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it does not end within a minute: {}", self.log());
    }

    /// Begins a new log; it is not running.
    pub fn forget_log(&self) {
        fs::write(self.folder("log"), "").unwrap();
    }

    /// Ends it in the middle of whatever it does.
    pub fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks it to end, as an operator does.
    pub fn stop(&mut self) {
        self.signal("TERM");
        let mut child = self.child.take().unwrap();
        let status = child.wait().unwrap();
        assert!(status.success(), "{status}: {}", self.log());
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// A profile as `pki issue` makes it.
    pub fn profile(&self, path: &str) -> PathBuf {
        let out = self.folder(&format!("profile-{}", path.replace('/', "-")));
        if !out.exists() {
            let identity = Identity::parse(&format!("homeward://pilot.example/{path}"), &domain()).unwrap();
            let wish = pki::Issue { identity: &identity, endpoint: &self.url(), out: &out, days: 90 };
            let tools = Tools { clock: &SystemClock, entropy: &SystemEntropy::new() };
            pki::issue(&self.folder("certs"), &wish, tools).unwrap();
        }
        out
    }

    /// Somebody, connected.
    pub async fn person(&self, path: &str) -> Person {
        self.person_with(&self.profile(path)).await
    }

    /// Somebody, connected, if it answers.
    pub async fn try_person(&self, path: &str) -> Result<Person, String> {
        let profile = Profile::load(&self.profile(path)).unwrap().at(self.url());
        let channel = profile.connect(Arc::new(SystemClock)).await.map_err(|error| error.to_string())?;
        Ok(Person::new(channel))
    }

    /// Somebody with the profile in a folder, connected.
    pub async fn person_with(&self, profile: &Path) -> Person {
        let profile = Profile::load(profile).unwrap().at(self.url());
        Person::new(profile.connect(Arc::new(SystemClock)).await.unwrap())
    }
}

/// The port that the log says is served.
fn serving(log: &str) -> Option<u16> {
    let line = log.lines().find(|line| line.contains("\"serving\""))?;
    let line: Value = serde_json::from_str(line).ok()?;
    line["fields"]["address"].as_str()?.rsplit(':').next()?.parse().ok()
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A port that is free when the daemon asks for it: one chosen here could be somebody's by then.
const CONFIGURATION: &str = r#"
    listen = "127.0.0.1:0"
    trust_domain = "pilot.example"
    tls.folder = "certs/server"
    store.path = "data/store"
    keys.file = "data/keyring"
    policy.grants = "grants.toml"
    log.level = "trace"
    log.format = "json"
"#;

/// A narrative moved in time so that it was received an hour ago by this machine's clock.
pub fn recent(number: u8, received: &str) -> String {
    let mut json: Value = serde_json::from_str(&narrative(number)).unwrap();
    let received: Timestamp = received.parse().unwrap();
    let by = SystemClock.now().duration_since(received) - jiff::SignedDuration::from_hours(1);
    shift(&mut json, by);
    json.to_string()
}

fn shift(json: &mut Value, by: jiff::SignedDuration) {
    match json {
        Value::String(text) => {
            if let Ok(moment) = text.parse::<Timestamp>() {
                *text = (moment + by).to_string();
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|entry| shift(entry, by)),
        Value::Object(fields) => fields.values_mut().for_each(|field| shift(field, by)),
        _ => {}
    }
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
