//! Activation: one policy administrator proposes a set of files that passes the check, another approves its fingerprint, and
//! it is in force, whole.

use jiff::Timestamp;

use super::{
    super::approval::{Effect, Proposing, details},
    Activation, Checked,
    kept::{self, Waiting},
};
use crate::{
    broker::{Broker, Error, Request},
    domain::{
        approval::{PROPOSAL_LIFE, Proposal, ProposalKind},
        grants::CallPermit,
        violation::Violations,
    },
    reference::FileSet,
    store::{Amendment, Change, Expect, Shelf, StoreError},
};

/// Most sets that may wait for a second person at a time: they take room.
const MOST_WAITING: usize = 20;
/// Somebody else may be proposing at the same moment.
const TRIES: usize = 8;

impl Broker {
    /// Proposes to put these files in force; without files, a set that the broker keeps.
    pub async fn propose_policy(
        &self,
        permit: &CallPermit,
        request: Request,
        files: Vec<(String, String)>,
        fingerprint: [u8; 32],
    ) -> Result<Proposal, Error> {
        if let Some(first) = self.proposed_before(permit, request).await? {
            return Ok(first);
        }
        self.follow_policy().await?;
        let (set, wrong) = match files.is_empty() {
            true => (self.kept_policy(fingerprint).await?.ok_or(Error::NotFound)?, Vec::new()),
            false => FileSet::gather(files),
        };
        sound(&self.check_set(set.clone(), wrong).await?, fingerprint)?;
        if self.in_force().await?.is_some_and(|(activation, _)| activation.fingerprint == fingerprint) {
            return Err(Error::Precondition { reason: "POLICY_IN_FORCE", advice: "it is in force already" });
        }
        let changes = self.put_aside(fingerprint, &set).await?;
        let proposing = Proposing {
            kind: ProposalKind::PolicyActivation,
            subject: hex::encode(fingerprint),
            digest: fingerprint,
            reason: String::new(),
            body: self.put_in_force().await?.to_vec(),
            changes,
        };
        self.propose(permit, request, proposing).await
    }

    /// Puts in force what was proposed; approval, activation and ledger entry are one step.
    pub(in crate::broker::administration) async fn activate_as_proposed(
        &self,
        permit: &CallPermit,
        request: Request,
        proposal: &Proposal,
        approval: Change,
    ) -> Result<Effect, Error> {
        self.follow_policy().await?;
        let before = self.in_force().await?;
        let (number, expect) =
            before.as_ref().map_or((1, Expect::New), |(one, version)| (one.number + 1, Expect::Version(*version)));
        let now_in_force = before.map_or(self.rulebook().fingerprint, |(one, _)| one.fingerprint);
        if proposal.body != now_in_force {
            return Err(Error::Precondition {
                reason: "POLICY_CHANGED_MEANWHILE",
                advice: "another policy came in force since this was proposed; compare again, and propose it again",
            });
        }
        let set = self.kept_policy(proposal.digest).await?.ok_or(Error::NotFound)?;
        let checked = self.check_set(set, Vec::new()).await?;
        let rulebook = checked.rulebook.filter(|one| checked.faults.is_empty() && one.fingerprint == proposal.digest);
        let rulebook = rulebook.ok_or(Error::Precondition {
            reason: "POLICY_NOT_SOUND",
            advice: "it does not pass the check any longer; check it again, mend it and propose it anew",
        })?;
        let (at, approver) = (self.now(), permit.identity().as_str().to_owned());
        let (fingerprint, proposer) = (proposal.digest, proposal.proposer.clone());
        let activation = Activation { number, fingerprint, at, proposer, approver, proposal: proposal.id };
        let proposal = Proposal { body: number.to_be_bytes().to_vec(), ..proposal.clone() };
        let answer = super::super::documents::put_proposal(&proposal);
        let approval = Change { bytes: Some(answer.clone()), ..approval };
        let bytes = Some(kept::put_activation(&activation));
        let put = |name: String, expect| Change { shelf: Shelf::PolicyVersion, name, expect, bytes: bytes.clone() };
        let mut changes =
            vec![approval, put(kept::activation_name(number), Expect::New), put(kept::IN_FORCE.to_owned(), expect)];
        changes.extend(self.no_longer_waiting(fingerprint).await?);
        let mut entry = self.step_entry(&activation.approver, "ACTIVATE_POLICY", details(&proposal));
        entry.details.extend(self.words_of(&rulebook));
        entry.details.push(format!("policy_before={}", hex::encode(now_in_force)));
        let once = self.once_by(permit, request);
        self.step(once, changes, entry, answer).await?;
        self.follow_policy().await?;
        Ok(Effect::PolicyActivated(activation))
    }

