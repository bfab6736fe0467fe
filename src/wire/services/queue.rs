//! QueueService: an officer's side.

use tonic::{Request, Response, Status, Streaming, async_trait};

use super::{
    Services,
    ask::{Ask, LARGEST_PULL, digest_of},
    desk::{self, Caller, PullStream},
};
use crate::{
    broker::{Error, Handle, Outcome, PullRequest, Release, Request as Bound, Side},
    domain::{
        delivery::{Delivery, DeliveryId},
        grants::{Action, QueuePermit},
        identity::Peer,
        outcome::NoActionReason,
        queue::QueueId,
        text::is_printable,
    },
    wire::{convert, pb, peer, received::Received, server::queue_service_server::QueueService, session::Session},
};

#[async_trait]
impl QueueService for Services {
    async fn list_queues(
        &self,
        request: Request<Received<pb::ListQueuesRequest>>,
    ) -> Result<Response<pb::ListQueuesResponse>, Status> {
        let peer = self.admit(&request, Action::ListQueues)?;
        let answer = self.queues(&peer, &request.into_inner().message).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::ListQueues, error))?))
    }

    async fn list_deliveries(
        &self,
        request: Request<Received<pb::ListDeliveriesRequest>>,
    ) -> Result<Response<pb::ListDeliveriesResponse>, Status> {
        let peer = self.admit(&request, Action::ListDeliveries)?;
        let answer = self.deliveries(&peer, &request.into_inner().message).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::ListDeliveries, error))?))
    }

    async fn list_held(
        &self,
        request: Request<Received<pb::ListHeldRequest>>,
    ) -> Result<Response<pb::ListHeldResponse>, Status> {
        let peer = self.admit(&request, Action::ListHeld)?;
        let answer = self.held(&peer, &request.into_inner().message).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::ListHeld, error))?))
    }

    async fn pull(&self, request: Request<Received<pb::PullRequest>>) -> Result<Response<pb::PullResponse>, Status> {
        let (peer, session) = (self.admit(&request, Action::Pull)?, peer::session(&request)?);
        let answer = self.pulled(&peer, session, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::Pull, error))?))
    }

    type StreamPullStream = PullStream;

    async fn stream_pull(
        &self,
        request: Request<Streaming<Received<pb::StreamPullRequest>>>,
    ) -> Result<Response<PullStream>, Status> {
        let peer = self.admit_caller(&request, Action::StreamPull)?;
        let session = peer::session(&request)?;
        Ok(Response::new(desk::open(Caller { services: self.clone(), peer, session }, request.into_inner())))
    }

    async fn extend_lease(
        &self,
        request: Request<Received<pb::ExtendLeaseRequest>>,
    ) -> Result<Response<pb::ExtendLeaseResponse>, Status> {
        let peer = self.admit(&request, Action::ExtendLease)?;
        let answer = self.extended(&peer, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::ExtendLease, error))?))
    }

    async fn open_part(
        &self,
        request: Request<Received<pb::OpenPartRequest>>,
    ) -> Result<Response<pb::OpenPartResponse>, Status> {
        let peer = self.admit(&request, Action::OpenPart)?;
        let answer = self.opened(&peer, request.into_inner().message).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::OpenPart, error))?))
    }

    async fn complete_delivery(
        &self,
        request: Request<Received<pb::CompleteDeliveryRequest>>,
    ) -> Result<Response<pb::CompleteDeliveryResponse>, Status> {
        let peer = self.admit(&request, Action::CompleteDelivery)?;
        let answer = self.completed(&peer, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::CompleteDelivery, error))?))
    }

    async fn release_delivery(
        &self,
        request: Request<Received<pb::ReleaseDeliveryRequest>>,
    ) -> Result<Response<pb::ReleaseDeliveryResponse>, Status> {
        let peer = self.admit(&request, Action::ReleaseDelivery)?;
        let answer = self.released(&peer, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::ReleaseDelivery, error))?))
    }

    async fn hand_over(
        &self,
        request: Request<Received<pb::HandOverRequest>>,
    ) -> Result<Response<pb::HandOverResponse>, Status> {
        let peer = self.admit(&request, Action::HandOver)?;
        let session = peer::session(&request)?;
        let answer = self.handed_over(&peer, &session, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::HandOver, error))?))
    }

    async fn take_back(
        &self,
        request: Request<Received<pb::TakeBackRequest>>,
    ) -> Result<Response<pb::TakeBackResponse>, Status> {
        let peer = self.admit(&request, Action::TakeBack)?;
        let answer = self.taken_back(&peer, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::TakeBack, error))?))
    }

    async fn transfer_delivery(
        &self,
        request: Request<Received<pb::TransferDeliveryRequest>>,
    ) -> Result<Response<pb::TransferDeliveryResponse>, Status> {
        let peer = self.admit(&request, Action::TransferDelivery)?;
        let answer = self.offered(&peer, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::TransferDelivery, error))?))
    }

    async fn answer_transfer(
        &self,
        request: Request<Received<pb::AnswerTransferRequest>>,
    ) -> Result<Response<pb::AnswerTransferResponse>, Status> {
        let peer = self.admit(&request, Action::AnswerTransfer)?;
        let answer = self.transfer_answered(&peer, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::AnswerTransfer, error))?))
    }

    async fn acknowledge_notice(
        &self,
        request: Request<Received<pb::AcknowledgeNoticeRequest>>,
    ) -> Result<Response<pb::AcknowledgeNoticeResponse>, Status> {
        let peer = self.admit(&request, Action::AcknowledgeNotice)?;
        let answer = self.acknowledged(&peer, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::AcknowledgeNotice, error))?))
    }

    async fn request_clarification(
        &self,
        request: Request<Received<pb::RequestClarificationRequest>>,
    ) -> Result<Response<pb::RequestClarificationResponse>, Status> {
        let peer = self.admit(&request, Action::RequestClarification)?;
        let answer = self.asked(&peer, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::RequestClarification, error))?))
    }

    async fn reject_delivery(
        &self,
        request: Request<Received<pb::RejectDeliveryRequest>>,
    ) -> Result<Response<pb::RejectDeliveryResponse>, Status> {
        let peer = self.admit(&request, Action::RejectDelivery)?;
        let answer = self.rejected(&peer, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::RejectDelivery, error))?))
    }

    async fn list_prompts(
        &self,
        request: Request<Received<pb::ListPromptsRequest>>,
    ) -> Result<Response<pb::ListPromptsResponse>, Status> {
        let peer = self.admit(&request, Action::ListPrompts)?;
        let answer = self.prompts(&peer, &request.into_inner().message).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::ListPrompts, error))?))
    }

    async fn mark_prompt(
        &self,
        request: Request<Received<pb::MarkPromptRequest>>,
    ) -> Result<Response<pb::MarkPromptResponse>, Status> {
        let peer = self.admit(&request, Action::MarkPrompt)?;
        let answer = self.prompt_marked(&peer, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::MarkPrompt, error))?))
    }

    async fn resolve_held(
        &self,
        request: Request<Received<pb::ResolveHeldRequest>>,
    ) -> Result<Response<pb::ResolveHeldResponse>, Status> {
        let peer = self.admit(&request, Action::ResolveHeld)?;
        let answer = self.resolved(&peer, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::ResolveHeld, error))?))
    }

    async fn confirm_grading(
        &self,
        request: Request<Received<pb::ConfirmGradingRequest>>,
    ) -> Result<Response<pb::ConfirmGradingResponse>, Status> {
        let peer = self.admit(&request, Action::ConfirmGrading)?;
        let answer = self.graded(&peer, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::ConfirmGrading, error))?))
    }

    async fn release_carer_copy(
        &self,
        request: Request<Received<pb::ReleaseCarerCopyRequest>>,
    ) -> Result<Response<pb::ReleaseCarerCopyResponse>, Status> {
        let peer = self.admit(&request, Action::ReleaseCarerCopy)?;
        let answer = self.carer_copy_released(&peer, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, Action::ReleaseCarerCopy, error))?))
    }
}

