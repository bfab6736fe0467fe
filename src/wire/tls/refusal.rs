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
use rustls::{CertificateError, Error as TlsFailure};

use crate::{domain::code::vocabulary, wire::peer::PeerError};

vocabulary! {
    /// Why somebody was not let in.
    Why {
        /// No certificate.
        NoCertificate = "no_certificate",
        /// Signed by somebody else.
        UnknownAuthority = "unknown_authority",
        /// Run out.
        Expired = "expired",
        /// Not valid yet: a clock is wrong.
        NotYetValid = "not_yet_valid",
        /// Revoked.
        Revoked = "revoked",
        /// Not for client authentication.
        BadPurpose = "bad_purpose",
        /// Anything else wrong with the certificate.
        BadCertificate = "bad_certificate",
        /// Our authority signed it, but it does not hold one identity of this trust domain.
        BadIdentity = "bad_identity",
        /// No common version, suite or protocol.
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
    }
}

impl Why {
    /// Reads the failure of a handshake.
    pub(super) fn of(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<TlsFailure>()) {
            Some(failure) => Self::of_tls(failure),
            None => Self::HungUp,
        }
    }

    fn of_tls(failure: &TlsFailure) -> Self {
        match failure {
            TlsFailure::NoCertificatesPresented => Self::NoCertificate,
            TlsFailure::InvalidCertificate(error) => Self::of_certificate(error),
            TlsFailure::PeerIncompatible(_) | TlsFailure::NoApplicationProtocol => Self::Incompatible,
            TlsFailure::AlertReceived(_) => Self::RefusedByPeer,
            _ => Self::NotTls,
        }
    }

    fn of_certificate(error: &CertificateError) -> Self {
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYetValid,
            CertificateError::Revoked => Self::Revoked,
            // Another authority of the same name signs with another key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::UnknownAuthority,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => Self::BadPurpose,
            _ => Self::BadCertificate,
        }
    }
}

impl From<PeerError> for Why {
    fn from(error: PeerError) -> Self {
        match error {
            PeerError::Unreadable => Self::BadCertificate,
            PeerError::Purpose => Self::BadPurpose,
            PeerError::Names | PeerError::Identity(_) => Self::BadIdentity,
        }
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

    pub(super) fn note(&self, why: Why, remote: SocketAddr, now: Timestamp) {
        if let Some(count) = self.counts.get(why as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(kept_quiet) = self.may_speak(now) {
            tracing::warn!(reason = why.code(), %remote, kept_quiet, "connection refused");
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
