//! Calls to the broker without JSON: a submission read once and sent many times, deliveries taken, opened and settled.

use std::sync::Arc;

use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Streaming, transport::Channel};

use crate::{
    platform::{Clock, Entropy, SystemEntropy, entropy::uuid_v4},
    wire::{
        caller::{CallError, refused},
        client::{queue_service_client::QueueServiceClient, referral_service_client::ReferralServiceClient},
        json::{self, JsonError},
        load::Stream,
        pb::{self, submit_referrals_response::Result as Outcome},
        profile::{Profile, ProfileError},
    },
};

/// A submission, read once. Not `Debug`: it is content.
#[derive(Clone)]
pub struct Prepared(pb::Submission);

impl Prepared {
    /// From the JSON form of a submission.
    ///
    /// # Errors
    /// Where it is none.
    pub fn read(text: &str) -> Result<Self, JsonError> {
        Ok(Self(json::from_json("Submission", text)?))
    }

    /// How long it is as it is sent.
    pub fn bytes(&self) -> usize {
        self.0.encoded_len()
    }
}

/// A delivery under a lease.
#[derive(Clone)]
pub struct Taken {
    delivery: String,
    token: String,
    part: i32,
    item: u32,
}

/// The broker over one connection. Clones share it.
#[derive(Clone)]
pub struct Load {
    referrals: ReferralServiceClient<Channel>,
    queues: QueueServiceClient<Channel>,
}

impl Load {
    /// Over a connection of its own.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn connect(profile: &Profile, clock: Arc<dyn Clock>) -> Result<Self, ProfileError> {
        let channel = profile.connect(clock).await?;
        Ok(Self { referrals: ReferralServiceClient::new(channel.clone()), queues: QueueServiceClient::new(channel) })
    }

    /// Submits once, under a fresh request id.
    ///
    /// # Errors
    /// Why it was not accepted.
    pub async fn submit(&mut self, prepared: &Prepared) -> Result<(), CallError> {
        let submission = Some(prepared.0.clone());
        let request = pb::SubmitReferralRequest { request_id: fresh()?, submission };
        self.referrals.submit_referral(request).await.map(drop).map_err(|status| refused(&status))
    }

    /// Opens a stream on which `prepared` is submitted again and again; so many may be on their way.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn submit_all(&mut self, prepared: &Prepared, window: usize) -> Result<impl Stream + use<>, CallError> {
        let (sender, receiver) = mpsc::channel(window.max(1));
        let answers = self.referrals.submit_referrals(ReceiverStream::new(receiver)).await;
        let answers = answers.map_err(|status| refused(&status))?.into_inner();
        Ok(Submitting { prepared: prepared.clone(), sender, answers })
    }

    /// Takes at most so many deliveries of a queue.
    ///
    /// # Errors
    /// Why nothing could be taken.
    pub async fn pull(&mut self, queue: &str, most: u32) -> Result<Vec<Taken>, CallError> {
        let request = pb::PullRequest {
            request_id: fresh()?,
            queue: queue.to_owned(),
            max_deliveries: most,
            lease_duration: None,
            session: String::new(),
        };
        let pulled = self.queues.pull(request).await.map_err(|status| refused(&status))?.into_inner();
        Ok(pulled.deliveries.into_iter().filter_map(taken).collect())
    }

    /// Opens one part of a delivery and settles it.
    ///
    /// # Errors
    /// Why it could not be opened or settled.
    pub async fn settle(&mut self, taken: Taken, outcome: &str) -> Result<(), CallError> {
        let opening = pb::OpenPartRequest {
            delivery_id: taken.delivery.clone(),
            lease_token: taken.token.clone(),
            part: taken.part,
            item: taken.item,
            reason: String::new(),
        };
        self.queues.open_part(opening).await.map_err(|status| refused(&status))?;
        let completing = pb::CompleteDeliveryRequest {
            request_id: fresh()?,
            delivery_id: taken.delivery,
            lease_token: taken.token,
            outcome: outcome.to_owned(),
            reason_code: String::new(),
            note: String::new(),
            release_detail: false,
        };
        self.queues.complete_delivery(completing).await.map(drop).map_err(|status| refused(&status))
    }
}

/// Submissions on one stream.
struct Submitting {
    prepared: Prepared,
    sender: mpsc::Sender<pb::SubmitReferralsRequest>,
    answers: Streaming<pb::SubmitReferralsResponse>,
}

impl Stream for Submitting {
    async fn send(&mut self) -> Result<(), CallError> {
        let submission = Some(self.prepared.0.clone());
        let request = pb::SubmitReferralsRequest { request_id: fresh()?, submission };
        // Where the stream has ended, the answer says why.
        let _ = self.sender.send(request).await;
        Ok(())
    }

    async fn answer(&mut self) -> Result<(), CallError> {
        let answer = self.answers.message().await.map_err(|status| refused(&status))?;
        match answer.and_then(|answer| answer.result) {
            Some(Outcome::Receipt(_)) => Ok(()),
            Some(Outcome::Refusal(refusal)) => Err(CallError::Refused {
                code: "REFUSED",
                kind: crate::wire::caller::Kind::Other,
                reason: refusal.reason,
                message: refusal.message,
                fields: Vec::new(),
            }),
            None => Err(lost("the stream ended")),
        }
    }
}

/// The item of a delivery where there is one, else what is first openable without a reason.
fn taken(leased: pb::LeasedDelivery) -> Option<Taken> {
    let (delivery, lease) = (leased.delivery?, leased.lease?);
    let opens = |part: pb::Part| delivery.openable.iter().find(|unit| unit.part == i32::from(part));
    let unit = opens(pb::Part::B).or_else(|| opens(pb::Part::E))?;
    Some(Taken { delivery: delivery.delivery_id.clone(), token: lease.token, part: unit.part, item: unit.item })
}

fn fresh() -> Result<String, CallError> {
    let entropy: &dyn Entropy = &SystemEntropy::new();
    let id = uuid_v4(entropy).map_err(|_| lost("there is no randomness"))?;
    Ok(id.hyphenated().to_string())
}

/// A call that came to nothing for no fault of the broker's.
pub fn lost(words: &str) -> CallError {
    CallError::Refused {
        code: "UNAVAILABLE",
        kind: crate::wire::caller::Kind::Unavailable,
        reason: "LOST".to_owned(),
        message: words.to_owned(),
        fields: Vec::new(),
    }
}
