//! What the papers leave open about another child of the record, an accused on HOLD, and self-harm with an allegation: the
//! answer that protects more people (PROP).

use jiff::civil::date;

use super::{leg, lines, queues};
use crate::domain::{
    code::{
        Class,
        HarmCode::{Cse, Msht, Phys, Rad, SelfHarm},
        PersonRole,
    },
    decision::{Decision, PromptKind},
    dossier::Dossier,
    queue::QueueId,
    submission::{Draft, Person},
    testing::{area, coded, decide, draft, ids, intelligence, person, policy, referral, routed, tuesday},
    unit::Part,
};

const YES: Option<bool> = Some(true);
const TUESDAY: &str = "2026-11-17T10:00:00Z";
const NIGHT: &str = "2026-11-17T22:00:00Z";

fn decided(now: &str, change: impl FnOnce(&mut Draft)) -> Decision {
    let mut draft = draft();
    change(&mut draft);
    decide(draft, now)
}

/// Lewisham is the subject's; this child lives in Tower Hamlets.
fn elsewhere(role: PersonRole) -> Person {
    Person { lives: area("E09000030"), ..person("other", role) }
}

#[test]
fn danger_now_to_another_child_reaches_who_is_awake_where_that_child_lives() {
    let decision = decided(NIGHT, |d| {
        d.persons = vec![elsewhere(PersonRole::OtherChild)];
        d.items = vec![intelligence()];
        d.items[0].about = Some("other".into());
        d.items[0].danger_now = YES;
    });
    assert_eq!((decision.class, decision.linked[0].class), (Class::P0, Class::P0));
    for queue in ["MASH.E09000030", "EDT.E09000030", "REFDESK.CE"] {
        let leg = leg(&decision, queue);
        assert!(leg.page && leg.class == Class::P0 && leg.links == [0], "{queue}: {leg:?}");
        assert_eq!(leg.prompts(), [PromptKind::Call999], "{queue}");
    }
    for queue in ["MASH.E09000023", "EDT.E09000023", "REFDESK.SE", "MPU.SE"] {
        assert!(leg(&decision, queue).prompts().contains(&PromptKind::Call999), "{queue}: the subject's stay (R00)");
    }
    let unknown = decided(NIGHT, |d| {
        d.persons = vec![Person { lives: crate::domain::geography::Area::Unknown, ..elsewhere(PersonRole::Sibling) }];
        d.items = vec![intelligence()];
        d.items[0].about = Some("other".into());
        d.items[0].danger_now = YES;
    });
    for queue in ["MASH.E09000023", "EDT.E09000023", "REFDESK.SE"] {
        assert!(leg(&unknown, queue).provisional, "{queue}: until HOLD has found the place (D11)");
    }
    assert!(leg(&unknown, "HOLD.human").page);
}

#[test]
fn a_prompt_of_another_childs_matter_is_where_that_childs_record_goes() {
    let shown = |change: &dyn Fn(&mut Draft)| {
        let decision = decided(TUESDAY, |d| {
            d.persons = vec![Person { significant_harm: YES, ..elsewhere(PersonRole::Sibling) }];
            d.answers.significant_harm_suspected = YES;
            change(d);
        });
        ["MASH.E09000023", "MASH.E09000030"].map(|queue| leg(&decision, queue).prompts())
    };
    for (code, prompt) in [(SelfHarm, PromptKind::Health), (Rad, PromptKind::Prevent), (Msht, PromptKind::Nrm)] {
        let others = shown(&|d| {
            d.answers.codes = vec![code];
            d.items = vec![coded(&[code])];
            d.items[0].about = Some("other".into());
        });
        assert_eq!(others, [vec![PromptKind::Strategy], vec![prompt]], "{code}");
        let both = shown(&|d| {
            d.answers.codes = vec![code];
            d.items = vec![coded(&[code]), coded(&[code])];
            d.items[0].about = Some("other".into());
        });
        assert!(both.iter().all(|shown| shown.contains(&prompt)), "{code}: {both:?}");
    }
    let accused = shown(&|d| {
        d.persons.push(person("worker", PersonRole::Professional));
        d.items = vec![referral()];
        d.items[0].about = Some("other".into());
        d.items[0].who = ids(&["worker"]);
        d.items[0].allegation = YES;
    });
    assert_eq!(accused, [vec![PromptKind::Strategy], vec![PromptKind::Lado]]);
}

