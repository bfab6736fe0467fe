//! Copies of the store: what was erased is in no store that was written anew since, but in every older copy of it. That none is left,
//! nobody can see from here: two custodians certify it, and one who learns otherwise withdraws it.

use super::{
    approval::{Effect, Proposing, details},
    documents::put_proposal,
};
use crate::{
    broker::{Broker, Error, Request},
    domain::{
        approval::{Proposal, ProposalKind},
        grants::CallPermit,
    },
    ledger::{Entry, Verb, sha256},
    store::{Amendment, COMPACTED, COPIES_GONE, Change, Document, Expect, Shelf, StoreError},
};

/// The alarm where the store is itself a copy of which was certified that none is left.
const FOUND: &str = "COPIES_NOT_GONE";
/// The entry that takes a certificate back.
const WITHDRAW: &str = "WITHDRAW_COPIES_GONE";

const NOT_COMPACTED: Error = Error::Precondition {
    reason: "NOT_COMPACTED",
    advice: "the store was not written anew since this was last certified: stop the daemon, `homeward compact`, then let every older backup and copy of it go",
};

/// What was last said of copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Said {
    /// The how-manieth word it is: each certificate and each withdrawal is one more. Of two, the higher is the last.
    pub(super) turn: u64,
    /// The compaction from before which no copy is left; 0 where that was withdrawn, or never said.
    pub(super) compaction: u64,
}

impl Said {
    fn next(self, compaction: u64) -> Self {
        Self { turn: self.turn.saturating_add(1), compaction }
    }
}

impl Broker {
    /// Proposes to certify that no copy of the store is left from before it was last written anew: no backup, snapshot or image, and
    /// no disk that one lay on.
    pub async fn propose_copies_gone(&self, permit: &CallPermit, request: Request) -> Result<Proposal, Error> {
        if let Some(first) = self.proposed_before(permit, request).await? {
            return Ok(first);
        }
        let said = self.said_of_copies().await?;
        let compacted = self.store.document(Shelf::Compaction, COMPACTED).await?;
        let last = compacted.filter(|last| last.version > said.compaction).ok_or(NOT_COMPACTED)?;
        let what = Proposing {
            kind: ProposalKind::CopiesGone,
            subject: last.version.to_string(),
            digest: self.fingerprint_of(&last, said),
            reason: String::new(),
            body: Vec::new(),
            changes: Vec::new(),
        };
        self.propose(permit, request, what).await
    }

    /// Certifies it as it was proposed.
    pub(super) async fn certify_as_proposed(
        &self,
        permit: &CallPermit,
        request: Request,
        proposal: &Proposal,
        approval: Change,
    ) -> Result<Effect, Error> {
        let compaction = compaction_of(proposal)?;
        let (said, found) = self.found_of_copies().await?;
        let compacted = self.store.document(Shelf::Compaction, COMPACTED).await?;
        if compacted.is_none_or(|last| self.fingerprint_of(&last, said) != proposal.digest) {
            return Err(Error::Precondition {
                reason: "COPIES_CHANGED_SINCE",
                advice: "since it was proposed the store was written anew, or something else was said of its copies, or the store is another than it was: look again, and propose it again",
            });
        }
        let said = said.next(compaction);
        let mut entry = self.step_entry(permit.identity().as_str(), "CERTIFY_COPIES_GONE", details(proposal));
        entry.verb = Verb::Erasure;
        entry.details.extend([format!("proposer={}", proposal.proposer), format!("compaction={compaction}")]);
        let (once, changes) = (Some(self.once_by(permit, request)), vec![approval, gone(found.as_ref(), said)]);
        let amendment = Amendment { once, changes, entries: vec![entry], answer: put_proposal(proposal) };
        self.store.amend(amendment).await?;
        self.remember_copies(said);
        Ok(Effect::CopiesGone(compaction))
    }

    /// Withdraws what was certified: a copy has turned up. One custodian is enough, and may say so also where nothing was certified:
    /// nothing becomes readable by it, and nothing is called irrecoverable that is not.
    pub async fn withdraw_copies_gone(&self, permit: &CallPermit, request: Request) -> Result<(), Error> {
        let once = self.once_by(permit, request);
        if self.store.answered(&once).await?.is_some() {
            return Ok(());
        }
        let (before, found) = self.found_of_copies().await?;
        let (said, entry) = (before.next(0), self.withdrawal(permit.identity().as_str(), before));
        self.step(once, vec![gone(found.as_ref(), said)], entry, Vec::new()).await?;
        self.remember_copies(said);
        Ok(())
    }

