//! What a text says of the child's parents and home: whose a value is that stands behind a word for one of them.

use std::ops::Range;

use super::{
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

/// True when one of the words `near` is "her house", "his address".
pub(super) fn is_own_home(prose: &Prose<'_>, near: Range<usize>) -> bool {
    let own = |at: usize| matches!(prose.text(at), "her" | "his" | "their" | "my");
    let home = |at: usize| matches!(prose.text(at), "house" | "home" | "flat" | "address" | "place");
    (near.start + 1..near.end).any(|at| own(at - 1) && home(at))
}

/// A word for a parent, or for who stands in for one; not the sign of a possessive behind it.
pub(super) fn is_parent(prose: &Prose<'_>, at: usize) -> bool {
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
