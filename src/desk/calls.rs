//! Calls as the pages make them: to the very services that programs call, in the name of whoever looks at the page. What they
//! may see and do is decided there and nowhere else.

use std::sync::Arc;

use prost::Message;
use tonic::Status;

use super::{Desk, refused};
use crate::{
    domain::grants::Action,
    wire::{
        pb,
        received::{MAX_MESSAGE_BYTES, Received, TOO_LARGE},
        server::{identity_service_server::IdentityService, queue_service_server::QueueService},
        services::AT_THE_DESK,
        session::Session,
        status::Refused,
    },
};

/// Rows of a page.
pub(super) const ROWS: i32 = 50;
/// In the place of a lease's token where nothing is in hand: nobody has it.
const NOBODYS: &str = "0";
/// How long a delivery is in hand, in seconds: long enough to read and to write, and to be prolonged.
const IN_HAND: i64 = 30 * 60;

/// Somebody at a page.
#[derive(Clone)]
pub(super) struct Visit {
    pub(super) desk: Desk,
    pub(super) session: Arc<Session>,
    /// The host and port that the browser asked.
    pub(super) host: String,
    /// The form that was refused, where its page is shown once more.
    pub(super) refused: Option<Arc<refused::Refused>>,
}

/// What is in hand: the header, the token of its lease, and until when.
pub(super) struct InHand {
    pub(super) delivery: pb::Delivery,
    pub(super) token: String,
    pub(super) until: Option<prost_types::Timestamp>,
}

/// The answer of one service, or why there is none.
pub(super) type Called<T> = Result<T, Status>;

macro_rules! call {
    ($visit:ident, $method:ident, $message:expr) => {{
        match $visit.request($message) {
            Ok(request) => $visit.desk.services.$method(request).await.map(tonic::Response::into_inner),
            Err(too_large) => Err(too_large),
        }
    }};
}
pub(super) use call;

/// A call about something in hand. A repeat is told by its bytes without the token of the lease: whoever has it in hand no longer, for it
/// was just this that ended it, hears again what was answered.
macro_rules! about {
    ($visit:ident, $method:ident, $message:expr) => {{
        let mut message = $message;
        let token = std::mem::take(&mut message.lease_token);
        let raw = message.encode_to_vec();
        message.lease_token = token;
        match $visit.request_as(message, raw) {
            Ok(request) => $visit.desk.services.$method(request).await.map(tonic::Response::into_inner),
            Err(too_large) => Err(too_large),
        }
    }};
}

impl Visit {
    /// Who it is, as written in the certificate.
    pub(super) fn identity(&self) -> &str {
        self.session.peer().identity.as_str()
    }

    /// A call, no larger than one over the wire may be.
    pub(super) fn request<M: Message>(&self, message: M) -> Called<tonic::Request<Received<M>>> {
        let raw = message.encode_to_vec();
        self.request_as(message, raw)
    }

    /// The same, known by these bytes.
    fn request_as<M: Message>(&self, message: M, raw: Vec<u8>) -> Called<tonic::Request<Received<M>>> {
        if message.encoded_len() > MAX_MESSAGE_BYTES {
            return Err(Refused::ResourceExhausted(TOO_LARGE).into_status());
        }
        let mut request = tonic::Request::new(Received { message, raw: raw.into(), sound: true });
        request.extensions_mut().insert(Arc::clone(&self.session));
        Ok(request)
    }

    /// Whether their role has a method: what has no use for them is not shown. The call itself asks again.
    pub(super) fn may(&self, action: Action) -> bool {
        let broker = &self.desk.broker;
        broker.grants().may_call(self.session.peer(), action, broker.now()).is_ok()
    }

    pub(super) async fn who_am_i(&self) -> Called<pb::WhoAmIResponse> {
        call!(self, who_am_i, pb::WhoAmIRequest {})
    }

