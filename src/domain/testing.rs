//! Drafts and policy for tests: a plain nil return in Lewisham, to be changed by each test.

use std::sync::Arc;

use jiff::Timestamp;

pub(crate) use super::proof::nil::{LEWISHAM, area, item, person, place};
use super::{
    code::{HarmCode, ItemKind},
    decision::Decision,
    dossier::Dossier,
    policy::Policy,
    proof::nil,
    redaction::{Engine, Form},
    stage::{Classified, Degraded, Redacted, Routed, Valid},
    submission::{Draft, Item},
    text::Text,
};

/// The reference data that the binary carries.
pub(crate) fn policy() -> Policy {
    crate::reference::embedded().unwrap()
}

/// The vocabulary of advice that the binary carries.
pub(crate) fn lexicon() -> super::lint::Lexicon {
    crate::reference::lint::embedded().unwrap()
}

/// The same with `to` in place of `from` in the rule table.
pub(crate) fn policy_with(from: &str, to: &str) -> Policy {
    use crate::reference::{EMBEDDED, Files, load};
    let (name, table) = EMBEDDED.rules[0];
    assert!(table.contains(from), "{from}");
    load(Files { rules: &[(name, &table.replacen(from, to, 1))], ..EMBEDDED }).unwrap()
}

/// The text of the rule table that the binary carries.
pub(crate) fn rule_table() -> &'static str {
    crate::reference::EMBEDDED.rules[0].1
}

/// The same with `to` in place of `from` in the directory.
pub(crate) fn directory_with(from: &str, to: &str) -> Policy {
    use crate::reference::{EMBEDDED, Files, load};
    assert!(EMBEDDED.directory.contains(from), "{from}");
    load(Files { directory: &EMBEDDED.directory.replacen(from, to, 1), ..EMBEDDED }).unwrap()
}

/// The same with `more` at the end of the directory.
pub(crate) fn directory_and(more: &str) -> Policy {
    use crate::reference::{EMBEDDED, Files, load};
    load(Files { directory: &format!("{}\n{more}\n", EMBEDDED.directory), ..EMBEDDED }).unwrap()
}

/// The same with `to` in place of `from` in the kinds of queue.
pub(crate) fn queues_with(from: &str, to: &str) -> Policy {
    use crate::reference::{EMBEDDED, Files, load};
    assert!(EMBEDDED.queues.contains(from), "{from}");
    load(Files { queues: &EMBEDDED.queues.replacen(from, to, 1), ..EMBEDDED }).unwrap()
}

/// A moment, RFC 3339.
pub(crate) fn at(moment: &str) -> Timestamp {
    moment.parse().unwrap()
}

/// A Tuesday morning, in office hours.
pub(crate) fn tuesday() -> Timestamp {
    at("2026-11-17T10:00:00Z")
}

/// A valid nil return: missing from, living in and cared for by Lewisham, case closed; ten hours missing.
pub(crate) fn draft() -> Draft {
    let mut draft = nil::draft();
    draft.child.date_of_birth = Some(jiff::civil::date(2012, 3, 4));
    draft.episode.started = Some(at("2026-11-07T20:00:00Z"));
    draft.episode.returned = Some(at("2026-11-08T06:00:00Z"));
    draft.interview.held_at = Some(at("2026-11-08T15:00:00Z"));
    draft
}

/// The same child everywhere in `gss`.
pub(crate) fn draft_in(gss: &str) -> Draft {
    Draft { missing_from: area(gss), lives_now: area(gss), responsible_authority: area(gss), ..draft() }
}

/// An intelligence item without codes, seen by the child.
pub(crate) fn intelligence() -> Item {
    item(ItemKind::Intelligence, &[])
}

/// A referral without codes, seen by the child.
pub(crate) fn referral() -> Item {
    item(ItemKind::Safeguarding, &[])
}

/// An intelligence item with these codes.
pub(crate) fn coded(codes: &[HarmCode]) -> Item {
    item(ItemKind::Intelligence, codes)
}

/// `draft` valid, with its views.
pub(crate) fn rendered(draft: Draft) -> Redacted {
    let valid = super::validate::validate(draft, &policy(), tuesday()).unwrap();
    super::redaction::redact(valid, &crate::reference::redaction::embedded().unwrap())
}

/// `draft` taken for valid and redacted, without any view.
pub(crate) fn unrendered(draft: Draft, degraded: Vec<Degraded>) -> Redacted {
    let policy = crate::reference::redaction::embedded().unwrap();
    let engine = Engine::compile(&Form::default(), &policy);
    Redacted::finished(Valid::checked(draft), Vec::new(), degraded, Arc::new(engine))
}

/// `draft` taken for valid and redacted, graded and classified at `now`.
pub(crate) fn classified(draft: Draft, policy: &Policy, now: Timestamp) -> Classified {
    let redacted = unrendered(draft, Vec::new());
    super::classify::classify(super::grading::grade(redacted), policy, now)
}

/// `draft` all the way to its destinations.
pub(crate) fn routed(draft: Draft, policy: &Policy, now: Timestamp) -> Routed {
    super::routing::route(classified(draft, policy, now), policy, now)
}

/// `draft` judged in full, its views rendered, and filed: the subject's dossier.
pub(crate) fn dossier(draft: Draft) -> Dossier {
    let (policy, now) = (policy(), tuesday());
    let graded = super::grading::grade(rendered(draft));
    let classified = super::classify::classify(graded, &policy, now);
    Dossier::file(&super::routing::route(classified, &policy, now)).remove(0)
}

/// The decision on `draft` with the embedded policy.
pub(crate) fn decide(draft: Draft, now: &str) -> Decision {
    decide_with(draft, &policy(), now)
}

/// The decision on `draft` with another policy.
pub(crate) fn decide_with(draft: Draft, policy: &Policy, now: &str) -> Decision {
    routed(draft, policy, at(now)).decision().clone()
}

/// Ids as texts.
pub(crate) fn ids(ids: &[&str]) -> Vec<Text> {
    ids.iter().map(|id| Text::from(*id)).collect()
}
