//! Calls as they come from outside: who, with which request id, what. The same call can be made again.

use std::sync::Arc;

use homeward::{
    broker::Asking,
    broker::{
        Broker, Correction, Error, HandOver, Handle, Marked, Outcome, Prompted, PullRequest, Recalling, Receipt,
        Release, Reply, Request, Resolution, Says, Submission, TakingBack, Transfer, TransferAnswer,
    },
    domain::{
        decision::PromptKind,
        delivery::{Delivery, DeliveryId},
        grants::{Action, QueuePermit},
        identity::{Identity, Peer},
        outcome::DeadReason,
        queue::QueueId,
        submission::Reading,
        text::Text,
    },
    wire::{convert, pb, received::sha256},
};
use jiff::{SignedDuration, Timestamp};
use prost::Message;
use uuid::Uuid;

use crate::{model::Accused, town::Town};

/// A call.
#[derive(Debug, Clone)]
pub struct Call {
    pub who: Peer,
    pub request: Request,
    pub what: What,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub enum What {
    /// The submission of a base, with a reference of the sender's own.
    Submit {
        base: usize,
        reference: u32,
    },
    Pull {
        queue: QueueId,
        session: &'static str,
        most: usize,
        lease: SignedDuration,
    },
    /// Something with a delivery of this queue, under the token of a lease.
    Use {
        delivery: DeliveryId,
        queue: QueueId,
        token: String,
        how: Use,
    },
    Answer {
        referral: Uuid,
        question: Uuid,
    },
    Replay {
        delivery: DeliveryId,
        queue: QueueId,
    },
    /// What was handed over or offered is taken back.
    TakeBack {
        delivery: DeliveryId,
        queue: QueueId,
    },
    /// The submission of a base in the place of a referral; it may accuse somebody, and those who work on their queue.
    Correct {
        referral: Uuid,
        base: usize,
        reference: u32,
        accuses: Option<(Identity, Option<QueueId>)>,
    },
    Recall {
        referral: Uuid,
    },
    /// Something said of a prompt of the version that was seen.
    Mark {
        record: Uuid,
        kind: PromptKind,
        queue: QueueId,
        version: u32,
        says: Says,
    },
}

/// What is done with a lease.
#[derive(Debug, Clone)]
pub enum Use {
    Extend(SignedDuration),
    Release(SignedDuration),
    Complete { outcome: String, reason: Option<String>, note: bool },
    Reject(DeadReason),
    HandOver { to: Identity, keep: SignedDuration },
    Ask,
    Resolve { to: QueueId },
    Offer { to: QueueId },
    Accept,
    Refuse,
    Acknowledge,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    Receipt(Box<Receipt>),
    Pulled(Vec<Delivery>),
    Delivery(Box<Delivery>),
    Resolved(Box<Delivery>, Vec<DeliveryId>),
    Prompted(Box<Prompted>),
    Recalled(Timestamp),
}

impl Use {
    fn action(&self) -> Action {
        match self {
            Self::Extend(_) => Action::ExtendLease,
            Self::Release(_) => Action::ReleaseDelivery,
            Self::Complete { .. } => Action::CompleteDelivery,
            Self::Reject(_) => Action::RejectDelivery,
            Self::HandOver { .. } => Action::HandOver,
            Self::Ask => Action::RequestClarification,
            Self::Resolve { .. } => Action::ResolveHeld,
            Self::Offer { .. } => Action::TransferDelivery,
            Self::Accept | Self::Refuse => Action::AnswerTransfer,
            Self::Acknowledge => Action::AcknowledgeNotice,
        }
    }
}

impl What {
    /// The action of its entry in the ledger.
    pub fn act(&self) -> &'static str {
        match self {
            Self::Submit { .. } => "SUBMIT",
            Self::Pull { .. } => "PULL",
            Self::Answer { .. } => "ANSWER_CLARIFICATION",
            Self::Replay { .. } => "REPLAY_DEAD_LETTER",
            Self::TakeBack { .. } => "TAKE_BACK",
            Self::Correct { .. } => "CORRECT_REFERRAL",
            Self::Recall { .. } => "RECALL_REFERRAL",
            Self::Mark { .. } => "MARK_PROMPT",
            Self::Use { how, .. } => match how {
                Use::Extend(_) => "EXTEND_LEASE",
                Use::Release(_) => "RELEASE",
                Use::Complete { .. } => "COMPLETE",
                Use::Reject(_) => "REJECT",
                Use::HandOver { .. } => "HAND_OVER",
                Use::Ask => "REQUEST_CLARIFICATION",
                Use::Resolve { .. } => "RESOLVE_HELD",
                Use::Offer { .. } => "TRANSFER_OFFERED",
                Use::Accept => "TRANSFER_ACCEPTED",
                Use::Refuse => "TRANSFER_REFUSED",
                Use::Acknowledge => "ACKNOWLEDGE_NOTICE",
            },
        }
    }

