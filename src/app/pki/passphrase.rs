//! Passphrases: from a file, from the terminal, or from the environment; never from the command line, which every user
//! of the machine can read.

use std::{env, path::Path};

use zeroize::Zeroizing;

use super::{command::PassphraseArgs, failed};
use crate::{app::failure::Failure, pki::Passphrase, platform::secret_file};

/// Names the variable, so that help and code cannot differ.
const VARIABLE: &str = "HOMEWARD_ROOT_PASSPHRASE";

/// The root's passphrase, if one was given.
pub(super) fn of_root(args: &PassphraseArgs) -> Result<Option<Passphrase>, Failure> {
    if let Some(file) = &args.root_passphrase_file {
        return read(file, "Passphrase of the root: ").map(Some);
    }
    match env::var(VARIABLE).map(Zeroizing::new) {
        Ok(words) => Passphrase::chosen(&words).map(Some).map_err(failed),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(Failure::usage(format!("{VARIABLE} is not text"))),
    }
}

/// A passphrase from a file of mode 0600, or asked for at the terminal where the file is `-`.
pub(super) fn read(file: &Path, prompt: &str) -> Result<Passphrase, Failure> {
    if file == Path::new("-") {
        let words = rpassword::prompt_password(prompt).map(Zeroizing::new);
        let words = words.map_err(|error| Failure::usage(format!("there is no terminal to ask at: {error}")))?;
        return Passphrase::chosen(&words).map_err(failed);
    }
    let bytes = secret_file::read_secret(file).map_err(|error| Failure::bad_data(error.to_string()))?;
    let words =
        std::str::from_utf8(&bytes).map_err(|_| Failure::bad_data(format!("{} is not text", file.display())))?;
    Passphrase::chosen(words).map_err(failed)
}
