//! A queue on a stream: deliveries as they arrive, settlements with one result each, leases that outlive the stream.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use homeward::wire::pb::{
    self, revoke_certificate_response::Outcome as Revoked, stream_pull_request::Step, stream_pull_response::Event,
    stream_pull_result::Outcome,
};
use jiff::SignedDuration;
use prost::Message;
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use crate::{
    PATIENCE,
    certificates::serial_of,
    house::{House, LEWISHAM, MPU, MPU_TOO, narrative},
    person::{Person, Taken, bytes, completion, fresh, queue, refusal, submission},
};

/// Somebody with an open stream.
struct Desk {
    steps: mpsc::Sender<pb::StreamPullRequest>,
    events: Streaming<pb::StreamPullResponse>,
}

fn wish(session: &str, most: u32) -> pb::StreamPullStart {
    pb::StreamPullStart {
        queue: "MPU.SE".into(),
        session: session.into(),
        max_outstanding_messages: most,
        heartbeat_interval: Some(prost_types::Duration { seconds: 1, nanos: 0 }),
        ..Default::default()
    }
}

async fn sit(officer: &mut Person, start: pb::StreamPullStart) -> Desk {
    let (steps, receiver) = mpsc::channel(32);
    let desk = officer.queues.stream_pull(ReceiverStream::new(receiver)).await.unwrap();
    let desk = Desk { steps, events: desk.into_inner() };
    desk.does(Step::Start(start)).await;
    desk
}

impl Desk {
    async fn does(&self, step: Step) {
        self.steps.send(pb::StreamPullRequest { step: Some(step) }).await.unwrap();
    }

    async fn event(&mut self) -> Result<Option<Event>, Status> {
        let message = timeout(PATIENCE, self.events.message()).await.expect("the stream is silent");
        Ok(message?.map(|message| message.event.unwrap()))
    }

    /// The next event that is no heartbeat.
    async fn next(&mut self) -> Event {
        loop {
            match self.event().await.unwrap().expect("the stream ended") {
                Event::Heartbeat(_) => {}
                event => return event,
            }
        }
    }

    async fn delivery(&mut self) -> Taken {
        let event = self.next().await;
        let Event::Delivery(leased) = event else { panic!("no delivery") };
        Taken::of(leased)
    }

    async fn result(&mut self, id: &str) -> Outcome {
        let Event::Result(result) = self.next().await else { panic!("no result") };
        assert_eq!(result.request_id, id);
        result.outcome.unwrap()
    }

    /// Nothing but heartbeats for two of them.
    async fn is_quiet(&mut self) {
        for _ in 0..2 {
            let event = self.event().await.unwrap().unwrap();
            assert!(matches!(event, Event::Heartbeat(_)), "it is not quiet");
        }
    }
}

fn release(taken: &Taken) -> pb::ReleaseDeliveryRequest {
    pb::ReleaseDeliveryRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        reason: "not ours".into(),
        delay: Some(prost_types::Duration { seconds: 3600, nanos: 0 }),
    }
}

