//! The issuing authority: a certificate of the root's with a key that is online, which signs servers, clients and the
//! revocation list.

use std::{fs, path::Path};

use jiff::Timestamp;
use rcgen::{
    CertificateRevocationListParams, Issuer, KeyIdMethod, KeyPair, PublicKeyData, RevocationReason as Reason,
    RevokedCertParams, SerialNumber,
};

use super::{
    Limits, PkiError, Tools, certificate,
    keys::{self, KeyKind},
    leaf::{self, Certified, LeafKind, Signer, Validity, library_time},
    register::{self, Entry, Revoked},
    request::{Request, RequestError},
    root::Root,
    rotation,
};
use crate::{
    domain::{certificate::RevocationReason, identity::TrustDomain},
    platform::secret_file::{self, FileError},
};

/// An authority that can sign. Holds a key: no `Debug`.
pub struct Authority {
    trust_domain: TrustDomain,
    bundle: String,
    pem: String,
    serial: String,
    not_after: Timestamp,
    tainted: bool,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate that was signed, with what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Its line of the register.
    pub entry: Entry,
    /// Certificate, then the issuing authority's, in PEM: what the holder shows.
    pub chain: String,
}

/// A signed revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevocationList {
    /// DER.
    pub der: Vec<u8>,
    /// PEM.
    pub pem: String,
    /// When it was made.
    pub this_update: Timestamp,
    /// A newer one is there by then.
    pub next_update: Timestamp,
}

impl Authority {
    /// Makes an issuing authority in `dir`, signed by `root`.
    pub(super) fn create(
        dir: &Path,
        domain: &TrustDomain,
        root: &Root,
        limits: Limits,
        tools: Tools<'_>,
    ) -> Result<(Self, Entry), PkiError> {
        let key = keys::make(KeyKind::P256)?;
        let (pem, entry) = root.sign(domain, &key, limits.authority_days, tools)?;
        secret_file::create_secret(&dir.join("issuing.key"), keys::to_pem(&key)?.as_bytes())?;
        secret_file::create_public(&dir.join("issuing.pem"), pem.as_bytes())?;
        secret_file::create_public(&dir.join("ca.pem"), root.pem().as_bytes())?;
        secret_file::create_public(&dir.join("trust-domain"), format!("{domain}\n").as_bytes())?;
        Ok((Self::open(dir)?, entry))
    }

    /// Takes up the issuing authority in `dir`.
    ///
    /// # Errors
    /// [`PkiError`] naming the file that is missing, damaged, or open to others.
    pub fn open(dir: &Path) -> Result<Self, PkiError> {
        let trust_domain = read_trust_domain(dir)?;
        let path = dir.join("issuing.pem");
        let text = |path: &Path| fs::read_to_string(path).map_err(|source| FileError::Io { path: path.into(), source });
        let (pem, bundle) = (text(&path)?, bundle(dir)?);
        let certificate::Read { serial, not_after, .. } = certificate::read(&path)?;
        let issuer = signer(dir)?;
        let tainted = register::read_tainted(dir)?.iter().any(|one| one.serial == serial);
        Ok(Self { trust_domain, bundle, pem, serial, not_after, tainted, issuer })
    }

    /// The authority part of every identity it signs.
    pub fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }

    /// What others trust, in PEM: the root.
    pub fn bundle(&self) -> &str {
        &self.bundle
    }

    /// Signs what a request asks for: its key, its one name, and nothing else of it.
    ///
    /// # Errors
    /// [`PkiError::Days`] outside the limits, [`RequestError::ServerEd25519`] where nobody asked for that.
    pub fn sign_request(&self, request: &Request, days: Days, tools: Tools<'_>) -> Result<Signed, PkiError> {
        if request.is_ed25519_server() && !days.ed25519_server {
            return Err(RequestError::ServerEd25519.into());
        }
        self.sign(&request.kind, &request.public_key, days, tools)
    }

    pub(super) fn sign(
        &self,
        kind: &LeafKind,
        public_key: &impl PublicKeyData,
        days: Days,
        tools: Tools<'_>,
    ) -> Result<Signed, PkiError> {
        if self.tainted {
            return Err(PkiError::AuthorityTainted);
        }
        let longest = match kind {
            LeafKind::Server(_) => days.limits.server_days,
            LeafKind::Client(_) => days.limits.client_days,
        };
        let wanted = days.wanted.unwrap_or(longest);
        if !(1..=longest).contains(&wanted) {
            return Err(PkiError::Days { longest });
        }
        // Nothing outlives whoever signed it.
        let validity = Validity::from_now(tools, wanted)?.within(self.not_after);
        if validity.not_after <= tools.clock.now() {
            return Err(PkiError::AuthorityEnded);
        }
        let signer = Signer { issuer: &self.issuer, serial: &self.serial };
        let Certified { entry, pem } = leaf::certify(kind, public_key, validity, signer, tools)?;
        Ok(Signed { entry, chain: format!("{pem}{}", self.pem) })
    }
}

