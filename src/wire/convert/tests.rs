//! Reading the narratives, and reading what is hostile.

use prost::Message;

use super::{choice, decision::explanation, submission, wire_time};
use crate::{
    domain::{
        code::{CaseStatus, Class, MarkingLevel, TellCarer},
        decision::{
            Content, Decision, Flag, Held, HoldReason, InformationGrade, ItemGrade, Leg, Prompt, PromptKind, Shown,
            SourceGrade,
        },
        geography::Area,
        grading::{ActionCode, Conditions, Handling, SanitisationCode},
        queue::QueueId,
        submission::{Draft, Reading},
        unit::{Audience, Part, UnitLabel, View},
        violation::Violations,
    },
    wire::{
        json::{from_json, to_json, to_short_json},
        pb,
    },
};

const NARRATIVES: [&str; 8] = [
    include_str!("../../../tests/narratives/n1.json"),
    include_str!("../../../tests/narratives/n2.json"),
    include_str!("../../../tests/narratives/n3.json"),
    include_str!("../../../tests/narratives/n4.json"),
    include_str!("../../../tests/narratives/n5.json"),
    include_str!("../../../tests/narratives/n6.json"),
    include_str!("../../../tests/narratives/n7.json"),
    include_str!("../../../tests/narratives/n8.json"),
];

fn narrative(number: usize) -> pb::Submission {
    from_json("Submission", NARRATIVES[number - 1]).unwrap()
}

fn fields(reading: Reading) -> Vec<String> {
    reading.finish().unwrap_err().0.into_iter().map(|violation| violation.field).collect()
}

#[test]
fn every_narrative_reads_without_a_fault() {
    for number in 1..=NARRATIVES.len() {
        let draft = submission(narrative(number)).finish().unwrap_or_else(|faults| panic!("N{number}: {faults:?}"));
        assert!(draft.interview.account.first_account.is_some_and(|text| text.chars() > 800), "N{number}");
        assert_eq!(draft.envelope.marking.level, MarkingLevel::OfficialSensitive, "N{number}");
    }
    assert_eq!([3, 7, 5, 1, 5, 4, 4, 0], {
        let counts: Vec<usize> = (1..=8).map(|number| narrative(number).items.len()).collect();
        <[usize; 8]>::try_from(counts).unwrap()
    });
}

#[test]
fn narratives_point_only_to_what_they_name() {
    for number in 1..=NARRATIVES.len() {
        let draft = submission(narrative(number)).finish().unwrap();
        let persons: Vec<&str> = draft.persons.iter().map(|person| person.id.reveal()).collect();
        let places: Vec<&str> = draft.places.iter().map(|place| place.id.reveal()).collect();
        let things: Vec<&str> = (draft.vehicles.iter().map(|thing| &thing.id))
            .chain(draft.phones.iter().map(|thing| &thing.id))
            .chain(draft.accounts.iter().map(|thing| &thing.id))
            .chain(draft.objects.iter().map(|thing| &thing.id))
            .map(|id| id.reveal())
            .collect();
        for (index, item) in draft.items.iter().enumerate() {
            let at = format!("N{number} [{}]", index + 1);
            let people = item.who.iter().chain(&item.about).chain(&item.provenance.source);
            assert!(people.map(|id| id.reveal()).all(|id| persons.contains(&id)), "{at}: a person is not listed");
            assert!(item.at.iter().all(|id| places.contains(&id.reveal())), "{at}: a place is not listed");
            assert!(item.things.iter().all(|id| things.contains(&id.reveal())), "{at}: a thing is not listed");
            assert!(
                item.codes.iter().all(|code| draft.answers.codes.contains(code)),
                "{at}: a code is not in the answers"
            );
        }
    }
}

