//! What must hold whenever one looks: queues, counts, pages, deliveries, referrals, events and the ledger are those of the model.

use std::collections::BTreeMap;

use homeward::{
    domain::{
        delivery::{Delivery, State},
        grants::Action,
        queue::QueueId,
    },
    ledger::{FiledReceipt, Frontier, Verb, VerifierKey, decode, leaf_hash, sha256},
    store::{Event, EventKind, Outbox, QueueCounts, Side},
};
use uuid::Uuid;

use crate::{
    model::{Model, Told, deadline, is_nobodys},
    prompts,
    script::Chance,
    town::Base,
    world::World,
};

/// The ledger as it was read so far.
#[derive(Default)]
pub struct Ledger {
    frontier: Frontier,
    /// The root over so many entries, from one on.
    roots: Vec<[u8; 32]>,
    /// The submissions in it: where, and by which commitment.
    submitted: BTreeMap<Uuid, (u64, [u8; 32])>,
    /// Receipts compared with it.
    receipts: usize,
    /// How many entries of each action there are.
    acts: BTreeMap<String, u64>,
}

impl Ledger {
    /// Reads on to its end, where its head must be, and compares the receipts that were given since.
    pub async fn reads_on(&mut self, world: &World, model: &Model) {
        loop {
            let entries = world.store().entries(self.frontier.size(), 1_000).await.unwrap();
            for (index, bytes) in &entries {
                assert_eq!(*index, self.frontier.size());
                self.frontier.append(leaf_hash(bytes));
                self.roots.push(self.frontier.root());
                let entry = decode(bytes).unwrap();
                *self.acts.entry(entry.action.clone()).or_default() += 1;
                if entry.verb == Verb::Collection && entry.action == "SUBMIT" {
                    let of = (*index, entry.commitment.unwrap());
                    assert!(self.submitted.insert(entry.record.unwrap(), of).is_none(), "accepted twice");
                }
            }
            if entries.is_empty() {
                break;
            }
        }
        let head = world.store().head().await.unwrap();
        assert_eq!((head.size, head.root), (self.frontier.size(), self.frontier.root()), "the head of the ledger");
        assert_eq!(self.submitted.len(), model.referrals.len(), "as many submissions as receipts");
        for (action, times) in &model.acts {
            assert_eq!(self.acts.get(*action), Some(times), "entries {action}");
        }
        let key = VerifierKey::parse(&self.key(world).await).unwrap();
        for (record, _) in &model.referrals[self.receipts..] {
            let (.., receipt) = model.records[record].submitted.as_ref().unwrap();
            let commitment = sha256(&[&receipt.opening, &receipt.digest]);
            assert_eq!(self.submitted[record], (receipt.ledger_index, commitment));
            let signed = key.open(&receipt.checkpoint).unwrap();
            let root = self.roots[usize::try_from(receipt.ledger_index).unwrap()];
            assert_eq!((signed.size, signed.root), (receipt.ledger_index + 1, root), "the checkpoint of {record}");
        }
        self.receipts = model.referrals.len();
    }

    async fn key(&self, world: &World) -> String {
        let broker = world.broker();
        let permit = broker.grants().may_call(&world.town.supervisor, Action::GetCheckpoint, broker.now()).unwrap();
        broker.checkpoint(&permit).await.unwrap().1
    }
}

/// Everything that can be compared quickly, and the records that were touched since; with `whole`, all of them.
pub async fn check(world: &World, model: &mut Model, ledger: &mut Ledger, whole: bool) {
    if whole {
        *ledger = Ledger::default();
    }
    ledger.reads_on(world, model).await;
    counts(world, model).await;
    outbox(world, model);
    let touched = std::mem::take(&mut model.touched);
    let all: Vec<Uuid> = if whole { model.records.keys().copied().collect() } else { touched.into_iter().collect() };
    for id in all {
        let stored = world.store().find(id).await.unwrap().unwrap_or_else(|| panic!("record {id} is missing"));
        assert_eq!(stored.deliveries, model.records[&id].deliveries);
        assert_eq!(stored.prompts, model.records[&id].prompts);
        assert_eq!(stored.retractions, model.records[&id].retractions);
        assert_eq!(stored.erased.is_some(), model.records[&id].erased);
    }
    if whole {
        let mut chance = Chance::new(0, 0);
        for queue in model.live.keys().cloned().collect::<Vec<_>>() {
            list(world, model, &queue, &mut chance).await;
        }
        let followers: Vec<String> = model.events.keys().cloned().collect();
        for follower in followers {
            told(world, model, &follower, 500).await;
        }
        for base in 0..world.town.bases.len() {
            listed(world, model, base).await;
        }
        for record in model.referrals.iter().map(|(record, _)| *record).collect::<Vec<_>>() {
            read(world, model, record).await;
        }
    }
}

