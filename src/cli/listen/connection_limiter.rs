//! Limits the number of connections and their duration, so that slow and silent clients lose theirs.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::Sleep;

/// The limit of a connection, to the last byte of the response: the scrape timeout of Prometheus.
const CONNECTION_LIMIT: Duration = Duration::from_secs(10);
/// The number of connections: far fewer than the files that a process may open, which the migration needs too.
const SLOTS: usize = 128;

/// A listener with a limited number of slots. When all are taken, the oldest connection ends: a response takes milliseconds, so that client
/// was silent.
pub(super) struct ConnectionLimiter {
    listener: TcpListener,
    /// The oldest first; a connection ends when its slot is dropped.
    slots: VecDeque<oneshot::Sender<()>>,
}

impl ConnectionLimiter {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self { listener, slots: VecDeque::new() }
    }

    /// Takes a slot; it is lost when the receiver resolves.
    fn slot(&mut self) -> oneshot::Receiver<()> {
        self.slots.retain(|slot| !slot.is_closed());
        if self.slots.len() >= SLOTS {
            self.slots.pop_front();
        }
        let (slot, lost) = oneshot::channel();
        self.slots.push_back(slot);
        lost
    }
}

impl Listener for ConnectionLimiter {
    type Io = LimitedConnection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (LimitedConnection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        (
            LimitedConnection {
                stream,
                end: Box::pin(tokio::time::sleep(CONNECTION_LIMIT)),
                slot: self.slot(),
                over: false,
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that fails when its time is over or its slot is lost.
pub(super) struct LimitedConnection {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    slot: oneshot::Receiver<()>,
    over: bool,
}

impl LimitedConnection {
    /// The stream, while the connection has time and a slot.
    fn within_limits(&mut self, context: &mut Context<'_>) -> io::Result<Pin<&mut TcpStream>> {
        // Shutting down polls once more, and a receiver must not be polled after it has resolved.
        self.over = self.over
            || self.end.as_mut().poll(context).is_ready()
            || Pin::new(&mut self.slot).poll(context).is_ready();
        if self.over { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Pin::new(&mut self.stream)) }
    }
}

impl AsyncRead for LimitedConnection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.within_limits(cx)?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for LimitedConnection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.within_limits(cx)?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.within_limits(cx)?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.within_limits(cx)?.poll_shutdown(cx)
    }
}
