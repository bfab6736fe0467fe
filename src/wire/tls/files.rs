//! The files of a TLS folder, read as one: everything that is wrong is found at once, and nothing is taken of a folder
//! with a fault.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use zeroize::Zeroizing;

use super::{
    TlsError, TlsFaults, TlsSettings,
    authorities::Authorities,
    revocation::{self, Lists},
};
use crate::platform::secret_file::{self, FileError};

/// What a folder holds.
pub(super) struct Material {
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: Zeroizing<PrivateKeyDer<'static>>,
    pub(super) authorities: Authorities,
    pub(super) lists: Lists,
}

impl TlsSettings {
    /// The files and folders in which a change shows.
    pub fn watched(&self) -> Vec<PathBuf> {
        let files = ["ca.pem", "cert.pem", "key.pem"].iter().map(|name| self.folder.join(name));
        files.chain(self.revocation.iter().map(|revocation| revocation.folder.clone())).collect()
    }
}

/// Reads the folder. The key must be readable by its owner alone.
pub(super) fn read(settings: &TlsSettings) -> Result<Material, TlsFaults> {
    let at = |name: &str| settings.folder.join(name);
    let ca = at("ca.pem");
    let authorities = certificates(&ca).and_then(|all| Authorities::of(all, &ca));
    let lists = match (&settings.revocation, &authorities) {
        (Some(revocation), Ok(authorities)) => revocation::read(revocation, authorities),
        // Whose lists they are is known when the authorities are.
        _ => Ok(Lists::default()),
    };
    match (authorities, certificates(&at("cert.pem")), key(&at("key.pem")), lists) {
        (Ok(authorities), Ok(chain), Ok(key), Ok(lists)) => Ok(Material { chain, key, authorities, lists }),
        (authorities, chain, key, lists) => {
            let mut faults: Vec<_> = [authorities.err(), chain.err(), key.err()].into_iter().flatten().collect();
            faults.extend(lists.err().into_iter().flatten());
            Err(TlsFaults(faults))
        }
    }
}

/// The authorities of a file, each of them trusted.
pub(in crate::wire) fn roots(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|_| TlsError::Pem { path: path.into(), what: "an authority's certificate" })?;
    }
    Ok(roots)
}

fn key(path: &Path) -> Result<Zeroizing<PrivateKeyDer<'static>>, TlsError> {
    let pem = secret_file::read_secret(path)?;
    let key = PrivateKeyDer::from_pem_slice(&pem);
    Ok(Zeroizing::new(key.map_err(|_| TlsError::Pem { path: path.into(), what: "a private key" })?))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = fs::read(path).map_err(|source| FileError::Io { path: path.into(), source })?;
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = read.ok().filter(|certificates| !certificates.is_empty());
    certificates.ok_or(TlsError::Pem { path: path.into(), what: "a certificate" })
}
