//! Connections of gRPC: direct or through a proxy, and each with an end to what it takes from the receiver.

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

/// What is taken from a receiver for each request, in bytes: its certificates and its answer.
const LIMIT: usize = 256 * 1024;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What may be taken yet.
#[derive(Debug, Clone)]
pub(super) struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    pub(super) fn full() -> Self {
        Self(Arc::new(AtomicUsize::new(LIMIT)))
    }

    /// A request begins.
    pub(super) fn renew(&self) {
        self.0.store(LIMIT, Ordering::Relaxed);
    }

    /// The same, when the future begins.
    pub(super) async fn granted<T>(&self, request: impl Future<Output = T>) -> T {
        self.renew();
        request.await
    }

    fn take(&self, bytes: usize) -> io::Result<()> {
        let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        left.map(drop).map_err(|_| io::Error::new(io::ErrorKind::FileTooLarge, "the answer is too long"))
    }
}

/// Makes the connections to one receiver.
pub(super) struct Dial {
    proxy: Option<Proxy>,
    allowance: Allowance,
}

impl Dial {
    pub(super) fn new(proxy: Option<Proxy>, allowance: Allowance) -> Self {
        Self { proxy, allowance }
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<Metered>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Failure>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, receiver: Uri) -> Self::Future {
        let (proxy, allowance) = (self.proxy.clone(), self.allowance.clone());
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
            Ok(TokioIo::new(Metered { stream: stream.into_inner(), allowance }))
        })
    }
}

/// A tunnel takes that of encrypted connections where there is none.
fn with_port(receiver: &Uri) -> Result<Uri, Failure> {
    let usual = if receiver.scheme_str() == Some("https") { 443 } else { 80 };
    let (host, port) = (receiver.host().unwrap_or_default(), receiver.port_u16().unwrap_or(usual));
    let scheme = receiver.scheme_str().unwrap_or("http");
    Ok(format!("{scheme}://{host}:{port}/").parse()?)
}

/// A connection that fails where the receiver says too much.
pub(super) struct Metered {
    stream: TcpStream,
    allowance: Allowance,
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        match read {
            Poll::Ready(Ok(())) => Poll::Ready(self.allowance.take(buffer.filled().len() - before)),
            other => other,
        }
    }
}

impl AsyncWrite for Metered {
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
