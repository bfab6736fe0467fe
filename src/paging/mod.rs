//! Floor 5: how a page leaves the house. Every hook is told the same few words, in bounded time, and answers delivered or not.

mod command;
mod https;
mod mail;
mod trust;

pub use command::Command;
pub use https::{Https, HttpsError, Place};
pub use mail::{Mail, MailAddress, MailError, MailTls, Server};
pub use trust::{Trust, TrustError};

use std::time::Duration;

use serde_json::json;

use crate::{broker::PageMessage, domain::queue::QueueId};

/// What every hook has.
#[derive(Debug, Clone)]
pub struct Common {
    /// Its name.
    pub name: String,
    /// Queues whose units it reaches, by how their names begin; none: all of them.
    pub queues: Vec<String>,
    /// Used only where others have failed.
    pub fallback: bool,
    /// The longest time that one attempt takes.
    pub timeout: Duration,
}

impl Common {
    /// Whether it reaches the unit behind a queue.
    fn reaches(&self, unit: &QueueId) -> bool {
        self.queues.is_empty() || self.queues.iter().any(|prefix| unit.as_str().starts_with(prefix))
    }
}

/// What a hook sends: one line of JSON.
fn body(message: &PageMessage) -> String {
    let mut body = json!({
        "page": message.page.to_string(),
        "delivery": message.page.delivery.to_string(),
        "queue": message.queue.as_str(),
        "unit": message.unit.as_str(),
        "class": message.class.code(),
        "why": message.why,
        "since": message.since.to_string(),
        "time": message.at.to_string(),
        "attempt": message.attempt,
    });
    if let Some(to) = message.escalated_to {
        body["escalated_to"] = to.code().into();
    }
    format!("{body}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_reaches_the_queues_whose_names_begin_as_it_says_or_all() {
        let common = |queues: &[&str]| Common {
            name: "duty".into(),
            queues: queues.iter().map(|each| (*each).to_owned()).collect(),
            fallback: false,
            timeout: Duration::from_secs(1),
        };
        let unit = QueueId::of("EDT", "E09000023");
        for (queues, reaches) in [
            (&[][..], true),
            (&["EDT."], true),
            (&["MPU.", "EDT.E09000023"], true),
            (&["MPU."], false),
            (&["EDT.E09000022"], false),
        ] {
            assert_eq!(common(queues).reaches(&unit), reaches, "{queues:?}");
        }
    }
}
