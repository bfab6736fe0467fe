//! Is this client's certificate good, and if not, why? The verdict is webpki's; the reason is ours, for our log alone:
//! whatever is wrong, the peer gets one and the same alert.

use std::{fmt, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error as TlsFailure, OtherError, SignatureScheme,
    client::danger::HandshakeSignatureValid,
    pki_types::{CertificateDer, UnixTime},
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use x509_parser::{
    certificate::X509Certificate,
    oid_registry::{
        OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_PKCS1_RSAENCRYPTION, OID_SIG_ED25519,
    },
    prelude::FromDer,
    public_key::PublicKey,
    x509::SubjectPublicKeyInfo,
};

use super::{authorities::Authorities, refusal::Why};
use crate::{
    domain::identity::TrustDomain,
    wire::{peer, shut::Shut},
};

/// RSA keys with fewer bits are too weak.
const RSA_BITS: usize = 2048;

/// webpki's verdict, with a reason.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) inner: Arc<dyn ClientCertVerifier>,
    pub(super) authorities: Authorities,
    pub(super) trust_domain: TrustDomain,
    /// Who was revoked through the store.
    pub(super) shut: Shut,
}

/// Why a certificate is not good, and who it says it is. Carried through rustls to our log; the peer sees none of it.
#[derive(Debug)]
pub(super) struct Unfit {
    pub(super) why: Why,
    pub(super) claims: Option<Box<str>>,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why.code())
    }
}

impl std::error::Error for Unfit {}

impl Verifier {
    fn judge(&self, leaf: &CertificateDer<'_>, sent: &[CertificateDer<'_>], now: UnixTime) -> Result<(), Why> {
        let chain: Vec<_> = sent.iter().chain(&self.authorities.issuing).cloned().collect();
        if let Err(failure) = self.inner.verify_client_cert(leaf, &chain, now) {
            return Err(self.reason(&failure, leaf, sent, now));
        }
        let (_, certificate) = X509Certificate::from_der(leaf).map_err(|_| Why::BadCertificate)?;
        if !is_strong(certificate.public_key()) {
            return Err(Why::WeakKey);
        }
        peer::read(leaf, &self.trust_domain)?;
        if self.shut.holds(&self.hangs_on(leaf, sent)) { Err(Why::Revoked) } else { Ok(()) }
    }

    /// The serial numbers of everything that a certificate hangs on: its own, those of what was shown with it, and those of our
    /// authorities that signed any of these. Whoever leaves an authority out, or shows another in its place, hangs on it all the
    /// same.
    pub(super) fn hangs_on(&self, leaf: &CertificateDer<'_>, sent: &[CertificateDer<'_>]) -> Vec<String> {
        let mut chain: Vec<&CertificateDer<'_>> = std::iter::once(leaf).chain(sent).collect();
        let mut at = 0;
        // Each of ours comes in once, so that it ends. What cannot be read is passed over, as the verdict passes it over.
        while let Some(der) = chain.get(at) {
            at += 1;
            let Ok((_, certificate)) = X509Certificate::from_der(der) else { continue };
            for above in self.authorities.signers(&certificate) {
                if !chain.contains(&above) {
                    chain.push(above);
                }
            }
        }
        peer::serials(chain).collect()
    }

    /// True where whoever showed this chain would be let in now.
    pub(super) fn lets_in(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> bool {
        chain.split_first().is_some_and(|(leaf, sent)| self.judge(leaf, sent, now).is_ok())
    }

    fn reason(
        &self,
        failure: &TlsFailure,
        leaf: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Why {
        let error = match failure {
            TlsFailure::InvalidCertificate(error) => error,
            // Its signer may not sign lists, or the like: whether anybody is revoked cannot be known.
            TlsFailure::InvalidCertRevocationList(_) => return Why::RevocationUnknown,
            _ => return Why::BadCertificate,
        };
        let Ok((_, certificate)) = X509Certificate::from_der(leaf) else { return Why::BadCertificate };
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let (from, until) =
            (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } if until < now => Why::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } if now < from => {
                Why::NotYetValid
            }
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Why::AuthorityOutOfTime,
            CertificateError::Revoked => Why::Revoked,
            CertificateError::UnknownRevocationStatus => Why::RevocationUnknown,
            CertificateError::ExpiredRevocationList | CertificateError::ExpiredRevocationListContext { .. } => {
                Why::RevocationStale
            }
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => Why::BadPurpose,
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => Why::WeakSignature,
            CertificateError::UnknownIssuer | CertificateError::BadSignature => self.without_issuer(&certificate, sent),
            _ if certificate.subject().as_raw() == certificate.issuer().as_raw() => Why::SelfSigned,
            _ => Why::BadCertificate,
        }
    }

    /// No way leads from the leaf to a root of ours: where does it stop?
    fn without_issuer(&self, leaf: &X509Certificate<'_>, sent: &[CertificateDer<'_>]) -> Why {
        let sent: Vec<_> =
            sent.iter().filter_map(|der| X509Certificate::from_der(der).ok()).map(|(_, read)| read).collect();
        let mut at = leaf;
        // Each step leads to another certificate or ends; a ring ends when the steps are used up.
        for step in 0..=sent.len() {
            let issuer = at.issuer();
            if at.subject().as_raw() == issuer.as_raw() {
                return if step == 0 { Why::SelfSigned } else { Why::UnknownAuthority };
            }
            let ours: Vec<_> = self.authorities.keys_of(issuer.as_raw()).collect();
            if !ours.is_empty() {
                let weak = ours.iter().all(|key| !is_strong(key));
                return if weak { Why::WeakKey } else { Why::UnknownAuthority };
            }
            match sent.iter().find(|other| other.subject().as_raw() == issuer.as_raw()) {
                Some(other) if !is_strong(other.public_key()) => return Why::WeakKey,
                Some(other) => at = other,
                None if self.authorities.could_have_issued(issuer, self.trust_domain.as_str()) => {
                    return Why::MissingIntermediate;
                }
                None => return Why::UnknownAuthority,
            }
        }
        Why::UnknownAuthority
    }
}

/// P-256, P-384, Ed25519, or RSA of 2048 bits and more.
fn is_strong(key: &SubjectPublicKeyInfo<'_>) -> bool {
    let algorithm = &key.algorithm.algorithm;
    if *algorithm == OID_PKCS1_RSAENCRYPTION {
        return matches!(key.parsed(), Ok(PublicKey::RSA(rsa)) if rsa.key_size() >= RSA_BITS);
    }
    let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    let known_curve = curve.is_some_and(|curve| curve == OID_EC_P256 || curve == OID_NIST_EC_P384);
    *algorithm == OID_SIG_ED25519 || (*algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY && known_curve)
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, TlsFailure> {
        match self.judge(end_entity, intermediates, now) {
            Ok(()) => Ok(ClientCertVerified::assertion()),
            Err(why) => {
                let claims = peer::read(end_entity, &self.trust_domain).ok();
                let claims = claims.map(|peer| peer.identity.as_str().into());
                Err(CertificateError::Other(OtherError(Arc::new(Unfit { why, claims }))).into())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsFailure> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsFailure> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
