//! AdminService: legal holds.

use uuid::Uuid;

use super::{
    Services,
    ask::{Ask, digest_of},
};
use crate::{
    broker::{Error, Request as Bound},
    domain::{
        erasure::{LegalHold, LegalHoldReason},
        grants::Action,
        identity::Peer,
    },
    wire::{
        convert::{self, wire_time},
        pb,
        received::Received,
    },
};

/// The longest reference of a hold, in characters.
const LONGEST_REFERENCE: usize = 64;

impl Services {
    pub(super) async fn hold_placed(
        &self,
        peer: &Peer,
        request: Received<pb::PlaceLegalHoldRequest>,
    ) -> Result<pb::PlaceLegalHoldResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let record = ask.uuid("referral_id", &message.referral_id);
        let reason = LegalHoldReason::from_code(&message.reason);
        if reason.is_none() {
            let words: Vec<_> = LegalHoldReason::ALL.iter().map(|one| one.code()).collect();
            ask.wrong("reason", &format!("one of {}", words.join(", ")));
        }
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-./_".contains(letter);
        if !(1..=LONGEST_REFERENCE).contains(&message.reference.len()) || !message.reference.chars().all(plain) {
            ask.wrong("reference", "give the reference of whoever asks for it: 1 to 64 letters, digits and -./_");
        }
        let reason = ask.done(reason)?.unwrap_or(LegalHoldReason::Inquiry);
        let permit = self.office(peer, Action::PlaceLegalHold)?;
        let hold = self.broker.place_hold(&permit, bound, record, (reason, message.reference)).await?;
        Ok(pb::PlaceLegalHoldResponse { hold: Some(wire_hold(record, &hold)) })
    }

    pub(super) async fn release_proposed(
        &self,
        peer: &Peer,
        request: Received<pb::ReleaseLegalHoldRequest>,
    ) -> Result<pb::ReleaseLegalHoldResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let record = ask.uuid("referral_id", &message.referral_id);
        let hold = ask.uuid("hold_id", &message.hold_id);
        ask.done(())?;
        let permit = self.office(peer, Action::ReleaseLegalHold)?;
        let proposal = self.broker.propose_release(&permit, bound, (record, hold)).await?;
        Ok(pb::ReleaseLegalHoldResponse { proposal: Some(convert::proposal(&proposal)) })
    }

    pub(super) async fn holds_listed(
        &self,
        peer: &Peer,
        request: Received<pb::ListLegalHoldsRequest>,
    ) -> Result<pb::ListLegalHoldsResponse, Error> {
        let asked = request.message;
        let mut ask = Ask::default();
        let limit = ask.page_size(asked.page_size);
        let limit = ask.done(limit)?;
        let permit = self.office(peer, Action::ListLegalHolds)?;
        let (found, next) = self.broker.holds(&permit, &asked.page_token, limit).await?;
        let holds = found.iter().map(|one| wire_hold(one.record, &one.hold)).collect();
        Ok(pb::ListLegalHoldsResponse { holds, next_page_token: next.unwrap_or_default() })
    }
}

fn wire_hold(record: Uuid, hold: &LegalHold) -> pb::LegalHold {
    pb::LegalHold {
        hold_id: hold.id.to_string(),
        referral_id: record.to_string(),
        reason: hold.reason.code().to_owned(),
        reference: hold.reference.clone(),
        placed_by: hold.by.clone(),
        placed_time: Some(wire_time(hold.at)),
    }
}
