//! What is said of certificates: by which number one goes, and why one is revoked (RFC 5280 section 5.3.1).

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

/// Is it a serial number as certificates are listed: lower-case hexadecimal digits, two a byte, at most 20 bytes?
pub fn is_serial(text: &str) -> bool {
    let one_spelling = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
    (2..=40).contains(&text.len()) && text.len().is_multiple_of(2) && text.bytes().all(one_spelling)
}
