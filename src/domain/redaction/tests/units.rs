//! Whole submissions: which unit shows what.

use super::fixture::{draft, item, person, policy};
use crate::domain::{
    code::{DataSubjectCategory, Fgm, HarmCode, PersonRole, SourceRole},
    geography::Area,
    redaction::redact,
    stage::{Redacted, Valid},
    submission::{Corroboration, Draft},
    unit::{Audience, Part, UnitLabel, View},
};

fn redacted(draft: Draft) -> Redacted {
    redact(Valid::checked(draft), &policy())
}

fn view(redacted: &Redacted, item: Option<u16>, part: Part, audience: Audience) -> &View {
    let wanted = UnitLabel { item, part, audience };
    let found: Vec<&View> =
        redacted.views().iter().filter(|(label, _)| *label == wanted).map(|(_, view)| view).collect();
    assert_eq!(found.len(), 1, "{wanted:?}");
    found[0]
}

fn all_text(view: &View) -> String {
    view.fields.iter().map(|field| format!("{}={}\n", field.name, field.value.reveal())).collect()
}

#[test]
fn every_unit_is_there_once() {
    let redacted = redacted(draft());
    let labels: Vec<String> = redacted
        .views()
        .iter()
        .map(|(label, _)| {
            format!("{}{}/{}", label.part, label.item.map_or(String::new(), |n| n.to_string()), label.audience)
        })
        .collect();
    assert_eq!(
        labels,
        ["E/none", "A1/none", "B1/mpu", "B1/mash", "A2/none", "B2/mpu", "B2/mash", "C/mash", "CARER/carer"]
    );
    assert!(redacted.degraded().is_empty());
}

#[test]
fn a_place_in_the_submitting_councils_own_area_keeps_its_code() {
    let mut draft = draft();
    let own = draft.envelope.on_behalf_of.reveal().to_owned();
    draft.places[0].area = Area::Stated { code: Some(own.clone().into()), name: None };
    let redacted = redacted(draft);
    for audience in [Audience::Mpu, Audience::Mash] {
        assert_eq!(view(&redacted, Some(1), Part::Item, audience).get("at[0].area.code"), Some(&*own));
    }
}

#[test]
fn police_read_the_item_without_who_told_it() {
    let redacted = redacted(draft());
    let b = view(&redacted, Some(1), Part::Item, Audience::Mpu);
    assert_eq!(
        b.get("text").unwrap(),
        "[CHILD] said her [PERSON] Marcus Drayford (07700 900456) took her [PERSON] [OTHER CHILD 1] to Harbinger Parade, \
         Greenwich. [NAME REDACTED] knows. [PERSON 2] saw it."
    );
    assert_eq!(b.get("exactly"), None);
    assert_eq!(b.get("about"), Some("[CHILD]"));
    assert_eq!((b.get("who[0].name"), b.get("who[0].role")), (Some("Marcus Drayford"), Some("SUSPECT")));
    assert_eq!((b.get("who[1].name"), b.get("who[1].appearance")), (Some("[OTHER CHILD 1]"), None));
    assert_eq!(b.get("who[2].role"), None);
    assert_eq!((b.get("at[0].name"), b.get("at[1].name")), (Some("Harbinger Parade"), Some("[ADDRESS]")));
    assert_eq!(b.get("things[0].number"), Some("07700 900456"));
    assert_eq!((b.get("things[1].vrm"), b.get("things[2].handle")), (Some("QQ22 DPK"), Some("example.dray_900")));
    for gone in ["Quillfeather", "Theo", "Grażyna", "Tallowmere", "step-dad", "Lewisham Council"] {
        assert!(!all_text(b).contains(gone), "{gone}");
    }
}

