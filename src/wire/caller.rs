//! The client's side of the services, for the command line: JSON in, JSON out, every refusal told in full.

mod admin;
mod asking;
mod audit;
mod offers;
mod prompting;
mod retracting;
mod streams;

use jiff::SignedDuration;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;

use super::{
    client::{
        admin_service_client::AdminServiceClient, audit_service_client::AuditServiceClient,
        identity_service_client::IdentityServiceClient, queue_service_client::QueueServiceClient,
        referral_service_client::ReferralServiceClient,
    },
    convert,
    json::{self, JsonError, Unprintable},
    pb, profile,
};
use crate::domain::unit::Part;
pub use asking::{Answering, Asked};
pub use prompting::Marking;
pub use retracting::Recall;
pub use streams::{Following, Outgoing, Submitted};

/// Why a call did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The file is not the JSON form of a submission.
    #[error("not the JSON form of a submission: {0}")]
    Json(#[from] JsonError),
    /// The answer cannot be written as JSON.
    #[error("the answer cannot be shown: {0}")]
    Answer(#[from] Unprintable),
    /// The broker refused.
    #[error("{message}")]
    Refused {
        /// gRPC code in UPPER_SNAKE.
        code: &'static str,
        /// What class of refusal this is.
        kind: Kind,
        /// Reason word, e.g. `LEASE_LOST`; empty where the server gave none.
        reason: String,
        /// The server's words.
        message: String,
        /// Offending fields with what to do.
        fields: Vec<(String, String)>,
    },
}

/// Classes of refusal, as exit codes tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The data is not right.
    BadData,
    /// Not now.
    Unavailable,
    /// Not granted.
    NotPermitted,
    /// Anything else.
    Other,
}

/// A lease in hand.
#[derive(Debug, Clone)]
pub struct Holding {
    /// Id of the delivery.
    pub delivery: String,
    /// Token of its lease.
    pub token: String,
}

/// What a completion says. Not `Debug`: the note is content.
#[derive(Clone)]
pub struct Completion {
    /// Outcome code.
    pub outcome: String,
    /// Reason code, or empty.
    pub reason: String,
    /// Note for the unit, or empty.
    pub note: String,
    /// The sender may see the outcome itself.
    pub release_detail: bool,
}

/// A grade to confirm, as it was typed. Not `Debug`: instructions and reason are content.
#[derive(Clone)]
pub struct Grading {
    /// Item number.
    pub item: u32,
    /// `1` to `3`.
    pub source: String,
    /// `A` to `E`.
    pub information: String,
    /// `P` or `C`.
    pub handling: String,
    /// `A1` to `A3`, or empty.
    pub action_code: String,
    /// `S1` or `S2`, or empty.
    pub sanitisation_code: String,
    /// Written instructions, or empty.
    pub instructions: String,
    /// Why, or empty.
    pub reason: String,
}

/// The services over one connection.
#[derive(Clone)]
pub struct Caller {
    referrals: ReferralServiceClient<Channel>,
    queues: QueueServiceClient<Channel>,
    identity: IdentityServiceClient<Channel>,
    admin: AdminServiceClient<Channel>,
    audit: AuditServiceClient<Channel>,
}

/// A JSON line of the answer.
pub type Answer = Result<String, CallError>;

/// A preview shows every view of every unit: several times a submission of the largest size.
const LARGEST_ANSWER: usize = 16 << 20;

impl Caller {
    /// Over `channel`.
    pub fn new(channel: Channel) -> Self {
        Self {
            referrals: ReferralServiceClient::new(channel.clone()).max_decoding_message_size(LARGEST_ANSWER),
            queues: QueueServiceClient::new(channel.clone()).max_decoding_message_size(LARGEST_ANSWER),
            identity: IdentityServiceClient::new(channel.clone()),
            admin: AdminServiceClient::new(channel.clone()),
            audit: AuditServiceClient::new(channel).max_decoding_message_size(LARGEST_ANSWER),
        }
    }

    /// Submits the JSON form of a submission under `request_id`.
    pub async fn submit(&mut self, request_id: &str, submission: &str) -> Answer {
        let submission = Some(json::from_json("Submission", submission)?);
        let request = pb::SubmitReferralRequest { request_id: request_id.to_owned(), submission };
        answer("SubmitReferralResponse", self.referrals.submit_referral(request).await)
    }

    /// Previews the JSON form of a submission: the explanation.
    pub async fn preview(&mut self, submission: &str) -> Answer {
        let submission = Some(json::from_json("Submission", submission)?);
        let request = pb::PreviewReferralRequest { submission };
        let answered = self.referrals.preview_referral(request).await.map_err(|status| refused(&status))?;
        written("Explanation", &answered.into_inner().explanation.unwrap_or_default())
    }

