//! The authorities of `ca.pem`. Roots (signed by themselves) are trusted; issuing authorities help to lead from a client's
//! certificate to a root. An issuing authority that stands there without any root is trusted as it is.

use std::path::Path;

use rustls::{RootCertStore, pki_types::CertificateDer};
use x509_parser::{
    certificate::X509Certificate,
    error::X509Error,
    oid_registry::OID_X509_ORGANIZATION_NAME,
    prelude::FromDer,
    x509::{SubjectPublicKeyInfo, X509Name},
};

use super::TlsError;

/// The authorities of a file, sorted by what they are for.
#[derive(Debug)]
pub(super) struct Authorities {
    all: Vec<CertificateDer<'static>>,
    pub(super) roots: RootCertStore,
    pub(super) issuing: Vec<CertificateDer<'static>>,
}

impl Authorities {
    pub(super) fn of(all: Vec<CertificateDer<'static>>, path: &Path) -> Result<Self, TlsError> {
        let wrong = || TlsError::Pem { path: path.into(), what: "certificates of authorities only" };
        let mut sorted = (Vec::new(), Vec::new());
        for der in &all {
            let (_, certificate) = X509Certificate::from_der(der).map_err(|_| wrong())?;
            if !certificate.is_ca() {
                return Err(wrong());
            }
            let root = certificate.subject().as_raw() == certificate.issuer().as_raw();
            if root { sorted.0.push(der.clone()) } else { sorted.1.push(der.clone()) }
        }
        let (trusted, issuing) = if sorted.0.is_empty() { (sorted.1, Vec::new()) } else { sorted };
        let mut roots = RootCertStore::empty();
        for root in trusted {
            roots.add(root).map_err(|_| wrong())?;
        }
        Ok(Self { all, roots, issuing })
    }

    /// Each of them, read.
    pub(super) fn each(&self) -> impl Iterator<Item = X509Certificate<'_>> {
        self.all.iter().filter_map(|der| X509Certificate::from_der(der).ok()).map(|(_, certificate)| certificate)
    }

    /// The keys of those with this name.
    pub(super) fn keys_of<'a>(&'a self, name: &[u8]) -> impl Iterator<Item = SubjectPublicKeyInfo<'a>> {
        self.each()
            .filter(move |authority| authority.subject().as_raw() == name)
            .map(|authority| authority.tbs_certificate.subject_pki)
    }

    /// Those that signed this certificate. Where it is signed in a way that cannot be verified here, whoever has the name counts.
    pub(super) fn signers<'a>(&'a self, certificate: &X509Certificate<'_>) -> Vec<&'a CertificateDer<'static>> {
        let signed = |der: &&CertificateDer<'static>| {
            let Ok((_, authority)) = X509Certificate::from_der(der) else { return false };
            authority.subject().as_raw() == certificate.issuer().as_raw()
                && certificate.verify_signature(Some(authority.public_key()))
                    != Err(X509Error::SignatureVerificationError)
        };
        self.all.iter().filter(signed).collect()
    }

    /// True where the name could be that of an issuing authority below one of these: it has the organisation of one of them,
    /// or names the trust domain.
    pub(super) fn could_have_issued(&self, name: &X509Name<'_>, trust_domain: &str) -> bool {
        let organisation = |name: &X509Name<'_>| -> Option<String> {
            let found = name.iter_by_oid(&OID_X509_ORGANIZATION_NAME).next()?;
            found.as_str().ok().map(ToOwned::to_owned)
        };
        let own = organisation(name);
        let named = name.iter_attributes().any(|part| part.as_str().is_ok_and(|text| text.contains(trust_domain)));
        named || own.is_some() && self.each().any(|authority| organisation(authority.subject()) == own)
    }
}
