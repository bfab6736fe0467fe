//! AuditService: the ledger, its checkpoints and its proofs.

use tonic::{Request, Response, Status, async_trait};

use super::{Services, ask::Ask};
use crate::{
    broker::{Error, LedgerProof},
    domain::{grants::Action, identity::Peer},
    wire::{convert::ledger_entry, pb, received::Received, server::audit_service_server::AuditService},
};

#[async_trait]
impl AuditService for Services {
    async fn list_entries(
        &self,
        request: Request<Received<pb::ListEntriesRequest>>,
    ) -> Result<Response<pb::ListEntriesResponse>, Status> {
        let action = Action::ListEntries;
        let peer = self.admit(&request, action)?;
        let page = self.entries(&peer, &request.into_inner().message).await;
        Ok(Response::new(page.map_err(|error| self.refuse(&peer, action, error))?))
    }

    async fn get_checkpoint(
        &self,
        request: Request<Received<pb::GetCheckpointRequest>>,
    ) -> Result<Response<pb::GetCheckpointResponse>, Status> {
        let action = Action::GetCheckpoint;
        let peer = self.admit(&request, action)?;
        let signed = match self.office(&peer, action) {
            Ok(permit) => self.broker.checkpoint(&permit).await,
            Err(error) => Err(error),
        };
        let (checkpoint, verifier_key) = signed.map_err(|error| self.refuse(&peer, action, error))?;
        Ok(Response::new(pb::GetCheckpointResponse { checkpoint, verifier_key }))
    }

    async fn prove_inclusion(
        &self,
        request: Request<Received<pb::ProveInclusionRequest>>,
    ) -> Result<Response<pb::ProveInclusionResponse>, Status> {
        let action = Action::ProveInclusion;
        let peer = self.admit(&request, action)?;
        let asked = request.into_inner().message;
        let proven = match self.office(&peer, action) {
            Ok(permit) => self.broker.prove_inclusion(&permit, asked.index, some(asked.tree_size)).await,
            Err(error) => Err(error),
        };
        let LedgerProof { path, checkpoint } = proven.map_err(|error| self.refuse(&peer, action, error))?;
        Ok(Response::new(pb::ProveInclusionResponse { hashes: hashes(&path), checkpoint }))
    }

    async fn prove_consistency(
        &self,
        request: Request<Received<pb::ProveConsistencyRequest>>,
    ) -> Result<Response<pb::ProveConsistencyResponse>, Status> {
        let action = Action::ProveConsistency;
        let peer = self.admit(&request, action)?;
        let proven = self.consistent(&peer, request.into_inner().message).await;
        let LedgerProof { path, checkpoint } = proven.map_err(|error| self.refuse(&peer, action, error))?;
        Ok(Response::new(pb::ProveConsistencyResponse { hashes: hashes(&path), checkpoint }))
    }

    async fn prove_referral(
        &self,
        request: Request<Received<pb::ProveReferralRequest>>,
    ) -> Result<Response<pb::ProveReferralResponse>, Status> {
        let action = Action::ProveReferral;
        let peer = self.admit(&request, action)?;
        let proven = self.filed(&peer, &request.into_inner().message).await;
        Ok(Response::new(proven.map_err(|error| self.refuse(&peer, action, error))?))
    }
}

impl Services {
    async fn entries(&self, peer: &Peer, message: &pb::ListEntriesRequest) -> Result<pb::ListEntriesResponse, Error> {
        let permit = self.office(peer, Action::ListEntries)?;
        let mut ask = Ask::default();
        let limit = ask.page_size(message.page_size);
        let from = ask.number_token("page_token", &message.page_token, 0);
        let (limit, from) = ask.done((limit, from))?;
        let (found, next) = self.broker.ledger_entries(&permit, from, limit).await?;
        Ok(pb::ListEntriesResponse {
            entries: found.into_iter().map(ledger_entry).collect(),
            next_page_token: next.map_or_else(String::new, |next| next.to_string()),
        })
    }

    async fn consistent(&self, peer: &Peer, message: pb::ProveConsistencyRequest) -> Result<LedgerProof, Error> {
        let permit = self.office(peer, Action::ProveConsistency)?;
        let mut ask = Ask::default();
        if message.first_size == 0 {
            ask.wrong("first_size", "give the number of entries of the checkpoint that you kept: its second line");
        }
        if message.second_size != 0 && message.second_size < message.first_size {
            ask.wrong("second_size", "give 0, or a number of entries not below first_size");
        }
        ask.done(())?;
        self.broker.prove_consistency(&permit, message.first_size, some(message.second_size)).await
    }

    async fn filed(&self, peer: &Peer, message: &pb::ProveReferralRequest) -> Result<pb::ProveReferralResponse, Error> {
        let permit = self.reader(peer, Action::ProveReferral)?;
        let mut ask = Ask::default();
        let id = ask.uuid("referral_id", &message.referral_id);
        let id = ask.done(id)?;
        let filed = match message.erasure {
            true => self.broker.prove_erasure(&permit, id).await?,
            false => self.broker.prove_referral(&permit, id).await?,
        };
        Ok(pb::ProveReferralResponse {
            receipt_file: filed.text,
            verifier_key: filed.verifier_key,
            reporter_name: filed.reporter.reveal().to_owned(),
        })
    }
}

/// A size; 0 stands for all there is.
fn some(size: u64) -> Option<u64> {
    (size != 0).then_some(size)
}

fn hashes(path: &[[u8; 32]]) -> Vec<Vec<u8>> {
    path.iter().map(|hash| hash.to_vec()).collect()
}
