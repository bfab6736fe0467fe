//! The authority: a self-signed P-256 certificate that signs the others.

use std::{fs, path::Path};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use zeroize::Zeroizing;

use super::{
    AUTHORITY_DAYS, PkiError, Tools,
    leaf::{self, LeafKind, Made, Validity},
    register::Entry,
};
use crate::{
    domain::identity::TrustDomain,
    platform::secret_file::{self, FileError},
};

/// An authority that can sign.
pub(super) struct Authority {
    trust_domain: TrustDomain,
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes a new authority in `dir`.
    pub(super) fn create(dir: &Path, domain: &TrustDomain, tools: Tools<'_>) -> Result<(Self, Entry), PkiError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let validity = Validity::from_now(tools, AUTHORITY_DAYS)?;
        let (params, serial) = params(domain, &validity, tools)?;
        let certificate = params.self_signed(&key)?;
        let pem = certificate.pem();
        secret_file::create_secret(&dir.join("ca.key"), Zeroizing::new(key.serialize_pem()).as_bytes())?;
        secret_file::create_public(&dir.join("ca.pem"), pem.as_bytes())?;
        secret_file::create_public(&dir.join("trust-domain"), format!("{domain}\n").as_bytes())?;
        let holder = format!("authority of {domain}");
        let entry = Entry { serial, holder, not_before: validity.not_before, not_after: validity.not_after };
        Ok((Self { trust_domain: domain.clone(), pem, issuer: Issuer::new(params, key) }, entry))
    }

    /// Takes up the authority in `dir`.
    pub(super) fn load(dir: &Path) -> Result<Self, PkiError> {
        let trust_domain = read_trust_domain(dir)?;
        let (key_path, pem_path) = (dir.join("ca.key"), dir.join("ca.pem"));
        let key = secret_file::read_secret(&key_path)?;
        let key = std::str::from_utf8(&key).ok().and_then(|pem| KeyPair::from_pem(pem).ok());
        let key = key.ok_or(PkiError::Damaged { path: key_path, what: "a private key in PEM" })?;
        let pem = fs::read_to_string(&pem_path).map_err(|source| FileError::Io { path: pem_path.clone(), source })?;
        let issuer = Issuer::from_ca_cert_pem(&pem, key)
            .map_err(|_| PkiError::Damaged { path: pem_path, what: "a certificate of an authority in PEM" })?;
        Ok(Self { trust_domain, pem, issuer })
    }

    pub(super) fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }

    /// The certificate, for those who verify.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// Makes a key and a certificate for it.
    pub(super) fn sign(&self, kind: &LeafKind, days: i32, tools: Tools<'_>) -> Result<Made, PkiError> {
        leaf::make(kind, &Validity::from_now(tools, days)?, &self.issuer, tools)
    }
}

/// The trust domain that `init` wrote down.
pub(super) fn read_trust_domain(dir: &Path) -> Result<TrustDomain, PkiError> {
    let path = dir.join("trust-domain");
    let text = fs::read_to_string(&path).map_err(|source| FileError::Io { path: path.clone(), source })?;
    TrustDomain::parse(text.trim()).map_err(|_| PkiError::Damaged { path, what: "a trust domain" })
}

fn params(
    domain: &TrustDomain,
    validity: &Validity,
    tools: Tools<'_>,
) -> Result<(CertificateParams, String), PkiError> {
    let mut params = CertificateParams::default();
    let serial = leaf::serial(&mut params, tools)?;
    validity.apply(&mut params);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, format!("Homeward authority of {domain}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok((params, serial))
}
