//! AdminService: certificates, and what needs two persons. Keys and policies are next door.

use tonic::{Request, Response, Status, async_trait};

use super::{
    Services,
    ask::{Ask, digest_of},
};
use crate::{
    broker::{Effect, Error, NewCertificate, Request as Bound, Standing},
    domain::{
        grants::{Action, CallPermit},
        identity::Peer,
    },
    wire::{
        convert::{self, wire_time},
        pb,
        received::Received,
        server::admin_service_server::AdminService,
    },
};

/// Answers a call of AdminService: admit, do, tell.
macro_rules! answer {
    ($self:ident, $request:ident, $action:ident, $work:ident) => {{
        let peer = $self.admit(&$request, Action::$action)?;
        let answer = $self.$work(&peer, $request.into_inner()).await;
        Ok(Response::new(answer.map_err(|error| $self.refuse(&peer, Action::$action, error))?))
    }};
}

#[async_trait]
impl AdminService for Services {
    async fn sign_certificate(
        &self,
        request: Request<Received<pb::SignCertificateRequest>>,
    ) -> Result<Response<pb::SignCertificateResponse>, Status> {
        answer!(self, request, SignCertificate, sign_proposed)
    }

    async fn list_certificates(
        &self,
        request: Request<Received<pb::ListCertificatesRequest>>,
    ) -> Result<Response<pb::ListCertificatesResponse>, Status> {
        answer!(self, request, ListCertificates, certificates_listed)
    }

    async fn preview_revocation(
        &self,
        request: Request<Received<pb::PreviewRevocationRequest>>,
    ) -> Result<Response<pb::PreviewRevocationResponse>, Status> {
        answer!(self, request, PreviewRevocation, revocation_previewed)
    }

    async fn revoke_certificate(
        &self,
        request: Request<Received<pb::RevokeCertificateRequest>>,
    ) -> Result<Response<pb::RevokeCertificateResponse>, Status> {
        answer!(self, request, RevokeCertificate, certificate_revoked)
    }

    async fn revoke_holder(
        &self,
        request: Request<Received<pb::RevokeHolderRequest>>,
    ) -> Result<Response<pb::RevokeHolderResponse>, Status> {
        answer!(self, request, RevokeHolder, holder_revoked)
    }

    async fn get_revocation_list(
        &self,
        request: Request<Received<pb::GetRevocationListRequest>>,
    ) -> Result<Response<pb::GetRevocationListResponse>, Status> {
        answer!(self, request, GetRevocationList, revocation_list)
    }

    async fn get_trust_bundle(
        &self,
        request: Request<Received<pb::GetTrustBundleRequest>>,
    ) -> Result<Response<pb::GetTrustBundleResponse>, Status> {
        answer!(self, request, GetTrustBundle, trust_bundle)
    }

    async fn replay_dead_letter(
        &self,
        request: Request<Received<pb::ReplayDeadLetterRequest>>,
    ) -> Result<Response<pb::ReplayDeadLetterResponse>, Status> {
        answer!(self, request, ReplayDeadLetter, dead_letter_replayed)
    }

    async fn list_proposals(
        &self,
        request: Request<Received<pb::ListProposalsRequest>>,
    ) -> Result<Response<pb::ListProposalsResponse>, Status> {
        answer!(self, request, ListProposals, proposals_listed)
    }

    async fn approve_proposal(
        &self,
        request: Request<Received<pb::ApproveProposalRequest>>,
    ) -> Result<Response<pb::ApproveProposalResponse>, Status> {
        answer!(self, request, ApproveProposal, proposal_approved)
    }

    async fn list_keys(
        &self,
        request: Request<Received<pb::ListKeysRequest>>,
    ) -> Result<Response<pb::ListKeysResponse>, Status> {
        answer!(self, request, ListKeys, keys_listed)
    }

    async fn rotate_key(
        &self,
        request: Request<Received<pb::RotateKeyRequest>>,
    ) -> Result<Response<pb::RotateKeyResponse>, Status> {
        answer!(self, request, RotateKey, key_rotated)
    }

    async fn rotate_outer_key(
        &self,
        request: Request<Received<pb::RotateOuterKeyRequest>>,
    ) -> Result<Response<pb::RotateOuterKeyResponse>, Status> {
        answer!(self, request, RotateOuterKey, outer_key_rotated)
    }

    async fn destroy_key(
        &self,
        request: Request<Received<pb::DestroyKeyRequest>>,
    ) -> Result<Response<pb::DestroyKeyResponse>, Status> {
        answer!(self, request, DestroyKey, destruction_proposed)
    }

