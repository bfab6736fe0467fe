//! Everything that is compared, a little of each in every round: what slows the machine for a while slows all of it.

use std::{collections::BTreeMap, time::Duration};

use tokio::task::JoinSet;

use super::{
    disk,
    measure::{Budget, Tally, drive, pump},
    world::{OUTCOME, QUEUE, World},
};
use crate::{
    app::{failure::Failure, progress::Progress},
    wire::{
        caller::CallError,
        load::{Echo, Greeter, Load, Prepared, lost},
    },
};

/// How often everything has its turn.
pub(super) const ROUNDS: u32 = 3;
/// Deliveries of a pull of many.
const MANY: u32 = 16;
/// Callers of new connections.
const GREETERS: usize = 16;
/// Bytes of an echoed message.
const ECHOED: usize = 2_500;
/// Connections of many callers.
pub(super) const CONNECTIONS: usize = 8;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    Disk,
    Echo,
    EchoStream,
    BareHandshake,
    Handshake,
    Submit,
    SubmitStream,
    Settle,
    SettleMany,
}

impl What {
    /// What it is held against.
    pub(super) fn limit(self) -> Option<Self> {
        match self {
            Self::Submit | Self::Settle | Self::SettleMany => Some(Self::Echo),
            Self::SubmitStream => Some(Self::EchoStream),
            Self::Handshake => Some(Self::BareHandshake),
            Self::Disk | Self::Echo | Self::EchoStream | Self::BareHandshake => None,
        }
    }
}

/// What came of it all.
#[derive(Default)]
pub(super) struct Measured {
    /// By what and by callers.
    pub(super) tallies: BTreeMap<(What, usize), Tally>,
    pub(super) idle_megabytes: Option<f64>,
    pub(super) after_megabytes: Option<f64>,
    pub(super) start: Option<Duration>,
    pub(super) records: u64,
    /// There would have been time for more records, but no room.
    pub(super) full: bool,
    /// Of the store, as the disk counts.
    pub(super) store_bytes: Option<u64>,
    /// Of a submission as it is sent.
    pub(super) submission_bytes: usize,
}

/// What is to be done.
pub(super) struct Rounds<'w> {
    pub(super) world: &'w World,
    pub(super) submission: Prepared,
    pub(super) callers: Vec<usize>,
    pub(super) each: Duration,
    /// Records that there is room for.
    pub(super) budget: Budget,
}

impl Rounds<'_> {
    pub(super) async fn run(&self) -> Result<Measured, Failure> {
        let mut measured = Measured {
            idle_megabytes: self.megabytes(),
            start: self.world.broker.as_ref().map(|broker| broker.start),
            submission_bytes: self.submission.bytes(),
            ..Measured::default()
        };
        let progress = Progress::new(u64::from(ROUNDS) * (3 + 6 * self.callers.len() as u64));
        for _ in 0..ROUNDS {
            for what in [What::Disk, What::BareHandshake, What::Handshake] {
                self.measure(&mut measured, &progress, what, if what == What::Disk { 1 } else { GREETERS }).await?;
            }
            for &callers in &self.callers {
                for what in
                    [What::Echo, What::Submit, What::EchoStream, What::SubmitStream, What::Settle, What::SettleMany]
                {
                    self.measure(&mut measured, &progress, what, callers).await?;
                }
            }
        }
        let submitted = |(key, tally): (&(What, usize), &Tally)| {
            if matches!(key.0, What::Submit | What::SubmitStream) { tally.done() } else { 0 }
        };
        measured.records = measured.tallies.iter().map(submitted).sum();
        measured.after_megabytes = self.megabytes();
        measured.full = self.budget.left() == 0;
        measured.store_bytes = self.world.store_bytes();
        Ok(measured)
    }

    fn megabytes(&self) -> Option<f64> {
        self.world.broker.as_ref()?.megabytes()
    }

    async fn measure(
        &self,
        measured: &mut Measured,
        progress: &Progress,
        what: What,
        callers: usize,
    ) -> Result<(), Failure> {
        progress.says(&format!("{}, {callers}", super::report::words(what)));
        let server = match what {
            What::Disk => None,
            What::Echo | What::EchoStream | What::BareHandshake => Some(&self.world.echo),
            _ => self.world.broker.as_ref(),
        };
        let cpu = || server.and_then(super::child::Process::cpu);
        let before = cpu();
        let mut tally = self.one(what, callers, self.each / ROUNDS).await?;
        tally.cpu = before.zip(cpu()).map(|(before, after)| after.saturating_sub(before));
        measured.tallies.entry((what, callers)).or_default().add(tally);
        progress.step();
        Ok(())
    }

    async fn one(&self, what: What, callers: usize, time: Duration) -> Result<Tally, Failure> {
        let connections = callers.min(CONNECTIONS);
        match what {
            What::Disk => disk::appended(self.world.folder(), time).await,
            What::BareHandshake => Ok(greeted(self.world.greeters()?.1, callers, time).await),
            What::Handshake => Ok(greeted(self.world.greeters()?.0, callers, time).await),
            What::Echo => Ok(echoed(&self.world.echoes(connections).await?, callers, time).await),
            What::EchoStream => {
                let mut streams = Vec::new();
                for (mut echo, window) in
                    self.world.echoes(connections).await?.into_iter().zip(windows(connections, callers))
                {
                    streams.push((echo.all(message().into(), window).await.map_err(Failure::from)?, window));
                }
                Ok(pump(streams, time, &Budget::endless()).await)
            }
            What::Submit => {
                let all = self.world.council(connections).await?;
                Ok(submitted(&all, &self.submission, callers, time, &self.budget).await)
            }
            What::SubmitStream => {
                let all = self.world.council(connections).await?;
                streamed(&all, &self.submission, callers, time, &self.budget).await
            }
            What::Settle | What::SettleMany => {
                let most = if what == What::Settle { 1 } else { MANY };
                let all = self.world.officer(connections).await?;
                Ok(settled(&all, most, callers, time, &Budget::endless()).await)
            }
        }
    }
}

