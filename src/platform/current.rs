//! What is in force now and may be replaced while others read it: grants, reference data, certificates.

use std::sync::{Arc, PoisonError, RwLock};

/// A value that is replaced as a whole. Whoever took it keeps what they took.
#[derive(Debug, Default)]
pub struct Current<T>(RwLock<Arc<T>>);

impl<T> Current<T> {
    /// `value`, until another one takes its place.
    pub fn new(value: impl Into<Arc<T>>) -> Self {
        Self(RwLock::new(value.into()))
    }

    /// The value in force at this moment.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on what `change` makes of the value is in force; gives back what was. Nobody else changes it in between.
    pub fn change(&self, change: impl FnOnce(&T) -> T) -> Arc<T> {
        let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let next = Arc::new(change(&now));
        std::mem::replace(&mut *now, next)
    }

    /// From now on `value` is in force; gives back what was.
    pub fn replace(&self, value: impl Into<Arc<T>>) -> Arc<T> {
        std::mem::replace(&mut *self.0.write().unwrap_or_else(PoisonError::into_inner), value.into())
    }
}
