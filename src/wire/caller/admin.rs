//! The calls of administrators, and the renewal of one's own certificate.

use super::{Answer, Caller, answer};
use crate::{reference::FileSet, wire::pb};

impl Caller {
    /// Proposes to sign a request; 0 days is as long as may be.
    pub async fn sign_certificate(&mut self, request_id: &str, request: &[u8], days: i32) -> Answer {
        let (request_id, request) = (request_id.to_owned(), request.to_vec());
        let asked = pb::SignCertificateRequest { request_id, request, days };
        answer("SignCertificateResponse", self.admin.sign_certificate(asked).await)
    }

    /// A page of certificates.
    pub async fn certificates(&mut self, page_size: i32, page_token: &str) -> Answer {
        let asked = pb::ListCertificatesRequest { page_size, page_token: page_token.to_owned() };
        answer("ListCertificatesResponse", self.admin.list_certificates(asked).await)
    }

    /// What would break with the certificate of a serial number.
    pub async fn preview_revocation(&mut self, serial: &str) -> Answer {
        self.previewed(pb::PreviewRevocationRequest { serial: serial.to_owned(), holder: String::new() }).await
    }

    /// The same with everything of an identity.
    pub async fn preview_holder(&mut self, holder: &str) -> Answer {
        self.previewed(pb::PreviewRevocationRequest { serial: String::new(), holder: holder.to_owned() }).await
    }

    async fn previewed(&mut self, asked: pb::PreviewRevocationRequest) -> Answer {
        answer("PreviewRevocationResponse", self.admin.preview_revocation(asked).await)
    }

    /// Revokes a certificate, or proposes it.
    pub async fn revoke_certificate(&mut self, request_id: &str, serial: &str, reason: &str) -> Answer {
        let (request_id, serial, reason) = (request_id.to_owned(), serial.to_owned(), reason.to_owned());
        let asked = pb::RevokeCertificateRequest { request_id, serial, reason };
        answer("RevokeCertificateResponse", self.admin.revoke_certificate(asked).await)
    }

    /// RevokeHolder.
    pub async fn revoke_holder(&mut self, request_id: &str, holder: &str, reason: &str) -> Answer {
        let (request_id, holder, reason) = (request_id.to_owned(), holder.to_owned(), reason.to_owned());
        let asked = pb::RevokeHolderRequest { request_id, holder, reason };
        answer("RevokeHolderResponse", self.admin.revoke_holder(asked).await)
    }

    /// The revocation list.
    pub async fn revocation_list(&mut self) -> Answer {
        answer("GetRevocationListResponse", self.admin.get_revocation_list(pb::GetRevocationListRequest {}).await)
    }

    /// What to trust.
    pub async fn trust_bundle(&mut self) -> Answer {
        answer("GetTrustBundleResponse", self.admin.get_trust_bundle(pb::GetTrustBundleRequest {}).await)
    }

    /// A page of proposals.
    pub async fn proposals(&mut self, page_size: i32, page_token: &str) -> Answer {
        let asked = pb::ListProposalsRequest { page_size, page_token: page_token.to_owned() };
        answer("ListProposalsResponse", self.admin.list_proposals(asked).await)
    }

    /// Approves a proposal.
    pub async fn approve(&mut self, request_id: &str, proposal_id: &str, fingerprint: &str) -> Answer {
        let asked = pb::ApproveProposalRequest {
            request_id: request_id.to_owned(),
            proposal_id: proposal_id.to_owned(),
            fingerprint: fingerprint.to_owned(),
        };
        answer("ApproveProposalResponse", self.admin.approve_proposal(asked).await)
    }

    /// The epoch keys.
    pub async fn keys(&mut self) -> Answer {
        answer("ListKeysResponse", self.admin.list_keys(pb::ListKeysRequest {}).await)
    }

    /// A new epoch key.
    pub async fn rotate_key(&mut self, request_id: &str) -> Answer {
        let asked = pb::RotateKeyRequest { request_id: request_id.to_owned() };
        answer("RotateKeyResponse", self.admin.rotate_key(asked).await)
    }

    /// Everything under the key outside the store that is configured.
    pub async fn rotate_outer_key(&mut self, request_id: &str) -> Answer {
        let asked = pb::RotateOuterKeyRequest { request_id: request_id.to_owned() };
        answer("RotateOuterKeyResponse", self.admin.rotate_outer_key(asked).await)
    }

    /// Proposes to destroy an epoch key.
    pub async fn destroy_key(&mut self, request_id: &str, key_id: &str) -> Answer {
        let asked = pb::DestroyKeyRequest { request_id: request_id.to_owned(), key_id: key_id.to_owned() };
        answer("DestroyKeyResponse", self.admin.destroy_key(asked).await)
    }

    /// Proposes to erase a referral.
    pub async fn erase(&mut self, request_id: &str, referral_id: &str, reason: &str) -> Answer {
        let (request_id, referral_id, reason) = (request_id.to_owned(), referral_id.to_owned(), reason.to_owned());
        let asked = pb::EraseReferralRequest { request_id, referral_id, reason };
        answer("EraseReferralResponse", self.admin.erase_referral(asked).await)
    }

