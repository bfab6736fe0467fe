//! What one administrator proposes and another approves (contract 3): who may, and until when.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    code::vocabulary,
    identity::{Identity, Role},
};

vocabulary! {
    /// What needs two persons.
    ProposalKind {
        /// A certificate for a request that came from elsewhere.
        Enrolment = "enrolment",
        /// The end of an administrator's certificate.
        AdministratorRevocation = "administrator_revocation",
        /// The end of a key, and of whatever only it opens.
        KeyDestruction = "key_destruction",
        /// Another policy.
        PolicyActivation = "policy_activation",
        /// The end of a record's content.
        Erasure = "erasure",
        /// The end of a legal hold.
        HoldRelease = "hold_release",
        /// That no older copy of the store is left.
        CopiesGone = "copies_gone",
    }
}

impl ProposalKind {
    /// Whose business it is: proposer and approver both have this role.
    pub fn role(self) -> Role {
        match self {
            Self::Enrolment | Self::AdministratorRevocation => Role::CertificateAdmin,
            Self::KeyDestruction | Self::Erasure | Self::HoldRelease | Self::CopiesGone => Role::KeyCustodian,
            Self::PolicyActivation => Role::PolicyAdmin,
        }
    }
}

/// A proposal nobody has approved by then is void.
pub const PROPOSAL_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Something proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its id.
    pub id: Uuid,
    /// What kind.
    pub kind: ProposalKind,
    /// Whom or what it is about: an identity, a serial number, a key id, a version.
    pub subject: String,
    /// SHA-256 of what is proposed; the approver repeats it.
    pub digest: [u8; 32],
    /// Identity of the proposer.
    pub proposer: String,
    /// A closed word that says why; may be empty.
    pub reason: String,
    /// When it was proposed.
    pub proposed: Timestamp,
    /// Void from this moment on.
    pub expires: Timestamp,
    /// What is done on approval, for the room that does it.
    pub body: Vec<u8>,
    /// Identity of the approver, and when.
    pub approved: Option<(String, Timestamp)>,
}

/// Why somebody may not approve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotApprovable {
    /// Not their business.
    Role,
    /// Their own proposal, or one about themselves.
    Own,
    /// It is approved already.
    Decided,
    /// Its time is over.
    Expired,
}

impl Proposal {
    /// May `by` approve it at `now`?
    ///
    /// # Errors
    /// [`NotApprovable`], the first that holds.
    pub fn may_approve(&self, by: &Identity, now: Timestamp) -> Result<(), NotApprovable> {
        let who = by.as_str();
        if by.role() != self.kind.role() {
            Err(NotApprovable::Role)
        } else if who == self.proposer || who == self.subject {
            Err(NotApprovable::Own)
        } else if self.approved.is_some() {
            Err(NotApprovable::Decided)
        } else if now >= self.expires {
            Err(NotApprovable::Expired)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::TrustDomain;

    fn identity(path: &str) -> Identity {
        let domain = TrustDomain::parse("pilot.example").unwrap();
        Identity::parse(&format!("homeward://pilot.example/operator/{path}"), &domain).unwrap()
    }

    #[test]
    fn another_person_of_the_same_office_approves_in_time_and_once() {
        let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
        let proposal = |kind: ProposalKind| Proposal {
            id: Uuid::nil(),
            kind,
            subject: identity("certificate_admin/c").as_str().to_owned(),
            digest: [1; 32],
            proposer: identity("certificate_admin/a").as_str().to_owned(),
            reason: String::new(),
            proposed: now,
            expires: now + PROPOSAL_LIFE,
            body: Vec::new(),
            approved: None,
        };
        let one = proposal(ProposalKind::Enrolment);
        for (who, answer) in [
            ("certificate_admin/b", Ok(())),
            ("certificate_admin/a", Err(NotApprovable::Own)),
            ("certificate_admin/c", Err(NotApprovable::Own)),
            ("key_custodian/b", Err(NotApprovable::Role)),
            ("policy_admin/b", Err(NotApprovable::Role)),
        ] {
            assert_eq!(one.may_approve(&identity(who), now), answer, "{who}");
        }
        let second = identity("certificate_admin/b");
        assert_eq!(one.may_approve(&second, one.expires), Err(NotApprovable::Expired));
        let approved = Proposal { approved: Some((second.as_str().to_owned(), now)), ..one };
        assert_eq!(approved.may_approve(&second, now), Err(NotApprovable::Decided));
        let keys = proposal(ProposalKind::KeyDestruction);
        assert_eq!(keys.may_approve(&second, now), Err(NotApprovable::Role));
        assert_eq!(keys.may_approve(&identity("key_custodian/b"), now), Ok(()));
    }
}
