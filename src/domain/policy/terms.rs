//! The words in which the rule table is written: conditions, destinations, choices of items, due dates. Each has a name
//! in `deploy/reference/rules/` and words for a reader; what it does is one small function in `classify` or `routing`.

use crate::domain::code::vocabulary;

/// Declares a vocabulary whose every value also has words.
macro_rules! glossary {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal: $words:literal),+ $(,)? }) => {
        vocabulary! { $(#[$doc])* $name { $(#[doc = $words] $variant = $code),+ } }

        impl $name {
            /// In words, for a reader of the table.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words),+ }
            }
        }
    };
}

glossary! {
    /// When a rule fires, or a part of it applies. Read from answers only, never from text.
    Condition {
        DangerNow = "danger_now": "danger now, on the stop screen or on an item, or missing again now at high risk (D14)",
        EmergencyAnswerMissing = "emergency_answer_missing": "no sufficient answer about the 999 call (D14)",
        SignificantHarm = "significant_harm": "significant harm is suspected, as a professional answered, or by R02 or R03 (D23)",
        SexualOffence = "sexual_offence": "a sexual offence on an item; one coded CSA unless the answer says no (D16)",
        IndecentImages = "indecent_images": "indecent images held, shared or threatened, on an item",
        FgmKnown = "fgm_known_girl_under_18": "FGM is known, of a child under 18 not recorded as male (D19)",
        ForcedMarriageOrHonour = "forced_marriage_or_honour": "the code FM or HBA",
        FamilyContactDangerous = "family_contact_dangerous": "the code FM, HBA, FGM or CALFB, or an fgm answer other than none (D19)",
        Trafficking = "trafficking_debt_or_county_lines": "the code MSHT or DEBT, or CCE with county lines (D05)",
        TraffickingOngoing = "still_happening": "not every item with such a code says that it has stopped (D05)",
        IntelligenceItem = "intelligence_item": "an intelligence item that is no allegation (D08) and not self-harm alone (D20)",
        ExploitationIndicator = "exploitation_indicator": "CSE, OCSE, CCE, GANG, DEBT, MSHT, SYV or RAD on an intelligence item (D06)",
        ItemInAnotherBcu = "item_in_another_bcu": "an intelligence item at a place of another BCU than the owner's",
        OtherForce = "item_or_child_in_another_force": "an intelligence item, the child or a linked child in a force outside the Met, the City apart (D09)",
        ItemOnRailway = "item_on_railway": "an intelligence item on the railway or Underground",
        Enclave = "item_or_child_in_the_city": "an intelligence item, the child or a linked child in the City; a journey through it does not count (D17)",
        LongFrequentOrHighRisk = "long_frequent_or_high_risk": "missing 72 hours or more, three episodes in 30 days, or the force's level HIGH (D12)",
        PlacedAway = "placed_away": "looked after, and living away from the responsible authority",
        PlacingAuthorityUncertain = "placing_authority_uncertain": "looked after, by an authority that is not certain",
        PlacedByAnother = "other_child_placed_by_another": "another child, at risk or missing with ours, looked after by an authority other than where they live (D10)",
        OtherChildAtRisk = "other_child_at_risk": "another child at risk who can be identified (D11)",
        OtherChildHarmed = "other_child_significant_harm": "significant harm to such a child is suspected (D11)",
        AdultAtRisk = "adult_at_risk": "an adult at risk, on an item or in the record unless every item says no",
        Radicalisation = "radicalisation": "the code RAD",
        Allegation = "allegation": "an allegation on an item or about a person (D08)",
        HarmSourceAtHome = "harm_source_at_home": "the source of harm is a parent or carer, or lives at home",
        CarerReportsAfterRefusal = "carer_reports_after_refusal": "the child declined, and a carer or parent is the source of an item (D13)",
        Wanted = "wanted": "wanted by police",
        SelfHarmOrUnreached = "self_harm_or_not_at_front_door": "self-harm is recorded, or a code or coded item of the child that no rule before this one brings to the front door (D20)",
        SelfHarm = "self_harm": "self-harm is recorded; stated suicidal intent counts (D20)",
        SelfHarmRisk = "self_harm_with_danger": "the child's own self-harm together with R00, missing again now, or stated suicidal intent (D20)",
        SuicidalIntent = "suicidal_intent": "the child says that they want to die, or has a plan",
        NothingElse = "nothing_else": "no other rule fires but R13 or R24 (D07)",
        Undecided = "undecided": "no certain destination, rules in conflict, nobody on a queue, a marking not supported; found while routing",
        Late = "late": "not acknowledged or not decided by its deadline; found while it waits",
    }
}

