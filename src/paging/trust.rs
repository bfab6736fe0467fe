//! Whom a hook over TLS trusts to say who is at the other end.

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// The authorities that vouch for the other side.
#[derive(Clone)]
pub enum Trust {
    /// Those that the machine trusts.
    Machine,
    /// Those of one file, and no other.
    Own(Vec<CertificateDer<'static>>),
}

/// Why there is nobody to trust.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The file is not of certificates in PEM.
    #[error("holds no certificates in PEM")]
    NotCertificates,
    /// The machine trusts nobody.
    #[error("this machine trusts no authority (Debian: apt install ca-certificates), and no `authorities` are named")]
    Nobody,
}

impl Trust {
    /// Those of a PEM file.
    ///
    /// # Errors
    /// When there is none in it, or something else.
    pub fn of_pem(pem: &[u8]) -> Result<Self, TrustError> {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let mut roots = RootCertStore::empty();
        let certificates = read.ok().filter(|all| !all.is_empty()).ok_or(TrustError::NotCertificates)?;
        for certificate in &certificates {
            roots.add(certificate.clone()).map_err(|_| TrustError::NotCertificates)?;
        }
        Ok(Self::Own(certificates))
    }

    /// A client's side of TLS 1.2 or 1.3 that trusts them.
    pub(super) fn client(&self) -> Result<ClientConfig, TrustError> {
        let mut roots = RootCertStore::empty();
        match self {
            Self::Own(certificates) => roots.add_parsable_certificates(certificates.iter().cloned()),
            Self::Machine => roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
        };
        if roots.is_empty() {
            return Err(TrustError::Nobody);
        }
        let client = ClientConfig::builder_with_provider(rustls::crypto::ring::default_provider().into());
        let versions = client.with_safe_default_protocol_versions().expect("the provider has suites for both versions");
        Ok(versions.with_root_certificates(roots).with_no_client_auth())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_nobody_to_trust() {
        for pem in ["", "words", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert_eq!(Trust::of_pem(pem.as_bytes()).err(), Some(TrustError::NotCertificates), "{pem:?}");
        }
    }
}
