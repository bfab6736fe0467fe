//! A fictional record, and the policy as the repository has it.

use std::sync::{Arc, LazyLock};

use jiff::civil::date;

use crate::domain::{
    code::{
        CaseStatus, DataSubjectCategory, EpisodeKind, HowKnown, InterviewOutcome, ItemKind, LawfulBasis, MarkingLevel,
        PersonRole, PlaceKind, SourceRole, TellCarer,
    },
    geography::Area,
    redaction::{
        Action, Class, EffectiveRole, Engine, Entity, Form, Lexicon, ListedPerson, ListedValue, RedactionPolicy, Row,
        WordList,
    },
    submission::{
        Account, Actor, Answers, Child, Description, Draft, Engage, Envelope, Episode, Evaluate, Interview,
        Interviewer, Item, Marking, OnlineAccount, Person, Phone, Place, Provenance, Reporter, Vehicle,
    },
    text::Text,
};

/// The policy of `deploy/reference`, read line by line: the reader proper belongs to a higher floor.
pub fn policy() -> RedactionPolicy {
    let mut class = None;
    let mut rows = Vec::new();
    for line in include_str!("../../../../deploy/reference/redaction.toml").lines() {
        if let Some(table) = line.strip_prefix('[') {
            class = Class::from_code(table.trim_end_matches(']'));
        } else if let (Some(class), Some((role, cells))) = (class, line.split_once(" = ")) {
            let words: Vec<Action> = cells.split('"').filter_map(Action::from_code).collect();
            rows.push((class, EffectiveRole::from_code(role).unwrap(), Row::try_from(words).unwrap()));
        }
    }
    RedactionPolicy::new("test", WORDS.clone(), |class, role| {
        rows.iter().find(|row| (row.0, row.1) == (class, role)).map(|row| row.2)
    })
    .unwrap()
}

/// The words of `deploy/reference`, read the same way.
static WORDS: LazyLock<Arc<Lexicon>> = LazyLock::new(|| {
    let file = include_str!("../../../../deploy/reference/redaction-words.toml");
    let lists: Vec<(WordList, Vec<String>)> =
        WordList::ALL.iter().map(|&list| (list, entries(file, list.code()))).collect();
    let short_names: Vec<Vec<String>> =
        entries(file, "short_names").iter().map(|group| group.split('/').map(str::to_owned).collect()).collect();
    Arc::new(Lexicon::new(&lists, &short_names))
});

fn entries(file: &str, key: &str) -> Vec<String> {
    let (_, rest) = file.split_once(&format!("\n{key} = ")).unwrap();
    let quotes = if rest.starts_with("\"\"\"") { "\"\"\"" } else { "\"" };
    let list = rest[quotes.len()..].split(quotes).next().unwrap();
    list.split(',')
        .map(|entry| entry.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|entry| !entry.is_empty())
        .collect()
}

/// A child who is the source, another child, a person of concern, a parent, a third-party source and a professional.
pub fn form() -> Form {
    let person = |id: &str, names: &[&str], role| ListedPerson {
        id: id.into(),
        names: names.iter().map(|name| Text::from(*name)).collect(),
        role,
        date_of_birth: None,
        relationship: None,
    };
    let value = |entity, text: &str, role| ListedValue { entity, text: text.into(), role };
    let mut child = person("c", &["Ella-Mae Quillfeather", "Ellie"], EffectiveRole::SubjectSource);
    child.date_of_birth = Some(date(2011, 3, 14));
    let mut neighbour = person("n", &["Grażyna O'Thornbury"], EffectiveRole::Source);
    neighbour.relationship = Some("lollipop lady".into());
    Form {
        persons: vec![
            child,
            person("o", &["Theo Quillfeather"], EffectiveRole::OtherChild),
            person("s", &["Marcus Drayford", "Stretch"], EffectiveRole::Suspect),
            person("m", &["Işıl Quillfeather"], EffectiveRole::ParentOfSource),
            neighbour,
            person("p", &["Wanda Plimsoll"], EffectiveRole::Professional),
        ],
        values: vec![
            value(Entity::Phone, "07700 900123", EffectiveRole::SubjectSource),
            value(Entity::Phone, "07700900456", EffectiveRole::Suspect),
            value(Entity::Email, "ellie.q_11@example.org", EffectiveRole::SubjectSource),
            value(Entity::Handle, "@ellie_quill99", EffectiveRole::SubjectSource),
            value(Entity::Url, "https://social.example.com/elliequill99", EffectiveRole::SubjectSource),
            value(Entity::Vrm, "QQ19 KLM", EffectiveRole::Source),
            value(Entity::NhsNumber, "999 123 4560", EffectiveRole::SubjectSource),
            value(Entity::Address, "27 Tallowmere Lane, Lewisham", EffectiveRole::SubjectSource),
            value(Entity::Postcode, "SE99 4ZZ", EffectiveRole::SubjectSource),
            value(Entity::School, "Larkfield Academy", EffectiveRole::SubjectSource),
            value(Entity::Placement, "Thornbury House", EffectiveRole::SubjectSource),
            value(Entity::CaseRef, "LCS 6933504", EffectiveRole::SubjectSource),
            value(Entity::Place, "Harbinger Parade", EffectiveRole::Place),
        ],
        child_sex: None,
        as_of: Some(date(2026, 11, 20)),
    }
}

