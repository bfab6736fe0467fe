//! What stands by itself on a day: queues, their kinds and deadlines, London whole, the calendar.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Notes;
use crate::domain::{
    code::Class,
    contacts::{Above, Cover, Standing},
    directory::{Authority, ForceRole, Police},
    policy::Policy,
    queue::QueueId,
};

/// Reads everything on the day of `notes`.
pub(super) fn all(policy: &Policy, notes: &mut Notes) {
    queues(policy, notes);
    contacts(policy, notes);
    above(policy, notes);
    councils(policy, notes);
    forces(policy, notes);
    calendar(policy, notes);
    rules(policy, notes);
}

fn queues(policy: &Policy, notes: &mut Notes) {
    let queues = policy.directory.queues(notes.day);
    notes.most("queues", queues.len());
    for queue in queues {
        if policy.queues.kind_of(&queue).is_none() {
            let to_do = ("queues.toml", "add a [[kind]] for it, with what it opens and how it ends");
            notes.fault(to_do, queue.kind(), "queues of this kind exist, but the kind is not described");
        }
        if queue == QueueId::hold() && policy.directory.is_unattended(&queue, notes.day) {
            let to_do = ("directory.toml", "end this [[unattended]] entry: a person must always be on HOLD");
            notes.fault(to_do, queue.as_str(), "nobody is there, and what cannot be decided has no other place");
        }
    }
    deadlines_of_all(policy, notes);
    let day = notes.day;
    for entry in policy.directory.unattended.iter().filter(|entry| entry.effective.covers(day)) {
        if entry.effective.until.is_none() {
            let to_do = ("directory.toml", "say `until` when somebody is back, so that nobody forgets it");
            notes.warn(to_do, entry.queue.as_str(), "nobody is there, without an end: HOLD gets a copy of all it gets");
        }
    }
}

/// Each queue has an entry, agrees with its kind, and names one that exists to stand in.
fn contacts(policy: &Policy, notes: &mut Notes) {
    let day = notes.day;
    let queues = policy.directory.queues(day);
    for queue in &queues {
        let Some(contact) = policy.contacts.of(queue, day) else {
            let to_do = ("contacts.toml", "add an entry: unit, cover, phone, e-mail, and when it was verified");
            notes.fault(to_do, queue.as_str(), "nobody would know whom to ring");
            continue;
        };
        let always = contact.cover == Cover::Always;
        if policy.queues.kind_of(queue).is_some_and(|kind| kind.always_open != always) {
            let to_do =
                ("contacts.toml", "let `cover` agree with `always_open` of the kind in queues.toml, or change that");
            notes.fault(to_do, queue.as_str(), "its cover is not that of its kind");
        }
        if contact.fallback.as_ref().is_some_and(|fallback| !queues.contains(fallback)) {
            let to_do = ("contacts.toml", "name a queue that is in force under `fallback`");
            notes.fault(to_do, queue.as_str(), "who stands in is not in force");
        }
        let to_do = ("contacts.toml", "ring, and write down the day under `verified`");
        match policy.contacts.standing(contact, day) {
            Standing::Fresh => {}
            Standing::Ageing => notes.warn(to_do, queue.as_str(), "nobody has verified it for long"),
            Standing::Stale => {
                notes.aged(to_do, queue.as_str(), "not verified for so long that HOLD gets a copy of all")
            }
        }
        let stands_in = contact.fallback.as_ref().is_some_and(|one| !policy.directory.is_unattended(one, day));
        if policy.directory.is_unattended(queue, day) && *queue != QueueId::hold() && !stands_in {
            let to_do = ("contacts.toml", "name a queue with people under `fallback`");
            notes.fault(to_do, queue.as_str(), "nobody is there, and nobody stands in");
        }
    }
}

/// Whatever is late has somebody above it at each of the three steps (R25).
fn above(policy: &Policy, notes: &mut Notes) {
    let (directory, day) = (&policy.directory, notes.day);
    let councils = directory.authorities.iter().filter(|one| one.effective.covers(day));
    let mut needed: BTreeSet<Above> = councils.map(|one| Above::Manager(one.gss.clone())).collect();
    for queue in directory.queues(day) {
        needed.extend(directory.police_above(&queue, "", day).map(Above::Duty));
        needed.insert(Above::Supervisor(queue));
    }
    for whom in needed {
        let Some(post) = policy.contacts.post(&whom, day) else {
            let to_do = ("contacts.toml", "add an entry under `above`: id, to, of, label, phone, e-mail, verified");
            notes.fault(to_do, whom.to_string(), "nobody would know whom R25 turns to");
            continue;
        };
        if policy.contacts.standing_of(post.verified, day) != Standing::Fresh {
            let to_do = ("contacts.toml", "ring, and write down the day under `verified`");
            notes.warn(to_do, whom.to_string(), "nobody has verified it for long");
        }
    }
}

