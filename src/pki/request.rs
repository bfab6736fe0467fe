//! Certificate signing requests (PKCS#10): making one where the key is, and reading one as if its sender meant ill.
//!
//! Only the public key and the one name that may be asked for are ever taken over; whatever else is asked for is refused.

use rcgen::{
    CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SanType,
    SubjectPublicKeyInfo, string::Ia5String,
};
use ring::digest::{SHA256, digest};
use x509_parser::{
    certification_request::X509CertificationRequest,
    cri_attributes::ParsedCriAttribute,
    extensions::{GeneralName, ParsedExtension},
    pem::parse_x509_pem,
    prelude::FromDer,
    public_key::PublicKey,
};

use super::{PkiError, leaf::LeafKind};
use crate::domain::identity::{Identity, TrustDomain};

/// No honest request is larger, in bytes.
const LARGEST: usize = 16 * 1024;
const WEAKEST_RSA: usize = 2048;

/// Why a request is not signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not a request in PEM or DER.
    #[error("this is not one certificate signing request in PEM (PKCS#10)")]
    Unreadable,
    /// Not signed by the key it is for, or changed on its way.
    #[error("the request was not signed with the key it is for; make it anew")]
    Signature,
    /// A weak key.
    #[error("an RSA key must have 2048 bits or more; `homeward pki request` makes P-256")]
    Weak,
    /// An unknown kind of key.
    #[error("the key must be P-256, P-384, Ed25519, or RSA of 2048 bits or more")]
    Algorithm,
    /// Asks to be an authority.
    #[error("the request asks to be an authority; only the offline root makes one")]
    Authority,
    /// Asks for something that is never given.
    #[error("the request asks for an extension that is never given; ask for the subject alternative name only")]
    Extension,
    /// Not one identity, nor only names of servers.
    #[error(
        "the request must have exactly one subject alternative name, the identity as a URI (for a server: its names)"
    )]
    Names,
    /// The purpose and the name do not go together.
    #[error("the purpose that the request asks for does not go with its name")]
    Purpose,
    /// Many client libraries cannot verify such a server.
    #[error("a server's key should be P-256: many clients cannot verify Ed25519; say so if all of yours can")]
    ServerEd25519,
}

/// A request that was read and found sound.
pub struct Request {
    /// Whose.
    pub(super) kind: LeafKind,
    pub(super) public_key: SubjectPublicKeyInfo,
    ed25519: bool,
    fingerprint: String,
}

impl Request {
    /// Reads a request for an identity of this trust domain, or for a server.
    ///
    /// # Errors
    /// [`RequestError`], and the identity's own faults.
    pub fn read(bytes: &[u8], domain: &TrustDomain) -> Result<Self, PkiError> {
        let der = der(bytes)?;
        let (rest, request) = X509CertificationRequest::from_der(&der).map_err(|_| RequestError::Unreadable)?;
        if !rest.is_empty() {
            return Err(RequestError::Unreadable.into());
        }
        let key = &request.certification_request_info.subject_pki;
        let ed25519 = match key.parsed() {
            Ok(PublicKey::RSA(rsa)) if rsa.key_size() < WEAKEST_RSA => return Err(RequestError::Weak.into()),
            Ok(PublicKey::RSA(_) | PublicKey::EC(_)) => false,
            Ok(PublicKey::Unknown(_)) => true,
            Ok(_) | Err(_) => return Err(RequestError::Algorithm.into()),
        };
        let public_key = SubjectPublicKeyInfo::from_der(key.raw).map_err(|_| RequestError::Algorithm)?;
        request.verify_signature().map_err(|_| RequestError::Signature)?;
        let kind = asked(&request, domain)?;
        let fingerprint = hex::encode(digest(&SHA256, &der));
        Ok(Self { kind, public_key, ed25519, fingerprint })
    }

    /// SHA-256 of the request, 64 hexadecimal digits: what is read out over the telephone before it is approved.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The identity that is asked for; `None` for a server's request.
    pub fn identity(&self) -> Option<&Identity> {
        match &self.kind {
            LeafKind::Client(identity) => Some(identity),
            LeafKind::Server(_) => None,
        }
    }

    /// The holder, as the register names it.
    pub fn holder(&self) -> String {
        self.kind.holder()
    }