    /// One referral.
    pub async fn referral(&mut self, id: &str) -> Answer {
        let request = pb::GetReferralRequest { referral_id: id.to_owned() };
        answer("GetReferralResponse", self.referrals.get_referral(request).await)
    }

    /// A page of referrals.
    pub async fn referrals(&mut self, page_size: i32, page_token: &str) -> Answer {
        let request =
            pb::ListReferralsRequest { page_size, page_token: page_token.to_owned(), on_behalf_of: String::new() };
        answer("ListReferralsResponse", self.referrals.list_referrals(request).await)
    }

    /// Watches; gives each message to `each` until it says stop or the stream ends.
    pub async fn watch(&mut self, resume: &str, mut each: impl FnMut(String) -> bool) -> Result<(), CallError> {
        let request = pb::WatchReferralsRequest { resume_token: resume.to_owned(), on_behalf_of: String::new() };
        let mut stream = self.referrals.watch_referrals(request).await.map_err(|status| refused(&status))?.into_inner();
        while let Some(message) = stream.message().await.map_err(|status| refused(&status))? {
            if !each(written("WatchReferralsResponse", &message)?) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// A page of queues with their counts.
    pub async fn queues(&mut self, page_size: i32, page_token: &str) -> Answer {
        let request = pb::ListQueuesRequest { page_size, page_token: page_token.to_owned() };
        answer("ListQueuesResponse", self.queues.list_queues(request).await)
    }

    /// A page of headers of one queue, or of its dead-letter side.
    pub async fn deliveries(&mut self, queue: &str, dead_letters: bool, page_size: i32, page_token: &str) -> Answer {
        let (queue, page_token) = (queue.to_owned(), page_token.to_owned());
        let request = pb::ListDeliveriesRequest { queue, page_size, page_token, dead_letters };
        answer("ListDeliveriesResponse", self.queues.list_deliveries(request).await)
    }

    /// A page of who holds what of one queue.
    pub async fn held(&mut self, queue: &str, page_size: i32, page_token: &str) -> Answer {
        let (queue, page_token) = (queue.to_owned(), page_token.to_owned());
        let request = pb::ListHeldRequest { queue, page_size, page_token };
        answer("ListHeldResponse", self.queues.list_held(request).await)
    }

    /// Takes deliveries under a lease.
    pub async fn pull(&mut self, request_id: &str, queue: &str, most: u32, lease: SignedDuration) -> Answer {
        let request = pb::PullRequest {
            request_id: request_id.to_owned(),
            queue: queue.to_owned(),
            max_deliveries: most,
            lease_duration: Some(convert::wire_span(lease)),
            session: String::new(),
        };
        answer("PullResponse", self.queues.pull(request).await)
    }

    /// Prolongs a lease.
    pub async fn extend(&mut self, request_id: &str, holding: Holding, lease: SignedDuration) -> Answer {
        let request = pb::ExtendLeaseRequest {
            request_id: request_id.to_owned(),
            delivery_id: holding.delivery,
            lease_token: holding.token,
            lease_duration: Some(convert::wire_span(lease)),
        };
        answer("ExtendLeaseResponse", self.queues.extend_lease(request).await)
    }

    /// Opens one unit.
    pub async fn open(&mut self, holding: Holding, part: Part, item: u32, reason: &str) -> Answer {
        let request = pb::OpenPartRequest {
            delivery_id: holding.delivery,
            lease_token: holding.token,
            part: convert::wire_part(part).into(),
            item,
            reason: reason.to_owned(),
        };
        answer("OpenPartResponse", self.queues.open_part(request).await)
    }

    /// Completes a delivery.
    pub async fn complete(&mut self, request_id: &str, holding: Holding, completion: Completion) -> Answer {
        let request = pb::CompleteDeliveryRequest {
            request_id: request_id.to_owned(),
            delivery_id: holding.delivery,
            lease_token: holding.token,
            outcome: completion.outcome,
            reason_code: completion.reason,
            note: completion.note,
            release_detail: completion.release_detail,
        };
        answer("CompleteDeliveryResponse", self.queues.complete_delivery(request).await)
    }

    /// Hands a delivery back.
    pub async fn release(&mut self, request_id: &str, holding: Holding, reason: &str, delay: SignedDuration) -> Answer {
        let request = pb::ReleaseDeliveryRequest {
            request_id: request_id.to_owned(),
            delivery_id: holding.delivery,
            lease_token: holding.token,
            reason: reason.to_owned(),
            delay: Some(convert::wire_span(delay)),
        };
        answer("ReleaseDeliveryResponse", self.queues.release_delivery(request).await)
    }

    /// Puts a delivery on the dead-letter side.
    pub async fn reject(&mut self, request_id: &str, holding: Holding, reason_code: &str, note: &str) -> Answer {
        let request = pb::RejectDeliveryRequest {
            request_id: request_id.to_owned(),
            delivery_id: holding.delivery,
            lease_token: holding.token,
            reason_code: reason_code.to_owned(),
            note: note.to_owned(),
        };
        answer("RejectDeliveryResponse", self.queues.reject_delivery(request).await)
    }

    /// Gives what is on HOLD to a queue.
    pub async fn resolve(&mut self, request_id: &str, holding: Holding, to_queue: &str, reason: &str) -> Answer {
        let request = pb::ResolveHeldRequest {
            request_id: request_id.to_owned(),
            delivery_id: holding.delivery,
            lease_token: holding.token,
            to_queue: to_queue.to_owned(),
            reason: reason.to_owned(),
        };
        answer("ResolveHeldResponse", self.queues.resolve_held(request).await)
    }

    /// Confirms the grade of an item.
    pub async fn confirm_grading(&mut self, request_id: &str, holding: Holding, grading: Grading) -> Answer {
        let request = pb::ConfirmGradingRequest {
            request_id: request_id.to_owned(),
            delivery_id: holding.delivery,
            lease_token: holding.token,
            item: grading.item,
            source: grading.source,
            information: grading.information,
            handling: grading.handling,
            action_code: grading.action_code,
            sanitisation_code: grading.sanitisation_code,
            instructions: grading.instructions,
            reason: grading.reason,
        };
        answer("ConfirmGradingResponse", self.queues.confirm_grading(request).await)
    }

    /// Releases the carer copy.
    pub async fn release_carer(
        &mut self,
        request_id: &str,
        holding: Holding,
        reason: &str,
        against_proposal: bool,
    ) -> Answer {
        let request = pb::ReleaseCarerCopyRequest {
            request_id: request_id.to_owned(),
            delivery_id: holding.delivery,
            lease_token: holding.token,
            reason: reason.to_owned(),
            against_proposal,
        };
        answer("ReleaseCarerCopyResponse", self.queues.release_carer_copy(request).await)
    }

    /// Who the profile is to the broker.
    pub async fn who_am_i(&mut self) -> Answer {
        answer("WhoAmIResponse", self.identity.who_am_i(pb::WhoAmIRequest {}).await)
    }
}

fn answer<T: prost::Message>(name: &str, answered: Result<tonic::Response<T>, Status>) -> Answer {
    let answered = answered.map_err(|status| refused(&status))?;
    written(name, answered.get_ref())
}

fn written<T: prost::Message>(name: &str, message: &T) -> Answer {
    Ok(json::to_json(name, message)?)
}

pub(super) fn refused(status: &Status) -> CallError {
    let (code, kind) = kind_of(profile::code(status));
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.clone()).unwrap_or_default();
    let fields = details.bad_request().map_or_else(Vec::new, |bad| {
        bad.field_violations.iter().map(|field| (field.field.clone(), field.description.clone())).collect()
    });
    CallError::Refused { code, kind, reason, message: status.message().to_owned(), fields }
}

/// The name of a code, and what class of refusal it is.
fn kind_of(code: Code) -> (&'static str, Kind) {
    match code {
        Code::InvalidArgument => ("INVALID_ARGUMENT", Kind::BadData),
        Code::AlreadyExists => ("ALREADY_EXISTS", Kind::BadData),
        Code::OutOfRange => ("OUT_OF_RANGE", Kind::BadData),
        // No call here is taken back by us: one that is was on a connection that was lost under it.
        Code::Unavailable | Code::Cancelled => ("UNAVAILABLE", Kind::Unavailable),
        Code::DeadlineExceeded => ("DEADLINE_EXCEEDED", Kind::Unavailable),
        Code::ResourceExhausted => ("RESOURCE_EXHAUSTED", Kind::Unavailable),
        Code::PermissionDenied => ("PERMISSION_DENIED", Kind::NotPermitted),
        Code::Unauthenticated => ("UNAUTHENTICATED", Kind::NotPermitted),
        Code::NotFound => ("NOT_FOUND", Kind::Other),
        Code::FailedPrecondition => ("FAILED_PRECONDITION", Kind::Other),
        Code::Ok | Code::Unknown | Code::Aborted | Code::Unimplemented | Code::Internal | Code::DataLoss => {
            ("INTERNAL", Kind::Other)
        }
    }
}
