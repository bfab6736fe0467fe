//! Intake: judge, seal, and accept all of it in one durable transaction, or refuse with every reason.

use jiff::Timestamp;
use tracing::{Instrument, Span, info_span};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    Broker, Error, Receipt, Rulebook, Turn,
    filing::{Filer, Filing, Succeeding, would_keep},
    judge::{alert, judge},
};
use crate::{
    domain::{decision::Decision, grants::SubmitPermit, stage::Routed, submission::Reading, violation::Violations},
    ledger::Entry,
    platform::{
        flow::FLOW,
        meters::{METERS, Meters},
    },
    store::{Acceptance, Accepted, Keep, Once, StoreError},
};

/// A submission as it reached us, authenticated and authorised for its `on_behalf_of`.
pub struct Submission<'a> {
    /// The sender's request id.
    pub request: Uuid,
    /// The request's bytes as received.
    pub original: &'a [u8],
    /// SHA-256 of those bytes.
    pub digest: [u8; 32],
    /// What was read from them, with what could not be read.
    pub reading: Reading,
}

impl Broker {
    /// Accepts a submission and returns its receipt, or the first receipt where it was accepted before. It is judged before anybody
    /// asks whether it was, and the store says so as it accepts: nearly all of them are new. What is refused is asked for then,
    /// for rules, keys and time may be other than they were. `turn` is to be judged, and over then.
    pub async fn submit(
        &self,
        permit: &SubmitPermit,
        submission: Submission<'_>,
        turn: Turn,
    ) -> Result<Receipt, Error> {
        let once = Once {
            caller: permit.identity().as_str().to_owned(),
            method: "SubmitReferral",
            request: submission.request,
            digest: submission.digest,
            keep: Keep::WithRecord,
        };
        let refused = match self.judged(permit, submission, (once.clone(), None), turn).await {
            Ok(receipt) => return Ok(receipt),
            Err(refused) => refused,
        };
        match self.store.answered(&once).await? {
            Some(first) => self.receipt(&first)?.ok_or(refused),
            None => Err(refused),
        }
    }

    pub(super) async fn judged(
        &self,
        permit: &SubmitPermit,
        submission: Submission<'_>,
        (once, corrects): (Once, Option<Succeeding>),
        turn: Turn,
    ) -> Result<Receipt, Error> {
        let received = self.clock.now();
        let original = Zeroizing::new(submission.original.to_vec());
        let filing = Filing { permit: permit.clone(), once, original, received, corrects };
        self.keys.ready(received).await?;
        let (filer, reading) = (self.filer(), submission.reading);
        let call = Span::current();
        let verdict = self.bench.does(move || {
            let judging = || judge_reading(reading, &filer.rulebook, received);
            let judged = info_span!(target: FLOW, parent: &call, "judge").in_scope(judging);
            let verdict = Verdict { judged, filer, filing };
            let acceptance = info_span!(target: FLOW, parent: &call, "seal").in_scope(|| verdict.file())?;
            Ok::<_, Error>((verdict, acceptance))
        });
        let (verdict, acceptance) = verdict.await??;
        drop(turn);
        let _until_stored = self.storing.take(permit.identity()).await?;
        let (accepted, judged) = self.accept(verdict, acceptance).await?;
        match judged {
            // What was accepted is the alert alone.
            Err(refused) => Err(Error::Invalid(refused.violations)),
            Ok(routed) => {
                if !accepted.replayed {
                    Meters::count(&METERS.accepted, "class", routed.decision().class.code());
                }
                self.receipt(&accepted)?.ok_or(Error::RequestIdReused)
            }
        }
    }

    /// The receipt that was answered; `None` for a content-free alert.
    pub(super) fn receipt(&self, accepted: &Accepted) -> Result<Option<Receipt>, Error> {
        Receipt::decode(&accepted.answer, accepted.ledger_index, &accepted.root, &self.log)
    }

    /// Stores what was filed. Where the keys turned over since it was sealed, it is sealed anew: nothing is stored under a key
    /// that may be on its way to be destroyed.
    async fn accept(&self, mut verdict: Verdict, mut acceptance: Acceptance) -> Result<(Accepted, Judged), Error> {
        for _ in 0..MOST_TURNS {
            match self.store.accept(acceptance).instrument(info_span!(target: FLOW, "store")).await {
                Err(StoreError::Conflict) => self.keys.tend(self.clock.now()).await?,
                accepted => return Ok((accepted?, verdict.judged)),
            }
            let again = self.bench.does(move || {
                let acceptance = verdict.file()?;
                Ok::<_, Error>((verdict, acceptance))
            });
            (verdict, acceptance) = again.await??;
        }
        Err(Error::Unavailable("the keys turn over too often".to_owned()))
    }

    /// The same checks and the same judgement, and nothing stored: what `show` makes of the submission as it would be filed
    /// and of the entries that the ledger would keep.
    pub async fn preview<T: Send + 'static>(
        &self,
        permit: &SubmitPermit,
        reading: Reading,
        show: impl FnOnce(&Routed, &Rulebook, &[Entry]) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (rulebook, permit, now) = (self.rulebook(), permit.clone(), self.clock.now());
        let shown = self.bench.does(move || {
            let routed = judge_reading(reading, &rulebook, now)?;
            let (who, on_behalf_of) = (permit.identity().as_str(), permit.on_behalf_of());
            let ledger = would_keep(&routed, &rulebook, who, on_behalf_of, now);
            Ok(show(&routed, &rulebook, &ledger))
        });
        shown.await?.map_err(|refused: NotAccepted| Error::Invalid(refused.violations))
    }
}

/// How often the keys may turn over while one submission is filed.
const MOST_TURNS: usize = 8;

/// What a reading was judged to be.
type Judged = Result<Routed, NotAccepted>;

/// A judged submission with what files it.
struct Verdict {
    judged: Judged,
    filer: Filer,
    filing: Filing,
}

impl Verdict {
    fn file(&self) -> Result<Acceptance, Error> {
        match &self.judged {
            Ok(routed) => self.filer.file(routed, &self.filing),
            Err(NotAccepted { alert: Some(alert), .. }) => self.filer.file_alert(alert, &self.filing),
            Err(NotAccepted { violations, alert: None }) => Err(Error::Invalid(violations.clone())),
        }
    }
}

/// Why a submission was not accepted.
struct NotAccepted {
    violations: Violations,
    /// For a marking we may not store: the alert that goes to HOLD in its place (D04).
    alert: Option<Box<Decision>>,
}

/// Judges what was read, together with what could not be read: every violation at once, each field once.
fn judge_reading(reading: Reading, rulebook: &Rulebook, now: Timestamp) -> Result<Routed, NotAccepted> {
    let alert = alert(reading.draft(), rulebook, now);
    let judged = reading.finish_with(|draft| judge(draft, rulebook, now));
    judged.map_err(|violations| NotAccepted { violations, alert: alert.map(Box::new) })
}
