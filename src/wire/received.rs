//! A request together with its bytes as received: the digest of idempotency is of what was sent, not of a re-encoding.

use std::marker::PhantomData;

use bytes::{Buf, Bytes};
use prost::Message;
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

/// A decoded request and the exact bytes it came from.
pub struct Received<T> {
    /// The decoded message.
    pub message: T,
    /// The message bytes as they arrived, before decoding.
    pub raw: Bytes,
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
        let message = D::decode(raw.clone()).map_err(|_| Refused::Malformed.into_status())?;
        Ok(Some(Received { message, raw }))
    }
}
