//! The calls of custodians of keys: list, rotate, destroy.

use super::{
    Services,
    ask::{Ask, digest_of},
};
use crate::{
    broker::{Error, Request as Bound},
    domain::{grants::Action, identity::Peer},
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
        let (keys, progress) = self.broker.epoch_keys(&permit).await?;
        let key = |row: crate::broker::EpochRow| pb::EpochKey {
            key_id: row.id,
            create_time: Some(wire_time(row.made)),
            current: row.current,
            records: row.records,
        };
        let rewrap = progress.map(|progress| pb::Rewrap {
            create_time: Some(wire_time(progress.started)),
            examined: progress.examined,
            rewrapped: progress.rewrapped,
            finish_time: progress.finished.map(wire_time),
        });
        Ok(pb::ListKeysResponse { keys: keys.into_iter().map(key).collect(), rewrap })
    }

    pub(super) async fn key_rotated(
        &self,
        peer: &Peer,
        request: Received<pb::RotateKeyRequest>,
    ) -> Result<pb::RotateKeyResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        ask.done(())?;
        let permit = self.office(peer, Action::RotateKey)?;
        Ok(pb::RotateKeyResponse { key_id: self.broker.rotate_key(&permit, bound).await? })
    }

    pub(super) async fn destruction_proposed(
        &self,
        peer: &Peer,
        request: Received<pb::DestroyKeyRequest>,
    ) -> Result<pb::DestroyKeyResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        ask.done(())?;
        let permit = self.office(peer, Action::DestroyKey)?;
        let proposal = self.broker.propose_destruction(&permit, bound, &message.key_id).await?;
        Ok(pb::DestroyKeyResponse { proposal: Some(convert::proposal(&proposal)) })
    }
}
