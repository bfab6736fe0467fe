//! Whom to ring: the unit behind each queue, its cover, when somebody last verified the entry, and who stands in; and whom what is late
//! is escalated to (R25).

use std::{collections::BTreeMap, fmt};

use jiff::{Span, civil::Date};

use super::{directory::Police, period::Exception, queue::QueueId};

/// When a unit can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cover {
    /// At every hour.
    Always,
    /// In office hours.
    Office,
}

impl Cover {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Always => "at every hour",
            Self::Office => "in office hours",
        }
    }
}

/// The unit behind a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// What it is called.
    pub unit: String,
    /// When it can be reached.
    pub cover: Cover,
    /// Telephone.
    pub phone: String,
    /// E-mail: for arranging things, never for content.
    pub email: String,
    /// When somebody last rang and found it true.
    pub verified: Date,
    /// Whom a person on HOLD turns to when nobody is there.
    pub fallback: Option<QueueId>,
}

/// Whom R25 turns to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Above {
    /// The supervisor of a queue.
    Supervisor(QueueId),
    /// The duty officer of a BCU, or of a force outside the Met.
    Duty(Police),
    /// The manager that a council named, by its GSS code.
    Manager(String),
}

impl fmt::Display for Above {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Supervisor(queue) => write!(f, "queue_supervisor of {queue}"),
            Self::Duty(Police::Bcu(code) | Police::Force(code)) => write!(f, "bcu_duty of {code}"),
            Self::Manager(council) => write!(f, "council_manager of {council}"),
        }
    }
}

/// Somebody above a unit: a post, never a person's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// All that a page says of them: by it whoever carries pages finds whom to ring.
    pub id: String,
    /// What the post is called.
    pub label: String,
    /// Telephone.
    pub phone: String,
    /// E-mail: for arranging things, never for content.
    pub email: String,
    /// When somebody last rang and found it true.
    pub verified: Date,
}

/// How far an entry can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Verified lately.
    Fresh,
    /// Due to be verified: a warning.
    Ageing,
    /// So old that nobody can say whether anybody is there: HOLD gets a copy, as of an empty desk (D21).
    Stale,
}

impl Standing {
    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Ageing => "ageing",
            Self::Stale => "stale",
        }
    }
}

/// Every entry, by queue and day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contacts {
    /// Version of the data.
    pub version: String,
    /// An entry older than this many months is ageing.
    pub warn_after_months: u16,
    /// An entry older than this many months is stale.
    pub hold_after_months: u16,
    /// The entries.
    pub entries: BTreeMap<QueueId, Exception<Contact>>,
    /// Whom R25 turns to.
    pub above: BTreeMap<Above, Exception<Post>>,
}

impl Contacts {
    /// The entry of `queue` on `day`.
    pub fn of(&self, queue: &QueueId, day: Date) -> Option<&Contact> {
        self.entries.get(queue).and_then(|own| own.on(day))
    }

    /// Who is above, on `day`.
    pub fn post(&self, above: &Above, day: Date) -> Option<&Post> {
        self.above.get(above).and_then(|own| own.on(day))
    }

    /// How far `contact` can be relied on, on `day`.
    pub fn standing(&self, contact: &Contact, day: Date) -> Standing {
        self.standing_of(contact.verified, day)
    }

    /// How far what was found true on the day `verified` can be relied on, on `day`.
    pub fn standing_of(&self, verified: Date, day: Date) -> Standing {
        let older = |months: u16| verified.saturating_add(Span::new().months(i32::from(months))) < day;
        if older(self.hold_after_months) {
            Standing::Stale
        } else if older(self.warn_after_months) {
            Standing::Ageing
        } else {
            Standing::Fresh
        }
    }

    /// True where nobody can say whether anybody is there: the entry of `queue` is stale, or has ended without another.
    pub fn is_stale(&self, queue: &QueueId, day: Date) -> bool {
        self.of(queue, day).is_none_or(|contact| self.standing(contact, day) == Standing::Stale)
    }

    /// Every day on which an entry begins or ends.
    pub fn changes(&self) -> impl Iterator<Item = Date> {
        self.entries.values().flat_map(Exception::changes).chain(self.above.values().flat_map(Exception::changes))
    }
}
