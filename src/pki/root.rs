//! The offline root: it signs issuing authorities and nothing else. Its folder belongs in a safe, not on a server.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use super::{
    Limits, PkiError, RevocationList, Tools, authority,
    keys::{self, KeyKind, Passphrase},
    leaf::{self, Validity},
    register::{self, Entry, Revoked},
};
use crate::{
    domain::identity::TrustDomain,
    platform::secret_file::{self, FileError},
};

/// Stands in the folder of a root until all that goes with making it is done.
const UNFINISHED: &str = "unfinished";
/// What else stands in it.
const FILES: [&str; 4] = ["passphrase", "root.key", "root.pem", register::ISSUED];

/// Takes a folder that is new or empty, or one in which making a root was broken off: what was left of that is taken away.
fn begin(dir: &Path) -> Result<(), PkiError> {
    let about = |source: io::Error| FileError::Io { path: dir.into(), source };
    if !is_unfinished(dir) {
        secret_file::create_private_dir(dir)?;
        File::create_new(dir.join(UNFINISHED)).map_err(about)?;
        return Ok(());
    }
    for file in fs::read_dir(dir).map_err(about)? {
        let file = file.map_err(about)?;
        let name = file.file_name().to_string_lossy().into_owned();
        if FILES.contains(&name.as_str()) || name.starts_with('.') && name.ends_with(".unfinished") {
            fs::remove_file(file.path()).map_err(about)?;
        }
    }
    Ok(())
}

/// Whether a root is being made in this folder, or making one was broken off.
pub(super) fn is_unfinished(dir: &Path) -> bool {
    dir.join(UNFINISHED).exists()
}

/// All that goes with making the root in this folder is done.
pub(super) fn finish(dir: &Path) -> Result<(), PkiError> {
    let marker = dir.join(UNFINISHED);
    fs::remove_file(&marker).map_err(|source| FileError::Io { path: marker, source }.into())
}

/// A root that can sign.
pub(super) struct Root {
    pem: String,
    serial: String,
    not_after: jiff::Timestamp,
    issuer: Issuer<'static, KeyPair>,
}

/// A root that was made.
pub(super) struct MadeRoot {
    pub(super) root: Root,
    pub(super) entry: Entry,
    /// Where its passphrase was written, if it was made here.
    pub(super) passphrase_file: Option<PathBuf>,
}

/// What was made in the folder of a root that is not finished, once its certificate is there.
pub(super) fn made(dir: &Path) -> Result<(String, Entry, Option<PathBuf>), PkiError> {
    let path = dir.join("root.pem");
    let pem = fs::read_to_string(&path).map_err(|source| FileError::Io { path: path.clone(), source })?;
    let serial = super::certificate::read(&path)?.serial;
    let entry = register::read(dir)?.into_iter().find(|entry| entry.serial == serial);
    let passphrase_file = Some(dir.join("passphrase")).filter(|file| file.exists());
    Ok((pem, entry.ok_or(PkiError::Damaged { path, what: "a root of its register" })?, passphrase_file))
}

impl Root {
    /// Makes a root in the folder `dir`, new or broken off; without a passphrase one is made and written beside the key. It is
    /// unfinished until [`finish`].
    pub(super) fn create(
        dir: &Path,
        (domain, name): (&TrustDomain, &str),
        days: i32,
        passphrase: Option<&Passphrase>,
        tools: Tools<'_>,
    ) -> Result<MadeRoot, PkiError> {
        begin(dir)?;
        let key = keys::make(KeyKind::P256)?;
        let validity = Validity::from_now(tools, days)?;
        let (params, serial) = params(name, validity, 1, tools)?;
        let certificate = params.self_signed(&key)?;
        let (pem, fingerprint) = (certificate.pem(), leaf::fingerprint(certificate.der()));
        let made = passphrase.is_none().then(|| Passphrase::make(tools)).transpose()?;
        let passphrase_file = dir.join("passphrase");
        if let Some(made) = &made {
            secret_file::create_secret(&passphrase_file, format!("{}\n", made.words()).as_bytes())?;
        }
        let passphrase = passphrase.or(made.as_ref()).ok_or(PkiError::Passphrase)?;
        secret_file::create_secret(&dir.join("root.key"), keys::lock(&key, passphrase, tools)?.as_bytes())?;
        secret_file::create_public(&dir.join("root.pem"), pem.as_bytes())?;
        let Validity { not_before, not_after } = validity;
        let holder = format!("root of {domain}");
        let entry = Entry { serial: serial.clone(), holder, not_before, not_after, issuer: String::new(), fingerprint };
        register::append(dir, &entry)?;
        let root = Self { pem, serial, not_after, issuer: Issuer::new(params, key) };
        Ok(MadeRoot { root, entry, passphrase_file: made.map(|_| passphrase_file) })
    }

    /// Takes up the root in `dir`; without a passphrase, with the one that was made beside the key.
    pub(super) fn load(dir: &Path, passphrase: Option<&Passphrase>) -> Result<Self, PkiError> {
        let beside = match passphrase {
            Some(_) => None,
            None => {
                let words = secret_file::read_secret(&dir.join("passphrase"))?;
                Some(Passphrase::chosen(&String::from_utf8_lossy(&words))?)
            }
        };
        let passphrase = passphrase.or(beside.as_ref()).ok_or(PkiError::Passphrase)?;
        let key = keys::unlock(&dir.join("root.key"), passphrase)?;
        let path = dir.join("root.pem");
        let pem = fs::read_to_string(&path).map_err(|source| FileError::Io { path: path.clone(), source })?;
        let super::certificate::Read { serial, not_after, .. } = super::certificate::read(&path)?;
        let issuer = Issuer::from_ca_cert_pem(&pem, key)
            .map_err(|_| PkiError::Damaged { path, what: "a certificate of an authority in PEM" })?;
        Ok(Self { pem, serial, not_after, issuer })
    }

    /// The serial number of its certificate.
    pub(super) fn serial(&self) -> &str {
        &self.serial
    }

    /// The certificate, for those who verify.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// Signs the list of issuing authorities that nobody is to accept any longer.
    pub(super) fn revocation_list(
        &self,
        revoked: &[Revoked],
        limits: Limits,
        tools: Tools<'_>,
    ) -> Result<RevocationList, PkiError> {
        authority::list(&self.issuer, revoked, limits.root_list_days, tools)
    }

    /// Signs an issuing authority.
    pub(super) fn sign(
        &self,
        domain: &TrustDomain,
        key: &KeyPair,
        days: i32,
        tools: Tools<'_>,
    ) -> Result<(String, Entry), PkiError> {
        let validity = Validity::from_now(tools, days)?.within(self.not_after);
        let year = tools.clock.now().strftime("%Y-%m-%d %H:%M").to_string();
        let (mut params, serial) =
            params(&format!("Homeward issuing authority of {domain}, {year}"), validity, 0, tools)?;
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(key, &self.issuer)?;
        let (pem, fingerprint) = (certificate.pem(), leaf::fingerprint(certificate.der()));
        let Validity { not_before, not_after } = validity;
        let (holder, issuer) = (format!("issuing authority of {domain}"), self.serial.clone());
        Ok((pem, Entry { serial, holder, not_before, not_after, issuer, fingerprint }))
    }
}

/// An authority's parameters; `below` authorities may stand between it and a leaf.
fn params(
    name: &str,
    validity: Validity,
    below: u8,
    tools: Tools<'_>,
) -> Result<(CertificateParams, String), PkiError> {
    let mut params = CertificateParams::default();
    let serial = leaf::serial(&mut params, tools)?;
    validity.apply(&mut params);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok((params, serial))
}
