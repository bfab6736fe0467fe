//! The key in a PKCS#11 device: opened with its PIN, and made by `homeward admin keys init-token`.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use serde_json::json;

use super::SecretPlace;
use crate::{
    app::{failure::Failure, print},
    platform::{Entropy, SystemEntropy},
    token::{TokenError, TokenKey, Wanted, make},
};

#[derive(Debug, Args)]
pub(in crate::app) struct InitTokenArgs {
    /// The PKCS#11 library of the device's maker.
    #[arg(long, value_name = "FILE")]
    module: PathBuf,
    /// Label of a token that is initialised and has its PIN.
    #[arg(long, value_name = "LABEL")]
    token: String,
    /// Label of the new key.
    #[arg(long, value_name = "LABEL")]
    key: String,
    /// Where the PIN lies: a file (0600), `credential:NAME` of systemd, or `-`, which asks at the terminal.
    #[arg(long, value_name = "FILE")]
    pin_file: SecretPlace,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(in crate::app) fn init_token(args: &InitTokenArgs) -> Result<(), Failure> {
    if args.key.trim().is_empty() {
        return Err(Failure::usage("--key is empty: the key needs a label, by which it is found"));
    }
    let (module, token, key) = (args.module.clone(), args.token.clone(), args.key.clone());
    let wanted = Wanted { module, token, key, restored: false };
    let (pin, entropy) = (args.pin_file.pin()?, Arc::new(SystemEntropy::new()));
    let id = make(&wanted, &pin, &*entropy).map_err(failure)?;
    // As the daemon will use it: found, fit, and the token's AES-GCM does what it says.
    TokenKey::open(wanted, &pin, entropy).map_err(failure)?;
    if args.json {
        print::line(&json!({ "provider": id, "token": args.token, "key": args.key }).to_string());
        return Ok(());
    }
    print::line(&format!("the token {:?} holds the key {id}, which never leaves it", args.token));
    print::line("next: have the device copy it to a second one as its maker says: nothing opens without it");
    Ok(())
}

/// The key of a configuration.
pub(super) fn open(wanted: Wanted, pin: &SecretPlace, entropy: &Arc<dyn Entropy>) -> Result<TokenKey, Failure> {
    TokenKey::open(wanted, &pin.pin()?, entropy.clone()).map_err(failure)
}

fn failure(error: TokenError) -> Failure {
    let words = error.to_string();
    match error {
        TokenError::NoToken(..) | TokenError::Device(_) => Failure::unavailable(words)
            .advise("plug the device in, or start its service; its maker's tool shows its tokens"),
        TokenError::Entropy => Failure::unavailable(words),
        TokenError::PinRefused(_) => Failure::bad_data(words)
            .advise("put the right PIN into pin_file before the next start: each wrong one counts"),
        TokenError::PinLastTry(_) => Failure::bad_data(words)
            .advise("log in once with the right PIN by the maker's tool, which sets the count back"),
        TokenError::PinLocked(_) => {
            Failure::bad_data(words).advise("its security officer sets a new PIN by the maker's tool")
        }
        TokenError::NoKey(..) => Failure::bad_data(words)
            .advise("the label is another, or a new key is made: homeward admin keys init-token"),
        TokenError::Module(..)
        | TokenError::ManyTokens(_)
        | TokenError::ManyKeys(..)
        | TokenError::Taken(..)
        | TokenError::Unfit(..) => Failure::bad_data(words),
    }
}
