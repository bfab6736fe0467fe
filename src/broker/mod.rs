//! Floor 4: the flow. Intake judges, seals and accepts; dispatch leases and settles; opening reads; feedback tells the
//! sender; the caretaker keeps the house.
//!
//! Every method that acts takes a permit, a value that only the grants can make. The broker names no engine: it is
//! given a store, a clock and a source of randomness.

mod administration;
mod alarms;
mod audit;
mod bench;
mod caretaker;
mod clarifying;
mod dispatch;
mod error;
mod escalating;
mod exclusion;
mod feedback;
mod filing;
mod following;
mod grading;
mod handing;
mod intake;
mod judge;
mod known;
mod onward;
mod opening;
mod paging;
mod prompting;
mod receipt;
mod refusals;
mod rejecting;
mod releasing;
mod replacing;
mod resolving;
mod retracting;
mod silent;
mod subject;
mod succeeding;
mod transferring;
mod transparency;
mod turns;
mod watched;
mod why;

use std::sync::Arc;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use tokio::sync::Mutex;

pub use administration::{
    Activation, Approved, Asked, BackupSet, BackupStep, Begin, Beside, Certificate, Checked, Effect, Ended, EpochRow,
    Epochs, ErasedRow, Erasure, Fault, Folder, GivenOut, HeldRecord, Impact, Issuer, IssuerError, KeptPolicy, KeyShelf,
    Keys, KeysError, Later, Lifespan, Looks, Manifest, NewCertificate, OuterKeys, OuterRotation, OuterRow, OuterState,
    PolicyRefused, Progress, Proof, Register, Revocation, Shown, SignedList, Stage, Standing, Steer, Tainted,
    is_of_another, later_than, lists_since, moved_entry, restored_entry, stated_lines,
};
pub use alarms::Alarms;
pub use audit::{FiledProof, LedgerEntry, LedgerProof};
pub use caretaker::Round;
pub use clarifying::{Asking, Question, Reply};
pub use dispatch::{Handle, Outcome, PullRequest, Release, Request};
pub use error::Error;
pub use feedback::{Destination, Happening, Referral};
pub use filing::would_keep;
pub use grading::{GradeVersion, ItemGrading};
pub use handing::{HandOver, TakingBack};
pub use intake::Submission;
pub use judge::{Rulebook, fingerprint, judge};
pub use opening::Opened;
pub use paging::{Hook, HookFailed, PageMessage, Pager};
pub use prompting::{Marked, Says, SeenPrompt};
pub use receipt::{Receipt, ReceiptLeg, ReceiptPrompt};
pub use releasing::{CarerRelease, Released};
pub use resolving::Resolution;
pub use retracting::{Acknowledged, Correction, Reader, Recalling};
pub use subject::{ExportedPart, ExportedRecord, MOST_RECORDS};
pub use transferring::{Transfer, TransferAnswer};
pub use transparency::SeenReading;
pub use turns::Turn;

use self::bench::Bench;
pub use crate::store::{EventKind, Outbox, PromptPage, PromptSide, Prompted, QueueCounts, Room, Side};
use crate::{
    domain::grants::Grants,
    ledger::LogKey,
    platform::{Clock, Current, Entropy},
    sealing::Keyring,
    store::Store,
};
pub use refusals::REFUSAL_REASONS;
pub use watched::{KindCounts, OfClass, Watch};

/// Leases on one delivery that may run out, unless it is configured otherwise.
pub const MOST_FAILURES: u32 = 5;

