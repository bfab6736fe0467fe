//! Floor 2: making the certificates that others verify. Called by the certificate commands and methods only; nothing
//! that accepts, delivers or verifies asks here.
//!
//! One folder is one authority:
//!
//! ```text
//! trust-domain      the authority part of every identity
//! ca.pem ca.key     the authority's own certificate and key
//! server/           the broker's profile: ca.pem, cert.pem, key.pem
//! issued.tsv        the register: serial, identity, not before, not after
//! ```

mod authority;
mod leaf;
mod profile;
mod register;

use std::path::{Path, PathBuf};

use jiff::SignedDuration;

use crate::{
    domain::identity::{Identity, IdentityError, TrustDomain},
    platform::{Clock, Entropy, EntropyError, secret_file, secret_file::FileError},
};
use authority::Authority;
use leaf::LeafKind;
use profile::Place;
pub use register::Entry;

/// Validity of the authority itself.
pub const AUTHORITY_DAYS: i32 = 3650;
/// Validity of a server certificate.
pub const SERVER_DAYS: i32 = 30;
/// Validity of a client certificate.
pub const CLIENT_DAYS: i32 = 90;
/// A certificate is valid from a little before it was made: clocks differ.
const BACKDATED: SignedDuration = SignedDuration::from_mins(5);

/// Where time and chance come from.
#[derive(Debug, Clone, Copy)]
pub struct Tools<'a> {
    /// Says from when a certificate is valid.
    pub clock: &'a dyn Clock,
    /// Makes serial numbers.
    pub entropy: &'a dyn Entropy,
}

/// Why no certificate was made. Never holds a key.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// A file could not be read or made.
    #[error(transparent)]
    File(#[from] FileError),
    /// The identity or the trust domain is not one.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A server name is neither a DNS name nor an IP address.
    #[error("{0:?} is neither a DNS name nor an IP address")]
    ServerName(String),
    /// Clients speak TLS only, to one address.
    #[error("an endpoint is an address such as https://localhost:7443")]
    Endpoint,
    /// The number of days is not within 1 and the type's longest.
    #[error("a certificate is valid for 1 to {longest} days")]
    Days {
        /// The longest allowed.
        longest: i32,
    },
    /// A file of the folder does not hold what it should.
    #[error("{path} does not hold {what}; this folder was made by `homeward pki init`, restore it from a backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The certificate library refused.
    #[error("making a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
}

/// What `init` made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initialised {
    /// The authority's own certificate.
    pub authority: Entry,
    /// The server's certificate.
    pub server: Entry,
    /// Folder with the server's `ca.pem`, `cert.pem`, `key.pem`.
    pub server_folder: PathBuf,
}

/// Makes an authority and a server certificate in the new folder `dir`.
///
/// `server_names` are DNS names and IP addresses under which clients will find the server; none means this machine.
pub fn init(
    dir: &Path,
    trust_domain: &TrustDomain,
    server_names: &[String],
    tools: Tools<'_>,
) -> Result<Initialised, PkiError> {
    let names = leaf::server_names(server_names)?;
    prepare(dir)?;
    let (authority, entry) = Authority::create(dir, trust_domain, tools)?;
    register::append(dir, &entry)?;
    let server_folder = dir.join("server");
    let made = authority.sign(&LeafKind::Server(names), SERVER_DAYS, tools)?;
    profile::write(Place { dir, folder: &server_folder }, None, &authority, &made)?;
    Ok(Initialised { authority: entry, server: made.entry, server_folder })
}

/// What `issue` made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate.
    pub certificate: Entry,
    /// Folder with `endpoint`, `ca.pem`, `cert.pem`, `key.pem`.
    pub folder: PathBuf,
}

/// What to issue.
#[derive(Debug, Clone)]
pub struct Issue<'a> {
    /// Who, as written in the one URI of the certificate.
    pub identity: &'a Identity,
    /// Where the server is, e.g. `https://localhost:7443`.
    pub endpoint: &'a str,
    /// New folder for the profile.
    pub out: &'a Path,
    /// Validity, 1 to [`CLIENT_DAYS`].
    pub days: i32,
}

/// Makes a client profile, a folder that `--profile` takes.
pub fn issue(dir: &Path, what: &Issue<'_>, tools: Tools<'_>) -> Result<Issued, PkiError> {
    if !(1..=CLIENT_DAYS).contains(&what.days) {
        return Err(PkiError::Days { longest: CLIENT_DAYS });
    }
    let address = what.endpoint.strip_prefix("https://").unwrap_or_default();
    if address.is_empty() || !address.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(PkiError::Endpoint);
    }
    let authority = Authority::load(dir)?;
    // An identity of another trust domain would never be let in.
    Identity::parse(what.identity.as_str(), authority.trust_domain())?;
    let made = authority.sign(&LeafKind::Client(what.identity.clone()), what.days, tools)?;
    profile::write(Place { dir, folder: what.out }, Some(what.endpoint), &authority, &made)?;
    Ok(Issued { certificate: made.entry, folder: what.out.to_owned() })
}

/// Makes a further server profile (`ca.pem`, `cert.pem`, `key.pem`) in the new folder `out`: the next one before the
/// last expires, or one for other names.
pub fn issue_server(dir: &Path, out: &Path, server_names: &[String], tools: Tools<'_>) -> Result<Issued, PkiError> {
    let names = leaf::server_names(server_names)?;
    let authority = Authority::load(dir)?;
    let made = authority.sign(&LeafKind::Server(names), SERVER_DAYS, tools)?;
    profile::write(Place { dir, folder: out }, None, &authority, &made)?;
    Ok(Issued { certificate: made.entry, folder: out.to_owned() })
}

/// The trust domain of the authority in `dir`.
pub fn trust_domain(dir: &Path) -> Result<TrustDomain, PkiError> {
    authority::read_trust_domain(dir)
}

/// Every certificate issued, oldest first.
pub fn list(dir: &Path) -> Result<Vec<Entry>, PkiError> {
    register::read(dir)
}

/// An authority never settles where one is: its folder may hold a README and dotfiles, but nothing it would make.
fn prepare(dir: &Path) -> Result<(), PkiError> {
    for name in ["trust-domain", "ca.pem", "ca.key", "server", "issued.tsv"] {
        let path = dir.join(name);
        if path.symlink_metadata().is_ok() {
            return Err(FileError::Exists { path }.into());
        }
    }
    Ok(secret_file::ensure_private_dir(dir)?)
}

#[cfg(test)]
mod tests;
