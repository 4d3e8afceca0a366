//! Compression of a body, by the compressor that gRPC's messages go through.

use std::pin::pin;

use futures_util::FutureExt;
use prost::bytes::BufMut;
use tonic::Status;
use tonic::codec::{CompressionEncoding, EncodeBody, EncodeBuf, Encoder};
use tonic::codegen::{Body, tokio_stream};

/// In front of each message of gRPC: a flag and the length.
const FRAME_HEAD: usize = 5;

/// The bytes as RFC 1952 has them; `None` where the compressor refuses them.
pub(super) fn compressed(bytes: Vec<u8>) -> Option<Vec<u8>> {
    let source = tokio_stream::once(Ok(bytes));
    let mut body = pin!(EncodeBody::new_client(Verbatim, source, Some(CompressionEncoding::Gzip), None));
    let mut message = Vec::new();
    // Nothing here waits: the one message is there from the start.
    while let Some(frame) = std::future::poll_fn(|context| body.as_mut().poll_frame(context)).now_or_never()? {
        message.extend_from_slice(&frame.ok()?.into_data().unwrap_or_default());
    }
    message.get(FRAME_HEAD..).map(<[u8]>::to_vec)
}

/// Takes messages that are encoded already.
struct Verbatim;

impl Encoder for Verbatim {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put_slice(&item);
        Ok(())
    }
}
