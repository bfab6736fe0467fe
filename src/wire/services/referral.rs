//! ReferralService: a council's side.

use std::{pin::Pin, sync::Arc};

use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming, async_trait};
use uuid::Uuid;

use super::{
    Services,
    ask::{Ask, digest_of},
    submissions::{Submissions, SubmitStream},
};
use crate::{
    broker::{Broker, Error, Happening, Submission, Turn},
    domain::{
        grants::{Action, ReadPermit, Refusal, SubmitPermit, is_authority_code},
        identity::Peer,
        violation::{Violation, Violations},
    },
    wire::{
        convert::{self, happening, receipt, referral},
        pb, peer,
        received::Received,
        server::referral_service_server::ReferralService,
        session::Session,
        status::Refused,
    },
};

/// Events looked up at once.
const EVENTS: usize = 100;
/// Messages of a watch that wait for a slow reader.
const WATCH_BUFFER: usize = 32;

type WatchStream = Pin<Box<dyn Stream<Item = Result<pb::WatchReferralsResponse, Status>> + Send>>;

#[async_trait]
impl ReferralService for Services {
    async fn submit_referral(
        &self,
        request: Request<Received<pb::SubmitReferralRequest>>,
    ) -> Result<Response<pb::SubmitReferralResponse>, Status> {
        let action = Action::SubmitReferral;
        let peer = self.admit(&request, action)?;
        let receipt = self.submitted(&peer, request.into_inner(), None).await;
        let receipt = receipt.map_err(|error| self.refuse(&peer, action, error))?;
        Ok(Response::new(pb::SubmitReferralResponse { receipt: Some(receipt) }))
    }

    type SubmitReferralsStream = SubmitStream;

    async fn submit_referrals(
        &self,
        request: Request<Streaming<Received<pb::SubmitReferralsRequest>>>,
    ) -> Result<Response<SubmitStream>, Status> {
        let peer = self.admit_caller(&request, Action::SubmitReferrals)?;
        let session = peer::session(&request)?;
        let submissions = Submissions { services: self.clone(), peer, session };
        Ok(Response::new(submissions.answer(request.into_inner())))
    }

    async fn preview_referral(
        &self,
        request: Request<Received<pb::PreviewReferralRequest>>,
    ) -> Result<Response<pb::PreviewReferralResponse>, Status> {
        let action = Action::PreviewReferral;
        let peer = self.admit(&request, action)?;
        let explanation = self.previewed(&peer, request.into_inner().message).await;
        let explanation = explanation.map_err(|error| self.refuse(&peer, action, error))?;
        Ok(Response::new(pb::PreviewReferralResponse { explanation: Some(explanation) }))
    }

    async fn get_referral(
        &self,
        request: Request<Received<pb::GetReferralRequest>>,
    ) -> Result<Response<pb::GetReferralResponse>, Status> {
        let action = Action::GetReferral;
        let peer = self.admit(&request, action)?;
        let found = self.one(&peer, &request.into_inner().message).await;
        let found = found.map_err(|error| self.refuse(&peer, action, error))?;
        Ok(Response::new(pb::GetReferralResponse { referral: Some(found) }))
    }

    async fn list_referrals(
        &self,
        request: Request<Received<pb::ListReferralsRequest>>,
    ) -> Result<Response<pb::ListReferralsResponse>, Status> {
        let action = Action::ListReferrals;
        let peer = self.admit(&request, action)?;
        let page = self.page(&peer, &request.into_inner().message).await;
        Ok(Response::new(page.map_err(|error| self.refuse(&peer, action, error))?))
    }

