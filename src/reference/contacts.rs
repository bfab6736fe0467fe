//! `contacts.toml`: the unit behind each queue, whom to ring, when that was last verified; and whom R25 turns to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Deserialize;

use super::Report;
use crate::domain::{
    contacts::{Above, Contact, Contacts, Cover, Post},
    directory::{Effective, Police},
    history::Escalation,
    period::Exception,
    queue::QueueId,
};

/// Letters of the id of a post, at most.
const LONGEST_ID: usize = 40;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    effective_from: String,
    warn_after_months: u16,
    hold_after_months: u16,
    contact: Vec<ContactRow>,
    /// That everybody is in it is for `policy check` to prove.
    #[serde(default)]
    above: Vec<PostRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactRow {
    queue: String,
    unit: String,
    cover: CoverRow,
    phone: String,
    email: String,
    verified: String,
    fallback: Option<String>,
    from: Option<String>,
    until: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PostRow {
    id: String,
    to: String,
    of: String,
    label: String,
    phone: String,
    email: String,
    verified: String,
    from: Option<String>,
    until: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum CoverRow {
    Always,
    Office,
}

/// Reads the entries. That each queue has one on each day is for `policy check` to prove.
pub(super) fn read(text: &str, report: &mut Report) -> Option<Contacts> {
    let file: File = report.parse(text)?;
    let from = report.date("effective_from", &file.effective_from, Date::MIN);
    if file.warn_after_months == 0 || file.warn_after_months >= file.hold_after_months {
        report.add("warn_after_months", "must be at least 1, and less than `hold_after_months`: first warn, then HOLD");
    }
    let mut periods: BTreeMap<QueueId, Vec<(Effective, Contact)>> = BTreeMap::new();
    for row in file.contact {
        let at = format!("contact {}", row.queue);
        let effective = report.effective(&at, row.from.as_deref(), row.until.as_deref(), from);
        let Some(queue) = queue(&row.queue, &at, report) else { continue };
        let contact = contact(row, &queue, &at, report);
        periods.entry(queue).or_default().push((effective, contact));
    }
    let mut entries = BTreeMap::new();
    for (queue, periods) in periods {
        match Exception::new(periods) {
            Ok(own) => drop(entries.insert(queue, own)),
            Err(wrong) => report.add_all(&format!("contact {queue}"), wrong),
        }
    }
    let above = above(file.above, from, report);
    let (warn_after_months, hold_after_months) = (file.warn_after_months, file.hold_after_months);
    Some(Contacts { version: file.version, warn_after_months, hold_after_months, entries, above })
}

/// Whom R25 turns to. An id is of one post, in all its periods.
fn above(rows: Vec<PostRow>, from: Date, report: &mut Report) -> BTreeMap<Above, Exception<Post>> {
    let mut periods: BTreeMap<Above, Vec<(Effective, Post)>> = BTreeMap::new();
    let mut ids: BTreeMap<String, BTreeSet<Above>> = BTreeMap::new();
    for row in rows {
        let at = format!("above {}", row.id);
        let effective = report.effective(&at, row.from.as_deref(), row.until.as_deref(), from);
        let Some(whom) = whom(&row, &at, report) else { continue };
        ids.entry(row.id.clone()).or_default().insert(whom.clone());
        periods.entry(whom).or_default().push((effective, post(row, &at, report)));
    }
    for (id, posts) in ids.iter().filter(|(_, posts)| posts.len() > 1) {
        let posts: Vec<_> = posts.iter().map(ToString::to_string).collect();
        report.add(format!("above {id}"), format!("`id` names one post, and is of {}", posts.join(" and of ")));
    }
    let mut above = BTreeMap::new();
    for (whom, periods) in periods {
        match Exception::new(periods) {
            Ok(own) => drop(above.insert(whom, own)),
            Err(wrong) => report.add_all(&format!("above {whom}"), wrong),
        }
    }
    above
}

fn whom(row: &PostRow, at: &str, report: &mut Report) -> Option<Above> {
    let council = |code: &str| code.starts_with('E') && code.len() == 9;
    match Escalation::ALL.iter().find(|one| one.code() == row.to) {
        Some(Escalation::QueueSupervisor) => queue(&row.of, at, report).map(Above::Supervisor),
        Some(Escalation::BcuDuty) if row.of.len() == 2 => Some(Above::Duty(Police::Bcu(row.of.clone()))),
        Some(Escalation::BcuDuty) if !row.of.is_empty() => Some(Above::Duty(Police::Force(row.of.clone()))),
        Some(Escalation::CouncilManager) if council(&row.of) => Some(Above::Manager(row.of.clone())),
        Some(_) => {
            report.add(at, "`of` is the code of a BCU or force for `bcu_duty`, of a council for `council_manager`");
            None
        }
        None => {
            report.add(at, "`to` is `queue_supervisor`, `bcu_duty` or `council_manager`");
            None
        }
    }
}

fn post(row: PostRow, at: &str, report: &mut Report) -> Post {
    let is_plain = |sign: u8| sign.is_ascii_alphanumeric() || b"-_".contains(&sign);
    if row.id.is_empty() || row.id.len() > LONGEST_ID || !row.id.bytes().all(is_plain) {
        report.add(at, "`id` is all that a page says of them: up to 40 letters, digits, - and _");
    }
    if row.label.trim().is_empty() {
        report.add(at, "`label` is what the post is called: it must not be empty");
    }
    reachable(&row.phone, &row.email, at, report);
    let verified = report.date(at, &row.verified, Date::MIN);
    Post { id: row.id, label: row.label, phone: row.phone, email: row.email, verified }
}

fn reachable(phone: &str, email: &str, at: &str, report: &mut Report) {
    if phone.bytes().filter(u8::is_ascii_digit).count() < 9 || !phone.bytes().all(|b| b"+ 0123456789".contains(&b)) {
        report.add(at, "`phone` is a whole number, of digits and spaces");
    }
    if email.split('@').filter(|part| !part.is_empty()).count() != 2 || email.contains(char::is_whitespace) {
        report.add(at, "`email` is a name, @ and a domain");
    }
}

fn contact(row: ContactRow, queue: &QueueId, at: &str, report: &mut Report) -> Contact {
    if row.unit.trim().is_empty() {
        report.add(at, "`unit` is what people call it: it must not be empty");
    }
    reachable(&row.phone, &row.email, at, report);
    let fallback = row.fallback.as_deref().and_then(|fallback| self::queue(fallback, at, report));
    if fallback.as_ref() == Some(queue) {
        report.add(at, "cannot stand in for itself: name another queue under `fallback`");
    }
    let cover = match row.cover {
        CoverRow::Always => Cover::Always,
        CoverRow::Office => Cover::Office,
    };
    let verified = report.date(at, &row.verified, Date::MIN);
    Contact { unit: row.unit, cover, phone: row.phone, email: row.email, verified, fallback }
}

fn queue(name: &str, at: &str, report: &mut Report) -> Option<QueueId> {
    let queue = QueueId::parse(name);
    if queue.is_none() {
        report.add(at, format!("`{name}` is not a queue's name, KIND.suffix"));
    }
    queue
}

#[cfg(test)]
mod tests {
    use super::super::{EMBEDDED, Files, embedded, load};

    fn wrong(from: &str, to: &str) -> Vec<String> {
        assert!(EMBEDDED.contacts.contains(from), "{from}");
        let contacts = EMBEDDED.contacts.replacen(from, to, 1);
        let Err(wrong) = load(Files { contacts: &contacts, ..EMBEDDED }) else { return Vec::new() };
        wrong.iter().map(ToString::to_string).collect()
    }

    /// What is shipped is fiction: numbers that Ofcom keeps for drama, domains that nobody can have.
    #[test]
    fn what_is_shipped_can_ring_nobody() {
        let (contacts, day) = (embedded().unwrap().contacts, jiff::civil::date(2026, 11, 26));
        let units = contacts.entries.values().map(|own| own.on(day).unwrap()).map(|one| (&one.phone, &one.email));
        let posts = contacts.above.values().map(|own| own.on(day).unwrap()).map(|one| (&one.phone, &one.email));
        for (phone, email) in units.chain(posts) {
            let reserved = ["020 7946 0", "0121 496 0", "01632 960"];
            assert!(reserved.iter().any(|range| phone.starts_with(range)), "{phone}");
            assert!(email.ends_with(".example"), "{email}");
        }
    }

    #[test]
    fn every_mistake_is_named() {
        let at = "contacts.toml: contact MPU.SE: ";
        for (from, to, what) in [
            ("phone = \"020 7946 0", "phone = \"ext. 0", "`phone` is a whole number, of digits and spaces"),
            ("fallback = \"REFDESK.CE\"", "fallback = \"desk\"", "`desk` is not a queue's name, KIND.suffix"),
            ("fallback = \"REFDESK.SE\"", "fallback = \"MPU.SE\"", "cannot stand in for itself"),
            ("hold_after_months = 24", "hold_after_months = 12", "first warn, then HOLD"),
            ("queue = \"MPU.SE\"", "queue = \"MPU.SE\", until = \"2019-01-01\"", "`until` must be after `from`"),
            ("id = \"R25-101\"", "id = \"the duty\"", "`id` is all that a page says of them"),
            ("id = \"R25-101\"", "id = \"R25-102\"", "`id` names one post, and is of queue_supervisor of"),
            (
                "to = \"bcu_duty\", of = \"SE\"",
                "to = \"duty\", of = \"SE\"",
                "`to` is `queue_supervisor`, `bcu_duty` or",
            ),
            (
                "to = \"bcu_duty\", of = \"SE\"",
                "to = \"council_manager\", of = \"SE\"",
                "`of` is the code of a BCU or force",
            ),
            ("to = \"bcu_duty\", of = \"SE\"", "to = \"bcu_duty\", of = \"NE\"", "has no `until`"),
            ("queue = \"REFDESK.SE\"", "queue = \"MPU.SE\"", "the period before 2019-02-20 has no `until`"),
        ] {
            let told = wrong(from, to);
            assert!(told.iter().any(|line| line.contains(what)), "{what} in {told:?}");
            assert!(told.iter().all(|line| line.starts_with("contacts.toml: ")), "{told:?}");
        }
        assert!(wrong("fallback = \"REFDESK.SE\"", "fallback = \"MPU.SE\"")[0].starts_with(at));
    }
}