#[tokio::test]
async fn deliveries_come_by_themselves_within_their_bound_and_each_settlement_has_its_result() {
    let house = House::open().await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    let mut desk = sit(&mut officer, wish("early", 2)).await;
    let Some(Event::Heartbeat(first)) = desk.event().await.unwrap() else { panic!("no heartbeat") };
    assert_eq!(first.server_time.unwrap().seconds, house.later(SignedDuration::ZERO).as_second());
    for _ in 0..3 {
        council.submit(submission(&narrative(1))).await.unwrap();
    }
    let (one, two) = (desk.delivery().await, desk.delivery().await);
    desk.is_quiet().await;

    // To complete without having opened is refused, and nothing else is.
    let early = completion(&one, "arrest");
    desk.does(Step::Complete(early.clone())).await;
    let Outcome::Refusal(refused) = desk.result(&early.request_id).await else { panic!("completed") };
    assert_eq!((Code::from_i32(refused.code), refused.reason.as_str()), (Code::FailedPrecondition, "OPEN_FIRST"));
    officer.open(&one, (pb::Part::E, 0), "").await.unwrap();
    let complete = completion(&one, "arrest");
    desk.does(Step::Complete(complete.clone())).await;
    let Outcome::Completed(completed) = desk.result(&complete.request_id).await else { panic!("not completed") };
    assert_eq!(completed.sender_wording, "acted on");
    // The call of the same bytes has the same answer, and the stream that of the call.
    let called = officer.queues.complete_delivery(complete.clone()).await.unwrap().into_inner();
    assert!(bytes(&called) == bytes(&completed));
    let three = desk.delivery().await;
    let back = release(&two);
    let called = officer.queues.release_delivery(back.clone()).await.unwrap().into_inner();
    desk.does(Step::Release(back.clone())).await;
    let Outcome::Released(released) = desk.result(&back.request_id).await else { panic!("not released") };
    assert!(bytes(&called) == bytes(&released));

    // Several of one delivery at once keep their order.
    let extend = pb::ExtendLeaseRequest {
        request_id: fresh(),
        delivery_id: three.id.clone(),
        lease_token: three.token.clone(),
        lease_duration: Some(prost_types::Duration { seconds: 3600, nanos: 0 }),
    };
    let last = release(&three);
    desk.does(Step::Extend(extend.clone())).await;
    desk.does(Step::Release(last.clone())).await;
    desk.does(Step::Start(wish("again", 2))).await;
    let mut ids = BTreeSet::new();
    for _ in 0..3 {
        let Event::Result(result) = desk.next().await else { panic!("no result") };
        match (result.request_id.as_str(), result.outcome.unwrap()) {
            ("", Outcome::Refusal(refused)) => assert_eq!(refused.field_violations[0].field, "start"),
            (id, Outcome::Extended(_)) => assert!(id == extend.request_id && !ids.contains(&last.request_id)),
            (id, Outcome::Released(_)) => assert!(id == last.request_id && ids.contains(&extend.request_id)),
            _ => panic!("another outcome"),
        }
        ids.insert(result.request_id);
    }
    // What was handed back for an hour comes again by itself when the hour is over; to finish ends with OK.
    desk.is_quiet().await;
    house.later(SignedDuration::from_mins(61));
    let again = BTreeSet::from([desk.delivery().await.id, desk.delivery().await.id]);
    assert_eq!(again, BTreeSet::from([two.id, three.id]));
    drop(desk.steps);
    while let Some(event) = timeout(PATIENCE, desk.events.message()).await.unwrap().unwrap() {
        assert!(matches!(event.event, Some(Event::Heartbeat(_))));
    }
}

#[tokio::test]
async fn after_a_break_the_session_has_its_leases_again_and_nobody_else_has() {
    let house = House::open().await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    for _ in 0..3 {
        council.submit(submission(&narrative(1))).await.unwrap();
    }
    let mut desk = sit(&mut officer, wish("early", 2)).await;
    let held = [desk.delivery().await, desk.delivery().await];
    drop(desk);
    let mut other = sit(&mut house.person(MPU_TOO).await, wish("early", 20)).await;
    let third = other.delivery().await;
    assert!(held.iter().all(|taken| taken.id != third.id));
    other.is_quiet().await;
    // Another session of the same officer is another holder.
    let mut late = sit(&mut officer, wish("late", 20)).await;
    late.is_quiet().await;
    let mut desk = sit(&mut officer, wish("early", 2)).await;
    for taken in &held {
        let again = desk.delivery().await;
        assert_eq!((&again.id, &again.token), (&taken.id, &taken.token));
    }
    desk.is_quiet().await;
    // A lease that ran out is told, and the delivery goes to whoever is next.
    house.later(SignedDuration::from_mins(11));
    house.caretake().await;
    let mut ended = BTreeSet::new();
    while ended.len() < 2 {
        match desk.next().await {
            Event::Ended(one) => {
                ended.insert(one.delivery_id);
            }
            Event::Delivery(_) => {}
            _ => panic!("another event"),
        }
    }
    assert_eq!(ended, held.iter().map(|taken| taken.id.clone()).collect());
    desk.does(Step::Release(release(&held[0]))).await;
    loop {
        match desk.next().await {
            Event::Result(result) => {
                let Some(Outcome::Refusal(refused)) = result.outcome else { panic!("settled by a stale token") };
                assert_eq!(refused.reason, "LEASE_LOST");
                break;
            }
            Event::Delivery(_) | Event::Ended(_) => {}
            Event::Heartbeat(_) => unreachable!(),
        }
    }
}

