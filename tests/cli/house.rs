//! A daemon of the real binary in a folder of its own.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use super::homeward;

pub const LEWISHAM: &str = "gss/E09000023/council_submitter/case-system";
pub const OFFICER: &str = "met/SE/mpu_officer/p123";
pub const INTELLIGENCE: &str = "met/SE/police_intelligence/i1";
pub const LEAD: &str = "gss/E09000023/lead_practitioner/lp1";
pub const AUDITOR: &str = "operator/auditor/a1";
pub const STRANGER: &str = "gss/E09000006/council_submitter/case-system";

/// The folder: an authority, a configuration and grants for Lewisham and the South East MPU.
pub struct House {
    pub folder: tempfile::TempDir,
}

impl House {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        homeward(folder.path(), &["pki", "init", "--trust-domain", "pilot.example"]).with(0);
        let during = "not_before = \"2020-01-01T00:00:00Z\"\nnot_after = \"2090-01-01T00:00:00Z\"\n";
        let grants = format!(
            "[[grant]]\nidentity = \"homeward://pilot.example/{LEWISHAM}\"\nsubmit_for = [\"E09000023\"]\n{during}\
             [[grant]]\norganisation = \"met/SE\"\nrole = \"mpu_officer\"\nqueues = [\"MPU.SE\"]\n{during}\
             [[grant]]\norganisation = \"met/SE\"\nrole = \"police_intelligence\"\nqueues = [\"MPU.SE\"]\n{during}\
             [[grant]]\nidentity = \"homeward://pilot.example/{AUDITOR}\"\n{during}\
             [[grant]]\nidentity = \"homeward://pilot.example/{LEAD}\"\nqueues = [\"MASH.E09000023\"]\n{during}"
        );
        fs::write(folder.path().join("grants.toml"), grants).unwrap();
        let house = Self { folder };
        house.configure("");
        house
    }

    /// Writes the configuration, listening on any free port, with `more` at its end.
    pub fn configure(&self, more: &str) {
        let text = "listen = \"127.0.0.1:0\"\ntrust_domain = \"pilot.example\"\ntls.folder = \"certs/server\"\n\
                    store.path = \"data/store\"\nkeys.file = \"data/keyring\"\npolicy.grants = \"grants.toml\"\n";
        fs::write(self.path().join("homeward.toml"), format!("{text}{more}")).unwrap();
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Issues a profile for `identity` to a server on `port`; returns the folder's name.
    pub fn profile(&self, identity: &str, port: u16) -> String {
        let name = format!("profile-{}-{port}", identity.replace('/', "-"));
        let endpoint = format!("https://localhost:{port}");
        homeward(self.path(), &["pki", "issue", identity, "--out", &name, "--endpoint", &endpoint]).with(0);
        name
    }
}

/// A running daemon; killed when dropped, stopped well by [`Daemon::stop`].
pub struct Daemon {
    child: Child,
    pub port: u16,
}

impl Daemon {
    /// Starts it and waits until it serves.
    pub fn start(house: &House) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_homeward"))
            .args(["serve", "--config", "homeward.toml"])
            .current_dir(house.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert!(log.read_line(&mut line).unwrap() > 0, "the daemon ended before it served");
            if let Some((_, port)) = line.split_once("serving address=127.0.0.1:") {
                break port.trim().parse().unwrap();
            }
        };
        // What it says later must go somewhere, or it would stop at a full pipe.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { child, port }
    }

    /// Asks it to stop; it ends with 0.
    pub fn stop(mut self) {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A copy of the reference data that comes with the sources.
pub(crate) fn shipped_reference(to: &Path) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/reference");
    for (from, to) in [(shipped.clone(), to.to_owned()), (shipped.join("rules"), to.join("rules"))] {
        fs::create_dir(&to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}
