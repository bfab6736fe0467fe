//! Rules 4 and 5: an item stands alone, and answers who, what, why, where, when and how.

use super::{
    kind::{Kind, Question},
    lexicon::{Lexicon, Owner},
    moments,
    notes::Finding,
    phrase::Found,
    police_texts,
    tokens::Tokens,
};
use crate::domain::{
    code::{ItemKind, YesNoUnknown},
    stage::Redacted,
    submission::Item,
};

/// How complete an item is as police read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meter {
    /// The item, from 1.
    pub item: u16,
    /// Each question, and whether it is answered.
    pub answers: Vec<(Question, bool)>,
}

/// The meter of every item.
pub fn meters(redacted: &Redacted, lexicon: &Lexicon) -> Vec<Meter> {
    let meter = |(number, text): (u16, &str)| {
        let item = item(redacted, number)?;
        let tokens = Tokens::new(text);
        let found = lexicon.phrases.find(&tokens);
        let answered = |&question: &Question| (question, is_answered(question, item, &tokens, &found));
        Some(Meter { item: number, answers: Question::ALL.iter().map(answered).collect() })
    };
    police_texts(redacted).filter_map(meter).collect()
}

/// What an intelligence report lacks to stand alone.
pub(super) fn lacking(redacted: &Redacted, number: u16, tokens: &Tokens<'_>, found: &[Found<Owner>]) -> Vec<Finding> {
    let Some(item) = item(redacted, number).filter(|item| item.kind == ItemKind::Intelligence) else {
        return Vec::new();
    };
    let needed = [
        (Question::Who, Kind::LacksSubject),
        (Question::What, Kind::LacksAct),
        (Question::Where, Kind::LacksPlace),
        (Question::When, Kind::LacksTime),
    ];
    let lacks = needed.into_iter().filter(|(question, _)| !is_answered(*question, item, tokens, found));
    lacks.map(|(_, kind)| Finding::whole(kind)).collect()
}

fn item(redacted: &Redacted, number: u16) -> Option<&Item> {
    redacted.draft().items.get(usize::from(number).checked_sub(1)?)
}

/// A report of fewer words says nothing that happened.
const FEWEST_WORDS: usize = 4;

/// Whether the item answers, in its structured part or in its words.
fn is_answered(question: Question, item: &Item, tokens: &Tokens<'_>, found: &[Found<Owner>]) -> bool {
    let stated = match question {
        Question::Who => !item.who.is_empty() || item.about.is_some(),
        Question::What => tokens.len() >= FEWEST_WORDS,
        Question::Why => false,
        Question::Where => !item.at.is_empty() || item.online || item.rail == Some(true),
        Question::When => {
            item.when.as_ref().is_some_and(|when| !when.is_blank())
                || item.still_happening == Some(YesNoUnknown::Yes)
                || moments::is_dated(tokens)
        }
        Question::How => !item.things.is_empty(),
    };
    stated || found.iter().any(|found| found.owner == Owner::Answer(question))
}
