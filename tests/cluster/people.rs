//! Sixteen councils that submit and sixteen officers who pull and settle, each through whichever broker answers; and what they were told,
//! which is what the cluster is judged by.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use homeward::{
    platform::{Clock, SystemClock},
    wire::{pb, profile::Profile},
};
use jiff::Timestamp;
use prost::Message;
use tokio::{task::JoinHandle, time::timeout};

use crate::{
    daemon::recent,
    person::{Person, Taken, bytes, completion, fresh, referral, request, submission, why},
};

/// Officers, by their unit: each council's, and five more where each interview leaves something, for it tells of Greenwich.
const OFFICERS: [&str; 16] =
    ["AW", "CE", "CN", "EA", "NA", "NE", "NW", "SE", "SN", "SW", "WA", "SE", "SE", "SE", "SE", "SE"];

/// Councils, and the police unit that has their children.
pub const COUNCILS: [(&str, &str); 16] = [
    ("E09000002", "EA"),
    ("E09000003", "NW"),
    ("E09000004", "SE"),
    ("E09000006", "SN"),
    ("E09000007", "CN"),
    ("E09000009", "WA"),
    ("E09000010", "NA"),
    ("E09000012", "CE"),
    ("E09000013", "AW"),
    ("E09000014", "NA"),
    ("E09000016", "EA"),
    ("E09000017", "WA"),
    ("E09000018", "WA"),
    ("E09000021", "SW"),
    ("E09000023", "SE"),
    ("E09000025", "NE"),
];

/// An answer that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(6);
/// Between two submissions of a council, so that officers keep up.
const PAUSE: Duration = Duration::from_millis(700);
/// The shortest lease.
const LEASE: i64 = 30;

/// What this test adds to the grants: who may submit for each council, and who serves each queue.
pub fn grants() -> String {
    let during = "not_before = \"2020-01-01T00:00:00Z\"\nnot_after = \"2096-01-01T00:00:00Z\"\n";
    let council = |(gss, _): &(&str, &str)| {
        format!(
            "[[grant]]\norganisation = \"gss/{gss}\"\nrole = \"council_submitter\"\nsubmit_for = [\"{gss}\"]\n{during}"
        )
    };
    let units: BTreeSet<_> = COUNCILS.iter().map(|(_, unit)| *unit).collect();
    let officers = units.iter().map(|unit| {
        format!("[[grant]]\norganisation = \"met/{unit}\"\nrole = \"mpu_officer\"\nqueues = [\"MPU.{unit}\"]\n{during}")
    });
    COUNCILS.iter().map(council).chain(officers).collect()
}

/// The identity of a council's system, and of an officer.
pub fn identities(number: usize) -> [String; 2] {
    let (gss, unit) = (COUNCILS[number].0, OFFICERS[number]);
    [format!("gss/{gss}/council_submitter/load-{number}"), format!("met/{unit}/mpu_officer/load-{number}")]
}

/// A lease that somebody was given.
#[derive(Clone)]
pub struct Given {
    delivery: String,
    token: String,
    /// When they had the answer, and when it was to end.
    at: Timestamp,
    until: Timestamp,
}

/// What everybody was told.
#[derive(Default)]
pub struct Told {
    /// Submissions as they were sent, with their receipts.
    pub receipts: Mutex<BTreeMap<Vec<u8>, Vec<u8>>>,
    pub given: Mutex<Vec<Given>>,
    /// Deliveries, with their queues, whose completion was acknowledged.
    pub completed: Mutex<Vec<(String, String)>>,
    /// Leases that were lost while their holder could not be heard.
    pub lost: Mutex<usize>,
}

/// Where brokers are, as they come and go.
pub type Doors = Arc<Mutex<Vec<String>>>;

/// Somebody who goes to another broker where one does not answer.
pub struct Caller {
    profile: PathBuf,
    doors: Doors,
    turn: usize,
    person: Option<Person>,
}

impl Caller {
    pub fn new(profile: PathBuf, doors: &Doors, turn: usize) -> Self {
        Self { profile, doors: Arc::clone(doors), turn, person: None }
    }

