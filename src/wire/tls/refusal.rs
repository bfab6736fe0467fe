//! Refused handshakes: a counter a reason, and a log line now and then. Never a durable write, nothing to the peer.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;
use rustls::{CertificateError, Error as TlsFailure, PeerIncompatible};

use super::verify::Unfit;
use crate::{
    domain::{code::vocabulary, identity::IdentityError},
    wire::peer::PeerError,
};

vocabulary! {
    /// Why somebody was not let in.
    Why {
        /// No certificate.
        NoCertificate = "no_certificate",
        /// Signed by somebody else.
        UnknownAuthority = "unknown_authority",
        /// Signed by itself.
        SelfSigned = "self_signed",
        /// Its issuer was not sent, and is not in ca.pem.
        MissingIntermediate = "missing_intermediate",
        /// Run out.
        Expired = "expired",
        /// Not valid yet: a clock is wrong.
        NotYetValid = "not_yet_valid",
        /// An authority above it has run out, or is not valid yet.
        AuthorityOutOfTime = "authority_out_of_time",
        /// Revoked.
        Revoked = "revoked",
        /// Our authority signed it, and its register does not hold it.
        Unlisted = "not_in_register",
        /// There is no revocation list of its authority, or none that counts.
        RevocationUnknown = "revocation_unknown",
        /// The revocation list of its authority should have been replaced.
        RevocationStale = "revocation_stale",
        /// Not for client authentication.
        BadPurpose = "bad_purpose",
        /// Its key, or its authority's, is too weak or of a kind that is not accepted.
        WeakKey = "weak_key",
        /// Signed in a way that is no longer accepted.
        WeakSignature = "weak_signature",
        /// Anything else wrong with the certificate.
        BadCertificate = "bad_certificate",
        /// Whoever showed it does not have its key.
        NoProof = "no_proof_of_key",
        /// Our authority signed it, but not exactly one URI is named in it.
        NoIdentity = "no_identity",
        /// Its serial number is not positive, or too long: no list of revoked certificates could name it.
        BadSerial = "bad_serial",
        /// It names an identity of another trust domain.
        OtherTrustDomain = "other_trust_domain",
        /// It names a URI that is no identity.
        BadIdentity = "bad_identity",
        /// Only older versions of TLS.
        TlsVersion = "tls_version",
        /// No common suite or protocol.
        Incompatible = "incompatible",
        /// Not TLS at all.
        NotTls = "not_tls",
        /// The peer refused us, e.g. because it does not trust our authority.
        RefusedByPeer = "refused_by_peer",
        /// The peer went away.
        HungUp = "hung_up",
        /// The handshake took too long.
        TimedOut = "timed_out",
        /// Too many handshakes or connections at once.
        Busy = "busy",
        /// It was let in and sent more frames than it may.
        Flooding = "flooding",
    }
}

impl Why {
    /// What whoever reads the log can do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NoCertificate => "the client must show a certificate: is its profile complete?",
            Self::UnknownAuthority => {
                "no authority in ca.pem signed it: a client of somebody else, or ca.pem lacks one"
            }
            Self::SelfSigned => "a certificate must be signed by an authority in ca.pem",
            Self::MissingIntermediate => "the client must send its issuer's certificate too, or put that into ca.pem",
            Self::Expired => "issue a new certificate to this client",
            Self::NotYetValid => "compare the clocks of this machine and of the one that issues certificates",
            Self::AuthorityOutOfTime => "an issuing authority has run out, or a clock is wrong",
            Self::Revoked => "its authority has revoked it",
            Self::Unlisted => {
                "our authority signed it and its register does not hold it: who has a copy of the authority's key?"
            }
            Self::RevocationUnknown => "put the current revocation list of its authority into tls.crl_folder",
            Self::RevocationStale => "fetch the authority's new revocation list: nextUpdate has passed",
            Self::BadPurpose => "the certificate needs the extended key usage clientAuth",
            Self::WeakKey => "accepted are P-256, P-384, Ed25519, and RSA of 2048 bits or more",
            Self::WeakSignature => "it must be signed with SHA-256 or better",
            Self::BadCertificate => "it cannot be read, or has a critical extension that is not known",
            Self::NoProof => "the key in the client's profile does not belong to its certificate",
            Self::NoIdentity => "its only subject alternative name must be one homeward:// URI",
            Self::BadSerial => {
                "its serial number must be positive and have at most 20 bytes (RFC 5280), or nobody could revoke it"
            }
            Self::OtherTrustDomain => "it belongs to another installation",
            Self::BadIdentity => "the URI must be homeward://<trust domain>/<scheme>/<id>/<role>/<name>",
            Self::TlsVersion => "the client must speak TLS 1.3; tls.allow_tls12 also lets in TLS 1.2",
            Self::Incompatible => "no common cipher suite, key exchange or HTTP/2",
            Self::NotTls => "something other than TLS speaks to this port",
            Self::RefusedByPeer => "the client does not accept our certificate: compare its ca.pem with ours",
            Self::HungUp => "the client went away in the middle of the handshake",
            Self::TimedOut => "the client did not finish the handshake in time",
            Self::Busy => "a limit on handshakes or connections was reached",
            Self::Flooding => "its identity sent more frames than limits.frames_per_second; the connection was cut",
        }
    }

    fn of_tls(failure: &TlsFailure) -> Self {
        match failure {
            TlsFailure::NoCertificatesPresented => Self::NoCertificate,
            // What the verifier found comes as `Unfit`; here the signature over the handshake is left.
            TlsFailure::InvalidCertificate(CertificateError::BadSignature) => Self::NoProof,
            TlsFailure::InvalidCertificate(_) => Self::BadCertificate,
            TlsFailure::PeerIncompatible(
                PeerIncompatible::SupportedVersionsExtensionRequired
                | PeerIncompatible::Tls12NotOffered
                | PeerIncompatible::Tls12NotOfferedOrEnabled,
            ) => Self::TlsVersion,
            TlsFailure::PeerIncompatible(_) | TlsFailure::NoApplicationProtocol => Self::Incompatible,
            TlsFailure::AlertReceived(_) => Self::RefusedByPeer,
            _ => Self::NotTls,
        }
    }
}

