//! Tells what an examination of a store finds, as it finds it, and how far it is.

use std::{fmt, path::Path};

use serde_json::json;

use super::{print, progress::Progress};
use crate::store::{Examining, Finding, Mend};

/// Where the store is that is examined.
#[derive(Clone, Copy)]
pub(super) enum Where<'d> {
    /// In a folder.
    Folder(&'d Path),
    /// In the database that a configuration names.
    Database,
}

impl fmt::Display for Where<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(dir) => dir.display().fmt(f),
            Self::Database => "store.url".fmt(f),
        }
    }
}

/// Prints findings, a line each; a bar for a person who watches.
pub(super) struct Teller<'d> {
    there: Where<'d>,
    as_json: bool,
    progress: Progress,
    worst: Option<Mend>,
}

impl<'d> Teller<'d> {
    /// Of the store there.
    pub(super) fn new(there: Where<'d>, as_json: bool, doing: &str) -> Self {
        let progress = Progress::new(1);
        progress.says(doing);
        Self { there, as_json, progress, worst: None }
    }

    /// The bar goes; answers with what mends what was found.
    pub(super) fn ends(self) -> Vec<String> {
        let advice = self.worst.map(|worst| self.advice(worst));
        let copy = match self.there {
            Where::Folder(_) => "keep a copy of the folder as it is, for examination",
            Where::Database => "keep a copy of the database as it is, for examination (pg_dump)",
        };
        advice.into_iter().flat_map(|advice| [copy.to_owned(), advice]).collect()
    }

    /// The command that mends it.
    fn advice(&self, mend: Mend) -> String {
        match (mend, self.there) {
            (Mend::Derived, Where::Folder(dir)) => {
                format!("nothing is lost, and `homeward compact {} --rebuild` makes it again", dir.display())
            }
            (Mend::Derived, Where::Database) => {
                "nothing of any record is lost; restore the last backup before which it \
                                                 agreed, for nothing makes this again in a database"
                    .to_owned()
            }
            (Mend::Lost, _) => {
                "restore the store from its last backup; senders repeat what that has not, with the same \
                           request ids"
                    .to_owned()
            }
        }
    }
}

impl Examining for Teller<'_> {
    fn at(&mut self, done: u64, of: u64) {
        self.progress.of(of);
        self.progress.at(done);
    }

    fn found(&mut self, finding: Finding) {
        let mend = finding.relation.mend();
        if self.worst != Some(Mend::Lost) {
            self.worst = Some(mend);
        }
        let Finding { relation, about, says } = finding;
        let text = if self.as_json {
            let (mends, lost) = (self.advice(mend), mend == Mend::Lost);
            json!({"relation": relation.code(), "about": about, "says": says, "lost": lost, "mend": mends}).to_string()
        } else {
            let lost = if mend == Mend::Lost { "lost" } else { "" };
            format!("{lost:<4}  {relation:<10}  {about}: {says}")
        };
        self.progress.aside(|| print::line(&text));
    }
}