impl Services {
    async fn queues(&self, peer: &Peer, asked: &pb::ListQueuesRequest) -> Result<pb::ListQueuesResponse, Error> {
        let mut ask = Ask::default();
        let limit = ask.page_size(asked.page_size);
        let limit = ask.done(limit)?;
        let counts = self.broker.queues(peer, &asked.page_token, limit + 1).await?;
        let next = counts.get(limit).map(|_| counts[limit - 1].queue.to_string());
        let rulebook = self.broker.rulebook();
        let kinds = &rulebook.policy.queues;
        let queues = counts.iter().take(limit).map(|counts| convert::queue(counts, kinds.kind_of(&counts.queue)));
        Ok(pb::ListQueuesResponse { queues: queues.collect(), next_page_token: next.unwrap_or_default() })
    }

    async fn deliveries(
        &self,
        peer: &Peer,
        asked: &pb::ListDeliveriesRequest,
    ) -> Result<pb::ListDeliveriesResponse, Error> {
        let mut ask = Ask::default();
        let limit = ask.page_size(asked.page_size);
        let after = ask.bytes_token(&asked.page_token);
        let permit = self.serving(peer, Action::ListDeliveries, &asked.queue, &mut ask);
        let (limit, after) = ask.done((limit, after))?;
        let permit = permit?;
        let side = if asked.dead_letters { Side::DeadLetters } else { Side::Live };
        let page = self.broker.deliveries(&permit, side, after, limit).await?;
        Ok(pb::ListDeliveriesResponse {
            deliveries: page.deliveries.iter().map(|found| self.header_now(&permit, found)).collect(),
            next_page_token: page.next.map_or_else(String::new, hex::encode),
        })
    }

