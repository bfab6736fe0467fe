//! Who is at the other end: the verified leaf certificate read as a `Peer`, and the way handlers get at it.

use std::sync::Arc;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer};

use super::{session::Session, status::Refused};
use crate::domain::identity::{Identity, IdentityError, Peer, TrustDomain};

/// Why a certificate that our authority signed still names nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeerError {
    /// Not a certificate that we can read.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// Not exactly one name, or a name that is not a URI.
    #[error("the certificate does not have exactly one URI as its only subject alternative name")]
    Names,
    /// Not made for clients.
    #[error("the certificate is not for client authentication")]
    Purpose,
    /// No list of revoked certificates could name it.
    #[error("the serial number is not positive, or has more than 20 bytes")]
    Serial,
    /// The URI is not an identity of this trust domain.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// The longest serial number, without the byte of its sign (RFC 5280, 4.1.2.2).
const LONGEST_SERIAL: usize = 20;

/// Reads the leaf of a verified chain.
pub fn read(leaf: &CertificateDer<'_>, trust_domain: &TrustDomain) -> Result<Peer, PeerError> {
    let (rest, certificate) = X509Certificate::from_der(leaf).map_err(|_| PeerError::Unreadable)?;
    if !rest.is_empty() {
        return Err(PeerError::Unreadable);
    }
    let usage = certificate.extended_key_usage().map_err(|_| PeerError::Unreadable)?.ok_or(PeerError::Purpose)?;
    if !usage.value.client_auth {
        return Err(PeerError::Purpose);
    }
    // `Err` is a second extension of the kind: two places for a name are as bad as two names.
    let names = certificate.subject_alternative_name().map_err(|_| PeerError::Names)?.ok_or(PeerError::Names)?;
    let [GeneralName::URI(uri)] = names.value.general_names.as_slice() else {
        return Err(PeerError::Names);
    };
    let identity = Identity::parse(uri, trust_domain)?;
    let not_after = Timestamp::from_second(certificate.validity().not_after.timestamp());
    Ok(Peer {
        identity,
        serial: revocable(certificate.raw_serial()).ok_or(PeerError::Serial)?,
        not_after: not_after.map_err(|_| PeerError::Unreadable)?,
        unlisted: false,
    })
}

/// The peer of a request. There is one on every call that came through [`super::serve::serve`].
pub fn of<T>(request: &tonic::Request<T>) -> Result<Peer, Refused> {
    session(request).map(|session| session.peer().clone())
}

/// The live session a request came on.
pub fn session<T>(request: &tonic::Request<T>) -> Result<Arc<Session>, Refused> {
    request.extensions().get::<Arc<Session>>().cloned().ok_or(Refused::Unauthenticated("NO_CERTIFICATE"))
}

/// The serial numbers of certificates, in one spelling; what cannot be read has none.
pub(super) fn serials<'a>(
    certificates: impl IntoIterator<Item = &'a CertificateDer<'a>>,
) -> impl Iterator<Item = String> {
    let read = certificates.into_iter().filter_map(|der| X509Certificate::from_der(der).ok());
    read.map(|(_, certificate)| serial(certificate.raw_serial()))
}

/// A serial number by which a certificate can be revoked, from its bytes in DER: positive, written in the one way, not too long.
fn revocable(bytes: &[u8]) -> Option<String> {
    let is_negative = |first: &u8| first & 0x80 != 0;
    let value = match bytes {
        // The sign has a byte of its own only where the first of the value would say that it is negative.
        [0, value @ ..] if value.first().is_some_and(is_negative) => value,
        [first, ..] if *first != 0 && !is_negative(first) => bytes,
        _ => return None,
    };
    (value.len() <= LONGEST_SERIAL).then(|| serial(value))
}

/// One spelling for a serial number: lower-case hex of its bytes without leading zero bytes.
fn serial(bytes: &[u8]) -> String {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    hex::encode(bytes.get(first..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_has_a_serial_number_by_which_it_can_be_revoked() {
        let long = |first: u8, rest: usize| [vec![first], vec![0xab; rest]].concat();
        for (bytes, read) in [
            (vec![1], Some("01".to_owned())),
            (vec![0, 0xff], Some("ff".to_owned())),
            (long(0x7f, 19), Some(format!("7f{}", "ab".repeat(19)))),
            (long(0, 20), Some("ab".repeat(20))),
            (Vec::new(), None),
            (vec![0], None),
            (vec![0, 1], None),
            (vec![0xff], None),
            (long(0x7f, 20), None),
            (long(0, 21), None),
        ] {
            assert_eq!(revocable(&bytes), read, "{bytes:02x?}");
        }
    }
}
