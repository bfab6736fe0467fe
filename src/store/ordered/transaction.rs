//! One command at work: reads and writes over the batch, ledger entries and events, all or nothing.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
};

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    engine::Command,
    keys::{self, Place},
    pages::{Due, Rows},
    prompts,
    rows::{handed_row, place_key, rows},
    tally::Tally,
    trace::Trace,
    view::{Look, Overlay},
};
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId, State},
        paging::{PageId, why},
        queue::QueueId,
    },
    ledger::{self, Entry},
    store::{
        Keep, Once, StoreError,
        stored::{Answer, Legs, Meta, StoredEvent},
    },
};

/// Full subtrees of 256 entries and more are kept: one small key for 128 entries, and no proof reads more than some hundred
/// entries, however long the ledger is.
pub(in crate::store) const KEPT_LEVEL: u32 = 8;

/// What the commit thread holds between batches.
#[derive(Debug, Default)]
pub(in crate::store) struct Books {
    /// Sequence, ledger and counts.
    pub meta: Meta,
    /// Counts of the queues that somebody has asked about.
    pub tallies: HashMap<QueueId, Tally>,
    /// After when each delivery is late, of those that have a deadline (R25): as many as there are unsettled ones.
    pub awaited: BTreeSet<(Timestamp, DeliveryId)>,
    /// The pages that wait: as many as nobody has got and nobody has answered.
    pub pages: Rows,
    /// How many records are wrapped under each name.
    pub wrapped: BTreeMap<String, u64>,
}

/// How a record stands as a whole, as the indices have it.
#[derive(Debug, Default)]
pub(in crate::store) struct Stands {
    /// Since when nothing about it is open.
    finished: Option<Timestamp>,
    /// The rows of its prompts.
    prompts: BTreeSet<Vec<u8>>,
}

impl Stands {
    /// As these legs say.
    pub fn of(record: Uuid, legs: &Legs) -> Self {
        Self { finished: legs.finished(), prompts: prompts::rows(record, legs) }
    }
}

/// A batch in the making with the books it will leave.
pub(in crate::store) struct Transaction<'t> {
    /// Keys.
    pub view: Overlay<'t>,
    /// Books.
    pub books: &'t mut Books,
    /// Changes of deliveries by the command at work: before and after.
    changes: Vec<(Option<Delivery>, Delivery)>,
    /// Pages that the command at work has written, or taken away.
    pub(in crate::store) pages: Vec<(PageId, Option<Due>)>,
    /// Events of the command at work at one ledger index.
    events: u16,
    /// What the batch has changed of the books so far, for other replicas.
    pub trace: Trace,
    /// What the command at work put under other names: from which, to which.
    wrapped: Vec<(Option<String>, String)>,
    /// The counts of these names are not what the tree says.
    recounted: BTreeSet<String>,
}

impl<'t> Transaction<'t> {
    /// Begins a batch.
    pub fn new(base: &'t dyn Look, books: &'t mut Books) -> Self {
        Self {
            view: Overlay::new(base),
            books,
            changes: Vec::new(),
            pages: Vec::new(),
            events: 0,
            trace: Trace::default(),
            wrapped: Vec::new(),
            recounted: BTreeSet::new(),
        }
    }

    /// Runs one command: its writes stay if it succeeds, and none of them if it does not.
    pub fn run<T>(&mut self, command: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let meta = self.books.meta.clone();
        self.events = 0;
        let result = command(self);
        if result.is_ok() {
            for (before, after) in self.changes.drain(..) {
                let late = |each: &Delivery| each.late_after().map(|due| (due, each.id));
                self.trace.note(before.as_ref().and_then(late), late(&after), &after.header.queue);
                before.iter().filter_map(late).for_each(|late| _ = self.books.awaited.remove(&late));
                self.books.awaited.extend(late(&after));
                if let Some(tally) = self.books.tallies.get_mut(&after.header.queue) {
                    before.iter().for_each(|before| tally.leave(before));
                    tally.enter(&after);
                }
            }
            self.trace.pages.extend(self.pages.iter().map(|(id, _)| *id));
            self.pages.drain(..).for_each(|(id, due)| self.books.pages.set(id, due));
            self.recount();
            // Last: what panics before leaves nothing.
            self.view.keep();
        } else {
            self.undo(meta);
        }
        result
    }

    /// Runs commands in order. One that panics over what it read leaves nothing in the batch, and goes without an answer; the others
    /// go on.
    pub fn run_all(&mut self, commands: &mut Vec<Command>) {
        commands.retain_mut(|command| {
            let meta = self.books.meta.clone();
            let ran = catch_unwind(AssertUnwindSafe(|| command.run(self)));
            ran.inspect_err(|_| {
                tracing::error!("a command failed on what it read; nothing of it is kept");
                self.undo(meta);
            })
            .is_ok()
        });
    }

    /// Nothing of the command at work stays.
    fn undo(&mut self, meta: Meta) {
        self.view.roll_back();
        self.changes.clear();
        self.pages.clear();
        self.wrapped.clear();
        self.books.meta = meta;
    }

