//! Who a peer is: the one URI in its certificate (contract 3). It only says who; what they may do is in `grants`.

use std::fmt;

use jiff::Timestamp;

use super::code::vocabulary;

const SCHEME: &str = "homeward://";
/// No certificate of ours holds a longer identity.
const LONGEST: usize = 256;

vocabulary! {
    /// What a certificate's holder is employed to do (contract 3).
    Role {
        /// A council's system that submits.
        CouncilSubmitter = "council_submitter",
        /// A delegated provider's system that submits.
        ProviderSubmitter = "provider_submitter",
        /// A manager in a council.
        CouncilManager = "council_manager",
        /// The lead practitioner of the allocated team.
        LeadPractitioner = "lead_practitioner",
        /// Multi-agency safeguarding hub.
        MashOfficer = "mash_officer",
        /// Emergency duty team.
        EdtOfficer = "edt_officer",
        /// Missing persons unit.
        MpuOfficer = "mpu_officer",
        /// Referral desk.
        RefdeskOfficer = "refdesk_officer",
        /// Another force's control room.
        ForceOfficer = "force_officer",
        /// Police intelligence: provenance, and grading.
        PoliceIntelligence = "police_intelligence",
        /// Supervisor of a unit.
        UnitSupervisor = "unit_supervisor",
        /// Settles what is on HOLD.
        HoldResolver = "hold_resolver",
        /// Issues and revokes certificates.
        CertificateAdmin = "certificate_admin",
        /// Keeps keys.
        KeyCustodian = "key_custodian",
        /// Keeps rules and directory.
        PolicyAdmin = "policy_admin",
        /// Reads the ledger.
        Auditor = "auditor",
        /// Reads statistics.
        Analyst = "analyst",
    }
}

vocabulary! {
    /// What kind of organisation: the first segment of the path.
    OrganisationScheme {
        /// A council, by GSS code.
        Gss = "gss",
        /// A unit of the Metropolitan Police, by BCU.
        Met = "met",
        /// Another force, by police force area code, or `BTP`.
        Pfa = "pfa",
        /// A delegated provider.
        Provider = "provider",
        /// Whoever runs this broker.
        Operator = "operator",
    }
}

/// The authority part of every identity of one installation, e.g. `pilot.example`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TrustDomain(String);

impl TrustDomain {
    /// Reads a trust domain: 1 to 100 of `[A-Za-z0-9._-]`, neither `.` nor `..`.
    pub fn parse(name: &str) -> Result<Self, IdentityError> {
        if name.len() <= 100 && is_segment(name) { Ok(Self(name.to_owned())) } else { Err(IdentityError::TrustDomain) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An organisation, or a part of one: `gss/E09000004`, `met/SE`, `provider/safer-returns`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Organisation {
    scheme: OrganisationScheme,
    id: String,
}

impl Organisation {
    /// Reads `<scheme>/<id>…`; an id may have several segments. There is one operator, which needs no id.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        let (scheme, id) = match text.split_once('/') {
            Some((scheme, id)) => (scheme, Some(id)),
            None => (text, None),
        };
        let scheme = OrganisationScheme::from_code(scheme).ok_or(IdentityError::Scheme)?;
        match id {
            None if scheme == OrganisationScheme::Operator => {}
            None => return Err(IdentityError::Shape),
            Some(id) if id.split('/').all(is_segment) => {}
            Some(_) => return Err(IdentityError::Characters),
        }
        Ok(Self { scheme, id: id.unwrap_or_default().to_owned() })
    }

    /// The kind of organisation.
    pub fn scheme(&self) -> OrganisationScheme {
        self.scheme
    }

    /// The id within the scheme, e.g. `E09000004`; empty for the operator.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl fmt::Display for Organisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id.as_str() {
            "" => write!(f, "{}", self.scheme),
            id => write!(f, "{}/{id}", self.scheme),
        }
    }
}

/// `homeward://<trust-domain>/<scheme>/<id>…/<role>/<name>`: an organisation, a role in it, and a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    uri: String,
    organisation: Organisation,
    role: Role,
}

