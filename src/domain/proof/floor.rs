//! What each rule must at least do, by its number (domain 5.4, read with 5.5): a rule table may send more, sooner and to
//! more people than this, and never less. Kept in code, for it is what the data is held to.

use crate::domain::{
    code::Class::{self, P0, P1, P2, P3},
    decision::{
        Content::{self, Alert, Closure, CopyNote, EpisodeCard as E, Link, Notice, Prompt, Safeguarding as C},
        Flag, PromptKind, RuleId,
    },
    policy::{
        Choice::{
            self, AboutAdult, Coded, CodedNotHealth, Images, Intelligence, IntelligenceStaying, OnRailway,
            SexualOffences,
        },
        Condition as When, Destination as To,
        DueBy::{self, Decision, NextWorkingDay, ThirdDayAfterReturn},
    },
};

/// What a rule does at least.
pub(super) struct Least {
    pub rule: RuleId,
    pub when: When,
    /// As urgent as this, and in the graver case as this.
    pub class: Option<Class>,
    pub raised: Option<(Class, When)>,
    /// The owner's closure says that a referral was made.
    pub referral: bool,
    pub prompts: &'static [(PromptKind, Option<When>, Option<DueBy>)],
    pub flags: &'static [(Flag, Option<When>)],
    pub sends: &'static [Send],
}

/// What goes to a destination at least; under a condition on no other than this.
pub(super) struct Send {
    pub to: To,
    pub carries: &'static [Content],
    pub items: &'static [Choice],
    pub shows: &'static [PromptKind],
    pub when: Option<When>,
}

const fn rule(rule: RuleId, when: When, class: Option<Class>) -> Least {
    Least { rule, when, class, raised: None, referral: false, prompts: &[], flags: &[], sends: &[] }
}

impl Least {
    const fn raised(self, class: Class, when: When) -> Self {
        Self { raised: Some((class, when)), ..self }
    }

    const fn referral(self) -> Self {
        Self { referral: true, ..self }
    }

    const fn prompts(self, prompts: &'static [(PromptKind, Option<When>, Option<DueBy>)]) -> Self {
        Self { prompts, ..self }
    }

    const fn flags(self, flags: &'static [(Flag, Option<When>)]) -> Self {
        Self { flags, ..self }
    }

    const fn sends(self, sends: &'static [Send]) -> Self {
        Self { sends, ..self }
    }
}

const fn to(to: To, carries: &'static [Content], items: &'static [Choice]) -> Send {
    Send { to, carries, items, shows: &[], when: None }
}

impl Send {
    const fn shows(self, shows: &'static [PromptKind]) -> Self {
        Self { shows, ..self }
    }

    const fn only(self, when: When) -> Self {
        Self { when: Some(when), ..self }
    }
}

use PromptKind::{AdultSafeguarding, Call999, Fgm101, Health, Lado, Nrm, Prevent, Strategy};