#[test]
fn narratives_come_back_from_json_as_they_went() {
    for number in 1..=NARRATIVES.len() {
        let message = narrative(number);
        for text in [to_json("Submission", &message), to_short_json("Submission", &message)].map(Result::unwrap) {
            assert!(!text.contains('\n'), "N{number}: one line");
            assert!(from_json::<pb::Submission>("Submission", &text).unwrap() == message, "N{number}");
        }
        let short: serde_json::Value = serde_json::from_str(&to_short_json("Submission", &message).unwrap()).unwrap();
        let file: serde_json::Value = serde_json::from_str(NARRATIVES[number - 1]).unwrap();
        assert_eq!(short, file, "N{number}: the file says nothing that the message does not hold");
    }
}

#[test]
fn absent_answers_are_read_as_the_contract_says() {
    let mut message = narrative(8);
    message.envelope.as_mut().unwrap().marking = None;
    message.answers = Some(pb::Answers::default());
    let draft = submission(message).finish().unwrap();
    assert_eq!(draft.envelope.marking.level, MarkingLevel::OfficialSensitive);
    assert_eq!((draft.answers.case, draft.answers.tell_carer), (CaseStatus::Unknown, TellCarer::Nothing));
    assert_eq!(draft.answers.significant_harm_suspected, None, "not answered is not a no");
}

#[test]
fn an_empty_submission_names_every_required_field() {
    let named = fields(submission(pb::Submission::default()));
    for field in [
        "submission.envelope",
        "submission.envelope.on_behalf_of",
        "submission.envelope.actor.id",
        "submission.envelope.reporter.call_back",
        "submission.envelope.lawful_basis",
        "submission.missing_from",
        "submission.lives_now",
        "submission.responsible_authority",
        "submission.child.name",
        "submission.episode.kind",
        "submission.episode.outcome",
        "submission.interview",
        "submission.answers",
    ] {
        assert!(named.iter().any(|name| name == field), "{field} is not named in {named:?}");
    }
}

#[test]
fn every_fault_is_named_by_its_own_path() {
    let mut message = narrative(2);
    message.items[2].provenance.as_mut().unwrap().how_known = 99;
    message.items[3].provenance.as_mut().unwrap().source_role = 0;
    message.items[0].codes.push(-4);
    message.persons[1].date_of_birth = "14/03/2011".to_owned();
    message.persons[2].lives = None;
    message.episode.as_mut().unwrap().started = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 });
    message.episode.as_mut().unwrap().returned = Some(prost_types::Timestamp { seconds: 0, nanos: -1 });
    message.answers.as_mut().unwrap().county_lines = 7;
    message.responsible_authority = Some(pb::Area::default());
    assert_eq!(
        fields(submission(message)),
        [
            "submission.responsible_authority",
            "submission.episode.started",
            "submission.episode.returned",
            "submission.items[0].codes[1]",
            "submission.items[2].provenance.how_known",
            "submission.items[3].provenance.source_role",
            "submission.persons[1].date_of_birth",
            "submission.answers.county_lines",
        ]
    );
}

#[test]
fn faults_never_hold_a_value() {
    let mut message = narrative(1);
    message.child.as_mut().unwrap().date_of_birth = "MARKER-31".to_owned();
    let faults = format!("{:?}", submission(message).finish().unwrap_err());
    assert!(faults.contains("submission.child.date_of_birth") && !faults.contains("MARKER"), "{faults}");
}

#[test]
fn a_list_over_its_limit_is_one_fault_and_no_more() {
    let mut message = narrative(8);
    message.items = vec![pb::Item::default(); 10_000];
    message.child.as_mut().unwrap().aliases = vec!["x".to_owned(); 21];
    let named = fields(submission(message));
    assert!(named.contains(&"submission.items".to_owned()) && named.contains(&"submission.child.aliases".to_owned()));
    assert!(named.len() < 50 * 8, "what is beyond the limit is not read: {} faults", named.len());
}

#[test]
fn dates_are_iso_and_real() {
    let read = |date: &str| {
        let mut message = narrative(8);
        message.child.as_mut().unwrap().date_of_birth = date.to_owned();
        submission(message).finish().is_ok()
    };
    assert!(read("2012-02-29") && read(""));
    for wrong in
        ["2011-02-29", "2011-13-01", "20110314", "2011-3-14", "2011-03-14T00:00:00Z", "２０11-03-14", "-011-03-14"]
    {
        assert!(!read(wrong), "{wrong}");
    }
}