    /// Whom it accuses.
    pub fn accuses(&self) -> Accused {
        let mut accused = Accused::default();
        if let Self::Correct { accuses: Some((who, queue)), .. } = self {
            accused.identities.insert(who.as_str().to_owned());
            accused.queues.extend(queue.clone());
        }
        accused
    }

    /// Whether its answer is kept for a day only.
    pub fn is_short(&self) -> bool {
        let of_use = |how: &Use| matches!(how, Use::Extend(_) | Use::Release(_));
        matches!(self, Self::Pull { .. }) || matches!(self, Self::Use { how, .. } if of_use(how))
    }
}

/// A refusal in one word.
pub fn word(error: &Error) -> String {
    match error {
        Error::Precondition { reason, .. } => (*reason).to_owned(),
        Error::LeaseLost => "LEASE_LOST".into(),
        Error::NotFound => "NOT_FOUND".into(),
        Error::RequestIdReused => "REQUEST_ID_REUSED".into(),
        Error::Invalid(_) => "INVALID".into(),
        other => format!("{other:?}"),
    }
}

/// Makes a call.
pub async fn make(broker: &Arc<Broker>, town: &Town, call: &Call) -> Result<Answer, Error> {
    let Call { who, request, what } = call;
    let permit = |action, queue: &QueueId| -> Result<QueuePermit, Error> {
        Ok(broker.grants().may_serve(who, action, queue, broker.now())?)
    };
    match what {
        What::Submit { base, reference } => {
            let receipt = submit(broker, town, (who, *request), (*base, *reference)).await?;
            Ok(Answer::Receipt(Box::new(receipt)))
        }
        What::Pull { queue, session, most, lease } => {
            let Request { id, digest } = *request;
            let asked = PullRequest { request: id, digest, session: (*session).into(), most: *most, lease: *lease };
            Ok(Answer::Pulled(broker.pull(&permit(Action::Pull, queue)?, asked).await?))
        }
        What::Use { delivery, queue, token, how } => {
            let handle = Handle { delivery: *delivery, token: token.clone() };
            if let Use::Resolve { to } = how {
                let resolution = Resolution { to: to.clone(), reason: Text::from("The school confirmed it.") };
                let (delivery, made) = broker.resolve(who, *request, handle, (resolution, as_received)).await?;
                return Ok(Answer::Resolved(Box::new(delivery), made));
            }
            let answered = used(broker, &permit(how.action(), queue)?, *request, handle, how).await?;
            Ok(Answer::Delivery(Box::new(answered)))
        }
        What::Answer { referral, question } => {
            let permit = broker.grants().may_read_referrals(who, Action::AnswerClarification, broker.now())?;
            let actor = ["email", "worker@council.example", "worker"].map(Text::from);
            let text = Text::from("She named the road, not the house.");
            let reply = Reply { referral: *referral, question: *question, text, actor };
            let answered = broker.answer_clarification(&permit, *request, reply, as_received).await?;
            Ok(Answer::Delivery(Box::new(answered)))
        }
        What::Replay { delivery, queue } => {
            let why = (*delivery, Text::from("It can be worked on now."));
            let permit = permit(Action::ReplayDeadLetter, queue)?;
            Ok(Answer::Delivery(Box::new(broker.replay_dead_letter(&permit, *request, why).await?)))
        }
        What::TakeBack { delivery, queue } => {
            let taking = TakingBack { delivery: *delivery, reason: Text::from("It is mine after all.") };
            let permit = permit(Action::TakeBack, queue)?;
            Ok(Answer::Delivery(Box::new(broker.take_back(&permit, *request, taking).await?)))
        }
        What::Correct { referral, base, reference, accuses } => {
            let receipt = correct(broker, town, (who, *request), (*referral, *base, *reference), accuses).await?;
            Ok(Answer::Receipt(Box::new(receipt)))
        }
        What::Recall { referral } => {
            let permit = broker.grants().may_read_referrals(who, Action::RecallReferral, broker.now())?;
            let actor = ["email", "manager@council.example", "manager"].map(Text::from);
            let recalling = Recalling { referral: *referral, reason: Text::from("It was another child."), actor };
            Ok(Answer::Recalled(broker.recall(&permit, *request, recalling, as_received).await?))
        }
        What::Mark { record, kind, queue, version, says } => {
            let marked = Marked { record: *record, kind: *kind, version: *version, says: says.clone() };
            let permit = permit(Action::MarkPrompt, queue)?;
            Ok(Answer::Prompted(Box::new(broker.mark_prompt(&permit, *request, marked).await?)))
        }
    }
}

/// The submission in the bytes that brought it.
fn as_received(bytes: &[u8]) -> Option<Reading> {
    let message = pb::SubmitReferralRequest::decode(bytes).ok()?;
    Some(convert::submission(message.submission?))
}