/// The broker: what it was given, and nothing of its own that a restart would lose but unwritten refusals.
pub struct Broker {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    keys: Keys,
    keyring: Arc<Keyring>,
    /// Signs checkpoints of the ledger.
    log: LogKey,
    rulebook: Current<Rulebook>,
    policies: administration::Policies,
    grants: Current<Grants>,
    alarms: Alarms,
    refusals: refusals::Refusals,
    /// Signs certificates, where this broker may.
    issuer: Option<Arc<dyn Issuer>>,
    /// What must not come undone with an older store.
    beside: Option<administration::Remembered>,
    /// Most good certificates that one identity may have by renewing.
    most_renewals: usize,
    /// Leases on one delivery that may run out before it goes to the dead-letter side.
    most_failures: u32,
    /// Held while more is taken over: who looks waits for it.
    taken_over: Mutex<administration::TakenOver>,
    /// Held by who wraps records anew, and by who begins, pauses or resumes that.
    rewrapping: Mutex<()>,
    /// How far it was looked for what is to be erased.
    retention: Mutex<administration::Looked>,
    /// How much room the store takes, as of the caretaker's last round.
    room: std::sync::Mutex<Option<Room>>,
    /// Where submissions are judged.
    bench: Bench,
    /// Whose submission is judged next.
    judging: turns::Turns,
    /// Whose is stored next.
    storing: turns::Turns,
    /// Who has called.
    known: known::Known,
}

/// What a broker is made of.
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<dyn Entropy>,
    /// Every key.
    pub keys: Keys,
    /// What judgements read.
    pub rulebook: Arc<Rulebook>,
    /// Who may do what.
    pub grants: Arc<Grants>,
    /// Name of the ledger, which stands in every checkpoint.
    pub origin: String,
}

impl Broker {
    /// A broker of these parts.
    pub fn new(parts: Parts) -> Self {
        let Parts { store, clock, entropy, keys, rulebook, grants, origin } = parts;
        let (keyring, refusals) = (keys.ring(), refusals::Refusals::default());
        let log =
            LogKey::new(&origin, &*keyring.log_seed()).expect("32 bytes, and the name of a trust domain in a path");
        Self {
            store,
            clock,
            entropy,
            keys,
            keyring,
            log,
            grants: Current::new(Arc::unwrap_or_clone(grants).under(rulebook.vetting().clone())),
            rulebook: Current::new(rulebook),
            policies: administration::Policies::default(),
            alarms: Alarms::default(),
            refusals,
            issuer: None,
            beside: None,
            most_renewals: 0,
            most_failures: MOST_FAILURES,
            taken_over: Mutex::default(),
            rewrapping: Mutex::new(()),
            retention: Mutex::default(),
            room: std::sync::Mutex::default(),
            bench: Bench::new(),
            judging: turns::Turns::to_judge(),
            storing: turns::Turns::to_store(),
            known: known::Known::default(),
        }
    }

    /// With an authority that signs certificates, so many renewals for one identity that are good at the same time.
    #[must_use]
    pub fn with_issuer(self, issuer: Arc<dyn Issuer>, most_renewals: usize) -> Self {
        Self { issuer: Some(issuer), most_renewals, ..self }
    }

    /// With another limit of attempts.
    #[must_use]
    pub fn with_failures(self, most_failures: u32) -> Self {
        Self { most_failures, ..self }
    }

    /// What filing needs, for the threads where submissions are judged and sealed.
    fn filer(&self) -> filing::Filer {
        let (keyring, entropy) = (self.keyring.clone(), self.entropy.clone());
        filing::Filer { keyring, entropy, rulebook: self.rulebook() }
    }

    /// Who may do what, as of now.
    pub fn grants(&self) -> Arc<Grants> {
        self.grants.get()
    }

    /// What judgements read, as of now.
    pub fn rulebook(&self) -> Arc<Rulebook> {
        self.rulebook.get()
    }

    /// What somebody must look at.
    pub fn alarms(&self) -> &Alarms {
        &self.alarms
    }

    /// The broker's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns once `moment` has come.
    pub async fn wait_until(&self, moment: Timestamp) {
        self.clock.sleep_until(moment).await;
    }

    /// True when store and ledger can be written: the health service says SERVING only then.
    pub async fn healthy(&self) -> bool {
        self.store.head().await.is_ok()
    }

    /// Whether it may be so again without a new start.
    pub fn recovers(&self) -> bool {
        self.store.recovers()
    }

    /// The day in London, on which the directory is read.
    fn london_day(&self, at: Timestamp) -> Date {
        at.to_zoned(TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC)).date()
    }
}
