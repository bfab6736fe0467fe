//! kill -9 under load, through the whole house: what was acknowledged is there, once, with the receipt it had.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use homeward::{
    platform::{SystemEntropy, entropy},
    wire::pb::{
        self, stream_pull_request::Step, stream_pull_response::Event, submit_referrals_response::Result as Outcome,
    },
};
use prost::Message;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    daemon::{Daemon, recent},
    house::{LEWISHAM, MASH, MPU, REFDESK},
    person::{Person, bytes, referral, request, submission},
};

/// One submission: its bytes, and the bytes of its receipt once it was acknowledged.
struct Sent {
    body: Vec<u8>,
    answer: Option<Vec<u8>>,
}

/// Items of one stream that wait for their answers: those are sent again after the kill.
const UNANSWERED: usize = 40;

/// So many are acknowledged at least in a round that waits for them: twice what is asked of all rounds on average.
const ANSWERED: usize = 10;
/// For what no machine takes so long.
const MOST: Duration = Duration::from_secs(300);

type Log = Arc<Mutex<Vec<Sent>>>;

fn acknowledged(log: &Log) -> usize {
    log.lock().unwrap().iter().filter(|sent| sent.answer.is_some()).count()
}

/// Submits until the daemon is gone.
async fn load(council: Person, log: Log, base: pb::Submission, task: usize) {
    for number in 0.. {
        let mut submission = base.clone();
        submission.envelope.as_mut().unwrap().sender_reference = format!("task {task} number {number}");
        let body = bytes(&request(submission));
        let at = {
            let mut log = log.lock().unwrap();
            log.push(Sent { body: body.clone(), answer: None });
            log.len() - 1
        };
        match council.call(&referral("SubmitReferral"), body).await {
            Ok(answer) => log.lock().unwrap()[at].answer = Some(answer),
            Err(_) => return,
        }
    }
}

/// Submits on a stream until the daemon is gone; what comes back is of the items in their order.
async fn load_stream(mut council: Person, log: Log, base: pb::Submission, task: usize) {
    let (sender, receiver) = mpsc::channel(16);
    let (order, mut ordered) = mpsc::unbounded_channel();
    let entries = log.clone();
    let unanswered = Arc::new(Semaphore::new(UNANSWERED));
    let room = unanswered.clone();
    let feeding = tokio::spawn(async move {
        for number in 0.. {
            room.acquire().await.unwrap().forget();
            let mut submission = base.clone();
            submission.envelope.as_mut().unwrap().sender_reference = format!("stream {task} number {number}");
            let pb::SubmitReferralRequest { request_id, submission } = request(submission);
            let item = pb::SubmitReferralsRequest { request_id: request_id.clone(), submission };
            let at = {
                let mut log = entries.lock().unwrap();
                log.push(Sent { body: bytes(&item), answer: None });
                log.len() - 1
            };
            order.send((at, request_id)).unwrap();
            if sender.send(item).await.is_err() {
                return;
            }
        }
    });
    if let Ok(answers) = council.referrals.submit_referrals(ReceiverStream::new(receiver)).await {
        let mut answers = answers.into_inner();
        while let Ok(Some(answer)) = answers.message().await {
            unanswered.add_permits(1);
            let (at, request_id) = ordered.recv().await.unwrap();
            assert_eq!(answer.request_id, request_id);
            let Some(Outcome::Receipt(receipt)) = answer.result else { continue };
            log.lock().unwrap()[at].answer = Some(bytes(&pb::SubmitReferralResponse { receipt: Some(receipt) }));
        }
    }
    feeding.abort();
}

