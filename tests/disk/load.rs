//! Councils that submit and an officer who settles, all at once, and what each was told: the judge of every disk.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use homeward::{
    ledger::{VerifierKey, is_consistent},
    wire::pb::{self, DestinationState as State},
};
use prost::Message;
use tokio::task::JoinSet;

use crate::{
    daemon::{Daemon, recent},
    house::{LEWISHAM, MASH, MPU, REFDESK, RESOLVER},
    person::{Person, Taken, bytes, fresh, referral, request, submission},
};

/// Councils that submit at the same time.
const COUNCILS: usize = 3;

/// A call and, where it was answered, the answer and when: how long the disk's log was then.
#[derive(Clone)]
struct Told<T> {
    what: T,
    answer: Option<(Vec<u8>, u64)>,
}

/// All that was asked and answered.
#[derive(Clone, Default)]
pub struct Oracle {
    /// Bodies of submissions.
    sent: Vec<Told<Vec<u8>>>,
    /// Deliveries that an officer settled.
    settled: Vec<Told<String>>,
}

type Shared = Arc<Mutex<Oracle>>;

impl Oracle {
    pub fn acknowledged(&self) -> usize {
        self.sent.iter().filter(|one| one.answer.is_some()).count()
    }

    pub fn settled(&self) -> usize {
        self.settled.iter().filter(|one| one.answer.is_some()).count()
    }

    /// What had been answered when the log was this long: of the rest nobody knows.
    pub fn until(&self, position: u64) -> Self {
        let mut known = self.clone();
        let keep = |answer: &mut Option<(Vec<u8>, u64)>| *answer = answer.take().filter(|(_, at)| *at <= position);
        known.sent.iter_mut().for_each(|one| keep(&mut one.answer));
        known.settled.iter_mut().for_each(|one| keep(&mut one.answer));
        known
    }

    /// What was answered holds whatever the log is from now on.
    pub fn hold(&mut self) {
        self.sent.iter_mut().filter_map(|one| one.answer.as_mut()).for_each(|(_, at)| *at = 0);
        self.settled.iter_mut().filter_map(|one| one.answer.as_mut()).for_each(|(_, at)| *at = 0);
    }
}

/// Submits and settles until so many more submissions are answered or nobody answers any more; `position` says how long the log is.
pub async fn load(
    daemon: &Daemon,
    oracle: &mut Oracle,
    most: usize,
    position: impl Fn() -> u64 + Clone + Send + 'static,
) {
    work(daemon, oracle, (most, true), position).await;
}

/// Submits so many more, and nobody settles them.
pub async fn arrive(daemon: &Daemon, oracle: &mut Oracle, most: usize) {
    work(daemon, oracle, (most, false), || 0).await;
}

