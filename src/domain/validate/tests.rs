//! A valid draft passes; each thing wrong is named by its path, all at once, and never by its value.

use jiff::{Timestamp, ToSpan, civil::date};

use super::*;
use crate::domain::{
    code::{
        EmergencyCall, HowKnown, InterviewOutcome, OfferMethod, OfferResult, PersonRole, QuestionType, ShareMark,
        SourceRole,
    },
    geography::Area,
    submission::{Corroboration, LineManager, Mark, Offer, Phone, Question, StopScreen, Vehicle},
    testing::{area, draft, ids, intelligence, person, place, policy, referral, tuesday},
    text::Text,
};

/// The paths of what is wrong after `change`, in order and each once.
fn wrong(change: impl FnOnce(&mut Draft)) -> Vec<String> {
    let mut draft = draft();
    change(&mut draft);
    let Err(Violations(found)) = validate(draft, &policy(), tuesday()) else { return Vec::new() };
    let mut paths: Vec<String> = found.into_iter().map(|violation| violation.field).collect();
    paths.sort();
    paths.dedup();
    paths
}

fn long(length: usize) -> Text {
    // Two bytes a character: the limit counts characters.
    Text::new("é".repeat(length))
}

fn offer(at: Timestamp) -> Offer {
    Offer { at, method: OfferMethod::Phone, to: None, result: OfferResult::NoAnswer }
}

fn vehicle(id: &str) -> Vehicle {
    Vehicle { id: id.into(), vrm: None, description: None, owner: None }
}

fn phone(id: &str) -> Phone {
    Phone { id: id.into(), number: "07700 900000".into(), owner: None }
}

#[test]
fn a_nil_return_and_a_full_record_are_valid() {
    assert_eq!(wrong(|_| ()), Vec::<String>::new());
    let full = wrong(|d| {
        d.persons = vec![person("aunt", PersonRole::OtherAdult)];
        d.places = vec![place("flat", Area::Unknown)];
        d.phones = vec![phone("line")];
        d.items = vec![intelligence()];
        d.items[0].about = Some("aunt".into());
        d.items[0].at = ids(&["flat"]);
        d.items[0].who = ids(&["aunt"]);
        d.items[0].things = ids(&["line"]);
        d.items[0].provenance.source = Some("aunt".into());
        d.items[0].provenance.source_role = SourceRole::Carer;
    });
    assert_eq!(full, Vec::<String>::new());
}

#[test]
fn everything_wrong_is_reported_at_once_and_by_no_value() {
    let mut bad = draft();
    bad.envelope.marking.level = MarkingLevel::Secret;
    bad.missing_from = Area::Absent;
    bad.lives_now = area("E0900002");
    bad.child.name = "\u{202E}drowssap".into();
    bad.items = vec![intelligence()];
    bad.items[0].text = "marker-marker\u{0}".into();
    bad.items[0].provenance.practitioner_doubts = Some(true);
    bad.items[0].about = Some("marker-nobody".into());
    bad.answers.nil_intelligence = Some(true);
    bad.persons = vec![person("p", PersonRole::Friend)];
    bad.persons[0].lives = area("lambeth");
    let Violations(found) = validate(bad, &policy(), tuesday()).unwrap_err();
    let paths: Vec<&str> = found.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(
        paths,
        [
            "submission.envelope.marking.level",
            "submission.missing_from",
            "submission.lives_now.code",
            "submission.persons[0].lives.code",
            "submission.child.name",
            "submission.items[0].text",
            "submission.items[0].about",
            "submission.answers.nil_intelligence",
            "submission.items[0].provenance.doubt_reason",
        ]
    );
    for violation in &found {
        assert!(!violation.advice.is_empty());
        for value in ["marker", "drowssap", "E0900002,", "lambeth"] {
            assert!(!violation.advice.contains(value), "{violation:?}");
        }
    }
}

