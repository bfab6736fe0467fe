//! The daemon's configuration: TOML, unknown keys refused, every default written here and in the example.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{custody::Keys, failure::Failure, limits::LimitsConfig, paging::Paging};
use crate::{
    broker::MOST_FAILURES,
    domain::identity::TrustDomain,
    wire::tls::{Revocation, Stale, TlsSettings},
};

/// The whole configuration. Relative paths are relative to the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address to listen on.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// Authority part of every identity let in, e.g. `pilot.example`.
    pub trust_domain: String,
    /// TLS.
    pub tls: Tls,
    /// Where records are kept.
    pub store: Store,
    /// Keys.
    pub keys: Keys,
    /// Who may do what, and reference data.
    pub policy: Policy,
    /// Queues.
    #[serde(default)]
    pub queues: Queues,
    /// Who is told at once of what must reach a person.
    #[serde(default)]
    pub paging: Paging,
    /// The issuing authority, where this daemon signs certificates.
    #[serde(default)]
    pub pki: Option<Pki>,
    /// What bounds the server.
    #[serde(default)]
    pub limits: LimitsConfig,
    /// What operators watch, where it is to be served.
    #[serde(default)]
    pub metrics: Option<Metrics>,
    /// Pages for officers; without it there are none.
    #[serde(default)]
    pub desk: Option<DeskConfig>,
    /// Where spans of the work are sent; without it nowhere.
    #[serde(default)]
    pub traces: Option<Traces>,
    /// Logs.
    #[serde(default)]
    pub log: Log,
}

/// Queues.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queues {
    /// Leases on one delivery that may run out unsettled before it goes to the dead-letter side; 1 to 100.
    #[serde(default = "default_failures")]
    pub failures: u32,
}

impl Default for Queues {
    fn default() -> Self {
        Self { failures: MOST_FAILURES }
    }
}

/// The issuing authority.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pki {
    /// Its folder, as `pki init` makes it; the root belongs elsewhere.
    pub folder: PathBuf,
    /// Most certificates that one identity may have by renewing, good at the same time.
    #[serde(default = "default_renewals")]
    pub renewals: u8,
    /// Whoever shows a certificate that this authority signed and its register does not hold is not let in.
    #[serde(default)]
    pub only_listed: bool,
}

/// TLS.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Folder with ca.pem, cert.pem and key.pem (0600), as `pki init` makes it.
    pub folder: PathBuf,
    /// Also TLS 1.2 with ECDHE and AEAD, for old clients. A warning is logged.
    #[serde(default)]
    pub allow_tls12: bool,
    /// Folder of revocation lists of an external authority, PEM or DER; read again when it changes.
    #[serde(default)]
    pub crl_folder: Option<PathBuf>,
    /// Whose authority has no list is refused.
    #[serde(default = "yes")]
    pub crl_required: bool,
    /// What a list means whose nextUpdate has passed.
    #[serde(default)]
    pub crl_stale: CrlStale,
}

/// What a revocation list means whose nextUpdate has passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CrlStale {
    /// Everybody under its authority is refused.
    #[default]
    Refuse,
    /// It is used as it is, and an alarm is on.
    Warn,
}

impl Tls {
    /// What the server is told.
    pub(super) fn settings(&self, trust_domain: &TrustDomain) -> TlsSettings {
        let stale = match self.crl_stale {
            CrlStale::Refuse => Stale::Refuse,
            CrlStale::Warn => Stale::Warn,
        };
        let revocation =
            self.crl_folder.clone().map(|folder| Revocation { folder, required: self.crl_required, stale });
        TlsSettings {
            allow_tls12: self.allow_tls12,
            revocation,
            ..TlsSettings::new(self.folder.clone(), trust_domain.clone())
        }
    }
}

/// Where records are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// Engine.
    #[serde(default)]
    pub engine: Engine,
    /// Folder on a local disk: of the embedded store, and of what each broker keeps beside a store that is elsewhere.
    pub path: PathBuf,
    /// PostgreSQL: where the database is, as `postgres://homeward@db1,db2/homeward`.
    pub url: Option<String>,
    /// File with the password, where one is asked for.
    pub password_file: Option<PathBuf>,
    /// The authorities that may have signed the database's certificate, PEM; needed unless it is on this machine.
    pub ca: Option<PathBuf>,
    /// Our certificate and its key, PEM, where the database asks for one.
    pub certificate: Option<PathBuf>,
    /// The key of `certificate`.
    pub key: Option<PathBuf>,
    /// Connections to the database that read at the same time.
    #[serde(default = "default_readers")]
    pub readers: u16,
    /// The longest that the database works on a statement, in seconds, 1 to 10; then it ends it.
    #[serde(default = "default_statement")]
    pub statement_seconds: u8,
}

