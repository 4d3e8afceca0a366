//! A proxy in this process between the driver and its server, which limits what the server sends before the driver reads it.
//!
//! sqlx-postgres and sqlx-mysql 0.9 do not accept an existing socket, read without yielding while there is data, and buffer each message until
//! it is complete. So they connect to a local socket, and a relay in this process forwards the bytes. TLS stays between driver and server.

mod loopback;

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

pub(super) use self::loopback::Loopback;
use super::{DatabaseError, ErrorKind, failure};

/// The time limit for the relay to report why a connection ended, or to forward the last message.
const LAST_MESSAGE: Duration = Duration::from_millis(500);
/// The number of bytes read at once.
const CHUNK: usize = 64 << 10;
/// The driver yields only when there is nothing to read, so the relay pauses for this long after [`PAUSE_AFTER`] bytes.
const PAUSE: Duration = Duration::from_millis(1);
const PAUSE_AFTER: usize = 4 << 20;
/// The most that a server may send during a login, in bytes; a few hundred are usual.
const LOGIN: u64 = 1 << 20;
/// The most that a server may send in response to one of the runner's queries, in bytes. Less of it is kept (`row::Kept`).
const OWN_QUERY: u64 = 36 << 20;

/// The kind of request that the server responds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expected {
    /// A login.
    Login,
    /// A query of the runner.
    OwnQuery,
    /// A statement of a script, whose rows are discarded: the size is not limited.
    Statement,
}

/// Decides which of the server's bytes the driver receives.
pub(super) trait Filter: Send {
    /// Appends to `out` the part of `bytes` that the driver receives.
    ///
    /// # Errors
    /// Why the connection must be closed.
    fn pass(&mut self, bytes: &[u8], expected: Expected, out: &mut Vec<u8>) -> Result<(), DatabaseError>;
}

/// Forwards everything.
pub(super) struct Unread;

impl Filter for Unread {
    fn pass(&mut self, bytes: &[u8], _: Expected, out: &mut Vec<u8>) -> Result<(), DatabaseError> {
        out.extend_from_slice(bytes);
        Ok(())
    }
}

/// The relay of one connection. Dropping it stops the relay.
pub(super) struct Relay {
    task: Option<JoinHandle<Option<DatabaseError>>>,
    traffic: Arc<Traffic>,
}

/// The state shared by the relay and the connection's owner.
#[derive(Debug)]
pub(super) struct Traffic {
    expected: Mutex<Expected>,
    /// The number of bytes that the server has sent, and its limit.
    sent: AtomicU64,
    limit: AtomicU64,
}

impl Relay {
    /// Starts the task that forwards the bytes. The task returns why it closed the connection, if it did.
    pub(super) fn start<F>(carry: impl FnOnce(Arc<Traffic>) -> F) -> Self
    where
        F: Future<Output = Option<DatabaseError>> + Send + 'static,
    {
        let traffic =
            Traffic { expected: Mutex::new(Expected::Login), sent: AtomicU64::new(0), limit: AtomicU64::new(LOGIN) };
        let traffic = Arc::new(traffic);
        Self { task: Some(tokio::spawn(carry(Arc::clone(&traffic)))), traffic }
    }

    /// Sets the limit for the next response.
    pub(super) fn expect(&self, expected: Expected) {
        let more = match expected {
            Expected::Login => LOGIN,
            Expected::OwnQuery => OWN_QUERY,
            Expected::Statement => u64::MAX,
        };
        let sent = self.traffic.sent.load(Ordering::Acquire);
        self.traffic.limit.store(sent.saturating_add(more), Ordering::Release);
        *self.traffic.expected.lock().unwrap_or_else(PoisonError::into_inner) = expected;
    }

    /// Waits until everything that the driver has written is forwarded; returns why the relay closed the connection, if it did.
    pub(super) async fn finish(&mut self) -> Option<DatabaseError> {
        let task = self.task.as_mut()?;
        let finished = tokio::time::timeout(LAST_MESSAGE, task).await.ok()?;
        self.task = None;
        finished.ok().flatten()
    }

