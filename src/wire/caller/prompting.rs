//! The client's side of prompts that are followed.

use super::{Answer, Caller, answer};
use crate::wire::pb;

/// A mark, as it was typed.
#[derive(Debug, Clone)]
pub struct Marking {
    /// Queue.
    pub queue: String,
    /// Id of the record.
    pub referral: String,
    /// Kind of the prompt.
    pub kind: String,
    /// Version that was seen.
    pub version: u32,
    /// Queue of who will do it; empty where it ended.
    pub owner: String,
    /// Their role; may be empty.
    pub role: String,
    /// How it ended; empty where somebody will do it.
    pub outcome: String,
    /// Why it was not done; may be empty.
    pub reason: String,
}

impl Caller {
    /// A page of the prompts of a queue.
    pub async fn prompts(&mut self, queue: &str, ended: bool, page_size: i32, page_token: &str) -> Answer {
        let (queue, page_token) = (queue.to_owned(), page_token.to_owned());
        let request = pb::ListPromptsRequest { queue, page_size, page_token, ended };
        answer("ListPromptsResponse", self.queues.list_prompts(request).await)
    }

    /// Marks a prompt.
    pub async fn mark_prompt(&mut self, request_id: &str, marking: Marking) -> Answer {
        let request = pb::MarkPromptRequest {
            request_id: request_id.to_owned(),
            queue: marking.queue,
            referral_id: marking.referral,
            kind: marking.kind,
            version: marking.version,
            owner_queue: marking.owner,
            owner_role: marking.role,
            outcome: marking.outcome,
            reason_code: marking.reason,
        };
        answer("MarkPromptResponse", self.queues.mark_prompt(request).await)
    }
}
