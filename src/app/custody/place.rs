//! Where a secret lies: in a file, in a credential of the service manager, or in somebody's head. Never on the command
//! line or in the environment, which others can read.

use std::{
    convert::Infallible,
    env, fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{app::failure::Failure, pki::Passphrase, platform::secret_file};

/// What a credential is written with, in front of its name.
const CREDENTIAL: &str = "credential:";
/// Where the service manager lays credentials: it sets this variable to a folder.
const FOLDER: &str = "CREDENTIALS_DIRECTORY";

/// Where a secret lies: a path, `credential:NAME`, or `-` for the terminal.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum SecretPlace {
    /// A file of mode 0600 or stricter.
    File(PathBuf),
    /// A credential of the service manager (systemd's LoadCredential= and LoadCredentialEncrypted=).
    Credential(String),
    /// Somebody types it.
    Terminal,
}

impl From<String> for SecretPlace {
    fn from(words: String) -> Self {
        match words.strip_prefix(CREDENTIAL) {
            Some(name) => Self::Credential(name.to_owned()),
            None if words == "-" => Self::Terminal,
            None => Self::File(words.into()),
        }
    }
}

impl FromStr for SecretPlace {
    type Err = Infallible;

    fn from_str(words: &str) -> Result<Self, Infallible> {
        Ok(words.to_owned().into())
    }
}

impl fmt::Display for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Credential(name) => write!(f, "the credential {name}"),
            Self::Terminal => f.write_str("the terminal"),
        }
    }
}

impl SecretPlace {
    /// A relative path is relative to `folder`.
    pub(in crate::app) fn relative_to(&mut self, folder: &Path) {
        if let Self::File(path) = self {
            *path = folder.join(&path);
        }
    }

    /// The secret as bytes, e.g. a key file; not from a terminal.
    pub(in crate::app) fn read(&self) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let read = match self {
            Self::File(path) => secret_file::read_secret(path),
            Self::Credential(name) => secret_file::read_credential(&credential(name)?),
            Self::Terminal => {
                return Err(Failure::usage("a key is not typed at a terminal: name a file or a credential"));
            }
        };
        read.map_err(|error| Failure::bad_data(error.to_string()))
    }

    /// A passphrase, asked for with `prompt` where it is typed.
    pub(in crate::app) fn passphrase(&self, prompt: &str) -> Result<Passphrase, Failure> {
        let words = match self {
            Self::Terminal => ask(prompt)?,
            Self::File(_) | Self::Credential(_) => self.words()?,
        };
        Passphrase::chosen(&words).map_err(|error| Failure::bad_data(format!("{self}: {error}")))
    }

    /// A passphrase for something new: typed twice where it is typed.
    pub(in crate::app) fn new_passphrase(&self, prompt: &str) -> Result<Passphrase, Failure> {
        let first = self.passphrase(prompt)?;
        if *self == Self::Terminal && *ask("Once more: ")? != first.words() {
            return Err(Failure::bad_data("the two passphrases differ; nothing was made"));
        }
        Ok(first)
    }

    /// A PIN: as it is but for the end of the line.
    pub(in crate::app) fn pin(&self) -> Result<Zeroizing<String>, Failure> {
        let words = match self {
            Self::Terminal => ask("PIN of the token: ")?,
            Self::File(_) | Self::Credential(_) => self.words()?,
        };
        let pin = Zeroizing::new(words.trim_end_matches(['\r', '\n']).to_owned());
        if pin.is_empty() { Err(Failure::bad_data(format!("{self} holds no PIN"))) } else { Ok(pin) }
    }

    /// A secret of one line, without its end; not from a terminal.
    pub(in crate::app) fn line(&self) -> Result<Zeroizing<String>, Failure> {
        let words = self.words()?;
        let line = Zeroizing::new(words.trim_end_matches(['\r', '\n']).to_owned());
        if line.is_empty() || line.contains(['\r', '\n']) {
            return Err(Failure::bad_data(format!("{self} does not hold one line")));
        }
        Ok(line)
    }

    /// The secret as text.
    fn words(&self) -> Result<Zeroizing<String>, Failure> {
        let bytes = self.read()?;
        let words = std::str::from_utf8(&bytes).map_err(|_| Failure::bad_data(format!("{self} is not text")))?;
        Ok(Zeroizing::new(words.to_owned()))
    }
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let words = rpassword::prompt_password(prompt).map(Zeroizing::new);
    words.map_err(|error| Failure::usage(format!("there is no terminal to ask at: {error}")))
}

/// The file of a credential.
fn credential(name: &str) -> Result<PathBuf, Failure> {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else {
        return Err(Failure::bad_data(format!("there is no credential {name}: {FOLDER} is not set"))
            .advise(format!("the unit of the service needs LoadCredential={name}:FILE, or LoadCredentialEncrypted=")));
    };
    if name.is_empty() || name.starts_with('.') || name.contains('/') {
        return Err(Failure::bad_data(format!("{name:?} is not the name of a credential")));
    }
    Ok(folder.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_path_a_credential_or_the_terminal() {
        let of = |words: &str| SecretPlace::from(words.to_owned());
        assert_eq!(of("-"), SecretPlace::Terminal);
        assert_eq!(of("credential:words"), SecretPlace::Credential("words".into()));
        let mut file = of("a/words");
        file.relative_to(Path::new("/etc/homeward"));
        assert_eq!(file, SecretPlace::File("/etc/homeward/a/words".into()));
        assert_eq!(file.to_string(), "/etc/homeward/a/words");
    }

    #[test]
    fn a_credential_never_lies_outside_its_folder() {
        for name in ["../words", "/etc/shadow", "", ".", ".."] {
            assert!(SecretPlace::Credential(name.into()).read().is_err(), "{name}");
        }
    }
}
