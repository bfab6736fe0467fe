//! Revocation: of anybody by one administrator, of an administrator by two; known to every replica through the store.

use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};

use super::{
    Certificate,
    approval::{Effect, Proposing, details},
    documents,
    impact::returning,
};
use crate::{
    broker::{Broker, Error, Request},
    domain::{
        approval::{Proposal, ProposalKind},
        certificate::{RevocationReason, is_serial},
        grants::{Action, CallPermit, Refusal},
        identity::{Identity, Peer, Role},
        violation::Violations,
    },
    ledger::Entry,
    store::{Amendment, Change, Expect, Leases, Once, Seen, Shelf, StoreError},
};

/// The one document of all revocations.
const NAME: &str = "revocations";
/// Somebody else may be revoking at the same moment.
const TRIES: usize = 8;
/// Longest from a revocation to the end of the holder's sessions: what they took in it returns too.
const CUT_OFF: SignedDuration = SignedDuration::from_secs(2);

/// A certificate that was revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Serial number, lower-case hex.
    pub serial: String,
    /// Whose it was.
    pub holder: String,
    /// Why.
    pub reason: RevocationReason,
    /// When.
    pub at: Timestamp,
    /// Who revoked it; empty for one that was revoked outside the broker.
    pub by: String,
}

/// What became of a wish to revoke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Revoked; one, or every good one of a holder.
    Revoked(Vec<Revocation>),
    /// An administrator's certificate needs a second person.
    Proposed(Proposal),
}

impl Broker {
    /// Revokes a certificate, or proposes it where it is an administrator's.
    pub async fn revoke_certificate(
        &self,
        permit: &CallPermit,
        request: Request,
        serial: &str,
        reason: RevocationReason,
    ) -> Result<Ended, Error> {
        let once = self.once_by(permit, request);
        if let Some(first) = self.store.answered(&once).await? {
            let revoked = documents::take_revocations(&first.answer).ok();
            return match revoked.filter(|all| all.iter().any(|one| one.serial == serial)) {
                Some(all) => Ok(Ended::Revoked(all)),
                None => documents::take_proposal(&first.answer).map(Ended::Proposed),
            };
        }
        let holder = self.holder_of(serial).await?;
        if self.revocation(serial).await?.is_some() {
            return Err(revoked_already());
        }
        if administers(&holder) {
            let words = format!("{serial} {reason}");
            let mut sum = [0; 32];
            sum.copy_from_slice(digest(&SHA256, words.as_bytes()).as_ref());
            let proposing = Proposing {
                kind: ProposalKind::AdministratorRevocation,
                subject: serial.to_owned(),
                digest: sum,
                reason: reason.code().to_owned(),
                body: holder.into_bytes(),
                changes: Vec::new(),
            };
            return self.propose(permit, request, proposing).await.map(Ended::Proposed);
        }
        let by = permit.identity().as_str().to_owned();
        let one = Revocation { serial: serial.to_owned(), holder, reason, at: self.clock.now(), by };
        let entry = self.step_entry(&one.by, "REVOKE_CERTIFICATE", words(&one));
        let all = vec![one];
        self.add_revocations(&all, (Some(once), vec![entry], documents::put_revocations(&all)), None, None).await?;
        Ok(Ended::Revoked(all))
    }

    /// Revokes an administrator's certificate that somebody else proposed to revoke.
    pub(super) async fn revoke_as_proposed(
        &self,
        permit: &CallPermit,
        request: Request,
        proposal: &Proposal,
        approval: Change,
    ) -> Result<Effect, Error> {
        if peer_of(&proposal.subject).is_some() {
            return self.revoke_holder_as_proposed(permit, request, proposal, approval).await;
        }
        let holder = String::from_utf8_lossy(&proposal.body).into_owned();
        if holder == permit.identity().as_str() {
            return Err(Refusal::SecondPerson.into());
        }
        let reason = RevocationReason::from_code(&proposal.reason).unwrap_or(RevocationReason::Unspecified);
        let by = permit.identity().as_str().to_owned();
        let one = Revocation { serial: proposal.subject.clone(), holder, reason, at: self.clock.now(), by };
        let mut entry = self.step_entry(&one.by, "REVOKE_CERTIFICATE", details(proposal));
        entry.details.extend(words(&one));
        let once = self.once_by(permit, request);
        let answer = documents::put_proposal(proposal);
        self.add_revocations(std::slice::from_ref(&one), (Some(once), vec![entry], answer), Some(approval), None)
            .await?;
        Ok(Effect::Revoked(one))
    }

