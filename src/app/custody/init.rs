//! `homeward admin keys init-file`: a key file, made here and never sent anywhere.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use serde_json::json;

use super::{SecretPlace, passphrase, secret, write};
use crate::{
    app::{failure::Failure, print},
    platform::{SystemEntropy, entropy::secret_32},
    sealing::{KeyProvider, SecretProvider},
};

#[derive(Debug, Args)]
pub(in crate::app) struct InitFileArgs {
    /// New file (0600), as `keys.file` of the configuration is to name it; never one that is there.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where its passphrase lies, 12 characters or more: a file (0600), `credential:NAME` of systemd, or `-`, which asks
    /// at the terminal.
    #[arg(long, value_name = "FILE", required_unless_present = "clear")]
    passphrase_file: Option<SecretPlace>,
    /// No passphrase: whoever reads the file has the key.
    #[arg(long, conflicts_with = "passphrase_file")]
    clear: bool,
    /// Not a new key but the one of this file: to put it under a passphrase, or under another. Records stay readable.
    #[arg(long, value_name = "FILE")]
    from: Option<SecretPlace>,
    /// Where the passphrase of that file lies.
    #[arg(long, value_name = "FILE", requires = "from")]
    from_passphrase_file: Option<SecretPlace>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(in crate::app) fn init_file(args: &InitFileArgs) -> Result<(), Failure> {
    let entropy = Arc::new(SystemEntropy::new());
    let secret = match &args.from {
        Some(from) => secret(from, passphrase(args.from_passphrase_file.as_ref())?.as_ref())?,
        None => secret_32(&*entropy).map_err(|error| Failure::unavailable(error.to_string()))?,
    };
    let place = args.passphrase_file.as_ref();
    let passphrase = place.map(|place| place.new_passphrase("Passphrase of the new key file: ")).transpose()?;
    write(&args.file, &secret, passphrase.as_ref(), &*entropy)?;
    let provider = SecretProvider::new(&secret, entropy);
    let id = provider.as_ref().map_or_else(String::new, |provider| provider.id().to_owned());
    if args.json {
        print::line(&json!({ "provider": id, "file": args.file, "passphrase": passphrase.is_some() }).to_string());
        return Ok(());
    }
    print::line(&format!("{} holds the key {id}", args.file.display()));
    match passphrase {
        Some(_) => print::line("next: back it up, and its passphrase at another place: nothing opens without both"),
        None => print::line("next: back it up, apart from the store: nothing opens without it"),
    }
    Ok(())
}
