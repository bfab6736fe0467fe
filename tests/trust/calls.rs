//! What every call passes: size and time.

use std::time::Duration;

use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_types::StatusExt;

use crate::town::{BROMLEY, Running, Town};

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
async fn a_stream_ends_when_the_callers_time_is_up() {
    let town = Town::new();
    let server = Running::start(town.setup()).await;
    let (profile, _) = town.issue(BROMLEY, 90);
    let mut client = town.connect(&profile, &server).await.unwrap();
    let mut request = Request::new(HealthCheckRequest::default());
    request.set_timeout(Duration::from_millis(400));
    let mut stream = client.watch(request).await.unwrap().into_inner();
    assert!(stream.message().await.unwrap().is_some());
    let status = tokio::time::timeout(Duration::from_secs(5), stream.message()).await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
}
