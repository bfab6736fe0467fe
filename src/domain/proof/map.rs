//! The map of section 1.1 of the design paper: which council has which code, number and name, and which BCU policed it on the day
//! on which the paper was written. Kept in code, for it is what the data is held to: two boroughs exchanged look right, and
//! every referral of both goes to the wrong police.

use jiff::civil::{Date, date};

use super::Notes;
use crate::domain::{
    directory::{Authority, Police, fold_name},
    policy::Policy,
};

/// The day of the map: what moves later has an entry of its own, that begins later.
const DRAWN: Date = date(2026, 11, 21);

/// BCU, and its boroughs: code, number, name.
type Unit = (&'static str, &'static [(&'static str, u16, &'static str)]);

const UNITS: [Unit; 12] = [
    ("CE", &[("E09000012", 204, "Hackney"), ("E09000030", 211, "Tower Hamlets")]),
    ("CN", &[("E09000007", 202, "Camden"), ("E09000019", 206, "Islington")]),
    ("AS", &[("E09000022", 208, "Lambeth"), ("E09000028", 210, "Southwark")]),
    (
        "AW",
        &[
            ("E09000013", 205, "Hammersmith and Fulham"),
            ("E09000020", 207, "Kensington and Chelsea"),
            ("E09000033", 213, "Westminster"),
        ],
    ),
    (
        "EA",
        &[("E09000002", 301, "Barking and Dagenham"), ("E09000016", 311, "Havering"), ("E09000026", 317, "Redbridge")],
    ),
    ("NA", &[("E09000010", 308, "Enfield"), ("E09000014", 309, "Haringey")]),
    ("NE", &[("E09000025", 316, "Newham"), ("E09000031", 320, "Waltham Forest")]),
    ("NW", &[("E09000003", 302, "Barnet"), ("E09000005", 304, "Brent"), ("E09000015", 310, "Harrow")]),
    ("SN", &[("E09000006", 305, "Bromley"), ("E09000008", 306, "Croydon"), ("E09000029", 319, "Sutton")]),
    ("SE", &[("E09000004", 303, "Bexley"), ("E09000011", 203, "Greenwich"), ("E09000023", 209, "Lewisham")]),
    (
        "SW",
        &[
            ("E09000021", 314, "Kingston upon Thames"),
            ("E09000024", 315, "Merton"),
            ("E09000027", 318, "Richmond upon Thames"),
            ("E09000032", 212, "Wandsworth"),
        ],
    ),
    ("WA", &[("E09000009", 307, "Ealing"), ("E09000017", 312, "Hillingdon"), ("E09000018", 313, "Hounslow")]),
];
/// Outside the Met: code, number, name.
const OTHERS: [(&str, u16, &str); 2] = [("E09000001", 201, "City of London"), ("E08000025", 330, "Birmingham")];

/// Holds every entry of a council of the map to it, whenever it is in force.
pub(super) fn all(policy: &Policy, notes: &mut Notes) {
    for entry in &policy.directory.authorities {
        let of_met = UNITS.iter().flat_map(|(bcu, boroughs)| boroughs.iter().map(|borough| (borough, Some(*bcu))));
        let outside = OTHERS.iter().map(|council| (council, None));
        if let Some(((_, number, name), bcu)) = of_met.chain(outside).find(|((gss, ..), _)| *gss == entry.gss) {
            who_it_is(entry, (*number, name), notes);
            bcu.into_iter().for_each(|bcu| policed_by(entry, bcu, notes));
        }
    }
}

fn who_it_is(entry: &Authority, (number, name): (u16, &str), notes: &mut Notes) {
    let to_do =
        ("directory.toml", "put back what belongs to this code: what is meant for one council would go to another");
    if entry.dfe != number {
        notes.fault(to_do, &entry.gss, format!("has the number {}, and that of this code is {number}", entry.dfe));
    }
    let folded = fold_name(name);
    if !std::iter::once(&entry.name).chain(&entry.aliases).any(|spelling| fold_name(spelling) == folded) {
        notes.fault(
            to_do,
            &entry.gss,
            format!("is called {}, and {name} is neither its name nor an alias", entry.name),
        );
    }
}

fn policed_by(entry: &Authority, bcu: &str, notes: &mut Notes) {
    let Police::Bcu(given) = &entry.police else { return };
    if given != bcu && entry.effective.covers(DRAWN) {
        let to_do = (
            "directory.toml",
            "a borough that moves has `until` on the old entry and a new entry with `from` on that day",
        );
        notes.fault(to_do, &entry.gss, format!("is given BCU {given}, and on {DRAWN} its BCU is {bcu}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{directory::Effective, testing::policy};

    fn told(edit: impl FnOnce(&mut Vec<Authority>)) -> Vec<String> {
        let mut policy = policy();
        edit(&mut policy.directory.authorities);
        let mut notes = Notes { day: date(2026, 11, 26), ..Notes::default() };
        all(&policy, &mut notes);
        notes.faults.into_values().map(|one| format!("{}: {}", one.at, one.what)).collect()
    }

    fn two(authorities: &mut [Authority]) -> (usize, usize) {
        let of = |gss: &str| authorities.iter().position(|one| one.gss == gss).unwrap();
        (of("E09000023"), of("E09000007"))
    }

    #[test]
    fn the_map_is_whole_and_what_is_shipped_is_on_it() {
        assert_eq!(UNITS.iter().map(|(_, boroughs)| boroughs.len()).sum::<usize>(), 32);
        assert_eq!(told(|_| ()), Vec::<String>::new());
    }

    #[test]
    fn two_councils_exchanged_are_told_whatever_of_them_was() {
        let police = told(|all| {
            let (one, other) = two(all);
            let before = all[one].police.clone();
            all[one].police = std::mem::replace(&mut all[other].police, before);
        });
        assert_eq!(
            police,
            [
                "E09000007: is given BCU SE, and on 2026-11-21 its BCU is CN",
                "E09000023: is given BCU CN, and on 2026-11-21 its BCU is SE",
            ]
        );
        let names = told(|all| {
            let (one, other) = two(all);
            let before = all[one].name.clone();
            all[one].name = std::mem::replace(&mut all[other].name, before);
        });
        assert!(names.len() == 2 && names[1].starts_with("E09000023: is called Camden, and Lewisham is"), "{names:?}");
        let numbers = told(|all| {
            let (one, other) = two(all);
            (all[one].dfe, all[other].dfe) = (all[other].dfe, all[one].dfe);
        });
        assert!(numbers.len() == 2 && numbers[0].contains("has the number 209, and that of this code is 202"));
    }

    #[test]
    fn a_borough_moves_by_an_entry_that_begins_later_and_may_be_called_otherwise() {
        let moved = told(|all| {
            let (one, _) = two(all);
            let mut next = all[one].clone();
            let day = date(2027, 4, 1);
            all[one].effective.until = Some(day);
            next.effective = Effective { from: day, until: None };
            next.police = Police::Bcu("SN".to_owned());
            next.aliases.push(std::mem::replace(&mut next.name, "Lewisham and Deptford".to_owned()));
            all.push(next);
        });
        assert_eq!(moved, Vec::<String>::new());
    }
}
