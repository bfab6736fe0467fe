//! Advice to the author of a submission: the five rules for police text (domain 2.3), language (5.2), facts apart from
//! opinion (3). Advice never refuses, never holds and never changes a view; whoever wrote the text decides.
//!
//! [`advise`] reads what the sender wrote and what police would read of it, for the sender alone. [`of_views`] reads the
//! finished police views only, and says nothing that they do not show: it goes with the delivery. What is looked for and
//! what is said about it is the [`Lexicon`], data.

mod kind;
mod language;
mod lexicon;
mod moments;
mod notes;
mod partners;
mod phrase;
mod police;
mod quotes;
mod tokens;
mod whole;

pub use kind::{Kind, Question};
pub use lexicon::{Entry, Fault, Lexicon, Term, Vocabulary};
pub use notes::Advice;
pub use whole::{Meter, meters};

use self::{
    lexicon::Owner,
    notes::{About, Notes},
    partners::People,
    police::Police,
    tokens::Tokens,
};
use super::{
    stage::Redacted,
    unit::{Audience, Part, UnitLabel},
    validate::free_texts,
};

/// All advice to the author, in the order of the fields.
pub fn advise(redacted: &Redacted, lexicon: &Lexicon) -> Vec<Advice> {
    let draft = redacted.draft();
    let mut notes = Notes::new(lexicon);
    let (police, people) = (Police::new(redacted, lexicon), People::of(redacted));
    for (field, text) in free_texts(draft) {
        let tokens = Tokens::new(text.reveal());
        let found = lexicon.phrases.find(&tokens);
        let mut here = language::read(&people, lexicon, &field, &tokens, &found);
        match in_item(&field) {
            Some((number, "sanitised_text")) => here.extend(police.written(number, &tokens, &found)),
            Some((number, "text")) => here.extend(police.account(number, &tokens, &found)),
            None if field == "interview.evaluate.facts" => here.extend(language::opinions(&tokens, &found)),
            _ => {}
        }
        let item = in_item(&field).map(|(number, _)| number);
        notes.put(text.reveal(), &About { item, unit: None, field: &field }, here);
    }
    for (number, text) in police_texts(redacted) {
        let tokens = Tokens::new(text);
        let found = lexicon.phrases.find(&tokens);
        let mut here = whole::lacking(redacted, number, &tokens, &found);
        if !police.has_own_wording(number) {
            here.extend(police.view(number, &tokens, &found));
        }
        notes.put(text, &of_police(number), here);
    }
    notes.done()
}

/// Advice on what police read, for whoever opens it: the words of the view, and what stands beside it.
pub fn of_views(redacted: &Redacted, lexicon: &Lexicon) -> Vec<Advice> {
    let mut notes = Notes::new(lexicon);
    for (number, text) in police_texts(redacted) {
        let tokens = Tokens::new(text);
        let found = lexicon.phrases.find(&tokens);
        let mut here = whole::lacking(redacted, number, &tokens, &found);
        here.extend(police::words(lexicon, &tokens, &found));
        here.retain(|finding| finding.kind.tells_nothing_new());
        notes.put(text, &of_police(number), here);
    }
    notes.done()
}

/// What to say to whoever asks a sender something that would have a child find it out (domain 2.4); None where it would not.
pub fn tasks_child<'l>(question: &str, lexicon: &'l Lexicon) -> Option<&'l str> {
    let found = lexicon.phrases.find(&Tokens::new(question));
    let tasks = found.iter().any(|found| found.owner == Owner::Kind(Kind::TasksChild));
    tasks.then(|| lexicon.say(Kind::TasksChild))
}

/// The item and the name in it, where `field` is one of an item's.
fn in_item(field: &str) -> Option<(u16, &str)> {
    let (index, name) = field.strip_prefix("items[")?.split_once("].")?;
    Some((index.parse::<u16>().ok()?.checked_add(1)?, name))
}

/// The text of each item as police read it.
fn police_texts(redacted: &Redacted) -> impl Iterator<Item = (u16, &str)> {
    let police =
        redacted.views().iter().filter(|(label, _)| label.part == Part::Item && label.audience == Audience::Mpu);
    police.filter_map(|(label, view)| Some((label.item?, view.get("text")?)))
}

/// The text of an item in the unit that police open.
fn of_police(number: u16) -> About<'static> {
    let item = Some(number);
    let unit = UnitLabel { item, part: Part::Item, audience: Audience::Mpu };
    About { item, unit: Some(unit), field: "text" }
}

#[cfg(test)]
mod tests;
