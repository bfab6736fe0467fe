//! One settlement on a stream: the call of its name, with the bytes, the checks and the replay of that call.

use bytes::{Buf, Bytes};
use prost::encoding::{WireType, decode_key, decode_varint};

use super::Caller;
use crate::{
    broker::Error,
    domain::{grants::Action, violation::Violations},
    wire::{
        convert::refusal,
        pb::{self, stream_pull_request::Step, stream_pull_result::Outcome},
        received::Received,
        status::Refused,
    },
};

/// Longest `request_id` that is given back.
const LONGEST_ID: usize = 36;

/// What is to be done.
pub(super) enum Settlement {
    Extend(Received<pb::ExtendLeaseRequest>),
    Complete(Received<pb::CompleteDeliveryRequest>),
    Release(Received<pb::ReleaseDeliveryRequest>),
    Reject(Received<pb::RejectDeliveryRequest>),
    HandOver(Received<pb::HandOverRequest>),
    Transfer(Received<pb::TransferDeliveryRequest>),
    AnswerTransfer(Received<pb::AnswerTransferRequest>),
    Acknowledge(Received<pb::AcknowledgeNoticeRequest>),
}

/// What became of it.
pub(super) struct Settled {
    pub(super) delivery: String,
    /// The lease that it named.
    pub(super) token: String,
    pub(super) result: pb::StreamPullResult,
}

impl Settlement {
    /// A step that is a settlement and nothing else: its own bytes are those of the call.
    pub(super) fn read(step: Received<pb::StreamPullRequest>) -> Result<Self, Refused> {
        let raw = inner(step.raw).filter(|_| step.sound).ok_or(Refused::Malformed)?;
        let sound = true;
        match step.message.step {
            Some(Step::Extend(message)) => Ok(Self::Extend(Received { message, raw, sound })),
            Some(Step::Complete(message)) => Ok(Self::Complete(Received { message, raw, sound })),
            Some(Step::Release(message)) => Ok(Self::Release(Received { message, raw, sound })),
            Some(Step::Reject(message)) => Ok(Self::Reject(Received { message, raw, sound })),
            Some(Step::HandOver(message)) => Ok(Self::HandOver(Received { message, raw, sound })),
            Some(Step::Transfer(message)) => Ok(Self::Transfer(Received { message, raw, sound })),
            Some(Step::AnswerTransfer(message)) => Ok(Self::AnswerTransfer(Received { message, raw, sound })),
            Some(Step::Acknowledge(message)) => Ok(Self::Acknowledge(Received { message, raw, sound })),
            Some(Step::Start(_)) => Err(Refused::field("start", "the stream has begun already")),
            None => Err(Refused::Malformed),
        }
    }

    pub(super) fn delivery(&self) -> &str {
        match self {
            Self::Extend(one) => &one.message.delivery_id,
            Self::Complete(one) => &one.message.delivery_id,
            Self::Release(one) => &one.message.delivery_id,
            Self::Reject(one) => &one.message.delivery_id,
            Self::HandOver(one) => &one.message.delivery_id,
            Self::Transfer(one) => &one.message.delivery_id,
            Self::AnswerTransfer(one) => &one.message.delivery_id,
            Self::Acknowledge(one) => &one.message.delivery_id,
        }
    }

    pub(super) fn token(&self) -> &str {
        match self {
            Self::Extend(one) => &one.message.lease_token,
            Self::Complete(one) => &one.message.lease_token,
            Self::Release(one) => &one.message.lease_token,
            Self::Reject(one) => &one.message.lease_token,
            Self::HandOver(one) => &one.message.lease_token,
            Self::Transfer(one) => &one.message.lease_token,
            Self::AnswerTransfer(one) => &one.message.lease_token,
            Self::Acknowledge(one) => &one.message.lease_token,
        }
    }

    /// Its id, where it may be given back.
    pub(super) fn request_id(&self) -> String {
        let id = match self {
            Self::Extend(one) => &one.message.request_id,
            Self::Complete(one) => &one.message.request_id,
            Self::Release(one) => &one.message.request_id,
            Self::Reject(one) => &one.message.request_id,
            Self::HandOver(one) => &one.message.request_id,
            Self::Transfer(one) => &one.message.request_id,
            Self::AnswerTransfer(one) => &one.message.request_id,
            Self::Acknowledge(one) => &one.message.request_id,
        };
        if id.len() <= LONGEST_ID { id.clone() } else { String::new() }
    }

    fn action(&self) -> Action {
        match self {
            Self::Extend(_) => Action::ExtendLease,
            Self::Complete(_) => Action::CompleteDelivery,
            Self::Release(_) => Action::ReleaseDelivery,
            Self::Reject(_) => Action::RejectDelivery,
            Self::HandOver(_) => Action::HandOver,
            Self::Transfer(_) => Action::TransferDelivery,
            Self::AnswerTransfer(_) => Action::AnswerTransfer,
            Self::Acknowledge(_) => Action::AcknowledgeNotice,
        }
    }