/// Engines of the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Embedded, one machine.
    #[default]
    Sled,
    /// PostgreSQL, any number of brokers.
    Postgres,
}

/// Who may do what, and reference data.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// File of grants.
    pub grants: PathBuf,
    /// Folder of reference data to use in place of the embedded one.
    #[serde(default)]
    pub reference: Option<PathBuf>,
    /// Fingerprint of an activated policy that this program cannot read: the folder is gone by in its place.
    #[serde(default)]
    pub in_place_of: Option<String>,
}

/// Pages for officers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskConfig {
    /// Address to listen on, with the daemon's own certificate; a browser shows its certificate as every client does.
    pub listen: SocketAddr,
}

/// What operators watch.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Address of this machine alone: it is served without TLS.
    pub listen: SocketAddr,
}

/// Spans of the work. Never a name, an identity or an id.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traces {
    /// OTLP over gRPC, without TLS: `http://127.0.0.1:4317`, an address of this machine alone.
    pub endpoint: String,
    /// Of calls that come without a trace of their own, this share is traced; 0 to 1.
    #[serde(default = "all")]
    pub share: f64,
}

/// Logs. Never content, whatever the level.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Least level of our own lines.
    #[serde(default)]
    pub level: Level,
    /// Form.
    #[serde(default)]
    pub format: Format,
}

/// Levels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Errors.
    Error,
    /// Warnings and worse.
    Warn,
    /// What an operator wants to see.
    #[default]
    Info,
    /// More.
    Debug,
    /// Everything.
    Trace,
}

/// Forms of a log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// Reads a configuration file.
    pub(super) fn load(file: &Path) -> Result<Self, Failure> {
        let text =
            fs::read_to_string(file).map_err(|error| Failure::bad_data(format!("{}: {error}", file.display())))?;
        let wrong =
            |error: toml::de::Error| Failure::bad_data(format!("{}: {}", file.display(), placed(&text, &error)));
        let config = Self::parse(&text).map_err(wrong)?;
        Ok(config.relative_to(file.parent().unwrap_or(Path::new("."))))
    }

    /// Reads a configuration; an unknown key or a missing one is an error that names it.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    fn relative_to(mut self, folder: &Path) -> Self {
        let paths = [&mut self.tls.folder, &mut self.store.path, &mut self.policy.grants];
        let optional = [
            self.policy.reference.as_mut(),
            self.pki.as_mut().map(|pki| &mut pki.folder),
            self.tls.crl_folder.as_mut(),
            self.store.password_file.as_mut(),
            self.store.ca.as_mut(),
            self.store.certificate.as_mut(),
            self.store.key.as_mut(),
        ];
        for path in paths.into_iter().chain(optional.into_iter().flatten()) {
            *path = folder.join(&path);
        }
        self.keys.relative_to(folder);
        self.paging.relative_to(folder);
        self
    }
}

fn default_readers() -> u16 {
    8
}

fn default_statement() -> u8 {
    10
}

fn all() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

fn default_failures() -> u32 {
    MOST_FAILURES
}

fn default_renewals() -> u8 {
    8
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7443))
}

/// What is wrong, and in which line. The line itself is not told: an address of a database may have a password in it, and a log is read
/// by more people than the file.
fn placed(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    line.map_or_else(|| error.message().to_owned(), |line| format!("line {line}: {}", error.message()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../deploy/homeward.example.toml");

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_nothing_else_of_that_line() {
        let text = "a = 1\nurl = \"host=db password=marker\" x\n";
        let told = placed(text, &Config::parse(text).unwrap_err());
        assert!(told.starts_with("line 2: ") && !told.contains("marker"), "{told}");
    }

    #[test]
    fn the_example_is_a_configuration() {
        let config = Config::parse(EXAMPLE).unwrap();
        assert_eq!(config.listen, default_listen());
        assert_eq!(config.store.engine, Engine::Sled);
        assert_eq!(config.log.level, Level::Info);
        assert_eq!(config.keys.epoch_hours, 24);
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        for (from, to) in [("[log]", "[log]\ncolour = true"), ("trust_domain", "trust_domian")] {
            let error = Config::parse(&EXAMPLE.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains("colour") || error.contains("trust_domian"), "{error}");
        }
    }
}
