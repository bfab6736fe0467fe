//! The stages of a submission as types: `Draft → Valid → Redacted → Graded → Classified → Routed`, and `Sealed` in
//! `sealing`. Each can only be made from the one before, so sealing something unredacted does not compile.

use std::sync::Arc;

use super::{
    decision::{Assessment, Decision, ItemGrade},
    redaction::Engine,
    submission::Draft,
    unit::{UnitLabel, View},
};

/// A draft in which nothing is wrong. Made by `validate` only.
#[derive(Debug, Clone)]
pub struct Valid {
    draft: Draft,
}

impl Valid {
    /// For `validate` alone: states that every rule of domain 3 was checked.
    pub(in crate::domain) fn checked(draft: Draft) -> Self {
        Self { draft }
    }

    /// The submission.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }
}

/// A valid submission with its finished, re-scanned views.
#[derive(Debug, Clone)]
pub struct Redacted {
    valid: Valid,
    views: Vec<(UnitLabel, View)>,
    degraded: Vec<Degraded>,
    engine: Arc<Engine>,
}

/// Text that the re-scan took out of one view.
#[derive(Debug, Clone)]
pub struct Degraded {
    /// The unit it was taken from.
    pub unit: UnitLabel,
    /// The field it was taken from.
    pub field: String,
    /// The text, for a person on HOLD.
    pub text: super::text::Text,
}

impl Redacted {
    /// For `redaction` alone: states that every view was re-scanned.
    pub(in crate::domain) fn finished(
        valid: Valid,
        views: Vec<(UnitLabel, View)>,
        degraded: Vec<Degraded>,
        engine: Arc<Engine>,
    ) -> Self {
        Self { valid, views, degraded, engine }
    }

    /// The submission.
    pub fn draft(&self) -> &Draft {
        self.valid.draft()
    }

    /// Every rendered unit (E, A, B, C, CARER): one entry a label.
    pub fn views(&self) -> &[(UnitLabel, View)] {
        &self.views
    }

    /// What the re-scan took out.
    pub fn degraded(&self) -> &[Degraded] {
        &self.degraded
    }

    /// The engine that made the views, compiled for this record.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

/// Redacted, with a proposed grade for each item (domain 2.2).
#[derive(Debug, Clone)]
pub struct Graded {
    redacted: Redacted,
    grades: Vec<ItemGrade>,
}

impl Graded {
    pub(in crate::domain) fn new(redacted: Redacted, grades: Vec<ItemGrade>) -> Self {
        Self { redacted, grades }
    }

    /// The redacted submission.
    pub fn redacted(&self) -> &Redacted {
        &self.redacted
    }

    /// One grade an item, in item order.
    pub fn grades(&self) -> &[ItemGrade] {
        &self.grades
    }
}

/// Graded, with the rules that fired and the class (domain 5.3, 5.4).
#[derive(Debug, Clone)]
pub struct Classified {
    graded: Graded,
    assessment: Assessment,
}

impl Classified {
    pub(in crate::domain) fn new(graded: Graded, assessment: Assessment) -> Self {
        Self { graded, assessment }
    }

    /// The graded submission.
    pub fn graded(&self) -> &Graded {
        &self.graded
    }

    /// Rules, class, prompts and flags.
    pub fn assessment(&self) -> &Assessment {
        &self.assessment
    }
}

/// Classified, with every destination decided. The only thing that can be sealed.
#[derive(Debug, Clone)]
pub struct Routed {
    classified: Classified,
    decision: Decision,
}

impl Routed {
    pub(in crate::domain) fn new(classified: Classified, decision: Decision) -> Self {
        Self { classified, decision }
    }

    /// The submission.
    pub fn draft(&self) -> &Draft {
        self.classified.graded.redacted.draft()
    }

    /// The redacted submission and its views.
    pub fn redacted(&self) -> &Redacted {
        &self.classified.graded.redacted
    }

    /// The whole decision, explainable by rule id.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }
}
