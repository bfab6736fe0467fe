//! The end of a record's content: why, and how far it is gone.

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
        /// Every key that ever wrapped them is destroyed, too.
        Irrecoverable = "irrecoverable",
    }
}
