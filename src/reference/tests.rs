//! The embedded data is whole, and a file that is not is refused in full.

mod rules;

use std::collections::BTreeMap;

use jiff::civil::date;

use super::*;
use crate::domain::{
    code::Class,
    directory::{ForceRole, Located, Police},
    geography::Area,
    queue::QueueId,
};

const TODAY: Date = date(2026, 11, 21);

fn named(name: &str) -> Area {
    Area::Stated { code: None, name: Some(name.into()) }
}

#[test]
fn london_is_32_boroughs_in_12_bcus_and_the_city() {
    let directory = embedded().unwrap().directory;
    let mut boroughs: BTreeMap<&str, usize> = BTreeMap::new();
    for authority in &directory.authorities {
        if let Police::Bcu(bcu) = &authority.police {
            *boroughs.entry(bcu).or_default() += 1;
        }
    }
    let order = ["CE", "CN", "AS", "AW", "EA", "NA", "NE", "NW", "SN", "SE", "SW", "WA"];
    assert_eq!(order.map(|bcu| boroughs[bcu]), [2, 2, 2, 3, 3, 2, 2, 3, 3, 3, 4, 3]);
    assert_eq!(boroughs.values().sum::<usize>(), 32);
    assert_eq!(directory.authorities.len(), 34, "32 boroughs, the City and Birmingham");
    let numbers: std::collections::BTreeSet<u16> = directory.authorities.iter().map(|entry| entry.dfe).collect();
    assert_eq!(numbers.len(), 34);
}

#[test]
fn the_city_and_birmingham_have_their_own_forces() {
    let directory = embedded().unwrap().directory;
    for (council, force) in [("City of London", "E23000034"), ("Birmingham", "E23000014")] {
        assert_eq!(directory.locate(&named(council), TODAY).police(), Ok(Police::Force(force.to_owned())));
    }
    assert_eq!(directory.force_with_role(ForceRole::Rail, TODAY).unwrap().code, "BTP");
    assert!(!directory.queues(TODAY).contains(&QueueId::of("FORCE", "E23000001")), "the Met is its BCUs");
}

#[test]
fn usual_spellings_mean_the_council_and_nothing_is_matched_nearly() {
    let directory = embedded().unwrap().directory;
    for (spelling, gss) in [
        ("London Borough of Lewisham", "E09000023"),
        ("LEWISHAM COUNCIL", "E09000023"),
        ("Royal Borough of Kensington & Chelsea", "E09000020"),
        ("RBKC", "E09000020"),
        ("City of Westminster", "E09000033"),
        ("Hammersmith & Fulham", "E09000013"),
        ("kingston-upon-thames", "E09000021"),
        ("The City of London Corporation", "E09000001"),
        ("Birmingham City Council", "E08000025"),
        ("Lewisham LBC", "E09000023"),
        ("Hammersmith and Fulham LB", "E09000013"),
        ("Lewisham Children's Services", "E09000023"),
        ("209", "E09000023"),
    ] {
        let found = directory.locate(&named(spelling), TODAY);
        assert!(matches!(found, Located::Authority(entry) if entry.gss == gss), "{spelling}: {found:?}");
    }
    for nobody in ["Lewisam", "London", "Manchester", "Kent Council", "Kent County Council"] {
        let found = directory.locate(&named(nobody), TODAY);
        assert_eq!(found, Located::Undecided(crate::domain::decision::HoldReason::OrganisationUnknown), "{nobody}");
    }
}

