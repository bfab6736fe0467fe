//! Floor 3: what is kept. `trait Store` says what every engine promises; only `app/wiring.rs` names one, and `app/database.rs` the one that brokers share.

mod arriving;
mod compacted;
mod copied;
mod examined;
mod model;
mod onward;
mod ordered;
mod outbox;
pub mod postgres;
mod prompts;
mod shelf;
pub mod sled;
mod stored;

pub use arriving::{MovedPart, Origin, Restored, Restoring};
pub use compacted::{Compacted, Compaction, Room};
pub use copied::{Copied, CopyPart};
pub use examined::{Examined, Examining, Finding, Mend, Relation};
pub use model::{
    Acceptance, Accepted, Claim, ClassCounts, Event, EventKind, Head, Held, Keep, Kept, NewRecord, Once, Proven, Pull,
    QueueCounts, Record, Reference, Settle, Side, Stored,
};
pub use onward::{Along, Clarification, KeptFrom, Lapse, Notice, Raise, Replay, Retract, Returned, TakeBack};
pub use outbox::{DuePage, Noted, Outbox, Round};
pub use prompts::{Mark, Marking, PromptPage, PromptSide, Prompted};
pub use shelf::{Amendment, COMPACTED, COPIES_GONE, Change, Document, Expect, MOST_NAME, Rewrap, Seen, Shelf, Wraps};

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use crate::{
    domain::{
        delivery::{Delivery, DeliveryId},
        queue::QueueId,
        unit::UnitLabel,
    },
    ledger::Entry,
};

/// Which leases of a holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leases<'q> {
    /// All of them.
    All,
    /// Those in one queue.
    In(&'q QueueId),
    /// Those that the holder had by a moment, inclusive.
    By(Timestamp),
}

/// The store of records, deliveries, idempotency entries and the ledger.
///
/// # Contract
///
/// 1. **Durable before answered.** A mutating call returns `Ok` only after its bytes are on disk (not in a page cache).
/// 2. **All or nothing.** Record, deliveries, idempotency entry, ledger entries and events of one call are one atomic batch.
/// 3. **Once.** The same caller, method, request id and digest gives the first answer again and changes nothing, also
///    concurrently in one batch and after a crash; another digest is [`StoreError::RequestIdReused`].
/// 4. **Fenced.** A lease settles, extends or opens only with its token, by its holder, before its expiry; otherwise
///    [`StoreError::LeaseLost`] and nothing changes. A delivery of another queue is [`StoreError::NotFound`].
/// 5. **Ordered.** Pull gives class, then the earliest deadline still running (once opened, only that to decide), then
///    age; a leased, settled or not-yet-due delivery is never given; no delivery has two live leases.
/// 6. **One ledger.** Indices have no gap; each entry's leaf hash and the frontier are in the batch of what it records.
/// 7. **Nothing in clear.** The store holds no content: sealed values are opaque to it.
/// 8. **Bounded.** No call's cost grows with what is stored, but for the size of its answer.
/// 9. **Graded, never regraded.** A confirmed grade is added to its record as the item's next version and shown by every
///    delivery that carries the item, those made later included; an earlier version stays as it was.
/// 10. **Amended, never overwritten unseen.** A document is changed only from the version its changer saw; of several
///     changes of one call either all are made or none: [`StoreError::Conflict`]. The same holds for the wraps of records, and for
///     what an acceptance relied on.
/// 11. **Fail stop.** After a failed write or sync every call is [`StoreError::Unavailable`]: for good, or, where the store is elsewhere, until
///     it is reached again; nothing is held meanwhile as though it were kept. A damaged store does not open.
/// 12. **Copied as of one moment.** What a copy gives, taken in its order, is the store as it was, durably, at one moment of it, however much
///     was written meanwhile; writers wait for no more than a few hundred keys of it.
/// 13. **Erased only when nothing is open.** Wraps are taken away only from a record whose every delivery is settled and whose every prompt
///     has ended: [`StoreError::Conflict`] otherwise. What was sealed in notes goes with them, its followers are told, and the record says which entry tells of it.
/// 14. **Followed once.** A prompt with a date is kept once for each record and kind, from its acceptance on; every queue that works on it
///     lists it until it has ended. It is marked only from the version its marker saw ([`StoreError::Conflict`]), and told of once when it is late.
/// 15. **To nobody who was accused meanwhile.** What is given to somebody is given as the record was kept from people when it was decided who is
///     to have it ([`Held::kept_from`]): [`StoreError::Conflict`] where a correction has accused somebody since, and nothing is changed. What
///     leaves the house does so as the record had been corrected when that was decided ([`Held::retractions`]).
#[async_trait]
pub trait Store: Send + Sync {
    /// Accepts a submission: contract points 1 to 3, 6.
    async fn accept(&self, acceptance: Acceptance) -> Result<Accepted, StoreError>;