#[test]
fn safeguarding_reads_the_family_but_no_suspects_numbers_and_no_third_party_source() {
    let redacted = redacted(draft());
    let b = view(&redacted, Some(1), Part::Item, Audience::Mash);
    assert!(
        b.get("text")
            .unwrap()
            .starts_with("Ella-Mae said her step-dad Marcus Drayford ([PHONE]) took her brother Theo")
    );
    assert!(b.get("text").unwrap().ends_with("[SOURCE 2] saw it."));
    assert_eq!(b.get("exactly"), Some("\"He is Marcus\""));
    assert_eq!((b.get("things[0].number"), b.get("things[1].vrm")), (Some("[PHONE]"), Some("[VEHICLE REGISTRATION]")));
    assert_eq!((b.get("things[1].description"), b.get("things[2].handle")), (Some("grey saloon"), Some("[HANDLE]")));
    let c = view(&redacted, None, Part::Safeguarding, Audience::Mash);
    assert_eq!(c.get("child.home_address"), Some("27 Tallowmere Lane, Lewisham"));
    assert_eq!(c.get("evaluate.needs"), Some("[SOURCE 2] must not be named."));
    assert_eq!(c.get("episode.presentation"), Some("Tired. Marcus rang from [PHONE]."));
    assert!(!all_text(c).contains("900456") && !all_text(c).contains("Thornbury"));
}

#[test]
fn what_the_sender_wrote_for_police_goes_through_the_engine_too() {
    let mut draft = draft();
    draft.items[0].sanitised_text = Some("A male, Marcus Drayford, met Ella Mae near the Parade.".into());
    let redacted = redacted(draft);
    let mpu = view(&redacted, Some(1), Part::Item, Audience::Mpu);
    assert_eq!(mpu.get("text"), Some("A male, Marcus Drayford, met [CHILD] near the Parade."));
    let mash = view(&redacted, Some(1), Part::Item, Audience::Mash);
    assert!(mash.get("text").unwrap().starts_with("Ella-Mae said"));
}

#[test]
fn the_card_and_the_source_side_are_as_written() {
    let redacted = redacted(draft());
    let e = view(&redacted, None, Part::EpisodeCard, Audience::Nobody);
    assert_eq!(e.get("child.name"), Some("Ella-Mae Quillfeather"));
    assert_eq!(e.get("episode.police_reference"), Some("26MIS004411"));
    assert_eq!(e.get("reporter.call_back"), Some("020 7946 0111"));
    let a = view(&redacted, Some(1), Part::Provenance, Audience::Nobody);
    assert_eq!((a.get("source.name"), a.get("who_else_knows")), (Some("Ella-Mae Quillfeather"), Some("her mum Işıl")));
    let a = view(&redacted, Some(2), Part::Provenance, Audience::Nobody);
    assert_eq!(a.get("source.name"), Some("Grażyna O'Thornbury"));
}

#[test]
fn the_carer_copy_is_structured_only() {
    let redacted = redacted(draft());
    let carer = view(&redacted, None, Part::Carer, Audience::Carer);
    assert_eq!(all_text(carer), "episode.returned=2026-11-19T11:00:00Z\ninterview.outcome=COMPLETED\n");
}

#[test]
fn the_category_and_not_the_role_makes_a_suspect_whose_plate_police_read() {
    for (category, kept) in [
        (DataSubjectCategory::Suspect, true),
        (DataSubjectCategory::Convicted, true),
        (DataSubjectCategory::Witness, false),
        (DataSubjectCategory::Other, false),
    ] {
        let mut draft = draft();
        (draft.persons[0].role, draft.persons[0].category) = (PersonRole::Suspect, category);
        draft.vehicles[0].owner = Some(draft.persons[0].id.clone());
        draft.items = vec![item("Marcus Drayford drives QQ22 DPK.")];
        let seen = all_text(view(&redacted(draft), Some(1), Part::Item, Audience::Mpu));
        assert!(seen.contains("Marcus Drayford"), "{category}: {seen}");
        assert_eq!(seen.contains("drives QQ22 DPK."), kept, "{category}: {seen}");
    }
}

