//! Revocation of everything that somebody has: whoever took a laptop may have renewed its certificate since.

use super::{
    approval::{Effect, Proposing, details},
    documents,
    revocation::{Ended, Revocation, administers, words},
};
use crate::{
    broker::{Broker, Error, Request},
    domain::{
        approval::{Proposal, ProposalKind},
        certificate::RevocationReason,
        grants::{CallPermit, Refusal},
        identity::Identity,
        violation::Violations,
    },
    ledger::{Entry, sha256},
    store::{Change, Once, StoreError},
};

/// Somebody else may be revoking at the same moment; and they themselves renewing, as often as they may.
const TRIES: usize = 8;

/// Whose, why, and by whom.
struct Wish<'w> {
    holder: &'w str,
    reason: RevocationReason,
    by: &'w str,
}

impl Broker {
    /// Revokes every good certificate of an identity, or proposes it where it is an administrator's.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the register has no good certificate of theirs.
    pub async fn revoke_holder(
        &self,
        permit: &CallPermit,
        request: Request,
        holder: &str,
        reason: RevocationReason,
    ) -> Result<Ended, Error> {
        let once = self.once_by(permit, request);
        if let Some(first) = self.store.answered(&once).await? {
            return match documents::take_revocations(&first.answer).ok().filter(|all| !all.is_empty()) {
                Some(all) => Ok(Ended::Revoked(all)),
                None => documents::take_proposal(&first.answer).map(Ended::Proposed),
            };
        }
        if Identity::kept(holder).is_none() {
            return Err(no_identity());
        }
        if administers(holder) {
            if self.good_of(holder).await?.is_empty() {
                return Err(Error::NotFound);
            }
            let proposing = Proposing {
                kind: ProposalKind::AdministratorRevocation,
                subject: holder.to_owned(),
                digest: sha256(&[format!("{holder} {reason}").as_bytes()]),
                reason: reason.code().to_owned(),
                body: holder.as_bytes().to_vec(),
                changes: Vec::new(),
            };
            return self.propose(permit, request, proposing).await.map(Ended::Proposed);
        }
        let wish = Wish { holder, reason, by: permit.identity().as_str() };
        self.revoke_all(&wish, once, None).await.map(Ended::Revoked)
    }

    /// Revokes everything of an administrator as somebody else proposed it.
    pub(super) async fn revoke_holder_as_proposed(
        &self,
        permit: &CallPermit,
        request: Request,
        proposal: &Proposal,
        approval: Change,
    ) -> Result<Effect, Error> {
        if proposal.subject == permit.identity().as_str() {
            return Err(Refusal::SecondPerson.into());
        }
        let reason = RevocationReason::from_code(&proposal.reason).unwrap_or(RevocationReason::Unspecified);
        let wish = Wish { holder: &proposal.subject, reason, by: permit.identity().as_str() };
        let once = self.once_by(permit, request);
        let revoked = self.revoke_all(&wish, once, Some((proposal, approval))).await?;
        revoked.into_iter().next().map(Effect::Revoked).ok_or(Error::NotFound)
    }

    /// All that is good, in one step: it is made only while nothing was renewed since it was looked, and whoever was revoked renews
    /// nothing. What two persons enrol meanwhile is theirs, and revoked in a further step.
    async fn revoke_all(
        &self,
        wish: &Wish<'_>,
        once: Once,
        proposed: Option<(&Proposal, Change)>,
    ) -> Result<Vec<Revocation>, Error> {
        let (mut once, mut proposed, mut done) = (Some(once), proposed, Vec::new());
        for _ in 0..TRIES.saturating_add(self.most_renewals) {
            let seen = self.renewals_of(wish.holder).await?.0;
            let new = self.revocations_of(wish).await?;
            if new.is_empty() {
                break;
            }
            let mut entries: Vec<Entry> =
                new.iter().map(|one| self.step_entry(wish.by, "REVOKE_CERTIFICATE", words(one))).collect();
            if let Some((proposal, _)) = &proposed {
                entries.iter_mut().for_each(|entry| entry.details.extend(details(proposal)));
            }
            let answer = proposed
                .as_ref()
                .map_or_else(|| documents::put_revocations(&new), |(one, _)| documents::put_proposal(one));
            let with = proposed.as_ref().map(|(_, approval)| approval.clone());
            match self.add_revocations(&new, (once.clone(), entries, answer), with, Some(seen)).await {
                Ok(()) => {
                    (once, proposed) = (None, None);
                    done.extend(new);
                }
                // They have renewed meanwhile, or somebody else has revoked one of them: once more, as it is now.
                Err(Error::Precondition { reason: "REVOKED_ALREADY", .. }) => {}
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error),
            }
        }
        match (done.is_empty(), self.revocations_of(wish).await?.is_empty()) {
            (_, false) => Err(StoreError::Conflict.into()),
            (true, true) => Err(Error::NotFound),
            (false, true) => Ok(done),
        }
    }

    async fn revocations_of(&self, wish: &Wish<'_>) -> Result<Vec<Revocation>, Error> {
        let (at, by) = (self.clock.now(), wish.by.to_owned());
        let holder = wish.holder.to_owned();
        let good = self.good_of(wish.holder).await?.into_iter();
        let revocation =
            |serial| Revocation { serial, holder: holder.clone(), reason: wish.reason, at, by: by.clone() };
        Ok(good.map(revocation).collect())
    }

    /// Serial numbers of an identity's good certificates.
    async fn good_of(&self, holder: &str) -> Result<Vec<String>, Error> {
        self.follow_register().await;
        let good = self.good_certificates().await?.into_iter();
        Ok(good.filter(|one| one.holder == holder).map(|one| one.serial).collect())
    }
}

/// What was given is no identity.
pub(super) fn no_identity() -> Error {
    let mut violations = Violations::default();
    violations.add("holder", "give an identity as certificates are listed with it: homeward://…");
    Error::Invalid(violations)
}
