//! Nobody asks for more vetting than somebody has: what is asked for, held against who is granted what.

use jiff::Timestamp;

use super::{Finding, Proof, Proven};
use crate::domain::grants::{Grants, Stranded};

impl Proof {
    /// Holds it to `grants`, under what the same data asks for, as they are in force at `now`: what somebody is granted, somebody
    /// must be vetted for.
    pub fn hold_to(&mut self, grants: &Grants, now: Timestamp) {
        let words = "queues granted to somebody: who works there, and who opens each part, is vetted as is asked for";
        self.proven.push(Proven { name: "vetted", count: grants.granted(now).len(), words });
        let since = self.from;
        self.faults.extend(grants.stranded(now).into_iter().map(|one| Finding {
            file: "queues.toml".to_owned(),
            at: one.queue.to_string(),
            what: one.to_string(),
            places: Vec::new(),
            to_do: "record the level in the grants of somebody who has it, or ask for another",
            since,
            aged: false,
        }));
    }
}

impl std::fmt::Display for Stranded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let levels = self.any_of.join(" or ");
        match self.unit {
            None => write!(f, "nobody who is granted it is vetted for it: {levels}"),
            Some((part, audience)) => {
                write!(f, "nobody who is granted it is vetted to open {part}/{audience}: {levels}")
            }
        }
    }
}
