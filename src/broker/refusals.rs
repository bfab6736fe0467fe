//! Refusals: an authenticated peer that was refused is a ledger entry, joined per peer and minute (contract 2).

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use super::{Broker, Error};
use crate::{
    domain::identity::Peer,
    ledger::{Entry, Verb},
    platform::meters::{METERS, Meters},
};

/// The reasons that are there from the start; what cannot be done as things stand has words of its own besides.
pub const REFUSAL_REASONS: [&str; 7] =
    ["NOT_GRANTED", "INVALID", "NOT_FOUND", "REQUEST_ID_REUSED", "LEASE_LOST", "UNAVAILABLE", "INTERNAL"];

/// Most distinct words kept of one peer's minute; the rest is counted.
const MOST_WORDS: usize = 40;

/// Refusals of the current minute, by peer.
#[derive(Default)]
pub(super) struct Refusals(Mutex<BTreeMap<String, Minute>>);

struct Minute {
    since: Timestamp,
    count: u64,
    words: Vec<String>,
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
        let mut minutes = self.refusals.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = minutes.entry(peer.identity.as_str().to_owned()).or_insert_with(|| Minute {
            since: now,
            count: 0,
            words: Vec::new(),
        });
        minute.count += 1;
        for word in words {
            if minute.words.len() < MOST_WORDS && !minute.words.contains(&word) {
                minute.words.push(word);
            }
        }
    }

    /// Writes the refusals of every minute that is over; all of them when `closing`.
    pub(super) async fn write_refusals(&self, now: Timestamp, closing: bool) -> Result<u64, Error> {
        let over = {
            let mut minutes = self.refusals.0.lock().unwrap_or_else(PoisonError::into_inner);
            let (over, rest) =
                std::mem::take(&mut *minutes).into_iter().partition::<BTreeMap<_, _>, _>(|(_, minute)| {
                    closing || now.duration_since(minute.since).as_secs() >= 60
                });
            *minutes = rest;
            over
        };
        let written = over.len() as u64;
        let mut over = over.into_iter();
        while let Some((who, minute)) = over.next() {
            let mut details = vec![format!("count={}", minute.count)];
            details.extend_from_slice(&minute.words);
            let entry = Entry {
                at: minute.since,
                verb: Verb::Refusal,
                action: "REFUSED".to_owned(),
                who: who.clone(),
                actor: None,
                record: None,
                deliveries: Vec::new(),
                recipients: Vec::new(),
                details,
                commitment: None,
            };
            if let Err(error) = self.store.record_entry(entry).await {
                self.put_back(std::iter::once((who, minute)).chain(over));
                return Err(error.into());
            }
        }
        Ok(written)
    }

    /// What could not be written is written later, together with what came since.
    fn put_back(&self, unwritten: impl Iterator<Item = (String, Minute)>) {
        let mut minutes = self.refusals.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (who, Minute { since, count, words }) in unwritten {
            let minute = minutes.entry(who).or_insert_with(|| Minute { since, count: 0, words: Vec::new() });
            minute.since = minute.since.min(since);
            minute.count += count;
            for word in words {
                if minute.words.len() < MOST_WORDS && !minute.words.contains(&word) {
                    minute.words.push(word);
                }
            }
        }
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
