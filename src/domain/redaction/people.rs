//! Everybody whose a value may be, by the words of their names.

use super::{index::Index, policy::EffectiveRole};
use crate::domain::code::Sex;

/// Everybody whose a value may be.
pub(super) struct People {
    /// Squeezed words of names, with whose they are: a value itself may hold one.
    parts: Index<EffectiveRole>,
    /// What the child of the record is.
    child: Option<EffectiveRole>,
    /// The child's recorded sex.
    sex: Option<Sex>,
}

impl People {
    /// Sorts `parts`, which are folded.
    pub fn new(mut parts: Vec<(String, EffectiveRole)>, child: Option<EffectiveRole>, sex: Option<Sex>) -> Self {
        parts.retain(|(part, _)| part.chars().count() >= 4);
        Self { parts: parts.into_iter().collect(), child, sex }
    }

    /// What the child of the record is.
    pub const fn child(&self) -> Option<EffectiveRole> {
        self.child
    }

    /// The child's recorded sex.
    pub const fn child_sex(&self) -> Option<Sex> {
        self.sex
    }

    /// The roles of those whose name is in `value`.
    pub fn within(&self, value: &str) -> Vec<EffectiveRole> {
        let local = value.split_once("://").map_or(value, |(_, rest)| rest);
        let local =
            if local.contains('/') { local.rsplit('/').find(|part| !part.is_empty()).unwrap_or(local) } else { local };
        let own = local.split(['@', '[', '(', ' ']).find(|part| !part.is_empty()).unwrap_or(local);
        let squeezed: String = own.chars().filter(|c| c.is_alphanumeric()).collect();
        let unleet: String = squeezed.chars().map(|c| if c == '0' { 'o' } else { c }).collect();
        let mut longest: Vec<(usize, EffectiveRole)> = Vec::new();
        for text in [&squeezed, &unleet] {
            for at in 0..text.len() {
                self.parts.starting(&text.as_bytes()[at..], |part, role| {
                    let most = longest.first().map_or(0, |(length, _)| *length);
                    if part.len() > most {
                        longest.clear();
                    }
                    if part.len() >= most {
                        longest.push((part.len(), *role));
                    }
                });
            }
        }
        let mut roles: Vec<EffectiveRole> = longest.into_iter().map(|(_, role)| role).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }
}
