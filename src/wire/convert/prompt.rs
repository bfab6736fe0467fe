//! Prompts that are followed, for officers and for senders.

use jiff::Timestamp;
use uuid::Uuid;

use super::reader::wire_time;
use crate::{
    broker::{Prompted, SeenPrompt},
    domain::{
        delivery::Delivery,
        prompt::{PromptState, TrackedPrompt},
    },
    wire::pb,
};

/// A prompt as a queue has it; as it stands at `now`, where one is given.
pub fn prompted(found: &Prompted, now: Option<Timestamp>) -> pb::TrackedPrompt {
    pb::TrackedPrompt {
        queues: found.queues.iter().map(ToString::to_string).collect(),
        delivery_id: found.delivery.to_string(),
        class: found.class.code().to_owned(),
        ..tracked((found.delivery.record, &found.prompt), now)
    }
}

/// A prompt as the header of a delivery shows it.
pub(super) fn of_delivery(found: &Delivery, prompt: &TrackedPrompt, now: Option<Timestamp>) -> pb::TrackedPrompt {
    pb::TrackedPrompt {
        delivery_id: found.id.to_string(),
        class: found.class().code().to_owned(),
        ..tracked((found.id.record, prompt), now)
    }
}

fn tracked((record, prompt): (Uuid, &TrackedPrompt), now: Option<Timestamp>) -> pb::TrackedPrompt {
    pb::TrackedPrompt {
        referral_id: record.hyphenated().to_string(),
        kind: prompt.kind.code().to_owned(),
        rule: prompt.rule.clone(),
        due_time: Some(wire_time(prompt.due)),
        state: state(prompt.state(now)).into(),
        late_time: prompt.late.map(wire_time),
        owner: prompt.owner.as_ref().map(|owner| pb::PromptOwner {
            queue: owner.queue.to_string(),
            role: owner.role.map(|role| role.code().to_owned()).unwrap_or_default(),
            named_time: Some(wire_time(owner.at)),
            by: owner.by.clone(),
        }),
        end: prompt.end.as_ref().map(|end| pb::PromptEnd {
            end_time: Some(wire_time(end.at)),
            outcome: end.outcome.code().to_owned(),
            reason_code: end.reason.map(|reason| reason.code().to_owned()).unwrap_or_default(),
            by: end.by.clone(),
            wording: end.wording(),
        }),
        version: prompt.version,
        queues: Vec::new(),
        delivery_id: String::new(),
        class: String::new(),
    }
}

/// A prompt as its sender sees it: who will do it and that it ended, in the words meant for senders; never who said so.
pub(super) fn seen(found: &SeenPrompt) -> pb::TrackedPrompt {
    let mut shown = tracked((found.record, &found.prompt), None);
    shown.state = state(found.state).into();
    shown.version = 0;
    shown.owner.iter_mut().for_each(|owner| owner.by.clear());
    if let Some(end) = &mut shown.end {
        [&mut end.outcome, &mut end.reason_code, &mut end.by].into_iter().for_each(|word| word.clear());
    }
    shown
}

fn state(state: PromptState) -> pb::PromptState {
    match state {
        PromptState::Open => pb::PromptState::Open,
        PromptState::Overdue => pb::PromptState::Overdue,
        PromptState::Ended => pb::PromptState::Ended,
    }
}
