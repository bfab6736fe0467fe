//! How far the numbers of the reference data may go: how long a class may wait, when an office may be open, how long an entry
//! counts as verified, who may stand in for whom. Kept in code, for it is what the data is held to.

use std::collections::BTreeSet;

use jiff::civil::{Date, Time, time};

use super::Notes;
use crate::domain::{
    calendar::{Basis, OfficeHours},
    code::Class::{self, P0, P1, P2, P3},
    contacts::Contact,
    policy::{ClassDeadlines, Deadline, Policy, QueueSide},
    queue::QueueId,
};

/// The longest that a class may have, in minutes, on each clock: to acknowledge, to decide. P0 and P1 are what domain 5.3 says
/// and no more, and run on elapsed time; of the others units may agree more, within this.
const LONGEST: [(Class, Longest, Longest); 4] = [
    (P0, Longest { elapsed: 15, working: None }, Longest { elapsed: 15, working: None }),
    (P1, Longest { elapsed: 60, working: None }, Longest { elapsed: 4 * 60, working: None }),
    (
        P2,
        Longest { elapsed: DAY, working: Some(WORKING_DAY) },
        Longest { elapsed: 2 * DAY, working: Some(2 * WORKING_DAY) },
    ),
    (
        P3,
        Longest { elapsed: 3 * DAY, working: Some(3 * WORKING_DAY) },
        Longest { elapsed: 14 * DAY, working: Some(10 * WORKING_DAY) },
    ),
];
const DAY: u32 = 24 * 60;
const WORKING_DAY: u32 = 8 * 60;

struct Longest {
    elapsed: u32,
    /// None: it may not run on this clock.
    working: Option<u32>,
}

/// An office that is open outside of these keeps from the duty team at night what cannot wait.
const EARLIEST: Time = time(6, 0, 0, 0);
const LATEST: Time = time(22, 0, 0, 0);
/// Fewer hours a week, and a working-hours deadline takes weeks.
const FEWEST_HOURS: i64 = 15;
/// England has eight, and now and then one or two more.
const MOST_HOLIDAYS: usize = 12;
/// The longest that an entry may count as verified, in months, before it is warned of and before HOLD gets a copy.
const AGEING: u16 = 12;
const STALE: u16 = 24;

/// Holds the day of `notes` to the bounds; `today` is the day of the proof.
pub(super) fn all(policy: &Policy, today: Date, notes: &mut Notes) {
    deadlines(policy, notes);
    calendar(policy, notes);
    contacts(policy, today, notes);
}

/// Holds what begins after `until` to the bounds, each on its first day: deadlines, and office hours.
pub(super) fn to_come(policy: &Policy, until: Date, notes: &mut Notes) {
    let (own, calendar) = (&policy.queues.deadlines, &policy.calendar);
    let agreed = own.overrides.values().flat_map(|own| own.changes());
    let hours = calendar.office.changes().chain(calendar.office_of.values().flat_map(|own| own.changes()));
    let days: BTreeSet<Date> = own.classes.changes().chain(agreed).chain(hours).filter(|day| *day > until).collect();
    for day in days {
        notes.day = day;
        deadlines(policy, notes);
        super::standing::deadlines_of_all(policy, notes);
        office_hours(policy, notes);
    }
}

fn deadlines(policy: &Policy, notes: &mut Notes) {
    let deadlines = &policy.queues.deadlines;
    for (class, acknowledge, decide) in &LONGEST {
        within(&class.to_string(), deadlines.of_class(*class, notes.day), (acknowledge, decide), notes);
        for ((queue, own), periods) in &deadlines.overrides {
            if let Some(agreed) = periods.on(notes.day).filter(|_| own == class) {
                within(&format!("{queue} {class}"), *agreed, (acknowledge, decide), notes);
            }
        }
    }
}

fn within(at: &str, own: ClassDeadlines, (acknowledge, decide): (&Longest, &Longest), notes: &mut Notes) {
    for (name, deadline, longest) in [("acknowledge", own.acknowledge, acknowledge), ("decide", own.decide, decide)] {
        if let Some(what) = deadline.and_then(|deadline| too_long(deadline, longest)) {
            let to_do = ("deadlines.toml", "give it no more: a child waits for this");
            notes.fault(to_do, at, format!("`{name}` {what}"));
        }
    }
}

fn too_long(deadline: Deadline, longest: &Longest) -> Option<String> {
    let (most, clock) = match deadline.basis {
        Basis::Elapsed => (Some(longest.elapsed), "elapsed"),
        Basis::WorkingHours => (longest.working, "working_hours"),
    };
    match most {
        None => Some("may not wait for an office: it runs on `elapsed`".to_owned()),
        Some(most) if deadline.minutes > most => {
            Some(format!("is {} minutes, and {most} on `{clock}` are the most", deadline.minutes))
        }
        Some(_) => None,
    }
}

