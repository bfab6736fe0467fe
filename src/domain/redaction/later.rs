//! A text that came after the record, an answer of its sender or why they correct it: read as the record's own texts are, and who it
//! says has told us is a source from then on, whom the form lists as somebody else or nobody lists.

use std::collections::BTreeSet;

use super::{
    engine::Engine,
    fold::Folded,
    named::{is_source, named},
    policy::{EffectiveRole, Lens, RedactionPolicy},
    prose::Prose,
    record::{Roles, form},
    render::labels_in,
    sources::{Said, sources},
    texts::texts,
};
use crate::domain::submission::Draft;

/// `text` as it is read through each of `lenses` in turn.
pub fn redact_later(draft: &Draft, text: &str, policy: &RedactionPolicy, lenses: &[Lens]) -> String {
    let mut texts = texts(draft);
    texts.push(text);
    let mut roles = Roles::of(draft);
    let mut engine = Engine::compile(&form(draft, &roles), policy);
    let mut read = engine.read(&texts, None);
    let told = engine.listed_who_told(text);
    if !told.is_empty() {
        roles.have_told(&told);
        engine = Engine::compile(&form(draft, &roles), policy);
        read = engine.read(&texts, None);
    }
    // The mentions as they were learnt: who is related to a source stands in no second reading.
    let spans = read.pop().map(|read| read.spans).unwrap_or_default();
    match lenses.split_first() {
        None => String::new(),
        Some((first, more)) => {
            let seen = engine.finish_spans(text, &spans, *first).text;
            more.iter().fold(seen, |text, lens| engine.finish(&text, *lens).text)
        }
    }
}

impl Engine {
    /// Ids of those whom the form lists as no source, and of whom `text` says that they told us.
    fn listed_who_told(&self, text: &str) -> BTreeSet<String> {
        let folded = Folded::new(text, labels_in(text));
        let prose = Prose::new(&folded, self.policy.words());
        let mut page = self.page(&prose);
        self.add_found(&mut page);
        let (mentions, listed) = (named(&prose, &page.hits), self.listed());
        // Whoever is of concern keeps their name (domain 2.3), and whoever writes is no source.
        let may_be = |role| !is_source(role) && !matches!(role, EffectiveRole::Suspect | EffectiveRole::Submitter);
        let told = sources(&prose, &mentions, &Said::of(&prose), |mention| {
            mention.person.is_some_and(|person| person < listed.len()) && may_be(mention.role)
        });
        told.into_iter().map(|person| listed[person].0.clone()).collect()
    }
}
