//! Reads the vocabulary of advice from TOML: every kind there, no key unknown, every phrase readable.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ReferenceError, Report};
use crate::domain::lint::{Entry, Kind, Lexicon, Question, Term, Vocabulary};

/// The vocabulary that the binary carries.
///
/// # Errors
/// Never, as long as the tests pass.
pub fn embedded() -> Result<Lexicon, Vec<ReferenceError>> {
    lexicon(include_str!("../../deploy/reference/lint.toml"))
}

/// Reads the vocabulary from the text of `lint.toml`.
///
/// # Errors
/// Everything that is wrong with it.
pub fn lexicon(text: &str) -> Result<Lexicon, Vec<ReferenceError>> {
    let mut report = Report::new("lint.toml");
    let Some(file) = report.parse::<File>(text) else { return Err(report.wrong) };
    too_short(&file, &mut report);
    let advice = known(file.advice, "advice", Kind::from_code, &mut report);
    let questions = known(file.question, "question", Question::from_code, &mut report);
    let language =
        file.language.into_iter().map(|row| Term { terms: row.terms, instead: row.instead, of_adult: row.of_adult });
    let vocabulary = Vocabulary {
        version: file.version,
        approximate: file.approximate,
        own_words: file.own_words,
        advice,
        language: language.collect(),
        questions,
    };
    match Lexicon::new(vocabulary) {
        Ok(lexicon) if report.wrong.is_empty() => Ok(lexicon),
        Ok(_) => Err(report.wrong),
        Err(faults) => {
            faults.into_iter().for_each(|(at, what)| report.add(at, what));
            Err(report.wrong)
        }
    }
}

/// Fewer letters stand in every text: such a phrase would advise against all of them, and nobody reads advice that never ends.
const FEWEST_LETTERS: usize = 3;

/// Names the phrases that are too short to mean anything; capitals may be shorter, and so may what a `{...}` follows.
fn too_short(file: &File, report: &mut Report) {
    let entries = |table: &'static str, rows: &BTreeMap<String, EntryRow>| {
        let rows = rows.iter().map(move |(key, row)| (format!("{table}.{key}"), row.terms.clone()));
        rows.collect::<Vec<_>>()
    };
    let language = file.language.iter().map(|row| ("language".to_owned(), row.terms.clone()));
    let all = entries("advice", &file.advice).into_iter().chain(entries("question", &file.question)).chain(language);
    for (at, terms) in all {
        for term in terms.iter().filter(|term| !term.trim().is_empty() && !term.contains(['=', '{'])) {
            let letters = |word: &str| word.chars().filter(|letter| letter.is_alphanumeric()).count();
            let shortest = |word: &str| word.split('|').map(letters).min().unwrap_or_default();
            if term.split_whitespace().map(shortest).sum::<usize>() < FEWEST_LETTERS {
                report.add(&at, format!("`{term}` is too short: give at least {FEWEST_LETTERS} letters"));
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    approximate: Vec<String>,
    own_words: Vec<String>,
    advice: BTreeMap<String, EntryRow>,
    #[serde(default)]
    language: Vec<TermRow>,
    question: BTreeMap<String, EntryRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryRow {
    rule: u8,
    say: String,
    #[serde(default)]
    terms: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TermRow {
    terms: Vec<String>,
    instead: String,
    #[serde(default)]
    of_adult: bool,
}

/// The rows under their codes; a code that nobody knows is told.
fn known<K: Ord>(
    rows: BTreeMap<String, EntryRow>,
    table: &str,
    from_code: impl Fn(&str) -> Option<K>,
    report: &mut Report,
) -> BTreeMap<K, Entry> {
    let mut out = BTreeMap::new();
    for (code, row) in rows {
        match from_code(&code) {
            Some(key) => {
                out.insert(key, Entry { rule: row.rule, say: row.say, terms: row.terms });
            }
            None => report.add(format!("{table}.{code}"), "is not known"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../../deploy/reference/lint.toml");

    #[test]
    fn the_vocabulary_in_the_repository_reads() {
        let lexicon = lexicon(TEXT).unwrap_or_else(|wrong| panic!("{wrong:#?}"));
        assert!(!lexicon.version().is_empty());
        for &kind in Kind::ALL {
            assert!(!lexicon.say(kind).is_empty(), "{kind}");
        }
        for rule in 1..=4 {
            assert!(Kind::ALL.iter().any(|&kind| lexicon.rule(kind) == rule), "rule {rule}");
        }
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let text = TEXT
            .replacen("[advice.tactics]", "[advice.tactic]", 1)
            .replacen("[question.why]", "[question.wherefore]", 1)
            .replacen("\"debrief*\"", "\"de*\", \"return-interview\", \"{shoe} x\", \"a\", \"he|me\"", 1)
            .replacen("[advice.exact_time]\nrule = 1", "[advice.exact_time]\nrule = 9", 1)
            .replacen("[advice.child_named]\nrule = 1", "[advice.child_named]\nterms = [\"x\"]\nrule = 1", 1);
        let wrong: Vec<String> = lexicon(&text).unwrap_err().iter().map(ToString::to_string).collect();
        for expected in [
            "lint.toml: advice.tactic: is not known",
            "lint.toml: question.wherefore: is not known",
            "lint.toml: advice.tactics: is missing",
            "lint.toml: question.why: is missing",
            "`de*`",
            "`a` is too short",
            "`he|me` is too short",
            "`return-interview`",
            "`{shoe} x`",
            "advice.exact_time: `rule`",
            "advice.child_named: takes no `terms`",
        ] {
            assert!(wrong.iter().any(|line| line.contains(expected)), "{expected}: {wrong:#?}");
        }
        let shape = lexicon(&TEXT.replacen("say = ", "tell = ", 1)).unwrap_err();
        assert!(shape[0].at.starts_with("line "), "{shape:?}");
    }
}
