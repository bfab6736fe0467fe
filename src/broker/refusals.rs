//! Refusals: an authenticated peer that was refused is a ledger entry, joined per peer and minute (contract 2). The first of a kind in
//! a minute is written at once; repeats of it are counted, and an entry says how many when the minute is over. So what a kill takes is
//! the number of repeats within a minute, and never that somebody was refused something.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::{Notify, watch};

use super::{Broker, Error};
use crate::{
    domain::identity::Peer,
    ledger::{Entry, Verb},
    platform::meters::{METERS, Meters},
};

/// The reasons that are there from the start; what cannot be done as things stand has words of its own besides.
pub const REFUSAL_REASONS: [&str; 7] =
    ["NOT_GRANTED", "INVALID", "NOT_FOUND", "REQUEST_ID_REUSED", "LEASE_LOST", "UNAVAILABLE", "INTERNAL"];

/// Most distinct words kept of one peer's minute, and most kinds of which the first is written at once; the rest is counted.
const MOST_WORDS: usize = 40;
/// After an entry could not be written.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Refusals of the current minute.
#[derive(Default)]
pub(super) struct Refusals {
    /// By peer.
    minutes: Mutex<BTreeMap<String, Minute>>,
    /// One of a kind that is not written yet.
    new: Notify,
}

