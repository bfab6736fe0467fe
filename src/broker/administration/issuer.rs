//! Whoever signs certificates, seen from the broker: it is given one, or none, and never makes a certificate itself.

use jiff::Timestamp;

use super::{Certificate, Revocation, Tainted};
use crate::{broker::Error, domain::violation::Violations};

/// What a request asks for, found sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The holder: an identity, or `server` and names.
    pub holder: String,
    /// SHA-256 of the request.
    pub fingerprint: [u8; 32],
}

/// A certificate fresh from the authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCertificate {
    /// The certificate.
    pub certificate: Certificate,
    /// What its holder trusts, in PEM.
    pub bundle: String,
}

/// A signed revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedList {
    /// DER.
    pub der: Vec<u8>,
    /// PEM; after it, the lists of authorities that no longer sign certificates, of which some are good.
    pub pem: String,
    /// When it was made.
    pub this_update: Timestamp,
    /// A newer one is there by then.
    pub next_update: Timestamp,
}

/// What was done outside the broker, with the authority's folder; each oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    /// Certificates issued.
    pub issued: Vec<Certificate>,
    /// Certificates revoked.
    pub revoked: Vec<Revocation>,
    /// Issuing authorities tainted.
    pub tainted: Vec<Tainted>,
}

/// Why nothing was signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// The request is not one that is signed; says what to do.
    #[error("{0}")]
    Request(String),
    /// The number of days is not within the limits; says which are.
    #[error("{0}")]
    Days(String),
    /// The authority's own files are not right.
    #[error("{0}")]
    Failed(String),
}

impl From<IssuerError> for Error {
    fn from(error: IssuerError) -> Self {
        let (field, advice) = match error {
            IssuerError::Request(advice) => ("request", advice),
            IssuerError::Days(advice) => ("days", advice),
            IssuerError::Failed(why) => return Self::Internal(why),
        };
        let mut violations = Violations::default();
        violations.add(field, &advice);
        Self::Invalid(violations)
    }
}

/// Size and time of change of each file of a register; what is not there has neither.
pub type Looks = [Option<(u64, Timestamp)>; 3];

/// An issuing authority with its register.
pub trait Issuer: Send + Sync {
    /// What a request asks for.
    ///
    /// # Errors
    /// [`IssuerError`] where it would not be signed for so many days.
    fn read(&self, request: &[u8], days: Option<i32>) -> Result<Asked, IssuerError>;

    /// Signs a request.
    ///
    /// # Errors
    /// As [`Issuer::read`].
    fn sign(&self, request: &[u8], days: Option<i32>) -> Result<NewCertificate, IssuerError>;

    /// Signs the revocation list.
    ///
    /// # Errors
    /// [`IssuerError::Failed`].
    fn revocation_list(&self, revoked: &[Revocation]) -> Result<SignedList, IssuerError>;

    /// What everybody trusts, in PEM.
    ///
    /// # Errors
    /// [`IssuerError::Failed`].
    fn bundle(&self) -> Result<String, IssuerError>;

    /// How the register looks: where it looks as before, nothing was done outside the broker. Cheap.
    fn looks(&self) -> Looks;

    /// What was done outside the broker.
    ///
    /// # Errors
    /// [`IssuerError::Failed`].
    fn register(&self) -> Result<Register, IssuerError>;
}