#[test]
fn texts_at_their_limit_pass_and_one_more_is_refused() {
    let over = |most: usize, path: &str, set: &dyn Fn(&mut Draft, Text)| {
        assert_eq!(wrong(|d| set(d, long(most))), Vec::<String>::new(), "{path} at {most}");
        assert_eq!(wrong(|d| set(d, long(most + 1))), [format!("submission.{path}")], "{path} over {most}");
    };
    over(200, "child.name", &|d, text| d.child.name = text);
    over(200, "child.aliases[1]", &|d, text| d.child.aliases = vec!["A".into(), text]);
    over(200, "envelope.reporter.call_back", &|d, text| d.envelope.reporter.call_back = text);
    over(100_000, "interview.account.first_account", &|d, text| d.interview.account.first_account = Some(text));
    over(5_000, "interview.evaluate.plan", &|d, text| d.interview.evaluate.plan = Some(text));
    let with_item = |set: fn(&mut Draft, Text)| {
        move |d: &mut Draft, text: Text| {
            d.items = vec![referral()];
            set(d, text);
        }
    };
    over(10_000, "items[0].text", &with_item(|d, text| d.items[0].text = text));
    over(10_000, "items[0].exactly", &with_item(|d, text| d.items[0].exactly = Some(text)));
    over(10_000, "items[0].sanitised_text", &with_item(|d, text| d.items[0].sanitised_text = Some(text)));
    over(5_000, "items[0].provenance.opinion", &with_item(|d, text| d.items[0].provenance.opinion = Some(text)));
}

#[test]
fn lists_at_their_limit_pass_and_one_more_is_refused_by_the_list() {
    let over = |most: usize, path: &str, set: &dyn Fn(&mut Draft, usize)| {
        assert_eq!(wrong(|d| set(d, most)), Vec::<String>::new(), "{path} at {most}");
        assert_eq!(wrong(|d| set(d, most + 1)), [format!("submission.{path}")], "{path} over {most}");
    };
    over(50, "items", &|d, count| d.items = vec![referral(); count]);
    over(100, "persons", &|d, count| {
        d.persons = (0..count).map(|n| person(&format!("p{n}"), PersonRole::Friend)).collect();
    });
    over(20, "episode.offers", &|d, count| d.episode.offers = vec![offer(tuesday()); count]);
    over(200, "interview.account.questions", &|d, count| {
        let question = Question { text: "What happened?".into(), kind: QuestionType::Open };
        d.interview.account.questions = vec![question; count];
    });
    over(200, "vehicles", &|d, count| d.vehicles = (0..count).map(|n| vehicle(&format!("v{n}"))).collect());
    let together = wrong(|d| {
        d.vehicles = (0..100).map(|n| vehicle(&format!("v{n}"))).collect();
        d.phones = (0..101).map(|n| phone(&format!("t{n}"))).collect();
    });
    assert_eq!(together, ["submission.phones", "submission.vehicles"]);
}

#[test]
fn d03_areas_are_stated_and_well_formed_and_unknown_is_accepted() {
    for bad in ["E0900002", "E090000230", "e09000023", "09000023E", "E09O00023", "London"] {
        assert_eq!(wrong(|d| d.missing_from = area(bad)), ["submission.missing_from.code"], "{bad}");
    }
    for good in [Area::Unknown, area("E99999999"), area("W06000015"), area("E23000028")] {
        assert_eq!(wrong(|d| d.lives_now = good.clone()), Vec::<String>::new());
    }
    let empty = Area::Stated { code: Some("".into()), name: Some(" ".into()) };
    assert_eq!(wrong(|d| d.responsible_authority = empty), ["submission.responsible_authority"]);
    assert_eq!(wrong(|d| d.places = vec![place("p", area("X"))]), ["submission.places[0].area.code"]);
    assert_eq!(wrong(|d| d.envelope.on_behalf_of = "Lewisham".into()), ["submission.envelope.on_behalf_of"]);
}

#[test]
fn d04_secret_is_refused_and_lowering_needs_a_reason() {
    assert_eq!(wrong(|d| d.envelope.marking.level = MarkingLevel::Secret), ["submission.envelope.marking.level"]);
    let official = |reason: Option<&str>| {
        wrong(|d| {
            d.envelope.marking.level = MarkingLevel::Official;
            d.envelope.marking.lowering_reason = reason.map(Into::into);
        })
    };
    assert_eq!(official(None), ["submission.envelope.marking.lowering_reason"]);
    assert_eq!(official(Some("statistics only")), Vec::<String>::new());
}

#[test]
fn d25_names_are_printable_and_free_text_keeps_every_script() {
    for bad in ["a\u{0}", "a\nb", "a\tb", "\u{202E}a", "\u{2066}a", "a\u{85}", "a\u{200B}b", "\u{E0041}", "\u{7F}"] {
        assert_eq!(wrong(|d| d.child.name = bad.into()), ["submission.child.name"], "{bad:?}");
    }
    for good in ["Zoë O\u{2019}Neill", "محمد", "می\u{200C}خواهم", "李小龙", "Nguyễn", "👩\u{200D}👧"]
    {
        assert_eq!(wrong(|d| d.child.name = good.into()), Vec::<String>::new(), "{good:?}");
    }
    let account = |text: &str| wrong(|d| d.interview.account.first_account = Some(text.into()));
    for good in ["tab\tline\r\nnext", "\u{202E}bidi\u{202C}", "join\u{200D}er", "\u{2066}x\u{2069}", "عربي"] {
        assert_eq!(account(good), Vec::<String>::new(), "{good:?}");
    }
    for bad in ["\u{0}", "\u{1B}[2J", "\u{9B}", "\u{7}"] {
        assert_eq!(account(bad), ["submission.interview.account.first_account"], "{bad:?}");
    }
}

