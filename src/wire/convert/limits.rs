//! How many entries of each list are read (domain 3.2 and the contract): one list over its limit is one fault, and what is
//! beyond it is not read, so that a hostile message cannot make the answer longer than itself.

/// Items of a submission.
pub const ITEMS: usize = 50;
/// Persons of a submission.
pub const PERSONS: usize = 100;
/// Each of places, vehicles, phones, accounts and objects; validation counts them together.
pub const OBJECTS: usize = 200;
/// Questions asked.
pub(super) const QUESTIONS: usize = 200;
/// Interview offers.
pub(super) const OFFERS: usize = 20;
/// Share and withhold marks.
pub(super) const MARKS: usize = 200;
/// Short lists: aliases, descriptors, who was present, corroboration.
pub(super) const SHORT: usize = 20;
/// Lists of a closed vocabulary: each value once, and no vocabulary of a list has more.
pub(super) const CODES: usize = 19;