    async fn answer_clarification(
        &self,
        request: Request<Received<pb::AnswerClarificationRequest>>,
    ) -> Result<Response<pb::AnswerClarificationResponse>, Status> {
        let action = Action::AnswerClarification;
        let peer = self.admit(&request, action)?;
        let answer = self.answered(&peer, request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, action, error))?))
    }

    async fn correct_referral(
        &self,
        request: Request<Received<pb::CorrectReferralRequest>>,
    ) -> Result<Response<pb::CorrectReferralResponse>, Status> {
        let action = Action::CorrectReferral;
        let peer = self.admit(&request, action)?;
        let corrected = self.corrected(&peer, request.into_inner()).await;
        Ok(Response::new(corrected.map_err(|error| self.refuse(&peer, action, error))?))
    }

    async fn recall_referral(
        &self,
        request: Request<Received<pb::RecallReferralRequest>>,
    ) -> Result<Response<pb::RecallReferralResponse>, Status> {
        let action = Action::RecallReferral;
        let peer = self.admit(&request, action)?;
        let recalled = self.recalled(&peer, request.into_inner()).await;
        Ok(Response::new(recalled.map_err(|error| self.refuse(&peer, action, error))?))
    }

    async fn export_subject(
        &self,
        request: Request<Received<pb::ExportSubjectRequest>>,
    ) -> Result<Response<pb::ExportSubjectResponse>, Status> {
        let action = Action::ExportSubject;
        let peer = self.admit(&request, action)?;
        let answer = self.exported(&peer, request.into_inner().message).await;
        Ok(Response::new(answer.map_err(|error| self.refuse(&peer, action, error))?))
    }

    type WatchReferralsStream = WatchStream;

    async fn watch_referrals(
        &self,
        request: Request<Received<pb::WatchReferralsRequest>>,
    ) -> Result<Response<WatchStream>, Status> {
        let action = Action::WatchReferrals;
        let peer = self.admit(&request, action)?;
        let session = peer::session(&request)?;
        let asked = request.into_inner().message;
        let watch = self.watch(&peer, &asked).await.map_err(|error| self.refuse(&peer, action, error))?;
        let (sender, receiver) = mpsc::channel(WATCH_BUFFER);
        tokio::spawn(watch.run(session, sender));
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

impl Services {
    /// The second and third check, and the receipt, in its turn unless it has that already.
    pub(super) async fn submitted(
        &self,
        peer: &Peer,
        request: Received<pb::SubmitReferralRequest>,
        turn: Option<Turn>,
    ) -> Result<pb::Receipt, Error> {
        let Received { message, raw, .. } = request;
        let submission = message.submission.unwrap_or_default();
        let permit = self.permit(peer, &submission, Action::SubmitReferral)?;
        let turn = match turn {
            Some(turn) => turn,
            None => self.broker.turn(&peer.identity).await?,
        };
        let mut ask = Ask::default();
        let id = ask.uuid("request_id", &message.request_id);
        let reading = convert::submission(submission);
        if let Err(Error::Invalid(mut violations)) = ask.done(()) {
            if let Err(Error::Invalid(found)) = self.broker.preview(&permit, reading, |_, _, _| ()).await {
                violations.0.extend(found.0);
            }
            return Err(Error::Invalid(violations));
        }
        let submission = Submission { request: id, original: &raw, digest: digest_of(&raw), reading };
        Ok(receipt(&self.broker.submit(&permit, submission, turn).await?))
    }

    pub(super) async fn previewed(
        &self,
        peer: &Peer,
        message: pb::PreviewReferralRequest,
    ) -> Result<pb::Explanation, Error> {
        let submission = message.submission.unwrap_or_default();
        let permit = self.permit(peer, &submission, Action::PreviewReferral)?;
        let _until_done = self.broker.turn(&peer.identity).await?;
        self.broker.preview(&permit, convert::submission(submission), convert::previewed).await
    }

    /// The second check: `on_behalf_of` malformed is told on that field alone; not granted is denied.
    pub(super) fn permit(
        &self,
        peer: &Peer,
        submission: &pb::Submission,
        action: Action,
    ) -> Result<SubmitPermit, Error> {
        let code = submission.envelope.as_ref().map_or("", |envelope| envelope.on_behalf_of.as_str());
        if !is_authority_code(code) {
            return Err(Error::Invalid(Violations(vec![Violation::new(
                "submission.envelope.on_behalf_of",
                "give the GSS code of the authority whose child this is: E and eight digits",
            )])));
        }
        let (grants, now) = (self.broker.grants(), self.broker.now());
        let permit = match action {
            Action::PreviewReferral => grants.may_preview(peer, code, now),
            Action::CorrectReferral => grants.may_correct(peer, code, now),
            _ => grants.may_submit(peer, code, now),
        };
        Ok(permit?)
    }

    async fn one(&self, peer: &Peer, message: &pb::GetReferralRequest) -> Result<pb::Referral, Error> {
        let permit = self.reader(peer, Action::GetReferral)?;
        let mut ask = Ask::default();
        let id = ask.uuid("referral_id", &message.referral_id);
        let id: Uuid = ask.done(id)?;
        Ok(referral(&self.broker.referral(&permit, id).await?))
    }

    async fn page(&self, peer: &Peer, message: &pb::ListReferralsRequest) -> Result<pb::ListReferralsResponse, Error> {
        let permit = self.reader(peer, Action::ListReferrals)?;
        filter(&permit, &message.on_behalf_of)?;
        let mut ask = Ask::default();
        let limit = ask.page_size(message.page_size);
        let before = ask.number_token("page_token", &message.page_token, u64::MAX);
        let (limit, before) = ask.done((limit, before))?;
        let (found, next) = self.broker.referrals(&permit, before, limit).await?;
        let wanted = |of: &String| message.on_behalf_of.is_empty() || *of == message.on_behalf_of;
        Ok(pb::ListReferralsResponse {
            referrals: found.iter().filter(|found| wanted(&found.on_behalf_of)).map(referral).collect(),
            next_page_token: next.map_or_else(String::new, |next| next.to_string()),
        })
    }

    async fn watch(&self, peer: &Peer, message: &pb::WatchReferralsRequest) -> Result<Watch, Error> {
        let permit = self.reader(peer, Action::WatchReferrals)?;
        filter(&permit, &message.on_behalf_of)?;
        let now = self.broker.watch_from_now().await?;
        let mut ask = Ask::default();
        let from = ask.number_token("resume_token", &message.resume_token, now);
        if from > now {
            // Of a ledger that is not this one: waiting for it to come by would miss everything until then.
            ask.wrong(
                "resume_token",
                "give the token exactly as the last message gave it, or none to watch from now on",
            );
        }
        let from = ask.done(from)?;
        Ok(Watch { broker: self.broker.clone(), permit, from, on_behalf_of: message.on_behalf_of.clone() })
    }

    pub(super) fn reader(&self, peer: &Peer, action: Action) -> Result<ReadPermit, Error> {
        Ok(self.broker.grants().may_read_referrals(peer, action, self.broker.now())?)
    }
}

/// The filter of a list or a watch: malformed is told on that field alone, not granted is denied.
fn filter(permit: &ReadPermit, on_behalf_of: &str) -> Result<(), Error> {
    if on_behalf_of.is_empty() || permit.includes(on_behalf_of) {
        return Ok(());
    }
    if is_authority_code(on_behalf_of) {
        return Err(Refusal::Authority.into());
    }
    let advice = "give the GSS code of an authority, or leave it empty for all that your grant covers";
    Err(Error::Invalid(Violations(vec![Violation::new("on_behalf_of", advice)])))
}

/// One open watch.
struct Watch {
    broker: Arc<Broker>,
    permit: ReadPermit,
    from: u64,
    on_behalf_of: String,
}

impl Watch {
    /// Sends what happens until the reader goes, or the session or the grant ends.
    async fn run(mut self, session: Arc<Session>, sender: mpsc::Sender<Result<pb::WatchReferralsResponse, Status>>) {
        let mut changes = self.broker.changes();
        let end = loop {
            changes.mark_unchanged();
            match self.next().await {
                Ok(happenings) if happenings.is_empty() => tokio::select! {
                    changed = changes.changed() => if changed.is_err() { return },
                    why = session.ended() => break why.refused(),
                    () = self.broker.wait_until(self.permit.until()) => {
                        break Refused::PermissionDenied("GRANT_ENDED");
                    }
                    () = sender.closed() => return,
                },
                Ok(happenings) => {
                    for found in happenings {
                        if sender.send(Ok(happening(&found))).await.is_err() {
                            return;
                        }
                    }
                }
                Err(error) => break error.into(),
            }
        };
        // The reader may be gone already; then nobody needs the reason.
        let _ = sender.send(Err(end.into())).await;
    }

    async fn next(&mut self) -> Result<Vec<Happening>, Error> {
        loop {
            let (mut found, next) = self.broker.happenings(&self.permit, self.from, EVENTS).await?;
            let looked_on = next != self.from;
            self.from = next;
            found.retain(|found| self.on_behalf_of.is_empty() || found.on_behalf_of == self.on_behalf_of);
            if !found.is_empty() || !looked_on {
                return Ok(found);
            }
        }
    }
}
