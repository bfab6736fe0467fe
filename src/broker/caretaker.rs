//! The caretaker: expires leases, escalates what is late (R25), tells of prompts that are, says where dead letters lie and which queues are silent, forgets short-lived answers, writes joined refusals, turns keys over, erases what is over. Driven by the injected clock.

use std::sync::Arc;

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
    /// One round at the clock's present moment.
    pub async fn caretake(&self) -> Result<Round, Error> {
        let now = self.clock.now();
        let tended = self.keys.tend(now).await;
        let openable = self.keys.keep_openable().await;
        self.look_at_outer_key().await;
        self.look_at_clock(now);
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
        // Leases expire all the same where a device does not answer.
        tended.and(openable)?;
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

    /// Makes rounds until `stop` says so; a round that fails is logged and made again.
    pub async fn keep_house(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        loop {
            let next = self.clock.now().checked_add(EVERY).unwrap_or(Timestamp::MAX);
            tokio::select! {
                () = self.clock.sleep_until(next) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            match self.caretake().await {
                Ok(round) if round != Round::default() => tracing::info!(?round, "caretaker"),
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "the caretaker's round failed"),
            }
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