glossary! {
    /// Where a send goes. What has no certain destination goes to HOLD in its place (D03).
    Destination {
        FrontDoor = "front_door": "MASH where the child lives, or the allocated team if the case is open; both if it is open elsewhere (D02)",
        Refdesk = "refdesk": "Referral Desk where the child lives; outside the Met the force (D09)",
        Owner = "owner": "Missing Person Unit of the place the child went missing from; outside the Met the force (D09)",
        RefdeskOfPlace = "refdesk_of_place": "for each item the Referral Desk of each place; the child's own where there is none, and HOLD besides where it is uncertain (D16)",
        MpuOfPlace = "mpu_of_place": "for each item the Missing Person Unit of each place in another BCU than the owner's",
        ForceOfPlace = "force_of_place": "for each item the control room of each place in another force, the City apart",
        CityOfPlace = "city_of_place": "for each item in the City its police",
        HoldForPlace = "hold_for_place": "for each item HOLD, for each place whose police are not certain (D16)",
        RailForce = "rail_force": "British Transport Police",
        ForceOfChild = "force_of_child": "the force where the child or a linked child lives, the City apart; only where it has no episode card yet (D09)",
        CityOfChild = "city_of_child": "the City's police, where the child or a linked child lives there; only where they have no episode card yet (D17)",
        OneCouncil = "one_council": "the allocated team of the responsible authority if the case is open, else the MASH where the child lives (D02)",
        ResponsibleTeam = "responsible_team": "the allocated team of the responsible authority",
        HostMash = "host_mash": "the MASH where the child is placed",
        HomePolice = "home_police": "police of the responsible authority, unless they are whom the item went to (D09)",
        HomePoliceNotOwner = "home_police_not_owner": "police of the responsible authority, unless they own the episode (D22)",
        PlacingTeam = "placing_team": "for each such child the allocated team of the authority that placed them (D10)",
        LinkedChild = "linked_child": "for each linked child the MASH where they live, at P1 or in another force the Referral Desk or force too; provisionally the subject's where that is uncertain (D11)",
        LegsWithPartC = "legs_with_part_c": "every leg so far that carries Part C: shown there, no leg of its own",
    }
}

glossary! {
    /// Which items a send takes.
    Choice {
        Coded = "coded": "every coded item that stays with the child (D06, D11)",
        CodedNotHealth = "coded_not_health": "every coded item except health alone (D06, D20)",
        Intelligence = "intelligence": "every intelligence item",
        IntelligenceStaying = "intelligence_not_journey": "every intelligence item but those only travelled through (D17)",
        OnRailway = "on_railway": "every intelligence item on the railway or Underground",
        SexualOffences = "sexual_offences": "every item with a sexual offence",
        Images = "images": "every item with indecent images",
        AboutAdult = "about_adult_at_risk": "every item about an adult at risk, health alone and allegations apart",
    }
}

glossary! {
    /// By when a prompt is due.
    DueBy {
        NextWorkingDay = "next_working_day_after_disclosure": "close of the next working day after the disclosure (D19)",
        ThirdDayAfterReturn = "third_day_after_return": "the end of the third calendar day after the return, of receipt if not yet returned (D12)",
        Decision = "decision_of_this_rule": "when a leg of this rule's class must be decided",
    }
}
