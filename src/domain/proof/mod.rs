//! What the reference data is worth before it is put in force: proved by enumeration, on every day on which something
//! changes, by the same code that decides (`routes`), and read entry by entry (`standing`).
//!
//! `bounds` is how far its numbers may go, `map` which council is which, `whole` who must be on the map and what a kind of queue may open at most.
//! `dues` remembers deadlines, `floor` is what each rule must at least do, `held_to` holds every version of the table to it, and `legs` what arrives at
//! every place and hour; `protections` shows
//! that it comes out. `vetted` holds what is asked for to who is granted what. `situations` makes the plainest submission in which each condition of the rule table holds, from the nil return of
//! `nil`.

mod bounds;
mod dues;
mod floor;
mod held_to;
mod legs;
mod map;
pub(crate) mod nil;
mod protections;
mod routes;
mod situations;
mod standing;
mod vetted;
mod whole;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::policy::{Policy, RuleSet};

/// What was proved, and what could not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
    /// Each kind of thing that was looked at, by a stable name, with what was shown of it and how many there were.
    pub proven: Vec<Proven>,
    /// What must be mended before this data is put in force.
    pub faults: Vec<Finding>,
    /// What somebody should look at.
    pub warnings: Vec<Finding>,
    /// False where it was ended before everything was looked at: what was not found may still be there.
    pub finished: bool,
}

/// Something that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// Stable name, e.g. `routes`.
    pub name: &'static str,
    /// How many were looked at.
    pub count: usize,
    /// What was shown of each, in words.
    pub words: &'static str,
}

/// Something wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file to look at, e.g. `directory.toml`.
    pub file: String,
    /// Whom or what it is about, e.g. `MASH.E09000023`.
    pub at: String,
    /// What is wrong.
    pub what: String,
    /// The places at which it was found, where it was looked for at each.
    pub places: Vec<String>,
    /// What to do.
    pub to_do: &'static str,
    /// The first day on which it was found.
    pub since: Date,
    /// It came of the passing of time alone: the data was right once, and the broker has an answer that is safe until somebody
    /// mends it.
    pub aged: bool,
}

impl Finding {
    /// What is wrong, with how many places show it and one of them.
    pub fn told(&self) -> String {
        match self.places.as_slice() {
            [] => self.what.clone(),
            [one] => format!("{} (at {one})", self.what),
            [one, others @ ..] => format!("{} (at {one}, and at {} more)", self.what, others.len()),
        }
    }
}

/// Proves `policy` on each day from `from` until `until` on which anything changes, for as long as `go_on` says so: it is
/// asked at every place of every day. A rule table, deadlines and office hours that begin later still are proved as well: they
/// will come in force without anybody's doing.
pub fn prove(policy: &Policy, from: Date, until: Date, go_on: &dyn Fn() -> bool) -> Proof {
    let mut notes = Notes::default();
    let days = days(policy, from, until);
    notes.day = from;
    map::all(policy, &mut notes);
    bounds::to_come(policy, until, &mut notes);
    let finished = days.iter().all(|day| {
        notes.day = *day;
        held_to::all(notes.of_table(policy.rules.in_force(*day)), &mut notes);
        standing::all(policy, &mut notes);
        bounds::all(policy, from, &mut notes);
        whole::all(policy, &mut notes);
        goes_where_it_must(policy, &mut notes, go_on)
    });
    let finished = finished && tables_to_come(policy, (from, until), &mut notes, go_on);
    let years = (from.year()..=until.year()).filter_map(|year| Date::new(year, 1, 1).ok());
    notes.count("years", years.filter(|day| policy.calendar.knows(*day)).count());
    notes.count("days", days.len());
    let proven = WORDS.iter().map(|(name, words)| {
        let count = notes.counted.get(name).copied().unwrap_or_default();
        Proven { name, count, words }
    });
    Proof {
        from,
        until,
        proven: proven.collect(),
        faults: notes.faults.into_values().collect(),
        warnings: notes.warnings.into_values().collect(),
        finished,
    }
}

fn goes_where_it_must(policy: &Policy, notes: &mut Notes, go_on: &dyn Fn() -> bool) -> bool {
    routes::all(policy, notes, go_on) && protections::all(policy, notes, go_on) && legs::all(policy, notes, go_on)
}

/// Each rule table that begins after `until`, as if it were in force on the day `from`: what else is in force by then, nobody
/// knows yet.
fn tables_to_come(policy: &Policy, (from, until): (Date, Date), notes: &mut Notes, go_on: &dyn Fn() -> bool) -> bool {
    let later = policy.rules.all().iter().filter(|table| table.effective_from > until);
    later.into_iter().all(|table| {
        let Some(rules) = policy.rules.only(&table.version) else { return true };
        notes.day = from;
        held_to::all(notes.of_table(table), notes);
        goes_where_it_must(&Policy { rules, ..policy.clone() }, notes, go_on)
    })
}

