//! Reads the redaction policy from TOML: every row there, no key unknown.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use serde::Deserialize;

use super::redaction_words::{self, WordsFileError};
use crate::domain::redaction::{Action, Class, EffectiveRole, Lexicon, RedactionPolicy, Row};

/// What is wrong with a redaction policy file.
#[derive(Debug, thiserror::Error)]
pub enum PolicyFileError {
    /// Not TOML of this shape.
    #[error("the redaction policy does not read: {0}")]
    Shape(#[from] toml::de::Error),
    /// A table that is no class of entity.
    #[error("[{0}] is not a class of entity")]
    UnknownClass(String),
    /// A key that is no role.
    #[error("{role} in [{class}] is not a role")]
    UnknownRole {
        /// Table.
        class: String,
        /// Key.
        role: String,
    },
    /// A word that is no action.
    #[error("{word} for {role} in [{class}] is not an action")]
    UnknownAction {
        /// Table.
        class: Class,
        /// Key.
        role: EffectiveRole,
        /// The word.
        word: String,
    },
    /// A row that is not there.
    #[error(transparent)]
    Missing(#[from] crate::domain::redaction::MissingRow),
    /// The words do not read.
    #[error(transparent)]
    Words(#[from] WordsFileError),
}

/// The table that the binary carries.
///
/// # Errors
/// Never, as long as the tests pass.
pub fn embedded() -> Result<RedactionPolicy, PolicyFileError> {
    policy(include_str!("../../deploy/reference/redaction.toml"))
}

/// Reads the policy from the text of `redaction.toml`, with the words that the binary carries.
///
/// # Errors
/// The first thing that is wrong: an unknown table, key or word, a row with another number of cells, a missing row.
pub fn policy(text: &str) -> Result<RedactionPolicy, PolicyFileError> {
    static WORDS: LazyLock<Result<Arc<Lexicon>, WordsFileError>> = LazyLock::new(|| {
        redaction_words::lexicon(include_str!("../../deploy/reference/redaction-words.toml")).map(Arc::new)
    });
    table(text, WORDS.clone()?)
}

/// Reads the policy from the texts of `redaction.toml` and `redaction-words.toml`.
///
/// # Errors
/// The first thing that is wrong in the table; everything that is wrong in the words.
pub fn policy_with_words(text: &str, words: &str) -> Result<RedactionPolicy, PolicyFileError> {
    table(text, Arc::new(redaction_words::lexicon(words)?))
}

fn table(text: &str, words: Arc<Lexicon>) -> Result<RedactionPolicy, PolicyFileError> {
    let file: File = toml::from_str(text)?;
    let mut rows = BTreeMap::new();
    for (table, entries) in file.classes {
        let class = Class::from_code(&table).ok_or_else(|| PolicyFileError::UnknownClass(table.clone()))?;
        for (key, cells) in entries {
            let role = EffectiveRole::from_code(&key)
                .ok_or_else(|| PolicyFileError::UnknownRole { class: table.clone(), role: key })?;
            rows.insert((class, role), row(class, role, cells)?);
        }
    }
    Ok(RedactionPolicy::new(file.version, words, |class, role| rows.get(&(class, role)).copied())?)
}

#[derive(Deserialize)]
struct File {
    version: String,
    #[serde(flatten)]
    classes: BTreeMap<String, BTreeMap<String, [String; 4]>>,
}

fn row(class: Class, role: EffectiveRole, words: [String; 4]) -> Result<Row, PolicyFileError> {
    let mut row = [Action::Token; 4];
    for (cell, word) in row.iter_mut().zip(words) {
        *cell = Action::from_code(&word).ok_or(PolicyFileError::UnknownAction { class, role, word })?;
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::redaction::Lens;

    const TEXT: &str = include_str!("../../deploy/reference/redaction.toml");

    #[test]
    fn the_policy_in_the_repository_reads() {
        let policy = policy(TEXT).unwrap();
        assert!(!policy.version().is_empty());
        for &role in EffectiveRole::ALL {
            let source = role == EffectiveRole::Source;
            assert_eq!(policy.action(Class::Person, role, Lens::Mash) == Action::Token, source, "{role}");
            assert_eq!(policy.action(Class::NhsNumber, role, Lens::Mpu), Action::Mask);
        }
        assert_eq!(policy.action(Class::Contact, EffectiveRole::Suspect, Lens::Mpu), Action::Keep);
        assert_eq!(policy.action(Class::Contact, EffectiveRole::Suspect, Lens::Mash), Action::Mask);
    }

    #[test]
    fn item_text_is_never_looser_than_the_narrative() {
        let policy = policy(TEXT).unwrap();
        for &class in Class::ALL {
            for &role in EffectiveRole::ALL {
                assert!(policy.action(class, role, Lens::Item) >= policy.action(class, role, Lens::Mpu));
            }
        }
    }

    #[test]
    fn what_is_unknown_or_missing_is_refused() {
        let without_a_row = TEXT.replacen("witness = ", "# ", 1);
        assert!(matches!(policy(&without_a_row), Err(PolicyFileError::Missing(_))));
        let with_a_class = format!("{TEXT}\n[shoe_size]\nwitness = [\"keep\", \"keep\", \"keep\", \"keep\"]\n");
        assert!(matches!(policy(&with_a_class), Err(PolicyFileError::UnknownClass(_))));
        let with_a_role = TEXT.replacen("witness = ", "bystander = ", 1);
        assert!(matches!(policy(&with_a_role), Err(PolicyFileError::UnknownRole { .. })));
        let with_a_word = TEXT.replacen("\"keep\"", "\"may\"", 1);
        assert!(matches!(policy(&with_a_word), Err(PolicyFileError::UnknownAction { .. })));
        let with_a_short_row = TEXT.replacen("\"keep\", ", "", 1);
        assert!(matches!(policy(&with_a_short_row), Err(PolicyFileError::Shape(_))));
    }
}
