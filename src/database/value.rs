//! Values for our own statements, and what a statement did.

use std::time::Duration;

/// A value for our own statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// SQL's NULL.
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A text; zero bytes are dropped.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// The database's clock, now.
    Now,
    /// The database's clock, that long ago.
    Ago(Duration),
    /// A moment in UTC as RFC 3339, as [`Sql::timestamp_text`](super::Sql::timestamp_text) gives it.
    Moment(String),
    /// The same clock that long before the present transaction began.
    BeforeBegin(Duration),
    /// A length of time in milliseconds, with three decimals.
    Milliseconds(Duration),
    /// Milliseconds since that long before the present transaction began, with three decimals; this and
    /// [`Value::BeforeBegin`] only where [`Capabilities::pipelined_commit`](super::Capabilities::pipelined_commit).
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

/// What a statement did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Rows affected or returned.
    pub rows: u64,
    /// The server's own measure of the statement, where the message carried more than the statement.
    pub elapsed: Option<Duration>,
    /// Whether its transaction has written anything, where the server was asked.
    pub wrote: Option<bool>,
}