/// What is counted, in the order in which it is told.
const WORDS: [(&str, &str); 10] = [
    ("days", "days on which something changes, the first day of every year among them: each proved apart"),
    ("places", "councils, force areas and one unknown area in which the child lives and went missing"),
    ("situations", "rules and parts of rules, each made to fire by a submission of its own"),
    (
        "routes",
        "day, place, rule, class and hour together: each has a destination, and a certain one where the place is",
    ),
    ("legs", "deliveries that follow: each to a queue that exists, may open what it gets, and has deadlines"),
    (
        "floor",
        "rules and what is owed besides: each does at least what no table may leave out, and none sends too much",
    ),
    (
        "floor_legs",
        "place, hour, open or closed case, and leg that no table may leave out: each arrives where it must, with what it must carry",
    ),
    (
        "protections",
        "place, hour and thing that no table may leave out (who must not be told, what must be asked of whom, how urgent): each is given",
    ),
    ("queues", "queues: each of a known kind, with deadlines, a number to ring, and somebody there or HOLD instead"),
    ("years", "years whose bank holidays are known"),
];

/// The first day, and each later one on which an entry begins or ends or a year does.
fn days(policy: &Policy, from: Date, until: Date) -> BTreeSet<Date> {
    let deadlines = &policy.queues.deadlines;
    let calendar = &policy.calendar;
    let rules = policy.rules.all().iter().map(|set| set.effective_from);
    let overrides = deadlines.overrides.values().flat_map(|own| own.changes());
    let hours = calendar.office.changes().chain(calendar.office_of.values().flat_map(|own| own.changes()));
    let years = (from.year()..=until.year()).filter_map(|year| Date::new(year, 1, 1).ok());
    let changes = policy
        .directory
        .changes()
        .chain(policy.contacts.changes())
        .chain(rules)
        .chain(deadlines.classes.changes())
        .chain(overrides);
    let mut days: BTreeSet<Date> = changes.chain(hours).chain(years).collect();
    days.insert(from);
    days.into_iter().filter(|day| (from..=until).contains(day)).collect()
}

/// What was looked at and found so far.
#[derive(Default)]
struct Notes {
    day: Date,
    /// The file of the rule table of that day.
    table: String,
    counted: BTreeMap<&'static str, usize>,
    faults: BTreeMap<Key, Finding>,
    warnings: BTreeMap<Key, Finding>,
}

/// File, whom or what it is about, and what is wrong: the same one is told once, on its first day.
type Key = (String, String, String);

impl Notes {
    /// From now on, what is found of rules is found of this table.
    fn of_table<'t>(&mut self, table: &'t RuleSet) -> &'t RuleSet {
        self.table = format!("rules/{}.toml", table.version);
        table
    }

    fn count(&mut self, name: &'static str, number: usize) {
        *self.counted.entry(name).or_default() += number;
    }

    /// Counts what is there on each day, where it is most.
    fn most(&mut self, name: &'static str, number: usize) {
        let most = self.counted.entry(name).or_default();
        *most = number.max(*most);
    }

    fn fault(&mut self, (file, to_do): (&'static str, &'static str), at: impl Into<String>, what: impl Into<String>) {
        let (key, finding) = self.finding(file, to_do, at.into(), what.into());
        self.faults.entry(key).or_insert(finding);
    }

    /// A fault that came of the passing of time alone.
    fn aged(&mut self, (file, to_do): (&'static str, &'static str), at: impl Into<String>, what: impl Into<String>) {
        let (key, finding) = self.finding(file, to_do, at.into(), what.into());
        self.faults.entry(key).or_insert(Finding { aged: true, ..finding });
    }

    /// A fault of a place: told once, with every place that shows it.
    fn fault_at(&mut self, to_do: (&'static str, &'static str), at: &str, what: impl Into<String>, place: &str) {
        let (key, finding) = self.finding(to_do.0, to_do.1, at.to_owned(), what.into());
        let places = &mut self.faults.entry(key).or_insert(finding).places;
        if !places.iter().any(|one| one == place) {
            places.push(place.to_owned());
        }
    }

    fn warn(&mut self, (file, to_do): (&'static str, &'static str), at: impl Into<String>, what: impl Into<String>) {
        let (key, finding) = self.finding(file, to_do, at.into(), what.into());
        self.warnings.entry(key).or_insert(finding);
    }

    fn finding(&self, file: &'static str, to_do: &'static str, at: String, what: String) -> (Key, Finding) {
        let file = if file == "rules/" && !self.table.is_empty() { self.table.clone() } else { file.to_owned() };
        let finding = Finding { file, at, what, places: Vec::new(), to_do, since: self.day, aged: false };
        ((finding.file.clone(), finding.at.clone(), finding.what.clone()), finding)
    }
}

#[cfg(test)]
mod tests;
