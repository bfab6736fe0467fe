//! Each version of the rule table held to the floor: every rule, by its number, does what it must at least and no rule
//! sends more than its destination may have.

use std::collections::BTreeSet;

use super::{
    Notes,
    floor::{AT_MOST, AT_MOST_BY, Besides, Least, OWED, RULES, Send},
};
use crate::domain::policy::{Condition, Owed, Rule, RuleClass, RulePrompt, RuleSet, Sending};

/// Holds the table in force on the day of `notes` to the floor.
pub(super) fn all(table: &RuleSet, notes: &mut Notes) {
    for least in RULES {
        if let Some(rule) = table.rule(least.rule) {
            let lost = lost(rule, least);
            notes.count("floor", 1);
            tell(&format!("rule {}", rule.id), &lost, notes);
        }
    }
    for least in OWED {
        notes.count("floor", 1);
        if !table.owed.iter().any(|owed| gives(owed, least)) {
            tell("[[owed]]", &[besides(least)], notes);
        }
    }
    let by_rules = table.rules.iter().flat_map(|rule| rule.sends.iter().map(|send| (rule.id, send)));
    let besides = table.owed.iter().flat_map(|owed| owed.sends.iter().map(|send| ("[[owed]]", send)));
    for (by, send) in by_rules.chain(besides) {
        too_much(by, send, notes);
    }
}

fn tell(at: &str, lost: &[String], notes: &mut Notes) {
    if !lost.is_empty() {
        let to_do = ("rules/", "put it back: it protects somebody, and no table may leave it out");
        notes.fault(to_do, at, format!("lacks what it must have: {}", lost.join("; ")));
    }
}

/// What `rule` lacks, in the words of the table.
fn lost(rule: &Rule, least: &Least) -> Vec<String> {
    let mut lost = Vec::new();
    if rule.when != least.when {
        lost.push(format!("when = {}", least.when));
    }
    let own = match rule.class {
        RuleClass::Own(class) => Some(class),
        RuleClass::AsItem | RuleClass::Nothing => None,
    };
    if let Some(class) = least.class.filter(|class| own.is_none_or(|own| own > *class)) {
        lost.push(format!("class {class} or more urgent"));
    }
    if let Some((class, when)) = least.raised {
        let always = own.is_some_and(|own| own <= class);
        let then = rule.raised.is_some_and(|(raised, then)| raised <= class && then == when);
        if !always && !then {
            lost.push(format!("raised to {class} when {when}"));
        }
    }
    if least.referral && !rule.referral {
        lost.push("referral = true".to_owned());
    }
    let prompts = least.prompts.iter().filter(|(kind, when, due)| {
        let same = |prompt: &RulePrompt| {
            prompt.kind == *kind && is_when(prompt.when, *when) && due.is_none_or(|_| prompt.due == *due)
        };
        !rule.prompts.iter().any(same)
    });
    lost.extend(prompts.map(|(kind, when, due)| {
        let due = due.map_or_else(String::new, |due| format!(" due {due}"));
        format!("prompt {kind}{due}{}", condition(*when))
    }));
    let flags = least
        .flags
        .iter()
        .filter(|(flag, when)| !rule.flags.iter().any(|(given, then)| given == flag && is_when(*then, *when)));
    lost.extend(flags.map(|(flag, when)| format!("flag {flag}{}", condition(*when))));
    lost.extend(least.sends.iter().filter_map(|send| not_sent(&rule.sends, send)));
    lost
}

/// Whether what is given under `given` is given wherever `least` holds.
fn is_when(given: Option<Condition>, least: Option<Condition>) -> bool {
    given.is_none() || given == least
}

fn condition(when: Option<Condition>) -> String {
    when.map_or_else(String::new, |when| format!(" when {when}"))
}

/// What of `least` these sends do not take to its destination, all together.
fn not_sent(sends: &[Sending], least: &Send) -> Option<String> {
    let there: Vec<&Sending> =
        sends.iter().filter(|send| send.to == least.to && is_when(send.when, least.when)).collect();
    if there.is_empty() {
        return Some(format!("to {}{}", least.to, condition(least.when)));
    }
    let carries = least.carries.iter().filter(|one| !there.iter().any(|send| send.carries.contains(one)));
    let items = least.items.iter().filter(|one| !there.iter().any(|send| send.items.contains(one)));
    let shows = least.shows.iter().filter(|one| !there.iter().any(|send| send.shows.contains(one)));
    let words: Vec<String> = carries
        .map(|one| format!("{one}"))
        .chain(items.map(|one| format!("items {one}")))
        .chain(shows.map(|one| format!("shows {one}")))
        .collect();
    (!words.is_empty()).then(|| format!("to {}{}: {}", least.to, condition(least.when), words.join(", ")))
}

fn gives(owed: &Owed, least: &Besides) -> bool {
    let excepted = owed.unless.iter().all(|rule| least.unless.contains(rule));
    is_when(owed.when, least.when)
        && excepted
        && least.flags.iter().all(|flag| owed.flags.contains(flag))
        && least.sends.iter().all(|send| not_sent(&owed.sends, send).is_none())
}