    /// Holds what the list beside the store says last against what the store says. A store that says less is older than the list: nobody
    /// knows of which copies it is one, so that nothing counts as certified in it until two custodians say it again.
    pub(super) async fn take_over_copies(&self, listed: Option<Said>) -> Result<(), Error> {
        let (here, found) = self.found_of_copies().await?;
        let listed = listed.unwrap_or_default();
        if listed == here || listed.turn < here.turn {
            // A word that was said when the daemon was killed before it had written it down.
            if listed.turn < here.turn {
                self.remember_copies(here);
            }
            return Ok(());
        }
        if listed.compaction > self.compactions().await? {
            let words = format!(
                "two custodians certified that no copy is left from before compaction {}, and this store is one: find out what else is left. Nothing counts as certified until they say it again",
                listed.compaction
            );
            self.alarms.raise(FOUND, &words, self.now());
        }
        let said = listed.next(0);
        let amendment = Amendment {
            once: None,
            changes: vec![gone(found.as_ref(), said)],
            entries: vec![self.withdrawal("", here)],
            answer: Vec::new(),
        };
        match self.store.amend(amendment).await {
            Ok(_) => self.remember_copies(said),
            // Another broker has done it.
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn withdrawal(&self, who: &str, before: Said) -> Entry {
        let details = vec![format!("certified={}", before.compaction)];
        Entry { verb: Verb::Erasure, ..self.step_entry(who, WITHDRAW, details) }
    }

    /// How often the store was written anew.
    pub(super) async fn compactions(&self) -> Result<u64, Error> {
        Ok(self.store.document(Shelf::Compaction, COMPACTED).await?.map_or(0, |found| found.version))
    }

    /// The compaction from before which no copy of the store is left; 0 where nothing is certified.
    pub(super) async fn copies_gone(&self) -> Result<u64, Error> {
        Ok(self.said_of_copies().await?.compaction)
    }

    async fn said_of_copies(&self) -> Result<Said, Error> {
        Ok(self.found_of_copies().await?.0)
    }

    /// What was last said, and the document that says it.
    async fn found_of_copies(&self) -> Result<(Said, Option<Document>), Error> {
        let found = self.store.document(Shelf::Compaction, COPIES_GONE).await?;
        let said = found.as_ref().map_or(Ok(Said::default()), said_by)?;
        Ok((said, found))
    }

    /// Of one compaction of one store (its number, its moment, and whose ledger it is in; after a restore the same number is another),
    /// and of what was said of copies by then: whatever is said later makes it void.
    fn fingerprint_of(&self, compacted: &Document, said: Said) -> [u8; 32] {
        let (Document { version, bytes, .. }, Said { turn, .. }) = (compacted, said);
        let named = format!("homeward/copies-gone/2/{version}/{}/{turn}/{}", hex::encode(bytes), self.log.verifier());
        sha256(&[named.as_bytes()])
    }
}

fn said_by(document: &Document) -> Result<Said, Error> {
    let number = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_be_bytes);
    let parts = document.bytes.split_at_checked(8);
    let said = parts.and_then(|(turn, compaction)| Some(Said { turn: number(turn)?, compaction: number(compaction)? }));
    said.ok_or_else(|| Error::Internal("what was certified of copies cannot be read".to_owned()))
}

/// The document, as it says from now on.
fn gone(found: Option<&Document>, said: Said) -> Change {
    let expect = found.map_or(Expect::New, |found| Expect::Version(found.version));
    let bytes = Some([said.turn.to_be_bytes(), said.compaction.to_be_bytes()].concat());
    Change { shelf: Shelf::Compaction, name: COPIES_GONE.to_owned(), expect, bytes }
}

/// The compaction that a proposal is about.
pub(super) fn compaction_of(proposal: &Proposal) -> Result<u64, Error> {
    proposal.subject.parse().map_err(|_| Error::Internal("a proposal about copies cannot be read".to_owned()))
}