    /// The kept answer of an acceptance or an amendment, if it was made; lets a replay be answered before any work is done. Pulls and
    /// settlements answer their own replays.
    async fn answered(&self, once: &Once) -> Result<Option<Accepted>, StoreError>;

    /// Changes documents: contract points 1 to 3, 6, 10. The answer's ledger index is that of the first entry, or, without
    /// one, the size of the ledger.
    async fn amend(&self, amendment: Amendment) -> Result<Accepted, StoreError>;

    /// One document.
    async fn document(&self, shelf: Shelf, name: &str) -> Result<Option<Document>, StoreError>;

    /// Documents of a shelf in the order of their names, those after `after` (empty for the first page), at most `limit`.
    async fn documents(&self, shelf: Shelf, after: &str, limit: usize) -> Result<Vec<Document>, StoreError>;

    /// Writes one entry to the ledger; returns its index.
    async fn record_entry(&self, entry: Entry) -> Result<u64, StoreError>;

    /// Leases up to `tokens.len()` deliveries: what was handed over to this holder first (taking it acknowledges it), then what waits,
    /// but nothing of a record that is kept from them (D08).
    /// A replay gives the same deliveries with the same leases, none if
    /// it was none. One ledger entry for all, if there are any.
    async fn pull(&self, pull: Pull) -> Result<Vec<Delivery>, StoreError>;

    /// Uses a lease; answers with the delivery as it then is (for a replay: as it was). [`StoreError::WrongState`] where
    /// what is not held would be resolved, or an item graded that the delivery does not carry, or a 21st time; where what is only
    /// offered would be anything but prolonged, handed back, accepted or refused, and what is not, accepted or refused; where a second
    /// offer would be made; where what was recalled would be offered, sent on or disclosed. Whoever settles what they had offered ends
    /// the offer. What was corrected and is offered or sent on bears its mark there from the beginning, and the queue to which it goes
    /// gets a notice.
    async fn settle(&self, once: Once, held: Held, settle: Settle, entry: Entry) -> Result<Delivery, StoreError>;

    /// Records that this unit was opened under a live lease: `entry` is durable, who opened it is kept with the record, and the first
    /// opening is the acknowledgement, before this returns. Not replayed.
    async fn opened(&self, held: Held, unit: UnitLabel, entry: Entry) -> Result<Delivery, StoreError>;

    /// Ends every lease that expired by `now`: the delivery waits again and counts one failure, each with a ledger entry
    /// of the broker's own, `LEASE_EXPIRED`. What was handed over and not taken counts none: `HAND_OVER_LAPSED`. One that has by then failed `most` times since it was last sent back is put on the
    /// dead-letter side instead, with a second entry, `ATTEMPT_LIMIT`, and an offer of it to another unit is over. Returns how many leases
    /// ended.
    async fn expire_leases(&self, now: Timestamp, most: u32) -> Result<u64, StoreError>;

    /// Deliveries that are to be escalated at `now` ([`Delivery::late_after`] is past), and offers that are to lapse, the longest late
    /// first, at most `limit`.
    async fn late(&self, now: Timestamp, limit: usize) -> Result<Vec<Delivery>, StoreError>;

    /// Escalates deliveries, each with its ledger entry: one that is late no longer, or was escalated since, is left as it is.
    /// Returns how many were.
    async fn escalate(&self, raises: Vec<Raise>) -> Result<u64, StoreError>;

    /// Pages that are due at `now`: in rounds, one of each queue, that with the fewest on their way first; of a queue the most urgent
    /// class first, and of that the longest due. A row is written with each delivery whose header says `page`, and with each
    /// escalation; it goes when somebody opens the delivery after that, settles or rejects it.
    async fn pages(&self, now: Timestamp, round: Round) -> Result<Vec<DuePage>, StoreError>;

    /// Notes what came of an attempt to deliver a page: false, and nothing changes, where another was noted since it was begun,
    /// or the page is gone.
    async fn note_page(&self, noted: Noted) -> Result<bool, StoreError>;

    /// What the outbox of pages holds, as it changes; a hint like [`Store::changes`].
    fn outbox(&self) -> watch::Receiver<Outbox>;

    /// Sends a dead letter back to its queue; answers with it as it then is (for a replay of the call: as it was).
    /// [`StoreError::WrongState`] where it is none, or has as long a history as there can be, or is kept from whoever asks (D08).
    async fn replay(&self, once: Once, replay: Replay, entry: Entry) -> Result<Delivery, StoreError>;

    /// Ends offers that nobody answered by [`Offer::answer_by`]: each delivery goes on where it was, escalated. One that was answered
    /// since is left as it is. Returns how many ended.
    ///
    /// [`Offer::answer_by`]: crate::domain::transfer::Offer::answer_by
    async fn lapse(&self, lapses: Vec<Lapse>) -> Result<u64, StoreError>;