/// The deadlines of every class that has some, on every queue there is on the day of `notes`.
pub(super) fn deadlines_of_all(policy: &Policy, notes: &mut Notes) {
    for queue in policy.directory.queues(notes.day) {
        for class in [Class::P0, Class::P1, Class::P2, Class::P3] {
            deadlines(policy, &queue, class, notes);
        }
    }
}

/// Both deadlines exist, come at all, and in order.
fn deadlines(policy: &Policy, queue: &QueueId, class: Class, notes: &mut Notes) {
    let midnight = policy.calendar.end_of(notes.day);
    let at = || format!("{queue} {class}");
    let due = policy.due(queue, class, midnight);
    match due {
        (acknowledge, decide) if [acknowledge, decide].contains(&Some(Timestamp::MAX)) => {
            let to_do = ("calendar.toml", "give this office hours in which it is open");
            notes.fault(to_do, at(), "a deadline never comes: the office never opens");
        }
        (Some(acknowledge), Some(decide)) if decide < acknowledge => {
            let to_do = ("deadlines.toml", "let `decide` be no earlier than `acknowledge`");
            notes.fault(to_do, at(), "must be decided before it must be acknowledged");
        }
        (Some(_), Some(_)) => {}
        _ => {
            let to_do = ("deadlines.toml", "give the class both `acknowledge` and `decide`");
            notes.fault(to_do, at(), "has no deadline: nobody would hear that it waits");
        }
    }
}

/// Every council has police that exist, and all 33 of London are there on every day.
fn councils(policy: &Policy, notes: &mut Notes) {
    let (directory, day) = (&policy.directory, notes.day);
    let there = |code: &str| directory.authorities.iter().any(|one| one.gss == code && one.effective.covers(day));
    for authority in &directory.authorities {
        if !there(&authority.gss) {
            gone(authority, notes);
        } else if authority.effective.covers(day) && !police_exist(policy, authority, notes) {
            let to_do = ("directory.toml", "end this entry with `until` too, and add one that names the new unit");
            notes.fault(to_do, &authority.gss, "its bcu or force is not in force on that day");
        }
    }
}

fn gone(authority: &Authority, notes: &mut Notes) {
    let to_do = ("directory.toml", "add the entry that follows, or take the `until` away");
    if authority.gss.starts_with("E090000") {
        notes.fault(to_do, &authority.gss, "no entry is in force: what names this council goes to HOLD");
    } else if authority.effective.until.is_some() {
        notes.warn(to_do, &authority.gss, "no entry is in force: what names this council goes to HOLD");
    }
}

fn police_exist(policy: &Policy, authority: &Authority, notes: &Notes) -> bool {
    let (directory, day) = (&policy.directory, notes.day);
    match &authority.police {
        Police::Bcu(code) => directory.bcus.iter().any(|bcu| bcu.code == *code && bcu.effective.covers(day)),
        Police::Force(code) => directory.forces.iter().any(|one| one.code == *code && one.effective.covers(day)),
    }
}

/// The forces that rules name by their role.
fn forces(policy: &Policy, notes: &mut Notes) {
    for (role, name) in [(ForceRole::London, "london"), (ForceRole::Enclave, "enclave"), (ForceRole::Rail, "rail")] {
        if policy.directory.force_with_role(role, notes.day).is_none() {
            let to_do = ("directory.toml", "add the force that has it from that day on");
            notes.fault(to_do, format!("role {name}"), "no force has it: the rules that name it have no destination");
        }
    }
}

/// The bank holidays of the year.
fn calendar(policy: &Policy, notes: &mut Notes) {
    if !policy.calendar.knows(notes.day) {
        let to_do = ("calendar.toml", "add the England bank holidays of this year");
        notes.aged(to_do, notes.day.year().to_string(), "bank holidays are not known: every office counts as closed");
    }
}

fn rules(policy: &Policy, notes: &mut Notes) {
    let set = policy.rules.in_force(notes.day);
    if set.effective_from > notes.day {
        let to_do = ("rules/", "give the first version the day on which it began");
        notes.warn(to_do, &set.version, "no version has begun yet: the first one is used");
    }
}
