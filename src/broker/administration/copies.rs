//! Copies of the store: what was erased is in no store that was written anew since, but in every older copy of it. That none is left,
//! nobody can see from here: two custodians certify it, and one who learns otherwise withdraws it.

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
    store::{Amendment, COMPACTED, COPIES_GONE, Change, Document, Expect, Shelf},
};

const NOT_COMPACTED: Error = Error::Precondition {
    reason: "NOT_COMPACTED",
    advice: "the store was not written anew since this was last certified: stop the daemon, `homeward compact`, then let every older backup and copy of it go",
};

impl Broker {
    /// Proposes to certify that no copy of the store is left from before it was last written anew: no backup, snapshot or image, and
    /// no disk that one lay on.
    pub async fn propose_copies_gone(&self, permit: &CallPermit, request: Request) -> Result<Proposal, Error> {
        if let Some(first) = self.proposed_before(permit, request).await? {
            return Ok(first);
        }
        let certified = self.copies_gone().await?;
        let compacted = self.store.document(Shelf::Compaction, COMPACTED).await?;
        let last = compacted.filter(|last| last.version > certified).ok_or(NOT_COMPACTED)?;
        let what = Proposing {
            kind: ProposalKind::CopiesGone,
            subject: last.version.to_string(),
            digest: self.fingerprint_of(&last),
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
        let compacted = self.store.document(Shelf::Compaction, COMPACTED).await?;
        if compacted.is_none_or(|last| self.fingerprint_of(&last) != proposal.digest) {
            return Err(Error::Precondition {
                reason: "COMPACTED_SINCE",
                advice: "the store was written anew since it was proposed, or is another than it was: propose it again",
            });
        }
        let mut entry = self.step_entry(permit.identity().as_str(), "CERTIFY_COPIES_GONE", details(proposal));
        entry.verb = Verb::Erasure;
        entry.details.extend([format!("proposer={}", proposal.proposer), format!("compaction={compaction}")]);
        let (once, changes) =
            (Some(self.once_by(permit, request)), vec![approval, self.gone_before(compaction).await?]);
        let amendment = Amendment { once, changes, entries: vec![entry], answer: put_proposal(proposal) };
        self.store.amend(amendment).await?;
        self.remember_copies_gone(compaction);
        Ok(Effect::CopiesGone(compaction))
    }

    /// Withdraws what was certified: a copy has turned up. One custodian is enough, and may say so also where nothing was certified:
    /// nothing becomes readable by it, and nothing is called irrecoverable that is not.
    pub async fn withdraw_copies_gone(&self, permit: &CallPermit, request: Request) -> Result<(), Error> {
        let once = self.once_by(permit, request);
        if self.store.answered(&once).await?.is_some() {
            return Ok(());
        }
        let before = format!("certified={}", self.copies_gone().await?);
        let mut entry = self.step_entry(permit.identity().as_str(), "WITHDRAW_COPIES_GONE", vec![before]);
        entry.verb = Verb::Erasure;
        self.step(once, vec![self.gone_before(0).await?], entry, Vec::new()).await?;
        self.remember_copies_gone(0);
        Ok(())
    }

    /// How often the store was written anew.
    pub(super) async fn compactions(&self) -> Result<u64, Error> {
        Ok(self.store.document(Shelf::Compaction, COMPACTED).await?.map_or(0, |found| found.version))
    }

    /// The compaction from before which no copy of the store is left; 0 where nothing is certified.
    pub(super) async fn copies_gone(&self) -> Result<u64, Error> {
        self.store.document(Shelf::Compaction, COPIES_GONE).await?.as_ref().map_or(Ok(0), certified_by)
    }

    /// The document, as it says from now on.
    async fn gone_before(&self, compaction: u64) -> Result<Change, Error> {
        let found = self.store.document(Shelf::Compaction, COPIES_GONE).await?;
        let expect = found.map_or(Expect::New, |found| Expect::Version(found.version));
        let bytes = Some(compaction.to_be_bytes().to_vec());
        Ok(Change { shelf: Shelf::Compaction, name: COPIES_GONE.to_owned(), expect, bytes })
    }

    /// Of one compaction of one store: its number, its moment, and whose ledger it is in. After a restore the same number is another.
    fn fingerprint_of(&self, compacted: &Document) -> [u8; 32] {
        let Document { version, bytes, .. } = compacted;
        let named = format!("homeward/copies-gone/2/{version}/{}/{}", hex::encode(bytes), self.log.verifier());
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, named.as_bytes()).as_ref());
        fingerprint
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
