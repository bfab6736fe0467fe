//! Certificates of servers and clients: random serial, one purpose each.

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData, SanType, SerialNumber, string::Ia5String,
};
use ring::digest::{SHA256, digest};

use super::{BACKDATED, PkiError, Tools, register::Entry};
use crate::{domain::identity::Identity, platform::entropy};

/// A moment in the certificate library's own type of time, which can be reached from the epoch without naming its crate.
macro_rules! library_time {
    ($at:expr) => {
        rcgen::date_time_ymd(1970, 1, 1)
            + std::time::Duration::from_secs(u64::try_from(jiff::Timestamp::as_second($at)).unwrap_or(0))
    };
}
pub(super) use library_time;

/// Whose certificate.
pub(super) enum LeafKind {
    /// A server's, for these names.
    Server(Vec<SanType>),
    /// A client's.
    Client(Identity),
}

impl LeafKind {
    /// As the register names it.
    pub(super) fn holder(&self) -> String {
        match self {
            Self::Server(names) => format!("server {}", names.iter().map(shown).collect::<Vec<_>>().join(" ")),
            Self::Client(identity) => identity.as_str().to_owned(),
        }
    }
}

/// From when until when, to the second.
#[derive(Clone, Copy)]
pub(super) struct Validity {
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

impl Validity {
    /// From a little before now, for `days` from now.
    pub(super) fn from_now(tools: Tools<'_>, days: i32) -> Result<Self, PkiError> {
        let now = tools.clock.now();
        let later = now.to_zoned(TimeZone::UTC).checked_add(days.days());
        let not_before = now.checked_sub(BACKDATED);
        match (not_before, later) {
            (Ok(not_before), Ok(later)) => {
                Ok(Self { not_before: whole_second(not_before), not_after: whole_second(later.timestamp()) })
            }
            _ => Err(PkiError::Days { longest: days }),
        }
    }

    /// The same, ending with whoever signs it at the latest.
    pub(super) fn within(self, issuer: Timestamp) -> Self {
        Self { not_after: self.not_after.min(issuer), ..self }
    }

    pub(super) fn apply(&self, params: &mut CertificateParams) {
        params.not_before = library_time!(self.not_before);
        params.not_after = library_time!(self.not_after);
    }
}

/// A certificate for a public key, in PEM, with its line of the register.
pub(super) struct Certified {
    pub(super) entry: Entry,
    pub(super) pem: String,
}

/// Who signs: a key, and the serial number of its certificate.
#[derive(Clone, Copy)]
pub(super) struct Signer<'a> {
    pub(super) issuer: &'a Issuer<'static, KeyPair>,
    pub(super) serial: &'a str,
}

/// Signs a certificate for a public key.
pub(super) fn certify(
    kind: &LeafKind,
    public_key: &impl PublicKeyData,
    validity: Validity,
    signer: Signer<'_>,
    tools: Tools<'_>,
) -> Result<Certified, PkiError> {
    let mut params = CertificateParams::default();
    let serial = serial(&mut params, tools)?;
    validity.apply(&mut params);
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.distinguished_name = DistinguishedName::new();
    match kind {
        LeafKind::Server(names) => {
            params.distinguished_name.push(DnType::CommonName, "Homeward server");
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            params.subject_alt_names.clone_from(names);
        }
        LeafKind::Client(identity) => {
            // The subject is for people who list certificates; who it is, the one URI says.
            params.distinguished_name.push(DnType::CommonName, short(identity));
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            params.subject_alt_names = vec![SanType::URI(Ia5String::try_from(identity.as_str())?)];
        }
    }
    let certificate = params.signed_by(public_key, signer.issuer)?;
    let Validity { not_before, not_after } = validity;
    let (holder, issuer, fingerprint) = (kind.holder(), signer.serial.to_owned(), fingerprint(certificate.der()));
    let entry = Entry { serial, holder, not_before, not_after, issuer, fingerprint };
    Ok(Certified { entry, pem: certificate.pem() })
}

/// What the register knows a certificate by.
pub(super) fn fingerprint(der: &[u8]) -> String {
    hex::encode(digest(&SHA256, der))
}

/// A serial number of 128 random bits, positive and without leading zero, so that it has one spelling.
pub(super) fn serial(params: &mut CertificateParams, tools: Tools<'_>) -> Result<String, PkiError> {
    let mut bytes = entropy::random::<16>(tools.entropy)?;
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&bytes));
    Ok(hex::encode(bytes))
}

/// The names a server answers to; none means this machine.
pub(super) fn server_names(names: &[String]) -> Result<Vec<SanType>, PkiError> {
    let own = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let names = if names.is_empty() { &own[..] } else { names };
    names.iter().map(|name| server_name(name)).collect()
}

pub(super) fn server_name(name: &str) -> Result<SanType, PkiError> {
    if let Ok(address) = name.parse() {
        return Ok(SanType::IpAddress(address));
    }
    let label = |label: &str| {
        let plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        plain && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_dns = name.len() <= 253 && name.split('.').all(label);
    let name = is_dns.then(|| Ia5String::try_from(name).ok()).flatten().ok_or(PkiError::ServerName(name.to_owned()))?;
    Ok(SanType::DnsName(name))
}

fn shown(name: &SanType) -> String {
    match name {
        SanType::DnsName(name) => name.as_str().to_owned(),
        SanType::IpAddress(address) => address.to_string(),
        _ => String::new(),
    }
}

/// At most 64 characters, the limit of a common name.
fn short(identity: &Identity) -> String {
    format!("{} {}", identity.role(), identity.name()).chars().take(64).collect()
}

fn whole_second(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}
