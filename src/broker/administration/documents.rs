//! Administrative documents to bytes and back. What cannot be read is damage, never a guess.

use jiff::{SignedDuration, Timestamp};
use prost::Message;
use uuid::Uuid;

use super::{
    Certificate, Erasure, Revocation, Tainted,
    key_shelf::{EpochDocument, KeyringDocument},
    outer::{OuterDocument, OuterRotation},
    renewal::Renewal,
    rewrap::{Progress, Proof},
    unlisted::Unlisted,
};
use crate::{
    broker::Error,
    domain::{
        approval::{Proposal, ProposalKind},
        certificate::RevocationReason,
        erasure::{ErasureReason, Evenness, LegalHold, LegalHoldReason},
    },
    sealing::Wrapped,
};

/// Generated messages of the kept forms.
pub(super) mod kept {
    #![allow(missing_docs, clippy::all, reason = "generated code")]
    include!(concat!(env!("OUT_DIR"), "/homeward.administration.rs"));
}

fn moment(micros: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(micros).ok()
}

/// A moment that may be absent, as 0: absent is fine, unreadable is not.
fn maybe(micros: i64) -> Option<Option<Timestamp>> {
    if micros == 0 { Some(None) } else { moment(micros).map(Some) }
}

fn damaged<T>(read: Option<T>) -> Result<T, Error> {
    read.ok_or_else(|| Error::Internal("an administrative document cannot be read".into()))
}

/// An erasure as bytes.
pub(super) fn put_erasure(erasure: &Erasure) -> Vec<u8> {
    kept::KeptErasure {
        erased_micros: erasure.at.as_microsecond(),
        key_id: erasure.key.clone(),
        key_number: erasure.key_number,
        reason: erasure.reason.code().to_owned(),
        compactions: erasure.compactions,
    }
    .encode_to_vec()
}

/// Reads an erasure.
pub(super) fn take_erasure(bytes: &[u8]) -> Result<Erasure, Error> {
    let read = || {
        let kept = kept::KeptErasure::decode(bytes).ok()?;
        let (at, reason) = (moment(kept.erased_micros)?, ErasureReason::from_code(&kept.reason)?);
        let (key, key_number, compactions) = (kept.key_id, kept.key_number, kept.compactions);
        Some(Erasure { at, key, key_number, reason, compactions })
    };
    damaged(read())
}

/// What the clock said as bytes.
pub(super) fn put_clock(clock: Evenness) -> Vec<u8> {
    let micros = |at: Option<Timestamp>| at.map_or(0, Timestamp::as_microsecond);
    kept::KeptClock { seen_micros: micros(clock.seen), leapt_micros: micros(clock.leapt) }.encode_to_vec()
}

/// Reads it.
pub(super) fn take_clock(bytes: &[u8]) -> Result<Evenness, Error> {
    let read = || {
        let kept = kept::KeptClock::decode(bytes).ok()?;
        Some(Evenness { seen: maybe(kept.seen_micros)?, leapt: maybe(kept.leapt_micros)? })
    };
    damaged(read())
}

/// The legal holds of a record as bytes.
pub(super) fn put_holds(holds: &[LegalHold]) -> Vec<u8> {
    kept::KeptLegalHolds { holds: holds.iter().map(kept_hold).collect() }.encode_to_vec()
}

/// Reads them.
pub(super) fn take_holds(bytes: &[u8]) -> Result<Vec<LegalHold>, Error> {
    let read = || kept::KeptLegalHolds::decode(bytes).ok()?.holds.into_iter().map(read_hold).collect();
    damaged(read())
}

/// One legal hold as bytes.
pub(super) fn put_hold(hold: &LegalHold) -> Vec<u8> {
    kept_hold(hold).encode_to_vec()
}

/// Reads it.
pub(super) fn take_hold(bytes: &[u8]) -> Result<LegalHold, Error> {
    damaged(kept::KeptLegalHold::decode(bytes).ok().and_then(read_hold))
}

fn kept_hold(hold: &LegalHold) -> kept::KeptLegalHold {
    kept::KeptLegalHold {
        id: hold.id.as_bytes().to_vec(),
        reason: hold.reason.code().to_owned(),
        reference: hold.reference.clone(),
        by: hold.by.clone(),
        placed_micros: hold.at.as_microsecond(),
    }
}