#[test]
fn a_shared_service_is_no_council_unless_a_code_says_which() {
    use crate::domain::decision::HoldReason::{GeographyUnknown, OrganisationUnknown};
    let directory = embedded().unwrap().directory;
    let both = |code: &str, name: &str| Area::Stated { code: Some(code.into()), name: Some(name.into()) };
    for name in ["Achieving for Children", "AfC", "Bi-Borough Childrens Services", "City & Hackney"] {
        assert_eq!(directory.locate(&named(name), TODAY), Located::Undecided(GeographyUnknown), "{name}");
        assert_eq!(directory.locate(&both("E09000023", name), TODAY), Located::Undecided(GeographyUnknown), "{name}");
    }
    let found = directory.locate(&both("E09000027", "Achieving for Children"), TODAY);
    assert!(matches!(found, Located::Authority(entry) if entry.name == "Richmond upon Thames"), "{found:?}");
    // Windsor and Maidenhead shares it, and is nobody's code here.
    let nobody = directory.locate(&both("E06000040", "Achieving for Children"), TODAY);
    assert_eq!(nobody, Located::Undecided(OrganisationUnknown));
    let before = date(2019, 2, 19);
    assert_eq!(directory.locate(&named("Achieving for Children"), before), Located::Undecided(OrganisationUnknown));
    let one = EMBEDDED.directory.replace("[\"E09000020\", \"E09000033\"]", "[\"E9000020\"]");
    let wrong: Vec<String> = load(Files { directory: &one, ..EMBEDDED })
        .unwrap_err()
        .iter()
        .map(|error| format!("{} {}", error.at, error.what))
        .collect();
    assert!(wrong[0].starts_with("shared Bi-borough Children's Services name the two or more"), "{wrong:?}");
    assert!(wrong[1].contains("a GSS code is E and eight digits"), "{wrong:?}");
}

#[test]
fn an_entry_holds_only_while_it_is_in_force() {
    let moved = EMBEDDED.directory.replace(
        "name = \"Sutton\"\nbcu = \"SN\"",
        "name = \"Sutton\"\nbcu = \"SN\"\nuntil = \"2027-01-01\"\n[[authority]]\ngss = \"E09000029\"\ndfe = 319\nname = \"Sutton\"\nbcu = \"SW\"\nfrom = \"2027-01-01\"",
    );
    let directory = load(Files { directory: &moved, ..EMBEDDED }).unwrap().directory;
    let police = |day| directory.locate(&named("Sutton"), day).police();
    assert_eq!(police(date(2026, 12, 31)), Ok(Police::Bcu("SN".to_owned())));
    assert_eq!(police(date(2027, 1, 1)), Ok(Police::Bcu("SW".to_owned())));
}

#[test]
fn every_mistake_of_every_file_is_named_at_once() {
    let directory = EMBEDDED.directory.replace("gss = \"E09000033\"", "gss = \"E0900003\"");
    let calendar = EMBEDDED.calendar.replace("open = \"09:00\"", "open = \"17:00\"");
    let rules = EMBEDDED.rules[0].1.replace("id = \"R11\"", "id = \"R99\"");
    let queues = EMBEDDED.queues.replace("kind = \"EDT\"", "kind = \"NIGHT\"");
    let deadlines = EMBEDDED.deadlines.replace("[period.class.P4]", "[period.class.P5]");
    let wrong = load(Files {
        directory: &directory,
        calendar: &calendar,
        rules: &[("2026-11-3", &rules)],
        queues: &queues,
        deadlines: &deadlines,
        ..EMBEDDED
    })
    .unwrap_err();
    let named: Vec<String> = wrong.iter().map(|error| format!("{} {}", error.file, error.at)).collect();
    for expected in [
        "directory.toml authority E0900003",
        "directory.toml authority E09000033",
        "calendar.toml office",
        "rules/2026-11-3.toml rule R99",
        "rules/2026-11-3.toml rule R11",
        "queues.toml kind EDT",
        "queues.toml kind NIGHT",
        "deadlines.toml period 2025-01-01 class P5",
        "deadlines.toml period 2025-01-01 class P4",
    ] {
        assert!(named.iter().any(|name| name == expected), "{expected} in {named:?}");
    }
}