    /// Recalls records: in each, what nobody has read is closed and whoever has read something gets a notice, a delivery that waits to
    /// be acknowledged; the first answer is kept. What an acceptance corrects is treated likewise, in its step. Whom it is kept from from
    /// now on ([`KeptFrom`]) hears nothing: in their queues all of it ends without a notice, and what they hold elsewhere waits again.
    /// [`StoreError::WrongState`] where a record was corrected or recalled since.
    async fn recall(&self, once: Once, retracts: Vec<Retract>, answer: Vec<u8>) -> Result<Accepted, StoreError>;

    /// Takes back what was handed over and is not taken: it waits in its queue again, no failure; or ends an offer that is not
    /// answered; answers with it as it then is (for a
    /// replay: as it was). [`StoreError::WrongState`] where nothing is handed over, or by somebody else.
    async fn take_back(&self, once: Once, taking: TakeBack, entry: Entry) -> Result<Delivery, StoreError>;

    /// Adds a sender's answer to the delivery, whoever holds it by then, or nobody, or to what another unit has accepted of it, or the named
    /// queue has got of it out of HOLD; answers with that as it then is (for a replay: as it was). The entry names the delivery to which it was added. [`StoreError::WrongState`] where the question is answered, or the delivery settled.
    async fn clarify(&self, once: Once, clarification: Clarification, entry: Entry) -> Result<Delivery, StoreError>;