    /// Makes a call until somebody answers it, in whatever way but that they cannot now.
    pub async fn asks<T, F>(&mut self, call: impl Fn(Person) -> F) -> Result<T, tonic::Status>
    where
        F: Future<Output = Result<T, tonic::Status>>,
    {
        loop {
            let person = match self.person.take() {
                Some(person) => Some(person),
                None => self.connected().await,
            };
            if let Some(person) = person {
                match timeout(PATIENCE, call(person.clone())).await {
                    Ok(Err(status)) if !passes(&status) => {
                        self.person = Some(person);
                        return Err(status);
                    }
                    Ok(Ok(answer)) => {
                        self.person = Some(person);
                        return Ok(answer);
                    }
                    _ => {}
                }
            }
            self.turn += 1;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn connected(&self) -> Option<Person> {
        let url = {
            let doors = self.doors.lock().unwrap();
            doors[self.turn % doors.len()].clone()
        };
        let profile = Profile::load(&self.profile).unwrap().at(url);
        let connecting = timeout(PATIENCE, profile.connect(Arc::new(SystemClock)));
        Some(Person::new(connecting.await.ok()?.ok()?))
    }
}

/// Whether it may be otherwise in a moment, or elsewhere.
fn passes(status: &tonic::Status) -> bool {
    use tonic::Code::{Cancelled, DeadlineExceeded, Unavailable, Unknown};
    matches!(status.code(), Cancelled | DeadlineExceeded | Unavailable | Unknown)
}

/// What a council submits: the same interview, in its own borough.
fn sent(number: usize) -> Vec<u8> {
    let text = recent(1, "2026-11-20T16:30:00Z").replace("E09000023", COUNCILS[number].0);
    bytes(&request(submission(&text)))
}

/// A submission.
pub async fn submitting(person: Person, body: Vec<u8>) -> Result<Vec<u8>, tonic::Status> {
    person.call(&referral("SubmitReferral"), body).await
}

async fn pulling(mut person: Person, asked: pb::PullRequest) -> Result<Vec<pb::LeasedDelivery>, tonic::Status> {
    Ok(person.queues.pull(asked).await?.into_inner().deliveries)
}

async fn opening(mut person: Person, taken: Taken) -> Result<(), tonic::Status> {
    let unit = taken.header.openable[0];
    person.open(&taken, (unit.part(), unit.item), "").await.map(drop)
}

async fn completing(mut person: Person, asked: pb::CompleteDeliveryRequest) -> Result<(), tonic::Status> {
    person.queues.complete_delivery(asked).await.map(drop)
}

/// Submits one after another until it is told to stop.
async fn submits(number: usize, mut council: Caller, told: Arc<Told>, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::Relaxed) {
        let body = sent(number);
        let receipt = council.asks(|person| submitting(person, body.clone())).await;
        told.receipts.lock().unwrap().insert(body, receipt.unwrap());
        tokio::time::sleep(PAUSE).await;
    }
}

/// Pulls, opens and completes until it is told to stop and nothing is left.
async fn serves(number: usize, mut officer: Caller, told: Arc<Told>, stop: Arc<AtomicBool>) {
    let queue = format!("MPU.{}", OFFICERS[number]);
    loop {
        let ends = stop.load(Ordering::Relaxed);
        let asked = pb::PullRequest {
            request_id: fresh(),
            queue: queue.clone(),
            max_deliveries: 3,
            lease_duration: Some(prost_types::Duration { seconds: LEASE, nanos: 0 }),
            ..Default::default()
        };
        // A repeat of a pull has the same answer: no lease is given that nobody knows of.
        let pulled = officer.asks(|person| pulling(person, asked.clone())).await.unwrap();
        let at = SystemClock.now();
        for leased in pulled.iter().cloned() {
            let ends = leased.lease.as_ref().unwrap().expire_time.unwrap();
            let until = Timestamp::new(ends.seconds, ends.nanos).unwrap();
            let taken = Taken::of(leased);
            let (delivery, token) = (taken.id.clone(), taken.token.clone());
            told.given.lock().unwrap().push(Given { delivery, token, at, until });
            settles(&mut officer, &told, taken, &queue).await;
        }
        if pulled.is_empty() {
            if ends && nothing_is_held(&told) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Whether every lease is over: nothing will come back into a queue.
fn nothing_is_held(told: &Told) -> bool {
    let done: BTreeSet<String> = told.completed.lock().unwrap().iter().map(|(delivery, _)| delivery.clone()).collect();
    // A lease that ran out comes back with the caretaker's next round.
    let late = |given: &Given| SystemClock.now().duration_since(given.until).as_secs() < 15;
    !told.given.lock().unwrap().iter().any(|given| !done.contains(&given.delivery) && late(given))
}

async fn settles(officer: &mut Caller, told: &Told, taken: Taken, queue: &str) {
    let done = match officer.asks(|person| opening(person, taken.clone())).await {
        Ok(()) => {
            let asked = completion(&taken, "recorded");
            officer.asks(|person| completing(person, asked.clone())).await
        }
        Err(status) => Err(status),
    };
    match done {
        Ok(()) => told.completed.lock().unwrap().push((taken.id, queue.to_owned())),
        Err(status) => {
            let lost = why::<()>(Err(status));
            assert_eq!(lost.1, "LEASE_LOST", "{lost:?}");
            *told.lost.lock().unwrap() += 1;
        }
    }
}

/// Sets all of them to work, councils and officers; each until it is told to stop.
pub fn at_work(
    profiles: &[[PathBuf; 2]],
    doors: &Doors,
    told: &Arc<Told>,
    [enough, over]: [&Arc<AtomicBool>; 2],
) -> [Vec<JoinHandle<()>>; 2] {
    let caller = |number: usize, side: usize| Caller::new(profiles[number][side].clone(), doors, number + side);
    let all = 0..profiles.len();
    let councils = all.clone().map(|number| submits(number, caller(number, 0), Arc::clone(told), Arc::clone(enough)));
    let councils = councils.map(tokio::spawn).collect();
    let officers = all.map(|number| serves(number, caller(number, 1), Arc::clone(told), Arc::clone(over)));
    [councils, officers.map(tokio::spawn).collect()]
}

/// What they were told fits: each receipt was of something that was given to somebody and settled, once, and nothing else was; nothing had
/// two holders.
pub fn judged(told: &Told) {
    let receipts = told.receipts.lock().unwrap();
    let mut expected = BTreeSet::new();
    let mut indices = BTreeSet::new();
    for receipt in receipts.values() {
        let receipt = pb::SubmitReferralResponse::decode(receipt.as_slice()).unwrap().receipt.unwrap();
        assert!(indices.insert(receipt.ledger_index), "entry {} was given twice", receipt.ledger_index);
        let served = |queue: &str| COUNCILS.iter().any(|(_, unit)| queue == format!("MPU.{unit}"));
        for leg in receipt.legs.into_iter().filter(|leg| served(&leg.queue)) {
            assert!(expected.insert((leg.referral_id, leg.queue)));
        }
    }
    let completed = told.completed.lock().unwrap();
    let ids: BTreeSet<_> = completed.iter().map(|(delivery, _)| delivery).collect();
    assert_eq!(ids.len(), completed.len(), "something was settled twice");
    let record = |delivery: &str| delivery.rsplit_once('.').unwrap().0.to_owned();
    let done: BTreeSet<_> = completed.iter().map(|(delivery, queue)| (record(delivery), queue.clone())).collect();
    assert_eq!(done.len(), completed.len());
    let unsettled: Vec<_> = expected.difference(&done).collect();
    assert!(unsettled.is_empty(), "acknowledged and never given to anybody: {unsettled:?}");
    let unknown: Vec<_> = done.difference(&expected).collect();
    assert!(unknown.is_empty(), "given to somebody and never acknowledged: {unknown:?}");
    let mut given = told.given.lock().unwrap().clone();
    given.sort_by(|one, other| (&one.delivery, one.at).cmp(&(&other.delivery, other.at)));
    for pair in given.windows(2) {
        if pair[0].delivery == pair[1].delivery && pair[0].token != pair[1].token {
            assert!(pair[0].until <= pair[1].at, "{} had two holders", pair[0].delivery);
        }
    }
}
