//! The floor leg by leg: at every place and hour, with the case closed and open, what each rule must send at least arrives at
//! the unit where it must, with what it must carry. Where that is, is found here from the directory alone and not by the
//! router, so that no entry for one council, queue or hour can lose a leg that the rule table sends.

use jiff::civil::{Time, time};

use super::{
    Notes,
    dues::Dues,
    floor::{Least, RULES, Send},
    routes::{Place, places},
    situations::Setting,
};
use crate::domain::{
    classify::{assess, choices::takes, facts::Facts},
    code::{CaseStatus, Class},
    decision::{Content, Decision, Leg},
    directory::{Authority, ForceRole, Police},
    policy::{Condition, Destination, Policy},
    queue::QueueId,
    routing::{finish, planned},
    submission::Draft,
};

/// Noon, and an hour at which no office is open, whatever an entry says.
const HOURS: [(Time, bool); 2] = [(time(12, 0, 0, 0), false), (time(3, 0, 0, 0), true)];
const CASES: [CaseStatus; 2] = [CaseStatus::Closed, CaseStatus::Open];

/// Proves the day of `notes`; false where `go_on` ended it.
pub(super) fn all(policy: &Policy, notes: &mut Notes, go_on: &dyn Fn() -> bool) -> bool {
    let day = notes.day;
    let councils: Vec<&Authority> =
        policy.directory.authorities.iter().filter(|one| one.effective.covers(day)).collect();
    let hours: Vec<_> =
        HOURS.iter().filter_map(|(hour, closed)| Some((Dues::at(policy, day, *hour)?, *closed))).collect();
    for (place, n) in places(policy, notes).iter().zip(1..) {
        let Some(there) = councils.get(n % councils.len().max(1)) else { return true };
        let setting = Setting { here: &place.area, there, policy, day };
        for (least, case) in RULES.iter().flat_map(|least| CASES.map(|case| (least, case))) {
            for (dues, closed) in &hours {
                rule(&Case { setting: &setting, place, least, case, hour: (dues, *closed) }, notes);
            }
        }
        if !go_on() {
            return false;
        }
    }
    true
}

/// What is under proof.
struct Case<'a> {
    setting: &'a Setting<'a>,
    place: &'a Place,
    least: &'a Least,
    case: CaseStatus,
    /// And whether every office is closed then.
    hour: (&'a Dues<'a>, bool),
}

/// Each send of the rule, in a submission in which it must be done.
fn rule(case: &Case<'_>, notes: &mut Notes) {
    let (setting, least) = (case.setting, case.least);
    let mut conditions: Vec<Condition> = least.sends.iter().filter_map(|send| send.when).collect();
    conditions.extend(least.raised.map(|(_, when)| when));
    conditions.sort_unstable();
    conditions.dedup();
    let situations = std::iter::once(vec![least.when]).chain(conditions.into_iter().map(|one| vec![least.when, one]));
    for conditions in situations {
        let mut draft = setting.with(&conditions);
        draft.answers.case = case.case;
        let due = least.sends.iter().filter(|send| send.when.is_none_or(|when| conditions.contains(&when)));
        arrive(case, &draft, due, notes);
    }
}

fn arrive<'a>(case: &Case<'_>, draft: &Draft, due: impl Iterator<Item = &'a Send>, notes: &mut Notes) {
    let dues = case.hour.0;
    let facts = Facts::of(draft, case.setting.policy, dues.now);
    let assessment = assess(&facts);
    if !assessment.rules.contains(&case.least.rule) {
        return; // That is told of the rule, or it cannot hold of this place.
    }
    let by = |queue: &QueueId, class| dues.of(queue, class);
    let decision = finish(planned(&facts, &assessment), (&assessment, assessment.class), (&[], &[]), &by);
    for send in due {
        for unit in units(case, draft, send) {
            notes.count("floor_legs", 1);
            let lacks = lacks(&unit, send, &facts, &decision);
            if !lacks.is_empty() {
                let to_do =
                    ("rules/", "see what the table sends there, and what the other files say of this place and hour");
                let what = format!("what must go to {} does not arrive there: {}", send.to, lacks.join(", "));
                notes.fault_at(to_do, &format!("rule {}", case.least.rule), what, &case.place.name);
            }
        }
    }
}