/// The same submission, whose suspect is a stranger to the home.
fn nobody_near() -> Draft {
    let mut draft = draft();
    draft.persons[0].role = PersonRole::Suspect;
    draft.persons[0].relationship = None;
    draft
}

#[test]
fn harmless_sentences_survive_in_the_carer_copy_and_nothing_stands_for_the_others() {
    let mut draft = nobody_near();
    let plan =
        "Ella-Mae would like to start guitar lessons. Marcus must not come near. A visit to the dentist is booked.";
    draft.interview.evaluate.carer_plan = Some(plan.into());
    draft.interview.evaluate.wishes = Some("She does not want her mother told about the drink.".into());
    let kept = redacted(draft);
    assert_eq!(
        view(&kept, None, Part::Carer, Audience::Carer).get("evaluate.carer_plan"),
        Some("Ella-Mae would like to start guitar lessons. A visit to the dentist is booked.")
    );
    assert_eq!(view(&kept, None, Part::Carer, Audience::Carer).get("evaluate.wishes"), None);
    assert!(kept.degraded().is_empty(), "what a carer does not read is not held");
}

#[test]
fn no_word_goes_to_a_carer_who_may_be_the_danger() {
    type Change = fn(&mut Draft);
    let dangers: [Change; 15] = [
        |draft| draft.answers.harm_source_at_home = Some(true),
        |draft| draft.answers.fgm = Some(Fgm::ReportedByThirdParty),
        |draft| draft.items[1].codes = vec![HarmCode::Hba],
        |draft| draft.items[0].allegation = Some(true),
        |draft| draft.persons[2].allegation = Some(true),
        |draft| draft.answers.codes = vec![HarmCode::Neg],
        |draft| draft.items[1].codes = vec![HarmCode::Csa],
        |draft| draft.persons[2].category = DataSubjectCategory::Suspect,
        |draft| draft.persons[0].role = PersonRole::HouseholdMember,
        |draft| draft.persons[0].role = PersonRole::Carer,
        |draft| draft.persons[0].role = PersonRole::Professional,
        |draft| draft.persons[0].relationship = Some("her Mother's partner, step-dad".into()),
        |draft| draft.persons[0].address = Some("27 TALLOWMERE LANE".into()),
        |draft| draft.persons[0].organisation = Some("Fernbank House".into()),
        |draft| {
            draft.child.placement = Some("Fernbank House".into());
            draft.persons[0].organisation = Some("Fernbank House Ltd".into());
        },
    ];
    for change in dangers {
        let mut draft = nobody_near();
        draft.interview.evaluate.carer_plan = Some("She would like to start guitar lessons.".into());
        change(&mut draft);
        let silent = redacted(draft);
        let carer = view(&silent, None, Part::Carer, Audience::Carer);
        assert_eq!(carer.get("evaluate.carer_plan"), None);
        assert_eq!(carer.get("interview.outcome"), Some("COMPLETED"));
    }
}

#[test]
fn words_stay_where_the_home_is_ruled_out() {
    let harmless: [fn(&mut Draft); 2] = [
        |draft| {
            draft.answers.codes = vec![HarmCode::Phys];
            draft.answers.harm_source_at_home = Some(false);
        },
        |draft| {
            draft.child.placement = Some("Fernbank House".into());
            draft.persons[0].organisation = Some("Brightwater Gym".into());
        },
    ];
    for change in harmless {
        let mut draft = nobody_near();
        draft.interview.evaluate.wishes = Some("She would like to start guitar lessons.".into());
        change(&mut draft);
        let redacted = redacted(draft);
        let carer = view(&redacted, None, Part::Carer, Audience::Carer);
        assert_eq!(carer.get("evaluate.wishes"), Some("She would like to start guitar lessons."));
    }
}