    /// Whose leases end with this revocation: its holder's; where it is an authority's, of everybody whom it signed and
    /// nobody else did.
    pub async fn out_by(&self, one: &Revocation) -> Result<Vec<String>, Error> {
        if !is_authority(&one.holder) {
            return Ok(vec![one.holder.clone()]);
        }
        let ending = self.certificates_where(|other| other.issuer == one.serial).await?;
        let staying = self.good_certificates().await?;
        Ok(returning(&one.holder, &ending, &staying).into_iter().map(ToOwned::to_owned).collect())
    }

    /// Every revocation, with the version of the list: 0 where there is none yet.
    pub async fn revocations(&self) -> Result<(u64, Vec<Revocation>), Error> {
        match self.store.document(Shelf::Authority, NAME).await? {
            Some(document) => Ok((document.version, documents::take_revocations(&document.bytes)?)),
            None => Ok((0, Vec::new())),
        }
    }

    /// The leases of a revoked certificate's holder end: each delivery waits again, unread, with a ledger entry of its own.
    pub async fn return_leases(&self, holder: &str) -> Result<u64, Error> {
        self.known.forget(holder);
        Ok(self.store.end_leases(holder, Leases::All, self.clock.now()).await?)
    }

    /// The same of a broker that has just started, for whatever was revoked `at` a moment before: what the holder has taken since, with
    /// another certificate, stays theirs.
    pub async fn return_leases_left(&self, holder: &str, at: Timestamp) -> Result<u64, Error> {
        self.known.forget(holder);
        let by = at.checked_add(CUT_OFF).unwrap_or(at);
        Ok(self.store.end_leases(holder, Leases::By(by), self.clock.now()).await?)
    }

    /// A certificate that somebody is connected with is let in no longer, by the lists or authorities of a PKI that is not ours: what its
    /// holder has waits again, unread. The ledger says so where it is the `first` time, or where something was there to return.
    pub async fn put_out(&self, peer: &Peer, first: bool) -> Result<u64, Error> {
        let holder = peer.identity.as_str();
        let leases = self.return_leases(holder).await?;
        if first || leases > 0 {
            let details = [("serial", peer.serial.as_str()), ("holder", holder), ("leases", &leases.to_string())];
            self.enter("CERTIFICATE_NOT_ACCEPTED", details.map(|(name, word)| format!("{name}={word}")).into()).await?;
        }
        Ok(leases)
    }

    /// The leases of whoever may no longer work where they hold something end likewise, whether they are connected or not.
    pub async fn return_ungranted(&self) -> Result<u64, Error> {
        let (grants, now) = (self.grants(), self.clock.now());
        let mut ended = 0;
        for (holder, queue) in self.store.holders().await? {
            let works = |peer: Peer| grants.may_serve(&peer, Action::Pull, &queue, now).is_ok();
            if !peer_of(&holder).is_some_and(works) {
                ended += self.store.end_leases(&holder, Leases::In(&queue), now).await?;
            }
        }
        Ok(ended)
    }

    pub(super) async fn revocation(&self, serial: &str) -> Result<Option<Revocation>, Error> {
        let (_, revoked) = self.revocations().await?;
        Ok(revoked.into_iter().find(|one| one.serial == serial))
    }

