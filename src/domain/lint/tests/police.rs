//! The five rules for police text.

use super::{advice, kinds_in, on_wording, pointed, story};
use crate::domain::{
    code::{SourceRole, YesNoUnknown},
    lint::{Kind, Question, meters, of_views},
    testing::{lexicon, place, rendered},
};

/// What police need, and nothing that shows who told: no advice.
const GOOD: [&str; 6] = [
    "A male using the name Dane Wickett, about 30, using a black hatchback, has offered tablets to girls under 16 at a car \
     park in Deptford over the last month.",
    "Dane Wickett sells tablets from a flat above a bakery on Tanner's Hill, Deptford.",
    "A man aged about 30 threatened a boy with a machete outside the station, Lewisham, in early October.",
    "A group of older males collects money for Dane Wickett in the Evelyn estate on weekday evenings.",
    "A person known as Biggz runs a phone line from Samphire Court and keeps a knife in the sofa.",
    "Two men in a white van have approached girls near the park in Sutton and offered vapes in return for pictures.",
];

#[test]
fn good_wording_passes() {
    for wording in GOOD {
        assert_eq!(on_wording(wording), Vec::<&str>::new(), "{wording}");
    }
}

#[test]
fn rule_1_everything_listed_that_points_to_the_source_is_found_in_any_form() {
    for (wording, kind) in [
        ("Dane Wickett gave Ayesha tablets.", "child_named"),
        ("Dane Wickett gave YESH tablets.", "child_named"),
        ("Dane Wickett gave A. Oyelaran's friend tablets.", "child_named"),
        ("Dane Wickett came to 14 Quillback Rd.", "child_detail"),
        ("Dane Wickett waits at Larkmead Academy.", "child_detail"),
        ("A girl born 04/03/2012 was approached.", "child_detail"),
        ("Funke Oyelaran was shouted at by Dane Wickett.", "family_named"),
        ("Bronte Salter was offered tablets.", "other_child"),
        ("Dane Wickett rang Pat Example.", "submitter_named"),
        ("Lewisham Council says that Dane Wickett sells tablets.", "submitter_named"),
    ] {
        assert!(on_wording(wording).contains(&kind), "{wording}: {:?}", on_wording(wording));
    }
}

#[test]
fn rule_1_words_that_show_that_somebody_told_us_are_found() {
    for (wording, kind) in [
        ("In her RHI it was said that Dane Wickett sells tablets.", "source_words"),
        ("During the return-home interview a name came up.", "source_words"),
        ("A girl disclosed that Dane Wickett sells tablets.", "source_words"),
        ("A DISCLOSURE about Dane Wickett.", "source_words"),
        ("She told her new social worker about Dane Wickett.", "source_words"),
        ("Her foster carer's car was followed.", "source_words"),
        ("A child in care was approached.", "source_words"),
        ("Sutton Council reports that Dane Wickett sells tablets.", "submitter_named"),
        ("The social worker states that Dane Wickett sells tablets.", "submitter_named"),
        ("According to the local children's services he is active.", "submitter_named"),
        ("Her boyfriend sells tablets.", "relationship"),
        ("Dane Wickett knows her mum.", "relationship"),
        ("A family friend drives the car.", "relationship"),
        ("A girl showed me a picture of the van.", "source_words"),
        ("I saw the van outside.", "source_words"),
        ("A reliable source knows the flat.", "source_words"),
        ("A boy was held there while missing.", "source_words"),
        ("He is collected from his residential placement.", "source_words"),
        ("Nobody else knows about the flat.", "who_else_knows"),
        ("Only she and one friend know about the flat.", "who_else_knows"),
        ("No-one else is aware of the flat.", "who_else_knows"),
        ("Only two girls know about the flat.", "who_else_knows"),
        ("Dane Wickett gave her £40.", "exact_amount"),
        ("Dane Wickett gave her forty quid.", "exact_amount"),
        ("The car came at 23:47.", "exact_time"),
        ("Dane Wickett paid GBP 80.", "exact_amount"),
        ("The car came at 3.15am.", "exact_time"),
        ("The car came at 19.45.", "exact_time"),
        ("The car came at ten past four.", "exact_time"),
        ("The car came at a quarter to nine.", "exact_time"),
        ("The car came at seven o'clock.", "exact_time"),
        ("A pregnant girl was approached.", "not_needed"),
        ("She was spoken to by phone.", "interview_mode"),
        ("A girl was seen at the youth centre.", "interview_place"),
    ] {
        assert!(on_wording(wording).contains(&kind), "{wording}: {:?}", on_wording(wording));
    }
    for wording in ["The price was about £40.", "The car came around 11pm.", "The car came at about half past two."] {
        assert_eq!(on_wording(wording), Vec::<&str>::new(), "a rough one is no unique knowledge: {wording}");
    }
    for wording in [
        "Dane Wickett is the source of the tablets in Deptford.",
        "Masked men raided the flat of Dane Wickett.",
        "Dane Wickett hides trackers in the bags of girls and intercepts them on the way home.",
        "Dane Wickett invites girls to a modelling interview.",
        "Ten to fifteen boys sell for Dane Wickett.",
        "A male of maybe 45, probably about six foot, drives Dane Wickett.",
    ] {
        assert_eq!(on_wording(wording), Vec::<&str>::new(), "what they do is no tactic of ours: {wording}");
    }
}

