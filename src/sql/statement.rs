//! One statement of a script, how it affects the transaction around it, and the directives of a script.

use std::time::Duration;

/// How a statement affects the transaction around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatementKind {
    /// Runs both inside and outside of a transaction.
    Ordinary,
    /// Opens a transaction; `plain` when it sets no isolation level or access mode.
    Begin {
        /// Whether it is a bare `BEGIN` or `START TRANSACTION`.
        plain: bool,
    },
    /// Commits the open transaction.
    Commit,
    /// Rolls back the open transaction (not to a savepoint).
    Rollback,
    /// Builds, rebuilds or drops an index concurrently: cannot run inside a transaction, and a failure leaves an invalid index.
    ConcurrentIndex,
    /// Fails or is silently ignored inside a transaction.
    NoTransaction {
        /// The command, such as `VACUUM` or `PRAGMA foreign_keys`.
        what: &'static str,
    },
    /// Switches whether SQLite enforces foreign keys; silently ignored inside a transaction.
    ForeignKeys {
        /// Whether they are enforced after the statement.
        on: bool,
    },
    /// Sets an SQLite savepoint, which opens a transaction where none is open.
    Savepoint,
    /// Releases an SQLite savepoint, which commits the transaction that the savepoint opened.
    Release,
}

/// How a statement changes the session's table locks, which keep the runner from writing its own tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionLock {
    /// Not at all.
    Untouched,
    /// It acquires locks: MySQL's `LOCK TABLES`, `FLUSH TABLES … WITH READ LOCK`.
    Taken,
    /// It releases them.
    Released,
}

/// One statement of a script: a range of its text, without the terminator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The first byte of its first token.
    pub start: usize,
    /// One past the last byte of its last token.
    pub end: usize,
    /// The line where it starts, counted from 1.
    pub line: u32,
    /// The column where it starts, in characters, counted from 1.
    pub column: u32,
    /// How it affects a transaction.
    pub kind: StatementKind,
    /// Whether it can leave a setting, a role or a temporary object in the session.
    pub changes_session: bool,
    /// Whether it reads state that the previous statement left: `ROW_COUNT()`, `changes()`, `SHOW WARNINGS`.
    pub reads_last: bool,
    /// How it changes the session's table locks.
    pub session_lock: SessionLock,
    /// Whether a backslash is an escape in its plain strings, according to the script's settings so far.
    pub backslash_escapes: bool,
    /// `{operation} {target}` of low cardinality, at most 255 characters: `CREATE TABLE users`.
    pub summary: String,
}

impl Statement {
    /// The statement's text, where `script` is the text of its script; empty if the range is not in `script`.
    #[must_use]
    pub fn text<'a>(&self, script: &'a str) -> &'a str {
        script.get(self.start..self.end).unwrap_or_default()
    }
}

/// The directives from the `-- migrascope: …` comments of a script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directives {
    /// `no-transaction`: run statement by statement, and commit each one separately.
    pub no_transaction: bool,
    /// `lock-timeout=5s`.
    pub lock_timeout: Option<Duration>,
    /// `statement-timeout=30min`.
    pub statement_timeout: Option<Duration>,
    /// `allow=<hazard>`, any number of times.
    pub allow: Vec<String>,
    /// Whether it is applied even if a later version is applied already. Only a layout can say that, for files that its tool names so.
    pub out_of_order: bool,
}

impl Directives {
    /// Adds others; a limit that is set already stays.
    pub(crate) fn add(&mut self, others: &Self) {
        self.no_transaction |= others.no_transaction;
        self.lock_timeout = self.lock_timeout.or(others.lock_timeout);
        self.statement_timeout = self.statement_timeout.or(others.statement_timeout);
        self.out_of_order |= others.out_of_order;
        self.allow.extend(others.allow.iter().cloned());
    }
}
