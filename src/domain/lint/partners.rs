//! Whom a word such as "boyfriend" speaks of, and whether that is an adult. What is asked of the people of a submission is
//! worked out once, so that a text full of such words takes no longer than another.

use std::{collections::HashMap, ops::Range};

use jiff::civil::Date;

use super::{in_item, moments::Days, tokens::Tokens};
use crate::domain::{
    code::{DataSubjectCategory, PersonRole},
    redaction::{Entity, plain_text},
    stage::Redacted,
    submission::{Draft, Person},
    text::Text,
};

/// The people of a submission.
pub(super) struct People<'r> {
    redacted: &'r Redacted,
    draft: &'r Draft,
    /// For each person, whether the age says adult.
    of_age: Vec<bool>,
    /// Place of a person by id.
    by_id: HashMap<&'r str, usize>,
    /// Place of the first person with that word in the relationship.
    related: HashMap<String, usize>,
}

impl<'r> People<'r> {
    /// Everybody who is listed.
    pub fn of(redacted: &'r Redacted) -> Self {
        let draft = redacted.draft();
        let today = Days::of(draft).today();
        let mut related = HashMap::new();
        for (number, person) in draft.persons.iter().enumerate() {
            let tokens = Tokens::new(person.relationship.as_ref().map_or("", Text::reveal));
            for at in 0..tokens.len() {
                related.entry(singular(tokens.word(at)).to_owned()).or_insert(number);
            }
        }
        Self {
            redacted,
            draft,
            of_age: draft.persons.iter().map(|person| of_age(person, today)).collect(),
            by_id: draft.persons.iter().enumerate().map(|(number, person)| (person.id.reveal(), number)).collect(),
            related,
        }
    }

    fn may_be_partner(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied().filter(|&number| may_be_partner(&self.draft.persons[number]))
    }
}

/// Whom such words may speak of in one field.
pub(super) struct Partners<'t, 'r> {
    people: &'t People<'r>,
    tokens: &'t Tokens<'t>,
    /// Where listed persons other than the child are named, in order and apart.
    named: Vec<(Range<usize>, usize)>,
    /// Whose field it is.
    person: Option<usize>,
    /// The only one of the item who may be meant.
    only: Option<usize>,
}

impl<'t, 'r> Partners<'t, 'r> {
    /// Those of `field`.
    pub fn of(people: &'t People<'r>, field: &str, tokens: &'t Tokens<'t>) -> Self {
        let mentions = people.redacted.engine().mentions(tokens.original);
        let persons = mentions.iter().filter(|mention| mention.entity == Entity::Person);
        let named = persons.filter_map(|mention| {
            let person = mention.persons.iter().find_map(|id| people.may_be_partner(id))?;
            Some((mention.range.clone(), person))
        });
        let index = field.strip_prefix("persons[").and_then(|rest| rest.split_once(']')?.0.parse::<usize>().ok());
        let item = in_item(field).and_then(|(number, _)| people.draft.items.get(usize::from(number) - 1));
        let mut others =
            item.into_iter().flat_map(|item| &item.who).filter_map(|id| people.may_be_partner(id.reveal()));
        let only = others.next().filter(|_| others.next().is_none());
        Self { people, tokens, named: named.collect(), person: index.filter(|&at| at < people.of_age.len()), only }
    }

    /// True when the words speak of an adult: by the age beside them, by whoever is named nearest in the sentence, by a person
    /// with that relationship, by the only person of the item.
    pub fn is_adult(&self, words: &Range<usize>) -> bool {
        if let Some(adult) = self.age_beside(words) {
            return adult;
        }
        let related = || self.people.related.get(singular(self.tokens.word(words.start))).copied();
        let meant = self.person.or_else(|| self.nearest(words)).or_else(related).or(self.only);
        meant.is_some_and(|person| self.people.of_age[person])
    }

