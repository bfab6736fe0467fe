//! A message on a stream comes to its end in time: what has come of it is kept in memory until it is whole, and a stream may stay for
//! hours. Between two messages nobody is hurried.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Sleep, sleep};
use tonic::{Status, body::Body};

use crate::wire::status::Refused;

/// gRPC puts so many bytes before each message: a flag and its length, the highest byte first.
const PREFIX: usize = 5;

/// What a peer sends on a stream.
pub(super) struct Whole {
    inner: Body,
    within: Duration,
    message: Message,
    /// Runs while a message has begun and not ended, and we wait for more of it.
    late: Option<Pin<Box<Sleep>>>,
}

/// How far the message is that comes now.
#[derive(Default)]
struct Message {
    prefix: [u8; PREFIX],
    /// Bytes of the prefix that have come.
    come: usize,
    /// Bytes that are still to come behind it.
    rest: usize,
}

impl Message {
    /// Reads on; says whether a message ended on the way.
    fn read(&mut self, mut bytes: &[u8]) -> bool {
        let mut ended = false;
        while !bytes.is_empty() {
            if self.come < PREFIX {
                self.prefix[self.come] = bytes[0];
                self.come += 1;
                bytes = &bytes[1..];
                if self.come == PREFIX {
                    let [_, length @ ..] = self.prefix;
                    self.rest = u32::from_be_bytes(length) as usize;
                }
            } else {
                let here = self.rest.min(bytes.len());
                self.rest -= here;
                bytes.advance(here);
            }
            if self.come == PREFIX && self.rest == 0 {
                (self.come, ended) = (0, true);
            }
        }
        ended
    }

    fn has_begun(&self) -> bool {
        self.come > 0
    }
}

impl Whole {
    /// Each message of `inner` within so long, from its first byte to its last.
    pub fn new(inner: Body, within: Duration) -> Self {
        Self { inner, within, message: Message::default(), late: None }
    }

    fn has_read(&mut self, bytes: &[u8]) {
        let ended = self.message.read(bytes);
        if ended {
            self.late = None;
        }
    }

    /// True when the peer has let us wait too long. While nobody reads here, it is not the peer who is late.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let within = self.within;
        self.message.has_begun()
            && self.late.get_or_insert_with(|| Box::pin(sleep(within))).as_mut().poll(cx).is_ready()
    }
}

impl HttpBody for Whole {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(bytes) = frame.data_ref()
        {
            self.has_read(bytes);
        }
        if frame.is_pending() && self.is_late(cx) {
            self.late = None;
            self.inner = Body::empty();
            return Poll::Ready(Some(Err(Refused::DeadlineExceeded.into_status())));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use prost_types::Any;
    use tokio::sync::mpsc;
    use tokio_stream::wrappers::ReceiverStream;
    use tonic::{Code, Streaming, codec::Codec};

    use super::*;
    use crate::wire::received::{MAX_MESSAGE_BYTES, Received, ReceivedCodec};

    const WITHIN: Duration = Duration::from_millis(200);

    type Piece = Result<Frame<Bytes>, Status>;

    /// What is sent piece by piece, as a service reads it.
    fn stream(within: Duration) -> (mpsc::Sender<Piece>, Streaming<Received<Any>>) {
        let (sender, pieces) = mpsc::channel(8);
        let body = http_body_util::StreamBody::new(ReceiverStream::new(pieces));
        let whole = Whole::new(Body::new(body), within);
        let decoder = ReceivedCodec::<Any, Any>::default().decoder();
        (sender, Streaming::new_request(decoder, whole, None, Some(MAX_MESSAGE_BYTES)))
    }

    fn piece(bytes: &'static [u8]) -> Piece {
        Ok(Frame::data(Bytes::from_static(bytes)))
    }

    /// Two messages of two bytes each.
    const TWO: &[u8] = &[0, 0, 0, 0, 2, 0x12, 0, 0, 0, 0, 0, 2, 0x12, 0];

    #[tokio::test]
    async fn a_message_that_has_begun_must_end_and_whoever_says_nothing_may_stay() {
        for at in 0..TWO.len() {
            let (sender, mut messages) = stream(WITHIN);
            sender.send(piece(&TWO[..at])).await.unwrap();
            for _ in 0..at / 7 {
                assert!(messages.message().await.unwrap().is_some());
            }
            let whole = at % 7 == 0;
            let most = if whole { 3 * WITHIN } else { Duration::from_secs(30) };
            let more = tokio::time::timeout(most, messages.message()).await;
            if whole {
                assert!(more.is_err(), "{at}: nobody was hurried");
                sender.send(piece(&TWO[at..])).await.unwrap();
                assert!(messages.message().await.unwrap().is_some(), "{at}");
            } else {
                assert_eq!(more.unwrap().err().unwrap().code(), Code::DeadlineExceeded, "{at}");
            }
        }
    }

    #[tokio::test]
    async fn each_message_has_the_time_for_itself() {
        // All of them together take longer than one may, and that is more than a machine stands still.
        let (sender, mut messages) = stream(30 * WITHIN);
        tokio::spawn(async move {
            for byte in TWO.chunks(1).cycle().take(20 * TWO.len()) {
                tokio::time::sleep(WITHIN / 8).await;
                sender.send(piece(byte)).await.unwrap();
            }
        });
        for _ in 0..40 {
            assert!(messages.message().await.unwrap().is_some());
        }
        assert!(messages.message().await.unwrap().is_none());
    }
}
