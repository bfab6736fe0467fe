//! What every call passes: size and time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_types::StatusExt;

use crate::town::{BROMLEY, Running, Town};

/// Calls of one who shouts.
const AT_ONCE: usize = 64;

#[tokio::test]
async fn a_message_over_the_limit_is_resource_exhausted_at_the_limit_it_is_read() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let (profile, _) = town.issue(BROMLEY, 90);
    let mut client = town.connect(&profile, &server).await.unwrap();
    // Tag and length of the one field take four bytes.
    let service = |length: usize| HealthCheckRequest { service: "x".repeat(length - 4) };
    let status = client.check(service((1 << 20) + 1)).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert_eq!(status.get_error_details().error_info().unwrap().reason, "MESSAGE_TOO_LARGE");
    let status = client.check(service(1 << 20)).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound, "read, and there is no such service");
}

#[tokio::test]
async fn headers_are_read_up_to_their_limit_and_more_is_refused_while_the_connection_goes_on() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let (profile, _) = town.issue(BROMLEY, 90);
    let mut client = town.connect(&profile, &server).await.unwrap();
    let with = |length: usize| {
        let mut request = Request::new(HealthCheckRequest::default());
        request.metadata_mut().insert("x-more", "y".repeat(length).parse().unwrap());
        request
    };
    client.check(with(12 << 10)).await.unwrap();
    client.check(with(17 << 10)).await.unwrap_err();
    client.check(HealthCheckRequest::default()).await.unwrap();
    assert_eq!(server.sessions.live().len(), 1, "it is the same connection");
}

#[tokio::test]
async fn a_stream_ends_when_the_callers_time_is_up() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let (profile, _) = town.issue(BROMLEY, 90);
    let mut client = town.connect(&profile, &server).await.unwrap();
    let mut request = Request::new(HealthCheckRequest::default());
    request.set_timeout(Duration::from_secs(3));
    let mut stream = client.watch(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    let status = tokio::time::timeout(Duration::from_secs(60), stream.message()).await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
}

#[tokio::test]
async fn calls_in_a_second_are_bounded_for_each_identity_and_no_other_feels_it() {
    let town = Town::new();
    let mut setup = town.setup();
    setup.limits.calls_per_second = 5;
    let server = Running::start(setup).await;
    let (profile, _) = town.issue(BROMLEY, 90);
    let (other, _) = town.issue(&BROMLEY.replace("case-system", "other-system"), 90);
    // Two connections of one identity share what it may.
    let mut busy = [town.connect(&profile, &server).await.unwrap(), town.connect(&profile, &server).await.unwrap()];
    let mut quiet = town.connect(&other, &server).await.unwrap();
    let mut refused = None;
    for call in 0..40 {
        if let Err(status) = busy[call % 2].check(HealthCheckRequest::default()).await {
            refused = Some((call, status));
            break;
        }
    }
    let (call, status) = refused.unwrap();
    assert!(call >= 5, "five are always let through, {call}");
    assert_eq!(status.code(), Code::ResourceExhausted);
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "RATE_LIMITED");
    let wait = details.retry_info().unwrap().retry_delay.unwrap();
    assert!(wait > Duration::ZERO && wait <= Duration::from_millis(200), "{wait:?}");
    quiet.check(HealthCheckRequest::default()).await.unwrap();
    tokio::time::sleep(wait).await;
    busy[0].check(HealthCheckRequest::default()).await.unwrap();
}

#[tokio::test]
async fn bytes_in_a_second_are_bounded_for_each_identity_and_no_other_feels_it() {
    let town = Town::new();
    let mut setup = town.setup();
    setup.limits.bytes_per_second = 128 * 1024;
    let server = Running::start(setup).await;
    let (profile, _) = town.issue(BROMLEY, 90);
    let (other, _) = town.issue(&BROMLEY.replace("case-system", "other-system"), 90);
    let mut busy = town.connect(&profile, &server).await.unwrap();
    let mut quiet = town.connect(&other, &server).await.unwrap();
    let started = Instant::now();
    let sending = tokio::spawn(async move {
        let large = HealthCheckRequest { service: "x".repeat(512 * 1024) };
        busy.check(large).await.unwrap_err()
    });
    let mut answered = 0;
    while !sending.is_finished() {
        quiet.check(HealthCheckRequest::default()).await.unwrap();
        answered += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(sending.await.unwrap().code(), Code::NotFound, "it waits, and nothing of it is lost");
    // A quarter may go at once, three quarters at a quarter a second.
    assert!(started.elapsed() > Duration::from_millis(2500), "{:?}", started.elapsed());
    assert!(answered > 10, "{answered}");
}

#[tokio::test]
async fn open_streams_are_bounded_for_each_identity_over_its_connections_and_one_that_ends_makes_room() {
    let town = Town::new();
    let mut setup = town.setup();
    setup.limits.streams_per_identity = 2;
    let server = Running::start(setup).await;
    let (profile, _) = town.issue(BROMLEY, 90);
    let (other, _) = town.issue(&BROMLEY.replace("case-system", "other-system"), 90);
    let mut both = [town.connect(&profile, &server).await.unwrap(), town.connect(&profile, &server).await.unwrap()];
    let mut open = Vec::new();
    for client in &mut both {
        open.push(client.watch(HealthCheckRequest::default()).await.unwrap().into_inner());
    }
    let status = both[0].watch(HealthCheckRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "TOO_MANY_STREAMS");
    assert!(details.retry_info().unwrap().retry_delay.unwrap() > Duration::ZERO);
    both[0].check(HealthCheckRequest::default()).await.unwrap();
    let mut quiet = town.connect(&other, &server).await.unwrap();
    quiet.watch(HealthCheckRequest::default()).await.unwrap();
    drop(open.pop());
    let started = Instant::now();
    while both[1].watch(HealthCheckRequest::default()).await.is_err() {
        assert!(started.elapsed() < Duration::from_secs(60), "the room of an ended stream is free");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_goes_on_after_refusals_is_read_more_slowly_and_no_other_feels_it() {
    let town = Town::new();
    let mut setup = town.setup();
    setup.limits.calls_per_second = 1;
    setup.limits.bytes_per_second = 1 << 20;
    let server = Running::start(setup).await;
    let (profile, _) = town.issue(BROMLEY, 90);
    let (other, _) = town.issue(&BROMLEY.replace("case-system", "other-system"), 90);
    let busy = town.connect(&profile, &server).await.unwrap();
    let mut quiet = town.connect(&other, &server).await.unwrap();
    let told = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let shouting: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (mut busy, told) = (busy.clone(), Arc::clone(&told));
            tokio::spawn(async move {
                loop {
                    let _ = busy.check(HealthCheckRequest::default()).await;
                    told.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    // More are refused than a rest makes room for, so it has been slowed down.
    while told.load(Ordering::Relaxed) <= 256 || started.elapsed() < Duration::from_secs(2) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (told, elapsed) = (told.load(Ordering::Relaxed) as f64, started.elapsed());
    let most = 256.0 * (1.0 + elapsed.as_secs_f64()) + (2 * AT_ONCE) as f64;
    assert!(told < most, "{told} answers in {elapsed:?}");
    quiet.check(HealthCheckRequest::default()).await.unwrap();
    shouting.iter().for_each(tokio::task::JoinHandle::abort);
}