    /// True for a server whose key many clients cannot verify.
    pub(super) fn is_ed25519_server(&self) -> bool {
        self.ed25519 && matches!(self.kind, LeafKind::Server(_))
    }
}

/// The one request in a PEM file, or in DER.
fn der(bytes: &[u8]) -> Result<Vec<u8>, RequestError> {
    if bytes.len() > LARGEST {
        return Err(RequestError::Unreadable);
    }
    // DER of a sequence begins with this byte; no PEM does.
    if bytes.first() == Some(&0x30) {
        return Ok(bytes.to_vec());
    }
    let (rest, pem) = parse_x509_pem(bytes).map_err(|_| RequestError::Unreadable)?;
    let known = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"].contains(&pem.label.as_str());
    if known && rest.iter().all(u8::is_ascii_whitespace) { Ok(pem.contents) } else { Err(RequestError::Unreadable) }
}

/// What the extensions ask for.
#[derive(Default)]
struct Asked {
    uris: Vec<String>,
    servers: Vec<SanType>,
    names: usize,
    client: bool,
    server: bool,
}

fn asked(request: &X509CertificationRequest<'_>, domain: &TrustDomain) -> Result<LeafKind, PkiError> {
    let mut asked = Asked::default();
    for attribute in request.certification_request_info.iter_attributes() {
        // Other attributes, such as the version of the system it was made on, are never taken over.
        let ParsedCriAttribute::ExtensionRequest(wanted) = attribute.parsed_attribute() else { continue };
        for extension in &wanted.extensions {
            asked.read(extension.parsed_extension())?;
        }
    }
    match (asked.uris.as_slice(), asked.servers.as_slice()) {
        ([uri], []) if asked.names == 1 => {
            let identity = Identity::parse(uri, domain)?;
            if asked.server { Err(RequestError::Purpose.into()) } else { Ok(LeafKind::Client(identity)) }
        }
        ([], [_, ..]) if asked.names == 1 && !asked.client => Ok(LeafKind::Server(asked.servers)),
        ([], [_, ..]) if asked.client => Err(RequestError::Purpose.into()),
        _ => Err(RequestError::Names.into()),
    }
}

impl Asked {
    fn read(&mut self, extension: &ParsedExtension<'_>) -> Result<(), RequestError> {
        match extension {
            ParsedExtension::SubjectAlternativeName(names) => {
                self.names += 1;
                names.general_names.iter().try_for_each(|name| self.name(name))
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                let other = usage.any
                    || usage.code_signing
                    || usage.email_protection
                    || usage.time_stamping
                    || usage.ocsp_signing
                    || !usage.other.is_empty();
                (self.client, self.server) = (self.client || usage.client_auth, self.server || usage.server_auth);
                if other || (self.client && self.server) { Err(RequestError::Purpose) } else { Ok(()) }
            }
            ParsedExtension::KeyUsage(usage) if usage.key_cert_sign() || usage.crl_sign() => {
                Err(RequestError::Authority)
            }
            ParsedExtension::BasicConstraints(basic) if basic.ca => Err(RequestError::Authority),
            ParsedExtension::KeyUsage(_)
            | ParsedExtension::BasicConstraints(_)
            | ParsedExtension::SubjectKeyIdentifier(_) => Ok(()),
            _ => Err(RequestError::Extension),
        }
    }

    fn name(&mut self, name: &GeneralName<'_>) -> Result<(), RequestError> {
        match name {
            GeneralName::URI(uri) => self.uris.push((*uri).to_owned()),
            GeneralName::DNSName(name) => {
                self.servers.push(super::leaf::server_name(name).map_err(|_| RequestError::Names)?);
            }
            GeneralName::IPAddress(bytes) => {
                let four = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from).ok();
                let address = four.or_else(|| <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from).ok());
                self.servers.push(SanType::IpAddress(address.ok_or(RequestError::Names)?));
            }
            _ => return Err(RequestError::Names),
        }
        Ok(())
    }
}

/// A request for `identity`, signed by `key`; in PEM, with its fingerprint.
pub(super) fn make(identity: &Identity, key: &KeyPair) -> Result<(String, String), PkiError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.subject_alt_names = vec![SanType::URI(Ia5String::try_from(identity.as_str())?)];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let request = params.serialize_request(key)?;
    Ok((request.pem()?, hex::encode(digest(&SHA256, request.der()))))
}
