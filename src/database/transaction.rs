//! Transactions of a session.

use super::limits::Limits;

/// A transaction that begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transaction<'l> {
    /// One that may write, with these limits or else those of the session; its begin may be sent together with the next statement.
    Write(Option<&'l Limits>),
    /// One that only reads, with these limits, begun at once. A session that has to be switched to reading for it stays so.
    Read(&'l Limits),
}

/// What the server says of the session's transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionState {
    /// Whether one is open; a failed one and a `SAVEPOINT` of SQLite count.
    pub open: bool,
    /// Whether a statement outside of a transaction commits by itself.
    pub autocommit: bool,
}

/// How a rollback ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolledBack {
    /// Nothing is left, as far as the server says.
    Entirely,
    /// Changes of a table without transactions are left.
    InPart,
}

/// How long a note may wait for another session's locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// As long as a query of ours.
    Needed,
    /// A moment: it can be written later.
    CanWait,
}
