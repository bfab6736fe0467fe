//! The calls of policy administrators: get, check, activate.

use super::{
    Services,
    ask::{Ask, digest_of},
};
use crate::{
    broker::{Error, Request as Bound},
    domain::{grants::Action, identity::Peer},
    wire::{convert, pb, received::Received},
};

impl Services {
    pub(super) async fn policy_given(
        &self,
        peer: &Peer,
        request: Received<pb::GetPolicyRequest>,
    ) -> Result<pb::GetPolicyResponse, Error> {
        let asked = request.message;
        let mut ask = Ask::default();
        let fingerprint = (!asked.fingerprint.is_empty()).then(|| ask.fingerprint(&asked.fingerprint));
        ask.done(())?;
        let permit = self.office(peer, Action::GetPolicy)?;
        let kept = self.broker.policy(&permit, fingerprint).await?;
        let mut ask = Ask::default();
        for (name, number) in asked.file_names.iter().zip(0..) {
            if !kept.files.iter().any(|(known, _)| known == name) {
                ask.wrong(&format!("file_names[{number}]"), "the policy has no file of this name");
            }
        }
        ask.done(())?;
        let activations = kept.activations.iter().map(convert::activation).collect();
        Ok(pb::GetPolicyResponse { policy: Some(convert::kept_policy(&kept, &asked.file_names)), activations })
    }

    pub(super) async fn policy_checked(
        &self,
        peer: &Peer,
        request: Received<pb::CheckPolicyRequest>,
    ) -> Result<pb::CheckPolicyResponse, Error> {
        let permit = self.office(peer, Action::CheckPolicy)?;
        let checked = self.broker.check_policy(&permit, texts(request.message.files)).await?;
        Ok(convert::checked_policy(&checked))
    }

    pub(super) async fn policy_proposed(
        &self,
        peer: &Peer,
        request: Received<pb::ActivatePolicyRequest>,
    ) -> Result<pb::ActivatePolicyResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let fingerprint = ask.fingerprint(&message.fingerprint);
        ask.done(())?;
        let permit = self.office(peer, Action::ActivatePolicy)?;
        let proposal = self.broker.propose_policy(&permit, bound, texts(message.files), fingerprint).await?;
        Ok(pb::ActivatePolicyResponse { proposal: Some(convert::proposal(&proposal)) })
    }
}

fn texts(files: Vec<pb::PolicyFile>) -> Vec<(String, String)> {
    files.into_iter().map(|file| (file.name, file.text)).collect()
}
