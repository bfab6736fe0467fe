//! The caretaker: expires leases, escalates what is late (R25), tells of prompts that are, says where dead letters lie and which queues are silent, forgets short-lived answers, writes joined refusals, turns keys over, erases what is over, and measures the store a piece at a time. Driven by the injected clock.

use std::sync::{Arc, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::{Broker, Error};

/// How often a round is made.
const EVERY: SignedDuration = SignedDuration::from_secs(5);

/// The alarm where the clock is not to be trusted.
const CLOCK: &str = "CLOCK_SET_BACK";

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Leases that had expired.
    pub expired_leases: u64,
    /// Deliveries that were late and escalated.
    pub escalated: u64,
    /// Prompts that were late and told of.
    pub late_prompts: u64,
    /// Answers that need not be replayed any longer.
    pub forgotten_answers: u64,
    /// Refusal entries written.
    pub refusals: u64,
    /// Records that were erased because their time was over.
    pub erased: u64,
}

impl Broker {
    /// One round of everything at the clock's present moment.
    pub async fn caretake(&self) -> Result<Round, Error> {
        let (round, keys) = tokio::join!(self.look_after_house(), self.look_after_keys());
        keys.and(round)
    }

    /// Turns keys over, and looks at them. A device may let us wait.
    async fn look_after_keys(&self) -> Result<(), Error> {
        let now = self.clock.now();
        let tended = self.keys.tend(now).await;
        let openable = self.keys.keep_openable().await;
        self.look_at_outer_key().await;
        self.look_at_clock(now);
        Ok(tended.and(openable)?)
    }

    /// All the rest, which waits for no device.
    async fn look_after_house(&self) -> Result<Round, Error> {
        let now = self.clock.now();
        self.look_at_vetting(now);
        self.remember_what_is_owed();
        let round = Round {
            expired_leases: self.store.expire_leases(now, self.most_failures).await?,
            escalated: self.escalate_late(now).await?,
            late_prompts: self.tell_late_prompts(now).await?,
            forgotten_answers: self.store.forget_answers(now).await?,
            refusals: self.write_refusals(now, false).await?,
            erased: self.erase_what_is_over(now).await?,
        };
        self.look_at_dead_letters(now).await?;
        self.look_at_silent_queues(now).await?;
        let room = self.store.measure(now).await?;
        *self.room.lock().unwrap_or_else(PoisonError::into_inner) = room;
        Ok(round)
    }

    /// Says where an epoch key was made later than now. It wraps no longer for that: another was made in its place.
    fn look_at_clock(&self, now: Timestamp) {
        match self.keys.made_ahead(now) {
            Some(made) => {
                let words = format!(
                    "an epoch key was made at {made}, which is still to come: the clock ran ahead then, or is behind now"
                );
                self.alarms.raise(CLOCK, &words, now);
            }
            None => self.alarms.clear(CLOCK),
        }
    }

    /// Makes rounds until `stop` says so; a round that fails is logged and made again. Those of keys go on beside the others: leases end
    /// and what is late is escalated also while a device does not answer.
    pub async fn keep_house(self: Arc<Self>, stop: watch::Receiver<bool>) {
        let house = async {
            let mut stop = stop.clone();
            while self.goes_on(&mut stop).await {
                match self.look_after_house().await {
                    Ok(round) if round != Round::default() => tracing::info!(?round, "caretaker"),
                    Ok(_) => {}
                    Err(error) => tracing::error!(%error, "the caretaker's round failed"),
                }
            }
        };
        let keys = async {
            let mut stop = stop.clone();
            while self.goes_on(&mut stop).await {
                if let Err(error) = self.look_after_keys().await {
                    tracing::error!(%error, "the keys could not be looked after");
                }
            }
        };
        tokio::join!(house, keys);
    }

    /// Waits for the time of the next round; false where there is none.
    async fn goes_on(&self, stop: &mut watch::Receiver<bool>) -> bool {
        let next = self.clock.now().checked_add(EVERY).unwrap_or(Timestamp::MAX);
        tokio::select! {
            () = self.clock.sleep_until(next) => true,
            _ = stop.wait_for(|stop| *stop) => false,
        }
    }

    /// Writes what is still to be written, then closes the store.
    pub async fn close(&self) {
        if let Err(error) = self.write_refusals(self.clock.now(), true).await {
            tracing::error!(%error, "refusals could not be written at the end");
        }
        self.store.close().await;
    }
}
