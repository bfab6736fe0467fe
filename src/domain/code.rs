//! Closed vocabularies of the field (domain 2, 4, 5), one macro so that each has its codes, a parser and an order.
//!
//! Those of the episode and the interview are in `codes_interview` and are re-exported here.

/// Declares a closed vocabulary: a `Copy` enum with `ALL`, `code()` and `from_code()`.
macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in declared order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as written in reference data and explanations.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The value with this code, if there is one.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}
pub(crate) use vocabulary;

pub use super::codes_interview::{
    CarerAgreement, CaseStatus, DangerReason, EmergencyCall, Engagement, EpisodeKind, HistoryRead, InterviewOutcome,
    Mode, OfferMethod, OfferResult, QuestionType, RiskLevel, TellCarer,
};

vocabulary! {
    /// Exploitation and harm (domain 5.2).
    HarmCode {
        /// Child sexual exploitation.
        Cse = "CSE",
        /// Online child sexual exploitation.
        Ocse = "OCSE",
        /// Child sexual abuse, intra- or extra-familial.
        Csa = "CSA",
        /// Child criminal exploitation incl. county lines, cuckooing, theft, mule account.
        Cce = "CCE",
        /// Gang association.
        Gang = "GANG",
        /// Debt bondage.
        Debt = "DEBT",
        /// Trafficking or modern slavery.
        Msht = "MSHT",
        /// Serious youth violence, weapons.
        Syv = "SYV",
        /// Radicalisation.
        Rad = "RAD",
        /// Honour-based abuse.
        Hba = "HBA",
        /// Forced marriage.
        Fm = "FM",
        /// Female genital mutilation.
        Fgm = "FGM",
        /// Abuse linked to faith or belief.
        Calfb = "CALFB",
        /// Physical abuse.
        Phys = "PHYS",
        /// Emotional abuse.
        Emo = "EMO",
        /// Neglect.
        Neg = "NEG",
        /// Self-harm or suicide.
        SelfHarm = "SELF",
        /// Other child or adult at risk named.
        Hidden = "HIDDEN",
        /// Conflict, boundary testing: nothing for police.
        None = "NONE",
    }
}

vocabulary! {
    /// Priority classes (domain 5.3); `P0` is the most urgent and sorts first.
    Class {
        /// Life or serious harm now.
        P0 = "P0",
        /// Significant harm suspected, crime, evidence perishable.
        P1 = "P1",
        /// Exploitation indicators or lesser harm, not immediate.
        P2 = "P2",
        /// Intelligence of value, no present danger.
        P3 = "P3",
        /// Nil intelligence, statistics.
        P4 = "P4",
    }
}

impl Class {
    /// One class more urgent; P0 stays, and P4, which has no deadline, stays too (D15).
    #[must_use]
    pub const fn raised(self) -> Self {
        match self {
            Self::P0 | Self::P1 => Self::P0,
            Self::P2 => Self::P1,
            Self::P3 => Self::P2,
            Self::P4 => Self::P4,
        }
    }
}

vocabulary! {
    /// Levels of the Government Security Classifications as this broker knows them (domain 2.5).
    MarkingLevel {
        /// OFFICIAL.
        Official = "OFFICIAL",
        /// OFFICIAL-SENSITIVE, a marking within OFFICIAL.
        OfficialSensitive = "OFFICIAL_SENSITIVE",
        /// SECRET or above: refused, use another channel (D04).
        Secret = "SECRET",
    }
}

vocabulary! {
    /// Whether an item is an intelligence report or a safeguarding referral.
    ItemKind {
        /// A report: read by rules R07 to R11.
        Intelligence = "INTELLIGENCE",
        /// A referral.
        Safeguarding = "SAFEGUARDING",
    }
}

vocabulary! {
    /// Who the source of an item is.
    SourceRole {
        /// The child.
        Child = "CHILD",
        /// A carer.
        Carer = "CARER",
        /// A parent.
        Parent = "PARENT",
        /// The practitioner's own observation.
        Practitioner = "PRACTITIONER",
        /// Another professional.
        Professional = "PROFESSIONAL",
    }
}