    /// Takes what the command put under other names into the counts.
    fn recount(&mut self) {
        for (before, after) in self.wrapped.drain(..) {
            if let Some(before) = before {
                let count = self.books.wrapped.entry(before.clone()).or_default();
                *count = count.saturating_sub(1);
                self.recounted.insert(before);
            }
            *self.books.wrapped.entry(after.clone()).or_default() += 1;
            self.recounted.insert(after);
        }
    }

    /// Ends the batch: the next sequence, with the books as they now are, is part of it.
    pub fn seal(&mut self) {
        for name in std::mem::take(&mut self.recounted) {
            match self.books.wrapped.get(&name).copied() {
                Some(count) if count > 0 => self.view.put(keys::wrapped(&name), count.to_be_bytes().to_vec()),
                _ => {
                    self.books.wrapped.remove(&name);
                    self.view.remove(keys::wrapped(&name));
                }
            }
        }
        self.books.meta.sequence += 1;
        let meta = self.books.meta.encode();
        self.view.put(keys::META.to_vec(), meta);
    }

    /// Appends an entry to the ledger; answers with its index.
    pub fn append(&mut self, entry: &Entry) -> Result<u64, StoreError> {
        let index = self.books.meta.frontier.size();
        let bytes = ledger::encode(entry);
        let view = &mut self.view;
        self.books.meta.frontier.append_with(ledger::leaf_hash(&bytes), |level, index, root| {
            if level >= KEPT_LEVEL {
                view.put(keys::subtree(level, index), root.to_vec());
            }
        });
        self.view.put_large(keys::entry(index), &bytes)?;
        Ok(index)
    }

    /// The first answer of a request, if there is one.
    pub fn answered(&self, once: &Once) -> Result<Option<Answer>, StoreError> {
        self.view.large(&keys::kept(once))?.map(|bytes| Answer::decode(&bytes, &once.digest)).transpose()
    }

    /// Keeps the first answer of a request.
    pub fn keep_answer(&mut self, once: &Once, answer: &Answer) -> Result<(), StoreError> {
        let key = keys::kept(once);
        if let Keep::Until(until) = once.keep {
            self.view.put(keys::kept_until(until, &key), Vec::new());
        }
        self.books.meta.answers += 1;
        self.view.put_large(key, &answer.encode(&once.digest))
    }

    /// The deliveries of a record.
    pub fn legs(&self, record: Uuid) -> Result<Option<Legs>, StoreError> {
        legs(&self.view, record)
    }

    /// Tells the organisation of these legs what happened at a ledger index.
    pub fn tell(&mut self, legs: &Legs, index: u64, event: StoredEvent) {
        self.events += 1;
        for follower in &legs.followers {
            let key = [keys::event(follower, Some(index)).as_slice(), &self.events.to_be_bytes()].concat();
            self.books.meta.events += 1;
            self.view.put(key, event.encode());
        }
    }

    /// Writes the first state of a record's deliveries.
    pub fn create(&mut self, record: Uuid, legs: &Legs) -> Result<(), StoreError> {
        for delivery in &legs.deliveries {
            self.arrive(delivery, delivery.header.received);
        }
        self.stand(record, Stands::default(), legs);
        self.view.put_large(keys::legs(record), &legs.encode())
    }

    /// A record's keys are wrapped under `after` from now on.
    pub fn wrapped(&mut self, before: Option<&str>, after: &str) {
        self.wrapped.push((before.map(str::to_owned), after.to_owned()));
    }

    /// Replaces a delivery that is not settled.
    pub fn replace(&mut self, legs: &mut Legs, after: Delivery) -> Result<(), StoreError> {
        let (id, stood) = (after.id, Stands::of(after.id.record, legs));
        let slot = legs.deliveries.iter_mut().find(|each| each.id == id).expect("the caller found it in these legs");
        let before = std::mem::replace(slot, after.clone());
        self.leave(&before)?;
        self.enter(&after);
        self.answer_pages(&before, &after);
        self.changes.push((Some(before), after));
        self.stand(id.record, stood, legs);
        self.view.replace_large(keys::legs(id.record), &legs.encode())
    }

    /// Writes a record's legs again after an item of it was graded or its keys were wrapped anew: no delivery has moved.
    pub fn rewrite(&mut self, record: Uuid, legs: &Legs) -> Result<(), StoreError> {
        self.view.replace_large(keys::legs(record), &legs.encode())
    }

    /// Adds a delivery to a record.
    pub fn add(&mut self, legs: &mut Legs, delivery: Delivery, at: Timestamp) -> Result<(), StoreError> {
        self.arrive(&delivery, at);
        let record = delivery.id.record;
        let before = Stands::of(record, legs);
        legs.deliveries.push(delivery);
        legs.show();
        self.stand(record, before, legs);
        self.view.replace_large(keys::legs(record), &legs.encode())
    }

