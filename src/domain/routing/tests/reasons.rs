//! Which fields fired a rule, and what was kept from whom.

use crate::domain::{
    code::{HarmCode, ItemKind, PersonRole},
    decision::Decision,
    routing::nobody_gets,
    submission::{Draft, Person},
    testing::{area, coded, decide, draft, intelligence, item, person, policy, referral, routed, tuesday},
};

fn decided(change: impl FnOnce(&mut Draft)) -> Decision {
    let mut draft = draft();
    change(&mut draft);
    decide(draft, "2026-11-17T10:00:00Z")
}

fn because(rule: &str, change: impl FnOnce(&mut Draft)) -> Vec<String> {
    let decision = decided(change);
    let fired = decision.fired.iter().find(|fired| fired.rule == rule);
    fired.unwrap_or_else(|| panic!("{rule} in {:?}", decision.rules)).because.iter().map(ToString::to_string).collect()
}

#[test]
fn each_rule_names_the_fields_that_fired_it() {
    assert_eq!(because("R05", |d| d.answers.codes = vec![HarmCode::Fm]), ["answers.codes"]);
    let on_items = |d: &mut Draft| d.items = vec![intelligence(), coded(&[HarmCode::Hba])];
    assert_eq!(because("R05", on_items), ["items[1].codes"]);
    let csa = |d: &mut Draft| d.items = vec![coded(&[HarmCode::Csa])];
    assert_eq!(because("R01", csa), ["items[0].codes"], "by R02");
    assert_eq!(because("R13", |d| d.lives_now = area("E09000008")), ["lives_now", "responsible_authority"]);
    assert_eq!(because("R22", |d| d.answers.suicidal_intent = Some(true)), ["answers.suicidal_intent"]);
    assert!(because("R23", |_| ()).is_empty(), "silence");
    let child = |d: &mut Draft| {
        d.persons = vec![person("mum", PersonRole::Parent), person("other", PersonRole::OtherChild)];
        d.items = vec![referral()];
        d.items[0].about = Some("other".into());
    };
    assert_eq!(because("R15", child), ["items[0].about"], "nobody answered, so the item about them says it");
    let harmed = |d: &mut Draft| {
        d.persons = vec![Person { significant_harm: Some(true), ..person("other", PersonRole::OtherChild) }];
    };
    assert_eq!(because("R15", harmed), ["persons[0].significant_harm"]);
}

#[test]
fn what_is_kept_from_whom_is_said() {
    let told = |change: fn(&mut Draft)| {
        let mut draft = draft();
        change(&mut draft);
        nobody_gets(&routed(draft, &policy(), tuesday()), &policy()).join("\n")
    };
    assert!(told(|_| ()).contains("Part C (the account): no rule opens the front door"));
    assert!(told(|d| d.answers.codes = vec![HarmCode::Fm]).contains("suppressed, no_family_contact"));
    assert!(told(|d| d.answers.harm_source_at_home = Some(true)).contains("suppressed, safe_contact_no"));
    assert!(told(|d| d.items = vec![intelligence()]).contains("item 1 goes to no council"));
    assert!(told(|d| d.items = vec![coded(&[HarmCode::SelfHarm])]).contains("item 1 goes to no police unit"));
    let none = |d: &mut Draft| d.items = vec![item(ItemKind::Safeguarding, &[HarmCode::None])];
    assert!(told(none).contains("item 1 goes nowhere"));
}