#[tokio::test]
async fn both_bounds_hold_for_what_is_new_and_for_what_a_session_has_from_before() {
    let house = House::open().await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    for _ in 0..5 {
        council.submit(submission(&narrative(1))).await.unwrap();
    }
    // A bound in bytes that any header passes: one at a time.
    let by_bytes = |bytes: u32| pb::StreamPullStart { max_outstanding_bytes: bytes, ..wish("early", 20) };
    let mut desk = sit(&mut officer, by_bytes(1)).await;
    let first = desk.delivery().await;
    let size = u32::try_from(first.header.encoded_len()).unwrap();
    desk.is_quiet().await;
    desk.does(Step::Release(release(&first))).await;
    let mut held = Vec::new();
    let mut results = 0;
    // The result and the next delivery, in either order.
    while held.is_empty() || results == 0 {
        match desk.next().await {
            Event::Result(_) => results += 1,
            Event::Delivery(leased) => held.push(Taken::of(leased)),
            _ => panic!("another event"),
        }
    }
    drop(desk);
    // Bytes for two and a half: the third passes the bound, and there is no fourth.
    let mut desk = sit(&mut officer, by_bytes(size * 5 / 2)).await;
    assert_eq!(desk.delivery().await.id, held[0].id, "what the session has comes first");
    held.extend([desk.delivery().await, desk.delivery().await]);
    desk.is_quiet().await;
    drop(desk);

    // The session has three by now; a stream that bears one is sent one, and another for each that it settles.
    for mut start in [wish("early", 1), by_bytes(1)] {
        start.lease_duration = Some(prost_types::Duration { seconds: 3600, nanos: 0 });
        let mut desk = sit(&mut officer, start).await;
        let one = desk.delivery().await;
        assert_eq!((&one.id, &one.token), (&held[0].id, &held[0].token));
        desk.is_quiet().await;
        desk.does(Step::Release(release(&one))).await;
        let (mut next, mut results) = (None, 0);
        while next.is_none() || results == 0 {
            match desk.next().await {
                Event::Result(_) => results += 1,
                Event::Delivery(leased) => assert!(next.replace(Taken::of(leased)).is_none()),
                _ => panic!("another event"),
            }
        }
        let next = next.unwrap();
        assert_eq!((&next.id, &next.token), (&held[1].id, &held[1].token), "before anything new");
        desk.is_quiet().await;
        held.remove(0);
    }
}

#[tokio::test]
async fn two_officers_on_one_queue_share_it_and_never_hold_the_same() {
    const ALL: usize = 40;
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let mut desks = tokio::task::JoinSet::new();
    // Neither leaves while something is to be had: who leaves keeps what was already on its way.
    let taken_by_all = Arc::new(AtomicUsize::new(0));
    for path in [MPU, MPU_TOO] {
        let (mut officer, taken_by_all) = (house.person(path).await, taken_by_all.clone());
        desks.spawn(async move {
            let mut desk = sit(&mut officer, wish("shift", 3)).await;
            let mut mine = Vec::new();
            while taken_by_all.load(Ordering::SeqCst) < ALL {
                let message = timeout(Duration::from_secs(60), desk.events.message()).await;
                match message.expect("there are heartbeats").unwrap().unwrap().event.unwrap() {
                    Event::Delivery(leased) => {
                        let taken = Taken::of(leased);
                        desk.does(Step::Release(release(&taken))).await;
                        mine.push(taken.id);
                        taken_by_all.fetch_add(1, Ordering::SeqCst);
                    }
                    Event::Result(result) => assert!(matches!(result.outcome, Some(Outcome::Released(_)))),
                    Event::Heartbeat(_) | Event::Ended(_) => {}
                }
            }
            mine
        });
    }
    for _ in 0..ALL {
        council.submit(submission(&narrative(1))).await.unwrap();
    }
    let mine = desks.join_all().await;
    let all: BTreeSet<&String> = mine.iter().flatten().collect();
    assert_eq!(all.len(), mine.iter().map(Vec::len).sum::<usize>(), "the same was leased to both");
    assert_eq!(all.len(), ALL);
}

#[tokio::test]
async fn a_revocation_ends_the_stream_within_a_second_and_its_leases_return_unread() {
    // What else the machine does takes time too: of three attempts one has to be in time.
    for _ in 0..3 {
        if revocation_ends_the_stream_after().await < Duration::from_secs(1) {
            return;
        }
    }
    panic!("of three streams none ended within a second");
}

