//! Dates of birth, ages, and queues in which people work.

use std::{cell::LazyCell, fmt::Display};

use jiff::{Unit, civil::Date};

use crate::domain::{
    directory::Directory,
    identity::{Identity, TrustDomain},
    queue::QueueId,
    submission::{Draft, Person},
    violation::Violations,
};

/// A return home interview is with a child; a care leaver is at most 25.
pub const MAX_CHILD_AGE: i32 = 25;
/// Nobody in a record is older.
pub const MAX_AGE: i32 = 120;

pub(super) fn check(draft: &Draft, directory: &Directory, today: Date, wrong: &mut Violations) {
    let child = &draft.child;
    let born = child.date_of_birth;
    birth(&"child.date_of_birth", born, today, MAX_CHILD_AGE, wrong);
    let stated = child.age.map(|age| i32::try_from(age).unwrap_or(i32::MAX));
    if stated.is_some_and(|age| age > MAX_CHILD_AGE) {
        wrong.add("submission.child.age", format!("give the child's age in years, at most {MAX_CHILD_AGE}"));
    }
    if let (Some(age), Some(born)) = (stated, born)
        && born <= today
        && age_on(born, today).abs_diff(age) > 1
    {
        wrong.add("submission.child.age", "does not fit the date of birth: correct one, or leave the age out");
    }
    if let (Some(born), Some(started)) = (born, draft.episode.started.or(draft.episode.reported))
        && born <= today
        && started.to_zoned(jiff::tz::TimeZone::UTC).date() < born
    {
        wrong.add("submission.episode.started", "the child cannot have gone missing before birth");
    }
    for (n, person) in draft.persons.iter().enumerate() {
        birth(&format_args!("persons[{n}].date_of_birth"), person.date_of_birth, today, MAX_AGE, wrong);
    }
    identities(&draft.persons, wrong);
    workplaces(&draft.persons, directory, today, wrong);
}

/// An identity that no certificate can have would deny nobody (D08), and nobody would notice.
fn identities(persons: &[Person], wrong: &mut Violations) {
    let is_one = |text: &str| {
        let domain = text.strip_prefix("homeward://").and_then(|rest| rest.split('/').next());
        let domain = domain.and_then(|domain| TrustDomain::parse(domain).ok());
        domain.is_some_and(|domain| Identity::parse(text, &domain).is_ok())
    };
    for (n, person) in persons.iter().enumerate() {
        let identity = person.identity.as_ref().filter(|identity| !identity.is_blank());
        if identity.is_some_and(|identity| !is_one(identity.reveal())) {
            wrong.add(
                format!("submission.persons[{n}].identity"),
                "give the whole URI of the certificate, homeward://domain/scheme/id/role/name, or leave it out",
            );
        }
    }
}

/// A queue that does not exist would keep an accused person's unit out of nothing (D08), and nobody would notice.
fn workplaces(persons: &[Person], directory: &Directory, today: Date, wrong: &mut Violations) {
    let known = LazyCell::new(|| directory.queues(today));
    for (n, person) in persons.iter().enumerate() {
        let queue = person.works_in_queue.as_ref().filter(|queue| !queue.is_blank());
        if queue.is_some_and(|queue| QueueId::parse(queue.reveal()).is_none_or(|queue| !known.contains(&queue))) {
            wrong.add(
                format!("submission.persons[{n}].works_in_queue"),
                "name a queue of the directory as KIND.suffix, e.g. MPU.SE, or leave it out",
            );
        }
    }
}

fn birth(field: &dyn Display, born: Option<Date>, today: Date, most: i32, wrong: &mut Violations) {
    let Some(born) = born else { return };
    if born > today {
        wrong.add(format!("submission.{field}"), "a date of birth cannot lie in the future");
    } else if age_on(born, today) > most {
        wrong.add(format!("submission.{field}"), format!("gives an age over {most}: check the year"));
    }
}

fn age_on(born: Date, today: Date) -> i32 {
    born.until((Unit::Year, today)).map_or(i32::MAX, |span| i32::from(span.get_years()))
}
