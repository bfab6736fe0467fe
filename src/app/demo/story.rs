//! One narrative, told through the real parts: the council previews and submits, officers pull, open and settle, HOLD
//! is resolved, the council reads what came of it.

use jiff::SignedDuration;
use serde_json::Value;

use super::{expect::Narrative, world::World};
use crate::{
    app::{client, failure::Failure},
    domain::{queue::QueueId, unit::Part},
    wire::caller::{Caller, Completion, Holding},
};

/// Where the demo's resolver sends what is on HOLD: a person has found out where the child lives; the Referral Desk of
/// that council's police follows from it.
pub(super) const RESOLVED_TO: [&str; 2] = ["MASH.E09000011", "REFDESK.SE"];

/// Everything that came out.
pub(super) struct Told {
    /// The receipt.
    pub(super) receipt: Value,
    /// The explanation of the preview, views included.
    pub(super) explanation: Value,
    /// What each officer got.
    pub(super) served: Vec<Served>,
    /// What came to officers from HOLD, once it was resolved.
    pub(super) sent_on: Vec<Served>,
    /// The referral as the council sees it at the end.
    pub(super) referral: Value,
    /// Messages that a watch from the beginning gave.
    pub(super) watched: Vec<Value>,
}

/// One delivery as its officer had it.
pub(super) struct Served {
    /// The queue.
    pub(super) queue: String,
    /// The header.
    pub(super) header: Value,
    /// Units opened, as answered.
    pub(super) opened: Vec<Value>,
    /// What the officer settled it with.
    pub(super) outcome: String,
}

/// Tells one narrative.
pub(super) async fn tell(world: &mut World, narrative: &Narrative) -> Result<Told, Failure> {
    world.set_clock(narrative.expect.received);
    let mut council = world.council(&narrative.expect.organisation).await?;
    let explanation = parse(&council.preview(narrative.submission).await?);
    let request_id = client::request_id()?;
    let first = council.submit(&request_id, narrative.submission).await?;
    // A council that lost the answer repeats the call: the same receipt, and nothing twice.
    if council.submit(&request_id, narrative.submission).await? != first {
        return Err(Failure::other("a repeated submission was answered differently"));
    }
    let receipt = parse(&first)["receipt"].clone();
    world.advance(5);
    let mut served = Vec::new();
    for queue in queues_of(&receipt) {
        let mut officer = world.officer(&queue).await?;
        serve(&mut officer, &queue, &mut served).await?;
    }
    let resolved = served.iter().any(|one| one.queue == "HOLD.human");
    let mut sent_on = Vec::new();
    for queue in RESOLVED_TO.into_iter().filter(|_| resolved) {
        let mut officer = world.officer(queue).await?;
        serve(&mut officer, queue, &mut sent_on).await?;
    }
    let id = receipt["referral_id"].as_str().unwrap_or_default().to_owned();
    let referral = parse(&council.referral(&id).await?)["referral"].clone();
    let watched = watch(&mut council, &id, &referral).await?;
    Ok(Told { receipt, explanation, served, sent_on, referral, watched })
}

/// Submits every narrative once more and leaves it waiting, for whoever pastes the commands and opens the pages.
pub(super) async fn leave_waiting(world: &mut World, narratives: &[Narrative]) -> Result<(), Failure> {
    let mut provider = world.provider().await?;
    for narrative in narratives {
        provider.submit(&client::request_id()?, narrative.submission).await?;
    }
    Ok(())
}

/// Pulls everything that waits in a queue, opens every part and settles it.
async fn serve(officer: &mut Caller, queue: &str, served: &mut Vec<Served>) -> Result<(), Failure> {
    loop {
        let pulled = officer.pull(&client::request_id()?, queue, 5, SignedDuration::from_mins(10)).await?;
        let pulled = parse(&pulled);
        let leased = pulled["deliveries"].as_array().cloned().unwrap_or_default();
        if leased.is_empty() {
            return Ok(());
        }
        for one in leased {
            served.push(settle(officer, queue, &one).await?);
        }
    }
}

async fn settle(officer: &mut Caller, queue: &str, leased: &Value) -> Result<Served, Failure> {
    let header = leased["delivery"].clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let holding = || Holding { delivery: text(&header["delivery_id"]), token: text(&leased["lease"]["token"]) };
    let mut opened = Vec::new();
    for unit in header["openable"].as_array().into_iter().flatten() {
        let part = unit["part"].as_str().and_then(|part| Part::from_code(part.trim_start_matches("PART_")));
        let Some(part) = part else { continue };
        // The original and the provenance need a reason; nobody in the demo has one.
        if matches!(part, Part::Original | Part::Provenance) {
            continue;
        }
        let item = unit["item"].as_u64().and_then(|item| u32::try_from(item).ok()).unwrap_or_default();
        // The lead practitioner says why the carer copy is looked at, as the broker demands.
        let reason = if part == Part::Carer { "to decide what the carer may be told" } else { "" };
        opened.push(parse(&officer.open(holding(), part, item, reason).await?));
    }
    let outcome = if queue == "HOLD.human" {
        let reason = "the school was asked where the child lives";
        let [queue, _] = RESOLVED_TO;
        officer.resolve(&client::request_id()?, holding(), queue, reason).await?;
        queue.to_owned()
    } else {
        let completion = completion(queue, &header);
        let outcome = completion.outcome.clone();
        officer.complete(&client::request_id()?, holding(), completion).await?;
        outcome
    };
    Ok(Served { queue: queue.to_owned(), header, opened, outcome })
}

/// What an officer of this kind of queue might decide.
fn completion(queue: &str, header: &Value) -> Completion {
    let kind = QueueId::parse(queue).map(|queue| queue.kind().to_owned()).unwrap_or_default();
    let only = |content: &str| {
        header["contents"].as_array().is_some_and(|contents| contents.len() == 1 && contents[0] == content)
    };
    let (outcome, reason) = match kind.as_str() {
        "MPU" if only("closure") => ("recorded", ""),
        "MPU" => ("linked", ""),
        "REFDESK" => ("strategy_held", ""),
        "MASH" | "EDT" => ("strategy_discussion", ""),
        "ALLOC" if only("notice") => ("no_further_action", "OTHERS_ACTING"),
        "ALLOC" => ("added_to_open_case", ""),
        _ => ("accepted", ""),
    };
    Completion {
        outcome: outcome.to_owned(),
        reason: reason.to_owned(),
        note: "fictional".to_owned(),
        release_detail: false,
    }
}

/// Watches from the beginning until every destination of this referral was seen settled.
async fn watch(council: &mut Caller, id: &str, referral: &Value) -> Result<Vec<Value>, Failure> {
    let destinations = referral["destinations"].as_array().map_or(0, Vec::len);
    let mut settled = 0;
    let mut seen = Vec::new();
    council
        .watch("0", |text| {
            let message = parse(&text);
            if message["referral_id"] != id {
                return true;
            }
            let event = message["event"].as_str().unwrap_or_default();
            settled += usize::from(matches!(event, "REFERRAL_EVENT_SETTLED" | "REFERRAL_EVENT_RESOLVED"));
            seen.push(message);
            settled < destinations
        })
        .await?;
    Ok(seen)
}

/// The receipt's queues, each once, HOLD last.
fn queues_of(receipt: &Value) -> Vec<String> {
    let legs = receipt["legs"].as_array().cloned().unwrap_or_default();
    let mut queues: Vec<String> = legs.iter().filter_map(|leg| leg["queue"].as_str().map(str::to_owned)).collect();
    queues.sort_by_key(|queue| (queue == "HOLD.human", queue.clone()));
    queues.dedup();
    queues
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
