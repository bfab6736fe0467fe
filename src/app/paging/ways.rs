//! The ways in which a hook delivers, as they are configured: a program, a service, a mailbox.

use std::{
    fs,
    net::IpAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    app::custody::SecretPlace,
    broker::Hook,
    paging::{Command, Common, Https, Mail, MailAddress, MailTls, Place, Server, Trust},
};

/// A service over HTTPS.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpsConfig {
    /// Where the page is posted to, `https://…`.
    pub url: String,
    /// Who vouches for the service, a PEM file; without it those whom the machine trusts.
    #[serde(default)]
    pub authorities: Option<PathBuf>,
    /// Where what the header `Authorization` is to hold lies: a file of mode 0600, or `credential:NAME`.
    #[serde(default)]
    pub authorization: Option<SecretPlace>,
}

/// A mailbox.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailConfig {
    /// The server that takes the mail, `HOST:PORT`.
    pub server: String,
    /// `starttls` (the default), `implicit`, or `none` for a server on this machine.
    #[serde(default)]
    pub tls: TlsConfig,
    /// Who vouches for the server, a PEM file; without it those whom the machine trusts.
    #[serde(default)]
    pub authorities: Option<PathBuf>,
    /// Who writes.
    pub from: String,
    /// Who is written to: one mailbox.
    pub to: String,
    /// Who we are at the server.
    #[serde(default)]
    pub user: Option<String>,
    /// Where the password lies: a file of mode 0600, or `credential:NAME`.
    #[serde(default)]
    pub password: Option<SecretPlace>,
}

/// How the way to a mail server is kept from others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsConfig {
    /// TLS before anything is said.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// None.
    None,
}

/// A program of this machine.
pub(super) fn command(common: Common, argv: &[String], faults: &mut Vec<String>) -> Option<Arc<dyn Hook>> {
    let Some((program, arguments)) = argv.split_first() else {
        faults.push("`command` is a program and its arguments".to_owned());
        return None;
    };
    let program = PathBuf::from(program);
    let runs = program.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0);
    if !program.is_absolute() || !runs {
        faults.push(format!("`command` begins with {}: it must be the whole path of a program", program.display()));
    }
    Some(Arc::new(Command { common, program, arguments: arguments.to_vec() }))
}

impl HttpsConfig {
    pub(super) fn relative_to(&mut self, folder: &Path) {
        self.authorities.iter_mut().for_each(|path| *path = folder.join(&path));
        self.authorization.iter_mut().for_each(|place| place.relative_to(folder));
    }

    pub(super) fn hook(&self, common: Common, faults: &mut Vec<String>) -> Option<Arc<dyn Hook>> {
        let trust = trust(self.authorities.as_deref(), faults);
        let authorization = secret("authorization", self.authorization.as_ref(), faults);
        let place = Place::of(&self.url);
        if place.is_none() {
            let fault = "`url` is not an address that begins with https:// and names a host, without a user or `#`";
            faults.push(fault.to_owned());
        }
        hooked(Https::new(common, place?, &trust?, authorization?), faults)
    }
}

impl MailConfig {
    pub(super) fn relative_to(&mut self, folder: &Path) {
        self.authorities.iter_mut().for_each(|path| *path = folder.join(&path));
        self.password.iter_mut().for_each(|place| place.relative_to(folder));
    }

    pub(super) fn hook(&self, common: Common, faults: &mut Vec<String>) -> Option<Arc<dyn Hook>> {
        let address = |name: &str, words: &str, faults: &mut Vec<String>| {
            let address = MailAddress::of(words);
            if address.is_none() {
                faults.push(format!("`{name}` is not a mail address"));
            }
            address
        };
        let (from, to) = (address("from", &self.from, faults), address("to", &self.to, faults));
        let server = self.server(faults);
        hooked(Mail::new(common, (from?, to?), &server?), faults)
    }

    fn server(&self, faults: &mut Vec<String>) -> Option<Server> {
        let trust = trust(self.authorities.as_deref(), faults);
        let password = secret("password", self.password.as_ref(), faults);
        if self.user.is_some() != self.password.is_some() {
            faults.push("`user` and `password` belong together".to_owned());
        }
        let place = self.server.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let named = place.filter(|(host, port)| !host.is_empty() && *port != 0);
        if named.is_none() {
            faults.push("`server` is not a host and a port, e.g. `mail.council.example:587`".to_owned());
        }
        let host = named.map_or(self.server.as_str(), |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        let tls = match self.tls {
            TlsConfig::StartTls => MailTls::StartTls,
            TlsConfig::Implicit => MailTls::Implicit,
            TlsConfig::None => MailTls::None,
        };
        if tls == MailTls::None && !here {
            faults.push("`tls` is \"none\", which is possible to a server on this machine alone".to_owned());
        }
        let login = match (self.user.clone(), password?) {
            (Some(user), Some(password)) => Some((user, password)),
            _ => None,
        };
        let (_, port) = named?;
        Some(Server { host: host.to_owned(), port, tls, trust: trust?, login })
    }
}

/// The hook, or what is wrong with it.
fn hooked<H: Hook + 'static>(
    made: Result<H, impl std::error::Error>,
    faults: &mut Vec<String>,
) -> Option<Arc<dyn Hook>> {
    made.map_err(|error| faults.push(error.to_string())).ok().map(|hook| Arc::new(hook) as Arc<dyn Hook>)
}

/// Whom to trust: those of the file, or those of the machine.
fn trust(authorities: Option<&Path>, faults: &mut Vec<String>) -> Option<Trust> {
    let Some(path) = authorities else { return Some(Trust::Machine) };
    let read = fs::read(path).map_err(|error| error.to_string());
    let trust = read.and_then(|pem| Trust::of_pem(&pem).map_err(|error| error.to_string()));
    trust.map_err(|why| faults.push(format!("`authorities` {}: {why}", path.display()))).ok()
}

/// A secret of one line, where one is named; nothing if it is not to be had.
fn secret(name: &str, place: Option<&SecretPlace>, faults: &mut Vec<String>) -> Option<Option<Zeroizing<String>>> {
    let Some(place) = place else { return Some(None) };
    place.line().map_err(|failure| faults.push(format!("`{name}` {}", failure.words()))).ok().map(Some)
}