/// The floor of R00 to R22; R23 is owed below, R24 and R25 are not the table's.
pub(super) const RULES: &[Least] = &[
    rule("R00", When::DangerNow, Some(P0))
        .referral()
        .prompts(&[(Call999, Some(When::EmergencyAnswerMissing), None)])
        .flags(&[(Flag::EmergencyReferenceMissing, Some(When::EmergencyAnswerMissing))])
        .sends(&[
            to(To::FrontDoor, &[Alert, E, C], &[Coded]).shows(&[Call999]),
            to(To::Refdesk, &[Alert, E, C], &[CodedNotHealth]).shows(&[Call999]),
            to(To::Owner, &[Alert, E], &[Intelligence]).shows(&[Call999]),
        ]),
    rule("R01", When::SignificantHarm, Some(P1)).referral().prompts(&[(Strategy, None, None)]).sends(&[
        to(To::FrontDoor, &[E, C], &[Coded]).shows(&[Strategy]),
        to(To::Refdesk, &[E, C], &[CodedNotHealth]).shows(&[Strategy]),
    ]),
    rule("R02", When::SexualOffence, Some(P1)).flags(&[(Flag::StatutoryNotification, None)]).sends(&[to(
        To::RefdeskOfPlace,
        &[E],
        &[SexualOffences],
    )]),
    rule("R03", When::IndecentImages, Some(P1))
        .flags(&[
            (Flag::StatutoryNotification, None),
            (Flag::EvidenceWarning, None),
            (Flag::AttachmentsRefused, None),
            (Flag::OnlineAbuse, None),
        ])
        .sends(&[to(To::RefdeskOfPlace, &[E], &[Images])]),
    rule("R04", When::FgmKnown, Some(P1))
        .referral()
        .prompts(&[(Fgm101, None, Some(NextWorkingDay))])
        .flags(&[(Flag::NoFamilyContact, None)])
        .sends(&[to(To::Refdesk, &[E, C], &[CodedNotHealth]).shows(&[Fgm101])]),
    rule("R05", When::ForcedMarriageOrHonour, Some(P1))
        .referral()
        .flags(&[(Flag::NoFamilyContact, None)])
        .sends(&[to(To::FrontDoor, &[E, C], &[Coded]), to(To::Refdesk, &[E, C], &[CodedNotHealth])]),
    rule("R06", When::Trafficking, Some(P2))
        .raised(P1, When::TraffickingOngoing)
        .referral()
        .prompts(&[(Nrm, None, Some(Decision))])
        .sends(&[
            to(To::Owner, &[E], &[Intelligence]).shows(&[Nrm]),
            to(To::FrontDoor, &[E, C], &[Coded]).shows(&[Nrm]),
            to(To::Refdesk, &[E, C], &[CodedNotHealth]).shows(&[Nrm]),
        ]),
    rule("R07", When::IntelligenceItem, Some(P3)).raised(P2, When::ExploitationIndicator).sends(&[
        to(To::Owner, &[E], &[Intelligence]),
        to(To::FrontDoor, &[E, C], &[Coded]).only(When::ExploitationIndicator),
        to(To::HoldForPlace, &[], &[Intelligence]),
    ]),
    rule("R08", When::ItemInAnotherBcu, None).sends(&[to(To::MpuOfPlace, &[], &[Intelligence])]),
    rule("R09", When::OtherForce, None).sends(&[
        to(To::ForceOfPlace, &[], &[Intelligence]),
        to(To::HomePolice, &[CopyNote], &[]),
        to(To::ForceOfChild, &[Notice], &[]),
    ]),
    rule("R10", When::ItemOnRailway, None).sends(&[to(To::RailForce, &[], &[OnRailway])]),
    rule("R11", When::Enclave, None)
        .sends(&[to(To::CityOfPlace, &[], &[IntelligenceStaying]), to(To::CityOfChild, &[Notice], &[])]),
    rule("R12", When::LongFrequentOrHighRisk, Some(P2)).prompts(&[(Strategy, None, Some(ThirdDayAfterReturn))]).sends(
        &[to(To::OneCouncil, &[Prompt], &[]).shows(&[Strategy]), to(To::Owner, &[Prompt], &[]).shows(&[Strategy])],
    ),
    rule("R13", When::PlacedAway, None).sends(&[
        to(To::ResponsibleTeam, &[E, C], &[Coded]),
        to(To::HostMash, &[Notice], &[]),
        to(To::HomePoliceNotOwner, &[Notice], &[]),
    ]),
    rule("R14", When::PlacedByAnother, Some(P2)).sends(&[to(To::PlacingTeam, &[Notice], &[])]),
    rule("R15", When::OtherChildAtRisk, Some(P2)).raised(P1, When::OtherChildHarmed).referral().sends(&[to(
        To::LinkedChild,
        &[Link],
        &[],
    )]),
    rule("R16", When::AdultAtRisk, Some(P2)).prompts(&[(AdultSafeguarding, None, None)]).sends(&[
        to(To::Owner, &[E], &[Intelligence, AboutAdult]).shows(&[AdultSafeguarding]),
        to(To::LegsWithPartC, &[], &[]).shows(&[AdultSafeguarding]),
    ]),
    rule("R17", When::Radicalisation, Some(P2))
        .referral()
        .prompts(&[(Prevent, None, None)])
        .flags(&[(Flag::PreventFlag, None)])
        .sends(&[
            to(To::Owner, &[E], &[Intelligence]).shows(&[Prevent]),
            to(To::FrontDoor, &[E, C], &[Coded]).shows(&[Prevent]),
        ]),
    rule("R18", When::Allegation, Some(P1))
        .referral()
        .prompts(&[(Lado, None, None)])
        .flags(&[(Flag::ExcludeAccused, None)])
        .sends(&[to(To::FrontDoor, &[E, C], &[Coded]).shows(&[Lado]), to(To::Refdesk, &[E, C], &[CodedNotHealth])]),
    rule("R19", When::HarmSourceAtHome, None).flags(&[(Flag::SafeContactNo, None)]),
    rule("R20", When::CarerReportsAfterRefusal, None),
    rule("R21", When::Wanted, Some(P2)).flags(&[(Flag::SafeguardingFirst, None)]).sends(&[to(
        To::Owner,
        &[E],
        &[Intelligence],
    )]),
    rule("R22", When::SelfHarmOrUnreached, Some(P2))
        .raised(P1, When::SuicidalIntent)
        .referral()
        .prompts(&[(Health, Some(When::SelfHarm), None)])
        .flags(&[(Flag::SelfHarmRisk, Some(When::SelfHarmRisk))])
        .sends(&[
            to(To::FrontDoor, &[E, C], &[Coded]).shows(&[Health]),
            to(To::Owner, &[E], &[]).only(When::SelfHarmRisk),
            to(To::Refdesk, &[E], &[]).only(When::SelfHarmRisk),
        ]),
];

