//! Language that blames or labels a child, and opinion among facts. Never in somebody's own words.

use std::ops::Range;

use jiff::civil::Date;

use super::{
    in_item,
    kind::Kind,
    lexicon::{Lexicon, Owner},
    moments::Days,
    notes::Finding,
    phrase::Found,
    quotes,
    tokens::Tokens,
};
use crate::domain::{
    code::{DataSubjectCategory, PersonRole},
    redaction::{Entity, plain_text},
    stage::Redacted,
    submission::{Draft, Person},
    text::Text,
};

/// Harmful language in a field, outside quotations.
pub(super) fn read(
    redacted: &Redacted,
    lexicon: &Lexicon,
    field: &str,
    tokens: &Tokens<'_>,
    found: &[Found<Owner>],
) -> Vec<Finding> {
    let own_words = in_item(field).is_some_and(|(_, name)| lexicon.own_words.iter().any(|own| own == name));
    if own_words || !found.iter().any(|found| matches!(found.owner, Owner::Term(_))) {
        return Vec::new();
    }
    let quoted = quotes::quoted(tokens.original);
    let mut partners = None;
    let mut out = Vec::new();
    for found in found {
        let Owner::Term(number) = found.owner else { continue };
        let (term, bytes) = (lexicon.term(number), tokens.bytes(&found.words));
        if quotes::touches(&quoted, &bytes) {
            continue;
        }
        let mut adult = || partners.get_or_insert_with(|| Partners::of(redacted, field, tokens)).is_adult(&found.words);
        if term.of_adult && !adult() {
            continue;
        }
        out.push(Finding { say: Some(term.instead.clone()), ..Finding::at(Kind::HarmfulLanguage, bytes) });
    }
    out
}

/// Opinion among facts, outside quotations.
pub(super) fn opinions(tokens: &Tokens<'_>, found: &[Found<Owner>]) -> Vec<Finding> {
    let quoted = quotes::quoted(tokens.original);
    let opinions = found.iter().filter(|found| found.owner == Owner::Kind(Kind::Opinion));
    let places = opinions.map(|found| tokens.bytes(&found.words));
    places.filter(|bytes| !quotes::touches(&quoted, bytes)).map(|bytes| Finding::at(Kind::Opinion, bytes)).collect()
}

/// Who a word such as "boyfriend" may speak of.
struct Partners<'t, 'r> {
    draft: &'r Draft,
    field: &'t str,
    tokens: &'t Tokens<'t>,
    /// Where listed persons other than the child are named.
    named: Vec<(Range<usize>, &'r Person)>,
    today: Option<Date>,
}

impl<'t, 'r> Partners<'t, 'r> {
    fn of(redacted: &'r Redacted, field: &'t str, tokens: &'t Tokens<'t>) -> Self {
        let draft = redacted.draft();
        let mentions = redacted.engine().mentions(tokens.original);
        let named = mentions.iter().filter(|mention| mention.entity == Entity::Person).flat_map(|mention| {
            let ids = mention.persons.iter();
            let persons = ids.filter_map(|&id| draft.persons.iter().find(|person| person.id.reveal() == id));
            let others = persons.filter(|person| may_be_partner(person));
            others.map(|person| (mention.range.clone(), person)).collect::<Vec<_>>()
        });
        Self { draft, field, tokens, named: named.collect(), today: Days::of(draft).today() }
    }

    /// True when the words speak of an adult: by the age beside them, by whoever is named nearest in the sentence, by a person
    /// with that relationship, by the only person of the item.
    fn is_adult(&self, words: &Range<usize>) -> bool {
        if let Some(adult) = self.age_beside(words) {
            return adult;
        }
        if let Some(person) = self.person_of_field().or_else(|| self.nearest(words)) {
            return self.of_age(person);
        }
        let word = self.tokens.word(words.start);
        let related = |person: &&Person| {
            person.relationship.as_ref().is_some_and(|relationship| plain_text(relationship.reveal()).contains(word))
        };
        if let Some(person) = self.draft.persons.iter().find(related) {
            return self.of_age(person);
        }
        let item = in_item(self.field).and_then(|(number, _)| self.draft.items.get(usize::from(number) - 1));
        let mut others = item
            .into_iter()
            .flat_map(|item| &item.who)
            .filter_map(|id| self.draft.persons.iter().find(|person| person.id == *id && may_be_partner(person)));
        matches!((others.next(), others.next()), (Some(person), None) if self.of_age(person))
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

    /// The age says so, or it is a person of concern and no age says otherwise.
    fn of_age(&self, person: &Person) -> bool {
        let concern = person.role == PersonRole::Suspect
            || matches!(person.category, DataSubjectCategory::Suspect | DataSubjectCategory::Convicted);
        let born = person.date_of_birth.zip(self.today).map(|(born, today)| age(born, today) >= 18);
        born.or_else(|| age_in_words(person)).unwrap_or(concern)
    }

    fn person_of_field(&self) -> Option<&'r Person> {
        let (index, _) = self.field.strip_prefix("persons[")?.split_once(']')?;
        self.draft.persons.get(index.parse::<usize>().ok()?)
    }

    fn nearest(&self, words: &Range<usize>) -> Option<&'r Person> {
        let sentence = self.tokens.bytes(&self.tokens.sentence(words.start));
        let bytes = self.tokens.bytes(words);
        let here = self.named.iter().filter(|(range, _)| sentence.start <= range.start && range.end <= sentence.end);
        let away = |range: &Range<usize>| match range.start >= bytes.end {
            true => range.start - bytes.end,
            false => bytes.start.saturating_sub(range.end),
        };
        here.min_by_key(|(range, _)| away(range)).map(|(_, person)| *person)
    }
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
