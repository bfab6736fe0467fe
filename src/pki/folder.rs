//! What is done with an authority's folder: made once, then issue, sign, renew, revoke, list.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    Authority, Days, Entry, KeyKind, Limits, Passphrase, PkiError, Request, Revoked, Signed, Tainted, Tools, authority,
    certificate, keys,
    leaf::{self, LeafKind},
    profile::{self, Contents},
    register, request as requests,
    root::{self, MadeRoot, Root},
};
use crate::{
    domain::{
        certificate::{RevocationReason, is_serial},
        identity::{Identity, TrustDomain},
    },
    platform::secret_file::{self, FileError},
};

/// Names of the two administrators that `init` makes.
const ADMINISTRATORS: [&str; 2] = ["admin-1", "admin-2"];

/// What `init` is to make.
pub struct Plan<'a> {
    /// The authority part of every identity.
    pub trust_domain: &'a TrustDomain,
    /// DNS names and IP addresses under which clients will find the server; none means this machine.
    pub server_names: &'a [String],
    /// Where the server is, for the administrators' profiles.
    pub endpoint: &'a str,
    /// New folder for the root; `None` is `root` in the authority's folder.
    pub root: Option<&'a Path>,
    /// Opens the root's key; `None` makes one and writes it beside the key.
    pub passphrase: Option<&'a Passphrase>,
    /// How long certificates may be valid.
    pub limits: Limits,
}

/// What `init` made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initialised {
    /// The root's certificate.
    pub root: Entry,
    /// Folder of the root.
    pub root_folder: PathBuf,
    /// File with the root's passphrase, if it was made here.
    pub passphrase_file: Option<PathBuf>,
    /// The issuing authority's certificate.
    pub authority: Entry,
    /// The server's certificate.
    pub server: Entry,
    /// Folder with the server's `ca.pem`, `cert.pem`, `key.pem`.
    pub server_folder: PathBuf,
    /// The two certificate administrators, each with a profile of its own.
    pub administrators: Vec<Issued>,
}

/// Makes root, issuing authority, server certificate and two administrators in the new folder `dir`, as usual.
pub fn init(
    dir: &Path,
    trust_domain: &TrustDomain,
    server_names: &[String],
    tools: Tools<'_>,
) -> Result<Initialised, PkiError> {
    let endpoint = "https://localhost:7443";
    let limits = Limits::default();
    init_with(dir, &Plan { trust_domain, server_names, endpoint, root: None, passphrase: None, limits }, tools)
}

/// Makes them as planned.
pub fn init_with(dir: &Path, plan: &Plan<'_>, tools: Tools<'_>) -> Result<Initialised, PkiError> {
    let names = leaf::server_names(plan.server_names)?;
    profile::endpoint(plan.endpoint)?;
    plan.limits.check()?;
    prepare(dir)?;
    let root_folder = plan.root.map_or_else(|| dir.join("root"), Path::to_owned);
    let name = format!("Homeward root of {}", plan.trust_domain);
    let MadeRoot { root, entry, passphrase_file } =
        Root::create(&root_folder, (plan.trust_domain, &name), plan.limits.root_days, plan.passphrase, tools)?;
    let (authority, issuing) = Authority::create(dir, plan.trust_domain, &root, plan.limits, tools)?;
    plan.limits.keep(dir)?;
    register::append(dir, &entry)?;
    register::append(dir, &issuing)?;
    root::finish(&root_folder)?;
    let days = Days { limits: plan.limits, ..Days::default() };
    let server_folder = dir.join("server");
    let server =
        equip(dir, &authority, &LeafKind::Server(names), Wish { out: &server_folder, endpoint: None, days }, tools)?;
    let administrators = ADMINISTRATORS.map(|name| {
        let identity = format!("homeward://{}/operator/certificate_admin/{name}", plan.trust_domain);
        let kind = LeafKind::Client(Identity::parse(&identity, plan.trust_domain)?);
        let folder = dir.join(name);
        let certificate =
            equip(dir, &authority, &kind, Wish { out: &folder, endpoint: Some(plan.endpoint), days }, tools)?;
        Ok(Issued { certificate, folder })
    });
    let administrators = administrators.into_iter().collect::<Result<_, PkiError>>()?;
    publish(dir, tools)?;
    let (root, authority) = (entry, issuing);
    Ok(Initialised { root, root_folder, passphrase_file, authority, server, server_folder, administrators })
}

