//! Guards, tried without a network.

use super::*;
use crate::{
    domain::identity::{Identity, Peer, TrustDomain},
    platform::ManualClock,
    wire::{
        allowance::Shares,
        session::{Bounds, End, Sessions, Visitor},
    },
};

fn noon() -> Arc<dyn Clock> {
    Arc::new(ManualClock::new("2026-11-21T12:00:00Z".parse().unwrap()))
}

fn officer(not_after: &str) -> Peer {
    let domain = TrustDomain::parse("pilot.example").unwrap();
    let identity = Identity::parse("homeward://pilot.example/met/SE/mpu_officer/p1", &domain).unwrap();
    Peer { identity, serial: "1".into(), not_after: not_after.parse().unwrap(), unlisted: false }
}

fn bounds(clock: &Arc<dyn Clock>) -> Bounds {
    Bounds {
        clock: Arc::clone(clock),
        grant_end: Arc::new(|_, _| None),
        age: Duration::from_secs(60),
        grace: Duration::from_secs(60),
        per_identity: 2,
        shares: Shares {
            work: 1,
            calls: 1,
            streams: 1,
            calls_per_second: 1000,
            frames_per_second: 1000,
            bytes_per_second: 1000,
        },
        read_within: Duration::from_secs(60),
    }
}

#[tokio::test]
async fn an_identity_has_so_many_calls_at_a_time_over_all_its_connections() {
    let clock = noon();
    let sessions = Sessions::default();
    let enter = || {
        let remote = "127.0.0.1:1".parse().unwrap();
        let peer = officer("2027-01-01T00:00:00Z");
        sessions.enter(Visitor { peer, chain: Vec::new(), serials: Vec::new(), remote }, &bounds(&clock))
    };
    let (first, second) = (enter().unwrap(), enter().unwrap());
    assert!(enter().is_none(), "two connections are all it may have");
    let never = tower::service_fn(|_| std::future::pending::<Result<Response<Body>, Infallible>>());
    let mut service =
        Guard { clock: clock.clone(), answer_within: Duration::from_millis(100), tell: status }.layer(never);
    let mut call = |session: &Arc<Session>| {
        let mut request = Request::new(Body::empty());
        request.extensions_mut().insert(Arc::clone(session));
        service.call(request)
    };
    let running = call(&first.session);
    let Ok(refused) = call(&second.session).await;
    assert_eq!(refused.headers()[STATUS], "8");
    drop(running);
    let Ok(answered) = call(&second.session).await;
    assert_eq!(answered.headers()[STATUS], "4", "an abandoned call makes room");
}

/// What a handler that never answers is answered for, by the guard.
async fn asked(timeout: Option<&'static str>, not_after: &str, end: Option<End>) -> Response<Body> {
    let clock = noon();
    let (peer, bounds) = (officer(not_after), bounds(&clock));
    let visitor = Visitor { peer, chain: Vec::new(), serials: Vec::new(), remote: "127.0.0.1:1".parse().unwrap() };
    let entered = Sessions::default().enter(visitor, &bounds).unwrap();
    let session = Arc::clone(&entered.session);
    let never = tower::service_fn(|_| std::future::pending::<Result<Response<Body>, Infallible>>());
    let mut service = Guard { clock, answer_within: Duration::from_millis(300), tell: status }.layer(never);
    let mut request = Request::new(Body::empty());
    request.extensions_mut().insert(Arc::clone(&session));
    if let Some(timeout) = timeout {
        request.headers_mut().insert("grpc-timeout", HeaderValue::from_static(timeout));
    }
    let answering = service.call(request);
    if let Some(end) = end {
        session.end(end);
    }
    let Ok(answer) = tokio::time::timeout(Duration::from_secs(5), answering).await.unwrap();
    answer
}

#[tokio::test]
async fn a_call_ends_in_time_with_the_session_and_not_at_all_without_a_valid_certificate() {
    let valid = "2027-01-01T00:00:00Z";
    for (timeout, not_after, end, code) in [
        (Some("50m"), valid, None, "4"),
        (Some("1H"), valid, None, "4"),
        (None, valid, None, "4"),
        (Some("nonsense"), valid, None, "4"),
        (None, valid, Some(End::Revoked), "16"),
        (None, valid, Some(End::GrantEnded), "7"),
        (None, valid, Some(End::Draining), "14"),
        (None, "2026-11-21T11:59:59Z", None, "16"),
    ] {
        let answer = asked(timeout, not_after, end).await;
        assert_eq!(answer.headers()[STATUS], code, "{timeout:?} {not_after} {end:?}");
        assert!(answer.headers().contains_key(DETAILS));
    }
}

#[tokio::test]
async fn a_call_that_came_another_way_is_refused() {
    let clock = noon();
    let open = tower::service_fn(|_| std::future::ready(Ok::<_, Infallible>(Response::new(Body::empty()))));
    let mut service = Guard { clock, answer_within: Duration::from_secs(1), tell: status }.layer(open);
    let Ok(answer) = service.call(Request::new(Body::empty())).await;
    assert_eq!(answer.headers()[STATUS], "16");
}

fn headers(name: &'static str, value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(http::HeaderName::from_static(name), HeaderValue::from_static(value))])
}

#[test]
fn what_the_transport_refuses_is_said_in_our_words() {
    let mut too_large = headers(STATUS, "11");
    translate(&mut too_large);
    assert_eq!(too_large[STATUS], "8");
    assert!(too_large.contains_key(DETAILS));
    let mut frame = headers(STATUS, "13");
    translate(&mut frame);
    assert_eq!(frame[STATUS], "3");
    let mut ours = headers(STATUS, "13");
    replace(&mut ours, &Refused::Internal("x".into()).into_status());
    let before = ours.clone();
    translate(&mut ours);
    assert_eq!(ours, before);
}