/// How long a stream goes on after its certificate was revoked; its leases return unread.
async fn revocation_ends_the_stream_after() -> Duration {
    let house = House::open_issuing().await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    council.submit(submission(&narrative(1))).await.unwrap();
    let mut desk = sit(&mut officer, wish("early", 5)).await;
    let held = desk.delivery().await;
    let mut admin = house.person("operator/certificate_admin/admin-1").await;
    let serial = serial_of(&mut admin, MPU).await;
    let revoke = pb::RevokeCertificateRequest { request_id: fresh(), serial, reason: "key_compromise".into() };
    let outcome = admin.admin.revoke_certificate(revoke).await.unwrap().into_inner().outcome.unwrap();
    assert!(matches!(outcome, Revoked::Revocation(_)));
    let revoked = tokio::time::Instant::now();
    let ended = timeout(PATIENCE, async {
        loop {
            if let Err(status) = desk.events.message().await {
                return status;
            }
        }
    });
    let ended = refusal::<()>(Err(ended.await.expect("it goes on")));
    let elapsed = revoked.elapsed();
    assert_eq!((ended.code, ended.reason.as_str()), (Code::Unauthenticated, "CERTIFICATE_REVOKED"));
    let mut other = sit(&mut house.person(MPU_TOO).await, wish("late", 5)).await;
    let back = other.delivery().await;
    assert_eq!((&back.id, back.header.failed_count), (&held.id, 0));
    assert!(back.header.opened_time.is_none());
    elapsed
}

#[tokio::test]
async fn a_stream_that_begins_wrongly_is_told_every_fault() {
    let house = House::open().await;
    let officer = house.person(MPU).await;
    let path = queue("StreamPull");
    let begun = |step: Option<Step>| {
        let (officer, path) = (officer.clone(), path.clone());
        async move { refusal(officer.stream(&path, vec![bytes(&pb::StreamPullRequest { step })]).await) }
    };
    let wrong = pb::StreamPullStart {
        queue: "nowhere".into(),
        session: "\u{202e}\u{200b}".into(),
        max_outstanding_messages: 201,
        max_outstanding_bytes: (16 << 20) + 1,
        lease_duration: Some(prost_types::Duration { seconds: 5, nanos: 0 }),
        heartbeat_interval: Some(prost_types::Duration { seconds: 0, nanos: 5 }),
    };
    let refused = begun(Some(Step::Start(wrong))).await;
    let mut fields = refused.field_names();
    fields.sort_unstable();
    let expected =
        ["heartbeat_interval", "lease_duration", "max_outstanding_bytes", "max_outstanding_messages", "queue"];
    let expected: Vec<String> = expected.iter().chain(&["session"]).map(|field| format!("start.{field}")).collect();
    assert_eq!((refused.code, fields), (Code::InvalidArgument, expected.iter().map(String::as_str).collect()));
    let foreign = pb::StreamPullStart { queue: "MPU.NE".into(), ..wish("s", 1) };
    let refused = begun(Some(Step::Start(foreign))).await;
    assert_eq!((refused.code, refused.reason.as_str()), (Code::PermissionDenied, "QUEUE_NOT_GRANTED"));
    for step in [None, Some(Step::Extend(pb::ExtendLeaseRequest::default()))] {
        assert_eq!(begun(step).await.field_names(), ["start"]);
    }
}

#[tokio::test]
async fn what_is_told_again_lets_go_of_no_later_lease_and_a_rejection_lets_go_of_its_own() {
    let house = House::open().await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    council.submit(submission(&narrative(1))).await.unwrap();
    house.later(SignedDuration::from_secs(1));
    council.submit(submission(&narrative(1))).await.unwrap();
    let mut desk = sit(&mut officer, wish("early", 1)).await;
    let first = desk.delivery().await;
    let back = pb::ReleaseDeliveryRequest { delay: None, ..release(&first) };
    desk.does(Step::Release(back.clone())).await;
    let Outcome::Released(_) = desk.result(&back.request_id).await else { panic!("not released") };
    let again = desk.delivery().await;
    assert!(again.id == first.id && again.token != first.token, "the oldest comes first");
    desk.does(Step::Release(back.clone())).await;
    let Outcome::Released(_) = desk.result(&back.request_id).await else { panic!("not the first answer") };
    desk.is_quiet().await;

    let reject = pb::RejectDeliveryRequest {
        request_id: fresh(),
        delivery_id: again.id.clone(),
        lease_token: again.token.clone(),
        reason_code: "UNREADABLE".into(),
        note: String::new(),
    };
    desk.does(Step::Reject(reject.clone())).await;
    let Outcome::Rejected(rejected) = desk.result(&reject.request_id).await else { panic!("not rejected") };
    let called = officer.queues.reject_delivery(reject).await.unwrap().into_inner();
    assert!(bytes(&called) == bytes(&rejected), "the answer of the call");
    assert!(desk.delivery().await.id != first.id);
}