vocabulary! {
    /// How the source knows (domain 2.2, D24).
    HowKnown {
        /// Saw it.
        Saw = "SAW",
        /// Did it.
        Did = "DID",
        /// Experienced it.
        Experienced = "EXPERIENCED",
        /// Told to their face by the person concerned.
        ToldToFace = "TOLD_TO_FACE_BY_PERSON_CONCERNED",
        /// Heard or overheard the person concerned.
        HeardDirectly = "HEARD_DIRECTLY",
        /// A message from the person concerned.
        MessageFromPersonConcerned = "MESSAGE_FROM_PERSON_CONCERNED",
        /// Saw the person concerned's own post (that it was posted).
        SawOwnPost = "SAW_OWN_POST_OF_PERSON_CONCERNED",
        /// Told by another person.
        ToldByOther = "TOLD_BY_OTHER",
        /// Rumour.
        Rumour = "RUMOUR",
        /// A group chat.
        GroupChat = "GROUP_CHAT",
        /// "Everyone knows".
        EveryoneKnows = "EVERYONE_KNOWS",
    }
}

vocabulary! {
    /// Role of a person in the record (domain 3.1).
    PersonRole {
        /// The subject child.
        Child = "CHILD",
        /// Brother or sister of the child.
        Sibling = "SIBLING",
        /// Another child.
        OtherChild = "OTHER_CHILD",
        /// Person of concern.
        Suspect = "SUSPECT",
        /// Adult at risk.
        AdultAtRisk = "ADULT_AT_RISK",
        /// Parent.
        Parent = "PARENT",
        /// Carer.
        Carer = "CARER",
        /// Anyone else in the household.
        HouseholdMember = "HOUSEHOLD_MEMBER",
        /// Another adult.
        OtherAdult = "OTHER_ADULT",
        /// Friend.
        Friend = "FRIEND",
        /// Professional.
        Professional = "PROFESSIONAL",
        /// Police officer or staff.
        Police = "POLICE",
        /// The practitioner who interviewed.
        Practitioner = "PRACTITIONER",
    }
}

vocabulary! {
    /// Data-subject category (DPA 2018 s.38).
    DataSubjectCategory {
        /// Suspect.
        Suspect = "SUSPECT",
        /// Convicted.
        Convicted = "CONVICTED",
        /// Victim.
        Victim = "VICTIM",
        /// Witness.
        Witness = "WITNESS",
        /// Other.
        Other = "OTHER",
    }
}

vocabulary! {
    /// FGM as disclosed (R04, D19).
    Fgm {
        /// None.
        None = "NONE",
        /// Suspected or at risk.
        Suspected = "SUSPECTED",
        /// Known: the girl says so herself, or a professional sees it.
        Known = "KNOWN",
        /// Told by a third party.
        ReportedByThirdParty = "REPORTED_BY_THIRD_PARTY",
    }
}

vocabulary! {
    /// Yes, no or unknown, where the vocabulary knows all three.
    YesNoUnknown {
        /// Yes.
        Yes = "YES",
        /// No.
        No = "NO",
        /// Unknown.
        Unknown = "UNKNOWN",
    }
}

vocabulary! {
    /// Recorded sex.
    Sex {
        /// Female.
        Female = "F",
        /// Male.
        Male = "M",
        /// Another entry.
        Other = "X",
    }
}

vocabulary! {
    /// How often something happened.
    Frequency {
        /// Once.
        Once = "ONCE",
        /// Repeated.
        Repeated = "REPEATED",
        /// Planned.
        Planned = "PLANNED",
    }
}

vocabulary! {
    /// Kind of a place.
    PlaceKind {
        /// A dwelling.
        Address = "ADDRESS",
        /// A school or college.
        School = "SCHOOL",
        /// A children's home or foster placement.
        Placement = "PLACEMENT",
        /// A business, shop or venue.
        Venue = "VENUE",
        /// A station or stop.
        Station = "STATION",
        /// A street, estate, park or other open place.
        OpenPlace = "OPEN_PLACE",
        /// A vehicle route or journey.
        Route = "ROUTE",
        /// Anything else.
        Other = "OTHER",
    }
}

vocabulary! {
    /// Practitioner's mark on a passage of free text.
    ShareMark {
        /// May be shared.
        Share = "SHARE",
        /// Must be withheld from the carer copy.
        Withhold = "WITHHOLD",
    }
}

vocabulary! {
    /// Lawful basis the sender relies on.
    LawfulBasis {
        /// Children Act 2004 s.16LA.
        ChildrenAct16La = "CA2004_16LA",
        /// Public task in safeguarding, UK GDPR Art 6(1)(e).
        SafeguardingPublicTask = "SAFEGUARDING_PUBLIC_TASK",
        /// Vital interests.
        VitalInterests = "VITAL_INTERESTS",
        /// Legal obligation.
        LegalObligation = "LEGAL_OBLIGATION",
    }
}
