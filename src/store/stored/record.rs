//! Records, list entries and events as bytes.

use jiff::Timestamp;
use prost::Message;
use uuid::Uuid;

use super::{damaged, moment, pb, time, uuid};
use crate::{
    domain::{carer_copy::CarerCopy, code::Class, decision::PromptKind, delivery::DeliveryId},
    store::{EventKind, Kept, Record, StoreError},
};

/// What stands in front of a record's sealed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Head {
    /// The record.
    pub record: Record,
    /// What its acceptance answered.
    pub kept: Option<Kept>,
}

/// The record, with its length in front, so that its sealed value can follow in the same value.
pub(in crate::store) fn encode_record(record: &Record, kept: Option<Kept>) -> Vec<u8> {
    pb::Record {
        organisation: record.organisation.clone(),
        received: Some(time(record.received)),
        class: record.class.code().to_owned(),
        linked_from: record.linked_from.map(|id| id.as_bytes().to_vec()),
        linked: record.linked.iter().map(|id| id.as_bytes().to_vec()).collect(),
        excluded: record.excluded.iter().map(|reference| reference.to_vec()).collect(),
        on_behalf_of: record.on_behalf_of.clone(),
        carer_copy: record.carer_copy.code().to_owned(),
        corrects: record.corrects.map(|id| id.as_bytes().to_vec()),
        kept: kept.map(|kept| pb::Acceptance {
            ledger_index: kept.ledger_index,
            answer: kept.answer,
            root: kept.root.to_vec(),
        }),
    }
    .encode_length_delimited_to_vec()
}

/// Reads the record in front of `bytes`; answers with what follows it. `None` inside when `bytes` end too early.
pub(in crate::store) fn decode_record(id: Uuid, bytes: &[u8]) -> Result<Option<(Head, &[u8])>, StoreError> {
    let mut rest = bytes;
    let length = prost::decode_length_delimiter(&mut rest).map_err(|_| damaged("the head", id))?;
    if rest.len() < length {
        return Ok(None);
    }
    let (head, sealed) = rest.split_at(length);
    let read = || {
        let record = pb::Record::decode(head).ok()?;
        let kept = match record.kept {
            None => None,
            Some(pb::Acceptance { ledger_index, answer, root }) => {
                Some(Kept { ledger_index, answer, root: root.try_into().ok()? })
            }
        };
        let record = Record {
            id,
            on_behalf_of: record.on_behalf_of,
            organisation: record.organisation,
            received: moment(record.received)?,
            class: Class::from_code(&record.class)?,
            linked_from: match record.linked_from {
                None => None,
                Some(bytes) => Some(uuid(&bytes)?),
            },
            corrects: match record.corrects {
                None => None,
                Some(bytes) => Some(uuid(&bytes)?),
            },
            linked: record.linked.iter().map(|bytes| uuid(bytes)).collect::<Option<_>>()?,
            carer_copy: CarerCopy::from_code(&record.carer_copy).unwrap_or(CarerCopy::Suppressed),
            excluded: record.excluded.into_iter().map(|bytes| bytes.try_into().ok()).collect::<Option<_>>()?,
        };
        Some(Head { record, kept })
    };
    read().map(|head| Some((head, sealed))).ok_or_else(|| damaged("the head", id))
}

/// A submission in its organisation's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Listed {
    /// The record.
    pub record: Uuid,
    /// When it was received.
    pub at: Timestamp,
}

impl Listed {
    /// To bytes.
    pub fn encode(&self) -> Vec<u8> {
        pb::Listed { record: self.record.as_bytes().to_vec(), at: Some(time(self.at)) }.encode_to_vec()
    }

    /// From bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let read = || {
            let listed = pb::Listed::decode(bytes).ok()?;
            Some(Self { record: uuid(&listed.record)?, at: moment(listed.at)? })
        };
        read().ok_or_else(|| StoreError::Damaged("a list entry cannot be read".into()))
    }
}

/// Something that happened to a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct StoredEvent {
    /// The record.
    pub record: Uuid,
    /// The leg; 0 where it happened to the record.
    pub leg: u16,
    /// When.
    pub at: Timestamp,
    /// What; never [`EventKind::Received`], which the list is.
    pub kind: EventKind,
    /// The prompt that it happened to; then the leg is 0.
    pub prompt: Option<PromptKind>,
}

