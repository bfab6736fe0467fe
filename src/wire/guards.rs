//! What every call passes: certificate still valid, session live, time bounded; and what tonic itself refuses is said
//! in our words.

mod whole;

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use opentelemetry::propagation::Extractor;
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Sleep, sleep, timeout},
};
use tonic::{Code, Status, body::Body};
use tower::{Layer, Service};
use tracing::{Instrument, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use self::whole::Whole;
use super::{
    received::TOO_LARGE, reminders::Reminder, session::Session, status::Refused, streaming, taken::Taken,
    timeout::caller_limit,
};
use crate::platform::{Clock, flow::FLOW};

const STATUS: &str = "grpc-status";
const DETAILS: &str = "grpc-status-details-bin";
/// Our answer must be on its way before the transport's own timer, set for the same moment, cuts the call off.
const EARLIER: Duration = Duration::from_millis(5);

/// Puts the guard around every service.
#[derive(Debug, Clone)]
pub struct Guard {
    /// Says whether a certificate is still valid.
    pub clock: Arc<dyn Clock>,
    /// The longest a call may take until its answer, or the first of its answers, begins.
    pub answer_within: Duration,
    /// How a refusal is told.
    pub tell: Telling,
}

/// How a refusal is told: as a status to programs, as a page to people.
pub type Telling = fn(Refused) -> Response<Body>;

/// As a status of gRPC.
pub fn status(refused: Refused) -> Response<Body> {
    refused.into_status().into_http()
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, guard: self.clone() }
    }
}

/// A service behind the guard.
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    inner: S,
    guard: Guard,
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // The service that is ready is this one; a clone would have to be asked again.
        let inner = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, inner);
        let guard = self.guard.clone();
        let Some(session) = request.extensions().get::<Arc<Session>>().cloned() else {
            return refuse(guard.tell, Refused::Unauthenticated("NO_CERTIFICATE"));
        };
        if let Err(refused) = session.check(guard.clock.now()) {
            return refuse(guard.tell, refused);
        }
        let streams = streaming::is_stream(request.uri().path());
        let (room, place) = match session.allowance().enter() {
            Ok(entered) => entered,
            Err(refused) if streams => return refuse(guard.tell, refused),
            Err(refused) => return passed_over(guard.tell, request.into_body(), refused),
        };
        let stream = match streams.then(|| session.allowance().open()).transpose() {
            Ok(stream) => stream,
            Err(refused) => return refuse(guard.tell, refused),
        };
        // Whatever a caller puts there would travel on to places that did not ask for it.
        request.headers_mut().remove("baggage");
        let span = span(&request, &session);
        let flow = span.in_scope(|| flow(&request));
        let reminder = Reminder::of(session.peer(), session.is_tainted(), guard.clock.now());
        let late = caller_limit(request.headers()).map(|limit| Box::pin(sleep(limit.saturating_sub(EARLIER))));
        if streams {
            request = request.map(|body| Body::new(Whole::new(body, guard.answer_within)));
        }
        let answering = async move {
            // Nothing of the message is read before.
            let _at_work = place.reached().await;
            inner.call(request).await
        };
        let guarded = async move {
            let _until_answered = room;
            let mut late = late;
            let refused = tokio::select! {
                biased;
                why = session.ended() => why.refused(),
                answer = answering => {
                    let Ok(answer) = answer;
                    return Ok(watched(answer, session, late, reminder, stream));
                }
                () = or_never(late.as_mut()) => Refused::DeadlineExceeded,
                () = sleep(guard.answer_within) => Refused::DeadlineExceeded,
            };
            Ok((guard.tell)(refused))
        };
        Box::pin(guarded.instrument(flow).instrument(span))
    }
}

/// The caller's time: from the arrival of the call, over its answer, to the end of its stream.
type Late = Option<Pin<Box<Sleep>>>;

async fn or_never(late: Option<&mut Pin<Box<Sleep>>>) {
    match late {
        Some(late) => late.await,
        None => std::future::pending().await,
    }
}

fn refuse(tell: Telling, refused: Refused) -> Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>> {
    Box::pin(std::future::ready(Ok(tell(refused))))
}

/// Longest wait for the rest of a message that nobody will read.
const PASSED_OVER: Duration = Duration::from_secs(1);

/// A call is refused for too much, its message taken off the connection unread: what came for a stream that has ended would count as
/// a fault of the peer's, and with many of those its connection is cut.
fn passed_over(
    tell: Telling,
    mut body: Body,
    refused: Refused,
) -> Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>> {
    Box::pin(async move {
        let all = async { while let Some(Ok(_)) = body.frame().await {} };
        // Whoever sends no more is told all the same.
        let _ = timeout(PASSED_OVER, all).await;
        Ok(tell(refused))
    })
}