#[test]
fn whoever_the_texts_name_is_one_person_in_all_of_them() {
    let mut draft = draft();
    draft.items[0].text = "According to Wojciech Pietrzak, Marcus sells vapes.".into();
    draft.interview.evaluate.facts = Some("Wojciech asked not to be named. Pietrzak lives next door.".into());
    let redacted = redacted(draft);
    let item = view(&redacted, Some(1), Part::Item, Audience::Mpu).get("text").unwrap();
    let label = item.strip_prefix("According to ").unwrap().split(',').next().unwrap();
    assert!(label.starts_with("[PERSON ") && item.ends_with(", Marcus sells vapes."), "{item}");
    let facts = view(&redacted, None, Part::Safeguarding, Audience::Mash).get("evaluate.facts").unwrap();
    let source = label.replace("PERSON", "SOURCE");
    assert_eq!(facts, format!("{source} asked not to be named. {source} lives next door."));
}

#[test]
fn a_child_who_is_no_source_is_still_not_named_in_item_text() {
    let mut draft = draft();
    draft.items.truncate(1);
    draft.items[0] = item("Theo and Ellie were seen; mum Işıl knows.");
    draft.items[0].provenance.source = Some("x".into());
    draft.persons.push(person("x", "Barnaby Oakenshaw", PersonRole::Professional));
    let redacted = redacted(draft);
    let b = view(&redacted, Some(1), Part::Item, Audience::Mpu);
    assert_eq!(b.get("text"), Some("[OTHER CHILD 1] and [CHILD] were seen; [PERSON] [PERSON 1] knows."));
}

#[test]
fn another_child_whom_nobody_listed_is_not_named_to_police_in_item_text() {
    let mut draft = draft();
    draft.items.truncate(1);
    draft.items[0] = item("Marcus drove Zuzanna Wren (14) there. Zuzanna was scared. Bogdan Pike has the keys.");
    let redacted = redacted(draft);
    let text = |audience| view(&redacted, Some(1), Part::Item, audience).get("text").unwrap().to_owned();
    let police = text(Audience::Mpu);
    let label = police.strip_prefix("Marcus drove ").and_then(|rest| rest.split(" (14)").next()).unwrap();
    assert!(label.starts_with("[OTHER CHILD ") && label != "[OTHER CHILD 1]", "not whoever is listed: {police}");
    // Nobody said that Bogdan is a child.
    assert_eq!(police, format!("Marcus drove {label} (14) there. {label} was scared. Bogdan Pike has the keys."));
    assert!(text(Audience::Mash).contains("Zuzanna Wren (14)"), "safeguarding reads who she is");
}

#[test]
fn whoever_bears_an_item_out_is_hidden_from_police_and_kept_for_safeguarding() {
    let mut draft = draft();
    draft.persons.push(person("w", "Barnaby Oakenshaw", PersonRole::Friend));
    draft.items[0] = item("Barnaby saw Marcus too.");
    let by_barnaby = Corroboration {
        by: "w".into(),
        in_this_record: Some(true),
        different_person: Some(true),
        own_knowledge: Some(true),
    };
    draft.items[0].provenance.corroboration = vec![by_barnaby];
    let redacted = redacted(draft);
    let shown = |audience| view(&redacted, Some(1), Part::Item, audience).get("text");
    assert_eq!(shown(Audience::Mpu), Some("[PERSON 4] saw Marcus too."));
    assert_eq!(shown(Audience::Mash), Some("Barnaby saw Marcus too."));
}

#[test]
fn a_source_who_is_only_known_as_a_parent_may_be_any_of_them() {
    let mut draft = draft();
    draft.items.truncate(1);
    draft.items[0] = item("I\u{15F}\u{131}l saw Marcus.");
    draft.items[0].provenance.source_role = SourceRole::Parent;
    let redacted = redacted(draft);
    assert_eq!(view(&redacted, Some(1), Part::Item, Audience::Mpu).get("text"), Some("[PERSON 1] saw Marcus."));
}
