//! Checking a set of files as it would be before it is put in force: read, proved, and held against what is in force.
//! Changes nothing.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::{Timestamp, civil::Date};

use crate::{
    broker::{Broker, Error, Rulebook, fingerprint},
    domain::{
        grants::{CallPermit, Grants},
        policy::RuleSet,
        proof::{Finding, Proof, Proven},
    },
    reference::{FileSet, ReferenceError},
};

/// How often a proof may look at a place: three times on each day on which something changes, so that a year of London may have
/// some 350 of those. Counted and not timed: a busy machine finds what an idle one finds.
const MOST_LOOKS: usize = 50_000;

/// What was found of a set of files.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The set's fingerprint.
    pub fingerprint: [u8; 32],
    /// What must be mended: such a set is never put in force.
    pub faults: Vec<Fault>,
    /// What somebody should look at.
    pub warnings: Vec<Fault>,
    /// What was shown.
    pub proven: Vec<Proven>,
    /// The set, read, if it can be.
    pub(super) rulebook: Option<Arc<Rulebook>>,
}

/// One thing wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// File, or folder of files.
    pub file: String,
    /// Entry or line.
    pub at: String,
    /// What is wrong.
    pub what: String,
    /// What to do, where that is not said with it.
    pub to_do: String,
    /// The first day on which it was found; for what was found by reading, none.
    pub since: Option<Date>,
    /// It came of the passing of time alone.
    pub aged: bool,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: {}", self.file, self.at, self.what)?;
        if self.to_do.is_empty() { Ok(()) } else { write!(f, ": {}", self.to_do) }
    }
}

impl From<ReferenceError> for Fault {
    fn from(error: ReferenceError) -> Self {
        Self { file: error.file, at: error.at, what: error.what, to_do: String::new(), since: None, aged: false }
    }
}

impl From<Finding> for Fault {
    fn from(one: Finding) -> Self {
        let (what, to_do) = (one.told(), one.to_do.to_owned());
        Self { file: one.file, at: one.at, what, to_do, since: Some(one.since), aged: one.aged }
    }
}

impl Broker {
    /// Everything that is wrong with these files, at once.
    pub async fn check_policy(&self, _permit: &CallPermit, files: Vec<(String, String)>) -> Result<Checked, Error> {
        self.follow_policy().await?;
        let (set, wrong) = FileSet::gather(files);
        self.check_set(set, wrong).await
    }

    /// One at a time and off the async threads. It ends when it has looked often enough, and when nobody waits for it any longer.
    pub(super) async fn check_set(&self, set: FileSet, wrong: Vec<ReferenceError>) -> Result<Checked, Error> {
        let turn = self.policies.checks.clone().acquire_owned().await.expect("it is never closed");
        self.check_now(set, wrong, Some(self.rulebook()), turn).await
    }

    /// The same at once, beside another check: what is to be in force waits for nobody. It is held against what was in force
    /// `before`, if it follows on it. `until_done` is kept until it is done.
    pub(super) async fn check_now<T: Send + 'static>(
        &self,
        set: FileSet,
        wrong: Vec<ReferenceError>,
        before: Option<Arc<Rulebook>>,
        until_done: T,
    ) -> Result<Checked, Error> {
        let now = self.now();
        let waited_for = WaitedFor::default();
        let ended = waited_for.0.clone();
        let grants = self.grants();
        let work = tokio::task::spawn_blocking(move || {
            let _until_done = until_done;
            let looks = Cell::new(0);
            let go_on = || looks.replace(looks.get() + 1) < MOST_LOOKS && !ended.load(Ordering::Relaxed);
            checked(set, wrong, &Held { before: before.as_deref(), grants: &grants, now, go_on: &go_on })
        });
        work.await.map_err(|_| Error::Internal("the check of a policy failed".to_owned()))
    }
}

/// Set once nobody waits for a check any longer.
#[derive(Default)]
struct WaitedFor(Arc<AtomicBool>);

impl Drop for WaitedFor {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a set is held against.
struct Held<'a> {
    before: Option<&'a Rulebook>,
    grants: &'a Grants,
    now: Timestamp,
    go_on: &'a dyn Fn() -> bool,
}

fn checked(set: FileSet, wrong: Vec<ReferenceError>, held: &Held<'_>) -> Checked {
    let fingerprint = fingerprint(&set);
    let rulebook = match Rulebook::read(set, wrong) {
        Ok(rulebook) => Arc::new(rulebook),
        Err(wrong) => {
            let faults = wrong.into_iter().map(Fault::from).collect();
            return Checked { fingerprint, faults, warnings: Vec::new(), proven: Vec::new(), rulebook: None };
        }
    };
    let mut proof = rulebook.proof(held.now, held.go_on);
    proof.hold_to(&held.grants.clone().under(rulebook.vetting().clone()), held.now);
    let Proof { from, faults, warnings, proven, finished, .. } = proof;
    // What was not proved comes first, for a long list is told in part.
    let unfinished = (!finished).then(unfinished);
    let found = faults.into_iter().map(Fault::from);
    let rewritten = held.before.map(|before| rewritten(&rulebook, before, from)).unwrap_or_default();
    let faults = unfinished.into_iter().chain(found).chain(rewritten).collect();
    let warnings = warnings.into_iter().map(Fault::from).collect();
    Checked { fingerprint, faults, warnings, proven, rulebook: Some(rulebook) }
}

fn unfinished() -> Fault {
    Fault {
        file: "policy".to_owned(),
        at: "check".to_owned(),
        what: format!("could not be proved in {MOST_LOOKS} looks at a place"),
        to_do: "have fewer changes in one year, or fewer entries".to_owned(),
        since: None,
        aged: false,
    }
}

/// Rule tables that decisions may name already, and that say something else now: a decision is explained by its version.
fn rewritten(next: &Rulebook, before: &Rulebook, today: Date) -> Vec<Fault> {
    let name = |set: &RuleSet| format!("rules/{}.toml", set.version);
    let begun = before.policy.rules.all().iter().filter(|set| set.effective_from <= today).map(name);
    let changed = begun.filter(|name| {
        let text = next.files.text(name);
        !text.is_empty() && text != before.files.text(name)
    });
    let fault = |file| Fault {
        file,
        at: "version".to_owned(),
        what: "is in force or was, and says something else now; decisions name it".to_owned(),
        to_do: "leave it as it was and put what changes into a new version".to_owned(),
        since: Some(today),
        aged: false,
    };
    changed.map(fault).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_is_ended_is_a_fault_and_says_so_first() {
        let before = Rulebook::embedded().unwrap();
        let grants = Grants::default();
        let held = |go_on| Held {
            before: Some(&before),
            grants: &grants,
            now: "2026-11-26T12:00:00Z".parse().unwrap(),
            go_on,
        };
        let ended = checked(FileSet::embedded(), Vec::new(), &held(&|| false));
        assert_eq!(
            (ended.faults.len(), ended.faults[0].what.as_str()),
            (1, "could not be proved in 50000 looks at a place")
        );
        assert_eq!(checked(FileSet::embedded(), Vec::new(), &held(&|| true)).faults, []);
    }
}
