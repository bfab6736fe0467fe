//! Changing the table changes the decision, and nothing else has to change.

use jiff::civil::date;

use super::{leg, lines};
use crate::domain::{
    calendar::Basis,
    code::{Class, HarmCode, PersonRole},
    decision::{Decision, Flag, PromptKind},
    directory::Effective,
    period::Exception,
    policy::{ClassDeadlines, Deadline},
    queue::QueueId,
    submission::Draft,
    testing::{coded, decide_with, draft, intelligence, person, policy, policy_with},
};

/// Decides with `to` in place of `from` in the table.
fn changed(from: &str, to: &str, change: impl FnOnce(&mut Draft)) -> Decision {
    let mut draft = draft();
    change(&mut draft);
    decide_with(draft, &policy_with(from, to), "2026-11-17T10:00:00Z")
}

fn wanted(draft: &mut Draft) {
    draft.answers.wanted = Some(true);
}

#[test]
fn a_destination_a_class_and_a_flag_are_data() {
    let plain = changed("wanted", "wanted", wanted);
    assert_eq!(lines(&plain), ["MPU.SE P2 E closure"]);
    let desk =
        "flags = [{ flag = \"safeguarding_first\" }]\nsends = [\n  { to = \"refdesk\", carries = [\"notice\"] },";
    let told = changed("flags = [{ flag = \"safeguarding_first\" }]\nsends = [", desk, wanted);
    assert_eq!(lines(&told), ["MPU.SE P2 E closure", "REFDESK.SE P2 notice"]);
    let graver = changed("when = \"wanted\"\nclass = \"P2\"", "when = \"wanted\"\nclass = \"P1\"", wanted);
    assert_eq!(graver.class, Class::P1);
    let flagged = changed("{ flag = \"safeguarding_first\" }", "{ flag = \"exclude_accused\" }", wanted);
    assert_eq!(flagged.flags, [Flag::ExcludeAccused]);
}

#[test]
fn the_referral_to_the_nrm_is_due_as_the_council_at_the_front_door_agreed() {
    let due = |minutes: Option<u32>| {
        let mut policy = policy();
        if let Some(minutes) = minutes {
            let decide = Some(Deadline { minutes, basis: Basis::Elapsed });
            let from_now = Effective { from: date(2026, 1, 1), until: None };
            let own = Exception::new(vec![(from_now, ClassDeadlines { acknowledge: decide, decide })]).unwrap();
            policy.queues.deadlines.overrides.insert((QueueId::of("MASH", "E09000023"), Class::P1), own);
        }
        let mut draft = draft();
        draft.answers.codes = vec![HarmCode::Msht];
        draft.items = vec![coded(&[HarmCode::Msht])];
        let decision = decide_with(draft, &policy, "2026-11-17T10:00:00Z");
        decision.prompts.iter().find(|prompt| prompt.kind == PromptKind::Nrm).unwrap().due.unwrap().to_string()
    };
    assert_eq!(due(None), "2026-11-17T14:00:00Z", "four hours (5.3)");
    assert_eq!(due(Some(90)), "2026-11-17T11:30:00Z", "every number is per queue (5.3)");
}

#[test]
fn a_prompt_and_when_it_is_shown_are_data() {
    let rad = |draft: &mut Draft| draft.answers.codes = vec![HarmCode::Rad];
    let quiet =
        changed("{ to = \"owner\", carries = [\"E\"], items = [\"intelligence\"], shows = [\"PREVENT\"] },", "", rad);
    assert!(leg(&quiet, "MASH.E09000023").prompts().contains(&PromptKind::Prevent));
    assert_eq!(leg(&quiet, "MPU.SE").contents.len(), 1, "only the closure is left: {:?}", lines(&quiet));
}

#[test]
fn what_brings_a_code_to_the_front_door_is_read_from_the_table() {
    // R16 sends no code to the front door, so R22 does; once R16 opens it, R22 has nothing to do.
    let adult = |draft: &mut Draft| {
        draft.persons = vec![person("tenant", PersonRole::AdultAtRisk)];
        draft.answers.codes = vec![HarmCode::Neg];
    };
    let door = "{ to = \"front_door\", carries = [\"E\", \"C\"], items = [\"coded\"] },\n  { to = \"legs_with_part_c\"";
    assert!(changed("R00", "R00", adult).rules.contains(&"R22"));
    let opened = changed("{ to = \"legs_with_part_c\"", door, adult);
    assert!(!opened.rules.contains(&"R22"), "{:?}", opened.rules);
}

#[test]
fn a_rule_becomes_as_grave_as_its_items_by_a_word() {
    let item = |draft: &mut Draft| draft.items = vec![intelligence()];
    let from = "class = \"P3\"\nraised = { class = \"P2\", when = \"exploitation_indicator\" }";
    assert_eq!(changed(from, "class = \"as_item\"", item).class, Class::P3);
}

#[test]
fn what_a_table_leaves_out_is_held_and_not_lost() {
    let item = |draft: &mut Draft| draft.items = vec![intelligence()];
    let lost = changed(
        "  { to = \"owner\", carries = [\"E\"], items = [\"intelligence\"] },\n  { to = \"front_door\"",
        "  { to = \"front_door\"",
        item,
    );
    assert_eq!(lines(&lost), ["HOLD.human P3 items [1] page"]);
    let unheard = changed("  { to = \"owner\", carries = [\"closure\"] },", "", |_| ());
    assert_eq!(lines(&unheard), ["HOLD.human P4 closure page"]);
}
