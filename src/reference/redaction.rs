//! Reads the redaction policy from TOML: every row there, no key unknown.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use serde::Deserialize;

use super::{
    ReferenceError, Report,
    redaction_words::{self, WordsFileError},
};
use crate::domain::redaction::{Action, Class, EffectiveRole, Lens, Lexicon, RedactionPolicy, Row, loosened};

/// The name of the file of the table.
pub const TABLE: &str = "redaction.toml";
/// The name of the file of the words.
pub const WORDS: &str = "redaction-words.toml";

/// The table that the binary carries.
///
/// # Errors
/// Never, as long as the tests pass.
pub fn embedded() -> Result<RedactionPolicy, Vec<ReferenceError>> {
    policy(include_str!("../../deploy/reference/redaction.toml"))
}

/// Reads the policy from the text of `redaction.toml`, with the words that the binary carries.
///
/// # Errors
/// Everything that is wrong: no TOML, an unknown table, key or word, a row with another number of cells, a missing row, a
/// cell below the floor.
pub fn policy(text: &str) -> Result<RedactionPolicy, Vec<ReferenceError>> {
    static SHIPPED: LazyLock<Result<Arc<Lexicon>, WordsFileError>> = LazyLock::new(|| {
        redaction_words::lexicon(include_str!("../../deploy/reference/redaction-words.toml")).map(Arc::new)
    });
    both(text, SHIPPED.clone())
}

/// Reads the policy from the texts of `redaction.toml` and `redaction-words.toml`.
///
/// # Errors
/// Everything that is wrong in either.
pub fn policy_with_words(text: &str, words: &str) -> Result<RedactionPolicy, Vec<ReferenceError>> {
    both(text, redaction_words::lexicon(words).map(Arc::new))
}

fn both(text: &str, words: Result<Arc<Lexicon>, WordsFileError>) -> Result<RedactionPolicy, Vec<ReferenceError>> {
    let mut report = Report::new(TABLE);
    let mut of_words = Report::new(WORDS);
    let words = words.unwrap_or_else(|WordsFileError(wrong)| {
        of_words.add_all("words", wrong);
        Arc::new(Lexicon::new(&[], &[]))
    });
    let policy = report.parse::<File>(text).and_then(|file| table(file, words, &mut report));
    report.wrong.extend(of_words.wrong);
    policy.filter(|_| report.wrong.is_empty()).ok_or(report.wrong)
}

fn table(file: File, words: Arc<Lexicon>, report: &mut Report) -> Option<RedactionPolicy> {
    let mut rows = BTreeMap::new();
    for (table, entries) in file.classes {
        let at = format!("[{table}]");
        let Some(class) = Class::from_code(&table) else {
            report.add(at, "is not a class of entity");
            continue;
        };
        for (key, cells) in entries {
            match EffectiveRole::from_code(&key) {
                Some(role) => _ = rows.insert((class, role), row(&format!("{at} {key}"), cells, report)),
                None => report.add(&at, format!("`{key}` is not a role")),
            }
        }
    }
    match RedactionPolicy::new(file.version, words, |class, role| rows.get(&(class, role)).copied()) {
        Ok(policy) => {
            for cell in loosened(&policy) {
                let what = match policy.action(cell.class, cell.role, cell.lens) {
                    Action::Keep => format!("`keep` in {} is not allowed: {}", cell.lens, cell.why),
                    hides => format!("`{hides}` in {} is not allowed: {}", cell.lens, cell.why),
                };
                report.add(format!("[{}] {}", cell.class, cell.role), what);
            }
            Some(policy)
        }
        Err(missing) => {
            missing
                .iter()
                .for_each(|row| report.add(format!("[{}]", row.class), format!("has no row for {}", row.role)));
            None
        }
    }
}

#[derive(Deserialize)]
struct File {
    version: String,
    #[serde(flatten)]
    classes: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// The cells of a row; what is wrong with them is told, and hides.
fn row(at: &str, words: Vec<String>, report: &mut Report) -> Row {
    let mut row = [Action::Token; Lens::ALL.len()];
    if words.len() != row.len() {
        report.add(at, format!("has {} cells and not {}: mpu, item, mash, carer", words.len(), row.len()));
    }
    for (cell, word) in row.iter_mut().zip(words) {
        match Action::from_code(&word) {
            Some(action) => *cell = action,
            None => report.add(at, format!("`{word}` is not an action")),
        }
    }
    row
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

    fn wrong(text: &str) -> Vec<String> {
        policy(text).map(|_| ()).unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let text = TEXT
            .replacen("\nwitness = ", "\nbystander = ", 1)
            .replacen("\nplace = [\"keep\"", "\nplace = [\"may\"", 1)
            .replacen("\nsource = [\"mask\", ", "\nsource = [", 1)
            + "\n[shoe_size]\nwitness = [\"keep\", \"keep\", \"keep\", \"keep\"]\n";
        let told = wrong(&text);
        for what in [
            "[person]: `bystander` is not a role",
            "[person]: has no row for witness",
            "`may` is not an action",
            "has 3 cells and not 4: mpu, item, mash, carer",
            "[shoe_size]: is not a class of entity",
        ] {
            assert!(told.iter().any(|one| one.starts_with(TABLE) && one.contains(what)), "{what}: {told:#?}");
        }
        assert_eq!(wrong("version = 1").len(), 1);
    }

    #[test]
    fn what_protects_a_source_cannot_be_loosened() {
        let of_source = r#"source = ["token", "token", "token", "token"]"#;
        let told = wrong(&TEXT.replacen(of_source, r#"source = ["keep", "token", "keep", "token"]"#, 1));
        assert_eq!(
            told,
            [
                "redaction.toml: [person] source: `keep` in mpu is not allowed: it would tell police who told us",
                "redaction.toml: [person] source: `keep` in mash is not allowed: it would tell who told us",
            ]
        );
    }

    #[test]
    fn the_words_are_told_with_the_table() {
        let words = include_str!("../../deploy/reference/redaction-words.toml").replacen("titles = ", "tittles = ", 1);
        let told = policy_with_words("version = 1", &words).map(|_| ()).unwrap_err();
        let files: std::collections::BTreeSet<&str> = told.iter().map(|one| one.file.as_str()).collect();
        assert_eq!(files, [TABLE, WORDS].into());
    }
}