impl StoredEvent {
    /// What happened to a leg.
    pub fn of(id: DeliveryId, at: Timestamp, kind: EventKind) -> Self {
        Self { record: id.record, leg: id.leg, at, kind, prompt: None }
    }

    /// The content of a record was erased.
    pub fn erased(record: Uuid, at: Timestamp) -> Self {
        Self { record, leg: 0, at, kind: EventKind::Erased, prompt: None }
    }

    /// What happened to a prompt of a record.
    pub fn of_prompt(record: Uuid, prompt: PromptKind, at: Timestamp, kind: EventKind) -> Self {
        Self { record, leg: 0, at, kind, prompt: Some(prompt) }
    }

    /// To bytes.
    pub fn encode(&self) -> Vec<u8> {
        let kind = match self.kind {
            EventKind::Received => pb::event::Kind::Unspecified,
            EventKind::Delivered => pb::event::Kind::Delivered,
            EventKind::Opened => pb::event::Kind::Opened,
            EventKind::Completed => pb::event::Kind::Completed,
            EventKind::Resolved => pb::event::Kind::Resolved,
            EventKind::Graded => pb::event::Kind::Graded,
            EventKind::Rejected => pb::event::Kind::Rejected,
            EventKind::Replayed => pb::event::Kind::Replayed,
            EventKind::Escalated => pb::event::Kind::Escalated,
            EventKind::Asked => pb::event::Kind::Asked,
            EventKind::Answered => pb::event::Kind::Answered,
            EventKind::Offered => pb::event::Kind::Offered,
            EventKind::Transferred => pb::event::Kind::Transferred,
            EventKind::NotTransferred => pb::event::Kind::NotTransferred,
            EventKind::Corrected => pb::event::Kind::Corrected,
            EventKind::Recalled => pb::event::Kind::Recalled,
            EventKind::Acknowledged => pb::event::Kind::Acknowledged,
            EventKind::Read => pb::event::Kind::Read,
            EventKind::Erased => pb::event::Kind::Erased,
            EventKind::PromptOwned => pb::event::Kind::PromptOwned,
            EventKind::PromptDone => pb::event::Kind::PromptDone,
            EventKind::PromptLate => pb::event::Kind::PromptLate,
        };
        pb::Event {
            record: self.record.as_bytes().to_vec(),
            leg: u32::from(self.leg),
            at: Some(time(self.at)),
            kind: kind.into(),
            prompt: self.prompt.map(|prompt| prompt.code().to_owned()),
        }
        .encode_to_vec()
    }

    /// From bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let read = || {
            let event = pb::Event::decode(bytes).ok()?;
            let kind = match event.kind() {
                pb::event::Kind::Unspecified => return None,
                pb::event::Kind::Delivered => EventKind::Delivered,
                pb::event::Kind::Opened => EventKind::Opened,
                pb::event::Kind::Completed => EventKind::Completed,
                pb::event::Kind::Resolved => EventKind::Resolved,
                pb::event::Kind::Graded => EventKind::Graded,
                pb::event::Kind::Rejected => EventKind::Rejected,
                pb::event::Kind::Replayed => EventKind::Replayed,
                pb::event::Kind::Escalated => EventKind::Escalated,
                pb::event::Kind::Asked => EventKind::Asked,
                pb::event::Kind::Answered => EventKind::Answered,
                pb::event::Kind::Offered => EventKind::Offered,
                pb::event::Kind::Transferred => EventKind::Transferred,
                pb::event::Kind::NotTransferred => EventKind::NotTransferred,
                pb::event::Kind::Corrected => EventKind::Corrected,
                pb::event::Kind::Recalled => EventKind::Recalled,
                pb::event::Kind::Acknowledged => EventKind::Acknowledged,
                pb::event::Kind::Read => EventKind::Read,
                pb::event::Kind::Erased => EventKind::Erased,
                pb::event::Kind::PromptOwned => EventKind::PromptOwned,
                pb::event::Kind::PromptDone => EventKind::PromptDone,
                pb::event::Kind::PromptLate => EventKind::PromptLate,
            };
            let leg = u16::try_from(event.leg).ok()?;
            let prompt = match &event.prompt {
                None => None,
                Some(code) => Some(PromptKind::from_code(code)?),
            };
            Some(Self { record: uuid(&event.record)?, leg, at: moment(event.at)?, kind, prompt })
        };
        read().ok_or_else(|| StoreError::Damaged("an event cannot be read".into()))
    }
}
