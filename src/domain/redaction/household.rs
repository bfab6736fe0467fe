//! What a text says of the child's parents and home: whose a value is that stands behind a word for one of them, and whose
//! name is a parent's.

use std::ops::Range;

use super::{
    find::Hit,
    form::Entity,
    named::Named,
    policy::EffectiveRole,
    prose::{Gap, Prose},
};

/// Words further off than this say nothing of a value.
const REACH: usize = 9;

/// True when the value behind the words `before` of its sentence is of a parent or carer of the child: "mum's phone is",
/// "ring her nan on". "Gavin's mum" is not, nor "his mum" where anybody but the child is spoken of.
pub(super) fn is_parents(prose: &Prose<'_>, mentions: &[Named], before: &Range<usize>) -> bool {
    let near = before.start.max(before.end.saturating_sub(REACH))..before.end;
    let Some(parent) = near.rev().find(|&at| is_parent(prose, at)) else { return false };
    let somebody_else = (parent + 1..before.end).any(|at| {
        matches!(prose.text(at), "he" | "she" | "they" | "him" | "them" | "who" | "his" | "their" | "man" | "boy")
    });
    let from = mentions.partition_point(|mention| mention.start < before.start);
    let here = mentions[from..].iter().take_while(|mention| mention.start < before.end);
    let of_child = |mention: &Named| mention.end <= parent && mention.role == EffectiveRole::SubjectSource;
    !somebody_else && here.into_iter().all(of_child)
}

/// True when the name at `run` is said to be that of the child's mother, father or grandparent: "her mum Abena", "Mum (Abena)",
/// "Abena, her mum", "Nan is called Abena". Of a step-parent it is not taken for said: they may be who the text is about. Nor is
/// it where one of `others`, who are not the child, is named before: "his mum" may be theirs.
pub(super) fn is_named_parent(prose: &Prose<'_>, run: &Range<usize>, others: &[usize]) -> bool {
    let sentence = prose.sentence(run.start).words.clone();
    let Some(parent) = parent_before(prose, run, sentence.start).or_else(|| parent_behind(prose, run, sentence.end))
    else {
        return false;
    };
    let begins = prose.words[sentence.start].range().start;
    let before = others.partition_point(|&other| other < prose.words[parent].range().start);
    let named_before = others[..before].last().is_some_and(|&last| last >= begins);
    // "Gavin's mum Abena".
    let possessive =
        parent > sentence.start && prose.text(parent - 1) == "s" && prose.words[parent - 1].gap == Gap::Apostrophe;
    !named_before && !possessive && !prose.text(parent).starts_with("step") && prose.words[parent].gap != Gap::Hyphen
}

/// Where somebody begins who is not the child, in order.
pub(super) fn not_the_child(hits: &[Hit]) -> Vec<usize> {
    let child = |role| matches!(role, EffectiveRole::SubjectSource | EffectiveRole::SubjectChild);
    let person = |hit: &&Hit| hit.meaning.entity == Entity::Person && !child(hit.meaning.role);
    let mut out: Vec<usize> = hits.iter().filter(person).map(|hit| hit.range.start).collect();
    out.sort_unstable();
    out
}

fn parent_before(prose: &Prose<'_>, run: &Range<usize>, begins: usize) -> Option<usize> {
    let mut at = run.start;
    while at > begins && run.start - at < 3 {
        at -= 1;
        if is_parent(prose, at) {
            return Some(at);
        }
        if !matches!(prose.text(at), "is" | "called" | "named") {
            return None;
        }
    }
    None
}

fn parent_behind(prose: &Prose<'_>, run: &Range<usize>, ends: usize) -> Option<usize> {
    let apart = |at: usize| matches!(prose.words[at].gap, Gap::Comma | Gap::Sign);
    let own = |at: usize| matches!(prose.text(at), "her" | "his" | "their" | "my");
    let first = run.end;
    if first >= ends || !apart(first) {
        return None;
    }
    let parent = if own(first) { first + 1 } else { first };
    let closed = parent + 1 >= ends || apart(parent + 1);
    (parent < ends && closed && is_parent(prose, parent)).then_some(parent)
}

/// True when one of the words `near` is "her house", "his address".
pub(super) fn is_own_home(prose: &Prose<'_>, near: Range<usize>) -> bool {
    let own = |at: usize| matches!(prose.text(at), "her" | "his" | "their" | "my");
    let home = |at: usize| matches!(prose.text(at), "house" | "home" | "flat" | "address" | "place");
    (near.start + 1..near.end).any(|at| own(at - 1) && home(at))
}

/// A word for a parent, or for who stands in for one; not the sign of a possessive behind it.
fn is_parent(prose: &Prose<'_>, at: usize) -> bool {
    let plural = prose.words.get(at + 1).is_some_and(|next| next.gap == Gap::Hyphen);
    !plural
        && matches!(
            prose.text(at),
            "mum"
                | "mums"
                | "mummy"
                | "mam"
                | "mom"
                | "mother"
                | "dad"
                | "dads"
                | "daddy"
                | "father"
                | "parent"
                | "parents"
                | "stepdad"
                | "stepfather"
                | "stepmum"
                | "stepmother"
                | "nan"
                | "nana"
                | "nanna"
                | "gran"
                | "granny"
                | "grandma"
                | "grandmother"
                | "grandad"
                | "granddad"
                | "grandfather"
                | "grandparents"
                | "guardian"
                | "carer"
                | "carers"
        )
}
