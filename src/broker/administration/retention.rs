//! Retention: what everybody has settled is erased by the caretaker when its days are over, a bounded number at a time and each once,
//! whichever replica comes to it. A legal hold keeps it; a clock that leapt is not believed for a day.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{
    documents::{put_clock, put_erasure, take_clock},
    erasure::Erasure,
};
use crate::{
    broker::{Broker, Error},
    domain::erasure::ErasureReason,
    ledger::{Entry, Verb},
    store::{Amendment, Change, Expect, Shelf, StoreError, Stored},
};

/// Records looked at in one round of the caretaker.
const AT_ONCE: usize = 64;
/// Once all were looked at, how long nobody looks again.
const REST: SignedDuration = SignedDuration::from_mins(10);
/// Later than this after its time is over, and somebody must look.
const BEHIND: SignedDuration = SignedDuration::from_hours(48);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How often it is written down what the clock says.
const WRITTEN: SignedDuration = SignedDuration::from_mins(10);
/// The name of that document.
const CLOCK: &str = "retention";

/// Content is there whose time is over.
const FELL_BEHIND: &str = "RETENTION_BEHIND";
/// Nothing is erased by itself, because the clock leapt.
const PAUSED: &str = "RETENTION_PAUSED";

/// How far this replica has looked.
#[derive(Debug, Default)]
pub(in crate::broker) struct Looked {
    /// The last record that it looked at; `None`: from the beginning.
    after: Option<(Timestamp, Uuid)>,
    /// Not before this moment.
    rests_until: Option<Timestamp>,
    /// Since when content is there whose time is over, as far as it has looked this time; and why.
    behind: Option<(Timestamp, String)>,
}

/// What became of a record.
enum Looking {
    Erased,
    /// Its time is not over, a hold is on it, or somebody else was at it.
    Stays,
}

impl Broker {
    /// Erases some of what is over at `now`. Returns how many records were erased.
    pub(in crate::broker) async fn erase_what_is_over(&self, now: Timestamp) -> Result<u64, Error> {
        let mut looked = self.retention.lock().await;
        if self.leapt(now).await? || looked.rests_until.is_some_and(|until| now < until) {
            return Ok(0);
        }
        let least = self.rulebook().policy.memory.retention.least(self.london_day(now));
        let before = now.checked_sub(DAY * days(least)).unwrap_or(Timestamp::MIN);
        let found = self.store.finished(before, looked.after, AT_ONCE).await?;
        let mut erased = 0;
        for (since, record) in &found {
            match self.erase_if_over(*record, *since, now).await {
                Ok(Looking::Erased) => erased += 1,
                Ok(Looking::Stays) => {}
                Err(Error::Unavailable(why)) => return Err(Error::Unavailable(why)),
                Err(error) => {
                    tracing::error!(%record, %error, "a record whose time is over cannot be erased");
                    let words =
                        format!("content cannot be erased whose time is over, first of record {record}: see the log");
                    looked.behind.get_or_insert((*since, words));
                }
            }
        }
        self.went_on(&mut looked, found, (least, now));
        Ok(erased)
    }

    /// Where to go on from; and the alarm, where it is behind.
    fn went_on(&self, looked: &mut Looked, found: Vec<(Timestamp, Uuid)>, (least, now): (u32, Timestamp)) {
        let last = found.last().copied().filter(|_| found.len() == AT_ONCE);
        if let Some((since, _)) = last {
            let over = since.checked_add(DAY * days(least)).unwrap_or(Timestamp::MAX);
            if now.duration_since(over) > BEHIND {
                let words = format!("content waits to be erased whose time was over on {}", self.london_day(over));
                looked.behind.get_or_insert((since, words));
            }
        }
        if let Some((_, words)) = &looked.behind {
            self.alarms.raise(FELL_BEHIND, words, now);
        }
        looked.after = last;
        if last.is_none() {
            looked.rests_until = now.checked_add(REST).ok();
            if looked.behind.take().is_none() {
                self.alarms.clear(FELL_BEHIND);
            }
        }
    }

    /// Whether the clock leapt, against what was written down, by whichever replica and however often it was started since.
    async fn leapt(&self, now: Timestamp) -> Result<bool, Error> {
        let found = self.store.document(Shelf::Clock, CLOCK).await?;
        let before = found.as_ref().map(|found| take_clock(&found.bytes)).transpose()?.unwrap_or_default();
        let mut clock = before;
        let until = clock.at(now);
        let lately = before.seen.is_some_and(|seen| now.duration_since(seen) < WRITTEN);
        if !lately || clock.leapt != before.leapt {
            let expect = found.map_or(Expect::New, |found| Expect::Version(found.version));
            let change = Change { shelf: Shelf::Clock, name: CLOCK.to_owned(), expect, bytes: Some(put_clock(clock)) };
            let alone = Amendment { once: None, changes: vec![change], entries: Vec::new(), answer: Vec::new() };
            match self.store.amend(alone).await {
                Ok(_) => {}
                // Another replica has looked: what it says is asked for in the next round.
                Err(StoreError::Conflict) => return Ok(true),
                Err(error) => return Err(error.into()),
            }
        }
        match until {
            Some(until) => {
                let words =
                    format!("the clock leapt: nothing is erased by itself before {until}; see whether it is right");
                self.alarms.raise(PAUSED, &words, now);
            }
            None => self.alarms.clear(PAUSED),
        }
        Ok(until.is_some())
    }

    /// Erases one record about which nothing has been open since a moment, if its days are over.
    async fn erase_if_over(&self, record: Uuid, since: Timestamp, now: Timestamp) -> Result<Looking, Error> {
        let Some(Stored { record: found, deliveries, .. }) = self.store.find(record).await? else {
            return Err(Error::NotFound);
        };
        let kinds = deliveries.iter().map(|delivery| delivery.header.queue.kind());
        let kept = self.rulebook().policy.memory.retention.days(&found.on_behalf_of, kinds, self.london_day(now));
        if since.checked_add(DAY * days(kept)).is_ok_and(|over| now < over) {
            return Ok(Looking::Stays);
        }
        let Some(not_held) = self.not_held(record).await? else { return Ok(Looking::Stays) };
        let (rewrap, erasure) = self.erasing(record, ErasureReason::RetentionOver).await?;
        let name = record.to_string();
        let erased = Change { shelf: Shelf::Erasure, name, expect: Expect::New, bytes: Some(put_erasure(&erasure)) };
        let entry = self.retention_entry(record, &erasure, (since, kept));
        let changes = not_held.into_iter().chain([erased]).collect();
        let amendment = Amendment { once: None, changes, entries: vec![entry], answer: Vec::new() };
        match self.store.rewrap(vec![rewrap], None, amendment).await {
            Ok(_) => Ok(Looking::Erased),
            // Another replica has done it, or it was held, opened again or wrapped anew at the same moment.
            Err(StoreError::Conflict) => Ok(Looking::Stays),
            Err(error) => Err(error.into()),
        }
    }

    /// The certificate of destruction: the broker's own entry.
    fn retention_entry(&self, record: Uuid, erasure: &Erasure, (since, kept): (Timestamp, u32)) -> Entry {
        let details = vec![
            format!("reason={}", erasure.reason),
            format!("key={}", erasure.key),
            format!("settled={since}"),
            format!("kept_days={kept}"),
        ];
        Entry { verb: Verb::Erasure, record: Some(record), ..self.step_entry("", "ERASE_AFTER_RETENTION", details) }
    }
}

fn days(days: u32) -> i32 {
    i32::try_from(days).unwrap_or(i32::MAX)
}
