//! Prompts that are followed: listed by queue, marked by version.

use super::{
    Services,
    ask::{Ask, digest_of},
};
use crate::{
    broker::{Error, Marked, PromptSide, Request as Bound, Says},
    domain::{
        decision::PromptKind,
        grants::{Action, works_on_queues},
        identity::{Peer, Role},
        outcome::NoActionReason,
        prompt::PromptOutcome,
        queue::QueueId,
    },
    wire::{convert, pb, received::Received},
};

impl Services {
    pub(super) async fn prompts(
        &self,
        peer: &Peer,
        asked: &pb::ListPromptsRequest,
    ) -> Result<pb::ListPromptsResponse, Error> {
        let mut ask = Ask::default();
        let limit = ask.page_size(asked.page_size);
        let after = ask.bytes_token(&asked.page_token);
        let permit = self.serving(peer, Action::ListPrompts, &asked.queue, &mut ask);
        let (limit, after) = ask.done((limit, after))?;
        let permit = permit?;
        let side = if asked.ended { PromptSide::Ended } else { PromptSide::Open };
        let page = self.broker.prompts(&permit, side, after, limit).await?;
        let now = Some(self.broker.now());
        Ok(pb::ListPromptsResponse {
            prompts: page.prompts.iter().map(|(_, found)| convert::prompted(found, now)).collect(),
            next_page_token: page.next.map_or_else(String::new, hex::encode),
        })
    }

    pub(super) async fn prompt_marked(
        &self,
        peer: &Peer,
        request: Received<pb::MarkPromptRequest>,
    ) -> Result<pb::MarkPromptResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let permit = self.serving(peer, Action::MarkPrompt, &message.queue, &mut ask);
        let record = ask.uuid("referral_id", &message.referral_id);
        let kind = PromptKind::from_code(&message.kind);
        if kind.is_none() {
            ask.wrong("kind", "give the kind of the prompt as ListPrompts gave it, such as STRATEGY");
        }
        if message.version == 0 {
            ask.wrong("version", "give the version of the prompt as ListPrompts gave it");
        }
        let says = says(&mut ask, kind, &message);
        ask.done(())?;
        let (Some(kind), Some(says)) = (kind, says) else { return Err(Error::NotFound) };
        let marked = Marked { record, kind, version: message.version, says };
        let found = self.broker.mark_prompt(&permit?, bound, marked).await?;
        Ok(pb::MarkPromptResponse { prompt: Some(convert::prompted(&found, None)) })
    }
}

/// Who will do it, or how it ended: one of them.
fn says(ask: &mut Ask, kind: Option<PromptKind>, message: &pb::MarkPromptRequest) -> Option<Says> {
    let owned = !message.owner_queue.is_empty() || !message.owner_role.is_empty();
    let ended = !message.outcome.is_empty() || !message.reason_code.is_empty();
    if owned == ended {
        for field in ["owner_queue", "outcome"] {
            ask.wrong(field, "say either who will do it (owner_queue) or how it ended (outcome)");
        }
        return None;
    }
    if owned { owner(ask, message) } else { end(ask, kind, message) }
}

fn owner(ask: &mut Ask, message: &pb::MarkPromptRequest) -> Option<Says> {
    let queue = QueueId::parse(&message.owner_queue);
    if queue.is_none() {
        ask.wrong("owner_queue", "name one of the queues that have this prompt, as ListPrompts names them");
    }
    let role = Role::from_code(&message.owner_role).filter(|role| works_on_queues(*role));
    if role.is_none() && !message.owner_role.is_empty() {
        let roles: Vec<&str> =
            Role::ALL.iter().filter(|role| works_on_queues(**role)).map(|role| role.code()).collect();
        ask.wrong("owner_role", &format!("leave it empty, or choose one of {}", roles.join(", ")));
    }
    queue.map(|queue| Says::Owner(queue, role))
}

fn end(ask: &mut Ask, kind: Option<PromptKind>, message: &pb::MarkPromptRequest) -> Option<Says> {
    let allowed = PromptOutcome::of(kind?);
    let outcome = PromptOutcome::from_code(&message.outcome).filter(|outcome| allowed.contains(outcome));
    let Some(outcome) = outcome else {
        ask.wrong("outcome", &format!("choose one of {}", allowed.map(PromptOutcome::code).join(", ")));
        return None;
    };
    let reason = NoActionReason::from_code(&message.reason_code);
    if outcome.needs_reason() && reason.is_none() {
        let codes: Vec<&str> = NoActionReason::ALL.iter().map(|reason| reason.code()).collect();
        ask.wrong("reason_code", &format!("choose one of {}", codes.join(", ")));
    }
    if !outcome.needs_reason() && !message.reason_code.is_empty() {
        ask.wrong("reason_code", "leave it empty: only what was not done has a reason");
    }
    Some(Says::End(outcome, reason))
}
