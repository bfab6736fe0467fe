//! The judgement: one pure path for Submit, Preview, `preview --offline` and `policy explain`. No store, no keys.

use jiff::Timestamp;
use ring::digest::{SHA256, digest};

use crate::domain::{
    classify::{class_of, classify},
    code::MarkingLevel,
    decision::Decision,
    grading::grade,
    lint::Lexicon,
    policy::Policy,
    redaction::{RedactionPolicy, redact},
    routing::{self, route},
    stage::Routed,
    submission::Draft,
    validate::validate,
    violation::Violations,
};

/// Everything a judgement reads besides the submission: one consistent set of versions.
#[derive(Debug, Clone)]
pub struct Rulebook {
    /// Directory, calendar, rules, queues.
    pub policy: Policy,
    /// Who may read what.
    pub redaction: RedactionPolicy,
    /// SHA-256 of the canonical form of `redaction`.
    pub redaction_digest: [u8; 32],
    /// What authors are advised.
    pub lint: Lexicon,
}

impl Rulebook {
    /// One set of versions; takes the digest of the redaction policy.
    pub fn new(policy: Policy, redaction: RedactionPolicy, lint: Lexicon) -> Self {
        let mut redaction_digest = [0; 32];
        redaction_digest.copy_from_slice(digest(&SHA256, redaction.canonical().as_bytes()).as_ref());
        Self { policy, redaction, redaction_digest, lint }
    }
}

/// Validates, redacts, grades, classifies and routes one submission as received at `now`.
pub fn judge(draft: Draft, rulebook: &Rulebook, now: Timestamp) -> Result<Routed, Violations> {
    let valid = validate(draft, &rulebook.policy, now)?;
    let redacted = redact(valid, &rulebook.redaction);
    let graded = grade(redacted);
    let classified = classify(graded, &rulebook.policy, now);
    Ok(route(classified, &rulebook.policy, now))
}

/// For a submission marked SECRET or above, which may not be stored: the content-free alert that goes to HOLD (D04),
/// with the class that the submission would have had. `None` for any other marking.
pub(super) fn alert(draft: &Draft, rulebook: &Rulebook, now: Timestamp) -> Option<Decision> {
    if draft.envelope.marking.level != MarkingLevel::Secret {
        return None;
    }
    let class = class_of(draft, &rulebook.policy, now);
    Some(routing::unsupported_marking_alert(class, &rulebook.policy, now))
}
