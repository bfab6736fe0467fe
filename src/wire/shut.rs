//! To whom the door is shut: serial numbers that were revoked through the store. The handshake asks it, so that whoever is
//! revoked meets what everybody meets who is not let in; and so does whoever has just passed the handshake.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
};

/// Serial numbers of certificates that nobody may come in with again. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Shut(Arc<RwLock<BTreeSet<String>>>);

impl Shut {
    /// Shuts the door to one more, for good.
    pub(super) fn add(&self, serial: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(serial.to_owned());
    }

    /// Whether it is shut to one of these serial numbers.
    pub(super) fn holds(&self, serials: &[String]) -> bool {
        let shut = self.0.read().unwrap_or_else(PoisonError::into_inner);
        serials.iter().any(|serial| shut.contains(serial))
    }
}