async fn work(
    daemon: &Daemon,
    oracle: &mut Oracle,
    (most, officer): (usize, bool),
    position: impl Fn() -> u64 + Clone + Send + 'static,
) {
    let shared: Shared = Arc::new(Mutex::new(std::mem::take(oracle)));
    let enough = shared.lock().unwrap().acknowledged() + most;
    let mut tasks = JoinSet::new();
    for council in 0..COUNCILS {
        let (person, shared, position) = (daemon.person(LEWISHAM).await, shared.clone(), position.clone());
        tasks.spawn(submits(person, shared, enough, (council, position)));
    }
    if officer {
        let officer = daemon.person(MPU).await;
        tasks.spawn(settles(officer, shared.clone(), enough, position));
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    *oracle = std::mem::take(&mut *shared.lock().unwrap());
}

async fn submits(person: Person, shared: Shared, enough: usize, (council, position): (usize, impl Fn() -> u64)) {
    let base = submission(&recent(1, "2026-11-20T16:30:00Z"));
    for number in 0.. {
        if shared.lock().unwrap().acknowledged() >= enough {
            return;
        }
        let mut submission = base.clone();
        submission.envelope.as_mut().unwrap().sender_reference = format!("council {council} number {number}");
        let body = bytes(&request(submission));
        let at = {
            let mut oracle = shared.lock().unwrap();
            oracle.sent.push(Told { what: body.clone(), answer: None });
            oracle.sent.len() - 1
        };
        match person.call(&referral("SubmitReferral"), body).await {
            Ok(answer) => shared.lock().unwrap().sent[at].answer = Some((answer, position())),
            Err(_) => return,
        }
    }
}

async fn settles(mut officer: Person, shared: Shared, enough: usize, position: impl Fn() -> u64) {
    while shared.lock().unwrap().acknowledged() < enough {
        let Ok(taken) = officer.pull("MPU.SE").await else { return };
        // Half of what there is: the other half stays under its lease.
        for taken in taken.iter().step_by(2) {
            let Some(unit) = taken.header.openable.first() else { continue };
            if officer.open(taken, (unit.part(), unit.item), "").await.is_err() {
                return;
            }
            let at = {
                let mut oracle = shared.lock().unwrap();
                oracle.settled.push(Told { what: taken.id.clone(), answer: None });
                oracle.settled.len() - 1
            };
            if officer.complete(taken, "recorded").await.is_err() {
                return;
            }
            shared.lock().unwrap().settled[at].answer = Some((Vec::new(), position()));
        }
        tokio::task::yield_now().await;
    }
}

/// Holds a daemon to what its clients were told; makes every submission again that nobody has an answer to.
///
/// # Errors
/// A call was refused: with what words. What is answered is held to what was told all the same.
pub async fn judge(daemon: &Daemon, oracle: &mut Oracle) -> Result<(), String> {
    let refused = |status: tonic::Status| format!("{:?}: {}", status.code(), status.message());
    let council = daemon.try_person(LEWISHAM).await?;
    ledger(&council, oracle).await.map_err(refused)?;
    let mut receipts = BTreeMap::new();
    for (number, sent) in oracle.sent.iter_mut().enumerate() {
        let known = sent.answer.as_ref().map(|(answer, _)| receipt(answer));
        let receipt = match known {
            // Some are sent again although they were answered; all are compared with what is kept.
            Some(known) if !number.is_multiple_of(8) => known,
            known => {
                let again = council.call(&referral("SubmitReferral"), sent.what.clone()).await.map_err(refused)?;
                let again = receipt(&again);
                assert!(known.is_none_or(|known| known == again), "what was acknowledged has another receipt now");
                let answer = bytes(&pb::SubmitReferralResponse { receipt: Some(again.clone()) });
                sent.answer = Some((answer, 0));
                again
            }
        };
        receipts.insert(receipt.referral_id.clone(), receipt);
    }
    let ids: Vec<_> = receipts.keys().cloned().collect();
    assert_eq!(ids.len(), oracle.sent.len(), "two requests have the same receipt");
    let mut listed = listed(council.clone()).await.map_err(refused)?;
    listed.sort();
    assert!(listed == ids, "{} are listed where {} were sent", listed.len(), ids.len());
    let states = states(council, &receipts).await.map_err(refused)?;
    for settled in &oracle.settled {
        let completed = states.get(&settled.what).is_some_and(|(_, state)| *state == State::Settled);
        assert!(completed || settled.answer.is_none(), "{} was settled, and is so no longer", settled.what);
    }
    for (queue, officer) in
        [("MPU.SE", MPU), ("REFDESK.SE", REFDESK), ("MASH.E09000023", MASH), ("HOLD.human", RESOLVER)]
    {
        let mut found = standing(daemon.try_person(officer).await?, queue).await.map_err(refused)?;
        let here = states.iter().filter(|(_, (own, state))| own == queue && *state != State::Settled);
        let expected: Vec<_> = here.map(|(id, _)| id.clone()).collect();
        found.sort();
        assert!(found == expected, "{queue}: {} stand there where {} are to", found.len(), expected.len());
    }
    Ok(())
}

/// What an officer read under leases that outlive the daemon: each unit, and what it said.
pub struct Readings(Vec<(Taken, (pb::Part, u32), String)>);

impl Readings {
    /// Takes what waits, for an hour, and reads all of it.
    pub async fn of(daemon: &Daemon) -> Self {
        let mut officer = daemon.person(MPU).await;
        let asked = pb::PullRequest {
            request_id: fresh(),
            queue: "MPU.SE".into(),
            max_deliveries: 10,
            lease_duration: Some(prost_types::Duration { seconds: 3_600, nanos: 0 }),
            session: "reading".into(),
        };
        let taken = officer.queues.pull(asked).await.unwrap().into_inner().deliveries;
        let mut readings = Vec::new();
        for taken in taken.into_iter().map(Taken::of) {
            for unit in taken.header.openable.clone() {
                let unit = (unit.part(), unit.item);
                let text = officer.read(&taken, unit, "").await.unwrap();
                assert!(!text.is_empty());
                readings.push((taken.clone(), unit, text));
            }
        }
        assert!(readings.len() > 10, "only {} were read: it proves nothing", readings.len());
        Self(readings)
    }

    /// Reads all of it again: what is answered is what it was.
    ///
    /// # Errors
    /// A call was refused: with what words.
    pub async fn again(&self, daemon: &Daemon) -> Result<(), String> {
        let (mut officer, mut outcome) = (daemon.try_person(MPU).await?, Ok(()));
        for (taken, unit, before) in &self.0 {
            match officer.read(taken, *unit, "").await {
                Ok(text) => assert!(text == *before, "a part of {} says something else", taken.id),
                Err(status) => outcome = Err(format!("{:?}: {}", status.code(), status.message())),
            }
        }
        outcome
    }
}

fn receipt(answer: &[u8]) -> pb::Receipt {
    pb::SubmitReferralResponse::decode(answer).unwrap().receipt.unwrap()
}

/// The ledger holds all that was acknowledged: it leads on from the newest checkpoint that anybody has.
async fn ledger(council: &Person, oracle: &Oracle) -> Result<(), tonic::Status> {
    let answers = oracle.sent.iter().filter_map(|one| one.answer.as_ref());
    let Some(newest) = answers.map(|(answer, _)| receipt(answer)).max_by_key(|receipt| receipt.ledger_index) else {
        return Ok(());
    };
    let audit = |method: &str| format!("/homeward.v1.AuditService/{method}");
    let head = council.call(&audit("GetCheckpoint"), Vec::new()).await?;
    let head = pb::GetCheckpointResponse::decode(head.as_slice()).unwrap();
    let key = VerifierKey::parse(&head.verifier_key).unwrap();
    let kept = key.open(&newest.checkpoint).expect("the checkpoint of a receipt is signed by the same ledger");
    let asked = bytes(&pb::ProveConsistencyRequest { first_size: kept.size, second_size: 0 });
    let proof = council.call(&audit("ProveConsistency"), asked).await?;
    let proof = pb::ProveConsistencyResponse::decode(proof.as_slice()).unwrap();
    let now = key.open(&proof.checkpoint).unwrap();
    let path: Vec<[u8; 32]> = proof.hashes.iter().map(|hash| hash.as_slice().try_into().unwrap()).collect();
    assert!(now.size >= kept.size, "the ledger is shorter than a receipt says");
    assert!(is_consistent((kept.size, &kept.root), (now.size, &now.root), &path), "it is another ledger");
    Ok(())
}

async fn listed(mut council: Person) -> Result<Vec<String>, tonic::Status> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let asked = pb::ListReferralsRequest { page_size: 200, page_token, ..Default::default() };
        let page = council.referrals.list_referrals(asked).await?.into_inner();
        found.extend(page.referrals.into_iter().map(|referral| referral.receipt.unwrap().referral_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
}

/// The queue of each delivery, and how far it has come; each referral has the receipt that it had.
async fn states(
    mut council: Person,
    receipts: &BTreeMap<String, pb::Receipt>,
) -> Result<BTreeMap<String, (String, State)>, tonic::Status> {
    let mut states = BTreeMap::new();
    for (id, receipt) in receipts {
        let referral = council.referral(id).await?;
        assert!(referral.receipt.as_ref() == Some(receipt), "what is kept of {id} is not its receipt");
        for found in referral.destinations {
            let state = found.state();
            assert!(states.insert(found.delivery_id, (found.queue, state)).is_none(), "a delivery twice");
        }
    }
    Ok(states)
}

async fn standing(mut officer: Person, queue: &str) -> Result<Vec<String>, tonic::Status> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let asked =
            pb::ListDeliveriesRequest { queue: queue.to_owned(), page_size: 200, page_token, dead_letters: false };
        let page = officer.queues.list_deliveries(asked).await?.into_inner();
        found.extend(page.deliveries.into_iter().map(|delivery| delivery.delivery_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
}
