//! A request together with its bytes as received: the digest of idempotency is of what was sent, not of a re-encoding.

use std::marker::PhantomData;

use bytes::{Buf, Bytes};
use prost::Message;
use ring::digest::{SHA256, digest};
use tonic::{
    Status,
    codec::{Codec, DecodeBuf, Decoder},
};
use tonic_prost::ProstCodec;

use super::status::Refused;

/// The largest message accepted, uncompressed (domain 3.2): 1 MiB. Give it to every generated server as its
/// `max_decoding_message_size` as well: a larger message is then refused by its header, before it is gathered.
pub const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// The reason sent with a message over [`MAX_MESSAGE_BYTES`].
pub const TOO_LARGE: &str = "MESSAGE_TOO_LARGE";

/// SHA-256 of bytes as received.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
    sum
}

/// A decoded request and the exact bytes it came from.
pub struct Received<T> {
    /// The decoded message.
    pub message: T,
    /// The message bytes as they arrived, before decoding.
    pub raw: Bytes,
    /// False where the bytes are not a message of the method; `message` is empty then. Not refused here, because whether
    /// the caller has the method at all is checked before anything else (contract 2).
    pub sound: bool,
}

/// Decodes into [`Received`]; encodes as prost does.
pub struct ReceivedCodec<E, D>(PhantomData<(E, D)>);

impl<E, D> Default for ReceivedCodec<E, D> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<E, D> Codec for ReceivedCodec<E, D>
where
    E: Message + Send + 'static,
    D: Message + Default + Send + 'static,
{
    type Encode = E;
    type Decode = Received<D>;
    type Encoder = <ProstCodec<E, D> as Codec>::Encoder;
    type Decoder = ReceivedDecoder<D>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<E, D>::default().encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        ReceivedDecoder(PhantomData)
    }
}

/// The decoding half of [`ReceivedCodec`].
pub struct ReceivedDecoder<D>(PhantomData<D>);

impl<D: Message + Default> Decoder for ReceivedDecoder<D> {
    type Item = Received<D>;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<Self::Item>, Status> {
        if buf.remaining() > MAX_MESSAGE_BYTES {
            return Err(Refused::ResourceExhausted(TOO_LARGE).into_status());
        }
        let raw = buf.copy_to_bytes(buf.remaining());
        let decoded = D::decode(raw.clone());
        let sound = decoded.is_ok();
        Ok(Some(Received { message: decoded.unwrap_or_default(), raw, sound }))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::Pin,
        task::{Context, Poll},
    };

    use http_body::{Body, Frame};
    use prost_types::Any;
    use tonic::{Code, Streaming};

    use super::*;

    /// A body of one frame.
    struct Once(Option<Bytes>);

    impl Body for Once {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
        }
    }

    async fn receive(message: &[u8], transport_limit: usize) -> Result<Received<Any>, Status> {
        let mut framed = vec![0];
        framed.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
        framed.extend(message);
        let decoder = ReceivedCodec::<Any, Any>::default().decoder();
        let body = Once(Some(framed.into()));
        let mut stream = Streaming::new_request(decoder, body, None, Some(transport_limit));
        stream.message().await.map(Option::unwrap)
    }

    fn message_of(length: usize) -> Vec<u8> {
        // Tag and length of the one field take four bytes.
        let message = Any { type_url: String::new(), value: vec![7; length - 4] }.encode_to_vec();
        assert_eq!(message.len(), length);
        message
    }

    #[tokio::test]
    async fn the_bytes_come_with_the_message_unchanged() {
        // Field order as no encoder of ours writes it, and an unknown field: the digest is of what was sent.
        let sent = [0x12, 1, 9, 0x0a, 1, b'x', 0x18, 5];
        let received = receive(&sent, MAX_MESSAGE_BYTES).await.unwrap_or_else(|_| panic!("it is a message"));
        assert!(received.sound);
        assert_eq!(received.message, Any { type_url: "x".into(), value: vec![9] });
        assert_eq!(&received.raw[..], sent);
        assert_ne!(received.message.encode_to_vec(), sent);
    }

    #[tokio::test]
    async fn at_the_limit_is_read_and_one_byte_more_is_refused() {
        let roomy = 4 * MAX_MESSAGE_BYTES;
        assert!(receive(&message_of(MAX_MESSAGE_BYTES), roomy).await.is_ok());
        let status = receive(&message_of(MAX_MESSAGE_BYTES + 1), roomy).await.err().unwrap();
        assert_eq!(status.code(), Code::ResourceExhausted);
    }

    #[tokio::test]
    async fn what_is_no_message_is_marked_and_left_to_the_check_that_comes_after_the_grant() {
        for bytes in [&b"\xff\xff\xff\xff"[..], b"\x0a\x7fMARKER", b"\x0a\x02\xc3\x28"] {
            let received = receive(bytes, MAX_MESSAGE_BYTES).await.unwrap_or_else(|_| panic!("it is passed on"));
            assert!(!received.sound && received.message == Any::default());
        }
    }
}