/// Where something must arrive: at this queue, or on HOLD for this kind of queue.
enum Unit {
    Queue(QueueId),
    /// A copy of what cannot wait.
    Night(QueueId),
    Held(&'static str),
}

/// What of `send` does not arrive at `unit`.
fn lacks(unit: &Unit, send: &Send, facts: &Facts<'_>, decision: &Decision) -> Vec<String> {
    let at = |queue: &QueueId| decision.legs.iter().find(|leg| leg.queue == *queue);
    let leg: &Leg = match unit {
        Unit::Queue(queue) => match at(queue) {
            Some(leg) => leg,
            None => return vec![queue.kind().to_owned()],
        },
        Unit::Night(queue) if decision.class <= Class::P1 => match at(queue) {
            Some(leg) => leg,
            None => return vec![queue.kind().to_owned()],
        },
        Unit::Night(_) => return Vec::new(),
        Unit::Held(kind) => {
            let meant = |leg: &Leg| leg.held.iter().any(|held| held.meant_for.iter().any(|one| one == kind));
            let held = at(&QueueId::hold()).is_some_and(meant);
            return if held { Vec::new() } else { vec![format!("{kind} on HOLD")] };
        }
    };
    let waits = |content: &Content| matches!(content, Content::Notice | Content::Prompt | Content::Closure);
    let night = matches!(unit, Unit::Night(_));
    let carries = send.carries.iter().filter(|one| !(leg.contents.contains(one) || night && waits(one)));
    let mut lacks: Vec<String> = carries.map(ToString::to_string).collect();
    let chosen = facts.items.iter().filter(|item| send.items.iter().any(|choice| takes(*choice, item, facts)));
    lacks.extend(chosen.filter(|item| !leg.items.contains(&item.number)).map(|item| format!("item {}", item.number)));
    let raised = |kind: &&_| decision.prompts.iter().any(|prompt| prompt.kind == **kind);
    let shown = send.shows.iter().filter(raised).filter(|kind| !night && !leg.prompts().contains(kind));
    lacks.extend(shown.map(|kind| format!("prompt {kind}")));
    lacks
}

/// Where `send` must arrive, by the directory alone; nothing for what depends on other legs.
fn units(case: &Case<'_>, draft: &Draft, send: &Send) -> Vec<Unit> {
    let setting = case.setting;
    let (here, there) = (council_of(setting, case.place), Some(setting.there));
    let open = case.case == CaseStatus::Open || draft.answers.looked_after == Some(true);
    let door = if open { "ALLOC" } else { "MASH" };
    let police = |authority: Option<&Authority>, kind| match authority.map(|one| &one.police) {
        Some(police) => Unit::Queue(desk(police, kind)),
        None => force_of(case).map_or(Unit::Held(kind), |force| Unit::Queue(QueueId::of("FORCE", force))),
    };
    match send.to {
        Destination::FrontDoor => office(case, here, door, urgent(send)),
        Destination::Refdesk => vec![police(here, "REFDESK")],
        Destination::RefdeskOfPlace if draft.places.is_empty() => vec![police(here, "REFDESK")],
        Destination::Owner => vec![police(here, "MPU")],
        Destination::OneCouncil => office(case, here, door, false),
        Destination::HostMash => office(case, here, "MASH", false),
        Destination::ResponsibleTeam => office(case, there, "ALLOC", urgent(send)),
        Destination::PlacingTeam => office(case, there, "ALLOC", false),
        Destination::LinkedChild => {
            let harmed = draft.persons.iter().any(|person| person.significant_harm == Some(true));
            let mut units = office(case, there, "MASH", harmed);
            units.extend(harmed.then(|| police(there, "REFDESK")));
            units
        }
        _ => Vec::new(),
    }
}

/// What may not wait for an office that is closed (D01).
fn urgent(send: &Send) -> bool {
    send.carries.iter().any(|one| matches!(one, Content::Alert | Content::Safeguarding))
}

/// The queue of a council, and at night its duty team for what cannot wait; HOLD where nobody knows the council.
fn office(case: &Case<'_>, council: Option<&Authority>, kind: &'static str, urgent: bool) -> Vec<Unit> {
    let Some(council) = council else { return vec![Unit::Held(kind)] };
    let night = (urgent && case.hour.1).then(|| Unit::Night(QueueId::of("EDT", &council.gss)));
    std::iter::once(Unit::Queue(QueueId::of(kind, &council.gss))).chain(night).collect()
}

fn council_of<'a>(setting: &Setting<'a>, place: &Place) -> Option<&'a Authority> {
    let directory = &setting.policy.directory;
    directory.authorities.iter().find(|one| one.gss == place.name && one.effective.covers(setting.day))
}

