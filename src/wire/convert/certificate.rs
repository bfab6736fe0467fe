//! Certificates, revocations and proposals to the wire.

use jiff::Timestamp;

use super::wire_time;
use crate::{
    broker::{Certificate, Revocation, Standing},
    domain::approval::Proposal,
    wire::pb,
};

/// A certificate as it is at `now`.
pub fn certificate(one: &Certificate, standing: &Standing, now: Timestamp) -> pb::Certificate {
    let revoked = standing.revocation(one);
    let state = match revoked {
        Some(_) => pb::CertificateState::Revoked,
        None if one.not_after < now => pb::CertificateState::Expired,
        None => pb::CertificateState::Valid,
    };
    pb::Certificate {
        serial: one.serial.clone(),
        holder: one.holder.clone(),
        start_time: Some(wire_time(one.not_before)),
        expire_time: Some(wire_time(one.not_after)),
        state: state.into(),
        revocation: revoked.map(revocation),
        chain: one.chain.clone(),
        issuer_serial: one.issuer.clone(),
        tainted: one.not_after >= now && standing.is_tainted(one),
    }
}

/// A revocation.
pub fn revocation(one: &Revocation) -> pb::Revocation {
    pb::Revocation {
        serial: one.serial.clone(),
        holder: one.holder.clone(),
        reason: one.reason.code().to_owned(),
        revoke_time: Some(wire_time(one.at)),
        revoked_by: one.by.clone(),
    }
}

/// A proposal.
pub fn proposal(one: &Proposal) -> pb::Proposal {
    let (approver, approved) = one.approved.clone().unzip();
    pb::Proposal {
        proposal_id: one.id.to_string(),
        kind: one.kind.code().to_owned(),
        subject: one.subject.clone(),
        fingerprint: hex::encode(one.digest),
        proposer: one.proposer.clone(),
        reason: one.reason.clone(),
        create_time: Some(wire_time(one.proposed)),
        expire_time: Some(wire_time(one.expires)),
        approver: approver.unwrap_or_default(),
        approve_time: approved.map(wire_time),
    }
}
