//! Values for our own statements.

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
    /// The database's clock, now.
    Now,
    /// The database's clock, that long ago.
    Ago(Duration),
    /// The same clock that long before the present transaction began.
    BeforeBegin(Duration),
    /// A length of time in milliseconds, with three decimals.
    Milliseconds(Duration),
    /// Milliseconds since that long before the present transaction began, with three decimals; this and
    /// [`Value::BeforeBegin`] only where [`Abilities::pipelined_commit`](super::Abilities::pipelined_commit).
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