    async fn pulled(
        &self,
        peer: &Peer,
        session: std::sync::Arc<Session>,
        request: Received<pb::PullRequest>,
    ) -> Result<pb::PullResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let id = ask.uuid("request_id", &message.request_id);
        let lease = ask.lease(message.lease_duration);
        if message.max_deliveries > LARGEST_PULL {
            ask.wrong("max_deliveries", "at most 20 at once");
        }
        if message.session.chars().count() > 200 || !is_printable(&message.session) {
            ask.wrong("session", "at most 200 printable characters");
        }
        let permit = self.serving(peer, Action::Pull, &message.queue, &mut ask);
        ask.done(())?;
        let permit = permit?;
        let most = message.max_deliveries.max(1) as usize;
        let pull = PullRequest { request: id, digest: digest_of(&raw), session: message.session, most, lease };
        let (broker, own) = (self.broker.clone(), permit.clone());
        let found = self.taking(&session, &permit, async move { broker.pull(&own, pull).await }).await?;
        let leased = found.iter().map(|found| pb::LeasedDelivery {
            delivery: Some(self.header(&permit, found)),
            lease: found.lease.as_ref().map(convert::lease),
        });
        Ok(pb::PullResponse { deliveries: leased.collect() })
    }

    pub(super) async fn extended(
        &self,
        peer: &Peer,
        request: Received<pb::ExtendLeaseRequest>,
    ) -> Result<pb::ExtendLeaseResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let handle = handle(&mut ask, &message.delivery_id, message.lease_token);
        let lease = ask.lease(message.lease_duration);
        ask.done(())?;
        let permit = self.broker.permit_for(peer, Action::ExtendLease, handle.delivery).await?;
        let delivery = self.broker.extend(&permit, bound, handle, lease).await?;
        Ok(pb::ExtendLeaseResponse { lease: delivery.lease.as_ref().map(convert::lease) })
    }

    async fn opened(&self, peer: &Peer, message: pb::OpenPartRequest) -> Result<pb::OpenPartResponse, Error> {
        let mut ask = Ask::default();
        let handle = handle(&mut ask, &message.delivery_id, message.lease_token);
        let reason = ask.optional("reason", message.reason);
        let part = convert::part(message.part);
        if part.is_none() {
            ask.wrong("part", "choose one of the delivery's openable parts");
        }
        let item = u16::try_from(message.item).ok();
        if item.is_none() {
            ask.wrong("item", "give an item number, or 0");
        }
        ask.done(())?;
        let (Some(part), Some(item)) = (part, item) else { return Err(Error::NotFound) };
        let permit = self.broker.permit_for(peer, Action::OpenPart, handle.delivery).await?;
        let unit = (part, (item > 0).then_some(item));
        let opened = self.broker.open(&permit, handle, unit, reason.reveal()).await?;
        Ok(convert::opened(&opened))
    }

    pub(super) async fn completed(
        &self,
        peer: &Peer,
        request: Received<pb::CompleteDeliveryRequest>,
    ) -> Result<pb::CompleteDeliveryResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let handle = handle(&mut ask, &message.delivery_id, message.lease_token);
        let note = ask.optional("note", message.note);
        ask.done(())?;
        let permit = self.broker.permit_for(peer, Action::CompleteDelivery, handle.delivery).await?;
        let reason = self.checked_outcome(&permit, &message.outcome, &message.reason_code)?;
        let outcome = Outcome { code: message.outcome, reason, note, release_detail: message.release_detail };
        let delivery = self.broker.complete(&permit, bound, handle, outcome).await?;
        Ok(pb::CompleteDeliveryResponse {
            sender_wording: self.broker.wording(&delivery).unwrap_or_default(),
            delivery: Some(self.header(&permit, &delivery)),
        })
    }

    /// The outcome must be on the closed list of this kind of queue, and have a reason exactly where it asks for one.
    fn checked_outcome(&self, permit: &QueuePermit, code: &str, reason: &str) -> Result<Option<String>, Error> {
        let mut ask = Ask::default();
        let rulebook = self.broker.rulebook();
        let kind = rulebook.policy.queues.kind_of(permit.queue());
        let outcome = kind.and_then(|kind| kind.outcome(code));
        if outcome.is_none() {
            ask.wrong("outcome", "choose a code of this queue's outcomes; ListQueues names them");
        }
        let required = outcome.is_some_and(|outcome| outcome.reason_required);
        let known = NoActionReason::from_code(reason).is_some();
        if required && !known {
            let codes: Vec<&str> = NoActionReason::ALL.iter().map(|reason| reason.code()).collect();
            ask.wrong("reason_code", &format!("choose one of {}", codes.join(", ")));
        }
        if outcome.is_some() && !required && !reason.is_empty() {
            ask.wrong("reason_code", "leave it empty: only no further action has a reason");
        }
        ask.done(required.then(|| reason.to_owned()))
    }

    pub(super) async fn released(
        &self,
        peer: &Peer,
        request: Received<pb::ReleaseDeliveryRequest>,
    ) -> Result<pb::ReleaseDeliveryResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let handle = handle(&mut ask, &message.delivery_id, message.lease_token);
        let release = Release { reason: ask.required("reason", message.reason), delay: ask.delay(message.delay) };
        ask.done(())?;
        let permit = self.broker.permit_for(peer, Action::ReleaseDelivery, handle.delivery).await?;
        let delivery = self.broker.release(&permit, bound, handle, release).await?;
        Ok(pb::ReleaseDeliveryResponse { delivery: Some(self.header(&permit, &delivery)) })
    }

    pub(super) fn serving(
        &self,
        peer: &Peer,
        action: Action,
        queue: &str,
        ask: &mut Ask,
    ) -> Result<QueuePermit, Error> {
        let Some(queue) = QueueId::parse(queue) else {
            ask.wrong("queue", "name a queue, such as MPU.SE");
            return Err(Error::NotFound);
        };
        Ok(self.broker.grants().may_serve(peer, action, &queue, self.broker.now())?)
    }

    /// A header as this peer may see it: only the units they may open. It does not depend on when it is asked for, so
    /// that a replayed answer is the first one.
    pub(super) fn header(&self, permit: &QueuePermit, delivery: &Delivery) -> pb::Delivery {
        convert::delivery(delivery, &self.broker.openable(permit, delivery), None)
    }

    /// A header in a list, with what is overdue by now.
    pub(super) fn header_now(&self, permit: &QueuePermit, delivery: &Delivery) -> pb::Delivery {
        convert::delivery(delivery, &self.broker.openable(permit, delivery), Some(self.broker.now()))
    }
}

pub(super) fn handle(ask: &mut Ask, delivery: &str, token: String) -> Handle {
    let delivery: DeliveryId = ask.delivery(delivery);
    Handle { delivery, token: ask.token(token) }
}