    /// Prompts of a queue, one side of its list, after `after` (a position from the last page), at most `limit`; with the position to go on
    /// from.
    async fn prompts(
        &self,
        queue: &QueueId,
        side: PromptSide,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<PromptPage, StoreError>;

    /// Says of a prompt who will do it, or that it has ended; answers with it as it then is (for a replay: as it was).
    /// [`StoreError::WrongState`] where it has ended.
    async fn mark_prompt(&self, once: Once, marking: Marking, entry: Entry) -> Result<Prompted, StoreError>;

    /// Tells of every prompt that is open and was due before `now`, each once, with a ledger entry of the broker's own, `PROMPT_LATE`.
    /// Returns how many there were.
    async fn tell_late_prompts(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Ends leases of a holder: the delivery waits again and counts no failure, each with a ledger entry of the broker's own,
    /// `LEASE_REVOKED`. Returns how many. Its cost grows with the leases that are live, and with nothing else.
    async fn end_leases(&self, holder: &str, which: Leases<'_>, now: Timestamp) -> Result<u64, StoreError>;

    /// Who has a lease, and in which queue, each pair once; costs as [`Store::end_leases`] does.
    async fn holders(&self) -> Result<Vec<(String, QueueId)>, StoreError>;

    /// How many live leases a holder has; costs as [`Store::end_leases`] does.
    async fn leases_of(&self, holder: &str) -> Result<u64, StoreError>;

    /// Forgets idempotency entries kept until a moment before `now`. Returns how many.
    async fn forget_answers(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// A record with its deliveries.
    async fn find(&self, record: Uuid) -> Result<Option<Stored>, StoreError>;

    /// One delivery.
    async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError>;

    /// Wraps of records in the order of record ids, those after `after`, at most `limit`.
    async fn wraps(&self, after: Option<Uuid>, limit: usize) -> Result<Vec<Wraps>, StoreError>;

    /// Wraps of the records that have a delivery which is not settled, dead letters included, from a place in the queues on
    /// (`None`: from their beginning); about `limit`, a record once or oftener. With the place to go on from, if there is more.
    async fn unsettled(&self, after: Option<Vec<u8>>, limit: usize) -> Result<Unsettled, StoreError>;

    /// How many records are wrapped under each name, none left out. Kept with every change: costs as many reads as there are names.
    async fn wrapped(&self) -> Result<Vec<(String, u64)>, StoreError>;

    /// Replaces wraps and makes an amendment, together or not at all: [`StoreError::Conflict`] where the wraps of a record are
    /// no longer what the caller read, or `seen` is no longer so.
    async fn rewrap(
        &self,
        rewraps: Vec<Rewrap>,
        seen: Option<Seen>,
        amendment: Amendment,
    ) -> Result<Accepted, StoreError>;

    /// Records about which nothing has been open since a moment before `before`, with that moment, in the order of both, those after
    /// `after`, at most `limit`: every delivery is settled, and with it what was asked there, every prompt ended, and the content is not erased.
    async fn finished(
        &self,
        before: Timestamp,
        after: Option<(Timestamp, Uuid)>,
        limit: usize,
    ) -> Result<Vec<(Timestamp, Uuid)>, StoreError>;

    /// A record's wraps with its sealed value behind them.
    async fn sealed(&self, record: Uuid) -> Result<Option<Vec<u8>>, StoreError>;

    /// The records that an organisation follows (submitted by it or for it, linked ones excluded), newest first, those
    /// with a ledger index below `before` (`u64::MAX` for the first page), at most `limit`; each with its ledger index.
    async fn records(&self, organisation: &str, before: u64, limit: usize) -> Result<Vec<(u64, Stored)>, StoreError>;

    /// Events of the records that an organisation follows, with an index of at least `from`, in order, about `limit`:
    /// those of one index (a pull of several deliveries) always come together, so that going on from the last index + 1
    /// misses none. A submission is `Received` once, under its subject's record.
    async fn events(&self, organisation: &str, from: u64, limit: usize) -> Result<Vec<Event>, StoreError>;

    /// How many dead letters each queue has, of those that have any.
    async fn dead_letters(&self) -> Result<BTreeMap<QueueId, u64>, StoreError>;

    /// Counts of each queue at `now`.
    async fn counts(&self, queues: &[QueueId], now: Timestamp) -> Result<Vec<QueueCounts>, StoreError>;

    /// Of each queue, the deliveries that are not settled and not on its dead-letter side, by class; every class of every queue.
    async fn class_counts(&self, queues: &[QueueId]) -> Result<Vec<ClassCounts>, StoreError>;

    /// Deliveries on one side of a queue, as a reader may see it, that are not settled, in pull order, after `after` (a position from the last page), at
    /// most `limit`; with the position to go on from, where there are more. What is kept from the reader (D08) is on no page, and in
    /// no position.
    async fn deliveries(
        &self,
        queue: &QueueId,
        of: (Side, Reference),
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<Page, StoreError>;

    /// The deliveries of a queue that a holder has under a live lease of this session at `now`, in pull order. Its cost grows
    /// with the live leases of the queue.
    async fn leased(&self, queue: &QueueId, whose: Whose, now: Timestamp) -> Result<Vec<Delivery>, StoreError>;

    /// From when on a pull from the queue by this holder finds something: a moment that is not after `now` where it does at once. None where
    /// nothing waits that is not kept from them, nor will by itself.
    async fn ready_from(
        &self,
        queue: &QueueId,
        holder: (&str, Reference),
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError>;

    /// Ledger entries from an index on, encoded as hashed.
    async fn entries(&self, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError>;

    /// The ledger's head.
    async fn head(&self) -> Result<Head, StoreError>;

    /// Proves a claim against the ledger of the first `size` entries, or of all of them; none where it has not so many, or the
    /// claim is of more than those. Its cost grows as a logarithm does.
    async fn prove(&self, claim: Claim, size: Option<u64>) -> Result<Option<Proven>, StoreError>;

    /// How much room it takes, and how much of it is in use, as of the last count that came to its end. A call counts on by some thousand
    /// keys, and begins anew an hour after the last beginning. `None` while nothing is counted yet, and where it is the database's to say.
    async fn measure(&self, now: Timestamp) -> Result<Option<Room>, StoreError>;

    /// Copies the whole store while it is in use, in parts of which each says what some keys are to be, also that one is gone: contract
    /// point 12. One copy at a time: [`StoreError::WrongState`].
    async fn copy(&self, parts: mpsc::Sender<CopyPart>) -> Result<Copied, StoreError>;

    /// Whether it may be written again by and by where it cannot now; an embedded store that failed has to be opened again.
    fn recovers(&self) -> bool;

    /// A number that changes whenever something was committed; a hint to look again, never the truth: word of what another
    /// replica commits may be lost.
    fn changes(&self) -> watch::Receiver<u64>;

    /// Finishes what was begun and closes. Calls after it are [`StoreError::Unavailable`].
    async fn close(&self);
}

/// Whose leases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// Identity of the holder.
    pub holder: String,
    /// Their session.
    pub session: String,
}

/// One page of [`Store::unsettled`]: wraps, and where the next page begins; `None` at the end.
pub type Unsettled = (Vec<Wraps>, Option<Vec<u8>>);

/// One page of [`Store::deliveries`].
#[derive(Debug, Clone)]
pub struct Page {
    /// The deliveries.
    pub deliveries: Vec<Delivery>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Vec<u8>>,
}

/// Why a store did not do it. Holds no content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The request id was used with another body.
    #[error("this request id was used with another body")]
    RequestIdReused,
    /// The lease is not live, or not this holder's.
    #[error("the lease is lost")]
    LeaseLost,
    /// There is no such delivery in this queue.
    #[error("not found")]
    NotFound,
    /// Not possible in the state it is in, e.g. resolving what is not held.
    #[error("not possible in this state")]
    WrongState,
    /// A document is not, or no longer, of the version that the caller expected.
    #[error("changed by somebody else in the meantime")]
    Conflict,
    /// The engine stopped after a failed write or sync, or is closed.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// What was read is not what was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
}