    /// How a record stands as a whole: before, and after.
    pub fn stand(&mut self, record: Uuid, before: Stands, legs: &Legs) {
        let after = Stands::of(record, legs);
        let finished = &mut self.books.meta.finished;
        *finished = finished.saturating_sub(u64::from(before.finished.is_some())) + u64::from(after.finished.is_some());
        before.finished.into_iter().for_each(|since| self.view.remove(keys::finished(since, record)));
        after.finished.into_iter().for_each(|since| self.view.put(keys::finished(since, record), Vec::new()));
        let rows = &mut self.books.meta.prompts;
        *rows = rows.saturating_sub(before.prompts.len() as u64) + after.prompts.len() as u64;
        before.prompts.difference(&after.prompts).for_each(|row| self.view.remove(row.clone()));
        after.prompts.difference(&before.prompts).for_each(|row| self.view.put(row.clone(), Vec::new()));
    }

    /// A new delivery comes to its queue; a person is told, where one is to be.
    fn arrive(&mut self, delivery: &Delivery, at: Timestamp) {
        self.enter(delivery);
        if delivery.header.page {
            self.page(delivery, why(&delivery.header), at);
        }
        self.changes.push((None, delivery.clone()));
    }

    /// Takes a delivery out of the indices of its queue.
    fn leave(&mut self, delivery: &Delivery) -> Result<(), StoreError> {
        self.books.meta.live = self.books.meta.live.saturating_sub(1);
        let place = match (delivery.state, delivery.not_before, &delivery.lease) {
            (State::DeadLetter, ..) => Place::Dead,
            (State::Leased, _, lease) => {
                lease.iter().for_each(|lease| self.view.remove(keys::lease_end(lease.expires, delivery.id)));
                handed_row(delivery).into_iter().for_each(|(key, _)| self.view.remove(key));
                Place::Leased
            }
            // It may be awake by now.
            (_, Some(until), _) if self.view.get(&place_key(Place::Delayed, delivery))?.is_some() => {
                let position = keys::position(delivery);
                self.view.remove(keys::delayed_until(&delivery.header.queue, until, &position));
                Place::Delayed
            }
            _ => Place::Ready,
        };
        self.view.remove(place_key(place, delivery));
        Ok(())
    }

    /// Puts a delivery into the indices of its queue, unless it is settled.
    fn enter(&mut self, delivery: &Delivery) {
        if delivery.settled.is_some() {
            return;
        }
        self.books.meta.live += 1;
        for (key, value) in rows(delivery) {
            self.view.put(key, value);
        }
    }
}

/// The deliveries of a record, over a batch or the tree.
pub(in crate::store) fn legs(view: &impl Look, record: Uuid) -> Result<Option<Legs>, StoreError> {
    view.large(&keys::legs(record))?.map(|bytes| Legs::decode(record, &bytes)).transpose()
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot::Receiver;

    use super::{super::view::tests::Memory, *};

    type Answer = Receiver<Result<(), StoreError>>;

    /// Puts `key`, appends an entry, and fails on what it has read, if it is to.
    fn command(key: &'static [u8], fails: bool) -> (Command, Answer) {
        Command::asked("test", 0, move |tx| {
            tx.view.put(key.to_vec(), vec![1]);
            tx.books.meta.answers += 1;
            tx.wrapped(None, "a");
            assert!(!fails, "it cannot be made sense of");
            Ok(())
        })
    }

    #[test]
    fn a_command_that_panics_leaves_nothing_and_the_others_of_its_batch_are_done() {
        let (kept, mut books) = (Memory::default(), Books::default());
        let mut tx = Transaction::new(&kept, &mut books);
        let all = [command(b"1", false), command(b"2", true), command(b"3", false)];
        let (mut commands, answers): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        tx.run_all(&mut commands);
        assert_eq!(commands.len(), 2);
        tx.seal();
        let written: Vec<_> = tx.view.into_writes().into_keys().filter(|key| key.len() == 1).collect();
        assert_eq!(written, [b"1".to_vec(), b"3".to_vec(), keys::META.to_vec()]);
        assert_eq!((books.meta.answers, books.wrapped["a"]), (2, 2));
        commands.into_iter().for_each(|command| command.answer(Ok(())));
        let answered: Vec<_> = answers.into_iter().map(|answer| answer.blocking_recv().ok()).collect();
        assert_eq!(answered, [Some(Ok(())), None, Some(Ok(()))]);
    }

    #[test]
    fn a_command_whose_batch_was_taken_back_is_run_anew_over_what_is_there_by_then() {
        let (mut command, answer) = Command::asked("test", 0, |tx| {
            tx.books.meta.answers += 1;
            Ok(tx.books.meta.answers)
        });
        let (kept, mut taken_back) = (Memory::default(), Books::default());
        command.run(&mut Transaction::new(&kept, &mut taken_back));
        let mut books = Books::default();
        books.meta.answers = 7;
        command.run(&mut Transaction::new(&kept, &mut books));
        command.answer(Ok(()));
        assert_eq!(answer.blocking_recv(), Ok(Ok(8)));
    }
}