async fn counts(world: &World, model: &Model) {
    let now = world.now();
    let counted = world.store().counts(&world.town.queues, now).await.unwrap();
    for actual in counted {
        let queue = actual.queue.clone();
        let all: Vec<_> = model.live.get(&queue).into_iter().flatten().map(|id| model.delivery(*id)).collect();
        let dead = all.iter().filter(|one| one.state == State::DeadLetter).count() as u64;
        let live: Vec<_> = all.iter().filter(|one| one.state != State::DeadLetter).collect();
        let expected = QueueCounts {
            queue,
            live: live.len() as u64,
            unopened: live.iter().filter(|one| one.opened.is_none()).count() as u64,
            overdue: all.iter().filter(|one| deadline(one).is_some_and(|due| now > due)).count() as u64,
            leased: live.iter().filter(|one| one.state == State::Leased).count() as u64,
            dead,
            oldest: live.iter().map(|one| one.header.received).min(),
        };
        assert_eq!(actual, expected);
    }
}

fn outbox(world: &World, model: &Model) {
    let failing = || model.pages.values().filter(|row| row.attempts > 0);
    let expected = Outbox {
        waiting: model.pages.len() as u64,
        oldest: model.pages.values().map(|row| row.since).min(),
        failing: failing().count() as u64,
        oldest_failing: failing().map(|row| row.since).min(),
        next: model.pages.values().map(|row| row.next).min(),
    };
    assert_eq!(world.broker().outbox(), expected);
}

/// Each side of a queue, page by page, in order.
pub async fn list(world: &World, model: &Model, queue: &QueueId, chance: &mut Chance) -> u64 {
    let (broker, officer) = (world.broker(), &world.town.officers(queue)[0]);
    let permit = broker.grants().may_serve(officer, Action::ListDeliveries, queue, broker.now()).unwrap();
    let mut all = 0;
    for side in [Side::Live, Side::Leased, Side::DeadLetters] {
        let seen = |one: &Delivery| !model.keeps(one.id.record, officer.identity.as_str(), queue);
        let expected = model.standing(queue, |one| match side {
            _ if !seen(one) => false,
            Side::Live => one.state != State::DeadLetter,
            Side::Leased => one.state == State::Leased,
            Side::DeadLetters => one.state == State::DeadLetter,
        });
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = broker.deliveries(&permit, side, after, 1 + chance.below(20)).await.unwrap();
            found.extend(page.deliveries);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), expected, "{side:?} of {queue}");
        assert!(found.iter().all(|one| one == model.delivery(one.id)), "{side:?} of {queue}");
        all += found.len();
    }
    prompts::list(world, model, queue, chance).await;
    all as u64
}

/// A council's referrals, newest first.
async fn listed(world: &World, model: &Model, base: usize) {
    let (broker, council) = (world.broker(), &world.town.bases[base].council);
    let permit = broker.grants().may_read_referrals(council, Action::ListReferrals, broker.now()).unwrap();
    let (mut found, mut before) = (Vec::new(), Some(u64::MAX));
    while let Some(from) = before {
        let (page, next) = broker.referrals(&permit, from, 50).await.unwrap();
        found.extend(page.into_iter().map(|referral| referral.receipt));
        before = next;
    }
    let same = |other: &Base| other.council == *council;
    let theirs = model.referrals.iter().filter_map(|(record, _)| {
        let (base, _, receipt) = model.records[record].submitted.as_ref().unwrap();
        same(&world.town.bases[*base]).then(|| receipt.clone())
    });
    let mut theirs: Vec<_> = theirs.collect();
    theirs.sort_by_key(|receipt| std::cmp::Reverse(receipt.ledger_index));
    assert!(found == theirs, "the referrals of {}", council.identity);
}