    async fn rewrap_status(
        &self,
        request: Request<Received<pb::RewrapStatusRequest>>,
    ) -> Result<Response<pb::RewrapStatusResponse>, Status> {
        answer!(self, request, RewrapStatus, rewrap_told)
    }

    async fn pause_rewrap(
        &self,
        request: Request<Received<pb::PauseRewrapRequest>>,
    ) -> Result<Response<pb::PauseRewrapResponse>, Status> {
        answer!(self, request, PauseRewrap, rewrap_paused)
    }

    async fn resume_rewrap(
        &self,
        request: Request<Received<pb::ResumeRewrapRequest>>,
    ) -> Result<Response<pb::ResumeRewrapResponse>, Status> {
        answer!(self, request, ResumeRewrap, rewrap_resumed)
    }

    async fn erase_referral(
        &self,
        request: Request<Received<pb::EraseReferralRequest>>,
    ) -> Result<Response<pb::EraseReferralResponse>, Status> {
        answer!(self, request, EraseReferral, erasure_proposed)
    }

    async fn place_legal_hold(
        &self,
        request: Request<Received<pb::PlaceLegalHoldRequest>>,
    ) -> Result<Response<pb::PlaceLegalHoldResponse>, Status> {
        answer!(self, request, PlaceLegalHold, hold_placed)
    }

    async fn release_legal_hold(
        &self,
        request: Request<Received<pb::ReleaseLegalHoldRequest>>,
    ) -> Result<Response<pb::ReleaseLegalHoldResponse>, Status> {
        answer!(self, request, ReleaseLegalHold, release_proposed)
    }

    async fn certify_copies_gone(
        &self,
        request: Request<Received<pb::CertifyCopiesGoneRequest>>,
    ) -> Result<Response<pb::CertifyCopiesGoneResponse>, Status> {
        answer!(self, request, CertifyCopiesGone, copies_gone_proposed)
    }

    async fn withdraw_copies_gone(
        &self,
        request: Request<Received<pb::WithdrawCopiesGoneRequest>>,
    ) -> Result<Response<pb::WithdrawCopiesGoneResponse>, Status> {
        answer!(self, request, WithdrawCopiesGone, copies_gone_withdrawn)
    }

    async fn list_legal_holds(
        &self,
        request: Request<Received<pb::ListLegalHoldsRequest>>,
    ) -> Result<Response<pb::ListLegalHoldsResponse>, Status> {
        answer!(self, request, ListLegalHolds, holds_listed)
    }

    async fn get_policy(
        &self,
        request: Request<Received<pb::GetPolicyRequest>>,
    ) -> Result<Response<pb::GetPolicyResponse>, Status> {
        answer!(self, request, GetPolicy, policy_given)
    }

    async fn check_policy(
        &self,
        request: Request<Received<pb::CheckPolicyRequest>>,
    ) -> Result<Response<pb::CheckPolicyResponse>, Status> {
        answer!(self, request, CheckPolicy, policy_checked)
    }

    async fn activate_policy(
        &self,
        request: Request<Received<pb::ActivatePolicyRequest>>,
    ) -> Result<Response<pb::ActivatePolicyResponse>, Status> {
        answer!(self, request, ActivatePolicy, policy_proposed)
    }
}

