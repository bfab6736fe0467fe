//! A plain nil return, item, person and place of a fictional child: what proofs and tests start from.

use crate::domain::{
    code::{
        CaseStatus, DataSubjectCategory, EpisodeKind, HarmCode, HowKnown, InterviewOutcome, ItemKind, LawfulBasis,
        MarkingLevel, PersonRole, PlaceKind, SourceRole, TellCarer,
    },
    geography::Area,
    submission::{
        Account, Actor, Answers, Child, Description, Draft, Engage, Envelope, Episode, Evaluate, Interview,
        Interviewer, Item, Marking, Person, Place, Provenance, Reporter,
    },
};

/// An area by code.
pub(crate) fn area(code: &str) -> Area {
    Area::Stated { code: Some(code.into()), name: None }
}

/// Lewisham, of BCU SE.
pub(crate) const LEWISHAM: &str = "E09000023";

/// Missing from, living in and cared for by Lewisham, case closed; when, and how old, is not said.
pub(crate) fn draft() -> Draft {
    Draft {
        envelope: envelope(),
        missing_from: area(LEWISHAM),
        lives_now: area(LEWISHAM),
        responsible_authority: area(LEWISHAM),
        child: child(),
        episode: episode(),
        interview: interview(),
        items: Vec::new(),
        persons: Vec::new(),
        places: Vec::new(),
        vehicles: Vec::new(),
        phones: Vec::new(),
        accounts: Vec::new(),
        objects: Vec::new(),
        answers: answers(),
    }
}

/// An item.
pub(crate) fn item(kind: ItemKind, codes: &[HarmCode]) -> Item {
    Item {
        kind,
        text: "What happened.".into(),
        exactly: None,
        sanitised_text: None,
        about: None,
        codes: codes.to_vec(),
        at: Vec::new(),
        online: false,
        rail: None,
        journey_only: None,
        sexual_offence: None,
        images: None,
        danger_now: None,
        still_happening: None,
        adult_at_risk: None,
        allegation: None,
        who: Vec::new(),
        things: Vec::new(),
        when: None,
        frequency: None,
        provenance: provenance(),
    }
}

/// A person who is a witness and nothing more.
pub(crate) fn person(id: &str, role: PersonRole) -> Person {
    Person {
        id: id.into(),
        name: "Somebody".into(),
        aliases: Vec::new(),
        role,
        category: DataSubjectCategory::Other,
        relationship: None,
        date_of_birth: None,
        address: None,
        postcode: None,
        school: None,
        nhs_number: None,
        lives: Area::Absent,
        at_risk: None,
        significant_harm: None,
        identifiable: None,
        looked_after_by: Area::Absent,
        missing_with_subject: None,
        allegation: None,
        works_in_queue: None,
        identity: None,
        organisation: None,
        description: Description::default(),
    }
}

/// An open place in `area`.
pub(crate) fn place(id: &str, area: Area) -> Place {
    Place {
        id: id.into(),
        name: "Somewhere".into(),
        kind: PlaceKind::OpenPlace,
        address: None,
        postcode: None,
        area,
        owner: None,
    }
}

fn envelope() -> Envelope {
    Envelope {
        on_behalf_of: LEWISHAM.into(),
        submitting_organisation: "Lewisham Council".into(),
        sender_reference: Some("RHI-1".into()),
        actor: Actor { scheme: "staff-number".into(), id: "4711".into(), role: "practitioner".into() },
        reporter: Reporter {
            name: "Pat Example".into(),
            role: "Practitioner".into(),
            call_back: "020 7946 0001".into(),
        },
        marking: Marking {
            level: MarkingLevel::OfficialSensitive,
            descriptors: Vec::new(),
            handling: None,
            lowering_reason: None,
        },
        lawful_basis: LawfulBasis::SafeguardingPublicTask,
        marks: Vec::new(),
    }
}

fn child() -> Child {
    Child {
        name: "Sam Example".into(),
        aliases: Vec::new(),
        date_of_birth: None,
        age: None,
        sex: None,
        ethnicity: None,
        home_address: None,
        home_postcode: None,
        placement: None,
        school: None,
        nhs_number: None,
        source_reference: None,
        communication_need: None,
    }
}

fn episode() -> Episode {
    Episode {
        kind: EpisodeKind::Missing,
        police_system: None,
        police_reference: None,
        reported: None,
        started: None,
        returned: None,
        risk: None,
        found_by: None,
        found_at: None,
        found_place: None,
        presentation: None,
        episodes_30d: Some(1),
        episodes_12m: Some(1),
        offers: Vec::new(),
        outcome: InterviewOutcome::Completed,
        outcome_reason: None,
    }
}

fn interview() -> Interview {
    Interview {
        held_at: None,
        mode: None,
        mode_reason: None,
        place_neutral: None,
        work_device: None,
        history_read: Vec::new(),
        interviewer: Interviewer::default(),
        engage: Engage::default(),
        account: Account::default(),
        contradictions: None,
        denied: None,
        evaluate: Evaluate::default(),
    }
}

fn answers() -> Answers {
    Answers {
        case: CaseStatus::Closed,
        looked_after: None,
        codes: Vec::new(),
        significant_harm_suspected: None,
        county_lines: None,
        fgm: None,
        fgm_disclosed_at: None,
        harm_source_at_home: None,
        tell_carer: TellCarer::Nothing,
        suicidal_intent: None,
        wanted: None,
        missing_again_now: None,
        stop_screen: None,
        nil_intelligence: None,
    }
}

fn provenance() -> Provenance {
    Provenance {
        source: None,
        source_role: SourceRole::Child,
        how_known: HowKnown::Saw,
        told_by: None,
        learned: None,
        who_else_knows: None,
        relationship: None,
        source_at_risk: None,
        corroboration: Vec::new(),
        retracted: None,
        contradicted: None,
        practitioner_doubts: None,
        doubt_reason: None,
        opinion: None,
        source_identifiable: None,
    }
}
