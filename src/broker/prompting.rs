//! Prompts that are followed (R04, R06, R12): listed by the queues whose deliveries show them, marked by whoever works there, under no
//! lease, since a prompt outlives the delivery that brought it, and told of once when they are late.

use std::collections::BTreeSet;

use jiff::Timestamp;
use uuid::Uuid;

use super::{Broker, Error, Request, feedback::MOST_LOOKS};
use crate::{
    domain::{
        decision::PromptKind,
        delivery::Delivery,
        grants::QueuePermit,
        identity::Role,
        outcome::NoActionReason,
        prompt::{PromptEnd, PromptOutcome, PromptOwner, PromptState, TrackedPrompt},
        queue::QueueId,
        violation::{Violation, Violations},
    },
    ledger::Verb,
    store::{Mark, Marking, PromptPage, PromptSide, Prompted, StoreError, Stored},
};

/// What an officer says of a prompt.
#[derive(Debug, Clone)]
pub struct Marked {
    /// The record.
    pub record: Uuid,
    /// Which of its prompts.
    pub kind: PromptKind,
    /// The version that they saw.
    pub version: u32,
    /// What they say.
    pub says: Says,
}

/// That somebody will do it, or how it ended.
#[derive(Debug, Clone)]
pub enum Says {
    /// A unit that has the prompt, and what they are there.
    Owner(QueueId, Option<Role>),
    /// How it ended, and why where it was not done.
    End(PromptOutcome, Option<NoActionReason>),
}

/// A prompt as its sender sees it.
#[derive(Debug, Clone)]
pub struct SeenPrompt {
    /// The record: the referral's own, or a linked child's.
    pub record: Uuid,
    /// The prompt.
    pub prompt: TrackedPrompt,
    /// How it stands.
    pub state: PromptState,
}

impl Broker {
    /// A page of the prompts of a queue. What the reader may not know of is left out, and no page tells that there is any (D08).
    pub async fn prompts(
        &self,
        permit: &QueuePermit,
        side: PromptSide,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<PromptPage, Error> {
        let (mut prompts, mut from, mut next) = (Vec::new(), after, None);
        for _ in 0..MOST_LOOKS {
            let room = limit.saturating_sub(prompts.len());
            let page = self.store.prompts(permit.queue(), side, from, room.max(1)).await?;
            let mut seen = page.prompts.into_iter().filter(|(record, _)| !self.is_kept_from(record, permit));
            if room > 0 {
                prompts.extend(seen);
                next.clone_from(&page.next);
            } else if seen.next().is_some() {
                return Ok(PromptPage { prompts, next });
            }
            from = page.next;
            if from.is_none() {
                return Ok(PromptPage { prompts, next: None });
            }
        }
        Ok(PromptPage { prompts, next })
    }

    /// Marks a prompt for every unit that has it.
    pub async fn mark_prompt(&self, permit: &QueuePermit, request: Request, marked: Marked) -> Result<Prompted, Error> {
        let now = self.now();
        let Marked { record, kind, version, says } = marked;
        let stored = self.store.find(record).await?.ok_or(Error::NotFound)?;
        let once = self.once_with_record(permit, request);
        if self.store.answered(&once).await?.is_none() {
            if self.is_kept_from(&stored.record, permit) {
                return Err(Error::NotFound);
            }
            is_one_of_theirs(&stored, kind, permit.queue(), &says)?;
        }
        let mut entry = self.officer_entry(permit, Verb::Alteration, "MARK_PROMPT", now);
        entry.record = Some(record);
        entry.details.push(format!("prompt={kind}"));
        let by = permit.identity().as_str().to_owned();
        let mark = match says {
            Says::Owner(queue, role) => {
                entry.details.push(format!("owner={queue}"));
                entry.details.extend(role.map(|role| format!("owner_role={role}")));
                Mark::Owner(PromptOwner { queue, role, at: now, by })
            }
            Says::End(outcome, reason) => {
                entry.details.push(format!("outcome={outcome}"));
                entry.details.extend(reason.map(|reason| format!("reason={reason}")));
                Mark::End(PromptEnd { at: now, by, outcome, reason })
            }
        };
        let marking = Marking { record, kind, queue: permit.queue().clone(), version, mark };
        self.store.mark_prompt(once, marking, entry).await.map_err(|error| match error {
            StoreError::WrongState => Error::Precondition {
                reason: "PROMPT_ENDED",
                advice: "it has ended already; ListPrompts with `ended` says how, and who said so",
            },
            other => other.into(),
        })
    }

    /// Tells of every prompt that is late at `now`, each once. Returns how many there were.
    pub(super) async fn tell_late_prompts(&self, now: Timestamp) -> Result<u64, Error> {
        Ok(self.store.tell_late_prompts(now).await?)
    }

    /// The prompts of a record as its sender sees them.
    pub(super) fn seen_prompts(&self, stored: &Stored) -> Vec<SeenPrompt> {
        stored.prompts.iter().map(|prompt| self.seen_prompt(stored.record.id, prompt)).collect()
    }

    /// One of them.
    pub(super) fn seen_prompt(&self, record: Uuid, prompt: &TrackedPrompt) -> SeenPrompt {
        SeenPrompt { record, state: prompt.state(Some(self.now())), prompt: prompt.clone() }
    }
}

/// Whoever will do it works where the prompt is known.
fn is_one_of_theirs(stored: &Stored, kind: PromptKind, own: &QueueId, says: &Says) -> Result<(), Error> {
    let Says::Owner(queue, _) = says else { return Ok(()) };
    let follows = stored.deliveries.iter().filter(|delivery| delivery.follows(kind));
    let queues: BTreeSet<&QueueId> = follows.map(|delivery: &Delivery| &delivery.header.queue).collect();
    if !queues.contains(own) || (queues.contains(queue) && *queue != QueueId::hold()) {
        return Ok(());
    }
    let advice = "name one of the queues that have this prompt, as ListPrompts names them";
    Err(Error::Invalid(Violations(vec![Violation::new("owner_queue", advice)])))
}
