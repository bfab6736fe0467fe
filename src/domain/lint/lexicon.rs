//! The vocabulary of advice: what is looked for, and what is said about it. Data, checked when it is loaded.

use std::collections::BTreeMap;

use super::{
    kind::{Kind, Question},
    phrase::Phrases,
};

/// Everything that advice is made of.
#[derive(Debug, Clone)]
pub struct Lexicon {
    version: String,
    pub(super) phrases: Phrases<Owner>,
    pub(super) approximate: Vec<String>,
    pub(super) own_words: Vec<String>,
    advice: BTreeMap<Kind, (u8, String)>,
    terms: Vec<Term>,
    questions: BTreeMap<Question, String>,
}

/// Whose phrase it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    /// A kind of advice.
    Kind(Kind),
    /// A term of harmful language, by its place in the list.
    Term(usize),
    /// What answers a question.
    Answer(Question),
}

/// The vocabulary as it is written.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// Version of the file.
    pub version: String,
    /// Words before a number or time that make it none that only those who were there know.
    pub approximate: Vec<String>,
    /// Fields of an item that hold the child's own words altogether.
    pub own_words: Vec<String>,
    /// What is said about each kind, and what is looked for.
    pub advice: BTreeMap<Kind, Entry>,
    /// Harmful language.
    pub language: Vec<Term>,
    /// What an item should answer, and what answers it.
    pub questions: BTreeMap<Question, Entry>,
}

/// One kind of advice, or one question.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    /// The rule of domain 2.3, 1 to 5; 0 where it is none of the five.
    pub rule: u8,
    /// What to write instead, or to add.
    pub say: String,
    /// Phrases.
    pub terms: Vec<String>,
}

/// A term of harmful language.
#[derive(Debug, Clone, Default)]
pub struct Term {
    /// Phrases, forms of one term.
    pub terms: Vec<String>,
    /// What to write instead.
    pub instead: String,
    /// Only of an adult.
    pub of_adult: bool,
}

/// What is wrong with a vocabulary: the entry, and what to do.
pub type Fault = (String, String);

impl Lexicon {
    /// Checks and compiles `vocabulary`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn new(vocabulary: Vocabulary) -> Result<Self, Vec<Fault>> {
        let mut wrong = Vec::new();
        let mut phrases = Phrases::new();
        for &kind in Kind::ALL {
            advice(kind, &vocabulary, &mut phrases, &mut wrong);
        }
        for (number, term) in vocabulary.language.iter().enumerate() {
            let at = format!("language {}", number + 1);
            if term.instead.trim().is_empty() {
                wrong.push((at.clone(), "say in `instead` what to write".to_owned()));
            }
            if term.terms.is_empty() {
                wrong.push((at.clone(), "list at least one of `terms`".to_owned()));
            }
            add(&mut phrases, &term.terms, Owner::Term(number), &at, &mut wrong);
        }
        for &question in Question::ALL {
            let at = format!("question.{question}");
            match vocabulary.questions.get(&question) {
                Some(entry) => {
                    if entry.say.trim().is_empty() {
                        wrong.push((at.clone(), "say in `say` what to add".to_owned()));
                    }
                    add(&mut phrases, &entry.terms, Owner::Answer(question), &at, &mut wrong);
                }
                None => wrong.push((at, "is missing".to_owned())),
            }
        }
        if vocabulary.version.trim().is_empty() {
            wrong.push(("version".to_owned(), "is required".to_owned()));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Self {
            version: vocabulary.version,
            phrases,
            approximate: vocabulary.approximate,
            own_words: vocabulary.own_words,
            advice: vocabulary.advice.into_iter().map(|(kind, entry)| (kind, (entry.rule, entry.say))).collect(),
            terms: vocabulary.language,
            questions: vocabulary.questions.into_iter().map(|(question, entry)| (question, entry.say)).collect(),
        })
    }

    /// Its version, for explanations.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The rule of domain 2.3 that asks for `kind`; 0 where it is none of the five.
    pub fn rule(&self, kind: Kind) -> u8 {
        self.advice.get(&kind).map_or(0, |(rule, _)| *rule)
    }

    /// What to write instead.
    pub fn say(&self, kind: Kind) -> &str {
        self.advice.get(&kind).map_or("", |(_, say)| say)
    }

    /// What to add where `question` is not answered.
    pub fn ask(&self, question: Question) -> &str {
        self.questions.get(&question).map_or("", String::as_str)
    }

    pub(super) fn term(&self, number: usize) -> &Term {
        &self.terms[number]
    }
}

fn advice(kind: Kind, vocabulary: &Vocabulary, phrases: &mut Phrases<Owner>, wrong: &mut Vec<Fault>) {
    let at = format!("advice.{kind}");
    let mut tell = |what: &str| wrong.push((at.clone(), what.to_owned()));
    let Some(entry) = vocabulary.advice.get(&kind) else {
        tell("is missing");
        return;
    };
    if entry.say.trim().is_empty() {
        tell("say in `say` what to write instead");
    }
    if entry.rule > 5 {
        tell("`rule` is 1 to 5, or 0 where it is none of the five");
    }
    // Harmful language has a list of its own.
    let wants_terms = kind.has_terms() && kind != Kind::HarmfulLanguage;
    if wants_terms && entry.terms.is_empty() {
        tell("list at least one of `terms`");
    }
    if !wants_terms && !entry.terms.is_empty() {
        tell("takes no `terms`: what is listed in the submission decides");
    }
    add(phrases, &entry.terms, Owner::Kind(kind), &at, wrong);
}

fn add(phrases: &mut Phrases<Owner>, terms: &[String], owner: Owner, at: &str, wrong: &mut Vec<Fault>) {
    for term in terms {
        if let Err(what) = phrases.add(term, owner) {
            wrong.push((at.to_owned(), format!("`{term}`: {what}")));
        }
    }
}