/// What is owed whichever rule fired: when, unless one of these did, the flags and what is sent.
pub(super) struct Besides {
    pub when: Option<When>,
    pub unless: &'static [RuleId],
    pub flags: &'static [Flag],
    pub sends: &'static [Send],
}

/// The floor of what is owed.
pub(super) const OWED: &[Besides] = &[
    Besides { when: None, unless: &["R00", "R07"], flags: &[], sends: &[to(To::Owner, &[Closure], &[])] },
    Besides { when: Some(When::FamilyContactDangerous), unless: &[], flags: &[Flag::NoFamilyContact], sends: &[] },
    Besides {
        when: Some(When::PlacingAuthorityUncertain),
        unless: &[],
        flags: &[],
        sends: &[to(To::ResponsibleTeam, &[E, C], &[Coded])],
    },
];

/// The most that a destination may get: police read no health (D20), no allegation as intelligence (D08), and Part C
/// only at the desk of the child; whoever is only told gets no more than that. A destination that is not named here is
/// the child's own, or takes nothing by itself.
pub(super) const AT_MOST: &[(To, &[Content], &[Choice])] = &[
    (
        To::Refdesk,
        &[Alert, E, C, Notice, Prompt],
        &[CodedNotHealth, Intelligence, IntelligenceStaying, OnRailway, SexualOffences, Images, AboutAdult],
    ),
    (To::Owner, &[Alert, E, Notice, Prompt, Closure], &[Intelligence, IntelligenceStaying, OnRailway, AboutAdult]),
    (To::RefdeskOfPlace, &[E], &[SexualOffences, Images]),
    (To::MpuOfPlace, &[E], &[Intelligence, IntelligenceStaying, OnRailway]),
    (To::ForceOfPlace, &[E], &[Intelligence, IntelligenceStaying, OnRailway]),
    (To::CityOfPlace, &[E], &[IntelligenceStaying]),
    (To::RailForce, &[E], &[OnRailway]),
    (To::HostMash, &[Notice, Prompt], &[]),
    (To::HomePoliceNotOwner, &[Notice, Prompt], &[]),
];

/// What only one rule may not send: the bare fact goes to police by R22, and nothing that says more (D20).
pub(super) const AT_MOST_BY: &[(RuleId, To, &[Content], &[Choice])] =
    &[("R22", To::Refdesk, &[E], &[]), ("R22", To::Owner, &[E], &[])];
