//! Dates of birth, ages, and queues in which people work.

use std::fmt::Display;

use jiff::{Unit, civil::Date};

use crate::domain::{queue::QueueId, submission::Draft, violation::Violations};

/// A return home interview is with a child; a care leaver is at most 25.
pub const MAX_CHILD_AGE: i32 = 25;
/// Nobody in a record is older.
pub const MAX_AGE: i32 = 120;

pub(super) fn check(draft: &Draft, today: Date, wrong: &mut Violations) {
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
        let queue = person.works_in_queue.as_ref().filter(|queue| !queue.is_blank());
        if queue.is_some_and(|queue| QueueId::parse(queue.reveal()).is_none()) {
            wrong.add(format!("submission.persons[{n}].works_in_queue"), "name a queue as KIND.suffix, e.g. MPU.SE");
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
