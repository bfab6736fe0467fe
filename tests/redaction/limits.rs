//! How good the views have to be. The floors are those of the design; a limit is what was reached, less a little.

/// On which side of its limit a figure has to be.
#[derive(Clone, Copy)]
pub enum Bound {
    /// Smaller is better.
    AtMost,
    /// Greater is better.
    AtLeast,
}

/// One figure of the report.
pub struct Limit {
    /// Where it is in the report.
    pub at: &'static str,
    /// On which side.
    pub bound: Bound,
    /// What was reached.
    pub limit: f64,
    /// What the design asks for.
    pub floor: f64,
}

const fn at_most(at: &'static str, limit: f64, floor: f64) -> Limit {
    Limit { at, bound: Bound::AtMost, limit, floor }
}

const fn at_least(at: &'static str, limit: f64, floor: f64) -> Limit {
    Limit { at, bound: Bound::AtLeast, limit, floor }
}

/// Every figure that is held.
pub const LIMITS: &[Limit] = &[
    at_most("/audiences/mpu/leaky_pct", 1.0, 5.0),
    at_most("/audiences/mash/leaky_pct", 1.0, 5.0),
    at_most("/audiences/carer/leaky_pct", 0.8, 3.0),
    at_least("/audiences/mpu/recall", 0.996, 0.98),
    at_least("/audiences/mash/recall", 0.996, 0.98),
    at_least("/audiences/carer/recall", 0.999, 0.99),
    at_least("/audiences/mpu/recall_listed/listed/recall", 0.999, 0.995),
    at_least("/audiences/mash/recall_listed/listed/recall", 0.999, 0.995),
    at_least("/audiences/carer/recall_listed/listed/recall", 0.999, 0.995),
    at_least("/audiences/mpu/recall_listed/unlisted/recall", 0.98, 0.8),
    at_most("/audiences/mpu/over_redaction_pct", 0.3, 1.5),
    at_most("/audiences/mash/over_redaction_pct", 0.3, 1.5),
    at_most("/audiences/carer/over_redaction_pct", 1.5, 6.0),
    at_least("/audiences/mpu/word_precision", 0.98, 0.96),
    at_least("/audiences/mash/word_precision", 0.98, 0.96),
    at_most("/audiences/carer/soft_leaky_pct", 1.0, 12.0),
    at_least("/detection/ALL/recall_typed_iou50", 0.96, 0.93),
    at_least("/detection/ALL/precision", 0.985, 0.95),
    at_least("/detection/ALL/f2", 0.965, 0.93),
    at_most("/spread/mpu", 0.03, 0.05),
    at_most("/spread/mash", 0.03, 0.05),
    at_most("/spread/carer", 0.02, 0.05),
    at_most("/degraded_pct", 0.5, 1.0),
];

/// What is listed never leaks where it is written in one of these ways: as listed, in part, in any case, without
/// accents, with invisible characters, look-alike letters, odd spaces, or over the end of a line.
pub const SURE_FORMS: &[&str] = &[
    "exact",
    "first",
    "last",
    "alias",
    "initials",
    "lower",
    "doc_lower",
    "doc_upper",
    "no_accents",
    "homoglyph",
    "odd_space",
    "linebreak",
];