#[test]
fn d25_what_has_happened_is_not_in_the_future() {
    let now = tuesday();
    let later = now + 1.second();
    let set_all = |moment: Timestamp| {
        wrong(|d| {
            d.episode.reported = Some(moment);
            d.episode.started = Some(moment);
            d.episode.returned = Some(moment);
            d.episode.offers = vec![offer(moment)];
            d.interview.held_at = Some(moment);
            let manager = LineManager { name: "Rosa".into(), at: Some(moment), advice: None };
            d.interview.evaluate.line_manager = Some(manager);
            d.answers.fgm_disclosed_at = Some(moment);
            d.items = vec![referral()];
            d.items[0].provenance.learned = Some(moment);
            d.items[0].when = Some("next Saturday".into());
        })
    };
    assert_eq!(set_all(now), Vec::<String>::new());
    assert_eq!(set_all(later).len(), 8);
    let turned = wrong(|d| d.episode.returned = Some(d.episode.started.unwrap() - 1.second()));
    assert_eq!(turned, ["submission.episode.returned"]);
}

#[test]
fn d14_no_answer_to_the_999_question_refuses() {
    for call in [None, Some(EmergencyCall::Made), Some(EmergencyCall::Cannot), Some(EmergencyCall::NotNeeded)] {
        for at in [None, Some(tuesday() + 1.hour())] {
            let screen =
                StopScreen { danger_now: Some(true), reasons: Vec::new(), emergency_call: call, reference: None, at };
            assert_eq!(wrong(|d| d.answers.stop_screen = Some(screen)), Vec::<String>::new(), "{call:?}");
        }
    }
}

#[test]
fn ages_and_dates_of_birth_are_plausible() {
    let born = |day, age| {
        wrong(|d| {
            d.child.date_of_birth = day;
            d.child.age = age;
        })
    };
    assert_eq!(born(Some(date(2026, 11, 17)), None), ["submission.episode.started"]);
    assert_eq!(born(Some(date(2026, 11, 18)), None), ["submission.child.date_of_birth"]);
    assert_eq!(born(Some(date(2000, 11, 18)), None), Vec::<String>::new());
    assert_eq!(born(Some(date(2000, 11, 17)), None), ["submission.child.date_of_birth"]);
    assert_eq!(born(None, Some(25)), Vec::<String>::new());
    assert_eq!(born(None, Some(u32::MAX)), ["submission.child.age"]);
    assert_eq!(born(Some(date(2012, 3, 4)), Some(15)), Vec::<String>::new());
    assert_eq!(born(Some(date(2012, 3, 4)), Some(16)), ["submission.child.age"]);
    let adult = |year| {
        wrong(|d| {
            d.persons = vec![person("p", PersonRole::Parent)];
            d.persons[0].date_of_birth = Some(date(year, 1, 1));
        })
    };
    assert_eq!(adult(1906), Vec::<String>::new());
    assert_eq!(adult(1800), ["submission.persons[0].date_of_birth"]);
}

#[test]
fn ids_are_unique_and_point_to_something() {
    let twice = wrong(|d| {
        d.persons = vec![person("a", PersonRole::Friend), person("a", PersonRole::Friend)];
        d.vehicles = vec![vehicle("x")];
        d.phones = vec![phone("x")];
        d.places = vec![place("a", Area::Unknown)];
    });
    assert_eq!(twice, ["submission.persons[1].id", "submission.phones[0].id"]);
    let dangling = wrong(|d| {
        d.items = vec![intelligence()];
        d.items[0].at = ids(&["p"]);
        d.items[0].who = ids(&["q"]);
        d.items[0].things = ids(&["r"]);
        d.items[0].about = Some("s".into());
        d.items[0].provenance.source = Some("t".into());
        let support =
            Corroboration { by: "u".into(), in_this_record: None, different_person: None, own_knowledge: None };
        d.items[0].provenance.corroboration = vec![support];
        d.phones = vec![Phone { owner: Some("v".into()), ..phone("x") }];
    });
    let item = |field: &str| format!("submission.items[0].{field}");
    let mut expected = vec!["submission.phones[0].owner".to_owned()];
    let fields = ["about", "at[0]", "provenance.corroboration[0].by", "provenance.source", "things[0]", "who[0]"];
    expected.extend(fields.map(item));
    expected.sort();
    assert_eq!(dangling, expected);
}

