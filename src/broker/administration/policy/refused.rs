//! What may not come in force: a set of files that does not pass the check, from a folder as from the store. What the binary
//! carries was proved before it was built.

use std::sync::Arc;

use super::Fault;
use crate::broker::{Broker, Error, Rulebook};

/// Time has passed over what is in force: it was right once, and the broker goes by it with care.
const AGED: &str = "POLICY_AGED";
/// Most faults that a log line names.
const MOST_NAMED: usize = 5;

/// Why a set of files does not come in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyRefused {
    /// What the folder holds does not pass the check: everything that is wrong with it.
    Faults(Vec<Fault>),
    /// What two persons activated cannot be read by this program, or does not pass its check, and why.
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
    /// Whether `rulebook` may be in force: nothing is wrong with it; or, where the broker went by exactly these files before,
    /// nothing but that time has passed. Then it is in force with an alarm: who restarts a broker at night must not be kept
    /// from it by a number that nobody rang for long, and what has aged is handled with care already.
    pub(super) async fn may_be_in_force(
        &self,
        rulebook: &Arc<Rulebook>,
        went_by_it: bool,
    ) -> Result<(), PolicyRefused> {
        let faults = match rulebook.is_embedded() {
            true => Vec::new(),
            false => self.check_now(rulebook.files.as_ref().clone(), Vec::new(), ()).await?.faults,
        };
        if faults.is_empty() {
            self.alarms.clear(AGED);
            return Ok(());
        }
        if went_by_it && faults.iter().all(|one| one.aged) {
            let words = format!("the policy in force has aged: {}", named(&faults));
            self.alarms.raise(AGED, &words, self.now());
            return Ok(());
        }
        Err(PolicyRefused::Faults(faults))
    }
}

/// The first of them on one line, and how many more.
pub(super) fn named(faults: &[Fault]) -> String {
    let mut named: Vec<String> = faults.iter().take(MOST_NAMED).map(ToString::to_string).collect();
    if let more @ 1.. = faults.len().saturating_sub(MOST_NAMED) {
        named.push(format!("and {more} more"));
    }
    named.join("; ")
}
