//! Wrapping every record anew under the epoch key that wraps now, in bounded transactions that carry their own place: whatever ends
//! it, it goes on from there. Then a scan of all records proves what is left under each older key.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use uuid::Uuid;

use super::{
    documents::{put_rewrap, take_rewrap},
    epochs::Epochs,
    keys::Keys,
};
use crate::{
    broker::{Broker, Error, Request},
    domain::grants::CallPermit,
    sealing::{Place, SealError, rewrap, wrapped_under},
    store::{Amendment, Change, Expect, Rewrap, Shelf, Wraps},
};

/// Name of the one document of a rewrapping.
const NAME: &str = "rewrap";
/// Records wrapped anew in one transaction.
const BATCH: usize = 128;
/// Records scanned in one.
const SCAN: usize = 1_024;
/// How often it is looked whether there is something to do.
const POLL: SignedDuration = SignedDuration::from_secs(1);
/// A longer time without progress was a stop, and is not counted as work.
const STOPPED: SignedDuration = SignedDuration::from_secs(5);

/// How far a rewrapping has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// When it was asked for.
    pub started: Timestamp,
    /// Which record was looked at last: while wrapping, and then from the beginning again while proving.
    pub after: Option<Uuid>,
    /// How many were looked at.
    pub examined: u64,
    /// How many were wrapped anew.
    pub rewrapped: u64,
    /// Time spent wrapping, without pauses and stops.
    pub busy: SignedDuration,
    /// When it last went on.
    pub last: Timestamp,
    /// When it was paused, if it is.
    pub paused: Option<Timestamp>,
    /// The scan that proves it, once everything is wrapped.
    pub proof: Option<Proof>,
    /// When it was done, the proof included.
    pub finished: Option<Timestamp>,
}

/// A scan of every record, begun after everything was wrapped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// How many records it has looked at.
    pub scanned: u64,
    /// Every epoch key that had ceased to wrap when it began, and the records it has found under it. None can come to be under
    /// them later.
    pub found: BTreeMap<String, u64>,
}

/// What a rewrapping is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Wrapping records anew.
    Wrapping,
    /// Scanning all of them for the proof.
    Proving,
    /// Neither, until somebody resumes it.
    Paused,
    /// Done.
    Finished,
}

/// What a custodian tells a rewrapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Steer {
    /// Stop after the transaction under way.
    Pause,
    /// Go on.
    Resume,
}

impl Progress {
    fn begun(now: Timestamp) -> Self {
        let busy = SignedDuration::ZERO;
        let (after, paused, proof, finished) = (None, None, None, None);
        Self { started: now, after, examined: 0, rewrapped: 0, busy, last: now, paused, proof, finished }
    }

    /// What it is about now.
    pub fn stage(&self) -> Stage {
        match (self.finished, self.paused, &self.proof) {
            (Some(_), ..) => Stage::Finished,
            (None, Some(_), _) => Stage::Paused,
            (None, None, Some(_)) => Stage::Proving,
            (None, None, None) => Stage::Wrapping,
        }
    }

    /// When `left` more records will be wrapped anew, at the pace so far.
    pub fn expected(&self, left: u64, now: Timestamp) -> Option<Timestamp> {
        let wrapping = self.stage() == Stage::Wrapping && self.rewrapped > 0;
        let millis =
            wrapping.then(|| self.busy.as_millis().saturating_mul(left.into()) / i128::from(self.rewrapped))?;
        now.checked_add(SignedDuration::from_millis(i64::try_from(millis).ok()?)).ok()
    }

    /// How many records the proof found under a key that had ceased to wrap; `None`: it is not proven.
    pub(super) fn proven(&self, id: &str) -> Option<u64> {
        self.finished.and(self.proof.as_ref())?.found.get(id).copied()
    }

    fn steer(&mut self, steer: Steer, now: Timestamp) -> Result<(), Error> {
        match (steer, self.stage()) {
            (Steer::Pause, Stage::Wrapping | Stage::Proving) => self.paused = Some(now),
            (Steer::Resume, Stage::Paused) => (self.paused, self.last) = (None, now),
            (Steer::Pause, _) => {
                return Err(Error::Precondition {
                    reason: "REWRAP_NOT_RUNNING",
                    advice: "it is paused or done already; look at RewrapStatus",
                });
            }
            (Steer::Resume, _) => {
                return Err(Error::Precondition {
                    reason: "REWRAP_NOT_PAUSED",
                    advice: "only a paused one is resumed; look at RewrapStatus",
                });
            }
        }
        Ok(())
    }

    /// It went on, at `now`.
    fn goes_on(&mut self, now: Timestamp) {
        let since = now.duration_since(self.last);
        if since > SignedDuration::ZERO && since < STOPPED {
            self.busy += since;
        }
        self.last = now;
    }
}