/// What was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate.
    pub certificate: Entry,
    /// Folder with `ca.pem`, `cert.pem`, and, where the key was made here, `key.pem` and `endpoint`.
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
    /// Validity, 1 to the folder's longest.
    pub days: i32,
}

/// Makes a client profile, a folder that `--profile` takes.
pub fn issue(dir: &Path, what: &Issue<'_>, tools: Tools<'_>) -> Result<Issued, PkiError> {
    profile::endpoint(what.endpoint)?;
    let authority = Authority::open(dir)?;
    // An identity of another trust domain would never be let in.
    Identity::parse(what.identity.as_str(), authority.trust_domain())?;
    let days = Days { wanted: Some(what.days), limits: Limits::of(dir)?, ..Days::default() };
    let wish = Wish { out: what.out, endpoint: Some(what.endpoint), days };
    let certificate = equip(dir, &authority, &LeafKind::Client(what.identity.clone()), wish, tools)?;
    Ok(Issued { certificate, folder: what.out.to_owned() })
}

/// Makes a further server profile (`ca.pem`, `cert.pem`, `key.pem`) in the new folder `out`: the next one before the
/// last runs out.
pub fn issue_server(dir: &Path, out: &Path, server_names: &[String], tools: Tools<'_>) -> Result<Issued, PkiError> {
    let names = leaf::server_names(server_names)?;
    let authority = Authority::open(dir)?;
    let days = Days { limits: Limits::of(dir)?, ..Days::default() };
    let wish = Wish { out, endpoint: None, days };
    let certificate = equip(dir, &authority, &LeafKind::Server(names), wish, tools)?;
    Ok(Issued { certificate, folder: out.to_owned() })
}

/// A request that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requested {
    /// Folder with `key.pem`, which never leaves it, and `request.pem`, which is sent.
    pub folder: PathBuf,
    /// SHA-256 of the request, to be read out over the telephone.
    pub fingerprint: String,
}

/// Makes a key and a request for its certificate in the new folder `out`, where the key stays.
pub fn request(out: &Path, identity: &Identity, kind: KeyKind, endpoint: &str) -> Result<Requested, PkiError> {
    profile::endpoint(endpoint)?;
    let key = keys::make(kind)?;
    let (pem, fingerprint) = requests::make(identity, &key)?;
    secret_file::create_private_dir(out)?;
    secret_file::create_secret(&out.join("key.pem"), keys::to_pem(&key)?.as_bytes())?;
    secret_file::create_public(&out.join("request.pem"), pem.as_bytes())?;
    secret_file::create_public(&out.join("endpoint"), format!("{endpoint}\n").as_bytes())?;
    Ok(Requested { folder: out.to_owned(), fingerprint })
}

/// Signs a request: `cert.pem` and `ca.pem` in the new folder `out`, both public, for whoever holds the key.
pub fn sign(dir: &Path, request: &[u8], out: &Path, days: Days, tools: Tools<'_>) -> Result<Issued, PkiError> {
    let authority = Authority::open(dir)?;
    let request = Request::read(request, authority.trust_domain())?;
    let signed = authority.sign_request(&request, Days { limits: Limits::of(dir)?, ..days }, tools)?;
    secret_file::create_private_dir(out)?;
    register::append(dir, &signed.entry)?;
    let contents = Contents { endpoint: None, chain: &signed.chain, bundle: authority.bundle() };
    profile::write(out, None, &contents)?;
    Ok(Issued { certificate: signed.entry, folder: out.to_owned() })
}

/// Puts a certificate and what to trust beside the key of a request, or into a new folder. Nothing is overwritten.
pub fn deliver(out: &Path, chain: &str, bundle: &str) -> Result<(), PkiError> {
    secret_file::ensure_private_dir(out)?;
    profile::write(out, None, &Contents { endpoint: None, chain, bundle })
}

