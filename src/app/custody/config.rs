//! `[keys]` of the configuration: the key outside the store that is in use, and those that were.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, de};
use toml::Table;

use super::SecretPlace;

/// Keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Table")]
pub struct Keys {
    /// The key outside the store that protects epoch keys.
    pub current: Outside,
    /// Those that were in use before: they unwrap what is not yet wrapped anew.
    pub previous: Vec<Outside>,
    /// Hours for which an epoch key wraps the keys of records; 720 at most.
    pub epoch_hours: u32,
}

/// A key outside the store. `provider = "file"` goes without saying.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "provider", rename_all = "lowercase", deny_unknown_fields)]
pub enum Outside {
    /// 32 bytes in a file, as they are or under a passphrase.
    File {
        /// The file. Made at the first start if it is not there and the store is new.
        file: SecretPlace,
        /// Where the passphrase lies that it is under, if it is under one.
        passphrase_file: Option<SecretPlace>,
    },
    /// A key in a PKCS#11 device.
    Pkcs11 {
        /// The library of the device's maker.
        module: PathBuf,
        /// Label of the token.
        token: String,
        /// Label of the key, AES-256, sensitive and not extractable.
        key: String,
        /// Where the PIN of the token lies.
        pin_file: SecretPlace,
        /// The key was brought into this token from the one it was made in, and cannot say any longer that it was never outside.
        #[serde(default)]
        restored: bool,
    },
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, .. } => write!(f, "{file}"),
            Self::Pkcs11 { token, key, .. } => write!(f, "the key {key:?} of the token {token:?}"),
        }
    }
}

impl Keys {
    /// Relative paths are relative to `folder`.
    pub(in crate::app) fn relative_to(&mut self, folder: &Path) {
        for outside in std::iter::once(&mut self.current).chain(&mut self.previous) {
            match outside {
                Outside::File { file, passphrase_file } => {
                    file.relative_to(folder);
                    passphrase_file.iter_mut().for_each(|place| place.relative_to(folder));
                }
                Outside::Pkcs11 { module, pin_file, .. } => {
                    *module = folder.join(&module);
                    pin_file.relative_to(folder);
                }
            }
        }
    }
}

impl TryFrom<Table> for Keys {
    type Error = toml::de::Error;

    fn try_from(mut table: Table) -> Result<Self, Self::Error> {
        let epoch_hours = number(&mut table, "epoch_hours", DEFAULT_EPOCH_HOURS)?;
        let previous: Vec<Table> = match table.remove("previous") {
            Some(tables) => tables.try_into().map_err(|error| de::Error::custom(format!("keys.previous: {error}")))?,
            None => Vec::new(),
        };
        let previous = previous.into_iter().map(outside).collect::<Result<_, _>>();
        let previous = previous.map_err(|error| de::Error::custom(format!("keys.previous: {error}")))?;
        Ok(Self { current: outside(table)?, previous, epoch_hours })
    }
}

const DEFAULT_EPOCH_HOURS: u32 = 24;

fn number(table: &mut Table, name: &str, usual: u32) -> Result<u32, toml::de::Error> {
    let Some(value) = table.remove(name) else { return Ok(usual) };
    value.try_into().map_err(|error| de::Error::custom(format!("keys.{name}: {error}")))
}

fn outside(mut table: Table) -> Result<Outside, toml::de::Error> {
    table.entry("provider").or_insert_with(|| "file".into());
    table.try_into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Result<Keys, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_key_file_needs_its_file_and_may_have_a_passphrase() {
        let plain = keys("file = \"k\"").unwrap();
        let file = SecretPlace::File("k".into());
        assert_eq!(plain.current, Outside::File { file: file.clone(), passphrase_file: None });
        assert_eq!(plain.epoch_hours, 24);
        let locked =
            keys("provider = \"file\"\nfile = \"k\"\npassphrase_file = \"credential:w\"\nepoch_hours = 1").unwrap();
        let passphrase_file = Some(SecretPlace::Credential("w".into()));
        assert_eq!((locked.current, locked.epoch_hours), (Outside::File { file, passphrase_file }, 1));
    }

    #[test]
    fn previous_keys_are_as_many_as_there_are_each_like_the_one_in_use() {
        let mut both = keys("file = \"k\"\n[[previous]]\nfile = \"old\"\n[[previous]]\nfile = \"older\"").unwrap();
        both.relative_to(Path::new("/etc/homeward"));
        let of = |name: &str| Outside::File {
            file: SecretPlace::File(Path::new("/etc/homeward").join(name)),
            passphrase_file: None,
        };
        assert_eq!((both.current, both.previous), (of("k"), vec![of("old"), of("older")]));
    }

    #[test]
    fn what_is_not_known_or_missing_is_named() {
        for (text, word) in [
            ("file = \"k\"\npassphrase = \"never in here\"", "passphrase"),
            ("epoch_hours = 24", "file"),
            ("file = \"k\"\nprovider = \"cloud\"", "cloud"),
            ("file = \"k\"\nepoch_hours = \"long\"", "keys.epoch_hours"),
            ("provider = \"pkcs11\"\nmodule = \"m\"\ntoken = \"t\"\nkey = \"k\"", "pin_file"),
            ("provider = \"pkcs11\"\nmodule = \"m\"\ntoken = \"t\"\nkey = \"k\"\npin = \"1\"", "`pin`"),
            ("file = \"k\"\nprevious = \"old\"", "keys.previous"),
            ("file = \"k\"\n[[previous]]\nfiles = \"old\"", "keys.previous: unknown field `files`"),
        ] {
            let error = keys(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
