//! Units by the names that people call them by: to be chosen from while somebody types, and to be named where something went.

use maud::{Markup, html};

use super::calls::Visit;
use crate::domain::{policy::Policy, queue::QueueId};

/// A queue as people call it: `Lewisham (MASH)`. Where its place is in no directory, its code alone.
fn called(policy: &Policy, queue: &QueueId) -> String {
    let (directory, code) = (&policy.directory, queue.suffix());
    let authority = directory.authorities.iter().find(|one| one.gss == code).map(|one| &one.name);
    let bcu = || directory.bcus.iter().find(|one| one.code == code).map(|one| &one.name);
    let force = || directory.forces.iter().find(|one| one.code == code).map(|one| &one.name);
    match authority.or_else(bcu).or_else(force) {
        Some(name) => format!("{name} ({})", queue.kind()),
        None => queue.to_string(),
    }
}

impl Visit {
    /// Every queue there is today, with what it is called.
    fn known_places(&self) -> Vec<(QueueId, String)> {
        let rulebook = self.desk.broker.rulebook();
        let policy = &rulebook.policy;
        let day = policy.calendar.date(self.desk.broker.now());
        let queues = policy.directory.queues(day).into_iter().filter(|queue| *queue != QueueId::hold());
        queues.map(|queue| (queue.clone(), called(policy, &queue))).collect()
    }

    /// Their names, offered while somebody types; without script too.
    pub(super) fn places(&self) -> Markup {
        html! { datalist #places { @for (queue, name) in self.known_places() { option value={ (name) ": " (queue) } {} } } }
    }

    /// The code of what was typed: a code, a name, or both as they are offered.
    pub(super) fn place_typed(&self, text: &str) -> String {
        let text = text.trim();
        let last = text.rsplit(": ").next().unwrap_or(text);
        let named = |(_, name): &(QueueId, String)| name.eq_ignore_ascii_case(text);
        self.known_places().into_iter().find(named).map_or_else(|| last.to_owned(), |(queue, _)| queue.to_string())
    }

    /// A queue that is known, as it is said: `Lewisham (MASH), MASH.E09000023`.
    pub(super) fn place_said(&self, code: &str) -> Option<String> {
        let known = self.known_places().into_iter().find(|(queue, _)| queue.as_str() == code)?;
        Some(format!("{}, {}", known.1, known.0))
    }
}