impl Refusals {
    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Minute>) -> T) -> T {
        work(&mut self.minutes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Minute {
    since: Timestamp,
    /// Those that no entry tells of yet, and their words.
    count: u64,
    words: Vec<String>,
    /// The kinds of this minute: the method and the reason.
    kinds: Vec<String>,
    /// Those of them that are not written yet: an entry names them whatever else it has no room for.
    new: Vec<String>,
}

impl Minute {
    fn from(since: Timestamp) -> Self {
        Self { since, count: 0, words: Vec::new(), kinds: Vec::new(), new: Vec::new() }
    }

    fn add(&mut self, count: u64, words: Vec<String>) {
        self.count += count;
        for word in words {
            if self.words.len() < MOST_WORDS && !self.words.contains(&word) {
                self.words.push(word);
            }
        }
    }
}

impl Broker {
    /// Notes that `peer` was refused `method`, and why: a reason word and field names, never a value.
    pub fn refused(&self, peer: &Peer, method: &str, error: &Error) {
        Meters::count(&METERS.refused, "reason", reason(error));
        let mut words = vec![format!("{method}={}", reason(error))];
        if let Error::Invalid(violations) = error {
            words.extend(violations.0.iter().map(|violation| format!("field={}", violation.field)));
        }
        let now = self.clock.now();
        let new = self.refusals.with(|minutes| {
            let minute = minutes.entry(peer.identity.as_str().to_owned()).or_insert_with(|| Minute::from(now));
            let kind = words.first().filter(|kind| minute.kinds.len() < MOST_WORDS && !minute.kinds.contains(kind));
            if let Some(kind) = kind.cloned() {
                minute.kinds.push(kind.clone());
                minute.new.push(kind);
            }
            minute.add(1, words);
            !minute.new.is_empty()
        });
        if new {
            self.refusals.new.notify_one();
        }
    }

    /// Writes the first refusal of each kind as soon as it is there, until it is told to stop.
    pub async fn keep_refusals(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut failing = false;
        loop {
            tokio::select! {
                () = self.refusals.new.notified(), if !failing => {}
                () = tokio::time::sleep(AGAIN_AFTER), if failing => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let written = self.write_new_refusals().await;
            if let Err(error) = &written
                && !failing
            {
                tracing::error!(%error, "refusals could not be written; they are kept, and it is tried again");
            }
            failing = written.is_err();
        }
    }

    /// Writes what there is of every peer that was refused something new; of it only repeats are counted from then on.
    async fn write_new_refusals(&self) -> Result<(), Error> {
        let new = self.refusals.with(|minutes| {
            let new = minutes.iter_mut().filter(|(_, minute)| !minute.new.is_empty()).map(|(who, minute)| {
                let (count, words) = (std::mem::take(&mut minute.count), std::mem::take(&mut minute.words));
                (
                    who.clone(),
                    Minute { count, words, new: std::mem::take(&mut minute.new), ..Minute::from(minute.since) },
                )
            });
            new.collect::<Vec<_>>()
        });
        self.write(new).await.map(|_| ())
    }

    /// Writes the refusals of every minute that is over; all of them when `closing`.
    pub(super) async fn write_refusals(&self, now: Timestamp, closing: bool) -> Result<u64, Error> {
        let over = self.refusals.with(|minutes| {
            let is_over = |minute: &Minute| closing || now.duration_since(minute.since).as_secs() >= 60;
            let (over, rest) =
                std::mem::take(minutes).into_iter().partition::<BTreeMap<_, _>, _>(|(_, minute)| is_over(minute));
            *minutes = rest;
            over
        });
        self.write(over.into_iter().filter(|(_, minute)| minute.count > 0).collect()).await
    }

    /// Writes an entry for each; what could not be written is kept. Answers with how many were.
    async fn write(&self, minutes: Vec<(String, Minute)>) -> Result<u64, Error> {
        let written = minutes.len() as u64;
        let mut minutes = minutes.into_iter();
        while let Some((who, minute)) = minutes.next() {
            if let Err(error) = self.store.record_entry(entry(&who, &minute)).await {
                self.put_back(std::iter::once((who, minute)).chain(minutes));
                return Err(error.into());
            }
        }
        Ok(written)
    }

    /// What could not be written is written later, together with what came since.
    fn put_back(&self, unwritten: impl Iterator<Item = (String, Minute)>) {
        self.refusals.with(|minutes| {
            for (who, Minute { since, count, words, new, .. }) in unwritten {
                let minute = minutes.entry(who).or_insert_with(|| Minute::from(since));
                minute.since = minute.since.min(since);
                minute.add(count, words);
                for kind in new {
                    if !minute.new.contains(&kind) {
                        minute.new.push(kind);
                    }
                }
            }
        });
    }
}

/// The entry of so many refusals of one peer.
fn entry(who: &str, minute: &Minute) -> Entry {
    let mut details = vec![format!("count={}", minute.count)];
    details.extend_from_slice(&minute.new);
    details.extend(minute.words.iter().filter(|word| !minute.new.contains(word)).cloned());
    Entry {
        at: minute.since,
        verb: Verb::Refusal,
        action: "REFUSED".to_owned(),
        who: who.to_owned(),
        actor: None,
        record: None,
        deliveries: Vec::new(),
        recipients: Vec::new(),
        details,
        commitment: None,
    }
}

/// A fixed word for the ledger.
fn reason(error: &Error) -> &'static str {
    match error {
        Error::Refused(_) => "NOT_GRANTED",
        Error::Invalid(_) => "INVALID",
        Error::NotFound => "NOT_FOUND",
        Error::RequestIdReused => "REQUEST_ID_REUSED",
        Error::LeaseLost => "LEASE_LOST",
        Error::Precondition { reason, .. } => reason,
        Error::Unavailable(_) | Error::KeyUnavailable(_) => "UNAVAILABLE",
        Error::Internal(_) => "INTERNAL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_names_the_first_of_a_kind_whatever_else_was_refused_with_it() {
        let mut minute = Minute::from(Timestamp::UNIX_EPOCH);
        minute.add(1, (0..50).map(|item| format!("field=submission.items[{item}].codes[0]")).collect());
        minute.new = vec!["OpenPart=NOT_GRANTED".to_owned()];
        minute.add(1, minute.new.clone());
        let details = entry("somebody", &minute).details;
        assert_eq!(details[..2], ["count=2", "OpenPart=NOT_GRANTED"]);
        assert_eq!(details.len(), 2 + MOST_WORDS);
    }
}