fn read_hold(kept: kept::KeptLegalHold) -> Option<LegalHold> {
    Some(LegalHold {
        id: Uuid::from_slice(&kept.id).ok()?,
        reason: LegalHoldReason::from_code(&kept.reason)?,
        reference: kept.reference,
        by: kept.by,
        at: moment(kept.placed_micros)?,
    })
}

/// A proposal as bytes.
pub(super) fn put_proposal(proposal: &Proposal) -> Vec<u8> {
    let approved = proposal.approved.clone();
    kept::KeptProposal {
        id: proposal.id.as_bytes().to_vec(),
        kind: proposal.kind.code().to_owned(),
        subject: proposal.subject.clone(),
        digest: proposal.digest.to_vec(),
        proposer: proposal.proposer.clone(),
        reason: proposal.reason.clone(),
        proposed_micros: proposal.proposed.as_microsecond(),
        expires_micros: proposal.expires.as_microsecond(),
        body: proposal.body.clone(),
        approved_micros: approved.as_ref().map_or(0, |(_, at)| at.as_microsecond()),
        approver: approved.map_or_else(String::new, |(who, _)| who),
    }
    .encode_to_vec()
}

/// Reads a proposal.
pub(super) fn take_proposal(bytes: &[u8]) -> Result<Proposal, Error> {
    let read = || {
        let kept = kept::KeptProposal::decode(bytes).ok()?;
        let approved = match kept.approver.as_str() {
            "" => None,
            _ => Some((kept.approver, moment(kept.approved_micros)?)),
        };
        Some(Proposal {
            id: Uuid::from_slice(&kept.id).ok()?,
            kind: ProposalKind::from_code(&kept.kind)?,
            subject: kept.subject,
            digest: kept.digest.try_into().ok()?,
            proposer: kept.proposer,
            reason: kept.reason,
            proposed: moment(kept.proposed_micros)?,
            expires: moment(kept.expires_micros)?,
            body: kept.body,
            approved,
        })
    };
    damaged(read())
}

/// A certificate as bytes.
pub(super) fn put_certificate(certificate: &Certificate) -> Vec<u8> {
    kept::KeptCertificate {
        serial: certificate.serial.clone(),
        holder: certificate.holder.clone(),
        not_before_micros: certificate.not_before.as_microsecond(),
        not_after_micros: certificate.not_after.as_microsecond(),
        chain: certificate.chain.clone(),
        issuer: certificate.issuer.clone(),
        fingerprint: certificate.fingerprint.clone(),
    }
    .encode_to_vec()
}

/// Reads a certificate.
pub(super) fn take_certificate(bytes: &[u8]) -> Result<Certificate, Error> {
    let read = || {
        let kept = kept::KeptCertificate::decode(bytes).ok()?;
        Some(Certificate {
            serial: kept.serial,
            holder: kept.holder,
            not_before: moment(kept.not_before_micros)?,
            not_after: moment(kept.not_after_micros)?,
            chain: kept.chain,
            issuer: kept.issuer,
            fingerprint: kept.fingerprint,
        })
    };
    damaged(read())
}

/// Renewals as bytes.
pub(super) fn put_renewals(renewals: &[Renewal]) -> Vec<u8> {
    let put = |(serial, until): &Renewal| kept::KeptRenewal {
        serial: serial.clone(),
        not_after_micros: until.as_microsecond(),
    };
    kept::KeptRenewals { renewals: renewals.iter().map(put).collect() }.encode_to_vec()
}

/// Reads renewals.
pub(super) fn take_renewals(bytes: &[u8]) -> Result<Vec<Renewal>, Error> {
    let take = |kept: kept::KeptRenewal| Some((kept.serial, moment(kept.not_after_micros)?));
    let read = || kept::KeptRenewals::decode(bytes).ok()?.renewals.into_iter().map(take).collect();
    damaged(read())
}

