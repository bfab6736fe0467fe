//! Copies of the store: what was erased is in no store that was written anew since, but in every older copy of it. That none is left,
//! nobody can see from here: two custodians certify it.

use ring::digest::{SHA256, digest};

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
    ledger::Verb,
    store::{Amendment, COMPACTED, Change, Document, Expect, Shelf},
};

/// The document that says from before which compaction no copy is left: its number, eight bytes, the highest first.
const COPIES_GONE: &str = "copies_gone";

impl Broker {
    /// Proposes to certify that no copy of the store is left from before it was last written anew: no backup, snapshot or image, and
    /// no disk that one lay on.
    pub async fn propose_copies_gone(&self, permit: &CallPermit, request: Request) -> Result<Proposal, Error> {
        if let Some(first) = self.proposed_before(permit, request).await? {
            return Ok(first);
        }
        let last = self.compactions().await?;
        if last <= self.copies_gone().await? {
            return Err(Error::Precondition {
                reason: "NOT_COMPACTED",
                advice: "the store was not written anew since this was last certified: stop the daemon, `homeward compact`, then let every older backup and copy of it go",
            });
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, format!("homeward/copies-gone/1/{last}").as_bytes()).as_ref());
        let what = Proposing {
            kind: ProposalKind::CopiesGone,
            subject: last.to_string(),
            digest: fingerprint,
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
        let found = self.store.document(Shelf::Compaction, COPIES_GONE).await?;
        let certified = found.as_ref().map_or(Ok(0), certified_by)?;
        let expect = found.map_or(Expect::New, |found| Expect::Version(found.version));
        let bytes = Some(compaction.max(certified).to_be_bytes().to_vec());
        let change = Change { shelf: Shelf::Compaction, name: COPIES_GONE.to_owned(), expect, bytes };
        let mut entry = self.step_entry(permit.identity().as_str(), "CERTIFY_COPIES_GONE", details(proposal));
        entry.verb = Verb::Erasure;
        entry.details.push(format!("proposer={}", proposal.proposer));
        let (once, changes) = (Some(self.once_by(permit, request)), vec![approval, change]);
        let amendment = Amendment { once, changes, entries: vec![entry], answer: put_proposal(proposal) };
        self.store.amend(amendment).await?;
        Ok(Effect::CopiesGone(compaction))
    }

    /// How often the store was written anew.
    pub(super) async fn compactions(&self) -> Result<u64, Error> {
        Ok(self.store.document(Shelf::Compaction, COMPACTED).await?.map_or(0, |found| found.version))
    }

    /// The compaction from before which no copy of the store is left; 0 where nothing was certified.
    pub(super) async fn copies_gone(&self) -> Result<u64, Error> {
        self.store.document(Shelf::Compaction, COPIES_GONE).await?.as_ref().map_or(Ok(0), certified_by)
    }
}

fn certified_by(document: &Document) -> Result<u64, Error> {
    let number = document.bytes.as_slice().try_into().map(u64::from_be_bytes);
    number.map_err(|_| Error::Internal("what was certified of copies cannot be read".to_owned()))
}

/// The compaction that a proposal is about.
pub(super) fn compaction_of(proposal: &Proposal) -> Result<u64, Error> {
    proposal.subject.parse().map_err(|_| Error::Internal("a proposal about copies cannot be read".to_owned()))
}