    /// Every queue of theirs.
    pub(super) async fn queues(&self) -> Called<Vec<pb::Queue>> {
        let (mut queues, mut page_token) = (Vec::new(), String::new());
        loop {
            let page = call!(self, list_queues, pb::ListQueuesRequest { page_size: 200, page_token })?;
            queues.extend(page.queues);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(queues);
            }
        }
    }

    /// Headers of a queue, or of its dead-letter side.
    pub(super) async fn deliveries(
        &self,
        queue: &str,
        page_token: &str,
        (dead_letters, page_size): (bool, i32),
    ) -> Called<pb::ListDeliveriesResponse> {
        let (queue, page_token) = (queue.to_owned(), page_token.to_owned());
        let asked = pb::ListDeliveriesRequest { queue, page_size, page_token, dead_letters };
        call!(self, list_deliveries, asked)
    }

    /// What they have in hand of a queue, most urgent first.
    pub(super) async fn in_hand(&self, queue: &str) -> Called<Vec<InHand>> {
        let leased = self.desk.services.in_hand(&self.session, queue).await?;
        let in_hand = leased.into_iter().filter_map(|leased| {
            let lease = leased.lease?;
            Some(InHand { delivery: leased.delivery?, token: lease.token, until: lease.expire_time })
        });
        Ok(in_hand.collect())
    }

    /// Delivery and token as every call about it wants them; a token of nobody's where they do not have it in hand, with which nothing is
    /// done anew.
    pub(super) async fn handle(&self, queue: &str, id: &str) -> Called<(String, String)> {
        let found = self.in_hand(queue).await?.into_iter().find(|held| held.delivery.delivery_id == id);
        Ok(found.map_or_else(|| (id.to_owned(), NOBODYS.to_owned()), |held| held.handle()))
    }

    /// Takes the most urgent that waits.
    pub(super) async fn take(&self, request_id: String, queue: &str) -> Called<Option<String>> {
        let asked = pb::PullRequest {
            request_id,
            queue: queue.to_owned(),
            max_deliveries: 1,
            lease_duration: Some(prost_types::Duration { seconds: IN_HAND, nanos: 0 }),
            session: AT_THE_DESK.to_owned(),
        };
        let pulled = call!(self, pull, asked)?;
        let first = pulled.deliveries.into_iter().next().and_then(|leased| leased.delivery);
        Ok(first.map(|delivery| delivery.delivery_id))
    }

    pub(super) async fn open(&self, held: &InHand, unit: (i32, u32), reason: &str) -> Called<pb::OpenPartResponse> {
        let (part, item) = unit;
        let (delivery_id, lease_token) = held.handle();
        call!(self, open_part, pb::OpenPartRequest { delivery_id, lease_token, part, item, reason: reason.to_owned() })
    }

    pub(super) async fn extend(
        &self,
        request_id: String,
        (delivery_id, lease_token): (String, String),
    ) -> Called<pb::ExtendLeaseResponse> {
        let lease_duration = Some(prost_types::Duration { seconds: IN_HAND, nanos: 0 });
        about!(self, extend_lease, pb::ExtendLeaseRequest { request_id, delivery_id, lease_token, lease_duration })
    }

    pub(super) async fn complete(&self, asked: pb::CompleteDeliveryRequest) -> Called<pb::CompleteDeliveryResponse> {
        about!(self, complete_delivery, asked)
    }

    pub(super) async fn release(&self, asked: pb::ReleaseDeliveryRequest) -> Called<pb::ReleaseDeliveryResponse> {
        about!(self, release_delivery, asked)
    }

    pub(super) async fn reject(&self, asked: pb::RejectDeliveryRequest) -> Called<pb::RejectDeliveryResponse> {
        about!(self, reject_delivery, asked)
    }

    pub(super) async fn hand_over(&self, asked: pb::HandOverRequest) -> Called<pb::HandOverResponse> {
        about!(self, hand_over, asked)
    }

    pub(super) async fn take_back(&self, asked: pb::TakeBackRequest) -> Called<pb::TakeBackResponse> {
        call!(self, take_back, asked)
    }

    pub(super) async fn transfer(&self, asked: pb::TransferDeliveryRequest) -> Called<pb::TransferDeliveryResponse> {
        about!(self, transfer_delivery, asked)
    }

    pub(super) async fn answer(&self, asked: pb::AnswerTransferRequest) -> Called<pb::AnswerTransferResponse> {
        about!(self, answer_transfer, asked)
    }

    pub(super) async fn acknowledge(
        &self,
        asked: pb::AcknowledgeNoticeRequest,
    ) -> Called<pb::AcknowledgeNoticeResponse> {
        about!(self, acknowledge_notice, asked)
    }

    pub(super) async fn resolve(&self, asked: pb::ResolveHeldRequest) -> Called<pb::ResolveHeldResponse> {
        about!(self, resolve_held, asked)
    }

    pub(super) async fn ask(&self, asked: pb::RequestClarificationRequest) -> Called<pb::RequestClarificationResponse> {
        about!(self, request_clarification, asked)
    }

    pub(super) async fn confirm(&self, asked: pb::ConfirmGradingRequest) -> Called<pb::ConfirmGradingResponse> {
        about!(self, confirm_grading, asked)
    }
}

impl InHand {
    /// Delivery and token, as every call about it wants them.
    pub(super) fn handle(&self) -> (String, String) {
        (self.delivery.delivery_id.clone(), self.token.clone())
    }
}