impl Broker {
    /// A new epoch key, which wraps from now on; all records are wrapped anew in the background. Answers with its id.
    pub async fn rotate_key(&self, permit: &CallPermit, request: Request) -> Result<String, Error> {
        let once = self.once_by(permit, request);
        let _alone = self.rewrapping.lock().await;
        if let Some(first) = self.store.answered(&once).await? {
            return Ok(String::from_utf8_lossy(&first.answer).into_owned());
        }
        let now = self.clock.now();
        let expect = self.rewrap_progress().await?.map_or(Expect::New, |(version, _)| Expect::Version(version));
        let entry = self.step_entry(permit.identity().as_str(), "ROTATE_KEY", Vec::new());
        let amendment = Amendment {
            once: Some(once),
            changes: vec![change(expect, &Progress::begun(now))],
            entries: vec![entry],
            answer: Vec::new(),
        };
        let accepted = self.keys.turn(now, amendment).await?;
        Ok(String::from_utf8_lossy(&accepted.answer).into_owned())
    }

    /// Pauses or resumes the rewrapping that is under way, on every replica; answers with how far it has come.
    pub async fn steer_rewrap(&self, permit: &CallPermit, request: Request, steer: Steer) -> Result<Epochs, Error> {
        let once = self.once_by(permit, request);
        let _alone = self.rewrapping.lock().await;
        if let Some(first) = self.store.answered(&once).await? {
            let progress = Some(take_rewrap(&first.answer)?);
            return Ok(Epochs { progress, ..self.epoch_keys(permit).await? });
        }
        let nothing =
            Error::Precondition { reason: "NO_REWRAP", advice: "nothing was rotated yet; RotateKey begins one" };
        let (version, mut progress) = self.rewrap_progress().await?.ok_or(nothing)?;
        progress.steer(steer, self.clock.now())?;
        let action = match steer {
            Steer::Pause => "PAUSE_REWRAP",
            Steer::Resume => "RESUME_REWRAP",
        };
        let entry = self.step_entry(permit.identity().as_str(), action, counted(&progress));
        let change = change(Expect::Version(version), &progress);
        let accepted = self.step(once, vec![change], entry, put_rewrap(&progress)).await?;
        // As it is kept, and as a replay and RewrapStatus will tell it.
        let progress = Some(take_rewrap(&accepted.answer)?);
        Ok(Epochs { progress, ..self.epoch_keys(permit).await? })
    }