    /// An age within a few words: "her 24-year-old boyfriend", "boyfriend (16)".
    fn age_beside(&self, words: &Range<usize>) -> Option<bool> {
        let sentence = self.tokens.sentence(words.start);
        let near = words.start.saturating_sub(4).max(sentence.start)..(words.end + 3).min(sentence.end);
        let age = |at: usize| {
            let word = self.tokens.word(at);
            let years: u8 =
                word.strip_suffix("yo").unwrap_or(word).parse().ok().filter(|age| (10..80).contains(age))?;
            let next = self.tokens.nth(at + 1).unwrap_or_default();
            let before = at.checked_sub(1).map_or("", |before| self.tokens.word(before));
            let bracketed = at.checked_sub(1).is_some_and(|before| self.tokens.gap(before).ends_with('('));
            let said = bracketed
                || word.ends_with("yo")
                || next.starts_with("year")
                || matches!(next, "yr" | "yrs" | "yo")
                || matches!(before, "aged" | "age" | "is" | "was" | "about" | "around" | "turned");
            said.then_some(years >= 18)
        };
        near.clone().find_map(age)
    }

    /// Whoever is named nearest in the sentence: the last before the words or the first after.
    fn nearest(&self, words: &Range<usize>) -> Option<usize> {
        let sentence = self.tokens.bytes(&self.tokens.sentence(words.start));
        let bytes = self.tokens.bytes(words);
        let after = self.named.partition_point(|(range, _)| range.start < bytes.start);
        let before = after.checked_sub(1).map(|before| &self.named[before]);
        let before = before.filter(|(range, _)| sentence.start <= range.start);
        let after = self.named.get(after).filter(|(range, _)| range.end <= sentence.end);
        let away = |range: &Range<usize>| match range.start >= bytes.end {
            true => range.start - bytes.end,
            false => bytes.start.saturating_sub(range.end),
        };
        before.into_iter().chain(after).min_by_key(|(range, _)| away(range)).map(|(_, person)| *person)
    }
}

/// A word as it is looked up: "boyfriends" is "boyfriend".
fn singular(word: &str) -> &str {
    word.strip_suffix('s').filter(|one| one.len() > 2).unwrap_or(word)
}

/// Nobody speaks so of the child, of family or of those who work with the child.
fn may_be_partner(person: &Person) -> bool {
    let concern = matches!(person.category, DataSubjectCategory::Suspect | DataSubjectCategory::Convicted);
    concern
        || !matches!(
            person.role,
            PersonRole::Child
                | PersonRole::Sibling
                | PersonRole::Parent
                | PersonRole::Carer
                | PersonRole::HouseholdMember
                | PersonRole::Professional
                | PersonRole::Police
                | PersonRole::Practitioner
        )
}

/// The age says so, or it is a person of concern and no age says otherwise.
fn of_age(person: &Person, today: Option<Date>) -> bool {
    let concern = person.role == PersonRole::Suspect
        || matches!(person.category, DataSubjectCategory::Suspect | DataSubjectCategory::Convicted);
    let born = person.date_of_birth.zip(today).map(|(born, today)| age(born, today) >= 18);
    born.or_else(|| age_in_words(person)).unwrap_or(concern)
}

fn age(born: Date, on: Date) -> i16 {
    on.year() - born.year() - i16::from((on.month(), on.day()) < (born.month(), born.day()))
}

/// Whether the age stated in words is an adult's: the smallest number of "17 to 19" decides.
fn age_in_words(person: &Person) -> Option<bool> {
    let stated = plain_text(person.description.age_range.as_ref().map_or("", Text::reveal));
    let numbers = stated.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse::<u8>().ok());
    if let Some(youngest) = numbers.min() {
        return Some(youngest >= 18);
    }
    let words = ["adult", "man", "woman", "twenties", "thirties", "forties", "fifties", "sixties"];
    stated.split_whitespace().any(|word| words.contains(&word)).then_some(true)
}
