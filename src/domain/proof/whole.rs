//! What must be there whatever else the map holds: every council of London with police that can be its own, every force that
//! section 1 of the design paper names, and for each kind of queue what it opens. Kept in code, for it is what the
//! data is held to.

use super::Notes;
use crate::domain::{
    directory::Police,
    policy::{Policy, QueueKind, QueueSide},
    unit::{
        Audience::{self, Carer as ForCarer, Mash as ForMash, Mpu as ForMpu, Nobody},
        Part::{
            self, Card, Carer, EpisodeCard as E, Item as B, Original as O, Provenance as A, Safeguarding as C, Withheld,
        },
    },
};

/// The forces that section 1.2 names.
const FORCES: [&str; 12] = [
    "E23000001",
    "E23000034",
    "E23000028",
    "E23000027",
    "E23000032",
    "E23000031",
    "E23000029",
    "E23000014",
    "E23000026",
    "E23000033",
    "E23000023",
    "BTP",
];
/// Councils whose police are a force and no BCU; every other one of London has a BCU.
const OWN_FORCE: [(&str, &str); 2] = [("E09000001", "E23000034"), ("E08000025", "E23000014")];

/// What a kind of queue opens, no more and no less (contract 4), and whether somebody is there at every hour (D01).
struct Kind {
    name: &'static str,
    side: QueueSide,
    always_open: bool,
    opens: &'static [(Part, Audience)],
}

const POLICE: &[(Part, Audience)] = &[(E, Nobody), (B, ForMpu), (C, ForMash), (Card, Nobody), (A, Nobody), (O, Nobody)];
const COUNCIL: &[(Part, Audience)] =
    &[(E, Nobody), (B, ForMash), (C, ForMash), (Card, Nobody), (Carer, ForCarer), (O, Nobody)];

const KINDS: [Kind; 7] = [
    Kind {
        name: "MPU",
        side: QueueSide::Police,
        always_open: true,
        opens: &[(E, Nobody), (B, ForMpu), (Card, Nobody), (A, Nobody), (O, Nobody)],
    },
    Kind { name: "REFDESK", side: QueueSide::Police, always_open: true, opens: POLICE },
    Kind { name: "FORCE", side: QueueSide::Police, always_open: true, opens: POLICE },
    Kind { name: "MASH", side: QueueSide::Council, always_open: false, opens: COUNCIL },
    Kind { name: "ALLOC", side: QueueSide::Council, always_open: false, opens: COUNCIL },
    Kind {
        name: "EDT",
        side: QueueSide::Council,
        always_open: true,
        opens: &[(E, Nobody), (B, ForMash), (C, ForMash), (Card, Nobody)],
    },
    Kind { name: "HOLD", side: QueueSide::Triage, always_open: true, opens: TRIAGE },
];
const TRIAGE: &[(Part, Audience)] =
    &[(E, Nobody), (B, ForMpu), (B, ForMash), (C, ForMash), (Card, Nobody), (Withheld, Nobody)];

/// Holds the day of `notes` to what must be there.
pub(super) fn all(policy: &Policy, notes: &mut Notes) {
    forces(policy, notes);
    police(policy, notes);
    policy.queues.kinds.iter().for_each(|kind| opens(kind, notes));
}

fn forces(policy: &Policy, notes: &mut Notes) {
    let (directory, day) = (&policy.directory, notes.day);
    for code in FORCES {
        if !directory.forces.iter().any(|force| force.code == code && force.effective.covers(day)) {
            let to_do = ("directory.toml", "put it back, or add the entry that follows");
            notes.fault(
                to_do,
                format!("force {code}"),
                "is not in force: what is there, and a child who lives there, would wait on HOLD",
            );
        }
    }
}

/// A BCU for every borough, and none for the City, nor for a council outside the Met (R11, D09).
fn police(policy: &Policy, notes: &mut Notes) {
    let day = notes.day;
    for authority in policy.directory.authorities.iter().filter(|one| one.effective.covers(day)) {
        let own = OWN_FORCE.iter().find(|(gss, _)| *gss == authority.gss).map(|(_, force)| *force);
        let what = match (&authority.police, own) {
            (Police::Bcu(_), None) => continue,
            (Police::Force(force), Some(own)) if force == own => continue,
            (Police::Bcu(_), Some(own)) => format!("is given a BCU of the Met, and its police are {own}"),
            (Police::Force(force), Some(own)) => format!("is given {force}, and its police are {own}"),
            (Police::Force(_), None) if !authority.gss.starts_with("E090000") => continue,
            (Police::Force(force), None) => format!("is given {force}, and a borough of London is policed by a BCU"),
        };
        let to_do = ("directory.toml", "give it the police that it has");
        notes.fault(to_do, &authority.gss, what);
    }
}