#[test]
fn rule_1_the_days_of_the_interview_and_of_the_episode_are_found_and_others_stay() {
    for (wording, kind) in [
        ("Dane Wickett sold tablets on 3 November.", "episode_date"),
        ("Dane Wickett sold tablets on the 3rd/4th Nov.", "episode_date"),
        ("Dane Wickett sold tablets on 04/11/2026.", "episode_date"),
        ("As of 8 November Dane Wickett sells tablets.", "interview_date"),
        ("Known since the 8th.", "interview_date"),
    ] {
        assert!(on_wording(wording).contains(&kind), "{wording}: {:?}", on_wording(wording));
    }
    assert_eq!(on_wording("Dane Wickett sold tablets on 12 October."), Vec::<&str>::new());
}

#[test]
fn two_things_stay_a_place_where_something_happened_and_the_name_of_a_person_of_concern() {
    let mut draft = story();
    let mut library = place("l", crate::domain::testing::area(crate::domain::testing::LEWISHAM));
    library.name = "outside Deptford Library".into();
    draft.places = vec![library];
    draft.items[0].at = vec!["l".into()];
    // Family of the source, and of concern.
    draft.persons[0].category = crate::domain::code::DataSubjectCategory::Suspect;
    let wording = "Funke Oyelaran sold tablets outside Deptford Library, Lewisham.";
    draft.items[0].sanitised_text = Some(wording.into());
    assert_eq!(kinds_in(&advice(draft), "items[0].sanitised_text"), Vec::<&str>::new());
}

#[test]
fn rule_2_tactics_checks_and_operations_are_found() {
    for (wording, kind) in [
        ("Dane Wickett is a target of Op Heron.", "operation_name"),
        ("Dane Wickett is a target of Operation Heron Two.", "operation_name"),
        ("Surveillance of the flat is planned.", "tactics"),
        ("The van was seen on ANPR.", "tactics"),
        ("The trigger plan names the flat.", "tactics"),
        ("He is being used as a CHIS.", "tactics"),
        ("Covert officers watched the flat.", "tactics"),
        ("A PNC check shows that the van is stolen.", "police_check"),
        ("PND has three entries.", "police_check"),
        ("Police raided the flat.", "tactics"),
        ("Police put a tracker on the van.", "tactics"),
        ("He is on ViSOR.", "police_check"),
    ] {
        assert!(on_wording(wording).contains(&kind), "{wording}: {:?}", on_wording(wording));
    }
    for wording in ["He co-operated after an operation on his knee.", "The shop opposite sells tablets."] {
        let found = on_wording(wording);
        assert!(!found.contains(&"operation_name"), "{wording}: {found:?}");
    }
}

#[test]
fn rule_3_one_matter_and_one_source() {
    let of = |text: &str, role: SourceRole| {
        let mut draft = story();
        draft.items[0].text = text.into();
        draft.items[0].provenance.source_role = role;
        kinds_in(&advice(draft), "items[0].text")
    };
    let seen = "Dane Wickett offered tablets. I saw a bruise on her arm.";
    assert_eq!(of(seen, SourceRole::Child), ["several_sources"]);
    assert_eq!(of(seen, SourceRole::Practitioner), Vec::<&str>::new(), "the worker's own sight is the worker's item");
    assert_eq!(
        of("I saw messages on her phone. She said that he sends them daily.", SourceRole::Practitioner),
        ["several_sources"]
    );
    assert_eq!(of("He said \"I saw you\" and left.", SourceRole::Child), Vec::<&str>::new(), "somebody's own words");
    for several in [
        "Dane Wickett offered tablets. In a separate incident a van followed her.",
        "1. Dane Wickett offered tablets.\n2. A van followed her.",
        "Notes:\n- Dane Wickett offered tablets.\n- A van followed her.",
    ] {
        assert!(of(several, SourceRole::Child).contains(&"several_matters"), "{several}");
    }
    assert_eq!(of("Dane Wickett offered tablets at 12 the car park - twice.", SourceRole::Child), Vec::<&str>::new());
}

#[test]
fn rule_4_an_item_stands_alone() {
    let lacks = |change: &dyn Fn(&mut crate::domain::submission::Item)| {
        let mut draft = story();
        change(&mut draft.items[0]);
        let found = advice(draft);
        let mut kinds: Vec<&str> = found.iter().filter(|one| one.place.is_none()).map(|one| one.kind.code()).collect();
        kinds.sort_unstable();
        kinds
    };
    assert_eq!(lacks(&|_| {}), Vec::<&str>::new());
    let bare = |item: &mut crate::domain::submission::Item| {
        item.text = "Tablets.".into();
        item.who = Vec::new();
        item.when = None;
    };
    assert_eq!(lacks(&bare), ["lacks_act", "lacks_place", "lacks_subject", "lacks_time"]);
    let told = |item: &mut crate::domain::submission::Item| {
        bare(item);
        item.text = "A man in a van sold tablets on Evelyn Street last week.".into();
    };
    assert_eq!(lacks(&told), Vec::<&str>::new(), "the text says it");
    let stated = |item: &mut crate::domain::submission::Item| {
        bare(item);
        item.text = "Sold tablets again, twice.".into();
        item.who = vec!["s".into()];
        item.online = true;
        item.still_happening = Some(YesNoUnknown::Yes);
    };
    assert_eq!(lacks(&stated), Vec::<&str>::new(), "the form says it");
}

