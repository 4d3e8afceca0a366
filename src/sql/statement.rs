//! One statement of a script, what it means for the transaction around it, and what a script's comments ask for.

use std::time::Duration;

/// What a statement means for the transaction around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatementKind {
    /// Runs inside a transaction and outside of one.
    Ordinary,
    /// Opens a transaction; `plain` when it asks for no isolation level or mode of its own.
    Begin {
        /// Whether it is a bare `BEGIN` or `START TRANSACTION`.
        plain: bool,
    },
    /// Commits the open transaction.
    Commit,
    /// Rolls the open transaction back (not to a savepoint).
    Rollback,
    /// Builds, rebuilds or drops an index concurrently: not inside a transaction, and a failure leaves an invalid index.
    ConcurrentIndex,
    /// Refused, or ignored without a word, inside a transaction.
    NoTransaction {
        /// The command that says so, such as `VACUUM` or `PRAGMA foreign_keys`.
        what: &'static str,
    },
    /// Switches whether SQLite enforces foreign keys; a transaction ignores it without a word.
    ForeignKeys {
        /// Whether they are enforced from now on.
        on: bool,
    },
    /// Sets a savepoint of SQLite, which opens a transaction where none is open.
    Savepoint,
    /// Releases a savepoint of SQLite, which commits the transaction that it has opened.
    Release,
}

/// What a statement does to locks of its session that keep our notes from being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionLock {
    /// Nothing.
    Untouched,
    /// It takes some: `LOCK TABLES`, `FLUSH TABLES … WITH READ LOCK` of MySQL.
    Taken,
    /// It gives them back.
    Released,
}

/// One statement of a script: a range of its text, without the terminator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// First byte of its first token.
    pub start: usize,
    /// One past the last byte of its last token.
    pub end: usize,
    /// Where it starts.
    pub line: u32,
    /// Column in characters, counted from 1.
    pub column: u32,
    /// What it means for a transaction.
    pub kind: StatementKind,
    /// Whether it can leave a setting, a role or a temporary object behind in the session.
    pub changes_session: bool,
    /// Whether it reads what the statement before it has left: `ROW_COUNT()`, `changes()`, `SHOW WARNINGS`.
    pub reads_last: bool,
    /// What it does to locks of the session.
    pub session_lock: SessionLock,
    /// Whether a backslash escapes in its plain strings, as the script's settings so far say.
    pub backslash_escapes: bool,
    /// `{operation} {target}` of low cardinality, at most 255 characters: `CREATE TABLE users`.
    pub summary: String,
}

impl Statement {
    /// The statement's text in the script it came from; empty when `script` is another text.
    #[must_use]
    pub fn text<'a>(&self, script: &'a str) -> &'a str {
        script.get(self.start..self.end).unwrap_or_default()
    }
}

/// What `-- migrascope: …` comments of a script ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directives {
    /// `no-transaction`: run statement by statement, each committed by itself.
    pub no_transaction: bool,
    /// `lock-timeout=5s`.
    pub lock_timeout: Option<Duration>,
    /// `statement-timeout=30min`.
    pub statement_timeout: Option<Duration>,
    /// `allow=<hazard>`, any number of times.
    pub allow: Vec<String>,
}
