//! Tells what an examination of a store finds, as it finds it, and how far it is.

use std::path::Path;

use serde_json::json;

use super::{print, progress::Progress};
use crate::store::{Examining, Finding, Mend};

/// Prints findings, a line each; a bar for a person who watches.
pub(super) struct Teller<'d> {
    dir: &'d Path,
    as_json: bool,
    progress: Progress,
    worst: Option<Mend>,
}

impl<'d> Teller<'d> {
    /// Of the store in `dir`.
    pub(super) fn new(dir: &'d Path, as_json: bool, doing: &str) -> Self {
        let progress = Progress::new(1);
        progress.says(doing);
        Self { dir, as_json, progress, worst: None }
    }

    /// The bar goes; answers with what mends what was found.
    pub(super) fn ends(self) -> Vec<String> {
        let advice = self.worst.map(|worst| self.advice(worst));
        let copy = advice.is_some().then(|| "keep a copy of the folder as it is, for examination".to_owned());
        copy.into_iter().chain(advice).collect()
    }

    /// The command that mends it.
    fn advice(&self, mend: Mend) -> String {
        match mend {
            Mend::Derived => {
                format!("nothing is lost, and `homeward compact {} --rebuild` makes it again", self.dir.display())
            }
            Mend::Lost => "restore the store from its last backup; senders repeat what that has not, with the same \
                           request ids"
                .to_owned(),
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
