//! Pages: rows written in the transaction that made them due, looked up by when they are due, gone with the first attempt that
//! reached somebody, or with what answers them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;

use super::{keys, lease::find, transaction::Transaction, view::Look};
use crate::{
    domain::{
        code::Class,
        delivery::{Delivery, DeliveryId},
        history::Escalation,
        paging::PageId,
        queue::QueueId,
    },
    store::{DuePage, Noted, Outbox, Round, StoreError, stored::PageRow},
};

/// The first byte of the key of every page.
pub(in crate::store) const PAGES: &[u8] = b"p";

/// The key of a page that waits.
pub(super) fn key(id: PageId) -> Vec<u8> {
    let PageId { delivery, number } = id;
    [PAGES, delivery.record.as_bytes(), &delivery.leg.to_be_bytes(), &number.to_be_bytes()].concat()
}

/// The page in a [`key`].
pub(in crate::store) fn read_key(key: &[u8]) -> Option<PageId> {
    let (delivery, number) = key.split_last_chunk::<2>()?;
    Some(PageId { delivery: keys::read_delivery(delivery)?, number: u16::from_be_bytes(*number) })
}

/// The row of a page, if it waits.
pub(in crate::store) fn row(view: &impl Look, id: PageId) -> Result<Option<Vec<u8>>, StoreError> {
    view.get(&key(id))
}

/// When a row was written and is due, and for whom, as the books know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Due {
    queue: QueueId,
    class: Class,
    since: Timestamp,
    next: Timestamp,
    attempts: u32,
}

impl From<&PageRow> for Due {
    fn from(row: &PageRow) -> Self {
        let PageRow { queue, class, since, next, attempts, .. } = row;
        Self { queue: queue.clone(), class: *class, since: *since, next: *next, attempts: *attempts }
    }
}

/// Every row by what is asked about it.
#[derive(Debug, Default)]
pub(in crate::store) struct Rows {
    rows: BTreeMap<PageId, Due>,
    due: BTreeSet<(Timestamp, PageId)>,
    queues: BTreeMap<QueueId, BTreeMap<Class, BTreeSet<(Timestamp, PageId)>>>,
    since: BTreeSet<(Timestamp, PageId)>,
    failing: BTreeSet<(Timestamp, PageId)>,
}

impl Rows {
    /// Reads them once, as the store opens.
    pub fn read(tree: &impl Look) -> Result<Self, StoreError> {
        let mut rows = Self::default();
        tree.each(PAGES, &mut |key, value| {
            let id = read_key(key).ok_or_else(unreadable)?;
            rows.set(id, Some(Due::from(&PageRow::decode(value)?)));
            Ok(())
        })?;
        Ok(rows)
    }

    /// A row is now as it can be read.
    pub fn read_again(&mut self, id: PageId, view: &impl Look) -> Result<(), StoreError> {
        let row = row(view, id)?.map(|value| PageRow::decode(&value)).transpose()?;
        self.set(id, row.as_ref().map(Due::from));
        Ok(())
    }

    /// A row is now as given; `None`: it is gone.
    pub fn set(&mut self, id: PageId, due: Option<Due>) {
        if let Some(before) = self.rows.remove(&id) {
            self.due.remove(&(before.next, id));
            self.since.remove(&(before.since, id));
            self.failing.remove(&(before.since, id));
            if let Some(queue) = self.queues.get_mut(&before.queue) {
                queue.entry(before.class).or_default().remove(&(before.next, id));
                queue.retain(|_, waiting| !waiting.is_empty());
                if queue.is_empty() {
                    self.queues.remove(&before.queue);
                }
            }
        }
        let Some(due) = due else { return };
        self.due.insert((due.next, id));
        self.since.insert((due.since, id));
        if due.attempts > 0 {
            self.failing.insert((due.since, id));
        }
        self.queues.entry(due.queue.clone()).or_default().entry(due.class).or_default().insert((due.next, id));
        self.rows.insert(id, due);
    }

    /// Those of a round that is begun at `now`.
    fn round(&self, now: Timestamp, round: &Round) -> Vec<PageId> {
        let on_its_way: HashSet<PageId> = round.on_its_way.iter().copied().collect();
        let mut taken: BTreeMap<&QueueId, usize> = BTreeMap::new();
        for id in &on_its_way {
            if let Some(due) = self.rows.get(id) {
                *taken.entry(&due.queue).or_default() += 1;
            }
        }
        let mut chosen = Vec::new();
        for (queue, classes) in &self.queues {
            let before = taken.get(queue).copied().unwrap_or_default();
            let due = classes.iter().flat_map(|(class, waiting)| {
                let due = waiting.iter().take_while(|(next, _)| *next <= now);
                due.filter(|(_, id)| !on_its_way.contains(id)).map(|(next, id)| (*class, *next, *id))
            });
            chosen.extend((before..round.of_a_queue).zip(due));
        }
        chosen.sort_unstable();
        chosen.into_iter().take(round.limit).map(|(_, (_, _, id))| id).collect()
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
        let (queue, class) = (delivery.header.queue.clone(), delivery.class());
        let row = PageRow { why: why.to_owned(), since: at, attempts: 0, next: at, queue, class };
        self.books.meta.pages += 1;
        self.put_page(PageId { delivery: delivery.id, number }, &row);
    }

    /// Whether somebody is to be told of it as it stands.
    pub fn is_paged(&self, delivery: &Delivery) -> bool {
        let number = u16::try_from(delivery.escalations().count()).unwrap_or(u16::MAX);
        self.books.pages.rows.contains_key(&PageId { delivery: delivery.id, number })
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

/// What is due at `now`, of the round that is asked for.
pub(in crate::store) fn due(tx: &Transaction<'_>, now: Timestamp, round: &Round) -> Result<Vec<DuePage>, StoreError> {
    let due = tx.books.pages.round(now, round).into_iter();
    due.map(|id| {
        let row = PageRow::decode(&tx.view.get(&key(id))?.ok_or_else(unreadable)?)?;
        let legs = tx.legs(id.delivery.record)?.ok_or_else(unreadable)?;
        let delivery = find(&legs, id.delivery).ok_or_else(unreadable)?;
        let step = usize::from(id.number).checked_sub(1).and_then(|before| delivery.escalations().nth(before));
        Ok(DuePage {
            id,
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
pub(in crate::store) fn note(tx: &mut Transaction<'_>, noted: &Noted) -> Result<bool, StoreError> {
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
