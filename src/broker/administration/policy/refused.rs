//! What may not come in force: a set of files that does not pass the check, from a folder as from the store. What the binary
//! carries was proved before it was built. And what is said of a set that passed once and does so no longer.

use std::sync::Arc;

use super::Fault;
use crate::broker::{Broker, Error, Rulebook};

/// What is in force passed the check once, and no longer does: the broker goes by it with care.
const AGED: &str = "POLICY_AGED";
/// Most faults that a log line names.
const MOST_NAMED: usize = 5;

/// Why a set of files does not come in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyRefused {
    /// What the folder holds does not pass the check: everything that is wrong with it.
    Faults(Vec<Fault>),
    /// Nothing was activated, and what the folder holds is no policy that can be read.
    Folder,
    /// What two persons activated cannot be read by this program, and why.
    Activated(String),
    /// The store could not be read or written.
    Failed(Error),
}

impl From<Error> for PolicyRefused {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Broker {
    /// Whether `rulebook`, by which the broker did not go before, may be in force: nothing is wrong with it.
    pub(super) async fn may_be_in_force(&self, rulebook: &Arc<Rulebook>) -> Result<(), PolicyRefused> {
        let faults = self.faults(rulebook, Some(self.rulebook())).await?;
        if faults.is_empty() {
            self.alarms.clear(AGED);
            return Ok(());
        }
        Err(PolicyRefused::Faults(faults))
    }

    /// What the check finds today wrong with `rulebook`, which passed it once.
    pub(super) async fn aged(&self, rulebook: &Arc<Rulebook>) -> Result<Vec<Fault>, Error> {
        self.faults(rulebook, None).await
    }

    /// Says what of `rulebook` has aged, or that nothing has.
    pub(super) fn tell_age(&self, rulebook: &Rulebook, faults: &[Fault]) {
        if faults.is_empty() {
            return self.alarms.clear(AGED);
        }
        let now = self.now();
        let today = rulebook.policy.calendar.date(now);
        let words = format!(
            "the policy in force passed the check once and no longer does: {}; what is not certain goes to HOLD; mend it, by \
             two persons where it was activated",
            named(faults, |fault| match fault.since.filter(|since| *since > today) {
                Some(since) => format!("from {since} on: {fault}"),
                None => fault.to_string(),
            })
        );
        self.alarms.raise(AGED, &words, now);
    }

    /// It was proved a moment ago.
    pub(super) fn is_new(&self) {
        self.alarms.clear(AGED);
    }

    async fn faults(&self, rulebook: &Arc<Rulebook>, before: Option<Arc<Rulebook>>) -> Result<Vec<Fault>, Error> {
        match rulebook.is_embedded() {
            true => Ok(Vec::new()),
            false => Ok(self.check_now(rulebook.files.as_ref().clone(), Vec::new(), before, ()).await?.faults),
        }
    }
}

/// The first of them on one line, each as `told`, and how many more.
fn named(faults: &[Fault], told: impl Fn(&Fault) -> String) -> String {
    let mut named: Vec<String> = faults.iter().take(MOST_NAMED).map(told).collect();
    if let more @ 1.. = faults.len().saturating_sub(MOST_NAMED) {
        named.push(format!("and {more} more"));
    }
    named.join("; ")
}