/// One referral as its sender sees it: all destinations as they are, and nothing of what was erased.
pub async fn read(world: &World, model: &Model, id: Uuid) {
    let record = &model.records[&id];
    let (base, reference, receipt) = record.submitted.as_ref().unwrap();
    let (broker, council) = (world.broker(), &world.town.bases[*base].council);
    let permit = broker.grants().may_read_referrals(council, Action::GetReferral, broker.now()).unwrap();
    let seen = broker.referral(&permit, id).await.unwrap();
    assert_eq!(seen.receipt, *receipt);
    let linked = record.linked.iter().flat_map(|linked| &model.records[linked].deliveries);
    let expected: Vec<_> = record.deliveries.iter().chain(linked).filter(|one| !is_nobodys(one)).collect();
    assert_eq!(seen.destinations.iter().map(|one| &one.delivery).collect::<Vec<_>>(), expected);
    let words = if record.erased { String::new() } else { reference.to_string() };
    assert_eq!(seen.sender_reference.reveal(), words);
    assert_eq!(seen.erasure.is_some(), record.erased);
    let linked = record.linked.iter().flat_map(|linked| &model.records[linked].prompts);
    let expected: Vec<_> = record.prompts.iter().chain(linked).collect();
    assert_eq!(seen.prompts.iter().map(|one| &one.prompt).collect::<Vec<_>>(), expected);
    let questions = seen.destinations.iter().flat_map(|one| &one.questions);
    assert!(questions.into_iter().all(|one| one.text.reveal().is_empty() == record.erased));
    {
        let parts = std::iter::once(&id).chain(&record.linked);
        for id in parts.filter(|id| model.records[id].erased) {
            let before = id.as_u128().checked_sub(1).map(Uuid::from_u128);
            let wraps = world.store().wraps(before, 1).await.unwrap().remove(0);
            assert!(wraps.record == *id && wraps.bytes.is_empty(), "what opens {id} is still there");
        }
    }
}

/// What a council was told, in order, some at a time.
pub async fn told(world: &World, model: &Model, follower: &str, limit: usize) -> u64 {
    let (mut found, mut from): (Vec<Told>, u64) = (Vec::new(), 0);
    loop {
        let events = world.store().events(follower, from, limit).await.unwrap();
        let Some(last) = events.last() else { break };
        from = last.index + 1;
        // Who read what, and what was erased, is beside what the model knows.
        let known = |event: &Event| !matches!(event.kind, EventKind::Read | EventKind::Erased);
        for event in events.into_iter().filter(known) {
            let submitted =
                (event.kind == EventKind::Received).then(|| model.records[&event.record].submitted.as_ref().unwrap());
            assert!(submitted.is_none_or(|(.., receipt)| receipt.ledger_index == event.index));
            found.push((event.record, event.leg, event.kind));
        }
    }
    let groups = model.events.get(follower).map(Vec::as_slice).unwrap_or_default();
    assert_eq!(found.len(), groups.iter().map(Vec::len).sum::<usize>(), "how much {follower} was told");
    let mut rest = found.as_slice();
    for group in groups {
        let (here, after) = rest.split_at(group.len());
        let sorted = |told: &[Told]| {
            let mut told: Vec<_> = told.iter().map(|(id, leg, kind)| (*id, *leg, format!("{kind:?}"))).collect();
            told.sort();
            told
        };
        assert_eq!(sorted(here), sorted(group), "what {follower} was told");
        rest = after;
    }
    found.len() as u64
}

/// A receipt to file, which verifies by itself.
pub async fn prove(world: &World, model: &Model, id: Uuid) {
    let (base, _, receipt) = model.records[&id].submitted.as_ref().unwrap();
    let (broker, council) = (world.broker(), &world.town.bases[*base].council);
    let permit = broker.grants().may_read_referrals(council, Action::ProveReferral, broker.now()).unwrap();
    let filed = broker.prove_referral(&permit, id).await.unwrap();
    let key = VerifierKey::parse(&filed.verifier_key).unwrap();
    let (read, entry, checkpoint) = FiledReceipt::verify(&filed.text, &key).unwrap();
    assert_eq!((read.digest, read.index, entry.record), (receipt.digest, receipt.ledger_index, Some(id)));
    assert_eq!(checkpoint.size, world.store().head().await.unwrap().size);
}
