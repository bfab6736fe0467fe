//! The root's passphrase: from a file, from the terminal, or from the environment; never from the command line, which
//! every user of the machine can read.

use std::env;

use zeroize::Zeroizing;

use super::{command::PassphraseArgs, failed};
use crate::{app::failure::Failure, pki::Passphrase};

/// Names the variable, so that help and code cannot differ.
const VARIABLE: &str = "HOMEWARD_ROOT_PASSPHRASE";

/// The root's passphrase, if one was given.
pub(super) fn of_root(args: &PassphraseArgs) -> Result<Option<Passphrase>, Failure> {
    if let Some(file) = &args.root_passphrase_file {
        return file.passphrase("Passphrase of the root: ").map(Some);
    }
    match env::var(VARIABLE).map(Zeroizing::new) {
        Ok(words) => Passphrase::chosen(&words).map(Some).map_err(failed),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(Failure::usage(format!("{VARIABLE} is not text"))),
    }
}
