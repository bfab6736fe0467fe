//! What an examination of a whole store says: every disagreement by name, and whether what it concerns is lost.

use super::Head;
use crate::domain::code::vocabulary;

vocabulary! {
    /// What does not agree.
    Relation {
        /// The files of the engine: it cannot read them, or one is missing.
        File = "file",
        /// The head kept beside the data: the data has gone back in time, or is of another store.
        Head = "head",
        /// The ledger: an entry is missing or is not as it was written.
        Ledger = "ledger",
        /// A kept root of a part of the ledger, which proofs are made of.
        Proof = "proof",
        /// A record: unreadable, missing where the ledger has it, or there where the ledger has it not.
        Record = "record",
        /// The deliveries of a record.
        Deliveries = "deliveries",
        /// The index of a queue and the deliveries that wait in it.
        Queue = "queue",
        /// The list of what an organisation submitted.
        List = "list",
        /// The index of what is finished, by which retention finds it.
        Retention = "retention",
        /// The lists of prompts, and which of them are late next.
        Prompts = "prompts",
        /// The two sides of an offer to another unit, or of what was sent on from HOLD.
        Offer = "offer",
        /// What was corrected or recalled, what stands in its place, and who is told.
        Retraction = "retraction",
        /// Who read what, as a sender is shown it.
        Reading = "reading",
        /// What a sender is told of.
        Event = "event",
        /// The pages that wait.
        Outbox = "outbox",
        /// The first answer of a request, by which a repeat is known.
        Answer = "answer",
        /// An administrative document.
        Document = "document",
        /// A count kept with every commit.
        Count = "count",
        /// Keys of a kind that this program does not know.
        Unknown = "unknown",
        /// Something that belongs to nothing.
        Stray = "stray",
    }
}

/// Whether what a disagreement concerns is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mend {
    /// Nothing is: all that it says is said by records, deliveries and ledger.
    Derived,
    /// It is: only a copy of the store has it, or who sent it.
    Lost,
}

impl Relation {
    /// Whether it can be made again from what is whole.
    pub const fn mend(self) -> Mend {
        match self {
            Self::Proof | Self::Queue | Self::List | Self::Retention | Self::Prompts | Self::Count | Self::Stray => {
                Mend::Derived
            }
            Self::File
            | Self::Head
            | Self::Ledger
            | Self::Record
            | Self::Deliveries
            | Self::Offer
            | Self::Retraction
            | Self::Reading
            | Self::Event
            | Self::Outbox
            | Self::Answer
            | Self::Document
            | Self::Unknown => Mend::Lost,
        }
    }
}

/// One disagreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Of what kind.
    pub relation: Relation,
    /// What is affected: a record, a delivery, an entry. Never content.
    pub about: String,
    /// What is wrong.
    pub says: String,
}

/// Whoever follows an examination.
pub trait Examining {
    /// So much is done, of about so much.
    fn at(&mut self, done: u64, of: u64);

    /// Something does not agree.
    fn found(&mut self, finding: Finding);
}

/// What was examined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// The ledger as its entries say.
    pub head: Head,
    /// Records.
    pub records: u64,
    /// Deliveries, settled ones included.
    pub deliveries: u64,
    /// First answers kept.
    pub answers: u64,
    /// Disagreements told.
    pub findings: u64,
}