/// What each delivery of `queue` shows, the subject's first: prompts with the rules that raised them.
fn filed(queue: &str, change: impl FnOnce(&mut Draft)) -> Vec<Vec<String>> {
    let mut draft = draft();
    change(&mut draft);
    let dossiers = Dossier::file(&routed(draft, &policy(), tuesday()));
    let legs = dossiers.iter().flat_map(Dossier::legs).filter(|leg| leg.queue.as_str() == queue);
    legs.map(|leg| leg.shows.iter().map(|shown| format!("{} {}", shown.kind, shown.rule)).collect()).collect()
}

#[test]
fn the_delivery_of_the_other_childs_record_shows_its_prompts() {
    let sibling = |lives: &'static str, code| {
        move |d: &mut Draft| {
            d.answers.significant_harm_suspected = YES;
            let at_home = elsewhere(PersonRole::Sibling);
            d.persons = vec![Person { significant_harm: YES, lives: area(lives), ..at_home }];
            d.items = vec![coded(&[code])];
            d.items[0].about = Some("other".into());
        }
    };
    assert_eq!(filed("MASH.E09000030", sibling("E09000030", SelfHarm)), [["HEALTH R22"]]);
    assert_eq!(filed("REFDESK.CE", sibling("E09000030", SelfHarm)), [[""; 0]], "health stays with councils (D20)");
    assert_eq!(filed("MASH.E09000030", sibling("E09000030", Msht)), [["NRM R06"]]);
    assert_eq!(filed("REFDESK.CE", sibling("E09000030", Msht)), [["NRM R06"]]);
    let one_council = filed("MASH.E09000023", sibling("E09000023", SelfHarm));
    assert_eq!(one_council, [["STRATEGY R01"], ["HEALTH R22"]], "each record its own, in one queue too");
    let unknown = |d: &mut Draft| {
        sibling("E09000030", Msht)(d);
        d.persons[0].lives = crate::domain::geography::Area::Unknown;
    };
    assert_eq!(filed("HOLD.human", unknown), [["NRM R06"]]);
    assert_eq!(filed("MASH.E09000023", unknown), [["STRATEGY R01"], ["NRM R06"]]);
}