/// What the item lens must never show of [`form`], as an unfolded reader would recognise it.
pub const PROTECTED: &[&str] = &[
    "Ella-Mae Quillfeather",
    "Quillfeather",
    "Ella-Mae",
    "Ellie",
    "Theo",
    "Işıl",
    "Grażyna",
    "O'Thornbury",
    "07700 900123",
    "ellie.q_11@example.org",
    "@ellie_quill99",
    "https://social.example.com/elliequill99",
    "QQ19 KLM",
    "999 123 4560",
    "27 Tallowmere Lane",
    "SE99 4ZZ",
    "Larkfield Academy",
    "Thornbury House",
    "LCS 6933504",
    "14/03/2011",
];

/// The engine over [`form`].
pub fn engine() -> Engine {
    Engine::compile(&form(), &policy())
}

/// A submission of the same family, with one item from the child and one from a neighbour.
pub fn draft() -> Draft {
    let mut marcus = person("s", "Marcus Drayford", PersonRole::HouseholdMember);
    marcus.category = DataSubjectCategory::Suspect;
    marcus.relationship = Some("step-dad".into());
    let mut seen_by_neighbour = item("The van of Marcus, QQ19 KLM, stood at Harbinger Parade.");
    seen_by_neighbour.provenance.source = Some("n".into());
    seen_by_neighbour.provenance.source_role = SourceRole::Professional;
    let mut told = item(
        "Ella-Mae said her step-dad Marcus Drayford (07700 900456) took her brother Theo to Harbinger Parade, \
         Greenwich. Lewisham Council knows. Grażyna saw it.",
    );
    told.who = vec!["s".into(), "o".into(), "m".into()];
    told.at = vec!["l1".into(), "l2".into()];
    told.things = vec!["t1".into(), "v1".into(), "a1".into()];
    told.exactly = Some("\"He is Marcus\"".into());
    Draft {
        envelope: envelope(),
        missing_from: area("Lewisham"),
        lives_now: area("Lewisham"),
        responsible_authority: area("Lewisham"),
        child: child(),
        episode: episode(),
        interview: interview(),
        items: vec![told, seen_by_neighbour],
        persons: vec![
            marcus,
            person("o", "Theo Quillfeather", PersonRole::Sibling),
            person("m", "Işıl Quillfeather", PersonRole::Parent),
            person("n", "Grażyna O'Thornbury", PersonRole::OtherAdult),
        ],
        places: vec![
            place("l1", "Harbinger Parade", PlaceKind::OpenPlace, None),
            place("l2", "27 Tallowmere Lane", PlaceKind::Address, Some("m")),
        ],
        vehicles: vec![Vehicle {
            id: "v1".into(),
            vrm: Some("QQ22 DPK".into()),
            description: Some("grey saloon".into()),
            owner: Some("s".into()),
        }],
        phones: vec![Phone { id: "t1".into(), number: "07700 900456".into(), owner: Some("s".into()) }],
        accounts: vec![OnlineAccount {
            id: "a1".into(),
            platform: "Snapchat".into(),
            handle: "example.dray_900".into(),
            display_name: Some("Marcus D".into()),
            url: None,
            owner: Some("s".into()),
        }],
        objects: Vec::new(),
        answers: answers(),
    }
}

