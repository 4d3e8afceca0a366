//! Errors of a database, without any driver type.

use thiserror::Error;

use crate::report::{Loss, RetryReason, Stage};

/// The kinds of errors that the engine or a message distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The connection failed: refused, unknown host or failed TLS handshake.
    Connect,
    /// Wrong user or password.
    Authentication,
    /// The database does not exist.
    NoDatabase,
    /// The schema in the URL does not exist, or the user may not use it.
    NoSchema,
    /// The server is not supported, or its lock excludes no one.
    Unsupported,
    /// The connection ended while it was in use.
    Lost,
    /// The connection that holds the lock has ended, or does not answer: another session may hold the lock.
    LockLost,
    /// The statement cannot be parsed.
    Syntax,
    /// A table that the statement names does not exist.
    NoTable,
    /// The statement was refused before it ran: it names an object that does not exist, or creates one that exists already.
    Invalid,
    /// A privilege is missing.
    Permission,
    /// Waiting for a database lock timed out.
    LockTimeout,
    /// The statement exceeded its time limit or was cancelled.
    Cancelled,
    /// Deadlock: two transactions waited for each other.
    Deadlock,
    /// Serialization failure: the transaction has to be retried.
    Serialization,
    /// The server or the transaction is read-only.
    ReadOnly,
    /// A pooler runs in a mode that does not support the request.
    Pooled,
    /// The statement was refused before it ran, because a transaction is open.
    InTransaction,
    /// Anything else.
    Other,
}

/// An error returned by the database or by the driver.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct DatabaseError {
    /// Its kind.
    pub kind: ErrorKind,
    /// SQLSTATE (PostgreSQL), error number (MySQL, MariaDB) or result code (SQLite).
    pub code: Option<String>,
    /// The message.
    pub message: String,
    /// Further details from the database.
    pub detail: Option<String>,
    /// A hint from the database.
    pub hint: Option<String>,
    /// The part that may leave the process when the message may not, because that may quote SQL and values: the class of its code in the
    /// runner's words, with the object names that the server sends separately from the message; or the operating system's error for a
    /// failed connection.
    pub disclosable: Option<String>,
    /// The position of the error in the statement's text, as a byte offset.
    pub position: Option<usize>,
    /// Whether the error was raised inside a routine or a block of code that the statement ran, as far as the server reports that.
    pub inside: bool,
    /// The part of the message that failed.
    pub stage: Stage,
}

impl DatabaseError {
    /// An error with this kind and message, and no other details.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            code: None,
            message: message.into(),
            detail: None,
            hint: None,
            disclosable: None,
            position: None,
            inside: false,
            stage: Stage::Statement,
        }
    }

    /// OpenTelemetry's `error.type`: the code if there is one, otherwise a word from a closed set.
    #[must_use]
    pub fn error_type(&self) -> &str {
        self.code.as_deref().unwrap_or_else(|| self.lost().map_or("database", Loss::error_type))
    }

    /// What is lost with it, if it was not caused by a statement.
    #[must_use]
    pub fn lost(&self) -> Option<Loss> {
        match self.kind {
            ErrorKind::Lost => Some(Loss::Connection),
            ErrorKind::LockLost => Some(Loss::Lock),
            _ => None,
        }
    }

    /// Whether the statement was refused before it ran, so that it cannot have had any effect.
    #[must_use]
    pub fn had_no_effect(&self) -> bool {
        matches!(
            self.kind,
            ErrorKind::Syntax
                | ErrorKind::NoTable
                | ErrorKind::Invalid
                | ErrorKind::Permission
                | ErrorKind::ReadOnly
                | ErrorKind::InTransaction
        )
    }

    /// The reason why a retry may succeed; `None` if it would only fail again.
    ///
    /// A connection that was terminated is not retried: the operator may want the run to stop, and the lock may be lost with it.
    #[must_use]
    pub fn retry_reason(&self) -> Option<RetryReason> {
        match self.kind {
            ErrorKind::LockTimeout => Some(RetryReason::LockTimeout),
            ErrorKind::Deadlock => Some(RetryReason::Deadlock),
            ErrorKind::Serialization => Some(RetryReason::Serialization),
            _ => None,
        }
    }

    /// The same error at another stage.
    #[must_use]
    pub fn at(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }
}

/// Converts an error of the driver that is not an answer of the server.
pub(super) fn from_driver(error: &sqlx::Error) -> DatabaseError {
    let kind = match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => ErrorKind::Lost,
        sqlx::Error::Tls(_) => ErrorKind::Connect,
        _ => ErrorKind::Other,
    };
    DatabaseError { disclosable: system_word(error), ..DatabaseError::new(kind, driver_message(error)) }
}

/// The same for a connection that was never established.
pub(super) fn from_connect(error: &sqlx::Error) -> DatabaseError {
    DatabaseError { disclosable: system_word(error), ..DatabaseError::new(ErrorKind::Connect, driver_message(error)) }
}

/// The error for a server that is not supported; `version` is what it reports.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn unsupported(product: &str, version: &str) -> DatabaseError {
    DatabaseError::new(
        ErrorKind::Unsupported,
        format!("{product} is not supported: the server reports version {version:?}"),
    )
}

/// The error for a server that has not answered a connection within this time.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn unanswered(limit: std::time::Duration) -> DatabaseError {
    let message = format!("no answer within {} s (connect_timeout)", limit.as_secs_f64());
    DatabaseError::new(ErrorKind::Connect, message)
}

/// The server's message, shortened to a length that is worth keeping.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn kept(message: &str) -> String {
    const LONGEST: usize = 16 << 10;
    match message.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… ({} more bytes)", &message[..end], message.len() - end),
        None => message.to_owned(),
    }
}

/// The operating system's description of a connection error.
fn system_word(error: &sqlx::Error) -> Option<String> {
    match error {
        sqlx::Error::Io(io) => Some(io.kind().to_string()),
        sqlx::Error::Tls(_) => Some("TLS failed".to_owned()),
        _ => None,
    }
}

fn driver_message(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(io) => io.to_string(),
        sqlx::Error::Tls(tls) => format!("TLS: {tls}"),
        sqlx::Error::Protocol(text) => text.clone(),
        other => other.to_string(),
    }
}