/// One span a call: the method, who, and the caller's trace where it is well-formed.
fn span(request: &Request<Body>, session: &Session) -> tracing::Span {
    let trace = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    let trace = trace.filter(|value| value.len() == 55 && value.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit()));
    let method = request.uri().path();
    // A path is the caller's to write: only what could be a method is logged.
    let sound = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_');
    let method = if method.len() <= 120 && method.bytes().all(sound) { method } else { "unknown" };
    tracing::info_span!("call", method, peer = %session.peer().identity, trace)
}

/// The same for a collector elsewhere, in the caller's trace: the method, and nobody.
fn flow(request: &Request<Body>) -> tracing::Span {
    let span = tracing::info_span!(target: FLOW, "call", otel.name = Empty, otel.kind = "server");
    if !span.is_disabled() {
        let path = request.uri().path();
        // The path of a page has ids in it, and any other is the caller's text.
        span.record("otel.name", if streaming::is_method(path) { path } else { "another" });
        let theirs = opentelemetry::global::get_text_map_propagator(|known| known.extract(&Sent(request.headers())));
        // Refused where nothing takes spans, which was asked above.
        let _ = span.set_parent(theirs);
    }
    span
}

/// The caller's trace and span. What else belongs to a trace (`tracestate`) is text of the caller's, and would travel on.
struct Sent<'h>(&'h HeaderMap);

impl Extractor for Sent<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).filter(|_| key == "traceparent").and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent"]
    }
}

/// The answer, its running body ended with a status when the session or the caller's time ends.
fn watched(
    answer: Response<Body>,
    session: Arc<Session>,
    mut late: Late,
    reminder: Reminder,
    open: Option<OwnedSemaphorePermit>,
) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    translate(&mut head.headers);
    if head.headers.get(STATUS).is_some_and(|code| Code::from_bytes(code.as_bytes()) == Code::ResourceExhausted) {
        session.allowance().charge();
    }
    reminder.put(&mut head.headers);
    if body.is_end_stream() {
        return Response::from_parts(head, body);
    }
    let taken = session.waiting().answer();
    let ending = async move {
        tokio::select! {
            why = session.ended() => why.refused(),
            () = or_never(late.as_mut()) => Refused::DeadlineExceeded,
        }
    };
    let watched = Watched { inner: body, ending: Some(Box::pin(ending)), reminder, taken, _open: open };
    Response::from_parts(head, Body::new(watched))
}

/// tonic's own refusals of a frame carry no details; ours always do.
fn translate(headers: &mut HeaderMap) {
    let code = headers.get(STATUS).map(|code| Code::from_bytes(code.as_bytes()));
    let refused = match code {
        Some(Code::OutOfRange) if !headers.contains_key(DETAILS) => Refused::ResourceExhausted(TOO_LARGE),
        Some(Code::Internal) if !headers.contains_key(DETAILS) => Refused::Malformed,
        _ => return,
    };
    replace(headers, &refused.into_status());
}

fn replace(headers: &mut HeaderMap, status: &Status) {
    for name in [STATUS, "grpc-message", DETAILS] {
        headers.remove(name);
    }
    if status.add_header(headers).is_err() {
        // Only words that do not fit a header fail, and ours are fixed; the code alone still says what happened.
        headers.insert(STATUS, HeaderValue::from(status.code() as i32));
    }
}

/// A body that can be ended by a status of ours.
struct Watched {
    inner: Body,
    ending: Option<Pin<Box<dyn Future<Output = Refused> + Send>>>,
    reminder: Reminder,
    taken: Taken,
    /// A stream counts until its last byte is taken, or nobody wants it.
    _open: Option<OwnedSemaphorePermit>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.taken.asked();
        let Some(ending) = &mut self.ending else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(refused) = ending.as_mut().poll(cx) {
            self.ending = None;
            // The handler's work is of no use any more: let go of it at once.
            self.inner = Body::empty();
            let mut trailers = HeaderMap::new();
            replace(&mut trailers, &refused.into_status());
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        let frame = Pin::new(&mut self.inner).poll_frame(cx);
        if frame.is_ready() {
            self.taken.offered();
        }
        frame.map_ok(|mut frame| {
            if let Some(trailers) = frame.trailers_mut() {
                translate(trailers);
                self.reminder.put(trailers);
            }
            frame
        })
    }

    fn is_end_stream(&self) -> bool {
        self.ending.is_none() || self.inner.is_end_stream()
    }
}

#[cfg(test)]
mod tests;
