//! Rules 1 to 4 over the text that police read, as the sender wrote it or as the engine left it.

use std::collections::HashMap;

use super::{
    kind::Kind,
    lexicon::{Lexicon, Owner},
    moments::{self, Days},
    notes::Finding,
    phrase::{Found, is_number},
    quotes,
    tokens::Tokens,
};
use crate::domain::{
    code::{PersonRole, Sex, SourceRole},
    redaction::{Action, EffectiveRole, Entity, Lens, Mention, plain_text},
    stage::Redacted,
    submission::Item,
    text::Text,
};

/// What the reading of police text needs of a submission.
pub(super) struct Police<'r> {
    redacted: &'r Redacted,
    lexicon: &'r Lexicon,
    days: Days,
    /// Where things happened, as they would be found in a text.
    places: Vec<String>,
}

impl<'r> Police<'r> {
    pub fn new(redacted: &'r Redacted, lexicon: &'r Lexicon) -> Self {
        let draft = redacted.draft();
        let stated = |place: &crate::domain::submission::Place| {
            let address = place.address.as_ref().map_or("", Text::reveal);
            plain_text(&format!("{} {address}", place.name.reveal()))
        };
        Self { redacted, lexicon, days: Days::of(draft), places: draft.places.iter().map(stated).collect() }
    }

    /// The sender wrote this item for police.
    pub fn has_own_wording(&self, number: u16) -> bool {
        let item = self.item(number);
        item.and_then(|item| item.sanitised_text.as_ref()).is_some_and(|text| !text.is_blank())
    }

    /// A text that the sender wrote for police: its words, its days, and everything listed that police must not read.
    pub fn written(&self, number: u16, tokens: &Tokens<'_>, found: &[Found<Owner>]) -> Vec<Finding> {
        let mut out = self.view(number, tokens, found);
        out.extend(self.redacted.engine().mentions(tokens.original).iter().filter_map(named));
        out
    }

    /// A text as the engine left it: its words and its days.
    pub fn view(&self, number: u16, tokens: &Tokens<'_>, found: &[Found<Owner>]) -> Vec<Finding> {
        let mut out = words(self.lexicon, tokens, found);
        // A phrase that comes a thousand times is held against the places once.
        let mut listed: HashMap<String, bool> = HashMap::new();
        for found in found.iter().filter(|found| found.owner == Owner::Kind(Kind::InterviewPlace)) {
            let bytes = tokens.bytes(&found.words);
            let here = plain_text(&tokens.original[bytes.clone()]);
            let contains = |here: &String| self.places.iter().any(|place| place.contains(here));
            if !*listed.entry(here).or_insert_with_key(contains) {
                out.push(Finding::at(Kind::InterviewPlace, bytes));
            }
        }
        out.extend(self.child_says(number, tokens, found, Kind::ChildSays));
        for named in moments::named(tokens) {
            let kind = if self.days.is_interview(&named) {
                Kind::InterviewDate
            } else if self.days.is_episode(&named) {
                Kind::EpisodeDate
            } else {
                continue;
            };
            out.push(Finding::at(kind, tokens.bytes(&named.words)));
        }
        out
    }

    /// An item as its author wrote it: one source, one matter, denials marked. What is quoted is somebody's own words.
    pub fn account(&self, number: u16, tokens: &Tokens<'_>, found: &[Found<Owner>]) -> Vec<Finding> {
        let quoted = quotes::quoted(tokens.original);
        let Some(item) = self.item(number) else { return Vec::new() };
        let own_sight = item.provenance.source_role == SourceRole::Practitioner;
        let denied = self.redacted.draft().interview.denied.as_ref().is_some_and(|denied| !denied.is_blank());
        let mut out = Vec::new();
        for found in found {
            let kind = match found.owner {
                Owner::Kind(Kind::SeveralSources) if !own_sight => Kind::SeveralSources,
                // The worker's own sight, and then what somebody told the worker.
                Owner::Kind(Kind::ProvenanceInProse) if own_sight => Kind::SeveralSources,
                Owner::Kind(Kind::SeveralMatters) => Kind::SeveralMatters,
                Owner::Kind(Kind::DenialUnmarked) if !denied => Kind::DenialUnmarked,
                _ => continue,
            };
            let bytes = tokens.bytes(&found.words);
            if !quotes::touches(&quoted, &bytes) {
                out.push(Finding::at(kind, bytes));
            }
        }
        if own_sight {
            out.extend(self.child_says(number, tokens, found, Kind::SeveralSources));
        }
        out.extend(second_point(tokens.original).map(|bytes| Finding::at(Kind::SeveralMatters, bytes)));
        out
    }

