//! AdminService: what breaks when a certificate is revoked, and its revocation, alone or with everything that its holder has.

use super::{
    Services,
    ask::{Ask, digest_of},
};
use crate::{
    broker::{Ended, Error, Request as Bound},
    domain::{certificate::RevocationReason, grants::Action, identity::Peer},
    wire::{convert, pb, received::Received, session::Session},
};

impl Services {
    pub(super) async fn revocation_previewed(
        &self,
        peer: &Peer,
        request: Received<pb::PreviewRevocationRequest>,
    ) -> Result<pb::PreviewRevocationResponse, Error> {
        let pb::PreviewRevocationRequest { serial, holder } = request.message;
        let mut ask = Ask::default();
        if !serial.is_empty() && !holder.is_empty() {
            ask.wrong("holder", "give a serial number or an identity, not both");
        }
        ask.done(())?;
        let permit = self.office(peer, Action::PreviewRevocation)?;
        let impact = if holder.is_empty() {
            self.broker.preview_revocation(&permit, &serial).await?
        } else {
            self.broker.preview_holder(&permit, &holder).await?
        };
        let ends = |session: &Session| impact.serials.iter().any(|serial| session.hangs_on(serial));
        let live = self.sessions.live().iter().filter(|session| ends(session)).count();
        Ok(pb::PreviewRevocationResponse {
            holder: impact.holder,
            live_sessions: u32::try_from(live).unwrap_or(u32::MAX),
            dependent_certificates: impact.dependents,
            leases: impact.leases,
            unattended_queues: impact.unattended.iter().map(ToString::to_string).collect(),
            other_certificates: impact.other_certificates,
            needs_approval: impact.needs_approval,
            serials: impact.serials,
        })
    }

    pub(super) async fn certificate_revoked(
        &self,
        peer: &Peer,
        request: Received<pb::RevokeCertificateRequest>,
    ) -> Result<pb::RevokeCertificateResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let reason = reason_of(&mut ask, &message.reason);
        ask.done(())?;
        let permit = self.office(peer, Action::RevokeCertificate)?;
        let ended = self.broker.revoke_certificate(&permit, bound, &message.serial, reason).await?;
        let outcome = match ended {
            Ended::Revoked(all) => {
                all.first().map(|one| pb::revoke_certificate_response::Outcome::Revocation(convert::revocation(one)))
            }
            Ended::Proposed(one) => Some(pb::revoke_certificate_response::Outcome::Proposal(convert::proposal(&one))),
        };
        Ok(pb::RevokeCertificateResponse { outcome })
    }

    pub(super) async fn holder_revoked(
        &self,
        peer: &Peer,
        request: Received<pb::RevokeHolderRequest>,
    ) -> Result<pb::RevokeHolderResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let reason = reason_of(&mut ask, &message.reason);
        ask.done(())?;
        let permit = self.office(peer, Action::RevokeHolder)?;
        Ok(match self.broker.revoke_holder(&permit, bound, &message.holder, reason).await? {
            Ended::Revoked(all) => {
                let revocations = all.iter().map(convert::revocation).collect();
                pb::RevokeHolderResponse { revocations, proposal: None }
            }
            Ended::Proposed(one) => {
                pb::RevokeHolderResponse { revocations: Vec::new(), proposal: Some(convert::proposal(&one)) }
            }
        })
    }
}

/// The reason, as a word.
fn reason_of(ask: &mut Ask, word: &str) -> RevocationReason {
    RevocationReason::from_code(word).unwrap_or_else(|| {
        let words: Vec<_> = RevocationReason::ALL.iter().map(|one| one.code()).collect();
        ask.wrong("reason", &format!("one of {}", words.join(", ")));
        RevocationReason::Unspecified
    })
}
