//! Transactions of a session.

use super::limits::Limits;

/// The transaction to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transaction<'l> {
    /// A transaction that may write, with these limits or otherwise those of the session; its `BEGIN` may be sent together with the next
    /// statement.
    Write(Option<&'l Limits>),
    /// A read-only transaction with these limits, which begins immediately. If the session itself has to be switched to read-only for it,
    /// it stays so.
    Read(&'l Limits),
}

/// The state of the session's transaction, as the server reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionState {
    /// Whether a transaction is open; includes a failed one, and one that a `SAVEPOINT` of SQLite has opened.
    pub open: bool,
    /// Whether autocommit is on.
    pub autocommit: bool,
}

/// The result of a rollback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolledBack {
    /// Everything was undone, as far as the server reports.
    Entirely,
    /// Changes of a non-transactional table remain.
    InPart,
}

/// How long a progress record may wait for another session's locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// As long as any query of the runner.
    Needed,
    /// Briefly: the record can be written later.
    CanWait,
}