    /// "She said", where nobody but the child can be meant.
    fn child_says(&self, number: u16, tokens: &Tokens<'_>, found: &[Found<Owner>], kind: Kind) -> Vec<Finding> {
        let draft = self.redacted.draft();
        let pronoun = match draft.child.sex {
            Some(Sex::Female) => "she",
            Some(Sex::Male) => "he",
            _ => "they",
        };
        let others = self.item(number).into_iter().flat_map(|item| &item.who);
        let mut others = others.filter_map(|id| draft.persons.iter().find(|person| person.id == *id));
        let of_the_same_sex = others.any(|person| {
            person.role != PersonRole::Child
                && (person.description.sex.is_none() || person.description.sex == draft.child.sex || pronoun == "they")
        });
        if of_the_same_sex {
            return Vec::new();
        }
        let theirs = |found: &&Found<Owner>| {
            found.owner == Owner::Kind(Kind::ChildSays) && tokens.word(found.words.start) == pronoun
        };
        found.iter().filter(theirs).map(|found| Finding::at(kind, tokens.bytes(&found.words))).collect()
    }

    fn item(&self, number: u16) -> Option<&'r Item> {
        self.redacted.draft().items.get(usize::from(number).checked_sub(1)?)
    }
}

/// What the words of a text say, whoever is listed.
pub(super) fn words(lexicon: &Lexicon, tokens: &Tokens<'_>, found: &[Found<Owner>]) -> Vec<Finding> {
    let about = |found: &Found<Owner>| {
        let Owner::Kind(kind) = found.owner else { return None };
        match kind {
            Kind::ExactAmount | Kind::ExactTime if approximate(lexicon, tokens, found.words.start) => None,
            Kind::Opinion if is_estimate(tokens, found.words.end) => None,
            kind if kind.tells_nothing_new() => Some(Finding::at(kind, tokens.bytes(&found.words))),
            _ => None,
        }
    };
    found.iter().filter_map(about).collect()
}

fn approximate(lexicon: &Lexicon, tokens: &Tokens<'_>, at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| lexicon.approximate.iter().any(|word| word == tokens.word(before)))
}

/// "Maybe 40", "probably about 15": a rough number describes, it judges nothing.
fn is_estimate(tokens: &Tokens<'_>, after: usize) -> bool {
    let rough = matches!(tokens.nth(after), Some("about" | "around" | "aged" | "nearly"));
    tokens.nth(after + usize::from(rough)).is_some_and(is_number)
}

/// What a mention that police must not read is about.
fn named(mention: &Mention<'_>) -> Option<Finding> {
    let reading = mention.under(Lens::Item);
    if reading.action == Action::Keep {
        return None;
    }
    let person = mention.entity == Entity::Person;
    let either = |name, detail| if person { name } else { detail };
    let kind = match (reading.role, mention.entity) {
        (_, Entity::Relationship) => Kind::Relationship,
        (_, Entity::Organisation) | (EffectiveRole::Submitter, _) => Kind::SubmitterNamed,
        (EffectiveRole::SubjectChild | EffectiveRole::SubjectSource, _) => either(Kind::ChildNamed, Kind::ChildDetail),
        (EffectiveRole::Source | EffectiveRole::CarerSource, _) => either(Kind::SourceNamed, Kind::SourceDetail),
        (EffectiveRole::ParentCarer | EffectiveRole::ParentOfSource, _) => {
            either(Kind::FamilyNamed, Kind::FamilyDetail)
        }
        (EffectiveRole::OtherChild | EffectiveRole::UnlistedChild, _) => Kind::OtherChild,
        (EffectiveRole::SecondSource, _) => Kind::SecondSource,
        _ => Kind::HiddenValue,
    };
    Some(Finding::at(kind, mention.range.clone()))
}

/// The sign before the second point of a list: an item with points is more than one matter.
fn second_point(text: &str) -> Option<std::ops::Range<usize>> {
    let mut at = 0;
    let mut points = text.split_inclusive('\n').filter_map(|line| {
        let start = at + line.len() - line.trim_start().len();
        at += line.len();
        let line = line.trim_start();
        let sign = line.split_whitespace().next()?;
        let number = sign.strip_suffix(['.', ')', ':']).unwrap_or("").trim_start_matches('(');
        let numbered = !number.is_empty() && number.len() < 3 && number.bytes().all(|byte| byte.is_ascii_digit());
        let point = numbered || matches!(sign, "-" | "–" | "—" | "*" | "•" | "·" | "▪" | "o");
        (point && line.len() > sign.len()).then(|| start..start + sign.len())
    });
    points.nth(1)
}
