//! What a database said when it refused, without any driver type.

use thiserror::Error;

use crate::report::{Loss, RetryReason, Stage};

/// The kinds of refusal that the engine or a message tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No connection: nobody listens, no such host, TLS refused.
    Connect,
    /// Wrong user or password.
    Authentication,
    /// The database does not exist.
    NoDatabase,
    /// The schema that the URL names does not exist, or the user may not use it.
    NoSchema,
    /// The server is none of those that are supported, or its lock excludes no one.
    Unsupported,
    /// The connection ended while it was in use.
    Lost,
    /// The connection that holds the lock has ended, or does not answer: the lock may be another's.
    LockLost,
    /// The statement cannot be parsed.
    Syntax,
    /// A table that the statement names does not exist.
    NoTable,
    /// The statement was refused before it ran: it names what does not exist, or what exists already.
    Invalid,
    /// The user may not do this.
    Permission,
    /// A lock of the database was waited for too long.
    LockTimeout,
    /// The statement ran too long or was cancelled.
    Cancelled,
    /// Two transactions waited for each other.
    Deadlock,
    /// A serializable transaction has to be tried again.
    Serialization,
    /// The server or the transaction is read-only.
    ReadOnly,
    /// A pooler stands in front of the server, in a mode that does not allow what was asked for.
    Pooled,
    /// The statement was refused, before it ran, because a transaction is open.
    InTransaction,
    /// Anything else.
    Other,
}

/// A refusal by the database or by the driver.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct DatabaseError {
    /// Its kind.
    pub kind: ErrorKind,
    /// SQLSTATE (PostgreSQL), error number (MySQL, MariaDB) or result code (SQLite).
    pub code: Option<String>,
    /// The message.
    pub message: String,
    /// More about it.
    pub detail: Option<String>,
    /// Advice of the database.
    pub hint: Option<String>,
    /// What of it may leave the process where the message must stay, because that may quote SQL and values: the class of its code in
    /// words of ours, with the names of objects that the server gives apart from its message; or the system's word for a failed connection.
    pub disclosable: Option<String>,
    /// Bytes of the statement's text before the place that it complains about.
    pub position: Option<usize>,
    /// Whether it was raised inside of a routine or a block of code that the statement ran, as far as the server says.
    pub inside: bool,
    /// Which part of a message failed.
    pub stage: Stage,
}

impl DatabaseError {
    /// An error of this kind with a message and nothing else.
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

    /// OpenTelemetry's `error.type`: the code where there is one, otherwise a word of a closed set.
    #[must_use]
    pub fn error_type(&self) -> &str {
        self.code.as_deref().unwrap_or_else(|| self.lost().map_or("database", Loss::error_type))
    }

    /// What is lost with it, where no statement is to blame.
    #[must_use]
    pub fn lost(&self) -> Option<Loss> {
        match self.kind {
            ErrorKind::Lost => Some(Loss::Connection),
            ErrorKind::LockLost => Some(Loss::Lock),
            _ => None,
        }
    }

    /// Whether the statement was refused as it stands, so that it cannot have had any effect.
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

    /// Why it is worth trying again what met this error; `None` where that would only fail again.
    ///
    /// A connection that was ended is none: whoever ended it wants the run to stop, and the lock may be gone with it.
    #[must_use]
    pub fn retry_reason(&self) -> Option<RetryReason> {
        match self.kind {
            ErrorKind::LockTimeout => Some(RetryReason::LockTimeout),
            ErrorKind::Deadlock => Some(RetryReason::Deadlock),
            ErrorKind::Serialization => Some(RetryReason::Serialization),
            _ => None,
        }
    }

    /// The same error, noticed at another stage.
    #[must_use]
    pub fn at(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }
}

/// Translates what is no answer of the server.
pub(super) fn from_driver(error: &sqlx::Error) -> DatabaseError {
    let kind = match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => ErrorKind::Lost,
        sqlx::Error::Tls(_) => ErrorKind::Connect,
        _ => ErrorKind::Other,
    };
    DatabaseError { disclosable: system_word(error), ..DatabaseError::new(kind, driver_message(error)) }
}

/// The same, for a connection that was never made.
pub(super) fn from_connect(error: &sqlx::Error) -> DatabaseError {
    DatabaseError { disclosable: system_word(error), ..DatabaseError::new(ErrorKind::Connect, driver_message(error)) }
}

/// The server is not supported: `product` is its name, `version` what it says of itself.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn unsupported(product: &str, version: &str) -> DatabaseError {
    DatabaseError::new(ErrorKind::Unsupported, format!("{product} is not supported: the server says {version:?}"))
}

/// The server has not answered a connection within this time.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn unanswered(limit: std::time::Duration) -> DatabaseError {
    let message = format!("no answer within {} s (connect_timeout)", limit.as_secs_f64());
    DatabaseError::new(ErrorKind::Connect, message)
}

/// A message of a server as it is kept: one of many megabytes says nothing more.
#[cfg(any(feature = "postgres", feature = "mysql"))]
pub(super) fn kept(message: &str) -> String {
    const LONGEST: usize = 16 << 10;
    match message.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… ({} more bytes)", &message[..end], message.len() - end),
        None => message.to_owned(),
    }
}

/// What the system calls the fault of a connection.
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