#[test]
fn rule_4_provenance_is_a_field_and_opinion_is_marked() {
    for (wording, kind) in [
        ("The child says that Dane Wickett sells tablets.", "provenance_in_prose"),
        ("The young person reported a flat.", "provenance_in_prose"),
        ("YP stated that there is a flat.", "provenance_in_prose"),
        ("The lad said that there is a flat.", "provenance_in_prose"),
        ("It is alleged that Dane Wickett sells tablets.", "provenance_in_prose"),
        ("She said that Dane Wickett sells tablets.", "child_says"),
        ("I think Dane Wickett sells tablets.", "opinion"),
        ("Dane Wickett probably sells tablets.", "opinion"),
        ("In my opinion he is dangerous.", "opinion"),
    ] {
        assert!(on_wording(wording).contains(&kind), "{wording}: {:?}", on_wording(wording));
    }
    assert_eq!(
        on_wording("He said that he would come back."),
        Vec::<&str>::new(),
        "what the man said is what happened"
    );
}

#[test]
fn rule_5_the_meter_says_what_is_answered() {
    let answered = |text: &str| {
        let mut draft = story();
        draft.items[0].text = text.into();
        (draft.items[0].who, draft.items[0].when) = (Vec::new(), None);
        let meters = meters(&rendered(draft), &lexicon());
        let yes = meters[0].answers.iter().filter(|(_, yes)| *yes).map(|(question, _)| question.code());
        assert_eq!(meters[0].answers.len(), Question::ALL.len());
        yes.collect::<Vec<_>>()
    };
    assert_eq!(answered("Tablets."), Vec::<&str>::new());
    assert_eq!(answered("Tablets were sold and used there again."), ["what"]);
    let whole = "A man in a van sold tablets to boys on Evelyn Street last week because they owe him money.";
    assert_eq!(answered(whole), ["who", "what", "why", "where", "when", "how"]);
}

#[test]
fn advice_points_to_the_words_in_characters() {
    let wording = "Zoë 🙂 was disclosed to an RHI worker; £40.";
    let mut draft = story();
    draft.items[0].sanitised_text = Some(wording.into());
    let advice = advice(draft);
    let own: Vec<_> = advice.into_iter().filter(|one| one.field == "items[0].sanitised_text").collect();
    assert_eq!(pointed(&own, Kind::SourceWords, wording), ["disclosed", "RHI"]);
    assert_eq!(pointed(&own, Kind::ExactAmount, wording), ["£40"]);
    let rhi = own.iter().find(|one| one.kind == Kind::SourceWords).unwrap();
    assert_eq!((rhi.rule, rhi.item, rhi.unit), (1, Some(1), None));
    assert!(!rhi.say.contains("RHI worker"), "advice says what to write, never what was written");
}

#[test]
fn without_own_wording_the_engines_view_is_read() {
    let mut draft = story();
    draft.items[0].text = "Ayesha disclosed that Dane Wickett gave her £40 on 3 November.".into();
    let advice = advice(draft);
    let of_view: Vec<_> = advice.into_iter().filter(|one| one.unit.is_some()).collect();
    let kinds = kinds_in(&of_view, "text");
    for kind in ["source_words", "exact_amount", "episode_date"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }
    assert!(!kinds.contains(&"child_named"), "the engine has taken the name out: {kinds:?}");

    let mut draft = story();
    draft.items[0].text = "Ayesha says that Dane Wickett sells tablets.".into();
    let text = "[CHILD] says that Dane Wickett sells tablets.";
    assert_eq!(pointed(&super::advice(draft), Kind::ProvenanceInProse, text), ["[CHILD] says"], "a label is one word");
}

#[test]
fn what_goes_with_the_delivery_tells_nothing_that_the_view_does_not() {
    let mut draft = story();
    draft.items[0].text =
        "Ayesha disclosed it at the library on 8 November. She said so. I saw it. Dane Wickett, £40.".into();
    let redacted = rendered(draft);
    let delivered = of_views(&redacted, &lexicon());
    let kinds = kinds_in(&delivered, "text");
    assert!(kinds.contains(&"source_words") && kinds.contains(&"exact_amount"), "{kinds:?}");
    for sealed in ["interview_date", "interview_place", "child_says", "several_sources", "child_named"] {
        assert!(!kinds.contains(&sealed), "{sealed} needs what is sealed: {kinds:?}");
    }
    assert!(delivered.iter().all(|one| one.unit.is_some() && one.kind.tells_nothing_new()));
}
