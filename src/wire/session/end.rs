//! Why a session ends, and what is said of it.

use std::time::Duration;

use crate::wire::status::Refused;

/// Why a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The certificate has run out.
    Expired,
    /// The certificate was revoked.
    Revoked,
    /// The register does not have the certificate, and the authority that signed it is tainted.
    Unlisted,
    /// A grant has run out; a new connection shows what is left.
    GrantEnded,
    /// The peer asks and does not read the answers.
    NotReading,
    /// The connection is old enough; a new one is welcome.
    Age,
    /// The server is going down.
    Draining,
}

impl End {
    /// What its streams and further calls are told.
    pub fn refused(self) -> Refused {
        match self {
            Self::Expired => Refused::Unauthenticated("CERTIFICATE_EXPIRED"),
            Self::Revoked => Refused::Unauthenticated("CERTIFICATE_REVOKED"),
            Self::Unlisted => Refused::Unauthenticated("CERTIFICATE_UNKNOWN"),
            Self::GrantEnded => Refused::PermissionDenied("GRANT_ENDED"),
            Self::NotReading => Refused::ResourceExhausted("ANSWER_NOT_TAKEN"),
            Self::Age => Refused::Unavailable("CONNECTION_AGE", Duration::ZERO),
            Self::Draining => Refused::Unavailable("DRAINING", Duration::from_secs(5)),
        }
    }
}