#[test]
fn vetting_is_asked_for_in_known_levels_and_of_what_is_opened_there() {
    let with = |vetting: &str| {
        let row = "kind = \"MPU\"\n";
        let queues = EMBEDDED.queues.replace(row, &format!("{row}vetting = {{ {vetting} }}\n"));
        load(Files { queues: &queues, ..EMBEDDED })
    };
    let queue = QueueId::of("MPU", "SE");
    assert!(embedded().unwrap().queues.vetting.asks_nothing(), "the design paper asks for none");
    let vetting = with("work = [\"NPPV2\"], \"A/none\" = [\"MV\"]").unwrap().queues.vetting;
    assert!(vetting.admits(&queue, Some("NPPV3")) && !vetting.admits(&queue, Some("MV")));
    for (vetting, what) in [
        ("work = [\"NPPV4\"]", "vetting: `NPPV4` is no level"),
        ("work = []", "vetting: name a level, or leave it out"),
        ("\"C/mash\" = [\"MV\"]", "vetting: `C/mash` is neither `work` nor one of what it opens"),
    ] {
        let wrong = with(vetting).unwrap_err();
        let told: Vec<_> = wrong.iter().map(|one| format!("{}: {}: {}", one.file, one.at, one.what)).collect();
        assert_eq!(told, [format!("queues.toml: kind MPU: {what}")]);
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_line() {
    let calendar = EMBEDDED.calendar.replace("zone = ", "zoneinfo = ");
    let wrong = load(Files { calendar: &calendar, ..EMBEDDED }).unwrap_err();
    assert_eq!(wrong.len(), 1);
    assert_eq!((wrong[0].file.as_str(), wrong[0].at.as_str()), ("calendar.toml", "line 3"));
}

#[test]
fn two_meanings_of_one_name_are_refused() {
    let directory = EMBEDDED.directory.replace("aliases = [\"LBTH\"]", "aliases = [\"LBTH\", \"LB Hackney\"]");
    let wrong = load(Files { directory: &directory, ..EMBEDDED }).unwrap_err();
    assert!(wrong[0].what.contains("means both"), "{wrong:?}");
}

#[test]
fn each_kind_opens_what_the_contract_says() {
    use crate::domain::unit::{Audience, Part};
    let queues = embedded().unwrap().queues;
    let opens = |kind: &str, part, audience| queues.kind_of(&QueueId::of(kind, "x")).unwrap().may_open(part, audience);
    for police in ["MPU", "REFDESK", "FORCE"] {
        assert!(opens(police, Part::Item, Audience::Mpu) && !opens(police, Part::Item, Audience::Mash), "{police}");
        assert!(opens(police, Part::Provenance, Audience::Nobody) && !opens(police, Part::Carer, Audience::Carer));
    }
    for council in ["MASH", "ALLOC", "EDT"] {
        assert!(opens(council, Part::Item, Audience::Mash) && !opens(council, Part::Item, Audience::Mpu), "{council}");
        assert!(
            opens(council, Part::Safeguarding, Audience::Mash) && !opens(council, Part::Provenance, Audience::Nobody)
        );
    }
    assert!(!opens("MPU", Part::Safeguarding, Audience::Mash), "an MPU never reads Part C");
    assert!(opens("HOLD", Part::Withheld, Audience::Nobody) && !opens("MASH", Part::Withheld, Audience::Nobody));
}

#[test]
fn outcomes_are_closed_lists_with_words_for_the_sender() {
    let queues = embedded().unwrap().queues;
    for kind in &queues.kinds {
        let none = kind.outcome("no_further_action").unwrap();
        assert!(none.reason_required, "{}", kind.kind);
        assert_eq!(none.wording.words("not for this unit"), "no further action: not for this unit");
        assert!(kind.outcome("anything else").is_none());
    }
    let words = |kind: &str, code: &str| {
        let kind = queues.kind_of(&QueueId::of(kind, "x")).unwrap();
        kind.outcome(code).map(|outcome| outcome.wording.words(""))
    };
    assert_eq!(words("MPU", "arrest").as_deref(), Some("acted on"), "no detail: tipping off");
    assert_eq!(words("FORCE", "accepted").as_deref(), Some("recorded"));
    assert_eq!(words("MASH", "arrest"), None);
}

#[test]
fn d15_the_deadlines_of_each_class() {
    let policy = embedded().unwrap();
    let from = "2026-11-20T16:30:00Z".parse().unwrap();
    let due = |class| {
        let (acknowledge, decide) = policy.due(&QueueId::of("REFDESK", "SE"), class, from);
        [acknowledge, decide].map(|due| due.map(|due| due.to_string()))
    };
    let at = |moments: [&str; 2]| moments.map(|moment| Some(format!("2026-11-{moment}:00Z")));
    assert_eq!(due(Class::P0), at(["20T16:45", "20T16:45"]));
    assert_eq!(due(Class::P1), at(["20T17:30", "20T20:30"]));
    assert_eq!(due(Class::P2), at(["23T12:30", "23T16:30"]));
    assert_eq!(due(Class::P3), at(["23T16:30", "25T16:30"]));
    assert_eq!(due(Class::P4), [None, None]);
}
