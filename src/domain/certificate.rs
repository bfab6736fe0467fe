//! What is said of certificates: why one is revoked (RFC 5280 section 5.3.1).

use super::code::vocabulary;

vocabulary! {
    /// Why a certificate is revoked. Final: there is no hold from which one comes back.
    RevocationReason {
        /// No reason is given.
        Unspecified = "unspecified",
        /// The key was lost, stolen or seen by somebody else.
        KeyCompromise = "key_compromise",
        /// The issuing authority's key was.
        CaCompromise = "ca_compromise",
        /// The holder changed unit, role or name.
        AffiliationChanged = "affiliation_changed",
        /// A newer certificate takes its place.
        Superseded = "superseded",
        /// The system was switched off, or the contract ended.
        CessationOfOperation = "cessation_of_operation",
        /// The holder may no longer do what it was made for.
        PrivilegeWithdrawn = "privilege_withdrawn",
    }
}
