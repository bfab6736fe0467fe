//! What is remembered, for how long, and who is told of it (domain 6).

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::domain::{
    code::vocabulary,
    period::{Dated, Exception},
    unit::Part,
};

vocabulary! {
    /// What a sender sees of who opened its referral on a queue of some kind.
    ReadingShown {
        /// Nothing.
        Nothing = "none",
        /// The part, and the role of whoever opened it.
        Role = "role",
        /// Their unit, too.
        Unit = "unit",
    }
}

/// For whom other days of retention were agreed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Agreed {
    /// A kind of queue.
    Kind(String),
    /// GSS code of an authority that one submits for.
    Authority(String),
}

/// For how many days content is kept after everything about it was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// The default.
    pub days: Dated<u32>,
    /// What differs, while it does.
    pub exceptions: BTreeMap<Agreed, Exception<u32>>,
}

impl Retention {
    /// The days of a record that was sent for `authority` to queues of these kinds, as of `day`: the longest that applies to any
    /// of them.
    pub fn days<'k>(&self, authority: &str, kinds: impl Iterator<Item = &'k str>, day: Date) -> u32 {
        let agreed = |whose: &Agreed| self.exceptions.get(whose).and_then(|own| own.on(day)).copied();
        let own = agreed(&Agreed::Authority(authority.to_owned()));
        let default = *self.days.on(day);
        let of = |kind: &str| agreed(&Agreed::Kind(kind.to_owned())).max(own).unwrap_or(default);
        kinds.map(of).max().or(own).unwrap_or(default)
    }

    /// The fewest days that anything is kept, as of `day`.
    pub fn least(&self, day: Date) -> u32 {
        let agreed = self.exceptions.values().filter_map(|own| own.on(day));
        agreed.copied().min().map_or(*self.days.on(day), |least| least.min(*self.days.on(day)))
    }
}

vocabulary! {
    /// Why something is withheld from a person who asks what is held about them (DPA 2018 Sch 2 and 3).
    Withholding {
        /// It is about somebody else, too.
        ThirdParty = "third_party",
        /// It would show who told.
        Source = "source",
        /// Police would be hindered in preventing or detecting crime.
        Police = "police",
        /// Somebody would probably be seriously harmed.
        SeriousHarm = "serious_harm",
    }
}

/// What becomes of a part of a record in a subject-access export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// It is given, but for fields whose names begin so.
    Given(Vec<(String, Withholding)>),
    /// It is withheld, and why.
    Withheld(Vec<Withholding>),
}

/// Parts that no policy gives: the source side, what police go by, and what a view had to leave out.
pub const NEVER_GIVEN: [Part; 5] = [Part::Provenance, Part::Original, Part::Item, Part::Card, Part::Withheld];

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// Version of the data.
    pub version: String,
    /// How long content is kept.
    pub retention: Retention,
    /// What senders see of who read, by kind of queue.
    pub readings: BTreeMap<String, ReadingShown>,
    /// What becomes of each part in a subject-access export.
    pub access: BTreeMap<Part, Access>,
}

impl Memory {
    /// What a sender sees of readings on queues of this kind.
    pub fn shows(&self, kind: &str) -> ReadingShown {
        self.readings.get(kind).copied().unwrap_or(ReadingShown::Nothing)
    }

    /// What becomes of a part in a subject-access export; what the policy does not know is withheld.
    pub fn access(&self, part: Part) -> Access {
        let known = self.access.get(&part).cloned();
        known.unwrap_or(Access::Withheld(vec![Withholding::ThirdParty, Withholding::Source]))
    }
}
