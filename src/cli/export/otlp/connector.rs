//! gRPC connections: direct or through a proxy, with a limit to what is read from the receiver.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tonic::codegen::Service;
use tonic::transport::Uri;

use crate::cli::export::proxy::Proxy;

/// The bytes that are read from a receiver for each request: its certificates and its response.
const LIMIT: usize = 256 * 1024;

type ConnectError = Box<dyn std::error::Error + Send + Sync>;

/// The bytes that may still be read for the present request; clones share them.
#[derive(Debug, Clone)]
pub(super) struct ReadLimit(Arc<AtomicUsize>);

impl Default for ReadLimit {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(LIMIT)))
    }
}

impl ReadLimit {
    /// Sets the full limit, for a new request.
    pub(super) fn reset(&self) {
        self.0.store(LIMIT, Ordering::Relaxed);
    }

    /// Sets the full limit when the request begins.
    pub(super) async fn applied_to<T>(&self, request: impl Future<Output = T>) -> T {
        self.reset();
        request.await
    }

    fn take(&self, bytes: usize) -> io::Result<()> {
        let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        left.map(drop).map_err(|_| io::Error::new(io::ErrorKind::FileTooLarge, "the response is too long"))
    }
}

/// Connects to one receiver.
pub(super) struct GrpcConnector {
    proxy: Option<Proxy>,
    limit: ReadLimit,
}

impl GrpcConnector {
    pub(super) fn new(proxy: Option<Proxy>, limit: ReadLimit) -> Self {
        Self { proxy, limit }
    }
}

impl Service<Uri> for GrpcConnector {
    type Response = TokioIo<LimitedStream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, receiver: Uri) -> Self::Future {
        let (proxy, limit) = (self.proxy.clone(), self.limit.clone());
        let mut direct = HttpConnector::new();
        direct.enforce_http(false);
        direct.set_nodelay(true);
        Box::pin(async move {
            let stream = match proxy {
                None => direct.call(receiver).await?,
                Some(Proxy { address, authorization }) => {
                    let tunnel = Tunnel::new(address, direct);
                    let mut tunnel = match authorization {
                        Some(authorization) => tunnel.with_auth(authorization),
                        None => tunnel,
                    };
                    tunnel.call(with_port(&receiver)?).await?
                }
            };
            Ok(TokioIo::new(LimitedStream { stream: stream.into_inner(), limit }))
        })
    }
}

/// The address with its port: a tunnel would default to 443 for every scheme.
fn with_port(receiver: &Uri) -> Result<Uri, ConnectError> {
    let default = if receiver.scheme_str() == Some("https") { 443 } else { 80 };
    let (host, port) = (receiver.host().unwrap_or_default(), receiver.port_u16().unwrap_or(default));
    let scheme = receiver.scheme_str().unwrap_or("http");
    Ok(format!("{scheme}://{host}:{port}/").parse()?)
}

/// A connection that fails when the receiver sends too much.
pub(super) struct LimitedStream {
    stream: TcpStream,
    limit: ReadLimit,
}

impl AsyncRead for LimitedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        match read {
            Poll::Ready(Ok(())) => Poll::Ready(self.limit.take(buffer.filled().len() - before)),
            other => other,
        }
    }
}

impl AsyncWrite for LimitedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
