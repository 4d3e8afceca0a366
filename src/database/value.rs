//! Values in the runner's own statements, and the results of statements.

use std::time::Duration;

/// A value in one of the runner's own statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// SQL's NULL.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A text; NUL characters are removed.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// The name of the session's user, without a host; empty if the database has no users.
    User,
    /// The current time of the database's clock.
    Now,
    /// The current time of the database's clock, for a column of type `TIMESTAMP` that holds UTC.
    UtcNow,
    /// The time of the database's clock, this long ago.
    Ago(Duration),
    /// A point in time in UTC as RFC 3339, as formatted by [`Sql::timestamp_text`](super::Sql::timestamp_text).
    Moment(String),
    /// The time of the database's clock, this long before the current transaction began.
    BeforeBegin(Duration),
    /// A duration in milliseconds, with three decimals.
    Milliseconds(Duration),
    /// The milliseconds since this long before the current transaction began, with three decimals. This value and [`Value::BeforeBegin`]
    /// require [`Capabilities::pipelined_commit`](super::Capabilities::pipelined_commit).
    MillisecondsSinceBegin(Duration),
}

impl Value {
    /// A text or NULL.
    #[must_use]
    pub fn text_or_null(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Null, |text| Self::Text(text.into()))
    }
}

/// A length of time as a number of milliseconds, for any dialect.
pub(super) fn milliseconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64() * 1000.0)
}

/// The result of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Rows affected or returned.
    pub rows: u64,
    /// The statement's duration as measured by the server, if the message contained more than the statement.
    pub elapsed: Option<Duration>,
    /// Whether its transaction has written anything, if the server was queried.
    pub wrote: Option<bool>,
}