/// What others trust of the authority in `dir`, in PEM; no key is opened for it.
///
/// # Errors
/// [`PkiError::File`]: it cannot be read.
pub fn bundle(dir: &Path) -> Result<String, PkiError> {
    let path = dir.join("ca.pem");
    Ok(fs::read_to_string(&path).map_err(|source| FileError::Io { path, source })?)
}

/// The revocation lists as of now, one of each authority whose certificates are accepted: of the one that signs first, then
/// of those it took over from. Whoever verifies takes the list of whoever signed.
///
/// # Errors
/// [`PkiError`] naming the file that is missing, damaged, or open to others.
pub fn revocation_lists(dir: &Path, revoked: &[Revoked], tools: Tools<'_>) -> Result<Vec<RevocationList>, PkiError> {
    let days = Limits::of(dir)?.revocation_list_days;
    let mut lists = vec![list(&signer(dir)?, revoked, days, tools)?];
    for old in rotation::replaced(dir)?.iter().filter(|old| old.join("issuing.key").exists()) {
        lists.push(list(&signer(old)?, revoked, days, tools)?);
    }
    Ok(lists)
}

/// The key and certificate in an authority's folder, to sign with.
pub(super) fn signer(folder: &Path) -> Result<Issuer<'static, KeyPair>, PkiError> {
    let key = keys::read(&folder.join("issuing.key"))?;
    let path = folder.join("issuing.pem");
    let pem = fs::read_to_string(&path).map_err(|source| FileError::Io { path: path.clone(), source })?;
    if !certificate::is_of(pem.as_bytes(), &key.subject_public_key_info()) {
        return Err(PkiError::HalfActivated);
    }
    Issuer::from_ca_cert_pem(&pem, key)
        .map_err(|_| PkiError::Damaged { path, what: "a certificate of an authority in PEM" })
}

/// A revocation list of an authority, signed, good for so many days.
pub(super) fn list(
    issuer: &Issuer<'_, KeyPair>,
    revoked: &[Revoked],
    days: i32,
    tools: Tools<'_>,
) -> Result<RevocationList, PkiError> {
    let this_update = tools.clock.now();
    let Validity { not_after: next_update, .. } = Validity::from_now(tools, days)?;
    let revoked_certs = revoked.iter().map(|one| {
        Ok(RevokedCertParams {
            serial_number: SerialNumber::from_slice(&hex::decode(&one.serial).map_err(|_| PkiError::Serial)?),
            revocation_time: library_time!(one.at),
            reason_code: Some(reason(one.reason)),
            invalidity_date: None,
        })
    });
    let params = CertificateRevocationListParams {
        this_update: library_time!(this_update),
        next_update: library_time!(next_update),
        // Grows with every list, whoever makes it: the time.
        crl_number: SerialNumber::from_slice(&this_update.as_millisecond().unsigned_abs().to_be_bytes()),
        issuing_distribution_point: None,
        revoked_certs: revoked_certs.collect::<Result<_, PkiError>>()?,
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let list = params.signed_by(issuer)?;
    Ok(RevocationList { der: list.der().to_vec(), pem: list.pem()?, this_update, next_update })
}

/// How long a certificate is to be valid, and within which limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Days {
    /// Days; `None` is as long as may be.
    pub wanted: Option<i32>,
    /// Limits.
    pub limits: Limits,
    /// A server may have an Ed25519 key.
    pub ed25519_server: bool,
}

/// The trust domain that `init` wrote down.
pub(super) fn read_trust_domain(dir: &Path) -> Result<TrustDomain, PkiError> {
    let path = dir.join("trust-domain");
    let text = fs::read_to_string(&path).map_err(|source| FileError::Io { path: path.clone(), source })?;
    TrustDomain::parse(text.trim()).map_err(|_| PkiError::Damaged { path, what: "a trust domain" })
}

fn reason(reason: RevocationReason) -> Reason {
    match reason {
        RevocationReason::Unspecified => Reason::Unspecified,
        RevocationReason::KeyCompromise => Reason::KeyCompromise,
        RevocationReason::CaCompromise => Reason::CaCompromise,
        RevocationReason::AffiliationChanged => Reason::AffiliationChanged,
        RevocationReason::Superseded => Reason::Superseded,
        RevocationReason::CessationOfOperation => Reason::CessationOfOperation,
        RevocationReason::PrivilegeWithdrawn => Reason::PrivilegeWithdrawn,
    }
}