    /// Takes over what was revoked with the authority's folder. Whose it was that a broker signed, the broker's register knows.
    pub(super) async fn take_over_revocations(&self, revoked: Vec<Revocation>) -> Result<(), Error> {
        let (_, known) = self.revocations().await?;
        for mut one in revoked.into_iter().filter(|one| !known.iter().any(|other| other.serial == one.serial)) {
            if one.holder.is_empty() {
                one.holder = self.known_holder(&one.serial).await?;
            }
            let entry = self.step_entry("", "REVOKE_CERTIFICATE", words(&one));
            match self.add_revocations(std::slice::from_ref(&one), (None, vec![entry], Vec::new()), None, None).await {
                Err(Error::Precondition { reason: "REVOKED_ALREADY", .. }) | Ok(()) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The list of revocations as it is, where neither this certificate is on it nor the authority's that signed it; a step that is made
    /// while the list is of this version is a step of somebody who is not revoked.
    pub(super) async fn unrevoked(&self, serial: &str) -> Result<(Seen, Vec<Revocation>), Error> {
        let (version, revoked) = self.revocations().await?;
        let issuer = self.certificate(serial).await?.map(|one| one.issuer).unwrap_or_default();
        if revoked.iter().any(|one| one.serial == serial || one.serial == issuer) {
            return Err(Refusal::Revoked.into());
        }
        Ok((Seen { shelf: Shelf::Authority, name: NAME.to_owned(), version }, revoked))
    }

    /// Adds revocations to the list, with their ledger entries and whatever goes with them, as one step, while what was `seen` is so.
    pub(super) async fn add_revocations(
        &self,
        new: &[Revocation],
        (once, entries, answer): (Option<Once>, Vec<Entry>, Vec<u8>),
        with: Option<Change>,
        seen: Option<Seen>,
    ) -> Result<(), Error> {
        for _ in 0..TRIES {
            let (version, mut all) = self.revocations().await?;
            if all.iter().any(|other| new.iter().any(|one| other.serial == one.serial)) {
                return Err(revoked_already());
            }
            all.extend(new.iter().cloned());
            let expect = if version == 0 { Expect::New } else { Expect::Version(version) };
            let bytes = Some(documents::put_revocations(&all));
            let list = Change { shelf: Shelf::Authority, name: NAME.to_owned(), expect, bytes };
            let changes = std::iter::once(list).chain(with.clone()).collect();
            let (once, entries) = (once.clone(), entries.clone());
            let amendment = Amendment { once, changes, entries, answer: answer.clone() };
            match self.amend_while(seen.clone(), amendment).await {
                Ok(_) => {
                    new.iter().for_each(|one| self.remember_revoked(one));
                    return Ok(());
                }
                // Whoever relied on something looks again at all of it.
                Err(StoreError::Conflict) if seen.is_none() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Whose certificate it is: by the register, else by what was shown. Empty where neither knows it: it may be of anybody, and
    /// takes two persons.
    pub(super) async fn holder_of(&self, serial: &str) -> Result<String, Error> {
        if !is_serial(serial) {
            let mut violations = Violations::default();
            violations
                .add("serial", "give the serial number in lower-case hexadecimal digits, as certificates are listed");
            return Err(Error::Invalid(violations));
        }
        self.follow_register().await;
        self.known_holder(serial).await
    }

    async fn known_holder(&self, serial: &str) -> Result<String, Error> {
        match self.certificate(serial).await? {
            Some(certificate) => Ok(certificate.holder),
            None => self.shown_by(serial).await,
        }
    }

    /// Every certificate that is good now.
    pub(in crate::broker) async fn good_certificates(&self) -> Result<Vec<Certificate>, Error> {
        let (now, (_, standing)) = (self.clock.now(), self.standing().await?);
        self.certificates_where(|one| one.not_after >= now && standing.revocation(one).is_none()).await
    }

    async fn certificates_where(&self, which: impl Fn(&Certificate) -> bool) -> Result<Vec<Certificate>, Error> {
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.store.documents(Shelf::Certificate, &after, 500).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after.clone_from(&last.name);
            for document in &page {
                let certificate = Certificate { chain: String::new(), ..documents::take_certificate(&document.bytes)? };
                if which(&certificate) {
                    found.push(certificate);
                }
            }
        }
    }
}

fn revoked_already() -> Error {
    Error::Precondition { reason: "REVOKED_ALREADY", advice: "it is revoked; there is nothing more to do" }
}

/// What the ledger says of a revocation.
pub(super) fn words(one: &Revocation) -> Vec<String> {
    vec![format!("serial={}", one.serial), format!("holder={}", one.holder), format!("reason={}", one.reason)]
}

/// The identity in a register, as a peer; `None` for a server's.
pub(super) fn peer_of(uri: &str) -> Option<Peer> {
    let identity = Identity::kept(uri)?;
    Some(Peer { identity, serial: String::new(), not_after: Timestamp::MAX, unlisted: false })
}

/// Is this holder an authority, neither a client nor a server?
pub(super) fn is_authority(holder: &str) -> bool {
    peer_of(holder).is_none() && !holder.starts_with("server ")
}

/// Is this holder one of those whose end needs two persons: an administrator, or an authority?
pub(super) fn administers(holder: &str) -> bool {
    let role = peer_of(holder).map(|peer| peer.identity.role());
    is_authority(holder) || matches!(role, Some(Role::CertificateAdmin | Role::KeyCustodian | Role::PolicyAdmin))
}
