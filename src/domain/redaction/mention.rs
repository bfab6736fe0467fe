//! What is in a text and what each reader gets in its place: for the author's preview and for advice, never for a view.

use std::ops::Range;

use super::{
    engine::Engine,
    form::Entity,
    policy::{Action, Class, EffectiveRole, Lens},
    render,
};

/// Something recognised in a text. Not `Debug`: it holds ids that a sender chose.
#[derive(Clone)]
pub struct Mention<'e> {
    /// Bytes of the text, at grapheme borders.
    pub range: Range<usize>,
    /// What it is.
    pub entity: Entity,
    /// True when the form names it.
    pub listed: bool,
    /// Ids of the listed persons whose name it may be.
    pub persons: Vec<&'e str>,
    /// What happens to it, by lens in declared order.
    pub readings: [Reading; Lens::ALL.len()],
}

/// What happens to a mention under one lens, and the row of the policy that asked for it. Not `Debug`: a label may
/// tell of whom it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Reading {
    /// What happens.
    pub action: Action,
    /// The policy's table.
    pub class: Class,
    /// The policy's row: whose it is.
    pub role: EffectiveRole,
    /// What stands in its place; empty where it stays.
    pub shown: String,
}

impl Mention<'_> {
    /// What happens to it under `lens`.
    pub fn under(&self, lens: Lens) -> &Reading {
        &self.readings[lens as usize]
    }
}

impl Engine {
    /// Every mention in `text`, in order and without overlap, with what each reader gets in its place.
    pub fn mentions(&self, text: &str) -> Vec<Mention<'_>> {
        let spans = self.spans(text).into_iter();
        spans
            .map(|span| Mention {
                readings: std::array::from_fn(|lens| {
                    let lens = Lens::ALL[lens];
                    let (action, meaning) = render::decided(text, &span, lens, &self.policy);
                    let keep = action == Action::Keep;
                    let shown = if keep { String::new() } else { self.labels.of(meaning, action, lens) };
                    Reading { action, class: meaning.entity.class(), role: meaning.role, shown }
                }),
                persons: span
                    .meanings
                    .iter()
                    .filter_map(|meaning| self.listed().get(meaning.person?))
                    .map(|(id, _)| id.as_str())
                    .collect(),
                entity: span.entity,
                listed: span.listed,
                range: span.range,
            })
            .collect()
    }
}