#[test]
fn what_must_not_stand_alone() {
    let carer = wrong(|d| {
        d.items = vec![intelligence()];
        d.items[0].provenance.source_role = SourceRole::Carer;
        d.items[0].provenance.how_known = HowKnown::Saw;
    });
    assert_eq!(carer, ["submission.items[0].provenance.source"]);
    let nil = |kind: fn() -> crate::domain::submission::Item| {
        wrong(move |d| {
            d.items = vec![kind()];
            d.answers.nil_intelligence = Some(true);
        })
    };
    assert_eq!(nil(intelligence), ["submission.answers.nil_intelligence"]);
    assert_eq!(nil(referral), Vec::<String>::new());
    assert_eq!(wrong(|d| d.episode.outcome = InterviewOutcome::NotOfferedOther), ["submission.episode.outcome_reason"]);
    assert_eq!(wrong(|d| d.episode.episodes_30d = Some(2)), ["submission.episode.episodes_12m"]);
    assert_eq!(
        wrong(|d| d.interview.evaluate.detriment = Some(true)),
        ["submission.interview.evaluate.detriment_reason"]
    );
    let nameless = |appearance: Option<&str>| {
        wrong(|d| {
            d.persons = vec![person("man", PersonRole::Suspect)];
            d.persons[0].name = "".into();
            d.persons[0].description.appearance = appearance.map(Into::into);
        })
    };
    assert_eq!(nameless(None), ["submission.persons[0].name"]);
    assert_eq!(nameless(Some("tall")), Vec::<String>::new());
    let queue = |name: &str| {
        wrong(|d| {
            d.persons = vec![person("officer", PersonRole::Police)];
            d.persons[0].works_in_queue = Some(name.into());
        })
    };
    assert_eq!(queue("MPU.SE"), Vec::<String>::new());
    for nowhere in ["the MPU", "MPU.se", "MPU.ZZ", "MASH.E09000099"] {
        assert_eq!(queue(nowhere), ["submission.persons[0].works_in_queue"], "{nowhere}");
    }
    let identity = |text: &str| {
        wrong(|d| {
            d.persons = vec![person("officer", PersonRole::Police)];
            d.persons[0].identity = Some(text.into());
        })
    };
    assert_eq!(identity("homeward://pilot.example/met/SE/mpu_officer/p123"), Vec::<String>::new());
    for nobody in ["p123", "Homeward://pilot.example/met/SE/mpu_officer/p123", "homeward://pilot.example/met/SE/p123"] {
        assert_eq!(identity(nobody), ["submission.persons[0].identity"], "{nobody}");
    }
}

#[test]
fn marks_lie_within_a_free_text_that_is_there() {
    let mark = |field: &str, start, end| {
        wrong(|d| {
            d.interview.account.first_account = Some("naïve".into());
            d.items = vec![referral()];
            d.envelope.marks = vec![Mark { field: field.into(), start, end, mark: ShareMark::Withhold }];
        })
    };
    for field in
        ["account.first_account", "interview.account.first_account", "submission.interview.account.first_account"]
    {
        assert_eq!(mark(field, 0, 5), Vec::<String>::new(), "{field}");
        assert_eq!(mark(field, 0, 6), ["submission.envelope.marks[0].end"], "characters, not bytes");
    }
    assert_eq!(mark("items[0].text", 3, 3), ["submission.envelope.marks[0].start"]);
    for nowhere in ["items[1].text", "child.name", "interview.denied"] {
        assert_eq!(mark(nowhere, 0, 1), ["submission.envelope.marks[0].field"], "{nowhere}");
    }
}

#[test]
fn no_images_or_video_ever() {
    let account = |text: String| wrong(|d| d.interview.account.first_account = Some(Text::new(text)));
    let run = "QUJD".repeat(20);
    for file in [
        format!("see data:image/png;base64,{run}"),
        "DATA:Video/mp4;name=a.mp4;BASE64,AAAA".to_owned(),
        format!("attached /9j/{run}"),
        format!("iVBORw0KGgo{run}"),
        format!("FFD8FF{}", "e0".repeat(40)),
    ] {
        assert_eq!(account(file.clone()), ["submission.interview.account.first_account"], "{file}");
    }
    for words in ["he sent data: images of her", "/9j/ is a strange word", "x".repeat(4_000).as_str()] {
        assert_eq!(account(words.to_owned()), Vec::<String>::new(), "{words}");
    }
}