fn calendar(policy: &Policy, notes: &mut Notes) {
    let (calendar, day) = (&policy.calendar, notes.day);
    if calendar.zone.iana_name() != Some("Europe/London") {
        let to_do =
            ("calendar.toml", "write Europe/London: every office of this broker is there, and its summer time counts");
        notes.fault(to_do, "zone", "is not the zone of London");
    }
    office_hours(policy, notes);
    let holidays = calendar.bank_holidays.iter().filter(|holiday| holiday.year() == day.year()).count();
    if holidays > MOST_HOLIDAYS {
        let to_do = ("calendar.toml", "leave only the England bank holidays");
        notes.fault(
            to_do,
            day.year().to_string(),
            format!("has {holidays} bank holidays, and {MOST_HOLIDAYS} are the most"),
        );
    }
}

fn office_hours(policy: &Policy, notes: &mut Notes) {
    let (calendar, day) = (&policy.calendar, notes.day);
    office("office", calendar.office.on(day), notes);
    for (authority, own) in &calendar.office_of {
        if let Some(hours) = own.on(day) {
            office(&format!("office_of {authority}"), hours, notes);
        }
    }
}

fn office(at: &str, hours: &OfficeHours, notes: &mut Notes) {
    if hours.open < EARLIEST || hours.close > LATEST {
        let to_do = ("calendar.toml", "let it open at 06:00 at the earliest and close at 22:00 at the latest");
        notes.fault(to_do, at, "is open at night: what cannot wait would stay there, and no duty team would be told");
    }
    let minutes =
        hours.open.duration_until(hours.close).as_mins() * i64::try_from(hours.days.len()).unwrap_or(i64::MAX);
    if minutes < FEWEST_HOURS * 60 {
        let to_do =
            ("calendar.toml", "write down when somebody is there; for a desk without people use [[unattended]]");
        notes.fault(
            to_do,
            at,
            format!("is open for less than {FEWEST_HOURS} hours a week: what waits for it waits for weeks"),
        );
    }
}

fn contacts(policy: &Policy, today: Date, notes: &mut Notes) {
    let contacts = &policy.contacts;
    for (name, months, most) in [
        ("warn_after_months", contacts.warn_after_months, AGEING),
        ("hold_after_months", contacts.hold_after_months, STALE),
    ] {
        if months > most {
            let to_do = ("contacts.toml", "give it no more: a number that nobody rang for long is nobody's");
            notes.fault(to_do, name, format!("is {months} months, and {most} are the most"));
        }
    }
    let day = notes.day;
    for (whom, own) in &contacts.above {
        if let Some(post) = own.on(day).filter(|post| post.verified > today) {
            let to_do = ("contacts.toml", "ring, and write down the day on which it was found true");
            notes.fault(to_do, whom.to_string(), format!("was verified on {}, which has not come", post.verified));
        }
    }
    for queue in policy.directory.queues(notes.day) {
        let Some(contact) = contacts.of(&queue, notes.day) else { continue };
        if contact.verified > today {
            let to_do = ("contacts.toml", "ring, and write down the day on which it was found true");
            notes.fault(to_do, queue.as_str(), format!("was verified on {}, which has not come", contact.verified));
        }
        if let Some(fallback) =
            contact.fallback.as_ref().filter(|fallback| !may_stand_in(policy, &queue, fallback, notes.day))
        {
            let to_do =
                ("contacts.toml", "police stand in for police, a council for itself, and for its duty team its police");
            notes.fault(to_do, queue.as_str(), format!("{fallback} cannot stand in for it"));
        }
        circle(policy, &queue, contact, notes);
    }
}

/// Police for police. For a council its own queues, or a council that it shares its services with; for a duty team also
/// police, for nobody else is awake.
fn may_stand_in(policy: &Policy, queue: &QueueId, fallback: &QueueId, day: Date) -> bool {
    let side = |queue: &QueueId| policy.queues.kind_of(queue).map(|kind| kind.side);
    let always = |queue: &QueueId| policy.queues.kind_of(queue).is_some_and(|kind| kind.always_open);
    match (side(queue), side(fallback)) {
        (Some(QueueSide::Police), Some(QueueSide::Police)) => true,
        (Some(QueueSide::Council), Some(QueueSide::Council)) => {
            (!always(queue) || always(fallback)) && together(policy, queue.suffix(), fallback.suffix(), day)
        }
        (Some(QueueSide::Council), Some(QueueSide::Police)) => always(queue),
        (Some(QueueSide::Triage), Some(_)) | (None, _) | (_, None) => true,
        (_, Some(QueueSide::Triage)) | (Some(QueueSide::Police), Some(QueueSide::Council)) => false,
    }
}