#[tokio::test]
async fn a_newer_stream_of_a_session_takes_over_and_has_its_leases_and_no_other_is_touched() {
    let house = House::open().await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    for _ in 0..3 {
        council.submit(submission(&narrative(1))).await.unwrap();
    }
    let mut older = sit(&mut officer, wish("early", 2)).await;
    let held = [older.delivery().await, older.delivery().await];
    let mut other = sit(&mut officer, wish("late", 1)).await;
    let third = other.delivery().await;
    let mut colleague = sit(&mut house.person(MPU_TOO).await, wish("early", 1)).await;
    let mut newer = sit(&mut officer, wish("early", 2)).await;
    for taken in &held {
        let again = newer.delivery().await;
        assert_eq!((&again.id, &again.token), (&taken.id, &taken.token));
    }
    let ended = loop {
        if let Err(status) = older.event().await {
            break refusal::<()>(Err(status));
        }
    };
    assert_eq!((ended.code, ended.reason.as_str()), (Code::FailedPrecondition, "SESSION_TAKEN_OVER"));
    newer.is_quiet().await;
    other.is_quiet().await;
    colleague.is_quiet().await;
    let back = release(&third);
    other.does(Step::Release(back.clone())).await;
    assert!(matches!(other.result(&back.request_id).await, Outcome::Released(_)));
}

#[tokio::test]
async fn whoever_lost_the_lease_hears_that_and_not_to_open_first() {
    let house = House::open().await;
    let (mut council, mut officer) = (house.person(LEWISHAM).await, house.person(MPU).await);
    council.submit(submission(&narrative(1))).await.unwrap();
    let first = officer.pull("MPU.SE").await.unwrap().remove(0);
    house.later(SignedDuration::from_mins(11));
    house.caretake().await;
    let again = officer.pull("MPU.SE").await.unwrap().remove(0);
    assert!(again.id == first.id && again.token != first.token);
    for (taken, reason) in [(&first, "LEASE_LOST"), (&again, "OPEN_FIRST")] {
        let refused = refusal(officer.queues.complete_delivery(completion(taken, "arrest")).await);
        assert_eq!((refused.code, refused.reason.as_str()), (Code::FailedPrecondition, reason));
    }
}

#[tokio::test]
async fn what_is_handed_over_on_a_stream_comes_on_the_colleagues_by_itself() {
    let house = House::open().await;
    let (mut officer, mut colleague) = (house.person(MPU).await, house.person(MPU_TOO).await);
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap();
    let mut early = sit(&mut officer, wish("early", 5)).await;
    let taken = early.delivery().await;
    officer.open(&taken, (pb::Part::E, 0), "").await.unwrap();
    let mut late = sit(&mut colleague, wish("late", 5)).await;
    late.is_quiet().await;
    let over = pb::HandOverRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        to: format!("homeward://pilot.example/{MPU_TOO}"),
        note: "Ring at seven.".into(),
        keep_for: None,
    };
    early.does(Step::HandOver(over.clone())).await;
    let Outcome::HandedOver(handed) = early.result(&over.request_id).await else { panic!("not handed over") };
    assert!(handed.delivery.unwrap().delivery_id == taken.id);
    let again = late.delivery().await;
    assert!(again.id == taken.id && again.token != taken.token);
    early.is_quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_are_no_settlement_count_as_calls_and_wait_like_them() {
    let mut house = House::open().await;
    house.close().await;
    house.limits.calls_per_second = 2;
    house.start().await;
    let officer = house.person(MPU).await;
    let start = pb::StreamPullStart { heartbeat_interval: None, ..wish("one", 1) };
    let start = pb::StreamPullRequest { step: Some(Step::Start(start)) };
    let began = tokio::time::Instant::now();
    let items = std::iter::once(bytes(&start)).chain((0..5).map(|_| Vec::new())).collect();
    let answers = officer.stream(&queue("StreamPull"), items).await.unwrap();
    let answers =
        answers.iter().map(|answer| pb::StreamPullResponse::decode(answer.as_slice()).unwrap().event.unwrap());
    let refused =
        |event: &Event| matches!(event, Event::Result(result) if matches!(result.outcome, Some(Outcome::Refusal(_))));
    assert_eq!(answers.filter(refused).count(), 5, "each is refused by itself");
    assert!(began.elapsed() >= Duration::from_secs(1), "the stream and five messages at two in a second");
}
