//! Silent queues: something waits there unopened, and nobody has anything in hand, for longer than an hour in which the unit is on cover.
//! Nothing is late yet; perhaps nobody is there. Whoever supervises the queue and operators are told by an alarm.

use jiff::{SignedDuration, Timestamp};

use super::{Broker, Error, Rulebook};
use crate::{
    domain::{contacts::Cover, queue::QueueId},
    store::QueueCounts,
};

/// Behind it stands the queue's name.
pub(super) const SILENT: &str = "QUEUE_SILENT ";
/// So long something may wait where nobody has anything in hand.
const PATIENCE: SignedDuration = SignedDuration::from_hours(1);

impl Broker {
    /// Sets the alarm for each queue that is silent at `now`, and ends it for those that are no longer.
    pub(super) async fn look_at_silent_queues(&self, now: Timestamp) -> Result<(), Error> {
        let rulebook = self.rulebook();
        let day = rulebook.policy.calendar.date(now);
        let queues: Vec<_> = rulebook.policy.directory.queues(day).into_iter().collect();
        let counts = self.store.counts(&queues, now).await?;
        let silent: Vec<_> = counts.into_iter().filter(|counts| is_silent(&rulebook, counts, now)).collect();
        let on: Vec<_> = silent.iter().map(|counts| named(&counts.queue)).collect();
        let was_on = self.alarms.names().into_iter().filter(|name| name.starts_with(SILENT));
        was_on.filter(|name| !on.contains(name)).for_each(|name| self.alarms.clear(&name));
        for counts in silent {
            let words = format!(
                "{} unopened, and nobody has anything in hand: ring the unit (contacts.toml, and the page Supervision, have the number)",
                counts.unopened
            );
            self.alarms.raise(&named(&counts.queue), &words, now);
        }
        Ok(())
    }
}

/// Whether the oldest has waited for too long, the unit being there then and now. A queue without an entry in the directory of contacts
/// counts as one that is there at every hour.
fn is_silent(rulebook: &Rulebook, counts: &QueueCounts, now: Timestamp) -> bool {
    let Some(oldest) = counts.oldest.filter(|_| counts.unopened > 0 && counts.leased == 0) else { return false };
    let since = now.checked_sub(PATIENCE).unwrap_or(Timestamp::MIN);
    let policy = &rulebook.policy;
    let contact = policy.contacts.of(&counts.queue, policy.calendar.date(now));
    let is_there = |at| match contact.map_or(Cover::Always, |contact| contact.cover) {
        Cover::Always => true,
        Cover::Office => policy.calendar.office_open(counts.queue.suffix(), at),
    };
    oldest <= since && is_there(since) && is_there(now)
}

fn named(queue: &QueueId) -> String {
    format!("{SILENT}{queue}")
}