/// One council, or two that share their children's services.
fn together(policy: &Policy, one: &str, other: &str, day: Date) -> bool {
    let serves = |codes: &[String], code: &str| codes.iter().any(|served| served == code);
    let shared = policy.directory.shared.iter().filter(|shared| shared.effective.covers(day));
    one == other
        || shared.into_iter().any(|shared| serves(&shared.authorities, one) && serves(&shared.authorities, other))
}

/// Who stands in for an office leads, by who stands in for that, to somebody who is always there.
fn circle(policy: &Policy, queue: &QueueId, contact: &Contact, notes: &mut Notes) {
    let always = |queue: &QueueId| policy.queues.kind_of(queue).is_some_and(|kind| kind.always_open);
    if always(queue) {
        return;
    }
    let (mut next, mut seen) = (contact.fallback.clone(), vec![queue.clone()]);
    while let Some(one) = next {
        if always(&one) {
            return;
        }
        if seen.contains(&one) {
            break;
        }
        next = policy.contacts.of(&one, notes.day).and_then(|contact| contact.fallback.clone());
        seen.push(one);
    }
    let to_do = ("contacts.toml", "name a duty team under `fallback`, or somebody whose own fallback is one");
    notes.fault(to_do, queue.as_str(), "who stands in for it leads to nobody who is there at night");
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Weekday, date};

    use super::*;
    use crate::domain::{
        directory::Effective,
        period::{Dated, Exception},
        testing::{directory_and, policy},
    };

    const TODAY: Date = date(2026, 11, 26);

    fn told(change: impl FnOnce(&mut Policy)) -> Vec<String> {
        told_of(policy(), change)
    }

    fn told_of(mut policy: Policy, change: impl FnOnce(&mut Policy)) -> Vec<String> {
        change(&mut policy);
        let mut notes = Notes { day: TODAY, ..Notes::default() };
        all(&policy, TODAY, &mut notes);
        notes.faults.into_values().map(|one| format!("{}: {}: {}", one.file, one.at, one.what)).collect()
    }

    fn always() -> Effective {
        Effective { from: date(2025, 1, 1), until: None }
    }

    fn elapsed(minutes: u32) -> Option<Deadline> {
        Some(Deadline { minutes, basis: Basis::Elapsed })
    }

    #[test]
    fn what_is_shipped_is_within_the_bounds() {
        assert_eq!(told(|_| ()), Vec::<String>::new());
    }

    #[test]
    fn no_class_and_no_queue_may_wait_longer_than_the_paper_says() {
        let of = |class, deadlines: ClassDeadlines| {
            told(|policy| {
                let mut classes = policy.queues.deadlines.classes.on(TODAY).clone();
                classes.insert(class, deadlines);
                policy.queues.deadlines.classes = Dated::new(vec![(always(), classes)]).unwrap();
            })
        };
        let long = ClassDeadlines { acknowledge: elapsed(100_000), decide: elapsed(100_000) };
        for (class, most) in [(P0, [15, 15]), (P1, [60, 240]), (P2, [1440, 2880]), (P3, [4320, 20160])] {
            let fault = |name: &str, most: u32| {
                format!("deadlines.toml: {class}: `{name}` is 100000 minutes, and {most} on `elapsed` are the most")
            };
            assert_eq!(of(class, long), [fault("acknowledge", most[0]), fault("decide", most[1])]);
            let at_most = ClassDeadlines { acknowledge: elapsed(most[0]), decide: elapsed(most[1]) };
            assert_eq!(of(class, at_most), Vec::<String>::new());
        }
        let desk = QueueId::of("MASH", "E09000024");
        let own = told(|policy| {
            let agreed = ClassDeadlines { acknowledge: elapsed(60), decide: elapsed(241) };
            let agreed = Exception::new(vec![(always(), agreed)]).unwrap();
            policy.queues.deadlines.overrides.insert((desk.clone(), P1), agreed);
        });
        assert_eq!(
            own,
            ["deadlines.toml: MASH.E09000024 P1: `decide` is 241 minutes, and 240 on `elapsed` are the most"]
        );
        let office = told(|policy| {
            let waits = Some(Deadline { minutes: 5, basis: Basis::WorkingHours });
            let agreed = ClassDeadlines { acknowledge: waits, decide: elapsed(200) };
            let agreed = Exception::new(vec![(always(), agreed)]).unwrap();
            policy.queues.deadlines.overrides.insert((desk, P1), agreed);
        });
        assert_eq!(office.len(), 1);
        assert!(office[0].ends_with("`acknowledge` may not wait for an office: it runs on `elapsed`"), "{office:?}");
    }

    #[test]
    fn an_office_that_never_closes_or_hardly_opens_is_a_fault_by_itself_and_of_one_council() {
        let all = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        let hours = |days: &[Weekday], open: i8, close: (i8, i8)| OfficeHours {
            days: days.to_vec(),
            open: time(open, 0, 0, 0),
            close: time(close.0, close.1, 0, 0),
        };
        for (hours, word) in [
            (hours(&all, 0, (23, 59)), "is open at night"),
            (hours(&all, 9, (22, 1)), "is open at night"),
            (hours(&all[..1], 9, (9, 1)), "is open for less than 15 hours a week"),
        ] {
            let own = hours.clone();
            let of_all = told(|policy| policy.calendar.office = Dated::new(vec![(always(), hours)]).unwrap());
            assert!(of_all.len() == 1 && of_all[0].starts_with("calendar.toml: office: "), "{of_all:?}");
            let of_one = told(|policy| {
                let own = Exception::new(vec![(always(), own)]).unwrap();
                policy.calendar.office_of.insert("E09000023".to_owned(), own);
            });
            assert!(of_one[0].starts_with(&format!("calendar.toml: office_of E09000023: {word}")), "{of_one:?}");
        }
        let utc = told(|policy| policy.calendar.zone = jiff::tz::TimeZone::UTC);
        assert_eq!(utc, ["calendar.toml: zone: is not the zone of London"]);
        let shut = told(|policy| policy.calendar.bank_holidays.extend((1..=28).map(|day| date(2026, 2, day))));
        assert_eq!(shut, ["calendar.toml: 2026: has 36 bank holidays, and 12 are the most"]);
    }

    #[test]
    fn what_was_verified_tomorrow_or_counts_as_verified_for_ever_is_a_fault() {
        let off = told(|policy| (policy.contacts.warn_after_months, policy.contacts.hold_after_months) = (1200, 2400));
        assert_eq!(
            off,
            [
                "contacts.toml: hold_after_months: is 2400 months, and 24 are the most",
                "contacts.toml: warn_after_months: is 1200 months, and 12 are the most"
            ]
        );
        let tomorrow = told(|policy| edit(policy, "MPU.SE", |one| one.verified = date(2026, 11, 27)));
        assert_eq!(tomorrow, ["contacts.toml: MPU.SE: was verified on 2026-11-27, which has not come"]);
    }

    fn edit(policy: &mut Policy, queue: &str, change: impl FnOnce(&mut Contact)) {
        let queue = QueueId::parse(queue).unwrap();
        let mut contact = policy.contacts.of(&queue, TODAY).unwrap().clone();
        change(&mut contact);
        policy.contacts.entries.insert(queue, Exception::new(vec![(always(), contact)]).unwrap());
    }

    fn stands_in(policy: Policy, pairs: &[(&str, &str)]) -> Vec<String> {
        told_of(policy, |policy| {
            for (queue, fallback) in pairs {
                edit(policy, queue, |one| one.fallback = Some(QueueId::parse(fallback).unwrap()));
            }
        })
    }

    #[test]
    fn who_cannot_stand_in_for_whom_is_a_fault() {
        let cannot = |queue: &str, fallback: &str| format!("contacts.toml: {queue}: {fallback} cannot stand in for it");
        for (queue, fallback) in [
            ("MPU.SE", "MASH.E09000023"),
            ("MPU.SE", "HOLD.human"),
            ("EDT.E09000023", "MASH.E09000023"),
            ("EDT.E09000023", "EDT.E09000033"),
            ("ALLOC.E09000023", "MASH.E09000033"),
        ] {
            let told = stands_in(policy(), &[(queue, fallback)]);
            assert!(told.contains(&cannot(queue, fallback)), "{told:?}");
        }
        for (queue, fallback) in [("MPU.SE", "MPU.SN"), ("EDT.E09000023", "REFDESK.SE")] {
            assert_eq!(stands_in(policy(), &[(queue, fallback)]), Vec::<String>::new());
        }
        let share = "[[shared]]\nname = \"Two Boroughs\"\nauthorities = [\"E09000023\", \"E09000033\"]\n";
        assert_eq!(stands_in(directory_and(share), &[("EDT.E09000023", "EDT.E09000033")]), Vec::<String>::new());
        let circle =
            stands_in(policy(), &[("MASH.E09000023", "ALLOC.E09000023"), ("ALLOC.E09000023", "MASH.E09000023")]);
        let nobody = ["ALLOC.E09000023", "MASH.E09000023"]
            .map(|queue| format!("contacts.toml: {queue}: who stands in for it leads to nobody who is there at night"));
        assert_eq!(circle, nobody);
    }
}
