//! Floor 2: making the certificates that others verify. Called by the certificate commands and methods only; nothing
//! that accepts, delivers or verifies asks here.
//!
//! One folder is one issuing authority, and its root, which belongs somewhere else:
//!
//! ```text
//! trust-domain                the authority part of every identity
//! ca.pem                      what everybody trusts: the root's certificate
//! issuing.pem issuing.key     the issuing authority's certificate and key
//! server/                     the broker's profile: ca.pem, cert.pem, key.pem
//! admin-1/ admin-2/           profiles of two certificate administrators
//! issued.tsv revoked.tsv      the registers; crl.pem the revocation lists
//! tainted.tsv                 the issuing authorities that sign no more, before they are revoked
//! limits.json                 how long certificates may be valid, if not as usual
//! next/ old/                  the issuing authority to come, those that were
//! root/                       root.pem, root.key under a passphrase: to be moved offline
//! ```

mod authority;
mod certificate;
mod export;
mod folder;
mod keys;
mod leaf;
mod limits;
pub mod next_root;
mod profile;
mod register;
mod request;
mod root;
pub mod rotation;

use std::path::PathBuf;

use jiff::SignedDuration;

use crate::{
    domain::identity::IdentityError,
    platform::{Clock, Entropy, EntropyError, secret_file::FileError},
};
pub use authority::{Authority, Days, RevocationList, Signed, bundle, revocation_lists};
pub use certificate::revoked_serials;
pub use export::export;
pub use folder::{
    Initialised, Issue, Issued, Plan, Requested, deliver, identity_of, init, init_with, issue, issue_server, list,
    renew, request, revoke, revoked, sign, tainted, trust_domain,
};
pub use keys::{KeyKind, Passphrase, SHORTEST_PASSPHRASE};
pub use limits::Limits;
pub use register::{Entry, Revoked, Tainted};
pub use request::{Request, RequestError};

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
    /// The request is not one that is signed.
    #[error(transparent)]
    Request(#[from] RequestError),
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
    /// The limits of a folder are not within reason.
    #[error(
        "clients may have 1 to 398 days, servers 1 to 398, an issuing authority 2 to 1830, a revocation list 1 to 30, a root 365 to 9131 \
         and no less than what it signs, its list 30 to 800"
    )]
    Limits,
    /// The issuing authority's own certificate has run out.
    #[error("the issuing authority's own certificate has run out; make the next one with the offline root")]
    AuthorityEnded,
    /// A tainted authority signs nothing.
    #[error("this issuing authority is tainted, and signs nothing more: its key was put back; activate the next one")]
    AuthorityTainted,
    /// No authority was replaced yet.
    #[error("no issuing authority was replaced: `homeward pki rotate prepare`, then `activate`, come first")]
    NothingReplaced,
    /// Everybody trusts a root before it signs.
    #[error(
        "this root is not in ca.pem and server/ca.pem: `homeward pki rotate prepare-root` makes the next one and puts it there, \
         and run again with the same folder goes on where it was broken off"
    )]
    UnknownRoot,
    /// Another root is on its way.
    #[error("two roots are trusted already: `homeward pki rotate retire-root` ends the rotation that was begun")]
    RootPrepared,
    /// Something hangs on the old root.
    #[error(
        "an issuing authority of the old root is accepted still: `homeward pki rotate taint` and `revoke` come first"
    )]
    RootInUse,
    /// Something is to hang on the old root.
    #[error(
        "the issuing authority in next was signed by the root that would go: `homeward pki rotate activate` and the steps after it come \
         first, or move next away and prepare another with the root that stays"
    )]
    NextInUse,
    /// One root, and it signs.
    #[error("no root is to be retired: only the one is trusted that signed the issuing authority")]
    NothingToRetire,
    /// Key and certificate of the authority are not of each other.
    #[error(
        "issuing.key and issuing.pem do not belong together: an activation was broken off; run `homeward pki rotate activate` again"
    )]
    HalfActivated,
    /// What is revoked is tainted first, so that whoever hangs on it hears of it.
    #[error("no issuing authority is tainted: `homeward pki rotate taint` comes first, then renewing what it signed")]
    NothingTainted,
    /// A passphrase or password that is easily guessed.
    #[error("a passphrase has {SHORTEST_PASSPHRASE} characters or more")]
    Passphrase,
    /// It does not open the key.
    #[error("the passphrase does not open the key")]
    WrongPassphrase,
    /// A file of the folder does not hold what it should.
    #[error("{path} does not hold {what}; this folder was made by `homeward pki init`, restore it from a backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// Not a serial number as certificates are listed with it, or of a certificate that is not ours.
    #[error(
        "this is no serial number of a certificate of ours: lower-case hexadecimal digits, as `homeward pki list` shows it"
    )]
    Serial,
    /// Revoked already.
    #[error("this certificate is revoked already")]
    Revoked,
    /// Renewal is for certificates that are still good.
    #[error("this certificate has run out or was revoked; issue a new one")]
    NotRenewable,
    /// No random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// A key could not be written in its form.
    #[error("the key could not be put into PKCS#8")]
    Key,
    /// The PKCS#12 file could not be made.
    #[error("the certificate and key could not be put into PKCS#12")]
    Export,
    /// The certificate library refused.
    #[error("making a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
}

#[cfg(test)]
mod tests;