/// Revocations as bytes.
pub(super) fn put_revocations(revocations: &[Revocation]) -> Vec<u8> {
    let put = |one: &Revocation| kept::KeptRevocation {
        serial: one.serial.clone(),
        holder: one.holder.clone(),
        reason: one.reason.code().to_owned(),
        at_micros: one.at.as_microsecond(),
        by: one.by.clone(),
    };
    kept::KeptRevocations { revocations: revocations.iter().map(put).collect() }.encode_to_vec()
}

/// Reads revocations.
pub(super) fn take_revocations(bytes: &[u8]) -> Result<Vec<Revocation>, Error> {
    let take = |kept: kept::KeptRevocation| {
        Some(Revocation {
            serial: kept.serial,
            holder: kept.holder,
            reason: RevocationReason::from_code(&kept.reason)?,
            at: moment(kept.at_micros)?,
            by: kept.by,
        })
    };
    let read = || kept::KeptRevocations::decode(bytes).ok()?.revocations.into_iter().map(take).collect();
    damaged(read())
}

/// Tainted authorities as bytes.
pub(super) fn put_tainted(tainted: &[Tainted]) -> Vec<u8> {
    let put = |one: &Tainted| kept::KeptTaint { serial: one.serial.clone(), at_micros: one.at.as_microsecond() };
    kept::KeptTainted { tainted: tainted.iter().map(put).collect() }.encode_to_vec()
}

/// Reads tainted authorities.
pub(super) fn take_tainted(bytes: &[u8]) -> Result<Vec<Tainted>, Error> {
    let take = |kept: kept::KeptTaint| Some(Tainted { serial: kept.serial, at: moment(kept.at_micros)? });
    let read = || kept::KeptTainted::decode(bytes).ok()?.tainted.into_iter().map(take).collect();
    damaged(read())
}

/// Certificates that are in no register, as bytes.
pub(super) fn put_unlisted(unlisted: &[Unlisted]) -> Vec<u8> {
    let put = |one: &Unlisted| kept::KeptUnlistedOne {
        serial: one.serial.clone(),
        holder: one.holder.clone(),
        above: one.above.clone(),
        fingerprint: one.fingerprint.clone(),
        at_micros: one.at.as_microsecond(),
    };
    kept::KeptUnlisted { certificates: unlisted.iter().map(put).collect() }.encode_to_vec()
}

/// Reads certificates that are in no register.
pub(super) fn take_unlisted(bytes: &[u8]) -> Result<Vec<Unlisted>, Error> {
    let take = |kept: kept::KeptUnlistedOne| {
        let kept::KeptUnlistedOne { serial, holder, above, fingerprint, at_micros } = kept;
        Some(Unlisted { serial, holder, above, fingerprint, at: moment(at_micros)? })
    };
    let read = || kept::KeptUnlisted::decode(bytes).ok()?.certificates.into_iter().map(take).collect();
    damaged(read())
}

/// A request to be signed on approval, as bytes.
pub(super) fn put_enrolment(request: &[u8], days: Option<i32>) -> Vec<u8> {
    kept::Enrolment { request: request.to_vec(), days: days.unwrap_or(0) }.encode_to_vec()
}

/// Reads a request to be signed on approval.
pub(super) fn take_enrolment(bytes: &[u8]) -> Result<(Vec<u8>, Option<i32>), Error> {
    let kept = damaged(kept::Enrolment::decode(bytes).ok())?;
    Ok((kept.request, Some(kept.days).filter(|days| *days != 0)))
}

/// The keyring as bytes.
pub(super) fn put_keyring(keyring: &KeyringDocument) -> Vec<u8> {
    let KeyringDocument { current, references } = keyring.clone();
    kept::KeptKeyring { current, provider: references.provider, references: references.bytes }.encode_to_vec()
}

/// Reads the keyring.
pub(super) fn take_keyring(bytes: &[u8]) -> Result<KeyringDocument, Error> {
    let kept = damaged(kept::KeptKeyring::decode(bytes).ok())?;
    let references = Wrapped { provider: kept.provider, bytes: kept.references };
    Ok(KeyringDocument { current: kept.current, references })
}

/// An epoch key as bytes.
pub(super) fn put_epoch(epoch: &EpochDocument) -> Vec<u8> {
    let EpochDocument { wrapped, made, number, reserved } = epoch.clone();
    let (Wrapped { provider, bytes: wrapped }, made_micros) = (wrapped, made.as_microsecond());
    kept::KeptEpochKey { provider, wrapped, made_micros, reserved, number }.encode_to_vec()
}

