//! Connections that end by themselves: whoever is slow or silent loses his slot, and slots are limited.

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

/// How long a connection may last, from its beginning to the last byte of the answer: Prometheus waits as long.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many there may be at once: far fewer than files that a process may open, which the migration needs too.
const SLOTS: usize = 128;

/// Who asks. Where all slots are taken, the oldest visitor goes: an answer takes milliseconds, so that was a silent one.
pub(super) struct ConnectionLimiter {
    listener: TcpListener,
    /// The oldest first; a visitor ends when his slot is dropped.
    slots: VecDeque<oneshot::Sender<()>>,
}

impl ConnectionLimiter {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self { listener, slots: VecDeque::new() }
    }

    /// A slot for one more, valid as long as nothing is received.
    fn slot(&mut self) -> oneshot::Receiver<()> {
        self.slots.retain(|slot| !slot.is_closed());
        if self.slots.len() >= SLOTS {
            self.slots.pop_front();
        }
        let (slot, taken) = oneshot::channel();
        self.slots.push_back(slot);
        taken
    }
}

impl Listener for ConnectionLimiter {
    type Io = LimitedConnection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (LimitedConnection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        (
            LimitedConnection { stream, end: Box::pin(tokio::time::sleep(PATIENCE)), slot: self.slot(), over: false },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// One connection, which fails when its time is over or its slot is given to somebody else.
pub(super) struct LimitedConnection {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    slot: oneshot::Receiver<()>,
    over: bool,
}

impl LimitedConnection {
    /// The stream, as long as there is time.
    fn in_time(&mut self, context: &mut Context<'_>) -> io::Result<Pin<&mut TcpStream>> {
        // Asked once more when the connection is shut down, and a slot must not be asked about again once it is lost.
        self.over = self.over
            || self.end.as_mut().poll(context).is_ready()
            || Pin::new(&mut self.slot).poll(context).is_ready();
        if self.over { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Pin::new(&mut self.stream)) }
    }
}

impl AsyncRead for LimitedConnection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.in_time(cx)?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for LimitedConnection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.in_time(cx)?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.in_time(cx)?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.in_time(cx)?.poll_shutdown(cx)
    }
}
