//! The words of redaction held to those that are shipped: a professional adds to the lists, and seldom takes away. What a list has
//! lost is told, and a list that has lost much of what it knew is none to go by: names and sources would stay in every text.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{FileSet, redaction::WORDS};
use crate::domain::proof::Finding;

/// Of so many shipped words of a list, one may be missing.
const ONE_IN: usize = 10;
/// Most words that are named.
const MOST_NAMED: usize = 8;
/// The lists whose words let text through: what is added to them is told.
const LET_THROUGH: [&str; 3] = ["no_names", "for_carers", PLAIN];
/// A sentence of nothing but these words stays in a carer copy.
const PLAIN: &str = "plain_in_a_carer_copy";
/// Words that tell of harm, alone or among plain ones: who, why, when, where to, and that something is not so.
const NEVER_PLAIN: [&str; 37] = [
    "again", "back", "because", "check", "court", "died", "family", "friend", "he", "him", "his", "home", "hospital",
    "man", "medicine", "meet", "never", "not", "police", "pregnant", "safe", "search", "since", "sleep", "so that",
    "somebody", "someone", "staff", "them", "they", "until", "watch", "when", "without", "woman", "why", "who",
];

/// What is wrong with the words of `files`, and what somebody should look at, seen on `day`.
pub fn vocabulary(files: &FileSet, day: Date) -> (Vec<Finding>, Vec<Finding>) {
    let (own, shipped) = (lists(files.text(WORDS)), lists(FileSet::embedded().text(WORDS)));
    let (mut faults, mut warnings) = (Vec::new(), Vec::new());
    let finding = |at: &str, what: String, to_do| Finding {
        file: WORDS.to_owned(),
        at: at.to_owned(),
        what,
        places: Vec::new(),
        to_do,
        since: day,
        aged: false,
    };
    for (list, before) in &shipped {
        let now = own.get(list).cloned().unwrap_or_default();
        let lost: Vec<&str> = before.difference(&now).map(String::as_str).collect();
        let what = || format!("has lost {} of the {} that are shipped: {}", lost.len(), before.len(), named(&lost));
        match lost.len() {
            0 => {}
            few if few.saturating_mul(ONE_IN) <= before.len().max(ONE_IN) => {
                warnings.push(finding(
                    list,
                    what(),
                    "see that each went on purpose: redaction no longer reads a text by it",
                ));
            }
            _ => faults.push(finding(list, what(), "put them back: redaction reads every text by them")),
        }
        let added: Vec<&str> = now.difference(before).map(String::as_str).collect();
        if LET_THROUGH.contains(&list.as_str()) && !added.is_empty() {
            let what = format!("lets through what was hidden before: {}", named(&added));
            warnings.push(finding(list, what, "see that none of them can be part of a name or tell of harm"));
        }
    }
    let plain = own.get(PLAIN).into_iter().flatten().filter(|word| NEVER_PLAIN.contains(&word.as_str()));
    let plain: Vec<&str> = plain.map(String::as_str).collect();
    if !plain.is_empty() {
        let what = format!("may not have {}: in a sentence of plain words it tells of harm", named(&plain));
        faults.push(finding(PLAIN, what, "take it out"));
    }
    (faults, warnings)
}

fn named(words: &[&str]) -> String {
    let more = words.len().saturating_sub(MOST_NAMED);
    let named = words.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}

/// The words of each list; a file that does not read has none, and was refused.
fn lists(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let file: BTreeMap<String, String> = toml::from_str(text).unwrap_or_default();
    let in_one_line = |word: &str| word.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = |list: String| list.split(',').map(in_one_line).filter(|word| !word.is_empty()).collect();
    file.into_iter().map(|(name, list)| (name, words(list))).collect()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    /// What is told of the shipped words after an edit: faults, and warnings.
    fn told(edit: impl Fn(&str) -> String) -> (Vec<String>, Vec<String>) {
        let files = FileSet::embedded();
        let all = files
            .iter()
            .map(|(name, text)| (name.to_owned(), if name == WORDS { edit(text) } else { text.to_owned() }));
        let (faults, warnings) = vocabulary(&FileSet::gather(all).0, date(2026, 11, 26));
        let words = |found: Vec<Finding>| found.into_iter().map(|one| format!("{}: {}", one.at, one.what)).collect();
        (words(faults), words(warnings))
    }

    fn of_list(text: &str, list: &str, edit: impl Fn(Vec<String>) -> Vec<String>) -> String {
        let mut file: BTreeMap<String, String> = toml::from_str(text).unwrap();
        let words = file[list].split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty());
        let words = edit(words.collect()).join(", ");
        file.insert(list.to_owned(), words);
        toml::to_string(&file).unwrap()
    }

    #[test]
    fn words_are_added_freely_and_one_may_go_with_a_word() {
        assert_eq!(told(str::to_owned), (Vec::new(), Vec::new()));
        let more = told(|text| of_list(text, "titles", |words| [words, vec!["uncle-ji".to_owned()]].concat()));
        assert_eq!(more, (Vec::new(), Vec::new()));
        let (faults, warnings) = told(|text| of_list(text, "confidential", |words| words[1..].to_vec()));
        assert!(faults.is_empty() && warnings.len() == 1 && warnings[0].contains("has lost 1 of the"), "{warnings:?}");
    }

    #[test]
    fn a_list_that_lost_much_and_a_plain_word_that_tells_of_harm_are_faults() {
        for list in lists(FileSet::embedded().text(WORDS)).into_keys() {
            let (faults, _) = told(|text| of_list(text, &list, |_| vec!["zzzz".to_owned()]));
            assert!(faults.len() == 1 && faults[0].starts_with(&format!("{list}: has lost")), "{list}: {faults:?}");
        }
        let (faults, warnings) =
            told(|text| of_list(text, PLAIN, |words| [words, vec!["not".to_owned(), "garden".to_owned()]].concat()));
        assert_eq!(faults, ["plain_in_a_carer_copy: may not have not: in a sentence of plain words it tells of harm"]);
        assert!(warnings.len() == 1 && warnings[0].contains("lets through"), "{warnings:?}");
    }
}
