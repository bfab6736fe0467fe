//! Audit: the ledger as others read and verify it. Nothing here writes.

use uuid::Uuid;

use super::{Broker, Error, Receipt};
use crate::{
    domain::{
        grants::{Action, CallPermit, ReadPermit, Refusal},
        text::Text,
    },
    ledger::{self, Entry, FiledErasure, FiledReceipt},
    store::{Claim, Proven},
};

/// One entry as it is read.
#[derive(Debug, Clone)]
pub struct LedgerEntry {
    /// Its place.
    pub index: u64,
    /// What it says.
    pub entry: Entry,
    /// Its bytes as hashed.
    pub encoded: Vec<u8>,
}

/// A proof with the signed checkpoint that it leads to.
#[derive(Debug, Clone)]
pub struct LedgerProof {
    /// The hashes.
    pub path: Vec<[u8; 32]>,
    /// The checkpoint.
    pub checkpoint: String,
}

/// A receipt to file.
#[derive(Debug, Clone)]
pub struct FiledProof {
    /// The text of the file.
    pub text: String,
    /// The public key that verifies it.
    pub verifier_key: String,
    /// The name of whoever reported it, whose reference the file has: it is no part of the file. Empty for a certificate of destruction,
    /// and once the content was erased.
    pub reporter: Text,
}

impl Broker {
    /// Entries from an index on, at most `limit`; and the index to go on from, if there may be more.
    pub async fn ledger_entries(
        &self,
        permit: &CallPermit,
        from: u64,
        limit: usize,
    ) -> Result<(Vec<LedgerEntry>, Option<u64>), Error> {
        allowed(permit, Action::ListEntries)?;
        let found = self.store.entries(from, limit).await?;
        let next = (found.len() == limit).then_some(from + limit as u64);
        let read = found.into_iter().map(|(index, encoded)| {
            let entry = ledger::decode(&encoded).map_err(|_| unreadable(index))?;
            Ok(LedgerEntry { index, entry, encoded })
        });
        Ok((read.collect::<Result<_, Error>>()?, next))
    }

    /// The signed checkpoint of the ledger as it is, and the public key.
    pub async fn checkpoint(&self, permit: &CallPermit) -> Result<(String, String), Error> {
        allowed(permit, Action::GetCheckpoint)?;
        let head = self.store.head().await?;
        Ok((self.log.sign(head.size, &head.root), self.log.verifier().to_string()))
    }

    /// Proves that an entry is in the ledger of so many entries, or of all.
    pub async fn prove_inclusion(
        &self,
        permit: &CallPermit,
        index: u64,
        size: Option<u64>,
    ) -> Result<LedgerProof, Error> {
        allowed(permit, Action::ProveInclusion)?;
        self.proof(Claim::Inclusion(index), size).await
    }

    /// Proves that the ledger of `first` entries is the beginning of that of so many, or of all.
    pub async fn prove_consistency(
        &self,
        permit: &CallPermit,
        first: u64,
        size: Option<u64>,
    ) -> Result<LedgerProof, Error> {
        allowed(permit, Action::ProveConsistency)?;
        self.proof(Claim::Consistency(first), size).await
    }

    /// A receipt to file of one referral. Another sender's and an unknown one are both not found.
    pub async fn prove_referral(&self, permit: &ReadPermit, id: Uuid) -> Result<FiledProof, Error> {
        let receipt: Receipt = self.referral(permit, id).await?.receipt;
        let index = receipt.ledger_index;
        let entry = self.store.entries(index, 1).await?.pop().ok_or_else(|| unreadable(index))?.1;
        let LedgerProof { path, checkpoint } = self.proof(Claim::Inclusion(index), None).await?;
        let (digest, opening) = (receipt.digest, receipt.opening);
        let filed = FiledReceipt { digest, opening, entry, index, path, checkpoint };
        let text = filed.text().ok_or_else(|| unreadable(index))?;
        // Whoever files it finds out years later: what does not verify is not handed out.
        let verifier = self.log.verifier();
        FiledReceipt::verify(&text, verifier).map_err(|wrong| Error::Internal(wrong.to_string()))?;
        let reporter = self.senders_own(id).await?.reporter;
        Ok(FiledProof { text, verifier_key: verifier.to_string(), reporter })
    }

    /// The certificate of destruction of one referral of the caller's, to file.
    pub async fn prove_erasure(&self, permit: &ReadPermit, id: Uuid) -> Result<FiledProof, Error> {
        self.referral(permit, id).await?;
        let index = self.store.find(id).await?.and_then(|found| found.erased).ok_or(Error::Precondition {
            reason: "NOT_ERASED",
            advice: "its content is there; GetReferral says when it was erased, once it is",
        })?;
        let entry = self.store.entries(index, 1).await?.pop().ok_or_else(|| unreadable(index))?.1;
        let LedgerProof { path, checkpoint } = self.proof(Claim::Inclusion(index), None).await?;
        let text = FiledErasure { entry, index, path, checkpoint }.text().ok_or_else(|| unreadable(index))?;
        let verifier = self.log.verifier();
        FiledErasure::verify(&text, verifier).map_err(|wrong| Error::Internal(wrong.to_string()))?;
        Ok(FiledProof { text, verifier_key: verifier.to_string(), reporter: Text::default() })
    }

    async fn proof(&self, claim: Claim, size: Option<u64>) -> Result<LedgerProof, Error> {
        let Proven { head, path } = self.store.prove(claim, size).await?.ok_or(Error::Precondition {
            reason: "LEDGER_SHORTER",
            advice: "the ledger has fewer entries than asked for: if a signed checkpoint says more, keep it and tell the auditor",
        })?;
        Ok(LedgerProof { path, checkpoint: self.log.sign(head.size, &head.root) })
    }
}

fn allowed(permit: &CallPermit, action: Action) -> Result<(), Error> {
    if permit.action() == action { Ok(()) } else { Err(Refusal::Method.into()) }
}

fn unreadable(index: u64) -> Error {
    Error::Internal(format!("ledger entry {index} cannot be read"))
}
