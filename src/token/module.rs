//! The maker's library, loaded once a process, and the token in it, opened with its PIN.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{LazyLock, Mutex, PoisonError},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    session::{Session, UserType},
    slot::Slot,
    types::AuthPin,
};

use super::{TokenError, Wanted};

/// A library may be initialised once a process, whoever uses it.
static MODULES: LazyLock<Mutex<HashMap<PathBuf, Pkcs11>>> = LazyLock::new(Mutex::default);

/// A session of the token, logged in.
pub(super) fn session(wanted: &Wanted, pin: &AuthPin, write: bool) -> Result<Session, TokenError> {
    let module = module(wanted)?;
    let slot = slot(&module, &wanted.token)?;
    let info = module.get_token_info(slot)?;
    if info.user_pin_locked() {
        return Err(TokenError::PinLocked(wanted.token.clone()));
    }
    if info.user_pin_final_try() {
        return Err(TokenError::PinLastTry(wanted.token.clone()));
    }
    let session = if write { module.open_rw_session(slot)? } else { module.open_ro_session(slot)? };
    match session.login(UserType::User, Some(pin)) {
        // All sessions of a process with one token share the login.
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
        Err(Error::Pkcs11(RvError::PinLocked, _)) => Err(TokenError::PinLocked(wanted.token.clone())),
        Err(Error::Pkcs11(
            RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange | RvError::PinExpired,
            _,
        )) => Err(TokenError::PinRefused(wanted.token.clone())),
        Err(error) => Err(error.into()),
    }
}

fn module(wanted: &Wanted) -> Result<Pkcs11, TokenError> {
    let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = modules.get(&wanted.module) {
        return Ok(known.clone());
    }
    let refused = |error: Error| TokenError::Module(wanted.module.clone(), TokenError::from(error).to_string());
    let module = Pkcs11::new(&wanted.module).map_err(refused)?;
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(refused(error)),
    }
    modules.insert(wanted.module.clone(), module.clone());
    Ok(module)
}

fn slot(module: &Pkcs11, token: &str) -> Result<Slot, TokenError> {
    let (mut found, mut labels) = (Vec::new(), Vec::new());
    for slot in module.get_slots_with_token()? {
        // A slot whose token was taken out in this moment is not the one.
        let Ok(info) = module.get_token_info(slot) else { continue };
        if info.token_initialized() {
            labels.push(format!("{:?}", info.label()));
            found.extend((info.label() == token).then_some(slot));
        }
    }
    match found[..] {
        [slot] => Ok(slot),
        [] if labels.is_empty() => Err(TokenError::NoToken(token.to_owned(), "none".to_owned())),
        [] => Err(TokenError::NoToken(token.to_owned(), labels.join(", "))),
        _ => Err(TokenError::ManyTokens(token.to_owned())),
    }
}