fn force_of<'a>(case: &Case<'a>) -> Option<&'a str> {
    let forces = &case.setting.policy.directory.forces;
    // The Met is no destination without one of its units, and the railway is no place.
    let ground = |role| matches!(role, ForceRole::Enclave | ForceRole::Territorial);
    let mut forces = forces.iter().filter(|one| ground(one.role) && one.effective.covers(case.setting.day));
    let force = forces.find(|one| one.code == case.place.name);
    force.map(|force| force.code.as_str())
}

fn desk(police: &Police, kind: &str) -> QueueId {
    match police {
        Police::Bcu(code) => QueueId::of(kind, code),
        Police::Force(code) => QueueId::of("FORCE", code),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, Weekday, date};

    use super::*;
    use crate::domain::{
        calendar::OfficeHours,
        directory::Effective,
        period::Exception,
        testing::{policy, policy_with},
    };

    const DAY: Date = date(2026, 11, 26);

    fn told(policy: &Policy) -> Vec<String> {
        let mut notes = Notes { day: DAY, ..Notes::default() };
        all(policy, &mut notes, &|| true);
        assert!(notes.counted["floor_legs"] > 5_000, "{:?}", notes.counted);
        notes.faults.into_values().map(|one| format!("{}: {}", one.at, one.told())).collect()
    }

    #[test]
    fn what_is_shipped_arrives_everywhere() {
        assert_eq!(told(&policy()), Vec::<String>::new());
    }

    #[test]
    fn an_entry_for_one_council_that_loses_its_duty_team_at_night_is_a_fault_of_that_council() {
        let mut policy = policy();
        let days = vec![Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        let awake = OfficeHours { days, open: time(0, 0, 0, 0), close: time(23, 59, 0, 0) };
        let always = Effective { from: date(2025, 1, 1), until: None };
        let own = Exception::new(vec![(always, awake)]).unwrap();
        policy.calendar.office_of.insert("E09000023".to_owned(), own);
        let told = told(&policy);
        let lost = "rule R01: what must go to front_door does not arrive there: EDT (at E09000023)";
        assert!(told.iter().any(|line| line == lost), "{told:#?}");
        // Another child of that council, in a submission of the one before it.
        let linked = "rule R15: what must go to linked_child does not arrive there: EDT (at E09000022)";
        let other = |line: &&String| !line.ends_with("EDT (at E09000023)");
        assert_eq!(told.iter().filter(other).collect::<Vec<_>>(), [linked]);
    }

    #[test]
    fn a_leg_or_a_part_of_one_that_the_table_lost_is_a_fault_at_every_place() {
        let desk =
            "{ to = \"refdesk\", carries = [\"E\", \"C\"], items = [\"coded_not_health\"], shows = [\"STRATEGY\"] },";
        let told = told(&policy_with(desk, ""));
        let lost = "rule R01: what must go to refdesk does not arrive there: REFDESK (at E09000002, and at 31 more)";
        assert!(told.iter().any(|line| line == lost), "{told:#?}");
        let door = "{ to = \"front_door\", carries = [\"E\", \"C\"], items = [\"coded\"] },\n  { to = \"refdesk\"";
        let told = self::told(&policy_with(door, &door.replace(", \"C\"", "")));
        let lost = "rule R05: what must go to front_door does not arrive there: C (at E09000002, and at 33 more)";
        assert!(told.iter().any(|line| line == lost), "{told:#?}");
    }
}
