//! The judgement: one pure path for Submit, Preview, `preview --offline` and `policy explain`. No store, no keys.

use std::sync::Arc;

use jiff::{Span, Timestamp, civil::Date};
use ring::digest::{SHA256, digest};
use tracing::info_span;

use crate::{
    domain::{
        classify::{class_of, classify},
        code::MarkingLevel,
        decision::Decision,
        grading::grade,
        lint::Lexicon,
        policy::Policy,
        proof::{Proof, prove},
        redaction::{RedactionPolicy, redact},
        routing::{self, route},
        stage::Routed,
        submission::Draft,
        validate::validate,
        vetting::Vetting,
        violation::Violations,
    },
    platform::{clock::Stopwatch, flow::FLOW, meters::METERS},
    reference::{self, FileSet, ReferenceError},
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
    /// The files it was read from.
    pub files: Arc<FileSet>,
    /// SHA-256 of `files`: the version of the whole.
    pub fingerprint: [u8; 32],
}

impl Rulebook {
    /// Reads a set of files; `wrong` is what is known to be wrong with them already.
    ///
    /// # Errors
    /// Everything that is wrong with every file; nothing of it is in force then.
    pub fn read(files: FileSet, wrong: Vec<ReferenceError>) -> Result<Self, Vec<ReferenceError>> {
        let (policy, redaction, lint) = reference::load_set(&files, wrong)?;
        let redaction_digest = sha256(redaction.canonical().as_bytes());
        let fingerprint = fingerprint(&files);
        Ok(Self { policy, redaction, redaction_digest, lint, files: Arc::new(files), fingerprint })
    }

    /// What the binary carries.
    ///
    /// # Errors
    /// Never, as long as the tests pass.
    pub fn embedded() -> Result<Self, Vec<ReferenceError>> {
        Self::read(FileSet::embedded(), Vec::new())
    }

    /// It is what the binary carries: a test of ours has proved it.
    pub fn is_embedded(&self) -> bool {
        self.fingerprint == fingerprint(&FileSet::embedded())
    }

    /// What vetting the queues ask for.
    pub fn vetting(&self) -> &Vetting {
        &self.policy.queues.vetting
    }

    /// Proves it for the year that begins with the day of `now`.
    pub fn proof(&self, now: Timestamp, go_on: &dyn Fn() -> bool) -> Proof {
        let from = self.policy.calendar.date(now);
        self.proof_of(from, from.saturating_add(Span::new().years(1)), go_on)
    }

    /// Proves it from one day until another: where everything goes, and the words that redaction reads by.
    pub fn proof_of(&self, from: Date, until: Date, go_on: &dyn Fn() -> bool) -> Proof {
        let mut proof = prove(&self.policy, from, until, go_on);
        let (faults, warnings) = reference::vocabulary(&self.files, from);
        proof.faults.extend(faults);
        proof.warnings.extend(warnings);
        proof
    }
}

/// SHA-256 of a set of files.
pub fn fingerprint(files: &FileSet) -> [u8; 32] {
    sha256(&files.canonical())
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sum
}

/// Validates, redacts, grades, classifies and routes one submission as received at `now`.
pub fn judge(draft: Draft, rulebook: &Rulebook, now: Timestamp) -> Result<Routed, Violations> {
    let valid = validate(draft, &rulebook.policy, now)?;
    let watch = Stopwatch::start();
    let redacted = info_span!(target: FLOW, "redact").in_scope(|| redact(valid, &rulebook.redaction));
    METERS.redaction.observe(watch.spent().as_secs_f64());
    METERS.degraded.inc_by(redacted.degraded().len() as u64);
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
