//! What happens when the process is killed, the disk refuses, or files are damaged: on real processes and real files.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test stops at the first surprise and says so"
)]

mod agreeing;
mod child;
mod compact;
mod copied;
mod damage;
mod deep;
mod durability;
#[path = "../store/fixtures.rs"]
#[allow(dead_code, reason = "shared with the conformance suite, which uses all of it")]
mod fixtures;
mod kill;
mod lost;
mod power;

use homeward::{
    domain::delivery::State,
    store::{Acceptance, Side, Store, StoreError},
};
use uuid::Uuid;

/// The queues of every submission made here.
const QUEUES: [&str; 3] = ["MPU.SE", "MASH.E09000003", "REFDESK.NA"];

/// The submission with this number: the same wherever it is made, so that another process can ask for it again.
fn numbered(number: u64) -> Acceptance {
    let mut acceptance = fixtures::to(&QUEUES);
    let id = Uuid::from_u128((1 << 100) | u128::from(number));
    acceptance.records[0].record.id = id;
    acceptance.records[0].sealed = sealed(number);
    acceptance.once.request = id;
    acceptance.entries[0].record = Some(id);
    acceptance.answer = number.to_be_bytes().to_vec();
    acceptance
}

/// Every twentieth is large enough for many pieces.
fn sealed(number: u64) -> Vec<u8> {
    let size = if number.is_multiple_of(20) { 100_000 } else { 3_000 };
    (0..size).map(|at: u64| (at * 31 + number) as u8).collect()
}

/// An acknowledged submission is there, whole, once, and in its queues.
async fn there(store: &dyn Store, number: u64) -> Result<(), StoreError> {
    let expected = numbered(number);
    let id = expected.records[0].record.id;
    let stored = store.find(id).await?.unwrap_or_else(|| panic!("submission {number} is missing"));
    assert_eq!(stored.record, expected.records[0].record);
    let queues: Vec<_> = stored.deliveries.iter().map(|leg| leg.header.queue.as_str().to_owned()).collect();
    assert_eq!(queues, QUEUES);
    assert!(store.sealed(id).await? == Some(sealed(number)), "submission {number} is sealed otherwise");
    let again = store.answered(&expected.once).await?.unwrap_or_else(|| panic!("answer {number} is missing"));
    assert_eq!(again.answer, expected.answer);
    Ok(())
}

/// How often each delivery of these queues stands in its queue, the settled ones apart.
async fn standing(store: &dyn Store) -> Result<std::collections::HashMap<String, usize>, StoreError> {
    let mut times = std::collections::HashMap::new();
    for queue in QUEUES {
        let page = store.deliveries(&fixtures::queue(queue), (Side::Live, fixtures::READER), None, usize::MAX).await?;
        for delivery in page.deliveries {
            assert!(delivery.settled.is_none());
            *times.entry(delivery.id.to_string()).or_default() += 1;
        }
    }
    Ok(times)
}

/// All of [`there`], and every leg of each stands in its queue once unless it was settled.
async fn all_there(store: &dyn Store, numbers: &[u64]) -> Result<(), StoreError> {
    let standing = standing(store).await?;
    for number in numbers {
        there(store, *number).await?;
        let id = numbered(*number).records[0].record.id;
        for leg in store.find(id).await?.expect("found a moment ago").deliveries {
            let times = usize::from(leg.state != State::Completed);
            assert_eq!(standing.get(&leg.id.to_string()).copied().unwrap_or(0), times, "{}", leg.id);
        }
    }
    Ok(())
}