/// Whose profile it is.
pub fn identity_of(profile: &Path) -> Result<Identity, PkiError> {
    let path = profile.join("cert.pem");
    let uri = certificate::read(&path)?.uri.ok_or(PkiError::Damaged { path, what: "an identity" })?;
    let domain = uri.strip_prefix("homeward://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    Ok(Identity::parse(&uri, &TrustDomain::parse(domain)?)?)
}

/// Issues the next certificate of a client profile, with a new key, into the new folder `out`.
pub fn renew(dir: &Path, profile: &Path, out: &Path, tools: Tools<'_>) -> Result<Issued, PkiError> {
    let old = certificate::read(&profile.join("cert.pem"))?;
    let ours = list(dir)?.into_iter().any(|entry| entry.serial == old.serial);
    let revoked = register::read_revoked(dir)?.into_iter().any(|one| one.serial == old.serial);
    let uri = old.uri.filter(|_| ours).ok_or(PkiError::Serial)?;
    if revoked || old.not_after < tools.clock.now() {
        return Err(PkiError::NotRenewable);
    }
    let identity = Identity::parse(&uri, &trust_domain(dir)?)?;
    let path = profile.join("endpoint");
    let endpoint = fs::read_to_string(&path).map_err(|source| FileError::Io { path, source })?;
    let days = Limits::of(dir)?.client_days;
    issue(dir, &Issue { identity: &identity, endpoint: endpoint.trim(), out, days }, tools)
}

/// Revokes the certificate with this serial number and writes the revocation list `crl.pem` anew. Final. `None` where the register of the
/// folder does not have it: what a daemon signed is in the daemon's.
///
/// # Errors
/// [`PkiError::Serial`] for what is no serial number as certificates are listed with it, [`PkiError::Revoked`], and what is wrong with
/// the folder.
pub fn revoke(dir: &Path, serial: &str, reason: RevocationReason, tools: Tools<'_>) -> Result<Option<Entry>, PkiError> {
    if !is_serial(serial) {
        return Err(PkiError::Serial);
    }
    let entry = list(dir)?.into_iter().find(|entry| entry.serial == serial);
    if register::read_revoked(dir)?.iter().any(|one| one.serial == serial) {
        return Err(PkiError::Revoked);
    }
    register::append_revoked(dir, &Revoked { serial: serial.to_owned(), reason, at: tools.clock.now() })?;
    publish(dir, tools)?;
    Ok(entry)
}

/// The trust domain of the authority in `dir`.
pub fn trust_domain(dir: &Path) -> Result<TrustDomain, PkiError> {
    authority::read_trust_domain(dir)
}

/// Every certificate issued, oldest first.
pub fn list(dir: &Path) -> Result<Vec<Entry>, PkiError> {
    register::read(dir)
}

/// Every certificate revoked, oldest first.
pub fn revoked(dir: &Path) -> Result<Vec<Revoked>, PkiError> {
    register::read_revoked(dir)
}

/// Every issuing authority that was tainted, oldest first.
pub fn tainted(dir: &Path) -> Result<Vec<Tainted>, PkiError> {
    register::read_tainted(dir)
}

/// Where a profile with a key of its own goes.
#[derive(Clone, Copy)]
struct Wish<'a> {
    out: &'a Path,
    endpoint: Option<&'a str>,
    days: Days,
}

/// Makes a key, its certificate and a profile of both. The certificate is registered before it is there: one too many in
/// the register harms nobody, one too few could never be revoked.
fn equip(
    dir: &Path,
    authority: &Authority,
    kind: &LeafKind,
    wish: Wish<'_>,
    tools: Tools<'_>,
) -> Result<Entry, PkiError> {
    let key = keys::make(KeyKind::P256)?;
    let Signed { entry, chain } = authority.sign(kind, &key, wish.days, tools)?;
    secret_file::create_private_dir(wish.out)?;
    register::append(dir, &entry)?;
    let contents = Contents { endpoint: wish.endpoint, chain: &chain, bundle: authority.bundle() };
    profile::write(wish.out, Some(&key), &contents)?;
    Ok(entry)
}

/// Writes the revocation lists as of now, into one file.
pub(super) fn publish(dir: &Path, tools: Tools<'_>) -> Result<(), PkiError> {
    let lists = authority::revocation_lists(dir, &register::read_revoked(dir)?, tools)?;
    let pem: String = lists.into_iter().map(|list| list.pem).collect();
    Ok(secret_file::replace_public(&dir.join("crl.pem"), pem.as_bytes())?)
}

/// An authority never settles where one is: its folder may hold a README and dotfiles, but nothing it would make.
fn prepare(dir: &Path) -> Result<(), PkiError> {
    let made = ["trust-domain", "ca.pem", "issuing.key", "issuing.pem", "server", "root", "issued.tsv", "revoked.tsv"];
    for name in made.into_iter().chain(ADMINISTRATORS) {
        let path = dir.join(name);
        if path.symlink_metadata().is_ok() {
            return Err(FileError::Exists { path }.into());
        }
    }
    Ok(secret_file::ensure_private_dir(dir)?)
}
