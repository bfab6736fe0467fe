//! Questions to the sender, and their answers.

use super::{
    Services,
    ask::{Ask, digest_of},
    queue::handle,
    retracting::as_received,
};
use crate::{
    broker::{Asking, Error, Reply, Request as Bound},
    domain::{grants::Action, identity::Peer},
    wire::{convert::wire_time, pb, received::Received},
};

impl Services {
    pub(super) async fn asked(
        &self,
        peer: &Peer,
        request: Received<pb::RequestClarificationRequest>,
    ) -> Result<pb::RequestClarificationResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let handle = handle(&mut ask, &message.delivery_id, message.lease_token);
        let text = ask.required("question", message.question);
        let item = u16::try_from(message.item).ok();
        if item.is_none() {
            ask.wrong("item", "give an item number, or 0");
        }
        ask.done(())?;
        let permit = self.broker.permit_for(peer, Action::RequestClarification, handle.delivery).await?;
        let nothing_of_the_child = message.nothing_of_the_child;
        let asking = Asking { item: item.filter(|item| *item > 0), text, nothing_of_the_child };
        let delivery = self.broker.request_clarification(&permit, bound, handle, asking).await?;
        Ok(pb::RequestClarificationResponse {
            delivery: Some(self.header(&permit, &delivery)),
            clarification_id: bound.id.hyphenated().to_string(),
        })
    }

    pub(super) async fn answered(
        &self,
        peer: &Peer,
        request: Received<pb::AnswerClarificationRequest>,
    ) -> Result<pb::AnswerClarificationResponse, Error> {
        let Received { message, raw, .. } = request;
        let permit = self.reader(peer, Action::AnswerClarification)?;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let referral = ask.uuid("referral_id", &message.referral_id);
        let question = ask.uuid("clarification_id", &message.clarification_id);
        let text = ask.required("answer", message.answer);
        let actor = ask.actor(message.actor);
        ask.done(())?;
        let reply = Reply { referral, question, text, actor };
        let delivery = self.broker.answer_clarification(&permit, bound, reply, as_received).await?;
        let answer = delivery.history.iter().find(|step| step.id == bound.id);
        Ok(pb::AnswerClarificationResponse { answered_time: answer.map(|step| wire_time(step.at)) })
    }
}
