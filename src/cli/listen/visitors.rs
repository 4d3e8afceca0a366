//! Connections that end by themselves: whoever is slow or silent loses his place, and places are limited.

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
const PLACES: usize = 128;

/// Who asks. Where all places are taken, the oldest visitor goes: an answer takes milliseconds, so that was a silent one.
pub(super) struct Visitors {
    listener: TcpListener,
    /// The oldest first; a visitor ends when his place is dropped.
    places: VecDeque<oneshot::Sender<()>>,
}

impl Visitors {
    pub(super) fn at(listener: TcpListener) -> Self {
        Self { listener, places: VecDeque::new() }
    }

    /// A place for one more, valid as long as nothing is received.
    fn place(&mut self) -> oneshot::Receiver<()> {
        self.places.retain(|place| !place.is_closed());
        if self.places.len() >= PLACES {
            self.places.pop_front();
        }
        let (place, taken) = oneshot::channel();
        self.places.push_back(place);
        taken
    }
}

impl Listener for Visitors {
    type Io = Visitor;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Visitor, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.listener).await;
        (Visitor { stream, end: Box::pin(tokio::time::sleep(PATIENCE)), place: self.place(), over: false }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// One connection, which fails when its time is over or its place is given to somebody else.
pub(super) struct Visitor {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    place: oneshot::Receiver<()>,
    over: bool,
}

impl Visitor {
    /// The stream, as long as there is time.
    fn in_time(&mut self, context: &mut Context<'_>) -> io::Result<Pin<&mut TcpStream>> {
        // Asked once more when the connection is shut down, and a place must not be asked about again once it is lost.
        self.over = self.over
            || self.end.as_mut().poll(context).is_ready()
            || Pin::new(&mut self.place).poll(context).is_ready();
        if self.over { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Pin::new(&mut self.stream)) }
    }
}

impl AsyncRead for Visitor {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.in_time(cx)?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for Visitor {
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
