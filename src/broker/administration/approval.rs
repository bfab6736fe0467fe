//! Two persons: one proposes, another approves and says the fingerprint. One mechanism for everything that needs it.

use uuid::Uuid;

use super::{Activation, Certificate, Revocation, documents};
use crate::{
    broker::{Broker, Error, Request},
    domain::{
        approval::{NotApprovable, PROPOSAL_LIFE, Proposal, ProposalKind},
        grants::{CallPermit, Refusal},
        violation::Violations,
    },
    platform::entropy::uuid_v4,
    store::{Change, Expect, Shelf},
};

/// A proposal that was approved, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// The proposal.
    pub proposal: Proposal,
    /// What was done.
    pub effect: Effect,
}

/// What an approval did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A certificate was signed; with what its holder trusts.
    Enrolled(Certificate, String),
    /// A certificate was revoked.
    Revoked(Revocation),
    /// An epoch key was destroyed; its id.
    KeyDestroyed(String),
    /// A policy was put in force.
    PolicyActivated(Activation),
    /// A record was erased, with those linked from it.
    Erased(Uuid),
    /// A legal hold ended; its id.
    HoldReleased(Uuid),
    /// No copy of the store is left from before this compaction.
    CopiesGone(u64),
}

/// What is proposed.
pub(in crate::broker) struct Proposing {
    pub kind: ProposalKind,
    pub subject: String,
    pub digest: [u8; 32],
    pub reason: String,
    pub body: Vec<u8>,
    /// What is put on shelves together with the proposal.
    pub changes: Vec<Change>,
}

impl Broker {
    /// Makes a proposal, or answers as the first time.
    pub(in crate::broker) async fn propose(
        &self,
        permit: &CallPermit,
        request: Request,
        what: Proposing,
    ) -> Result<Proposal, Error> {
        if let Some(first) = self.proposed_before(permit, request).await? {
            return Ok(first);
        }
        let now = self.clock.now();
        let proposal = Proposal {
            id: uuid_v4(&*self.entropy)?,
            kind: what.kind,
            subject: what.subject,
            digest: what.digest,
            proposer: permit.identity().as_str().to_owned(),
            reason: what.reason,
            proposed: now,
            expires: now.checked_add(PROPOSAL_LIFE).unwrap_or(jiff::Timestamp::MAX),
            body: what.body,
            approved: None,
        };
        let bytes = documents::put_proposal(&proposal);
        let change = Change {
            shelf: Shelf::Proposal,
            name: proposal.id.to_string(),
            expect: Expect::New,
            bytes: Some(bytes.clone()),
        };
        let entry = self.step_entry(&proposal.proposer, "PROPOSE", details(&proposal));
        let changes = std::iter::once(change).chain(what.changes).collect();
        let accepted = self.step(self.once_by(permit, request), changes, entry, bytes).await?;
        documents::take_proposal(&accepted.answer)
    }

    /// What the same call proposed the first time.
    pub(in crate::broker) async fn proposed_before(
        &self,
        permit: &CallPermit,
        request: Request,
    ) -> Result<Option<Proposal>, Error> {
        let first = self.store.answered(&self.once_by(permit, request)).await?;
        first.map(|first| documents::take_proposal(&first.answer)).transpose()
    }