async fn submit(
    broker: &Broker,
    town: &Town,
    (who, request): (&Peer, Request),
    (base, reference): (usize, u32),
) -> Result<Receipt, Error> {
    let base = &town.bases[base];
    let mut submission = base.submission.clone();
    submission.envelope.get_or_insert_default().sender_reference = reference.to_string();
    let request_id = request.id.to_string();
    let original = pb::SubmitReferralRequest { request_id, submission: Some(submission.clone()) }.encode_to_vec();
    let permit = broker.grants().may_submit(who, &base.on_behalf_of, broker.now())?;
    // A digest other than the request's own is that of other bytes.
    let digest = if request.digest == [0; 32] { sha256(&original) } else { request.digest };
    let reading = convert::submission(submission);
    let turn = broker.turn(permit.identity()).await?;
    broker.submit(&permit, Submission { request: request.id, original: &original, digest, reading }, turn).await
}

async fn correct(
    broker: &Broker,
    town: &Town,
    (who, request): (&Peer, Request),
    (referral, base, reference): (Uuid, usize, u32),
    accuses: &Option<(Identity, Option<QueueId>)>,
) -> Result<Receipt, Error> {
    let base = &town.bases[base];
    let mut submission = base.submission.clone();
    submission.envelope.get_or_insert_default().sender_reference = reference.to_string();
    if let Some((identity, queue)) = accuses {
        submission.persons.push(pb::Person {
            id: "accused".into(),
            name: "Sergeant Loom".into(),
            role: pb::PersonRole::Police.into(),
            category: pb::DataSubjectCategory::Suspect.into(),
            identity: identity.as_str().into(),
            works_in_queue: queue.as_ref().map(|queue| queue.as_str().to_owned()).unwrap_or_default(),
            ..Default::default()
        });
        let item = submission.items.last_mut().expect("an item to accuse them by");
        item.allegation = pb::YesNo::Yes.into();
        item.who.push("accused".into());
    }
    let asked = pb::CorrectReferralRequest {
        request_id: request.id.to_string(),
        submission: Some(submission.clone()),
        referral_id: referral.to_string(),
        reason: "She named another road.".into(),
    };
    let original = asked.encode_to_vec();
    let permit = broker.grants().may_correct(who, &base.on_behalf_of, broker.now())?;
    let reads = broker.grants().may_read_referrals(who, Action::CorrectReferral, broker.now())?;
    let digest = if request.digest == [0; 32] { sha256(&original) } else { request.digest };
    let reading = convert::submission(submission);
    let turn = broker.turn(permit.identity()).await?;
    let submission = Submission { request: request.id, original: &original, digest, reading };
    let correction = Correction { referral, reason: Text::from(asked.reason.as_str()), submission };
    broker.correct((&permit, &reads), correction, as_received, turn).await
}

async fn used(
    broker: &Arc<Broker>,
    permit: &QueuePermit,
    request: Request,
    handle: Handle,
    how: &Use,
) -> Result<Delivery, Error> {
    let words = |say: bool| if say { Text::from("Known to the night team.") } else { Text::default() };
    match how {
        Use::Extend(lease) => broker.extend(permit, request, handle, *lease).await,
        Use::Release(delay) => {
            let release = Release { reason: Text::from("Called away."), delay: *delay };
            broker.release(permit, request, handle, release).await
        }
        Use::Complete { outcome, reason, note } => {
            let (code, reason) = (outcome.clone(), reason.clone());
            let outcome = Outcome { code, reason, note: words(*note), release_detail: false };
            broker.complete(permit, request, handle, outcome).await
        }
        Use::Reject(reason) => broker.reject(permit, request, handle, (*reason, words(true))).await,
        Use::HandOver { to, keep } => {
            let over = HandOver { to: to.clone(), note: words(true), keep: *keep };
            broker.hand_over(permit, request, handle, over).await
        }
        Use::Ask => {
            let text = Text::from("Which road did she mean, as far as you know already?");
            let asking = Asking { item: None, text, nothing_of_the_child: true };
            broker.request_clarification(permit, request, handle, asking).await
        }
        Use::Offer { to } => {
            let transfer = Transfer { to: to.clone(), reason: Text::from("She has moved.") };
            broker.transfer(permit, request, handle, transfer).await
        }
        Use::Accept | Use::Refuse => {
            let accepts = matches!(how, Use::Accept);
            let answer = TransferAnswer { accepts, reason: Text::from("As agreed.") };
            broker.answer_transfer(permit, request, handle, answer).await
        }
        Use::Acknowledge => {
            let heard = broker.acknowledge(permit, request, handle).await?;
            Ok(heard.delivery)
        }
        Use::Resolve { .. } => unreachable!("made by whoever makes the call"),
    }
}
