//! Pages: rows written in the transaction that made them due, looked up by when they are due, gone with the first attempt that
//! reached somebody, or with what answers them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{keys, lease::find, transaction::Transaction, view::Look, view::engine};
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId},
        history::Escalation,
        paging::PageId,
    },
    store::{DuePage, Noted, Outbox, StoreError, stored::PageRow},
};

/// The first byte of the key of every page.
pub(super) const PAGES: &[u8] = b"p";

/// The key of a page that waits.
fn key(id: PageId) -> Vec<u8> {
    let PageId { delivery, number } = id;
    [PAGES, delivery.record.as_bytes(), &delivery.leg.to_be_bytes(), &number.to_be_bytes()].concat()
}

/// The page in a [`key`].
pub(super) fn read_key(key: &[u8]) -> Option<PageId> {
    let (delivery, number) = key.split_last_chunk::<2>()?;
    Some(PageId { delivery: keys::read_delivery(delivery)?, number: u16::from_be_bytes(*number) })
}

/// The row of a page, if it waits.
pub(super) fn row(view: &impl Look, id: PageId) -> Result<Option<Vec<u8>>, StoreError> {
    view.get(&key(id))
}

/// When a row was written and is due, as the books know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    since: Timestamp,
    next: Timestamp,
    attempts: u32,
}

impl From<&PageRow> for Due {
    fn from(row: &PageRow) -> Self {
        Self { since: row.since, next: row.next, attempts: row.attempts }
    }
}

/// Every row by what is asked about it.
#[derive(Debug, Default)]
pub(super) struct Rows {
    rows: BTreeMap<PageId, Due>,
    due: BTreeSet<(Timestamp, PageId)>,
    since: BTreeSet<(Timestamp, PageId)>,
    failing: BTreeSet<(Timestamp, PageId)>,
}

impl Rows {
    /// Reads them once, as the store opens.
    pub fn read(tree: &::sled::Tree) -> Result<Self, StoreError> {
        let mut rows = Self::default();
        for pair in tree.scan_prefix(PAGES) {
            let (key, value) = pair.map_err(engine)?;
            let id = read_key(&key).ok_or_else(unreadable)?;
            rows.set(id, Some(Due::from(&PageRow::decode(&value)?)));
        }
        Ok(rows)
    }

    /// A row is now as given; `None`: it is gone.
    pub fn set(&mut self, id: PageId, due: Option<Due>) {
        let before = match due {
            Some(due) => self.rows.insert(id, due),
            None => self.rows.remove(&id),
        };
        if let Some(before) = before {
            self.due.remove(&(before.next, id));
            self.since.remove(&(before.since, id));
            self.failing.remove(&(before.since, id));
        }
        if let Some(due) = due {
            self.due.insert((due.next, id));
            self.since.insert((due.since, id));
            if due.attempts > 0 {
                self.failing.insert((due.since, id));
            }
        }
    }

    /// The rows of one delivery.
    fn of(&self, delivery: DeliveryId) -> Vec<PageId> {
        let (first, last) = (PageId { delivery, number: 0 }, PageId { delivery, number: u16::MAX });
        self.rows.range(first..=last).map(|(id, _)| *id).collect()
    }

    /// All of them in figures.
    pub fn outbox(&self) -> Outbox {
        let first = |set: &BTreeSet<(Timestamp, PageId)>| set.first().map(|(at, _)| *at);
        Outbox {
            waiting: self.rows.len() as u64,
            oldest: first(&self.since),
            failing: self.failing.len() as u64,
            oldest_failing: first(&self.failing),
            next: first(&self.due),
        }
    }
}

impl Transaction<'_> {
    /// Somebody is to be told of this delivery, from `at` on. Once for its arrival, and once for each escalation.
    pub fn page(&mut self, delivery: &Delivery, why: &str, at: Timestamp) {
        let number = u16::try_from(delivery.escalations().count()).unwrap_or(u16::MAX);
        let row = PageRow { why: why.to_owned(), since: at, attempts: 0, next: at };
        self.books.meta.pages += 1;
        self.put_page(PageId { delivery: delivery.id, number }, &row);
    }

    /// Nobody need be told any longer, where somebody has opened the delivery since, or settled or rejected it.
    pub fn answer_pages(&mut self, before: &Delivery, after: &Delivery) {
        let opened = before.opened.is_none() && after.opened.is_some();
        if opened || after.settled.is_some() || after.is_rejected() {
            for id in self.books.pages.of(after.id) {
                self.take_page(id);
            }
        }
    }

    fn put_page(&mut self, id: PageId, row: &PageRow) {
        self.view.put(key(id), row.encode());
        self.pages.push((id, Some(Due::from(row))));
    }

    fn take_page(&mut self, id: PageId) {
        self.view.remove(key(id));
        self.books.meta.pages = self.books.meta.pages.saturating_sub(1);
        self.pages.push((id, None));
    }
}

/// What is due at `now`, the longest due first.
pub(super) fn due(tx: &Transaction<'_>, now: Timestamp, limit: usize) -> Result<Vec<DuePage>, StoreError> {
    let due = tx.books.pages.due.iter().take_while(|(next, _)| *next <= now).take(limit);
    due.map(|(_, id)| {
        let row = PageRow::decode(&tx.view.get(&key(*id))?.ok_or_else(unreadable)?)?;
        let legs = tx.legs(id.delivery.record)?.ok_or_else(unreadable)?;
        let delivery = find(&legs, id.delivery).ok_or_else(unreadable)?;
        let step = usize::from(id.number).checked_sub(1).and_then(|before| delivery.escalations().nth(before));
        Ok(DuePage {
            id: *id,
            queue: delivery.header.queue.clone(),
            class: delivery.class(),
            why: row.why,
            escalated_to: step.and_then(|step| Escalation::from_code(&step.code)),
            since: row.since,
            attempts: row.attempts,
        })
    })
    .collect()
}

/// Notes what came of an attempt; false where another was noted since, or the page is gone.
pub(super) fn note(tx: &mut Transaction<'_>, noted: &Noted) -> Result<bool, StoreError> {
    let Some(bytes) = tx.view.get(&key(noted.page))? else { return Ok(false) };
    let row = PageRow::decode(&bytes)?;
    if row.attempts != noted.before {
        return Ok(false);
    }
    if let Some(entry) = &noted.entry {
        tx.append(entry)?;
    }
    match noted.again {
        Some(next) => {
            tx.put_page(noted.page, &PageRow { attempts: row.attempts.saturating_add(1), next, ..row });
        }
        None => tx.take_page(noted.page),
    }
    Ok(true)
}

fn unreadable() -> StoreError {
    StoreError::Damaged("the outbox and the deliveries do not agree".into())
}
