//! The issuing authority for the daemon: its folder, opened anew for each use, so that a rotation needs no restart.

use std::{fs, path::PathBuf};

use crate::{
    broker::{
        Asked, Certificate, Issuer, IssuerError, Looks, NewCertificate, Register, Revocation, SignedList, Tainted,
    },
    pki::{self, Authority, Days, Entry, Limits, PkiError, Request, Revoked, Tools},
    platform::{Clock, SystemEntropy},
};

/// The authority in a folder that `homeward pki init` made.
pub struct FolderIssuer {
    folder: PathBuf,
    clock: std::sync::Arc<dyn Clock>,
    entropy: SystemEntropy,
}

impl FolderIssuer {
    /// Checks that the folder holds an authority.
    ///
    /// # Errors
    /// [`PkiError`] naming the file that is missing, damaged, or open to others.
    pub fn open(folder: PathBuf, clock: std::sync::Arc<dyn Clock>) -> Result<Self, PkiError> {
        Authority::open(&folder)?;
        Limits::of(&folder)?;
        Ok(Self { folder, clock, entropy: SystemEntropy::new() })
    }

    fn tools(&self) -> Tools<'_> {
        Tools { clock: &*self.clock, entropy: &self.entropy }
    }

    fn authority(&self, days: Option<i32>) -> Result<(Authority, Days), PkiError> {
        let days = Days { wanted: days, limits: Limits::of(&self.folder)?, ..Days::default() };
        Ok((Authority::open(&self.folder)?, days))
    }

    fn signed(&self, request: &[u8], days: Option<i32>) -> Result<(pki::Signed, Authority, Request), PkiError> {
        let (authority, days) = self.authority(days)?;
        let request = Request::read(request, authority.trust_domain())?;
        Ok((authority.sign_request(&request, days, self.tools())?, authority, request))
    }
}

impl Issuer for FolderIssuer {
    fn read(&self, request: &[u8], days: Option<i32>) -> Result<Asked, IssuerError> {
        // Signed for nobody: whatever would be wrong with it on approval is wrong now.
        let (_, _, request) = self.signed(request, days).map_err(told)?;
        let fingerprint = hex::decode(request.fingerprint()).ok().and_then(|bytes| bytes.try_into().ok());
        let fingerprint = fingerprint.ok_or_else(|| IssuerError::Failed("a fingerprint is not 32 bytes".into()))?;
        Ok(Asked { holder: request.holder(), fingerprint })
    }

    fn sign(&self, request: &[u8], days: Option<i32>) -> Result<NewCertificate, IssuerError> {
        let (signed, authority, _) = self.signed(request, days).map_err(told)?;
        let certificate = Certificate { chain: signed.chain, ..certificate(signed.entry) };
        Ok(NewCertificate { certificate, bundle: authority.bundle().to_owned() })
    }

    fn revocation_list(&self, revoked: &[Revocation]) -> Result<SignedList, IssuerError> {
        let revoked: Vec<Revoked> =
            revoked.iter().map(|one| Revoked { serial: one.serial.clone(), reason: one.reason, at: one.at }).collect();
        let lists = pki::revocation_lists(&self.folder, &revoked, self.tools()).map_err(told)?;
        let pem = lists.iter().map(|list| list.pem.as_str()).collect();
        let first = lists.into_iter().next().ok_or_else(|| IssuerError::Failed("nobody signs a list".into()))?;
        let pki::RevocationList { der, this_update, next_update, .. } = first;
        Ok(SignedList { der, pem, this_update, next_update })
    }

    fn bundle(&self) -> Result<String, IssuerError> {
        pki::bundle(&self.folder).map_err(told)
    }

    fn looks(&self) -> Looks {
        ["issued.tsv", "revoked.tsv", "tainted.tsv"].map(|name| {
            let found = fs::metadata(self.folder.join(name)).ok()?;
            Some((found.len(), found.modified().ok()?.try_into().ok()?))
        })
    }

    fn register(&self) -> Result<Register, IssuerError> {
        let issued = pki::list(&self.folder).map_err(told)?;
        let holder = |serial: &str| {
            let entry = issued.iter().find(|entry| entry.serial == serial);
            entry.map(|entry| entry.holder.clone()).unwrap_or_default()
        };
        let revoked = pki::revoked(&self.folder).map_err(told)?.into_iter().map(|one| Revocation {
            holder: holder(&one.serial),
            serial: one.serial,
            reason: one.reason,
            at: one.at,
            by: String::new(),
        });
        let revoked = revoked.collect();
        let tainted = pki::tainted(&self.folder).map_err(told)?;
        let tainted = tainted.into_iter().map(|one| Tainted { serial: one.serial, at: one.at }).collect();
        Ok(Register { issued: issued.into_iter().map(certificate).collect(), revoked, tainted })
    }
}

fn certificate(entry: Entry) -> Certificate {
    let Entry { serial, holder, not_before, not_after, issuer, fingerprint } = entry;
    Certificate { serial, holder, not_before, not_after, chain: String::new(), issuer, fingerprint }
}

fn told(error: PkiError) -> IssuerError {
    match error {
        PkiError::Request(_) | PkiError::Identity(_) => IssuerError::Request(error.to_string()),
        PkiError::Days { .. } => IssuerError::Days(error.to_string()),
        error => IssuerError::Failed(error.to_string()),
    }
}