/// How many messages of each stream are on their way, so that it is `callers` in all.
fn windows(streams: usize, callers: usize) -> impl Iterator<Item = usize> {
    (0..streams).map(move |stream| callers / streams + usize::from(stream < callers % streams))
}

fn message() -> Vec<u8> {
    vec![b'h'; ECHOED]
}

/// Echoes for `time`, one call each.
pub(super) async fn echoed(all: &[Echo], callers: usize, time: Duration) -> Tally {
    let message = message();
    drive(callers, time, |caller| {
        let (echo, message) = (all[caller % all.len()].clone(), message.clone());
        move || {
            let (mut echo, message) = (echo.clone(), message.clone());
            async move { echo.once(message.into()).await.map(|()| 1) }
        }
    })
    .await
}

/// Submits for `time`, one call each.
pub(super) async fn submitted(
    all: &[Load],
    submission: &Prepared,
    callers: usize,
    time: Duration,
    budget: &Budget,
) -> Tally {
    drive(callers, time, |caller| {
        let (load, submission, budget) = (all[caller % all.len()].clone(), submission.clone(), budget.clone());
        move || {
            let (mut load, submission, room) = (load.clone(), submission.clone(), budget.take());
            async move { if room { load.submit(&submission).await.map(|()| 1) } else { Ok(0) } }
        }
    })
    .await
}

/// Submits for `time`, a stream on each connection, with so many on their way in all.
pub(super) async fn streamed(
    all: &[Load],
    submission: &Prepared,
    callers: usize,
    time: Duration,
    budget: &Budget,
) -> Result<Tally, Failure> {
    let mut streams = Vec::new();
    for (load, window) in all.iter().zip(windows(all.len(), callers)) {
        let stream = load.clone().submit_all(submission, window).await;
        streams.push((stream.map_err(Failure::from)?, window));
    }
    Ok(pump(streams, time, budget).await)
}

/// Pulls, opens and settles for `time`, or until the queue is empty.
pub(super) async fn settled(all: &[Load], most: u32, callers: usize, time: Duration, budget: &Budget) -> Tally {
    if all.is_empty() {
        return Tally::default();
    }
    drive(callers, time, |caller| {
        let (load, budget) = (all[caller % all.len()].clone(), budget.clone());
        move || {
            let (load, room) = (load.clone(), budget.take());
            async move { if room { settle(load, most).await } else { Ok(0) } }
        }
    })
    .await
}

/// One pull, and everything that it brought.
async fn settle(mut load: Load, most: u32) -> Result<u64, CallError> {
    let pulled = load.pull(QUEUE, most).await?;
    let done = pulled.len() as u64;
    if let [_] = pulled.as_slice() {
        for one in pulled {
            load.settle(one, OUTCOME).await?;
        }
        return Ok(done);
    }
    let mut settling = JoinSet::new();
    for one in pulled {
        let mut load = load.clone();
        settling.spawn(async move { load.settle(one, OUTCOME).await });
    }
    while let Some(settled) = settling.join_next().await {
        settled.map_err(|_| lost("a caller failed"))??;
    }
    Ok(done)
}

async fn greeted(greeter: Greeter, callers: usize, time: Duration) -> Tally {
    drive(callers, time, |_| {
        let greeter = greeter.clone();
        move || {
            let greeter = greeter.clone();
            async move { greeter.greet().await.map(|()| 1).map_err(|error| lost(&error.to_string())) }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_share_the_callers() {
        assert_eq!(windows(1, 1).collect::<Vec<_>>(), [1]);
        assert_eq!(windows(8, 20).collect::<Vec<_>>(), [3, 3, 3, 3, 2, 2, 2, 2]);
    }
}
