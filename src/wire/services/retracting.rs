//! Corrections and recalls, and the notices of them.

use prost::Message;

use super::{
    Services,
    ask::{Ask, digest_of},
    queue::handle,
};
use crate::{
    broker::{Correction, Error, Recalling, Request as Bound, Submission},
    domain::{grants::Action, identity::Peer, submission::Reading},
    wire::{
        convert::{self, receipt, wire_time},
        pb,
        received::Received,
    },
};

/// The submission in the bytes of the request that brought it: a correction has it where a submission has.
pub(super) fn as_received(original: &[u8]) -> Option<Reading> {
    let received = pb::SubmitReferralRequest::decode(original).ok()?;
    Some(convert::submission(received.submission?))
}

impl Services {
    pub(super) async fn corrected(
        &self,
        peer: &Peer,
        request: Received<pb::CorrectReferralRequest>,
    ) -> Result<pb::CorrectReferralResponse, Error> {
        let Received { message, raw, .. } = request;
        let submission = message.submission.unwrap_or_default();
        let permit = self.permit(peer, &submission, Action::CorrectReferral)?;
        let reads = self.reader(peer, Action::CorrectReferral)?;
        let turn = self.broker.turn(&peer.identity).await?;
        let mut ask = Ask::default();
        let request = ask.uuid("request_id", &message.request_id);
        let referral = ask.uuid("referral_id", &message.referral_id);
        let reason = ask.required("reason", message.reason);
        let reading = convert::submission(submission);
        if let Err(Error::Invalid(mut violations)) = ask.done(()) {
            if let Err(Error::Invalid(found)) = self.broker.preview(&permit, reading, |_, _, _| ()).await {
                violations.0.extend(found.0);
            }
            return Err(Error::Invalid(violations));
        }
        let submission = Submission { request, original: &raw, digest: digest_of(&raw), reading };
        let correction = Correction { referral, reason, submission };
        let accepted = self.broker.correct((&permit, &reads), correction, as_received, turn).await?;
        Ok(pb::CorrectReferralResponse { receipt: Some(receipt(&accepted)) })
    }

    pub(super) async fn recalled(
        &self,
        peer: &Peer,
        request: Received<pb::RecallReferralRequest>,
    ) -> Result<pb::RecallReferralResponse, Error> {
        let Received { message, raw, .. } = request;
        let permit = self.reader(peer, Action::RecallReferral)?;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let referral = ask.uuid("referral_id", &message.referral_id);
        let reason = ask.required("reason", message.reason);
        let actor = ask.actor(message.actor);
        ask.done(())?;
        let recalling = Recalling { referral, reason, actor };
        let at = self.broker.recall(&permit, bound, recalling, as_received).await?;
        Ok(pb::RecallReferralResponse { recall_time: Some(wire_time(at)) })
    }

    pub(super) async fn acknowledged(
        &self,
        peer: &Peer,
        request: Received<pb::AcknowledgeNoticeRequest>,
    ) -> Result<pb::AcknowledgeNoticeResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let handle = handle(&mut ask, &message.delivery_id, message.lease_token);
        ask.done(())?;
        let permit = self.broker.permit_for(peer, Action::AcknowledgeNotice, handle.delivery).await?;
        let acknowledged = self.broker.acknowledge(&permit, bound, handle).await?;
        Ok(pb::AcknowledgeNoticeResponse {
            delivery: Some(self.header(&permit, &acknowledged.delivery)),
            reason: acknowledged.reason.reveal().to_owned(),
        })
    }
}
