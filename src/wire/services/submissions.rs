//! SubmitReferrals: many submissions on one stream, one result each in their order. The reader stops where too much is in
//! flight, and so does the sender, by the flow control of the transport.

use std::{pin::Pin, sync::Arc};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinHandle,
};
use tokio_stream::{Stream, StreamExt, wrappers::ReceiverStream};
use tonic::{Status, Streaming};

use super::Services;
use crate::{
    broker::{Error, Turn},
    domain::{grants::Action, identity::Peer, violation::Violations},
    wire::{
        convert::refusal,
        pb::{self, submit_referrals_response::Result as Outcome},
        received::{MAX_MESSAGE_BYTES, Received},
        session::Session,
        status::Refused,
    },
};

/// Items of one stream in flight, at most: one group commit's worth on its way to the disk, one being judged behind it.
const IN_FLIGHT: usize = 128;
/// Bytes of them, at most. No item is larger than it.
const BYTES_IN_FLIGHT: usize = 4 * MAX_MESSAGE_BYTES;
/// Longest `request_id` that is given back.
const LONGEST_ID: usize = 36;

pub(super) type SubmitStream = Pin<Box<dyn Stream<Item = Result<pb::SubmitReferralsResponse, Status>> + Send>>;

type Item = Received<pb::SubmitReferralsRequest>;

/// What waits for its turn to be answered.
enum Next {
    /// An item on its way.
    Item(JoinHandle<pb::SubmitReferralsResponse>),
    /// The stream ends with this.
    End(Status),
}

/// The submissions of one stream.
#[derive(Clone)]
pub(super) struct Submissions {
    pub(super) services: Services,
    pub(super) peer: Peer,
    pub(super) session: Arc<Session>,
}

impl Submissions {
    /// One result an item, in the order of the items.
    pub(super) fn answer(self, items: Streaming<Item>) -> SubmitStream {
        let (sender, receiver) = mpsc::channel(IN_FLIGHT);
        tokio::spawn(self.read(items, sender));
        Box::pin(ReceiverStream::new(receiver).then(|next| async move {
            match next {
                Next::Item(item) => Ok(item.await.unwrap_or_else(|_| failed())),
                Next::End(status) => Err(status),
            }
        }))
    }

    /// Reads items and sets them to work until they or their sender's session end; no further than there is room.
    async fn read(self, mut items: Streaming<Item>, sender: mpsc::Sender<Next>) {
        let bytes = Arc::new(Semaphore::new(BYTES_IN_FLIGHT));
        loop {
            let place = tokio::select! {
                place = sender.reserve() => place,
                // The guard tells why.
                _ = self.session.ended() => return,
            };
            // Nobody waits for answers any more.
            let Ok(place) = place else { return };
            let item = tokio::select! {
                item = items.message() => item,
                _ = self.session.ended() => return,
                () = sender.closed() => return,
            };
            let item = match item {
                Ok(Some(item)) => item,
                Ok(None) => return,
                Err(status) => return place.send(Next::End(status)),
            };
            let size = u32::try_from(item.raw.len().clamp(1, BYTES_IN_FLIGHT)).unwrap_or(1);
            let size = Arc::clone(&bytes).acquire_many_owned(size).await.expect("the bytes are never closed");
            let turn = self.session.turn().await;
            let seat = self.services.broker.turn(&self.peer.identity).await;
            if self.session.check(self.services.broker.now()).is_err() {
                return;
            }
            place.send(Next::Item(tokio::spawn(self.clone().one(item, seat, (turn, size)))));
        }
    }

    /// What becomes of one item: the checks of SubmitReferral in their order, counted as its refusals are.
    async fn one(
        self,
        item: Item,
        seat: Result<Turn, Error>,
        _until_done: ([OwnedSemaphorePermit; 2], OwnedSemaphorePermit),
    ) -> Response {
        let Received { message, raw, sound } = item;
        let request_id = Some(&message.request_id).filter(|id| id.len() <= LONGEST_ID).cloned().unwrap_or_default();
        let pb::SubmitReferralsRequest { request_id: id, submission } = message;
        // Field by field the same message: an item and a call of the same bytes are one request.
        let request = Received { message: pb::SubmitReferralRequest { request_id: id, submission }, raw, sound };
        let result = match self.submit(request, seat).await {
            Ok(receipt) => Outcome::Receipt(receipt),
            Err(status) => Outcome::Refusal(refusal(&status)),
        };
        Response { request_id, result: Some(result) }
    }

    async fn submit(
        &self,
        request: Received<pb::SubmitReferralRequest>,
        seat: Result<Turn, Error>,
    ) -> Result<pb::Receipt, Status> {
        let Self { services, peer, .. } = self;
        let action = Action::SubmitReferrals;
        let admitted = services.broker.grants().may_call(peer, action, services.broker.now());
        admitted.map_err(|refusal| services.refuse(peer, action, refusal.into()))?;
        if !request.sound {
            services.broker.refused(peer, action.code(), &Error::Invalid(Violations::default()));
            return Err(Refused::Malformed.into());
        }
        let receipt = async { services.submitted(peer, request, Some(seat?)).await };
        receipt.await.map_err(|error| services.refuse(peer, action, error))
    }
}

/// A fault of ours, told of this item alone; its words are the panic's own and stay out of the log.
fn failed() -> Response {
    let status = Refused::Internal("the submission failed".to_owned()).into_status();
    Response { request_id: String::new(), result: Some(Outcome::Refusal(refusal(&status))) }
}

type Response = pb::SubmitReferralsResponse;
