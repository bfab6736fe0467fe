//! `contacts.toml`: the unit behind each queue, whom to ring, when that was last verified.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::Report;
use crate::domain::{
    contacts::{Contact, Contacts, Cover},
    directory::Effective,
    period::Exception,
    queue::QueueId,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: String,
    effective_from: String,
    warn_after_months: u16,
    hold_after_months: u16,
    contact: Vec<ContactRow>,
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
    let (warn_after_months, hold_after_months) = (file.warn_after_months, file.hold_after_months);
    Some(Contacts { version: file.version, warn_after_months, hold_after_months, entries })
}

fn contact(row: ContactRow, queue: &QueueId, at: &str, report: &mut Report) -> Contact {
    if row.unit.trim().is_empty() {
        report.add(at, "`unit` is what people call it: it must not be empty");
    }
    if row.phone.bytes().filter(u8::is_ascii_digit).count() < 9
        || !row.phone.bytes().all(|b| b"+ 0123456789".contains(&b))
    {
        report.add(at, "`phone` is a whole number, of digits and spaces");
    }
    if row.email.split('@').filter(|part| !part.is_empty()).count() != 2 || row.email.contains(char::is_whitespace) {
        report.add(at, "`email` is a name, @ and a domain");
    }
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
        for (queue, own) in embedded().unwrap().contacts.entries {
            let contact = own.on(jiff::civil::date(2026, 11, 26)).unwrap();
            let reserved = ["020 7946 0", "0121 496 0", "01632 960"];
            assert!(reserved.iter().any(|range| contact.phone.starts_with(range)), "{queue} {}", contact.phone);
            assert!(contact.email.ends_with(".example"), "{queue} {}", contact.email);
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
            ("queue = \"REFDESK.SE\"", "queue = \"MPU.SE\"", "the period before 2019-02-20 has no `until`"),
        ] {
            let told = wrong(from, to);
            assert!(told.iter().any(|line| line.contains(what)), "{what} in {told:?}");
            assert!(told.iter().all(|line| line.starts_with("contacts.toml: ")), "{told:?}");
        }
        assert!(wrong("fallback = \"REFDESK.SE\"", "fallback = \"MPU.SE\"")[0].starts_with(at));
    }
}