impl Identity {
    /// Reads an identity exactly as contract 3 writes it, of this trust domain and no other.
    pub fn parse(uri: &str, trust_domain: &TrustDomain) -> Result<Self, IdentityError> {
        if uri.len() > LONGEST {
            return Err(IdentityError::Shape);
        }
        let rest = uri.strip_prefix(SCHEME).ok_or(IdentityError::Shape)?;
        let (domain, path) = rest.split_once('/').ok_or(IdentityError::Shape)?;
        if domain != trust_domain.as_str() {
            return Err(IdentityError::TrustDomain);
        }
        let (rest, name) = path.rsplit_once('/').ok_or(IdentityError::Shape)?;
        let (organisation, role) = rest.rsplit_once('/').ok_or(IdentityError::Shape)?;
        if !is_segment(name) {
            return Err(IdentityError::Characters);
        }
        let organisation = Organisation::parse(organisation)?;
        let role = Role::from_code(role).ok_or(IdentityError::Role)?;
        Ok(Self { uri: uri.to_owned(), organisation, role })
    }

    /// Reads an identity that was kept, of whatever trust domain; `None` for anything else. Nobody is let in by it.
    pub fn kept(uri: &str) -> Option<Self> {
        let domain = uri.strip_prefix(SCHEME)?.split('/').next()?;
        Self::parse(uri, &TrustDomain::parse(domain).ok()?).ok()
    }

    /// The identity of `name` with `role` in `organisation`.
    pub fn new(
        domain: &TrustDomain,
        organisation: &Organisation,
        role: Role,
        name: &str,
    ) -> Result<Self, IdentityError> {
        Self::parse(&format!("{SCHEME}{domain}/{organisation}/{role}/{name}"), domain)
    }

    /// The organisation, scheme and id.
    pub fn organisation(&self) -> &Organisation {
        &self.organisation
    }

    /// The role.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The last segment: a person's or a system's name within the organisation.
    pub fn name(&self) -> &str {
        self.uri.rsplit('/').next().unwrap_or_default()
    }

    /// The trust domain.
    pub fn trust_domain(&self) -> &str {
        self.uri.strip_prefix(SCHEME).and_then(|rest| rest.split('/').next()).unwrap_or_default()
    }

    /// The whole URI. It may be logged: a certificate holds no content.
    pub fn as_str(&self) -> &str {
        &self.uri
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.uri)
    }
}

/// Why a URI is not an identity here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Not `homeward://<trust-domain>/<scheme>/<id>…/<role>/<name>`.
    #[error("an identity is homeward://<trust-domain>/<scheme>/<id>/<role>/<name>")]
    Shape,
    /// Another trust domain, or none.
    #[error("the identity belongs to another trust domain")]
    TrustDomain,
    /// A scheme that is not known.
    #[error("the scheme is one of gss, met, pfa, provider, operator")]
    Scheme,
    /// A role that is not known.
    #[error("the role is not one of the closed list")]
    Role,
    /// An empty segment, `.`, `..`, or another character.
    #[error("every segment is made of A-Z a-z 0-9 . _ -")]
    Characters,
}

/// A peer whose certificate was verified: who, by which certificate, until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Who.
    pub identity: Identity,
    /// The certificate's serial number, lower-case hex without leading zeros.
    pub serial: String,
    /// The certificate's `notAfter`: valid through this second.
    pub not_after: Timestamp,
    /// Our own authority signed the certificate, and its register does not hold it: somebody has a copy of the authority's key.
    /// It is never renewed, and administers nothing.
    pub unlisted: bool,
}

impl Peer {
    /// True through the last second of the certificate's validity.
    pub fn is_current(&self, now: Timestamp) -> bool {
        now.as_second() <= self.not_after.as_second()
    }

    /// The first moment at which the certificate is of no use.
    pub fn ends(&self) -> Timestamp {
        Timestamp::from_second(self.not_after.as_second().saturating_add(1)).unwrap_or(self.not_after)
    }
}

fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain() -> TrustDomain {
        TrustDomain::parse("pilot.example").unwrap()
    }

    #[test]
    fn the_examples_of_the_contract_are_identities() {
        for (path, organisation, role, name) in [
            ("gss/E09000004/council_submitter/case-system", "gss/E09000004", Role::CouncilSubmitter, "case-system"),
            ("met/SE/mpu_officer/p123", "met/SE", Role::MpuOfficer, "p123"),
            ("pfa/E23000028/force_officer/x", "pfa/E23000028", Role::ForceOfficer, "x"),
            ("provider/safer-returns/provider_submitter/crm", "provider/safer-returns", Role::ProviderSubmitter, "crm"),
            ("operator/certificate_admin/k1", "operator", Role::CertificateAdmin, "k1"),
        ] {
            let uri = format!("homeward://pilot.example/{path}");
            let identity = Identity::parse(&uri, &domain()).unwrap();
            assert_eq!(identity.organisation().to_string(), organisation);
            assert_eq!((identity.role(), identity.name(), identity.as_str()), (role, name, uri.as_str()));
            assert_eq!(Identity::new(&domain(), identity.organisation(), role, name).unwrap(), identity);
        }
    }

    #[test]
    fn an_id_may_have_several_segments() {
        let uri = "homeward://pilot.example/provider/safer-returns/north/provider_submitter/crm";
        let identity = Identity::parse(uri, &domain()).unwrap();
        assert_eq!(identity.organisation().to_string(), "provider/safer-returns/north");
    }

    #[test]
    fn anything_else_is_not_an_identity() {
        use IdentityError::*;
        for (uri, why) in [
            ("", Shape),
            ("https://pilot.example/gss/E09000004/council_submitter/x", Shape),
            ("homeward:/pilot.example/gss/E09000004/council_submitter/x", Shape),
            ("HOMEWARD://pilot.example/gss/E09000004/council_submitter/x", Shape),
            ("homeward:///gss/E09000004/council_submitter/x", TrustDomain),
            ("homeward://other.example/gss/E09000004/council_submitter/x", TrustDomain),
            ("homeward://pilot.example.evil/gss/E09000004/council_submitter/x", TrustDomain),
            ("homeward://user@pilot.example/gss/E09000004/council_submitter/x", TrustDomain),
            ("homeward://pilot.example:443/gss/E09000004/council_submitter/x", TrustDomain),
            ("homeward://PILOT.example/gss/E09000004/council_submitter/x", TrustDomain),
            ("homeward://pilot.example/gss/E09000004/council_submitter/", Characters),
            ("homeward://pilot.example/gss/E09000004/council_submitter/a%2Fb", Characters),
            ("homeward://pilot.example/gss/E09000004/council_submitter/x?y", Characters),
            ("homeward://pilot.example/gss/E09000004/council_submitter/x#y", Characters),
            ("homeward://pilot.example/gss/E09000004/council_submitter/..", Characters),
            ("homeward://pilot.example/gss//council_submitter/x", Characters),
            ("homeward://pilot.example/gss/../council_submitter/x", Characters),
            ("homeward://pilot.example/gss/E09000004/council_submitter/\u{430}", Characters),
            ("homeward://pilot.example/nhs/E09000004/council_submitter/x", Scheme),
            ("homeward://pilot.example/gss/E09000004/king/x", Role),
            ("homeward://pilot.example/gss/E09000004/Council_Submitter/x", Role),
            ("homeward://pilot.example/council_submitter/x", Shape),
        ] {
            assert_eq!(Identity::parse(uri, &domain()).unwrap_err(), why, "{uri}");
        }
        let long = format!("homeward://pilot.example/gss/E09000004/council_submitter/{}", "x".repeat(LONGEST));
        assert_eq!(Identity::parse(&long, &domain()).unwrap_err(), Shape);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_written_there_is_refused_or_means_one_thing(text in "[a-z/._%:@-]{0,60}", any in ".{0,80}") {
            let start = "homeward://pilot.example/";
            for uri in [format!("{start}{text}"), format!("{start}gss/{any}/auditor/x"), any] {
                if let Ok(identity) = Identity::parse(&uri, &domain()) {
                    let parts = (identity.organisation(), identity.role(), identity.name());
                    proptest::prop_assert_eq!(&Identity::new(&domain(), parts.0, parts.1, parts.2).unwrap(), &identity);
                    proptest::prop_assert_eq!(identity.as_str(), uri);
                }
            }
        }
    }
}