    /// Does it, in its turn.
    pub(super) async fn settle(self, caller: Caller) -> Settled {
        let _turn = caller.session.turn().await;
        let (delivery, token) = (self.delivery().to_owned(), self.token().to_owned());
        let (request_id, action) = (self.request_id(), self.action());
        let outcome = self
            .outcome(&caller, action)
            .await
            .unwrap_or_else(|error| Outcome::Refusal(refusal(&caller.services.refuse(&caller.peer, action, error))));
        Settled { delivery, token, result: pb::StreamPullResult { request_id, outcome: Some(outcome) } }
    }

    async fn outcome(self, caller: &Caller, action: Action) -> Result<Outcome, Error> {
        let Caller { services, peer, session } = caller;
        services.broker.grants().may_call(peer, action, services.broker.now())?;
        Ok(match self {
            Self::Extend(one) => Outcome::Extended(services.extended(peer, one).await?),
            Self::Complete(one) => Outcome::Completed(services.completed(peer, one).await?),
            Self::Release(one) => Outcome::Released(services.released(peer, one).await?),
            Self::Reject(one) => Outcome::Rejected(services.rejected(peer, one).await?),
            Self::HandOver(one) => Outcome::HandedOver(services.handed_over(peer, session, one).await?),
            Self::Transfer(one) => Outcome::TransferOffered(services.offered(peer, one).await?),
            Self::AnswerTransfer(one) => Outcome::TransferAnswered(services.transfer_answered(peer, one).await?),
            Self::Acknowledge(one) => Outcome::Acknowledged(services.acknowledged(peer, one).await?),
        })
    }
}

impl Settled {
    /// A fault of ours.
    pub(super) fn failed(delivery: String, request_id: String) -> Self {
        let status = Refused::Internal("the settlement failed".to_owned()).into_status();
        let outcome = Some(Outcome::Refusal(refusal(&status)));
        Self { delivery, token: String::new(), result: pb::StreamPullResult { request_id, outcome } }
    }

    /// What was no settlement is refused in its turn, too: to send nothings is not to ask for nothing.
    pub(super) async fn none(caller: Caller, refused: Refused) -> Self {
        let _turn = caller.session.turn().await;
        let error = Error::Invalid(Violations::default());
        caller.services.broker.refused(&caller.peer, Action::StreamPull.code(), &error);
        let outcome = Some(Outcome::Refusal(refusal(&refused.into_status())));
        let result = pb::StreamPullResult { request_id: String::new(), outcome };
        Self { delivery: String::new(), token: String::new(), result }
    }

    /// The delivery is out of the caller's hands by it.
    pub(super) fn is_over(&self) -> bool {
        use Outcome::{Acknowledged, Completed, HandedOver, Rejected, Released, TransferAnswered};
        match &self.result.outcome {
            Some(Completed(_) | Released(_) | Rejected(_) | HandedOver(_) | Acknowledged(_)) => true,
            Some(TransferAnswered(answered)) => {
                answered.delivery.as_ref().is_some_and(|delivery| delivery.state() == pb::DeliveryState::Declined)
            }
            _ => false,
        }
    }

    /// It was said that the lease is none.
    pub(super) fn is_lost(&self) -> bool {
        matches!(&self.result.outcome, Some(Outcome::Refusal(refused)) if refused.reason == "LEASE_LOST")
    }
}

/// The bytes of the one message in `raw`; None where anything stands before or behind it.
fn inner(mut raw: Bytes) -> Option<Bytes> {
    let (_, wire_type) = decode_key(&mut raw).ok()?;
    if wire_type != WireType::LengthDelimited {
        return None;
    }
    let length = usize::try_from(decode_varint(&mut raw).ok()?).ok()?;
    (length == raw.remaining()).then_some(raw)
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    fn step(step: Step) -> Vec<u8> {
        pb::StreamPullRequest { step: Some(step) }.encode_to_vec()
    }

    #[test]
    fn the_bytes_of_a_settlement_are_those_of_the_call_and_nothing_may_stand_beside_them() {
        let release = pb::ReleaseDeliveryRequest { reason: "words".into(), ..Default::default() };
        let whole = step(Step::Release(release.clone()));
        assert_eq!(inner(whole.clone().into()).unwrap(), release.encode_to_vec());
        let other = step(Step::Extend(pb::ExtendLeaseRequest::default()));
        for wrong in [[whole.clone(), other.clone()].concat(), [whole.as_slice(), &[0x50, 1]].concat(), Vec::new()] {
            assert!(inner(wrong.into()).is_none());
        }
        assert!(inner(other.into()).unwrap().is_empty());
    }
}
