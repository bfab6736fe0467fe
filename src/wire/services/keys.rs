//! The calls of custodians of keys: list, rotate (also the key outside the store), destroy; how a rewrapping goes, pause and resume it.

use jiff::Timestamp;

use super::{
    Services,
    ask::{Ask, digest_of},
};
use crate::{
    broker::{
        EpochRow, Epochs, ErasedRow, Error, OuterKeys, OuterRow, OuterState, Progress, Request as Bound, Stage, Steer,
    },
    domain::{erasure::ErasureReason, grants::Action, identity::Peer},
    wire::{
        convert::{self, wire_time},
        pb,
        received::Received,
    },
};

impl Services {
    pub(super) async fn keys_listed(
        &self,
        peer: &Peer,
        _request: Received<pb::ListKeysRequest>,
    ) -> Result<pb::ListKeysResponse, Error> {
        let permit = self.office(peer, Action::ListKeys)?;
        let (keys, rewrap) = told(self.broker.epoch_keys(&permit).await?, self.broker.now());
        let (outer_keys, outer_rotation) = outer(self.broker.outer_keys(&permit).await?);
        let row = |ErasedRow { key, records, state }| {
            let state = convert::erasure_state(state).into();
            pb::ErasedRecords { key_id: key, records, state }
        };
        let erased = self.broker.erased(&permit).await?.into_iter().map(row).collect();
        Ok(pb::ListKeysResponse { keys, rewrap, outer_keys, outer_rotation, erased })
    }

    pub(super) async fn erasure_proposed(
        &self,
        peer: &Peer,
        request: Received<pb::EraseReferralRequest>,
    ) -> Result<pb::EraseReferralResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let record = ask.uuid("referral_id", &message.referral_id);
        let reason = ErasureReason::from_code(&message.reason);
        if reason.is_none() {
            let words: Vec<_> = ErasureReason::ALL.iter().map(|one| one.code()).collect();
            ask.wrong("reason", &format!("one of {}", words.join(", ")));
        }
        let reason = ask.done(reason)?.unwrap_or(ErasureReason::RetentionOver);
        let permit = self.office(peer, Action::EraseReferral)?;
        let proposal = self.broker.propose_erasure(&permit, bound, record, reason).await?;
        Ok(pb::EraseReferralResponse { proposal: Some(convert::proposal(&proposal)) })
    }

    pub(super) async fn copies_gone_proposed(
        &self,
        peer: &Peer,
        request: Received<pb::CertifyCopiesGoneRequest>,
    ) -> Result<pb::CertifyCopiesGoneResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        ask.done(())?;
        let permit = self.office(peer, Action::CertifyCopiesGone)?;
        let proposal = self.broker.propose_copies_gone(&permit, bound).await?;
        Ok(pb::CertifyCopiesGoneResponse { proposal: Some(convert::proposal(&proposal)) })
    }

    pub(super) async fn copies_gone_withdrawn(
        &self,
        peer: &Peer,
        request: Received<pb::WithdrawCopiesGoneRequest>,
    ) -> Result<pb::WithdrawCopiesGoneResponse, Error> {
        let bound = bound(&request.message.request_id, &request.raw)?;
        let permit = self.office(peer, Action::WithdrawCopiesGone)?;
        self.broker.withdraw_copies_gone(&permit, bound).await?;
        Ok(pb::WithdrawCopiesGoneResponse {})
    }

    pub(super) async fn key_rotated(
        &self,
        peer: &Peer,
        request: Received<pb::RotateKeyRequest>,
    ) -> Result<pb::RotateKeyResponse, Error> {
        let bound = bound(&request.message.request_id, &request.raw)?;
        let permit = self.office(peer, Action::RotateKey)?;
        Ok(pb::RotateKeyResponse { key_id: self.broker.rotate_key(&permit, bound).await? })
    }

    pub(super) async fn outer_key_rotated(
        &self,
        peer: &Peer,
        request: Received<pb::RotateOuterKeyRequest>,
    ) -> Result<pb::RotateOuterKeyResponse, Error> {
        let bound = bound(&request.message.request_id, &request.raw)?;
        let permit = self.office(peer, Action::RotateOuterKey)?;
        Ok(pb::RotateOuterKeyResponse { key_id: self.broker.rotate_outer_key(&permit, bound).await? })
    }

    pub(super) async fn destruction_proposed(
        &self,
        peer: &Peer,
        request: Received<pb::DestroyKeyRequest>,
    ) -> Result<pb::DestroyKeyResponse, Error> {
        let bound = bound(&request.message.request_id, &request.raw)?;
        let permit = self.office(peer, Action::DestroyKey)?;
        let proposal = self.broker.propose_destruction(&permit, bound, &request.message.key_id).await?;
        Ok(pb::DestroyKeyResponse { proposal: Some(convert::proposal(&proposal)) })
    }

    pub(super) async fn rewrap_told(
        &self,
        peer: &Peer,
        _request: Received<pb::RewrapStatusRequest>,
    ) -> Result<pb::RewrapStatusResponse, Error> {
        let permit = self.office(peer, Action::RewrapStatus)?;
        let (keys, rewrap) = told(self.broker.epoch_keys(&permit).await?, self.broker.now());
        Ok(pb::RewrapStatusResponse { rewrap, keys })
    }

    pub(super) async fn rewrap_paused(
        &self,
        peer: &Peer,
        request: Received<pb::PauseRewrapRequest>,
    ) -> Result<pb::PauseRewrapResponse, Error> {
        let bound = bound(&request.message.request_id, &request.raw)?;
        let rewrap = self.steered(peer, Action::PauseRewrap, bound, Steer::Pause).await?;
        Ok(pb::PauseRewrapResponse { rewrap })
    }

    pub(super) async fn rewrap_resumed(
        &self,
        peer: &Peer,
        request: Received<pb::ResumeRewrapRequest>,
    ) -> Result<pb::ResumeRewrapResponse, Error> {
        let bound = bound(&request.message.request_id, &request.raw)?;
        let rewrap = self.steered(peer, Action::ResumeRewrap, bound, Steer::Resume).await?;
        Ok(pb::ResumeRewrapResponse { rewrap })
    }

    async fn steered(
        &self,
        peer: &Peer,
        action: Action,
        bound: Bound,
        steer: Steer,
    ) -> Result<Option<pb::Rewrap>, Error> {
        let permit = self.office(peer, action)?;
        Ok(told(self.broker.steer_rewrap(&permit, bound, steer).await?, self.broker.now()).1)
    }
}

