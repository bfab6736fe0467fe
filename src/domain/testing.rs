//! Drafts and policy for tests: a plain nil return in Lewisham, to be changed by each test.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    code::{
        CaseStatus, DataSubjectCategory, EpisodeKind, HarmCode, HowKnown, InterviewOutcome, ItemKind, LawfulBasis,
        MarkingLevel, PersonRole, PlaceKind, SourceRole, TellCarer,
    },
    decision::Decision,
    dossier::Dossier,
    geography::Area,
    policy::Policy,
    redaction::{Engine, Form},
    stage::{Classified, Degraded, Redacted, Routed, Valid},
    submission::{
        Account, Actor, Answers, Child, Description, Draft, Engage, Envelope, Episode, Evaluate, Interview,
        Interviewer, Item, Marking, Person, Place, Provenance, Reporter,
    },
    text::Text,
};

/// The reference data that the binary carries.
pub(crate) fn policy() -> Policy {
    crate::reference::embedded().unwrap()
}

/// The vocabulary of advice that the binary carries.
pub(crate) fn lexicon() -> super::lint::Lexicon {
    crate::reference::lint::embedded().unwrap()
}

/// The same with `to` in place of `from` in the rule table.
pub(crate) fn policy_with(from: &str, to: &str) -> Policy {
    use crate::reference::{EMBEDDED, Files, load};
    let (name, table) = EMBEDDED.rules[0];
    assert!(table.contains(from), "{from}");
    load(Files { rules: &[(name, &table.replacen(from, to, 1))], ..EMBEDDED }).unwrap()
}

/// A moment, RFC 3339.
pub(crate) fn at(moment: &str) -> Timestamp {
    moment.parse().unwrap()
}

/// A Tuesday morning, in office hours.
pub(crate) fn tuesday() -> Timestamp {
    at("2026-11-17T10:00:00Z")
}

/// An area by code.
pub(crate) fn area(code: &str) -> Area {
    Area::Stated { code: Some(code.into()), name: None }
}

/// Lewisham, of BCU SE.
pub(crate) const LEWISHAM: &str = "E09000023";

/// A valid nil return: missing from, living in and cared for by Lewisham, case closed.
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

/// The same child everywhere in `gss`.
pub(crate) fn draft_in(gss: &str) -> Draft {
    Draft { missing_from: area(gss), lives_now: area(gss), responsible_authority: area(gss), ..draft() }
}

/// An intelligence item without codes, seen by the child.
pub(crate) fn intelligence() -> Item {
    item(ItemKind::Intelligence, &[])
}

/// A referral without codes, seen by the child.
pub(crate) fn referral() -> Item {
    item(ItemKind::Safeguarding, &[])
}

/// An intelligence item with these codes.
pub(crate) fn coded(codes: &[HarmCode]) -> Item {
    item(ItemKind::Intelligence, codes)
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

/// `draft` valid, with its views.
pub(crate) fn rendered(draft: Draft) -> Redacted {
    let valid = super::validate::validate(draft, &policy(), tuesday()).unwrap();
    super::redaction::redact(valid, &crate::reference::redaction::embedded().unwrap())
}

/// `draft` taken for valid and redacted, without any view.
pub(crate) fn unrendered(draft: Draft, degraded: Vec<Degraded>) -> Redacted {
    let policy = crate::reference::redaction::embedded().unwrap();
    let engine = Engine::compile(&Form::default(), &policy);
    Redacted::finished(Valid::checked(draft), Vec::new(), degraded, Arc::new(engine))
}

/// `draft` taken for valid and redacted, graded and classified at `now`.
pub(crate) fn classified(draft: Draft, policy: &Policy, now: Timestamp) -> Classified {
    let redacted = unrendered(draft, Vec::new());
    super::classify::classify(super::grading::grade(redacted), policy, now)
}

/// `draft` all the way to its destinations.
pub(crate) fn routed(draft: Draft, policy: &Policy, now: Timestamp) -> Routed {
    super::routing::route(classified(draft, policy, now), policy, now)
}

/// `draft` judged in full, its views rendered, and filed: the subject's dossier.
pub(crate) fn dossier(draft: Draft) -> Dossier {
    let (policy, now) = (policy(), tuesday());
    let graded = super::grading::grade(rendered(draft));
    let classified = super::classify::classify(graded, &policy, now);
    Dossier::file(&super::routing::route(classified, &policy, now)).remove(0)
}

/// The decision on `draft` with the embedded policy.
pub(crate) fn decide(draft: Draft, now: &str) -> Decision {
    decide_with(draft, &policy(), now)
}

/// The decision on `draft` with another policy.
pub(crate) fn decide_with(draft: Draft, policy: &Policy, now: &str) -> Decision {
    routed(draft, policy, at(now)).decision().clone()
}

/// Ids as texts.
pub(crate) fn ids(ids: &[&str]) -> Vec<Text> {
    ids.iter().map(|id| Text::from(*id)).collect()
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
        date_of_birth: Some(jiff::civil::date(2012, 3, 4)),
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
        started: Some(at("2026-11-07T20:00:00Z")),
        returned: Some(at("2026-11-08T06:00:00Z")),
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
        held_at: Some(at("2026-11-08T15:00:00Z")),
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