    /// Places a legal hold.
    pub async fn place_hold(
        &mut self,
        request_id: &str,
        referral_id: &str,
        (reason, reference): (&str, &str),
    ) -> Answer {
        let (request_id, referral_id) = (request_id.to_owned(), referral_id.to_owned());
        let (reason, reference) = (reason.to_owned(), reference.to_owned());
        let asked = pb::PlaceLegalHoldRequest { request_id, referral_id, reason, reference };
        answer("PlaceLegalHoldResponse", self.admin.place_legal_hold(asked).await)
    }

    /// Proposes to end one.
    pub async fn release_hold(&mut self, request_id: &str, referral_id: &str, hold_id: &str) -> Answer {
        let (request_id, referral_id, hold_id) = (request_id.to_owned(), referral_id.to_owned(), hold_id.to_owned());
        let asked = pb::ReleaseLegalHoldRequest { request_id, referral_id, hold_id };
        answer("ReleaseLegalHoldResponse", self.admin.release_legal_hold(asked).await)
    }

    /// A page of legal holds.
    pub async fn holds(&mut self, page_token: &str) -> Answer {
        let asked = pb::ListLegalHoldsRequest { page_size: 0, page_token: page_token.to_owned() };
        answer("ListLegalHoldsResponse", self.admin.list_legal_holds(asked).await)
    }

    /// Proposes to certify that no older copy of the store is left.
    pub async fn certify_copies_gone(&mut self, request_id: &str) -> Answer {
        let asked = pb::CertifyCopiesGoneRequest { request_id: request_id.to_owned() };
        answer("CertifyCopiesGoneResponse", self.admin.certify_copies_gone(asked).await)
    }

    /// WithdrawCopiesGone.
    pub async fn withdraw_copies_gone(&mut self, request_id: &str) -> Answer {
        let asked = pb::WithdrawCopiesGoneRequest { request_id: request_id.to_owned() };
        answer("WithdrawCopiesGoneResponse", self.admin.withdraw_copies_gone(asked).await)
    }

    /// How far a rewrapping has come.
    pub async fn rewrap_status(&mut self) -> Answer {
        answer("RewrapStatusResponse", self.admin.rewrap_status(pb::RewrapStatusRequest {}).await)
    }

    /// Pauses a rewrapping.
    pub async fn pause_rewrap(&mut self, request_id: &str) -> Answer {
        let asked = pb::PauseRewrapRequest { request_id: request_id.to_owned() };
        answer("PauseRewrapResponse", self.admin.pause_rewrap(asked).await)
    }

    /// Resumes a rewrapping.
    pub async fn resume_rewrap(&mut self, request_id: &str) -> Answer {
        let asked = pb::ResumeRewrapRequest { request_id: request_id.to_owned() };
        answer("ResumeRewrapResponse", self.admin.resume_rewrap(asked).await)
    }

    /// The policy in force where `fingerprint` is empty, or a kept one; with the texts of these files.
    pub async fn policy(&mut self, fingerprint: &str, file_names: &[String]) -> Answer {
        let (fingerprint, file_names) = (fingerprint.to_owned(), file_names.to_vec());
        let asked = pb::GetPolicyRequest { fingerprint, file_names };
        answer("GetPolicyResponse", self.admin.get_policy(asked).await)
    }

    /// Everything that is wrong with a set of files.
    pub async fn check_policy(&mut self, files: &FileSet) -> Answer {
        let asked = pb::CheckPolicyRequest { files: sent(files) };
        answer("CheckPolicyResponse", self.admin.check_policy(asked).await)
    }

    /// Proposes a set of files; an empty one is the kept policy of this fingerprint.
    pub async fn activate_policy(&mut self, request_id: &str, files: &FileSet, fingerprint: &str) -> Answer {
        let (request_id, fingerprint) = (request_id.to_owned(), fingerprint.to_owned());
        let asked = pb::ActivatePolicyRequest { request_id, files: sent(files), fingerprint };
        answer("ActivatePolicyResponse", self.admin.activate_policy(asked).await)
    }

    /// Sends a dead letter back to its queue.
    pub async fn replay_dead_letter(&mut self, request_id: &str, delivery_id: &str, reason: &str) -> Answer {
        let (request_id, delivery_id, reason) = (request_id.to_owned(), delivery_id.to_owned(), reason.to_owned());
        let asked = pb::ReplayDeadLetterRequest { request_id, delivery_id, reason };
        answer("ReplayDeadLetterResponse", self.admin.replay_dead_letter(asked).await)
    }

    /// The next certificate of one's own.
    pub async fn renew_certificate(&mut self, request_id: &str, request: &[u8]) -> Answer {
        let asked = pb::RenewCertificateRequest { request_id: request_id.to_owned(), request: request.to_vec() };
        answer("RenewCertificateResponse", self.identity.renew_certificate(asked).await)
    }
}

fn sent(files: &FileSet) -> Vec<pb::PolicyFile> {
    files.iter().map(|(name, text)| pb::PolicyFile { name: name.to_owned(), text: text.to_owned() }).collect()
}