fn child() -> Child {
    Child {
        name: "Ella-Mae Quillfeather".into(),
        aliases: vec!["Ellie".into()],
        date_of_birth: Some(date(2011, 3, 14)),
        age: None,
        sex: None,
        ethnicity: None,
        home_address: Some("27 Tallowmere Lane, Lewisham".into()),
        home_postcode: Some("SE99 4ZZ".into()),
        placement: None,
        school: Some("Larkfield Academy".into()),
        nhs_number: Some("999 123 4560".into()),
        source_reference: Some("r-77120".into()),
        communication_need: None,
    }
}

fn episode() -> Episode {
    Episode {
        kind: EpisodeKind::Missing,
        police_system: None,
        police_reference: Some("26MIS004411".into()),
        reported: None,
        started: Some("2026-11-18T18:00:00Z".parse().unwrap()),
        returned: Some("2026-11-19T11:00:00Z".parse().unwrap()),
        risk: None,
        found_by: None,
        found_at: None,
        found_place: None,
        presentation: Some("Tired. Marcus rang from 07700 900456.".into()),
        episodes_30d: Some(1),
        episodes_12m: None,
        offers: Vec::new(),
        outcome: InterviewOutcome::Completed,
        outcome_reason: None,
    }
}

fn interview() -> Interview {
    Interview {
        held_at: Some("2026-11-20T10:00:00Z".parse().unwrap()),
        mode: None,
        mode_reason: None,
        place_neutral: None,
        work_device: None,
        history_read: Vec::new(),
        interviewer: Interviewer { name: Some("Rosalind Tench".into()), ..Interviewer::default() },
        engage: Engage::default(),
        account: Account { first_account: Some("\"I am Ellie and Theo is scared.\"".into()), ..Account::default() },
        contradictions: None,
        denied: None,
        evaluate: Evaluate {
            needs: Some("Grażyna O'Thornbury must not be named.".into()),
            carer_plan: Some("Tell nobody about Marcus.".into()),
            ..Evaluate::default()
        },
    }
}

fn envelope() -> Envelope {
    Envelope {
        on_behalf_of: "E09000023".into(),
        submitting_organisation: "London Borough of Lewisham".into(),
        sender_reference: Some("LCS 6933504".into()),
        actor: Actor { scheme: "staff-number".into(), id: "8841".into(), role: "social worker".into() },
        reporter: Reporter { name: "Rosalind Tench".into(), role: "worker".into(), call_back: "020 7946 0111".into() },
        marking: Marking {
            level: MarkingLevel::OfficialSensitive,
            descriptors: Vec::new(),
            handling: None,
            lowering_reason: None,
        },
        lawful_basis: LawfulBasis::ChildrenAct16La,
        marks: Vec::new(),
    }
}

fn answers() -> Answers {
    Answers {
        case: CaseStatus::Open,
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

fn area(name: &str) -> Area {
    Area::Stated { code: None, name: Some(name.into()) }
}

/// A person about whom nothing more is known.
pub fn person(id: &str, name: &str, role: PersonRole) -> Person {
    Person {
        id: id.into(),
        name: name.into(),
        aliases: Vec::new(),
        role,
        category: DataSubjectCategory::Other,
        relationship: None,
        date_of_birth: None,
        address: None,
        postcode: None,
        school: None,
        nhs_number: None,
        lives: Area::Unknown,
        at_risk: None,
        significant_harm: None,
        identifiable: None,
        looked_after_by: Area::Absent,
        missing_with_subject: None,
        allegation: None,
        works_in_queue: None,
        identity: None,
        organisation: None,
        description: Description { appearance: Some("tall".into()), ..Description::default() },
    }
}

fn place(id: &str, name: &str, kind: PlaceKind, owner: Option<&str>) -> Place {
    Place {
        id: id.into(),
        name: name.into(),
        kind,
        address: None,
        postcode: None,
        area: area("Greenwich"),
        owner: owner.map(Text::from),
    }
}

/// An item from the child.
pub fn item(text: &str) -> Item {
    Item {
        kind: ItemKind::Intelligence,
        text: text.into(),
        exactly: None,
        sanitised_text: None,
        about: None,
        codes: Vec::new(),
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
        provenance: Provenance {
            source: None,
            source_role: SourceRole::Child,
            how_known: HowKnown::Saw,
            told_by: Some("nobody".into()),
            learned: None,
            who_else_knows: Some("her mum Işıl".into()),
            relationship: None,
            source_at_risk: None,
            corroboration: Vec::new(),
            retracted: None,
            contradicted: None,
            practitioner_doubts: None,
            doubt_reason: None,
            opinion: None,
            source_identifiable: None,
        },
    }
}
