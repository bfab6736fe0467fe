//! How long certificates may be valid: short by default, and a folder may say otherwise.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};

use super::PkiError;
use crate::platform::secret_file::{self, FileError};

const NAME: &str = "limits.json";

/// Longest validities, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// A client's certificate.
    pub client_days: i32,
    /// A server's certificate.
    pub server_days: i32,
    /// An issuing authority's.
    pub authority_days: i32,
    /// Until the next revocation list is promised.
    pub revocation_list_days: i32,
    /// The offline root's, as it is made.
    pub root_days: i32,
    /// Until the root's next list is promised: it is fetched from where it is kept by then.
    pub root_list_days: i32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            client_days: 90,
            server_days: 30,
            authority_days: 730,
            revocation_list_days: 7,
            root_days: 3650,
            root_list_days: 400,
        }
    }
}

impl Limits {
    /// The limits of a folder; the usual ones where it has none.
    pub fn of(dir: &Path) -> Result<Self, PkiError> {
        let path = dir.join(NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(FileError::Io { path, source }.into()),
        };
        let limits: Self = serde_json::from_str(&text).map_err(|_| PkiError::Damaged { path, what: "limits" })?;
        limits.check().map(|()| limits)
    }

    /// Writes them down, where they are not the usual ones.
    pub(super) fn keep(self, dir: &Path) -> Result<(), PkiError> {
        if self == Self::default() {
            return Ok(());
        }
        let text = serde_json::to_string(&self).map_err(|_| PkiError::Limits)?;
        Ok(secret_file::create_public(&dir.join(NAME), format!("{text}\n").as_bytes())?)
    }

    /// # Errors
    /// [`PkiError::Limits`] where they are beyond reason.
    pub(super) fn check(self) -> Result<(), PkiError> {
        let sound = (1..=398).contains(&self.client_days)
            && (1..=398).contains(&self.server_days)
            && (2..=1830).contains(&self.authority_days)
            && (1..=30).contains(&self.revocation_list_days)
            && (self.authority_days.max(365)..=9131).contains(&self.root_days)
            && (30..=800).contains(&self.root_list_days);
        if sound { Ok(()) } else { Err(PkiError::Limits) }
    }
}