    /// Wraps anew whenever there is something to, until `stop` says so. It leaves others as much time as it takes.
    pub async fn keep_rewrapping(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        loop {
            let began = self.clock.now();
            let more = match self.go_on().await {
                Ok(more) => more,
                // Another replica was quicker, or the keys turned: it goes on from there.
                Err(Error::Precondition { reason: "CHANGED_MEANWHILE", .. }) => false,
                Err(error) => {
                    tracing::error!(%error, "not wrapped anew");
                    false
                }
            };
            let now = self.clock.now();
            let wait = if more { now.duration_since(began).max(SignedDuration::from_millis(1)) } else { POLL };
            tokio::select! {
                () = self.clock.sleep_until(now.checked_add(wait).unwrap_or(Timestamp::MAX)) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn go_on(&self) -> Result<bool, Error> {
        let rotating = self.go_on_rotating().await?;
        Ok(self.go_on_rewrapping().await? || rotating)
    }

    /// Goes on with a rewrapping, if one is under way, for one transaction: what it did and how far it came. Answers whether there is
    /// more to do.
    pub async fn go_on_rewrapping(&self) -> Result<bool, Error> {
        let _alone = self.rewrapping.lock().await;
        let Some((version, mut progress)) = self.rewrap_progress().await? else { return Ok(false) };
        let now = self.clock.now();
        match progress.stage() {
            Stage::Paused | Stage::Finished => return Ok(false),
            Stage::Wrapping => {
                progress.goes_on(now);
                self.wrap_batch(version, progress).await?;
            }
            Stage::Proving => self.scan_batch(version, progress).await?,
        }
        Ok(true)
    }

    async fn wrap_batch(&self, version: u64, mut progress: Progress) -> Result<(), Error> {
        self.keys.ready(progress.last).await?;
        let page = self.store.wraps(progress.after, BATCH).await?;
        let seen = Keys::seen(&self.keyring);
        progress.after = page.last().map(|last| last.record);
        progress.examined += page.len() as u64;
        if page.is_empty() {
            progress.proof = Some(Proof { scanned: 0, found: self.retired().await? });
        }
        let rewraps = self.wrapped_anew(page).await?;
        progress.rewrapped += rewraps.len() as u64;
        let changes = vec![change(Expect::Version(version), &progress)];
        let amendment = Amendment { once: None, changes, entries: Vec::new(), answer: Vec::new() };
        self.store.rewrap(rewraps, Some(seen), amendment).await?;
        Ok(())
    }

    async fn scan_batch(&self, version: u64, mut progress: Progress) -> Result<(), Error> {
        let page = self.store.wraps(progress.after, SCAN).await?;
        let proof = progress.proof.get_or_insert_default();
        for one in &page {
            for id in wrapped_under(&one.bytes)? {
                proof.found.entry(id).and_modify(|records| *records += 1);
            }
        }
        proof.scanned += page.len() as u64;
        progress.after = page.last().map(|last| last.record);
        let mut entries = Vec::new();
        if page.is_empty() {
            progress.finished = Some(self.clock.now());
            entries.push(self.step_entry("", "REWRAP_DONE", counted(&progress)));
            tracing::info!(rewrapped = progress.rewrapped, "every record is wrapped under the present key");
        }
        let changes = vec![change(Expect::Version(version), &progress)];
        self.store.amend(Amendment { once: None, changes, entries, answer: Vec::new() }).await?;
        Ok(())
    }

    /// Those of a page that are not under the key that wraps now, under it; on a thread where it holds nobody up.
    async fn wrapped_anew(&self, page: Vec<Wraps>) -> Result<Vec<Rewrap>, Error> {
        for one in &page {
            self.keys.admit(&one.bytes).await?;
        }
        let (keyring, entropy) = (self.keyring.clone(), self.entropy.clone());
        let wrap = move |one: Wraps| {
            let under = wrapped_under(&one.bytes)?;
            // An erased record is under none.
            if under.is_empty() || under == [keyring.current().key.id()] {
                return Ok(None);
            }
            let place = Place { record: one.record, version: 1, organisation: one.organisation };
            let (after, under) = rewrap(&one.bytes, &place, &keyring, &*entropy)?;
            Ok(Some(Rewrap { record: one.record, before: one.bytes, after, under }))
        };
        let all = move || page.into_iter().filter_map(|one| wrap(one).transpose()).collect::<Result<_, SealError>>();
        let wrapped = tokio::task::spawn_blocking(all).await;
        Ok(wrapped.map_err(|_| Error::Internal("wrapping anew failed".to_owned()))??)
    }

    /// How far the last rewrapping has come, and the version of its document.
    pub(super) async fn rewrap_progress(&self) -> Result<Option<(u64, Progress)>, Error> {
        let found = self.store.document(Shelf::Rewrap, NAME).await?;
        found.map(|found| Ok((found.version, take_rewrap(&found.bytes)?))).transpose()
    }
}

fn change(expect: Expect, progress: &Progress) -> Change {
    Change { shelf: Shelf::Rewrap, name: NAME.to_owned(), expect, bytes: Some(put_rewrap(progress)) }
}

/// What the ledger says of it.
fn counted(progress: &Progress) -> Vec<String> {
    let scanned = progress.proof.as_ref().map_or(0, |proof| proof.scanned);
    vec![
        format!("examined={}", progress.examined),
        format!("rewrapped={}", progress.rewrapped),
        format!("scanned={scanned}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-11-21T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn only_what_runs_is_paused_and_only_what_is_paused_is_resumed() {
        let mut progress = Progress::begun(noon());
        assert!(progress.steer(Steer::Resume, noon()).is_err());
        progress.steer(Steer::Pause, noon()).unwrap();
        assert_eq!(progress.stage(), Stage::Paused);
        assert!(progress.steer(Steer::Pause, noon()).is_err());
        progress.steer(Steer::Resume, noon()).unwrap();
        progress.proof = Some(Proof::default());
        assert_eq!(progress.stage(), Stage::Proving);
        progress.finished = Some(noon());
        assert!(progress.steer(Steer::Pause, noon()).is_err() && progress.steer(Steer::Resume, noon()).is_err());
    }

    #[test]
    fn the_end_is_expected_from_the_pace_without_pauses_and_stops() {
        let at = |seconds| noon() + SignedDuration::from_secs(seconds);
        let mut progress = Progress::begun(noon());
        assert_eq!(progress.expected(100, noon()), None, "nothing is known yet");
        // Two seconds of work, an hour for which the daemon was down, a pause of an hour, two seconds of work.
        for (moment, rewrapped) in [(1, 100), (2, 100), (3_602, 0)] {
            progress.goes_on(at(moment));
            progress.rewrapped += rewrapped;
        }
        progress.steer(Steer::Pause, at(3_602)).unwrap();
        assert_eq!(progress.expected(100, at(3_602)), None, "it is paused");
        progress.steer(Steer::Resume, at(7_200)).unwrap();
        for moment in [7_201, 7_202] {
            progress.goes_on(at(moment));
            progress.rewrapped += 100;
        }
        assert_eq!(progress.expected(1_000, at(7_202)), Some(at(7_212)));
    }

    #[test]
    fn a_key_is_proven_only_by_a_finished_scan_that_knew_it() {
        let mut progress = Progress::begun(noon());
        progress.proof = Some(Proof { scanned: 9, found: BTreeMap::from([("a".into(), 0), ("b".into(), 2)]) });
        assert_eq!(progress.proven("a"), None);
        progress.finished = Some(noon());
        assert_eq!((progress.proven("a"), progress.proven("b"), progress.proven("c")), (Some(0), Some(2), None));
    }
}
