//! Every form in which something listed may be written, as needles for one search over the squeezed fold.

use std::sync::LazyLock;

use super::{
    fold::Folded,
    form::{Entity, Form, ListedPerson},
    policy::EffectiveRole,
    words::{FAMILY, NAMELESS, is_ordinary, is_particle, is_title},
};

/// How a match has to stand in the text to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Words in any case, joined or apart at their breaks.
    Words,
    /// A name turned round, with a comma after this many bytes.
    TurnedRound(usize),
    /// One word that is also an ordinary word: its capital counts.
    Capital,
    /// First letters of a name.
    Initials,
    /// Letters and digits that may be spaced out anywhere.
    Compact,
    /// A word for family.
    Family,
}

/// How much of what is listed a needle is. Less gives way to more that covers it: "Ellie Smith" is nobody's "Ellie".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// A part of a name, initials, a word for family.
    Part,
    /// A whole name of one word.
    OneWord,
    /// A whole name or value.
    Whole,
}

/// What a mention may denote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Meaning {
    pub entity: Entity,
    pub role: EffectiveRole,
    /// Index in the persons of the compiled form.
    pub person: Option<usize>,
}

/// One string to look for.
#[derive(Clone)]
pub(super) struct Needle {
    /// Letters and digits, folded.
    pub text: String,
    /// Byte offsets in `text` where one word ends and the next begins.
    pub breaks: Vec<usize>,
    pub rule: Rule,
    pub strength: Strength,
    pub meaning: Meaning,
}

/// The needles of everything in `form`, numbers aside. `persons` is the form's list in its compiled order.
pub(super) fn needles(persons: &[ListedPerson], form: &Form) -> Vec<Needle> {
    let mut out = Collector::default();
    for (index, person) in persons.iter().enumerate() {
        out.meaning = Some(Meaning { entity: Entity::Person, role: person.role, person: Some(index) });
        person.names.iter().for_each(|name| out.name(name.reveal()));
        if let Some(relationship) = &person.relationship {
            out.meaning = Some(Meaning { entity: Entity::Relationship, role: person.role, person: None });
            out.words(&words(relationship.reveal()).concat(), Strength::Part);
        }
    }
    for value in &form.values {
        out.meaning = Some(Meaning { entity: value.entity, role: value.role, person: None });
        out.value(value);
    }
    let child_is_source = persons.iter().any(|person| person.role == EffectiveRole::SubjectSource);
    let role = if child_is_source { EffectiveRole::ParentOfSource } else { EffectiveRole::ParentCarer };
    out.meaning = Some(Meaning { entity: Entity::Relationship, role, person: None });
    FAMILY_PIECES.iter().for_each(|pieces| out.push(pieces, Rule::Family, Strength::Part));
    out.needles
}

static FAMILY_PIECES: LazyLock<Vec<Vec<String>>> =
    LazyLock::new(|| FAMILY.iter().map(|word| words(word).concat()).collect());

/// The words of a text at its white space, each as its folded letter-and-digit pieces.
pub(super) fn words(text: &str) -> Vec<Vec<String>> {
    let folded = Folded::new(text, Vec::new());
    let pieces = |word: &str| -> Vec<String> {
        word.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty()).map(str::to_owned).collect()
    };
    folded.text.split(' ').map(pieces).filter(|word| !word.is_empty()).collect()
}

/// Only this many words of a name are taken apart; a longer one is still found as a whole.
const MOST_WORDS: usize = 6;

#[derive(Default)]
pub(super) struct Collector {
    needles: Vec<Needle>,
    meaning: Option<Meaning>,
}

impl Collector {
    pub(super) fn push(&mut self, pieces: &[String], rule: Rule, strength: Strength) {
        let Some(meaning) = self.meaning else { return };
        let mut text = String::new();
        let mut breaks = Vec::new();
        for piece in pieces {
            if !text.is_empty() {
                breaks.push(text.len());
            }
            text.push_str(piece);
        }
        if text.chars().count() >= 2 {
            self.needles.push(Needle { text, breaks, rule, strength, meaning });
        }
    }

    /// Words that need their capital only when they are one ordinary word.
    pub(super) fn words(&mut self, pieces: &[String], strength: Strength) {
        let rule = match pieces {
            [one] if is_ordinary(one) => Rule::Capital,
            _ => Rule::Words,
        };
        self.push(pieces, rule, strength);
    }

    fn name(&mut self, name: &str) {
        let mut name = words(name);
        if name.len() > 1 && name[0].len() == 1 && is_title(&name[0][0]) {
            self.words(&name.concat(), Strength::Whole);
            name.remove(0);
        }
        let strength = if name.len() > 1 { Strength::Whole } else { Strength::OneWord };
        self.words(&name.concat(), strength);
        if name.len() > MOST_WORDS {
            name.truncate(MOST_WORDS);
        }
        self.sequences(&name);
        name.iter().for_each(|word| self.parts_of(word));
        self.initials(&name);
    }

    /// Any two words in either order, and any run of neighbours.
    fn sequences(&mut self, name: &[Vec<String>]) {
        for i in 0..name.len() {
            for j in i + 1..name.len() {
                let ends = i == 0 && j + 1 == name.len();
                self.words(
                    &[name[i].clone(), name[j].clone()].concat(),
                    if ends { Strength::Whole } else { Strength::Part },
                );
                self.words(&name[i..=j].concat(), Strength::Part);
                let comma = Rule::TurnedRound(name[j].concat().len());
                self.push(&[name[j].clone(), name[i].clone()].concat(), comma, Strength::Part);
            }
            // "J Peel", "Jordan P".
            for j in i + 1..name.len() {
                let initial = |word: &[String]| word[0].chars().next().map(String::from).unwrap_or_default();
                self.push(&[vec![initial(&name[i])], name[j].clone()].concat(), Rule::Words, Strength::Part);
                self.push(&[name[i].clone(), vec![initial(&name[j])]].concat(), Rule::Words, Strength::Part);
            }
        }
    }

    /// One word of a name, and the pieces of a hyphenated one.
    fn parts_of(&mut self, word: &[String]) {
        let nameless =
            |piece: &str| is_particle(piece) || is_title(piece) || NAMELESS.contains(piece) || FAMILY.contains(&piece);
        if word.len() > 1 || !nameless(&word[0]) {
            self.words(word, Strength::Part);
        }
        if word.len() > 1 {
            for piece in word.iter().filter(|piece| piece.chars().count() >= 3 && !nameless(piece)) {
                self.words(std::slice::from_ref(piece), Strength::Part);
            }
        }
    }

    fn initials(&mut self, name: &[Vec<String>]) {
        let first = |piece: &String| piece.chars().next().map(String::from).unwrap_or_default();
        let all: Vec<String> = name.concat().iter().map(first).collect();
        let by_word: Vec<String> = name.iter().map(|word| first(&word[0])).collect();
        for piece in name.iter().skip(1).flatten() {
            self.push(&[by_word[0].clone(), first(piece)], Rule::Initials, Strength::Part);
        }
        if by_word.len() > 2 {
            self.push(&by_word, Rule::Initials, Strength::Part);
        }
        if all.len() > by_word.len() && name.len() > 1 {
            self.push(&all, Rule::Initials, Strength::Part);
        }
    }
}