impl From<PeerError> for Why {
    fn from(error: PeerError) -> Self {
        match error {
            PeerError::Unreadable => Self::BadCertificate,
            PeerError::Purpose => Self::BadPurpose,
            PeerError::Names => Self::NoIdentity,
            PeerError::Serial => Self::BadSerial,
            PeerError::Identity(IdentityError::TrustDomain) => Self::OtherTrustDomain,
            PeerError::Identity(_) => Self::BadIdentity,
        }
    }
}

/// A refused connection: why, and who its certificate says it is. Anybody can write anything into a certificate.
pub(super) struct Refusal {
    pub(super) why: Why,
    pub(super) claims: Option<Box<str>>,
}

impl From<Why> for Refusal {
    fn from(why: Why) -> Self {
        Self { why, claims: None }
    }
}

impl Refusal {
    /// Reads the failure of a handshake.
    pub(super) fn of(error: &io::Error) -> Self {
        let Some(failure) = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsFailure>()) else {
            return Why::HungUp.into();
        };
        if let TlsFailure::InvalidCertificate(CertificateError::Other(other)) = failure
            && let Some(unfit) = other.0.downcast_ref::<Unfit>()
        {
            return Self { why: unfit.why, claims: unfit.claims.clone() };
        }
        Why::of_tls(failure).into()
    }
}

/// Lines in one second of the clock; whoever hammers at the door cannot fill the disk.
const LINES_A_SECOND: u64 = 5;

/// Counts of refused handshakes, by reason.
#[derive(Debug, Default)]
pub struct Refusals {
    counts: [AtomicU64; Why::ALL.len()],
    pace: Mutex<Pace>,
}

#[derive(Debug, Default)]
struct Pace {
    second: i64,
    lines: u64,
    kept_quiet: u64,
}

impl Refusals {
    /// How many so far for this reason.
    pub fn count(&self, why: Why) -> u64 {
        self.counts.get(why as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    pub(super) fn note(&self, refusal: impl Into<Refusal>, remote: SocketAddr, now: Timestamp) {
        let Refusal { why, claims } = refusal.into();
        if let Some(count) = self.counts.get(why as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(kept_quiet) = self.may_speak(now) {
            let (reason, advice) = (why.code(), why.advice());
            tracing::warn!(reason, %remote, claims, kept_quiet, advice, "connection refused");
        }
    }

    /// With how many were kept quiet before this line; none where this one is to be kept quiet too.
    fn may_speak(&self, now: Timestamp) -> Option<u64> {
        let mut pace = self.pace.lock().unwrap_or_else(PoisonError::into_inner);
        if pace.second != now.as_second() {
            pace.second = now.as_second();
            pace.lines = 0;
        }
        if pace.lines >= LINES_A_SECOND {
            pace.kept_quiet += 1;
            return None;
        }
        pace.lines += 1;
        Some(std::mem::take(&mut pace.kept_quiet))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_few_are_logged() {
        let refusals = Refusals::default();
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let spoken = (0..100).filter(|_| refusals.may_speak(now).is_some()).count();
        assert_eq!(spoken, 5);
        assert_eq!(refusals.may_speak("2026-11-21T12:00:01Z".parse().unwrap()), Some(95));
        for _ in 0..100 {
            refusals.note(Why::Expired, "127.0.0.1:1".parse().unwrap(), now);
        }
        assert_eq!((refusals.count(Why::Expired), refusals.count(Why::Busy)), (100, 0));
    }
}
