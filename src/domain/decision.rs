//! A decision in words that can be shown: grades, rules, class, prompts, flags, legs (domain 5.4).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    classify::Field,
    clocks::Clocks,
    code::{Class, vocabulary},
    grading::Handling,
    queue::QueueId,
};

vocabulary! {
    /// Source evaluation, the 3 of 3x5x2.
    SourceGrade {
        /// Reliable.
        Reliable = "1",
        /// Untested.
        Untested = "2",
        /// Not reliable; never proposed by the broker.
        NotReliable = "3",
    }
}

vocabulary! {
    /// Information assessment, the 5 of 3x5x2.
    InformationGrade {
        /// Known directly.
        KnownDirectly = "A",
        /// Known indirectly but corroborated.
        Corroborated = "B",
        /// Known indirectly.
        KnownIndirectly = "C",
        /// Not known.
        NotKnown = "D",
        /// Suspected to be false.
        SuspectedFalse = "E",
    }
}

impl SourceGrade {
    /// What it says, in words (domain 2.1).
    pub const fn words(self) -> &'static str {
        match self {
            Self::Reliable => "reliable",
            Self::Untested => "untested",
            Self::NotReliable => "not reliable",
        }
    }
}

impl InformationGrade {
    /// What it says, in words (domain 2.1).
    pub const fn words(self) -> &'static str {
        match self {
            Self::KnownDirectly => "known directly",
            Self::Corroborated => "known indirectly but corroborated",
            Self::KnownIndirectly => "known indirectly",
            Self::NotKnown => "not known",
            Self::SuspectedFalse => "suspected to be false",
        }
    }
}

/// Proposed grade of one item. Police confirm; the practitioner is never asked (domain 2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemGrade {
    /// Item number, 1-based.
    pub item: u16,
    /// Source.
    pub source: SourceGrade,
    /// Information.
    pub information: InformationGrade,
    /// Handling, with the standing instruction where it has conditions.
    pub handling: Handling,
    /// Why, in words: the row of 2.2 or D24 that applied, then what the reader should mind.
    pub why: Vec<&'static str>,
}

impl ItemGrade {
    /// Source and information, e.g. `2A`.
    pub fn proposed(&self) -> String {
        format!("{}{}", self.source, self.information)
    }
}

/// A rule that fired, e.g. `R02`.
pub type RuleId = &'static str;

/// Rules, class, prompts and flags: everything decided before destinations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// Highest class of the rules that fired.
    pub class: Class,
    /// Rules that fired, in rule order, R08 to R11, R24 added by routing.
    pub rules: Vec<RuleId>,
    /// Prompts.
    pub prompts: Vec<Prompt>,
    /// Flags.
    pub flags: Vec<Flag>,
    /// Each rule that fired, with the fields that fired it.
    pub fired: Vec<Fired>,
}

/// A rule that fired, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// The rule.
    pub rule: RuleId,
    /// The fields that fired it, never what they say; none where it is silence that does.
    pub because: Vec<Field>,
}

vocabulary! {
    /// Prompts to people (domain 5.4).
    PromptKind {
        /// Strategy discussion.
        Strategy = "STRATEGY",
        /// National Referral Mechanism.
        Nrm = "NRM",
        /// Prevent referral.
        Prevent = "PREVENT",
        /// Local Authority Designated Officer.
        Lado = "LADO",
        /// Personal 101 report of FGM.
        Fgm101 = "FGM_101",
        /// Adult safeguarding.
        AdultSafeguarding = "ADULT_SAFEGUARDING",
        /// Health.
        Health = "HEALTH",
        /// Ring 999.
        Call999 = "CALL_999",
    }
}

/// A prompt with its due time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What to do.
    pub kind: PromptKind,
    /// Rule that raised it.
    pub rule: RuleId,
    /// Due by, if it has a date.
    pub due: Option<Timestamp>,
    /// Due before it was received.
    pub overdue_on_arrival: bool,
}

impl Prompt {
    /// One of those that are shown, by kind and rule: two rules may ask for the same thing by different days.
    pub fn is_among(&self, shown: &[Shown]) -> bool {
        shown.iter().any(|shown| (shown.kind, shown.rule) == (self.kind, self.rule))
    }
}

/// A prompt that a leg shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shown {
    /// What to do.
    pub kind: PromptKind,
    /// Rule that raised it.
    pub rule: RuleId,
    /// Shown with this linked record, by index in [`Decision::linked`]; `None` with the subject's.
    pub link: Option<usize>,
}

vocabulary! {
    /// Flags on a decision (domain 5.4).
    Flag {
        /// Statutory notification of child sexual abuse.
        StatutoryNotification = "statutory_notification",
        /// Evidence: do not delete, forward or open.
        EvidenceWarning = "evidence_warning",
        /// No images or video.
        AttachmentsRefused = "attachments_refused",
        /// Online abuse.
        OnlineAbuse = "online_abuse",
        /// Do not contact the family.
        NoFamilyContact = "no_family_contact",
        /// No safe contact at home.
        SafeContactNo = "safe_contact_no",
        /// Safeguarding before the warrant.
        SafeguardingFirst = "safeguarding_first",
        /// Prevent.
        PreventFlag = "prevent_flag",
        /// The accused and their home are excluded.
        ExcludeAccused = "exclude_accused",
        /// 999 reference missing.
        EmergencyReferenceMissing = "emergency_reference_missing",
        /// The child may be a danger to themselves.
        SelfHarmRisk = "self_harm_risk",
    }
}

