//! A submission as it could be read: the draft, and every field that could not be read.

use super::Draft;
use crate::domain::violation::Violations;

/// A draft that may only be used if no fault was found. Fields that could not be read hold a stand-in.
#[derive(Debug, Clone)]
pub struct Reading {
    draft: Draft,
    violations: Violations,
}

impl Reading {
    /// What was read, and what could not be.
    pub fn new(draft: Draft, violations: Violations) -> Self {
        Self { draft, violations }
    }

    /// The draft, with its stand-ins where reading found faults.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// The draft, or every fault of reading.
    pub fn finish(self) -> Result<Draft, Violations> {
        if self.violations.is_empty() { Ok(self.draft) } else { Err(self.violations) }
    }

    /// What `check` makes of the draft, if neither reading nor `check` finds a fault; else both lists as one. Where
    /// reading has named a field, what `check` says of it or of anything in it is left out: it looked at a stand-in.
    pub fn finish_with<T>(self, check: impl FnOnce(Draft) -> Result<T, Violations>) -> Result<T, Violations> {
        let Self { draft, mut violations } = self;
        match check(draft) {
            Ok(value) if violations.is_empty() => Ok(value),
            Ok(_) => Err(violations),
            Err(found) => {
                let named: Vec<String> = violations.0.iter().map(|violation| violation.field.clone()).collect();
                let new = found.0.into_iter().filter(|new| !named.iter().any(|field| within(&new.field, field)));
                violations.0.extend(new);
                Err(violations)
            }
        }
    }
}

/// True where `field` is `outer` or lies in it.
fn within(field: &str, outer: &str) -> bool {
    field.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