    /// The driver's error, or the relay's reason where the driver has only seen the connection close.
    pub(super) async fn explain(&mut self, error: sqlx::Error) -> sqlx::Error {
        match error {
            sqlx::Error::Io(_) => self.finish().await.map_or(error, |why| sqlx::Error::Protocol(why.message)),
            other => other,
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Traffic {
    fn expected(&self) -> Expected {
        *self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the bytes that the server has sent.
    fn count(&self, bytes: usize) -> Result<(), DatabaseError> {
        let sent = self.sent.fetch_add(bytes as u64, Ordering::AcqRel).saturating_add(bytes as u64);
        if sent <= self.limit.load(Ordering::Acquire) {
            return Ok(());
        }
        Err(match self.expected() {
            Expected::Login => {
                let message = format!("the server sent more than {} MB before the login was complete", LOGIN >> 20);
                DatabaseError::new(ErrorKind::Connect, message)
            }
            Expected::OwnQuery | Expected::Statement => {
                let message =
                    format!("the server's answer to a query of migrascope is larger than {} MB", OWN_QUERY >> 20);
                DatabaseError::new(ErrorKind::Lost, message)
            }
        })
    }
}

/// Forwards in both directions until one side closes; returns why the relay itself closed the connection, if it did.
pub(super) async fn carry(
    server: impl AsyncRead + AsyncWrite,
    driver: impl AsyncRead + AsyncWrite,
    filter: impl Filter,
    traffic: &Traffic,
) -> Option<DatabaseError> {
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let (mut from_driver, mut to_driver) = tokio::io::split(driver);
    let ended = {
        let answers = limited(&mut from_server, &mut to_driver, filter, traffic);
        tokio::pin!(answers);
        tokio::select! {
            refused = &mut answers => refused,
            sent = tokio::io::copy(&mut from_driver, &mut to_server) => match sent {
                Ok(_) => None,
                // A server that no longer reads may have sent the reason.
                Err(_) => tokio::time::timeout(LAST_MESSAGE, answers).await.ok().flatten(),
            },
        }
    };
    // Either side may be closed already.
    let _ = to_server.shutdown().await;
    let _ = to_driver.shutdown().await;
    ended
}

/// Forwards what the server sends until it closes; returns why forwarding stopped earlier, if it did.
async fn limited(
    server: &mut (impl AsyncRead + Unpin),
    driver: &mut (impl AsyncWrite + Unpin),
    mut filter: impl Filter,
    traffic: &Traffic,
) -> Option<DatabaseError> {
    let (mut chunk, mut out) = (vec![0; CHUNK], Vec::new());
    let mut since_pause = 0;
    loop {
        let read = match server.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(read) => read,
        };
        out.clear();
        let bytes = chunk.get(..read).unwrap_or_default();
        if let Err(refused) = traffic.count(read).and_then(|()| filter.pass(bytes, traffic.expected(), &mut out)) {
            return Some(refused);
        }
        if driver.write_all(&out).await.is_err() {
            return None;
        }
        since_pause += read;
        if since_pause >= PAUSE_AFTER {
            since_pause = 0;
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// A connection to a server, over TCP or a Unix socket.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Connects to this Unix socket, where one is given and the system supports them, otherwise to host and port.
pub(super) async fn reach(socket: Option<&Path>, host: &str, port: u16) -> Result<Box<dyn Stream>, DatabaseError> {
    #[cfg(unix)]
    if let Some(path) = socket {
        return Ok(Box::new(tokio::net::UnixStream::connect(path).await.map_err(unreachable)?));
    }
    #[cfg(not(unix))]
    let _ = socket;
    let server = TcpStream::connect((host, port)).await.map_err(unreachable)?;
    // A single write of the driver may arrive here in parts, which Nagle's algorithm would delay.
    server.set_nodelay(true).map_err(unreachable)?;
    Ok(Box::new(server))
}

/// The error for a connection that failed.
pub(super) fn unreachable(error: io::Error) -> DatabaseError {
    failure::from_connect(&sqlx::Error::Io(error))
}