vocabulary! {
    /// Why something is on HOLD.
    HoldReason {
        /// No certain place.
        GeographyUnknown = "geography_unknown",
        /// No certain organisation.
        OrganisationUnknown = "organisation_unknown",
        /// Rules conflict, a view degraded, or the accused works there.
        RulesConflict = "rules_conflict",
        /// Nobody is on the queue.
        QueueUnattended = "queue_unattended",
        /// SECRET or above was refused.
        UnsupportedMarking = "unsupported_marking",
    }
}

vocabulary! {
    /// What a leg carries.
    Content {
        /// R00 page, or D04: without content.
        Alert = "alert",
        /// Episode card.
        EpisodeCard = "E",
        /// Part C.
        Safeguarding = "C",
        /// Items.
        Items = "items",
        /// Closure: date, outcome, "safeguarding referral made".
        Closure = "closure",
        /// Which child, where, that something concerns them, whom to ring.
        Notice = "notice",
        /// A prompt with its due date.
        Prompt = "prompt",
        /// "Item n went to X".
        CopyNote = "copy_note",
        /// A linked child's record (R15).
        Link = "link",
    }
}

/// One destination: at most one leg a queue, HOLD included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// The queue.
    pub queue: QueueId,
    /// The leg's own class (D18).
    pub class: Class,
    /// Rules that made it.
    pub rules: Vec<RuleId>,
    /// What it carries, in declared order, no duplicates.
    pub contents: Vec<Content>,
    /// Item numbers, 1-based, in order.
    pub items: Vec<u16>,
    /// Prompts this leg shows, of the subject and of linked records.
    pub shows: Vec<Shown>,
    /// For `copy_note`: which item went where.
    pub copy_notes: Vec<(u16, QueueId)>,
    /// For `link`: which of [`Decision::linked`], by index.
    pub links: Vec<usize>,
    /// For a `notice` by R14: the placed children it is about, by index in the submission's `persons`.
    pub placed: Vec<usize>,
    /// True where a link is here only until HOLD has found the place (D11).
    pub provisional: bool,
    /// Page a person.
    pub page: bool,
    /// Acknowledge by.
    pub ack_due: Option<Timestamp>,
    /// Decide by.
    pub decide_due: Option<Timestamp>,
    /// For HOLD: each undecided matter apart, so that each can be resolved apart.
    pub held: Vec<Held>,
}

impl Leg {
    /// Kinds of prompts that it shows, in declared order, each once.
    pub fn prompts(&self) -> Vec<PromptKind> {
        self.shows.iter().map(|shown| shown.kind).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The prompts that it shows with a linked record, by index; with `None`, with the subject's.
    pub fn shows_of(&self, link: Option<usize>) -> Vec<Shown> {
        self.shows.iter().filter(|shown| shown.link == link).copied().collect()
    }
}

/// One undecided matter on HOLD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Why.
    pub reason: HoldReason,
    /// Kinds of queue it would have gone to, e.g. `["MASH"]`; what the undecided leg would have opened as.
    pub meant_for: Vec<String>,
    /// What the undecided leg would have carried.
    pub contents: Vec<Content>,
    /// Its items.
    pub items: Vec<u16>,
    /// Its linked record, by index.
    pub link: Option<usize>,
    /// The placed children that its notice is about (R14); a notice without them is about the subject.
    pub placed: Vec<usize>,
    /// Queues whose people may never resolve it (D08).
    pub never_by: Vec<QueueId>,
}

/// A linked record for another child (R15).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Index of the person in the submission's `persons`.
    pub person: usize,
    /// P1 if significant harm, else P2.
    pub class: Class,
    /// Items that travel in it.
    pub items: Vec<u16>,
    /// Flags that these items raise, besides those of every card.
    pub flags: Vec<Flag>,
}

/// The whole decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Class of the submission.
    pub class: Class,
    /// Every rule that fired, in rule order.
    pub rules: Vec<RuleId>,
    /// The broker's clock at receipt.
    pub received: Timestamp,
    /// Version of the rule set, e.g. `2026-11-3`.
    pub rule_set: String,
    /// Prompts.
    pub prompts: Vec<Prompt>,
    /// Flags.
    pub flags: Vec<Flag>,
    /// Grades by item.
    pub items: Vec<ItemGrade>,
    /// Destinations, one a queue.
    pub legs: Vec<Leg>,
    /// Linked records.
    pub linked: Vec<Linked>,
    /// Each rule that fired by answers, with the fields that fired it.
    pub fired: Vec<Fired>,
    /// A safeguarding referral is made: what the owner's closure says (D07). R13 makes none: it tells the child's own team
    /// of every return (D22).
    pub referral: bool,
    /// The two 72-hour clocks at receipt; `None` while the child has not returned. Shown, read by no rule.
    pub clocks: Option<Clocks>,
}
