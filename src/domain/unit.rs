//! Units: what is sealed apart, and for whom it was rendered (contract 4).

use super::{code::vocabulary, text::Text};

vocabulary! {
    /// The parts of a record.
    Part {
        /// The submission exactly as received; part of the source side.
        Original = "O",
        /// Child's name, times, outcome, prompts, flags: structured, no free text.
        EpisodeCard = "E",
        /// Source and provenance of one item; part of the source side.
        Provenance = "A",
        /// One item's text and entities.
        Item = "B",
        /// Safeguarding: narrative, needs, harms, wishes, plan.
        Safeguarding = "C",
        /// Carer copy: structured shareable fields.
        Carer = "CARER",
        /// Structured card of a notice, closure, alert, prompt or copy-note leg.
        Card = "CARD",
        /// The sender's own case reference, for the sender alone.
        Sender = "SENDER",
        /// Text that the re-scan took out of a view: only a person on HOLD reads it.
        Withheld = "WITHHELD",
    }
}

impl Part {
    /// True for the parts that a role opens and no queue by itself: the source side and the carer copy (contract 4).
    pub fn opens_by_role(self) -> bool {
        matches!(self, Self::Original | Self::Provenance | Self::Carer)
    }
}

vocabulary! {
    /// Whom a unit was rendered for.
    Audience {
        /// Sealed as written.
        Nobody = "none",
        /// Police intelligence.
        Mpu = "mpu",
        /// Safeguarding.
        Mash = "mash",
        /// The carer copy.
        Carer = "carer",
    }
}

/// Which unit of a record: the item (1-based) where the part is per item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitLabel {
    /// Item number, 1-based; `None` where the part is of the whole record.
    pub item: Option<u16>,
    /// The part.
    pub part: Part,
    /// Whom it was rendered for.
    pub audience: Audience,
}

impl UnitLabel {
    /// As the ledger names it: `B[2]/mpu`, `E`.
    pub fn name(self) -> String {
        let item = self.item.map_or_else(String::new, |item| format!("[{item}]"));
        match self.audience {
            Audience::Nobody => format!("{}{item}", self.part),
            audience => format!("{}{item}/{audience}", self.part),
        }
    }
}

/// A rendered unit: named fields in reading order. One shape for every part, so that redaction and its re-scan
/// run over every field alike and a reader can list what they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// The fields.
    pub fields: Vec<Field>,
}

/// One field of a [`View`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Stable name, e.g. `text`, `episode.started`, `persons[2].appearance`. Never content.
    pub name: String,
    /// What this audience reads.
    pub value: Text,
    /// True when the re-scan took the whole field out and `value` is `[WITHHELD]`.
    pub withheld: bool,
}

impl View {
    /// Appends a field when `value` is not blank.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<Text>) {
        let value = value.into();
        if !value.is_blank() {
            self.fields.push(Field { name: name.into(), value, withheld: false });
        }
    }

    /// The value of a field, if it is there.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.name == name).map(|field| field.value.reveal())
    }
}