/// One round: load, a kill at some moment after so many answers, a restart, and everything sent once more. Gives how many were
/// acknowledged before the kill, and every receipt.
async fn round(daemon: &mut Daemon, base: &pb::Submission, streamed: bool, answers: usize) -> (usize, Vec<Vec<u8>>) {
    let log = Log::default();
    let mut tasks = tokio::task::JoinSet::new();
    let channels = [daemon.person(LEWISHAM).await, daemon.person(LEWISHAM).await];
    for task in 0..8 {
        let council = channels[task % 2].clone();
        if streamed && task < 2 {
            tasks.spawn(load_stream(council, log.clone(), base.clone(), task));
        } else if !streamed {
            tasks.spawn(load(council, log.clone(), base.clone(), task));
        }
    }
    let answered = async {
        while acknowledged(&log) < answers {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(MOST, answered).await.expect("hardly anything is acknowledged");
    let chance: [u8; 2] = entropy::random(&SystemEntropy::new()).unwrap();
    let least = if streamed { 600 } else { 100 };
    tokio::time::sleep(Duration::from_millis(least + u64::from(u16::from_be_bytes(chance)) % 700)).await;
    daemon.kill();
    tasks.join_all().await;
    daemon.restart().await;
    let council = daemon.person(LEWISHAM).await;
    let before = acknowledged(&log);
    let sent = std::mem::take(&mut *log.lock().unwrap());
    let mut receipts = Vec::new();
    for sent in sent {
        let again = council.call(&referral("SubmitReferral"), sent.body).await.unwrap();
        assert!(sent.answer.is_none_or(|first| first == again), "the receipt is another");
        receipts.push(again);
    }
    (before, receipts)
}

/// How often each record stands in a queue.
async fn standing(mut officer: Person, queue: &str) -> BTreeMap<String, usize> {
    let (mut times, mut page_token) = (BTreeMap::new(), String::new());
    loop {
        let asked =
            pb::ListDeliveriesRequest { queue: queue.to_owned(), page_size: 200, page_token, dead_letters: false };
        let page = officer.queues.list_deliveries(asked).await.unwrap().into_inner();
        for delivery in page.deliveries.into_iter().filter(|delivery| delivery.linked_from.is_empty()) {
            *times.entry(delivery.referral_id).or_default() += 1;
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return times;
        }
    }
}

async fn listed(mut council: Person) -> Vec<String> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let asked = pb::ListReferralsRequest { page_size: 200, page_token, ..Default::default() };
        let page = council.referrals.list_referrals(asked).await.unwrap().into_inner();
        found.extend(page.referrals.into_iter().map(|referral| referral.receipt.unwrap().referral_id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_submission_is_there_once_whatever_was_killed() {
    whatever_was_killed(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_submission_acknowledged_on_a_stream_is_there_once_whatever_was_killed() {
    whatever_was_killed(true).await;
}

async fn whatever_was_killed(streamed: bool) {
    let rounds = std::env::var("HOMEWARD_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    let rounds = rounds.unwrap_or(if streamed { 4 } else { 10 });
    let mut daemon = Daemon::start().await;
    let base = submission(&recent(1, "2026-11-20T16:30:00Z"));
    let (mut acknowledged, mut receipts) = (0, Vec::new());
    // The first ones are killed while they may still be beginning, the others at work.
    let first = if streamed { 2 } else { 3 };
    for number in 0..rounds {
        let answers = if number < first { 0 } else { ANSWERED };
        let (before, all) = round(&mut daemon, &base, streamed, answers).await;
        acknowledged += before;
        receipts.extend(all);
    }
    assert!(acknowledged >= 5 * rounds, "only {acknowledged} were acknowledged before a kill: it proves nothing");
    let mut expected: Vec<String> = receipts
        .iter()
        .map(|receipt| pb::SubmitReferralResponse::decode(receipt.as_slice()).unwrap().receipt.unwrap().referral_id)
        .collect();
    expected.sort();
    let mut found = listed(daemon.person(LEWISHAM).await).await;
    found.sort();
    assert_eq!(found.len(), expected.len(), "as many records as requests");
    assert!(found == expected, "each once, and no other");
    for (path, queue) in [(MPU, "MPU.SE"), (REFDESK, "REFDESK.SE"), (MASH, "MASH.E09000023")] {
        let times = standing(daemon.person(path).await, queue).await;
        assert_eq!(times.len(), expected.len(), "{queue}");
        assert!(times.values().all(|times| *times == 1), "{queue}: each once");
    }
    daemon.stop();
}

/// Opens a stream on a queue in a session and takes so many deliveries.
async fn taken(officer: &mut Person, session: &str, most: usize) -> Vec<(String, String)> {
    let start = pb::StreamPullStart { queue: "MPU.SE".into(), session: session.into(), ..Default::default() };
    let (sender, receiver) = mpsc::channel(1);
    sender.send(pb::StreamPullRequest { step: Some(Step::Start(start)) }).await.unwrap();
    let mut events = officer.queues.stream_pull(ReceiverStream::new(receiver)).await.unwrap().into_inner();
    let mut taken = Vec::new();
    while taken.len() < most {
        let event = tokio::time::timeout(Duration::from_secs(20), events.message()).await.unwrap();
        if let Some(Event::Delivery(leased)) = event.unwrap().unwrap().event {
            taken.push((leased.delivery.unwrap().delivery_id, leased.lease.unwrap().token));
        }
    }
    taken
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leases_of_a_stream_outlive_a_kill() {
    let mut daemon = Daemon::start().await;
    let mut council = daemon.person(LEWISHAM).await;
    let base = submission(&recent(1, "2026-11-20T16:30:00Z"));
    for _ in 0..4 {
        council.submit(base.clone()).await.unwrap();
    }
    let before = taken(&mut daemon.person(MPU).await, "shift", 4).await;
    daemon.kill();
    daemon.restart().await;
    assert!(taken(&mut daemon.person(MPU).await, "shift", 4).await == before, "the same, by the same tokens");
    council = daemon.person(LEWISHAM).await;
    council.submit(base).await.unwrap();
    let other = taken(&mut daemon.person(MPU).await, "another", 1).await;
    assert!(!before.contains(&other[0]));
    daemon.stop();
}