#[test]
fn times_survive_both_ways() {
    for (seconds, nanos) in [(0, 0), (1_795_000_000, 999_999_999), (-1, 500_000_000), (-62_135_596_800, 1)] {
        let mut message = narrative(8);
        let wire = prost_types::Timestamp { seconds, nanos };
        message.episode.as_mut().unwrap().reported = Some(wire);
        let draft = submission(message).finish().unwrap();
        assert_eq!(wire_time(draft.episode.reported.unwrap()), wire);
    }
}

#[test]
fn unknown_beside_a_code_is_held_not_lost() {
    let mut message = narrative(8);
    message.lives_now = Some(pb::Area { code: "E09000021".to_owned(), name: String::new(), unknown: true });
    assert_eq!(submission(message).finish().unwrap().lives_now, Area::Unknown);
}

#[test]
fn what_validation_finds_is_added_but_not_about_stand_ins() {
    let mut message = narrative(8);
    message.episode.as_mut().unwrap().outcome = 0;
    let check = |_: Draft| -> Result<(), Violations> {
        let mut found = Violations::default();
        found.add("submission.episode.outcome", "about a stand-in");
        found.add("submission.episode.outcome_reason", "another field");
        Err(found)
    };
    let named: Vec<String> =
        submission(message).finish_with(check).unwrap_err().0.into_iter().map(|found| found.field).collect();
    assert_eq!(named, ["submission.episode.outcome", "submission.episode.outcome_reason"]);
}

#[test]
fn both_sides_have_the_same_vocabularies() {
    for (name, house, wire, same) in choice::all_agree() {
        assert!(same && house == wire, "{name}: {house} values here, {wire} on the wire");
    }
}