/// Reads an epoch key.
pub(super) fn take_epoch(bytes: &[u8]) -> Result<EpochDocument, Error> {
    let read = || {
        let kept = kept::KeptEpochKey::decode(bytes).ok()?;
        let wrapped = Wrapped { provider: kept.provider, bytes: kept.wrapped };
        let made = moment(kept.made_micros)?;
        Some(EpochDocument { wrapped, made, number: kept.number, reserved: kept.reserved })
    };
    damaged(read())
}

/// The keys outside the store as bytes.
pub(super) fn put_outer(outer: &OuterDocument) -> Vec<u8> {
    let key = |(id, since): (&String, &Timestamp)| kept::KeptOuterKey {
        id: id.clone(),
        since_micros: since.as_microsecond(),
    };
    let rotation = outer.rotation.as_ref().map(|rotation| kept::KeptOuterRotation {
        to: rotation.to.clone(),
        started_micros: rotation.started.as_microsecond(),
        rewrapped: rotation.rewrapped,
        proven: rotation.proven,
        finished_micros: rotation.finished.map_or(0, Timestamp::as_microsecond),
    });
    kept::KeptOuterKeys { keys: outer.since.iter().map(key).collect(), rotation }.encode_to_vec()
}

/// Reads the keys outside the store.
pub(super) fn take_outer(bytes: &[u8]) -> Result<OuterDocument, Error> {
    let rotation = |kept: kept::KeptOuterRotation| {
        Some(OuterRotation {
            to: kept.to,
            started: moment(kept.started_micros)?,
            rewrapped: kept.rewrapped,
            proven: kept.proven,
            finished: maybe(kept.finished_micros)?,
        })
    };
    let read = || {
        let kept = kept::KeptOuterKeys::decode(bytes).ok()?;
        let since =
            kept.keys.into_iter().map(|key| Some((key.id, moment(key.since_micros)?))).collect::<Option<_>>()?;
        let rotation = match kept.rotation {
            Some(kept) => Some(rotation(kept)?),
            None => None,
        };
        Some(OuterDocument { since, rotation })
    };
    damaged(read())
}

/// A rewrapping as bytes.
pub(super) fn put_rewrap(progress: &Progress) -> Vec<u8> {
    let at = |moment: Option<Timestamp>| moment.map_or(0, Timestamp::as_microsecond);
    let proof = progress.proof.clone();
    let count = |(key, records)| kept::KeptCount { key, records };
    kept::KeptRewrap {
        started_micros: progress.started.as_microsecond(),
        after: progress.after.map_or_else(Vec::new, |record| record.as_bytes().to_vec()),
        examined: progress.examined,
        rewrapped: progress.rewrapped,
        finished_micros: at(progress.finished),
        paused_micros: at(progress.paused),
        busy_micros: i64::try_from(progress.busy.as_micros()).unwrap_or(i64::MAX),
        last_micros: progress.last.as_microsecond(),
        proving: proof.is_some(),
        scanned: proof.as_ref().map_or(0, |proof| proof.scanned),
        found: proof.into_iter().flat_map(|proof| proof.found).map(count).collect(),
    }
    .encode_to_vec()
}

/// Reads a rewrapping.
pub(super) fn take_rewrap(bytes: &[u8]) -> Result<Progress, Error> {
    let read = || {
        let kept = kept::KeptRewrap::decode(bytes).ok()?;
        let found = kept.found.into_iter().map(|count| (count.key, count.records)).collect();
        Some(Progress {
            started: moment(kept.started_micros)?,
            after: if kept.after.is_empty() { None } else { Some(Uuid::from_slice(&kept.after).ok()?) },
            examined: kept.examined,
            rewrapped: kept.rewrapped,
            busy: SignedDuration::from_micros(kept.busy_micros),
            last: moment(kept.last_micros)?,
            paused: maybe(kept.paused_micros)?,
            proof: kept.proving.then_some(Proof { scanned: kept.scanned, found }),
            finished: maybe(kept.finished_micros)?,
        })
    };
    damaged(read())
}
