//! A unit being written: every field passes the engine, and what the re-scan takes out is reported.

use std::{collections::HashMap, fmt::Display};

use super::{
    engine::{Engine, Finished, Owner},
    form::Entity,
    policy::{EffectiveRole, Lens},
    record::Roles,
    resolve::Span,
};
use crate::domain::{
    stage::Degraded,
    text::Text,
    unit::{Field, UnitLabel, View},
};

/// What every unit of a record is written with.
pub(super) struct Desk<'d> {
    pub engine: &'d Engine,
    pub roles: &'d Roles<'d>,
    pub degraded: Vec<Degraded>,
    /// Every text read so far: a name is shown in many units, and its mentions are the same in all of them.
    known: HashMap<String, Known>,
}

/// A text that was read before.
struct Known {
    spans: Vec<Span>,
    /// The text as finished for each lens, in declared order.
    finished: [Option<Finished>; Lens::ALL.len()],
}

impl<'d> Desk<'d> {
    /// A desk at which nothing was written.
    pub fn new(engine: &'d Engine, roles: &'d Roles<'d>) -> Self {
        Self { engine, roles, degraded: Vec::new(), known: HashMap::new() }
    }

    /// Keeps the mentions of a text that was read.
    pub fn remember(&mut self, text: &str, spans: Vec<Span>) {
        self.known.insert(text.to_owned(), Known { spans, finished: <[Option<Finished>; Lens::ALL.len()]>::default() });
    }

    /// `text` through the engine and the re-scan; once for each text and lens.
    fn finish(&mut self, text: &str, lens: Lens) -> Finished {
        if let Some(known) = self.known.get_mut(text) {
            let finish = || self.engine.finish_spans(text, &known.spans, lens);
            return known.finished[lens as usize].get_or_insert_with(finish).clone();
        }
        let spans = self.engine.spans(text);
        let first = self.engine.finish_spans(text, &spans, lens);
        let mut finished = <[Option<Finished>; Lens::ALL.len()]>::default();
        finished[lens as usize] = Some(first.clone());
        self.known.insert(text.to_owned(), Known { spans, finished });
        first
    }
}

/// One unit.
pub(super) struct Sheet<'w, 'd> {
    desk: &'w mut Desk<'d>,
    label: UnitLabel,
    lens: Lens,
    view: View,
}

impl<'w, 'd> Sheet<'w, 'd> {
    /// An empty unit, read through `lens`.
    pub fn new(desk: &'w mut Desk<'d>, label: UnitLabel, lens: Lens) -> Self {
        Self { desk, label, lens, view: View::default() }
    }

    /// The unit as written.
    pub fn done(self) -> (UnitLabel, View) {
        (self.label, self.view)
    }

    /// The lens it is read through.
    pub fn lens(&self) -> Lens {
        self.lens
    }

    /// Who is what.
    pub fn roles(&self) -> &'d Roles<'d> {
        self.desk.roles
    }

    /// Free text, through the engine.
    pub fn text(&mut self, name: impl Into<String>, text: &Text) {
        let finished = self.desk.finish(text.reveal(), self.lens);
        self.put(name.into(), finished);
    }

    /// Free text, if there is any.
    pub fn optional(&mut self, name: impl Into<String>, text: Option<&Text>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// What survives default deny of a free text; nothing where nothing does.
    pub fn surviving(&mut self, name: impl Into<String>, text: Option<&Text>) {
        if let Some(text) = text {
            let finished = self.desk.engine.surviving(text.reveal(), self.lens);
            self.put(name.into(), finished);
        }
    }

    /// A value that belongs to somebody: its class decides first, then the engine looks at what is kept.
    pub fn value(&mut self, name: impl Into<String>, value: Option<&Text>, entity: Entity, owner: Owner<'_>) {
        if let Some(value) = value.filter(|value| !value.is_blank()) {
            let finished = if self.keeps(entity, owner.role) {
                self.desk.finish(value.reveal(), self.lens)
            } else {
                self.desk.engine.structured(value.reveal(), entity, owner, self.lens)
            };
            self.put(name.into(), finished);
        }
    }

    /// A code, number, time or answer: closed vocabulary, no content.
    pub fn fact(&mut self, name: impl Into<String>, fact: impl Display) {
        self.view.push(name, fact.to_string());
    }

    /// A fact, if it is there. An answer not given is not shown as a no.
    pub fn known(&mut self, name: impl Into<String>, fact: Option<impl Display>) {
        if let Some(fact) = fact {
            self.fact(name, fact);
        }
    }

    /// Closed codes, joined by commas.
    pub fn codes<T: Display>(&mut self, name: impl Into<String>, codes: &[T]) {
        let joined: Vec<String> = codes.iter().map(T::to_string).collect();
        self.view.push(name, joined.join(", "));
    }

    /// True when this reader may know `entity` of somebody in `role`.
    pub fn keeps(&self, entity: Entity, role: EffectiveRole) -> bool {
        self.desk.engine.keeps(entity, role, self.lens)
    }

    fn put(&mut self, name: String, finished: Finished) {
        if finished.text.trim().is_empty() {
            return;
        }
        for removed in finished.removed {
            self.desk.degraded.push(Degraded { unit: self.label, field: name.clone(), text: removed.into() });
        }
        self.view.fields.push(Field { name, value: finished.text.into(), withheld: finished.withheld });
    }
}
