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

use crate::{broker::PageMessage, domain::history::Escalation};

/// What every hook has.
#[derive(Debug, Clone)]
pub struct Common {
    /// Its name.
    pub name: String,
    /// Queues whose units it reaches, by how their names begin; none: all of them.
    pub queues: Vec<String>,
    /// Whom of those above a late unit it reaches (R25); none: the units themselves.
    pub escalations: Vec<Escalation>,
    /// Councils, GSS, whose children's records it is for; none: all of them.
    pub councils: Vec<String>,
    /// Used only where others have failed.
    pub fallback: bool,
    /// The longest time that one attempt takes.
    pub timeout: Duration,
}

impl Common {
    /// Whether it reaches whom a page is for.
    fn reaches(&self, message: &PageMessage) -> bool {
        let of_the_unit = |prefix: &String| message.unit.as_str().starts_with(prefix.as_str());
        let for_whom = match message.escalated_to {
            None => self.escalations.is_empty(),
            Some(to) => self.escalations.contains(&to),
        };
        for_whom
            && (self.queues.is_empty() || self.queues.iter().any(of_the_unit))
            && (self.councils.is_empty() || self.councils.contains(&message.authority))
    }
}

/// What a hook sends, one line of JSON: class, queue and delivery, and whom to reach. Nothing of why, since when or how often.
fn body(message: &PageMessage) -> String {
    let body = json!({
        "class": message.class.code(),
        "queue": message.queue.as_str(),
        "delivery": message.page.delivery.to_string(),
        "to": to(message),
        "contact": message.contact,
    });
    format!("{body}\n")
}

/// Whom it is for: the unit, or who is above it.
fn to(message: &PageMessage) -> &'static str {
    message.escalated_to.map_or("unit", Escalation::code)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{code::Class, delivery::DeliveryId, paging::PageId, queue::QueueId};

    /// A hook for all that comes in.
    pub fn of_hook() -> Common {
        Common {
            name: "duty".into(),
            queues: Vec::new(),
            escalations: Vec::new(),
            councils: Vec::new(),
            fallback: false,
            timeout: Duration::from_secs(50),
        }
    }

    pub fn of_page(escalated_to: Option<Escalation>) -> PageMessage {
        let (record, at) = (Uuid::from_u128(7), "2026-11-21T12:00:00Z".parse().unwrap());
        let (queue, unit) = (QueueId::of("MASH", "E09000023"), QueueId::of("EDT", "E09000023"));
        let page = PageId { delivery: DeliveryId { record, leg: 2 }, number: 0 };
        let (why, authority, class) = ("R00".into(), "E09000023".into(), Class::P0);
        let contact = escalated_to.map_or_else(|| unit.to_string(), |_| "R25-7".into());
        PageMessage { page, class, queue, unit, why, escalated_to, contact, authority, since: at, at, attempt: 1 }
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|each| (*each).to_owned()).collect()
    }

    #[test]
    fn a_hook_reaches_the_queues_whose_names_begin_as_it_says_or_all() {
        let message = of_page(None);
        for (queues, reaches) in [
            (&[][..], true),
            (&["EDT."], true),
            (&["MPU.", "EDT.E09000023"], true),
            (&["MPU."], false),
            (&["EDT.E09000022"], false),
        ] {
            let common = Common { queues: words(queues), ..of_hook() };
            assert_eq!(common.reaches(&message), reaches, "{queues:?}");
        }
    }

    #[test]
    fn what_was_escalated_reaches_those_above_of_the_councils_named_and_nothing_else_does() {
        use Escalation::{BcuDuty, CouncilManager, QueueSupervisor};
        let unit = of_hook();
        let above = Common { escalations: vec![BcuDuty, CouncilManager], councils: words(&["E09000023"]), ..of_hook() };
        let other = Common { councils: words(&["E09000022"]), ..above.clone() };
        for (to, reached) in [
            (None, [true, false, false]),
            (Some(QueueSupervisor), [false, false, false]),
            (Some(BcuDuty), [false, true, false]),
            (Some(CouncilManager), [false, true, false]),
        ] {
            assert_eq!([&unit, &above, &other].map(|hook| hook.reaches(&of_page(to))), reached, "{to:?}");
        }
    }

    #[test]
    fn a_page_says_class_queue_and_delivery_and_whom_to_reach_and_nothing_else() {
        let delivery = "00000000-0000-0000-0000-000000000007.2";
        let said = |to: &str, contact: &str| {
            let words =
                json!({"class": "P0", "queue": "MASH.E09000023", "delivery": delivery, "to": to, "contact": contact});
            format!("{words}\n")
        };
        assert_eq!(body(&of_page(None)), said("unit", "EDT.E09000023"));
        assert_eq!(body(&of_page(Some(Escalation::CouncilManager))), said("council_manager", "R25-7"));
    }
}