/// What makes a call happen once.
fn bound(request_id: &str, raw: &[u8]) -> Result<Bound, Error> {
    let mut ask = Ask::default();
    let bound = Bound { id: ask.uuid("request_id", request_id), digest: digest_of(raw) };
    ask.done(bound)
}

fn told(epochs: Epochs, now: Timestamp) -> (Vec<pb::EpochKey>, Option<pb::Rewrap>) {
    let left = epochs.left();
    let key = |row: EpochRow| pb::EpochKey {
        key_id: row.id,
        create_time: Some(wire_time(row.made)),
        current: row.current,
        records: row.records,
        scanned_records: row.proven,
    };
    let rewrap = epochs.progress.map(|progress| rewrap(&progress, left, now));
    (epochs.keys.into_iter().map(key).collect(), rewrap)
}

fn outer(keys: OuterKeys) -> (Vec<pb::OuterKey>, Option<pb::OuterRotation>) {
    let left = keys.left();
    let row = |row: OuterRow| pb::OuterKey {
        provider: row.provider().to_owned(),
        key_id: row.id,
        state: match row.state {
            OuterState::Current => pb::outer_key::State::Current,
            OuterState::Previous => pb::outer_key::State::Previous,
            OuterState::Gone => pb::outer_key::State::Gone,
        }
        .into(),
        wraps: row.wraps,
        create_time: Some(wire_time(row.since)),
        due_time: row.due.map(wire_time),
        uses: row.uses,
    };
    let rotation = keys.rotation.map(|rotation| pb::OuterRotation {
        key_id: rotation.to,
        create_time: Some(wire_time(rotation.started)),
        rewrapped: rotation.rewrapped,
        left,
        proven: rotation.proven,
        finish_time: rotation.finished.map(wire_time),
    });
    (keys.rows.into_iter().map(row).collect(), rotation)
}

fn rewrap(progress: &Progress, left: u64, now: Timestamp) -> pb::Rewrap {
    let state = match progress.stage() {
        Stage::Wrapping => pb::rewrap::State::Wrapping,
        Stage::Proving => pb::rewrap::State::Proving,
        Stage::Paused => pb::rewrap::State::Paused,
        Stage::Finished => pb::rewrap::State::Finished,
    };
    pb::Rewrap {
        create_time: Some(wire_time(progress.started)),
        examined: progress.examined,
        rewrapped: progress.rewrapped,
        finish_time: progress.finished.map(wire_time),
        state: state.into(),
        left,
        scanned: progress.proof.as_ref().map_or(0, |proof| proof.scanned),
        pause_time: progress.paused.map(wire_time),
        expected_time: progress.expected(left, now).map(wire_time),
    }
}