#[test]
fn expectations_speak_of_what_the_narratives_hold() {
    let expect: toml::Table = include_str!("../../../tests/narratives/expect.toml").parse().unwrap();
    assert_eq!(expect.len(), NARRATIVES.len());
    for number in 1..=NARRATIVES.len() {
        let (message, expected) = (narrative(number), &expect[&format!("n{number}")]);
        let envelope = message.envelope.as_ref().unwrap();
        assert_eq!(expected["organisation"].as_str(), Some(envelope.submitting_organisation.as_str()), "N{number}");
        assert_eq!(expected["on_behalf_of"].as_str(), Some(envelope.on_behalf_of.as_str()), "N{number}");
        assert_eq!(expected["items"].as_array().unwrap().len(), message.items.len(), "N{number}");
        assert!(expected["received"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "N{number}");
        // What nobody wrote cannot leak: a forbidden string must be in the submission, or it proves nothing.
        let whole = NARRATIVES[number - 1].to_lowercase();
        for (audience, view) in expected["views"].as_table().unwrap() {
            for word in view["forbidden"].as_array().unwrap() {
                let word = word.as_str().unwrap().to_lowercase();
                assert!(whole.contains(&word), "N{number} {audience}: \"{word}\" is nowhere in the submission");
            }
        }
    }
}

#[test]
fn an_explanation_prints_the_names_of_the_contract() {
    let json = to_json("Explanation", &explanation(&decision(), &[(LABEL, view())])).unwrap();
    let expected = r#"{"class":"P1","rules":["R01","R24"],"prompts":["STRATEGY"],"flags":["statutory_notification"],"#
        .to_owned()
        + r#""rule_set":"2026-11-3","items":[{"index":1,"proposed":"2A","handling":"C A1 S2","#
        + r#""why":["the child saw it"],"instruction":"Ask first."}],"#
        + r#""legs":[{"queue":"HOLD.human","class":"P1","rules":["R24"],"contents":["items"],"items":[1],"page":true,"#
        + r#""ack_due":"2026-11-20T17:30:00Z","provisional":false,"#
        + r#""held":[{"reason":"geography_unknown","meant_for":["MASH"],"contents":["items"],"items":[1],"never_by":[]}],"#
        + r#""prompts":["STRATEGY"],"copy_notes":[{"item":1,"queue":"FORCE.BTP"}]}],"#
        + r#""views":{"mpu":[{"part":"B","item":1,"audience":"mpu","fields":[{"name":"text","value":"seen","withheld":false}]}],"#
        + r#""mash":[],"carer":[],"none":[]},"#
        + r#""prompt_details":[{"kind":"STRATEGY","rule":"R01","due_time":"2026-11-20T17:30:00Z","overdue":false}],"#
        + r#""written":[],"degraded":[],"ledger":[],"advice":[],"completeness":[],"advice_version":"","#
        + r#""rule_details":[],"not_fired":[],"nobody_gets":[],"versions":[],"units":[]}"#;
    assert_eq!(json, expected);
}

fn with_conditions() -> Handling {
    let with = Conditions::new(ActionCode::NoDirectAction, SanitisationCode::Consult, "Ask first.".into());
    Handling::Conditions(with.unwrap())
}

const LABEL: UnitLabel = UnitLabel { item: Some(1), part: Part::Item, audience: Audience::Mpu };

fn view() -> View {
    let mut view = View::default();
    view.push("text", "seen");
    view.push("exactly", " ");
    view
}

/// A decision in which every kind of thing occurs once.
fn decision() -> Decision {
    let due: Option<jiff::Timestamp> = "2026-11-20T17:30:00Z".parse().ok();
    let held = Held {
        reason: HoldReason::GeographyUnknown,
        meant_for: vec!["MASH".to_owned()],
        contents: vec![Content::Items],
        items: vec![1],
        link: None,
        placed: Vec::new(),
        never_by: Vec::new(),
    };
    let leg = Leg {
        queue: QueueId::hold(),
        class: Class::P1,
        rules: vec!["R24"],
        contents: vec![Content::Items],
        items: vec![1],
        shows: vec![Shown { kind: PromptKind::Strategy, rule: "R01", link: None }],
        copy_notes: vec![(1, QueueId::of("FORCE", "BTP"))],
        links: Vec::new(),
        placed: Vec::new(),
        provisional: false,
        page: true,
        ack_due: due,
        decide_due: None,
        held: vec![held],
    };
    let grade = ItemGrade {
        item: 1,
        source: SourceGrade::Untested,
        information: InformationGrade::KnownDirectly,
        handling: with_conditions(),
        why: vec!["the child saw it"],
    };
    Decision {
        class: Class::P1,
        rules: vec!["R01", "R24"],
        rule_set: "2026-11-3".to_owned(),
        prompts: vec![Prompt { kind: PromptKind::Strategy, rule: "R01", due, overdue_on_arrival: false }],
        flags: vec![Flag::StatutoryNotification],
        items: vec![grade],
        legs: vec![leg],
        linked: Vec::new(),
        fired: Vec::new(),
        referral: false,
        received: jiff::Timestamp::UNIX_EPOCH,
        clocks: None,
    }
}

proptest::proptest! {
    /// Bytes changed anywhere in a good submission: it decodes or not, it reads or is refused, and nothing panics.
    #[test]
    fn damaged_bytes_never_panic(number in 1..=8_usize, damage in proptest::collection::vec((0..100_000_usize, 0..=255_u8), 1..40)) {
        let mut bytes = narrative(number).encode_to_vec();
        for (at, byte) in damage {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if let Ok(message) = pb::Submission::decode(bytes.as_slice()) {
            let printed = to_json("Submission", &message);
            proptest::prop_assert!(printed.is_err() || printed.is_ok_and(|json| !json.contains('\n')));
            let refused = submission(message).finish().err();
            proptest::prop_assert!(refused.is_none_or(|faults| faults.0.iter().all(|fault| fault.field.starts_with("submission."))));
        }
    }
}