#[test]
fn the_card_of_the_other_childs_record_says_what_a_crime_to_them_asks() {
    let flags = |answer: fn(&mut Draft)| {
        let mut draft = draft();
        draft.persons = vec![elsewhere(PersonRole::Sibling)];
        draft.items = vec![coded(&[Phys])];
        draft.items[0].about = Some("other".into());
        answer(&mut draft);
        let linked = Dossier::file(&routed(draft, &policy(), tuesday())).remove(1);
        let card = linked.units().iter().find(|(label, _)| label.part == Part::EpisodeCard).unwrap().1.clone();
        let flags = card.fields.iter().filter(|field| field.name == "flag");
        flags.map(|field| field.value.reveal().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(flags(|d| d.items[0].sexual_offence = YES), ["statutory_notification"]);
    let images = ["statutory_notification", "evidence_warning", "attachments_refused", "online_abuse"];
    assert_eq!(flags(|d| d.items[0].images = YES), images);
    let of_the_subject = |d: &mut Draft| {
        d.items.push(intelligence());
        d.items[1].images = YES;
    };
    assert!(flags(of_the_subject).is_empty());
}

#[test]
fn d02_the_dated_prompt_goes_to_one_council_leg_and_the_owner_though_others_show_its_kind() {
    let away = |d: &mut Draft| {
        (d.missing_from, d.lives_now) = (area("E09000008"), area("E09000008"));
        d.responsible_authority = area("E09000007");
        d.answers.case = crate::domain::code::CaseStatus::Open;
        d.answers.significant_harm_suspected = YES;
        d.episode.episodes_30d = Some(3);
    };
    let shown = |queue| filed(queue, away).remove(0);
    assert_eq!(shown("ALLOC.E09000007"), ["STRATEGY R01", "STRATEGY R12"]);
    assert_eq!(shown("MPU.SN"), ["STRATEGY R12"]);
    for queue in ["MASH.E09000008", "REFDESK.SN"] {
        assert_eq!(shown(queue), ["STRATEGY R01"], "{queue}");
    }
}

#[test]
fn a_friend_at_risk_is_another_child_unless_they_are_known_to_be_grown_up() {
    let decision = |role, born, answer: fn(&mut Person)| {
        decided(TUESDAY, |d| {
            let mut friend = Person { date_of_birth: born, ..elsewhere(role) };
            answer(&mut friend);
            d.persons = vec![friend];
        })
    };
    let at_risk: fn(&mut Person) = |person| person.at_risk = YES;
    let harmed: fn(&mut Person) = |person| person.significant_harm = YES;
    let born = |year| Some(date(year, 11, 17));
    assert_eq!(lines(&decision(PersonRole::Friend, None, at_risk)), ["MASH.E09000030 P2 link", "MPU.SE P2 closure"]);
    let legs = ["MASH.E09000030 P1 link", "MPU.SE P1 closure", "REFDESK.CE P1 link"];
    for (role, born) in [
        (PersonRole::Friend, None),
        (PersonRole::HouseholdMember, None),
        (PersonRole::Friend, born(2009)),
        (PersonRole::Suspect, born(2009)),
    ] {
        assert_eq!(lines(&decision(role, born, harmed)), legs, "{role} {born:?}");
    }
    for (role, born) in [
        (PersonRole::Friend, born(2008)), // 18 today
        (PersonRole::Suspect, None),
        (PersonRole::Parent, None),
    ] {
        assert_eq!(decision(role, born, harmed).rules, ["R23"], "{role} {born:?}");
    }
    assert_eq!(decision(PersonRole::Friend, None, |_| ()).rules, ["R23"], "nobody said that they are at risk");
}

#[test]
fn d20_self_harm_alone_goes_to_no_desk_though_somebody_is_accused() {
    let decision = decided(TUESDAY, |d| {
        d.items = vec![coded(&[SelfHarm]), coded(&[Cse])];
        d.items[0].allegation = YES;
    });
    assert_eq!(leg(&decision, "REFDESK.SE").items, [2]);
    assert_eq!(leg(&decision, "MASH.E09000023").items, [1, 2]);
    assert!(leg(&decision, "MASH.E09000023").prompts().contains(&PromptKind::Lado));
    let crime = decided(TUESDAY, |d| {
        d.items = vec![coded(&[SelfHarm])];
        d.items[0].sexual_offence = YES;
    });
    assert_eq!(leg(&crime, "REFDESK.SE").items, [1], "a crime has an owner tonight (D16)");
}

#[test]
fn d08_where_the_accused_works_on_hold_every_matter_says_who_may_never_resolve_it() {
    let decision = decided(TUESDAY, |d| {
        d.lives_now = crate::domain::geography::Area::Unknown;
        let worker = person("worker", PersonRole::Police);
        d.persons = vec![Person { works_in_queue: Some("HOLD.human".into()), allegation: YES, ..worker }];
        d.items = vec![coded(&[Phys])];
        d.items[0].who = ids(&["worker"]);
    });
    let held = &leg(&decision, "HOLD.human").held;
    assert!(held.len() > 1 && held.iter().all(|held| held.never_by == [QueueId::hold()]), "{held:?}");
    assert!(queues(&decision).contains(&"MPU.SE".to_owned()), "other legs stand");
}
