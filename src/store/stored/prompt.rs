//! Prompts that are followed as messages and back.

use prost::Message;

use super::{maybe, moment, pb, time, uuid};
use crate::{
    domain::{
        code::Class,
        decision::PromptKind,
        delivery::DeliveryId,
        identity::Role,
        outcome::NoActionReason,
        prompt::{PromptEnd, PromptOutcome, PromptOwner, TrackedPrompt},
        queue::QueueId,
    },
    store::{Prompted, StoreError},
};

/// To its message.
pub(super) fn put(prompt: &TrackedPrompt) -> pb::Tracked {
    pb::Tracked {
        kind: prompt.kind.code().to_owned(),
        rule: prompt.rule.clone(),
        due: Some(time(prompt.due)),
        late: prompt.late.map(time),
        owner: prompt.owner.as_ref().map(|owner| pb::PromptOwner {
            queue: owner.queue.as_str().to_owned(),
            role: owner.role.map(|role| role.code().to_owned()),
            at: Some(time(owner.at)),
            by: owner.by.clone(),
        }),
        end: prompt.end.as_ref().map(|end| pb::PromptEnd {
            at: Some(time(end.at)),
            by: end.by.clone(),
            outcome: end.outcome.code().to_owned(),
            reason: end.reason.map(|reason| reason.code().to_owned()),
        }),
        version: prompt.version,
    }
}

/// From its message.
pub(super) fn take(from: pb::Tracked) -> Option<TrackedPrompt> {
    let owner = match from.owner {
        None => None,
        Some(owner) => Some(take_owner(owner)?),
    };
    let end = match from.end {
        None => None,
        Some(end) => Some(take_end(end)?),
    };
    Some(TrackedPrompt {
        kind: PromptKind::from_code(&from.kind)?,
        rule: from.rule,
        due: moment(from.due)?,
        late: maybe(from.late)?,
        owner,
        end,
        version: from.version,
    })
}

fn take_owner(from: pb::PromptOwner) -> Option<PromptOwner> {
    let role = match from.role {
        None => None,
        Some(code) => Some(Role::from_code(&code)?),
    };
    Some(PromptOwner { queue: QueueId::parse(&from.queue)?, role, at: moment(from.at)?, by: from.by })
}

fn take_end(from: pb::PromptEnd) -> Option<PromptEnd> {
    let reason = match from.reason {
        None => None,
        Some(code) => Some(NoActionReason::from_code(&code)?),
    };
    let outcome = PromptOutcome::from_code(&from.outcome)?;
    Some(PromptEnd { at: moment(from.at)?, by: from.by, outcome, reason })
}

impl Prompted {
    /// What whoever marked it is answered again.
    pub(in crate::store) fn encode(&self) -> Vec<u8> {
        pb::Marked {
            prompt: Some(put(&self.prompt)),
            record: self.delivery.record.as_bytes().to_vec(),
            queues: self.queues.iter().map(|queue| queue.as_str().to_owned()).collect(),
            leg: u32::from(self.delivery.leg),
            class: self.class.code().to_owned(),
        }
        .encode_to_vec()
    }

    /// Reads that.
    pub(in crate::store) fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let read = || {
            let marked = pb::Marked::decode(bytes).ok()?;
            Some(Self {
                prompt: take(marked.prompt?)?,
                queues: marked.queues.iter().map(|name| QueueId::parse(name)).collect::<Option<_>>()?,
                delivery: DeliveryId { record: uuid(&marked.record)?, leg: u16::try_from(marked.leg).ok()? },
                class: Class::from_code(&marked.class)?,
            })
        };
        read().ok_or_else(|| StoreError::Damaged("a kept answer about a prompt cannot be read".into()))
    }
}