    /// What an approval put in force.
    pub(in crate::broker::administration) async fn activated(&self, proposal: &Proposal) -> Result<Effect, Error> {
        let number = <[u8; 8]>::try_from(proposal.body.as_slice()).map(u64::from_be_bytes).unwrap_or_default();
        self.activation(number).await?.map(Effect::PolicyActivated).ok_or(Error::NotFound)
    }

    /// The set put on the shelf, to be taken away should nobody approve it in time; nothing, where it is there for good.
    async fn put_aside(&self, fingerprint: [u8; 32], set: &FileSet) -> Result<Vec<Change>, Error> {
        let now = self.now();
        let (version, waiting) = self.waiting().await?;
        let (over, mut waiting): (Vec<Waiting>, Vec<Waiting>) =
            waiting.into_iter().partition(|(one, until)| *until <= now && *one != fingerprint);
        let name = kept::set_name(fingerprint);
        let there = self.store.document(Shelf::PolicyVersion, &name).await?.is_some();
        let known = waiting.iter().position(|(one, _)| *one == fingerprint);
        if there && known.is_none() {
            return Ok(Vec::new());
        }
        known.map(|place| waiting.remove(place));
        if waiting.len() >= MOST_WAITING {
            return Err(Error::Precondition {
                reason: "TOO_MANY_PROPOSALS",
                advice: "many policies wait for a second person; have one approved, or wait until they are void",
            });
        }
        waiting.push((fingerprint, now.checked_add(PROPOSAL_LIFE).unwrap_or(Timestamp::MAX)));
        let mut changes = vec![waiting_change(version, &waiting)];
        if !there {
            let bytes = Some(kept::put_set(set));
            changes.push(Change { shelf: Shelf::PolicyVersion, name, expect: Expect::New, bytes });
        }
        for (one, _) in over {
            let name = kept::set_name(one);
            if let Some(old) = self.store.document(Shelf::PolicyVersion, &name).await? {
                let expect = Expect::Version(old.version);
                changes.push(Change { shelf: Shelf::PolicyVersion, name, expect, bytes: None });
            }
        }
        Ok(changes)
    }

    /// The set is in force: it is kept for good.
    pub(super) async fn keep_for_good(&self, fingerprint: [u8; 32]) -> Result<(), Error> {
        for _ in 0..TRIES {
            let Some(change) = self.no_longer_waiting(fingerprint).await? else { return Ok(()) };
            let changes = vec![change];
            let amendment = Amendment { once: None, changes, entries: Vec::new(), answer: Vec::new() };
            match self.store.amend(amendment).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// The set was proposed and never in force.
    pub(super) async fn is_waiting(&self, fingerprint: [u8; 32]) -> Result<bool, Error> {
        Ok(self.waiting().await?.1.iter().any(|(one, _)| *one == fingerprint))
    }

    async fn no_longer_waiting(&self, fingerprint: [u8; 32]) -> Result<Option<Change>, Error> {
        let (version, mut waiting) = self.waiting().await?;
        let before = waiting.len();
        waiting.retain(|(one, _)| *one != fingerprint);
        Ok((waiting.len() < before).then(|| waiting_change(version, &waiting)))
    }

    /// Sets that were never in force, and the version of their list; 0: there is none yet.
    async fn waiting(&self) -> Result<(u64, Vec<Waiting>), Error> {
        match self.store.document(Shelf::PolicyVersion, kept::WAITING).await? {
            Some(document) => Ok((document.version, kept::take_waiting(&document.bytes)?)),
            None => Ok((0, Vec::new())),
        }
    }
}

fn waiting_change(version: u64, waiting: &[Waiting]) -> Change {
    let expect = if version == 0 { Expect::New } else { Expect::Version(version) };
    let (name, bytes) = (kept::WAITING.to_owned(), Some(kept::put_waiting(waiting)));
    Change { shelf: Shelf::PolicyVersion, name, expect, bytes }
}

/// A set that was checked may be proposed: it has no fault, and is the one that was meant.
fn sound(checked: &Checked, fingerprint: [u8; 32]) -> Result<(), Error> {
    let mut violations = Violations::default();
    for fault in &checked.faults {
        let advice = [fault.at.as_str(), fault.what.as_str(), fault.to_do.as_str()];
        let advice: Vec<&str> = advice.into_iter().filter(|words| !words.is_empty()).collect();
        // A name that nobody knows is a value, and goes into the advice.
        match FileSet::is_name(&fault.file) {
            true => violations.add(format!("files[{}]", fault.file), advice.join(": ")),
            false => violations.add("files", format!("{}: {}", fault.file, advice.join(": "))),
        }
    }
    if checked.fingerprint != fingerprint {
        violations.add("fingerprint", "these files have another fingerprint; check them again, and see that all came");
    }
    if violations.is_empty() { Ok(()) } else { Err(Error::Invalid(violations)) }
}