    /// Proposals of the kinds that are this caller's business, by id, after `after`, at most `limit`; approved and void ones too.
    pub async fn proposals(&self, permit: &CallPermit, after: &str, limit: usize) -> Result<Vec<Proposal>, Error> {
        let role = permit.identity().role();
        let (mut found, mut after) = (Vec::new(), after.to_owned());
        while found.len() < limit {
            let page = self.store.documents(Shelf::Proposal, &after, limit).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.name);
            for document in page {
                // One of a later version, or that has rotted, hides no other; nobody can approve it.
                let Ok(proposal) = documents::take_proposal(&document.bytes) else {
                    tracing::warn!(proposal = document.name, "a proposal cannot be read: it is left out of the list");
                    continue;
                };
                if proposal.kind.role() == role && found.len() < limit {
                    found.push(proposal);
                }
            }
        }
        Ok(found)
    }

    /// The proposal, if this caller may approve it now and said its fingerprint; with its approval as a change.
    pub(in crate::broker) async fn approving(
        &self,
        permit: &CallPermit,
        id: Uuid,
        fingerprint: &str,
    ) -> Result<(Proposal, Change), Error> {
        let document = self.store.document(Shelf::Proposal, &id.to_string()).await?.ok_or(Error::NotFound)?;
        let mut proposal = documents::take_proposal(&document.bytes)?;
        let now = self.clock.now();
        proposal.may_approve(permit.identity(), now).map_err(not_approvable)?;
        let said: String = fingerprint.chars().filter(char::is_ascii_alphanumeric).collect();
        if !said.eq_ignore_ascii_case(&hex::encode(proposal.digest)) {
            let mut violations = Violations::default();
            violations.add("fingerprint", "this is not the fingerprint of the proposal; have it read out again");
            return Err(Error::Invalid(violations));
        }
        proposal.approved = Some((permit.identity().as_str().to_owned(), now));
        let change = Change {
            shelf: Shelf::Proposal,
            name: document.name,
            expect: Expect::Version(document.version),
            bytes: Some(documents::put_proposal(&proposal)),
        };
        Ok((proposal, change))
    }

    /// Approves a proposal and does what it says. A replay gives the first answer.
    pub async fn approve(
        &self,
        permit: &CallPermit,
        request: Request,
        id: Uuid,
        fingerprint: &str,
    ) -> Result<Approved, Error> {
        let once = self.once_by(permit, request);
        if let Some(first) = self.store.answered(&once).await? {
            return self.approved(&first.answer).await;
        }
        let done = self.approve_once(permit, request, id, fingerprint).await;
        // The same call may have been at work through another broker, and have come first: its answer is the one.
        match self.store.answered(&once).await {
            Ok(Some(first)) => self.approved(&first.answer).await.or(done),
            _ => done,
        }
    }

    /// Approves what nobody has approved yet.
    async fn approve_once(
        &self,
        permit: &CallPermit,
        request: Request,
        id: Uuid,
        fingerprint: &str,
    ) -> Result<Approved, Error> {
        let (proposal, change) = self.approving(permit, id, fingerprint).await?;
        let effect = match proposal.kind {
            ProposalKind::Enrolment => self.enrol(permit, request, &proposal, change).await?,
            ProposalKind::AdministratorRevocation => {
                self.revoke_as_proposed(permit, request, &proposal, change).await?
            }
            ProposalKind::KeyDestruction => self.destroy_as_proposed(permit, request, &proposal, change).await?,
            ProposalKind::PolicyActivation => self.activate_as_proposed(permit, request, &proposal, change).await?,
            ProposalKind::Erasure => self.erase_as_proposed(permit, request, &proposal, change).await?,
            ProposalKind::HoldRelease => self.release_as_proposed(permit, request, &proposal, change).await?,
            ProposalKind::CopiesGone => self.certify_as_proposed(permit, request, &proposal, change).await?,
        };
        Ok(Approved { proposal, effect })
    }

    /// What an approval answered the first time.
    async fn approved(&self, answer: &[u8]) -> Result<Approved, Error> {
        let proposal = documents::take_proposal(answer)?;
        let effect = match proposal.kind {
            ProposalKind::Enrolment => self.enrolled(&proposal).await?,
            ProposalKind::AdministratorRevocation => {
                // A serial number, or an identity of which everything ended.
                let (_, revoked) = self.revocations().await?;
                let (subject, approved) = (&proposal.subject, proposal.approved.as_ref());
                // Not what ended of that identity long before.
                let by_this = |one: &Revocation| approved.is_none_or(|(_, at)| at.as_second() <= one.at.as_second());
                let is_one = |one: &Revocation| one.serial == *subject || one.holder == *subject && by_this(one);
                let revoked = revoked.into_iter().find(is_one);
                Effect::Revoked(revoked.ok_or(Error::NotFound)?)
            }
            ProposalKind::KeyDestruction => Effect::KeyDestroyed(proposal.subject.clone()),
            ProposalKind::PolicyActivation => self.activated(&proposal).await?,
            ProposalKind::HoldRelease => Effect::HoldReleased(super::holds::subject_of(&proposal)?.1),
            ProposalKind::CopiesGone => Effect::CopiesGone(super::copies::compaction_of(&proposal)?),
            ProposalKind::Erasure => Effect::Erased(Uuid::try_parse(&proposal.subject).map_err(|_| Error::NotFound)?),
        };
        Ok(Approved { proposal, effect })
    }
}

/// What the ledger says of a proposal.
pub(super) fn details(proposal: &Proposal) -> Vec<String> {
    vec![
        format!("proposal={}", proposal.id),
        format!("kind={}", proposal.kind),
        format!("subject={}", proposal.subject),
        format!("digest={}", hex::encode(proposal.digest)),
        format!("reason={}", proposal.reason),
    ]
}

fn not_approvable(why: NotApprovable) -> Error {
    match why {
        // Another office's proposals do not exist here.
        NotApprovable::Role => Error::NotFound,
        NotApprovable::Own => Refusal::SecondPerson.into(),
        NotApprovable::Decided => Error::Precondition {
            reason: "APPROVED_ALREADY",
            advice: "somebody has approved it; list the proposals again",
        },
        NotApprovable::Expired => {
            Error::Precondition { reason: "PROPOSAL_EXPIRED", advice: "it was not approved in time; propose it again" }
        }
    }
}