fn opens(kind: &QueueKind, notes: &mut Notes) {
    let Some(known) = KINDS.iter().find(|one| one.name == kind.kind) else { return };
    if kind.side != known.side {
        let to_do = ("queues.toml", "give it the side on which it stands");
        notes.fault(to_do, &kind.kind, "stands on the other side");
    }
    if kind.always_open != known.always_open {
        let to_do = ("queues.toml", "put `always_open` back: by it the duty team is told at night, and is there");
        notes.fault(to_do, &kind.kind, format!("`always_open` must be {}", known.always_open));
    }
    closed(kind, known, notes);
    let too_much = kind.opens.iter().filter(|one| !known.opens.contains(one));
    let too_much: Vec<String> = too_much.map(|(part, audience)| format!("{part}/{audience}")).collect();
    if !too_much.is_empty() {
        let to_do = ("queues.toml", "take it out of `opens`: such a unit has no need of it");
        notes.fault(to_do, &kind.kind, format!("may not open {}", too_much.join(", ")));
    }
}

/// What a unit needs stays open to it: what no leg would carry any longer, nobody would read.
fn closed(kind: &QueueKind, known: &Kind, notes: &mut Notes) {
    let lost = known.opens.iter().filter(|one| !kind.opens.contains(one));
    let lost: Vec<String> = lost.map(|(part, audience)| format!("{part}/{audience}")).collect();
    if !lost.is_empty() {
        let to_do = ("queues.toml", "put it back into `opens`: somebody there has to read it");
        notes.fault(to_do, &kind.kind, format!("must open {}", lost.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::domain::testing::policy;

    fn told(policy: &Policy) -> Vec<String> {
        let mut notes = Notes { day: date(2026, 11, 26), ..Notes::default() };
        all(policy, &mut notes);
        notes.faults.into_values().map(|one| format!("{}: {}: {}", one.file, one.at, one.what)).collect()
    }

    #[test]
    fn what_is_shipped_is_whole() {
        assert_eq!(told(&policy()), Vec::<String>::new());
    }

    #[test]
    fn each_force_of_the_paper_must_be_there_and_the_city_has_no_bcu() {
        for code in FORCES {
            let mut policy = policy();
            policy.directory.forces.retain(|force| force.code != code);
            assert_eq!(told(&policy).len(), 1, "{code}");
        }
        for (gss, police, what) in [
            ("E09000001", Police::Bcu("CE".into()), "is given a BCU of the Met, and its police are E23000034"),
            ("E09000001", Police::Force("E23000028".into()), "is given E23000028, and its police are E23000034"),
            (
                "E09000023",
                Police::Force("E23000032".into()),
                "is given E23000032, and a borough of London is policed by a BCU",
            ),
        ] {
            let mut policy = policy();
            policy
                .directory
                .authorities
                .iter_mut()
                .filter(|one| one.gss == gss)
                .for_each(|one| one.police = police.clone());
            assert_eq!(told(&policy), [format!("directory.toml: {gss}: {what}")]);
        }
    }

    #[test]
    fn a_kind_opens_no_less_than_it_has_need_of() {
        for known in &KINDS {
            for unit in known.opens {
                let mut policy = policy();
                let own = policy.queues.kinds.iter_mut().find(|one| one.kind == known.name).unwrap();
                own.opens.retain(|one| one != unit);
                assert_eq!(told(&policy), [format!("queues.toml: {}: must open {}/{}", known.name, unit.0, unit.1)]);
            }
        }
    }

    #[test]
    fn a_kind_opens_no_more_than_it_has_need_of() {
        let with = |kind: &str, unit: (Part, Audience)| {
            let mut policy = policy();
            policy.queues.kinds.iter_mut().filter(|one| one.kind == kind).for_each(|one| one.opens.push(unit));
            told(&policy)
        };
        for (kind, unit) in [
            ("EDT", (Carer, ForCarer)),
            ("MASH", (B, ForMpu)),
            ("MPU", (C, ForMash)),
            ("ALLOC", (A, Nobody)),
            ("REFDESK", (Carer, ForCarer)),
            ("HOLD", (O, Nobody)),
        ] {
            assert_eq!(with(kind, unit), [format!("queues.toml: {kind}: may not open {}/{}", unit.0, unit.1)]);
        }
        let mut awake = policy();
        awake.queues.kinds.iter_mut().filter(|one| one.kind == "MASH").for_each(|one| one.always_open = true);
        assert_eq!(told(&awake), ["queues.toml: MASH: `always_open` must be false"]);
    }
}