impl Services {
    async fn sign_proposed(
        &self,
        peer: &Peer,
        request: Received<pb::SignCertificateRequest>,
    ) -> Result<pb::SignCertificateResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        ask.done(())?;
        let permit = self.office(peer, Action::SignCertificate)?;
        let days = Some(message.days).filter(|days| *days != 0);
        let proposal = self.broker.propose_certificate(&permit, bound, &message.request, days).await?;
        Ok(pb::SignCertificateResponse { proposal: Some(convert::proposal(&proposal)) })
    }

    async fn certificates_listed(
        &self,
        peer: &Peer,
        request: Received<pb::ListCertificatesRequest>,
    ) -> Result<pb::ListCertificatesResponse, Error> {
        let asked = request.message;
        let mut ask = Ask::default();
        let limit = ask.page_size(asked.page_size);
        let limit = ask.done(limit)?;
        let permit = self.office(peer, Action::ListCertificates)?;
        let found = self.broker.certificates(&permit, &asked.page_token, limit + 1).await?;
        let ((_, standing), now) = (self.broker.standing().await?, self.broker.now());
        let row = |one| pb::Certificate { chain: String::new(), ..convert::certificate(one, &standing, now) };
        let next = found.get(limit).and_then(|_| found.get(limit - 1)).map(|last| last.serial.clone());
        let certificates = found.iter().take(limit).map(row).collect();
        Ok(pb::ListCertificatesResponse { certificates, next_page_token: next.unwrap_or_default() })
    }

    async fn revocation_list(
        &self,
        peer: &Peer,
        _request: Received<pb::GetRevocationListRequest>,
    ) -> Result<pb::GetRevocationListResponse, Error> {
        let permit = self.office(peer, Action::GetRevocationList)?;
        let list = self.broker.revocation_list(&permit).await?;
        let (update_time, next_update_time) = (Some(wire_time(list.this_update)), Some(wire_time(list.next_update)));
        Ok(pb::GetRevocationListResponse { der: list.der, pem: list.pem, update_time, next_update_time })
    }

    async fn trust_bundle(
        &self,
        peer: &Peer,
        _request: Received<pb::GetTrustBundleRequest>,
    ) -> Result<pb::GetTrustBundleResponse, Error> {
        let permit = self.office(peer, Action::GetTrustBundle)?;
        Ok(pb::GetTrustBundleResponse { pem: self.broker.trust_bundle(&permit).await? })
    }

    async fn proposals_listed(
        &self,
        peer: &Peer,
        request: Received<pb::ListProposalsRequest>,
    ) -> Result<pb::ListProposalsResponse, Error> {
        let asked = request.message;
        let mut ask = Ask::default();
        let limit = ask.page_size(asked.page_size);
        let limit = ask.done(limit)?;
        let permit = self.office(peer, Action::ListProposals)?;
        let found = self.broker.proposals(&permit, &asked.page_token, limit + 1).await?;
        let next = found.get(limit).and_then(|_| found.get(limit - 1)).map(|last| last.id.to_string());
        let proposals = found.iter().take(limit).map(convert::proposal).collect();
        Ok(pb::ListProposalsResponse { proposals, next_page_token: next.unwrap_or_default() })
    }

    async fn proposal_approved(
        &self,
        peer: &Peer,
        request: Received<pb::ApproveProposalRequest>,
    ) -> Result<pb::ApproveProposalResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let id = ask.uuid("proposal_id", &message.proposal_id);
        ask.done(())?;
        let permit = self.office(peer, Action::ApproveProposal)?;
        let approved = self.broker.approve(&permit, bound, id, &message.fingerprint).await?;
        let effect = match approved.effect {
            Effect::Enrolled(certificate, trust_bundle) => {
                let certificate = Some(convert::certificate(&certificate, &Standing::default(), self.broker.now()));
                let enrolled = pb::EnrolledCertificate { certificate, trust_bundle };
                pb::approve_proposal_response::Effect::Enrolled(enrolled)
            }
            Effect::Revoked(one) => pb::approve_proposal_response::Effect::Revocation(convert::revocation(&one)),
            Effect::KeyDestroyed(id) => pb::approve_proposal_response::Effect::DestroyedKeyId(id),
            Effect::PolicyActivated(one) => {
                pb::approve_proposal_response::Effect::ActivatedPolicy(convert::activation(&one))
            }
            Effect::Erased(record) => pb::approve_proposal_response::Effect::ErasedReferralId(record.to_string()),
            Effect::CopiesGone(before) => pb::approve_proposal_response::Effect::CopiesGoneBefore(before),
            Effect::HoldReleased(id) => pb::approve_proposal_response::Effect::ReleasedHoldId(id.to_string()),
        };
        let proposal = Some(convert::proposal(&approved.proposal));
        Ok(pb::ApproveProposalResponse { proposal, effect: Some(effect) })
    }

    /// The next certificate of the caller.
    pub(super) async fn renewed(
        &self,
        peer: &Peer,
        request: Received<pb::RenewCertificateRequest>,
    ) -> Result<pb::RenewCertificateResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        ask.done(())?;
        let permit = self.office(peer, Action::RenewCertificate)?;
        let NewCertificate { certificate, bundle } =
            self.broker.renew_certificate(&permit, bound, &message.request).await?;
        let certificate = Some(convert::certificate(&certificate, &Standing::default(), self.broker.now()));
        Ok(pb::RenewCertificateResponse { certificate, trust_bundle: bundle })
    }

    /// A permit for one of these methods.
    pub(super) fn office(&self, peer: &Peer, action: Action) -> Result<CallPermit, Error> {
        Ok(self.broker.grants().may_call(peer, action, self.broker.now())?)
    }
}
