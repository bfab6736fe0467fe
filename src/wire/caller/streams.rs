//! The client's side of the streams.

use jiff::SignedDuration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{CallError, Caller, Kind, kind_of, refused, written};
use crate::wire::{
    convert, json,
    pb::{self, stream_pull_request::Step, stream_pull_response::Event, submit_referrals_response::Result as Outcome},
    received::{MAX_MESSAGE_BYTES, TOO_LARGE},
};

/// Items handed to the transport and not sent yet.
const AHEAD: usize = 16;

/// One submission of many: under which id, and what was read of it.
pub struct Outgoing {
    request_id: String,
    read: Result<pb::SubmitReferralsRequest, CallError>,
}

impl Outgoing {
    /// The JSON form of a submission. What is none, or too large to be sent, is refused in its turn and not sent.
    pub fn new(request_id: String, submission: &str) -> Self {
        let read = json::from_json("Submission", submission).map_err(CallError::from).and_then(|submission| {
            let item = pb::SubmitReferralsRequest { request_id: request_id.clone(), submission: Some(submission) };
            if prost::Message::encoded_len(&item) > MAX_MESSAGE_BYTES {
                return Err(too_large());
            }
            Ok(item)
        });
        Self { request_id, read }
    }
}

/// What became of one of many submissions.
pub struct Submitted {
    /// The result as JSON: a `SubmitReferralsResponse`.
    pub json: String,
    /// Why it was refused, if it was.
    pub refused: Option<CallError>,
}

impl Caller {
    /// Submits what `next` gives on one stream; gives `each` one result a submission, in their order.
    ///
    /// # Errors
    /// Why the stream ended before its time. What `each` was not told of may have been accepted all the same.
    pub async fn submit_all(
        &mut self,
        mut next: impl FnMut() -> Option<Outgoing>,
        mut each: impl FnMut(Submitted),
    ) -> Result<(), CallError> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let answers = self.referrals.submit_referrals(ReceiverStream::new(receiver)).await;
        let mut answers = answers.map_err(|status| refused(&status))?.into_inner();
        let mut sender = Some(sender);
        // Those whose result is not told yet: None has been sent, the others never are.
        let mut waiting = std::collections::VecDeque::new();
        loop {
            while let Some(Some(_)) = waiting.front() {
                let Some(Some(submitted)) = waiting.pop_front() else { break };
                each(submitted);
            }
            if sender.is_none() && waiting.is_empty() {
                // Nothing is left but the end, which may still be told.
                return answers.message().await.map(|_| ()).map_err(|status| refused(&status));
            }
            let open = sender.clone();
            let place = async move {
                match open {
                    Some(sender) => sender.reserve_owned().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                answer = answers.message() => {
                    let answer = answer.map_err(|status| refused(&status))?.ok_or_else(ended)?;
                    waiting.pop_front();
                    each(submitted(&answer)?);
                }
                place = place => match (next(), place) {
                    (None, _) => sender = None,
                    (Some(Outgoing { read: Ok(item), .. }), Ok(place)) => {
                        let _ = place.send(item);
                        waiting.push_back(None);
                    }
                    (Some(Outgoing { read: Err(error), request_id }), _) => {
                        waiting.push_back(Some(never_sent(request_id, error)?));
                    }
                    // The other side reads no more, and says why.
                    (Some(_), Err(_)) => {
                        sender = None;
                        waiting.push_back(None);
                    }
                },
            }
        }
    }
}

/// What is wanted of a queue that is followed.
pub struct Following {
    /// The queue.
    pub queue: String,
    /// The caller's session.
    pub session: String,
    /// Most deliveries outstanding.
    pub most: u32,
    /// Length of each lease.
    pub lease: SignedDuration,
}

impl Caller {
    /// Follows a queue; gives each delivery, a `LeasedDelivery` as JSON, to `each` until it says stop or the stream ends.
    pub async fn follow(
        &mut self,
        following: Following,
        mut each: impl FnMut(String) -> bool,
    ) -> Result<(), CallError> {
        let start = pb::StreamPullStart {
            queue: following.queue,
            session: following.session,
            max_outstanding_messages: following.most,
            lease_duration: Some(convert::wire_span(following.lease)),
            ..Default::default()
        };
        let (sender, receiver) = mpsc::channel(1);
        // There is room for one, and the stream stays open until the sender is dropped.
        let _ = sender.send(pb::StreamPullRequest { step: Some(Step::Start(start)) }).await;
        let events = self.queues.stream_pull(ReceiverStream::new(receiver)).await;
        let mut events = events.map_err(|status| refused(&status))?.into_inner();
        while let Some(event) = events.message().await.map_err(|status| refused(&status))? {
            if let Some(Event::Delivery(leased)) = event.event
                && !each(written("LeasedDelivery", &leased)?)
            {
                return Ok(());
            }
        }
        Ok(())
    }
}

fn submitted(answer: &pb::SubmitReferralsResponse) -> Result<Submitted, CallError> {
    let refused = match &answer.result {
        Some(Outcome::Receipt(_)) => None,
        Some(Outcome::Refusal(refusal)) => Some(told(refusal)),
        None => return Err(ended()),
    };
    Ok(Submitted { json: written("SubmitReferralsResponse", answer)?, refused })
}

/// A refusal within a stream, as the status of a call would have been told.
fn told(refusal: &pb::Refusal) -> CallError {
    let (code, kind) = kind_of(tonic::Code::from_i32(refusal.code));
    let fields = refusal.field_violations.iter().map(|one| (one.field.clone(), one.description.clone())).collect();
    CallError::Refused { code, kind, reason: refusal.reason.clone(), message: refusal.message.clone(), fields }
}

/// The result of what was not even sent.
fn never_sent(request_id: String, error: CallError) -> Result<Submitted, CallError> {
    let (code, reason) = match &error {
        CallError::Refused { reason, .. } => (tonic::Code::ResourceExhausted, reason.clone()),
        CallError::Json(_) | CallError::Answer(_) => (tonic::Code::InvalidArgument, "NOT_A_SUBMISSION".to_owned()),
    };
    let refusal = pb::Refusal { code: code.into(), reason, message: error.to_string(), ..Default::default() };
    let answer = pb::SubmitReferralsResponse { request_id, result: Some(Outcome::Refusal(refusal)) };
    Ok(Submitted { json: written("SubmitReferralsResponse", &answer)?, refused: Some(error) })
}

fn too_large() -> CallError {
    CallError::Refused {
        code: "RESOURCE_EXHAUSTED",
        kind: Kind::BadData,
        reason: TOO_LARGE.to_owned(),
        message: "a submission has at most 1 MiB".to_owned(),
        fields: Vec::new(),
    }
}

fn ended() -> CallError {
    CallError::Refused {
        code: "UNAVAILABLE",
        kind: Kind::Unavailable,
        reason: String::new(),
        message: "the stream ended before everything was answered".to_owned(),
        fields: Vec::new(),
    }
}
