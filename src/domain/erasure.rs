//! The end of a record's content: why, how far it is gone, and what forbids it.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::code::vocabulary;

vocabulary! {
    /// Why content is erased.
    ErasureReason {
        /// It was kept for as long as it may be.
        RetentionOver = "retention_over",
        /// The person whom it is about asked, and is right.
        DataSubjectRequest = "data_subject_request",
        /// A court or the regulator ordered it.
        Ordered = "ordered",
        /// It should never have been sent, and a right one was.
        SentInError = "sent_in_error",
    }
}

vocabulary! {
    /// How far content is gone.
    ErasureState {
        /// The wraps of its keys are deleted: nobody reads it through the service. Who has an old copy of the store and every key could.
        Erased = "erased",
        /// Every key that ever wrapped them is destroyed, too, or the store was written anew and no older copy of it is left.
        Irrecoverable = "irrecoverable",
    }
}

vocabulary! {
    /// Why content must not be erased, however long it was kept.
    LegalHoldReason {
        /// A public inquiry asked that nothing be destroyed.
        Inquiry = "inquiry",
        /// A court ordered it.
        CourtOrder = "court_order",
        /// It may be relevant material of an investigation or a prosecution.
        Investigation = "investigation",
        /// Somebody complained about how it was dealt with.
        Complaint = "complaint",
        /// The person whom it is about asked for it, or that it be kept.
        DataSubjectRequest = "data_subject_request",
    }
}

/// Holds that one record may be under, at most.
pub const MOST_HOLDS: usize = 20;

/// A legal hold: while a record is under one, nothing erases it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegalHold {
    /// Names it: the request that placed it.
    pub id: Uuid,
    /// Why.
    pub reason: LegalHoldReason,
    /// The reference of whoever asked for it, e.g. `T20261234`; no name.
    pub reference: String,
    /// Identity of who placed it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// How long a clock must have gone on evenly before anything is erased by it.
const EVENLY: SignedDuration = SignedDuration::from_hours(24);

/// Clocks of several replicas are apart by less.
const APART: SignedDuration = SignedDuration::from_mins(5);

/// Whether the clock goes on evenly: what is erased because its time is over can never be brought back, so a clock that leapt is
/// given a day in which somebody may set it right. It is written down, for who has leapt may also have been started anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Evenness {
    /// What the clock said last; `None`: nobody has looked.
    pub seen: Option<Timestamp>,
    /// What it said after it leapt, while that is not forgiven.
    pub leapt: Option<Timestamp>,
}

impl Evenness {
    /// The clock says `now`; until when nothing is to be erased, if it leapt.
    pub fn at(&mut self, now: Timestamp) -> Option<Timestamp> {
        let by = self.seen.map_or(SignedDuration::ZERO, |seen| now.duration_since(seen));
        if by > EVENLY || by < -APART {
            self.leapt = Some(now);
        }
        // Not back to what a replica says that is a little behind.
        self.seen = self.seen.filter(|_| (-APART..SignedDuration::ZERO).contains(&by)).or(Some(now));
        let until = self.leapt.map(|leapt| leapt.checked_add(EVENLY).unwrap_or(Timestamp::MAX));
        self.leapt = self.leapt.filter(|_| until.is_some_and(|until| now < until));
        until.filter(|until| now < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_clock_that_leapt_is_believed_after_a_day_in_which_it_went_on_evenly() {
        let mut clock = Evenness { seen: Some(at("2026-11-21T12:00:00Z")), leapt: None };
        assert_eq!(clock.at(at("2026-11-21T12:00:05Z")), None);
        assert_eq!(clock.at(at("2026-11-22T12:00:05Z")), None, "a day without anybody is no leap");
        let believed = Some(at("2027-11-23T12:00:00Z"));
        assert_eq!(clock.at(at("2027-11-22T12:00:00Z")), believed, "a year ahead");
        assert_eq!(clock.at(at("2027-11-23T11:59:59Z")), believed);
        assert_eq!(clock.at(at("2027-11-23T12:00:00Z")), None);
        assert_eq!(clock.at(at("2026-11-22T13:00:00Z")), Some(at("2026-11-23T13:00:00Z")), "and set back");
        assert_eq!(clock.at(at("2026-11-23T12:59:00Z")), Some(at("2026-11-23T13:00:00Z")));
        assert_eq!(clock.at(at("2026-11-24T13:30:00Z")), Some(at("2026-11-25T13:30:00Z")), "a leap anew");
        assert_eq!(Evenness::default().at(at("2026-11-21T12:00:00Z")), None, "nobody had looked");
    }

    #[test]
    fn a_replica_that_is_a_little_behind_is_no_clock_set_back() {
        let mut clock = Evenness { seen: Some(at("2026-11-21T12:00:00Z")), leapt: None };
        assert_eq!(clock.at(at("2026-11-21T11:59:59Z")), None);
        assert_eq!(clock.seen, Some(at("2026-11-21T12:00:00Z")));
        assert_eq!(clock.at(at("2026-11-21T11:55:00Z")), None);
        assert!(clock.at(at("2026-11-21T11:54:59Z")).is_some(), "it is not forgiven by seconds, each for itself");
    }
}