fn besides(least: &Besides) -> String {
    let flags = least.flags.iter().map(|flag| format!("flag {flag}"));
    let sends = least.sends.iter().filter_map(|send| not_sent(&[], send));
    let what: Vec<String> = flags.chain(sends).collect();
    let except = if least.unless.is_empty() { String::new() } else { format!(" unless {}", least.unless.join(", ")) };
    format!("{}{}{except}", what.join(", "), condition(least.when))
}

/// What `send` takes to a destination that may not have it.
fn too_much(by: &str, send: &Sending, notes: &mut Notes) {
    let of_all = AT_MOST.iter().filter(|(to, ..)| *to == send.to).map(|(_, carries, items)| (carries, items));
    let of_one = AT_MOST_BY.iter().filter(|(rule, to, ..)| *rule == by && *to == send.to);
    let of_one = of_one.map(|(_, _, carries, items)| (carries, items));
    let mut over: BTreeSet<String> = BTreeSet::new();
    for (carries, items) in of_all.chain(of_one) {
        over.extend(send.carries.iter().filter(|one| !carries.contains(one)).map(|one| one.to_string()));
        over.extend(send.items.iter().filter(|one| !items.contains(one)).map(|one| format!("items {one}")));
    }
    if !over.is_empty() {
        let over: Vec<String> = over.into_iter().collect();
        let at = if by.starts_with('R') { format!("rule {by}") } else { by.to_owned() };
        let to_do = ("rules/", "take it out: this destination may not have it");
        notes.fault(to_do, at, format!("sends too much to {}: {}", send.to, over.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::{
        policy::Destination,
        proof::prove,
        testing::{policy, policy_with, rule_table},
    };

    /// What the floor says of a table.
    fn told(table: &RuleSet) -> Vec<String> {
        let mut notes = Notes::default();
        all(table, &mut notes);
        notes.faults.into_values().map(|one| format!("{}: {}", one.at, one.what)).collect()
    }

    fn shipped() -> RuleSet {
        policy().rules.all()[0].clone()
    }

    /// `rule` with each single thing taken out of it, or made rarer.
    fn poorer(rule: &Rule) -> Vec<Rule> {
        let mut edits: Vec<Rule> = Vec::new();
        let mut edit = |change: &dyn Fn(&mut Rule)| {
            let mut edited = rule.clone();
            change(&mut edited);
            edits.push(edited);
        };
        for (at, send) in rule.sends.iter().enumerate() {
            // Of these the one only names the leg.
            if rule.id == "R13" && send.to == Destination::Owner {
                continue;
            }
            edit(&|rule| {
                rule.sends.remove(at);
            });
            edit(&|rule| rule.sends[at].when = Some(Condition::Wanted));
            (0..send.carries.len()).for_each(|part| {
                edit(&|rule| {
                    rule.sends[at].carries.remove(part);
                })
            });
            (0..send.items.len()).for_each(|item| {
                edit(&|rule| {
                    rule.sends[at].items.remove(item);
                })
            });
            (0..send.shows.len()).for_each(|shown| {
                edit(&|rule| {
                    rule.sends[at].shows.remove(shown);
                })
            });
        }
        for (at, prompt) in rule.prompts.iter().enumerate() {
            edit(&|rule| {
                rule.prompts.remove(at);
            });
            edit(&|rule| rule.prompts[at].when = Some(Condition::Wanted));
            if prompt.due.is_some() {
                edit(&|rule| rule.prompts[at].due = None);
            }
        }
        for at in 0..rule.flags.len() {
            edit(&|rule| {
                rule.flags.remove(at);
            });
            edit(&|rule| rule.flags[at].1 = Some(Condition::NothingElse));
        }
        if rule.raised.is_some() {
            edit(&|rule| rule.raised = None);
        }
        if rule.referral {
            edit(&|rule| rule.referral = false);
        }
        if matches!(rule.class, RuleClass::Own(_)) && rule.id != "R23" {
            edit(&|rule| rule.class = RuleClass::Nothing);
        }
        if !matches!(rule.id, "R23" | "R24" | "R25") {
            edit(&|rule| rule.when = Condition::Late);
        }
        edits
    }

    #[test]
    fn each_send_part_item_prompt_flag_and_class_that_is_lost_is_a_fault_of_that_rule() {
        assert_eq!(told(&shipped()), Vec::<String>::new());
        let mut tried = 0;
        for (n, rule) in shipped().rules.iter().enumerate() {
            for edited in poorer(rule) {
                let mut table = shipped();
                table.rules[n] = edited;
                let told = told(&table);
                let found = told.iter().any(|line| line.starts_with(&format!("rule {}: ", rule.id)));
                assert!(found, "{:?} of {} in {told:#?}", table.rules[n], rule.id);
                tried += 1;
            }
        }
        assert!(tried > 150, "{tried}");
        for n in 0..shipped().owed.len() {
            let mut table = shipped();
            table.owed.remove(n);
            assert_eq!(told(&table).len(), 1);
        }
    }

    #[test]
    fn more_than_the_floor_is_no_fault_and_what_a_destination_may_not_have_is() {
        let more = policy_with(
            "{ to = \"placing_team\", carries = [\"notice\"] },",
            "{ to = \"placing_team\", carries = [\"notice\"] },\n  { to = \"owner\", carries = [\"E\"], items = [\"intelligence\"] },",
        );
        assert_eq!(told(&more.rules.all()[0]), Vec::<String>::new());
        let sooner = policy_with("when = \"wanted\"\nclass = \"P2\"", "when = \"wanted\"\nclass = \"P1\"");
        assert_eq!(told(&sooner.rules.all()[0]), Vec::<String>::new());
        let health =
            "{ to = \"refdesk\", carries = [\"E\", \"C\"], items = [\"coded_not_health\"], shows = [\"STRATEGY\"] }";
        for (from, to, fault) in [
            (
                health,
                "{ to = \"refdesk\", carries = [\"E\", \"C\"], items = [\"coded_not_health\", \"coded\"], shows = [\"STRATEGY\"] }",
                "rule R01: sends too much to refdesk: items coded",
            ),
            (
                "{ to = \"rail_force\", items = [\"on_railway\"] }",
                "{ to = \"rail_force\", items = [\"on_railway\", \"intelligence\"] }",
                "rule R10: sends too much to rail_force: items intelligence",
            ),
            (
                "{ to = \"refdesk\", carries = [\"E\"], when = \"self_harm_with_danger\" }",
                "{ to = \"refdesk\", carries = [\"E\", \"C\"], items = [\"coded_not_health\"], when = \"self_harm_with_danger\" }",
                "rule R22: sends too much to refdesk: C, items coded_not_health",
            ),
        ] {
            assert_eq!(told(&policy_with(from, to).rules.all()[0]), [fault]);
        }
    }

    /// The whole of what one rule sends, in place of what is shipped.
    fn sends_only(rule: &str, sends: &str) -> Vec<String> {
        let table = rule_table();
        let from = table.find(&format!("id = \"{rule}\"")).unwrap();
        let begin = from + table[from..].find("sends = [").unwrap();
        let end = begin + table[begin..].find("\n]").unwrap() + 2;
        told(&policy_with(&table[begin..end], &format!("sends = [{sends}]")).rules.all()[0])
    }

    #[test]
    fn a_rule_that_sends_to_one_alone_is_a_fault_of_all_that_it_lacks() {
        let owner = "{ to = \"owner\", carries = [\"E\"], shows = [\"STRATEGY\"] }";
        let lacks = |rule: &str, what: &str| vec![format!("rule {rule}: lacks what it must have: {what}")];
        assert_eq!(sends_only("R01", owner), lacks("R01", "to front_door; to refdesk"));
        let owner =
            "{ to = \"owner\", carries = [\"alert\", \"E\"], items = [\"intelligence\"], shows = [\"CALL_999\"] }";
        assert_eq!(sends_only("R00", owner), lacks("R00", "to front_door; to refdesk"));
        let owner = "{ to = \"owner\", carries = [\"E\"], shows = [\"LADO\"] }";
        assert_eq!(sends_only("R18", owner), lacks("R18", "to front_door; to refdesk"));
        let door = "{ to = \"front_door\", carries = [\"E\", \"C\"], items = [\"coded\"], shows = [\"FGM_101\"] }";
        assert_eq!(sends_only("R04", door), lacks("R04", "to refdesk"));
        let door = "{ to = \"front_door\", carries = [\"E\", \"C\"], items = [\"coded\"], shows = [\"NRM\"] }";
        assert_eq!(sends_only("R06", door), lacks("R06", "to owner; to refdesk"));
        let host = "{ to = \"host_mash\", carries = [\"notice\"] }, { to = \"refdesk\", carries = [\"E\", \"C\"], items = [\"coded_not_health\"] }";
        assert_eq!(sends_only("R05", host), lacks("R05", "to front_door"));
    }

    #[test]
    fn a_fault_names_the_rule_and_the_file_once_for_all_places() {
        let day = date(2026, 11, 26);
        let policy = policy_with("flags = [{ flag = \"safe_contact_no\" }]", "");
        let proof = prove(&policy, day, day, &|| true);
        let told: Vec<String> =
            proof.faults.iter().map(|one| format!("{}: {}: {}", one.file, one.at, one.told())).collect();
        let places = policy.directory.authorities.len() + policy.directory.forces.len();
        let comes_out = format!(
            "rules/2026-11-3.toml: rule R19: does not give flag safe_contact_no where harm_source_at_home (at E09000002, and at {} more)",
            places - 1
        );
        let lacks = "rules/2026-11-3.toml: rule R19: lacks what it must have: flag safe_contact_no".to_owned();
        assert_eq!(told, [comes_out, lacks]);
    }
}
