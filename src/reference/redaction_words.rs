//! Reads the words that redaction reads a text by: every list there, no key unknown, nothing but small letters.

use std::collections::BTreeMap;

use crate::domain::redaction::{Lexicon, WordList};

/// What is wrong with a file of words: everything at once.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the words of redaction do not read: {}", .0.join("; "))]
pub struct WordsFileError(pub Vec<String>);

/// Reads the lists from the text of `redaction-words.toml`.
///
/// # Errors
/// Everything that is wrong: what is no TOML, a key that is no list, a list that is missing or empty, a capital letter.
pub fn lexicon(text: &str) -> Result<Lexicon, WordsFileError> {
    let mut file: BTreeMap<String, String> =
        toml::from_str(text).map_err(|error| WordsFileError(vec![error.to_string()]))?;
    let mut wrong = Vec::new();
    let mut entries = |key: &str| {
        let list = file.remove(key).unwrap_or_default();
        let entries: Vec<String> = list.split(',').map(in_one_line).filter(|entry| !entry.is_empty()).collect();
        if entries.is_empty() {
            wrong.push(format!("{key} is missing or empty"));
        }
        for entry in entries.iter().filter(|entry| entry.chars().any(char::is_uppercase)) {
            wrong.push(format!("{key}: \"{entry}\" has a capital letter"));
        }
        entries
    };
    let lists: Vec<(WordList, Vec<String>)> = WordList::ALL.iter().map(|&list| (list, entries(list.code()))).collect();
    let short_names: Vec<Vec<String>> = entries(SHORT_NAMES)
        .iter()
        .map(|group| group.split('/').map(in_one_line).filter(|name| !name.is_empty()).collect())
        .collect();
    wrong.extend(file.keys().map(|key| format!("{key} is not a list of words")));
    if wrong.is_empty() { Ok(Lexicon::new(&lists, &short_names)) } else { Err(WordsFileError(wrong)) }
}

const SHORT_NAMES: &str = "short_names";

fn in_one_line(entry: &str) -> String {
    entry.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../../deploy/reference/redaction-words.toml");

    #[test]
    fn the_words_in_the_repository_read() {
        assert!(lexicon(TEXT).is_ok(), "{:?}", lexicon(TEXT).err());
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let text = TEXT
            .replace("particles = \"abu", "particels = \"Abu")
            .replace("titles = ", "titles_too = \"\"\"x\"\"\"\ntitles = ");
        let WordsFileError(wrong) = lexicon(&text).unwrap_err();
        assert_eq!(
            wrong,
            ["particles is missing or empty", "particels is not a list of words", "titles_too is not a list of words"]
        );
        let shouted = TEXT.replace("going = \"go,", "going = \"Go,");
        assert_eq!(lexicon(&shouted).unwrap_err().0, ["going: \"Go\" has a capital letter"]);
        assert_eq!(lexicon("= 1").unwrap_err().0.len(), 1);
    }
}
